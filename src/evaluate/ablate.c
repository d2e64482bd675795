#include "evaluate/ablate.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

static const char *const GROUPS[] = {"members", "verifier", "voting", "retrieval", "k"};
enum { N_GROUPS = sizeof GROUPS / sizeof *GROUPS, MOST_SUBSET_MEMBERS = 4 };

bool el_ablate_parse(const char *list, unsigned *groups) {
    *groups = 0;
    if (strcmp(list, "all") == 0) {
        *groups = (1u << N_GROUPS) - 1;
        return true;
    }
    for (const char *at = list;;) {
        size_t len = strcspn(at, ","), g = 0;
        while (g < N_GROUPS && (strlen(GROUPS[g]) != len || memcmp(GROUPS[g], at, len) != 0)) {
            g++;
        }
        if (g == N_GROUPS) {
            return false;
        }
        *groups |= 1u << g;
        if (at[len] == '\0') {
            return true;
        }
        at += len + 1;
    }
}

/* ---- The plan: what each row changes ---- */

struct plan_row {
    const char *group, *name;
    bool exact, projected;
    struct el_settings settings;
    el_member_set members; /* 0 = all */
    struct el_projection projection;
};

struct plan {
    const struct el_config *config;
    const struct el_ablation_options *options;
    struct el_settings base;  /* the configured settings, nothing lazy */
    struct el_settings votes; /* these without a judgement: what votes and verdicts say */
    struct el_arena *arena;
    struct plan_row *rows;
    size_t count, capacity;
    bool failed;           /* memory ran out */
    struct plan_row spare; /* written to, never read, once that has happened */
};

static struct plan_row *plan_add(struct plan *plan, const char *group, const char *name) {
    if (!plan->failed) {
        plan->failed = !EL_ARENA_GROW(plan->arena, plan->rows, plan->capacity, plan->count + 1);
    }
    plan->failed = plan->failed || name == NULL;
    struct plan_row *row = plan->failed ? &plan->spare : &plan->rows[plan->count++];
    *row = (struct plan_row){.group = group, .name = name, .settings = plan->base};
    return row;
}

static const char *subset_name(struct plan *plan, el_member_set members) {
    const char *name = "";
    for (size_t m = 0; name != NULL && m < plan->config->n_members; m++) {
        if ((members >> m & 1) != 0) {
            name = el_arena_printf(plan->arena, "%s%s%s", name, name[0] != '\0' ? " + " : "",
                                   plan->config->members[m].name);
        }
    }
    return name;
}

/* By the configured rule, where this many members take part. */
static struct el_keep keep_of(const struct plan *plan, size_t n_members) {
    size_t least = plan->base.at_least < n_members ? plan->base.at_least : n_members;
    return (struct el_keep){EL_KEEP_SPAN, least > 1 ? (double)least : 0};
}

static void plan_subset(struct plan *plan, el_member_set members, size_t verifier) {
    struct plan_row *row = plan_add(plan, "members", subset_name(plan, members));
    row->exact = true;
    row->projected = plan->base.judge == NULL;
    row->projection.keep = keep_of(plan, (size_t)__builtin_popcount(members));
    row->members = row->projection.members = members;
    /* Who is not there cannot verify: then the first listed of those who are does. */
    bool one =
        row->settings.verifier == EL_VERIFY_MEMBER || row->settings.verifier == EL_VERIFY_AUTO;
    if (one && (members >> verifier & 1) == 0) {
        row->settings.verifier_name = plan->config->members[__builtin_ctz(members)].name;
    }
}

static void plan_members(struct plan *plan, size_t verifier) {
    size_t n = plan->config->n_members;
    el_member_set all = el_first_members(n);
    if (n > MOST_SUBSET_MEMBERS) { /* too many subsets: each alone, and all but each */
        for (size_t m = 0; m < n; m++) {
            plan_subset(plan, (el_member_set)1 << m, verifier);
        }
        for (size_t m = 0; m < n; m++) {
            plan_subset(plan, all & ~((el_member_set)1 << m), verifier);
        }
        return;
    }
    for (int size = 1; size < (int)n; size++) {
        for (el_member_set members = 1; members < all; members++) {
            if (__builtin_popcount(members) == size) {
                plan_subset(plan, members, verifier);
            }
        }
    }
}

static void plan_verifier(struct plan *plan) {
    struct plan_row *row = plan_add(plan, "verifier", "nobody verifies");
    row->exact = true;
    row->projected = plan->base.judge == NULL;
    row->settings.verifier = EL_VERIFY_NONE;
    row->projection.no_verification = true;
    row->projection.keep = keep_of(plan, plan->config->n_members);
    for (size_t m = 0; m < plan->config->n_members; m++) {
        const char *name = plan->config->members[m].name;
        row = plan_add(plan, "verifier", el_arena_printf(plan->arena, "%s verifies", name));
        row->exact = true;
        row->settings.verifier = EL_VERIFY_MEMBER;
        row->settings.verifier_name = name;
    }
    if (plan->config->n_members > 1) {
        row = plan_add(plan, "verifier", "all verify");
        row->exact = true;
        row->settings.verifier = EL_VERIFY_ALL;
    }
}

static struct plan_row *plan_add_votes(struct plan *plan, const char *name) {
    struct plan_row *row = plan_add(plan, "voting", name);
    row->settings = plan->votes;
    return row;
}

static void plan_agreement(struct plan *plan, unsigned m) {
    struct plan_row *row =
        plan_add_votes(plan, el_arena_printf(plan->arena, "pairs of %u need no verification", m));
    row->exact = row->projected = true;
    row->settings.at_least = 1;
    row->settings.agreement_skips = row->projection.pair_skips = m;
    row =
        plan_add_votes(plan, el_arena_printf(plan->arena, "only span:%u, everything verified", m));
    row->exact = row->projected = true;
    row->settings.at_least = m;
    row->settings.agreement_skips = 0;
    row->projection.keep = (struct el_keep){EL_KEEP_SPAN, m};
    row = plan_add_votes(plan, el_arena_printf(plan->arena, "spans of %u need no verification", m));
    row->projected = true;
    row->projection.span_skips = m;
    const enum el_keep_kind kinds[] = {EL_KEEP_SPAN, EL_KEEP_PAIR};
    for (int i = 0; i < 2; i++) {
        const char *what = kinds[i] == EL_KEEP_SPAN ? "span" : "pair";
        row = plan_add_votes(plan,
                             el_arena_printf(plan->arena, "only %s:%u, no verification", what, m));
        row->projected = true;
        row->projection.no_verification = true;
        row->projection.keep = (struct el_keep){kinds[i], m};
    }
}

static void plan_voting(struct plan *plan) {
    struct plan_row *row = plan_add_votes(plan, "union, first member's type, no verification");
    row->projected = true;
    row->projection.no_voting = row->projection.no_verification = true;
    row = plan_add_votes(plan, "voting, no verification");
    row->exact = row->projected = true;
    row->settings.at_least = 1;
    row->settings.verifier = EL_VERIFY_NONE;
    row->projection.no_verification = true;
    row = plan_add_votes(plan, "voting, everything verified");
    row->exact = row->projected = true;
    row->settings.at_least = 1;
    row->settings.agreement_skips = 0;
    for (unsigned m = 2; m <= plan->config->n_members; m++) {
        plan_agreement(plan, m);
    }
}

static void plan_retrieval(struct plan *plan) {
    static const struct {
        const char *name;
        enum el_similarity similarity;
    } kinds[] = {{"random", EL_SIMILARITY_RANDOM},
                 {"BM25", EL_SIMILARITY_BM25},
                 {"sentence similarity", EL_SIMILARITY_SENTENCE},
                 {"span similarity", EL_SIMILARITY_SPAN}};
    struct plan_row *zero = plan_add(plan, "retrieval", "zero-shot");
    zero->exact = true;
    zero->settings.demonstrations = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct plan_row *row = plan_add(plan, "retrieval", kinds[i].name);
        row->exact = true;
        row->settings.similarity = kinds[i].similarity;
    }
}

static void plan_k(struct plan *plan) {
    static const size_t usual[] = {0, 1, 2, 5, 10};
    bool given = plan->options->n_ks > 0;
    const size_t *ks = given ? plan->options->ks : usual;
    size_t n = given ? plan->options->n_ks : sizeof usual / sizeof *usual;
    for (size_t i = 0; i < n; i++) {
        struct plan_row *row = plan_add(plan, "k", el_arena_printf(plan->arena, "k = %zu", ks[i]));
        row->exact = true;
        row->settings.demonstrations = ks[i];
    }
}

/* What was recorded of a sentence does not tell what members say that are not asked about its
 * language: then nothing is projected. */
static void project_nothing(struct plan *plan) {
    for (size_t i = 0; i < plan->count; i++) {
        plan->rows[i].projected = false;
    }
}

static void plan_all(struct plan *plan, size_t verifier) {
    unsigned groups = plan->options->groups;
    plan_add(plan, "configured", "as configured")->exact = true;
    if ((groups & EL_ABLATE_MEMBERS) != 0) {
        plan_members(plan, verifier);
    }
    if ((groups & EL_ABLATE_VERIFIER) != 0) {
        plan_verifier(plan);
    }
    if ((groups & EL_ABLATE_VOTING) != 0) {
        plan_voting(plan);
    }
    if ((groups & EL_ABLATE_RETRIEVAL) != 0) {
        plan_retrieval(plan);
    }
    if ((groups & EL_ABLATE_K) != 0) {
        plan_k(plan);
    }
    for (size_t m = 0; m < plan->config->n_members; m++) {
        if (plan->config->members[m].n_languages > 0) {
            project_nothing(plan);
        }
    }
}

/* ---- Doing it ---- */

struct job {
    struct el_ensemble *ensemble;
    const struct el_config *config;
    const struct el_labels *gold;
    const struct el_ablation_options *options;
    struct el_ablation *ablation;
    struct el_record full; /* everything verified: what projections are made from */
};

static bool run_exact(struct job *job, const struct plan_row *plan, struct el_record *record,
                      struct el_labels *keep, struct el_ablation_row *row, struct el_error *err) {
    struct el_run_request request = {.config = job->config,
                                     .settings = &plan->settings,
                                     .members = plan->members,
                                     .record = record,
                                     .stop = job->options->stop,
                                     .context = job->options->context};
    struct el_run_result result;
    if (!el_evaluate_run(job->ensemble, job->gold, &request, &result, err)) {
        return false;
    }
    row->has_exact = true;
    row->calls = result.calls;
    row->made = result.made;
    row->failed_documents = result.failed_documents;
    job->ablation->calls += result.calls;
    job->ablation->made += result.made;
    bool ok = el_score(job->gold, &result.predicted, &job->options->score, &job->ablation->arena,
                       &row->exact, err);
    if (ok && keep != NULL) {
        *keep = result.predicted;
        job->ablation->abstentions = el_ensemble_counts(job->ensemble)->abstentions;
    } else {
        el_labels_free(&result.predicted);
    }
    return ok;
}

static bool run_projected(struct job *job, const struct plan_row *plan, struct el_ablation_row *row,
                          struct el_error *err) {
    struct el_labels predicted;
    if (!el_project(&job->full, &plan->projection, &plan->settings, &predicted, err)) {
        return false;
    }
    row->has_projected = true;
    bool ok = el_score(job->gold, &predicted, &job->options->score, &job->ablation->arena,
                       &row->projected, err);
    el_labels_free(&predicted);
    return ok;
}

static bool compare(struct job *job, const struct el_score *score, struct el_comparison *against,
                    struct el_error *err) {
    const struct el_score *configured = &job->ablation->rows[0].exact;
    return el_compare(score->by_document, configured->by_document, score->documents,
                      &job->options->score.bootstrap, &job->ablation->arena, against) ||
           el_fail_memory(err);
}

/* Projections are of votes, and need a verdict on every candidate. Where the configured ensemble
 * skips some, or has a judgement, one more run asks for the rest. */
static bool record_full(struct job *job, const struct plan *plan, struct el_error *err) {
    struct plan_row everything = {.settings = plan->votes};
    struct el_ablation_row unused = {.has_exact = false};
    everything.settings.agreement_skips = 0;
    everything.settings.at_least = 1;
    uint64_t calls = job->ablation->calls; /* it is not a row of its own */
    bool ok = run_exact(job, &everything, &job->full, NULL, &unused, err);
    job->ablation->calls = calls;
    return ok;
}

static bool do_rows(struct job *job, const struct plan *plan, struct el_error *err) {
    bool need_full = false;
    for (size_t i = 0; i < plan->count; i++) {
        need_full = need_full || plan->rows[i].projected;
    }
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_row *from = &plan->rows[i];
        struct el_ablation_row *row = &job->ablation->rows[i];
        bool first = i == 0;
        row->group = from->group;
        row->name = from->name;
        if (job->options->progress != NULL) {
            job->options->progress(job->options->context, i, plan->count, row->name);
        }
        if (from->exact && !run_exact(job, from, first ? &job->ablation->record : NULL,
                                      first ? &job->ablation->predicted : NULL, row, err)) {
            return false;
        }
        if (first && need_full && !record_full(job, plan, err)) {
            return false;
        }
        if (from->projected && !run_projected(job, from, row, err)) {
            return false;
        }
        if ((row->has_exact && !compare(job, &row->exact, &row->exact_against, err)) ||
            (row->has_projected && !compare(job, &row->projected, &row->projected_against, err))) {
            return false;
        }
        job->ablation->n_rows = i + 1;
    }
    return true;
}

bool el_ablate(struct el_ensemble *ensemble, const struct el_config *config,
               const struct el_labels *gold, const struct el_ablation_options *options,
               struct el_ablation *ablation, struct el_error *err) {
    *ablation = (struct el_ablation){0};
    struct plan plan = {
        .config = config, .options = options, .base = config->settings, .arena = &ablation->arena};
    plan.base.lazy_votes = false;
    el_settings_settle(&plan.base); /* rows without the judgement show as many demonstrations */
    plan.votes = plan.base;
    if (plan.base.judge != NULL) {
        plan.votes.judge = NULL;
        plan.votes.from_pool = 0;
    }
    plan_all(&plan, el_ensemble_verifier(ensemble, &config->settings));
    ablation->rows = el_arena_array(&ablation->arena, plan.count, sizeof *ablation->rows);
    struct job job = {.ensemble = ensemble,
                      .config = config,
                      .gold = gold,
                      .options = options,
                      .ablation = ablation};
    bool ok = (!plan.failed && ablation->rows != NULL) || el_fail_memory(err);
    ok = ok && do_rows(&job, &plan, err);
    el_record_free(&job.full);
    if (!ok) {
        el_ablation_free(ablation);
    }
    return ok;
}

void el_ablation_free(struct el_ablation *ablation) {
    el_labels_free(&ablation->predicted);
    el_record_free(&ablation->record);
    el_arena_free(&ablation->arena);
    *ablation = (struct el_ablation){0};
}

/* ---- JSON ---- */

static json_t *prf_json(const struct el_score *score, const struct el_comparison *against) {
    struct el_prf prf = el_tally_prf(&score->micro);
    json_t *json =
        json_pack("{s:f,s:f,s:f,s:I,s:I}", "precision", prf.precision, "recall", prf.recall, "f1",
                  prf.f1, "predicted", (json_int_t)score->micro.predicted, "correct",
                  (json_int_t)score->micro.correct);
    if (json != NULL && score->has_intervals &&
        (json_object_set_new(
             json, "f1_interval",
             json_pack("[f,f]", score->intervals.f1.low, score->intervals.f1.high)) != 0 ||
         json_object_set_new(json, "against_configured",
                             json_pack("{s:f,s:[f,f],s:f}", "difference", against->difference,
                                       "interval", against->interval.low, against->interval.high,
                                       "p", against->p)) != 0)) {
        json_decref(json);
        return NULL;
    }
    return json;
}

static json_t *row_json(const struct el_ablation_row *row) {
    return json_pack(
        "{s:s,s:s,s:o,s:o,s:o,s:o,s:o}", "group", row->group, "name", row->name, "exact",
        row->has_exact ? prf_json(&row->exact, &row->exact_against) : json_null(), "projected",
        row->has_projected ? prf_json(&row->projected, &row->projected_against) : json_null(),
        "calls", row->has_exact ? json_integer((json_int_t)row->calls) : json_null(), "calls_made",
        row->has_exact ? json_integer((json_int_t)row->made) : json_null(), "failed_documents",
        json_integer((json_int_t)row->failed_documents));
}

json_t *el_ablation_json(const struct el_ablation *ablation) {
    json_t *rows = json_array();
    int bad = rows == NULL;
    for (size_t i = 0; i < ablation->n_rows; i++) {
        bad |= json_array_append_new(rows, row_json(&ablation->rows[i]));
    }
    double f1 = el_tally_prf(&ablation->rows[0].exact.micro).f1;
    json_t *json = json_pack(
        "{s:o,s:o,s:{s:I,s:I},s:o}", "result",
        el_score_json(&ablation->rows[0].exact, "as configured"), "rows", rows, "calls",
        "needed_by_separate_runs", (json_int_t)ablation->calls, "made", (json_int_t)ablation->made,
        "stages", el_stage_json(&ablation->record.figures, ablation->record.n_members, f1));
    if (bad != 0) {
        json_decref(json);
        return NULL;
    }
    return json;
}

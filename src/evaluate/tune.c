#include "evaluate/tune.h"

#include "base/array.h"
#include "base/logistic.h"
#include "base/random.h"
#include "evaluate/reliability.h"
#include "pipeline/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDS = 5, FEWEST = 10, RUNS = 3, QUICK_RUNS = 2 };

/* Verification is worth its calls if it brings more than this; a simpler choice that loses less is
 * taken. */
static const double WORTH = 0.005;

static const double PENALTIES[] = {0.3, 1, 3, 10, 30, 100};

/* A candidate of the sample: a string of a sentence with all its occurrences. */
struct sample {
    size_t sentence;
    size_t occurrences, right; /* those that are mentions of the type it has */
    el_member_set extracted_by;
    bool from_pool;       /* a candidate whoever lists it */
    double prior;         /* by the pool's labels alone: of its most probable type ... */
    size_t right_by_pool; /* ... with which so many occurrences are right */
};

typedef void see_function(void *user, const struct el_document *document,
                          const struct el_work *work);

struct tune {
    struct el_config *config;
    struct el_ensemble *ensemble;
    const struct el_tune_options *options;
    struct el_tune_result *result;
    struct el_error *err;
    struct el_arena arena;

    size_t *sentences; /* of the pool */
    size_t n_sentences, next, done;
    bool failed;       /* memory */
    see_function *see; /* of the run under way: sees each sentence; NULL = nobody looks */

    /* Of the run for types: rows of n_types options with d numbers each. */
    double *options_x;
    size_t *choice, n_choices, options_room, choice_room;
    double *scratch;

    /* Of the run for candidates. */
    struct sample *samples;
    double *x; /* d numbers a sample */
    size_t n_samples, samples_room, x_room, d;
    struct el_judge *judge;

    /* Of the run as configured. */
    size_t kept, kept_right;
    struct el_reliability reliability;
};

/* ---- the sample ---- */

struct drawn {
    uint64_t lot;
    size_t sentence;
};

static int by_lot(const void *a, const void *b) {
    const struct drawn *left = a, *right = b;
    return left->lot != right->lot
               ? (left->lot > right->lot) - (left->lot < right->lot)
               : (left->sentence > right->sentence) - (left->sentence < right->sentence);
}

static int by_number(const void *a, const void *b) {
    const size_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* Each sentence draws a lot, and the lowest are taken, in pool order: a larger sample holds the
 * smaller one, whose replies are stored. */
static bool draw(struct tune *t) {
    size_t n = el_pool_get_info(el_ensemble_pool(t->ensemble))->n_sentences;
    size_t wanted = t->options->sentences < n ? t->options->sentences : n;
    uint64_t state = t->options->seed;
    struct drawn *lots = calloc(n, sizeof *lots);
    t->sentences = el_arena_array(&t->arena, wanted, sizeof *t->sentences);
    bool fine = lots != NULL && t->sentences != NULL;
    for (size_t i = 0; fine && i < n; i++) {
        lots[i] = (struct drawn){el_random(&state), i};
    }
    if (fine && n > 1) {
        qsort(lots, n, sizeof *lots, by_lot);
    }
    for (; fine && t->n_sentences < wanted; t->n_sentences++) {
        t->sentences[t->n_sentences] = lots[t->n_sentences].sentence;
    }
    if (t->n_sentences > 1) {
        qsort(t->sentences, t->n_sentences, sizeof *t->sentences, by_number);
    }
    free(lots);
    return fine;
}

/* The labels of the pool sentence that mean asked types become the document's entities. */
static bool label(struct tune *t, const struct el_pool_sentence *sentence,
                  struct el_document *document) {
    const struct el_context *context = el_ensemble_view(t->ensemble);
    document->entities =
        el_arena_array(&document->arena, sentence->n_entities, sizeof *document->entities);
    for (size_t i = 0; document->entities != NULL && i < sentence->n_entities; i++) {
        int type = context->pool_types[sentence->entities[i].type];
        if (type >= 0) {
            document->entities[document->n_entities++] =
                (struct el_entity){.span = sentence->entities[i].span,
                                   .type = t->config->types[type].name,
                                   .score = (double)NAN};
        }
    }
    return document->entities != NULL;
}

static int next_document(void *user, struct el_document **document, struct el_error *err) {
    struct tune *t = user;
    struct el_pool_sentence sentence;
    if (t->next == t->n_sentences) {
        return 0;
    }
    if (!el_pool_get(el_ensemble_pool(t->ensemble), t->sentences[t->next], &sentence, err)) {
        return -1;
    }
    struct el_document *fresh = el_document_new();
    if (fresh == NULL || !label(t, &sentence, fresh)) {
        el_document_free(fresh);
        el_fail_memory(err);
        return -1;
    }
    fresh->id = sentence.id;
    fresh->text = sentence.text;
    fresh->text_len = sentence.text_len;
    fresh->lang = sentence.lang;
    fresh->sentence_per_document = true;
    fresh->line = ++t->next;
    *document = fresh;
    return 1;
}

/* The label that has exactly this span, and this type if that is not NULL. */
static const struct el_entity *find_label(const struct el_document *document, struct el_span span,
                                          const char *type) {
    return el_entity_find(document->entities, document->n_entities, span, type);
}

/* ---- the run for types ---- */

static size_t type_number(const struct tune *t, const char *name) {
    size_t type = 0;
    while (strcmp(t->config->types[type].name, name) != 0) {
        type++;
    }
    return type;
}

/* One sample of the conditional logit: for each type what the members say of it, and which it is.
 */
static bool add_choice(struct tune *t, const struct el_mention *mention, size_t right) {
    const struct el_context *context = el_ensemble_view(t->ensemble);
    size_t members = t->config->n_members, types = t->config->n_types;
    size_t d = members + 1 + types;
    size_t rows = (t->n_choices + 1) * types * d;
    if (!EL_GROW(t->options_x, t->options_room, rows) ||
        !EL_GROW(t->choice, t->choice_room, t->n_choices + 1)) {
        return false;
    }
    double *x = t->options_x + t->n_choices * types * d;
    memset(x, 0, types * d * sizeof *x);
    for (size_t m = 0; m < members; m++) {
        el_judge_shares(context, mention, m, t->scratch);
        for (size_t k = 0; k < types; k++) {
            x[k * d + m] = t->scratch[k];
        }
    }
    el_judge_prior_shares(context, mention, t->scratch);
    for (size_t k = 0; k < types; k++) {
        x[k * d + members] = t->scratch[k];
        x[k * d + members + 1 + k] = 1;
    }
    t->choice[t->n_choices++] = right;
    return true;
}

static void see_types(void *user, const struct el_document *document, const struct el_work *work) {
    struct tune *t = user;
    for (size_t i = 0; i < work->mentions.count; i++) {
        const struct el_mention *mention = &work->mentions.items[i];
        const struct el_entity *gold = NULL;
        for (size_t s = 0; s < mention->n_spans && gold == NULL; s++) {
            gold = find_label(document, el_in_document(work, mention->spans[s]), NULL);
        }
        if (gold != NULL) {
            size_t right = type_number(t, gold->type);
            t->failed |= !add_choice(t, mention, right);
        }
    }
    for (size_t i = 0; i < document->n_entities; i++) {
        size_t start = document->entities[i].span.start;
        t->result->mentions +=
            start >= work->begin + work->keep.start && start < work->begin + work->keep.end;
    }
}

/* Before anything is known, the pool's probabilities count as they are, and the members', alike,
 * half as much together. */
static bool fit_types(struct tune *t) {
    size_t members = t->config->n_members, types = t->config->n_types, d = members + 1 + types;
    double *prior = el_arena_array(&t->arena, d, sizeof *prior);
    double *w = el_arena_array(&t->arena, d, sizeof *w);
    if (prior == NULL || w == NULL) {
        return false;
    }
    for (size_t m = 0; m < members; m++) {
        prior[m] = 0.5 / (double)members;
    }
    prior[members] = 1;
    if (!el_choice_fit(t->options_x, t->choice, t->n_choices, types, d, 3, prior, w)) {
        return false;
    }
    memcpy(t->judge->trust, w, members * sizeof *w);
    t->judge->trust_pool = w[members];
    memcpy(t->judge->type_bias, w + members + 1, types * sizeof *w);
    return true;
}

/* ---- the run for candidates ---- */

static size_t best_by_pool(const struct el_mention *mention, size_t n_types, double *probability) {
    size_t best = 0;
    *probability = 0;
    if (mention->prior_shares != NULL) {
        for (size_t t = 1; t < n_types; t++) {
            best = mention->prior_shares[t] > mention->prior_shares[best] ? t : best;
        }
        *probability = mention->prior * (double)mention->prior_shares[best];
    }
    return best;
}

static void show_candidate(const struct tune *t, const struct el_mention *mention,
                           const struct sample *sample, const char *type) {
    struct el_tune_candidate candidate = {.sentence = sample->sentence,
                                          .text = mention->text,
                                          .type = type,
                                          .occurrences = sample->occurrences,
                                          .right = sample->right,
                                          .from_pool = sample->from_pool,
                                          .prior = sample->prior,
                                          .right_by_pool = sample->right_by_pool,
                                          .x = t->x + t->n_samples * t->d};
    if (t->options->candidate != NULL) {
        t->options->candidate(t->options->context, &candidate);
    }
}

static void see_candidates(void *user, const struct el_document *document,
                           const struct el_work *work) {
    struct tune *t = user;
    struct el_context context = *el_ensemble_view(t->ensemble);
    context.settings.judge = t->judge;
    for (size_t i = 0; i < work->mentions.count; i++) {
        const struct el_mention *mention = &work->mentions.items[i];
        if (mention->type < 0) {
            continue;
        }
        if (!EL_GROW(t->samples, t->samples_room, t->n_samples + 1) ||
            !EL_GROW(t->x, t->x_room, (t->n_samples + 1) * t->d)) {
            t->failed = true;
            return;
        }
        struct sample *sample = &t->samples[t->n_samples];
        *sample = (struct sample){.sentence = document->line,
                                  .occurrences = mention->n_spans,
                                  .extracted_by = mention->extracted_by,
                                  .from_pool = mention->from_pool};
        const char *type = t->config->types[mention->type].name;
        const char *by_pool =
            t->config->types[best_by_pool(mention, t->config->n_types, &sample->prior)].name;
        for (size_t s = 0; s < mention->n_spans; s++) {
            struct el_span span = el_in_document(work, mention->spans[s]);
            sample->right += find_label(document, span, type) != NULL;
            sample->right_by_pool += find_label(document, span, by_pool) != NULL;
        }
        el_judge_features(&context, t->judge, work, mention, t->scratch,
                          t->x + t->n_samples * t->d);
        show_candidate(t, mention, sample, type);
        t->result->candidates += sample->occurrences;
        t->result->right += sample->right;
        t->n_samples++;
    }
}

/* ---- the run as configured ---- */

static struct el_tune_figures figures_of(size_t right, size_t kept, size_t gold) {
    struct el_tune_figures f = {.threshold = NAN, .calibration_error = NAN};
    f.precision = kept > 0 ? (double)right / (double)kept : 0;
    f.recall = gold > 0 ? (double)right / (double)gold : 0;
    f.f1 = right > 0 ? 2 * (double)right / (double)(kept + gold) : 0;
    return f;
}

/* The document comes with its new entities; the labels are read from the pool again. */
static bool count_document(void *user, struct el_document *document, struct el_error *err) {
    struct tune *t = user;
    struct el_pool_sentence sentence;
    struct el_document *gold = el_document_new();
    bool ok = gold != NULL &&
              el_pool_get(el_ensemble_pool(t->ensemble), t->sentences[document->line - 1],
                          &sentence, err) &&
              (label(t, &sentence, gold) || el_fail_memory(err));
    for (size_t i = 0; ok && i < document->n_entities; i++) {
        const struct el_entity *entity = &document->entities[i];
        bool right = find_label(gold, entity->span, entity->type) != NULL;
        t->kept++;
        t->kept_right += right;
        el_reliability_add(&t->reliability, isnan(entity->score) ? 1 : entity->score, right);
    }
    el_document_free(gold);
    el_document_free(document);
    return ok;
}

static bool drop_document(void *user, struct el_document *document, struct el_error *err) {
    (void)user;
    (void)err;
    el_document_free(document);
    return true;
}

/* ---- runs ---- */

static enum el_tick tick(void *user) {
    const struct tune *t = user;
    return t->options->tick != NULL ? t->options->tick(t->options->context) : EL_GO_ON;
}

static void see_sentence(void *user, const struct el_document *document,
                         const struct el_work *work) {
    struct tune *t = user;
    if (t->see != NULL) {
        t->see(t, document, work);
    }
    t->done++;
    if (t->options->progress != NULL) {
        t->options->progress(t->options->context, t->done,
                             (t->options->quick ? QUICK_RUNS : RUNS) * t->n_sentences);
    }
}

/* Run the sample under these settings. `count`: count what comes out. */
static bool run_sample(struct tune *t, const struct el_settings *settings, unsigned stages,
                       see_function *see, bool count) {
    struct el_run run = {.context = t,
                         .next = next_document,
                         .done = count ? count_document : drop_document,
                         .tick = tick,
                         .sentence = see_sentence,
                         .settings = settings,
                         .stages = stages};
    t->next = 0;
    t->see = see;
    if (!el_ensemble_run(t->ensemble, &run, t->err)) {
        return false;
    }
    if (t->next < t->n_sentences) {
        return el_fail(t->err, EL_ERR_INTERRUPTED, "stopped after %zu of %zu sentences", t->next,
                       t->n_sentences);
    }
    return !t->failed || el_fail_memory(t->err);
}

/* ---- fitting ---- */

/* What a fit may look at. */
struct view {
    el_member_set members; /* whose candidates and features count */
    el_member_set verifiers;
};

struct ranked {
    double p;
    size_t sample;
};

struct fit {
    double *x, *p; /* features as the view sees them; probability of each sample */
    bool *y, *use;
    double *w;
    double *start; /* what the fit is drawn to: the general judgement */
    struct ranked *order;
};

static bool visible(const struct tune *t, const struct view *view, size_t sample) {
    return t->samples[sample].from_pool || (t->samples[sample].extracted_by & view->members) != 0;
}

/* The features of a view: columns that it must not see are 0. */
static void mask(const struct tune *t, const struct view *view, double *x) {
    size_t members = t->config->n_members;
    memcpy(x, t->x, t->n_samples * t->d * sizeof *x);
    for (size_t i = 0; i < t->n_samples; i++) {
        double *row = x + i * t->d;
        for (size_t m = 0; m < members; m++) {
            bool takes_part = (view->members >> m & 1) != 0;
            row[el_judge_listed(m)] *= takes_part;
            row[el_judge_share(members, m)] *= takes_part;
            row[el_judge_yes(members, m)] *= takes_part && (view->verifiers >> m & 1) != 0;
        }
    }
}

static bool fit_new(struct tune *t, struct fit *f) {
    size_t n = t->n_samples;
    *f = (struct fit){.x = el_arena_array(&t->arena, n * t->d, sizeof *f->x),
                      .p = el_arena_array(&t->arena, n, sizeof *f->p),
                      .y = el_arena_array(&t->arena, n, sizeof *f->y),
                      .use = el_arena_array(&t->arena, n, sizeof *f->use),
                      .w = el_arena_array(&t->arena, t->d, sizeof *f->w),
                      .start = el_arena_array(&t->arena, t->d, sizeof *f->start),
                      .order = el_arena_array(&t->arena, n, sizeof *f->order)};
    for (size_t i = 0; f->y != NULL && i < n; i++) {
        f->y[i] = 2 * t->samples[i].right > t->samples[i].occurrences;
    }
    const struct el_judge *general =
        el_judge_of_kind(&t->arena, el_judge_unfitted(t->config->settings.judge),
                         t->config->n_members, t->config->n_types);
    if (f->start != NULL && general != NULL) {
        memcpy(f->start, general->weights, t->d * sizeof *f->start);
    }
    return f->x != NULL && f->p != NULL && f->y != NULL && f->use != NULL && f->w != NULL &&
           f->start != NULL && f->order != NULL && general != NULL;
}

/* Probabilities of all visible samples, each by a fit that has not seen its sentence; returns their
 * mean log-likelihood, -INFINITY if out of memory. */
static double cross_validate(const struct tune *t, const struct view *view, struct fit *f,
                             double penalty) {
    double sum = 0;
    size_t count = 0;
    for (size_t fold = 0; fold < FOLDS; fold++) {
        for (size_t i = 0; i < t->n_samples; i++) {
            f->use[i] = visible(t, view, i) && t->samples[i].sentence % FOLDS != fold;
        }
        if (!el_logistic_fit(f->x, f->y, f->use, t->n_samples, t->d, penalty, f->start, f->w)) {
            return -INFINITY;
        }
        for (size_t i = 0; i < t->n_samples; i++) {
            if (visible(t, view, i) && t->samples[i].sentence % FOLDS == fold) {
                f->p[i] = el_logistic(f->w, f->x + i * t->d, t->d);
                sum += log(f->y[i] ? f->p[i] + 1e-12 : 1 - f->p[i] + 1e-12);
                count++;
            }
        }
    }
    return count > 0 ? sum / (double)count : 0;
}

static int by_probability(const void *a, const void *b) {
    const struct ranked *left = a, *right = b;
    return left->p > right->p ? -1 : left->p < right->p;
}

static size_t right_of(const struct sample *sample, bool by_pool) {
    return by_pool ? sample->right_by_pool : sample->right;
}

static double f_beta(size_t right, size_t kept, size_t gold, double beta) {
    double b = beta * beta;
    return right == 0 ? 0 : (1 + b) * (double)right / (b * (double)gold + (double)kept);
}

/* The threshold of the best F-beta over the visible samples with these probabilities, halfway to
 * the next that is dropped. `by_pool`: with the pool's types. */
static struct el_tune_figures best_threshold(struct tune *t, const struct view *view, struct fit *f,
                                             bool by_pool) {
    size_t n = 0, right = 0, kept = 0, gold = t->result->mentions;
    struct el_tune_figures best = figures_of(0, 0, gold);
    double best_f = -1;
    struct el_reliability reliability = {0};
    for (size_t i = 0; i < t->n_samples; i++) {
        if (visible(t, view, i)) {
            f->order[n++] = (struct ranked){f->p[i], i};
            for (size_t k = 0; k < t->samples[i].occurrences; k++) {
                el_reliability_add(&reliability, f->p[i], k < right_of(&t->samples[i], by_pool));
            }
        }
    }
    if (n > 1) {
        qsort(f->order, n, sizeof *f->order, by_probability);
    }
    for (size_t i = 0; i < n; i++) {
        const struct sample *sample = &t->samples[f->order[i].sample];
        right += right_of(sample, by_pool);
        kept += sample->occurrences;
        bool tied = i + 1 < n && f->order[i].p == f->order[i + 1].p;
        double value = f_beta(right, kept, gold, t->options->beta);
        if (!tied && value > best_f) {
            best_f = value;
            best = figures_of(right, kept, gold);
            best.threshold = i + 1 < n ? (f->order[i].p + f->order[i + 1].p) / 2 : 0;
        }
    }
    best.calibration_error = el_reliability_error(&reliability);
    return best;
}

/* Cross-validated figures of a view, with the penalty that predicts best. */
static bool evaluate(struct tune *t, const struct view *view, struct fit *f,
                     struct el_tune_figures *figures, double *penalty) {
    double best = -INFINITY;
    mask(t, view, f->x);
    for (size_t i = 0; i < EL_COUNT(PENALTIES); i++) {
        double value = cross_validate(t, view, f, PENALTIES[i]);
        if (value > best) {
            best = value;
            *penalty = PENALTIES[i];
        }
    }
    if (cross_validate(t, view, f, *penalty) == -INFINITY) {
        return false;
    }
    *figures = best_threshold(t, view, f, false);
    return true;
}

/* The simplest of nobody, one member and all whose F1 is not worse than the best by more than
 * WORTH. */
static el_member_set choose_verifiers(struct tune *t, el_member_set all) {
    struct el_tune_result *r = t->result;
    size_t best = 0;
    for (size_t m = 1; m < t->config->n_members; m++) {
        best = r->by_member[m] > r->by_member[best] ? m : best;
    }
    double most = fmax(fmax(r->by_nobody, r->by_all), r->by_member[best]);
    return r->by_nobody >= most - WORTH         ? 0
           : r->by_member[best] >= most - WORTH ? (el_member_set)1 << best
                                                : all;
}

/* As if no member had been asked. */
static void judge_by_pool(struct tune *t, struct fit *f) {
    struct view view = {.members = 0};
    for (size_t i = 0; i < t->n_samples; i++) {
        f->p[i] = t->samples[i].prior;
    }
    t->result->pool = best_threshold(t, &view, f, true);
}

static bool compare_verifiers(struct tune *t, struct fit *f, el_member_set all) {
    struct el_tune_result *r = t->result;
    struct el_tune_figures figures;
    double penalty = 1;
    struct view view = {.members = all};
    if (!evaluate(t, &view, f, &figures, &penalty)) {
        return false;
    }
    r->by_nobody = figures.f1;
    r->by_all = (double)NAN;
    if (t->options->quick) {
        return true;
    }
    view.verifiers = all;
    if (!evaluate(t, &view, f, &figures, &penalty)) {
        return false;
    }
    r->by_all = figures.f1;
    for (size_t m = 0; m < t->config->n_members; m++) {
        view.verifiers = (el_member_set)1 << m;
        if (!evaluate(t, &view, f, &figures, &penalty)) {
            return false;
        }
        r->by_member[m] = figures.f1;
    }
    return true;
}

static bool leave_members_out(struct tune *t, struct fit *f, el_member_set all,
                              el_member_set verifiers) {
    for (size_t m = 0; m < t->config->n_members; m++) {
        struct view view = {.members = all & ~((el_member_set)1 << m), .verifiers = verifiers};
        struct el_tune_figures figures;
        double penalty = 1;
        t->result->without[m] = (double)NAN;
        if (view.members == 0) {
            continue;
        }
        if (!evaluate(t, &view, f, &figures, &penalty)) {
            return false;
        }
        t->result->without[m] = figures.f1;
    }
    return true;
}

static void set_verifiers(struct tune *t, el_member_set verifiers, el_member_set all) {
    struct el_settings *settings = &t->config->settings;
    settings->verifier = verifiers == 0     ? EL_VERIFY_NONE
                         : verifiers == all ? EL_VERIFY_ALL
                                            : EL_VERIFY_MEMBER;
    settings->verifier_name = NULL;
    if (settings->verifier == EL_VERIFY_MEMBER) {
        settings->verifier_name = t->config->members[__builtin_ctz(verifiers)].name;
    }
}

/* The judgement of all samples, with the threshold of the cross-validation. */
static bool fit_candidates(struct tune *t) {
    struct fit f;
    el_member_set all = el_first_members(t->config->n_members);
    double penalty = 1;
    if (!fit_new(t, &f) || !compare_verifiers(t, &f, all)) {
        return false;
    }
    judge_by_pool(t, &f);
    struct view view = {.members = all,
                        .verifiers = t->options->quick ? 0 : choose_verifiers(t, all)};
    if (!leave_members_out(t, &f, all, view.verifiers) ||
        !evaluate(t, &view, &f, &t->result->after, &penalty) ||
        !el_logistic_fit(f.x, f.y, NULL, t->n_samples, t->d, penalty, f.start, f.w)) {
        return false;
    }
    memcpy(t->judge->weights, f.w, t->d * sizeof *f.w);
    t->judge->threshold = t->result->after.threshold;
    el_settings_settle(&t->config->settings); /* as in the runs, whatever judges from now on */
    t->config->settings.judge = t->judge;
    t->config->settings.from_pool = EL_FROM_POOL;
    set_verifiers(t, view.verifiers, all);
    return true;
}

static bool enough(const struct tune *t) {
    size_t right = 0;
    for (size_t i = 0; i < t->n_samples; i++) {
        right += 2 * t->samples[i].right > t->samples[i].occurrences;
    }
    return right >= FEWEST && t->n_samples - right >= FEWEST;
}

static bool tune(struct tune *t) {
    if (el_ensemble_rests(t->ensemble)) {
        return el_fail(t->err, EL_ERR_CONFIG,
                       "no member was started, for the configured judgement hears none; "
                       "tune with a configuration without 'judge'");
    }
    struct el_settings as_is = t->config->settings;
    el_settings_settle(&as_is);
    as_is.apart = el_pool_neighbours(el_ensemble_pool(t->ensemble));
    struct el_settings settings = as_is;
    if (!el_ensemble_open_prior(t->ensemble, t->err) ||
        (!t->options->quick && !run_sample(t, &as_is, 0, NULL, true))) {
        return false;
    }
    settings.judge = NULL;
    settings.lazy_votes = false;
    settings.from_pool = EL_FROM_POOL;
    if (!run_sample(t, &settings, EL_STAGE_CLASSIFY + 1, see_types, false)) {
        return false;
    }
    if (!t->options->quick) {
        t->result->before = figures_of(t->kept_right, t->kept, t->result->mentions);
        t->result->before.calibration_error = el_reliability_error(&t->reliability);
    }
    if (!fit_types(t)) {
        return el_fail_memory(t->err);
    }
    settings.judge = t->judge; /* no weights yet: every candidate has the probability 1 / 2 */
    settings.verifier = t->options->quick ? EL_VERIFY_NONE : EL_VERIFY_ALL;
    if (!run_sample(t, &settings, 0, see_candidates, false)) {
        return false;
    }
    t->result->too_few = !enough(t);
    return t->result->too_few || fit_candidates(t) || el_fail_memory(t->err);
}

bool el_tune(struct el_config *config, struct el_ensemble *ensemble,
             const struct el_tune_options *options, struct el_tune_result *result,
             struct el_error *err) {
    struct tune t = {.config = config,
                     .ensemble = ensemble,
                     .options = options,
                     .result = result,
                     .err = err,
                     .d = el_judge_size(config->n_members, config->n_types)};
    *result = (struct el_tune_result){0};
    t.judge = el_judge_new(&config->arena, config->n_members, config->n_types);
    t.scratch = el_arena_array(&t.arena, 2 * config->n_types, sizeof *t.scratch);
    bool ok = (t.judge != NULL && t.scratch != NULL && draw(&t)) || el_fail_memory(err);
    result->sentences = t.n_sentences;
    ok = ok && tune(&t);
    free(t.options_x);
    free(t.choice);
    free(t.samples);
    free(t.x);
    el_arena_free(&t.arena);
    return ok;
}

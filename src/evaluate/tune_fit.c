/* Tuning: the judgement of candidates, by cross-validated logistic regression, and who verifies. */
#include "evaluate/tune_private.h"

#include "base/array.h"
#include "base/logistic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDS = 5 };

/* Verification is worth its calls if it brings more than this; a simpler choice that loses less is
 * taken. */
static const double WORTH = 0.005;

/* How strongly the fit is drawn to the judgement that nobody has tuned, from weakly on. */
static const double PENALTIES[] = {0.3, 1, 3, 10, 30, 100, 300, 1000};
enum { N_PENALTIES = EL_COUNT(PENALTIES) };

void tune_keep(struct el_tally *sentence, size_t occurrences, size_t right) {
    sentence->predicted += occurrences;
    sentence->found += (double)right;
    sentence->right += (double)right;
}

void tune_add_reliability(struct el_reliability *reliability, double p, size_t occurrences,
                          size_t right) {
    for (size_t k = 0; k < occurrences; k++) {
        el_reliability_add(reliability, p, k < right);
    }
}

struct el_tune_figures tune_figures(size_t right, size_t kept, size_t gold) {
    struct el_tune_figures f = {.threshold = NAN, .calibration_error = NAN};
    f.precision = kept > 0 ? (double)right / (double)kept : 0;
    f.recall = gold > 0 ? (double)right / (double)gold : 0;
    f.f1 = right > 0 ? 2 * (double)right / (double)(kept + gold) : 0;
    return f;
}

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
    double *start;         /* what the fit is drawn to: the general judgement */
    double *penalty;       /* how strongly */
    struct el_tally *kept; /* by penalty and sentence */
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

double tune_part(const struct tune *t, size_t member) {
    return el_judge_part(el_ensemble_view(t->ensemble), t->untuned->kind,
                         el_first_members(t->config->n_members), member);
}

static bool fit_new(struct tune *t, struct fit *f) {
    size_t n = t->n_samples;
    *f = (struct fit){.x = el_arena_array(&t->arena, n * t->d, sizeof *f->x),
                      .p = el_arena_array(&t->arena, n, sizeof *f->p),
                      .y = el_arena_array(&t->arena, n, sizeof *f->y),
                      .use = el_arena_array(&t->arena, n, sizeof *f->use),
                      .w = el_arena_array(&t->arena, t->d, sizeof *f->w),
                      .start = el_arena_array(&t->arena, t->d, sizeof *f->start),
                      .penalty = el_arena_array(&t->arena, t->d, sizeof *f->penalty),
                      .kept =
                          el_arena_array(&t->arena, N_PENALTIES * t->n_sentences, sizeof *f->kept),
                      .order = el_arena_array(&t->arena, n, sizeof *f->order)};
    for (size_t i = 0; f->y != NULL && i < n; i++) {
        f->y[i] = 2 * t->samples[i].right > t->samples[i].occurrences;
    }
    if (f->start != NULL) {
        size_t members = t->config->n_members;
        memcpy(f->start, t->untuned->weights, t->d * sizeof *f->start);
        for (size_t m = 0; m < members; m++) {
            double part = tune_part(t, m);
            f->start[el_judge_listed(m)] *= part;
            f->start[el_judge_share(members, m)] *= part;
        }
    }
    return f->x != NULL && f->p != NULL && f->y != NULL && f->use != NULL && f->w != NULL &&
           f->start != NULL && f->penalty != NULL && f->kept != NULL && f->order != NULL;
}

static bool fit_to(const struct tune *t, struct fit *f, const bool *use, double penalty) {
    for (size_t k = 0; k < t->d; k++) {
        f->penalty[k] = k == EL_JUDGE_BIAS || k == EL_JUDGE_POOL ? TUNE_HELD : penalty;
    }
    return el_logistic_fit(f->x, f->y, use, t->n_samples, t->d, f->penalty, f->start, f->w);
}

/* Probabilities of all visible samples, each by a fit that has not seen its sentence. False if out
 * of memory. */
static bool cross_validate(const struct tune *t, const struct view *view, struct fit *f,
                           double penalty) {
    for (size_t fold = 0; fold < FOLDS; fold++) {
        for (size_t i = 0; i < t->n_samples; i++) {
            f->use[i] = visible(t, view, i) && t->samples[i].sentence % FOLDS != fold;
        }
        if (!fit_to(t, f, f->use, penalty)) {
            return false;
        }
        for (size_t i = 0; i < t->n_samples; i++) {
            if (visible(t, view, i) && t->samples[i].sentence % FOLDS == fold) {
                f->p[i] = el_logistic(f->w, f->x + i * t->d, t->d);
            }
        }
    }
    return true;
}

/* What is kept, by sentence. */
static void keep(const struct tune *t, const struct view *view, const struct fit *f,
                 struct el_tally *kept) {
    for (size_t s = 0; s < t->n_sentences; s++) {
        kept[s] = (struct el_tally){.gold = t->by_untuned[s].gold};
    }
    for (size_t i = 0; i < t->n_samples; i++) {
        const struct sample *sample = &t->samples[i];
        if (visible(t, view, i) && f->p[i] >= t->threshold) {
            tune_keep(&kept[sample->sentence - 1], sample->occurrences, sample->right);
        }
    }
}

static struct el_tally sum_of(const struct el_tally *kept, size_t n) {
    struct el_tally all = {0};
    for (size_t s = 0; s < n; s++) {
        el_tally_add(&all, &kept[s]);
    }
    return all;
}

static double f1_of(const struct el_tally *kept, size_t n) {
    struct el_tally all = sum_of(kept, n);
    return el_tally_prf(&all).f1;
}

/* Of F1 = 2 right / (predicted + gold) of all, what a sentence adds to it beyond its share, to
 * first order. */
static double adds(const struct el_tally *sentence, const struct el_tally *all) {
    double f1 = el_tally_prf(all).f1;
    return (2 * sentence->right - f1 * (double)(sentence->predicted + sentence->gold)) /
           (double)(all->predicted + all->gold);
}

/* Is F1 of `a` above that of `b` by more than the standard error of the difference, over the
 * sentences? */
static bool is_above(const struct el_tally *a, const struct el_tally *b, size_t n) {
    struct el_tally all_a = sum_of(a, n), all_b = sum_of(b, n);
    double squares = 0;
    for (size_t s = 0; s < n; s++) {
        double off = adds(&a[s], &all_a) - adds(&b[s], &all_b);
        squares += off * off;
    }
    return el_tally_prf(&all_a).f1 - el_tally_prf(&all_b).f1 > sqrt(squares);
}

/* The strongest penalty whose F1 is as good as the best, within one standard error: Breiman and
 * others 1984, "Classification and Regression Trees", 3.4.3. What the sample does not show for
 * certain stays as it is untuned. */
static size_t choose_penalty(const struct el_tally *kept, size_t n) {
    size_t best = 0, chosen = N_PENALTIES - 1;
    for (size_t i = 1; i < N_PENALTIES; i++) {
        best = f1_of(kept + i * n, n) >= f1_of(kept + best * n, n) ? i : best;
    }
    while (chosen > best && is_above(kept + best * n, kept + chosen * n, n)) {
        chosen--;
    }
    return chosen;
}

static int by_probability(const void *a, const void *b) {
    const struct ranked *left = a, *right = b;
    return left->p > right->p ? -1 : left->p < right->p;
}

static double f_beta(size_t right, size_t kept, size_t gold, double beta) {
    double b = beta * beta;
    return right == 0 ? 0 : (1 + b) * (double)right / (b * (double)gold + (double)kept);
}

struct el_tune_figures tune_figures_of(const struct tune *t, const struct el_tally *kept,
                                       const struct el_reliability *reliability) {
    struct el_tally all = sum_of(kept, t->n_sentences);
    struct el_tune_figures figures = tune_figures((size_t)all.right, all.predicted, all.gold);
    figures.threshold = t->threshold;
    figures.calibration_error = el_reliability_error(reliability);
    return figures;
}

/* How far the probabilities of the visible samples can be believed. */
static struct el_reliability reliability_of(const struct tune *t, const struct view *view,
                                            const struct fit *f) {
    struct el_reliability reliability = {0};
    for (size_t i = 0; i < t->n_samples; i++) {
        const struct sample *sample = &t->samples[i];
        if (visible(t, view, i)) {
            tune_add_reliability(&reliability, f->p[i], sample->occurrences, sample->right);
        }
    }
    return reliability;
}

/* As if no member had been asked: the pool's labels alone, their types, and the threshold of the
 * best F-beta, halfway to the next that is dropped. */
static void judge_by_pool(struct tune *t, struct fit *f) {
    size_t n = 0, right = 0, kept = 0, gold = t->result->mentions;
    struct el_tune_figures best = tune_figures(0, 0, gold);
    double best_f = -1;
    struct el_reliability reliability = {0};
    for (size_t i = 0; i < t->n_samples; i++) {
        const struct sample *sample = &t->samples[i];
        if (sample->from_pool) {
            f->order[n++] = (struct ranked){sample->prior, i};
            tune_add_reliability(&reliability, sample->prior, sample->occurrences,
                                 sample->right_by_pool);
        }
    }
    if (n > 1) {
        qsort(f->order, n, sizeof *f->order, by_probability);
    }
    for (size_t i = 0; i < n; i++) {
        const struct sample *sample = &t->samples[f->order[i].sample];
        right += sample->right_by_pool;
        kept += sample->occurrences;
        bool tied = i + 1 < n && f->order[i].p == f->order[i + 1].p;
        double value = f_beta(right, kept, gold, t->options->beta);
        if (!tied && value > best_f) {
            best_f = value;
            best = tune_figures(right, kept, gold);
            best.threshold = i + 1 < n ? (f->order[i].p + f->order[i + 1].p) / 2 : 0;
        }
    }
    best.calibration_error = el_reliability_error(&reliability);
    t->result->pool = best;
}

/* Cross-validated figures of a view, and which penalty is chosen for it. */
static bool evaluate(struct tune *t, const struct view *view, struct fit *f,
                     struct el_tune_figures *figures, size_t *chosen) {
    mask(t, view, f->x);
    for (size_t i = 0; i < N_PENALTIES; i++) {
        if (!cross_validate(t, view, f, PENALTIES[i])) {
            return false;
        }
        keep(t, view, f, f->kept + i * t->n_sentences);
    }
    *chosen = choose_penalty(f->kept, t->n_sentences);
    if (!cross_validate(t, view, f, PENALTIES[*chosen])) {
        return false;
    }
    struct el_reliability reliability = reliability_of(t, view, f);
    *figures = tune_figures_of(t, f->kept + *chosen * t->n_sentences, &reliability);
    return true;
}

/* What does this gain over the judgement that nobody has tuned, and is it chance? */
static bool compare_with_untuned(struct tune *t, const struct el_tally *tuned) {
    struct el_bootstrap_options draws = {.samples = 1000, .seed = t->options->seed};
    t->result->untuned = tune_figures_of(t, t->by_untuned, &t->of_untuned);
    return el_compare(tuned, t->by_untuned, t->n_sentences, &draws, &t->arena, &t->result->gain);
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

static bool compare_verifiers(struct tune *t, struct fit *f, el_member_set all) {
    struct el_tune_result *r = t->result;
    struct el_tune_figures figures;
    size_t chosen = 0;
    struct view view = {.members = all};
    if (!evaluate(t, &view, f, &figures, &chosen)) {
        return false;
    }
    r->by_nobody = figures.f1;
    r->by_all = (double)NAN;
    if (t->options->quick) {
        return true;
    }
    view.verifiers = all;
    if (!evaluate(t, &view, f, &figures, &chosen)) {
        return false;
    }
    r->by_all = figures.f1;
    for (size_t m = 0; m < t->config->n_members; m++) {
        view.verifiers = (el_member_set)1 << m;
        if (!evaluate(t, &view, f, &figures, &chosen)) {
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
        size_t chosen = 0;
        t->result->without[m] = (double)NAN;
        if (view.members == 0) {
            continue;
        }
        if (!evaluate(t, &view, f, &figures, &chosen)) {
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
bool tune_fit_candidates(struct tune *t) {
    struct fit f;
    el_member_set all = el_first_members(t->config->n_members);
    size_t chosen = 0;
    if (!fit_new(t, &f) || !compare_verifiers(t, &f, all)) {
        return false;
    }
    judge_by_pool(t, &f);
    struct view view = {.members = all,
                        .verifiers = t->options->quick ? 0 : choose_verifiers(t, all)};
    if (!leave_members_out(t, &f, all, view.verifiers) ||
        !evaluate(t, &view, &f, &t->result->after, &chosen) ||
        !compare_with_untuned(t, f.kept + chosen * t->n_sentences) ||
        !fit_to(t, &f, NULL, PENALTIES[chosen])) {
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

#include "evaluate/bootstrap.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>

static int by_number(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The middle `level` of the values (sorted in place), the ends interpolated. */
static struct el_interval middle(double *values, size_t n, double level) {
    qsort(values, n, sizeof *values, by_number);
    double cut = (1 - level) / 2 * (double)(n - 1);
    size_t below = (size_t)cut;
    double part = cut - (double)below;
    size_t next = below + 1 < n ? below + 1 : below;
    struct el_interval interval = {
        values[below] * (1 - part) + values[next] * part,
        values[n - 1 - below] * (1 - part) + values[n - 1 - next] * part,
    };
    return interval;
}

static double level_of(const struct el_bootstrap_options *options) {
    return options->level > 0 && options->level < 1 ? options->level : 0.95;
}

/* Only what the micro scores need, packed: the draws jump about in this array, and a fifth of the
 * size stays five times longer in the cache. Floats hold counts of one document exactly. */
struct counts {
    float gold, predicted, found, right;
};

static struct counts *pack(const struct el_tally *tallies, size_t n, struct el_arena *arena) {
    struct counts *counts = el_arena_array(arena, n, sizeof *counts);
    for (size_t i = 0; counts != NULL && i < n; i++) {
        counts[i] = (struct counts){(float)tallies[i].gold, (float)tallies[i].predicted,
                                    (float)tallies[i].found, (float)tallies[i].right};
    }
    return counts;
}

struct sums {
    double gold, predicted, found, right;
};

static void add(struct sums *sum, const struct counts *counts) {
    sum->gold += (double)counts->gold;
    sum->predicted += (double)counts->predicted;
    sum->found += (double)counts->found;
    sum->right += (double)counts->right;
}

static struct el_prf prf_of(const struct sums *sums) {
    struct el_tally tally = {.gold = (size_t)sums->gold,
                             .predicted = (size_t)sums->predicted,
                             .found = sums->found,
                             .right = sums->right};
    return el_tally_prf(&tally);
}

bool el_bootstrap(const struct el_tally *by_document, size_t n_documents,
                  const struct el_bootstrap_options *options, struct el_arena *arena,
                  struct el_intervals *intervals) {
    size_t samples = options->samples;
    double *values[3];
    for (int i = 0; i < 3; i++) {
        values[i] = el_arena_array(arena, samples, sizeof(double));
        if (values[i] == NULL) {
            return false;
        }
    }
    struct counts *documents = pack(by_document, n_documents, arena);
    if (documents == NULL) {
        return false;
    }
    *intervals = (struct el_intervals){.level = level_of(options), .samples = samples};
    if (n_documents == 0 || samples == 0) {
        return true;
    }
    uint64_t state = options->seed;
    for (size_t s = 0; s < samples; s++) {
        struct sums sum = {0};
        for (size_t i = 0; i < n_documents; i++) {
            add(&sum, &documents[el_random_below(&state, n_documents)]);
        }
        struct el_prf prf = prf_of(&sum);
        values[0][s] = prf.precision;
        values[1][s] = prf.recall;
        values[2][s] = prf.f1;
    }
    intervals->precision = middle(values[0], samples, intervals->level);
    intervals->recall = middle(values[1], samples, intervals->level);
    intervals->f1 = middle(values[2], samples, intervals->level);
    return true;
}

bool el_compare(const struct el_tally *a, const struct el_tally *b, size_t n_documents,
                const struct el_bootstrap_options *options, struct el_arena *arena,
                struct el_comparison *comparison) {
    size_t samples = options->samples;
    double *values = el_arena_array(arena, samples, sizeof *values);
    struct counts *in_a = pack(a, n_documents, arena), *in_b = pack(b, n_documents, arena);
    if (values == NULL || in_a == NULL || in_b == NULL) {
        return false;
    }
    struct sums all_a = {0}, all_b = {0};
    for (size_t i = 0; i < n_documents; i++) {
        add(&all_a, &in_a[i]);
        add(&all_b, &in_b[i]);
    }
    *comparison = (struct el_comparison){.f1_a = prf_of(&all_a).f1,
                                         .f1_b = prf_of(&all_b).f1,
                                         .p = 1,
                                         .documents = n_documents,
                                         .samples = samples,
                                         .level = level_of(options)};
    comparison->difference = comparison->f1_a - comparison->f1_b;
    if (n_documents == 0 || samples == 0) {
        return true;
    }
    uint64_t state = options->seed;
    size_t strayed = 0, better = 0;
    for (size_t s = 0; s < samples; s++) {
        struct sums sum_a = {0}, sum_b = {0};
        for (size_t i = 0; i < n_documents; i++) {
            size_t document = el_random_below(&state, n_documents);
            add(&sum_a, &in_a[document]);
            add(&sum_b, &in_b[document]);
        }
        values[s] = prf_of(&sum_a).f1 - prf_of(&sum_b).f1;
        better += values[s] > 0;
        /* The tiny allowance makes equal predictions differ by chance always: p = 1. */
        strayed += fabs(values[s] - comparison->difference) >= fabs(comparison->difference) - 1e-12;
    }
    comparison->p = (1 + (double)strayed) / (1 + (double)samples);
    comparison->a_better = (double)better / (double)samples;
    comparison->interval = middle(values, samples, comparison->level);
    return true;
}

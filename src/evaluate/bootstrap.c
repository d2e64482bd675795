#include "evaluate/bootstrap.h"

#include <math.h>
#include <stdlib.h>

uint64_t el_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

size_t el_random_below(uint64_t *state, size_t limit) {
    uint64_t excess = -(uint64_t)limit % limit; /* 2^64 mod limit: these first numbers are unfair */
    uint64_t number;
    do {
        number = el_random(state);
    } while (number < excess);
    return (size_t)(number % limit);
}

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

/* Only what the micro scores need: adding whole tallies would cost four times as much. */
static void add(struct el_tally *sum, const struct el_tally *tally) {
    sum->gold += tally->gold;
    sum->predicted += tally->predicted;
    sum->found += tally->found;
    sum->right += tally->right;
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
    *intervals = (struct el_intervals){.level = level_of(options), .samples = samples};
    if (n_documents == 0 || samples == 0) {
        return true;
    }
    uint64_t state = options->seed;
    for (size_t s = 0; s < samples; s++) {
        struct el_tally sum = {0};
        for (size_t i = 0; i < n_documents; i++) {
            add(&sum, &by_document[el_random_below(&state, n_documents)]);
        }
        struct el_prf prf = el_tally_prf(&sum);
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
    if (values == NULL) {
        return false;
    }
    struct el_tally all_a = {0}, all_b = {0};
    for (size_t i = 0; i < n_documents; i++) {
        add(&all_a, &a[i]);
        add(&all_b, &b[i]);
    }
    *comparison = (struct el_comparison){.f1_a = el_tally_prf(&all_a).f1,
                                         .f1_b = el_tally_prf(&all_b).f1,
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
        struct el_tally sum_a = {0}, sum_b = {0};
        for (size_t i = 0; i < n_documents; i++) {
            size_t document = el_random_below(&state, n_documents);
            add(&sum_a, &a[document]);
            add(&sum_b, &b[document]);
        }
        values[s] = el_tally_prf(&sum_a).f1 - el_tally_prf(&sum_b).f1;
        better += values[s] > 0;
        /* The tiny allowance makes equal predictions differ by chance always: p = 1. */
        strayed += fabs(values[s] - comparison->difference) >= fabs(comparison->difference) - 1e-12;
    }
    comparison->p = (1 + (double)strayed) / (1 + (double)samples);
    comparison->a_better = (double)better / (double)samples;
    comparison->interval = middle(values, samples, comparison->level);
    return true;
}

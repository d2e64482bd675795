/* How sure is a score? Documents are drawn again with replacement, as many as there are, and the
 * score is taken anew; its spread over many such draws is the spread to expect from another test
 * set of the same kind. Whole documents are drawn, because the entities of one document are not
 * independent of each other.
 *
 * The generator is seeded: same input, same figures. Pure functions. */
#ifndef EL_EVALUATE_BOOTSTRAP_H
#define EL_EVALUATE_BOOTSTRAP_H

#include "evaluate/match.h"

struct el_bootstrap_options {
    size_t samples; /* draws, e.g. 1000; 0 = none */
    uint64_t seed;
    double level; /* e.g. 0.95; 0 = 0.95 */
};

struct el_interval {
    double low, high;
};

struct el_intervals {
    struct el_interval precision, recall, f1;
    double level;
    size_t samples;
};

/* Percentile intervals of the micro scores. Memory from `arena`: a few doubles a sample and a
 * document. False only if out of memory; so too below. */
bool el_bootstrap(const struct el_tally *by_document, size_t n_documents,
                  const struct el_bootstrap_options *options, struct el_arena *arena,
                  struct el_intervals *intervals);

/* Paired test of two predictions for the same documents: both are scored on the same draws.
 * `p` is two-sided: how often a draw's difference strays from the observed one by at least as much
 * as that is from zero, (1 + times) / (1 + samples) (Berg-Kirkpatrick et al. 2012). */
struct el_comparison {
    double f1_a, f1_b, difference; /* a - b */
    struct el_interval interval;   /* of the difference */
    double p;
    double a_better; /* share of draws with a above b */
    size_t documents, samples;
    double level;
};
bool el_compare(const struct el_tally *a, const struct el_tally *b, size_t n_documents,
                const struct el_bootstrap_options *options, struct el_arena *arena,
                struct el_comparison *comparison);

#endif

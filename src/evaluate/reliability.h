/* How far scores can be believed: of entities with scores about p, a share of p should be right.
 *
 * Ten bins of equal width, and the expected calibration error (Naeini, Cooper and Hauskrecht 2015,
 * "Obtaining well calibrated probabilities using Bayesian binning"):
 *
 *     ECE = sum_b |sum of scores in b - number right in b| / n */
#ifndef EL_EVALUATE_RELIABILITY_H
#define EL_EVALUATE_RELIABILITY_H

#include "evaluate/labels.h"

enum { EL_RELIABILITY_BINS = 10 };

/* {0} is empty. */
struct el_reliability {
    size_t count[EL_RELIABILITY_BINS], right[EL_RELIABILITY_BINS], total;
    double sum[EL_RELIABILITY_BINS]; /* of the scores */
};

/* `score`: 0 to 1; one that is none (NAN) is not counted. */
void el_reliability_add(struct el_reliability *reliability, double score, bool right);

/* All predicted entities with a score; right = gold has one of the same span and type. The lists
 * are parallel. */
struct el_reliability el_reliability_of(const struct el_labels *gold,
                                        const struct el_labels *predicted);

/* 0 to 1; NAN if nothing was added. */
double el_reliability_error(const struct el_reliability *reliability);

#endif

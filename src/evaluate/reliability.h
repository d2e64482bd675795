/* How far scores can be believed: of entities with scores about p, a share of p should be right.
 *
 * Ten bins of equal width, and the expected calibration error (Naeini, Cooper and Hauskrecht 2015,
 * "Obtaining well calibrated probabilities using Bayesian binning"):
 *
 *     ECE = sum_b |sum of scores in b - number right in b| / n
 *
 * With few entities in a bin it is far from 0 however true the scores are, so what chance alone
 * would show is told beside it (Broecker and Smith 2007, "Increasing the reliability of reliability
 * diagrams"): with scores p in b, |...| is about that of a normal distribution,
 *
 *     sqrt(2 / pi * sum of p (1 - p)) */
#ifndef EL_EVALUATE_RELIABILITY_H
#define EL_EVALUATE_RELIABILITY_H

#include "evaluate/labels.h"

enum { EL_RELIABILITY_BINS = 10 };

/* {0} is empty. */
struct el_reliability {
    size_t count[EL_RELIABILITY_BINS], right[EL_RELIABILITY_BINS], total;
    double sum[EL_RELIABILITY_BINS];      /* of the scores */
    double variance[EL_RELIABILITY_BINS]; /* of the number right, if the scores are true */
};

/* `score`: 0 to 1; what is none (NAN), or no probability, is not counted. */
void el_reliability_add(struct el_reliability *reliability, double score, bool right);

/* All predicted entities with a score; right = gold has one of the same span and type. The lists
 * are parallel. */
struct el_reliability el_reliability_of(const struct el_labels *gold,
                                        const struct el_labels *predicted);

/* 0 to 1; NAN if nothing was added. */
double el_reliability_error(const struct el_reliability *reliability);

/* What that would be about, if every score were the probability of being right; NAN as above. */
double el_reliability_chance(const struct el_reliability *reliability);

#endif

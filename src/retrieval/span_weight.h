/* The weight of a span of a query: how name-like its words are. Pure. */
#ifndef EL_RETRIEVAL_SPAN_WEIGHT_H
#define EL_RETRIEVAL_SPAN_WEIGHT_H

#include "base/text.h"
#include "language/pos.h"

/* w(s) of paper stage 1 for one span of a tagged sentence: the largest weight among its words.
 * `weights` by tag. A span that touches no word weighs 0. *tag gets the tag that decided. */
double el_span_weight(const struct el_span *words, const enum el_pos *tags, size_t n_words,
                      struct el_span span, const double weights[EL_POS_COUNT], enum el_pos *tag);

/* The published weights: PROPN 4, NOUN 2, PRON 1, otherwise 0. */
extern const double el_published_weights[EL_POS_COUNT];

#endif

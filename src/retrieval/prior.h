/* The prior of a span: how probable it is to be a mention, and of which type, by the labels of the
 * pool alone, before any model is asked.
 *
 * It is read from counts: how often the string is labelled where it occurs; how often its first and
 * last word, their beginnings, endings and shapes begin and end mentions; which words are inside of
 * mentions; what goes before and after them. Each count is a log-odds against the pool's average,
 * and a logistic regression weighs them:
 *
 *     P(mention | span) = 1 / (1 + exp(-w * x)),   P(type | mention, span) ~ exp(v * z_type)
 *
 * Both are fitted on the pool's sentences, each with its neighbourhood (el_pool_neighbours) taken
 * out of the counts. In a pool of more than 500 sentences one in four of the spans that are no
 * mention is looked at, and the bias is corrected for that (King and Zeng 2001, "Logistic
 * regression in rare events data").
 *
 * Belongs to one thread. */
#ifndef EL_RETRIEVAL_PRIOR_H
#define EL_RETRIEVAL_PRIOR_H

#include "language/segment.h"
#include "retrieval/pool.h"

struct el_prior;

/* Count and fit. The pool must outlive it. Of a large pool an even sample of its sentences is
 * counted. *prior is NULL where no label of the pool has its borders at words. */
bool el_prior_open(const struct el_pool *pool, struct el_prior **prior, struct el_error *err);
/* The names of its types, which are those of the pool; the pool's. */
const char *const *el_prior_types(const struct el_prior *prior, size_t *n);
void el_prior_close(struct el_prior *prior); /* NULL is allowed */

/* A sentence is looked at without what the pool says of this very sentence and its neighbourhood.
 * `words` are its words (el_segment_words). */

/* The spans of up to 8 words that are mentions with a probability of `least` or more, in `arena`.
 */
bool el_prior_spans(struct el_prior *prior, const char *text, const struct el_spans *words,
                    double least, struct el_arena *arena, struct el_spans *spans,
                    struct el_error *err);

/* For each span the probability that it is a mention, and if so, of each type (a row of
 * el_prior_types). Spans that end inside of words are taken as the words they touch. */
bool el_prior_of(struct el_prior *prior, const char *text, const struct el_spans *words,
                 const struct el_span *spans, size_t n_spans, struct el_arena *arena,
                 double *mention, float *shares, struct el_error *err);

#endif

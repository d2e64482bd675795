/* How probable each type is for each span of a constrained answer, from the log-probabilities of
 * the answer's tokens and of their alternatives.
 *
 * A server tells them token by token, before its grammar is applied. Along the tokens of a written
 * type, the probability of each alternative token goes to the types that it would have begun; what
 * begins no type is left out, and the rest is normalised at each step. The probability of a type is
 * thus that of its tokens, given that a type is written there. */
#ifndef EL_SERVING_CHOICES_H
#define EL_SERVING_CHOICES_H

#include "serving/call.h"

#include <jansson.h>

/* `tokens`: the answer's tokens, each {token, logprob, top_logprobs: [{token, logprob}]} or in
 * llama-server's older shape. `out`: a row of c->n_choices for each of the c->n_items; each sums to
 * 1, or is NAN where the tokens do not tell. Sets *any if some row is told. False if out of memory.
 */
bool el_choice_probabilities(const struct el_constraint *c, json_t *tokens, float *out, bool *any);

/* The choice that `rest` writes, which goes on from c->begun: up to its quote, or, where the answer
 * was cut before it, the only one that begins so. NULL if it is none, or may be several. */
const char *el_choice_of(const struct el_constraint *c, const char *rest, bool cut);

#endif

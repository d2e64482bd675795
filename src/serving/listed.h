/* How probable each item of a listed answer is, from the log-probabilities of its tokens: that the
 * list goes on where it does, with this item, to its closing quote. Tokens are told before a
 * grammar is applied; so an item that the grammar asked for has the probability that the model
 * would have given it. */
#ifndef EL_SERVING_LISTED_H
#define EL_SERVING_LISTED_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* `tokens`: of an answer that is a JSON array of strings, in the shape of logprobs.h. *out: from
 * malloc, a probability for each whole string, in their order; NULL if there is none. False if out
 * of memory. */
bool el_list_probabilities(json_t *tokens, float **out, size_t *n);

#endif

/* How probable each item of a listed answer is, from the log-probabilities of its tokens: that the
 * list goes on where it does, with this item, to its closing quote or mark. Tokens are told before
 * a grammar is applied; so an item that the grammar asked for has the probability that the model
 * would have given it. */
#ifndef EL_SERVING_LISTED_H
#define EL_SERVING_LISTED_H

#include "serving/call.h"

#include <jansson.h>

/* `tokens`: of an answer to a LIST_OF_SPANS, in the shape of logprobs.h. *out: from malloc, a
 * probability for each item, in their order: of a JSON array each whole string; of a marked
 * sentence each opening mark, with 0 for one that is never closed. NULL if there is none. False if
 * out of memory. */
bool el_list_probabilities(const struct el_constraint *c, json_t *tokens, float **out, size_t *n);

#endif

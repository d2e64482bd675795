/* The tokens of an answer as a server tells them with `logprobs`: a list of {token, logprob,
 * top_logprobs: [{token, logprob}]}, or llama-server's older shape. */
#ifndef EL_SERVING_LOGPROBS_H
#define EL_SERVING_LOGPROBS_H

#include "base/buffer.h"

#include <jansson.h>

/* The answer as its tokens give it. */
struct el_told {
    struct el_buffer text; /* of all tokens */
    json_t *tokens;        /* borrowed */
    size_t *starts;        /* of each token in the text, and the end */
    size_t count;
};

/* False if out of memory; el_told_close() is due either way. */
bool el_told_open(json_t *tokens, struct el_told *told);
void el_told_close(struct el_told *told);

/* Of a token or an alternative. "" and 0 where it does not tell. */
const char *el_told_text(json_t *token);
double el_told_probability(json_t *token);

/* What else could have stood there, most probable first; NULL if none is told. */
json_t *el_told_alternatives(json_t *token);

#endif

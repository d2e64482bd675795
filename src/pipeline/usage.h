/* What calls have cost. */
#ifndef EL_PIPELINE_USAGE_H
#define EL_PIPELINE_USAGE_H

#include <stdint.h>

struct el_usage {
    uint64_t calls;      /* answered or failed */
    uint64_t from_store; /* of these: answered without asking a member */
    uint64_t failed;     /* of these: without an answer */
    uint64_t prompt_tokens, answer_tokens, cached_tokens; /* as servers say, without the store's */
    double seconds;                                       /* summed over the calls */
};

#endif

/* Calls that brought no usable answer: why, how often, and what helps. */
#ifndef EL_PIPELINE_ABSTENTION_H
#define EL_PIPELINE_ABSTENTION_H

#include "base/buffer.h"
#include "config/config.h"
#include "serving/client.h"

/* A call that failed has the number of its enum el_failure. */
enum el_cause {
    EL_CAUSE_EMPTY = EL_FAILURES,
    EL_CAUSE_THINKING,
    EL_CAUSE_CUT,
    EL_CAUSE_REFUSED,
    EL_CAUSE_UNREADABLE,
    EL_CAUSES
};

struct el_abstentions {
    uint64_t n[EL_MAX_MEMBERS][EL_STAGES][EL_CAUSES];
    char detail[EL_MAX_MEMBERS][EL_CAUSES][256]; /* of the first: what a failed call said */
};

/* The cause of an abstention. */
enum el_cause el_cause_of(enum el_failure failure, const char *reply, size_t reply_len, bool cut);

/* A word for a cause: "timeout", "thinking". */
const char *el_cause_name(enum el_cause cause);

/* A sentence without a full stop: what happened and what helps. `detail` as above. */
void el_cause_explain(enum el_cause cause, enum el_stage stage, enum el_api api, const char *detail,
                      struct el_buffer *out);

void el_abstentions_add(struct el_abstentions *abstentions, size_t member, enum el_stage stage,
                        enum el_cause cause, const char *detail);

#endif

#include "pipeline/abstention.h"

#include "base/print.h"
#include "reply/unreadable.h"
#include "serving/api.h"

#include <string.h>

const char *el_cause_name(enum el_cause cause) {
    static const char *const names[] = {"empty", "thinking", "cut", "refused", "unreadable"};
    return cause < EL_CAUSE_EMPTY ? el_failure_name((enum el_failure)cause)
           : cause < EL_CAUSES    ? names[cause - EL_CAUSE_EMPTY]
                                  : "";
}

enum el_cause el_cause_of(enum el_failure failure, const char *reply, size_t reply_len, bool cut) {
    if (failure != EL_ANSWERED) {
        return (enum el_cause)failure;
    }
    switch (el_why_unreadable(reply, reply_len, cut)) {
    case EL_UNREADABLE_EMPTY:
        return EL_CAUSE_EMPTY;
    case EL_UNREADABLE_THINKING:
        return EL_CAUSE_THINKING;
    case EL_UNREADABLE_CUT:
        return EL_CAUSE_CUT;
    case EL_UNREADABLE_REFUSED:
        return EL_CAUSE_REFUSED;
    case EL_UNREADABLE_OTHER:
        break;
    }
    return EL_CAUSE_UNREADABLE;
}

/* ---- for people ---- */

struct words {
    const char *what, *remedy;
};

static struct words words_for(enum el_cause cause, enum el_stage stage) {
    static const char shown[] = "--trace FILE shows prompts and answers";
    switch ((int)cause) {
    case EL_FAILED_CONNECT:
        return (struct words){"no connection", "is the server running, and is this its address?"};
    case EL_FAILED_TIMEOUT:
        return (struct words){"timed out", "longer `timeouts` or fewer `slots` of the member help"};
    case EL_FAILED_STATUS:
        return (struct words){"the server refused", NULL};
    case EL_FAILED_MALFORMED:
        return (struct words){"the server's reply is not what its API promises",
                              "is `url` the address of a model server?"};
    case EL_FAILED_CONTEXT:
        return (struct words){"the prompt does not fit the model's context",
                              "a larger `context` of the member and its server, or fewer "
                              "demonstrations (k), help"};
    case EL_FAILED_DEAD:
        return (struct words){"server gone", NULL};
    case EL_FAILED_CANCELLED:
        return (struct words){"given up", NULL};
    case EL_CAUSE_EMPTY:
        return (struct words){"empty answer", shown};
    case EL_CAUSE_THINKING:
        return (struct words){"empty answer, the model was still thinking", NULL};
    case EL_CAUSE_CUT:
        return (struct words){"cut off at the length limit before anything could be read",
                              "a larger `max_tokens` of the member helps"};
    case EL_CAUSE_REFUSED:
        return (struct words){"the model declined to answer", shown};
    default:
        return (struct words){stage == EL_STAGE_VERIFY     ? "neither yes nor no in the answer"
                              : stage == EL_STAGE_CLASSIFY ? "no span with its type in the answer"
                                                           : "no list of spans in the answer",
                              shown};
    }
}

void el_cause_explain(enum el_cause cause, enum el_stage stage, enum el_api api, const char *detail,
                      struct el_buffer *out) {
    struct words words = words_for(cause, stage);
    el_buffer_string(out, words.what);
    if (detail != NULL && detail[0] != '\0') {
        el_buffer_printf(out, " (%s)", detail);
    }
    if (cause == EL_CAUSE_THINKING) {
        const char *off = el_api_no_thinking(api);
        el_buffer_printf(out, "; %s%s%s",
                         off[0] != '\0' ? "switch thinking off with extra_body: " : "", off,
                         off[0] != '\0' ? "" : "a larger `max_tokens` of the member helps");
    } else if (words.remedy != NULL) {
        el_buffer_printf(out, "; %s", words.remedy);
    }
}

void el_abstentions_add(struct el_abstentions *abstentions, size_t member, enum el_stage stage,
                        enum el_cause cause, const char *detail) {
    char *first = abstentions->detail[member][cause];
    abstentions->n[member][stage][cause]++;
    if (first[0] == '\0' && detail != NULL) {
        el_print(first, sizeof abstentions->detail[member][cause], "%s", detail);
    }
}

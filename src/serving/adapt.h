/* Servers refuse what others take: a field of the request that they do not know, a value, a role
 * of the messages. Such a refusal names its field. This file reads it and keeps what follows for
 * the endpoint: leave the field out, call it otherwise, put the system text into the first user
 * turn, or let the model begin its answer itself. Pure; no I/O. */
#ifndef EL_SERVING_ADAPT_H
#define EL_SERVING_ADAPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How requests to one endpoint differ from what they would be. It only grows. */
struct el_adaptation {
    uint32_t left_out; /* fields, by their number in the table of adapt.c */
    bool renamed;      /* max_tokens goes as max_completion_tokens */
    bool folded;       /* the system text begins the first user turn */
    bool whole;        /* answers are not begun for the model */
    unsigned count;    /* refusals it was made from */
};

/* NULL = nothing is adapted. */
bool el_leaves_out(const struct el_adaptation *adaptation, const char *field);

/* Reads a refusal (a reply with an HTTP status that is not a success) of the request `sent`. True
 * if it names something that was sent and can be done without: *adaptation has changed then, the
 * request is worth another try, and `what` says the change for people. Fields that `extra` (the
 * member's extra_body) holds are the user's own and stay. */
bool el_adapt(struct el_adaptation *adaptation, json_t *extra, const char *sent, long status,
              const char *reply, size_t reply_len, char *what, size_t room);

/* The changes in words ("without seed"); at most EL_MOST_CHANGES, static texts. Their number. */
enum { EL_MOST_CHANGES = 24 };
size_t el_adaptation_list(const struct el_adaptation *adaptation,
                          const char *changes[EL_MOST_CHANGES]);

/* The same, separated by commas; "" if there are none. */
void el_adaptation_say(const struct el_adaptation *adaptation, char *text, size_t room);

#endif

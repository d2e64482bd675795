#include "reply/answer.h"

#include "reply/readers.h"

#include <string.h>

struct el_piece el_without_thoughts(struct el_piece reply) {
    static const char *const names[] = {"think>", "thinking>", "thought>", "reasoning>"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        const char *at = reply.text, *end = at + reply.len, *open = NULL;
        while ((at = memmem(at, (size_t)(end - at), names[i], n)) != NULL) {
            if (at > reply.text + 1 && at[-1] == '/' && at[-2] == '<') {
                reply = el_piece_between(at + n, end);
                open = NULL;
            } else if (at > reply.text && at[-1] == '<' && open == NULL) {
                open = at - 1;
            }
            at += n;
        }
        if (open != NULL) {
            reply = el_piece_between(reply.text, open);
        }
    }
    return reply;
}

struct el_piece el_answer_of(const struct el_prompt_set *set, struct el_piece reply) {
    size_t end = 0;
    reply = el_piece_trim(el_without_thoughts(reply));
    for (int i = 0; i < 8 && reply.len > 0 && (end = el_end_of_answer(set, reply)) == 0; i++) {
        const char *close = memchr(reply.text, '>', reply.len);
        close = close != NULL ? close : memchr(reply.text, ']', reply.len);
        if (set->form == EL_ANSWER_MARKED || close == NULL) {
            break;
        }
        reply = el_piece_trim(el_piece_between(close + 1, reply.text + reply.len));
        static const char *const roles[] = {"assistant\n", "model\n"};
        for (size_t k = 0; k < sizeof roles / sizeof *roles; k++) {
            size_t n = el_piece_begins(reply, roles[k]) ? strlen(roles[k]) : 0;
            reply = (struct el_piece){reply.text + n, reply.len - n};
        }
    }
    return (struct el_piece){reply.text, reply.len > 0 ? end : 0};
}

/* The answers of compact sets: items between separators. */
#include "llm/reply_items.h"

#include <string.h>

/* Where the answer ends: at the first stop string or marker that is not the separator. A model that
 * was not stopped goes on inventing examples there. */
static size_t end_of_answer(const struct el_prompt_set *set, struct el_piece reply) {
    size_t end = reply.len;
    for (size_t i = 0; i < set->n_stop + set->n_markers; i++) {
        const char *word = i < set->n_stop ? set->stop[i] : set->markers[i - set->n_stop];
        if (set->separator == NULL || strcmp(word, set->separator) != 0) {
            const char *found = memmem(reply.text, end, word, strlen(word));
            end = found != NULL ? (size_t)(found - reply.text) : end;
        }
    }
    return end;
}

void el_read_separated(struct el_items *items, const struct el_prompt_set *set,
                       struct el_piece reply, bool cut) {
    const struct el_piece none = {0};
    size_t end = end_of_answer(set, reply);
    cut = cut && end == reply.len;
    reply.len = end;
    size_t separator = strlen(set->separator);
    if (el_piece_trim(reply).len == 0) {
        return;
    }
    for (;;) {
        const char *found = memmem(reply.text, reply.len, set->separator, separator);
        size_t len = found != NULL ? (size_t)(found - reply.text) : reply.len;
        if (found == NULL && cut) {
            return;
        }
        el_items_add(items, el_piece_trim((struct el_piece){reply.text, len}), none);
        if (found == NULL) {
            return;
        }
        reply.text += len + separator;
        reply.len -= len + separator;
    }
}

/* The answers of compact sets: items between separators. */
#include "llm/reply_items.h"

#include <string.h>

size_t el_end_of_answer(const struct el_prompt_set *set, struct el_piece reply) {
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
                       struct el_piece reply) {
    const struct el_piece none = {0};
    size_t end = el_end_of_answer(set, reply), separator = strlen(set->separator);
    bool cut = items->cut && end == reply.len;
    reply.len = end;
    items->separated = true;
    items->says_none = true; /* an empty answer is an empty list */
    while (el_piece_trim(reply).len > 0) {
        const char *found = memmem(reply.text, reply.len, set->separator, separator);
        size_t len = found != NULL ? (size_t)(found - reply.text) : reply.len;
        struct el_piece piece = el_piece_trim((struct el_piece){reply.text, len});
        if (found != NULL || !cut) {
            el_items_add(items, items->known->classify ? none : piece,
                         items->known->classify ? piece : none);
        }
        len += found != NULL ? separator : 0;
        reply = (struct el_piece){reply.text + len, reply.len - len};
    }
}

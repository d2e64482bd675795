/* A reply that follows no form: what is in code fences, else the whole. */
#include "reply/readers.h"

#include <string.h>

/* The contents of the next code fence from `*at` on; false if there is none. */
static bool next_fence(struct el_piece reply, size_t *at, struct el_piece *inside, bool *closed) {
    const char *end = reply.text + reply.len, *from = reply.text + *at;
    const char *open = memmem(from, (size_t)(end - from), "```", 3);
    const char *line = open != NULL ? memchr(open, '\n', (size_t)(end - open)) : NULL;
    const char *colon = line != NULL ? memchr(open, ':', (size_t)(line - open)) : NULL;
    if (line == NULL || colon != NULL || (open > reply.text && open[-1] != '\n')) {
        return false;
    }
    const char *close = memmem(line, (size_t)(end - line), "```", 3);
    *closed = close != NULL;
    *inside = el_piece_between(line + 1, close != NULL ? close : end);
    *at = (size_t)((close != NULL ? close + 3 : end) - reply.text);
    return true;
}

/* Is there a list in lines before the first bracket? What follows such a list is rubbish. */
static bool begins_with_lines(struct el_items *items, struct el_piece text) {
    struct el_items first = {
        .arena = items->arena, .known = items->known, .end = text.text + text.len};
    const char *bracket = text.text, *end = bracket + text.len;
    while (bracket < end && strchr("[{", *bracket) == NULL) {
        bracket++;
    }
    const char *line = memrchr(text.text, '\n', (size_t)(bracket - text.text));
    if (bracket == end || line == NULL) {
        return false;
    }
    el_read_lines(&first, el_piece_between(text.text, line));
    items->memory |= first.memory;
    return first.pairs >= 2;
}

static void read_text(struct el_items *items, struct el_piece text) {
    if (begins_with_lines(items, text)) {
        el_read_lines(items, text);
    } else if (!el_read_literals(items, text) && !items->memory && !el_read_tags(items, text)) {
        el_read_lines(items, text);
    }
}

/* Where was a cut reply cut? Not inside an item if a line break came last. */
static const char *end_of_cut(struct el_piece reply, bool cut) {
    bool finished = reply.len == 0 || reply.text[reply.len - 1] == '\n';
    struct el_piece trimmed = el_piece_trim(reply);
    return cut && !finished ? trimmed.text + trimmed.len : NULL;
}

void el_read_any(struct el_items *items, struct el_piece reply) {
    bool cut = items->cut, closed = false;
    size_t at = 0;
    struct el_piece inside;
    while (next_fence(reply, &at, &inside, &closed)) {
        items->cut = cut && !closed;
        items->end = end_of_cut(inside, items->cut);
        read_text(items, inside);
        if (items->count > 0 || items->says_none) {
            return;
        }
    }
    items->cut = cut;
    items->end = end_of_cut(reply, cut);
    read_text(items, el_piece_trim(reply));
}

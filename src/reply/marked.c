/* The answers of compact sets: the sentence with marks around its spans, and "span is type" between
 * separators. */
#include "reply/readers.h"

#include <string.h>

enum { DEEPEST = 16 };

static const struct el_piece NONE = {0};

enum { SIGNS = 4 };

/* Sign `i` of the set: one that may be inside of an answer; NULL if the set has none. */
static const char *sign(const struct el_prompt_set *set, size_t i) {
    const char *signs[SIGNS] = {set->open, set->close, set->is, set->separator};
    return signs[i];
}

static bool is_sign(const struct el_prompt_set *set, const char *word) {
    for (size_t i = 0; i < SIGNS; i++) {
        if (sign(set, i) != NULL && strcmp(sign(set, i), word) == 0) {
            return true;
        }
    }
    return false;
}

size_t el_end_of_answer(const struct el_prompt_set *set, struct el_piece reply) {
    size_t end = reply.len;
    for (size_t i = 0; i < set->n_stop + set->n_markers; i++) {
        const char *word = i < set->n_stop ? set->stop[i] : set->markers[i - set->n_stop];
        if (!is_sign(set, word)) {
            const char *found = memmem(reply.text, end, word, strlen(word));
            end = found != NULL ? (size_t)(found - reply.text) : end;
        }
    }
    return end;
}

bool el_has_marks(const struct el_prompt_set *set, struct el_piece reply) {
    for (size_t i = 0; i < SIGNS; i++) {
        const char *word = sign(set, i);
        if (word != NULL && memmem(reply.text, reply.len, word, strlen(word)) != NULL) {
            return true;
        }
    }
    return false;
}

static bool begins(struct el_piece text, const char *word) {
    size_t len = strlen(word);
    return text.len >= len && memcmp(text.text, word, len) == 0;
}

/* The next opening or closing mark of `text`; NULL if there is none. */
static const char *next_mark(const struct el_prompt_set *set, struct el_piece text, bool *opens) {
    for (; text.len > 0; text.text++, text.len--) {
        *opens = begins(text, set->open);
        if (*opens || begins(text, set->close)) {
            return text.text;
        }
    }
    return NULL;
}

/* Every marked piece, without the marks inside of it, in the order in which they open. A mark that
 * is never closed marks nothing: where it would have ended is not known. */
static void read_spans(struct el_items *items, const struct el_prompt_set *set,
                       struct el_piece reply) {
    struct {
        size_t item, start; /* its number; where it begins in `plain` */
    } opened[DEEPEST];
    char *plain = el_arena_array(items->arena, reply.len + 1, 1);
    size_t len = 0, depth = 0, skipped = 0;
    if (plain == NULL) {
        items->memory = true;
        return;
    }
    while (reply.len > 0) {
        bool opens;
        const char *mark = next_mark(set, reply, &opens);
        size_t before = mark != NULL ? (size_t)(mark - reply.text) : reply.len;
        memcpy(plain + len, reply.text, before);
        len += before;
        if (mark != NULL && opens && depth < DEEPEST) {
            opened[depth].item = items->count;
            opened[depth++].start = len;
            el_items_add(items, NONE, NONE);
        } else if (mark != NULL && opens) {
            skipped++;
        } else if (mark != NULL && skipped > 0) {
            skipped--;
        } else if (mark != NULL && depth > 0 && !items->memory) {
            depth--;
            items->list[opened[depth].item].span = el_piece_trim(
                (struct el_piece){plain + opened[depth].start, len - opened[depth].start});
        }
        size_t taken = before + (mark != NULL ? strlen(opens ? set->open : set->close) : 0);
        reply = (struct el_piece){reply.text + taken, reply.len - taken};
    }
}

static void read_types(struct el_items *items, const struct el_prompt_set *set,
                       struct el_piece reply, bool cut) {
    size_t separator = strlen(set->separator), is = strlen(set->is);
    reply = el_piece_trim(reply);
    while (reply.len > 0) {
        const char *found = memmem(reply.text, reply.len, set->separator, separator);
        size_t len = found != NULL ? (size_t)(found - reply.text) : reply.len;
        const char *middle = memmem(reply.text, len, set->is, is), *end = reply.text + len;
        struct el_piece span = NONE, type = el_piece_trim((struct el_piece){reply.text, len});
        if (middle != NULL) {
            span = el_piece_trim(el_piece_between(reply.text, middle));
            type = el_piece_trim(el_piece_between(middle + is, end));
        }
        if (found != NULL || !cut) {
            el_items_add(items, span, type);
        }
        len += found != NULL ? separator : 0;
        reply = (struct el_piece){reply.text + len, reply.len - len};
    }
}

void el_read_marked(struct el_items *items, const struct el_prompt_set *set,
                    struct el_piece reply) {
    size_t end = el_end_of_answer(set, reply);
    bool cut = items->cut && end == reply.len;
    reply.len = end;
    items->marked = true;
    items->says_none = true; /* an answer without marks says that there is nothing */
    if (items->known->classify) {
        read_types(items, set, reply, cut);
    } else {
        read_spans(items, set, reply);
    }
}

/* From the items that a reader found to spans, types and verdicts. */
#include "reply/reply.h"

#include "base/text.h"
#include "reply/items.h"

#include <stdlib.h>
#include <string.h>

/* ---- items -------------------------------------------------------------------------------- */

void el_items_add(struct el_items *items, struct el_piece span, struct el_piece type) {
    if (items->count == items->room) {
        size_t room = items->room == 0 ? 16 : items->room * 2;
        struct el_item *more = el_arena_array(items->arena, room, sizeof *more);
        if (more == NULL) {
            items->memory = true;
            return;
        }
        if (items->count > 0) {
            memcpy(more, items->list, items->count * sizeof *more);
        }
        items->list = more;
        items->room = room;
    }
    items->list[items->count++] = (struct el_item){span, type};
}

static struct el_piece copy_of(struct el_items *items, struct el_piece piece) {
    if (piece.text != NULL) {
        piece.text = el_arena_copy(items->arena, piece.text, piece.len);
        items->memory |= piece.text == NULL;
    }
    return piece;
}

void el_items_copy(struct el_items *items, struct el_piece span, struct el_piece type) {
    span = copy_of(items, span);
    type = copy_of(items, type);
    if (!items->memory) {
        el_items_add(items, span, type);
    }
}

void el_items_add_pair(struct el_items *items, struct el_piece a, struct el_piece b) {
    struct el_known *known = items->known;
    bool a_span = el_is_span(known, a), b_span = el_is_span(known, b), turned = !a_span && b_span;
    if (known->classify && a_span && b_span) {
        turned = el_which_type(known, b) < 0 && el_which_type(known, a) >= 0;
    }
    struct el_piece span = turned ? b : a, type = turned ? a : b;
    if (el_says_none(type) || (el_says_none(span) && !a_span && !b_span)) {
        items->says_none = true;
    } else {
        el_items_copy(items, el_piece_trim(span), type);
    }
}

bool el_is_unfinished(const struct el_items *items, struct el_piece piece) {
    return items->end != NULL && piece.text != NULL && piece.text + piece.len == items->end;
}

/* ---- the whole reply ---------------------------------------------------------------------- */

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

/* Does a list in lines stand before the first bracket? What follows such a list is rubbish. */
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

/* ---- spans -------------------------------------------------------------------------------- */

struct place {
    const char *text;
    size_t number;
};

static int by_text(const void *left, const void *right) {
    const struct place *a = left, *b = right;
    int order = strcmp(a->text, b->text);
    return order != 0 ? order : a->number < b->number ? -1 : a->number > b->number;
}

/* The distinct spans among the items, in order: a looping reply says the same over and over.
 * Sorted, not hashed, so that no reply can be made up that takes quadratic time. */
static bool distinct(struct el_arena *arena, const struct el_items *items,
                     struct el_strings *spans) {
    const char **texts = el_arena_array(arena, items->count, sizeof *texts);
    struct place *places = el_arena_array(arena, items->count, sizeof *places);
    size_t n = 0;
    if (texts == NULL || places == NULL) {
        return false;
    }
    for (size_t i = 0; i < items->count; i++) {
        struct el_piece piece = el_piece_trim(items->list[i].span);
        if (piece.len > 0 && memchr(piece.text, '\0', piece.len) == NULL) {
            texts[n] = el_arena_copy(arena, piece.text, piece.len);
            if (texts[n] == NULL) {
                return false;
            }
            places[n] = (struct place){texts[n], n};
            n++;
        }
    }
    qsort(places, n, sizeof *places, by_text);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(places[i].text, places[i - 1].text) == 0) {
            texts[places[i].number] = NULL;
        }
    }
    spans->items = texts;
    spans->count = 0;
    for (size_t i = 0; i < n; i++) {
        if (texts[i] != NULL) {
            texts[spans->count++] = texts[i];
        }
    }
    return true;
}

/* Without what a server should have taken away: thoughts, the markers of its chat template in
 * front, and all from the next marker on. */
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

/* A compact answer, unless the reply plainly is of another form. */
static void read_reply(struct el_items *items, const struct el_prompt_set *set,
                       struct el_piece reply) {
    bool marked = set->form == EL_ANSWER_MARKED;
    bool foreign = marked && reply.len > 0 && !el_has_marks(set, reply) &&
                   (memchr(reply.text, '\n', reply.len) != NULL || reply.text[0] == '[' ||
                    reply.text[0] == '{');
    if (marked && !foreign) {
        el_read_marked(items, set, reply);
        return;
    }
    struct el_piece answer = el_answer_of(set, reply);
    bool whole = answer.text + answer.len >= el_piece_trim(reply).text + el_piece_trim(reply).len;
    items->cut = items->cut && whole;
    el_read_any(items, whole ? el_piece_between(answer.text, reply.text + reply.len) : answer);
}

enum el_readable el_parse_spans(struct el_arena *arena, const struct el_prompt_set *set,
                                const char *reply, size_t reply_len, bool cut, const char *sentence,
                                struct el_strings *spans) {
    struct el_known known;
    struct el_items items = {.arena = arena, .known = &known, .cut = cut};
    *spans = (struct el_strings){0};
    if (!el_known_sentence(&known, arena, sentence)) {
        return EL_READ_MEMORY;
    }
    read_reply(&items, set, (struct el_piece){reply, reply_len});
    if (items.memory || known.memory || !distinct(arena, &items, spans)) {
        return EL_READ_MEMORY;
    }
    return spans->count > 0 || items.says_none ? EL_READ_OK : EL_READ_NOTHING;
}

/* ---- types -------------------------------------------------------------------------------- */

/* Answers that name no span are taken by position, where their number shows that they can be. */
static bool by_position(const struct el_items *items, size_t n_spans, bool any_number,
                        int *choice) {
    size_t single = 0, filled = 0;
    for (size_t i = 0; i < items->count; i++) {
        single += items->list[i].span.text == NULL;
    }
    if (single == 0 || (!any_number && single < n_spans && !items->cut)) {
        return false;
    }
    for (size_t i = 0, k = 0; i < items->count && k < n_spans; i++) {
        if (items->list[i].span.text == NULL) {
            choice[k] = el_which_type(items->known, items->list[i].type);
            filled += choice[k] >= 0;
            k++;
        }
    }
    return filled > 0;
}

static bool by_span(const struct el_items *items, int *choice) {
    bool any = false;
    for (size_t i = 0; i < items->count; i++) {
        const struct el_item *item = &items->list[i];
        int span = item->span.text != NULL ? el_which_span(items->known, item->span) : -1;
        if (span >= 0 && choice[span] < 0) { /* the first answer counts */
            choice[span] = el_which_type(items->known, item->type);
            any |= choice[span] >= 0;
        }
    }
    el_share_choices(items->known, choice);
    return any;
}

enum el_readable el_parse_types(struct el_arena *arena, const struct el_prompt_set *set,
                                const char *reply, size_t reply_len, bool cut,
                                const char *const *spans, size_t n_spans,
                                const struct el_prompt_type *types, size_t n_types, int *choice) {
    struct el_known known;
    struct el_items items = {.arena = arena, .known = &known, .cut = cut};
    for (size_t i = 0; i < n_spans; i++) {
        choice[i] = -1;
    }
    if (!el_known_types(&known, arena, spans, n_spans, types, n_types)) {
        return EL_READ_MEMORY;
    }
    read_reply(&items, set, (struct el_piece){reply, reply_len});
    bool marked = items.marked;
    bool any =
        n_spans == 0 || by_span(&items, choice) || by_position(&items, n_spans, marked, choice);
    if (!marked && !cut && !items.memory) {
        struct el_piece answer = el_answer_of(set, (struct el_piece){reply, reply_len});
        any |= el_read_prose_types(&known, answer, spans, n_spans, choice);
    }
    if (items.memory || known.memory) {
        return EL_READ_MEMORY;
    }
    return any ? EL_READ_OK : EL_READ_NOTHING;
}

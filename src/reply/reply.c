/* From the items that a reader found to spans and types. */
#include "reply/reply.h"

#include "reply/answer.h"
#include "reply/readers.h"

#include <stdlib.h>
#include <string.h>

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

/* Was the reply cut within its first item? An empty list it is not. */
static bool cut_in_list(const struct el_items *items, struct el_piece reply) {
    size_t at = reply.len;
    while (at > 0 && (reply.text[at - 1] == '\0' || strchr("[]{}", reply.text[at - 1]) == NULL)) {
        at--;
    }
    return items->cut && at > 0 && strchr("[{", reply.text[at - 1]) != NULL;
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
    bool none = items.says_none && !cut_in_list(&items, (struct el_piece){reply, reply_len});
    return spans->count > 0 || none ? EL_READ_OK : EL_READ_NOTHING;
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

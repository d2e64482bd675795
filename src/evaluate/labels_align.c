/* Two sets, document by document. */
#include "evaluate/labels.h"

#include <stdlib.h>
#include <string.h>

static bool same_bytes(const char *a, size_t a_len, const char *b, size_t b_len) {
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

static bool token_is(const struct el_labelled *a, size_t i, const struct el_labelled *b, size_t j) {
    struct el_span s = a->tokens[i], t = b->tokens[j];
    return same_bytes(a->text + s.start, s.end - s.start, b->text + t.start, t.end - t.start);
}

static size_t find_border(const struct el_labelled *document, size_t byte, bool start) {
    size_t low = 0, high = document->n_tokens;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        size_t at = start ? document->tokens[middle].start : document->tokens[middle].end;
        if (at == byte) {
            return middle;
        }
        if (at < byte) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return SIZE_MAX;
}

static bool differs(const struct el_labels *gold, const struct el_labelled *g,
                    const struct el_labels *other, const struct el_labelled *o,
                    struct el_error *err) {
    size_t at = 0;
    while (at < g->text_len && at < o->text_len && g->text[at] == o->text[at]) {
        at++;
    }
    size_t from = at > 20 ? at - 20 : 0;
    while (from > 0 && ((unsigned char)g->text[from] & 0xc0) == 0x80) {
        from--;
    }
    struct el_arena arena = {0};
    size_t g_len = g->text_len - from < 60 ? g->text_len - from : 60;
    size_t o_len = o->text_len - from < 60 ? o->text_len - from : 60;
    const char *g_part = el_utf8_replace_invalid(&arena, g->text + from, g_len, &g_len);
    const char *o_part = el_utf8_replace_invalid(&arena, o->text + from, o_len, &o_len);
    el_fail(err, EL_ERR_FORMAT,
            "%s:%zu: document \"%.80s\" has not the same text as \"%.80s\" at %s:%zu: they differ "
            "at byte %zu: \"%s\" against \"%s\"; both files must be made from the same text",
            other->path, o->line, o->id, g->id, gold->path, g->line, at,
            o_part != NULL ? o_part : "?", g_part != NULL ? g_part : "?");
    el_arena_free(&arena);
    return false;
}

/* Two files may join the same tokens to texts in different ways (with a space before a full stop,
 * say). Then spans are moved over token by token. The text is copied: either set may go first. */
static bool move_by_tokens(const struct el_labels *gold, const struct el_labelled *g,
                           struct el_labels *other, struct el_labelled *o, struct el_error *err) {
    bool same = g->n_tokens > 0 && g->n_tokens == o->n_tokens;
    for (size_t i = 0; same && i < g->n_tokens; i++) {
        same = token_is(g, i, o, i);
    }
    if (!same) {
        return differs(gold, g, other, o, err);
    }
    for (size_t i = 0; i < o->n_entities; i++) {
        struct el_span *span = &o->entities[i].span;
        size_t first = find_border(o, span->start, true), last = find_border(o, span->end, false);
        if (first == SIZE_MAX || last == SIZE_MAX) {
            return el_fail(err, EL_ERR_FORMAT,
                           "%s:%zu: an entity of \"%.80s\" begins or ends inside a token, and the "
                           "text is not that of %s:%zu; both files must be made from the same text",
                           other->path, o->line, o->id, gold->path, g->line);
        }
        *span = (struct el_span){g->tokens[first].start, g->tokens[last].end};
    }
    struct el_span *tokens = el_arena_array(&other->arena, g->n_tokens, sizeof *tokens);
    o->text = el_arena_copy(&other->arena, g->text, g->text_len);
    if (tokens == NULL || o->text == NULL) {
        return el_fail_memory(err);
    }
    memcpy(tokens, g->tokens, g->n_tokens * sizeof *tokens);
    o->text_len = g->text_len;
    o->tokens = tokens;
    return true;
}

static bool adopt(const struct el_labels *gold, const struct el_labelled *g,
                  struct el_labels *other, struct el_labelled *o, struct el_error *err) {
    return same_bytes(g->text, g->text_len, o->text, o->text_len) ||
           move_by_tokens(gold, g, other, o, err);
}

/* Numbers by id; NULL if an id repeats (then *repeats) or out of memory. */
static json_t *index_ids(const struct el_labels *labels, bool *repeats) {
    json_t *index = json_object();
    *repeats = false;
    for (size_t i = 0; index != NULL && i < labels->count; i++) {
        const char *id = labels->items[i].id;
        *repeats = json_object_get(index, id) != NULL;
        if (*repeats || json_object_set_new(index, id, json_integer((json_int_t)i)) != 0) {
            json_decref(index);
            return NULL;
        }
    }
    return index;
}

/* In place of a document that a set lacks: without labels, but with the id and the text, so that
 * the set can be aligned and read again. */
static bool stand_in(const struct el_labelled *g, struct el_labels *other,
                     struct el_labelled *item) {
    *item = (struct el_labelled){.id = el_arena_string(&other->arena, g->id),
                                 .text = el_arena_copy(&other->arena, g->text, g->text_len),
                                 .text_len = g->text_len,
                                 .missing = true};
    return item->id != NULL && item->text != NULL;
}

static bool by_id(const struct el_labels *gold, struct el_labels *other, json_t *gold_index,
                  bool common, struct el_error *err) {
    struct el_labelled *items = calloc(gold->count + 1, sizeof *items);
    if (items == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < gold->count; i++) {
        items[i].missing = true;
    }
    bool ok = true;
    for (size_t j = 0; ok && j < other->count; j++) {
        json_t *number = json_object_get(gold_index, other->items[j].id);
        if (number != NULL) {
            size_t i = (size_t)json_integer_value(number);
            ok = adopt(gold, &gold->items[i], other, &other->items[j], err);
            items[i] = other->items[j];
        }
    }
    for (size_t i = 0; ok && i < gold->count; i++) {
        if (items[i].missing && common) {
            ok = stand_in(&gold->items[i], other, &items[i]) || el_fail_memory(err);
        } else if (items[i].missing) {
            ok = el_fail(err, EL_ERR_FORMAT,
                         "%s: has no document \"%.80s\" (%s:%zu); --common scores only the "
                         "documents that both have",
                         other->path, gold->items[i].id, gold->path, gold->items[i].line);
        }
    }
    if (!ok) {
        free(items);
        return false;
    }
    free(other->items);
    other->items = items;
    other->count = other->capacity = gold->count;
    return true;
}

static bool by_position(const struct el_labels *gold, struct el_labels *other,
                        struct el_error *err) {
    size_t n = gold->count < other->count ? gold->count : other->count;
    for (size_t i = 0; i < n; i++) {
        if (!adopt(gold, &gold->items[i], other, &other->items[i], err)) {
            return false;
        }
    }
    if (gold->count != other->count) {
        return el_fail(err, EL_ERR_FORMAT,
                       "%s has %zu documents, but %s has %zu; the first %zu have the same text",
                       other->path, other->count, gold->path, gold->count, n);
    }
    return true;
}

bool el_labels_align(const struct el_labels *gold, struct el_labels *other, bool common,
                     struct el_error *err) {
    bool repeats, other_repeats;
    json_t *gold_index = index_ids(gold, &repeats);
    json_t *other_index = gold_index != NULL ? index_ids(other, &other_repeats) : NULL;
    if ((gold_index == NULL && !repeats) ||
        (gold_index != NULL && other_index == NULL && !other_repeats)) {
        json_decref(gold_index);
        return el_fail_memory(err);
    }
    size_t known = 0;
    for (size_t j = 0; other_index != NULL && j < other->count; j++) {
        known += json_object_get(gold_index, other->items[j].id) != NULL;
    }
    bool use_ids = other_index != NULL && (common ? known > 0 : known == other->count);
    bool ok = use_ids ? by_id(gold, other, gold_index, common, err) : by_position(gold, other, err);
    json_decref(gold_index);
    json_decref(other_index);
    return ok;
}

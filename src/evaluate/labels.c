#include "evaluate/labels.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void el_labels_free(struct el_labels *labels) {
    free(labels->items);
    el_arena_free(&labels->arena);
    *labels = (struct el_labels){0};
}

static struct el_labelled *append(struct el_labels *labels) {
    if (labels->count == labels->capacity) {
        size_t capacity = labels->capacity == 0 ? 256 : labels->capacity * 2;
        struct el_labelled *items = realloc(labels->items, capacity * sizeof *items);
        if (items == NULL) {
            return NULL;
        }
        labels->items = items;
        labels->capacity = capacity;
    }
    labels->items[labels->count] = (struct el_labelled){0};
    return &labels->items[labels->count++];
}

static void *copy_array(struct el_arena *arena, const void *from, size_t count, size_t size) {
    void *copy = el_arena_array(arena, count, size);
    if (copy != NULL && count > 0) {
        memcpy(copy, from, count * size);
    }
    return copy;
}

static bool copy_entity(struct el_arena *arena, struct el_entity *entity) {
    entity->type = el_arena_string(arena, entity->type);
    entity->extra = NULL; /* belongs to the document that goes */
    struct el_vote *votes = copy_array(arena, entity->votes, entity->n_votes, sizeof *votes);
    for (size_t i = 0; votes != NULL && i < entity->n_votes; i++) {
        votes[i].type = el_arena_string(arena, votes[i].type);
        if (votes[i].type == NULL) {
            return false;
        }
    }
    entity->votes = votes;
    return entity->type != NULL && votes != NULL;
}

static bool copy_document(struct el_arena *arena, struct el_labelled *to,
                          const struct el_document *from) {
    *to = (struct el_labelled){
        .id = el_arena_string(arena, from->id),
        .text = el_arena_copy(arena, from->text, from->text_len),
        .text_len = from->text_len,
        .tokens = copy_array(arena, from->tokens, from->n_tokens, sizeof *from->tokens),
        .n_tokens = from->n_tokens,
        .entities = copy_array(arena, from->entities, from->n_entities, sizeof *from->entities),
        .n_entities = from->n_entities,
        .lang = from->lang != NULL ? el_arena_string(arena, from->lang) : NULL,
        .sentence_per_document = from->sentence_per_document,
        .answered = from->labelled,
        .abstained = from->abstained,
        .line = from->line,
    };
    if (to->id == NULL || to->text == NULL || to->tokens == NULL || to->entities == NULL ||
        (from->lang != NULL && to->lang == NULL)) {
        return false;
    }
    for (size_t i = 0; i < to->n_entities; i++) {
        if (!copy_entity(arena, &to->entities[i])) {
            return false;
        }
    }
    if (from->tags != NULL) {
        const char **tags = el_arena_array(arena, from->n_tokens, sizeof *tags);
        for (size_t i = 0; tags != NULL && i < from->n_tokens; i++) {
            tags[i] = el_arena_string(arena, from->tags[i]);
            if (tags[i] == NULL) {
                return false;
            }
        }
        to->tags = tags;
        return tags != NULL;
    }
    return true;
}

bool el_labels_add(struct el_labels *labels, const struct el_document *document,
                   struct el_error *err) {
    struct el_labelled *item = append(labels);
    if (item == NULL) {
        return el_fail_memory(err);
    }
    if (!copy_document(&labels->arena, item, document)) {
        labels->count--;
        return el_fail_memory(err);
    }
    return true;
}

static bool read_documents(const char *path, const struct el_read_options *options,
                           struct el_labels *labels, struct el_error *err) {
    const struct el_read_options defaults = {0};
    struct el_reader *reader;
    if (!el_reader_open(path, options != NULL ? options : &defaults, &reader, err)) {
        return false;
    }
    struct el_document *document;
    int more;
    while ((more = el_reader_next(reader, &document, err)) == 1) {
        bool ok = el_labels_add(labels, document, err);
        el_document_free(document);
        if (!ok) {
            more = -1;
            break;
        }
    }
    el_reader_close(reader);
    return more == 0;
}

static bool any_answer(const struct el_labels *labels) {
    for (size_t i = 0; i < labels->count; i++) {
        if (labels->items[i].answered) {
            return true;
        }
    }
    return false;
}

bool el_labels_read(const char *path, const struct el_read_options *options, bool must_have_labels,
                    struct el_labels *labels, struct el_error *err) {
    *labels = (struct el_labels){0};
    bool recorded;
    if (!el_labels_are_recorded(path, &recorded, err)) {
        return false;
    }
    bool ok = recorded ? el_labels_read_recorded(path, NULL, 0, labels, err)
                       : read_documents(path, options, labels, err);
    labels->path = ok ? el_arena_string(&labels->arena, path) : NULL;
    ok = ok && (labels->path != NULL || el_fail_memory(err));
    if (ok && must_have_labels && !any_answer(labels)) {
        ok = el_fail(err, EL_ERR_FORMAT,
                     "%s: no document has entities; give a file with labels (CoNLL, or JSON lines "
                     "with \"entities\")",
                     path);
    }
    if (!ok) {
        el_labels_free(labels);
    }
    return ok;
}

/* Alignment. */

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
 * say). Then spans are moved over token by token. */
static bool move_by_tokens(const struct el_labels *gold, const struct el_labelled *g,
                           const struct el_labels *other, struct el_labelled *o,
                           struct el_error *err) {
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
    o->text = g->text;
    o->text_len = g->text_len;
    o->tokens = g->tokens;
    return true;
}

static bool adopt(const struct el_labels *gold, const struct el_labelled *g,
                  const struct el_labels *other, struct el_labelled *o, struct el_error *err) {
    return same_bytes(g->text, g->text_len, o->text, o->text_len) ||
           move_by_tokens(gold, g, other, o, err);
}

/* Numbers by id; NULL if an id repeats (then *repeats) or memory is out. */
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
    for (size_t i = 0; ok && !common && i < gold->count; i++) {
        if (items[i].missing) {
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

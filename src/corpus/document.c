#include "corpus/document.h"

#include "base/array.h"
#include "base/characters.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>

struct el_document *el_document_new(void) {
    return calloc(1, sizeof(struct el_document));
}

void el_document_free(struct el_document *document) {
    if (document != NULL) {
        json_decref(document->extra);
        json_decref(document->kept);
        el_arena_free(&document->arena);
        free(document);
    }
}

bool el_document_add_entity(struct el_document *document, const struct el_entity *entity,
                            size_t *capacity) {
    if (!EL_ARENA_GROW(&document->arena, document->entities, *capacity, document->n_entities + 1)) {
        return false;
    }
    document->entities[document->n_entities++] = *entity;
    return true;
}

/* Text from tokens. */

static bool is_spaceless(uint32_t c) {
    return el_spacing_of(c) == EL_UNSPACED_SIGNS;
}

static bool token_is_spaceless(const char *token, size_t len) {
    for (size_t at = 0; at < len;) {
        if ((unsigned char)token[at] < 0x80) {
            at++;
        } else if (is_spaceless(el_utf8_next(token, len, &at))) {
            return true;
        }
    }
    return false;
}

static bool token_has_letters(const char *token, size_t len) {
    for (size_t at = 0; at < len;) {
        if (u_isalpha((UChar32)el_utf8_next(token, len, &at))) {
            return true;
        }
    }
    return false;
}

/* Does a token that ends in (begins with) this character need a space to its neighbour even in a
 * text written without spaces? */
static bool is_foreign_letter(uint32_t c) {
    return u_isalnum((UChar32)c) && !is_spaceless(c);
}

/* The first or last character; 0 of an empty token. */
static uint32_t edge(const char *token, size_t len, bool last) {
    size_t at = last && len > 0 ? len - 1 : 0;
    while (at > 0 && ((unsigned char)token[at] & 0xC0) == 0x80) {
        at--;
    }
    return len > 0 ? el_utf8_next(token, len, &at) : 0;
}

static bool text_is_spaceless(const struct el_span *pieces, size_t count, const char *bytes) {
    size_t spaceless = 0, others = 0;
    for (size_t i = 0; i < count; i++) {
        const char *token = bytes + pieces[i].start;
        size_t len = pieces[i].end - pieces[i].start;
        if (token_is_spaceless(token, len)) {
            spaceless++;
        } else if (token_has_letters(token, len)) {
            others++;
        }
    }
    return spaceless > others;
}

bool el_document_join_tokens(struct el_document *document, const struct el_span *pieces,
                             size_t count, const char *bytes) {
    size_t need = count + 1;
    for (size_t i = 0; i < count; i++) {
        need += pieces[i].end - pieces[i].start;
    }
    char *text = el_arena_alloc(&document->arena, need);
    struct el_span *tokens = el_arena_array(&document->arena, count, sizeof *tokens);
    if (text == NULL || tokens == NULL) {
        return false;
    }
    bool spaceless = text_is_spaceless(pieces, count, bytes);
    size_t out = 0;
    uint32_t before = 0;
    for (size_t i = 0; i < count; i++) {
        const char *token = bytes + pieces[i].start;
        size_t len = pieces[i].end - pieces[i].start;
        bool gap = i > 0 && (!spaceless || (is_foreign_letter(before) &&
                                            is_foreign_letter(edge(token, len, false))));
        if (gap) {
            text[out++] = ' ';
        }
        tokens[i].start = out;
        memcpy(text + out, token, len);
        out += len;
        tokens[i].end = out;
        before = spaceless ? edge(token, len, true) : 0;
    }
    document->text = text;
    document->text_len = out;
    document->tokens = tokens;
    document->n_tokens = count;
    return true;
}

/* Order and overlap. */

static int compare_entities(const void *left, const void *right) {
    const struct el_entity *a = left, *b = right;
    int order = el_span_order(a->span, b->span);
    return order != 0 ? order : strcmp(a->type, b->type);
}

/* Stable, unlike qsort: of duplicates the first one added must stay. */
static void merge_sort(struct el_entity *items, struct el_entity *spare, size_t count) {
    if (count < 2) {
        return;
    }
    size_t half = count / 2;
    merge_sort(items, spare, half);
    merge_sort(items + half, spare, count - half);
    if (compare_entities(&items[half - 1], &items[half]) <= 0) {
        return;
    }
    memcpy(spare, items, half * sizeof *items);
    size_t left = 0, right = half, out = 0;
    while (left < half) {
        bool take_left = right == count || compare_entities(&spare[left], &items[right]) <= 0;
        items[out++] = take_left ? spare[left++] : items[right++];
    }
}

static void insertion_sort(struct el_entity *items, size_t count) {
    for (size_t i = 1; i < count; i++) {
        struct el_entity moving = items[i];
        size_t at = i;
        for (; at > 0 && compare_entities(&items[at - 1], &moving) > 0; at--) {
            items[at] = items[at - 1];
        }
        items[at] = moving;
    }
}

const struct el_entity *el_entity_find(const struct el_entity *entities, size_t count,
                                       struct el_span span, const char *type) {
    size_t from = 0, to = count; /* the first that does not start before the span */
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (entities[middle].span.start < span.start) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    for (; from < count && entities[from].span.start == span.start; from++) {
        if (entities[from].span.end == span.end &&
            (type == NULL || strcmp(entities[from].type, type) == 0)) {
            return &entities[from];
        }
    }
    return NULL;
}

void el_document_sort_entities(struct el_document *document) {
    size_t count = document->n_entities;
    struct el_entity *items = document->entities;
    struct el_entity *spare = count > 16 ? malloc(count / 2 * sizeof *spare) : NULL;
    if (spare != NULL) {
        merge_sort(items, spare, count);
        free(spare);
    } else {
        insertion_sort(items, count); /* short lists, and the way without memory */
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare_entities(&items[kept - 1], &items[i]) != 0) {
            items[kept++] = items[i];
        }
    }
    document->n_entities = kept;
}

bool el_document_overlap(const struct el_document *document, const struct el_entity **first,
                         const struct el_entity **second) {
    const struct el_entity *reaching = NULL; /* the one that ends last so far */
    for (size_t i = 0; i < document->n_entities; i++) {
        const struct el_entity *entity = &document->entities[i];
        if (reaching != NULL && entity->span.start < reaching->span.end) {
            *first = reaching;
            *second = entity;
            return true;
        }
        if (reaching == NULL || entity->span.end > reaching->span.end) {
            reaching = entity;
        }
    }
    return false;
}

/* Tokens by position. */

/* The first token whose end lies after `byte`. */
static size_t token_behind(const struct el_span *tokens, size_t n_tokens, size_t byte) {
    size_t low = 0, high = n_tokens;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tokens[middle].end > byte) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

bool el_tokens_cover(const struct el_span *tokens, size_t n_tokens, struct el_span span,
                     size_t *first, size_t *end, bool *exact) {
    size_t from = token_behind(tokens, n_tokens, span.start), to = from;
    while (to < n_tokens && tokens[to].start < span.end) {
        to++;
    }
    if (to == from) {
        return false;
    }
    *first = from;
    *end = to;
    *exact = tokens[from].start == span.start && tokens[to - 1].end == span.end;
    return true;
}

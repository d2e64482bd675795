/* What the values of JSON answers say: spans, pairs of span and type, records, lists of them. */
#include "base/buffer.h"
#include "reply/readers.h"

#include <string.h>

enum { DEEPEST_WALK = 64 };

static struct el_piece text_of(const json_t *value) {
    return json_is_string(value)
               ? (struct el_piece){json_string_value(value), json_string_length(value)}
               : (struct el_piece){0};
}

static bool among(const char *key, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (el_piece_is(el_piece_of(key), words[i])) {
            return true;
        }
    }
    return false;
}

static bool is_span_key(const char *key) {
    static const char *const words[] = {
        "span",  "text", "entity", "name",  "surface", "word",        "mention",     "phrase",
        "value", "term", "string", "token", "words",   "entity_text", "entity_name", "span_text"};
    return among(key, words, sizeof words / sizeof *words);
}

static bool is_type_key(const char *key) {
    static const char *const words[] = {"type",  "label",       "category",     "class",
                                        "tag",   "entity_type", "entity_label", "entity_group",
                                        "types", "labels",      "ner_tag",      "entityType"};
    return among(key, words, sizeof words / sizeof *words);
}

static void walk(struct el_items *items, const json_t *value, struct el_piece type, int depth);

/* A span that was named as one. */
static void add_span(struct el_items *items, struct el_piece span, struct el_piece type) {
    span = el_piece_trim(span);
    if (el_says_none(span) && !el_is_span(items->known, span)) {
        items->says_none = true;
    } else if (type.text != NULL && el_says_none(type)) {
        items->says_none = true;
    } else {
        el_items_copy(items, span, type);
    }
}

/* A copy that outlives the JSON value. */
static struct el_piece keep(struct el_items *items, struct el_piece piece) {
    const char *copy = piece.text != NULL ? el_arena_copy(items->arena, piece.text, piece.len) : "";
    items->memory |= copy == NULL;
    return (struct el_piece){piece.text != NULL ? copy : NULL, copy != NULL ? piece.len : 0};
}

/* A string by itself: mostly a span, or in classification a type. */
static void add_string(struct el_items *items, struct el_piece text, struct el_piece type) {
    const struct el_piece none = {0};
    text = keep(items, text);
    type = keep(items, type);
    if (el_read_phrase(items, text, type)) {
        return;
    }
    if (items->known->classify) {
        el_items_copy(items, none, text);
    } else if (el_says_none(text)) {
        items->says_none = true;
    } else if (el_piece_words(text) <= 12) {
        el_items_copy(items, el_piece_trim(text), type);
    }
}

static struct el_piece join(struct el_arena *arena, const json_t *array) {
    struct el_buffer text = {0};
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct el_piece part = text_of(json_array_get(array, i));
        if (part.text != NULL && part.len > 0) {
            el_buffer_append(&text, " ", text.len > 0);
            el_buffer_append(&text, part.text, part.len);
        }
    }
    struct el_piece joined = {0};
    if (!text.failed && text.len > 0) {
        joined = (struct el_piece){el_arena_copy(arena, text.data, text.len), text.len};
    }
    el_buffer_free(&text);
    return joined;
}

/* The span of a value: a string, or the words of a list. */
static struct el_piece span_of(struct el_items *items, const json_t *value) {
    if (!json_is_array(value)) {
        return text_of(value);
    }
    struct el_piece joined = join(items->arena, value);
    struct el_piece first = text_of(json_array_get(value, 0));
    return joined.text == NULL || el_is_span(items->known, joined) ? joined : first;
}

/* [span, type, ...]: the first two texts. */
static void add_tuple(struct el_items *items, const json_t *array) {
    struct el_piece parts[2] = {{0}};
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(array) && n < 2; i++) {
        struct el_piece part = span_of(items, json_array_get(array, i));
        if (part.text != NULL) {
            parts[n++] = part;
        }
    }
    if (n == 2) {
        el_items_add_pair(items, parts[0], parts[1]);
    } else if (n == 1) {
        add_string(items, parts[0], parts[1]);
    }
}

struct census {
    size_t strings, numbers, arrays, objects;
    size_t spans; /* of the strings */
};

static struct census count_values(struct el_items *items, const json_t *array) {
    struct census c = {0};
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *value = json_array_get(array, i);
        c.strings += json_is_string(value);
        c.arrays += json_is_array(value);
        c.objects += json_is_object(value);
        c.numbers += json_is_number(value);
        c.spans += json_is_string(value) && el_is_span(items->known, text_of(value));
    }
    return c;
}

/* An array of plain values inside of another: a tuple, unless each of its strings is a span. */
static bool is_tuple(struct el_items *items, const json_t *array) {
    struct census c = count_values(items, array);
    return c.arrays + c.objects == 0 && c.strings > 0 &&
           (c.numbers > 0 || (c.strings >= 2 && c.spans < c.strings));
}

/* ["Oslo", "location", "Ada", "person"]: answers of classification may alternate. */
static bool add_alternating(struct el_items *items, const json_t *array) {
    size_t n = json_array_size(array), pairs = 0;
    for (size_t i = 0; items->known->classify && i + 1 < n; i += 2) {
        pairs += el_is_span(items->known, text_of(json_array_get(array, i))) &&
                 el_which_type(items->known, text_of(json_array_get(array, i + 1))) >= 0;
    }
    if (n == 0 || n % 2 != 0 || pairs * 2 != n) {
        return false;
    }
    for (size_t i = 0; i < n; i += 2) {
        add_span(items, text_of(json_array_get(array, i)), text_of(json_array_get(array, i + 1)));
    }
    return true;
}

static void walk_list(struct el_items *items, const json_t *array, struct el_piece type,
                      int depth) {
    const struct el_piece none = {0};
    bool tuples = false;
    for (size_t i = 0; !tuples && i < json_array_size(array); i++) {
        const json_t *value = json_array_get(array, i);
        tuples = json_is_array(value) && is_tuple(items, value);
    }
    bool mixed = count_values(items, array).arrays > 0;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *value = json_array_get(array, i);
        struct el_piece text = text_of(value);
        if (json_is_array(value) && tuples && count_values(items, value).arrays == 0) {
            add_tuple(items, value);
        } else if (text.text != NULL && mixed && !el_is_span(items->known, text)) {
            continue; /* a stray string between lists */
        } else if (json_is_null(value) && items->known->classify) {
            el_items_copy(items, none, el_piece_of(""));
        } else {
            walk(items, value, type, depth);
        }
    }
}

static void walk_array(struct el_items *items, const json_t *array, struct el_piece type,
                       int depth) {
    struct census c = count_values(items, array);
    bool words_first =
        c.arrays == 1 && json_is_array(json_array_get(array, 0)) && c.strings + c.numbers > 0;
    if (json_array_size(array) == 0) {
        items->says_none = true;
    } else if (words_first && c.objects == 0) {
        add_tuple(items, array); /* [["two", "words"], "type", 3, 4] */
    } else if (c.arrays + c.objects == 0 && c.numbers > 0 && c.strings <= 2) {
        add_tuple(items, array); /* ["Oslo", "location", 3, 4] */
    } else if (!add_alternating(items, array)) {
        walk_list(items, array, type, depth);
    }
}

/* {"span": ..., "type": ...} in any wording. False if the object is of another kind. */
static bool walk_record(struct el_items *items, const json_t *object, struct el_piece type,
                        int depth) {
    const char *key;
    json_t *value;
    struct el_piece span = {0}, other = {0}, own_type = {0};
    json_object_foreach((json_t *)object, key, value) {
        struct el_piece text = span_of(items, value);
        if (is_span_key(key) && text.text != NULL && !el_is_sentence(items->known, text)) {
            bool better = span.text == NULL || span.len == 0 ||
                          (!el_is_span(items->known, span) && el_is_span(items->known, text));
            other = better ? span : text;
            span = better ? text : span;
        } else if (is_type_key(key) && text.text != NULL) {
            own_type = text;
        }
    }
    if (span.text == NULL && own_type.text != NULL && items->known->classify) {
        el_items_copy(items, span, own_type);
        return true;
    }
    if (span.text == NULL) {
        return false;
    }
    if (span.len > 0) {
        add_span(items, span, own_type.text != NULL ? own_type : other.text != NULL ? other : type);
    }
    json_object_foreach((json_t *)object, key, value) { /* further spans of a free schema */
        struct el_piece text = text_of(value);
        if (own_type.text == NULL && !is_span_key(key) &&
            (json_is_array(value) || (text.text != NULL && el_is_span(items->known, text)))) {
            walk(items, value, el_piece_of(key), depth);
        }
    }
    return true;
}

/* Does a value hold a span, at its top? */
static bool holds_span(struct el_items *items, const json_t *value) {
    if (json_is_array(value)) {
        return count_values(items, value).spans > 0;
    }
    return json_is_string(value) && el_is_span(items->known, text_of(value));
}

static void walk_pair(struct el_items *items, const char *key, const json_t *value, bool key_first,
                      int depth) {
    struct el_piece name = keep(items, el_piece_of(key)), text = keep(items, text_of(value));
    bool is_span = el_is_span(items->known, name);
    if (json_is_object(value)) {
        json_t *type = json_object_get(value, "type");
        type = type != NULL ? type : json_object_get(value, "label");
        if (is_span && json_is_string(type)) {
            add_span(items, name, text_of(type));
        } else {
            walk(items, value, name, depth);
        }
    } else if (json_is_array(value) && !(is_span && key_first && json_array_size(value) > 0)) {
        walk(items, value, name, depth);
    } else if (json_is_array(value)) {
        add_span(items, name, text_of(json_array_get(value, 0)));
    } else if (json_is_true(value) || (json_is_number(value) && is_span)) {
        add_span(items, name, (struct el_piece){0});
    } else if (text.text == NULL || el_says_none(text)) {
        items->says_none = true;
    } else if (key_first) {
        add_span(items, name, text);
    } else if (!el_read_phrase(items, text, name) && el_piece_words(text) <= 3 &&
               el_piece_words(name) <= 6) {
        add_span(items, name, text);
    }
}

/* {"Oslo": "location"}, {"location": ["Oslo"]}, {"entities": [...]}: keys and values change places
 * from model to model; what is in the sentence decides. */
static void walk_object(struct el_items *items, const json_t *object, struct el_piece type,
                        int depth) {
    if (json_object_size(object) == 0) {
        items->says_none = true;
        return;
    }
    if (walk_record(items, object, type, depth)) {
        return;
    }
    const char *key;
    json_t *value;
    size_t keys = 0, values = 0;
    json_object_foreach((json_t *)object, key, value) {
        keys += el_is_span(items->known, el_piece_of(key));
        values += holds_span(items, value) ? (json_is_array(value) ? 2 : 1) : 0;
    }
    json_object_foreach((json_t *)object, key, value) {
        if (!el_is_sentence(items->known, text_of(value))) {
            walk_pair(items, key, value, keys > 0 && keys >= values, depth);
        }
    }
}

static void walk(struct el_items *items, const json_t *value, struct el_piece type, int depth) {
    if (depth > DEEPEST_WALK) {
        return;
    }
    if (json_is_array(value)) {
        walk_array(items, value, type, depth + 1);
    } else if (json_is_object(value)) {
        walk_object(items, value, type, depth + 1);
    } else if (json_is_string(value)) {
        add_string(items, text_of(value), type);
    }
}

void el_read_json(struct el_items *items, const json_t *value) {
    walk(items, value, (struct el_piece){0}, 0);
}

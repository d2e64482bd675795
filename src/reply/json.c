/* JSON and Python literals, as models write them.
 *
 * Strict JSON is jansson's. What it refuses goes to a forgiving scanner that builds jansson values
 * as well: any kind of quotes or none, trailing and missing commas, tuples, None, brackets that
 * are never closed, chatter around. Both end in the same walk over values. The scanner looks at
 * each byte a bounded number of times and keeps its stack bounded: brackets nested deeper than
 * DEEPEST are read as if they were not there. */
#include "base/buffer.h"
#include "base/json.h"
#include "reply/items.h"

#include <stdio.h>
#include <string.h>

enum { DEEPEST = 24, DEEPEST_WALK = 64 };

/* ---- the forgiving scanner ---------------------------------------------------------------- */

struct level {
    json_t *value;  /* array or object, owned by its parent or by the scanner at the bottom */
    json_t *key;    /* object: a key that waits for its value */
    size_t unnamed; /* object: values without a key so far */
};

struct scanner {
    const char *at, *end;
    struct el_items *items;
    struct level stack[DEEPEST];
    size_t depth, too_deep; /* too_deep: brackets read as if they were not there */
    bool memory;
};

static bool white(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_white(struct scanner *s) {
    while (s->at < s->end && white(*s->at)) {
        s->at++;
    }
}

/* A new value into the innermost array or object. Steals the reference. */
static void put(struct scanner *s, json_t *value) {
    if (value == NULL) {
        s->memory = true;
        return;
    }
    struct level *top = &s->stack[s->depth - 1];
    int failed;
    if (json_is_array(top->value)) {
        failed = json_array_append(top->value, value);
    } else if (top->key != NULL) {
        failed = json_object_set(top->value, json_string_value(top->key), value);
        json_decref(top->key);
        top->key = NULL;
    } else if (json_is_string(value)) {
        /* The key of a pair; if no ':' follows, the next value takes its place. */
        top->key = json_incref(value);
        failed = 0;
    } else {
        char name[32];
        snprintf(name, sizeof name, "%zu", ++top->unnamed);
        failed = json_object_set(top->value, name, value);
    }
    s->memory |= failed != 0;
    json_decref(value);
}

/* A key whose value never came, as in a set {"a", "b"}: the key is what was said. */
static void settle_key(struct scanner *s) {
    struct level *top = &s->stack[s->depth - 1];
    if (top->key != NULL) {
        s->memory |= json_object_set_new(top->value, json_string_value(top->key), json_true()) != 0;
        json_decref(top->key);
        top->key = NULL;
    }
}

static void open_level(struct scanner *s, char bracket) {
    if (s->depth == DEEPEST) {
        s->too_deep++;
        return;
    }
    json_t *value = bracket == '{' ? json_object() : json_array();
    if (value == NULL) {
        s->memory = true;
        return;
    }
    if (s->depth > 0) {
        put(s, json_incref(value)); /* the parent keeps it, the stack has a reference too */
    }
    s->stack[s->depth++] = (struct level){.value = value};
}

/* Close the innermost level; at the bottom the value is handed out. */
static json_t *close_level(struct scanner *s) {
    settle_key(s);
    json_t *value = s->stack[--s->depth].value;
    if (s->depth > 0) {
        json_decref(value);
        return NULL;
    }
    return value;
}

/* A closing bracket closes up to the level it belongs to; one that belongs to none is ignored. */
static json_t *close_bracket(struct scanner *s, char bracket) {
    if (s->too_deep > 0) {
        s->too_deep--;
        return NULL;
    }
    size_t level = s->depth;
    while (level > 0 && json_is_object(s->stack[level - 1].value) != (bracket == '}')) {
        level--;
    }
    json_t *value = NULL;
    while (level > 0 && s->depth >= level) {
        value = close_level(s);
    }
    return value;
}

/* Does a string that ended before `at` really end there? What follows must be able to follow. */
static bool ends_string(const struct scanner *s, const char *at) {
    const char *from = at;
    while (at < s->end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    bool missing_comma = at > from && at < s->end && (*at == '"' || *at == '\'');
    return at == s->end || missing_comma || strchr(",:]})\n\r;", *at) != NULL;
}

static unsigned hex4(const char *at, const char *end) {
    unsigned value = 0;
    for (int i = 0; i < 4; i++, at++) {
        char c = at < end ? *at : ' ';
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 16;
        if (digit == 16) {
            return 0;
        }
        value = value * 16 + digit;
    }
    return value;
}

static void add_utf8(struct el_buffer *text, unsigned c) {
    if (c < 0x80) {
        el_buffer_char(text, (char)c);
    } else if (c < 0x800) {
        el_buffer_char(text, (char)(0xC0 | c >> 6));
        el_buffer_char(text, (char)(0x80 | (c & 63)));
    } else if (c < 0x10000) {
        el_buffer_char(text, (char)(0xE0 | c >> 12));
        el_buffer_char(text, (char)(0x80 | (c >> 6 & 63)));
        el_buffer_char(text, (char)(0x80 | (c & 63)));
    } else {
        el_buffer_char(text, (char)(0xF0 | c >> 18));
        el_buffer_char(text, (char)(0x80 | (c >> 12 & 63)));
        el_buffer_char(text, (char)(0x80 | (c >> 6 & 63)));
        el_buffer_char(text, (char)(0x80 | (c & 63)));
    }
}

/* The escape at s->at (a backslash): its text, and move on. Unknown ones keep the backslash. */
static void escape(struct scanner *s, struct el_buffer *text) {
    static const char names[] = "\"\\/'bfnrt", signs[] = "\"\\/'     ";
    char c = s->at + 1 < s->end ? s->at[1] : '\0';
    const char *known = c != '\0' ? strchr(names, c) : NULL;
    unsigned code = c == 'u' ? hex4(s->at + 2, s->end) : 0;
    if (known != NULL) {
        el_buffer_char(text, signs[known - names]);
        s->at += 2;
    } else if (code >= 0x20) {
        s->at += 6;
        if (code >= 0xD800 && code < 0xDC00 && s->end - s->at >= 6 && s->at[0] == '\\' &&
            s->at[1] == 'u') {
            unsigned low = hex4(s->at + 2, s->end);
            if (low >= 0xDC00 && low < 0xE000) {
                code = 0x10000 + ((code - 0xD800) << 10) + low - 0xDC00;
                s->at += 6;
            } /* else what follows is an escape of its own, or none */
        }
        add_utf8(text, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
    } else {
        el_buffer_char(text, '\\');
        s->at++;
    }
}

/* A string in quotes of any kind. It ends at a quote of its kind that something follows which may
 * follow a string, so that "Thomsen's disease" survives single quotes; or at the end of the line,
 * for no pretty-printer breaks lines in strings. False if the reply was cut in it. */
static bool read_quoted(struct scanner *s, struct el_buffer *text) {
    enum el_quote opened, kind;
    s->at += el_quote_at(s->at, (size_t)(s->end - s->at), &opened);
    while (s->at < s->end && *s->at != '\n') {
        if (*s->at == '\\') {
            escape(s, text);
            continue;
        }
        size_t n = el_quote_at(s->at, (size_t)(s->end - s->at), &kind);
        if (n > 0 && kind == opened && ends_string(s, s->at + n)) {
            s->at += n;
            return true;
        }
        el_buffer_append(text, s->at, n > 0 ? n : 1);
        s->at += n > 0 ? n : 1;
    }
    return s->at < s->end || !s->items->cut;
}

/* Numbers are values of their own: they tell tuples from lists. */
static bool is_number(struct el_piece piece) {
    size_t digits = 0;
    for (size_t i = 0; i < piece.len; i++) {
        digits += piece.text[i] >= '0' && piece.text[i] <= '9';
        if (strchr("0123456789.-+%", piece.text[i]) == NULL) {
            return false;
        }
    }
    return digits > 0;
}

static json_t *bare_value(struct el_piece piece) {
    if (el_piece_is(piece, "none") || el_piece_is(piece, "null") || el_piece_is(piece, "nan")) {
        return json_null();
    }
    if (el_piece_is(piece, "true") || el_piece_is(piece, "false")) {
        return json_boolean(el_piece_is(piece, "true"));
    }
    return is_number(piece) ? json_integer(0) : json_stringn_nocheck(piece.text, piece.len);
}

/* A word without quotes: up to the next sign that ends a value. */
static void read_bare(struct scanner *s) {
    const char *from = s->at;
    bool object = json_is_object(s->stack[s->depth - 1].value);
    size_t round = 0; /* open brackets inside, as in len(sentence) */
    while (s->at < s->end && strchr(",]}\n", *s->at) == NULL && !(*s->at == ')' && round == 0) &&
           !(object && *s->at == ':')) {
        round += *s->at == '(';
        round -= *s->at == ')';
        s->at++;
    }
    struct el_piece piece = el_piece_trim(el_piece_between(from, s->at));
    bool unfinished = s->at == s->end && s->items->cut;
    if (piece.len > 0 && !unfinished) {
        put(s, bare_value(piece));
    }
    if (s->at == from) { /* a sign that belongs nowhere */
        s->at++;
    }
}

static void read_string(struct scanner *s) {
    struct el_buffer text = {0};
    el_buffer_string(&text, "");
    if (read_quoted(s, &text) && !text.failed) {
        put(s, json_stringn_nocheck(text.data, text.len));
    }
    s->memory |= text.failed;
    el_buffer_free(&text);
}

/* The value that begins with the bracket at s->at; NULL if memory is out. */
static json_t *read_value(struct scanner *s) {
    json_t *done = NULL;
    open_level(s, *s->at++);
    while (!s->memory && done == NULL && s->depth > 0) {
        skip_white(s);
        if (s->at == s->end) {
            while (s->depth > 0) {
                done = close_level(s);
            }
            return done;
        }
        char c = *s->at;
        enum el_quote kind;
        size_t quote = el_quote_at(s->at, (size_t)(s->end - s->at), &kind);
        if (c == '[' || c == '{' || c == '(') {
            open_level(s, c);
            s->at++;
        } else if (c == ']' || c == '}' || c == ')') {
            done = close_bracket(s, c);
            s->at++;
        } else if (c == ',' || c == ';') {
            if (json_is_object(s->stack[s->depth - 1].value)) {
                settle_key(s);
            }
            s->at++;
        } else if (c == ':') {
            s->at++;
        } else if (quote > 0) {
            read_string(s);
        } else {
            read_bare(s);
        }
    }
    while (s->memory && s->depth > 0) {
        struct level *top = &s->stack[--s->depth];
        json_decref(top->key);
        json_decref(top->value);
    }
    return done;
}

/* ---- what the values say ------------------------------------------------------------------ */

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

/* A string that stands alone: mostly a span, or in classification a type. */
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
 * from model to model; what stands in the sentence decides. */
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

/* ---- where values begin ------------------------------------------------------------------- */

/* A bracket at the start of a line that holds the line: "[Oslo, Ada]", or is alone on it. */
static bool holds_line(const char *at, const char *end) {
    char close = *at == '[' ? ']' : '}';
    const char *line = memchr(at, '\n', (size_t)(end - at));
    line = line != NULL ? line : end;
    if (el_piece_trim(el_piece_between(at + 1, line)).len == 0) {
        return true;
    }
    const char *found = memrchr(at, close, (size_t)(line - at));
    return found != NULL && found + 2 >= el_piece_trim(el_piece_between(at, line)).len + at &&
           memchr(at + 1, *at, (size_t)(found - at - 1)) == NULL;
}

static bool begins_value(const char *start, const char *at, const char *end) {
    const char *next = at + 1, *before = at;
    enum el_quote kind;
    if (*at != '[' && *at != '{') {
        return false;
    }
    while (next < end && white(*next)) {
        next++;
    }
    if (next < end &&
        (strchr("[{(]}", *next) != NULL || el_quote_at(next, (size_t)(end - next), &kind) > 0)) {
        return true;
    }
    while (before > start && (before[-1] == ' ' || before[-1] == '\t')) {
        before--;
    }
    return (before == start || before[-1] == '\n') && holds_line(at, end);
}

/* Text between two values: does the second correct the first, or begin something else? */
static bool corrects(struct el_piece between) {
    static const char *const words[] = {"revised", "Revised", "corrected", "Corrected", "updated",
                                        "Updated", "final",   "Final",     "actually",  "instead"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (memmem(between.text, between.len, words[i], strlen(words[i])) != NULL) {
            return true;
        }
    }
    return false;
}

static bool only_signs(struct el_piece between) {
    for (size_t i = 0; i < between.len; i++) {
        if (!white(between.text[i]) && strchr(",;+.|`-", between.text[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static bool read_strict(struct el_items *items, struct el_piece reply) {
    json_error_t error;
    json_t *value = el_json_load(reply.text, reply.len, 0, &error);
    if (value == NULL) {
        items->memory |= json_error_code(&error) == json_error_out_of_memory;
        return false;
    }
    walk(items, value, (struct el_piece){0}, 0);
    json_decref(value);
    return true;
}

bool el_read_literals(struct el_items *items, struct el_piece reply) {
    reply = el_piece_trim(reply);
    const char *end = reply.text + reply.len, *at = reply.text, *gap = at;
    bool found = false;
    if (reply.len > 0 && strchr("[{", *at) != NULL && read_strict(items, reply)) {
        return true;
    }
    while (at < end && !items->memory) {
        if (!begins_value(reply.text, at, end)) {
            at++;
            continue;
        }
        struct el_piece between = el_piece_between(gap, at);
        if (found && items->count > 0 && !only_signs(between)) {
            bool paragraph = memchr(between.text, '\n', between.len) != NULL;
            if (corrects(between)) {
                items->count = 0;
            } else if (paragraph) {
                break;
            }
        }
        struct scanner s = {.at = at, .end = end, .items = items};
        json_t *value = read_value(&s);
        items->memory |= s.memory;
        walk(items, value, (struct el_piece){0}, 0);
        json_decref(value);
        at = gap = s.at;
        found = true;
    }
    return found && (items->count > 0 || items->says_none);
}

/* The stack is bounded: brackets nested deeper than DEEPEST are read as if they were not there. */
#include "reply/loose_json.h"

#include "base/buffer.h"
#include "reply/piece.h"

#include <stdio.h>
#include <string.h>

enum { DEEPEST = 24 };

struct level {
    json_t *value;  /* array or object, owned by its parent or by the scanner at the bottom */
    json_t *key;    /* object: a key that waits for its value */
    size_t unnamed; /* object: values without a key so far */
};

struct scanner {
    const char *at, *end;
    bool cut; /* the end of the reply is missing */
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
    return s->at < s->end || !s->cut;
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
    bool unfinished = s->at == s->end && s->cut;
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

/* The value that begins with the bracket at s->at; NULL if out of memory. */
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

json_t *el_loose_json(const char **at, const char *end, bool cut, bool *memory) {
    struct scanner s = {.at = *at, .end = end, .cut = cut};
    json_t *value = read_value(&s);
    *at = s.at;
    *memory |= s.memory;
    return value;
}

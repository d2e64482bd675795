#include "corpus/token_ranges.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

/* ---- Pieces of JSON: each function gives what follows the piece, NULL if it is not plain */

static const char *skip_blank(const char *at) {
    while (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n') {
        at++;
    }
    return at;
}

/* The last byte of the escape whose backslash is at `at`. Halves of surrogate pairs and NUL are
 * left to the parser. */
static const char *skip_escape(const char *at) {
    at++;
    if (*at != 'u') {
        return *at != '\0' && strchr("\"\\/bfnrt", *at) != NULL ? at : NULL;
    }
    bool plain = strspn(at + 1, "0123456789abcdefABCDEF") >= 4 && at[1] != 'd' && at[1] != 'D' &&
                 strncmp(at + 1, "0000", 4) != 0;
    return plain ? at + 4 : NULL;
}

static const char *skip_string(const char *at) {
    if (*at != '"') {
        return NULL;
    }
    for (at++; *at != '"'; at++) {
        if ((unsigned char)*at < ' ' || (*at == '\\' && (at = skip_escape(at)) == NULL)) {
            return NULL;
        }
    }
    return at + 1;
}

static const char *read_number(const char *at, json_int_t *number) {
    enum { MOST_DIGITS = 18 }; /* that always fit */
    const char *from = at;
    *number = 0;
    while (*at >= '0' && *at <= '9' && at - from < MOST_DIGITS) {
        *number = *number * 10 + (*at++ - '0');
    }
    return at > from && (*from != '0' || at == from + 1) ? at : NULL;
}

static const char *skip_word(const char *at) {
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t len = strlen(words[i]);
        if (strncmp(at, words[i], len) == 0) {
            return at + len;
        }
    }
    return NULL;
}

/* ---- A token ---- */

struct key {
    const char *name;
    size_t len; /* with both quotes */
};

static bool is_key(struct key key, const char *quoted) {
    return key.len == strlen(quoted) && memcmp(key.name, quoted, key.len) == 0;
}

/* A duplicate key is a mistake; one with escapes could be another in disguise. */
static bool is_new_key(const struct key *keys, size_t count, struct key key) {
    for (size_t i = 0; i < count; i++) {
        if (keys[i].len == key.len && memcmp(keys[i].name, key.name, key.len) == 0) {
            return false;
        }
    }
    return memchr(key.name, '\\', key.len) == NULL;
}

static const char *read_token(const char *at, struct el_token_range *range) {
    enum { MOST_KEYS = 16 };
    struct key keys[MOST_KEYS];
    size_t count = 0;
    *range = (struct el_token_range){-1, -1};
    if (*at != '{') {
        return NULL;
    }
    do {
        const char *name = skip_blank(at + 1), *behind = skip_string(name);
        if (behind == NULL || count == MOST_KEYS) {
            return NULL;
        }
        struct key key = {name, (size_t)(behind - name)};
        if (!is_new_key(keys, count, key) || *(at = skip_blank(behind)) != ':') {
            return NULL;
        }
        keys[count++] = key;
        at = skip_blank(at + 1);
        if (*at >= '0' && *at <= '9') {
            json_int_t number;
            at = read_number(at, &number);
            if (is_key(key, "\"start\"")) {
                range->start = number;
            } else if (is_key(key, "\"end\"")) {
                range->end = number;
            }
        } else {
            at = *at == '"' ? skip_string(at) : skip_word(at);
        }
        at = at != NULL ? skip_blank(at) : NULL;
    } while (at != NULL && *at == ',');
    return at != NULL && *at == '}' && range->start >= 0 && range->end >= 0 ? at + 1 : NULL;
}

/* ---- The array ---- */

static bool add(struct el_token_ranges *ranges, struct el_token_range range) {
    if (!EL_GROW(ranges->items, ranges->capacity, ranges->count + 1)) {
        return false;
    }
    ranges->items[ranges->count++] = range;
    return true;
}

/* Where the array begins that is "tokens" of the object itself, not of one within it. */
static const char *find_array(const char *text) {
    static const char key[] = "\"tokens\"";
    size_t depth = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '"') {
            const char *behind = skip_string(at);
            if (behind == NULL) {
                return NULL;
            }
            if (depth == 1 && is_key((struct key){at, (size_t)(behind - at)}, key)) {
                const char *value = skip_blank(behind); /* no colon: it is not a key */
                if (*value == ':' && *(value = skip_blank(value + 1)) == '[') {
                    return value;
                }
            }
            at = behind - 1;
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if (*at == '}' || *at == ']') {
            depth--;
        }
    }
    return NULL;
}

bool el_token_ranges_take(struct el_token_ranges *ranges, const char *text, size_t len) {
    ranges->count = 0;
    const char *array = find_array(text), *at = array;
    if (array == NULL) {
        return false;
    }
    do {
        struct el_token_range range;
        at = read_token(skip_blank(at + 1), &range);
        if (at == NULL || !add(ranges, range)) {
            ranges->count = 0;
            return false;
        }
        at = skip_blank(at);
    } while (*at == ',');
    el_buffer_clear(&ranges->rest);
    el_buffer_append(&ranges->rest, text, (size_t)(array + 1 - text));
    el_buffer_append(&ranges->rest, at, (size_t)(text + len - at));
    if (*at != ']' || ranges->rest.failed) {
        ranges->count = 0;
    }
    return ranges->count > 0;
}

void el_token_ranges_free(struct el_token_ranges *ranges) {
    free(ranges->items);
    el_buffer_free(&ranges->rest);
    *ranges = (struct el_token_ranges){0};
}

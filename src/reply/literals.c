/* Where JSON and Python literals begin in a reply. Strict JSON is jansson's; what it refuses goes
 * to a forgiving scanner that makes jansson values as well. */
#include "base/json.h"
#include "reply/loose_json.h"
#include "reply/readers.h"

#include <string.h>

static bool white(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

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
    el_read_json(items, value);
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
        json_t *value = el_loose_json(&at, end, items->cut, &items->memory);
        el_read_json(items, value);
        json_decref(value);
        gap = at;
        found = true;
    }
    return found && (items->count > 0 || items->says_none);
}

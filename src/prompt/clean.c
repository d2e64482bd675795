#include "prompt/clean.h"

#include <string.h>

/* The length of the marker that `text` begins with, 0 = none. */
static size_t marker_at(const struct el_prompt_set *set, const char *text) {
    size_t longest = 0;
    for (size_t i = 0; i < set->n_markers; i++) {
        if (set->markers[i][0] != text[0]) {
            continue; /* nearly always: this runs at every character of every prompt */
        }
        size_t len = strlen(set->markers[i]);
        if (len > longest && strncmp(text, set->markers[i], len) == 0) {
            longest = len;
        }
    }
    return longest;
}

/* The length of the first UTF-8 character of `text`. */
static size_t character(const char *text) {
    size_t len = 1;
    while (((unsigned char)text[len] & 0xC0) == 0x80) {
        len++;
    }
    return len;
}

void el_prompt_clean(const struct el_prompt_set *set, const char *text, bool json,
                     struct el_buffer *out) {
    if (json) {
        el_buffer_char(out, '"');
    }
    while (*text != '\0') {
        size_t len = character(text);
        unsigned char c = (unsigned char)text[0];
        bool line_break = c == '\n' && set->chat;
        bool control = c < 0x20 || c == 0x7F || /* U+0080..9F, U+2028, U+2029: */
                       (c == 0xC2 && (unsigned char)text[1] < 0xA0) ||
                       strncmp(text, "\xE2\x80\xA8", 3) == 0 ||
                       strncmp(text, "\xE2\x80\xA9", 3) == 0;
        if (control && !line_break) {
            el_buffer_char(out, ' ');
        } else if (json && line_break) {
            el_buffer_string(out, "\\n");
        } else {
            if (json && (c == '"' || c == '\\')) {
                el_buffer_char(out, '\\');
            }
            el_buffer_append(out, text, len);
            if (marker_at(set, text) > 0) {
                el_buffer_char(out, ' ');
            }
        }
        text += len;
    }
    if (json) {
        el_buffer_char(out, '"');
    }
}

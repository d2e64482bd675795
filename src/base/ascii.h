/* Letters of ASCII, whatever the locale: names, keywords and file endings are compared by these.
 * Other bytes are not letters and equal only themselves. Texts are compared by el_text_fold(). */
#ifndef EL_BASE_ASCII_H
#define EL_BASE_ASCII_H

#include <stdbool.h>
#include <stddef.h>

static inline char el_ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline char el_ascii_upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static inline bool el_ascii_letter(char c) {
    return el_ascii_lower(c) >= 'a' && el_ascii_lower(c) <= 'z';
}

static inline bool el_ascii_digit(char c) {
    return c >= '0' && c <= '9';
}

/* strncasecmp() == 0 */
static inline bool el_ascii_begins(const char *a, const char *b, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (el_ascii_lower(a[i]) != el_ascii_lower(b[i])) {
            return false;
        }
        if (a[i] == '\0') {
            return true;
        }
    }
    return true;
}

/* strcasecmp() == 0 */
static inline bool el_ascii_same(const char *a, const char *b) {
    return el_ascii_begins(a, b, (size_t)-1);
}

/* strcasestr() != NULL */
static inline bool el_ascii_holds(const char *text, const char *part, size_t part_len) {
    for (; *text != '\0'; text++) {
        if (el_ascii_begins(text, part, part_len)) {
            return true;
        }
    }
    return part_len == 0;
}

#endif

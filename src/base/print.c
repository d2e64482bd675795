#include "base/print.h"

#include "base/locale.h"
#include "base/text.h"

#include <string.h>

size_t el_vprint(char *text, size_t size, const char *format, va_list args) {
    int wanted = size > 0 ? el_vsnprintf(text, size, format, args) : -1;
    if (wanted < 0) {
        if (size > 0) {
            text[0] = '\0';
        }
        return 0;
    }
    bool cut = (size_t)wanted >= size;
    size_t len = cut ? size - 1 : (size_t)wanted, out = 0;
    for (size_t at = 0; at < len;) {
        size_t valid = el_utf8_valid_prefix(text + at, len - at);
        memmove(text + out, text + at, valid);
        out += valid;
        at += valid;
        if (at < len) {
            size_t bad = el_utf8_invalid(text + at, len - at);
            if (!cut || at + bad < len) {
                text[out++] = '?';
            }
            at += bad;
        }
    }
    text[out] = '\0';
    return out;
}

size_t el_print(char *text, size_t size, const char *format, ...) {
    va_list args;
    va_start(args, format);
    size_t len = el_vprint(text, size, format, args);
    va_end(args);
    return len;
}

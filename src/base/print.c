#include "base/print.h"

#include "base/locale.h"
#include "base/text.h"

#include <string.h>

/* `cut`: the text goes on, so that its last character may be a part of one. */
static size_t clean(char *text, size_t len, bool cut) {
    size_t out = 0;
    for (size_t at = 0; at < len;) {
        size_t next = at;
        uint32_t c = el_utf8_next(text, len, &next);
        bool valid = el_utf8_valid_prefix(text + at, next - at) == next - at;
        if (valid && !el_is_control(c)) {
            memmove(text + out, text + at, next - at);
            out += next - at;
        } else if (valid || !cut || next < len) {
            text[out++] = c == '\t' || c == '\n' || c == '\r' ? ' ' : '?';
        }
        at = next;
    }
    text[out] = '\0';
    return out;
}

size_t el_clean(char *text, size_t len) {
    return clean(text, len, false);
}

size_t el_vprint(char *text, size_t size, const char *format, va_list args) {
    int wanted = size > 0 ? el_vsnprintf(text, size, format, args) : -1;
    if (wanted < 0) {
        if (size > 0) {
            text[0] = '\0';
        }
        return 0;
    }
    bool cut = (size_t)wanted >= size;
    return clean(text, cut ? size - 1 : (size_t)wanted, cut);
}

size_t el_print(char *text, size_t size, const char *format, ...) {
    va_list args;
    va_start(args, format);
    size_t len = el_vprint(text, size, format, args);
    va_end(args);
    return len;
}

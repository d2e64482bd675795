#include "base/base64.h"

#include <stdint.h>

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void el_base64_write(struct el_buffer *out, const void *bytes, size_t len) {
    const unsigned char *from = bytes;
    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t group = (uint32_t)from[i] << 16;
        group |= n > 1 ? (uint32_t)from[i + 1] << 8 : 0;
        group |= n > 2 ? from[i + 2] : 0;
        char four[4] = {DIGITS[group >> 18], DIGITS[group >> 12 & 63], '=', '='};
        four[2] = n > 1 ? DIGITS[group >> 6 & 63] : '=';
        four[3] = n > 2 ? DIGITS[group & 63] : '=';
        el_buffer_append(out, four, 4);
    }
}

static int value_of(char c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool el_base64_read(const char *text, size_t len, void *bytes, size_t room, size_t *n_bytes) {
    unsigned char *to = bytes;
    size_t padding = 0;
    *n_bytes = 0;
    if (len % 4 != 0) {
        return false;
    }
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=') {
        padding++;
    }
    if (len / 4 * 3 - padding > room) {
        return false;
    }
    for (size_t i = 0; i < len; i += 4) {
        size_t n = i + 4 == len ? 4 - padding : 4; /* characters that carry bits */
        uint32_t group = 0;
        for (size_t j = 0; j < 4; j++) {
            int value = j < n ? value_of(text[i + j]) : 0;
            if (value < 0) {
                return false;
            }
            group = group << 6 | (uint32_t)value;
        }
        if ((group & ((UINT32_C(1) << 8 * (4 - n)) - 1)) != 0) {
            return false;
        }
        for (size_t j = 0; j + 1 < n; j++) {
            to[(*n_bytes)++] = (unsigned char)(group >> (16 - 8 * j));
        }
    }
    return true;
}

#include "base/buffer.h"

#include "base/locale.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct el_buffer *buffer, size_t more) {
    size_t ceiling = buffer->limit != 0 ? buffer->limit : SIZE_MAX / 4;
    if (buffer->failed || buffer->len > ceiling || more > ceiling - buffer->len) {
        buffer->failed = true;
        return false;
    }
    size_t need = buffer->len + more + 1;
    if (need > buffer->capacity) {
        size_t capacity = buffer->capacity < 128 ? 128 : buffer->capacity * 2;
        capacity = capacity < need ? need : capacity;
        char *data = realloc(buffer->data, capacity);
        if (data == NULL) {
            buffer->failed = true;
            return false;
        }
        buffer->data = data;
        buffer->capacity = capacity;
    }
    return true;
}

void el_buffer_append(struct el_buffer *buffer, const char *bytes, size_t len) {
    if (reserve(buffer, len)) {
        if (len > 0) {
            memcpy(buffer->data + buffer->len, bytes, len);
        }
        buffer->len += len;
        buffer->data[buffer->len] = '\0';
    }
}

void el_buffer_string(struct el_buffer *buffer, const char *text) {
    el_buffer_append(buffer, text, strlen(text));
}

void el_buffer_char(struct el_buffer *buffer, char c) {
    el_buffer_append(buffer, &c, 1);
}

void el_buffer_printf(struct el_buffer *buffer, const char *format, ...) {
    /* Most texts are short: try in a small room first, format twice only if it did not fit. */
    char room[128];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = el_vsnprintf(room, sizeof room, format, args);
    va_end(args);
    if (n < 0) {
        buffer->failed = true;
    } else if ((size_t)n < sizeof room) {
        el_buffer_append(buffer, room, (size_t)n);
    } else if (reserve(buffer, (size_t)n)) {
        el_vsnprintf(buffer->data + buffer->len, (size_t)n + 1, format, again);
        buffer->len += (size_t)n;
    }
    va_end(again);
}

void el_buffer_clear(struct el_buffer *buffer) {
    buffer->len = 0;
    buffer->failed = false;
    if (buffer->data != NULL) {
        buffer->data[0] = '\0';
    }
}

void el_buffer_free(struct el_buffer *buffer) {
    free(buffer->data);
    size_t limit = buffer->limit;
    *buffer = (struct el_buffer){.limit = limit};
}

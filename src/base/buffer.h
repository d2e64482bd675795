/* A growable byte string. Failure sticks: append as much as you like, then ask `failed` once. */
#ifndef EL_BASE_BUFFER_H
#define EL_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct el_buffer {
    char *data; /* NUL-terminated once something was appended; NULL before */
    size_t len, capacity;
    size_t limit; /* largest len allowed; 0 = none */
    bool failed;  /* memory ran out or the limit was passed; contents are then incomplete */
};

/* {0} is a valid empty buffer. */

void el_buffer_append(struct el_buffer *buffer, const char *bytes, size_t len);
void el_buffer_string(struct el_buffer *buffer, const char *text);
void el_buffer_char(struct el_buffer *buffer, char c);
void el_buffer_printf(struct el_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Forget the contents, keep the memory; clears `failed`. */
void el_buffer_clear(struct el_buffer *buffer);

void el_buffer_free(struct el_buffer *buffer);

#endif

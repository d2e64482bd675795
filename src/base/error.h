/* Errors: a code and one message that says what, where and what to do next.
 *
 * Functions that can fail return bool (true = success) and take a `struct el_error *` last. The
 * caller owns the struct; it may be reused after being read. A function that fails has released
 * whatever it had acquired. */
#ifndef EL_BASE_ERROR_H
#define EL_BASE_ERROR_H

#include <stdbool.h>

enum el_code {
    EL_OK = 0,
    EL_ERR_MEMORY,      /* an allocation failed, or a limit on memory was reached */
    EL_ERR_IO,          /* a file or socket could not be read or written */
    EL_ERR_FORMAT,      /* input data is malformed; message names file, line, column */
    EL_ERR_CONFIG,      /* configuration or command line is wrong */
    EL_ERR_UNREACHABLE, /* no member can be reached */
    EL_ERR_INTERRUPTED, /* the caller asked to stop */
};

struct el_error {
    enum el_code code;
    char message[1024]; /* UTF-8, NUL-terminated, no trailing newline, never holds a key */
};

/* Fill `err` (may be NULL) and return false, so that `return el_fail(err, ...)` reads well. */
bool el_fail(struct el_error *err, enum el_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* EL_ERR_MEMORY with the standard wording. */
bool el_fail_memory(struct el_error *err);

/* Put "prefix: " before the message, e.g. the file name; returns false. */
bool el_error_prefix(struct el_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif

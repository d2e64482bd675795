/* The bytes of a file for the readers: line by line or whole, checked to be UTF-8. Files packed by
 * gzip or zstd are recognised by their first bytes and unpacked on the way.
 *
 * Memory: one buffer that grows to the longest line (or to the whole file where a format needs
 * it), bounded by `max_bytes`. Errors name file, line and column; columns count bytes from 1. */
#ifndef EL_CORPUS_INPUT_H
#define EL_CORPUS_INPUT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct el_input {
    char *name;     /* as errors give it */
    size_t line;    /* number of the line read last, 1-based */
    bool crlf;      /* its end was CR LF */
    uint64_t done;  /* bytes of text */
    uint64_t total; /* of the file; 0 = unknown */
    size_t max_bytes;
    bool replace_invalid;

    /* private */
    FILE *file;
    bool owns_file, at_end;
    struct el_unpacker *unpacker; /* NULL = the file is not packed */
    uint64_t packed;              /* bytes of a packed file that were read */
    char *buffer;
    size_t begin, end, capacity;
    size_t column;  /* objects: bytes before `begin` in its line */
    char *repaired; /* the last line with U+FFFD in it */
    char borrowed;  /* objects: the byte in whose place the terminating NUL is */
    bool has_borrowed;
};

/* `path` "-" = standard input. A file that is of no kind that can be read (unreadable.h) is
 * EL_ERR_CONFIG. `*input` must be zeroed but for max_bytes and replace_invalid. */
bool el_input_open(struct el_input *input, const char *path, struct el_error *err);
/* The same from a stream that stays the caller's; nothing may have been read from it before. */
bool el_input_open_file(struct el_input *input, FILE *file, const char *name, struct el_error *err);
void el_input_close(struct el_input *input);

/* Bytes of the file that are read, and in all (0 if unknown), for progress. */
void el_input_progress(const struct el_input *input, uint64_t *done, uint64_t *total);

/* What lies in the buffer already, at least the file's beginning, not yet checked. Only before
 * the first line is read. */
const char *el_input_peek(const struct el_input *input, size_t *len);

/* The next line without its end (LF or CR LF), NUL-terminated, valid until the next call.
 * 1 = line, 0 = end, -1 = error; after EL_ERR_FORMAT the next call gives the next line. */
int el_input_line(struct el_input *input, char **line, size_t *len, struct el_error *err);

/* Give lines back that were read, with their ends: they are read again. The caller sets `line`.
 * False if out of memory. */
bool el_input_put_back(struct el_input *input, const char *bytes, size_t len);

/* The next JSON object of a file that has them in lines, in an array, or simply one after another;
 * valid until the next call. *line gets the line in which it begins. Results as above. Memory:
 * one object. */
int el_input_object(struct el_input *input, char **text, size_t *len, size_t *line,
                    struct el_error *err);

/* All the rest of the file, NUL-terminated, valid until closed. */
bool el_input_rest(struct el_input *input, char **text, size_t *len, struct el_error *err);

/* "name:line:column: message" as EL_ERR_FORMAT; column 0 is left out, so is line 0. False. */
bool el_input_fail(const struct el_input *input, size_t line, size_t column, struct el_error *err,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif

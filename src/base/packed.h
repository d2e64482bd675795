/* Files packed by gzip or zstd, read and written as streams: memory does not grow with the file.
 * Not thread-safe; different files are independent. */
#ifndef EL_BASE_PACKED_H
#define EL_BASE_PACKED_H

#include "base/error.h"

#include <stddef.h>
#include <stdio.h>

enum el_packing { EL_PACKING_NONE, EL_PACKING_GZIP, EL_PACKING_ZSTD };

/* By the ending, .gz or .zst; *len gets the length of the name without it. */
enum el_packing el_packing_of_name(const char *name, size_t *len);

/* By the first bytes of a file; four are enough. */
enum el_packing el_packing_of_bytes(const char *bytes, size_t len);

/* ---- Reading ---- */

struct el_unpacker;

/* NULL and an error if out of memory. */
struct el_unpacker *el_unpacker_open(enum el_packing packing, struct el_error *err);
void el_unpacker_close(struct el_unpacker *unpacker); /* NULL is allowed */

/* Up to `room` bytes (at least 1) of what is packed to `to`; *n gets how many. *n = 0: the bytes
 * given are used up; more of the file must be given, or its end, after which 0 is the end. False if
 * the file is damaged or cut off: the message has no name of a file. */
bool el_unpack(struct el_unpacker *unpacker, char *to, size_t room, size_t *n,
               struct el_error *err);

/* More of the file; len 0 is its end. The bytes are copied. Only when *n was 0. */
bool el_unpacker_give(struct el_unpacker *unpacker, const char *bytes, size_t len,
                      struct el_error *err);

/* ---- Writing ---- */

/* A stream whose bytes are packed into `file`. It owns `file`: fclose() writes what is left and
 * closes both, with errno where that fails. NULL and an error if out of memory; then `file` is
 * closed. */
FILE *el_pack_file(FILE *file, enum el_packing packing, struct el_error *err);

#endif

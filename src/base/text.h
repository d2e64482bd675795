/* UTF-8 text: checking, positions in other units, folding. Offsets are bytes unless a name says
 * otherwise; ends are exclusive. Functions are pure and thread-safe. */
#ifndef EL_BASE_TEXT_H
#define EL_BASE_TEXT_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct el_span {
    size_t start, end; /* bytes, end exclusive */
};

/* The order of spans in a document, for sorting: by start, of equal starts the longer first. */
static inline int el_span_order(struct el_span a, struct el_span b) {
    int order = (a.start > b.start) - (a.start < b.start);
    return order != 0 ? order : (a.end < b.end) - (a.end > b.end);
}

/* The length of the longest prefix of `text` that is valid UTF-8 (no surrogates, no overlong
 * forms): `len` if all of it is. NUL bytes count as valid here. */
size_t el_utf8_valid_prefix(const char *text, size_t len);

/* A copy with each maximal invalid sequence replaced by U+FFFD; *new_len gets its length.
 * NULL if out of memory. */
char *el_utf8_replace_invalid(struct el_arena *arena, const char *text, size_t len,
                              size_t *new_len);

/* Decode the code point at `*at` and move `*at` past it. U+FFFD
 * for what is not valid. */
uint32_t el_utf8_next(const char *text, size_t len, size_t *at);

/* A code that a terminal could take as a command: C0, DEL, C1. */
bool el_is_control(uint32_t c);

/* Columns that a character takes on a terminal: 0, 1 or 2. */
size_t el_columns(uint32_t c);

enum el_unit { EL_UNIT_CODEPOINT, EL_UNIT_BYTE, EL_UNIT_UTF16, EL_UNIT_TOKEN };

/* "codepoint", "byte", "utf16", "token"; NULL / false for anything else. */
const char *el_unit_name(enum el_unit unit);
bool el_unit_from_name(const char *name, enum el_unit *unit);

/* Convert many offsets of one text in one pass. `offsets` must be sorted ascending and hold byte
 * offsets that lie on code point borders and within `len`; each is replaced by its value in
 * `unit` (not EL_UNIT_TOKEN). */
void el_offsets_from_bytes(const char *text, size_t len, enum el_unit unit, size_t *offsets,
                           size_t count);

/* One offset in `unit` (not EL_UNIT_TOKEN) to bytes. False if it lies past the end or inside a
 * character (a UTF-16 surrogate pair, a UTF-8 sequence). */
bool el_offset_to_bytes(const char *text, size_t len, enum el_unit unit, size_t offset,
                        size_t *bytes);

/* The offsets of one text, in any order and in both directions, each in constant time: counts at
 * regular steps, so that a text with many entities is not walked again for each. */
struct el_offsets {
    const char *text; /* the caller's */
    size_t len;
    enum el_unit unit;   /* not EL_UNIT_TOKEN */
    size_t *checkpoints; /* units before every 256th byte; NULL = units are bytes */
    size_t total;        /* units in the whole text */
};

/* False only if out of memory. */
bool el_offsets_open(struct el_offsets *offsets, struct el_arena *arena, const char *text,
                     size_t len, enum el_unit unit);
/* False if `offset` lies past the end or inside a character. */
bool el_offsets_to_byte(const struct el_offsets *offsets, size_t offset, size_t *byte);
/* `byte` must lie on a code point border and within the text. */
size_t el_offsets_of_byte(const struct el_offsets *offsets, size_t byte);

/* NFC, white space runs to one space, ends trimmed; with `fold_case` also full case folding.
 * For comparing texts and spans, never for output. NUL-terminated; NULL if out of memory. */
char *el_text_fold(struct el_arena *arena, const char *text, size_t len, bool fold_case,
                   size_t *new_len);

#endif

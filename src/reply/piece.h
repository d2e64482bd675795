/* Pieces of a reply. */
#ifndef EL_REPLY_PIECE_H
#define EL_REPLY_PIECE_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of text, not NUL-terminated. */
struct el_piece {
    const char *text; /* NULL = none */
    size_t len;
};

struct el_piece el_piece_of(const char *text);
struct el_piece el_piece_between(const char *start, const char *end);

/* Without white space at the ends (ASCII, U+00A0, U+3000, U+FEFF). */
struct el_piece el_piece_trim(struct el_piece piece);
bool el_piece_is(struct el_piece piece, const char *word); /* ASCII case is ignored */
bool el_piece_begins(struct el_piece piece, const char *word);
size_t el_piece_words(struct el_piece piece); /* parts between white space */

/* The length of the quotation mark that a text begins with, 0 = none, and its kind: a string may
 * end with another sign of the kind it began with. */
enum el_quote { EL_QUOTE_NONE, EL_QUOTE_SINGLE, EL_QUOTE_DOUBLE, EL_QUOTE_OTHER };
size_t el_quote_at(const char *text, size_t len, enum el_quote *kind);

/* Without one pair of quotation marks, emphasis or brackets around the whole, and so on. */
struct el_piece el_piece_bare(struct el_piece piece);

/* "none", "no entities", "-", "N/A" and the like. */
bool el_says_none(struct el_piece piece);

#endif

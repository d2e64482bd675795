/* Tag sequences as the classic scorers read them. Spans here are in tokens, end exclusive.
 *
 * A tag is "O" or PREFIX-TYPE with a prefix of B, I, E or S (L, U and M are read as E, S and I);
 * the type is all that follows the first hyphen and may hold further ones; it may be empty ("B").
 * Pure functions. */
#ifndef EL_EVALUATE_TAGS_H
#define EL_EVALUATE_TAGS_H

#include "base/arena.h"
#include "base/text.h"
#include "corpus/format.h"

/* A labelled stretch of a sentence, in the unit its context names. */
struct el_chunk {
    struct el_span span;
    const char *type;
};

enum el_decoder {
    EL_DECODE_LENIENT, /* conlleval, seqeval's default: an I- that continues nothing opens */
    EL_DECODE_STRICT,  /* seqeval's strict mode: what the scheme does not allow is not an entity */
};

/* The chunks of one sentence, in order; at most one a token. `scheme` matters to STRICT only;
 * AUTO is taken as IOB2. `chunks` has room for n_tags items. Types point
 * into the tags. Returns how many were found. */
size_t el_tags_decode(const char *const *tags, size_t n_tags, enum el_decoder decoder,
                      enum el_scheme scheme, struct el_chunk *chunks);

#endif

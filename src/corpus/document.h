/* A document: one text with optional tokens and entities. What every reader gives, what the
 * pipeline fills, what every writer takes.
 *
 * A document owns an arena; everything reachable from it lives there and dies with
 * el_document_free(). Not thread-safe; different documents are independent. */
#ifndef EL_CORPUS_DOCUMENT_H
#define EL_CORPUS_DOCUMENT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EL_MAX_MEMBERS = 32 };

/* The n-th bit stands for the n-th member in listed order. */
typedef uint32_t el_member_set;

enum el_verified { EL_VERIFIED_NOT_ASKED, EL_VERIFIED_YES, EL_VERIFIED_NO, EL_VERIFIED_UNREADABLE };

/* One (type, voters) pair of an entity's vote. */
struct el_vote {
    const char *type;
    el_member_set voters;
};

struct el_entity {
    struct el_span span; /* bytes of the document's text */
    const char *type;    /* NUL-terminated output name */
    double score;        /* 0..1; NAN = none */

    /* Evidence; zero where the entity did not come from the pipeline. */
    bool has_evidence;
    el_member_set extracted_by;
    const struct el_vote *votes; /* types with at least one vote, most votes first */
    size_t n_votes;
    enum el_verified verified;
};

struct el_document {
    struct el_arena arena;
    const char *id;   /* never NULL once read */
    const char *text; /* valid UTF-8, NUL-terminated; may hold no NUL inside */
    size_t text_len;
    const char *lang; /* BCP 47 or ISO 639 code; NULL = unknown */

    /* Token borders as byte spans of `text`; n_tokens = 0 if the source had none. */
    const struct el_span *tokens;
    size_t n_tokens;

    /* Sorted by start, then by longer first, then by type; no duplicates. */
    struct el_entity *entities;
    size_t n_entities;
    bool labelled; /* the source had an entity layer, though perhaps an empty one */

    json_t *extra; /* object of unknown input fields, owned by the document; NULL = none */

    size_t line;                /* where the document began in its source (1-based); 0 = unknown */
    size_t abstained;           /* cells (member x stage x sentence) without an answer */
    const char *failure;        /* NULL, or why this document could not be processed */
    bool sentence_per_document; /* the source is already cut: do not segment (CoNLL) */
};

struct el_document *el_document_new(void);           /* NULL if memory is out */
void el_document_free(struct el_document *document); /* NULL is allowed */

/* Sort the entities and drop exact duplicates (span and type). */
void el_document_sort_entities(struct el_document *document);

/* The token that starts (ends) at a byte offset, or SIZE_MAX if none does. Binary search. */
size_t el_token_at_start(const struct el_document *document, size_t byte);
size_t el_token_at_end(const struct el_document *document, size_t byte);

#endif

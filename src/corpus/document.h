/* A document: one text with optional tokens and entities. What every reader gives, what the
 * pipeline fills, what every writer takes.
 *
 * A document owns an arena; everything reachable from it lives there and dies with
 * el_document_free(). Not thread-safe; different documents are independent. */
#ifndef EL_CORPUS_DOCUMENT_H
#define EL_CORPUS_DOCUMENT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/members.h"
#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum el_verified { EL_VERIFIED_NOT_ASKED, EL_VERIFIED_YES, EL_VERIFIED_NO, EL_VERIFIED_UNREADABLE };

/* One (type, voters) pair of an entity's vote. */
struct el_vote {
    const char *type;
    el_member_set voters;
};

struct el4ner_evidence; /* el4ner.h */

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
    const struct el4ner_evidence *evidence; /* member by member; NULL unless it was wanted */

    json_t *extra; /* unknown input fields of this entity; borrowed from the document; or NULL */
};

/* The columns of the table that a document is from. */
struct el_columns {
    const char *const *names;
    size_t count, text, id; /* which of them has the text, and the id (count: none) */
    bool crlf;              /* the lines end in CR LF */
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
    const char *const *tags; /* n_tokens raw tags; NULL unless a CoNLL reader was asked to keep
                                them (el_read_options.keep_tags) */

    /* Sorted by start, then by longer first, then by type; no duplicates. */
    struct el_entity *entities;
    size_t n_entities;
    bool labelled; /* the source had an entity layer, though perhaps an empty one */

    json_t *extra; /* object of unknown input fields, owned by the document; NULL = none */
    json_t *kept;  /* whatever `extra` of the entities points into; owned; NULL = none */

    const struct el_rows *rows;       /* of CoNLL columns (raw_rows.h); in the arena; or NULL */
    const struct el_columns *columns; /* of a table; in the arena; NULL = it is from no table */

    size_t position;            /* in its file, from 1; the id of a document without one */
    size_t line;                /* where the document began in its source (1-based); 0 = unknown */
    size_t abstained;           /* cells (member x stage x sentence) without an answer */
    const char *failure;        /* NULL, or why this document could not be processed */
    bool sentence_per_document; /* the source is already cut, tokens and all: do not segment */
};

struct el_document *el_document_new(void);           /* NULL if out of memory */
void el_document_free(struct el_document *document); /* NULL is allowed */

/* Append a copy of `entity`; `*capacity` is the room of document->entities (0 at first). False if
 * out of memory. Sort when all are there. */
bool el_document_add_entity(struct el_document *document, const struct el_entity *entity,
                            size_t *capacity);

/* Set tokens and text from the tokens' texts alone: joined by one space, or, where most tokens are
 * written in Han or Kana, by nothing (but between two letters or digits of other scripts). */
bool el_document_join_tokens(struct el_document *document, const struct el_span *pieces,
                             size_t count, const char *bytes);

/* Two entities that share bytes, or false; entities must be sorted. */
bool el_document_overlap(const struct el_document *document, const struct el_entity **first,
                         const struct el_entity **second);

/* The entity with exactly this span, and this type unless that is NULL; NULL if there is none. They
 * must be sorted. */
const struct el_entity *el_entity_find(const struct el_entity *entities, size_t count,
                                       struct el_span span, const char *type);

/* Sort the entities and drop exact duplicates (span and type; the first one added stays). */
void el_document_sort_entities(struct el_document *document);

/* The fewest of `n_tokens` tokens that cover `span`: [*first, *end). *exact says whether their
 * borders are the span's. False if the span touches no token. */
bool el_tokens_cover(const struct el_span *tokens, size_t n_tokens, struct el_span span,
                     size_t *first, size_t *end, bool *exact);

#endif

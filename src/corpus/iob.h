/* IOB tags: what a tag of IOB1, IOB2 or BIOES means, from tags to entities and back.
 *
 * The schemes need not be told apart to be read. Prefixes decide: B- begins an entity, S- (U-) is
 * one, I- (M-) goes on with the entity of its type and begins one where there is none, E- (L-)
 * does the same and ends it. On well-formed IOB1, IOB2 and BIOES this gives what each means, since
 * IOB1 writes B- only where an entity follows another of its type. Being told the scheme adds the
 * check that no other prefix occurs. (Scorers that read tags in other ways: evaluate/tags.h.) */
#ifndef EL_CORPUS_IOB_H
#define EL_CORPUS_IOB_H

#include "corpus/format_private.h"

struct el_iob_tag {
    const char *text;
    size_t len;
};

/* "O", or a prefix that the scheme knows, a hyphen and a type (which may hold hyphens). */
bool el_iob_is_valid(const char *tag, size_t len, enum el_scheme scheme);

/* As EL_ERR_FORMAT at the reader's line and this column; false. */
bool el_iob_refuse(struct el_reader *reader, const char *tag, size_t len, size_t column,
                   struct el_error *err);

/* Add the entities that valid tags, one a token of the document, stand for. False if memory is
 * out. */
bool el_iob_decode(struct el_document *document, const struct el_iob_tag *tags);

/* Keep the raw tags, one a token, in the document. False if out of memory. */
bool el_iob_keep(struct el_document *document, const struct el_iob_tag *tags);

/* IOB2 of a token: the type of its entity, and whether that begins here. */
struct el_iob2 {
    const char *type; /* NULL = O */
    bool begins;
};

/* The document as IOB2: its tokens (or words) and their tags, in the writer's scratch arena.
 * Entities that overlap are an error, or resolved where the options say so. */
bool el_writer_iob2(struct el_writer *writer, const struct el_document *document,
                    const char *format, struct el_spans *tokens, struct el_iob2 **tags,
                    struct el_error *err);

/* Sentences of a document that is not cut yet; none (one) otherwise. */
bool el_writer_sentences(struct el_writer *writer, const struct el_document *document,
                         struct el_spans *sentences, struct el_error *err);

/* Does a sentence begin at token `number`? `*sentence` is the walk's place, at first 0. Sentences
 * don't end within an entity. */
bool el_sentence_begins(const struct el_spans *sentences, size_t *sentence,
                        const struct el_spans *tokens, const struct el_iob2 *tags, size_t number);

/* `text` with tabs and line breaks as spaces. */
void el_append_clean(struct el_buffer *out, const char *text, size_t len);

#endif

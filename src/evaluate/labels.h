/* Labelled sets: a whole file of documents with entities, in memory, for scoring and combining;
 * and the matching of two sets, document by document.
 *
 * A set owns one arena; a document's evidence, raw tags and tokens are kept. Not thread-safe while
 * being filled; read-only use may be shared. */
#ifndef EL_EVALUATE_LABELS_H
#define EL_EVALUATE_LABELS_H

#include "corpus/format.h"

struct el_labelled {
    const char *id, *text;
    size_t text_len;
    const struct el_span *tokens; /* bytes */
    size_t n_tokens;
    const char *const *tags; /* n_tokens raw tags as in the source; NULL = it had none */
    struct el_entity *entities;
    size_t n_entities;
    const char *lang;
    bool sentence_per_document; /* as in struct el_document */
    bool answered;              /* false: no entity layer here, e.g. a model without an answer */
    bool missing;               /* after el_labels_align(): the set has no such document */
    size_t abstained;           /* of a combination: predictions that did not answer here */
    size_t line;
};

struct el_labels {
    struct el_arena arena;
    const char *path;
    struct el_labelled *items;
    size_t count, capacity;
};

/* {0} is a valid empty set. Frees what it holds. */
void el_labels_free(struct el_labels *labels);

/* Read all of `path`; `options` NULL = the defaults. Where a line has no `entities` but an array
 * `gold`, that is read. A set in which no document has labels is an error if `must_have_labels`. */
bool el_labels_read(const char *path, const struct el_read_options *options, bool must_have_labels,
                    struct el_labels *labels, struct el_error *err);

/* Append a copy of a document, entities with their evidence included. */
bool el_labels_add(struct el_labels *labels, const struct el_document *document,
                   struct el_error *err);

/* Recorded predictions: JSON lines with {"text" or "tokens", "predictions": {model: {"entities":
 * [{start, end, type}]}}}. Fills one set a model, all parallel; a model that a line does not have
 * has not answered there. With n_models 0, the line's `gold` fills sets[0]. Offsets: the line's
 * "offset_unit", else code points if it has "text", else tokens. A model that no line has is an
 * error that lists those there are. */
bool el_labels_read_recorded(const char *path, const char *const *models, size_t n_models,
                             struct el_labels *sets, struct el_error *err);

/* Whether the first line of a .jsonl file looks like recorded predictions (or has `gold` in place
 * of `entities`). */
bool el_labels_are_recorded(const char *path, bool *recorded, struct el_error *err);

/* Bring `other` into the order of `gold`: by id if all its ids are gold ids and none repeats, else
 * by position. Texts must be equal, or else the tokens (then spans are moved over to the gold
 * text). The first difference is an error that names both files and lines. With `common`,
 * documents of only one set are no error: those that `other` lacks get `missing`, those that
 * `gold` lacks are dropped; this needs ids. */
bool el_labels_align(const struct el_labels *gold, struct el_labels *other, bool common,
                     struct el_error *err);

#endif

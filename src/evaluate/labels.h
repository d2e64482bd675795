/* Labelled sets: a whole file of documents with entities, in memory, for scoring and combining;
 * and the matching of two sets, document by document.
 *
 * A set owns one arena; a document's evidence, raw tags and tokens are kept. Not thread-safe while
 * being filled; read-only use may be shared. */
#ifndef EL_EVALUATE_LABELS_H
#define EL_EVALUATE_LABELS_H

#include "config/config.h"
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
    bool missing;               /* after el_labels_align(): the set has no such document; id and
                                   text are those of the other set */
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

/* Append a copy of a document, entities with their evidence included. */
bool el_labels_add(struct el_labels *labels, const struct el_document *document,
                   struct el_error *err);

/* Only the entities whose types are asked for, under the asked names (see el_config_type_of_label);
 * in the raw tags too, where the others become O. *left_out counts the others. */
bool el_labels_map_types(struct el_labels *labels, const struct el_config *config, size_t *left_out,
                         struct el_error *err);

/* Write a set; writer's options decide format and units. */
bool el_labels_write(const struct el_labels *labels, FILE *file,
                     const struct el_write_options *options, struct el_error *err);

/* Bring `other` into the order of `gold`: by id if all its ids are gold ids and none repeats, else
 * by position. Texts must be equal, or else the tokens (then spans are moved over to the gold
 * text). The first difference is an error that names both files and lines. With `common`,
 * documents of only one set are not an error: those that `other` lacks get `missing`, those that
 * `gold` lacks are dropped; this needs ids. */
bool el_labels_align(const struct el_labels *gold, struct el_labels *other, bool common,
                     struct el_error *err);

#endif

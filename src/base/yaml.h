/* YAML files that people write: libyaml's document API with checks.
 *
 * Anchors, aliases, tags, further documents, repeated keys, deep nesting and large files are
 * errors. Every error reads "FILE:LINE:COLUMN: what", both counted from 1. */
#ifndef EL_BASE_YAML_H
#define EL_BASE_YAML_H

#include "base/arena.h"
#include "base/error.h"

#include <jansson.h>
#include <yaml.h>

/* A word that people try, the key that is meant, and what to write where that is not plain from the
 * key (NULL = it is). */
struct el_yaml_synonym {
    const char *word, *key, *how;
};

struct el_yaml {
    const char *file;
    const struct el_yaml_synonym *synonyms; /* may be set after el_yaml_parse(); ends with {NULL} */
    const char *manual;                     /* where its keys are described, for messages */
    yaml_document_t document;
    struct el_error *err;
};

/* Read and check the text of a file; `file` and `manual` (where its keys are
 * described) are named in errors and must outlive `yaml`, as must `err`. Close with
 * el_yaml_close(). */
bool el_yaml_parse(struct el_yaml *yaml, const char *file, const char *text, size_t len,
                   const char *manual, struct el_error *err);
void el_yaml_close(struct el_yaml *yaml);

/* The root mapping; NULL if the file holds nothing but comments. */
yaml_node_t *el_yaml_root(struct el_yaml *yaml);
yaml_node_t *el_yaml_node(struct el_yaml *yaml, int index);

/* Fill the error with the node's place; returns false. */
bool el_yaml_fail(const struct el_yaml *yaml, const yaml_node_t *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A plain ~, null or nothing at all. */
bool el_yaml_is_null(const yaml_node_t *node);

/* The text of a scalar, owned by the document; NULL with an error if `node` is not a scalar. */
const char *el_yaml_text(const struct el_yaml *yaml, const yaml_node_t *node, const char *what);

/* A number in [least, most]. */
bool el_yaml_number(const struct el_yaml *yaml, const yaml_node_t *node, const char *what,
                    double least, double most, double *value);

/* The same without a fraction. */
bool el_yaml_whole(const struct el_yaml *yaml, const yaml_node_t *node, const char *what,
                   double least, double most, double *value);

/* Index of the value among `words`, or -1 with an error that lists them. */
int el_yaml_word(const struct el_yaml *yaml, const yaml_node_t *node, const char *what,
                 const char *const *words, size_t n_words);

/* true or false. */
bool el_yaml_bool(const struct el_yaml *yaml, const yaml_node_t *node, const char *what,
                  bool *value);

/* Any node as JSON: plain scalars by YAML's core schema. The caller owns the result; NULL with an
 * error on failure. */
json_t *el_yaml_json(struct el_yaml *yaml, const yaml_node_t *node);

/* One key that a mapping may have. `read` gets the value and target + offset. */
struct el_yaml_key {
    const char *name;
    bool (*read)(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field);
    size_t offset;
    double least, most;
};

/* Read a mapping by a table, in the table's order; unknown keys are errors with a suggestion: the
 * key of `synonyms` that the mapping may have, or one that is written much like it.
 * Keys with a null value count as absent. `what` completes "unknown key 'x' in ...". */
bool el_yaml_read(struct el_yaml *yaml, yaml_node_t *map, const char *what,
                  const struct el_yaml_key *keys, size_t n_keys, void *context, void *target);

/* Number of pairs; the i-th pair of a mapping, its key as text (NULL with an error). */
size_t el_yaml_pairs(const yaml_node_t *map);
const char *el_yaml_pair(struct el_yaml *yaml, const yaml_node_t *map, size_t i, yaml_node_t **key,
                         yaml_node_t **value);

/* Number of items of a sequence, and the i-th. */
size_t el_yaml_items(const yaml_node_t *list);
yaml_node_t *el_yaml_item(struct el_yaml *yaml, const yaml_node_t *list, size_t i);

#endif

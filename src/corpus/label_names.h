/* Names of labels that a file gives as numbers: doccano's older exports, tokens with "ner_tags" of
 * numbers. Read from a file of one of these forms:
 *
 *     {"1": "person", "2": "place"}     or {"person": 1, "place": 2}, also as the member "id2label"
 *     ["O", "B-person", "I-person"]      numbers are positions, from 0
 *     [{"id": 1, "text": "person"}]      "name" or "label" in the place of "text"
 *     1 person                           lines; also with a tab, ':', '=' or ',' between */
#ifndef EL_CORPUS_LABEL_NAMES_H
#define EL_CORPUS_LABEL_NAMES_H

#include "base/error.h"

#include <jansson.h>

/* An object of names by number ("1"), to be released with json_decref(); NULL and an error if the
 * file cannot be read. */
json_t *el_label_names_read(const char *path, struct el_error *err);

/* NULL if `names` is NULL or lacks the number. */
const char *el_label_name(const json_t *names, json_int_t number);

#endif

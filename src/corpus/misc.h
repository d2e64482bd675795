/* Entities in the column MISC of CoNLL-U, "Key=value|Key=value": either one tag a token
 * (NER=B-person), or brackets of Universal Dependencies over tokens: Entity=(person-1 ...
 * Entity=person-1), and with the mention's number first, Entity=(e1-person-... Entity=e1). */
#ifndef EL_CORPUS_MISC_H
#define EL_CORPUS_MISC_H

#include "corpus/iob.h"

/* What is known of the file's keys. {0} is valid. */
struct el_misc {
    char key[40];               /* whose values are tags; "" = none met so far */
    bool told;                  /* "# global.Entity" says what the fields in brackets are: */
    size_t type_field, n_field; /* the type's place among them, and their number */
};

/* `fields` is the value of "# global.Entity", e.g. "eid-etype-head-other". */
void el_misc_tell(struct el_misc *misc, const char *fields);

/* The tag in a cell of `len` bytes; "O" if it has none. The first key with a tag in the file is the
 * one that is read. What looks like an entity and is not read is noted for the user. */
struct el_iob_tag el_misc_tag(struct el_misc *misc, struct el_reader *reader, const char *cell,
                              size_t len, size_t line);

/* Add the mentions that brackets mark; `cells` are MISC, one a token of the document. False where
 * a mention in pieces is an error, or if out of memory. */
bool el_misc_add_brackets(const struct el_misc *misc, struct el_reader *reader, size_t line,
                          struct el_document *document, const struct el_iob_tag *cells,
                          struct el_error *err);

#endif

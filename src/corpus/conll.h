/* The reader that CoNLL columns and CoNLL-U Plus share, and layers: further columns of the tokens,
 * which a document carries as fields with a string a token. */
#ifndef EL_CORPUS_CONLL_H
#define EL_CORPUS_CONLL_H

#include "corpus/iob.h"

bool el_conll_open(struct el_reader *reader, struct el_error *err);
int el_conll_next(struct el_reader *reader, struct el_document **document, struct el_error *err);
void el_conll_close(struct el_reader *reader);

/* The column of tags among those with these names, in small letters: one with "ner" in its name,
 * else another one that is named after entities; `count` if there is none. */
size_t el_conll_tag_column(const char *const *names, size_t count);

/* Does the field hold one string a token? */
bool el_is_layer(const struct el_document *document, const json_t *field);

/* The layer's value at a token as a column: without tabs, "_" if empty or `layer` is NULL. */
void el_append_layer(struct el_buffer *out, const json_t *layer, size_t token);

#endif

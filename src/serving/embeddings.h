/* The vectors of an embedding call: read from a reply of /v1/embeddings, kept as text. As text
 * (Base64 of 32-bit floats, little-endian, row by row) they go through the store and to identical
 * calls as any other answer does. No I/O. */
#ifndef EL_SERVING_EMBEDDINGS_H
#define EL_SERVING_EMBEDDINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { EL_MOST_DIMENSIONS = 4096 }; /* what a pool holds, see pool_format.h */

/* Bytes of `text` that an embedder with a context of so many tokens takes, by el_estimate_tokens;
 * ends at a character's border. 0 tokens = no limit. */
size_t el_embeddings_fit(const char *text, size_t context);

/* Reads {"data": [{"index": 0, "embedding": [...]}, ...]}: one row for each of n_inputs, in any
 * order, all of the same length, finite; rows are L2-normalised. *text is from malloc. False, with
 * a reason, if the reply is anything else. */
bool el_embeddings_read(json_t *root, size_t n_inputs, char **text, size_t *text_len, char *why,
                        size_t room);

/* The rows in `text`, from malloc, and how long each is. NULL if the text is not such vectors (a
 * store may hold anything) or out of memory. */
float *el_embeddings_decode(const char *text, size_t text_len, size_t n_inputs, size_t *dimensions);

#endif

/* The tokens of spaCy's JSON, read without a tree. Five fields a token are most of what such a file
 * holds, and a parser spends most of its time on making and freeing them; "start" and "end" are all
 * that is kept. */
#ifndef EL_CORPUS_TOKEN_RANGES_H
#define EL_CORPUS_TOKEN_RANGES_H

#include "base/buffer.h"

#include <jansson.h>

struct el_token_range {
    json_int_t start, end;
};

struct el_token_ranges {
    struct el_token_range *items;
    size_t count, capacity;
    struct el_buffer rest; /* the object, with an empty array in the place of its "tokens" */
};

/* {0} is valid. */

/* Take the array "tokens" out of the object `text`, NUL-terminated UTF-8. False where it has none,
 * or where anything about it is not as usual, mistakes too: they are the parser's business, which
 * must then get the whole object. Accepts nothing that the parser would refuse. */
bool el_token_ranges_take(struct el_token_ranges *ranges, const char *text, size_t len);

void el_token_ranges_free(struct el_token_ranges *ranges);

#endif

/* Internal to the reply parser: what its readers hand to each other. */
#ifndef EL_LLM_REPLY_ITEMS_H
#define EL_LLM_REPLY_ITEMS_H

#include "llm/reply.h"

/* A piece of text, not NUL-terminated. */
struct el_piece {
    const char *text; /* NULL = none */
    size_t len;
};

/* One answer: a span, a type, or both. */
struct el_item {
    struct el_piece span, type;
};

/* Items in the order of the reply. Pieces point into the reply or into the arena. */
struct el_items {
    struct el_arena *arena;
    struct el_item *list;
    size_t count, room;
    bool memory; /* an allocation failed */
};

void el_items_add(struct el_items *items, struct el_piece span, struct el_piece type);

/* Without white space at the ends (ASCII, U+00A0, U+3000, U+FEFF). */
struct el_piece el_piece_trim(struct el_piece piece);
bool el_piece_is(struct el_piece piece, const char *word); /* ASCII case is ignored */

/* "a<sep>b": pieces between separators, up to the first stop string or other marker. Empty pieces
 * are kept (as {"", 0}), so that positions stay true; an empty reply has no items. */
void el_read_separated(struct el_items *items, const struct el_prompt_set *set,
                       struct el_piece reply, bool cut);

#endif

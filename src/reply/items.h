/* What readers turn a reply into: items, that is, spans, types, or both. */
#ifndef EL_REPLY_ITEMS_H
#define EL_REPLY_ITEMS_H

#include "reply/known.h"

/* One answer: a span, a type, or both. */
struct el_item {
    struct el_piece span, type;
};

/* Items in the order of the reply. Pieces point into the reply or into the arena. */
struct el_items {
    struct el_arena *arena;
    struct el_known *known;
    bool cut;        /* the end of the reply is missing */
    const char *end; /* where it was cut; NULL = it was not, or not inside of an item */
    bool type_first; /* lines are "TYPE: span" */
    size_t nested;   /* enumerations being read */
    size_t pairs;    /* lines "span: TYPE" so far */
    struct el_item *list;
    size_t count, room;
    bool marked;    /* read as a compact answer */
    bool says_none; /* an empty list, or words for one, were seen */
    bool memory;    /* an allocation failed */
};

void el_items_add(struct el_items *items, struct el_piece span, struct el_piece type);
/* The same with copies. */
void el_items_copy(struct el_items *items, struct el_piece span, struct el_piece type);

/* A pair whose order is not known: the one that is a span comes first. If the second says that
 * there is none, the first is not an item. */
void el_items_add_pair(struct el_items *items, struct el_piece a, struct el_piece b);

/* Was the reply cut at the end of this piece? */
bool el_is_unfinished(const struct el_items *items, struct el_piece piece);

#endif

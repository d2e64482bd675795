/* Arrays that grow. */
#ifndef EL_BASE_ARRAY_H
#define EL_BASE_ARRAY_H

#include "base/arena.h"

#include <stdbool.h>

/* How many items a table has (not a pointer to one). */
#define EL_COUNT(table) (sizeof(table) / sizeof *(table))

/* Room for `wanted` items: `items` is the pointer to the first, `room` (size_t) how many it has
 * room for; both are changed. The room at least doubles. False, and nothing changed, if out of
 * memory. EL_GROW is for arrays of malloc(), EL_ARENA_GROW for those in an arena. */
#define EL_GROW(items, room, wanted) el_grow(&(items), &(room), (wanted), sizeof *(items))
#define EL_ARENA_GROW(arena, items, room, wanted)                                                  \
    el_arena_grow((arena), &(items), &(room), (wanted), sizeof *(items))

bool el_grow(void *items, size_t *room, size_t wanted, size_t size);
bool el_arena_grow(struct el_arena *arena, void *items, size_t *room, size_t wanted, size_t size);

#endif

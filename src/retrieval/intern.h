/* Distinct strings, numbered by first appearance. Not thread-safe. */
#ifndef EL_RETRIEVAL_INTERN_H
#define EL_RETRIEVAL_INTERN_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct el_interned {
    const char *text; /* NUL-terminated, owned by the set */
    uint32_t len;
};

struct el_intern {
    struct el_arena arena;
    struct el_interned *items;
    size_t count, capacity;
    uint32_t *slots; /* number + 1; 0 = free */
    size_t n_slots;  /* a power of two */
};

/* {0} is a valid empty set. */

/* The number of `text`, added if it is new. False if out of memory (or at 2^32 - 2 strings). */
bool el_intern_put(struct el_intern *set, const char *text, size_t len, uint32_t *number);
void el_intern_free(struct el_intern *set);

#endif

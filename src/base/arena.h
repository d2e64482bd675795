/* Memory: an arena owns everything allocated from it, and one call frees it all.
 *
 * Not thread-safe. All allocators return NULL when out of memory (or when the arena's limit is
 * reached); callers pass that on as EL_ERR_MEMORY. */
#ifndef EL_BASE_ARENA_H
#define EL_BASE_ARENA_H

#include <stddef.h>

struct el_arena_block;

struct el_arena {
    struct el_arena_block *head;
    size_t used;  /* bytes handed out since the last reset */
    size_t limit; /* 0 = no limit */
};

/* {0} is a valid empty arena. */

/* `size` bytes, zeroed, aligned for any scalar type; size 0 gives a valid pointer. */
void *el_arena_alloc(struct el_arena *arena, size_t size);

/* `count` * `size` bytes, zeroed; NULL if the product overflows. */
void *el_arena_array(struct el_arena *arena, size_t count, size_t size);

/* A NUL-terminated copy of `len` bytes. */
char *el_arena_copy(struct el_arena *arena, const char *text, size_t len);

/* A NUL-terminated copy of a C string. */
char *el_arena_string(struct el_arena *arena, const char *text);

char *el_arena_printf(struct el_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Release everything; the arena can be used again. */
void el_arena_free(struct el_arena *arena);

#endif

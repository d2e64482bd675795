#include "base/arena.h"

#include "base/locale.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct el_arena_block {
    struct el_arena_block *next;
    size_t size, used;
    max_align_t data[];
};

static const size_t FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20;

void *el_arena_alloc(struct el_arena *arena, size_t size) {
    const size_t align = sizeof(max_align_t);
    if (size == 0) {
        size = 1;
    }
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    size = (size + align - 1) / align * align;
    if (arena->limit != 0 && size > arena->limit - arena->used) {
        return NULL;
    }
    struct el_arena_block *block = arena->head;
    if (block == NULL || size > block->size - block->used) {
        /* Blocks double, so that many small arenas stay small and a large one stays cheap. */
        size_t want = block == NULL ? FIRST_BLOCK : block->size * 2;
        want = want > LARGEST_BLOCK ? LARGEST_BLOCK : want;
        want = want < size ? size : want;
        struct el_arena_block *fresh = malloc(sizeof *fresh + want);
        if (fresh == NULL) {
            return NULL;
        }
        fresh->size = want;
        fresh->used = 0;
        fresh->next = block;
        arena->head = block = fresh;
    }
    void *memory = (char *)block->data + block->used;
    block->used += size;
    arena->used += size;
    return memset(memory, 0, size);
}

void *el_arena_array(struct el_arena *arena, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / 2 / size) {
        return NULL;
    }
    return el_arena_alloc(arena, count * size);
}

char *el_arena_copy(struct el_arena *arena, const char *text, size_t len) {
    char *copy = len < SIZE_MAX / 2 ? el_arena_alloc(arena, len + 1) : NULL;
    if (copy != NULL && len > 0) {
        memcpy(copy, text, len);
    }
    return copy;
}

char *el_arena_string(struct el_arena *arena, const char *text) {
    return el_arena_copy(arena, text, strlen(text));
}

char *el_arena_printf(struct el_arena *arena, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = el_vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = n < 0 ? NULL : el_arena_alloc(arena, (size_t)n + 1);
    if (text != NULL) {
        el_vsnprintf(text, (size_t)n + 1, format, again);
    }
    va_end(again);
    return text;
}

void el_arena_free(struct el_arena *arena) {
    struct el_arena_block *block = arena->head;
    while (block != NULL) {
        struct el_arena_block *next = block->next;
        free(block);
        block = next;
    }
    arena->head = NULL;
    arena->used = 0;
}

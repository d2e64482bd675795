#include "retrieval/intern.h"

#include "base/checksum.h"

#include <stdlib.h>
#include <string.h>

static size_t slot_of(const struct el_intern *set, const char *text, size_t len) {
    size_t slot = el_checksum(text, len) & (set->n_slots - 1);
    while (set->slots[slot] != 0) {
        const struct el_interned *item = &set->items[set->slots[slot] - 1];
        if (item->len == len && memcmp(item->text, text, len) == 0) {
            break;
        }
        slot = (slot + 1) & (set->n_slots - 1);
    }
    return slot;
}

/* Twice the room; at most half of the slots are ever taken. */
static bool grow(struct el_intern *set) {
    size_t capacity = set->capacity == 0 ? 64 : set->capacity * 2;
    struct el_interned *items = realloc(set->items, capacity * sizeof *items);
    if (items == NULL) {
        return false;
    }
    set->items = items;
    uint32_t *slots = calloc(capacity * 2, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    free(set->slots);
    set->slots = slots;
    set->n_slots = capacity * 2;
    set->capacity = capacity;
    for (size_t i = 0; i < set->count; i++) {
        slots[slot_of(set, items[i].text, items[i].len)] = (uint32_t)i + 1;
    }
    return true;
}

bool el_intern_put(struct el_intern *set, const char *text, size_t len, uint32_t *number) {
    if (len > UINT32_MAX || set->count >= UINT32_MAX - 1 ||
        (set->count == set->capacity && !grow(set))) {
        return false;
    }
    size_t slot = slot_of(set, text, len);
    if (set->slots[slot] == 0) {
        char *copy = el_arena_copy(&set->arena, text, len);
        if (copy == NULL) {
            return false;
        }
        set->items[set->count] = (struct el_interned){copy, (uint32_t)len};
        set->slots[slot] = (uint32_t)++set->count;
    }
    *number = set->slots[slot] - 1;
    return true;
}

void el_intern_free(struct el_intern *set) {
    el_arena_free(&set->arena);
    free(set->items);
    free(set->slots);
    *set = (struct el_intern){0};
}

/* A hash table from pool string to its exact cosines: a string that thousands of candidate
 * sentences share is still computed once. */
#include "retrieval/pool_search.h"

#include <stdlib.h>

struct slot {
    double *row; /* NULL = free */
    uint32_t key;
};

struct el_memo {
    size_t width, count, n_slots;
    struct slot *slots;
    struct el_arena arena; /* the rows */
};

struct el_memo *el_memo_new(size_t width) {
    struct el_memo *memo = calloc(1, sizeof *memo);
    if (memo != NULL) {
        memo->width = width;
    }
    return memo;
}

void el_memo_free(struct el_memo *memo) {
    if (memo != NULL) {
        el_arena_free(&memo->arena);
        free(memo->slots);
        free(memo);
    }
}

static struct slot *slot_of(struct slot *slots, size_t n_slots, uint32_t key) {
    size_t at = (key * 2654435761u) & (n_slots - 1);
    while (slots[at].row != NULL && slots[at].key != key) {
        at = (at + 1) & (n_slots - 1);
    }
    return &slots[at];
}

static bool grow(struct el_memo *memo) {
    size_t n_slots = memo->n_slots == 0 ? 256 : memo->n_slots * 2;
    struct slot *slots = calloc(n_slots, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < memo->n_slots; i++) {
        if (memo->slots[i].row != NULL) {
            *slot_of(slots, n_slots, memo->slots[i].key) = memo->slots[i];
        }
    }
    free(memo->slots);
    memo->slots = slots;
    memo->n_slots = n_slots;
    return true;
}

double *el_memo_row(struct el_memo *memo, uint32_t key, bool *fresh) {
    if (memo->count * 2 >= memo->n_slots && !grow(memo)) {
        return NULL;
    }
    struct slot *slot = slot_of(memo->slots, memo->n_slots, key);
    *fresh = slot->row == NULL;
    if (*fresh) {
        slot->row = el_arena_array(&memo->arena, memo->width, sizeof *slot->row);
        if (slot->row == NULL) {
            return NULL;
        }
        slot->key = key;
        memo->count++;
    }
    return slot->row;
}

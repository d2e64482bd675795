/* Which slot of a llama-server has read which sentence. The calls of a sentence that share their
 * beginning go to one slot, one after another, so that the server computes the beginning once. */
#ifndef EL_SERVING_SLOTS_H
#define EL_SERVING_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct el_slots {
    struct el_slot {
        uint64_t order, used_at; /* the sentence it read last, and when, by count; 0 = never used */
        bool busy;
    } * items;
    size_t count; /* 0 = the server has no slots that can be named */
    uint64_t clock;
};

enum { EL_NO_SLOT = -1 };

/* All slots idle and cold; what was known is forgotten. False if out of memory. */
bool el_slots_init(struct el_slots *slots, size_t count);
void el_slots_free(struct el_slots *slots);

/* Has a slot read this sentence? */
bool el_slots_knows(const struct el_slots *slots, uint64_t order);

/* The slot for a call of sentence `order`, busy from now on: the one that read it, else the one
 * that has been idle longest. EL_NO_SLOT if the call should wait: that slot, or every one, is
 * busy. */
int el_slots_take(struct el_slots *slots, uint64_t order);
/* The sentence has no further calls: its slot is the first to be taken for another. */
void el_slots_forget(struct el_slots *slots, uint64_t order);
void el_slots_release(struct el_slots *slots, int slot); /* EL_NO_SLOT is allowed */

#endif

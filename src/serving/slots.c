#include "serving/slots.h"

#include <stdlib.h>

bool el_slots_init(struct el_slots *slots, size_t count) {
    el_slots_free(slots);
    slots->items = count > 0 ? calloc(count, sizeof *slots->items) : NULL;
    slots->count = slots->items != NULL ? count : 0;
    return slots->count == count;
}

void el_slots_free(struct el_slots *slots) {
    free(slots->items);
    *slots = (struct el_slots){0};
}

static struct el_slot *find(const struct el_slots *slots, uint64_t order) {
    for (size_t i = 0; i < slots->count; i++) {
        if (slots->items[i].used_at > 0 && slots->items[i].order == order) {
            return &slots->items[i];
        }
    }
    return NULL;
}

bool el_slots_knows(const struct el_slots *slots, uint64_t order) {
    return find(slots, order) != NULL;
}

int el_slots_take(struct el_slots *slots, uint64_t order) {
    struct el_slot *slot = find(slots, order);
    for (size_t i = 0; slot == NULL && i < slots->count; i++) {
        slot = slots->items[i].busy ? NULL : &slots->items[i];
    }
    if (slot == NULL || slot->busy) {
        return EL_NO_SLOT;
    }
    for (size_t i = 0; slot->order != order && i < slots->count; i++) {
        if (!slots->items[i].busy && slots->items[i].used_at < slot->used_at) {
            slot = &slots->items[i];
        }
    }
    *slot = (struct el_slot){.order = order, .used_at = ++slots->clock, .busy = true};
    return (int)(slot - slots->items);
}

void el_slots_forget(struct el_slots *slots, uint64_t order) {
    struct el_slot *slot = find(slots, order);
    if (slot != NULL) {
        slot->used_at = 0;
    }
}

void el_slots_release(struct el_slots *slots, int slot) {
    if (slot != EL_NO_SLOT && (size_t)slot < slots->count) {
        slots->items[slot].busy = false;
    }
}

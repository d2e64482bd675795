#include "corpus/flat.h"

#include <stdlib.h>
#include <string.h>

struct ranked {
    const struct el_entity *entity;
    double proposers;
};

static int by_number(double a, double b) {
    return (a > b) - (a < b);
}

static int by_preference(const void *left, const void *right) {
    const struct ranked *a = left, *b = right;
    int order = by_number(b->proposers, a->proposers);
    if (order == 0) {
        size_t a_len = a->entity->span.end - a->entity->span.start;
        size_t b_len = b->entity->span.end - b->entity->span.start;
        order = (b_len > a_len) - (b_len < a_len);
    }
    if (order == 0) {
        order = (a->entity->span.start > b->entity->span.start) -
                (a->entity->span.start < b->entity->span.start);
    }
    return order != 0 ? order : strcmp(a->entity->type, b->entity->type);
}

static int by_score(const void *left, const void *right) {
    const struct el_entity *a = ((const struct ranked *)left)->entity;
    const struct el_entity *b = ((const struct ranked *)right)->entity;
    int order = by_number(b->score, a->score);
    return order != 0 ? order : el_span_order(a->span, b->span);
}

/* The kept entities are disjoint, so sorted by start they are sorted by end too: a new one fits
 * if and only if it fits between its two neighbours. */
static bool keep(struct el_entity *kept, size_t *n_kept, const struct el_entity *entity) {
    size_t low = 0, high = *n_kept;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (kept[middle].span.start < entity->span.start) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool free_before = low == 0 || kept[low - 1].span.end <= entity->span.start;
    bool free_after = low == *n_kept || kept[low].span.start >= entity->span.end;
    if (!free_before || !free_after) {
        return false;
    }
    memmove(kept + low + 1, kept + low, (*n_kept - low) * sizeof *kept);
    kept[low] = *entity;
    ++*n_kept;
    return true;
}

static bool flatten(struct el_arena *scratch, struct el_entity *entities, size_t *count,
                    const double *weights, int (*order)(const void *left, const void *right)) {
    size_t n = *count, n_kept = 0;
    struct ranked *ranked = el_arena_array(scratch, n, sizeof *ranked);
    struct el_entity *kept = el_arena_array(scratch, n, sizeof *kept);
    if (ranked == NULL || kept == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        ranked[i] =
            (struct ranked){.entity = &entities[i],
                            .proposers = el_member_set_weight(entities[i].extracted_by, weights)};
    }
    if (n > 1) {
        qsort(ranked, n, sizeof *ranked, order);
    }
    for (size_t i = 0; i < n; i++) {
        keep(kept, &n_kept, ranked[i].entity);
    }
    if (n_kept > 0) {
        memcpy(entities, kept, n_kept * sizeof *entities);
    }
    *count = n_kept;
    return true;
}

bool el_flatten(struct el_arena *scratch, struct el_entity *entities, size_t *count,
                const double *weights) {
    return flatten(scratch, entities, count, weights, by_preference);
}

bool el_flatten_by_score(struct el_arena *scratch, struct el_entity *entities, size_t *count) {
    return flatten(scratch, entities, count, NULL, by_score);
}

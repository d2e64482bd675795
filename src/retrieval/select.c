/* Choosing k demonstrations among the most similar sentences, so that they are not all alike. Each
 * variant picks one after another; what is picked is moved to the front of the list. */
#include "retrieval/pool_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void pick(struct el_hits *hits, size_t picked, size_t which) {
    struct el_hit hit = hits->items[which];
    memmove(hits->items + picked + 1, hits->items + picked, (which - picked) * sizeof hit);
    hits->items[picked] = hit;
}

/* Vectors of the sentences in the list, one after another. */
static float *sentence_vectors(struct el_search *search, struct el_arena *arena,
                               const struct el_hits *hits) {
    size_t stride = search->pool->header.stride;
    float *vectors = el_arena_array(arena, hits->count * stride, sizeof *vectors);
    if (vectors == NULL) {
        el_fail_memory(search->err);
        return NULL;
    }
    for (size_t i = 0; i < hits->count; i++) {
        float *own = vectors + i * stride;
        const float *row =
            el_exact_vector(search->pool, true, hits->items[i].sentence, own, search->err);
        if (row == NULL) {
            return NULL;
        }
        if (row != own) {
            memcpy(own, row, stride * sizeof *own);
        }
    }
    return vectors;
}

static bool pick_diverse(struct el_search *search, struct el_arena *arena, struct el_hits *hits,
                         size_t k) {
    size_t stride = search->pool->header.stride;
    double d = search->options->diversity;
    float *vectors = sentence_vectors(search, arena, hits);
    /* places[i]: where the vector of the i-th hit is; moves along with the hits. */
    size_t *places = el_arena_array(arena, hits->count, sizeof *places);
    double *nearest = el_arena_array(arena, hits->count, sizeof *nearest); /* by place */
    if (vectors == NULL || places == NULL || nearest == NULL) {
        return vectors == NULL ? false : el_fail_memory(search->err);
    }
    for (size_t i = 0; i < hits->count; i++) {
        places[i] = i;
        nearest[i] = -1;
    }
    for (size_t picked = 0; picked < k; picked++) {
        size_t best = picked;
        double highest = -INFINITY;
        for (size_t i = picked; i < hits->count; i++) {
            double alike = picked == 0 ? 0 : nearest[places[i]];
            double value = (1 - d) * hits->items[i].score - d * alike;
            if (value > highest) {
                highest = value;
                best = i;
            }
        }
        size_t place = places[best];
        pick(hits, picked, best);
        memmove(places + picked + 1, places + picked, (best - picked) * sizeof *places);
        places[picked] = place;
        for (size_t i = 0; i < hits->count; i++) {
            double cosine = el_dot(vectors + i * stride, vectors + place * stride, stride);
            nearest[i] = cosine > nearest[i] ? cosine : nearest[i];
        }
    }
    return true;
}

/* How often the least shown type of a sentence has been shown; SIZE_MAX without any. */
static bool least_shown(struct el_search *search, size_t sentence, const size_t *shown,
                        size_t *least) {
    const struct el_sentence_record *record;
    const struct el_pool_entity *mentions;
    const bool *allowed = search->query->allowed_types;
    *least = SIZE_MAX;
    if (!el_pool_sentence_at(search->pool, sentence, &record, search->err) ||
        !el_pool_mentions_at(search->pool, record, &mentions, search->err)) {
        return false;
    }
    for (size_t m = 0; m < record->n_mentions; m++) {
        uint32_t type = mentions[m].type;
        if ((allowed == NULL || allowed[type]) && shown[type] < *least) {
            *least = shown[type];
        }
    }
    return true;
}

static bool count_types(struct el_search *search, size_t sentence, size_t *shown) {
    const struct el_sentence_record *record;
    const struct el_pool_entity *mentions;
    if (!el_pool_sentence_at(search->pool, sentence, &record, search->err) ||
        !el_pool_mentions_at(search->pool, record, &mentions, search->err)) {
        return false;
    }
    for (size_t m = 0; m < record->n_mentions; m++) {
        bool first = true;
        for (size_t i = 0; i < m; i++) {
            first = first && mentions[i].type != mentions[m].type;
        }
        shown[mentions[m].type] += first;
    }
    return true;
}

static bool pick_balanced(struct el_search *search, struct el_arena *arena, struct el_hits *hits,
                          size_t k) {
    size_t *shown = el_arena_array(arena, search->pool->header.n_types, sizeof *shown);
    if (shown == NULL) {
        return el_fail_memory(search->err);
    }
    for (size_t picked = 0; picked < k; picked++) {
        size_t best = picked, fewest = SIZE_MAX, least;
        for (size_t i = picked; i < hits->count; i++) {
            if (!least_shown(search, hits->items[i].sentence, shown, &least)) {
                return false;
            }
            if (least < fewest) {
                fewest = least;
                best = i;
            }
        }
        pick(hits, picked, best);
        if (!count_types(search, hits->items[picked].sentence, shown)) {
            return false;
        }
    }
    return true;
}

static int nearest_first(const void *a, const void *b) {
    const struct el_hit *x = a, *y = b;
    return x->score != y->score ? (x->score < y->score ? 1 : -1)
                                : (x->sentence > y->sentence ? 1 : -1);
}

bool el_select(struct el_search *search, struct el_arena *arena, struct el_hits *hits) {
    size_t k = search->options->k < hits->count ? search->options->k : hits->count;
    bool fine = search->options->selection == EL_SELECT_DIVERSE
                    ? pick_diverse(search, arena, hits, k)
                    : pick_balanced(search, arena, hits, k);
    hits->count = k;
    if (fine && k > 0) {
        qsort(hits->items, k, sizeof *hits->items, nearest_first);
    }
    return fine;
}

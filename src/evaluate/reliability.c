#include "evaluate/reliability.h"

#include <math.h>

void el_reliability_add(struct el_reliability *r, double score, bool right) {
    if (!(score >= 0 && score <= 1)) {
        return;
    }
    double bin = fmin(score * EL_RELIABILITY_BINS, EL_RELIABILITY_BINS - 1);
    r->sum[(size_t)bin] += score;
    r->variance[(size_t)bin] += score * (1 - score);
    r->right[(size_t)bin] += right;
    r->count[(size_t)bin]++;
    r->total++;
}

double el_reliability_error(const struct el_reliability *r) {
    double sum = 0;
    for (size_t b = 0; b < EL_RELIABILITY_BINS; b++) {
        sum += fabs(r->sum[b] - (double)r->right[b]);
    }
    return r->total > 0 ? sum / (double)r->total : (double)NAN;
}

double el_reliability_chance(const struct el_reliability *r) {
    double sum = 0;
    for (size_t b = 0; b < EL_RELIABILITY_BINS; b++) {
        sum += sqrt(2 / M_PI * r->variance[b]);
    }
    return r->total > 0 ? sum / (double)r->total : (double)NAN;
}

struct el_reliability el_reliability_of(const struct el_labels *gold,
                                        const struct el_labels *predicted) {
    struct el_reliability r = {0};
    for (size_t d = 0; d < predicted->count; d++) {
        const struct el_labelled *right = &gold->items[d], *document = &predicted->items[d];
        for (size_t i = 0; i < document->n_entities; i++) {
            const struct el_entity *entity = &document->entities[i];
            el_reliability_add(&r, entity->score,
                               el_entity_find(right->entities, right->n_entities, entity->span,
                                              entity->type) != NULL);
        }
    }
    return r;
}

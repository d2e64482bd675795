#include "retrieval/span_weight.h"

#include <stddef.h>

const double el_published_weights[EL_POS_COUNT] = {
    [EL_POS_PROPN] = 4, [EL_POS_NOUN] = 2, [EL_POS_PRON] = 1};

double el_span_weight(const struct el_span *words, const enum el_pos *tags, size_t n_words,
                      struct el_span span, const double weights[EL_POS_COUNT], enum el_pos *tag) {
    double largest = 0;
    bool any = false;
    for (size_t i = 0; i < n_words && words[i].start < span.end; i++) {
        if (words[i].end > span.start && (!any || weights[tags[i]] > largest)) {
            largest = weights[tags[i]];
            any = true;
            if (tag != NULL) {
                *tag = tags[i];
            }
        }
    }
    if (!any && tag != NULL) {
        *tag = EL_POS_X;
    }
    return largest;
}

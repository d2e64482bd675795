#include "evaluate/match.h"

#include <stdlib.h>
#include <string.h>

static const char *const NAMES[] = {"strict",    "exact",   "partial",       "type",
                                    "conlleval", "seqeval", "seqeval-strict"};

bool el_match_from_name(const char *name, enum el_match *match) {
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (strcmp(name, NAMES[i]) == 0) {
            *match = (enum el_match)i;
            return true;
        }
    }
    return false;
}

const char *el_match_name(enum el_match match) {
    return NAMES[match];
}

bool el_match_reads_tags(enum el_match match) {
    return match >= EL_MATCH_CONLLEVAL;
}

struct candidate {
    enum el_relation relation;
    size_t overlap, gold, predicted;
};

static int by_quality(const void *left, const void *right) {
    const struct candidate *a = left, *b = right;
    if (a->relation != b->relation) {
        return a->relation < b->relation ? -1 : 1;
    }
    if (a->overlap != b->overlap) {
        return a->overlap > b->overlap ? -1 : 1;
    }
    if (a->gold != b->gold) {
        return a->gold < b->gold ? -1 : 1;
    }
    return (a->predicted > b->predicted) - (a->predicted < b->predicted);
}

static size_t overlap(struct el_span a, struct el_span b) {
    size_t start = a.start > b.start ? a.start : b.start;
    size_t end = a.end < b.end ? a.end : b.end;
    return end > start ? end - start : 0;
}

static enum el_relation relate(const struct el_chunk *gold, const struct el_chunk *predicted) {
    bool span = gold->span.start == predicted->span.start && gold->span.end == predicted->span.end;
    bool type = strcmp(gold->type, predicted->type) == 0;
    return span ? (type ? EL_SAME : EL_SAME_SPAN) : type ? EL_OVERLAP_TYPE : EL_OVERLAP;
}

/* One sweep over both sorted lists: `reach[j]` is how far predictions 0..j extend, so those that
 * end before a gold mention begins are skipped together, nested or not. */
static bool list_candidates(struct el_arena *arena, const struct el_chunk *gold, size_t n_gold,
                            const struct el_chunk *predicted, size_t n_predicted,
                            struct candidate **candidates, size_t *count) {
    size_t *reach = el_arena_array(arena, n_predicted, sizeof *reach);
    size_t capacity = 0;
    if (reach == NULL) {
        return false;
    }
    for (size_t j = 0; j < n_predicted; j++) {
        size_t before = j > 0 ? reach[j - 1] : 0;
        reach[j] = predicted[j].span.end > before ? predicted[j].span.end : before;
    }
    *candidates = NULL;
    *count = 0;
    for (int pass = 0; pass < 2; pass++) { /* count, then fill */
        size_t first = 0, n = 0;
        for (size_t i = 0; i < n_gold; i++) {
            while (first < n_predicted && reach[first] <= gold[i].span.start) {
                first++;
            }
            for (size_t j = first; j < n_predicted && predicted[j].span.start < gold[i].span.end;
                 j++) {
                size_t shared = overlap(gold[i].span, predicted[j].span);
                if (shared > 0 && pass == 1) {
                    (*candidates)[n] =
                        (struct candidate){relate(&gold[i], &predicted[j]), shared, i, j};
                }
                n += shared > 0;
            }
        }
        if (pass == 0) {
            capacity = n;
            *candidates = el_arena_array(arena, capacity, sizeof **candidates);
            if (*candidates == NULL) {
                return false;
            }
        }
        *count = n;
    }
    return true;
}

bool el_pair(struct el_arena *arena, const struct el_chunk *gold, size_t n_gold,
             const struct el_chunk *predicted, size_t n_predicted, struct el_pairing *pairing) {
    struct candidate *candidates;
    size_t count;
    pairing->of_gold = el_arena_array(arena, n_gold, sizeof *pairing->of_gold);
    pairing->of_predicted = el_arena_array(arena, n_predicted, sizeof *pairing->of_predicted);
    pairing->relation = el_arena_array(arena, n_gold, 1);
    if (pairing->of_gold == NULL || pairing->of_predicted == NULL || pairing->relation == NULL ||
        !list_candidates(arena, gold, n_gold, predicted, n_predicted, &candidates, &count)) {
        return false;
    }
    for (size_t i = 0; i < n_gold; i++) {
        pairing->of_gold[i] = SIZE_MAX;
        pairing->relation[i] = EL_ALONE;
    }
    for (size_t j = 0; j < n_predicted; j++) {
        pairing->of_predicted[j] = SIZE_MAX;
    }
    if (count > 1) {
        qsort(candidates, count, sizeof *candidates, by_quality);
    }
    for (size_t c = 0; c < count; c++) {
        size_t i = candidates[c].gold, j = candidates[c].predicted;
        if (pairing->of_gold[i] == SIZE_MAX && pairing->of_predicted[j] == SIZE_MAX) {
            pairing->of_gold[i] = j;
            pairing->of_predicted[j] = i;
            pairing->relation[i] = (unsigned char)candidates[c].relation;
        }
    }
    return true;
}

double el_match_credit(enum el_match match, enum el_relation relation) {
    switch (match) {
    case EL_MATCH_EXACT:
        return relation == EL_SAME || relation == EL_SAME_SPAN;
    case EL_MATCH_PARTIAL:
        return relation == EL_SAME || relation == EL_SAME_SPAN ? 1 : relation == EL_ALONE ? 0 : 0.5;
    case EL_MATCH_TYPE:
        return relation == EL_SAME || relation == EL_OVERLAP_TYPE;
    default:
        return relation == EL_SAME;
    }
}

struct el_prf el_tally_prf(const struct el_tally *tally) {
    struct el_prf prf = {0};
    if (tally->predicted > 0) {
        prf.precision = tally->right / (double)tally->predicted;
    }
    if (tally->gold > 0) {
        prf.recall = tally->found / (double)tally->gold;
    }
    if (prf.precision + prf.recall > 0) {
        prf.f1 = 2 * prf.precision * prf.recall / (prf.precision + prf.recall);
    }
    return prf;
}

void el_tally_add(struct el_tally *sum, const struct el_tally *tally) {
    sum->gold += tally->gold;
    sum->predicted += tally->predicted;
    sum->correct += tally->correct;
    sum->incorrect += tally->incorrect;
    sum->partial += tally->partial;
    sum->missed += tally->missed;
    sum->spurious += tally->spurious;
    sum->found += tally->found;
    sum->right += tally->right;
}

/* Where scores are low, likeness says little, and a demonstration in the query's own language shows
 * the task better: such hits take the places of others. */
#include "retrieval/pool_search.h"

#include "language/same_language.h"

#include <stdlib.h>
#include <string.h>

static bool tell_foreign(struct el_search *search, const struct el_language *own,
                         struct el_hit *hit) {
    struct el_pool_sentence sentence;
    if (!el_pool_get(search->pool, hit->sentence, &sentence, search->err)) {
        return false;
    }
    struct el_language other = el_language_of(sentence.text, sentence.text_len, sentence.lang);
    hit->foreign = !el_language_same(own, &other);
    return true;
}

static struct el_language own_language(const struct el_search *search) {
    const struct el_query *query = search->query;
    return el_language_of(query->text, query->text_len, query->lang);
}

bool el_gives_way(struct el_search *search, const struct el_hits *hits, bool *any) {
    struct el_language own = own_language(search);
    *any = false;
    for (size_t i = 0; i < hits->count && !*any; i++) {
        if (!tell_foreign(search, &own, &hits->items[i])) {
            return false;
        }
        *any = hits->items[i].foreign && hits->items[i].score < search->options->own_language_below;
    }
    return true;
}

bool el_prefer_own_language(struct el_search *search, struct el_hits *hits, size_t k) {
    struct el_language own = own_language(search);
    double low = search->options->own_language_below;
    size_t kept = 0;
    k = k < hits->count ? k : hits->count;
    /* Two passes over the hits, best first: those that stay where they are, then the others. */
    struct el_hit *chosen = calloc(k + 1, sizeof *chosen);
    if (chosen == NULL) {
        return el_fail_memory(search->err);
    }
    bool fine = true;
    for (size_t i = 0; fine && i < hits->count && kept < k; i++) {
        fine = tell_foreign(search, &own, &hits->items[i]);
        if (!hits->items[i].foreign || hits->items[i].score >= low) {
            chosen[kept++] = hits->items[i];
            hits->own_language = hits->own_language || i >= k;
        }
    }
    for (size_t i = 0; i < k && kept < k; i++) {
        if (hits->items[i].foreign && hits->items[i].score < low) {
            chosen[kept++] = hits->items[i];
        }
    }
    if (fine) {
        memcpy(hits->items, chosen, k * sizeof *chosen);
        hits->count = k;
    }
    free(chosen);
    return fine;
}

/* el_pool_search: choose the similarity, find the k best, explain them. */
#include "retrieval/pool_search.h"

#include "base/checksum.h"
#include "retrieval/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The k best so far, as a heap with the worst on top. Of equal scores the earlier sentence is the
 * better one. Scores are compared in steps of 1e-9: what differs by less differs by the order of
 * summation only, which must not decide. */
struct best {
    struct el_hit *items;
    size_t count, k;
};

static double rounded(double score) {
    return nearbyint(score * 1e9) / 1e9;
}

static bool is_worse(const struct el_hit *a, const struct el_hit *b) {
    return a->score < b->score || (a->score == b->score && a->sentence > b->sentence);
}

static void sink(struct best *best, size_t at) {
    for (;;) {
        size_t worst = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < best->count; child++) {
            worst = is_worse(&best->items[child], &best->items[worst]) ? child : worst;
        }
        if (worst == at) {
            return;
        }
        struct el_hit swap = best->items[at];
        best->items[at] = best->items[worst];
        best->items[worst] = swap;
        at = worst;
    }
}

static void offer(struct best *best, size_t sentence, double score) {
    struct el_hit hit = {.sentence = sentence, .score = rounded(score)};
    if (best->count < best->k) {
        size_t at = best->count++;
        best->items[at] = hit;
        for (; at > 0 && is_worse(&best->items[at], &best->items[(at - 1) / 2]);
             at = (at - 1) / 2) {
            struct el_hit swap = best->items[at];
            best->items[at] = best->items[(at - 1) / 2];
            best->items[(at - 1) / 2] = swap;
        }
    } else if (is_worse(&best->items[0], &hit)) {
        best->items[0] = hit;
        sink(best, 0);
    }
}

static int nearest_first(const void *a, const void *b) {
    return is_worse(a, b) ? 1 : -1;
}

/* Whether sentence i is the query itself. The checksum in its record has been compared. */
static bool is_query(struct el_search *search, size_t i, const char *folded, size_t folded_len,
                     bool *same) {
    struct el_pool_sentence sentence;
    struct el_arena arena = {0};
    size_t len;
    if (!el_pool_get(search->pool, i, &sentence, search->err)) {
        return false;
    }
    char *other = el_text_fold(&arena, sentence.text, sentence.text_len, false, &len);
    *same = other != NULL && len == folded_len && memcmp(other, folded, len) == 0;
    bool fine = other != NULL || el_fail_memory(search->err);
    el_arena_free(&arena);
    return fine;
}

/* The sentence itself is never its own demonstration. */
static bool leave_out_query(struct el_search *search) {
    struct el_arena arena = {0};
    size_t len, n = search->pool->header.n_sentences;
    char *folded = el_text_fold(&arena, search->query->text, search->query->text_len, false, &len);
    bool fine = folded != NULL || el_fail_memory(search->err);
    uint64_t checksum = fine ? el_checksum(folded, len) : 0;
    const struct el_sentence_record *records = el_pool_section(search->pool, EL_SECTION_SENTENCES);
    fine = fine &&
           el_pool_ensure(search->pool, EL_SECTION_SENTENCES, 0, n * sizeof *records, search->err);
    for (size_t i = 0; fine && i < n; i++) {
        bool same = false;
        if (records[i].folded == checksum) {
            fine = is_query(search, i, folded, len, &same);
            size_t apart = search->options->apart, end = i + apart < n ? i + apart + 1 : n;
            for (size_t j = i > apart ? i - apart : 0; same && j < end; j++) {
                search->bounds[j] = -INFINITY;
            }
        }
    }
    el_arena_free(&arena);
    return fine;
}

/* The k best by exact score, scoring few: the k sentences with the highest bounds are scored
 * first; the worst of these scores is a threshold that a winner must reach, and who has a bound
 * below it cannot win. */
static bool select_best(struct el_search *search, size_t k, struct el_arena *arena,
                        struct el_hits *hits) {
    size_t n = search->pool->header.n_sentences;
    k = k < n ? k : n;
    struct best likely = {el_arena_array(arena, k, sizeof *likely.items), 0, k};
    struct best best = {el_arena_array(arena, k, sizeof *best.items), 0, k};
    if (likely.items == NULL || best.items == NULL) {
        return el_fail_memory(search->err);
    }
    for (size_t i = 0; k > 0 && i < n; i++) {
        if (search->bounds[i] != -INFINITY) {
            offer(&likely, i, search->bounds[i]);
        }
    }
    double threshold = INFINITY;
    for (size_t i = 0; i < likely.count; i++) {
        double score;
        if (!search->score(search, likely.items[i].sentence, &score)) {
            return false;
        }
        threshold = score < threshold ? score : threshold;
    }
    for (size_t i = 0; likely.count > 0 && i < n; i++) {
        double score;
        if (search->bounds[i] == -INFINITY || search->bounds[i] < threshold - EL_SLACK) {
            continue;
        }
        if (!search->score(search, i, &score)) {
            return false;
        }
        offer(&best, i, score);
    }
    if (best.count > 0) {
        qsort(best.items, best.count, sizeof *best.items, nearest_first);
    }
    hits->items = best.items;
    hits->count = best.count;
    return true;
}

/* For each span of the query its best match in the sentence; of equal ones the first. */
static bool explain(struct el_search *search, struct el_arena *arena, struct el_hit *hit) {
    const struct el_query *query = search->query;
    const struct el_span_query *spans = search->spans;
    const struct el_sentence_record *record;
    const struct el_pool_entity *mentions;
    hit->matches = el_arena_array(arena, query->n_spans, sizeof *hit->matches);
    if (hit->matches == NULL) {
        return el_fail_memory(search->err);
    }
    if (!el_pool_sentence_at(search->pool, hit->sentence, &record, search->err) ||
        !el_pool_mentions_at(search->pool, record, &mentions, search->err)) {
        return false;
    }
    for (size_t m = 0; m < record->n_mentions; m++) {
        const char *text;
        size_t len;
        if (query->allowed_types != NULL && !query->allowed_types[mentions[m].type]) {
            continue;
        }
        const double *cosines = el_span_cosines(search, mentions[m].string);
        if (cosines == NULL ||
            !el_pool_string(search->pool, mentions[m].string, &text, &len, search->err)) {
            return false;
        }
        for (size_t i = 0; i < query->n_spans; i++) {
            struct el_hit_match *match = &hit->matches[i];
            double cosine = cosines[spans->distinct[i]];
            if (!match->found || cosine > match->cosine) {
                *match = (struct el_hit_match){true, text, cosine};
            }
        }
    }
    return true;
}

/* More hits are looked for only where one of the k best would have to give way. */
static bool choose_language(struct el_search *search, struct el_arena *arena,
                            struct el_hits *hits) {
    size_t k = search->options->k;
    bool any;
    if (!el_gives_way(search, hits, &any)) {
        return false;
    }
    return !any ||
           (select_best(search, k < SIZE_MAX / EL_OWN_AMONG ? k * EL_OWN_AMONG : k, arena, hits) &&
            el_prefer_own_language(search, hits, k));
}

static bool run(struct el_search *search, struct el_arena *arena, struct el_hits *hits) {
    const struct el_search_options *options = search->options;
    enum el_similarity similarity = options->similarity;
    struct el_span_query spans = {0};
    bool fine = true;
    if (similarity == EL_SIMILARITY_SPAN) {
        search->spans = &spans;
        fine = el_span_query_make(search, arena, &spans);
        if (fine && !(spans.total > 0)) {
            hits->fell_back = true;
            similarity = EL_SIMILARITY_SENTENCE;
        }
    }
    if (fine && similarity == EL_SIMILARITY_SPAN) {
        fine = el_search_spans(search) && (options->sentence_mix <= 0 || el_mix_sentences(search));
    } else if (fine && similarity == EL_SIMILARITY_SENTENCE) {
        fine = el_search_sentences(search);
    } else if (fine && similarity == EL_SIMILARITY_BM25) {
        fine = el_search_bm25(search);
    } else if (fine) {
        el_search_random(search);
    }
    size_t k = options->k;
    bool own = options->own_language_below > 0 && options->selection == EL_SELECT_BEST &&
               (similarity == EL_SIMILARITY_SPAN || similarity == EL_SIMILARITY_SENTENCE);
    if (options->selection != EL_SELECT_BEST) {
        k = k < SIZE_MAX / EL_SELECT_AMONG ? k * EL_SELECT_AMONG : k;
    }
    fine = fine && leave_out_query(search) && select_best(search, k, arena, hits) &&
           (options->selection == EL_SELECT_BEST || el_select(search, arena, hits)) &&
           (!own || choose_language(search, arena, hits));
    for (size_t i = 0; fine && search->spans != NULL && i < hits->count; i++) {
        fine = explain(search, arena, &hits->items[i]);
    }
    el_memo_free(spans.memo);
    return fine;
}

bool el_pool_search(const struct el_pool *pool, const struct el_query *query,
                    const struct el_search_options *options, struct el_arena *arena,
                    struct el_hits *hits, struct el_error *err) {
    struct el_search search = {.pool = pool, .query = query, .options = options, .err = err};
    if (!(options->sentence_mix >= 0 && options->sentence_mix < 1) ||
        !(options->diversity >= 0 && options->diversity <= 1)) {
        return el_fail(err, EL_ERR_CONFIG,
                       "the share of sentence similarity must be 0 to below 1, diversity 0 to 1");
    }
    /* Threads cost about 50 microseconds each: not for a pool that is scanned in that time. */
    uint64_t work = pool->header.n_spans * pool->header.stride;
    search.threads = work < 1 << 20 ? 1 : el_thread_count(options->threads);
    *hits = (struct el_hits){0};
    size_t n = pool->header.n_sentences;
    struct el_scratch *scratch = el_scratch_take(pool, n * sizeof(double));
    search.sentence_vector = el_arena_array(arena, pool->header.stride, sizeof(float));
    if (scratch == NULL || search.sentence_vector == NULL) {
        el_scratch_give(pool, scratch);
        return el_fail_memory(err);
    }
    search.bounds = (double *)(void *)scratch->sims;
    bool fine = run(&search, arena, hits);
    el_scratch_give(pool, scratch);
    return fine;
}

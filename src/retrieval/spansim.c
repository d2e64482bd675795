/* Span-level sentence similarity (paper, stage 1):
 *
 *     SpanSim(X, Xc) = sum over s of w(s) * max over s' of cos(s, s')  /  sum over s of w(s)
 *
 * with s over the distinct spans of the query sentence and s' over those of the candidate. Each
 * distinct string of the pool is multiplied once with each query span, however many sentences
 * hold it; then each sentence looks its strings up. */
#include "retrieval/pool_search.h"

#include "retrieval/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Equal strings are one span of X (equal after NFC and white-space folding); of their weights the
 * largest counts. */
static bool number_distinct(struct el_search *search, struct el_arena *arena,
                            struct el_span_query *spans, const struct el_query_span **first) {
    const struct el_query *query = search->query;
    char **folded = el_arena_array(arena, query->n_spans, sizeof *folded);
    if (folded == NULL) {
        return false;
    }
    for (size_t i = 0; i < query->n_spans; i++) {
        size_t len, same = 0;
        char *text =
            el_text_fold(arena, query->spans[i].text, query->spans[i].text_len, false, &len);
        if (text == NULL) {
            return false;
        }
        while (same < spans->count && strcmp(folded[same], text) != 0) {
            same++;
        }
        if (same == spans->count) {
            folded[same] = text;
            first[same] = &query->spans[i];
            spans->weights[same] = 0;
            spans->count++;
        }
        spans->distinct[i] = same;
        double weight = query->spans[i].weight;
        if (weight > spans->weights[same]) {
            spans->weights[same] = weight;
        }
    }
    return true;
}

static bool fill_vector(struct el_search *search, const struct el_query_span *span, float *row) {
    const struct el_pool *pool = search->pool;
    size_t dimensions = pool->header.dimensions;
    if (span->vector != NULL) {
        memcpy(row, span->vector, dimensions * sizeof *row);
        return el_vector_is_normal(row, dimensions) ||
               el_fail(search->err, EL_ERR_CONFIG, "a query vector is not of length 1");
    }
    if (!(pool->header.flags & EL_POOL_NGRAM)) {
        return el_fail(search->err, EL_ERR_CONFIG,
                       "%s: this pool has vectors of %s; a search in it needs that embedding "
                       "member, or build the pool without one",
                       pool->path, pool->info.vectors);
    }
    const float *idf = el_pool_section(pool, EL_SECTION_IDF);
    if (!el_pool_ensure(pool, EL_SECTION_IDF, 0, EL_NGRAM_BUCKETS * sizeof *idf, search->err)) {
        return false;
    }
    return el_ngram_vector(idf, span->text, span->text_len, row, dimensions) ||
           el_fail_memory(search->err);
}

bool el_span_query_make(struct el_search *search, struct el_arena *arena,
                        struct el_span_query *spans) {
    size_t n = search->query->n_spans, stride = search->pool->header.stride;
    const struct el_query_span **first = el_arena_array(arena, n, sizeof *first);
    spans->weights = el_arena_array(arena, n, sizeof *spans->weights);
    spans->distinct = el_arena_array(arena, n, sizeof *spans->distinct);
    if (first == NULL || spans->weights == NULL || spans->distinct == NULL ||
        !number_distinct(search, arena, spans, first)) {
        return el_fail_memory(search->err);
    }
    spans->vectors = el_arena_array(arena, spans->count * stride, sizeof *spans->vectors);
    spans->memo = el_memo_new(spans->count);
    if (spans->vectors == NULL || spans->memo == NULL) {
        return el_fail_memory(search->err);
    }
    for (size_t i = 0; i < spans->count; i++) {
        spans->total += spans->weights[i];
        if (!fill_vector(search, first[i], spans->vectors + i * stride)) {
            return false;
        }
    }
    return true;
}

const double *el_span_cosines(struct el_search *search, uint32_t string) {
    const struct el_pool *pool = search->pool;
    struct el_span_query *spans = search->spans;
    bool fresh;
    double *row = el_memo_row(spans->memo, string, &fresh);
    if (row == NULL) {
        el_fail_memory(search->err);
        return NULL;
    }
    if (fresh) {
        float own[EL_POOL_MAX_DIMENSIONS];
        const float *vector = el_exact_vector(pool, false, string, own, search->err);
        if (vector == NULL) {
            return NULL;
        }
        for (size_t i = 0; i < spans->count; i++) {
            row[i] =
                el_dot(vector, spans->vectors + i * pool->header.stride, pool->header.dimensions);
        }
    }
    return row;
}

static bool is_allowed(const struct el_query *query, uint32_t type) {
    return query->allowed_types == NULL || query->allowed_types[type];
}

/* Best cosine of query span `i` among the allowed mentions; -INFINITY without any. */
static bool best_cosine(struct el_search *search, const struct el_sentence_record *record,
                        const struct el_pool_entity *mentions, size_t i, double *best) {
    *best = -INFINITY;
    for (size_t m = 0; m < record->n_mentions; m++) {
        if (is_allowed(search->query, mentions[m].type)) {
            const double *cosines = el_span_cosines(search, mentions[m].string);
            if (cosines == NULL) {
                return false;
            }
            *best = cosines[i] > *best ? cosines[i] : *best;
        }
    }
    return true;
}

/* SpanSim(Xc, X): the candidate's mentions, each of weight 1, against the query's spans that have
 * a weight. */
static bool reverse_score(struct el_search *search, const struct el_sentence_record *record,
                          const struct el_pool_entity *mentions, double *score) {
    const struct el_span_query *spans = search->spans;
    size_t n = 0;
    *score = 0;
    for (size_t m = 0; m < record->n_mentions; m++) {
        if (is_allowed(search->query, mentions[m].type)) {
            const double *cosines = el_span_cosines(search, mentions[m].string);
            double best = -INFINITY;
            if (cosines == NULL) {
                return false;
            }
            for (size_t i = 0; i < spans->count; i++) {
                best = spans->weights[i] > 0 && cosines[i] > best ? cosines[i] : best;
            }
            *score += best;
            n++;
        }
    }
    *score = n > 0 ? *score / (double)n : 0;
    return true;
}

/* The formula, as it is. A candidate without spans scores 0. */
bool el_span_score(struct el_search *search, size_t sentence, double *score) {
    const struct el_span_query *spans = search->spans;
    const struct el_sentence_record *record;
    const struct el_pool_entity *mentions;
    if (!el_pool_sentence_at(search->pool, sentence, &record, search->err) ||
        !el_pool_mentions_at(search->pool, record, &mentions, search->err)) {
        return false;
    }
    double sum = 0, back;
    for (size_t i = 0; i < spans->count; i++) {
        double best;
        if (spans->weights[i] > 0) {
            if (!best_cosine(search, record, mentions, i, &best)) {
                return false;
            }
            sum += best == -INFINITY ? 0 : spans->weights[i] * best;
        }
    }
    *score = sum / spans->total;
    if (search->options->symmetric) {
        if (!reverse_score(search, record, mentions, &back)) {
            return false;
        }
        *score = (*score + back) / 2;
    }
    return true;
}

/* One group of query spans at a time: their products with all strings of the pool, then their
 * part of each sentence's bound. */
struct group {
    struct el_search *search;
    const float *products; /* [n_spans][size] */
    double weights[EL_SCAN_QUERIES];
    size_t size, piece;
    bool failed; /* by any thread */
    struct el_error err;
    pthread_mutex_t lock;
};

static void fail_group(struct group *group, const struct el_error *err) {
    pthread_mutex_lock(&group->lock);
    if (!group->failed) {
        group->failed = true;
        group->err = *err;
    }
    pthread_mutex_unlock(&group->lock);
}

static double sentence_part(const struct group *group, const struct el_sentence_record *record,
                            const struct el_pool_entity *mentions) {
    float best[EL_SCAN_QUERIES];
    bool any = false;
    double sum = 0;
    for (size_t i = 0; i < group->size; i++) {
        best[i] = -INFINITY;
    }
    for (size_t m = 0; m < record->n_mentions; m++) {
        if (is_allowed(group->search->query, mentions[m].type)) {
            const float *products = group->products + (size_t)mentions[m].string * group->size;
            any = true;
            for (size_t i = 0; i < group->size; i++) {
                best[i] = products[i] > best[i] ? products[i] : best[i];
            }
        }
    }
    for (size_t i = 0; any && i < group->size; i++) {
        sum += group->weights[i] * best[i];
    }
    return sum;
}

static void add_parts(void *context, size_t piece) {
    struct group *group = context;
    struct el_search *search = group->search;
    size_t from = piece * group->piece, to = from + group->piece;
    struct el_error err;
    to = to < search->pool->header.n_sentences ? to : search->pool->header.n_sentences;
    for (size_t s = from; s < to; s++) {
        const struct el_sentence_record *record;
        const struct el_pool_entity *mentions;
        if (!el_pool_sentence_at(search->pool, s, &record, &err) ||
            !el_pool_mentions_at(search->pool, record, &mentions, &err)) {
            fail_group(group, &err);
            return;
        }
        search->bounds[s] += sentence_part(group, record, mentions) / search->spans->total;
    }
}

/* The other direction cannot exceed 1, nor can it be anything but 0 without mentions. A closer
 * bound would need all products of a mention at hand at once. */
static void add_other_direction(struct el_search *search) {
    const struct el_sentence_record *records = el_pool_section(search->pool, EL_SECTION_SENTENCES);
    for (size_t s = 0; s < search->pool->header.n_sentences; s++) {
        search->bounds[s] = (search->bounds[s] + (records[s].n_mentions > 0 ? 1 : 0)) / 2;
    }
}

bool el_search_spans(struct el_search *search) {
    const struct el_pool *pool = search->pool;
    const struct el_span_query *spans = search->spans;
    size_t stride = pool->header.stride, n = pool->header.n_sentences;
    size_t bytes = pool->header.n_spans * EL_SCAN_QUERIES * sizeof(float);
    struct el_arena arena = {0};
    float *vectors = el_arena_array(&arena, EL_SCAN_QUERIES * stride, sizeof *vectors);
    struct el_scratch *scratch = vectors == NULL ? NULL : el_scratch_take(pool, bytes);
    struct group group = {.search = search, .piece = 8192};
    bool fine = scratch != NULL || el_fail_memory(search->err);
    search->score = el_span_score;
    memset(search->bounds, 0, n * sizeof *search->bounds);
    pthread_mutex_init(&group.lock, NULL);
    for (size_t i = 0; fine && i < spans->count;) {
        /* Spans of weight 0 cannot change the sum: they are never scanned. */
        for (group.size = 0; i < spans->count && group.size < EL_SCAN_QUERIES; i++) {
            if (spans->weights[i] > 0) {
                memcpy(vectors + group.size * stride, spans->vectors + i * stride,
                       stride * sizeof *vectors);
                group.weights[group.size++] = spans->weights[i];
            }
        }
        if (group.size > 0) {
            fine = el_scan_bounds(search, false, vectors, group.size, scratch->sims);
            group.products = scratch->sims;
            if (fine) {
                el_parallel(search->threads, (n + group.piece - 1) / group.piece, add_parts,
                            &group);
                fine = !group.failed;
            }
        }
    }
    if (fine && search->options->symmetric) {
        add_other_direction(search);
    }
    if (group.failed && search->err != NULL) {
        *search->err = group.err;
    }
    pthread_mutex_destroy(&group.lock);
    el_scratch_give(pool, scratch);
    el_arena_free(&arena);
    return fine;
}

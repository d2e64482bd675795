/* The other similarities: sentence vectors, BM25, random. They answer through the same interface,
 * so that any of them can stand in for the paper's in a comparison. */
#include "retrieval/pool_search.h"

#include "base/array.h"
#include "base/checksum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sentence similarity: the cosine of sentence vectors. */

bool el_sentence_score(struct el_search *search, size_t sentence, double *score) {
    float own[EL_POOL_MAX_DIMENSIONS];
    const float *row = el_exact_vector(search->pool, true, sentence, own, search->err);
    if (row != NULL) {
        *score = el_dot(row, search->sentence_vector, search->pool->header.dimensions);
    }
    return row != NULL;
}

static bool fill_sentence_vector(struct el_search *search) {
    const struct el_pool *pool = search->pool;
    size_t dimensions = pool->header.dimensions;
    float *row = search->sentence_vector;
    if (search->query->vector != NULL) {
        memcpy(row, search->query->vector, dimensions * sizeof *row);
        return el_vector_is_normal(row, dimensions) ||
               el_fail(search->err, EL_ERR_CONFIG, "the query's vector is not of length 1");
    }
    if (!(pool->header.flags & EL_POOL_NGRAM)) {
        return el_fail(search->err, EL_ERR_CONFIG,
                       "%s: this pool has vectors of %s; a search in it needs that embedding "
                       "member, or build the pool without one",
                       pool->path, pool->info.vectors);
    }
    const float *idf = el_pool_section(pool, EL_SECTION_IDF);
    if (!el_pool_ensure(pool, EL_SECTION_IDF, 0, 2 * EL_NGRAM_BUCKETS * sizeof *idf, search->err)) {
        return false;
    }
    return el_ngram_vector(idf + EL_NGRAM_BUCKETS, search->query->text, search->query->text_len,
                           row, dimensions) ||
           el_fail_memory(search->err);
}

bool el_search_sentences(struct el_search *search) {
    size_t n = search->pool->header.n_sentences;
    if (!fill_sentence_vector(search)) {
        return false;
    }
    struct el_scratch *scratch = el_scratch_take(search->pool, n * sizeof(float));
    bool fine = scratch != NULL || el_fail_memory(search->err);
    fine = fine && el_scan_bounds(search, true, search->sentence_vector, 1, scratch->sims);
    for (size_t i = 0; fine && i < n; i++) {
        search->bounds[i] = scratch->sims[i];
    }
    search->score = el_sentence_score;
    el_scratch_give(search->pool, scratch);
    return fine;
}

static bool mixed_score(struct el_search *search, size_t sentence, double *score) {
    double mix = search->options->sentence_mix, by_sentence;
    if (!el_span_score(search, sentence, score) ||
        !el_sentence_score(search, sentence, &by_sentence)) {
        return false;
    }
    *score = (1 - mix) * *score + mix * by_sentence;
    return true;
}

bool el_mix_sentences(struct el_search *search) {
    size_t n = search->pool->header.n_sentences;
    double mix = search->options->sentence_mix;
    if (!fill_sentence_vector(search)) {
        return false;
    }
    struct el_scratch *scratch = el_scratch_take(search->pool, n * sizeof(float));
    bool fine = scratch != NULL || el_fail_memory(search->err);
    fine = fine && el_scan_bounds(search, true, search->sentence_vector, 1, scratch->sims);
    for (size_t i = 0; fine && i < n; i++) {
        search->bounds[i] = (1 - mix) * search->bounds[i] + mix * scratch->sims[i];
    }
    search->score = mixed_score;
    el_scratch_give(search->pool, scratch);
    return fine;
}

/* Scores that are exact already. */
static bool score_is_bound(struct el_search *search, size_t sentence, double *score) {
    *score = search->bounds[sentence];
    return true;
}

/* BM25 (Robertson and Zaragoza 2009) over words:
 *
 *     score(X, Xc) = sum over words t of X of idf(t) * tf * (K1 + 1) / (tf + K1 * (1 - B + B * n /
 * mean)) idf(t) = ln(1 + (N - df + 0.5) / (df + 0.5))
 *
 * Two passes over the word hashes of the pool, the first for df; no index of its own. */
static const double K1 = 1.2, B = 0.75;

struct terms {
    uint32_t *hashes; /* distinct, sorted once all are there */
    size_t count, capacity;
    uint64_t *df;
    bool failed;
};

static void take_term(void *context, uint32_t hash) {
    struct terms *terms = context;
    if (!EL_GROW(terms->hashes, terms->capacity, terms->count + 1)) {
        terms->failed = true;
        return;
    }
    terms->hashes[terms->count++] = hash;
}

static int by_hash(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static bool make_terms(const struct el_query *query, struct terms *terms) {
    if (!el_ngram_words(query->text, query->text_len, take_term, terms) || terms->failed) {
        return false;
    }
    size_t kept = 0;
    if (terms->count > 0) {
        qsort(terms->hashes, terms->count, sizeof *terms->hashes, by_hash);
    }
    for (size_t i = 0; i < terms->count; i++) {
        if (i == 0 || terms->hashes[i] != terms->hashes[kept - 1]) {
            terms->hashes[kept++] = terms->hashes[i];
        }
    }
    terms->count = kept;
    terms->df = calloc(kept + 1, sizeof *terms->df);
    return terms->df != NULL;
}

/* tf[i] of each query term in one sentence; false = damaged. */
static bool count_terms(struct el_search *search, const struct terms *terms, size_t sentence,
                        uint32_t *tf, uint32_t *n_words) {
    const struct el_sentence_record *record;
    const uint32_t *words = el_pool_section(search->pool, EL_SECTION_WORDS);
    if (!el_pool_sentence_at(search->pool, sentence, &record, search->err)) {
        return false;
    }
    if (record->word > search->pool->header.words_total ||
        !el_pool_ensure(search->pool, EL_SECTION_WORDS, record->word * sizeof *words,
                        record->n_words * sizeof *words, search->err)) {
        return el_fail(search->err, EL_ERR_FORMAT, "%s: the pool file is damaged (words)",
                       search->pool->path);
    }
    memset(tf, 0, terms->count * sizeof *tf);
    *n_words = record->n_words;
    words += record->word;
    for (size_t i = 0; i < record->n_words && terms->count > 0; i++) {
        const uint32_t *found =
            bsearch(&words[i], terms->hashes, terms->count, sizeof *words, by_hash);
        if (found != NULL) {
            tf[found - terms->hashes]++;
        }
    }
    return true;
}

static bool bm25(struct el_search *search, struct terms *terms, uint32_t *tf) {
    size_t n = search->pool->header.n_sentences;
    uint32_t n_words;
    double mean = n > 0 ? (double)search->pool->header.words_total / (double)n : 0;
    mean = mean > 0 ? mean : 1;
    for (size_t s = 0; s < n; s++) {
        if (!count_terms(search, terms, s, tf, &n_words)) {
            return false;
        }
        for (size_t i = 0; i < terms->count; i++) {
            terms->df[i] += tf[i] > 0;
        }
    }
    for (size_t s = 0; s < n; s++) {
        double score = 0;
        if (!count_terms(search, terms, s, tf, &n_words)) {
            return false;
        }
        for (size_t i = 0; i < terms->count; i++) {
            double df = (double)terms->df[i];
            double idf = log(1 + ((double)n - df + 0.5) / (df + 0.5));
            score += idf * tf[i] * (K1 + 1) / (tf[i] + K1 * (1 - B + B * n_words / mean));
        }
        search->bounds[s] = score;
    }
    return true;
}

bool el_search_bm25(struct el_search *search) {
    struct terms terms = {0};
    search->score = score_is_bound;
    uint32_t *tf = NULL;
    bool fine = make_terms(search->query, &terms);
    tf = fine ? calloc(terms.count + 1, sizeof *tf) : NULL;
    fine = tf != NULL ? bm25(search, &terms, tf) : el_fail_memory(search->err);
    free(terms.hashes);
    free(terms.df);
    free(tf);
    return fine;
}

/* Random: a number in [0, 1) a sentence, the same whenever seed and query are the same. */
void el_search_random(struct el_search *search) {
    uint64_t key[3] = {search->options->seed,
                       el_checksum(search->query->text, search->query->text_len), 0};
    search->score = score_is_bound;
    for (size_t i = 0; i < search->pool->header.n_sentences; i++) {
        key[2] = i;
        search->bounds[i] = (double)(el_checksum(key, sizeof key) >> 11) * 0x1p-53;
    }
}

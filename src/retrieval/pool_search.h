/* Parts of a search.
 *
 * Span and sentence similarity give each sentence a bound that its score exceeds by no more than
 * EL_SLACK (bounds[], cheap, from scanning), and can tell the exact score of a single sentence; of
 * BM25 and random order the bound is the score. Selection (select.c) then finds the
 * k best without scoring more than it must. */
#ifndef EL_RETRIEVAL_POOL_SEARCH_H
#define EL_RETRIEVAL_POOL_SEARCH_H

#include "retrieval/ngram.h"
#include "retrieval/pool_map.h"

struct el_search {
    const struct el_pool *pool;
    const struct el_query *query;
    const struct el_search_options *options;
    size_t threads;
    double *bounds; /* by sentence; -INFINITY = left out */
    struct el_error *err;

    /* The exact score of a sentence. */
    bool (*score)(struct el_search *search, size_t sentence, double *score);
    struct el_span_query *spans; /* SPAN */
    float *sentence_vector;      /* SENTENCE: stride floats */
};

/* Distinct span strings of the query, their vectors and what was computed. */
struct el_span_query {
    size_t count; /* distinct strings, those of weight 0 too */
    double *weights;
    double total;
    float *vectors;   /* [count][stride] */
    size_t *distinct; /* by number in the caller's list: number here */
    struct el_memo *memo;
};

/* Exact cosines of pool strings with all query spans, computed once each. */
struct el_memo;
struct el_memo *el_memo_new(size_t width);
void el_memo_free(struct el_memo *memo);
/* The row of `key`; *fresh tells that it has yet to be filled. NULL if out of memory. */
double *el_memo_row(struct el_memo *memo, uint32_t key, bool *fresh);

/* bounds[] and score() of one similarity. */
bool el_search_spans(struct el_search *search);
bool el_span_score(struct el_search *search, size_t sentence, double *score);
bool el_sentence_score(struct el_search *search, size_t sentence, double *score);
/* SPAN mixed with SENTENCE: bounds of the former are there already. */
bool el_mix_sentences(struct el_search *search);
bool el_search_sentences(struct el_search *search);
bool el_search_bm25(struct el_search *search);
void el_search_random(struct el_search *search);

/* Reduce hits to k as options.selection says. */
bool el_select(struct el_search *search, struct el_arena *arena, struct el_hits *hits);

/* Would one of the hits have to give way? Then reduce more hits to k as options.own_language_below
 * says; they stay sorted but for those that would have to give way and are kept for want of others,
 * which are the last. */
bool el_gives_way(struct el_search *search, const struct el_hits *hits, bool *any);
bool el_prefer_own_language(struct el_search *search, struct el_hits *hits, size_t k);

/* Exact vector of a pool string or sentence: `row` has stride floats and may be returned. */
const float *el_exact_vector(const struct el_pool *pool, bool of_sentences, size_t number,
                             float *row, struct el_error *err);

/* Upper bounds of the products of all rows of a set with up to EL_SCAN_QUERIES vectors:
 * out[row * n + query], nowhere less than the exact product by more than EL_SLACK. */
bool el_scan_bounds(struct el_search *search, bool of_sentences, const float *vectors, size_t n,
                    float *out);
#define EL_SLACK 1e-5

/* The span query from the caller's list; its parts live in the arena, its memo until freed. */
bool el_span_query_make(struct el_search *search, struct el_arena *arena,
                        struct el_span_query *spans);
/* Exact cosines of one pool string with all distinct query spans. NULL = error. */
const double *el_span_cosines(struct el_search *search, uint32_t string);

/* Scratch floats that are kept for the next search. */
struct el_scratch *el_scratch_take(const struct el_pool *pool, size_t bytes);
void el_scratch_give(const struct el_pool *pool, struct el_scratch *scratch);

#endif

/* Scanning all vectors of a set: products with a few query vectors, as upper bounds. */
#include "retrieval/pool_search.h"

#include "retrieval/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct el_scratch *el_scratch_take(const struct el_pool *pool, size_t bytes) {
    /* The list of scratch memory is the one thing of an open pool that changes, under its lock. */
    struct el_pool *p = (struct el_pool *)pool;
    pthread_mutex_lock(&p->scratch_lock);
    struct el_scratch *scratch = p->scratch;
    if (scratch != NULL) {
        p->scratch = scratch->next;
    }
    pthread_mutex_unlock(&p->scratch_lock);
    if (scratch != NULL && scratch->bytes < bytes) {
        free(scratch);
        scratch = NULL;
    }
    if (scratch == NULL) {
        /* Not malloc: the type asks for the alignment of a cache line. */
        void *memory = NULL;
        if (bytes <= SIZE_MAX / 2 &&
            posix_memalign(&memory, _Alignof(struct el_scratch), sizeof *scratch + bytes) == 0) {
            scratch = memory;
            scratch->bytes = bytes;
        }
    }
    return scratch;
}

void el_scratch_give(const struct el_pool *pool, struct el_scratch *scratch) {
    struct el_pool *p = (struct el_pool *)pool;
    if (scratch != NULL) {
        pthread_mutex_lock(&p->scratch_lock);
        scratch->next = p->scratch;
        p->scratch = scratch;
        pthread_mutex_unlock(&p->scratch_lock);
    }
}

const float *el_exact_vector(const struct el_pool *pool, bool of_sentences, size_t number,
                             float *row, struct el_error *err) {
    const struct el_vector_set *set = of_sentences ? &pool->sentences : &pool->spans;
    enum el_section section = of_sentences ? EL_SECTION_SENTENCE_FLOAT : EL_SECTION_SPAN_FLOAT;
    size_t stride = pool->header.stride;
    if (set->exact != NULL) {
        uint64_t bytes = stride * sizeof(float);
        return el_pool_ensure(pool, section, number * bytes, bytes, err)
                   ? set->exact + number * stride
                   : NULL;
    }
    struct el_pool_sentence sentence;
    const char *text;
    size_t len;
    const float *idf = el_pool_section(pool, EL_SECTION_IDF);
    if (!el_pool_ensure(pool, EL_SECTION_IDF, 0, 2 * EL_NGRAM_BUCKETS * sizeof *idf, err)) {
        return NULL;
    }
    if (of_sentences) {
        if (!el_pool_get(pool, number, &sentence, err)) {
            return NULL;
        }
        text = sentence.text;
        len = sentence.text_len;
        idf += EL_NGRAM_BUCKETS;
    } else if (!el_pool_string(pool, number, &text, &len, err)) {
        return NULL;
    }
    if (!el_ngram_vector(idf, text, len, row, pool->header.dimensions)) {
        el_fail_memory(err);
        return NULL;
    }
    return row;
}

struct scan {
    const struct el_pool *pool;
    const struct el_vector_set *set;
    enum el_section first; /* section of the float rows */
    const float *vectors;
    int16_t *small;
    float scales[EL_SCAN_QUERIES], errors[EL_SCAN_QUERIES];
    size_t n, piece;
    bool small_rows;
    float *out;
    pthread_mutex_t lock;
    bool failed;
    struct el_error err;
};

static bool ensure_rows(struct scan *scan, size_t from, size_t count, struct el_error *err) {
    uint64_t row = scan->pool->header.stride;
    if (!scan->small_rows) {
        row *= sizeof(float);
        return el_pool_ensure(scan->pool, scan->first, from * row, count * row, err);
    }
    uint64_t scale = sizeof(struct el_small_scale);
    return el_pool_ensure(scan->pool, scan->first + 1, from * row, count * row, err) &&
           el_pool_ensure(scan->pool, scan->first + 2, from * scale, count * scale, err);
}

/* q.v <= q'.v' + |q| * |v - v'| + |v'| * |q - q'|, with |q| = 1 and |v'| <= 1 + |v - v'| */
static void widen(const struct scan *scan, const struct el_small_scale *scales, size_t count,
                  float *out) {
    for (size_t row = 0; row < count; row++) {
        float error = scales[row].error;
        for (size_t q = 0; q < scan->n; q++) {
            out[row * scan->n + q] += error + (1 + error) * scan->errors[q];
        }
    }
}

static void scan_piece(void *context, size_t piece) {
    struct scan *scan = context;
    size_t stride = scan->pool->header.stride, from = piece * scan->piece;
    size_t count = scan->set->count - from < scan->piece ? scan->set->count - from : scan->piece;
    float *out = scan->out + from * scan->n;
    struct el_error err;
    if (!ensure_rows(scan, from, count, &err)) {
        pthread_mutex_lock(&scan->lock);
        scan->failed = true;
        scan->err = err;
        pthread_mutex_unlock(&scan->lock);
    } else if (!scan->small_rows) {
        el_scan_float(scan->set->exact + from * stride, count, stride, scan->vectors, scan->n, out);
    } else {
        const struct el_small_scale *scales = scan->set->scales + from;
        el_scan_small(scan->set->small + from * stride, scales, count, stride, scan->small,
                      scan->scales, scan->n, out);
        widen(scan, scales, count, out);
    }
}

bool el_scan_bounds(struct el_search *search, bool of_sentences, const float *vectors, size_t n,
                    float *out) {
    const struct el_pool *pool = search->pool;
    size_t stride = pool->header.stride;
    struct scan scan = {
        .pool = pool,
        .set = of_sentences ? &pool->sentences : &pool->spans,
        .first = of_sentences ? EL_SECTION_SENTENCE_FLOAT : EL_SECTION_SPAN_FLOAT,
        .vectors = vectors,
        .n = n,
        .piece = EL_POOL_BLOCK / stride,
        .out = out,
    };
    scan.small_rows =
        scan.set->small != NULL && !(search->options->scan_float && scan.set->exact != NULL);
    if (scan.small_rows) {
        scan.small = malloc(n * stride * sizeof *scan.small);
        if (scan.small == NULL) {
            return el_fail_memory(search->err);
        }
        for (size_t q = 0; q < n; q++) {
            struct el_small_scale scale =
                el_quantise_query(vectors + q * stride, stride, scan.small + q * stride);
            scan.scales[q] = scale.scale;
            scan.errors[q] = scale.error;
        }
    }
    pthread_mutex_init(&scan.lock, NULL);
    el_parallel(search->threads, (scan.set->count + scan.piece - 1) / scan.piece, scan_piece,
                &scan);
    pthread_mutex_destroy(&scan.lock);
    free(scan.small);
    if (scan.failed && search->err != NULL) {
        *search->err = scan.err;
    }
    return !scan.failed;
}

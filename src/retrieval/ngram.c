#include "retrieval/ngram.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>

enum { SHORTEST = 2, LONGEST = 5, MARK_START = 0x02, MARK_END = 0x03 };

/* A folded text as code points. */
struct points {
    struct el_arena arena;
    const uint32_t *at;
    size_t count;
};

static bool fold_points(const char *text, size_t len, struct points *points) {
    size_t folded_len, at = 0;
    char *folded = el_text_fold(&points->arena, text, len, true, &folded_len);
    uint32_t *code =
        folded == NULL ? NULL : el_arena_array(&points->arena, folded_len + 1, sizeof *code);
    if (code == NULL) {
        el_arena_free(&points->arena);
        return false;
    }
    points->count = 0;
    points->at = code;
    while (at < folded_len) {
        code[points->count++] = el_utf8_next(folded, folded_len, &at);
    }
    return true;
}

/* Scripts written without spaces: every character carries meaning of its own. */
static bool is_ideograph(uint32_t c) {
    return (c >= 0x2E80 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x20000 && c <= 0x3FFFF);
}

/* The multiplications of MurmurHash3's finaliser: every bit of the input moves every bit. */
static uint64_t scatter(uint64_t x) {
    x = (x ^ x >> 33) * 0xFF51AFD7ED558CCDu;
    x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53u;
    return x ^ x >> 33;
}

static uint64_t extend(uint64_t hash, uint32_t c) {
    return (hash ^ c) * 0x100000001B3u;
}

typedef void take_feature(void *context, uint64_t hash);

/* The n-grams of one word with its two marks; the hash of the word itself comes back. */
static uint64_t word_features(const uint32_t *word, size_t n, take_feature *take, void *context) {
    uint64_t whole = 0xCBF29CE484222325u;
    for (size_t start = 0; start < n + 2; start++) {
        uint64_t hash = 0x9AE16A3B2F90404Fu;
        for (size_t length = 1; length <= LONGEST && start + length <= n + 2; length++) {
            size_t at = start + length - 1;
            uint32_t c = at == 0 ? MARK_START : at == n + 1 ? MARK_END : word[at - 1];
            hash = extend(hash, c);
            if (length >= SHORTEST || is_ideograph(c)) {
                take(context, scatter(hash + length));
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        whole = extend(whole, word[i]);
    }
    take(context, scatter(whole));
    return whole;
}

static void each_feature(const struct points *points, take_feature *take, void *context) {
    uint64_t before = 0;
    for (size_t i = 0; i < points->count;) {
        size_t start = i;
        while (i < points->count && points->at[i] != ' ') {
            i++;
        }
        if (i > start) {
            uint64_t word = word_features(points->at + start, i - start, take, context);
            if (before != 0) {
                take(context, scatter(before * 31 + word));
            }
            before = word;
        }
        i++;
    }
}

bool el_ngram_counts_init(struct el_ngram_counts *counts) {
    counts->strings = 0;
    counts->frequency = calloc(EL_NGRAM_BUCKETS, sizeof *counts->frequency);
    counts->last_seen = calloc(EL_NGRAM_BUCKETS, sizeof *counts->last_seen);
    if (counts->frequency == NULL || counts->last_seen == NULL) {
        el_ngram_counts_free(counts);
        return false;
    }
    return true;
}

void el_ngram_counts_free(struct el_ngram_counts *counts) {
    free(counts->frequency);
    free(counts->last_seen);
    counts->frequency = counts->last_seen = NULL;
}

static size_t bucket_of(uint64_t hash) {
    return hash >> 40 & (EL_NGRAM_BUCKETS - 1);
}

static void count_feature(void *context, uint64_t hash) {
    struct el_ngram_counts *counts = context;
    size_t bucket = bucket_of(hash);
    if (counts->last_seen[bucket] != counts->strings) {
        counts->last_seen[bucket] = counts->strings;
        counts->frequency[bucket]++;
    }
}

bool el_ngram_count(struct el_ngram_counts *counts, const char *text, size_t len) {
    struct points points = {0};
    if (!fold_points(text, len, &points)) {
        return false;
    }
    counts->strings++;
    each_feature(&points, count_feature, counts);
    el_arena_free(&points.arena);
    return true;
}

void el_ngram_idf(const struct el_ngram_counts *counts, float *idf) {
    for (size_t i = 0; i < EL_NGRAM_BUCKETS; i++) {
        idf[i] = (float)(log((1.0 + counts->strings) / (1.0 + counts->frequency[i])) + 1.0);
    }
}

struct sums {
    const float *idf;
    float *vector;
    size_t dimensions;
};

static void add_feature(void *context, uint64_t hash) {
    struct sums *sums = context;
    size_t dimension = (size_t)((hash & 0xFFFFFFFFu) * sums->dimensions >> 32);
    float value = sums->idf[bucket_of(hash)];
    sums->vector[dimension] += hash >> 63 ? -value : value;
}

bool el_ngram_vector(const float *idf, const char *text, size_t len, float *vector,
                     size_t dimensions) {
    struct points points = {0};
    if (!fold_points(text, len, &points)) {
        return false;
    }
    memset(vector, 0, dimensions * sizeof *vector);
    struct sums sums = {idf, vector, dimensions};
    each_feature(&points, add_feature, &sums);
    el_arena_free(&points.arena);
    double norm = 0;
    for (size_t i = 0; i < dimensions; i++) {
        norm += (double)vector[i] * vector[i];
    }
    double scale = norm > 0 ? 1 / sqrt(norm) : 0;
    for (size_t i = 0; i < dimensions; i++) {
        vector[i] = (float)(vector[i] * scale);
    }
    return true;
}

bool el_ngram_words(const char *text, size_t len, void (*take)(void *context, uint32_t hash),
                    void *context) {
    struct points points = {0};
    if (!fold_points(text, len, &points)) {
        return false;
    }
    uint64_t hash = 0;
    for (size_t i = 0; i <= points.count; i++) {
        uint32_t c = i < points.count ? points.at[i] : ' ';
        bool alone = is_ideograph(c);
        bool inside =
            !alone && (U_GET_GC_MASK((UChar32)c) & (U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK));
        if (!inside && hash != 0) {
            take(context, (uint32_t)scatter(hash));
            hash = 0;
        }
        if (inside || alone) {
            hash = extend(hash == 0 ? 0xCBF29CE484222325u : hash, c);
        }
        if (alone) {
            take(context, (uint32_t)scatter(hash));
            hash = 0;
        }
    }
    el_arena_free(&points.arena);
    return true;
}

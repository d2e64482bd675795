/* Vectors without a model: hashed character n-grams with IDF.
 *
 * A text is folded (NFC, case, white space) and cut into words; the n-grams of each word (2 to 5
 * code points with a mark at either end, 1 for ideographs), the word itself and each pair of
 * neighbouring words are features. A feature's hash picks one dimension, a sign (so that
 * collisions cancel out on average; Weinberger et al. 2009) and the bucket of its document
 * frequency. value[dimension] = sum of sign * idf; the vector is L2-normalised, and all zero for
 * an empty text. Functions are pure; a table of frequencies is read-only once counted. */
#ifndef EL_RETRIEVAL_NGRAM_H
#define EL_RETRIEVAL_NGRAM_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EL_NGRAM_BUCKETS = 1 << 15, EL_NGRAM_DIMENSIONS = 384 };

/* Counting how many strings each bucket occurs in. */
struct el_ngram_counts {
    uint32_t strings;
    uint32_t *frequency; /* EL_NGRAM_BUCKETS */
    uint32_t *last_seen; /* EL_NGRAM_BUCKETS: number of the string that counted last */
};

bool el_ngram_counts_init(struct el_ngram_counts *counts); /* false: out of memory */
void el_ngram_counts_free(struct el_ngram_counts *counts);
/* Count one string. False: out of memory. */
bool el_ngram_count(struct el_ngram_counts *counts, const char *text, size_t len);
/* idf[EL_NGRAM_BUCKETS] = ln((1 + strings) / (1 + frequency)) + 1 */
void el_ngram_idf(const struct el_ngram_counts *counts, float *idf);

/* vector[dimensions]. False: out of memory. */
bool el_ngram_vector(const float *idf, const char *text, size_t len, float *vector,
                     size_t dimensions);

/* Calls `take` for each word of the folded text, as the baseline BM25 sees it: runs of letters and
 * digits, ideographs one by one. False: out of memory. */
bool el_ngram_words(const char *text, size_t len, void (*take)(void *context, uint32_t hash),
                    void *context);

#endif

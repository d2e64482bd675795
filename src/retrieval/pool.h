/* The demonstration pool D and its index: labelled sentences in one memory-mapped file, and the
 * span-level sentence similarity over them (paper, stage 1; SpanSim).
 *
 * An open pool is read-only; el_pool_search may be called from several threads. */
#ifndef EL_RETRIEVAL_POOL_H
#define EL_RETRIEVAL_POOL_H

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "corpus/format.h"

enum el_similarity {
    EL_SIMILARITY_SPAN,     /* SpanSim, as published */
    EL_SIMILARITY_SENTENCE, /* cosine of sentence vectors */
    EL_SIMILARITY_BM25,
    EL_SIMILARITY_RANDOM, /* seeded by the query's text */
};

struct el_pool_info {
    size_t n_sentences, n_spans, n_distinct_spans;
    size_t dimensions;        /* of the vectors in the pool */
    const char *vectors;      /* "ngram", or the embedding member's identity */
    const char *const *types; /* names of entity types as labelled, by type number */
    size_t n_types;
    const char *sha256; /* hex digest that identifies contents and index */
    uint64_t file_bytes;
    bool in_memory;    /* indexed from a labelled file just now */
    bool quantised;    /* 8-bit vectors are scanned */
    bool exact_stored; /* 32-bit vectors are in the file; otherwise recomputed from the strings */
};

struct el_pool_entity {
    struct el_span span; /* bytes of the sentence's text */
    uint32_t type;       /* number into el_pool_info.types */
    uint32_t string;     /* number of its distinct span string, see el_pool_string */
};

struct el_pool_sentence {
    const char *id, *text; /* owned by the pool; text is NUL-terminated */
    size_t text_len;
    const char *lang; /* NULL = unknown */
    const struct el_pool_entity *entities;
    size_t n_entities;
};

struct el_pool;

/* Open a .el4 file (header checked, blocks checked when first read), or read any labelled file
 * (jsonl, conll, ...) and index it in memory. A file without labels is an error that says so. */
bool el_pool_open(const char *path, const struct el_log *log, struct el_pool **pool,
                  struct el_error *err);
void el_pool_close(struct el_pool *pool);
const struct el_pool_info *el_pool_get_info(const struct el_pool *pool);

/* Sentence `index` (0-based, pool order). */
bool el_pool_get(const struct el_pool *pool, size_t index, struct el_pool_sentence *sentence,
                 struct el_error *err);

/* How many sentences on either side of one are its neighbourhood. They are often of one document,
 * and say more of each other than the pool does of a new text: 32, in small pools a twentieth. */
size_t el_pool_neighbours(const struct el_pool *pool);

/* A distinct span string of the pool (NFC, white space folded), numbered by first appearance. It
 * is owned by the pool and NUL-terminated. */
bool el_pool_string(const struct el_pool *pool, size_t number, const char **text, size_t *len,
                    struct el_error *err);

/* What the vectors are kept as. Results are the same to the last bit that is reported. */
enum el_storage {
    EL_STORAGE_AUTO,  /* 8 bits; exact vectors beside them where they cannot be recomputed */
    EL_STORAGE_FLOAT, /* 32 bits only: four times the bytes to scan */
    EL_STORAGE_BOTH,
};

/* {0} = n-gram vectors of 384 dimensions, 8 bits, all cores. */
struct el_pool_build_options {
    struct el_read_options read;
    const struct el_log *log;
    void (*progress)(void *context, uint64_t sentences, uint64_t bytes_done, uint64_t bytes_total);
    void *progress_context;

    enum el_storage storage;
    size_t dimensions; /* 0 = 384; with `embed` it must be given */
    size_t threads;    /* 0 = all cores */

    /* Vectors from outside: n strings to n * dimensions floats, which are L2-normalised here.
     * Called from the building thread with up to 256 distinct strings. `embed_name` identifies the
     * embedding member in the file. */
    bool (*embed)(void *context, const char *const *texts, size_t n, float *vectors,
                  struct el_error *err);
    void *embed_context;
    const char *embed_name;
};

/* The same as el_pool_open, for searches with the vectors of options->embed: a labelled file is
 * indexed with these options, and a pool whose vectors are of another embedding member, or of none,
 * is EL_ERR_CONFIG. Without `embed` any pool is opened. */
bool el_pool_open_with(const char *path, const struct el_pool_build_options *options,
                       struct el_pool **pool, struct el_error *err);

/* Stream `inputs` into `output`, which is written beside it and renamed when complete. Memory
 * grows with the distinct span strings only. A document that is not cut into sentences yet is cut
 * where it is longer than 1,000 bytes or has line breaks; an entity is never cut. */
bool el_pool_build(const char *const *inputs, size_t n_inputs, const char *output,
                   const struct el_pool_build_options *options, struct el_error *err);

/* The same for the sentences of pool `base` followed by those of `inputs`; `output` may be the
 * file that `base` was opened from. Exact vectors of an embedding member are taken over. */
bool el_pool_extend(const struct el_pool *base, const char *const *inputs, size_t n_inputs,
                    const char *output, const struct el_pool_build_options *options,
                    struct el_error *err);

/* The sentences of `base`, which may be NULL, followed by the documents of `more`, as a pool in
 * memory with vectors of its own: base must have such too. Without a labelled entity in either
 * *pool is NULL. From any thread. */
bool el_pool_grow(const struct el_pool *base, struct el_reader *more, const struct el_log *log,
                  struct el_pool **pool, struct el_error *err);

/* A span of the query sentence X with its weight w(s). `vector`: dimensions floats, L2-normalised,
 * or NULL = the pool's own n-gram vectors are computed from `text`. */
struct el_query_span {
    const char *text;
    size_t text_len;
    double weight;
    const float *vector;
};

struct el_query {
    const char *lang; /* code of its language; NULL = unknown */
    const char *text; /* the sentence X; a pool sentence with equal folded text is left out */
    size_t text_len;
    const struct el_query_span *spans; /* distinct strings */
    size_t n_spans;
    const bool
        *allowed_types;  /* by pool type number; NULL = all. Spans of other types are unseen */
    const float *vector; /* of the sentence, for sentence similarity; as el_query_span.vector */
};

struct el_hit_match {
    bool found;       /* false: the sentence has no candidate span */
    const char *with; /* best matching span string of the candidate; the pool's */
    double cosine;
};

struct el_hit {
    size_t sentence; /* pool number */
    double score;
    bool foreign; /* of another language than the query, if own_language_below asked for that */
    struct el_hit_match *matches; /* one a query span (SPAN only) */
};

struct el_hits {
    struct el_hit *items; /* nearest first; ties by pool order */
    size_t count;
    bool own_language; /* some took the place of nearer ones, because of own_language_below */
    bool fell_back;    /* weights sum to 0 (or no spans): sentence similarity was used */
};

/* Which of the most similar sentences are taken. The variants choose among the EL_SELECT_AMONG * k
 * best; hits are always sorted by score. */
enum el_selection {
    EL_SELECT_BEST,
    EL_SELECT_DIVERSE, /* maximal marginal relevance (Carbonell and Goldstein 1998): next comes the
                          largest (1 - d) * score - d * (cosine of sentence vectors to the nearest
                          one already taken), d = diversity */
    EL_SELECT_BALANCED /* next comes the best that shows a type shown least so far */
};
enum { EL_SELECT_AMONG = 10, EL_OWN_AMONG = 256 };

/* {0} but for k is the paper's: span similarity, asymmetric, the k best. */
struct el_search_options {
    enum el_similarity similarity;
    size_t k;
    uint64_t seed; /* RANDOM */
    size_t apart;  /* the sentences within so many places of the query's own are left out too */

    /* SPAN and SENTENCE, with the k best: hits of other languages than the query (by codes, else by
     * scripts) that score less give way to hits of its language, looked for among the
     * EL_OWN_AMONG * k best. 0 = off. */
    double own_language_below;

    /* Variants of SPAN. */
    bool symmetric;      /* mean of SpanSim(X, Xc) and of SpanSim(Xc, X), there with weights 1 */
    double sentence_mix; /* a: (1 - a) * SpanSim + a * cosine of sentence vectors, 0 <= a < 1 */

    enum el_selection selection;
    double diversity; /* DIVERSE, 0 to 1 */

    bool scan_float; /* scan 32-bit vectors though there are 8-bit ones; for measurements */
    size_t threads;  /* 0 = all cores; small pools are searched by the calling thread */
};

/* The k most similar sentences. */
bool el_pool_search(const struct el_pool *pool, const struct el_query *query,
                    const struct el_search_options *options, struct el_arena *arena,
                    struct el_hits *hits, struct el_error *err);

/* Whether two names of embedding members mean the same vectors: a file that was renamed is the
 * same. */
bool el_pool_same_vectors(const char *name, const char *other);

#endif

/* The pool file (.el4), version 1: what stands where. Internal to src/retrieval.
 *
 *     header (one page)  counts, section table, checksum of itself and of the checksum table
 *     sections           each a plain array, aligned to 64 bytes, little-endian
 *     checksum table     one XXH64 per block of 1 MiB, counted from the end of the header
 *
 * The file is mapped, never read as a whole. Opening checks the header and the checksum table;
 * a block is checked when something in it is first touched (el_pool_ensure). A file with right
 * checksums may still be hostile: every offset read from it is checked against its section. */
#ifndef EL_RETRIEVAL_POOL_FORMAT_H
#define EL_RETRIEVAL_POOL_FORMAT_H

#include "retrieval/ngram.h"
#include "retrieval/pool.h"
#include "retrieval/vectors.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    EL_POOL_VERSION = 1,
    EL_POOL_HEADER = 4096,
    EL_POOL_BLOCK = 1 << 20,
    EL_POOL_ALIGN = 64,
    EL_POOL_MAX_DIMENSIONS = 4096,
    EL_POOL_MAX_TYPES = 65535,
};
#define EL_POOL_MAGIC "EL4POOL\n"
#define EL_POOL_ORDER 0x01020304u

enum el_section {
    EL_SECTION_NAMES,     /* name of the vectors, then the type names, each with its NUL */
    EL_SECTION_SENTENCES, /* el_sentence_record[n_sentences] */
    EL_SECTION_TEXTS,     /* for each sentence: id NUL lang NUL text NUL */
    EL_SECTION_MENTIONS,  /* struct el_pool_entity[n_mentions], by sentence */
    EL_SECTION_SPANS,     /* el_span_record[n_spans]: distinct strings by first appearance */
    EL_SECTION_STRINGS,   /* the distinct strings, each with its NUL */
    EL_SECTION_POSTINGS,  /* uint32_t sentence numbers, by span, ascending */
    EL_SECTION_WORDS,     /* uint32_t word hashes, by sentence (BM25) */
    EL_SECTION_IDF,       /* float[2][EL_NGRAM_BUCKETS]: of spans, of sentences */
    EL_SECTION_SPAN_FLOAT,
    EL_SECTION_SPAN_SMALL,
    EL_SECTION_SPAN_SCALE, /* el_small_scale[n_spans] */
    EL_SECTION_SENTENCE_FLOAT,
    EL_SECTION_SENTENCE_SMALL,
    EL_SECTION_SENTENCE_SCALE,
    EL_SECTION_COUNT
};

struct el_sentence_record {
    uint64_t text;    /* of the id, in TEXTS */
    uint64_t mention; /* of the first, in MENTIONS */
    uint64_t word;    /* of the first, in WORDS */
    uint64_t folded;  /* el_checksum of the text after NFC and white-space folding */
    uint32_t id_len, lang_len, text_len, n_mentions, n_words, reserved;
};

/* Mentions are mapped as they stand. */
_Static_assert(sizeof(struct el_pool_entity) == 24, "64-bit offsets, no holes");

struct el_span_record {
    uint64_t text;    /* in STRINGS */
    uint64_t posting; /* of the first, in POSTINGS */
    uint32_t len, n_postings;
};

enum { EL_POOL_NGRAM = 1 }; /* flag: vectors are our own n-gram vectors and can be recomputed */

struct el_pool_header {
    char magic[8];
    uint32_t version, byte_order;
    uint64_t file_bytes;
    uint64_t n_sentences, n_mentions, n_spans;
    uint32_t dimensions, stride, n_types, flags;
    uint64_t words_total; /* all words of all sentences */
    struct {
        uint64_t offset, bytes;
    } sections[EL_SECTION_COUNT];
    uint64_t table_offset, n_blocks, table_checksum;
    uint64_t checksum; /* of all before it */
};

/* Vectors of one kind, spans or sentences. Which are NULL: see the fields. */
struct el_vector_set {
    size_t count;
    const float *exact;                  /* NULL: recompute from the string */
    const int8_t *small;                 /* NULL: scan `exact` */
    const struct el_small_scale *scales; /* with `small` */
};

/* Scratch memory of searches, kept for the next one: fresh pages cost more than the scan. */
struct el_scratch {
    struct el_scratch *next;
    size_t bytes;
    _Alignas(64) float sims[];
};

struct el_pool {
    struct el_arena arena;
    struct el_pool_info info;
    struct el_pool_header header;
    char *path; /* for messages */
    const unsigned char *map;
    size_t map_bytes;
    const uint64_t *table;
    atomic_uchar *checked; /* by block: 0 not yet, 1 good */
    struct el_vector_set spans, sentences;
    pthread_mutex_t scratch_lock;
    struct el_scratch *scratch;
};

/* Check the blocks that hold bytes [at, at + bytes) of a section; false = outside or damaged. */
bool el_pool_ensure(const struct el_pool *pool, enum el_section section, uint64_t at,
                    uint64_t bytes, struct el_error *err);

/* Start of a section in memory; ensure before reading. */
const void *el_pool_section(const struct el_pool *pool, enum el_section section);

/* Records with their parts checked: after true, all that they point to may be read. */
bool el_pool_sentence_at(const struct el_pool *pool, size_t index,
                         const struct el_sentence_record **record, struct el_error *err);
bool el_pool_mentions_at(const struct el_pool *pool, const struct el_sentence_record *record,
                         const struct el_pool_entity **mentions, struct el_error *err);

/* Map an already open file (takes ownership of `fd`); `path` is for messages. */
bool el_pool_map(int fd, const char *path, struct el_pool **pool, struct el_error *err);

#endif

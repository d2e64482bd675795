/* The pool file (.el4), version 2: what lies where.
 *
 *     header (one page)  counts, section table, checksum of itself and of the checksum table
 *     sections           each a plain array, aligned to 64 bytes, little-endian
 *     checksum table     one XXH64 per block of 1 MiB, counted from the end of the header
 *
 * The file is mapped, never read as a whole. Opening checks the header and the checksum table;
 * a block is checked when something in it is first read (el_pool_ensure). A file with right
 * checksums may still be hostile: every offset read from it is checked against its section. */
#ifndef EL_RETRIEVAL_POOL_FORMAT_H
#define EL_RETRIEVAL_POOL_FORMAT_H

#include "retrieval/pool.h"

enum {
    EL_POOL_VERSION = 2,
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

/* Mentions are mapped as they are. */
_Static_assert(sizeof(struct el_pool_entity) == 24, "64-bit offsets, no holes");

struct el_span_record {
    uint64_t text; /* in STRINGS */
    uint32_t len, reserved;
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

#endif

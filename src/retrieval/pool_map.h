/* An open pool: the mapped file, its vectors, and checked access to its parts. */
#ifndef EL_RETRIEVAL_POOL_MAP_H
#define EL_RETRIEVAL_POOL_MAP_H

#include "retrieval/pool_format.h"
#include "retrieval/vectors.h"

#include <pthread.h>
#include <stdatomic.h>

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

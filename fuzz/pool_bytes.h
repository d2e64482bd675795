/* Open bytes as a pool and do everything with it that can be done: no crash, no sanitiser finding,
 * whatever the bytes are. With `repair` the checksums are made right first, as someone who means
 * harm would. */
#ifndef FUZZ_POOL_BYTES_H
#define FUZZ_POOL_BYTES_H

#include "base/checksum.h"
#include "retrieval/pool_map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void repair_pool(unsigned char *bytes, size_t len) {
    struct el_pool_header h;
    if (len < EL_POOL_HEADER) {
        return;
    }
    memcpy(&h, bytes, sizeof h);
    h.file_bytes = len;
    if (h.table_offset >= EL_POOL_HEADER && h.table_offset <= len &&
        h.n_blocks <= (len - h.table_offset) / 8) {
        for (uint64_t b = 0; b < h.n_blocks; b++) {
            uint64_t from = EL_POOL_HEADER + b * EL_POOL_BLOCK;
            uint64_t n = from > h.table_offset ? 0 : h.table_offset - from;
            uint64_t checksum =
                el_checksum(bytes + (n > 0 ? from : 0), n < EL_POOL_BLOCK ? n : EL_POOL_BLOCK);
            memcpy(bytes + h.table_offset + b * 8, &checksum, sizeof checksum);
        }
        h.table_checksum = el_checksum(bytes + h.table_offset, h.n_blocks * 8);
    }
    h.checksum = el_checksum(&h, offsetof(struct el_pool_header, checksum));
    memcpy(bytes, &h, sizeof h);
}

/* Returns 0 if everything worked, 1 if something was reported as an error. */
static int use_pool(const struct el_pool *pool) {
    const struct el_pool_info *info = el_pool_get_info(pool);
    struct el_error err;
    int failed = 0;
    for (size_t i = 0; i < info->n_sentences && i < 200; i++) {
        struct el_pool_sentence s;
        failed |= !el_pool_get(pool, i, &s, &err);
    }
    for (size_t i = 0; i < info->n_distinct_spans && i < 200; i++) {
        const char *text;
        size_t len;
        failed |= !el_pool_string(pool, i, &text, &len, &err);
    }
    struct el_query_span spans[2] = {{"Lisbon", 6, 4, NULL}, {"Maria", 5, 2, NULL}};
    struct el_query query = {
        .text = "Maria in Lisbon", .text_len = 15, .spans = spans, .n_spans = 2};
    for (int similarity = 0; similarity <= EL_SIMILARITY_RANDOM; similarity++) {
        struct el_search_options options = {
            .similarity = (enum el_similarity)similarity, .k = 3, .threads = 1};
        struct el_arena arena = {0};
        struct el_hits hits;
        failed |= !el_pool_search(pool, &query, &options, &arena, &hits, &err);
        el_arena_free(&arena);
    }
    return failed;
}

static int try_pool(const unsigned char *bytes, size_t len, int repair) {
    unsigned char *copy = malloc(len + 1);
    struct el_pool *pool;
    struct el_error err;
    int fd = memfd_create("fuzz", MFD_CLOEXEC), failed = 1;
    if (copy == NULL || fd < 0) {
        abort();
    }
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    if (repair) {
        repair_pool(copy, len);
    }
    if (write(fd, copy, len) != (ssize_t)len) {
        abort();
    }
    free(copy);
    if (el_pool_map(fd, "fuzz", &pool, &err)) {
        failed = use_pool(pool);
        el_pool_close(pool);
    }
    return failed;
}

#endif

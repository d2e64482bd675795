/* A pool of sentences that a test writes. */
#ifndef TESTS_UNIT_MADE_POOL_H
#define TESTS_UNIT_MADE_POOL_H

#include "retrieval/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* `write` writes n sentences as JSON lines. The caller closes the pool. */
static inline struct el_pool *make_pool_of(void (*write)(FILE *out, size_t n), size_t n) {
    char path[] = "/tmp/el4ner-pool-XXXXXX.jsonl";
    int file = mkstemps(path, 6);
    assert_true(file >= 0);
    FILE *out = fdopen(file, "w");
    write(out, n);
    fclose(out);
    struct el_pool *pool;
    struct el_error err = {0};
    bool opened = el_pool_open(path, NULL, &pool, &err);
    unlink(path);
    if (!opened) {
        fail_msg("%s", err.message);
    }
    return pool;
}

#endif

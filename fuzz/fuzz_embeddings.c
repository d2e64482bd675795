/* What an embedding server says, and what a store holds for it: read whole or refused. */
#include "serving/embeddings.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, size_t len, size_t n) {
    size_t dimensions;
    float *rows = el_embeddings_decode(text, len, n, &dimensions);
    if (rows == NULL) {
        return;
    }
    for (size_t i = 0; i < n * dimensions; i++) {
        if (!isfinite(rows[i]) || fabsf(rows[i]) > 1.01f) {
            abort();
        }
    }
    free(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char why[200], *text;
    size_t len, dimensions, n = size > 0 ? data[0] % 5 + 1 : 1;
    if (size == 0) {
        return 0;
    }
    const char *body = (const char *)data + 1;
    check(body, size - 1, n);
    json_t *root = json_loadb(body, size - 1, JSON_ALLOW_NUL, NULL);
    if (root != NULL && el_embeddings_read(root, n, &text, &len, why, sizeof why)) {
        float *rows = el_embeddings_decode(text, len, n, &dimensions);
        if (rows == NULL) {
            abort(); /* what was read must be good enough for the store */
        }
        free(rows);
        free(text);
    }
    json_decref(root);
    return 0;
}

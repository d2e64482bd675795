/* Pool files. The input is laid over a small real pool: the first byte says whether checksums are
 * repaired, the rest are changes (offset, two bytes; value, one byte). Reaching far behind the
 * checks takes a fuzzer seconds this way. */
#include "pool_bytes.h"

#include "retrieval/pool_build.h"

#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned char *seed;
static size_t seed_len;

static void make_seed(void) {
    char path[] = "/tmp/el4ner-fuzz-XXXXXX";
    int in = mkstemp(path), fd;
    struct el_error err;
    static const char lines[] =
        "{\"id\":\"a\",\"text\":\"Maria moved to Lisbon\",\"offset_unit\":\"byte\",\"entities\":"
        "[{\"start\":0,\"end\":5,\"type\":\"person\"},{\"start\":15,\"end\":21,\"type\":"
        "\"place\"}]}\n{\"id\":\"b\",\"text\":\"nothing\",\"entities\":[]}\n";
    if (in < 0 || write(in, lines, sizeof lines - 1) != (ssize_t)sizeof lines - 1) {
        abort();
    }
    close(in);
    char named[64];
    snprintf(named, sizeof named, "%s.jsonl", path);
    if (rename(path, named) != 0 || !el_pool_build_in_memory(named, NULL, &fd, &err)) {
        abort();
    }
    unlink(named);
    seed_len = (size_t)lseek(fd, 0, SEEK_END);
    seed = malloc(seed_len);
    if (seed == NULL || pread(fd, seed, seed_len, 0) != (ssize_t)seed_len) {
        abort();
    }
    close(fd);
}

/* The frequencies make up most of a small pool and are harmless: changes spare them. */
static size_t place(size_t at) {
    struct el_pool_header h;
    memcpy(&h, seed, sizeof h);
    size_t from = h.sections[EL_SECTION_IDF].offset, n = h.sections[EL_SECTION_IDF].bytes;
    at %= seed_len - n;
    return at < from ? at : at + n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (seed == NULL) {
        make_seed();
    }
    unsigned char *bytes = malloc(seed_len);
    if (bytes == NULL) {
        return 0;
    }
    memcpy(bytes, seed, seed_len);
    for (size_t i = 1; i + 3 <= size; i += 3) {
        bytes[place(data[i] | (size_t)data[i + 1] << 8)] = data[i + 2];
    }
    try_pool(bytes, seed_len, size > 0 && (data[0] & 1));
    free(bytes);
    return 0;
}

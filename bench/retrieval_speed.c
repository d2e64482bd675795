/* Speed of the index on one pool of N sentences with 3 spans each, 384 dimensions.
 *
 *     retrieval_speed N FOLDER LABELLED
 *
 * Vectors are synthetic from real ones: each is a mix of the n-gram vectors of three span strings
 * of the file LABELLED, so that it has their distribution, near neighbours included. All 3 N are
 * distinct. A query's vectors are such mixes that share their largest part with a vector of the
 * pool. The pool has both 32-bit and 8-bit vectors; both ways of scanning are timed, and beside
 * them reading the same bytes once with the same threads.
 *
 * Writes FOLDER/pool.el4 and FOLDER/queries.f32 (for the NumPy program) and prints key=value. */
#include "retrieval/parallel.h"
#include "retrieval/ngram.h"
#include "retrieval/pool_map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DIMENSIONS = 384, SPANS = 3, QUERIES = 40 };

struct real {
    float *vectors;
    size_t n;
};

static void die(const char *message) {
    fprintf(stderr, "retrieval_speed: %s\n", message);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t scatter(uint64_t x) {
    x = (x ^ x >> 33) * 0xFF51AFD7ED558CCDu;
    x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53u;
    return x ^ x >> 33;
}

static void mix(const struct real *real, uint64_t number, uint64_t variant, float *out) {
    uint64_t h = scatter(number + 1), g = scatter(h + variant);
    const float *a = real->vectors + h % real->n * DIMENSIONS;
    const float *b = real->vectors + (g >> 20) % real->n * DIMENSIONS;
    const float *c = real->vectors + (g >> 40) % real->n * DIMENSIONS;
    double squares = 0;
    for (size_t i = 0; i < DIMENSIONS; i++) {
        out[i] = 0.85f * a[i] + 0.5f * b[i] + 0.15f * c[i];
        squares += (double)out[i] * out[i];
    }
    for (size_t i = 0; i < DIMENSIONS; i++) {
        out[i] = (float)(out[i] / sqrt(squares));
    }
}

/* The strings of the pool are numbers; a sentence has the vector of its first. */
static bool embed(void *context, const char *const *texts, size_t n, float *vectors,
                  struct el_error *err) {
    (void)err;
    for (size_t i = 0; i < n; i++) {
        mix(context, strtoull(texts[i], NULL, 10), 0, vectors + i * DIMENSIONS);
    }
    return true;
}

static void read_real(const char *path, struct real *real) {
    struct el_pool *pool;
    struct el_error err;
    if (!el_pool_open(path, NULL, &pool, &err)) {
        die(err.message);
    }
    real->n = el_pool_get_info(pool)->n_distinct_spans;
    real->vectors = calloc(real->n, DIMENSIONS * sizeof *real->vectors);
    const float *idf = el_pool_section(pool, EL_SECTION_IDF);
    for (size_t i = 0; i < real->n; i++) {
        const char *text;
        size_t len;
        if (!el_pool_string(pool, i, &text, &len, &err) ||
            !el_ngram_vector(idf, text, len, real->vectors + i * DIMENSIONS, DIMENSIONS)) {
            die("cannot read the real vectors");
        }
    }
    el_pool_close(pool);
}

static void write_sentences(const char *path, size_t n) {
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        die("cannot write the sentences");
    }
    for (size_t i = 0; i < n; i++) {
        char text[96];
        int end[SPANS], start[SPANS], len = 0;
        for (int s = 0; s < SPANS; s++) {
            start[s] = len;
            len += snprintf(text + len, sizeof text - (size_t)len, "%zu", i * SPANS + (size_t)s);
            end[s] = len;
            text[len++] = ' ';
        }
        text[len - 1] = '\0';
        fprintf(file, "{\"id\":\"s%zu\",\"text\":\"%s\",\"offset_unit\":\"byte\",\"entities\":[", i,
                text);
        for (int s = 0; s < SPANS; s++) {
            fprintf(file, "%s{\"start\":%d,\"end\":%d,\"type\":\"t%d\"}", s > 0 ? "," : "",
                    start[s], end[s], s);
        }
        fputs("]}\n", file);
    }
    if (fclose(file) != 0) {
        die("cannot write the sentences");
    }
}

/* In a process of its own, so that its peak of memory is its own. */
static void build(const struct real *real, const char *input, const char *output) {
    fflush(stdout);
    double start = now();
    pid_t child = fork();
    if (child == 0) {
        struct el_pool_build_options options = {.embed = embed,
                                                .embed_context = (void *)real,
                                                .embed_name = "synthetic",
                                                .dimensions = DIMENSIONS,
                                                .storage = EL_STORAGE_BOTH};
        struct el_error err;
        if (!el_pool_build(&input, 1, output, &options, &err)) {
            die(err.message);
        }
        struct rusage usage;
        getrusage(RUSAGE_SELF, &usage);
        printf("build_peak_mb=%.0f\n", (double)usage.ru_maxrss / 1024);
        fflush(stdout);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (status != 0) {
        exit(1);
    }
    printf("build_s=%.3f\n", now() - start);
}

struct reading {
    const uint64_t *words;
    size_t n, piece;
    uint64_t sums[4096];
};

static void read_piece(void *context, size_t i) {
    struct reading *reading = context;
    size_t from = i * reading->piece, to = from + reading->piece;
    to = to < reading->n ? to : reading->n;
    uint64_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
    for (const uint64_t *w = reading->words + from; w + 8 <= reading->words + to; w += 8) {
        a += w[0];
        b += w[1];
        c += w[2];
        d += w[3];
        e += w[4];
        f += w[5];
        g += w[6];
        h += w[7];
    }
    reading->sums[i % 4096] += a ^ b ^ c ^ d ^ e ^ f ^ g ^ h;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void time_reading(const struct el_pool *pool, enum el_section section, const char *name) {
    struct reading reading = {.words = el_pool_section(pool, section),
                              .n = pool->header.sections[section].bytes / 8,
                              .piece = 1 << 17};
    double times[9];
    for (size_t i = 0; i < 9; i++) {
        double start = now();
        el_parallel(reading.n > 1 << 18 ? el_thread_count(0) : 1,
                    (reading.n + reading.piece - 1) / reading.piece, read_piece, &reading);
        times[i] = now() - start;
    }
    qsort(times, 9, sizeof *times, by_value);
    printf("%s=%.4f\n", name, 1e3 * times[4]);
}

static void time_queries(const struct el_pool *pool, const float *vectors, bool scan_float,
                         const char *name, size_t *best) {
    double times[QUERIES];
    for (size_t q = 0; q < QUERIES; q++) {
        static const double weights[SPANS] = {4, 4, 2};
        struct el_query_span spans[SPANS];
        char texts[SPANS][8];
        for (size_t s = 0; s < SPANS; s++) {
            snprintf(texts[s], sizeof texts[s], "q%zu", s);
            spans[s] = (struct el_query_span){texts[s], 2, weights[s],
                                              vectors + (q * SPANS + s) * DIMENSIONS};
        }
        struct el_query query = {.text = "q", .text_len = 1, .spans = spans, .n_spans = SPANS};
        struct el_search_options options = {.k = 5, .scan_float = scan_float};
        struct el_arena arena = {0};
        struct el_hits hits;
        struct el_error err;
        double start = now();
        if (!el_pool_search(pool, &query, &options, &arena, &hits, &err)) {
            die(err.message);
        }
        times[q] = now() - start;
        if (scan_float) {
            best[q] = hits.items[0].sentence;
        } else if (best[q] != hits.items[0].sentence) {
            die("8-bit and 32-bit scans disagree");
        }
        el_arena_free(&arena);
    }
    qsort(times, QUERIES, sizeof *times, by_value);
    printf("%s_p50=%.4f\n%s_p99=%.4f\n", name, 1e3 * times[QUERIES / 2], name,
           1e3 * times[QUERIES - 1]);
}

int main(int argc, char **argv) {
    struct real real;
    struct el_pool *pool;
    struct el_error err;
    char input[512], output[512], queries[512];
    if (argc < 4) {
        die("usage: retrieval_speed N FOLDER LABELLED");
    }
    size_t n = (size_t)strtoul(argv[1], NULL, 10), best[QUERIES];
    snprintf(input, sizeof input, "%s/sentences.jsonl", argv[2]);
    snprintf(output, sizeof output, "%s/pool.el4", argv[2]);
    snprintf(queries, sizeof queries, "%s/queries.f32", argv[2]);
    read_real(argv[3], &real);
    write_sentences(input, n);
    build(&real, input, output);

    float *vectors = calloc(QUERIES * SPANS * DIMENSIONS, sizeof *vectors);
    for (size_t i = 0; i < QUERIES * SPANS; i++) {
        mix(&real, scatter(i) % (n * SPANS), 77 + i, vectors + i * DIMENSIONS);
    }
    FILE *file = fopen(queries, "wb");
    if (file == NULL ||
        fwrite(vectors, DIMENSIONS * sizeof *vectors, QUERIES * SPANS, file) != QUERIES * SPANS ||
        fclose(file) != 0) {
        die("cannot write the queries");
    }

    double start = now();
    if (!el_pool_open(output, NULL, &pool, &err)) {
        die(err.message);
    }
    printf("open_ms=%.3f\nfile_mb=%.1f\n", 1e3 * (now() - start),
           (double)el_pool_get_info(pool)->file_bytes / 1e6);
    printf("offset=%llu\n",
           (unsigned long long)pool->header.sections[EL_SECTION_SPAN_FLOAT].offset);
    start = now();
    time_queries(pool, vectors, true, "first", best); /* checks every block once */
    time_reading(pool, EL_SECTION_SPAN_FLOAT, "read_float");
    time_queries(pool, vectors, true, "float", best);
    time_queries(pool, vectors, false, "small", best);
    time_reading(pool, EL_SECTION_SPAN_SMALL, "read_small");
    time_queries(pool, vectors, false, "small", best);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("search_peak_mb=%.0f\n", (double)usage.ru_maxrss / 1024);
    printf("best=");
    for (size_t q = 0; q < QUERIES; q++) {
        printf("%zu%s", best[q], q + 1 < QUERIES ? "," : "\n");
    }
    el_pool_close(pool);
    free(vectors);
    free(real.vectors);
    return 0;
}

/* The pool file survives: every fault is an error that says what to do, never a crash, never a
 * wrong answer. */
#include "../fuzz/pool_bytes.h"

#include <math.h>
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

struct folder {
    char path[64], jsonl[96], pool[96];
    unsigned char *bytes; /* of the pool, as built */
    size_t len;
};

static void write_sentences(const char *path, size_t n) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < n; i++) {
        fprintf(file,
                "{\"id\":\"s%zu\",\"text\":\"Maria%zu moved to Lisbon%zu\",\"offset_unit\":"
                "\"byte\",\"entities\":[{\"start\":0,\"end\":5,\"type\":\"person\"}]}\n",
                i, i, i % 7);
    }
    assert_int_equal(fclose(file), 0);
}

static bool build(const struct folder *f, struct el_error *err) {
    const char *input = f->jsonl;
    return el_pool_build(&input, 1, f->pool, NULL, err);
}

static void read_pool(struct folder *f) {
    FILE *file = fopen(f->pool, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    f->len = (size_t)ftell(file);
    rewind(file);
    free(f->bytes);
    f->bytes = malloc(f->len);
    assert_int_equal(fread(f->bytes, 1, f->len, file), f->len);
    fclose(file);
}

static int set_up(void **state) {
    struct folder *f = calloc(1, sizeof *f);
    struct el_error err;
    strcpy(f->path, "/tmp/el4ner-file-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    snprintf(f->jsonl, sizeof f->jsonl, "%s/pool.jsonl", f->path);
    snprintf(f->pool, sizeof f->pool, "%s/pool.el4", f->path);
    write_sentences(f->jsonl, 20);
    assert_true(build(f, &err));
    read_pool(f);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct folder *f = *state;
    unlink(f->jsonl);
    unlink(f->pool);
    int status = rmdir(f->path); /* fails if anything else was left behind */
    free(f->bytes);
    free(f);
    return status;
}

static void as_built(void **state) {
    const struct folder *f = *state;
    assert_int_equal(try_pool(f->bytes, f->len, 0), 0);
    assert_int_equal(try_pool(f->bytes, f->len, 1), 0);
}

static void expect_message(const struct folder *f, const unsigned char *bytes, size_t len,
                           const char *part) {
    FILE *file = fopen(f->pool, "wb");
    struct el_pool *pool;
    struct el_error err;
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
    assert_false(el_pool_open(f->pool, NULL, &pool, &err));
    assert_int_equal(err.code, EL_ERR_FORMAT);
    assert_non_null(strstr(err.message, f->pool));
    if (strstr(err.message, part) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", err.message, part);
    }
}

static void cut_short(void **state) {
    const struct folder *f = *state;
    expect_message(f, f->bytes, f->len - 1, "cut short");
    expect_message(f, f->bytes, f->len / 2, "cut short");
    expect_message(f, f->bytes, EL_POOL_HEADER, "cut short");
    expect_message(f, f->bytes, 100, "cut short");
    for (size_t len = 0; len < f->len; len += 997) {
        assert_int_equal(try_pool(f->bytes, len, 0), 1);
    }
}

static void other_version(void **state) {
    struct folder *f = *state;
    struct el_pool_header *h = (struct el_pool_header *)(void *)f->bytes;
    h->version = EL_POOL_VERSION + 1;
    expect_message(f, f->bytes, f->len, "pool format 3, and this program reads 2");
    h->version = EL_POOL_VERSION;
    h->byte_order = 0x04030201;
    expect_message(f, f->bytes, f->len, "byte order");
}

/* One flipped bit is found wherever it is read: an error, or a part that nobody looks at. */
static void flipped(void **state) {
    struct folder *f = *state;
    const struct el_pool_header *h = (const void *)f->bytes;
    for (size_t at = 0; at < f->len; at += at < EL_POOL_HEADER ? 1 : 509) {
        bool padding = at >= sizeof *h && at < EL_POOL_HEADER;
        f->bytes[at] ^= 0x10;
        int failed = try_pool(f->bytes, f->len, 0);
        f->bytes[at] ^= 0x10;
        assert_int_equal(failed, padding ? 0 : 1);
    }
}

/* Right checksums over wrong contents: no crash. What it answers is then its author's business. */
static void hostile(void **state) {
    struct folder *f = *state;
    uint64_t seed = 7;
    unsigned char *copy = malloc(f->len);
    struct el_pool_header h;
    memcpy(&h, f->bytes, sizeof h);
    for (size_t round = 0; round < 1500; round++) {
        memcpy(copy, f->bytes, f->len);
        for (size_t i = 0; i < 1 + round % 4; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            size_t section = (seed >> 33) % (EL_SECTION_IDF + 1);
            size_t from = section == 0 ? 16 : h.sections[section - 1].offset;
            size_t n = section == 0 ? sizeof h - 16 : h.sections[section - 1].bytes;
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            if (n > 0) {
                copy[from + (seed >> 33) % n] = (unsigned char)(seed >> 20);
            }
        }
        try_pool(copy, f->len, 1);
    }
    free(copy);
}

/* What is in the folder besides the two files that belong there. */
static size_t strangers(const struct folder *f) {
    DIR *folder = opendir(f->path);
    size_t n = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        n += entry->d_name[0] != '.' && strcmp(entry->d_name, "pool.el4") != 0 &&
             strcmp(entry->d_name, "pool.jsonl") != 0;
        n += strncmp(entry->d_name, ".el4ner", 7) == 0;
    }
    closedir(folder);
    return n;
}

static void expect_old_pool(struct folder *f) {
    unsigned char *old = malloc(f->len);
    size_t len = f->len;
    memcpy(old, f->bytes, len);
    read_pool(f);
    assert_int_equal(f->len, len);
    assert_memory_equal(f->bytes, old, len);
    assert_int_equal(strangers(f), 0);
    free(old);
}

/* A limit on the size of files stands in for a full disk, at every phase of the build. */
static void disk_full(void **state) {
    struct folder *f = *state;
    write_sentences(f->jsonl, 3000);
    for (rlim_t limit = 4096; limit < 1500000; limit *= 3) {
        pid_t child = fork();
        if (child == 0) {
            struct rlimit r = {limit, limit};
            struct el_error err;
            signal(SIGXFSZ, SIG_IGN);
            setrlimit(RLIMIT_FSIZE, &r);
            bool built = build(f, &err);
            _exit(built                                           ? 1
                  : err.code != EL_ERR_IO                         ? 2
                  : strstr(err.message, "File too large") == NULL ? 3
                                                                  : 0);
        }
        int status;
        waitpid(child, &status, 0);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        expect_old_pool(f);
    }
}

static void killed(void **state) {
    struct folder *f = *state;
    write_sentences(f->jsonl, 20000);
    for (int milliseconds = 1; milliseconds < 200; milliseconds *= 2) {
        pid_t child = fork();
        if (child == 0) {
            struct el_error err;
            build(f, &err);
            _exit(0);
        }
        usleep((useconds_t)milliseconds * 1000);
        kill(child, SIGKILL);
        int status;
        waitpid(child, &status, 0);
        if (WIFEXITED(status)) {
            print_message("finished within %d ms\n", milliseconds);
            read_pool(f);
            break;
        }
        expect_old_pool(f);
    }
}

static void folders(void **state) {
    struct folder *f = *state;
    struct el_error err;
    const char *input = f->jsonl;
    assert_false(el_pool_build(&input, 1, "/nonexistent/pool.el4", NULL, &err));
    assert_int_equal(err.code, EL_ERR_IO);
    assert_non_null(strstr(err.message, "/nonexistent/pool.el4"));
    input = "/nonexistent/in.jsonl";
    assert_false(el_pool_build(&input, 1, f->pool, NULL, &err));
    assert_non_null(strstr(err.message, "/nonexistent/in.jsonl"));
    expect_old_pool(f);
}

static void without_labels(void **state) {
    struct folder *f = *state;
    struct el_error err;
    struct el_pool *pool;
    FILE *file = fopen(f->jsonl, "w");
    fputs("{\"id\":\"a\",\"text\":\"Maria moved\"}\n", file);
    fclose(file);
    assert_false(build(f, &err));
    assert_int_equal(err.code, EL_ERR_FORMAT);
    assert_non_null(strstr(err.message, "no labelled entity"));
    assert_false(el_pool_open(f->jsonl, NULL, &pool, &err));
    assert_non_null(strstr(err.message, f->jsonl));
    expect_old_pool(f);
}

/* Old sentences, then the new ones; the result is what building from all files gives. */
static void extend(void **state) {
    struct folder *f = *state;
    struct el_error err;
    struct el_pool *base, *both;
    const char *inputs[] = {f->jsonl, f->jsonl};
    char hex[65];
    assert_true(el_pool_open(f->pool, NULL, &base, &err));
    assert_true(el_pool_extend(base, inputs, 1, f->pool, NULL, &err));
    assert_int_equal(use_pool(base), 0); /* the old one stays readable */
    el_pool_close(base);
    assert_true(el_pool_open(f->pool, NULL, &both, &err));
    assert_int_equal(el_pool_get_info(both)->n_sentences, 40);
    strcpy(hex, el_pool_get_info(both)->sha256);
    el_pool_close(both);
    assert_true(el_pool_build(inputs, 2, f->pool, NULL, &err));
    assert_true(el_pool_open(f->pool, NULL, &both, &err));
    assert_string_equal(el_pool_get_info(both)->sha256, hex);
    el_pool_close(both);
}

static struct el_pool *grown(const struct el_pool *base, const char *path) {
    struct el_read_options options = {0};
    struct el_reader *reader;
    struct el_error err;
    struct el_pool *pool;
    assert_true(el_reader_open(path, &options, &reader, &err));
    assert_true(el_pool_grow(base, reader, NULL, &pool, &err));
    el_reader_close(reader);
    return pool;
}

/* In memory it becomes the same as in a file. */
static void grow(void **state) {
    struct folder *f = *state;
    struct el_error err;
    struct el_pool *base, *both, *more;
    const char *inputs[] = {f->jsonl, f->jsonl};
    assert_true(el_pool_open(f->pool, NULL, &base, &err));
    more = grown(base, f->jsonl);
    assert_true(el_pool_build(inputs, 2, f->pool, NULL, &err));
    assert_true(el_pool_open(f->pool, NULL, &both, &err));
    assert_string_equal(el_pool_get_info(more)->sha256, el_pool_get_info(both)->sha256);
    assert_true(el_pool_get_info(more)->in_memory);
    el_pool_close(both);
    el_pool_close(base);
    assert_int_equal(use_pool(more), 0); /* it needs the base no more */
    el_pool_close(more);

    more = grown(NULL, f->jsonl);
    assert_int_equal(el_pool_get_info(more)->n_sentences, 20);
    el_pool_close(more);
    FILE *file = fopen(f->jsonl, "w");
    fputs("{\"text\": \"nothing here\", \"entities\": []}\n", file);
    assert_int_equal(fclose(file), 0);
    assert_null(grown(NULL, f->jsonl));
}

static size_t embedded; /* strings that the embedding below was asked for */

/* Vectors from outside: the first letters as a vector of 8 numbers. */
static bool embed(void *context, const char *const *texts, size_t n, float *vectors,
                  struct el_error *err) {
    (void)err;
    embedded += n;
    for (size_t i = 0; i < n * 8; i++) {
        const char *text = texts[i / 8];
        vectors[i] = strlen(text) > i % 8 ? (float)text[i % 8] : 1;
        vectors[i] *= *(float *)context;
    }
    return true;
}

static void embedding(void **state) {
    struct folder *f = *state;
    float scale = 3;
    struct el_pool_build_options options = {
        .embed = embed, .embed_context = &scale, .embed_name = "letters", .dimensions = 8};
    struct el_error err;
    struct el_pool *pool, *more;
    const char *input = f->jsonl;
    assert_true(el_pool_build(&input, 1, f->pool, &options, &err));
    assert_true(el_pool_open(f->pool, NULL, &pool, &err));
    assert_string_equal(el_pool_get_info(pool)->vectors, "letters");
    assert_int_equal(el_pool_get_info(pool)->dimensions, 8);
    size_t asked = embedded;
    assert_int_equal(asked, 20 + 1); /* sentences and the one distinct string "Maria" */

    /* A search brings its own vectors; without them it says what is missing. */
    float vector[8] = {1};
    struct el_query_span span = {"x", 1, 1, vector};
    struct el_query query = {.text = "q", .text_len = 1, .spans = &span, .n_spans = 1};
    struct el_search_options how = {.k = 2};
    struct el_arena arena = {0};
    struct el_hits hits;
    assert_true(el_pool_search(pool, &query, &how, &arena, &hits, &err));
    double length = 0;
    for (size_t i = 0; i < 8; i++) {
        double x = i < 5 ? (double)"Maria"[i] : 1;
        length += x * x;
    }
    assert_true(hits.items[0].score - 'M' / sqrt(length) < 1e-5);
    assert_true(hits.items[0].score - 'M' / sqrt(length) > -1e-5);
    span.vector = NULL;
    assert_false(el_pool_search(pool, &query, &how, &arena, &hits, &err));
    assert_non_null(strstr(err.message, "letters"));
    el_arena_free(&arena);

    /* Adding needs the same embedding, and asks for new strings only. */
    assert_false(el_pool_extend(pool, &input, 1, f->pool, NULL, &err));
    assert_non_null(strstr(err.message, "letters"));
    assert_true(el_pool_extend(pool, &input, 1, f->pool, &options, &err));
    assert_int_equal(embedded - asked, 20);
    assert_true(el_pool_open(f->pool, NULL, &more, &err));
    assert_int_equal(el_pool_get_info(more)->n_sentences, 40);
    el_pool_close(more);
    el_pool_close(pool);
}

int main(void) {
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(as_built), WITH_FOLDER(cut_short), WITH_FOLDER(other_version),
        WITH_FOLDER(flipped),  WITH_FOLDER(hostile),   WITH_FOLDER(disk_full),
        WITH_FOLDER(killed),   WITH_FOLDER(folders),   WITH_FOLDER(without_labels),
        WITH_FOLDER(extend),   WITH_FOLDER(grow),      WITH_FOLDER(embedding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

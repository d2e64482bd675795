/* Merging an adapter: the bytes of the new file, and adapters and models that do not go together.
 */
#include "models/merge.h"
#include "models/weights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { WIDTH = 32, HEIGHT = 3, RANK = 2 };

struct bytes {
    unsigned char data[8192];
    size_t len;
};

static void put(struct bytes *b, const void *from, size_t len) {
    assert_true(b->len + len <= sizeof b->data);
    memcpy(b->data + b->len, from, len);
    b->len += len;
}

static void number(struct bytes *b, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)(value >> 8 * i);
        put(b, &byte, 1);
    }
}

static void string(struct bytes *b, const char *text) {
    number(b, strlen(text), 8);
    put(b, text, strlen(text));
}

static void text_pair(struct bytes *b, const char *key, const char *value) {
    string(b, key);
    number(b, 8, 4);
    string(b, value);
}

static void start(struct bytes *b, size_t tensors, size_t pairs) {
    put(b, "GGUF", 4);
    number(b, 3, 4);
    number(b, tensors, 8);
    number(b, pairs, 8);
}

static void tensor(struct bytes *b, const char *name, size_t width, size_t height, size_t offset) {
    string(b, name);
    number(b, height > 0 ? 2 : 1, 4);
    number(b, width, 8);
    if (height > 0) {
        number(b, height, 8);
    }
    number(b, 0, 4); /* F32 */
    number(b, offset, 8);
}

static void pad(struct bytes *b) {
    while (b->len % 32 != 0) {
        number(b, 0, 1);
    }
}

static void floats(struct bytes *b, const float *from, size_t n) {
    put(b, from, n * sizeof *from);
    pad(b);
}

static float weight(size_t x, size_t y) {
    return (float)x / 16 - (float)y;
}

/* A norm of five weights, which stays as it is, and a matrix. */
static struct bytes base(void) {
    struct bytes b = {.len = 0};
    float norm[5] = {1, 2, 3, 4, 5}, matrix[WIDTH * HEIGHT];
    for (size_t i = 0; i < WIDTH * HEIGHT; i++) {
        matrix[i] = weight(i % WIDTH, i / WIDTH);
    }
    start(&b, 2, 4);
    text_pair(&b, "general.architecture", "llama");
    string(&b, "general.file_type");
    number(&b, 4, 4);
    number(&b, 0, 4);
    string(&b, "some.list");
    number(&b, 9, 4);
    number(&b, 8, 4);
    number(&b, 2, 8);
    string(&b, "a");
    string(&b, "b");
    text_pair(&b, "last", "one");
    tensor(&b, "norm.weight", 5, 0, 0);
    tensor(&b, "m.weight", WIDTH, HEIGHT, 32);
    pad(&b);
    floats(&b, norm, 5);
    floats(&b, matrix, WIDTH * HEIGHT);
    return b;
}

static float part_a(size_t r, size_t x) {
    return r == 0 ? 1 : (float)x / 4;
}

static float part_b(size_t y, size_t r) {
    return r == 0 ? (float)y : -0.5f;
}

/* alpha is twice the rank, so what it says counts twice. */
static struct bytes adapter(const char *architecture, const char *name, size_t width) {
    struct bytes b = {.len = 0};
    float a[WIDTH * 2 * RANK], up[HEIGHT * RANK], alpha = 2 * RANK;
    char part[64];
    uint32_t bits;
    for (size_t i = 0; i < width * RANK; i++) {
        a[i] = part_a(i / width, i % width);
    }
    for (size_t i = 0; i < HEIGHT * RANK; i++) {
        up[i] = part_b(i / RANK, i % RANK);
    }
    memcpy(&bits, &alpha, sizeof bits);
    start(&b, 2, 3);
    text_pair(&b, "general.architecture", architecture);
    text_pair(&b, "adapter.type", "lora");
    string(&b, "adapter.lora.alpha");
    number(&b, 6, 4);
    number(&b, bits, 4);
    snprintf(part, sizeof part, "%s.lora_a", name);
    tensor(&b, part, width, RANK, 0);
    snprintf(part, sizeof part, "%s.lora_b", name);
    tensor(&b, part, RANK, HEIGHT, width * RANK * sizeof *a);
    pad(&b);
    floats(&b, a, width * RANK);
    floats(&b, up, HEIGHT * RANK);
    return b;
}

static void write_file(const char *path, const struct bytes *b) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(b->data, 1, b->len, file), b->len);
    assert_int_equal(fclose(file), 0);
}

static size_t read_file(const char *path, unsigned char *into, size_t room) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(into, 1, room, file);
    fclose(file);
    return len;
}

static int enter(void **state) {
    static char folder[] = "/tmp/el4ner-merge-XXXXXX";
    *state = folder;
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int leave(void **state) {
    unlink("base");
    unlink("adapter");
    unlink("out");
    return chdir("/") != 0 || rmdir(*state) != 0;
}

static void test_merge(void **state) {
    (void)state;
    struct bytes model = base(), change = adapter("llama", "m.weight", WIDTH);
    struct el_error err = {0};
    unsigned char out[8192];
    write_file("base", &model);
    write_file("adapter", &change);
    assert_true(el_merge_adapter("base", "adapter", "out", &err));
    size_t len = read_file("out", out, sizeof out);
    /* All before the tensors' data is as it was, but for two numbers. */
    size_t data = model.len - 32 - WIDTH * HEIGHT * sizeof(float), differ = 0;
    for (size_t i = 0; i < data; i++) {
        differ += out[i] != model.data[i];
    }
    assert_int_equal(differ, 2); /* the quantisation of the file and of the matrix */
    assert_memory_equal(out + data, model.data + data, 32);
    assert_int_equal(len, data + 32 + (HEIGHT * 18 + 31) / 32 * 32);
    for (size_t y = 0; y < HEIGHT; y++) {
        float row[WIDTH];
        unsigned char block[18];
        for (size_t x = 0; x < WIDTH; x++) {
            row[x] = weight(x, y);
            for (size_t r = 0; r < RANK; r++) {
                row[x] += 2 * part_b(y, r) * part_a(r, x);
            }
        }
        el_weights_write_q4_0(row, block);
        assert_memory_equal(out + data + 32 + y * 18, block, sizeof block);
    }
}

static void refused(const struct bytes *model, const struct bytes *change, const char *why) {
    struct el_error err = {0};
    write_file("base", model);
    write_file("adapter", change);
    unlink("out");
    assert_false(el_merge_adapter("base", "adapter", "out", &err));
    assert_int_equal(err.code, EL_ERR_FORMAT);
    assert_non_null(strstr(err.message, why));
    assert_int_equal(access("out", F_OK), -1);
}

static void test_other_model(void **state) {
    (void)state;
    struct bytes model = base(), change = adapter("qwen2", "m.weight", WIDTH);
    refused(&model, &change, "is for models of the kind qwen2");
    change = adapter("llama", "n.weight", WIDTH);
    refused(&model, &change, "which has no n.weight.lora_a");
    change = adapter("llama", "m.weight", 2 * WIDTH);
    refused(&model, &change, "its change of m.weight does not fit");
    change = adapter("llama", "norm.weight", WIDTH);
    refused(&model, &change, "its change of norm.weight does not fit");
    refused(&model, &model, "base is not a LoRA adapter" + 5);
}

/* However much of a file is there, it is refused and nothing is read beyond it. */
static void test_cut(void **state) {
    (void)state;
    struct bytes model = base(), change = adapter("llama", "m.weight", WIDTH);
    size_t whole = change.len - 8; /* the last bytes are padding */
    for (change.len = 0; change.len < whole; change.len += 1 + change.len / 40) {
        refused(&model, &change, "adapter");
    }
    change = adapter("llama", "m.weight", WIDTH);
    whole = model.len;
    for (model.len = 1; model.len < whole; model.len += 1 + model.len / 40) {
        refused(&model, &change, "base");
    }
}

static void test_no_file(void **state) {
    (void)state;
    struct el_error err = {0};
    unlink("base");
    assert_false(el_merge_adapter("base", "adapter", "out", &err));
    assert_int_equal(err.code, EL_ERR_IO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_other_model),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}

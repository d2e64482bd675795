/* The header of a GGUF file: what is in it, and every way it can lie about its lengths. */
#include "serving/gguf.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct bytes {
    unsigned char data[4096];
    size_t len;
};

static void put(struct bytes *b, const void *from, size_t len) {
    assert_true(b->len + len <= sizeof b->data);
    memcpy(b->data + b->len, from, len);
    b->len += len;
}

static void number(struct bytes *b, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = i < 8 ? (unsigned char)(value >> (8 * i)) : 0;
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

/* A small but whole header: 6 pairs, 2 tensors. */
static struct bytes whole(void) {
    static const char *const tokens[] = {"<unk>", "a", "<|extract|>", "a much longer token, cut"};
    struct bytes b = {.len = 0};
    put(&b, "GGUF", 4);
    number(&b, 3, 4);
    number(&b, 2, 8);
    number(&b, 6, 8);
    text_pair(&b, "general.architecture", "llama");
    text_pair(&b, "general.name", "tiny");
    string(&b, "llama.context_length");
    number(&b, 4, 4);
    number(&b, 512, 4);
    string(&b, "numbers");
    number(&b, 9, 4);
    number(&b, 6, 4);
    number(&b, 3, 8);
    number(&b, 0, 12);
    string(&b, "tokenizer.ggml.tokens");
    number(&b, 9, 4);
    number(&b, 8, 4);
    number(&b, 4, 8);
    for (size_t i = 0; i < 4; i++) {
        string(&b, tokens[i]);
    }
    text_pair(&b, "tokenizer.chat_template", "{{x}}");
    string(&b, "embedding");
    number(&b, 2, 4);
    number(&b, 1000, 8);
    number(&b, 30, 8);
    number(&b, 0, 12);
    string(&b, "norm");
    number(&b, 1, 4);
    number(&b, 1000, 8);
    number(&b, 0, 12);
    return b;
}

static bool read_bytes(const struct bytes *b, size_t len, struct el_gguf *info,
                       struct el_error *err) {
    /* An exact copy, so that the sanitizer sees a read behind the end. */
    unsigned char *copy = malloc(len + 1);
    memcpy(copy, b->data, len);
    FILE *stream = fmemopen(copy, len > 0 ? len : 1, "r");
    bool ok = el_gguf_read_stream(stream, len, info, err);
    fclose(stream);
    free(copy);
    return ok;
}

static void whole_header(void **state) {
    struct bytes b = whole();
    struct el_gguf info;
    struct el_error err;
    (void)state;
    assert_true(read_bytes(&b, b.len, &info, &err));
    assert_string_equal(info.name, "tiny");
    assert_string_equal(info.architecture, "llama");
    assert_int_equal(info.context, 512);
    assert_int_equal(info.vocabulary, 4);
    assert_true(info.compact);
    assert_true(info.chat_template);
    assert_true(fabs(info.parameters - 31000 / 1e9) < 1e-15);
}

static void every_truncation_is_an_error(void **state) {
    struct bytes b = whole();
    struct el_gguf info;
    struct el_error err;
    (void)state;
    for (size_t len = 0; len < b.len; len++) {
        err.message[0] = '\0';
        assert_false(read_bytes(&b, len, &info, &err));
        assert_int_equal(err.code, EL_ERR_FORMAT);
        assert_true(err.message[0] != '\0');
    }
}

/* Any eight bytes may be a length: none may make it read or allocate beyond the file. */
static void hostile_lengths(void **state) {
    static const uint64_t values[] = {UINT64_MAX, UINT64_MAX / 2, 1u << 31, 4097, 1u << 16, 0};
    struct el_gguf info;
    struct el_error err;
    (void)state;
    for (size_t at = 8; at + 8 <= whole().len; at++) {
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            struct bytes b = whole();
            for (size_t i = 0; i < 8; i++) {
                b.data[at + i] = (unsigned char)(values[v] >> (8 * i));
            }
            read_bytes(&b, b.len, &info, &err);
        }
    }
}

static void deep_arrays_are_refused(void **state) {
    struct bytes b = {.len = 0};
    struct el_gguf info;
    struct el_error err;
    (void)state;
    put(&b, "GGUF", 4);
    number(&b, 3, 4);
    number(&b, 0, 8);
    number(&b, 1, 8);
    string(&b, "deep");
    number(&b, 9, 4);
    for (size_t i = 0; i < 100; i++) {
        number(&b, 9, 4);
        number(&b, 1, 8);
    }
    assert_false(read_bytes(&b, b.len, &info, &err));
    assert_int_equal(err.code, EL_ERR_FORMAT);
}

static void other_files(void **state) {
    struct el_gguf info;
    struct el_error err;
    char path[] = "/tmp/el4ner-gguf-XXXXXX";
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "PK\3\4 a zip file, longer than a header", 36), 36);
    close(fd);
    assert_false(el_gguf_read(path, &info, &err));
    assert_int_equal(err.code, EL_ERR_FORMAT);
    assert_non_null(strstr(err.message, path));
    assert_non_null(strstr(err.message, "not a GGUF file"));
    unlink(path);
    assert_false(el_gguf_read(path, &info, &err));
    assert_int_equal(err.code, EL_ERR_IO);
    assert_non_null(strstr(err.message, "No such file"));
    assert_false(el_gguf_read("/tmp", &info, &err));
    struct bytes b = whole();
    b.data[4] = 1;
    assert_false(read_bytes(&b, b.len, &info, &err));
    assert_non_null(strstr(err.message, "version 1"));
}

static void shipped_model(void **state) {
    struct el_gguf info;
    struct el_error err;
    (void)state;
    if (access("models/nano-a.gguf", R_OK) != 0) {
        skip();
    }
    assert_true(el_gguf_read("models/nano-a.gguf", &info, &err));
    assert_true(info.compact);
    assert_true(info.context >= 256);
    assert_true(info.parameters > 0.001 && info.parameters < 0.1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_header),    cmocka_unit_test(every_truncation_is_an_error),
        cmocka_unit_test(hostile_lengths), cmocka_unit_test(deep_arrays_are_refused),
        cmocka_unit_test(other_files),     cmocka_unit_test(shipped_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

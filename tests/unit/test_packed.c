/* gzip and zstd: there and back in pieces of all sizes; what is cut off or damaged is an error. */
#include "base/packed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const enum el_packing packings[] = {EL_PACKING_GZIP, EL_PACKING_ZSTD};

/* Text that packs well at first, and then not. */
static char *make_text(size_t len) {
    char *text = malloc(len + 1);
    unsigned state = 1;
    assert_non_null(text);
    for (size_t i = 0; i < len; i++) {
        state = state * 1103515245 + 12345;
        text[i] = i < len / 2 ? 'a' : (char)(' ' + (state >> 16) % 90);
    }
    text[len] = '\0';
    return text;
}

static char *pack(enum el_packing packing, const char *text, size_t len, size_t step,
                  size_t *packed_len) {
    char *packed = NULL;
    struct el_error err = {0};
    FILE *file = el_pack_file(open_memstream(&packed, packed_len), packing, &err);
    assert_non_null(file);
    for (size_t at = 0; at < len; at += step) {
        size_t n = len - at < step ? len - at : step;
        assert_int_equal(fwrite(text + at, 1, n, file), n);
        assert_int_equal(fflush(file), 0);
    }
    assert_int_equal(fclose(file), 0);
    return packed;
}

/* What comes out of `packed`, given in pieces of `step` bytes and taken in rooms of `room`. */
static bool unpack(enum el_packing packing, const char *packed, size_t packed_len, size_t step,
                   size_t room, char *text, size_t *len, struct el_error *err) {
    struct el_unpacker *unpacker = el_unpacker_open(packing, err);
    size_t at = 0, n = 0;
    bool done = unpacker != NULL, ended = false;
    *len = 0;
    while ((done = done && el_unpack(unpacker, text + *len, room, &n, err)) && (n > 0 || !ended)) {
        *len += n;
        if (n == 0) {
            size_t more = packed_len - at < step ? packed_len - at : step;
            done = el_unpacker_give(unpacker, packed + at, more, err);
            at += more;
            ended = more == 0;
        }
    }
    el_unpacker_close(unpacker);
    return done;
}

static void there_and_back(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 1, 1000, 300000};
    for (size_t p = 0; p < 2; p++) {
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            size_t packed_len, len;
            char *text = make_text(lengths[i]), *back = malloc(lengths[i] + 70000);
            char *packed = pack(packings[p], text, lengths[i], 777, &packed_len);
            struct el_error err = {0};
            assert_int_equal(el_packing_of_bytes(packed, packed_len), packings[p]);
            assert_true(unpack(packings[p], packed, packed_len, 100, 65536, back, &len, &err));
            assert_int_equal(len, lengths[i]);
            assert_memory_equal(back, text, len);
            assert_true(unpack(packings[p], packed, packed_len, 65536, 7, back, &len, &err));
            assert_int_equal(len, lengths[i]);
            assert_memory_equal(back, text, len);
            free(text);
            free(back);
            free(packed);
        }
    }
}

static void several_one_after_another(void **state) {
    (void)state;
    for (size_t p = 0; p < 2; p++) {
        size_t one_len, two_len, len;
        char *one = pack(packings[p], "Ada ", 4, 4, &one_len), back[100];
        char *two = pack(packings[p], "Bob", 3, 3, &two_len), both[300] = {0};
        struct el_error err = {0};
        memcpy(both, one, one_len);
        memcpy(both + one_len, two, two_len);
        assert_true(unpack(packings[p], both, one_len + two_len, 5, 50, back, &len, &err));
        assert_int_equal(len, 7);
        assert_memory_equal(back, "Ada Bob", 7);
        if (packings[p] == EL_PACKING_GZIP) { /* filled up with zeros */
            assert_true(unpack(packings[p], both, one_len + two_len + 20, 5, 50, back, &len, &err));
            assert_int_equal(len, 7);
        }
        free(one);
        free(two);
    }
}

static void cut_off_and_damaged(void **state) {
    (void)state;
    for (size_t p = 0; p < 2; p++) {
        size_t packed_len, len;
        char *text = make_text(2000), back[70000];
        char *packed = pack(packings[p], text, 2000, 2000, &packed_len);
        for (size_t cut = 1; cut < packed_len; cut++) {
            struct el_error err = {0};
            assert_false(unpack(packings[p], packed, cut, 64, 4096, back, &len, &err));
            assert_string_equal(err.message, "is cut off: the packed data has no end");
        }
        for (size_t i = 20; i < packed_len; i += 50) {
            struct el_error err = {0};
            packed[i] ^= 0x55;
            assert_false(unpack(packings[p], packed, packed_len, 64, 4096, back, &len, &err));
            assert_int_equal(err.code, EL_ERR_IO);
            packed[i] ^= 0x55;
        }
        free(text);
        free(packed);
    }
}

static void names(void **state) {
    (void)state;
    size_t len;
    assert_int_equal(el_packing_of_name("a.jsonl.gz", &len), EL_PACKING_GZIP);
    assert_int_equal(len, 7);
    assert_int_equal(el_packing_of_name("a.ZST", &len), EL_PACKING_ZSTD);
    assert_int_equal(len, 1);
    assert_int_equal(el_packing_of_name(".gz", &len), EL_PACKING_NONE);
    assert_int_equal(el_packing_of_name("a.jsonl", &len), EL_PACKING_NONE);
    assert_int_equal(len, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(several_one_after_another),
        cmocka_unit_test(cut_off_and_damaged),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests_name("packed", tests, NULL, NULL);
}

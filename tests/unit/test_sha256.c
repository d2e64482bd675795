#include "base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* Messages and digests of FIPS 180-4's examples. */
static void known_digests(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct el_sha256 hash;
        char hex[EL_SHA256_HEX];
        el_sha256_start(&hash);
        el_sha256_add(&hash, cases[i][0], strlen(cases[i][0]));
        el_sha256_finish(&hash, hex);
        assert_string_equal(hex, cases[i][1]);
    }
}

/* A million times 'a', in pieces that do not divide the block. */
static void many_pieces(void **state) {
    (void)state;
    struct el_sha256 hash;
    char hex[EL_SHA256_HEX], piece[1000];
    memset(piece, 'a', sizeof piece);
    el_sha256_start(&hash);
    for (int i = 0; i < 1000; i++) {
        el_sha256_add(&hash, piece, 333);
        el_sha256_add(&hash, piece + 333, 667);
    }
    el_sha256_finish(&hash, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_digests),
        cmocka_unit_test(many_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

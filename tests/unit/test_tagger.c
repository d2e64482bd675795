#include "language/segment.h"
#include "language/tagger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const WEIGHTS = "models/tagger-en.bin";

/* Tags of `text`, whose words are separated by spaces, as one string. */
static void expect_tags(const struct el_tagger *tagger, const char *lang, const char *text,
                        const char *expected) {
    struct el_span words[64] = {0};
    enum el_pos tags[64];
    char got[512] = "";
    size_t n = 0;
    for (size_t at = 0; text[at] != '\0';) {
        size_t len = strcspn(text + at, " ");
        words[n++] = (struct el_span){at, at + len};
        at += len + (text[at + len] == ' ');
    }
    assert_true(el_tagger_tag(tagger, text, lang, words, n, tags));
    for (size_t i = 0; i < n; i++) {
        strcat(got, i == 0 ? "" : " ");
        strcat(got, el_pos_name(tags[i]));
    }
    assert_string_equal(got, expected);
}

static void names(void **state) {
    (void)state;
    enum el_pos pos;
    for (size_t i = 0; i < EL_POS_COUNT; i++) {
        assert_true(el_pos_from_name(el_pos_name((enum el_pos)i), &pos));
        assert_int_equal(pos, i);
    }
    assert_false(el_pos_from_name("noun", &pos));
    assert_false(el_pos_from_name("", &pos));
    assert_null(el_pos_name(EL_POS_COUNT));
}

static void rule(void **state) {
    (void)state;
    expect_tags(NULL, NULL, "Yesterday Maria Lopez met him in Lisbon .",
                "PROPN PROPN PROPN X PRON ADP PROPN PUNCT");
    expect_tags(NULL, NULL, "The US and 3 + 4", "DET PROPN ADP NUM SYM NUM");
    expect_tags(NULL, "de", "Der Hund sieht Anna", "DET NOUN NOUN NOUN");
    expect_tags(NULL, "zh", "我们 在 北京 。", "PRON ADP NOUN PUNCT");
    expect_tags(NULL, "ja", "スズキ", "PROPN");
    expect_tags(NULL, "deu", "Der Hund sieht Anna", "DET NOUN NOUN NOUN");
    expect_tags(NULL, "xh", "Bahlala eKomani nguThemba", "NOUN PROPN PROPN"); /* prefixes */
    expect_tags(NULL, "yo", "Mo fe\u0323\u0301 e\u0323\u0300ko\u0323\u0301", "NOUN X X");
    expect_tags(NULL, NULL, "", "");
}

static void weights(void **state) {
    (void)state;
    struct el_tagger *tagger;
    struct el_error err;
    assert_true(el_tagger_open(WEIGHTS, &tagger, &err));
    expect_tags(tagger, "en", "The old bridge collapsed in Lisbon on Monday .",
                "DET ADJ NOUN VERB ADP PROPN ADP PROPN PUNCT");
    expect_tags(tagger, NULL, "She told us that the US would wait .",
                "PRON VERB PRON SCONJ DET PROPN AUX VERB PUNCT");
    /* Not covered: by rule. */
    expect_tags(tagger, "de", "Der Hund sieht Anna", "DET NOUN NOUN NOUN");
    expect_tags(tagger, NULL, "我们 在 北京 。", "PRON ADP NOUN PUNCT");
    assert_true(el_tagger_covers(tagger, "en-GB") && el_tagger_covers(tagger, "eng"));
    assert_false(el_tagger_covers(tagger, "e") || el_tagger_covers(tagger, "enm"));
    expect_tags(tagger, "en-GB", "I know", "PRON VERB");
    el_tagger_close(tagger);
}

static void long_sentence(void **state) {
    (void)state;
    enum { N = 5000 };
    static char text[N * 2 + 1];
    static struct el_span words[N];
    static enum el_pos tags[N];
    struct el_tagger *tagger;
    assert_true(el_tagger_open(WEIGHTS, &tagger, NULL));
    for (size_t i = 0; i < N; i++) {
        text[2 * i] = 'I';
        text[2 * i + 1] = ' ';
        words[i] = (struct el_span){2 * i, 2 * i + 1};
    }
    assert_true(el_tagger_tag(tagger, text, "en", words, N, tags));
    for (size_t i = 0; i < N; i++) {
        assert_true(tags[i] < EL_POS_COUNT);
    }
    el_tagger_close(tagger);
}

/* Every kind of broken file is an error that names the file. */
static void damaged(void **state) {
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "/tmp/el4ner-test-tagger-%ld.bin", (long)getpid());
    struct el_tagger *tagger;
    struct el_error err;
    FILE *file = fopen(WEIGHTS, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    char *bytes = calloc((size_t)size + 1, 1);
    rewind(file);
    assert_int_equal(fread(bytes, 1, (size_t)size, file), size);
    fclose(file);
    static const struct {
        long length_change, flip;
    } cases[] = {{-1, -1}, {1, -1}, {0, 0},      {0, 8},        {0, 12},
                 {0, 16},  {0, 20}, {0, 100000}, {-4000000, -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        long length = size + cases[i].length_change;
        length = length < 0 ? 20 : length;
        file = fopen(path, "wb");
        assert_non_null(file);
        if (cases[i].flip >= 0) {
            bytes[cases[i].flip] ^= 0x40;
        }
        fwrite(bytes, 1, (size_t)length, file);
        fclose(file);
        if (cases[i].flip >= 0) {
            bytes[cases[i].flip] ^= 0x40;
        }
        err.code = EL_OK;
        assert_false(el_tagger_open(path, &tagger, &err));
        assert_int_equal(err.code, EL_ERR_FORMAT);
        assert_non_null(strstr(err.message, path));
    }
    unlink(path);
    assert_false(el_tagger_open(path, &tagger, &err));
    assert_int_equal(err.code, EL_ERR_IO);
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),         cmocka_unit_test(rule),    cmocka_unit_test(weights),
        cmocka_unit_test(long_sentence), cmocka_unit_test(damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

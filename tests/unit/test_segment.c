/* Sentences and words, by the cases in tests/cases/segment. */
#include "cases.h"
#include "language/segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

typedef bool segmenter(struct el_arena *, const char *, size_t, const char *, struct el_spans *,
                       struct el_error *);

static void run(const char *path, segmenter *segment, char separator) {
    char *text = read_whole_file(path);
    assert_non_null(text);
    const char *at = text;
    struct case_text one;
    size_t count = 0, failed = 0;
    while (next_case(&at, &one)) {
        char lang[16], got[4096] = "";
        bool has_lang = case_option(&one, "lang", lang, sizeof lang);
        size_t out = 0;
        struct el_arena arena = {0};
        struct el_spans spans;
        struct el_error err = {0};
        assert_true(
            segment(&arena, one.input, one.input_len, has_lang ? lang : NULL, &spans, &err));
        for (size_t i = 0; i < spans.count; i++) {
            for (size_t k = spans.items[i].start; k < spans.items[i].end; k++) {
                if (one.input[k] != '\r') {
                    got[out++] = one.input[k] == '\n' ? '/' : one.input[k];
                }
            }
            got[out++] = i + 1 < spans.count ? separator : '\n';
        }
        if (spans.count == 0 && separator != '\n') {
            got[out++] = '\n';
        }
        got[out] = '\0';
        if (strcmp(got, one.expected) != 0) {
            fprintf(stderr, "%s: %s\n  expected: %s  got:      %s\n", path, one.name, one.expected,
                    got);
            failed++;
        }
        el_arena_free(&arena);
        free_case(&one);
        count++;
    }
    free(text);
    assert_true(count > 0);
    assert_int_equal(failed, 0);
}

static void sentences(void **state) {
    (void)state;
    run("tests/cases/segment/sentences.txt", el_segment_sentences, '\n');
}

static void words(void **state) {
    (void)state;
    run("tests/cases/segment/words.txt", el_segment_words, '|');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentences),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests_name("segment", tests, NULL, NULL);
}

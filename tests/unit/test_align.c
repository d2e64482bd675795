/* Grounding, by the cases in tests/cases/align: three lines each, blank lines between. */
#include "cases.h"
#include "corpus/align.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <cmocka.h>

static const char *const ways[] = {"none", "exact: ", "tolerant: ", "case: ", "marks: "};

static void draw(const char *text, const struct el_alignment *alignment, char *out) {
    size_t at = 0;
    out += sprintf(out, "%s", ways[alignment->how]);
    for (size_t i = 0; i < alignment->count; i++) {
        struct el_span span = alignment->spans[i];
        out += sprintf(out, "%.*s[%.*s]", (int)(span.start - at), text + at,
                       (int)(span.end - span.start), text + span.start);
        at = span.end;
    }
    sprintf(out, "%s", alignment->how == EL_ALIGNED_NOT ? "" : text + at);
}

static bool check(const char *path, char *text, char *wanted, char *expected) {
    bool first_only = strncmp(wanted, "first ", 6) == 0;
    const char *want = first_only ? wanted + 6 : wanted;
    struct el_arena arena = {0};
    struct el_alignment alignment;
    char got[4096];
    unescape(text);
    unescape(wanted);
    unescape(expected);
    assert_true(el_align(&arena, text, strlen(text), want, strlen(want), first_only, &alignment));
    assert_int_equal(alignment.how == EL_ALIGNED_NOT, alignment.count == 0);
    draw(text, &alignment, got);
    bool same = strcmp(got, expected) == 0;
    if (!same) {
        fprintf(stderr, "%s: \"%s\" in \"%s\"\n  expected: %s\n  got:      %s\n", path, want, text,
                expected, got);
    }
    el_arena_free(&arena);
    return same;
}

static size_t run_file(const char *path, size_t *failed) {
    char *text = read_whole_file(path), *lines[3], *rest = text;
    size_t n = 0, count = 0;
    assert_non_null(text);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (*line == '\0' || *line == '%') {
            assert_int_equal(n, 0);
            continue;
        }
        lines[n++] = line;
        if (n == 3) {
            *failed += !check(path, lines[0], lines[1], lines[2]);
            count++;
            n = 0;
        }
    }
    free(text);
    return count;
}

static void cases(void **state) {
    (void)state;
    static const char *const files[] = {"exact", "tolerant", "case", "scripts", "marks"};
    size_t failed = 0, count = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[100];
        snprintf(path, sizeof path, "tests/cases/align/%s.txt", files[i]);
        count += run_file(path, &failed);
    }
    assert_true(count >= 60);
    assert_int_equal(failed, 0);
}

/* Whatever repeats, time grows with the length, not with its square. */
static void repetitions_take_linear_time(void **state) {
    (void)state;
    enum { LEN = 400000 };
    char *text = malloc(LEN), *wanted = malloc(LEN);
    struct el_arena arena = {0};
    struct el_alignment alignment;
    assert_true(text != NULL && wanted != NULL);
    clock_t start = clock();
    memset(text, 'a', LEN);
    memset(wanted, 'a', LEN);
    assert_true(el_align(&arena, text, LEN, wanted, LEN / 2, false, &alignment));
    assert_int_equal(alignment.how, EL_ALIGNED_NOT); /* no border within */
    for (size_t i = 2; i < LEN; i += 3) {
        memcpy(text + i - 2, "a\xCC\x88", 3); /* an a with a diaeresis each */
    }
    assert_true(el_align(&arena, text, LEN / 3 * 3, "b", 1, false, &alignment));
    for (size_t i = 1; i < LEN; i += 2) {
        memcpy(text + i - 1, i % 4 == 1 ? "\xCC\x88" : "\xCC\xA3", 2); /* marks alone */
    }
    assert_true(el_align(&arena, text, LEN, text, 1000, false, &alignment));
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 20);
    el_arena_free(&arena);
    free(text);
    free(wanted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases),
        cmocka_unit_test(repetitions_take_linear_time),
    };
    return cmocka_run_group_tests_name("align", tests, NULL, NULL);
}

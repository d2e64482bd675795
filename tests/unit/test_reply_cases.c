/* The reply parser on the cases in tests/cases/replies. */
#include "reply/reply.h"

#include "cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { MOST = 64 };

static struct el_prompt_set *chat, *compact;
static struct {
    char text[4096];
    size_t len;
} got;

static void say(const char *line) {
    got.len += (size_t)snprintf(got.text + got.len, sizeof got.text - got.len, "%s\n", line);
    assert_true(got.len < sizeof got.text);
}

/* Cut the first line off `*text`. */
static char *take_line(char **text) {
    char *line = *text, *end = strchr(line, '\n');
    assert_non_null(end);
    *end = '\0';
    *text = end + 1;
    return line;
}

static size_t split(char *line, const char *separator, const char **parts) {
    size_t count = 0;
    for (char *at = line; at != NULL && count < MOST;) {
        char *end = strstr(at, separator);
        parts[count++] = at;
        if (end != NULL) {
            *end = '\0';
        }
        at = end != NULL ? end + strlen(separator) : NULL;
    }
    return count;
}

static void run_spans(const struct el_prompt_set *set, char *input, bool cut) {
    struct el_arena arena = {0};
    struct el_strings spans;
    const char *sentence = take_line(&input);
    enum el_readable readable =
        el_parse_spans(&arena, set, input, strlen(input), cut, sentence, &spans);
    assert_int_not_equal(readable, EL_READ_MEMORY);
    if (readable == EL_READ_NOTHING) {
        assert_int_equal(spans.count, 0);
        say("(unreadable)");
    } else if (spans.count == 0) {
        say("(none)");
    }
    for (size_t i = 0; i < spans.count; i++) {
        say(spans.items[i]);
    }
    el_arena_free(&arena);
}

static void run_types(const struct el_prompt_set *set, char *input, bool cut) {
    struct el_arena arena = {0};
    const char *spans[MOST], *names[MOST];
    size_t n_spans = split(take_line(&input), " | ", spans);
    size_t n_types = split(take_line(&input), ", ", names);
    struct el_prompt_type types[MOST] = {{0}};
    int choice[MOST];
    for (size_t i = 0; i < n_types; i++) {
        types[i].name = names[i];
    }
    enum el_readable readable = el_parse_types(&arena, set, input, strlen(input), cut, spans,
                                               n_spans, types, n_types, choice);
    assert_int_not_equal(readable, EL_READ_MEMORY);
    if (readable == EL_READ_NOTHING) {
        say("(unreadable)");
    }
    for (size_t i = 0; readable == EL_READ_OK && i < n_spans; i++) {
        say(choice[i] < 0 ? "-" : names[choice[i]]);
    }
    el_arena_free(&arena);
}

static void run_verdict(const struct el_prompt_set *set, char *input, bool cut) {
    static const char *const names[] = {"yes", "no", "unreadable"};
    (void)cut;
    say(names[el_parse_verdict(set, input, strlen(input))]);
}

static size_t run_file(const char *path, bool all_compact,
                       void (*run)(const struct el_prompt_set *, char *, bool)) {
    char *text = read_whole_file(path);
    assert_non_null(text);
    const char *at = text;
    struct case_text one;
    size_t count = 0, wrong = 0;
    for (; next_case(&at, &one); count++) {
        size_t len = strlen(one.input);
        if (len > 0 && one.input[len - 1] == '\n' && !case_option(&one, "escapes", NULL, 0)) {
            one.input[len - 1] = '\0';
        }
        bool use_compact = all_compact || case_option(&one, "compact", NULL, 0);
        got.len = 0;
        run(use_compact ? compact : chat, one.input, case_option(&one, "cut", NULL, 0));
        if (strcmp(got.text, one.expected) != 0) {
            print_error("%s: %s\nexpected:\n%sgot:\n%s\n", path, one.name, one.expected, got.text);
            wrong++;
        }
        free_case(&one);
    }
    free(text);
    assert_int_equal(wrong, 0);
    return count;
}

static void spans_json(void **state) {
    (void)state;
    assert_true(run_file("tests/cases/replies/spans-json.txt", false, run_spans) >= 65);
}

static void spans_lines(void **state) {
    (void)state;
    assert_true(run_file("tests/cases/replies/spans-lines.txt", false, run_spans) >= 70);
}

static void spans_compact(void **state) {
    (void)state;
    assert_true(run_file("tests/cases/replies/compact.txt", true, run_spans) >= 12);
}

static void types(void **state) {
    (void)state;
    assert_true(run_file("tests/cases/replies/types.txt", false, run_types) >= 45);
}

static void verdicts(void **state) {
    (void)state;
    assert_true(run_file("tests/cases/replies/verdicts.txt", false, run_verdict) >= 30);
}

static int open_sets(void **state) {
    static const char *const folders[] = {"prompts", NULL};
    struct el_error err;
    (void)state;
    return el_prompt_set_open("chat", folders, &chat, &err) &&
                   el_prompt_set_open("compact", folders, &compact, &err)
               ? 0
               : -1;
}

static int close_sets(void **state) {
    (void)state;
    el_prompt_set_close(chat);
    el_prompt_set_close(compact);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_json),    cmocka_unit_test(spans_lines),
        cmocka_unit_test(spans_compact), cmocka_unit_test(types),
        cmocka_unit_test(verdicts),
    };
    return cmocka_run_group_tests(tests, open_sets, close_sets);
}

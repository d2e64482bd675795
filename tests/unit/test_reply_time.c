/* The reply parser takes time linear in the reply: replies made to provoke worse are grown by four
 * and may take twelve times as long (quadratic would be sixteen). Processor time of the fastest of
 * some runs, so that a busy machine does not matter. */
#include "reply/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/buffer.h"

enum { SMALL = 4 * 1024, GROWTH = 4, MOST_TIMES = 12, RUNS = 2 };

static struct el_prompt_set *chat, *compact;

static double parse_seconds(const struct el_prompt_set *set, const struct el_buffer *reply) {
    static const char *const spans[] = {"Mira Lund", "Graz"};
    static const struct el_prompt_type types[] = {{.name = "person"}, {.name = "location"}};
    double best = 1e9;
    for (int run = 0; run < RUNS; run++) {
        struct el_arena arena = {0};
        struct el_strings found;
        int choice[2];
        clock_t start = clock();
        assert_int_not_equal(EL_READ_MEMORY,
                             el_parse_spans(&arena, set, reply->data, reply->len, false,
                                            "Mira Lund , aaaa moved to Graz ( a )", &found));
        assert_int_not_equal(EL_READ_MEMORY, el_parse_types(&arena, set, reply->data, reply->len,
                                                            false, spans, 2, types, 2, choice));
        el_parse_verdict(set, reply->data, reply->len);
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        best = seconds < best ? seconds : best;
        el_arena_free(&arena);
    }
    return best;
}

static double repeated(const struct el_prompt_set *set, const char *head, const char *unit,
                       size_t size) {
    struct el_buffer reply = {0};
    el_buffer_string(&reply, head);
    while (reply.len < size) {
        el_buffer_string(&reply, unit);
    }
    double seconds = parse_seconds(set, &reply);
    el_buffer_free(&reply);
    return seconds;
}

static void linear(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "["},
        {"", "{"},
        {"", "[\""},
        {"", "[]"},
        {"", "{\"a\":"},
        {"[", "\"a "},
        {"[", "'a' b, "},
        {"", "("},
        {"- ", ", "},
        {"", "\n"},
        {"", "a\n"},
        {"", "- a\n"},
        {"", "a: b\n"},
        {"", "a: "},
        {"x: ", "a, "},
        {"", "a (b), "},
        {"", "a and "},
        {"", "```\n"},
        {"", "<a>"},
        {"<a>", "</a><a>"},
        {"", "<"},
        {"", "@@a## "},
        {"", "@@"},
        {"", "[CLS]"},
        {"", "[CLS]a"},
        {"", "<think>"},
        {"", "</think>"},
        {"", "<think></think>"},
        {"", "Mira Lund "},
        {"", "aaaa"},
        {"", " "},
        {"[\"", "\\u00e4"},
        {"", "[\"Graz\"]"},
        {"", "[1]\n"},
        {"", "Graz is a location. "},
        {"", "<|sep|>"},
        {"", "<|mark|>"},
        {"", "<|/mark|>"},
        {"", "<|mark|>a<|/mark|>"},
        {"<|mark|>", "a<|is|>"},
        {"", "<|"},
        {"", "\xE2\x80\x9C"},
        {"", "a - b -> c = d | "},
    };
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int form = 0; form < 2; form++) {
            const struct el_prompt_set *set = form == 0 ? chat : compact;
            double small = repeated(set, cases[i][0], cases[i][1], SMALL);
            double large = repeated(set, cases[i][0], cases[i][1], SMALL * GROWTH);
            if (large > small * MOST_TIMES + 0.002) {
                print_error("%s%s...: %.4f s, four times as long: %.4f s\n", cases[i][0],
                            cases[i][1], small, large);
                wrong++;
            }
        }
    }
    assert_int_equal(wrong, 0);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(linear)};
    return cmocka_run_group_tests(tests, open_sets, close_sets);
}

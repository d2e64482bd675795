#include "reply/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const char *const FOLDERS[] = {"prompts", NULL};
static const struct el_prompt_type TYPES[] = {{.name = "person"}, {.name = "creative-work"}};

static struct el_prompt_set *compact(void) {
    struct el_prompt_set *set = NULL;
    struct el_error err = {0};
    if (!el_prompt_set_open("compact", FOLDERS, &set, &err)) {
        fail_msg("%s", err.message);
    }
    return set;
}

static void compact_spans(void **state) {
    (void)state;
    struct el_prompt_set *set = compact();
    struct el_arena arena = {0};
    static const struct {
        const char *reply;
        bool cut;
        const char *spans[3];
    } cases[] = {
        {"<|mark|> Ada<|/mark|> flew to<|mark|> Oslo<|/mark|>", false, {"Ada", "Oslo"}},
        {"<|mark|> Ada <|/mark|><|mark|><|/mark|><|mark|>Ada<|/mark|>", false, {"Ada"}},
        {"<|mark|> Ada<|/mark|> flew to<|mark|> Os", true, {"Ada"}},
        {"<|mark|>Ada<|/mark|> flew<|end|><|text|><|mark|>Bo<|/mark|>", true, {"Ada"}},
        {"<|mark|> Ada flew<|mark|> to<|/mark|> Oslo<|/mark|>", false, {"Ada flew to Oslo", "to"}},
        {"Ada<|/mark|> flew<|/mark|> to<|mark|>", false, {NULL}},
        {" Ada flew to Oslo", false, {NULL}},
        {"", false, {NULL}},
        {"<|end|>", false, {NULL}},
        {"\xC2\xA0", true, {NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct el_strings spans;
        assert_int_equal(EL_READ_OK,
                         el_parse_spans(&arena, set, cases[i].reply, strlen(cases[i].reply),
                                        cases[i].cut, "Ada flew to Oslo", &spans));
        size_t n = 0;
        while (n < 3 && cases[i].spans[n] != NULL) {
            n++;
        }
        assert_int_equal(spans.count, n);
        for (size_t k = 0; k < n; k++) {
            assert_string_equal(spans.items[k], cases[i].spans[k]);
        }
    }
    el_arena_free(&arena);
    el_prompt_set_close(set);
}

static void compact_types(void **state) {
    (void)state;
    struct el_prompt_set *set = compact();
    struct el_arena arena = {0};
    static const char *const spans[] = {"Ada", "Emma", "Oslo"};
    static const char reply[] = "Persons<|sep|> creative work<|sep|>planet";
    int choice[3];
    assert_int_equal(EL_READ_OK, el_parse_types(&arena, set, reply, strlen(reply), false, spans, 3,
                                                TYPES, 2, choice));
    assert_int_equal(choice[0], 0);
    assert_int_equal(choice[1], 1);
    assert_int_equal(choice[2], -1);
    static const char pairs[] = " Oslo<|is|> person<|sep|> Ada<|is|> creative work<|sep|> Bo<|is|>";
    assert_int_equal(EL_READ_OK, el_parse_types(&arena, set, pairs, strlen(pairs), false, spans, 3,
                                                TYPES, 2, choice));
    assert_int_equal(choice[0], 1);
    assert_int_equal(choice[1], -1);
    assert_int_equal(choice[2], 0);
    assert_int_equal(EL_READ_OK, el_parse_types(&arena, set, "<|sep|>person", 13, false, spans, 3,
                                                TYPES, 2, choice));
    assert_int_equal(choice[0], -1);
    assert_int_equal(choice[1], 0);
    assert_int_equal(EL_READ_NOTHING,
                     el_parse_types(&arena, set, "", 0, false, spans, 3, TYPES, 2, choice));
    el_arena_free(&arena);
    el_prompt_set_close(set);
}

/* A model that knows a set of labels answers with them, whatever the prompt called the type. */
static void a_type_by_another_name(void **state) {
    (void)state;
    struct el_prompt_set *set = compact();
    struct el_arena arena = {0};
    static const char *const spans[] = {"Ada", "Oslo", "Bo"};
    static const char *const people[] = {"PER", "human"}, *const places[] = {"LOC", "person"};
    const struct el_prompt_type types[] = {
        {.name = "person", .also = people, .n_also = 2},
        {.name = "location", .also = places, .n_also = 2},
    };
    static const char reply[] = "person<|sep|> LOC<|sep|>B-PER";
    int choice[3];
    assert_int_equal(EL_READ_OK, el_parse_types(&arena, set, reply, strlen(reply), false, spans, 3,
                                                types, 2, choice));
    assert_int_equal(choice[0], 0); /* the prompt's name goes first */
    assert_int_equal(choice[1], 1);
    assert_int_equal(choice[2], 0);
    el_arena_free(&arena);
    el_prompt_set_close(set);
}

static void memory_is_an_answer(void **state) {
    (void)state;
    struct el_prompt_set *set = compact();
    struct el_arena arena = {.limit = 64};
    struct el_strings spans;
    int choice[1];
    static const char *const one[] = {"Ada"};
    assert_int_equal(EL_READ_MEMORY, el_parse_spans(&arena, set, "<|mark|>Ada<|/mark|>", 20, false,
                                                    "Ada Bo", &spans));
    assert_int_equal(EL_READ_MEMORY,
                     el_parse_types(&arena, set, "person", 6, false, one, 1, TYPES, 2, choice));
    el_arena_free(&arena);
    el_prompt_set_close(set);
}

static void compact_verdicts(void **state) {
    (void)state;
    struct el_prompt_set *set = compact();
    assert_int_equal(EL_VERDICT_YES, el_parse_verdict(set, "yes<|end|>", 10));
    assert_int_equal(EL_VERDICT_NO, el_parse_verdict(set, " No.", 4));
    assert_int_equal(EL_VERDICT_UNREADABLE, el_parse_verdict(set, "", 0));
    el_prompt_set_close(set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compact_spans),          cmocka_unit_test(compact_types),
        cmocka_unit_test(a_type_by_another_name), cmocka_unit_test(memory_is_an_answer),
        cmocka_unit_test(compact_verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is a code of a language. */
#include "language/language.h"
#include "language/same_language.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void codes_are_known_and_names_are_not(void **state) {
    (void)state;
    static const char *const known[] = {"en",      "de",      "zh",    "pt-BR",
                                        "pt_BR",   "zh-Hant", "EN-us", "zh_Hant",
                                        "sr-Latn", "de-1996", "haw",   "yue"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *near;
        if (!el_language_known(known[i], &near)) {
            fail_msg("%s is not known", known[i]);
        }
        assert_null(near);
    }
    static const struct {
        const char *text, *near;
    } unknown[] = {{"english", "en"}, {"German", "de"}, {"deu", "de"},     {"xx", NULL},
                   {"", NULL},        {"e", NULL},      {"de DE", NULL},   {"klingonn", NULL},
                   {"12", NULL},      {"en-", NULL},    {"\xC3\xBC", NULL}};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        const char *near = "";
        if (el_language_known(unknown[i].text, &near)) {
            fail_msg("%s is known", unknown[i].text);
        }
        if (unknown[i].near == NULL) {
            assert_null(near);
        } else {
            assert_string_equal(near, unknown[i].near);
        }
    }
}

static void codes_of_one_language(void **state) {
    (void)state;
    static const char *const pairs[][2] = {{"ha", "hau"}, {"ha", "HA-NG"}, {"zho", "zh_Hant"},
                                           {"xx", "xx"},  {"xx", "XX-a"},  {"pcm", "pcm"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct el_language a = el_language_of("x", 1, pairs[i][0]),
                           b = el_language_of("x", 1, pairs[i][1]);
        if (!el_language_same(&a, &b)) {
            fail_msg("%s is not %s", pairs[i][0], pairs[i][1]);
        }
    }
    struct el_language hausa = el_language_of("x", 1, "hau"), yoruba = el_language_of("x", 1, "yo"),
                       endless = el_language_of("x", 1, "an-endless-code-that-is-none");
    assert_false(el_language_same(&hausa, &yoruba));
    assert_false(el_language_same(&hausa, &endless));
}

static void scripts_of_codes(void **state) {
    (void)state;
    static const struct {
        const char *code, *text;
        bool same;
    } cases[] = {{"und-Latn", "Bonn", true},         {"und-Latn", "\xe5\x8c\x97", false},
                 {"und-Cyrl", "\xd0\xb6", true},     {"und-Hans", "\xe5\x8c\x97", true},
                 {"zh", "\xe5\x8c\x97", true},       {"ja", "\xe5\x8c\x97", true},
                 {"ko", "\xe5\x8c\x97", false},      {"ko", "\xed\x95\x9c", true},
                 {"sr-Latn", "Bonn", true},          {"sr", "Bonn", false},
                 {"und-Hira", "\xe3\x81\x8b", true}, {"und-Latf", "Bonn", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct el_language a = el_language_by_code(cases[i].code),
                           b = el_language_of(cases[i].text, strlen(cases[i].text), NULL);
        if (el_language_same(&a, &b) != cases[i].same) {
            fail_msg("%s, %s", cases[i].code, cases[i].text);
        }
    }
    assert_null(el_language_by_code("und-Latn").code);
    assert_int_equal(el_language_by_code("und-Foo").script, -1);
    assert_int_equal(el_language_by_code("und-Zyyy").script, -1);
    struct el_language serbian = el_language_by_code("sr-Latn"),
                       told = el_language_of("\xd0\xb6", 2, "sr"),
                       latin = el_language_of("Bonn", 4, "sr"),
                       unknown = el_language_of("Bonn", 4, "und");
    assert_false(el_language_same(&serbian, &told));
    assert_true(el_language_same(&serbian, &latin));
    assert_true(el_language_same(&serbian, &unknown));
    assert_int_equal(el_language_by_code("und-Fooo").script, -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(codes_are_known_and_names_are_not),
                                       cmocka_unit_test(codes_of_one_language),
                                       cmocka_unit_test(scripts_of_codes)};
    return cmocka_run_group_tests_name("language", tests, NULL, NULL);
}

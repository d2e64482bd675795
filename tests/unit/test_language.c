/* What is a code of a language. */
#include "language/language.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(codes_are_known_and_names_are_not)};
    return cmocka_run_group_tests_name("language", tests, NULL, NULL);
}

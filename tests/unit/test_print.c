/* Messages stay whole characters, and numbers have a point. */
#include "base/error.h"
#include "base/log.h"
#include "base/print.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void a_text_that_does_not_fit_ends_with_a_whole_character(void **state) {
    (void)state;
    char room[8];
    static const struct {
        const char *text, *kept;
    } cases[] = {
        {"abcdefg", "abcdefg"},
        {"abcdefgh", "abcdefg"},
        {"abcdef\xC3\xBC", "abcdef"},
        {"abcde\xC3\xBC", "abcde\xC3\xBC"},
        {"abcdef\xE4\xBD\xA0", "abcdef"},
        {"abcde\xE4\xBD\xA0", "abcde"},
        {"abcd\xF0\x9F\x98\x80", "abcd"},
        {"a\xFF"
         "b",
         "a?b"},
        {"ab\xE4\xBD", "ab?"},
        {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", "??????"},
        {"\x1B[31m", "?[31m"},
        {"a\nb\tc\x7F", "a b c?"},
        {"a\xC2\x9B"
         "1m",
         "a?1m"}, /* a control character of C1 */
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(el_print(room, sizeof room, "%s", cases[i].text), strlen(cases[i].kept));
        assert_string_equal(room, cases[i].kept);
    }
    assert_int_equal(el_print(room, 1, "%s", "x"), 0);
    assert_int_equal(el_print(room, 0, "%s", "x"), 0);
    el_print(room, sizeof room, "%.4s|", "abc\xC3\xBC"); /* a precision counts bytes */
    assert_string_equal(room, "abc?|");
}

static void take_message(void *context, enum el_level level, const char *message) {
    (void)level;
    strcpy(context, message);
}

static void errors_and_logs_are_valid_whatever_their_length(void **state) {
    (void)state;
    char text[1200], logged[1200];
    for (size_t len = 1010; len < 1030; len++) {
        struct el_error err;
        memset(text, 'x', len);
        strcpy(text + len, "\xE5\x8C\x97\xE4\xBA\xAC");
        el_fail(&err, EL_ERR_FORMAT, "%s", text);
        assert_int_equal(el_utf8_valid_prefix(err.message, strlen(err.message)),
                         strlen(err.message));
        assert_memory_equal(err.message, text, len < 1020 ? len : 1020);
        el_fail(&err, EL_ERR_FORMAT, "%s", text + 10);
        el_error_prefix(&err, "%s", "\xE5\x8C\x97.txt");
        assert_int_equal(el_utf8_valid_prefix(err.message, strlen(err.message)),
                         strlen(err.message));
        struct el_log log = {take_message, logged};
        el_log(&log, EL_INFO, "%s", text);
        assert_int_equal(el_utf8_valid_prefix(logged, strlen(logged)), strlen(logged));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_that_does_not_fit_ends_with_a_whole_character),
        cmocka_unit_test(errors_and_logs_are_valid_whatever_their_length),
    };
    return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}

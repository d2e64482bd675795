/* UTF-8 checks, offsets and folding; characters; arrays that grow. */
#include "base/text.h"

#include "base/array.h"
#include "base/characters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void valid_prefix_stops_at_the_first_bad_byte(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t len, valid;
    } cases[] = {
        {"", 0, 0},
        {"plain ascii that is long enough", 31, 31},
        {"Z\xC3\xBCrich", 7, 7},
        {"abcdefgh\xFF", 9, 8},
        {"\xC0\xAF", 2, 0},          /* overlong '/' */
        {"a\xED\xA0\x80", 4, 1},     /* a surrogate */
        {"\xF0\x9F\x98\x80!", 5, 5}, /* an emoji */
        {"ab\xF0\x9F\x98", 5, 2},    /* cut */
        {"\xF4\x90\x80\x80", 4, 0},  /* behind U+10FFFF */
        {"a\0b", 3, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(el_utf8_valid_prefix(cases[i].text, cases[i].len), cases[i].valid);
    }
}

static void invalid_parts_become_replacement_characters(void **state) {
    (void)state;
    struct el_arena arena = {0};
    size_t len = 0;
    char *text = el_utf8_replace_invalid(&arena,
                                         "a\xFF"
                                         "b\xE4\xBD"
                                         "c\xC3\xBC",
                                         8, &len);
    assert_string_equal(text, "a\xEF\xBF\xBD"
                              "b\xEF\xBF\xBD"
                              "c\xC3\xBC");
    assert_int_equal(len, strlen(text));
    assert_string_equal(el_utf8_replace_invalid(&arena, "", 0, &len), "");
    el_arena_free(&arena);
}

static void next_decodes(void **state) {
    (void)state;
    const char *text = "a\xC3\xBC\xE4\xBD\xA0\xF0\x9F\x98\x80";
    const uint32_t want[] = {'a', 0xFC, 0x4F60, 0x1F600};
    size_t at = 0;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(el_utf8_next(text, strlen(text), &at), want[i]);
    }
    assert_int_equal(at, strlen(text));
}

static void offsets_convert_both_ways(void **state) {
    (void)state;
    const char *text = "a\xC3\xBC\xE4\xBD\xA0\xF0\x9F\x98\x80z"; /* 1 2 3 4 1 bytes */
    const size_t bytes[] = {0, 1, 3, 6, 10, 11}, points[] = {0, 1, 2, 3, 4, 5},
                 units[] = {0, 1, 2, 3, 5, 6};
    size_t got[6];
    memcpy(got, bytes, sizeof got);
    el_offsets_from_bytes(text, 11, EL_UNIT_CODEPOINT, got, 6);
    assert_memory_equal(got, points, sizeof got);
    memcpy(got, bytes, sizeof got);
    el_offsets_from_bytes(text, 11, EL_UNIT_UTF16, got, 6);
    assert_memory_equal(got, units, sizeof got);
    memcpy(got, bytes, sizeof got);
    el_offsets_from_bytes(text, 11, EL_UNIT_BYTE, got, 6);
    assert_memory_equal(got, bytes, sizeof got);

    for (size_t i = 0; i < 6; i++) {
        size_t at = 99;
        assert_true(el_offset_to_bytes(text, 11, EL_UNIT_CODEPOINT, points[i], &at));
        assert_int_equal(at, bytes[i]);
        assert_true(el_offset_to_bytes(text, 11, EL_UNIT_UTF16, units[i], &at));
        assert_int_equal(at, bytes[i]);
        assert_true(el_offset_to_bytes(text, 11, EL_UNIT_BYTE, bytes[i], &at));
        assert_int_equal(at, bytes[i]);
    }
    size_t at = 99;
    assert_false(el_offset_to_bytes(text, 11, EL_UNIT_UTF16, 4, &at)); /* inside the pair */
    assert_false(el_offset_to_bytes(text, 11, EL_UNIT_BYTE, 2, &at));
    assert_false(el_offset_to_bytes(text, 11, EL_UNIT_BYTE, 12, &at));
    assert_false(el_offset_to_bytes(text, 11, EL_UNIT_CODEPOINT, 6, &at));
    assert_false(el_offset_to_bytes(text, 11, EL_UNIT_TOKEN, 0, &at));
    assert_int_equal(at, 99);
}

static void an_index_of_offsets_agrees_with_walking(void **state) {
    (void)state;
    static const char piece[] = "a\xC3\xBC\xE4\xBD\xA0\xF0\x9F\x98\x80z";
    char text[11 * 100 + 1] = "";
    struct el_arena arena = {0};
    for (int i = 0; i < 100; i++) {
        strcat(text, piece);
    }
    for (enum el_unit unit = EL_UNIT_CODEPOINT; unit <= EL_UNIT_UTF16; unit++) {
        for (size_t len = 0; len <= sizeof text - 1; len += 11) {
            struct el_offsets index;
            assert_true(el_offsets_open(&index, &arena, text, len, unit));
            for (size_t offset = 0; offset <= len + 1; offset++) {
                size_t want = 0, got = 0;
                bool found = el_offset_to_bytes(text, len, unit, offset, &want);
                assert_int_equal(el_offsets_to_byte(&index, offset, &got), found);
                assert_int_equal(got, want);
                if (found) {
                    assert_int_equal(el_offsets_of_byte(&index, got), offset);
                }
            }
        }
    }
    struct el_offsets ascii;
    size_t got;
    assert_true(el_offsets_open(&ascii, &arena, "abc", 3, EL_UNIT_UTF16));
    assert_true(el_offsets_to_byte(&ascii, 3, &got));
    assert_int_equal(got, 3);
    assert_false(el_offsets_to_byte(&ascii, 4, &got));
    el_arena_free(&arena);
}

static void folding_composes_squeezes_and_lowers(void **state) {
    (void)state;
    static const struct {
        const char *from;
        bool lower;
        const char *to;
    } cases[] = {
        {"", false, ""},
        {"  \t\n ", false, ""},
        {"  Angela \t Merkel\n", false, "Angela Merkel"},
        {"  Angela \t Merkel\n", true, "angela merkel"},
        {"Angela\xC2\xA0Merkel", false, "Angela Merkel"}, /* no-break space */
        {"\xE3\x80\x80\xE5\x8C\x97\xE4\xBA\xAC", false, "\xE5\x8C\x97\xE4\xBA\xAC"},
        {"Zu\xCC\x88rich", false, "Z\xC3\xBCrich"}, /* NFD to NFC */
        {"Zu\xCC\x88RICH", true, "z\xC3\xBCrich"},
        {"STRA\xC3\x9F"
         "E",
         true, "strasse"},
        {"\xC4\xB0zmir", true, "i\xCC\x87zmir"},
    };
    struct el_arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = 99;
        char *got =
            el_text_fold(&arena, cases[i].from, strlen(cases[i].from), cases[i].lower, &len);
        assert_string_equal(got, cases[i].to);
        assert_int_equal(len, strlen(cases[i].to));
    }
    el_arena_free(&arena);
}

static void units_have_names(void **state) {
    (void)state;
    enum el_unit unit = EL_UNIT_BYTE;
    assert_true(el_unit_from_name("utf16", &unit));
    assert_int_equal(unit, EL_UNIT_UTF16);
    assert_false(el_unit_from_name("letters", &unit));
    assert_false(el_unit_from_name(NULL, &unit));
    assert_string_equal(el_unit_name(EL_UNIT_TOKEN), "token");
}

static void scripts_say_whether_spaces_separate_words(void **state) {
    (void)state;
    assert_int_equal(el_spacing_of('a'), EL_SPACED);
    assert_int_equal(el_spacing_of(0x0416), EL_SPACED);           /* Cyrillic */
    assert_int_equal(el_spacing_of(0x4E2D), EL_UNSPACED_SIGNS);   /* Han */
    assert_int_equal(el_spacing_of(0x30A2), EL_UNSPACED_SIGNS);   /* Katakana */
    assert_int_equal(el_spacing_of(0x30FC), EL_UNSPACED_SIGNS);   /* the mark of long sounds */
    assert_int_equal(el_spacing_of(0x0E01), EL_UNSPACED_LETTERS); /* Thai */
    assert_int_equal(el_spacing_of(0xAC00), EL_SPACED_STEMS);     /* Hangul */
    assert_int_equal(el_spacing_of(0x1F600), EL_SPACED);          /* a face */
}

static void quotes_and_dashes_have_a_plain_form(void **state) {
    (void)state;
    assert_int_equal(el_plain_mark(0x201C), '"');
    assert_int_equal(el_plain_mark(0x300D), '"');
    assert_int_equal(el_plain_mark(0x2019), '\'');
    assert_int_equal(el_plain_mark(0x2014), '-');
    assert_int_equal(el_plain_mark(0x2212), '-');
    assert_int_equal(el_plain_mark('x'), 'x');
}

static void arrays_grow(void **state) {
    (void)state;
    struct el_arena arena = {0};
    int *items = NULL, *in_arena = NULL;
    size_t room = 0, arena_room = 0;
    for (int i = 0; i < 1000; i++) {
        assert_true(EL_GROW(items, room, (size_t)i + 1));
        assert_true(EL_ARENA_GROW(&arena, in_arena, arena_room, (size_t)i + 1));
        items[i] = in_arena[i] = i;
    }
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(items[i], i);
        assert_int_equal(in_arena[i], i);
    }
    assert_false(EL_GROW(items, room, SIZE_MAX / 2));
    assert_int_equal(items[999], 999);
    free(items);
    el_arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_prefix_stops_at_the_first_bad_byte),
        cmocka_unit_test(invalid_parts_become_replacement_characters),
        cmocka_unit_test(next_decodes),
        cmocka_unit_test(offsets_convert_both_ways),
        cmocka_unit_test(an_index_of_offsets_agrees_with_walking),
        cmocka_unit_test(folding_composes_squeezes_and_lowers),
        cmocka_unit_test(units_have_names),
        cmocka_unit_test(scripts_say_whether_spaces_separate_words),
        cmocka_unit_test(quotes_and_dashes_have_a_plain_form),
        cmocka_unit_test(arrays_grow),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}

/* What the pool's labels say of spans: counts against a second counting, and spans of a pool whose
 * rule is known. */
#include "retrieval/label_counts.h"
#include "retrieval/prior.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "made_pool.h"

static const char *const syllables[] = {"Ka", "Mo", "Ri", "Su", "Ve", "Lo", "Na"};
static const char *const endings[] = {"ldor", "tamm", "quist", "sorel", "brandt"};

/* Names, most of them seen once. */
static void name_of(size_t i, char *name, size_t room) {
    snprintf(name, room, "%s%s %s%s", syllables[i % 7], endings[i / 7 % 5], syllables[i / 3 % 7],
             endings[i * 3 % 5]);
}

static void place_of(size_t i, char *name, size_t room) {
    snprintf(name, room, "%s%sburg", syllables[i / 2 % 7], i % 2 == 0 ? "n" : "st");
}

/* "<person> came to <place> by train ." and sentences without labels, in which Train is written
 * large as well. */
static void write_journeys(FILE *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char person[64], place[64];
        name_of(i, person, sizeof person);
        place_of(i, place, sizeof place);
        if (i % 3 == 2) {
            fprintf(out, "{\"text\": \"The Train of %zu was late again .\", \"entities\": []}\n",
                    i);
            continue;
        }
        size_t begin = strlen(person) + strlen(" came to ");
        fprintf(out,
                "{\"text\": \"%s came to %s by train %zu .\", \"entities\": [{\"start\": 0, "
                "\"end\": %zu, \"type\": \"person\"}, {\"start\": %zu, \"end\": %zu, \"type\": "
                "\"place\"}]}\n",
                person, place, i, strlen(person), begin, begin + strlen(place));
    }
}

/* "<name> <verb> today .": every other name is of two words, the second seen once, as verbs are. */
static void write_names(FILE *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char name[64];
        int len = snprintf(name, sizeof name, "%s%s", syllables[i % 7], endings[i % 5]);
        if (i % 2 == 1) {
            len = snprintf(name, sizeof name, "%s%s X%zuy", endings[i % 3], syllables[i % 5], i);
            name[0] = 'T';
        }
        fprintf(out,
                "{\"text\": \"%s verb%zus today .\", \"entities\": [{\"start\": 0, \"end\": %d, "
                "\"type\": \"person\"}]}\n",
                name, i, len);
    }
}

static struct el_pool *make_pool(size_t n) {
    return make_pool_of(write_journeys, n);
}

static struct el_prior *open_prior(const struct el_pool *pool) {
    struct el_prior *prior;
    struct el_error err = {0};
    assert_true(el_prior_open(pool, &prior, &err));
    return prior;
}

struct looked {
    double mention;
    float shares[2];
};

static struct looked look(struct el_prior *prior, const char *text, const char *span) {
    struct el_arena arena = {0};
    struct el_spans words;
    struct el_error err = {0};
    struct looked looked;
    const char *at = strstr(text, span);
    struct el_span where = {(size_t)(at - text), (size_t)(at - text) + strlen(span)};
    assert_true(el_segment_words(&arena, text, strlen(text), "en", &words, &err));
    assert_true(
        el_prior_of(prior, text, &words, &where, 1, &arena, &looked.mention, looked.shares, &err));
    el_arena_free(&arena);
    return looked;
}

static void tells_mentions_and_types(void **state) {
    (void)state;
    struct el_pool *pool = make_pool(300);
    struct el_prior *prior;
    struct el_error err = {0};
    assert_true(el_prior_open(pool, &prior, &err));
    assert_non_null(prior);
    size_t person = strcmp(el_pool_get_info(pool)->types[0], "person") == 0 ? 0 : 1;
    const char *text = "Nadia Wolf came to Torenburg by train 7001 .";
    struct looked who = look(prior, text, "Nadia Wolf"), part = look(prior, text, "Wolf"),
                  where = look(prior, text, "Torenburg"), no = look(prior, text, "train");
    assert_true(who.mention > 0.3 && where.mention > 0.5);
    assert_true(no.mention < 0.05 && part.mention < who.mention);
    assert_true(who.shares[person] > 0.8F && where.shares[1 - person] > 0.8F);
    assert_true(fabsf(who.shares[0] + who.shares[1] - 1) < 1e-5F);
    assert_true(look(prior, "The Train of 9 was late again .", "Train").mention < 0.05);

    struct el_arena arena = {0};
    struct el_spans words, spans;
    assert_true(el_segment_words(&arena, text, strlen(text), "en", &words, &err));
    assert_true(el_prior_spans(prior, text, &words, 0.3, &arena, &spans, &err));
    assert_int_equal(spans.count, 2);
    assert_int_equal(spans.items[0].start, 0);
    assert_int_equal(spans.items[0].end, strlen("Nadia Wolf"));
    assert_int_equal(spans.items[1].start, strlen("Nadia Wolf came to "));
    el_arena_free(&arena);
    el_prior_close(prior);
    el_pool_close(pool);
}

/* A name that the pool has only in one neighbourhood is unknown to a sentence from there; and
 * looking leaves the counts as they were. */
static void leaves_the_sentence_out(void **state) {
    (void)state;
    struct el_pool *pool = make_pool(90);
    char name[64], other[128];
    struct el_prior *prior;
    struct el_error err = {0};
    assert_true(el_prior_open(pool, &prior, &err));
    struct el_pool_sentence own;
    assert_true(el_pool_get(pool, 0, &own, &err));
    name_of(0, name, sizeof name);
    snprintf(other, sizeof other, "%s came to Kanburg by train 4444 .", name);
    struct looked before = look(prior, other, name);
    struct looked in_pool = look(prior, own.text, name);
    struct looked after = look(prior, other, name);
    assert_true(in_pool.mention < before.mention);
    assert_true(before.mention == after.mention); /* to the last bit */
    el_prior_close(prior);
    el_pool_close(pool);
}

/* The word after is unknown, but it is written as names are. */
static void takes_a_name_whole(void **state) {
    (void)state;
    struct el_pool *pool = make_pool_of(write_names, 120);
    struct el_prior *prior = open_prior(pool);
    const char *one = "Kaldor singles today .", *two = "Kaldor W7y singles today .";
    assert_true(look(prior, two, "Kaldor W7y").mention > look(prior, two, "Kaldor").mention);
    assert_true(look(prior, one, "Kaldor").mention > 0.5);
    el_prior_close(prior);
    el_pool_close(pool);
}

/* Journeys, and at the end, in the last block, a dozen that name Zorblax. */
static void write_with_late_name(FILE *out, size_t n) {
    write_journeys(out, n - 12);
    for (size_t i = 0; i < 12; i++) {
        fprintf(
            out,
            "{\"text\": \"and zorblax beeped %zu .\", \"entities\": [{\"start\": 4, \"end\": 11, "
            "\"type\": \"person\"}]}\n",
            i);
    }
}

/* What the end of the pool says counts for a new text, however many sentences its last block has.
 */
static void the_last_block_counts(void **state) {
    (void)state;
    static const size_t sizes[] = {300, 301, 307, 640, 660, 700};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct el_pool *pool = make_pool_of(write_with_late_name, sizes[i]);
        struct el_prior *prior = open_prior(pool);
        double p = look(prior, "and zorblax hummed .", "zorblax").mention;
        if (p < 0.5) {
            fail_msg("%zu sentences: %.3f", sizes[i], p);
        }
        el_prior_close(prior);
        el_pool_close(pool);
    }
}

/* "I met <word> there .": nothing but a capital says whether the word, seen once, is a name. */
static void write_meetings(FILE *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char word[64];
        int len = snprintf(word, sizeof word, "%s%c%c%s", syllables[i % 7], (char)('a' + i % 26),
                           (char)('a' + i / 26 % 26), endings[i / 2 % 5]);
        word[0] = (char)(i % 2 == 0 ? word[0] : word[0] - 'A' + 'a');
        fprintf(out, "{\"text\": \"I met %s there .\", \"entities\": [", word);
        if (i % 2 == 0) {
            fprintf(out, "{\"start\": 6, \"end\": %d, \"type\": \"person\"}", 6 + len);
        }
        fprintf(out, "]}\n");
    }
}

/* Where nothing is written large, names are not either. */
static void small_letters_tell_nothing(void **state) {
    (void)state;
    struct el_pool *pool = make_pool_of(write_meetings, 300);
    struct el_prior *prior = open_prior(pool);
    double name = look(prior, "I met Pelgrin there .", "Pelgrin").mention,
           word = look(prior, "I met pelgrin there .", "pelgrin").mention,
           either = look(prior, "i met pelgrin there .", "pelgrin").mention;
    assert_true(name > 0.8 && word < 0.2 && either > 2 * word && either < name);
    el_prior_close(prior);
    el_pool_close(pool);
}

static void nothing_to_learn(void **state) {
    (void)state;
    char path[] = "/tmp/el4ner-prior-XXXXXX.jsonl";
    int file = mkstemps(path, 6);
    /* the only label ends inside of a word */
    static const char line[] = "{\"text\": \"Rainfall came.\", \"entities\": [{\"start\": 0, "
                               "\"end\": 4, \"type\": \"x\"}]}\n";
    assert_int_equal(write(file, line, strlen(line)), strlen(line));
    close(file);
    struct el_pool *pool;
    struct el_prior *prior = (struct el_prior *)1;
    struct el_error err = {0};
    assert_true(el_pool_open(path, NULL, &pool, &err));
    unlink(path);
    assert_true(el_prior_open(pool, &prior, &err));
    assert_null(prior);
    el_pool_close(pool);
}

/* ---- counts ---- */

static void keys(struct el_arena *arena, const char *text, struct el_counted_sentence *sentence) {
    struct el_spans words;
    struct el_error err = {0};
    assert_true(el_segment_words(arena, text, strlen(text), "en", &words, &err));
    assert_true(el_word_keys_of(arena, text, &words, sentence));
}

static uint64_t shape(const struct el_counted_sentence *sentence, ptrdiff_t at) {
    return el_word_key(sentence, at, EL_SHAPE);
}

static void shapes_of_one_case_are_apart(void **state) {
    (void)state;
    struct el_arena arena = {0};
    struct el_counted_sentence mixed, small, large, few, none;
    keys(&arena, "Ada met bob in BONN 7 times", &mixed);
    keys(&arena, "ada met bob 7 times", &small);
    keys(&arena, "ADA MET BOB 7 TIMES", &large);
    keys(&arena, "met bob", &few);
    keys(&arena, "7 ፩ 7 ፩", &none);
    assert_true(shape(&small, 1) == shape(&small, 2) && shape(&small, 1) != shape(&mixed, 1));
    assert_true(shape(&large, 1) == shape(&large, 0) && shape(&large, 1) != shape(&mixed, 4));
    assert_true(shape(&few, 1) == shape(&mixed, 1));   /* two words may be so by chance */
    assert_true(shape(&small, 3) == shape(&mixed, 5)); /* digits are the same in any case */
    assert_true(shape(&none, 0) == shape(&mixed, 5));
    assert_true(el_word_key(&small, 1, EL_WORD) == el_word_key(&large, 1, EL_WORD));
    el_arena_free(&arena);
}

static void counts_what_is_there(void **state) {
    (void)state;
    struct el_arena arena = {0};
    struct el_label_counts counts;
    struct el_counted_sentence a, b;
    struct el_labelled_words mention = {1, 3, 1}; /* "Penrose Bay" */
    keys(&arena, "At Penrose Bay the bay", &a);
    keys(&arena, "penrose bay and PENROSE", &b);
    a.mentions = &mention;
    a.n_mentions = 1;
    assert_true(el_label_counts_init(&counts, 2));
    assert_true(el_count_labels(&counts, &a, 1) && el_count_labels(&counts, &b, 1));
    assert_true(el_count_strings(&counts, &a, 1) && el_count_strings(&counts, &b, 1));

    uint64_t penrose = el_word_key(&a, 1, EL_WORD), bay = el_word_key(&a, 2, EL_WORD);
    assert_int_equal(el_count_of(&counts, penrose), 3); /* letters of any size */
    assert_int_equal(el_count_of(&counts, bay), 3);
    assert_int_equal(el_count_at(&counts, penrose, EL_FIRST), 1);
    assert_int_equal(el_count_at(&counts, penrose, EL_LAST), 0);
    assert_int_equal(el_count_at(&counts, bay, EL_LAST), 1);
    assert_int_equal(el_count_at(&counts, bay, EL_INSIDE), 1);
    assert_int_equal(el_count_typed(&counts, bay, EL_LAST, 1), 1);
    assert_int_equal(el_count_typed(&counts, bay, EL_LAST, 0), 0);
    assert_int_equal(el_count_at(&counts, el_word_key(&a, 0, EL_WORD), EL_BEFORE), 1);
    assert_int_equal(el_count_at(&counts, el_word_key(&a, 3, EL_WORD), EL_AFTER), 1);
    uint64_t string = el_string_key(&a, 1, 3);
    assert_true(string == el_string_key(&b, 0, 2));
    assert_int_equal(el_string_occurs(&counts, string), 2);
    assert_int_equal(el_string_labelled(&counts, string), 1);
    assert_int_equal(el_string_typed(&counts, string, 1), 1);
    assert_int_equal(el_string_occurs(&counts, el_string_key(&a, 0, 1)), 0); /* never labelled */
    assert_int_equal(counts.words, 9);

    assert_true(el_count_labels(&counts, &a, -1) && el_count_strings(&counts, &a, -1));
    assert_int_equal(el_count_of(&counts, penrose), 2);
    assert_int_equal(el_count_at(&counts, bay, EL_LAST), 0);
    assert_int_equal(el_string_occurs(&counts, string), 1);
    assert_int_equal(counts.mentions, 0);
    el_label_counts_free(&counts);
    el_arena_free(&arena);
}

static void shapes_and_endings(void **state) {
    (void)state;
    struct el_arena arena = {0};
    struct el_counted_sentence s;
    keys(&arena, "Paris Tours paris IL-2 running turning run", &s);
    assert_true(el_word_key(&s, 0, EL_SHAPE) == el_word_key(&s, 1, EL_SHAPE));
    assert_true(el_word_key(&s, 0, EL_SHAPE) != el_word_key(&s, 2, EL_SHAPE));
    assert_true(el_word_key(&s, 0, EL_WORD) == el_word_key(&s, 2, EL_WORD));
    size_t n = s.n_words;
    assert_true(el_word_key(&s, (ptrdiff_t)n - 3, EL_ENDING) ==
                el_word_key(&s, (ptrdiff_t)n - 2, EL_ENDING));
    assert_true(el_word_key(&s, (ptrdiff_t)n - 3, EL_ENDING) !=
                el_word_key(&s, (ptrdiff_t)n - 1, EL_ENDING));
    assert_true(el_word_key(&s, -1, EL_WORD) != el_word_key(&s, (ptrdiff_t)n, EL_WORD));
    el_arena_free(&arena);
}

static bool same(const struct el_counted_sentence *s, ptrdiff_t a, ptrdiff_t b,
                 enum el_word_part part) {
    return el_word_key(s, a, part) == el_word_key(s, b, part);
}

/* Yoruba: a tone mark and a dot below, composed in as many ways as there are. */
static void letters_with_marks(void **state) {
    (void)state;
    struct el_arena arena = {0};
    struct el_counted_sentence s;
    keys(&arena,
         "b\u1ECD\u0301l\u00E1 bo\u0323\u0301la\u0301 b\u00F3\u0323l\u00E1 " /* composed or not */
         "k\u1ECD\u0301l\u00E1 b\u1ECD\u0300l\u00E1 bola",
         &s);
    assert_int_equal(s.n_words, 6);
    for (enum el_word_part part = 0; part < EL_WORD_PARTS; part++) {
        assert_true(same(&s, 0, 1, part));
        assert_true(same(&s, 0, 2, part));
    }
    assert_true(same(&s, 0, 3, EL_ENDING)); /* three letters, not three code points */
    assert_false(same(&s, 0, 4, EL_ENDING));
    assert_false(same(&s, 0, 3, EL_BEGINNING));
    assert_false(same(&s, 0, 5, EL_WORD)); /* another tone is another word */
    assert_true(same(&s, 0, 5, EL_SHAPE));
    el_arena_free(&arena);
}

/* Hausa: letters with hooks have capitals; apostrophes are written in several ways. */
static void hooks_and_apostrophes(void **state) {
    (void)state;
    struct el_arena arena = {0};
    struct el_counted_sentence s;
    keys(&arena, "\u0198ofa \u0199ofa Sa'a Sa\u2019a", &s);
    assert_int_equal(s.n_words, 4);
    assert_true(same(&s, 0, 1, EL_WORD));
    assert_false(same(&s, 0, 1, EL_SHAPE));
    for (enum el_word_part part = 0; part < EL_WORD_PARTS; part++) {
        assert_true(same(&s, 2, 3, part));
    }
    el_arena_free(&arena);
}

/* Xhosa: small letters before a name. */
static void prefixes(void **state) {
    (void)state;
    struct el_arena arena = {0};
    struct el_counted_sentence s;
    keys(&arena, "uThemba uLindiwe eKomani kweNgqura seDutywa Themba thembeka thembisa", &s);
    assert_int_equal(s.n_words, 8);
    assert_true(same(&s, 0, 1, EL_SHAPE));
    assert_false(same(&s, 0, 2, EL_SHAPE));
    assert_false(same(&s, 0, 5, EL_SHAPE));
    assert_false(same(&s, 3, 4, EL_SHAPE));
    assert_true(same(&s, 6, 7, EL_SHAPE)); /* no capital follows */
    assert_true(same(&s, 6, 7, EL_BEGINNING));
    assert_true(same(&s, 5, 6, EL_BEGINNING));
    el_arena_free(&arena);
}

/* Chinese: one sign ends the name of a city, and words are told apart by how many they have. */
static void ideographs(void **state) {
    (void)state;
    struct el_arena arena = {0};
    struct el_counted_sentence s;
    const char *text = "\u53F0\u5317\u5E02\u9AD8\u96C4\u5E02\u6D77\u5E02\u6D77\u5C9B";
    struct el_span items[] = {{0, 9}, {9, 18}, {18, 24}, {24, 30}};
    struct el_spans words = {items, 4};
    assert_true(el_word_keys_of(&arena, text, &words, &s));
    assert_true(same(&s, 0, 1, EL_ENDING) && same(&s, 1, 2, EL_ENDING));
    assert_false(same(&s, 2, 3, EL_ENDING));
    assert_true(same(&s, 2, 3, EL_BEGINNING));
    assert_false(same(&s, 0, 1, EL_BEGINNING));
    assert_true(same(&s, 0, 1, EL_SHAPE) && same(&s, 2, 3, EL_SHAPE));
    assert_false(same(&s, 0, 2, EL_SHAPE));
    el_arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(tells_mentions_and_types),
                                       cmocka_unit_test(leaves_the_sentence_out),
                                       cmocka_unit_test(the_last_block_counts),
                                       cmocka_unit_test(small_letters_tell_nothing),
                                       cmocka_unit_test(nothing_to_learn),
                                       cmocka_unit_test(shapes_of_one_case_are_apart),
                                       cmocka_unit_test(counts_what_is_there),
                                       cmocka_unit_test(shapes_and_endings),
                                       cmocka_unit_test(takes_a_name_whole),
                                       cmocka_unit_test(letters_with_marks),
                                       cmocka_unit_test(hooks_and_apostrophes),
                                       cmocka_unit_test(prefixes),
                                       cmocka_unit_test(ideographs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

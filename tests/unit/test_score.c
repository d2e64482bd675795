/* Scores: tag readings, matching, and the figures of independent scorers. */
#include "evaluate/score.h"
#include "base/buffer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "golden.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define assert_close(a, b, most) assert_true(fabs((double)(a) - (double)(b)) <= (most))

/* A sentence of `n` one-letter words with raw tags; its entities are the lenient reading. */
static void add_tagged(struct el_labels *labels, const char *const *tags, size_t n) {
    struct el_document *document = el_document_new();
    assert_non_null(document);
    struct el_arena *arena = &document->arena;
    char *text = el_arena_alloc(arena, 2 * n + 1);
    struct el_span *tokens = el_arena_array(arena, n, sizeof *tokens);
    struct el_chunk *chunks = el_arena_array(arena, n, sizeof *chunks);
    for (size_t i = 0; i < n; i++) {
        tokens[i] = (struct el_span){2 * i, 2 * i + 1};
        memcpy(text + 2 * i, "w ", 2);
    }
    document->id = el_arena_printf(arena, "%zu", labels->count + 1);
    document->text = text;
    document->text_len = n > 0 ? 2 * n - 1 : 0;
    document->tokens = tokens;
    document->n_tokens = n;
    document->tags = tags;
    document->labelled = true;
    size_t found = el_tags_decode(tags, n, EL_DECODE_LENIENT, EL_SCHEME_AUTO, chunks);
    size_t capacity = 0;
    for (size_t i = 0; i < found; i++) {
        struct el_span span = chunks[i].span;
        struct el_entity entity = {
            .span = {2 * span.start, 2 * span.end - 1}, .type = chunks[i].type, .score = NAN};
        assert_true(el_document_add_entity(document, &entity, &capacity));
    }
    assert_true(el_labels_add(labels, document, NULL));
    el_document_free(document);
}

/* "B-PER I-PER O" split at spaces. */
static void add_line(struct el_labels *labels, const char *line) {
    struct el_arena arena = {0};
    char *copy = el_arena_string(&arena, line), *rest = NULL;
    const char *tags[64];
    size_t n = 0;
    for (char *tag = strtok_r(copy, " ", &rest); tag != NULL; tag = strtok_r(NULL, " ", &rest)) {
        tags[n++] = tag;
    }
    add_tagged(labels, tags, n);
    el_arena_free(&arena);
}

static void expect_chunks(const char *line, enum el_decoder decoder, enum el_scheme scheme,
                          const char *expected) {
    struct el_arena arena = {0};
    char *copy = el_arena_string(&arena, line), *rest = NULL;
    const char *tags[64];
    struct el_chunk chunks[64];
    struct el_buffer got = {0};
    size_t n = 0;
    for (char *tag = strtok_r(copy, " ", &rest); tag != NULL; tag = strtok_r(NULL, " ", &rest)) {
        tags[n++] = tag;
    }
    size_t found = el_tags_decode(tags, n, decoder, scheme, chunks);
    el_buffer_string(&got, "");
    for (size_t i = 0; i < found; i++) {
        el_buffer_printf(&got, "%s%zu-%zu:%s", i > 0 ? " " : "", chunks[i].span.start,
                         chunks[i].span.end, chunks[i].type);
    }
    assert_string_equal(got.data, expected);
    el_buffer_free(&got);
    el_arena_free(&arena);
}

static void tag_readings(void **state) {
    (void)state;
    const enum el_decoder lenient = EL_DECODE_LENIENT, strict = EL_DECODE_STRICT;
    const enum el_scheme any = EL_SCHEME_AUTO, iob1 = EL_SCHEME_IOB1, bioes = EL_SCHEME_BIOES;
    expect_chunks("", lenient, any, "");
    expect_chunks("O I-X O", lenient, any, "1-2:X");
    expect_chunks("O I-X O", strict, any, "");
    expect_chunks("O I-X O", strict, iob1, "1-2:X");
    expect_chunks("B-X I-Y I-Y", lenient, any, "0-1:X 1-3:Y");
    expect_chunks("B-X I-Y I-Y", strict, any, "0-1:X");
    expect_chunks("B-X B-X I-X", strict, any, "0-1:X 1-3:X");
    expect_chunks("B-creative-work I-creative-work", lenient, any, "0-2:creative-work");
    expect_chunks("S-X B-X E-X", lenient, any, "0-1:X 1-3:X");
    expect_chunks("S-X B-X E-X", strict, bioes, "0-1:X 1-3:X");
    expect_chunks("U-X B-X L-X", strict, bioes, "0-1:X 1-3:X");
    expect_chunks("B-X O E-X", strict, bioes, "");
    expect_chunks("B-X O E-X", lenient, any, "0-1:X 2-3:X");
    expect_chunks("I-X I-X B-X", strict, iob1, "0-2:X 2-3:X");
    expect_chunks("O B-X I-X", strict, iob1, "2-3:X"); /* B- has nothing to stand apart from */
    expect_chunks("B I", lenient, any, "0-2:");
}

static struct el_score score_lines(struct el_arena *arena, struct el_labels *gold,
                                   struct el_labels *predicted, enum el_match match) {
    struct el_score score;
    struct el_score_options options = {.match = match};
    struct el_error err;
    assert_true(el_labels_align(gold, predicted, false, &err));
    assert_true(el_score(gold, predicted, &options, arena, &score, &err));
    return score;
}

static void modes_differ(void **state) {
    (void)state;
    struct el_labels gold = {0}, predicted = {0};
    struct el_arena arena = {0};
    add_line(&gold, "B-PER I-PER O B-LOC O B-ORG");
    add_line(&predicted, "B-PER I-PER O B-ORG B-ORG I-ORG");
    add_line(&gold, "O B-LOC");
    add_line(&predicted, "O O");
    struct {
        enum el_match match;
        double found;
        size_t correct, incorrect, partial, missed, spurious;
    } cases[] = {
        {EL_MATCH_STRICT, 1, 1, 2, 0, 1, 0},    {EL_MATCH_EXACT, 2, 2, 1, 0, 1, 0},
        {EL_MATCH_PARTIAL, 2.5, 2, 0, 1, 1, 0}, {EL_MATCH_TYPE, 2, 2, 1, 0, 1, 0},
        {EL_MATCH_CONLLEVAL, 1, 1, 2, 0, 1, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct el_score score = score_lines(&arena, &gold, &predicted, cases[i].match);
        assert_int_equal(score.micro.gold, 4);
        assert_int_equal(score.micro.predicted, 3);
        assert_close(score.micro.found, cases[i].found, 0);
        assert_close(score.micro.right, cases[i].found, 0);
        assert_int_equal(score.micro.correct, cases[i].correct);
        assert_int_equal(score.micro.incorrect, cases[i].incorrect);
        assert_int_equal(score.micro.partial, cases[i].partial);
        assert_int_equal(score.micro.missed, cases[i].missed);
        assert_int_equal(score.micro.spurious, cases[i].spurious);
    }
    struct el_score score = score_lines(&arena, &gold, &predicted, EL_MATCH_STRICT);
    assert_int_equal(score.n_types, 3);
    assert_string_equal(score.types[0].type, "LOC");
    assert_int_equal(score.types[0].tally.gold, 2);
    assert_int_equal(score.types[0].tally.predicted, 0);
    assert_close(score.macro.f1, 1.0 / 3, 1e-12);
    assert_int_equal(score.tokens, 8);
    assert_int_equal(score.tokens_right, 4);
    assert_int_equal(score.lengths[0].gold, 3);
    assert_int_equal(score.lengths[1].gold, 1);
    assert_int_equal(score.lengths[1].predicted, 2);
    el_labels_free(&gold);
    el_labels_free(&predicted);
    el_arena_free(&arena);
}

static void nested_are_sets(void **state) {
    (void)state;
    const struct el_chunk gold[] = {{{0, 9}, "A"}, {{0, 4}, "B"}, {{0, 4}, "C"}, {{5, 9}, "B"}};
    const struct el_chunk predicted[] = {{{0, 9}, "B"}, {{0, 4}, "C"}, {{5, 9}, "B"}};
    struct el_arena arena = {0};
    struct el_pairing pairing;
    assert_true(el_pair(&arena, gold, 4, predicted, 3, &pairing));
    assert_int_equal(pairing.relation[0], EL_SAME_SPAN);
    assert_int_equal(pairing.relation[1], EL_ALONE);
    assert_int_equal(pairing.relation[2], EL_SAME);
    assert_int_equal(pairing.relation[3], EL_SAME);
    assert_int_equal(pairing.of_gold[2], 1);
    el_arena_free(&arena);
}

/* A prediction that touches several mentions goes to the one of its type, then to the one it
 * covers most; the order of the predictions does not matter. */
static void better_than_order(void **state) {
    (void)state;
    const struct el_chunk gold[] = {{{0, 2}, "PER"}, {{3, 4}, "LOC"}, {{4, 9}, "PER"}};
    const struct el_chunk predicted[] = {{{0, 4}, "LOC"}, {{4, 8}, "ORG"}};
    struct el_arena arena = {0};
    struct el_pairing pairing;
    assert_true(el_pair(&arena, gold, 3, predicted, 2, &pairing));
    assert_int_equal(pairing.of_gold[0], SIZE_MAX);
    assert_int_equal(pairing.of_gold[1], 0);
    assert_int_equal(pairing.of_gold[2], 1);
    assert_int_equal(pairing.relation[1], EL_OVERLAP_TYPE);
    assert_int_equal(pairing.relation[2], EL_OVERLAP);
    el_arena_free(&arena);
}

static void novelty(void **state) {
    (void)state;
    struct el_surfaces *pool = el_surfaces_new();
    assert_true(el_surfaces_add(pool, "w  w", 4, "PER"));
    struct el_labels gold = {0}, predicted = {0};
    struct el_arena arena = {0};
    add_line(&gold, "B-PER I-PER B-LOC I-LOC B-PER");
    add_line(&predicted, "B-PER I-PER O O O");
    struct el_score score;
    struct el_score_options options = {.pool = pool};
    assert_true(el_score(&gold, &predicted, &options, &arena, &score, NULL));
    assert_int_equal(score.novelty[EL_SEEN].gold, 1);
    assert_close(score.novelty[EL_SEEN].found, 1, 0);
    assert_int_equal(score.novelty[EL_SEEN_OTHER_TYPE].gold, 1);
    assert_int_equal(score.novelty[EL_UNSEEN].gold, 1);
    el_surfaces_free(pool);
    el_labels_free(&gold);
    el_labels_free(&predicted);
    el_arena_free(&arena);
}

static void confusion(void **state) {
    (void)state;
    struct el_labels gold = {0}, predicted = {0};
    struct el_arena arena = {0};
    add_line(&gold, "B-PER O B-LOC O B-LOC I-LOC");
    add_line(&predicted, "B-LOC O B-LOC O B-LOC O");
    struct el_score score = score_lines(&arena, &gold, &predicted, EL_MATCH_STRICT);
    struct el_confusion table;
    assert_true(el_confuse(&gold, &predicted, &score, &arena, &table, NULL));
    assert_int_equal(table.n_types, 2);
    const size_t expected[] = {1, 0, 1, 1, 0, 0, 1, 0, 0}; /* rows: LOC, PER, nothing */
    assert_memory_equal(table.counts, expected, sizeof expected);
    el_labels_free(&gold);
    el_labels_free(&predicted);
    el_arena_free(&arena);
}

static void nothing_is_zero(void **state) {
    (void)state;
    struct el_labels gold = {0}, predicted = {0};
    struct el_arena arena = {0};
    add_line(&gold, "O");
    add_line(&predicted, "O");
    struct el_score score = score_lines(&arena, &gold, &predicted, EL_MATCH_STRICT);
    struct el_prf prf = el_tally_prf(&score.micro);
    assert_close(prf.f1, 0, 0);
    assert_close(score.macro.f1, 0, 0);
    el_labels_free(&gold);
    el_labels_free(&predicted);
    el_arena_free(&arena);
}

static void misaligned(void **state) {
    (void)state;
    struct el_labels gold = {0}, predicted = {0};
    struct el_error err;
    gold.path = "gold";
    predicted.path = "predicted";
    add_line(&gold, "O O");
    add_line(&predicted, "O O O");
    assert_false(el_labels_align(&gold, &predicted, false, &err));
    assert_int_equal(err.code, EL_ERR_FORMAT);
    assert_non_null(strstr(err.message, "differ at byte 3"));
    el_labels_free(&predicted);
    predicted.path = "predicted";
    assert_false(el_labels_align(&gold, &predicted, false, &err));
    assert_non_null(strstr(err.message, "has no document \"1\""));
    el_labels_free(&gold);
}

/* The bootstrap of two scores. */
static void intervals(void **state) {
    (void)state;
    enum { N = 60 };
    struct el_tally a[N] = {{0}}, b[N] = {{0}};
    for (size_t i = 0; i < N; i++) {
        a[i] =
            (struct el_tally){.gold = 2, .predicted = 2, .found = i % 3 != 0, .right = i % 3 != 0};
        b[i] =
            (struct el_tally){.gold = 2, .predicted = 2, .found = i % 4 == 0, .right = i % 4 == 0};
    }
    struct el_arena arena = {0};
    struct el_bootstrap_options options = {.samples = 1000, .seed = 7};
    struct el_intervals first, again;
    assert_true(el_bootstrap(a, N, &options, &arena, &first));
    assert_true(el_bootstrap(a, N, &options, &arena, &again));
    assert_memory_equal(&first, &again, sizeof first);
    /* F1 is a mean of 60 values of 1/2 (2 in 3) or 0: deviation 0.5 * sqrt(2/9/60) = 0.0304 */
    assert_close(first.f1.low, 1.0 / 3 - 1.96 * 0.0304, 0.012);
    assert_close(first.f1.high, 1.0 / 3 + 1.96 * 0.0304, 0.012);
    struct el_comparison comparison;
    assert_true(el_compare(a, b, N, &options, &arena, &comparison));
    assert_true(comparison.p < 0.01);
    assert_true(comparison.interval.low > 0);
    assert_true(el_compare(a, a, N, &options, &arena, &comparison));
    assert_close(comparison.p, 1, 0);
    assert_close(comparison.difference, 0, 0);
    el_arena_free(&arena);
}

/* The golden cases. */

static void add_sentences(struct el_labels *labels, json_t *sentences) {
    for (size_t i = 0; i < json_array_size(sentences); i++) {
        json_t *sentence = json_array_get(sentences, i);
        const char *tags[256];
        size_t n = json_array_size(sentence);
        assert_true(n < COUNT(tags));
        for (size_t j = 0; j < n; j++) {
            tags[j] = json_string_value(json_array_get(sentence, j));
        }
        add_tagged(labels, tags, n);
    }
}

static double number(json_t *object, const char *key) {
    json_t *value = json_object_get(object, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void expect_prf(json_t *expected, struct el_prf prf, double scale, double tolerance) {
    assert_close(prf.precision * scale, number(expected, "precision"), tolerance);
    assert_close(prf.recall * scale, number(expected, "recall"), tolerance);
    assert_close(prf.f1 * scale, number(expected, "f1"), tolerance);
}

/* Cases in which one prediction touches two gold mentions, the first of another type than its own
 * and the second of its own. nervaluate takes the first (an incorrect type), ours the second (a
 * correct one). Only the counts of the type mode change. */
static const struct {
    const char *name;
    int more_correct;
} ORDER_RULE[] = {{"04-BIO-noisy", 1}, {"06-BIO-clean", 1}, {"15-BIO-noisy", 2},
                  {"25-BIO-clean", 1}, {"34-BIO-clean", 1}, {"40-BIO-noisy", 1}};

static int order_rule(const char *name) {
    for (size_t i = 0; i < COUNT(ORDER_RULE); i++) {
        if (strcmp(name, ORDER_RULE[i].name) == 0) {
            return ORDER_RULE[i].more_correct;
        }
    }
    return 0;
}

/* nervaluate adds up its partial scores without the halves once there is more than one sentence
 * (its merged result forgets what kind it is). Ours is the definition of SemEval-2013. */
static void expect_partial(json_t *expected, struct el_score *score, size_t n_sentences) {
    struct el_tally tally = score->micro;
    assert_close(tally.found, (double)tally.correct + (double)tally.partial / 2, 0);
    if (n_sentences > 1) {
        tally.found = tally.right = (double)tally.correct;
    }
    expect_prf(expected, el_tally_prf(&tally), 1, 1e-6);
}

static void nervaluate_case(const char *name, json_t *expected, struct el_labels *gold,
                            struct el_labels *predicted, struct el_arena *arena) {
    const struct {
        const char *key;
        enum el_match match;
    } modes[] = {{"strict", EL_MATCH_STRICT},
                 {"exact", EL_MATCH_EXACT},
                 {"partial", EL_MATCH_PARTIAL},
                 {"ent_type", EL_MATCH_TYPE}};
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct el_score score = score_lines(arena, gold, predicted, modes[i].match);
        json_t *e = json_object_get(expected, modes[i].key);
        int more = modes[i].match == EL_MATCH_TYPE ? order_rule(name) : 0;
        assert_close(score.micro.correct, number(e, "correct") + more, 0);
        assert_close(score.micro.incorrect, number(e, "incorrect") - more, 0);
        assert_close(score.micro.partial, number(e, "partial"), 0);
        assert_close(score.micro.missed, number(e, "missed"), 0);
        assert_close(score.micro.spurious, number(e, "spurious"), 0);
        if (modes[i].match == EL_MATCH_PARTIAL) {
            expect_partial(e, &score, gold->count);
        } else if (more == 0) {
            expect_prf(e, el_tally_prf(&score.micro), 1, 1e-6);
        }
    }
}

static void golden_case(json_t *test) {
    struct el_labels gold = {0}, predicted = {0};
    struct el_arena arena = {0};
    add_sentences(&gold, json_object_get(test, "gold"));
    add_sentences(&predicted, json_object_get(test, "pred"));
    json_t *expected = json_object_get(test, "expected");
    json_t *conlleval = json_object_get(expected, "conlleval");
    if (json_is_object(conlleval)) {
        struct el_score score = score_lines(&arena, &gold, &predicted, EL_MATCH_CONLLEVAL);
        assert_close(score.tokens, number(conlleval, "tokens"), 0);
        assert_close(score.micro.gold, number(conlleval, "gold"), 0);
        assert_close(score.micro.predicted, number(conlleval, "predicted"), 0);
        assert_close(score.micro.correct, number(conlleval, "correct"), 0);
        assert_close(100.0 * (double)score.tokens_right / (double)score.tokens,
                     number(conlleval, "accuracy"), 0.00501);
        expect_prf(conlleval, el_tally_prf(&score.micro), 100, 0.00501);
    }
    struct el_score lenient = score_lines(&arena, &gold, &predicted, EL_MATCH_SEQEVAL);
    expect_prf(json_object_get(expected, "seqeval_default"), el_tally_prf(&lenient.micro), 1, 1e-6);
    struct el_score strict = score_lines(&arena, &gold, &predicted, EL_MATCH_SEQEVAL_STRICT);
    expect_prf(json_object_get(expected, "seqeval_strict"), el_tally_prf(&strict.micro), 1, 1e-6);
    json_t *nervaluate = json_object_get(expected, "nervaluate");
    if (json_is_object(nervaluate)) {
        nervaluate_case(json_string_value(json_object_get(test, "name")), nervaluate, &gold,
                        &predicted, &arena);
    }
    el_labels_free(&gold);
    el_labels_free(&predicted);
    el_arena_free(&arena);
}

static void golden_cases(void **state) {
    (void)state;
    const char *path = shared_path("golden/scoring-cases.json");
    if (path == NULL) {
        skip();
    }
    json_t *cases = json_load_file(path, 0, NULL);
    assert_int_equal(json_array_size(cases), 40);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        golden_case(json_array_get(cases, i));
    }
    json_decref(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tag_readings),    cmocka_unit_test(modes_differ),
        cmocka_unit_test(nested_are_sets), cmocka_unit_test(better_than_order),
        cmocka_unit_test(novelty),         cmocka_unit_test(confusion),
        cmocka_unit_test(nothing_is_zero), cmocka_unit_test(misaligned),
        cmocka_unit_test(intervals),       cmocka_unit_test(golden_cases),
    };
    return cmocka_run_group_tests_name("score", tests, NULL, NULL);
}

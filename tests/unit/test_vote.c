/* Voting and the flat rule, on small made-up cases. */
#include "pipeline/vote.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct el_keep SPAN_1 = {EL_KEEP_SPAN, 1};

static void parse_keep(void **state) {
    (void)state;
    struct el_keep keep;
    assert_true(el_keep_parse("span:2", &keep));
    assert_int_equal(keep.kind, EL_KEEP_SPAN);
    assert_float_equal(keep.m, 2, 0);
    assert_true(el_keep_parse("pair:1.5", &keep));
    assert_int_equal(keep.kind, EL_KEEP_PAIR);
    assert_float_equal(keep.m, 1.5, 0);
    assert_true(el_keep_parse("majority", &keep));
    assert_int_equal(keep.kind, EL_KEEP_MAJORITY);
    const char *bad[] = {"",      "span",       "span:",    "span:0",    "span:-1", "span:+2",
                         "span:", "span: 2",    "pair:inf", "pair:nan",  "pair:2x", "Span:2",
                         "all",   "majority:2", "span:0x",  "span:1e999"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(el_keep_parse(bad[i], &keep));
    }
}

/* choices by member; "-" abstains. */
static void expect_winner(const char *const *choices, size_t n, const double *weights,
                          const char *winner, el_member_set voters) {
    struct el_arena arena = {0};
    struct el_vote *votes;
    size_t n_votes;
    assert_true(el_votes_count(&arena, choices, n, weights, &votes, &n_votes));
    if (winner == NULL) {
        assert_int_equal(n_votes, 0);
    } else {
        assert_string_equal(votes[0].type, winner);
        assert_int_equal(votes[0].voters, voters);
    }
    el_arena_free(&arena);
}

static void winners(void **state) {
    (void)state;
    const char *plurality[] = {"LOC", "PER", "PER"};
    expect_winner(plurality, 3, NULL, "PER", 6);
    const char *tie[] = {"PER", "LOC"};
    expect_winner(tie, 2, NULL, "PER", 1);
    const char *tie_abstained[] = {NULL, "PER", "LOC"};
    expect_winner(tie_abstained, 3, NULL, "PER", 2);
    const char *late_tie[] = {"ORG", "PER", "LOC", "LOC", "PER"}; /* PER's first voter is earlier */
    expect_winner(late_tie, 5, NULL, "PER", 18);
    const double weights[] = {0.1, 0.2, 0.3};
    const char *exact_tie[] = {"PER", "PER", "LOC"}; /* 0.1 + 0.2 against 0.3 */
    expect_winner(exact_tie, 3, weights, "PER", 3);
    const double heavy[] = {1, 1, 2.5};
    expect_winner(exact_tie, 3, heavy, "LOC", 4);
    const char *nobody[] = {NULL, NULL};
    expect_winner(nobody, 2, NULL, NULL, 0);
}

/* Every completion of the pending votes is tried: "decided" must mean that none of them changes
 * the winner, and "undecided" that one does. */
static void decided_means_decided(void **state) {
    (void)state;
    const char *types[] = {NULL, "A", "B", "C"};
    enum { MEMBERS = 4 };
    const double weightings[][MEMBERS] = {{1, 1, 1, 1}, {2, 1, 1, 0.5}, {1, 3, 1, 1}};
    for (size_t w = 0; w < COUNT(weightings); w++) {
        for (unsigned known = 0; known < 1u << MEMBERS; known++) {
            for (unsigned code = 0; code < 1u << (2 * MEMBERS); code++) {
                const char *first[MEMBERS] = {NULL};
                bool canonical = true;
                for (unsigned m = 0; m < MEMBERS; m++) {
                    unsigned digit = code >> (2 * m) & 3;
                    if (known >> m & 1) {
                        first[m] = types[digit];
                    } else if (digit != 0) {
                        canonical = false; /* pending members have no choice yet */
                    }
                }
                if (!canonical) {
                    continue;
                }
                struct el_arena arena = {0};
                struct el_vote *votes, *full;
                size_t n_votes, n_full;
                assert_true(
                    el_votes_count(&arena, first, MEMBERS, weightings[w], &votes, &n_votes));
                el_member_set pending = ~known & ((1u << MEMBERS) - 1);
                bool decided = el_votes_decided(votes, n_votes, pending, weightings[w]);
                bool changed = n_votes == 0;
                for (unsigned rest = 0; n_votes > 0 && rest < 1u << (2 * MEMBERS); rest++) {
                    const char *choices[MEMBERS];
                    for (unsigned m = 0; m < MEMBERS; m++) {
                        unsigned digit = rest >> (2 * m) & 3;
                        choices[m] = known >> m & 1 ? first[m] : types[digit];
                    }
                    assert_true(
                        el_votes_count(&arena, choices, MEMBERS, weightings[w], &full, &n_full));
                    changed = changed || strcmp(full[0].type, votes[0].type) != 0;
                }
                assert_int_equal(decided, !changed);
                el_arena_free(&arena);
            }
        }
    }
}

static void agreement(void **state) {
    (void)state;
    const struct el_vote votes[] = {{"PER", 5}, {"LOC", 2}};
    assert_true(el_votes_agree(7, votes, 2, 2));
    assert_false(el_votes_agree(7, votes, 2, 3));
    assert_false(el_votes_agree(6, votes, 2, 2)); /* member 0 voted, but did not extract */
    assert_false(el_votes_agree(7, votes, 2, 0));
    assert_false(el_votes_agree(7, NULL, 0, 1));
}

static void expect_entity(const struct el_entity *entity, size_t start, size_t end,
                          const char *type) {
    assert_int_equal(entity->span.start, start);
    assert_int_equal(entity->span.end, end);
    assert_string_equal(entity->type, type);
}

static const struct el_proposal PROPOSALS[] = {
    {{10, 14}, "ORG", 1}, {{0, 5}, "PER", 0},   {{0, 5}, "LOC", 1},  {{0, 5}, "LOC", 2},
    {{0, 9}, "PER", 2},   {{10, 14}, "LOC", 0}, {{20, 22}, NULL, 0}, {{0, 9}, "PER", 2},
};

static size_t combined(struct el_arena *arena, struct el_keep keep, const double *weights,
                       struct el_entity **entities) {
    size_t n;
    assert_true(el_combine(arena, PROPOSALS, COUNT(PROPOSALS), 7, weights, keep, entities, &n));
    return n;
}

static void combine_rules(void **state) {
    (void)state;
    struct el_arena arena = {0};
    struct el_entity *e;
    assert_int_equal(combined(&arena, SPAN_1, NULL, &e), 3);
    expect_entity(&e[0], 0, 9, "PER"); /* longer first; the member's repetition counts once */
    assert_int_equal(e[0].extracted_by, 4);
    expect_entity(&e[1], 0, 5, "LOC");
    assert_int_equal(e[1].extracted_by, 7);
    assert_int_equal(e[1].n_votes, 2);
    assert_float_equal(e[1].score, 2.0 / 3, 1e-12);
    expect_entity(&e[2], 10, 14, "LOC"); /* a tie goes to member 0 */
    assert_int_equal(combined(&arena, (struct el_keep){EL_KEEP_SPAN, 2}, NULL, &e), 2);
    assert_int_equal(combined(&arena, (struct el_keep){EL_KEEP_SPAN, 3}, NULL, &e), 1);
    expect_entity(&e[0], 0, 5, "LOC");
    assert_int_equal(combined(&arena, (struct el_keep){EL_KEEP_PAIR, 2}, NULL, &e), 1);
    expect_entity(&e[0], 0, 5, "LOC");
    assert_int_equal(combined(&arena, (struct el_keep){EL_KEEP_PAIR, 3}, NULL, &e), 0);
    assert_int_equal(combined(&arena, (struct el_keep){EL_KEEP_MAJORITY, 0}, NULL, &e), 2);
    const double weights[] = {3, 1, 1};
    assert_int_equal(combined(&arena, (struct el_keep){EL_KEEP_PAIR, 3}, weights, &e), 2);
    expect_entity(&e[0], 0, 5, "PER");
    expect_entity(&e[1], 10, 14, "LOC");
    el_arena_free(&arena);
}

static void majority_counts_answers(void **state) {
    (void)state;
    const struct el_proposal one[] = {{{0, 1}, "A", 1}};
    const struct el_keep majority = {EL_KEEP_MAJORITY, 0};
    struct el_arena arena = {0};
    struct el_entity *e;
    size_t n;
    assert_true(el_combine(&arena, one, 1, 3, NULL, majority, &e, &n));
    assert_int_equal(n, 0); /* half is not a majority */
    assert_true(el_combine(&arena, one, 1, 2, NULL, majority, &e, &n));
    assert_int_equal(n, 1); /* the only one that answered */
    assert_true(el_combine(&arena, NULL, 0, 0, NULL, majority, &e, &n));
    assert_int_equal(n, 0);
    el_arena_free(&arena);
}

static struct el_entity entity(size_t start, size_t end, const char *type, el_member_set proposers,
                               const struct el_vote *votes) {
    return (struct el_entity){.span = {start, end},
                              .type = type,
                              .score = NAN,
                              .has_evidence = votes != NULL,
                              .extracted_by = proposers,
                              .votes = votes,
                              .n_votes = votes != NULL};
}

static void flat_rule(void **state) {
    (void)state;
    const struct el_vote three = {"T", 7}, two = {"T", 3};
    struct el_arena arena = {0};
    struct {
        struct el_entity in[3];
        size_t n, n_kept;
        size_t kept[2][2];
    } cases[] = {
        /* votes do not count */
        {{entity(0, 9, "T", 1, &two), entity(0, 4, "T", 1, &three)}, 2, 1, {{0, 9}}},
        /* more proposers beat a longer span */
        {{entity(0, 9, "T", 1, &two), entity(0, 4, "T", 3, &two)}, 2, 1, {{0, 4}}},
        /* then the longer span */
        {{entity(0, 4, "T", 3, &two), entity(2, 9, "T", 3, &two)}, 2, 1, {{2, 9}}},
        /* then the earlier start */
        {{entity(2, 6, "T", 3, &two), entity(0, 4, "T", 3, &two)}, 2, 1, {{0, 4}}},
        /* touching is no overlap; the result is sorted */
        {{entity(4, 9, "T", 7, &three), entity(0, 4, "T", 3, &two)}, 2, 2, {{0, 4}, {4, 9}}},
        /* the middle one goes, both sides stay */
        {{entity(0, 4, "T", 7, &three), entity(3, 7, "T", 3, &two), entity(6, 9, "T", 7, &three)},
         3,
         2,
         {{0, 4}, {6, 9}}},
        {{entity(0, 4, "B", 0, NULL), entity(0, 4, "A", 0, NULL)}, 2, 1, {{0, 4}}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n = cases[i].n;
        assert_true(el_flatten(&arena, cases[i].in, &n, NULL));
        assert_int_equal(n, cases[i].n_kept);
        for (size_t j = 0; j < n; j++) {
            assert_int_equal(cases[i].in[j].span.start, cases[i].kept[j][0]);
            assert_int_equal(cases[i].in[j].span.end, cases[i].kept[j][1]);
        }
    }
    assert_string_equal(cases[COUNT(cases) - 1].in[0].type, "A");
    size_t none = 0;
    assert_true(el_flatten(&arena, NULL, &none, NULL));
    const double weights[] = {1, 1, 5};
    struct el_vote third = {"T", 4};
    struct el_entity weighted[] = {entity(0, 9, "T", 3, &two), entity(0, 4, "T", 4, &third)};
    size_t n = 2;
    assert_true(el_flatten(&arena, weighted, &n, weights));
    assert_int_equal(weighted[0].span.end, 4);
    el_arena_free(&arena);
}

static struct el_entity scored(size_t start, size_t end, double score) {
    struct el_entity of_many = entity(start, end, "T", score < 0.5 ? 7 : 0, NULL);
    of_many.score = score;
    return of_many;
}

static void flat_by_score(void **state) {
    (void)state;
    struct el_arena arena = {0};
    struct {
        struct el_entity in[3];
        size_t n_kept;
        size_t kept[2][2];
    } cases[] = {
        /* the more probable, however long, and whoever proposed it */
        {{scored(0, 9, 0.4), scored(5, 9, 0.6), scored(10, 12, 0.3)}, 2, {{5, 9}, {10, 12}}},
        /* then the earlier, then the longer */
        {{scored(5, 20, 0.5), scored(0, 4, 0.5), scored(0, 6, 0.5)}, 1, {{0, 6}}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n = 3;
        assert_true(el_flatten_by_score(&arena, cases[i].in, &n));
        assert_int_equal(n, cases[i].n_kept);
        for (size_t j = 0; j < n; j++) {
            assert_int_equal(cases[i].in[j].span.start, cases[i].kept[j][0]);
            assert_int_equal(cases[i].in[j].span.end, cases[i].kept[j][1]);
        }
    }
    el_arena_free(&arena);
}

static void memory_out(void **state) {
    (void)state;
    struct el_arena arena = {.limit = 16};
    struct el_entity *e;
    size_t n;
    assert_false(el_combine(&arena, PROPOSALS, COUNT(PROPOSALS), 7, NULL, SPAN_1, &e, &n));
    el_arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_keep),
        cmocka_unit_test(winners),
        cmocka_unit_test(decided_means_decided),
        cmocka_unit_test(agreement),
        cmocka_unit_test(combine_rules),
        cmocka_unit_test(majority_counts_answers),
        cmocka_unit_test(flat_rule),
        cmocka_unit_test(flat_by_score),
        cmocka_unit_test(memory_out),
    };
    return cmocka_run_group_tests_name("vote", tests, NULL, NULL);
}

/* Scores against what was right, worked out by hand. */
#include "base/random.h"
#include "evaluate/reliability.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void near(double found, double expected) {
    if (fabs(found - expected) > 1e-12) {
        fail_msg("%.15g, not %.15g", found, expected);
    }
}

static void nothing(void **state) {
    struct el_reliability r = {0};
    (void)state;
    assert_true(isnan(el_reliability_error(&r)));
    el_reliability_add(&r, (double)NAN, true);
    el_reliability_add(&r, 97.3, true); /* of another program, in per cent */
    el_reliability_add(&r, -0.1, false);
    assert_int_equal(r.total, 0);
}

static void bins(void **state) {
    struct el_reliability r = {0};
    (void)state;
    el_reliability_add(&r, 1, true); /* the last bin has its upper border */
    el_reliability_add(&r, 0.95, false);
    el_reliability_add(&r, 0.3, true);
    el_reliability_add(&r, 0, false);
    assert_int_equal(r.count[9], 2);
    assert_int_equal(r.count[3], 1);
    assert_int_equal(r.count[0], 1);
    near(el_reliability_error(&r), (0.95 + 0.7 + 0) / 4);
    near(el_reliability_chance(&r), sqrt(2 / acos(-1)) * (sqrt(0.95 * 0.05) + sqrt(0.3 * 0.7)) / 4);
}

/* Scores that are true show about the error that chance is said to show. */
static void true_scores(void **state) {
    enum { RUNS = 2000, ENTITIES = 60 };
    uint64_t random = 7;
    double shown = 0, told = 0;
    (void)state;
    for (int run = 0; run < RUNS; run++) {
        struct el_reliability r = {0};
        for (int i = 0; i < ENTITIES; i++) {
            double score = 0.25 + 0.75 * (double)el_random_below(&random, 1000) / 1000;
            bool right = (double)el_random_below(&random, 1000) < 1000 * score;
            el_reliability_add(&r, score, right);
        }
        shown += el_reliability_error(&r) / RUNS;
        told += el_reliability_chance(&r) / RUNS;
    }
    if (fabs(shown - told) > 0.05 * shown) {
        fail_msg("they show %.4f, and are said to show %.4f", shown, told);
    }
}

static void of_documents(void **state) {
    struct el_entity gold[] = {{.span = {0, 3}, .type = "person"},
                               {.span = {8, 12}, .type = "place"}};
    struct el_entity found[] = {{.span = {0, 3}, .type = "person", .score = 0.5},
                                {.span = {8, 12}, .type = "person", .score = 0.75},
                                {.span = {8, 11}, .type = "place", .score = (double)NAN}};
    struct el_labelled one = {.entities = gold, .n_entities = 2};
    struct el_labelled two = {.entities = found, .n_entities = 3};
    struct el_labels g = {.items = &one, .count = 1}, p = {.items = &two, .count = 1};
    (void)state;
    struct el_reliability r = el_reliability_of(&g, &p);
    assert_int_equal(r.total, 2);
    assert_int_equal(r.right[5], 1);
    assert_int_equal(r.right[7], 0);
    near(el_reliability_error(&r), (0.5 + 0.75) / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),
        cmocka_unit_test(bins),
        cmocka_unit_test(true_scores),
        cmocka_unit_test(of_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

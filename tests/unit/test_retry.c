/* Back-off, Retry-After, the breaker and the adaptive limit, on a clock of the test's own. */
#include "serving/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void jitter_is_in_range_and_varies(void **state) {
    uint64_t seed = 1;
    double low = 1, high = 0;
    (void)state;
    for (int i = 0; i < 1000; i++) {
        double x = el_jitter(&seed);
        low = x < low ? x : low;
        high = x > high ? x : high;
    }
    assert_true(low >= 0 && low < 0.05 && high > 0.95 && high < 1);
}

static void backoff_doubles_up_to_thirty_seconds(void **state) {
    uint64_t seed = 9;
    double whole[] = {0.5, 1, 2, 4, 8, 16, 30, 30};
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        double wait = el_backoff(i + 1, &seed);
        assert_true(wait >= whole[i] / 2 && wait <= whole[i]);
    }
    assert_true(el_backoff(1000000, &seed) <= 30);
}

static void retry_after_forms(void **state) {
    static const struct {
        const char *value;
        double seconds; /* -1 = unreadable */
    } cases[] = {{"5", 5},
                 {" 0.5\r\n", 0.5},
                 {"-3", 0},
                 {"99999999", 600},
                 {"Thu, 01 Jan 1970 00:16:50 GMT", 10},
                 {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
                 {"nan", -1},
                 {"soon", -1},
                 {"", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double seconds = -1;
        bool ok = el_retry_after(cases[i].value, 1000, &seconds);
        assert_int_equal(ok, cases[i].seconds >= 0);
        assert_true(!ok || seconds == cases[i].seconds);
    }
}

static void breaker_rests_tries_and_closes(void **state) {
    struct el_breaker b = {.budget = 20};
    uint64_t seed = 5;
    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_true(el_breaker_lets(&b, 100));
        el_breaker_sent(&b);
        el_breaker_failed(&b, 100, &seed);
    }
    assert_false(el_breaker_lets(&b, 100));
    assert_true(el_breaker_lets(&b, 100.6));
    el_breaker_sent(&b);
    assert_false(el_breaker_lets(&b, 100.6)); /* one try only */
    el_breaker_failed(&b, 100.6, &seed);
    assert_false(el_breaker_lets(&b, 100.9));
    assert_true(el_breaker_lets(&b, 102));
    el_breaker_sent(&b);
    el_breaker_succeeded(&b);
    assert_true(el_breaker_lets(&b, 102));
    assert_int_equal(b.failures, 0);
}

static void breaker_dies_after_its_budget_and_comes_back(void **state) {
    struct el_breaker b = {.budget = 8};
    uint64_t seed = 5;
    double t = 0;
    (void)state;
    for (int i = 0; i < 100 && !b.dead; i++, t += 60) {
        assert_true(el_breaker_lets(&b, t));
        el_breaker_sent(&b);
        el_breaker_failed(&b, t, &seed);
    }
    assert_true(b.dead);
    assert_int_equal(b.failures, 8);
    assert_true(el_breaker_lets(&b, t + 60));
    el_breaker_sent(&b);
    el_breaker_succeeded(&b);
    assert_false(b.dead);
}

/* A burst of failures of calls in flight together is one event, not many. */
static void burst_is_one_rest(void **state) {
    struct el_breaker b = {.budget = 20};
    uint64_t seed = 5;
    (void)state;
    for (int i = 0; i < 64; i++) {
        el_breaker_failed(&b, 10, &seed);
    }
    assert_int_equal(b.rests, 1);
    assert_false(b.dead);
}

static void pause_does_not_count(void **state) {
    struct el_breaker b = {.budget = 3};
    (void)state;
    for (int i = 0; i < 10; i++) {
        el_breaker_pause(&b, 50 + i);
    }
    assert_false(el_breaker_lets(&b, 58));
    assert_true(el_breaker_lets(&b, 59));
    assert_false(b.dead);
    el_breaker_sent(&b);
    assert_false(el_breaker_lets(&b, 59));
    el_breaker_released(&b); /* cancelled: the next one may try */
    assert_true(el_breaker_lets(&b, 59));
}

static void limit_grows_while_latency_holds(void **state) {
    struct el_limit l;
    (void)state;
    el_limit_init(&l, 0);
    assert_int_equal(el_limit_now(&l), 4);
    for (int i = 0; i < 200; i++) {
        el_limit_answered(&l, 0.1);
    }
    size_t grown = el_limit_now(&l);
    assert_true(grown >= 15 && grown <= 256);
    for (int i = 0; i < 200; i++) {
        el_limit_answered(&l, 0.5); /* too slow: shrinks */
    }
    assert_true(el_limit_now(&l) < grown);
}

static void limit_halves_once_a_round(void **state) {
    struct el_limit l;
    (void)state;
    el_limit_init(&l, 16);
    for (int i = 0; i < 100; i++) {
        el_limit_answered(&l, 0.1);
    }
    assert_int_equal(el_limit_now(&l), 16); /* the known number is the ceiling */
    el_limit_overloaded(&l, 10);
    el_limit_overloaded(&l, 10.01);
    assert_int_equal(el_limit_now(&l), 8);
    for (int i = 0; i < 20; i++) {
        el_limit_overloaded(&l, 11 + i);
    }
    assert_int_equal(el_limit_now(&l), 1);
    for (int i = 0; i < 1000; i++) {
        el_limit_answered(&l, 3); /* slow, but the number is known */
    }
    assert_int_equal(el_limit_now(&l), 16);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jitter_is_in_range_and_varies),
        cmocka_unit_test(backoff_doubles_up_to_thirty_seconds),
        cmocka_unit_test(retry_after_forms),
        cmocka_unit_test(breaker_rests_tries_and_closes),
        cmocka_unit_test(breaker_dies_after_its_budget_and_comes_back),
        cmocka_unit_test(burst_is_one_rest),
        cmocka_unit_test(pause_does_not_count),
        cmocka_unit_test(limit_grows_while_latency_holds),
        cmocka_unit_test(limit_halves_once_a_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

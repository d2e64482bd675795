/* Fits against figures of scikit-learn's LogisticRegression and of a grid. */
#include "base/logistic.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static void near(double is, double should) {
    if (fabs(is - should) > 1e-4) {
        fail_msg("%.6f, not %.6f", is, should);
    }
}

static const double FREE = 1e-6; /* what hardly draws a weight */

/* scikit-learn 1.x: LogisticRegression(C=1/0.7, tol=1e-10).fit(x[:, 1:], y) */
static void as_scikit_learn(void **state) {
    (void)state;
    static const double x[] = {1, -1.05, 1.18,  1, 0.5,   -0.74, 1, -1.95, 2.35,  1, 1.98,  0.88,
                               1, 1.35,  0.91,  1, 0.54,  2.47,  1, 0.09,  1.97,  1, 1.03,  1.36,
                               1, -0.79, -0.88, 1, 0.88,  2.52,  1, 0.86,  2.68,  1, -0.22, 2.74,
                               1, 1.52,  -0.61, 1, 1.86,  0.74,  1, 0.51,  0.2,   1, -0.6,  1.34,
                               1, 0.34,  2.62,  1, 1.43,  2.96,  1, 0.69,  -0.35, 1, 1.62,  1.28,
                               1, 0.86,  -0.16, 1, -0.86, -0.75, 1, 1.42,  2.96,  1, -0.36, -0.4};
    static const bool y[] = {false, true,  false, true,  true, false, false, true,
                             true,  false, false, false, true, true,  false, false,
                             false, false, true,  false, true, false, true,  true};
    double w[3];
    assert_true(el_logistic_fit(x, y, NULL, 24, 3, (double[]){FREE, 0.7, 0.7}, NULL, w));
    near(w[0], 0.355638);
    near(w[1], 1.241279);
    near(w[2], -1.147435);
}

/* One feature that tells nothing but the shares: the bias is their logit. */
static void shares_alone(void **state) {
    (void)state;
    static const double x[] = {1, 1, 1, 1, 1};
    static const bool y[] = {true, true, true, true, false};
    double w[1];
    assert_true(el_logistic_fit(x, y, NULL, 5, 1, (double[]){FREE}, NULL, w));
    near(w[0], log(4));
}

/* Samples that are left out do not count. */
static void left_out(void **state) {
    (void)state;
    static const double x[] = {1, 1, 1, 1, 1, 1};
    static const bool y[] = {true, true, true, false, false, false};
    static const bool use[] = {true, true, true, true, false, false};
    double w[1];
    assert_true(el_logistic_fit(x, y, use, 6, 1, (double[]){FREE}, NULL, w));
    near(w[0], log(3));
}

/* Data that a plane separates: the penalty keeps the weights finite. */
static void separable(void **state) {
    (void)state;
    static const double x[] = {1, -2, 1, -1, 1, 1, 1, 2};
    static const bool y[] = {false, false, true, true};
    double w[2];
    assert_true(el_logistic_fit(x, y, NULL, 4, 2, (double[]){FREE, 0.1}, NULL, w));
    assert_true(isfinite(w[0]) && isfinite(w[1]) && w[1] > 1 && w[1] < 10);
    near(w[0], 0);
}

/* Two options whose only difference is x: the conditional logit is the logistic regression of the
 * difference, and its weight maximises the penalised likelihood on a fine grid. */
static void choice_of_two(void **state) {
    (void)state;
    static const double x[] = {0.9, 0.1, 0.8, 0.4, 0.2, 0.7, 0.5, 0.3, 0.6, 0.9};
    static const size_t choice[] = {0, 0, 1, 1, 1};
    static const double prior[] = {1};
    double w[1], best = -INFINITY, at = 0;
    assert_true(el_choice_fit(x, choice, 5, 2, 1, (double[]){0.5}, prior, w));
    for (double g = -5; g < 5; g += 1e-4) {
        double value = -0.25 * (g - 1) * (g - 1);
        for (size_t i = 0; i < 5; i++) {
            double own = x[2 * i + choice[i]], other = x[2 * i + 1 - choice[i]];
            value -= log1p(exp(g * (other - own)));
        }
        if (value > best) {
            best = value;
            at = g;
        }
    }
    assert_true(fabs(w[0] - at) < 2e-4);
}

/* A weight with a large penalty stays at its prior, and the others make up for it. */
static void held(void **state) {
    (void)state;
    static const double x[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, prior[] = {-2, 0};
    static const bool y[] = {true, true, true, true, false};
    double w[2];
    assert_true(el_logistic_fit(x, y, NULL, 5, 2, (double[]){1e6, FREE}, prior, w));
    near(w[0], -2);
    near(w[1], log(4) + 2);

    /* The first option is taken four times of five; of it, both numbers say that it would be. */
    static const double options[] = {1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0};
    static const size_t choice[] = {0, 0, 0, 0, 1};
    assert_true(el_choice_fit(options, choice, 5, 2, 2, (double[]){1e6, FREE}, prior, w));
    near(w[0], -2);
    near(w[1], log(4) + 2);
}

/* Without a sample the prior stays. */
static void nothing_to_learn_from(void **state) {
    (void)state;
    static const double prior[] = {1, 0.5};
    double w[2];
    assert_true(el_choice_fit(NULL, NULL, 0, 3, 2, (double[]){1, 1}, prior, w));
    near(w[0], 1);
    near(w[1], 0.5);
    assert_true(el_logistic_fit(NULL, NULL, NULL, 0, 2, (double[]){1, 1}, NULL, w));
    near(w[1], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_scikit_learn),
        cmocka_unit_test(shares_alone),
        cmocka_unit_test(held),
        cmocka_unit_test(left_out),
        cmocka_unit_test(separable),
        cmocka_unit_test(choice_of_two),
        cmocka_unit_test(nothing_to_learn_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Two regressions with an L2 penalty, fitted by Newton's method with halved steps: the logistic
 * one, and the conditional logit of a choice among options. Both penalised likelihoods are concave,
 * so the result depends on the data alone. */
#ifndef EL_BASE_LOGISTIC_H
#define EL_BASE_LOGISTIC_H

#include <stdbool.h>
#include <stddef.h>

/* Weights w of P(y = 1) = 1 / (1 + exp(-w * x)) that maximise the likelihood of n samples, x by
 * row (d numbers each), less the sum of penalty[k] / 2 * (w[k] - prior[k])^2. `prior`: d numbers;
 * NULL = zeros. `use[i]` false leaves sample i out; NULL = all. `w` is filled. False only if out of
 * memory. */
bool el_logistic_fit(const double *x, const bool *y, const bool *use, size_t n, size_t d,
                     const double *penalty, const double *prior, double *w);

/* P(y = 1) by such weights. */
double el_logistic(const double *w, const double *x, size_t d);

/* Weights w of P(option k) ~ exp(w * x_k), the options of sample i being rows i * n_options to
 * (i + 1) * n_options - 1 of x, and choice[i] the one that was right. The penalties draw w to
 * `prior`, as above. */
bool el_choice_fit(const double *x, const size_t *choice, size_t n, size_t n_options, size_t d,
                   const double *penalty, const double *prior, double *w);

/* The probabilities p of n_options options by such weights; x has a row for each. Returns the
 * logarithm of what their exponentials sum to. */
double el_choice(const double *w, const double *x, size_t n_options, size_t d, double *p);

#endif

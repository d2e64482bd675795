#include "base/logistic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STEPS = 100 };

/* What both fits share: a function to climb, with its gradient and the negative of its Hessian. */
struct climb {
    size_t d;
    double *w, *gradient, *hessian, *trial;
    /* The penalised log-likelihood at w; fills gradient and hessian unless they are NULL. */
    double (*value)(const void *data, const double *w, double *gradient, double *hessian);
    const void *data;
};

/* Solve a * x = b for a symmetric positive definite a (d rows), by Cholesky's decomposition in
 * place; b becomes x. False if a is not positive definite. */
static bool solve(double *a, double *b, size_t d) {
    for (size_t j = 0; j < d; j++) {
        for (size_t i = j; i < d; i++) {
            double sum = a[i * d + j];
            for (size_t k = 0; k < j; k++) {
                sum -= a[i * d + k] * a[j * d + k];
            }
            if (i == j && !(sum > 0)) {
                return false;
            }
            a[i * d + j] = i == j ? sqrt(sum) : sum / a[j * d + j];
        }
    }
    for (size_t i = 0; i < d; i++) {
        for (size_t k = 0; k < i; k++) {
            b[i] -= a[i * d + k] * b[k];
        }
        b[i] /= a[i * d + i];
    }
    for (size_t i = d; i-- > 0;) {
        for (size_t k = i + 1; k < d; k++) {
            b[i] -= a[k * d + i] * b[k];
        }
        b[i] /= a[i * d + i];
    }
    return true;
}

static bool climb(struct climb *c) {
    size_t d = c->d;
    c->gradient = calloc(d, sizeof *c->gradient);
    c->trial = calloc(d, sizeof *c->trial);
    c->hessian = calloc(d * d, sizeof *c->hessian);
    bool memory = c->gradient != NULL && c->trial != NULL && c->hessian != NULL;
    for (int i = 0; memory && i < MOST_STEPS; i++) {
        double now = c->value(c->data, c->w, c->gradient, c->hessian), share = 1, better = now;
        if (!solve(c->hessian, c->gradient, d)) {
            break;
        }
        for (; share > 1e-6; share /= 2) { /* a whole step may go too far */
            for (size_t k = 0; k < d; k++) {
                c->trial[k] = c->w[k] + share * c->gradient[k];
            }
            better = c->value(c->data, c->trial, NULL, NULL);
            if (better > now) {
                break;
            }
        }
        if (!(better > now + 1e-9 * (fabs(now) + 1))) {
            break;
        }
        memcpy(c->w, c->trial, d * sizeof *c->w);
    }
    free(c->gradient);
    free(c->trial);
    free(c->hessian);
    return memory;
}

static double dot(const double *a, const double *b, size_t d) {
    double sum = 0;
    for (size_t i = 0; i < d; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* log(1 + exp(z)) without overflow */
static double soft_plus(double z) {
    return z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
}

/* hessian += weight * x * x', the lower half */
static void add_square(double *hessian, const double *x, size_t d, double weight) {
    for (size_t i = 0; i < d; i++) {
        for (size_t j = 0; x[i] != 0 && j <= i; j++) {
            hessian[i * d + j] += weight * x[i] * x[j];
        }
    }
}

/* ---- logistic regression ---- */

struct logistic {
    const double *x;
    const bool *y, *use;
    size_t n, d;
    const double *penalty, *prior;
};

static double logistic_value(const void *data, const double *w, double *gradient, double *hessian) {
    const struct logistic *l = data;
    double value = 0;
    if (gradient != NULL) {
        memset(gradient, 0, l->d * sizeof *gradient);
        memset(hessian, 0, l->d * l->d * sizeof *hessian);
    }
    for (size_t i = 0; i < l->n; i++) {
        if (l->use != NULL && !l->use[i]) {
            continue;
        }
        const double *x = l->x + i * l->d;
        double z = dot(w, x, l->d), p = 1 / (1 + exp(-z));
        value += (l->y[i] ? z : 0) - soft_plus(z);
        for (size_t k = 0; gradient != NULL && k < l->d; k++) {
            gradient[k] += ((l->y[i] ? 1 : 0) - p) * x[k];
        }
        if (gradient != NULL) {
            add_square(hessian, x, l->d, p * (1 - p));
        }
    }
    for (size_t k = 0; k < l->d; k++) {
        double off = w[k] - (l->prior != NULL ? l->prior[k] : 0);
        value -= l->penalty[k] / 2 * off * off;
        if (gradient != NULL) {
            gradient[k] -= l->penalty[k] * off;
            hessian[k * l->d + k] += l->penalty[k];
        }
    }
    return value;
}

double el_logistic(const double *w, const double *x, size_t d) {
    return 1 / (1 + exp(-dot(w, x, d)));
}

bool el_logistic_fit(const double *x, const bool *y, const bool *use, size_t n, size_t d,
                     const double *penalty, const double *prior, double *w) {
    struct logistic l = {
        .x = x, .y = y, .use = use, .n = n, .d = d, .penalty = penalty, .prior = prior};
    struct climb c = {.d = d, .w = w, .value = logistic_value, .data = &l};
    for (size_t k = 0; k < d; k++) {
        w[k] = prior != NULL ? prior[k] : 0;
    }
    return climb(&c);
}

/* ---- conditional logit ---- */

struct choices {
    const double *x;
    const size_t *choice;
    size_t n, n_options, d;
    const double *penalty, *prior;
    double *p, *mean; /* of the options of a sample; mean of their x */
};

double el_choice(const double *w, const double *x, size_t n_options, size_t d, double *p) {
    double most = -INFINITY, sum = 0;
    for (size_t k = 0; k < n_options; k++) {
        p[k] = dot(w, x + k * d, d);
        most = p[k] > most ? p[k] : most;
    }
    for (size_t k = 0; k < n_options; k++) {
        p[k] = exp(p[k] - most);
        sum += p[k];
    }
    for (size_t k = 0; k < n_options; k++) {
        p[k] /= sum;
    }
    return most + log(sum);
}

static double choice_value(const void *data, const double *w, double *gradient, double *hessian) {
    const struct choices *c = data;
    double value = 0;
    if (gradient != NULL) {
        memset(gradient, 0, c->d * sizeof *gradient);
        memset(hessian, 0, c->d * c->d * sizeof *hessian);
    }
    for (size_t i = 0; i < c->n; i++) {
        const double *rows = c->x + i * c->n_options * c->d;
        value -= el_choice(w, rows, c->n_options, c->d, c->p);
        value += dot(w, rows + c->choice[i] * c->d, c->d);
        if (gradient == NULL) {
            continue;
        }
        memset(c->mean, 0, c->d * sizeof *c->mean);
        for (size_t k = 0; k < c->n_options; k++) {
            add_square(hessian, rows + k * c->d, c->d, c->p[k]);
            for (size_t j = 0; j < c->d; j++) {
                c->mean[j] += c->p[k] * rows[k * c->d + j];
            }
        }
        add_square(hessian, c->mean, c->d, -1);
        for (size_t j = 0; j < c->d; j++) {
            gradient[j] += rows[c->choice[i] * c->d + j] - c->mean[j];
        }
    }
    for (size_t j = 0; j < c->d; j++) {
        double off = w[j] - c->prior[j];
        value -= c->penalty[j] / 2 * off * off;
        if (gradient != NULL) {
            gradient[j] -= c->penalty[j] * off;
            hessian[j * c->d + j] += c->penalty[j];
        }
    }
    return value;
}

bool el_choice_fit(const double *x, const size_t *choice, size_t n, size_t n_options, size_t d,
                   const double *penalty, const double *prior, double *w) {
    struct choices data = {.x = x,
                           .choice = choice,
                           .n = n,
                           .n_options = n_options,
                           .d = d,
                           .penalty = penalty,
                           .prior = prior,
                           .p = calloc(n_options, sizeof(double)),
                           .mean = calloc(d, sizeof(double))};
    struct climb c = {.d = d, .w = w, .value = choice_value, .data = &data};
    memcpy(w, prior, d * sizeof *w);
    bool memory = data.p != NULL && data.mean != NULL && climb(&c);
    free(data.p);
    free(data.mean);
    return memory;
}

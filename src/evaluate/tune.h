/* Fitting the ensemble's judgement (pipeline/judge.h) to its own pool. The pool is labelled, so no
 * further labels are needed: a sample of its sentences is run, each without itself among its
 * demonstrations, and what the members said of each candidate is set against the labels.
 *
 * Figures are cross-validated over the sample's sentences, five parts, so they are not of sentences
 * that were fitted on. Candidates count by occurrence, before overlaps are resolved. */
#ifndef EL_EVALUATE_TUNE_H
#define EL_EVALUATE_TUNE_H

#include "evaluate/bootstrap.h"
#include "pipeline/ensemble.h"

struct el_tune_candidate {
    size_t sentence;           /* of the sample, from 1 */
    const char *text, *type;   /* the type that was chosen */
    size_t occurrences, right; /* in the sentence; those that are mentions of this type */
    bool from_pool;            /* a candidate by the pool's labels, whoever lists it */
    double prior;              /* by the pool's labels alone: of its most probable type ... */
    size_t right_by_pool;      /* ... with which so many occurrences are right */
    const double *x;           /* what a judgement knows of it, el_judge_size() numbers */
};

struct el_tune_options {
    size_t sentences; /* at most; fewer if the pool is smaller */
    bool quick; /* only what the fit needs: the ensemble is not run as it is, and nobody verifies */
    uint64_t seed;
    double beta; /* the threshold is for F-beta: 1 for F1, 0.5 for precision, 2 for recall */
    enum el_tick (*tick)(
        void *context); /* optional, see el_run; EL_STOP ends with EL_ERR_INTERRUPTED */
    /* Optional: `done` of the `all` sentences of this run are done; runs count from 1. The last one
     * of a quick tuning asks nothing that a store does not have by then. */
    void (*progress)(void *context, unsigned run, unsigned runs, size_t done, size_t all);
    /* Optional: each candidate that is fitted on, as the fit sees it. */
    void (*candidate)(void *context, const struct el_tune_candidate *candidate);
    void *context;
};

struct el_tune_figures {
    double precision, recall, f1, threshold;
    double calibration_error; /* mean distance of probability and share of right ones, ten bins */
};

struct el_tune_result {
    size_t sentences, mentions;     /* of the sample; labelled mentions in it */
    size_t candidates, right;       /* occurrences; those that are mentions with the fitted type */
    struct el_tune_figures before;  /* the configuration as it is; threshold NAN; zeros if quick */
    struct el_tune_figures untuned; /* of the judgement that nobody has tuned, same threshold */
    struct el_tune_figures after;   /* cross-validated, as chosen */
    struct el_comparison gain;      /* after less untuned, over the sample's sentences */
    struct el_tune_figures pool;    /* the pool's labels alone, without any member */
    double by_nobody, by_all;       /* F1 by who verifies; NAN where not tried */
    double by_member[EL_MAX_MEMBERS];
    double without[EL_MAX_MEMBERS]; /* F1 if this member took no part; NAN with one member */
    bool too_few;                   /* too few right or wrong candidates: nothing was fitted */
    bool too_few_labels;            /* ... for there are too few labels: no member was asked */
};

/* Fits config->settings.judge (in the configuration's arena) and chooses who verifies. With
 * too_few the settings stay as they are. False for errors of the run. */
bool el_tune(struct el_config *config, struct el_ensemble *ensemble,
             const struct el_tune_options *options, struct el_tune_result *result,
             struct el_error *err);

#endif

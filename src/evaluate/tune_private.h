/* Parts of tuning (tune.h): the sample and its runs (tune_sample.c), what would be found untuned
 * (tune_untuned.c), how much each member is believed about types (tune_types.c), and the judgement
 * of candidates (tune_fit.c). */
#ifndef EL_EVALUATE_TUNE_PRIVATE_H
#define EL_EVALUATE_TUNE_PRIVATE_H

#include "evaluate/bootstrap.h"
#include "evaluate/reliability.h"
#include "evaluate/tune.h"
#include "pipeline/judge.h"

/* A candidate of the sample: a string of a sentence with all its occurrences. */
struct sample {
    size_t sentence;
    size_t occurrences, right; /* those that are mentions of the type it has */
    el_member_set extracted_by;
    bool from_pool;       /* a candidate whoever lists it */
    double prior;         /* by the pool's labels alone: of its most probable type ... */
    size_t right_by_pool; /* ... with which so many occurrences are right */
};

/* How many candidates are right, and how far the pool's labels can be believed, is not fitted, nor
 * is the threshold: the pool tells these of its own sentences, and the texts to come are less like
 * them than they are like each other (docs/measurements.md). The penalty of such a number. */
#define TUNE_HELD 1e9

typedef void see_function(void *user, const struct el_document *document,
                          const struct el_work *work);

struct tune {
    struct el_config *config;
    struct el_ensemble *ensemble;
    const struct el_tune_options *options;
    struct el_tune_result *result;
    struct el_error *err;
    struct el_arena arena;

    size_t *sentences; /* of the pool */
    size_t n_sentences, next, done;
    unsigned run;      /* the one under way, from 1 */
    bool failed;       /* memory */
    see_function *see; /* of the run under way: sees each sentence; NULL = nobody looks */

    const struct el_judge *untuned; /* what the fit is drawn to */
    double threshold;               /* of that and of the fit */
    struct el_tally *by_untuned;    /* what that keeps of the candidates, by sentence */
    struct el_reliability of_untuned;

    /* Of the run for types: rows of n_types options with d numbers each. */
    double *options_x;
    size_t *choice, n_choices, options_room, choice_room;
    double *scratch, *traits; /* 2 * n_types and d numbers, for whoever needs them */

    /* Of the run for candidates. */
    struct sample *samples;
    double *x; /* d numbers a sample */
    size_t n_samples, samples_room, x_room, d;
    struct el_judge *judge;

    /* Of the run as configured. */
    size_t kept, kept_right;
    struct el_reliability reliability;
};

/* Draw the sample of the pool; false if out of memory. */
bool tune_draw(struct tune *t);
/* Count the sample's labels that mean types which are asked for, in all and by sentence. */
bool tune_count_mentions(struct tune *t);
/* Run the sample under these settings. `count`: count what comes out. */
bool tune_run(struct tune *t, const struct el_settings *settings, unsigned stages,
              see_function *see, bool count);
/* The label that has exactly this span, and this type if that is not NULL. */
const struct el_entity *tune_label(const struct el_document *document, struct el_span span,
                                   const char *type);

/* How many occurrences of the mention have a label of this type. */
size_t tune_right(const struct el_document *document, const struct el_work *work,
                  const struct el_mention *mention, const char *type);

/* Sees what the judgement that the fit is drawn to keeps. */
see_function tune_see_untuned;

/* Sees what members say of the types of labelled spans. */
see_function tune_see_types;
/* Fits t->judge's trust in each member and bias of each type to that; false if out of memory. */
bool tune_fit_types(struct tune *t);

/* How much a member counts before anything is known: as much as untuned. */
double tune_part(const struct tune *t, size_t member);

struct el_tune_figures tune_figures(size_t right, size_t kept, size_t gold);
/* At the threshold, of what is kept by sentence. */
struct el_tune_figures tune_figures_of(const struct tune *t, const struct el_tally *kept,
                                       const struct el_reliability *reliability);
/* Occurrences of a candidate of this probability. */
void tune_add_reliability(struct el_reliability *reliability, double p, size_t occurrences,
                          size_t right);
/* A candidate is kept: so many occurrences of its sentence, and those that are right. */
void tune_keep(struct el_tally *sentence, size_t occurrences, size_t right);
/* The judgement of all samples, with the threshold of the cross-validation, and who verifies;
 * false if out of memory. */
bool tune_fit_candidates(struct tune *t);

#endif

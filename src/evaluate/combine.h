/* Combining predictions that exist already, from any systems, by the pipeline's voting rules. */
#ifndef EL_EVALUATE_COMBINE_H
#define EL_EVALUATE_COMBINE_H

#include "evaluate/labels.h"
#include "pipeline/vote.h"

struct el_combine_options {
    struct el_keep keep;
    const double *weights; /* one a set; NULL = all 1 */
    bool flat;             /* leave out overlapping entities (el_flatten) */
    bool complete_only;    /* leave out documents that not every set answers */
};

/* What is kept without being told: pairs that half of the members propose, and at least two
 * (docs/measurements.md shows how this was chosen). */
struct el_keep el_keep_default(size_t n_members);

/* `sets` are parallel: as el_labels_read_recorded() gives them, or aligned with the first; 1 to
 * EL_MAX_MEMBERS of them, in the order that decides ties. The result holds the evidence (who
 * proposed, who voted what), member bits counting sets. */
bool el_combine_sets(const struct el_labels *sets, size_t n_sets,
                     const struct el_combine_options *options, struct el_labels *combined,
                     struct el_error *err);

#endif

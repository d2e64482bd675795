/* The flat rule: which of several overlapping entities stays when the output allows no overlap
 * (CoNLL, spaCy's `ents`). One rule for the pipeline, `combine` and the writers. */
#ifndef EL_CORPUS_FLAT_H
#define EL_CORPUS_FLAT_H

#include "corpus/document.h"

/* Keep entities in this order of preference, leaving out each that overlaps one kept before:
 *   1. more members that extracted the span (entities without evidence have none),
 *   2. the longer span in bytes,
 *   3. the earlier start,
 *   4. the type name that is smaller in byte order (only equal spans come this far).
 * Votes for the type do not count: with lazy votes not all are cast, and the outcome must not
 * depend on that. With `weights` (one a member; NULL = all 1) the members of 1 are weighted. The
 * entities that stay come back to the front of the array, sorted as in a document, and *count is
 * lowered.
 * False only if out of memory. O(n log n) but for moving indexes. */
bool el_flatten(struct el_arena *scratch, struct el_entity *entities, size_t *count,
                const double *weights);

/* The same where scores are probabilities: the more probable stays, of equal ones the earlier, then
 * the longer. */
bool el_flatten_by_score(struct el_arena *scratch, struct el_entity *entities, size_t *count);

#endif

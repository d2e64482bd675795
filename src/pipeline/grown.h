/* A pool that takes the place of an ensemble's own while documents are in work: those that were
 * submitted before keep theirs, and it is closed when nobody uses it any more. In the ensemble's
 * thread. */
#ifndef EL_PIPELINE_GROWN_H
#define EL_PIPELINE_GROWN_H

#include "pipeline/work.h"

struct el_grown;

/* Takes `pool` and its prior in any case, and replaces *grown. All may be NULL: the ensemble's own.
 */
bool el_grown_replace(struct el_grown **grown, struct el_pool *pool, struct el_prior *prior,
                      struct el_error *err);

/* A document begins to use it: its context, in `arena`, is like `plain` but for the pool, what
 * its labels say, and what follows from its types. */
bool el_grown_use(struct el_grown *grown, const struct el_context *plain, struct el_arena *arena,
                  const struct el_context **context, struct el_error *err);
/* A document, or in the end the ensemble, is done with it. NULL is allowed. */
void el_grown_leave(struct el_grown *grown);

#endif

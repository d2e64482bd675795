/* The types that are asked for, as the stages see them. */
#ifndef EL_PIPELINE_ASKED_H
#define EL_PIPELINE_ASKED_H

#include "pipeline/work.h"

/* What comes of a pool that has no label for one of the types, or for all, by these settings; or of
 * no pool, where they need one. In `arena`; "" = nothing, NULL = out of memory. */
const char *el_types_warning(const struct el_context *context, const struct el_settings *settings,
                             struct el_arena *arena);

/* Types for a context: as asked for, as models read them, and which of the pool's labels mean them.
 * All of it is in `arena` or in `types`. */
bool el_context_set_types(struct el_context *context, struct el_arena *arena,
                          const struct el_type *types, size_t n, struct el_error *err);

/* The settings, from the configured ones. Where the pool has none of the types, the general
 * judgement would know too little: votes decide. Nobody verifies what a judgement decides, unless
 * it is said who.
 */
void el_context_settle(struct el_context *context);

/* Which asked types the labels of the pool's prior mean. For context->prior, once it is there. */
bool el_context_map_prior(struct el_context *context, struct el_arena *arena, struct el_error *err);

#endif

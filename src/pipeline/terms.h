/* The terms of a document: what is asked of it in place of what the configuration says. */
#ifndef EL_PIPELINE_TERMS_H
#define EL_PIPELINE_TERMS_H

#include "pipeline/ensemble.h"

struct el_terms {
    const struct el_type *types; /* see el_config_types; NULL = the configuration's */
    size_t n_types;
    const bool *nested; /* NULL = as configured */
};

/* What the stages see of a document on these terms, in `arena`, which must outlive the document's
 * way. Reads the ensemble only, so that any thread may call it. *warning: el_types_warning(). */
bool el_terms_context(const struct el_ensemble *ensemble, const struct el_terms *terms,
                      struct el_arena *arena, struct el_context **context, const char **warning,
                      struct el_error *err);

#endif

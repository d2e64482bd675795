#include "pipeline/terms.h"

#include "pipeline/asked.h"
#include "pipeline/ensemble_private.h"

bool el_terms_context(const struct el_ensemble *ensemble, const struct el_terms *terms,
                      struct el_arena *arena, struct el_context **out, const char **warning,
                      struct el_error *err) {
    struct el_context *context = el_arena_alloc(arena, sizeof *context);
    struct el_type *types;
    *out = context;
    if (context == NULL) {
        return el_fail_memory(err);
    }
    *context = el_ensemble_context(ensemble, NULL, 0);
    if (terms->types != NULL &&
        (!el_config_types(ensemble->config, arena, terms->types, terms->n_types, &types,
                          &context->configured.judge, err) ||
         !el_context_set_types(context, arena, types, terms->n_types, err))) {
        return false;
    }
    if (terms->nested != NULL) {
        context->configured.nested = *terms->nested;
    }
    el_context_settle(context);
    *warning = el_types_warning(context, &context->configured, arena);
    return *warning != NULL || el_fail_memory(err);
}

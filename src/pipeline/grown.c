#include "pipeline/grown.h"

#include "pipeline/asked.h"

#include <stdlib.h>

struct el_grown {
    struct el_pool *pool;
    struct el_prior *prior; /* NULL where nothing asks for it */
    size_t users;           /* documents, and the ensemble while no other has taken its place */
};

bool el_grown_replace(struct el_grown **grown, struct el_pool *pool, struct el_prior *prior,
                      struct el_error *err) {
    struct el_grown *next = pool != NULL ? malloc(sizeof *next) : NULL;
    if (pool != NULL && next == NULL) {
        el_prior_close(prior);
        el_pool_close(pool);
        return el_fail_memory(err);
    }
    if (next != NULL) {
        *next = (struct el_grown){.pool = pool, .prior = prior, .users = 1};
    }
    el_grown_leave(*grown);
    *grown = next;
    return true;
}

bool el_grown_use(struct el_grown *grown, const struct el_context *plain, struct el_arena *arena,
                  const struct el_context **out, struct el_error *err) {
    struct el_context *context = el_arena_alloc(arena, sizeof *context);
    if (context == NULL) {
        return el_fail_memory(err);
    }
    *context = *plain;
    context->pool = grown->pool;
    context->prior = grown->prior;
    if (!el_context_set_types(context, arena, plain->asked, plain->n_types, err)) {
        return false;
    }
    el_context_settle(context); /* it may have types that the first pool lacks */
    *out = context;
    grown->users++;
    return true;
}

void el_grown_leave(struct el_grown *grown) {
    if (grown != NULL && --grown->users == 0) {
        el_prior_close(grown->prior);
        el_pool_close(grown->pool);
        free(grown);
    }
}

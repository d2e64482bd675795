#include "pipeline/grown.h"

#include "pipeline/asked.h"

#include <stdlib.h>

struct el_grown {
    struct el_pool *pool;
    size_t users; /* documents, and the ensemble while no other has taken its place */
};

bool el_grown_replace(struct el_grown **grown, struct el_pool *pool, struct el_error *err) {
    struct el_grown *next = pool != NULL ? malloc(sizeof *next) : NULL;
    if (pool != NULL && next == NULL) {
        el_pool_close(pool);
        return el_fail_memory(err);
    }
    if (next != NULL) {
        *next = (struct el_grown){.pool = pool, .users = 1};
    }
    el_grown_leave(*grown);
    *grown = next;
    return true;
}

void el_grown_close(struct el_grown *grown) {
    el_grown_leave(grown);
}

bool el_grown_use(struct el_grown *grown, const struct el_context *plain, struct el_arena *arena,
                  const struct el_context **out, struct el_error *err) {
    struct el_context *context = el_arena_alloc(arena, sizeof *context);
    if (context == NULL) {
        return el_fail_memory(err);
    }
    /* Votes go on deciding where the first pool had none of the types: a judgement needs what the
     * labels say, which is counted once, when the ensemble is opened. */
    *context = *plain;
    context->pool = grown->pool;
    if (!el_context_set_types(context, arena, plain->asked, plain->n_types, err)) {
        return false;
    }
    *out = context;
    grown->users++;
    return true;
}

void el_grown_leave(struct el_grown *grown) {
    if (grown != NULL && --grown->users == 0) {
        el_pool_close(grown->pool);
        free(grown);
    }
}

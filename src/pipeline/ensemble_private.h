/* What opening (ensemble.c), running (run.c) and estimating (estimate.c) share. */
#ifndef EL_PIPELINE_ENSEMBLE_PRIVATE_H
#define EL_PIPELINE_ENSEMBLE_PRIVATE_H

#include "pipeline/ensemble.h"
#include "pipeline/work.h"
#include "pipeline/embedder.h"
#include "pipeline/grown.h"

struct el_ensemble {
    struct el_arena arena;
    struct el_config *config;
    struct el_log log;
    FILE *trace;
    size_t window;
    void (*answered)(void *context, const struct el_answer *answer);
    void *answered_context;
    struct el_client *client;
    bool rests; /* no member was started: the judgement hears none */
    struct el_pool *pool;
    struct el_grown *grown;      /* used in place of the pool; NULL = none */
    struct el_embedder embedder; /* its client is NULL if there is none */
    struct el_tagger *tagger;
    struct el_prompt_set **prompts;              /* by member */
    const struct el_capabilities **capabilities; /* by member */
    struct el_context context;                   /* settings and members are set by each run */
    struct el_counts counts;
};

/* The tokens (el_estimate_tokens) that a sentence may have for every member; 0 = no limit. */
size_t el_ensemble_longest_sentence(const struct el_ensemble *ensemble);

/* The context of a run: the ensemble's, with these settings (NULL = the configuration's) and
 * members (0 = all). */
struct el_context el_ensemble_context(const struct el_ensemble *ensemble,
                                      const struct el_settings *settings, el_member_set members);

#endif

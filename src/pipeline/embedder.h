/* Span and sentence vectors from an embedding member, for whole pools: batches in flight on all of
 * its slots, through the reply store. Belongs to the thread of its client, which must have nothing
 * else pending meanwhile. */
#ifndef EL_PIPELINE_EMBEDDER_H
#define EL_PIPELINE_EMBEDDER_H

#include "serving/client.h"
#include "retrieval/pool.h"

struct el_embedder {
    struct el_client *client;
    size_t member;
    const struct el_log *log; /* told now and then how far it is; may be NULL */
    uint64_t n_texts;         /* embedded so far */
    double report_at;         /* monotonic seconds */
    size_t dimensions;
    char name[400]; /* identifies it in pools: "FILE sha256:16 digits", or the model's name */
};

/* `member` of the running client, which was started with `config` for it. EL_ERR_UNREACHABLE, with
 * the reason, if it cannot be reached. */
bool el_embedder_init(struct el_embedder *embedder, struct el_client *client, size_t member,
                      const struct el_member_config *config, const struct el_log *log,
                      struct el_error *err);

/* n texts to n * dimensions floats, L2-normalised; the `embed` of el_pool_build_options. A text
 * that stays without vector after all retries is an error. */
bool el_embed(void *embedder, const char *const *texts, size_t n, float *vectors,
              struct el_error *err);

/* Have a pool built with it. The options point to the embedder. */
void el_embedder_options(struct el_embedder *embedder, struct el_pool_build_options *options);

#endif

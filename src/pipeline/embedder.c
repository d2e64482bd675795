#include "pipeline/embedder.h"

#include "base/clock.h"
#include "base/print.h"

#include <stdio.h>
#include <string.h>

/* Texts of one call. Small enough that a lost call costs little and all slots have work. */
enum { BATCH = 32 };
static const double FIRST_REPORT = 2, REPORT_EVERY = 10; /* seconds */

bool el_embedder_init(struct el_embedder *embedder, struct el_client *client, size_t member,
                      const struct el_member_config *config, const struct el_log *log,
                      struct el_error *err) {
    const struct el_capabilities *can = el_client_capabilities(client, member);
    if (!can->reached) {
        return el_fail(err, EL_ERR_UNREACHABLE,
                       "the embedding member (retrieve: vectors) cannot be reached: %s",
                       can->problem);
    }
    *embedder = (struct el_embedder){.client = client,
                                     .member = member,
                                     .log = log,
                                     .dimensions = can->dimensions,
                                     .report_at = el_now() + FIRST_REPORT};
    if (config->gguf != NULL) {
        const char *slash = strrchr(config->gguf, '/');
        el_print(embedder->name, sizeof embedder->name, "%.250s sha256:%.16s",
                 slash != NULL ? slash + 1 : config->gguf, can->identity);
    } else {
        el_print(embedder->name, sizeof embedder->name, "%s",
                 config->model != NULL ? config->model : can->model);
    }
    return true;
}

struct batch {
    struct el_embedder *embedder;
    float *vectors;
    bool failed;
    char why[512];
};

static void take(void *context, const struct el_call *call, const struct el_reply *reply) {
    struct batch *batch = context;
    size_t dimensions = batch->embedder->dimensions;
    if (reply->failure != EL_ANSWERED) {
        if (!batch->failed) {
            el_print(batch->why, sizeof batch->why, "%s", reply->detail);
        }
        batch->failed = true;
    } else if (reply->dimensions != dimensions) {
        el_print(batch->why, sizeof batch->why, "vectors of %zu numbers after some of %zu",
                 reply->dimensions, dimensions);
        batch->failed = true;
    } else {
        memcpy(batch->vectors + call->order * dimensions, reply->vectors,
               call->n_inputs * dimensions * sizeof *reply->vectors);
    }
}

static void ignore(void *context, const struct el_call *call, const struct el_reply *reply) {
    (void)context;
    (void)call;
    (void)reply;
}

/* No call may be left for a later run of the client, which knows nothing of them. */
static void take_back(struct el_client *client) {
    struct el_error ignored;
    el_client_cancel(client);
    while (el_client_pending(client) > 0) {
        el_client_run(client, 0, ignore, NULL, &ignored);
    }
}

bool el_embed(void *context, const char *const *texts, size_t n, float *vectors,
              struct el_error *err) {
    struct el_embedder *embedder = context;
    struct batch batch = {.embedder = embedder, .vectors = vectors};
    for (size_t i = 0; i < n; i += BATCH) {
        struct el_call call = {.member = embedder->member,
                               .stage = EL_STAGE_RETRIEVE,
                               .order = i,
                               .inputs = texts + i,
                               .n_inputs = n - i < BATCH ? n - i : BATCH};
        if (!el_client_submit(embedder->client, &call, err)) {
            take_back(embedder->client);
            return false;
        }
    }
    while (el_client_pending(embedder->client) > 0) {
        if (!el_client_run(embedder->client, 1000, take, &batch, err)) {
            take_back(embedder->client);
            return false;
        }
    }
    if (batch.failed) {
        return el_fail(err, EL_ERR_UNREACHABLE, "the embedding member gave no vectors: %s",
                       batch.why);
    }
    embedder->n_texts += n;
    if (el_now() >= embedder->report_at) {
        embedder->report_at = el_now() + REPORT_EVERY;
        el_log(embedder->log, EL_INFO, "the embedding member has given %llu vectors so far",
               (unsigned long long)embedder->n_texts);
    }
    return true;
}

void el_embedder_options(struct el_embedder *embedder, struct el_pool_build_options *options) {
    options->dimensions = embedder->dimensions;
    options->embed = el_embed;
    options->embed_context = embedder;
    options->embed_name = embedder->name;
}

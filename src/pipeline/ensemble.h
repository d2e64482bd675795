/* The ensemble: documents in, documents with entities out. It drives the four stages over all
 * members with one loop; each stage is a pair of functions, `ask` and `take` (stage.h).
 *
 * One ensemble belongs to one thread. */
#ifndef EL_PIPELINE_ENSEMBLE_H
#define EL_PIPELINE_ENSEMBLE_H

#include "base/buffer.h"
#include "llm/client.h"
#include "pipeline/config.h"

struct el_ensemble;

struct el_ensemble_options {
    const struct el_log *log;
    const char *store_path; /* NULL = no reply store */
    const char *pool_path;  /* overrides the configuration; NULL = not */
    size_t window;          /* sentences in work; 0 = chosen from the endpoints' slots */
    FILE *trace;            /* JSON lines of prompts, replies, alignments, votes; NULL = none */
};

/* Starts the members, opens pool, tagger and templates. `config` must outlive the ensemble. */
bool el_ensemble_open(struct el_config *config, const struct el_ensemble_options *options,
                      struct el_ensemble **ensemble, struct el_error *err);
void el_ensemble_close(struct el_ensemble *ensemble);

/* Where documents come from and go to. `next`: 1 = *document (the ensemble takes it), 0 = end,
 * -1 = stop with err. `done` gets each document in input order, with its entities, and frees it
 * or keeps it; false stops the run. */
struct el_run {
    void *context;
    int (*next)(void *context, struct el_document **document, struct el_error *err);
    bool (*done)(void *context, struct el_document *document, struct el_error *err);
    /* Optional: called a few times a second. True = take no more documents, finish those begun. */
    bool (*tick)(void *context);
};

bool el_ensemble_run(struct el_ensemble *ensemble, const struct el_run *run, struct el_error *err);

struct el_counts {
    uint64_t documents, failed_documents, sentences, entities;
    uint64_t proposed, ungrounded;    /* strings in replies; those not found in the sentence */
    uint64_t candidates, verified_no; /* spans in the union; dropped by the verifier */
    uint64_t saved_calls;             /* by lazy voting and agreement */
    uint64_t demonstrations_dropped;  /* k shrunk to a member's context */
    uint64_t abstained[EL_MAX_MEMBERS][EL_STAGES];
    uint64_t answered[EL_MAX_MEMBERS][EL_STAGES];
};
const struct el_counts *el_ensemble_counts(const struct el_ensemble *ensemble);
struct el_client *el_ensemble_client(struct el_ensemble *ensemble);
const struct el_pool *el_ensemble_pool(const struct el_ensemble *ensemble);

/* Version, configuration, hashes of models, prompts and pool, as a JSON object. */
json_t *el_ensemble_manifest(const struct el_ensemble *ensemble);

#endif

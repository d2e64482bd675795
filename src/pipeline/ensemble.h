/* The ensemble: documents in, documents with entities out. It drives the four stages over all
 * members with one loop; each stage is a pair of functions, `ask` and `take` (work.h).
 *
 * One ensemble belongs to one thread. */
#ifndef EL_PIPELINE_ENSEMBLE_H
#define EL_PIPELINE_ENSEMBLE_H

#include "pipeline/abstention.h"
#include "retrieval/prior.h"

struct el_ensemble;
struct el_answer; /* work.h */

struct el_ensemble_options {
    const struct el_log *log;
    const char *store_path; /* NULL = no reply store */
    bool refresh;           /* ask anew what the store has, and replace it */
    const char *pool_path;  /* overrides the configuration; NULL = not */
    bool no_pool;           /* zero-shot throughout */
    bool offline;           /* start and reach no member: for el_ensemble_estimate() only */
    bool ask_anyway;        /* start members even if the judgement hears none */
    bool embed;             /* offline, but for the embedding member if one is configured */
    size_t window;          /* sentences in work; 0 = chosen from the endpoints' slots */
    FILE *trace;            /* JSON lines of prompts, replies, alignments, votes; NULL = none */
    /* Optional: sees each answer of all runs as soon as its stage has taken it, usable or not. */
    void (*answered)(void *context, const struct el_answer *answer);
    void *context;
};

/* Starts the members, opens pool, tagger and templates. `config` must outlive the ensemble. */
bool el_ensemble_open(struct el_config *config, const struct el_ensemble_options *options,
                      struct el_ensemble **ensemble, struct el_error *err);
void el_ensemble_close(struct el_ensemble *ensemble);

struct el_work; /* work.h */

enum { EL_FINISH_SECONDS = 5 };

/* Where documents come from and go to. {0} but for next and done is a plain run. */
struct el_run {
    void *context;
    /* 1 = *document (the ensemble takes it), 0 = end, -1 = stop with err. */
    int (*next)(void *context, struct el_document **document, struct el_error *err);
    /* Gets each document in input order, with its entities instead of those it came with, and
     * frees it or keeps it; false stops the run. */
    bool (*done)(void *context, struct el_document *document, struct el_error *err);
    /* Optional: called a few times a second. EL_GO_ON, EL_FINISH = take no more documents and
     * finish those that are well under way, for EL_FINISH_SECONDS at most (the rest is not handed
     * over), EL_STOP = at once. Of a document that is not finished then, the sentences done from
     * its beginning on count, and its `failure` says that it was cut short. */
    enum el_tick { EL_GO_ON, EL_FINISH, EL_STOP } (*tick)(void *context);
    /* Optional: sees each sentence when its last stage is done, in any order. `document` still has
     * the entities it came with. */
    void (*sentence)(void *context, const struct el_document *document, const struct el_work *work);

    const struct el_settings *settings; /* instead of the configuration's; NULL = those */
    el_member_set members;              /* who takes part; 0 = all */
    unsigned stages;                    /* how many of the four; 0 = all */
};

/* False for errors of the run as a whole (input, output, memory, interruption); failures of
 * members and documents are in the counts. Counts add up over runs. */
bool el_ensemble_run(struct el_ensemble *ensemble, const struct el_run *run, struct el_error *err);

/* "retrieve" .. "verify". */
const char *el_stage_name(enum el_stage stage);

struct el_counts {
    uint64_t documents, failed_documents, sentences, entities;
    uint64_t text;                    /* bytes of the sentences */
    uint64_t proposed, ungrounded;    /* strings in replies; those not found in the sentence */
    uint64_t candidates, verified_no; /* spans that count; dropped by the verifier */
    uint64_t saved_calls;             /* by lazy votes, agreement, and as dropped in any case */
    uint64_t demonstrations_dropped;  /* k shrunk to a member's context */
    uint64_t asked_longer; /* answers that were cut by their limit and asked with twice the room */
    uint64_t still_cut;    /* those that were cut again: their whole items count */
    uint64_t unembedded;   /* sentences with demonstrations by BM25, for want of vectors */
    struct el_abstentions abstentions;
    uint64_t abstained[EL_MAX_MEMBERS][EL_STAGES]; /* all causes */
    uint64_t answered[EL_MAX_MEMBERS][EL_STAGES];
};
const struct el_counts *el_ensemble_counts(const struct el_ensemble *ensemble);
/* What its stages see: pool, tagger, types; the pool's labels that mean them. */
struct el_context;
const struct el_context *el_ensemble_view(const struct el_ensemble *ensemble);
struct el_client *el_ensemble_client(struct el_ensemble *ensemble);
/* The embedding member, if the vectors of retrieval come from one, else NULL. Not to be used from
 * within a run. */
struct el_embedder *el_ensemble_embedder(struct el_ensemble *ensemble);
/* Were no members started, because the judgement hears none? */
bool el_ensemble_rests(const struct el_ensemble *ensemble);
/* The pool that it was opened with; NULL = none. It lives as long as the ensemble, and any thread
 * may read it. */
const struct el_pool *el_ensemble_pool(const struct el_ensemble *ensemble);
/* Documents that are submitted from now on are shown demonstrations of this pool instead, which has
 * vectors of its own, and are judged by its prior; those in work keep theirs. NULL: its own again.
 * Both are taken in any case. */
bool el_ensemble_use_pool(struct el_ensemble *ensemble, struct el_pool *pool,
                          struct el_prior *prior, struct el_error *err);
/* Do the settings ask for what the pool's labels say? */
bool el_ensemble_counts_labels(const struct el_ensemble *ensemble);
/* Make the pool's prior (retrieval/prior.h) if that is not done yet. Opening does so where
 * the settings ask for it. */
bool el_ensemble_open_prior(struct el_ensemble *ensemble, struct el_error *err);
/* The prompt set of a member: the configured one, else "compact" for models with its markers in
 * their vocabulary, else "conversation", or "chat" in the paper profile, which has separate
 * prompts. */
const char *el_prompt_set_of(const struct el_config *config, size_t member,
                             const struct el_capabilities *can);
/* The member that verifies under these settings. */
size_t el_ensemble_verifier(const struct el_ensemble *ensemble, const struct el_settings *settings);

/* What a run would cost, before anything is sent. */
struct el_estimate {
    uint64_t documents, sentences;
    struct {
        uint64_t calls, prompt_tokens, answer_tokens; /* answer tokens: at most */
    } cells[EL_MAX_MEMBERS][EL_STAGES];
};

/* Count the calls and tokens of a run over the documents of `next` (see el_run). Prompts are built
 * as in a run, with the demonstrations nearest by sentence similarity; a sentence is taken to hold
 * as many spans as one of the pool does on average, and every member to be asked for each. Tokens
 * are estimates (el_estimate_tokens). No member is needed; the ensemble may be offline. */
bool el_ensemble_estimate(struct el_ensemble *ensemble, const struct el_run *run,
                          struct el_estimate *estimate, struct el_error *err);

/* Version, configuration, hashes of models, prompts and pool, as a JSON object. */
json_t *el_ensemble_manifest(const struct el_ensemble *ensemble);

#endif

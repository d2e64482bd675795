/* Documents in work: many at once, each on its own terms. The one loop of the ensemble.
 *
 * Documents are cut into sentences when they are taken in. A window of sentences is in work; where
 * several documents have sentences to start, they take turns, so that a short document does not
 * wait for all of a long one that came before it. Stages of different sentences overlap, so every
 * endpoint stays busy. What comes of a document does not depend on the others.
 *
 * A failure of the whole, such as of memory, ends the documents that it strikes; others go on.
 *
 * A flow belongs to the thread of its ensemble; an ensemble has one flow at a time. */
#ifndef EL_PIPELINE_FLOW_H
#define EL_PIPELINE_FLOW_H

#include "pipeline/ensemble.h"
#include "pipeline/usage.h"

struct el_flow;

struct el_flow_options {
    void *context;
    /* As in struct el_run. */
    void (*sentence)(void *context, const struct el_document *document, const struct el_work *work);
    const struct el_settings *settings;
    el_member_set members;
    unsigned stages;
    bool as_ready; /* documents are handed over as they are ready; else in order of submission */
};

/* What is wanted of one document. {.document} is enough. */
struct el_wish {
    struct el_document *document;
    const struct el_context
        *context;    /* lives until the document is handed over; NULL = the flow's */
    double deadline; /* of el_now(), when what is done is all there will be; 0 = none */
    bool evidence;   /* of entities, see evidence.h, and abstentions */
    bool trace;      /* wanted in the delivery */
    bool apart;      /* handed over as soon as it is ready, whatever the order of the others */
    void *user;      /* handed back */
};

enum el_outcome {
    EL_OUTCOME_DONE,
    EL_OUTCOME_CUT_SHORT, /* its time was up: only its first sentences count */
    EL_OUTCOME_CANCELLED,
    EL_OUTCOME_FAILED, /* see `error`; what the members failed is EL_OUTCOME_DONE */
};

/* An abstention of a document. */
struct el_abstained {
    size_t member;
    enum el_stage stage;
    enum el_cause cause;
    const char *detail;
    struct el_span sentence; /* bytes of the document */
};

/* What has become of a document. */
struct el_delivery {
    struct el_document
        *document; /* the receiver's; with its entities instead of those it came with */
    void *user;
    uint64_t number;
    enum el_outcome outcome;
    struct el_error error;
    size_t n_sentences, n_done; /* n_done: from its beginning on without a gap */
    struct el_usage usage;
    struct el_abstained *abstentions; /* if evidence was wanted; in the document's arena */
    size_t n_abstentions;
    char *trace; /* a line of JSON for each sentence, to be freed; NULL if not wanted */
    /* el_types_warning() of the pool that was used, if the wish had a context; in the document's
     * arena; NULL or "" = nothing */
    const char *warning;
};

bool el_flow_open(struct el_ensemble *ensemble, const struct el_flow_options *options,
                  struct el_flow **flow, struct el_error *err);
/* Stops the calls of what is still in work, and frees it. NULL is allowed. */
void el_flow_close(struct el_flow *flow);

/* The ensemble's settings have changed; nothing may be in work. */
void el_flow_renew(struct el_flow *flow);

/* Take in a document; it is the flow's from now on, unless this fails, which it does only where
 * memory is out. Its number, from 1 on, goes into *number, which may be NULL. */
bool el_flow_submit(struct el_flow *flow, const struct el_wish *wish, uint64_t *number,
                    struct el_error *err);

/* Is there room in the window that no document at hand can fill? */
bool el_flow_is_hungry(struct el_flow *flow);

/* Move on what is in work: until something has come of it, or so long. With nothing in work this
 * waits all the same, for el_client_wake(). False if memory ran out somewhere: what that has cost
 * is said in the deliveries; the flow can go on. */
bool el_flow_step(struct el_flow *flow, int milliseconds, struct el_error *err);

/* The next document that is finished; false if there is none yet. */
bool el_flow_take(struct el_flow *flow, struct el_delivery *delivery);

/* End a document, all after it, or all: its calls are stopped, and it is handed over (CUT_SHORT,
 * CANCELLED) in its turn. Not for what is finished already, and nothing if there is no such
 * document. */
void el_flow_end(struct el_flow *flow, uint64_t number, enum el_outcome outcome);
void el_flow_end_after(struct el_flow *flow, uint64_t number, enum el_outcome outcome);
void el_flow_end_all(struct el_flow *flow, enum el_outcome outcome);

/* The number of the last document that has come as far as classification, else of the first that is
 * in work; 0 if none is. */
uint64_t el_flow_well_under_way(const struct el_flow *flow);

struct el_flow_state {
    size_t documents; /* taken in and not handed over */
    size_t sentences; /* in work */
    size_t window;    /* of which there are so many at most */
    size_t waiting;   /* sentences of those documents that are not started */
    uint64_t done;    /* sentences finished since the flow was opened */
};
struct el_flow_state el_flow_state(const struct el_flow *flow);

#endif

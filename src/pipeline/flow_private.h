/* What the loop over documents (flow.c) and the way of one sentence (sentence.c) share. */
#ifndef EL_PIPELINE_FLOW_PRIVATE_H
#define EL_PIPELINE_FLOW_PRIVATE_H

#include "pipeline/cut.h"
#include "pipeline/ensemble_private.h"
#include "pipeline/flow.h"

/* A document in work. */
struct el_tagging {
    struct el_flow *flow;
    struct el_tagging *previous, *next; /* in order of submission, until it is ready */
    struct el_tagging *behind;          /* in the line for sentences to start, or among the ready */
    uint64_t number;
    struct el_wish wish;
    struct el_document *document;
    const struct el_context *context;
    struct el_grown *grown; /* the pool of the context; NULL = the ensemble's own */
    struct el_arena arena;
    struct el_cuts pieces;
    size_t started, running, finished; /* pieces */
    bool *done;                        /* by piece */
    struct el_entity *entities;
    size_t n_entities, capacity;
    char **traces; /* by piece; NULL without a trace */
    struct el_usage usage;
    struct el_abstained *abstentions;
    size_t n_abstentions, abstentions_room;

    bool stopped;  /* before its time: `outcome` says why, and what is running comes to nothing */
    bool complete; /* nothing of it is running any more, and nothing will be */
    enum el_outcome outcome;
    struct el_error error; /* if it failed */
};

/* A sentence in work. */
struct el_task {
    struct el_work work;
    struct el_task *previous, *next; /* in the flow's list */
    struct el_tagging *tagging;
    size_t piece;
    struct el_answer **answers; /* of the round */
    size_t n_answers, waiting;  /* waiting: calls whose replies are to come */
};

/* Documents behind each other. */
struct el_line {
    struct el_tagging *first, *last;
};

struct el_flow {
    struct el_ensemble *ensemble;
    struct el_flow_options options;
    struct el_context context;
    unsigned stages;
    size_t max_tokens, window;
    struct el_tagging *first, *last; /* in order of submission */
    struct el_line startable;        /* have sentences that are not started; they take turns */
    struct el_line ready;            /* to be handed over */
    struct el_task *tasks;
    size_t n_taggings, n_tasks, n_waiting;
    uint64_t n_documents, n_sentences, n_done;
    double next_deadline; /* of a document; INFINITY = none */
};

/* flow.c: end a document before its time; `err` if it failed. Its tasks that wait for no reply are
 * freed. */
void el_tagging_stop(struct el_tagging *tagging, enum el_outcome outcome,
                     const struct el_error *err);
/* Nothing may be running of it any more: then it is complete, and ready in its turn. */
void el_tagging_settle(struct el_tagging *tagging);

/* sentence.c: put the next piece to work; free a task; whose call it is; take a reply (of
 * el_client_run, with the flow as its context). What goes wrong ends the document. */
void el_task_start(struct el_tagging *tagging);
void el_task_free(struct el_task *task);
struct el_task *el_task_of(const struct el_call *call);
void el_task_take_reply(void *context, const struct el_call *call, const struct el_reply *reply);

#endif

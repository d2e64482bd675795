/* What the parts of the client share: members, their endpoints and the calls in work. */
#ifndef EL_SERVING_CLIENT_PRIVATE_H
#define EL_SERVING_CLIENT_PRIVATE_H

#include "serving/api.h"
#include "serving/client.h"
#include "serving/http.h"
#include "serving/retry.h"
#include "serving/server.h"
#include "serving/slots.h"
#include "store/store.h"

struct el_member;

struct el_probe;

enum el_probe_step {
    EL_PROBE_ASKING, /* being asked what it is */
    EL_PROBE_DONE,   /* usable */
    EL_PROBE_FAILED, /* see problem */
};

struct el_endpoint {
    struct el_member *member;
    struct el_http_target target;
    struct el_breaker breaker;
    struct el_limit limit;
    struct el_adaptation adaptation;
    size_t in_flight;
    struct el_slots slots; /* of a llama-server: which sentence each has read */

    enum el_probe_step step;
    struct el_probe *probe; /* what is known so far; NULL before the first question */
    enum el_api probe_api;  /* whose question is asked ... */
    size_t probe_question;  /* ... and which */
    struct el_http_transfer *probe_transfer; /* under way, or NULL */
    struct el_buffer probe_body;
    double probe_at, probe_until; /* next try; when to give up */
    unsigned probe_tries;
    char telling[512];       /* the first refusal that says what is wrong; "" = none yet */
    enum el_api telling_api; /* whose question was refused so */
    char problem[512];
};

struct el_queue { /* binary heap: lowest rank first, then lowest sequence */
    struct el_job **jobs;
    size_t len, capacity;
};

struct el_member {
    struct el_client *client;
    const struct el_member_config *config;
    struct el_capabilities caps;
    struct el_account accounts[EL_STAGES];
    struct el_endpoint *endpoints;
    size_t n_endpoints;
    struct el_server *server;   /* of a gguf member, else NULL; members of one file share it */
    bool owns_server;           /* is the first of these */
    size_t first_slot, n_slots; /* of a shared server, those of this member; n_slots 0 = all */
    bool gone;                  /* the child died twice: caps.problem says so */
    bool rests;                 /* nobody is going to ask it: it has no endpoint, and no problem */
    struct el_queue queue;      /* calls that wait for a free slot */
};

struct el_job {
    struct el_call call;
    uint64_t rank, sequence;
    char key[EL_SHA256_HEX];
    struct el_buffer body;    /* as any endpoint would get it: the key is made of this */
    struct el_buffer adapted; /* as its endpoint gets it, where that differs */
    enum el_api api;
    unsigned tries, adaptations; /* adaptations: of its endpoint, when it was sent */
    int slot;                    /* while sent, if it was named; else EL_NO_SLOT */
    bool primary;                /* in the table of calls under way; twins are not */
    struct el_job *chain;        /* that table's bucket */
    struct el_job *twins;        /* identical calls, answered with this one; linked by `next` */
    struct el_job *next;         /* among twins, or among the ready */

    struct el_endpoint *endpoint; /* while sent */
    struct el_http_transfer *transfer;
    struct el_job *sent_next, *sent_previous;
    double sent_at;

    struct el_reply reply; /* what it points to is this job's own memory */
    char *text, *detail;
    float *shares;
};

enum { EL_TABLE = 1024 };

struct el_client {
    struct el_client_options options;
    struct el_http *http;
    struct el_store *store;
    struct el_member *members;
    size_t n_members;
    struct el_queue delayed; /* calls that wait for their next try; rank = microseconds */
    struct el_job *sent, *ready, **ready_last;
    struct el_job *table[EL_TABLE]; /* by key: calls under way */
    size_t pending;
    uint64_t sequence, jitter;
    bool out_of_memory;
    struct el_http_watch wake; /* of an eventfd */
    bool woken;                /* it was written to since the last run or rest */
    char *program;             /* llama-server */
};

/* client.c: move everything on once, while starting; what el_client_wake() needs */
void el_client_wait(struct el_client *client);
bool el_client_open_wake(struct el_client *client, struct el_error *err);

/* jobs.c: an identical job under way, or NULL; put among those under way; end it, and its twins
 * with it: with a failure, an answer (whose memory it takes), or what the store has (false: it has
 * nothing). */
void el_job_free(struct el_job *job);
struct el_job *el_job_find_same(struct el_client *client, const struct el_job *job);
void el_job_enter(struct el_client *client, struct el_job *job);
void el_job_fail(struct el_client *client, struct el_job *job, enum el_failure failure,
                 const char *detail);
void el_job_answer(struct el_client *client, struct el_job *job, const struct el_api_answer *answer,
                   double seconds);
bool el_job_from_store(struct el_client *client, struct el_job *job);

/* send.c: send what waits and has room; a sent job is sent no more; back into its member's queue */
void el_dispatch(struct el_client *client, double now);
void el_job_unsend(struct el_client *client, struct el_job *job);
void el_job_requeue(struct el_client *client, struct el_job *job);
bool el_endpoint_usable(const struct el_endpoint *endpoint);
/* No endpoint will take a call in the foreseeable future. */
bool el_member_dead(const struct el_member *member, double now);
/* Does a refusal of the request `sent` change what the endpoint gets from now on? */
bool el_endpoint_adapts(struct el_endpoint *endpoint, const struct el_buffer *sent,
                        const struct el_http_transfer *transfer);

/* children.c: turn a member to the child as it was started last; start a child that has ended once
 * more, where a second death in mid-run is final */
bool el_child_reach(struct el_member *member, struct el_error *err);
void el_child_watch(struct el_client *client, struct el_member *member);

/* A copy, cut at a character's border where there is no room. */
void el_set_text(char *into, size_t room, const char *text);

/* queue.c */
bool el_queue_push(struct el_queue *queue, struct el_job *job, uint64_t rank);
struct el_job *el_queue_pop(struct el_queue *queue); /* NULL if empty */
/* Take out those that `wanted` picks; a list by `next`. */
struct el_job *el_queue_take(struct el_queue *queue,
                             bool (*wanted)(void *context, struct el_job *job), void *context);

/* probe.c: begin; move on what waits for its time; 0 if nothing does, else the time of the next
 * move. An endpoint that gets to EL_PROBE_DONE fills its member's capabilities if it is the first
 * to do so. */
void el_probe_begin(struct el_endpoint *endpoint, double now);
double el_probe_move(struct el_endpoint *endpoint, double now);
void el_probe_stop(struct el_endpoint *endpoint);

#endif

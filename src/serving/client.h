/* Calls to the members: one event loop (curl multi) over all endpoints, with queueing, limits,
 * retries, the reply store, and the llama-server children.
 *
 * One client belongs to one thread. It turns a call into a reply, or says why there is none; the
 * stage and the sentence of a call only order the queue and the account. */
#ifndef EL_SERVING_CLIENT_H
#define EL_SERVING_CLIENT_H

#include "base/log.h"
#include "serving/adapt.h"
#include "serving/call.h"
#include "serving/failure.h"
#include "serving/member.h"
#include "serving/tokens.h"

struct el_reply {
    enum el_failure failure;
    const char *detail; /* for people, when failure != 0; no keys in it */
    const char *text;   /* the answer, valid UTF-8, NUL-terminated */
    size_t text_len;
    bool cut; /* stopped by the length limit */
    bool from_store;
    double yes_probability; /* NAN if not known */
    const float *shares; /* of types: a row of the constraint's choices for each of its items, each
                            summing to 1, or NAN where not known (see choices.h); of a list of
                            spans: the probability of each item (see listed.h); NULL = not known */
    size_t n_shares;     /* so many numbers */
    long prompt_tokens, answer_tokens, cached_tokens; /* -1 = not said */
    double seconds;                                   /* wall time of the successful try */

    /* Of a call with inputs: n_inputs rows of `dimensions` finite numbers, each row of length 1
     * (or 0, if the model gives nothing but zeros). NULL for other calls and failures. */
    const float *vectors;
    size_t dimensions;
};

struct el_client_options {
    const struct el_log *log;
    const char *store_path;          /* SQLite file of replies; NULL = none */
    bool refresh;                    /* replies of earlier runs are asked for anew, and replaced */
    bool constrain;                  /* use the server's means to enforce call.constraint */
    const char *llama_server;        /* program; NULL = looked up, see el_server_find() */
    const char *const *data_folders; /* where it is looked up in the end; NULL = nowhere */
    bool rest;           /* nobody is going to ask those that write: they are not looked for */
    size_t retry_budget; /* failed tries in a row over all calls of an endpoint; 0 = default */
};

struct el_client;

/* Start the children, reach and probe every endpoint (concurrently), fill capabilities.
 * Members that cannot be reached are not an error here (see capabilities); none at all is
 * EL_ERR_UNREACHABLE with the reasons; an embedding member counts only if there is no other.
 * The members' memory stays the caller's. */
bool el_client_start(const struct el_member_config *members, size_t n_members,
                     const struct el_client_options *options, struct el_client **client,
                     struct el_error *err);

/* Ends the children and waits for them; commits the store. NULL is allowed. */
void el_client_stop(struct el_client *client);

const struct el_capabilities *el_client_capabilities(const struct el_client *client, size_t member);

/* One of a member's servers, and how requests to it differ from what they would be, because it
 * refuses something ("without seed"). The texts live as long as the client. */
struct el_endpoint_state {
    const char *url; /* without user and password */
    const char *changes[EL_MOST_CHANGES];
    size_t n_changes;
};
/* False if the member has fewer. */
bool el_client_endpoint(const struct el_client *client, size_t member, size_t number,
                        struct el_endpoint_state *state);

/* Queue a call. Its reply comes from el_client_run() later, never from here. */
bool el_client_submit(struct el_client *client, const struct el_call *call, struct el_error *err);

/* Called once a call; `reply` lives until the callback returns. It may submit further calls. */
typedef void el_reply_handler(void *context, const struct el_call *call,
                              const struct el_reply *reply);

/* Move the transfers on, deliver what is ready, and return after at least one reply was
 * delivered, or `milliseconds` passed, or nothing is in flight, or it was woken. Failures of calls
 * are replies; false only for memory. Calls that are pending then stay so: who gives up cancels
 * them and runs on until none is, before what they point to goes. */
bool el_client_run(struct el_client *client, int milliseconds, el_reply_handler *handler,
                   void *context, struct el_error *err);

/* Calls submitted and not yet delivered. */
size_t el_client_pending(const struct el_client *client);

/* Calls that servers are at work on; `oldest`: seconds since the first of them was sent; NULL = not
 * wanted. */
size_t el_client_in_flight(const struct el_client *client, double *oldest);

/* Calls that all endpoints together can have in flight: how much work is worth preparing. */
size_t el_client_slots(const struct el_client *client);

/* How many sentences can be kept in slots at once, at the member that has the fewest slots to name;
 * 0 = no member has any. */
size_t el_client_kept_sentences(const struct el_client *client);
/* No call of this order will follow that shares its beginning with earlier ones. */
void el_client_forget(struct el_client *client, uint64_t order);

/* Everything not delivered yet is delivered as EL_FAILED_CANCELLED by the next run. */
void el_client_cancel(struct el_client *client);
/* The same for the calls that `wanted` picks out. An identical call of somebody else that waited
 * for the answer to such a one still gets it. */
void el_client_cancel_some(struct el_client *client,
                           bool (*wanted)(void *context, const struct el_call *call),
                           void *context);

/* From any thread: a run or rest in progress, or else the next one, returns soon. */
void el_client_wake(struct el_client *client);
/* While no call is pending: wait for el_client_wake(), at most so long; what has to be done at its
 * time (the store, endpoints that are to be looked at again) is done. */
void el_client_rest(struct el_client *client, int milliseconds);
/* A descriptor that is readable when there is something for el_client_run() or el_client_rest() to
 * do but for what time brings. The client's own: to be polled and nothing else. */
int el_client_fd(const struct el_client *client);

/* The account, by member and stage. */
struct el_account {
    uint64_t calls, from_store, retries, failures[EL_FAILURES], cut;
    uint64_t prompt_tokens, answer_tokens, cached_tokens;
    double seconds; /* summed over calls */
};
const struct el_account *el_client_account(const struct el_client *client, size_t member,
                                           enum el_stage stage);

#endif

/* The life of a call: submitted, looked up in the store, joined to an identical one under way or
 * queued by order (jobs.c), sent when an endpoint of its member has room, tried again after a pause
 * if that may help (send.c), delivered.
 *
 * Nothing is delivered from within a callback of the loop: outcomes gather in the ready list, and
 * el_client_run() hands them out between two steps. */
#include "base/clock.h"
#include "serving/client_private.h"
#include "serving/embeddings.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- the loop ---- */

static double earlier(double a, double b) {
    return a < b ? a : b;
}

static void el_member_fail(struct el_client *client, struct el_member *member, const char *why) {
    struct el_job *job;
    while ((job = el_queue_pop(&member->queue)) != NULL) {
        el_job_fail(client, job, EL_FAILED_DEAD, why);
    }
}

/* Move on whatever waits for time to pass; returns when to look again. */
static double tick(struct el_client *client) {
    double now = el_now(), wake = INFINITY;
    while (client->delayed.len > 0 && (double)client->delayed.jobs[0]->rank <= now * 1e6) {
        el_job_requeue(client, el_queue_pop(&client->delayed));
    }
    if (client->delayed.len > 0) {
        wake = (double)client->delayed.jobs[0]->rank / 1e6;
    }
    for (size_t m = 0; m < client->n_members; m++) {
        struct el_member *member = &client->members[m];
        if (member->server != NULL && member->server->log_watch.fd < 0) {
            el_child_watch(client, member);
        }
        for (size_t i = 0; i < member->n_endpoints; i++) {
            struct el_endpoint *e = &member->endpoints[i];
            bool absent = e->step == EL_PROBE_FAILED && member->server == NULL;
            if (absent && member->caps.reached && now >= e->probe_at) {
                el_probe_begin(e, now);
            }
            double at = el_probe_move(e, now);
            wake = at > 0 ? earlier(wake, at) : wake;
            if (member->queue.len > 0 && e->breaker.rests_until > now) {
                wake = earlier(wake, e->breaker.rests_until);
            }
        }
        if (member->queue.len > 0 && el_member_dead(member, now)) {
            el_member_fail(client, member,
                           member->endpoints[0].problem[0] != '\0'
                               ? member->endpoints[0].problem
                               : "the endpoint rests after too many failures");
        }
    }
    if (client->store != NULL) {
        if (el_store_due(client->store) <= now) {
            el_store_commit(client->store);
        }
        wake = earlier(wake, el_store_due(client->store));
    }
    el_dispatch(client, now);
    return wake;
}

static void account(struct el_client *client, const struct el_job *job) {
    const struct el_reply *reply = &job->reply;
    struct el_account *a = &client->members[job->call.member].accounts[job->call.stage];
    a->calls++;
    a->failures[reply->failure] += reply->failure != EL_ANSWERED;
    a->cut += reply->cut;
    if (reply->from_store) {
        a->from_store++;
        return;
    }
    a->prompt_tokens += reply->prompt_tokens > 0 ? (uint64_t)reply->prompt_tokens : 0;
    a->answer_tokens += reply->answer_tokens > 0 ? (uint64_t)reply->answer_tokens : 0;
    a->cached_tokens += reply->cached_tokens > 0 ? (uint64_t)reply->cached_tokens : 0;
    a->seconds += reply->seconds;
}

/* The reply of a call with inputs has its vectors instead of a text. NULL if there are none. */
static float *unpack_vectors(struct el_client *client, struct el_job *job) {
    struct el_reply *reply = &job->reply;
    if (job->call.inputs == NULL || reply->failure != EL_ANSWERED) {
        return NULL;
    }
    float *vectors =
        el_embeddings_decode(reply->text, reply->text_len, job->call.n_inputs, &reply->dimensions);
    if (vectors == NULL) { /* the text was checked: it is memory */
        client->out_of_memory = true;
        reply->failure = EL_FAILED_CANCELLED;
        reply->detail = "out of memory";
    }
    reply->vectors = vectors;
    reply->text = "";
    reply->text_len = 0;
    return vectors;
}

static void deliver(struct el_client *client, el_reply_handler *handler, void *context) {
    struct el_job *batch = client->ready;
    client->ready = NULL;
    client->ready_last = &client->ready;
    while (batch != NULL) {
        struct el_job *job = batch;
        batch = job->next;
        job->reply.text = job->text != NULL ? job->text : "";
        job->reply.detail = job->detail != NULL ? job->detail : "";
        job->reply.shares = job->shares;
        float *vectors = unpack_vectors(client, job);
        account(client, job);
        client->pending--;
        handler(context, &job->call, &job->reply);
        free(vectors);
        el_job_free(job);
    }
}

void el_client_wait(struct el_client *client) {
    double wait = tick(client) - el_now();
    el_http_step(client->http, wait < 0 ? 0 : earlier(wait, 0.1)); /* tick may have decided */
}

bool el_client_run(struct el_client *client, int milliseconds, el_reply_handler *handler,
                   void *context, struct el_error *err) {
    double deadline = el_now() + (milliseconds < 0 ? 1e9 : milliseconds / 1000.0);
    while (client->pending > 0 && !client->out_of_memory && !client->woken) {
        double wake = tick(client);
        double wait = client->ready != NULL ? 0 : earlier(wake, deadline) - el_now();
        el_http_step(client->http, wait > 0 ? wait : 0);
        if (client->ready != NULL) {
            tick(client); /* fill the slots that have come free before the caller computes */
            deliver(client, handler, context);
            tick(client);
            el_http_step(client->http, 0);
            break;
        }
        if (el_now() >= deadline) {
            break;
        }
    }
    bool failed = client->out_of_memory;
    client->woken = false;
    client->out_of_memory = false; /* said once; what was lost is delivered as failures */
    return !failed || el_fail_memory(err);
}

void el_client_rest(struct el_client *client, int milliseconds) {
    double deadline = el_now() + (milliseconds < 0 ? 1e9 : milliseconds / 1000.0);
    double wait;
    do {
        wait = earlier(tick(client), deadline) - el_now();
        el_http_step(client->http, wait > 0 ? wait : 0);
    } while (!client->woken && el_now() < deadline);
    client->woken = false;
}

/* ---- waking ---- */

static void note_wake(void *context, int fd) {
    struct el_client *client = context;
    uint64_t n;
    client->woken = read(fd, &n, sizeof n) == (ssize_t)sizeof n || client->woken;
}

bool el_client_open_wake(struct el_client *client, struct el_error *err) {
    client->wake = (struct el_http_watch){
        .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = note_wake, .context = client};
    return (client->wake.fd >= 0 && el_http_watch(client->http, &client->wake)) ||
           el_fail(err, EL_ERR_IO, "cannot make an eventfd: %s", strerror(errno));
}

void el_client_wake(struct el_client *client) {
    uint64_t one = 1;
    ssize_t written = write(client->wake.fd, &one, sizeof one);
    (void)written; /* it fails only where enough wakes are waiting to be seen */
}

int el_client_fd(const struct el_client *client) {
    return el_http_fd(client->http);
}

/* ---- submitting ---- */

static void set_key(struct el_client *client, struct el_job *job) {
    struct el_member *member = &client->members[job->call.member];
    const char *api = el_api_name(job->api);
    struct el_sha256 hash;
    el_sha256_start(&hash);
    el_sha256_add(&hash, api, strlen(api) + 1);
    el_sha256_add(&hash, member->caps.identity, strlen(member->caps.identity) + 1);
    el_sha256_add(&hash, job->body.data, job->body.len);
    el_sha256_finish(&hash, job->key);
}

bool el_client_submit(struct el_client *client, const struct el_call *call, struct el_error *err) {
    if (call->member >= client->n_members || call->stage >= EL_STAGES) {
        return el_fail(err, EL_ERR_CONFIG, "a call names member %zu of %zu", call->member,
                       client->n_members);
    }
    struct el_member *member = &client->members[call->member];
    struct el_job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return el_fail_memory(err);
    }
    job->call = *call;
    job->sequence = client->sequence++;
    if (!member->caps.reached || member->rests) {
        client->pending++;
        el_job_fail(client, job, EL_FAILED_DEAD,
                    member->rests ? "it was not started: the judgement hears no member"
                                  : member->caps.problem);
        return true;
    }
    job->api = el_api_for(&member->caps, call);
    if (!el_api_write(member->config, &member->caps, call, client->options.constrain, NULL,
                      &job->body)) {
        el_job_free(job);
        return el_fail_memory(err);
    }
    job->slot = EL_NO_SLOT;
    set_key(client, job);
    struct el_job *same = el_job_find_same(client, job);
    if (same != NULL) {
        el_buffer_free(&job->body);
        job->next = same->twins;
        same->twins = job;
    } else if (!el_job_from_store(client, job)) {
        if (!el_queue_push(&member->queue, job, call->order)) {
            el_job_free(job);
            return el_fail_memory(err);
        }
        el_job_enter(client, job);
    }
    client->pending++;
    return true;
}

size_t el_client_pending(const struct el_client *client) {
    return client->pending;
}

size_t el_client_in_flight(const struct el_client *client, double *oldest) {
    size_t n = 0;
    double now = oldest != NULL ? el_now() : 0, most = 0;
    for (size_t m = 0; m < client->n_members; m++) {
        for (size_t i = 0; i < client->members[m].n_endpoints; i++) {
            n += client->members[m].endpoints[i].in_flight;
        }
    }
    for (const struct el_job *job = client->sent; oldest != NULL && job != NULL;
         job = job->sent_next) {
        most = now - job->sent_at > most ? now - job->sent_at : most;
    }
    if (oldest != NULL) {
        *oldest = most;
    }
    return n;
}

size_t el_client_kept_sentences(const struct el_client *client) {
    size_t fewest = 0;
    for (size_t m = 0; m < client->n_members; m++) {
        const struct el_member *member = &client->members[m];
        size_t own = 0;
        for (size_t i = 0; i < member->n_endpoints; i++) {
            own += el_endpoint_usable(&member->endpoints[i]) ? member->endpoints[i].slots.count : 0;
        }
        fewest = own > 0 && (fewest == 0 || own < fewest) ? own : fewest;
    }
    return fewest;
}

void el_client_forget(struct el_client *client, uint64_t order) {
    for (size_t m = 0; m < client->n_members; m++) {
        for (size_t i = 0; i < client->members[m].n_endpoints; i++) {
            el_slots_forget(&client->members[m].endpoints[i].slots, order);
        }
    }
}

size_t el_client_slots(const struct el_client *client) {
    size_t slots = 0;
    for (size_t m = 0; m < client->n_members; m++) {
        const struct el_member *member = &client->members[m];
        for (size_t i = 0; i < member->n_endpoints; i++) {
            slots += el_endpoint_usable(&member->endpoints[i])
                         ? el_limit_now(&member->endpoints[i].limit)
                         : 0;
        }
    }
    return slots;
}

/* ---- cancelling ---- */

struct choice {
    struct el_client *client;
    bool (*wanted)(void *context, const struct el_call *call);
    void *context;
};

static bool is_wanted(const struct choice *choice, const struct el_job *job) {
    return choice->wanted == NULL || choice->wanted(choice->context, &job->call);
}

/* Fails the twins of a job that are to be cancelled. */
static void cancel_twins(const struct choice *choice, struct el_job *job) {
    struct el_job **at = &job->twins;
    while (*at != NULL) {
        struct el_job *twin = *at;
        if (is_wanted(choice, twin)) {
            *at = twin->next;
            el_job_fail(choice->client, twin, EL_FAILED_CANCELLED, "cancelled");
        } else {
            at = &twin->next;
        }
    }
}

/* Is this job to be ended? If somebody else waits for its answer, it goes on as theirs. */
static bool ends(void *context, struct el_job *job) {
    const struct choice *choice = context;
    cancel_twins(choice, job);
    if (!is_wanted(choice, job)) {
        return false;
    }
    struct el_job *twin = job->twins;
    if (twin == NULL) {
        return true;
    }
    struct el_call call = job->call;
    job->call = twin->call;
    twin->call = call;
    job->twins = twin->next;
    el_job_fail(choice->client, twin, EL_FAILED_CANCELLED, "cancelled");
    return false;
}

static void fail_list(struct el_client *client, struct el_job *list) {
    while (list != NULL) {
        struct el_job *job = list;
        list = job->next;
        el_job_fail(client, job, EL_FAILED_CANCELLED, "cancelled");
    }
}

void el_client_cancel_some(struct el_client *client,
                           bool (*wanted)(void *context, const struct el_call *call),
                           void *context) {
    struct choice choice = {client, wanted, context};
    for (size_t m = 0; m < client->n_members; m++) {
        fail_list(client, el_queue_take(&client->members[m].queue, ends, &choice));
    }
    fail_list(client, el_queue_take(&client->delayed, ends, &choice));
    for (struct el_job *job = client->sent, *next; job != NULL; job = next) {
        next = job->sent_next;
        if (ends(&choice, job)) {
            el_breaker_released(&job->endpoint->breaker);
            el_http_cancel(client->http, job->transfer);
            el_job_unsend(client, job);
            el_job_fail(client, job, EL_FAILED_CANCELLED, "cancelled");
        }
    }
}

void el_client_cancel(struct el_client *client) {
    el_client_cancel_some(client, NULL, NULL);
}

const struct el_capabilities *el_client_capabilities(const struct el_client *client,
                                                     size_t member) {
    return member < client->n_members ? &client->members[member].caps : NULL;
}

bool el_client_endpoint(const struct el_client *client, size_t member, size_t number,
                        struct el_endpoint_state *state) {
    if (member >= client->n_members || number >= client->members[member].n_endpoints) {
        return false;
    }
    const struct el_endpoint *e = &client->members[member].endpoints[number];
    state->url = e->target.shown != NULL ? e->target.shown : "";
    state->n_changes = el_adaptation_list(&e->adaptation, state->changes);
    return true;
}

const struct el_account *el_client_account(const struct el_client *client, size_t member,
                                           enum el_stage stage) {
    return member < client->n_members && stage < EL_STAGES
               ? &client->members[member].accounts[stage]
               : NULL;
}

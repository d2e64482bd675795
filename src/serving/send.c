/* From the queue to an endpoint and back: where there is room, what is sent, what came of it, and
 * whether another try may help. */
#include "base/clock.h"
#include "base/print.h"
#include "serving/client_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- endpoints with room ---- */

bool el_endpoint_usable(const struct el_endpoint *e) {
    return e->step == EL_PROBE_DONE;
}

static bool has_room(const struct el_endpoint *e, double now) {
    return el_endpoint_usable(e) && e->in_flight < el_limit_now(&e->limit) &&
           el_breaker_lets(&e->breaker, now);
}

/* The least loaded endpoint that takes a call now; among equals the first. */
static struct el_endpoint *choose(struct el_member *member, double now) {
    struct el_endpoint *best = NULL;
    double best_load = INFINITY;
    for (size_t i = 0; i < member->n_endpoints; i++) {
        struct el_endpoint *e = &member->endpoints[i];
        double load = (double)e->in_flight / (double)el_limit_now(&e->limit);
        if (load < best_load && has_room(e, now)) {
            best = e;
            best_load = load;
        }
    }
    return best;
}

/* No endpoint will take a call in the foreseeable future. */
bool el_member_dead(const struct el_member *member, double now) {
    for (size_t i = 0; i < member->n_endpoints && !member->gone; i++) {
        const struct el_endpoint *e = &member->endpoints[i];
        bool dead =
            e->step == EL_PROBE_FAILED || (e->breaker.dead && !el_breaker_lets(&e->breaker, now));
        if (!dead) {
            return false;
        }
    }
    return true;
}

/* ---- sending ---- */

void el_job_unsend(struct el_client *client, struct el_job *job) {
    if (job->sent_previous != NULL) {
        job->sent_previous->sent_next = job->sent_next;
    } else {
        client->sent = job->sent_next;
    }
    if (job->sent_next != NULL) {
        job->sent_next->sent_previous = job->sent_previous;
    }
    el_slots_release(&job->endpoint->slots, job->slot);
    job->slot = EL_NO_SLOT;
    job->endpoint->in_flight--;
    job->endpoint = NULL;
    job->transfer = NULL;
}

void el_job_requeue(struct el_client *client, struct el_job *job) {
    struct el_member *member = &client->members[job->call.member];
    if (!el_queue_push(&member->queue, job, job->call.order)) {
        client->out_of_memory = true;
        el_job_fail(client, job, EL_FAILED_CANCELLED, "out of memory");
    }
}

static void job_done(struct el_http *http, struct el_http_transfer *transfer);

/* How much of an adapter a member wants. */
static double scale_of(const struct el_member_config *config, const char *path) {
    double scale = 0;
    for (size_t i = 0; i < config->n_loras; i++) {
        scale += strcmp(config->loras[i].path, path) == 0 ? config->loras[i].scale : 0;
    }
    return scale;
}

/* Of a server with adapters: how much of each is to be applied. It applies all of them where the
 * list is empty. */
static void put_loras(const struct el_member *member, struct el_buffer *body) {
    const struct el_server *server = member->server;
    el_buffer_string(body, ",\"lora\":[");
    for (size_t i = 0; i < server->n_loras; i++) {
        el_buffer_printf(body, "%s{\"id\":%zu,\"scale\":%.9g}", i == 0 ? "" : ",", i,
                         scale_of(member->config, server->loras[i]));
    }
    el_buffer_char(body, ']');
}

/* The store's key is made of the body that no endpoint has changed: what an endpoint refuses, and
 * which of its slots answers, says nothing about the answer that is wanted. Adapters are a part of
 * the member's identity. */
static bool adapt_body(struct el_client *client, const struct el_endpoint *e, struct el_job *job) {
    const struct el_member *member = e->member;
    struct el_buffer *adapted = &job->adapted;
    job->adaptations = e->adaptation.count;
    el_buffer_clear(adapted);
    if (e->adaptation.count > 0 &&
        !el_api_write(member->config, &member->caps, &job->call, client->options.constrain,
                      &e->adaptation, adapted)) {
        return false;
    }
    bool loras = member->server != NULL && member->server->n_loras > 0;
    if (job->slot != EL_NO_SLOT || loras) {
        if (adapted->len == 0) {
            el_buffer_append(adapted, job->body.data, job->body.len);
        }
        adapted->len -= adapted->len > 0; /* the closing brace */
        if (job->slot != EL_NO_SLOT) {
            el_buffer_printf(adapted, ",\"id_slot\":%zu", member->first_slot + (size_t)job->slot);
        }
        if (loras) {
            put_loras(member, adapted);
        }
        el_buffer_char(adapted, '}');
    }
    return !adapted->failed;
}

static const struct el_buffer *sent_body(const struct el_job *job) {
    return job->adapted.len > 0 ? &job->adapted : &job->body;
}

static bool send_job(struct el_client *client, struct el_endpoint *e, struct el_job *job) {
    if (!adapt_body(client, e, job)) {
        return false;
    }
    job->transfer = el_http_send(client->http, &e->target, el_api_path(job->api), sent_body(job), 0,
                                 job_done, job);
    if (job->transfer == NULL) {
        return false;
    }
    job->endpoint = e;
    job->sent_at = el_now();
    e->in_flight++;
    el_breaker_sent(&e->breaker);
    job->sent_previous = NULL;
    job->sent_next = client->sent;
    if (client->sent != NULL) {
        client->sent->sent_previous = job;
    }
    client->sent = job;
    return true;
}

/* An endpoint whose slot has read the call's sentence; NULL = none. */
static struct el_endpoint *warm_endpoint(struct el_member *member, const struct el_job *job) {
    for (size_t i = 0; job->call.shared && i < member->n_endpoints; i++) {
        struct el_endpoint *e = &member->endpoints[i];
        if (el_endpoint_usable(e) && el_slots_knows(&e->slots, job->call.order)) {
            return e;
        }
    }
    return NULL;
}

/* Take a slot for a call that shares its beginning with others, if the endpoint has slots. False if
 * it is to wait for one. */
static bool take_slot(struct el_endpoint *e, struct el_job *job) {
    const json_t *extra = e->member->config->extra_body;
    bool wanted =
        job->call.shared && e->slots.count > 0 && json_object_get(extra, "id_slot") == NULL;
    job->slot = wanted ? el_slots_take(&e->slots, job->call.order) : EL_NO_SLOT;
    return !wanted || job->slot != EL_NO_SLOT;
}

/* Send what has room, in order. A call whose sentence is in a busy slot waits for that. */
static void dispatch_member(struct el_client *client, struct el_member *member, double now) {
    struct el_job *waiting = NULL;
    while (member->queue.len > 0 && choose(member, now) != NULL) {
        struct el_job *job = el_queue_pop(&member->queue);
        struct el_endpoint *warm = warm_endpoint(member, job);
        struct el_endpoint *e = warm != NULL && has_room(warm, now) ? warm : choose(member, now);
        if (!take_slot(e, job)) {
            job->next = waiting;
            waiting = job;
        } else if (!send_job(client, e, job)) {
            el_slots_release(&e->slots, job->slot);
            client->out_of_memory = true;
            el_job_fail(client, job, EL_FAILED_CANCELLED, "out of memory");
        }
    }
    while (waiting != NULL) {
        struct el_job *job = waiting;
        waiting = job->next;
        el_job_requeue(client, job);
    }
}

void el_dispatch(struct el_client *client, double now) {
    for (size_t m = 0; m < client->n_members; m++) {
        dispatch_member(client, &client->members[m], now);
    }
}

/* ---- outcomes ---- */

struct outcome {
    enum el_failure failure;
    bool again;     /* another try may help */
    bool unhealthy; /* tells something about the endpoint, not only about this call */
    bool overload;
    char why[512];
};

static void judge_status(const struct el_http_transfer *t, struct outcome *o) {
    long status = t->status;
    char said[300];
    bool context;
    el_api_read_error(t->body.data, t->body.len, said, sizeof said, &context);
    el_print(o->why, sizeof o->why, "HTTP %ld%s%s", status, said[0] != '\0' ? ": " : "", said);
    o->failure = EL_FAILED_STATUS;
    if (context && (status == 400 || status == 413 || status == 422 || status == 500)) {
        o->failure = EL_FAILED_CONTEXT;
        return;
    }
    o->overload = status == 429 || status == 503;
    o->again = o->overload || status == 408 || status == 425 || status >= 500;
    o->unhealthy = o->again || status < 400 || status == 401 || status == 403 || status == 404;
    if (status >= 300 && status < 400) {
        el_print(o->why, sizeof o->why, "HTTP %ld: redirects are not followed; name the final URL",
                 status);
    }
}

static void judge(const struct el_job *job, const struct el_http_transfer *t, struct outcome *o,
                  struct el_api_answer *answer) {
    *o = (struct outcome){.failure = t->failure};
    if (t->failure != EL_ANSWERED) {
        el_print(o->why, sizeof o->why, "%s", t->detail);
        o->again = !t->too_large;
        o->unhealthy = true;
        o->overload = t->failure == EL_FAILED_TIMEOUT;
    } else if (t->status < 200 || t->status > 299) {
        judge_status(t, o);
    } else if (!el_api_read(job->api, &job->call, t->body.data, t->body.len, answer, o->why,
                            sizeof o->why)) {
        o->failure = EL_FAILED_MALFORMED;
        o->again = o->unhealthy = true;
    } else if (el_api_prompt_was_cut(job->endpoint->member->config, &job->endpoint->member->caps,
                                     &job->call, answer, o->why, sizeof o->why)) {
        o->failure = EL_FAILED_CONTEXT;
    }
}

static void delay(struct el_client *client, struct el_job *job, double until) {
    if (!el_queue_push(&client->delayed, job, (uint64_t)(until * 1e6))) {
        client->out_of_memory = true;
        el_job_fail(client, job, EL_FAILED_CANCELLED, "out of memory");
    }
}

/* A child that died took its calls with it through no fault of theirs. */
static bool child_died(struct el_member *member, const struct outcome *o) {
    bool cut = o->failure == EL_FAILED_CONNECT || o->failure == EL_FAILED_MALFORMED;
    return member->server != NULL && cut && !el_server_alive_after(member->server, 50);
}

static void note_failure(struct el_client *client, struct el_endpoint *e, const struct outcome *o,
                         double retry_after, double now) {
    if (o->overload) {
        el_limit_overloaded(&e->limit, now);
    }
    if (retry_after >= 0 && o->again) {
        el_breaker_pause(&e->breaker, now + retry_after);
    } else if (o->unhealthy) {
        bool dead = e->breaker.dead;
        el_breaker_failed(&e->breaker, now, &client->jitter);
        if (e->breaker.dead && !dead) {
            el_log(client->options.log, EL_WARNING,
                   "member %s: %s fails again and again; its calls count as failed until it "
                   "answers again",
                   e->member->config->name, e->target.shown);
        }
    } else {
        el_breaker_succeeded(&e->breaker); /* it answers; only this call is wrong */
    }
}

bool el_endpoint_adapts(struct el_endpoint *e, const struct el_buffer *sent,
                        const struct el_http_transfer *t) {
    const struct el_member_config *config = e->member->config;
    char what[200], said[300];
    bool context;
    el_api_read_error(t->body.data, t->body.len, said, sizeof said, &context);
    if (context || !el_adapt(&e->adaptation, config->extra_body, sent->data, t->status,
                             t->body.data, t->body.len, what, sizeof what)) {
        return false;
    }
    el_http_redact(&e->target, said);
    el_log(e->member->client->options.log, EL_WARNING,
           "member %s: %s refuses a request (HTTP %ld: %s); requests go %s from now on",
           config->name, e->target.shown, t->status, said, what);
    return true;
}

/* Was the call refused for something that its endpoint does not get any more from now on, or since
 * another call found it out? Then it is repeated. */
static bool is_repeated(struct el_client *client, struct el_job *job,
                        const struct el_http_transfer *t, const struct outcome *o) {
    struct el_endpoint *e = job->endpoint;
    if (o->failure != EL_FAILED_STATUS || o->overload ||
        (!el_endpoint_adapts(e, sent_body(job), t) && job->adaptations == e->adaptation.count)) {
        return false;
    }
    el_breaker_succeeded(&e->breaker);
    el_job_unsend(client, job);
    el_job_requeue(client, job);
    return true;
}

static void job_done(struct el_http *http, struct el_http_transfer *t) {
    struct el_job *job = t->user;
    struct el_endpoint *e = job->endpoint;
    struct el_member *member = e->member;
    struct el_client *client = member->client;
    struct el_api_answer answer = {0};
    struct outcome o;
    double now = el_now();
    (void)http;
    judge(job, t, &o, &answer);
    if (is_repeated(client, job, t, &o)) {
        return;
    }
    el_job_unsend(client, job);
    if (o.failure == EL_ANSWERED) {
        el_breaker_succeeded(&e->breaker);
        el_limit_answered(&e->limit, t->seconds);
        el_job_answer(client, job, &answer, t->seconds);
        return;
    }
    free(answer.text);
    free(answer.shares);
    if (child_died(member, &o)) {
        el_breaker_released(&e->breaker); /* no answer is to come of this trial */
        el_job_requeue(client, job); /* the loop starts the child again, or gives the member up */
        return;
    }
    char detail[1024], changes[200] = "";
    if (o.failure == EL_FAILED_STATUS) {
        el_adaptation_say(&e->adaptation, changes, sizeof changes);
    }
    el_print(detail, sizeof detail, "%s: %s%s%s", e->target.shown, o.why,
             changes[0] != '\0' ? "; it was asked " : "", changes);
    el_http_redact(&e->target, detail);
    note_failure(client, e, &o, t->retry_after, now);
    unsigned retries = member->config->retries;
    if (o.again && job->tries++ < retries) {
        member->accounts[job->call.stage].retries++;
        el_log(client->options.log, EL_DEBUG, "member %s: try %u failed, trying again: %s",
               member->config->name, job->tries, detail);
        double wait =
            t->retry_after >= 0 ? t->retry_after : el_backoff(job->tries, &client->jitter);
        delay(client, job, now + wait);
    } else {
        el_job_fail(client, job, o.failure, detail);
    }
}

/* The life of a call: submitted, looked up in the store, joined to an identical one under way or
 * queued by order, sent when an endpoint of its member has room, tried again after a pause if that
 * may help, delivered.
 *
 * Nothing is delivered from within a callback of the loop: outcomes gather in the ready list, and
 * el_client_run() hands them out between two steps. */
#include "base/clock.h"
#include "base/print.h"
#include "serving/embeddings.h"
#include "serving/client_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- jobs ---- */

void el_job_free(struct el_job *job) {
    el_buffer_free(&job->body);
    el_buffer_free(&job->adapted);
    free(job->text);
    free(job->detail);
    free(job->shares);
    free(job);
}

static size_t bucket(const char *key) {
    unsigned h = 0;
    for (int i = 0; i < 4; i++) {
        h = h << 4 | (unsigned)(key[i] <= '9' ? key[i] - '0' : key[i] - 'a' + 10);
    }
    return h % EL_TABLE;
}

static struct el_job *find_same(struct el_client *client, const struct el_job *job) {
    struct el_job *other = client->table[bucket(job->key)];
    while (other != NULL &&
           (other->call.member != job->call.member || strcmp(other->key, job->key) != 0)) {
        other = other->chain;
    }
    return other;
}

static void table_add(struct el_client *client, struct el_job *job) {
    struct el_job **head = &client->table[bucket(job->key)];
    job->chain = *head;
    *head = job;
    job->primary = true;
}

static void table_remove(struct el_client *client, struct el_job *job) {
    struct el_job **at = &client->table[bucket(job->key)];
    while (job->primary && *at != job) {
        at = &(*at)->chain;
    }
    if (job->primary) {
        *at = job->chain;
        job->primary = false;
    }
}

static void append_ready(struct el_client *client, struct el_job *job) {
    job->next = NULL;
    *client->ready_last = job;
    client->ready_last = &job->next;
}

static size_t shares_of(const struct el_job *job) {
    return job->call.constraint.n_items * job->call.constraint.n_choices;
}

/* A copy for the job; NULL of NULL. Where memory is out, the answer is only told less of. */
static void keep_shares(struct el_job *job, const float *shares) {
    size_t bytes = shares_of(job) * sizeof *shares;
    job->shares = shares != NULL ? malloc(bytes) : NULL;
    if (job->shares != NULL) {
        memcpy(job->shares, shares, bytes);
    }
}

/* The job's reply is final; its twins get the same. */
static void finish(struct el_client *client, struct el_job *job) {
    struct el_job *twin = job->twins, *next;
    table_remove(client, job);
    el_buffer_free(&job->body);
    el_buffer_free(&job->adapted);
    job->twins = NULL;
    append_ready(client, job);
    for (; twin != NULL; twin = next) {
        next = twin->next;
        twin->reply = job->reply;
        twin->reply.from_store = job->reply.failure == EL_ANSWERED;
        if (job->text != NULL && (twin->text = malloc(job->reply.text_len + 1)) != NULL) {
            memcpy(twin->text, job->text, job->reply.text_len + 1);
        }
        keep_shares(twin, job->shares);
        twin->detail = job->detail != NULL ? strdup(job->detail) : NULL;
        client->out_of_memory = client->out_of_memory || (job->text != NULL && twin->text == NULL);
        append_ready(client, twin);
    }
}

static void finish_failed(struct el_client *client, struct el_job *job, enum el_failure failure,
                          const char *detail) {
    job->reply = (struct el_reply){.failure = failure,
                                   .yes_probability = (double)NAN,
                                   .prompt_tokens = -1,
                                   .answer_tokens = -1,
                                   .cached_tokens = -1};
    job->detail = strdup(detail);
    finish(client, job);
}

/* The store, for replies of this member; NULL if it has none. */
static struct el_store *store_for(const struct el_client *client, const struct el_job *job) {
    return client->members[job->call.member].caps.identity[0] != '\0' ? client->store : NULL;
}

static void finish_answered(struct el_client *client, struct el_job *job,
                            const struct el_api_answer *answer, double seconds) {
    job->text = answer->text;
    job->shares = answer->shares;
    job->reply = (struct el_reply){.text_len = answer->text_len,
                                   .cut = answer->cut,
                                   .yes_probability = answer->yes_probability,
                                   .prompt_tokens = answer->prompt_tokens,
                                   .answer_tokens = answer->answer_tokens,
                                   .cached_tokens = answer->cached_tokens,
                                   .seconds = seconds};
    if (store_for(client, job) != NULL) {
        struct el_stored stored = {
            .text = answer->text,
            .text_len = answer->text_len,
            .cut = answer->cut,
            .yes_probability = answer->yes_probability,
            .seconds = seconds,
            .prompt_tokens = answer->prompt_tokens,
            .answer_tokens = answer->answer_tokens,
            .cached_tokens = answer->cached_tokens,
            .shares = answer->shares,
            .n_shares = answer->shares != NULL ? shares_of(job) : 0,
            .model = client->members[job->call.member].caps.model,
        };
        el_store_put(client->store, job->key, &stored);
    }
    finish(client, job);
}

/* Whether a stored answer to a call with inputs is what it should be. */
static bool holds_vectors(const struct el_job *job, const struct el_stored *stored) {
    size_t dimensions;
    float *vectors =
        el_embeddings_decode(stored->text, stored->text_len, job->call.n_inputs, &dimensions);
    free(vectors);
    return vectors != NULL;
}

/* Stored probabilities, if they are as many as the call has, and are probabilities. The store's
 * memory need not be one where floats may be. */
static void take_stored_shares(struct el_job *job, const struct el_stored *stored) {
    bool fine = stored->n_shares > 0 && stored->n_shares == shares_of(job);
    keep_shares(job, fine ? stored->shares : NULL);
    for (size_t i = 0; job->shares != NULL && fine && i < stored->n_shares; i++) {
        fine = isnan(job->shares[i]) || (job->shares[i] >= 0 && job->shares[i] <= 1.0001F);
    }
    if (!fine) {
        free(job->shares);
        job->shares = NULL;
    }
}

static bool finish_from_store(struct el_client *client, struct el_job *job) {
    struct el_stored stored;
    struct el_store *store = store_for(client, job);
    if (store == NULL || !el_store_get(store, job->key, &stored) ||
        (job->call.inputs != NULL && !holds_vectors(job, &stored))) {
        return false;
    }
    job->text = malloc(stored.text_len + 1);
    if (job->text == NULL) {
        return false;
    }
    memcpy(job->text, stored.text, stored.text_len);
    job->text[stored.text_len] = '\0';
    take_stored_shares(job, &stored);
    job->reply = (struct el_reply){.text_len = stored.text_len,
                                   .cut = stored.cut,
                                   .from_store = true,
                                   .yes_probability = stored.yes_probability,
                                   .prompt_tokens = stored.prompt_tokens,
                                   .answer_tokens = stored.answer_tokens,
                                   .cached_tokens = stored.cached_tokens,
                                   .seconds = stored.seconds};
    finish(client, job);
    return true;
}

/* ---- endpoints with room ---- */

static bool usable(const struct el_endpoint *e) {
    return e->step == EL_PROBE_DONE;
}

static bool has_room(const struct el_endpoint *e, double now) {
    return usable(e) && e->in_flight < el_limit_now(&e->limit) && el_breaker_lets(&e->breaker, now);
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
static bool all_dead(const struct el_member *member, double now) {
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

static void unlink_sent(struct el_client *client, struct el_job *job) {
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

static void requeue(struct el_client *client, struct el_job *job) {
    struct el_member *member = &client->members[job->call.member];
    if (!el_queue_push(&member->queue, job, job->call.order)) {
        client->out_of_memory = true;
        finish_failed(client, job, EL_FAILED_CANCELLED, "out of memory");
    }
}

static void job_done(struct el_http *http, struct el_http_transfer *transfer);

/* The store's key is made of the body that no endpoint has changed: what an endpoint refuses, and
 * which of its slots answers, says nothing about the answer that is wanted. */
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
    if (job->slot != EL_NO_SLOT) {
        if (adapted->len == 0) {
            el_buffer_append(adapted, job->body.data, job->body.len);
        }
        adapted->len -= adapted->len > 0; /* the closing brace */
        el_buffer_printf(adapted, ",\"id_slot\":%d}", job->slot);
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
        if (usable(e) && el_slots_knows(&e->slots, job->call.order)) {
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
            finish_failed(client, job, EL_FAILED_CANCELLED, "out of memory");
        }
    }
    while (waiting != NULL) {
        struct el_job *job = waiting;
        waiting = job->next;
        requeue(client, job);
    }
}

static void dispatch(struct el_client *client, double now) {
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
        finish_failed(client, job, EL_FAILED_CANCELLED, "out of memory");
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
    unlink_sent(client, job);
    requeue(client, job);
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
    unlink_sent(client, job);
    if (o.failure == EL_ANSWERED) {
        el_breaker_succeeded(&e->breaker);
        el_limit_answered(&e->limit, t->seconds);
        finish_answered(client, job, &answer, t->seconds);
        return;
    }
    free(answer.text);
    free(answer.shares);
    if (child_died(member, &o)) {
        el_breaker_released(&e->breaker); /* no answer is to come of this trial */
        requeue(client, job); /* the loop starts the child again, or gives the member up */
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
        finish_failed(client, job, o.failure, detail);
    }
}

/* ---- children ---- */

static void fail_all(struct el_client *client, struct el_member *member, const char *why) {
    struct el_job *job;
    while ((job = el_queue_pop(&member->queue)) != NULL) {
        finish_failed(client, job, EL_FAILED_DEAD, why);
    }
}

static void take_back_sent(struct el_client *client, struct el_endpoint *e) {
    for (struct el_job *job = client->sent, *next; job != NULL; job = next) {
        next = job->sent_next;
        if (job->endpoint == e) {
            el_http_cancel(client->http, job->transfer);
            unlink_sent(client, job);
            el_breaker_released(&e->breaker);
            requeue(client, job);
        }
    }
}

static bool start_child(struct el_member *member, struct el_error *err) {
    struct el_endpoint *e = &member->endpoints[0];
    char url[64];
    el_probe_stop(e);
    el_http_target_free(&e->target);
    if (!el_server_start(member->server, err)) {
        return false;
    }
    el_print(url, sizeof url, "http://127.0.0.1:%u", member->server->port);
    if (!el_http_target_init(&e->target, member->config, url, member->server->key, err)) {
        return false;
    }
    el_probe_begin(e, el_now());
    return true;
}

static void give_up(struct el_member *member, const char *why) {
    struct el_endpoint *e = &member->endpoints[0];
    member->gone = true;
    el_probe_stop(e);
    e->step = EL_PROBE_FAILED;
    el_set_text(e->problem, sizeof e->problem, why);
    el_set_text(member->caps.problem, sizeof member->caps.problem, why);
}

/* Start a child that has ended once more; a second death in mid-run is final. */
static void look_after_child(struct el_client *client, struct el_member *member) {
    enum { MAX_PORT_RACES = 5 };
    struct el_error err;
    char words[320], why[900];
    struct el_endpoint *e = &member->endpoints[0];
    if (member->gone || el_server_alive(member->server)) {
        return;
    }
    bool loading = e->step < EL_PROBE_DONE;
    bool race = loading && el_server_port_was_taken(member->server) &&
                member->port_races++ < MAX_PORT_RACES;
    el_server_last_words(member->server, words, sizeof words);
    take_back_sent(client, e);
    bool again = race || (!loading && member->deaths++ == 0);
    if (again && !race) {
        el_log(client->options.log, EL_WARNING,
               "member %s: its llama-server died and is started again", member->config->name);
    }
    if (again && !start_child(member, &err)) {
        give_up(member, err.message);
    } else if (!again) {
        el_print(why, sizeof why, "%s: llama-server %s: %s", member->config->gguf,
                 member->deaths == 0 ? "did not start" : "died again",
                 words[0] != '\0' ? words : "it said nothing");
        give_up(member, why);
        el_log(client->options.log, EL_WARNING, "member %s: %s", member->config->name, why);
    }
}

/* ---- the loop ---- */

static double earlier(double a, double b) {
    return a < b ? a : b;
}

/* Move on whatever waits for time to pass; returns when to look again. */
static double tick(struct el_client *client) {
    double now = el_now(), wake = INFINITY;
    while (client->delayed.len > 0 && (double)client->delayed.jobs[0]->rank <= now * 1e6) {
        requeue(client, el_queue_pop(&client->delayed));
    }
    if (client->delayed.len > 0) {
        wake = (double)client->delayed.jobs[0]->rank / 1e6;
    }
    for (size_t m = 0; m < client->n_members; m++) {
        struct el_member *member = &client->members[m];
        if (member->server != NULL && member->server->log_watch.fd < 0) {
            look_after_child(client, member);
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
        if (member->queue.len > 0 && all_dead(member, now)) {
            fail_all(client, member,
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
    dispatch(client, now);
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
    while (client->pending > 0 && !client->out_of_memory) {
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
    client->out_of_memory = false; /* said once; what was lost is delivered as failures */
    return !failed || el_fail_memory(err);
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
    if (!member->caps.reached) {
        client->pending++;
        finish_failed(client, job, EL_FAILED_DEAD, member->caps.problem);
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
    struct el_job *same = find_same(client, job);
    if (same != NULL) {
        el_buffer_free(&job->body);
        job->next = same->twins;
        same->twins = job;
    } else if (!finish_from_store(client, job)) {
        if (!el_queue_push(&member->queue, job, call->order)) {
            el_job_free(job);
            return el_fail_memory(err);
        }
        table_add(client, job);
    }
    client->pending++;
    return true;
}

size_t el_client_pending(const struct el_client *client) {
    return client->pending;
}

size_t el_client_slots(const struct el_client *client) {
    size_t slots = 0;
    for (size_t m = 0; m < client->n_members; m++) {
        const struct el_member *member = &client->members[m];
        for (size_t i = 0; i < member->n_endpoints; i++) {
            slots += usable(&member->endpoints[i]) ? el_limit_now(&member->endpoints[i].limit) : 0;
        }
    }
    return slots;
}

void el_client_cancel(struct el_client *client) {
    struct el_job *job;
    for (size_t m = 0; m < client->n_members; m++) {
        while ((job = el_queue_pop(&client->members[m].queue)) != NULL) {
            finish_failed(client, job, EL_FAILED_CANCELLED, "cancelled");
        }
    }
    while ((job = el_queue_pop(&client->delayed)) != NULL) {
        finish_failed(client, job, EL_FAILED_CANCELLED, "cancelled");
    }
    while ((job = client->sent) != NULL) {
        el_breaker_released(&job->endpoint->breaker);
        el_http_cancel(client->http, job->transfer);
        unlink_sent(client, job);
        finish_failed(client, job, EL_FAILED_CANCELLED, "cancelled");
    }
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

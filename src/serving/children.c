/* llama-server children in mid-run: one that ends is started once more, for all members that share
 * it. */
#include "base/clock.h"
#include "base/print.h"
#include "serving/client_private.h"

#include <stdio.h>
#include <stdlib.h>

/* The next member from number *m on that is asked through this server; NULL = no more. */
static struct el_member *next_of(struct el_client *client, const struct el_server *server,
                                 size_t *m) {
    while (*m < client->n_members) {
        struct el_member *member = &client->members[(*m)++];
        if (member->server == server && !member->gone) {
            return member;
        }
    }
    return NULL;
}

static void take_back_sent(struct el_client *client, struct el_endpoint *e) {
    for (struct el_job *job = client->sent, *next; job != NULL; job = next) {
        next = job->sent_next;
        if (job->endpoint == e) {
            el_http_cancel(client->http, job->transfer);
            el_job_unsend(client, job);
            el_breaker_released(&e->breaker);
            el_job_requeue(client, job);
        }
    }
}

bool el_child_reach(struct el_member *member, struct el_error *err) {
    struct el_endpoint *e = &member->endpoints[0];
    char url[64];
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

static bool start_again(struct el_client *client, struct el_server *server, struct el_error *err) {
    bool ok = el_server_start(server, err);
    struct el_member *member;
    for (size_t m = 0; ok && (member = next_of(client, server, &m)) != NULL;) {
        el_probe_stop(&member->endpoints[0]);
        el_http_target_free(&member->endpoints[0].target);
        ok = el_child_reach(member, err);
    }
    return ok;
}

/* Start a child that has ended once more; a second death in mid-run is final. */
void el_child_watch(struct el_client *client, struct el_member *first) {
    enum { MAX_PORT_RACES = 5 };
    struct el_server *server = first->server;
    struct el_member *member;
    struct el_error err;
    char words[320], why[900], names[300] = "";
    bool loading = false;
    if (first->gone || el_server_alive(server)) {
        return;
    }
    for (size_t m = 0, len = 0; (member = next_of(client, server, &m)) != NULL;) {
        loading = loading || member->endpoints[0].step < EL_PROBE_DONE;
        len += el_print(names + len, sizeof names - len, "%s%s", len > 0 ? ", " : "",
                        member->config->name);
        take_back_sent(client, &member->endpoints[0]);
    }
    bool race =
        loading && el_server_port_was_taken(server) && server->port_races++ < MAX_PORT_RACES;
    el_server_last_words(server, words, sizeof words);
    bool again = race || (!loading && server->deaths++ == 0);
    if (again && !race) {
        el_log(client->options.log, EL_WARNING,
               "member %s: its llama-server died and is started again", names);
    }
    if (again && start_again(client, server, &err)) {
        return;
    }
    if (again) {
        el_set_text(why, sizeof why, err.message);
    } else {
        el_print(why, sizeof why, "%s: llama-server %s: %s", first->config->gguf,
                 server->deaths == 0 ? "did not start" : "died again",
                 words[0] != '\0' ? words : "it said nothing");
        el_log(client->options.log, EL_WARNING, "member %s: %s", names, why);
    }
    for (size_t m = 0; (member = next_of(client, server, &m)) != NULL;) {
        give_up(member, why);
    }
}

/* llama-server children in mid-run: one that ends is started once more. */
#include "base/clock.h"
#include "base/print.h"
#include "serving/client_private.h"

#include <stdio.h>
#include <stdlib.h>

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
void el_child_watch(struct el_client *client, struct el_member *member) {
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

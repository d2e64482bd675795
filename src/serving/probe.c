/* What is behind a URL? Each API has a few short questions (api_*.c); here they are asked, one
 * after the other:
 *
 *   child:  llama-server's own, after /health until the model is loaded
 *   auto:   one API after the other, in the order of enum el_api, until one is recognised
 *   else:   those of the configured API alone
 *
 * An embedding member is asked for one vector in the end, whatever it is served by. */
#include "base/ascii.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/print.h"
#include "serving/api_private.h"
#include "serving/client_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double PROBE_SECONDS = 20, LOAD_SECONDS = 600, REPROBE_SECONDS = 30;
enum { CONNECT_TRIES = 3 };

void el_probe_text(char *into, size_t room, const char *text) {
    el_set_text(into, room, text != NULL ? text : "");
}

size_t el_probe_size(json_t *value, size_t most) {
    double n = json_is_number(value) ? json_number_value(value) : 0;
    return n >= 1 && n <= (double)most ? (size_t)n : 0;
}

void el_probe_told(struct el_probe *probe, const char *what, const json_t *value, bool enough) {
    struct el_capabilities *caps = &probe->caps;
    char number[32], *told = caps->told;
    const char *text = json_string_value(value);
    if (json_is_integer(value)) {
        el_print(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        text = number;
    }
    if (text == NULL || text[0] == '\0') {
        return;
    }
    size_t len = strlen(told);
    el_print(told + len, sizeof caps->told - len, "%s%s=%s", len > 0 ? ", " : "", what, text);
    caps->tells |= enough;
}

static void ask(struct el_endpoint *e);

static void fail(struct el_endpoint *e, const char *what) {
    el_print(e->problem, sizeof e->problem, "%s: %s",
             e->member->server != NULL ? e->member->config->gguf : e->target.shown, what);
    el_http_redact(&e->target, e->problem);
    e->step = EL_PROBE_FAILED;
    e->probe_at = el_now() + REPROBE_SECONDS;
}

static void later(struct el_endpoint *e, double seconds) {
    e->probe_at = el_now() + seconds;
}

static const struct el_probe_question *question_of(const struct el_endpoint *e) {
    return &el_api_entry(e->probe_api)->questions[e->probe_question];
}

/* ---- from question to question ---- */

static void begin_api(struct el_endpoint *e, enum el_api api) {
    if (api != EL_API_EMBEDDINGS) { /* which is asked last, and tells nothing about the server */
        *e->probe = (struct el_probe){.config = e->member->config};
        e->probe->caps = e->member->caps.reached ? (struct el_capabilities){0} : e->member->caps;
        e->probe->caps.api = api;
        e->probe->adaptation = &e->adaptation;
        e->adaptation = (struct el_adaptation){0};
        e->probe->child = e->member->server != NULL;
    }
    e->probe->plain = false;
    e->probe_api = api;
    e->probe_question = 0;
    while (question_of(e)->for_children && !e->probe->child) {
        e->probe_question++;
    }
    e->probe_tries = 0;
}

static void done(struct el_endpoint *e) {
    struct el_member *member = e->member;
    const struct el_member_config *config = member->config;
    struct el_capabilities *found = &e->probe->caps;
    size_t most = e->probe->most_context;
    if (config->embedding && e->probe_api != EL_API_EMBEDDINGS) {
        begin_api(e, EL_API_EMBEDDINGS);
        ask(e);
        return;
    }
    if (member->caps.reached && found->dimensions != member->caps.dimensions) {
        fail(e, "its vectors are of another length than those of the member's other servers");
        return;
    }
    if (!member->caps.reached) {
        found->reached = true;
        found->problem[0] = '\0';
        found->slots = member->n_slots != 0 ? member->n_slots
                       : found->slots != 0  ? found->slots
                                            : config->slots;
        found->context = config->context != 0 ? config->context : found->context;
        found->context = most > 0 && found->context > most ? most : found->context;
        member->caps = *found;
    }
    el_limit_init(&e->limit, config->slots != 0 ? config->slots : member->caps.slots);
    if (!el_slots_init(&e->slots, !found->named_slots    ? 0
                                  : member->n_slots != 0 ? member->n_slots
                                                         : found->slots)) {
        fail(e, "out of memory");
        return;
    }
    e->step = EL_PROBE_DONE;
}

/* What web servers say of any path that they do not have. */
static bool is_no_route(long status, const char *said) {
    static const char *const words[] = {"not found",         "page not found", "file not found",
                                        "404 not found",     "error",          "404 page not found",
                                        "method not allowed"};
    static const char *const parts[] = {"route", "invalid url", "cannot post", "cannot get"};
    bool found = said[0] == '\0' || said[0] == '<';
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t len = strlen(words[i]);
        found = found || (el_ascii_begins(said, words[i], len) && strlen(said) <= len + 2);
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        found = found || el_ascii_holds(said, parts[i], strlen(parts[i]));
    }
    return found && (status == 404 || status == 405);
}

/* What the server said to a refused question, for people. True if it tells what is wrong. */
static bool explain(struct el_endpoint *e, long status, const struct el_buffer *body, char *text,
                    size_t room) {
    char said[256], changes[200];
    bool context;
    const struct el_probe_question *question = question_of(e);
    const char *hint = el_api_entry(e->probe_api)->hint, *listed = e->probe->listed;
    el_api_read_error(body->data, body->len, said, sizeof said, &context);
    bool no_route = is_no_route(status, said);
    size_t end = strlen(said); /* it is the beginning of a longer message */
    if (end > 1 && said[end - 1] == '.' && said[end - 2] != '.') {
        said[end - 1] = '\0';
    }
    if (status == 401 || status == 403) {
        hint = "; check api_key_env or api_key_file";
    } else if (status >= 300 && status < 400) {
        hint = "; redirects are not followed, name the final address";
    }
    el_adaptation_say(&e->adaptation, changes, sizeof changes);
    size_t len = el_print(text, room, "HTTP %ld%s%s", status, said[0] != '\0' ? ": " : "", said);
    len += el_print(text + len, room - len, "%s%s%s", no_route ? " (" : "",
                    no_route ? question->path : "", no_route ? ")" : "");
    len += el_print(text + len, room - len, "%s", hint != NULL ? hint : "");
    len += el_print(text + len, room - len, "%s%s", changes[0] != '\0' ? "; it was asked " : "",
                    changes);
    el_print(text + len, room - len, "%s%s",
             status == 404 && listed[0] != '\0' ? "; the server lists: " : "",
             status == 404 ? listed : "");
    return !no_route && (question->is_call || status == 401 || status == 403);
}

/* Keeps the first refusal that tells something: what other APIs' addresses say after it is beside
 * the point. Of one API the last is kept, which asked for least. */
static bool note_refusal(struct el_endpoint *e, long status, const struct el_buffer *body) {
    char text[sizeof e->telling];
    bool tells = explain(e, status, body, text, sizeof text);
    if (tells && (e->telling[0] == '\0' || e->telling_api == e->probe_api)) {
        memcpy(e->telling, text, sizeof text);
        e->telling_api = e->probe_api;
    }
    return tells;
}

static void fail_refused(struct el_endpoint *e, long status, const struct el_buffer *body) {
    char text[sizeof e->telling];
    explain(e, status, body, text, sizeof text);
    fail(e, e->telling[0] != '\0' ? e->telling : text);
}

/* The next API to be tried where none is configured. */
static bool next_guess(struct el_endpoint *e) {
    bool guess = e->member->config->api == EL_API_AUTO && !e->probe->child &&
                 e->probe_api + 1 < EL_API_EMBEDDINGS;
    if (guess) {
        begin_api(e, e->probe_api + 1);
    }
    return guess;
}

static void decide(struct el_endpoint *e, enum el_probe_result result, long status,
                   const struct el_buffer *body) {
    bool refused = status < 200 || status > 299;
    bool tells = refused && note_refusal(e, status, body);
    switch (result) {
    case EL_PROBE_NEXT:
        if (++e->probe_question < el_api_entry(e->probe_api)->n_questions) {
            e->probe_tries = 0;
            ask(e);
            return;
        }
        done(e);
        return;
    case EL_PROBE_KNOWN:
        done(e);
        return;
    case EL_PROBE_AGAIN:
        ask(e);
        return;
    case EL_PROBE_WRONG:
        if (e->probe->why[0] != '\0') {
            fail(e, e->probe->why);
            return;
        }
        break;
    case EL_PROBE_OTHER:
        if (!(tells && question_of(e)->is_call) && next_guess(e)) {
            ask(e);
            return;
        }
        break;
    }
    fail_refused(e, status, body);
}

static void answered(struct el_http *http, struct el_http_transfer *t) {
    struct el_endpoint *e = t->user;
    const struct el_probe_question *question = question_of(e);
    (void)http;
    e->probe_transfer = NULL;
    bool loading = t->failure == EL_ANSWERED && t->status == 503;
    if (loading || (t->failure == EL_FAILED_CONNECT && e->probe->child)) {
        later(e, e->probe->child ? 0.02 : 1);
        if (el_now() >= e->probe_until) {
            fail(e, "still loading after the first-byte time-out");
        }
    } else if (t->failure != EL_ANSWERED) {
        if (t->failure == EL_FAILED_CONNECT && ++e->probe_tries < CONNECT_TRIES) {
            later(e, 0.3 * e->probe_tries);
        } else {
            fail(e, t->detail);
        }
    } else if (t->status < 200 || t->status > 299) {
        bool adapted = question->is_call && el_endpoint_adapts(e, &e->probe_body, t);
        decide(e,
               adapted                     ? EL_PROBE_AGAIN
               : question->refused != NULL ? question->refused(e->probe, t->status)
                                           : EL_PROBE_OTHER,
               t->status, &t->body);
    } else {
        json_t *root = el_json_load(t->body.data != NULL ? t->body.data : "", t->body.len, 0, NULL);
        enum el_probe_result result = question->understood(e->probe, root);
        json_decref(root);
        decide(e, result, t->status, &t->body);
    }
}

static void ask(struct el_endpoint *e) {
    const struct el_probe_question *question = question_of(e);
    el_buffer_clear(&e->probe_body);
    e->probe->why[0] = '\0';
    if (question->body != NULL) {
        question->body(e->probe, &e->probe_body);
    }
    e->probe_transfer = e->probe_body.failed
                            ? NULL
                            : el_http_send(e->member->client->http, &e->target, question->path,
                                           question->body != NULL ? &e->probe_body : NULL,
                                           question->is_call ? 0 : PROBE_SECONDS, answered, e);
    if (e->probe_transfer == NULL) {
        fail(e, "out of memory");
    }
}

void el_probe_begin(struct el_endpoint *e, double now) {
    const struct el_member_config *config = e->member->config;
    double patience = config->first_byte_timeout;
    bool guess = config->api == EL_API_AUTO || e->member->server != NULL;
    e->step = EL_PROBE_ASKING;
    e->telling[0] = '\0';
    e->probe_until = now + (patience > 0 ? patience : LOAD_SECONDS);
    e->probe_at = now;
    if (e->probe == NULL) {
        e->probe = calloc(1, sizeof *e->probe);
    }
    if (e->probe == NULL) {
        fail(e, "out of memory");
        return;
    }
    begin_api(e, guess ? EL_API_AUTO + 1 : config->api);
    ask(e);
}

double el_probe_move(struct el_endpoint *e, double now) {
    if (e->step != EL_PROBE_ASKING || e->probe_transfer != NULL) {
        return 0;
    }
    if (now >= e->probe_at) {
        ask(e);
        return 0;
    }
    return e->probe_at;
}

void el_probe_stop(struct el_endpoint *e) {
    if (e->probe_transfer != NULL) {
        el_http_cancel(e->member->client->http, e->probe_transfer);
        e->probe_transfer = NULL;
    }
}

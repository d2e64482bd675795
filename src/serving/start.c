/* The beginning and the end of a client: children, endpoints, the first probes, the store. */
#include "base/clock.h"
#include "base/print.h"
#include "serving/gguf.h"
#include "serving/client_private.h"
#include "store/file_hash.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sentence encoders are commonly trained for 512 tokens, and memory grows with it. */
enum { DEFAULT_BUDGET = 20, CHILD_SLOTS = 4, CHILD_CONTEXT = 4096, EMBEDDING_CONTEXT = 512 };

static size_t cores(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

/* Of a model behind a URL: servers give their names to other models too. Where the server tells
 * nothing by which the model can be known again, its address has to do. */
static void hash_model(const struct el_member *member, char hex[EL_SHA256_HEX]) {
    const struct el_member_config *config = member->config;
    const struct el_capabilities *caps = &member->caps;
    const char *parts[] = {config->model != NULL ? config->model : caps->model, caps->told,
                           caps->tells ? "" : config->urls[0],
                           caps->tells || config->unix_socket == NULL ? "" : config->unix_socket};
    struct el_sha256 hash;
    el_sha256_start(&hash);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        el_sha256_add(&hash, parts[i], strlen(parts[i]) + 1);
    }
    el_sha256_finish(&hash, hex);
}

/* ---- members that are files ---- */

/* What the file says, which the server cannot change. */
static bool read_file(struct el_member *member, struct el_error *err) {
    const struct el_member_config *config = member->config;
    struct el_capabilities *caps = &member->caps;
    struct el_gguf info;
    if (!el_gguf_read(config->gguf, &info, err)) {
        return false;
    }
    size_t trained = info.context != 0 ? info.context : CHILD_CONTEXT;
    size_t most = config->embedding ? EMBEDDING_CONTEXT : CHILD_CONTEXT;
    caps->compact = info.compact;
    caps->parameters = config->parameters > 0 ? config->parameters : info.parameters;
    member->server->gguf = config->gguf;
    member->server->http = member->client->http;
    member->server->embedding = config->embedding;
    member->server->own_pooling = info.pooling;
    member->server->context = config->context != 0 ? config->context
                              : trained < most     ? trained
                                                   : most;
    return true;
}

/* Can the members share one child? They may differ in their adapters, and in how they ask. */
static bool can_share(const struct el_member_config *a, const struct el_member_config *b) {
    return a->gguf != NULL && b->gguf != NULL && strcmp(a->gguf, b->gguf) == 0 && !a->embedding &&
           !b->embedding && a->context == b->context && a->threads == b->threads;
}

/* A member's part of a child that others of the same file have too. */
static void share(struct el_member *member, struct el_member *owner) {
    member->server = owner->server;
    member->caps.compact = owner->caps.compact;
    member->caps.parameters =
        member->config->parameters > 0 ? member->config->parameters : owner->caps.parameters;
    owner->n_slots = owner->n_slots != 0 ? owner->n_slots : owner->server->slots;
    member->n_slots = member->config->slots != 0 ? member->config->slots : CHILD_SLOTS;
    member->first_slot = owner->server->slots;
    owner->server->slots += member->n_slots;
}

/* Which child a member is asked through; it is not started yet. */
static bool plan_child(struct el_member *member, struct el_error *err) {
    struct el_client *client = member->client;
    const struct el_member_config *config = member->config;
    for (struct el_member *other = client->members; other < member; other++) {
        if (other->owns_server && !other->gone && can_share(other->config, config)) {
            share(member, other);
            break;
        }
    }
    if (member->server == NULL) {
        member->server = calloc(1, sizeof *member->server);
        if (member->server == NULL) {
            return el_fail_memory(err);
        }
        member->owns_server = true;
        member->server->log_watch.fd = -1;
        member->server->slots = config->slots != 0 ? config->slots : CHILD_SLOTS;
        if (!read_file(member, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < config->n_loras; i++) {
        if (!el_server_add_lora(member->server, config->loras[i].path)) {
            return el_fail_memory(err);
        }
    }
    return true;
}

/* Billions of parameters, as far as the file tells. */
static double size_of(const struct el_member *member) {
    return member->caps.parameters > 0 ? member->caps.parameters : 1;
}

/* Cores go to children by their size, so that all have about the same time to work: a small one
 * would wait for the large one: with one thread and two on two cores, the members of starter took
 * 84 s for what took 99 s with one each. Threads of a child wait for each other many times a token.
 * In a model of a few million parameters that is most of the time: on a busy machine, two threads
 * were 50 times slower than one. */
static size_t threads_of(const struct el_member *member, double all) {
    const double small = 0.05; /* billions of parameters */
    if (member->config->threads != 0) {
        return member->config->threads;
    }
    double share = (double)cores() * size_of(member) / all;
    return size_of(member) < small || share < 1.5 ? 1 : (size_t)(share + 0.5);
}

/* `all`: the sizes of all that have a child, together. */
static bool begin_child(struct el_member *member, double all, struct el_error *err) {
    struct el_client *client = member->client;
    struct el_server *server = member->server;
    if (client->program == NULL) {
        client->program =
            el_server_find(client->options.llama_server, client->options.data_folders, err);
    }
    if (client->program == NULL) {
        return false;
    }
    if (server->starts == 0) {
        server->program = client->program;
        server->threads = threads_of(member, all);
        if (!el_server_start(server, err)) {
            return false;
        }
    } else if (server->pid == 0 && server->log_watch.fd < 0) {
        return el_fail(err, EL_ERR_IO, "the llama-server that it shares could not be started");
    }
    return el_child_reach(member, err);
}

/* Errors of one member are its own problem; only memory ends the start. */
static bool settle(struct el_member *member, bool ok, const struct el_error *own,
                   struct el_error *err) {
    if (ok) {
        return true;
    }
    for (size_t i = 0; i < member->n_endpoints; i++) {
        el_probe_stop(&member->endpoints[i]);
        member->endpoints[i].step = EL_PROBE_FAILED;
    }
    member->gone = true;
    el_set_text(member->endpoints[0].problem, sizeof member->endpoints[0].problem, own->message);
    return own->code != EL_ERR_MEMORY || el_fail_memory(err);
}

static bool begin_member(struct el_member *member, double all, struct el_error *err) {
    const struct el_member_config *config = member->config;
    struct el_error own = {0};
    bool ok = true;
    if (config->gguf == NULL && config->n_urls == 0) {
        ok = el_fail(&own, EL_ERR_CONFIG, "it has neither `url` nor `gguf`");
    } else if (config->gguf != NULL) {
        ok = begin_child(member, all, &own);
    }
    for (size_t i = 0; ok && config->gguf == NULL && i < config->n_urls; i++) {
        struct el_endpoint *e = &member->endpoints[i];
        ok = el_http_target_init(&e->target, config, config->urls[i], NULL, &own);
        if (ok) {
            el_probe_begin(e, el_now());
        }
    }
    return settle(member, ok, &own, err);
}

/* All children are planned before the first is started: members of one file share one. */
static bool begin_all(struct el_client *client, struct el_error *err) {
    double all = 0;
    bool ok = true;
    for (size_t m = 0; ok && m < client->n_members; m++) {
        struct el_member *member = &client->members[m];
        struct el_error own = {0};
        if (member->config->gguf != NULL && !member->rests) {
            ok = settle(member, plan_child(member, &own), &own, err);
            all += member->owns_server && !member->gone ? size_of(member) : 0;
        }
    }
    for (size_t m = 0; ok && m < client->n_members; m++) {
        if (!client->members[m].gone && !client->members[m].rests) {
            ok = begin_member(&client->members[m], all, err);
        }
    }
    return ok;
}

/* ---- waiting for all ---- */

static bool undecided(const struct el_member *member) {
    for (size_t i = 0; i < member->n_endpoints; i++) {
        if (member->endpoints[i].step < EL_PROBE_DONE) {
            return true;
        }
    }
    return false;
}

static bool any_undecided(const struct el_client *client) {
    for (size_t m = 0; m < client->n_members; m++) {
        if (undecided(&client->members[m])) {
            return true;
        }
    }
    return false;
}

/* Of a local file: its hash, and with adapters one of theirs as well. "" with an error if a file
 * cannot be read. */
static bool hash_files(const struct el_member *member, char hex[EL_SHA256_HEX],
                       struct el_error *err) {
    const struct el_member_config *config = member->config;
    struct el_store *store = member->client->store;
    struct el_sha256 hash;
    char scale[40], one[EL_SHA256_HEX];
    if (!el_store_file_hash(store, config->gguf, hex, err) || config->n_loras == 0) {
        return hex[0] != '\0';
    }
    el_sha256_start(&hash);
    el_sha256_add(&hash, hex, strlen(hex));
    for (size_t i = 0; i < config->n_loras; i++) {
        if (!el_store_file_hash(store, config->loras[i].path, one, err)) {
            hex[0] = '\0';
            return false;
        }
        el_print(scale, sizeof scale, " %.9g ", config->loras[i].scale);
        el_sha256_add(&hash, scale, strlen(scale));
        el_sha256_add(&hash, one, strlen(one));
    }
    el_sha256_finish(&hash, hex);
    return true;
}

static const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void set_identity(struct el_member *member) {
    struct el_capabilities *caps = &member->caps;
    const struct el_member_config *config = member->config;
    char hex[EL_SHA256_HEX] = "";
    struct el_error err;
    if (config->gguf != NULL) {
        if (!hash_files(member, hex, &err)) {
            el_log(member->client->options.log, EL_WARNING,
                   "member %s: its file cannot be hashed (%s); its replies are neither stored nor "
                   "taken from the store",
                   config->name, err.message);
        }
        size_t len = el_print(caps->model, sizeof caps->model, "%s",
                              config->model != NULL ? config->model : file_name(config->gguf));
        for (size_t i = 0; i < config->n_loras; i++) {
            len += el_print(caps->model + len, sizeof caps->model - len, " + %s",
                            file_name(config->loras[i].path));
        }
    } else {
        hash_model(member, hex);
        caps->parameters = config->parameters > 0 ? config->parameters : caps->parameters;
    }
    el_print(caps->identity, sizeof caps->identity, "%s", hex);
}

/* Replicas that could not be reached take part as soon as they answer; a member needs one. */
static void conclude(struct el_member *member) {
    struct el_client *client = member->client;
    if (member->rests) {
        member->caps.reached = true;
        return;
    }
    for (size_t i = 0; i < member->n_endpoints; i++) {
        struct el_endpoint *e = &member->endpoints[i];
        e->breaker.budget = (unsigned)client->options.retry_budget;
        if (e->step == EL_PROBE_FAILED && !member->caps.reached) {
            el_set_text(member->caps.problem, sizeof member->caps.problem, e->problem);
        } else if (e->step == EL_PROBE_FAILED) {
            el_log(client->options.log, EL_WARNING, "member %s: going on without %s",
                   member->config->name, e->problem);
        }
    }
    if (member->caps.reached) {
        set_identity(member);
    }
}

/* Is this one of those to be named that were not reached for this reason? */
static bool is_for(const struct el_member *member, const char *problem, bool writers) {
    return !(writers && member->config->embedding) && strcmp(member->caps.problem, problem) == 0;
}

/* Does the list of those that were not reached begin a new reason with this member? One reason can
 * hold for many: it is said once, behind all their names. */
static bool is_first(const struct el_client *client, size_t number, bool writers) {
    for (size_t m = 0; m < number; m++) {
        if (is_for(&client->members[m], client->members[number].caps.problem, writers)) {
            return false;
        }
    }
    return true;
}

static bool none_reached(struct el_client *client, struct el_error *err) {
    struct el_buffer text = {.limit = sizeof err->message};
    bool writers = false;
    for (size_t m = 0; m < client->n_members; m++) {
        writers = writers || !client->members[m].config->embedding;
    }
    for (size_t m = 0; m < client->n_members; m++) {
        const struct el_member *member = &client->members[m];
        if (writers && member->config->embedding) {
            continue;
        }
        if (member->caps.reached) {
            el_buffer_free(&text);
            return false;
        }
        if (!is_first(client, m, writers)) {
            continue;
        }
        el_buffer_printf(&text, "%s%s", text.len > 0 ? "; " : "", member->config->name);
        for (size_t other = m + 1; other < client->n_members; other++) {
            const struct el_member *also = &client->members[other];
            if (is_for(also, member->caps.problem, writers)) {
                el_buffer_printf(&text, ", %s", also->config->name);
            }
        }
        el_buffer_printf(&text, ": %s", member->caps.problem);
    }
    el_fail(err, EL_ERR_UNREACHABLE, "no member can be reached: %s",
            text.data != NULL ? text.data : "none is configured");
    el_buffer_free(&text);
    return true;
}

/* ---- start and stop ---- */

static bool make_members(struct el_client *client, const struct el_member_config *configs, size_t n,
                         struct el_error *err) {
    client->members = calloc(n + 1, sizeof *client->members);
    if (client->members == NULL) {
        return el_fail_memory(err);
    }
    client->n_members = n;
    for (size_t m = 0; m < n; m++) {
        struct el_member *member = &client->members[m];
        size_t count = configs[m].gguf != NULL || configs[m].n_urls == 0 ? 1 : configs[m].n_urls;
        member->client = client;
        member->config = &configs[m];
        member->endpoints = calloc(count, sizeof *member->endpoints);
        if (member->endpoints == NULL) {
            return el_fail_memory(err);
        }
        member->rests = client->options.rest && !configs[m].embedding;
        member->n_endpoints = member->rests ? 0 : count;
        for (size_t i = 0; i < count; i++) {
            member->endpoints[i].member = member;
        }
    }
    return true;
}

static void open_store(struct el_client *client) {
    struct el_error err;
    if (client->options.store_path != NULL &&
        !(el_store_open(client->options.store_path, client->options.log, &client->store, &err) &&
          (!client->options.refresh || el_store_refresh(client->store, &err)))) {
        el_log(client->options.log, EL_WARNING, "%s; going on without a reply store", err.message);
    }
}

bool el_client_start(const struct el_member_config *members, size_t n_members,
                     const struct el_client_options *options, struct el_client **out,
                     struct el_error *err) {
    struct el_client *client = calloc(1, sizeof *client);
    *out = NULL;
    if (client == NULL) {
        return el_fail_memory(err);
    }
    client->options = options != NULL ? *options : (struct el_client_options){0};
    if (client->options.retry_budget == 0) {
        client->options.retry_budget = DEFAULT_BUDGET;
    }
    client->ready_last = &client->ready;
    client->jitter = (uint64_t)(el_now() * 1e9) * 2654435761u + (uint64_t)getpid() + 1;
    client->wake.fd = -1;
    bool ok = el_http_new(&client->http, err) && el_client_open_wake(client, err) &&
              make_members(client, members, n_members, err);
    if (ok) {
        open_store(client);
    }
    ok = ok && begin_all(client, err);
    while (ok && any_undecided(client)) {
        el_client_wait(client);
    }
    for (size_t m = 0; ok && m < n_members; m++) {
        conclude(&client->members[m]);
    }
    if (!ok || none_reached(client, err)) {
        el_client_stop(client);
        return false;
    }
    el_http_keep(client->http, 2 * el_client_slots(client) + 8);
    *out = client;
    return true;
}

static void free_jobs(struct el_client *client) {
    el_client_cancel(client);
    for (struct el_job *job = client->ready, *next; job != NULL; job = next) {
        next = job->next;
        el_job_free(job);
    }
}

void el_client_stop(struct el_client *client) {
    if (client == NULL) {
        return;
    }
    free_jobs(client);
    for (size_t m = 0; m < client->n_members; m++) { /* all at once, then wait for each */
        if (client->members[m].owns_server) {
            el_server_ask_to_end(client->members[m].server);
        }
    }
    el_store_close(client->store);
    for (size_t m = 0; m < client->n_members; m++) {
        struct el_member *member = &client->members[m];
        for (size_t i = 0; i < member->n_endpoints; i++) {
            el_probe_stop(&member->endpoints[i]);
            el_http_target_free(&member->endpoints[i].target);
            el_slots_free(&member->endpoints[i].slots);
            el_buffer_free(&member->endpoints[i].probe_body);
            free(member->endpoints[i].probe);
        }
        if (member->owns_server) {
            el_server_end(member->server);
            el_server_free(member->server);
        }
        free(member->endpoints);
        free(member->queue.jobs);
    }
    if (client->wake.fd >= 0) {
        close(client->wake.fd);
    }
    el_http_free(client->http);
    free(client->delayed.jobs);
    free(client->members);
    free(client->program);
    free(client);
}

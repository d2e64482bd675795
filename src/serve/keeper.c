/* The thread that owns the engine: it opens it, moves texts on, and tells how it is. */
#include "base/array.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/sha256.h"
#include "serve/learn.h"
#include "serve/service_private.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void notify(const struct service *service) {
    uint64_t one = 1;
    ssize_t ignored = write(service->news, &one, sizeof one);
    (void)ignored; /* it can only be full, and then it is readable */
}

static void pass_log(void *context, enum el4ner_level level, const char *message) {
    const struct el_log *log = context;
    el_log(log,
           level == EL4NER_WARNING ? EL_WARNING
           : level == EL4NER_INFO  ? EL_INFO
                                   : EL_DEBUG,
           "%s", message);
}

static void add_field(struct el_buffer *out, const char *name, const char *value) {
    if (value != NULL) {
        el_buffer_printf(out, ", \"%s\": ", name);
        el_json_string(out, value, strlen(value));
    }
}

static void list_types(const struct el_config *config, struct el_buffer *out) {
    el_buffer_char(out, '[');
    for (size_t i = 0; i < config->n_types; i++) {
        const struct el_type *type = &config->types[i];
        el_buffer_string(out, i > 0 ? ", {\"name\": " : "{\"name\": ");
        el_json_string(out, type->name, strlen(type->name));
        add_field(out, "wording", type->wording);
        add_field(out, "description", type->description);
        el_buffer_char(out, '}');
    }
    el_buffer_char(out, ']');
}

/* With the mutex held. */
static bool list_members(struct keeper *keeper, el4ner *engine) {
    const struct el4ner_member *member;
    while (el4ner_get_member(engine, keeper->n_members) != NULL) {
        keeper->n_members++;
    }
    keeper->members = calloc(keeper->n_members + 1, sizeof *keeper->members);
    keeper->names = calloc(keeper->n_members + 1, sizeof *keeper->names);
    bool ok = keeper->members != NULL && keeper->names != NULL;
    for (size_t i = 0; ok && i < keeper->n_members; i++) {
        member = el4ner_get_member(engine, i);
        struct member_state *state = &keeper->members[i];
        state->name = strdup(member->name);
        state->model = strdup(member->model != NULL ? member->model : "");
        state->problem = member->problem != NULL ? strdup(member->problem) : NULL;
        keeper->names[i] = state->name;
        ok = state->name != NULL && state->model != NULL;
    }
    return ok;
}

static void note_usage(struct member_state *member, int stage, const struct el4ner_usage *usage,
                       double now) {
    struct el4ner_usage *before = &member->usage[stage];
    uint64_t good = usage->calls - usage->failed - usage->from_store;
    if (usage->failed > before->failed) {
        member->failed_at = now;
    }
    if (good > before->calls - before->failed - before->from_store) {
        member->answered_at = now;
    }
    *before = *usage;
}

static void tell(struct keeper *keeper, el4ner *engine) {
    double now = el_now();
    struct el4ner_usage usage;
    const struct el_counts *counts = el_engine_counts(engine);
    struct el4ner_progress progress = {.size = sizeof progress};
    el4ner_get_progress(engine, &progress);
    pthread_mutex_lock(&keeper->mutex);
    for (size_t i = 0; i < keeper->n_members; i++) {
        for (int stage = 0; stage <= EL4NER_VERIFY; stage++) {
            if (el4ner_get_usage(engine, i, (enum el4ner_stage)stage, &usage)) {
                note_usage(&keeper->members[i], stage, &usage, now);
            }
        }
    }
    memcpy(keeper->abstentions, counts->abstentions.n, sizeof keeper->abstentions);
    keeper->saved_calls = counts->saved_calls;
    keeper->progress = progress;
    pthread_mutex_unlock(&keeper->mutex);
}

static bool is_stopped(struct keeper *keeper) {
    pthread_mutex_lock(&keeper->mutex);
    bool stop = keeper->stop;
    pthread_mutex_unlock(&keeper->mutex);
    return stop;
}

static void move_on(struct keeper *keeper, el4ner *engine) {
    enum { LONG = 60000 }; /* milliseconds; what comes in wakes it */
    struct el4ner_error error = {0};
    el4ner_result *result = el4ner_next(engine, LONG, &error);
    tell(keeper, engine);
    if (result == NULL && error.code != EL4NER_OK) {
        el_log(&keeper->service->options->log, EL_WARNING, "%s", error.message);
    }
    pthread_mutex_lock(&keeper->mutex);
    bool first = result != NULL && keeper->n_results == 0;
    if (result != NULL) {
        /* There is room for all that can be in work. */
        keeper->results[keeper->n_results++] = result;
    }
    pthread_mutex_unlock(&keeper->mutex);
    if (first) {
        notify(keeper->service);
    }
}

/* All that predictions depend on, but for what is learned. */
static bool hash_config(const struct el_config *config, char hex[EL_SHA256_HEX]) {
    struct el_buffer text = {0};
    struct el_sha256 hash;
    bool ok = el_config_print(config, &text);
    el_sha256_start(&hash);
    el_sha256_add(&hash, EL4NER_VERSION, sizeof EL4NER_VERSION);
    el_sha256_add(&hash, ok ? text.data : "", text.len);
    el_sha256_finish(&hash, hex);
    el_buffer_free(&text);
    return ok;
}

static void publish(struct keeper *keeper, el4ner *engine, const struct el_error *err) {
    pthread_mutex_lock(&keeper->mutex);
    bool ok = engine != NULL;
    if (!ok) {
        keeper->error = *err;
    } else {
        keeper->window = el_engine_window(engine);
        list_types(keeper->config, &keeper->types);
        ok = (list_members(keeper, engine) && !keeper->types.failed &&
              hash_config(keeper->config, keeper->config_hash)) ||
             el_fail_memory(&keeper->error);
    }
    keeper->engine = ok ? engine : NULL;
    keeper->state = ok ? KEEPER_READY : KEEPER_FAILED;
    pthread_mutex_unlock(&keeper->mutex);
    notify(keeper->service);
}

/* Texts at the engine at once: the first of each request, and what keeps the window full. */
static size_t most_texts(const struct service *service) {
    return service->options->max_requests + 4096;
}

static void *keep(void *context) {
    struct keeper *keeper = context;
    struct service *service = keeper->service;
    const struct el_service_options *given = service->options;
    struct el_log log = given->log;
    struct el4ner_options options = {.size = sizeof options,
                                     .store = given->store,
                                     .log = pass_log,
                                     .log_context = &log,
                                     .order = EL4NER_AS_READY,
                                     .most_texts = most_texts(service)};
    struct el_error err = {0};
    struct learner *learner = keeper == service->keepers ? service->learner : NULL;
    el4ner *engine = el_engine_open(keeper->config, &options, given->refresh, &err);
    if (engine != NULL && learner != NULL && !learner_begin(learner, engine, &err)) {
        el4ner_close(engine);
        engine = NULL;
    }
    publish(keeper, engine, &err);
    while (engine != NULL && !is_stopped(keeper)) {
        if (learner != NULL) {
            learner_apply(learner);
        }
        move_on(keeper, engine);
    }
    if (learner != NULL) {
        learner_end(learner);
    }
    pthread_mutex_lock(&keeper->mutex);
    keeper->engine = NULL;
    pthread_mutex_unlock(&keeper->mutex);
    el4ner_close(engine);
    return NULL;
}

bool keeper_start(struct keeper *keeper, struct el_error *err) {
    if (!EL_GROW(keeper->results, keeper->room, most_texts(keeper->service) + 1)) {
        return el_fail_memory(err);
    }
    keeper->started = pthread_create(&keeper->thread, NULL, keep, keeper) == 0;
    return keeper->started || el_fail(err, EL_ERR_MEMORY, "cannot start the engine's thread");
}

void keeper_stop(struct keeper *keeper) {
    if (keeper->started) {
        pthread_mutex_lock(&keeper->mutex);
        keeper->stop = true;
        if (keeper->engine != NULL) {
            el4ner_wake(keeper->engine);
        }
        pthread_mutex_unlock(&keeper->mutex);
        pthread_join(keeper->thread, NULL);
    } else {
        el_config_free(keeper->config);
    }
    pthread_mutex_destroy(&keeper->mutex);
    for (size_t i = 0; i < keeper->n_results; i++) {
        el4ner_result_free(keeper->results[i]);
    }
    for (size_t i = 0; keeper->members != NULL && i < keeper->n_members; i++) {
        free(keeper->members[i].name);
        free(keeper->members[i].model);
        free(keeper->members[i].problem);
    }
    free(keeper->results);
    free(keeper->members);
    free(keeper->names);
    el_buffer_free(&keeper->types);
}

el4ner_result **keeper_take(struct keeper *keeper, size_t *n) {
    pthread_mutex_lock(&keeper->mutex);
    size_t count = keeper->n_results;
    el4ner_result **taken = count > 0 ? malloc(count * sizeof *taken) : NULL;
    *n = 0;
    if (taken != NULL) {
        memcpy(taken, keeper->results, count * sizeof *taken);
        keeper->n_results = 0;
        *n = count;
    }
    pthread_mutex_unlock(&keeper->mutex);
    return taken;
}

/* Pages that tell of the service itself. */
#include "base/clock.h"
#include "base/json.h"
#include "serve/learn.h"
#include "serve/service_private.h"

#include <string.h>

/* serve_assets.S */
extern const char el_serve_openapi[], el_serve_openapi_end[], el_serve_page[], el_serve_page_end[];

static void tell(struct call *call, unsigned status, const char *type) {
    call->status = call->out.failed ? 503 : status;
    call->type = type;
    call->complete = true;
}

/* Its last calls failed, and that was not long ago. */
static bool is_silent(const struct member_state *member, double now) {
    enum { SECONDS = 10 };
    return member->failed_at > member->answered_at && now - member->failed_at < SECONDS;
}

void about_health(struct call *call) {
    struct service *service = call->service;
    double now = el_now();
    size_t n = 0, answering = 0, silent = 0, loaded = 0;
    for (size_t k = 0; k < service->n_keepers; k++) {
        struct keeper *keeper = &service->keepers[k];
        size_t before = answering;
        pthread_mutex_lock(&keeper->mutex);
        bool there = keeper->state == KEEPER_READY;
        for (size_t i = 0; there && i < keeper->n_members; i++) {
            const struct member_state *member = &keeper->members[i];
            answering += member->problem == NULL && !is_silent(member, now);
            n++;
        }
        pthread_mutex_unlock(&keeper->mutex);
        loaded += there;
        silent += answering == before;
    }
    bool all = loaded == service->n_keepers, ready = all && silent == 0 && !service->finishing;
    const char *status = !all                 ? "starting"
                         : service->finishing ? "finishing"
                         : !ready             ? "no member answers"
                         : answering < n      ? "degraded"
                                              : "ready";
    el_buffer_printf(&call->out,
                     "{\"status\": \"%s\", \"members\": %zu, \"answering\": %zu, \"version\": "
                     "\"%s\"}\n",
                     status, n, answering, el4ner_version());
    tell(call, ready ? 200 : 503, "application/json");
    call->retry_after = ready ? 0 : 5;
}

static void add_usage(struct el_buffer *out, const struct el4ner_usage *usage) {
    el_buffer_printf(out,
                     "{\"calls\": %llu, \"from_store\": %llu, \"failed\": %llu, "
                     "\"prompt_tokens\": %llu, \"answer_tokens\": %llu, \"seconds\": ",
                     (unsigned long long)usage->calls, (unsigned long long)usage->from_store,
                     (unsigned long long)usage->failed, (unsigned long long)usage->prompt_tokens,
                     (unsigned long long)usage->answer_tokens);
    el_json_real(out, (double)(uint64_t)(usage->seconds * 1000) / 1000);
    el_buffer_char(out, '}');
}

static void add_string(struct el_buffer *out, const char *before, const char *text) {
    el_buffer_string(out, before);
    el_json_string(out, text, strlen(text));
}

void about_members(struct call *call) {
    const char *asked =
        MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, "ensemble");
    struct service *service = call->service;
    struct el_buffer *out = &call->out;
    double now = el_now();
    if (asked != NULL && !ask_ensemble(call, asked)) {
        return;
    }
    struct keeper *keeper = call->keeper;
    pthread_mutex_lock(&keeper->mutex);
    bool loaded = keeper->state == KEEPER_READY;
    el_buffer_string(out, "{\"members\": [");
    for (size_t i = 0; loaded && i < keeper->n_members; i++) {
        const struct member_state *member = &keeper->members[i];
        add_string(out, i > 0 ? ",\n{\"name\": " : "{\"name\": ", member->name);
        add_string(out, ", \"model\": ", member->model);
        if (member->problem != NULL) {
            add_string(out, ", \"problem\": ", member->problem);
        }
        el_buffer_printf(out, ", \"answers\": %s, \"usage\": {",
                         member->problem == NULL && !is_silent(member, now) ? "true" : "false");
        for (int stage = EL4NER_EXTRACT; stage <= EL4NER_VERIFY; stage++) {
            add_string(out, stage > EL4NER_EXTRACT ? ", " : "",
                       el_stage_name((enum el_stage)stage));
            el_buffer_string(out, ": ");
            add_usage(out, &member->usage[stage]);
        }
        el_buffer_string(out, "}}");
    }
    el_buffer_printf(out, "], \"types\": %s", loaded ? keeper->types.data : "[]");
    pthread_mutex_unlock(&keeper->mutex);
    add_string(out, ", \"ensemble\": ", keeper->name);
    for (size_t k = 0; k < service->n_keepers; k++) {
        add_string(out, k > 0 ? ", " : ", \"ensembles\": [", service->keepers[k].name);
    }
    el_buffer_printf(out, "], \"version\": \"%s\"}\n", el4ner_version());
    if (loaded) {
        tell(call, 200, "application/json");
    } else {
        answer_error(call, 503, NULL, "the models are being loaded");
        call->retry_after = 5;
    }
}

/* ---- metrics ---- */

static const double bounds[SECONDS_BUCKETS] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                               1,     2.5,  5,     10,   30,  60,   300};

struct tally *tally_of(struct service *service, const char *path) {
    for (size_t i = 0; i + 1 < TALLIES; i++) {
        struct tally *tally = &service->tallies[i];
        if (tally->path == NULL || strcmp(tally->path, path) == 0) {
            tally->path = path;
            return tally;
        }
    }
    return &service->tallies[TALLIES - 1];
}

void tally_add(struct tally *tally, unsigned status, double seconds) {
    size_t bucket = 0;
    while (bucket < SECONDS_BUCKETS && seconds > bounds[bucket]) {
        bucket++;
    }
    tally->buckets[bucket]++;
    tally->by_status[status / 100 < STATUSES ? status / 100 : 0]++;
    tally->seconds += seconds;
    tally->n++;
}

static void name(struct el_buffer *out, const char *metric, const char *kind, const char *help) {
    el_buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, kind);
}

/* A label's value: backslash, quote and line feed are escaped as in JSON. */
static void label(struct el_buffer *out, const char *before, const char *value) {
    el_buffer_string(out, before);
    for (const char *at = value; *at != '\0'; at++) {
        if (*at == '\n') {
            el_buffer_string(out, "\\n");
        } else {
            el_buffer_string(out, *at == '"' || *at == '\\' ? "\\" : "");
            el_buffer_char(out, *at);
        }
    }
    el_buffer_char(out, '"');
}

static void add_tallies(struct el_buffer *out, const struct service *service) {
    name(out, "el4ner_requests_total", "counter", "Requests that were answered.");
    for (size_t i = 0; i < TALLIES && service->tallies[i].path != NULL; i++) {
        for (int status = 1; status < STATUSES; status++) {
            if (service->tallies[i].by_status[status] > 0) {
                el_buffer_printf(out, "el4ner_requests_total{path=\"%s\",status=\"%dxx\"} %llu\n",
                                 service->tallies[i].path, status,
                                 (unsigned long long)service->tallies[i].by_status[status]);
            }
        }
    }
    name(out, "el4ner_request_seconds", "histogram", "From the headers to the end of the answer.");
    for (size_t i = 0; i < TALLIES && service->tallies[i].path != NULL; i++) {
        const struct tally *tally = &service->tallies[i];
        uint64_t sum = 0;
        for (size_t b = 0; b <= SECONDS_BUCKETS; b++) {
            sum += tally->buckets[b];
            el_buffer_printf(out, "el4ner_request_seconds_bucket{path=\"%s\",le=\"", tally->path);
            if (b < SECONDS_BUCKETS) {
                el_json_real(out, bounds[b]);
            } else {
                el_buffer_string(out, "+Inf");
            }
            el_buffer_printf(out, "\"} %llu\n", (unsigned long long)sum);
        }
        el_buffer_printf(out, "el4ner_request_seconds_sum{path=\"%s\"} ", tally->path);
        el_json_real(out, tally->seconds);
        el_buffer_printf(out, "\nel4ner_request_seconds_count{path=\"%s\"} %llu\n", tally->path,
                         (unsigned long long)tally->n);
    }
}

static void add_single(struct el_buffer *out, const char *metric, const char *kind,
                       const char *help, uint64_t value) {
    name(out, metric, kind, help);
    el_buffer_printf(out, "%s %llu\n", metric, (unsigned long long)value);
}

/* The beginning of a sample of a member; the ensemble is named where there are several. */
static void name_member(struct el_buffer *out, const char *metric, const struct keeper *keeper,
                        size_t member) {
    el_buffer_printf(out, "%s{", metric);
    if (keeper->service->n_keepers > 1) {
        label(out, "ensemble=\"", keeper->name);
        el_buffer_char(out, ',');
    }
    label(out, "member=\"", keeper->members[member].name);
}

static void add_usage_of(struct el_buffer *out, struct keeper *keeper, const char *metric,
                         size_t offset) {
    pthread_mutex_lock(&keeper->mutex);
    for (size_t i = 0; i < keeper->n_members; i++) {
        for (int stage = EL4NER_EXTRACT; stage <= EL4NER_VERIFY; stage++) {
            const char *usage = (const char *)&keeper->members[i].usage[stage];
            uint64_t value;
            memcpy(&value, usage + offset, sizeof value);
            name_member(out, metric, keeper, i);
            el_buffer_printf(out, ",stage=\"%s\"} %llu\n", el_stage_name((enum el_stage)stage),
                             (unsigned long long)value);
        }
    }
    pthread_mutex_unlock(&keeper->mutex);
}

static void add_abstentions_of(struct el_buffer *out, struct keeper *keeper, const char *metric) {
    pthread_mutex_lock(&keeper->mutex);
    for (size_t i = 0; i < keeper->n_members && i < EL_MAX_MEMBERS; i++) {
        for (int stage = EL4NER_EXTRACT; stage <= EL4NER_VERIFY; stage++) {
            for (int cause = 0; cause < EL_CAUSES; cause++) {
                uint64_t n = keeper->abstentions[i][stage][cause];
                if (n > 0) {
                    name_member(out, metric, keeper, i);
                    el_buffer_printf(out, ",stage=\"%s\",cause=\"%s\"} %llu\n",
                                     el_stage_name((enum el_stage)stage),
                                     el_cause_name((enum el_cause)cause), (unsigned long long)n);
                }
            }
        }
    }
    pthread_mutex_unlock(&keeper->mutex);
}

static void add_engines(struct el_buffer *out, struct service *service) {
    static const struct {
        const char *metric, *help;
        size_t offset;
    } usage[] = {
        {"el4ner_calls_total", "Calls to members.", offsetof(struct el4ner_usage, calls)},
        {"el4ner_calls_from_store_total", "Calls that the store answered.",
         offsetof(struct el4ner_usage, from_store)},
        {"el4ner_calls_failed_total", "Calls without an answer, after all tries.",
         offsetof(struct el4ner_usage, failed)},
        {"el4ner_prompt_tokens_total", "Tokens of prompts.",
         offsetof(struct el4ner_usage, prompt_tokens)},
        {"el4ner_answer_tokens_total", "Tokens of answers.",
         offsetof(struct el4ner_usage, answer_tokens)},
    };
    const char *abstentions = "el4ner_abstentions_total";
    struct el4ner_progress sum = {0};
    uint64_t saved = 0;
    for (size_t i = 0; i < sizeof usage / sizeof *usage; i++) {
        name(out, usage[i].metric, "counter", usage[i].help);
        for (size_t k = 0; k < service->n_keepers; k++) {
            add_usage_of(out, &service->keepers[k], usage[i].metric, usage[i].offset);
        }
    }
    name(out, abstentions, "counter", "Calls that brought no usable answer, by cause.");
    for (size_t k = 0; k < service->n_keepers; k++) {
        struct keeper *keeper = &service->keepers[k];
        add_abstentions_of(out, keeper, abstentions);
        pthread_mutex_lock(&keeper->mutex);
        saved += keeper->saved_calls;
        sum.sentences += keeper->progress.sentences;
        sum.sentences_due += keeper->progress.sentences_due;
        sum.calls_in_flight += keeper->progress.calls_in_flight;
        pthread_mutex_unlock(&keeper->mutex);
    }
    add_single(out, "el4ner_saved_calls_total", "counter",
               "Calls that lazy votes and agreement saved.", saved);
    add_single(out, "el4ner_sentences_total", "counter", "Sentences that are finished.",
               sum.sentences);
    add_single(out, "el4ner_sentences_due", "gauge", "Sentences in work or waiting.",
               sum.sentences_due);
    add_single(out, "el4ner_calls_in_flight", "gauge", "Calls that members are working on.",
               sum.calls_in_flight);
}

void about_metrics(struct call *call) {
    struct service *service = call->service;
    struct el_buffer *out = &call->out;
    add_tallies(out, service);
    add_single(out, "el4ner_requests_in_work", "gauge", "Requests whose texts are in work.",
               service->in_work);
    add_single(out, "el4ner_clients_gone_total", "counter",
               "Requests whose client went away before the end of the answer.", service->gone);
    add_single(out, "el4ner_texts_total", "counter", "Texts that were answered.", service->texts);
    add_single(out, "el4ner_entities_total", "counter", "Entities that were found.",
               service->entities);
    if (service->learner != NULL) {
        size_t learned, used;
        learner_counts(service->learner, &learned, &used);
        add_single(out, "el4ner_learned_sentences", "gauge", "Sentences that people have labelled.",
                   learned);
        add_single(out, "el4ner_learned_sentences_used", "gauge",
                   "Those of them that demonstrations are taken from.", used);
    }
    add_engines(out, service);
    tell(call, 200, "text/plain; version=0.0.4; charset=utf-8");
}

/* ---- what is embedded ---- */

void about_openapi(struct call *call) {
    el_buffer_append(&call->out, el_serve_openapi,
                     (size_t)(el_serve_openapi_end - el_serve_openapi));
    tell(call, 200, "application/json");
}

void about_page(struct call *call) {
    el_buffer_append(&call->out, el_serve_page, (size_t)(el_serve_page_end - el_serve_page));
    tell(call, 200, "text/html; charset=utf-8");
}

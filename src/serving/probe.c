/* What is behind a URL? Each endpoint is asked a few short questions; each answer decides the
 * next:
 *
 *   child:  /health until loaded > /props
 *   auto:   /props > llama-server: /tokenize > done
 *                  > else /api/version > Ollama: /api/show > done
 *                                      > else /v1/models > a short call > done
 *
 * An API that is configured skips the questions about the others. An embedding member is asked for
 * one vector in the end, whatever it is served by. */
#include "serving/embeddings.h"
#include "serving/inside.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double PROBE_SECONDS = 20, LOAD_SECONDS = 600, REPROBE_SECONDS = 30;
enum { CONNECT_TRIES = 3 };

static void ask(struct el_endpoint *e);

static void fail(struct el_endpoint *e, const char *what) {
    snprintf(e->problem, sizeof e->problem, "%s: %s",
             e->member->server != NULL ? e->member->config->gguf : e->target.shown, what);
    el_http_redact(&e->target, e->problem);
    e->step = EL_PROBE_FAILED;
    e->probe_at = el_now() + REPROBE_SECONDS;
}

static struct el_capabilities *caps_of(struct el_endpoint *e) {
    return &e->member->caps;
}

static void copy_text(char *into, size_t room, const char *text) {
    el_set_text(into, room, text != NULL ? text : "");
}

static size_t size_of(json_t *value, size_t most) {
    double n = json_is_number(value) ? json_number_value(value) : 0;
    return n >= 1 && n <= (double)most ? (size_t)n : 0;
}

static void next(struct el_endpoint *e, enum el_probe_step step) {
    e->step = step;
    e->probe_tries = 0;
    ask(e);
}

static void done(struct el_endpoint *e) {
    struct el_member *member = e->member;
    struct el_capabilities *caps = &member->caps;
    if (member->config->embedding && e->step != EL_PROBE_TRY) {
        next(e, EL_PROBE_TRY);
        return;
    }
    if (!caps->reached) {
        caps->reached = true;
        caps->problem[0] = '\0';
        if (caps->slots == 0) {
            caps->slots = member->config->slots;
        }
        if (member->config->context != 0) {
            caps->context = member->config->context;
        }
    }
    el_limit_init(&e->limit, member->config->slots != 0 ? member->config->slots : caps->slots);
    e->step = EL_PROBE_DONE;
}

static void later(struct el_endpoint *e, double seconds) {
    e->probe_at = el_now() + seconds;
}

/* ---- answers ---- */

static void after_props(struct el_endpoint *e, json_t *props) {
    struct el_capabilities *caps = caps_of(e);
    json_t *settings = json_object_get(props, "default_generation_settings");
    size_t slots = size_of(json_object_get(props, "total_slots"), 1 << 16);
    if (!caps->reached) {
        const struct el_member_config *config = e->member->config;
        const char *build = json_string_value(json_object_get(props, "build_info"));
        const char *model = json_string_value(json_object_get(props, "model_alias"));
        model = model != NULL ? model : json_string_value(json_object_get(props, "model_path"));
        caps->api = config->api == EL_API_AUTO ? EL_API_LLAMA : config->api;
        snprintf(caps->server, sizeof caps->server, "llama.cpp %s", build != NULL ? build : "");
        copy_text(caps->model, sizeof caps->model, config->model != NULL ? config->model : model);
        caps->context = size_of(json_object_get(settings, "n_ctx"), 1 << 30);
        caps->slots = slots;
        caps->chat_template = json_string_length(json_object_get(props, "chat_template")) > 0;
        caps->json_schema = caps->grammar = caps->logprobs = caps->prefix_cache = true;
    }
    if (e->member->server != NULL || caps->reached || e->member->config->embedding) {
        done(e);
    } else {
        next(e, EL_PROBE_TOKENIZE);
    }
}

static void after_tokenize(struct el_endpoint *e, json_t *root) {
    size_t n = json_array_size(json_object_get(root, "tokens"));
    /* Two: SentencePiece may put a blank before it. As plain text it is five tokens or more. */
    caps_of(e)->compact = n == 1 || n == 2;
    done(e);
}

static void after_show(struct el_endpoint *e, json_t *root) {
    struct el_capabilities *caps = caps_of(e);
    json_t *info = json_object_get(root, "model_info"), *value;
    json_t *own = json_object_get(e->member->config->extra_body, "options");
    size_t most = 0;
    const char *key;
    json_object_foreach(info, key, value) {
        const char *dot = strrchr(key, '.');
        if (dot != NULL && strcmp(dot, ".context_length") == 0 && most == 0) {
            most = size_of(value, 1 << 30);
        } else if (strcmp(key, "general.parameter_count") == 0) {
            caps->parameters = json_number_value(value) / 1e9;
        }
    }
    if (caps->context == 0) {
        /* A full window would be reserved on the server's GPU, slot by slot. */
        caps->context = most > 8192 ? 8192 : most;
        size_t told = size_of(json_object_get(own, "num_ctx"), 1 << 30);
        caps->context = told > 0 ? told : caps->context;
    }
    done(e);
    if (most > 0 && caps->context > most) { /* more than the model has is not given, silently */
        caps->context = most;
    }
}

static void know_owner(struct el_capabilities *caps, const char *owner) {
    bool vllm = strcmp(owner, "vllm") == 0, sglang = strcmp(owner, "sglang") == 0;
    bool llama = strcmp(owner, "llamacpp") == 0;
    caps->choice = caps->choice || vllm;
    caps->prefix_cache = caps->prefix_cache || vllm || sglang || llama;
    caps->grammar = caps->grammar || llama;
    copy_text(caps->server, sizeof caps->server, llama ? "llama.cpp" : vllm || sglang ? owner : "");
}

static void after_models(struct el_endpoint *e, json_t *root) {
    struct el_capabilities *caps = caps_of(e);
    const char *wanted = e->member->config->model;
    json_t *list = json_object_get(root, "data"), *model = NULL, *each;
    size_t i;
    json_array_foreach(list, i, each) {
        const char *id = json_string_value(json_object_get(each, "id"));
        if (id != NULL && (wanted == NULL || strcmp(id, wanted) == 0)) {
            model = each;
            break;
        }
    }
    const char *id = json_string_value(json_object_get(model, "id"));
    if (wanted == NULL && id == NULL) {
        fail(e, "the server names no model; set `model:` for this member");
        return;
    }
    if (caps->reached) {
        done(e);
        return;
    }
    /* A model that is not listed may still be served (aliases, gateways): the try will tell. */
    copy_text(caps->model, sizeof caps->model, wanted != NULL ? wanted : id);
    model = model != NULL ? model : json_array_get(list, 0);
    const char *owner = json_string_value(json_object_get(model, "owned_by"));
    know_owner(caps, owner != NULL ? owner : "");
    caps->context = size_of(json_object_get(model, "max_model_len"), 1 << 30);
    json_t *meta = json_object_get(model, "meta");
    if (caps->context == 0) {
        caps->context = size_of(json_object_get(meta, "n_ctx"), 1 << 30);
    }
    caps->parameters = json_number_value(json_object_get(meta, "n_params")) / 1e9;
    caps->api = e->member->config->api == EL_API_COMPLETIONS ? EL_API_COMPLETIONS : EL_API_CHAT;
    caps->chat_template = caps->api == EL_API_CHAT;
    next(e, EL_PROBE_TRY);
}

/* All replicas must agree on the length of a vector. */
static void after_embedding(struct el_endpoint *e, json_t *root) {
    struct el_capabilities *caps = caps_of(e);
    char why[200], *text = NULL;
    size_t text_len, dimensions = 0;
    if (!el_embeddings_read(root, 1, &text, &text_len, why, sizeof why)) {
        fail(e, why);
        return;
    }
    free(el_embeddings_decode(text, text_len, 1, &dimensions));
    free(text);
    if (caps->reached && dimensions != caps->dimensions) {
        fail(e, "its vectors are of another length than those of the member's other servers");
        return;
    }
    caps->dimensions = dimensions;
    done(e);
}

/* One short call with all optional fields; if it is refused, one without them. */
static void after_try(struct el_endpoint *e, json_t *root) {
    struct el_capabilities *caps = caps_of(e);
    if (e->member->config->embedding) {
        after_embedding(e, root);
        return;
    }
    json_t *choice = json_array_get(json_object_get(root, "choices"), 0);
    if (choice == NULL) {
        fail(e, "the reply to a short call is no answer; is this an OpenAI-style server?");
        return;
    }
    if (!e->plain_try) {
        caps->json_schema = caps->api == EL_API_CHAT;
        caps->logprobs = json_is_object(json_object_get(choice, "logprobs"));
    }
    done(e);
}

/* ---- refusals ---- */

static void refused(struct el_endpoint *e, long status, const struct el_buffer *body) {
    char said[256], text[400];
    bool context;
    enum el_api api = e->member->config->api;
    switch (e->step) {
    case EL_PROBE_PROPS:
        if (api == EL_API_AUTO && e->member->server == NULL) {
            next(e, EL_PROBE_VERSION);
            return;
        }
        break;
    case EL_PROBE_TOKENIZE:
        done(e);
        return;
    case EL_PROBE_VERSION:
        if (api == EL_API_AUTO) {
            next(e, EL_PROBE_MODELS);
            return;
        }
        break;
    case EL_PROBE_MODELS:
        if (status != 401 && status != 403 && e->member->config->model != NULL) {
            after_models(e, NULL); /* gateways without this route */
            return;
        }
        break;
    case EL_PROBE_TRY:
        if (e->member->config->embedding) {
            break;
        }
        if (!e->plain_try && status != 401 && status != 403) {
            e->plain_try = true;
            next(e, EL_PROBE_TRY);
            return;
        }
        if (e->plain_try && status == 404 && api == EL_API_AUTO && caps_of(e)->api == EL_API_CHAT) {
            caps_of(e)->api = EL_API_COMPLETIONS;
            caps_of(e)->chat_template = false;
            next(e, EL_PROBE_TRY);
            return;
        }
        break;
    default:
        break;
    }
    el_api_read_error(body->data, body->len, said, sizeof said, &context);
    const char *hint = "";
    if (status == 401 || status == 403) {
        hint = "; check api_key_env or api_key_file";
    } else if (status >= 300 && status < 400) {
        hint = "; redirects are not followed, name the final address";
    } else if (e->step == EL_PROBE_TRY && e->member->config->embedding) {
        hint = " (it must serve /v1/embeddings; llama-server does so with --embedding)";
    }
    snprintf(text, sizeof text, "HTTP %ld%s%s%s", status, said[0] != '\0' ? ": " : "", said, hint);
    fail(e, text);
}

static void understood(struct el_endpoint *e, json_t *root, const struct el_buffer *body) {
    switch (e->step) {
    case EL_PROBE_HEALTH:
        next(e, EL_PROBE_PROPS);
        return;
    case EL_PROBE_PROPS:
        if (json_object_get(root, "default_generation_settings") != NULL) {
            after_props(e, root);
            return;
        }
        break;
    case EL_PROBE_TOKENIZE:
        after_tokenize(e, root);
        return;
    case EL_PROBE_VERSION:
        if (json_is_string(json_object_get(root, "version"))) {
            struct el_capabilities *caps = caps_of(e);
            const char *version = json_string_value(json_object_get(root, "version"));
            int minor = 0, patch = 0;
            bool known = sscanf(version, "0.%d.%d", &minor, &patch) == 2;
            if (caps->reached) {
                done(e);
                return;
            }
            snprintf(caps->server, sizeof caps->server, "Ollama %s", version);
            caps->api = EL_API_OLLAMA;
            caps->json_schema = !known || minor >= 5;
            caps->logprobs = !known || minor > 12 || (minor == 12 && patch >= 11);
            caps->prefix_cache = caps->chat_template = true;
            if (e->member->config->model == NULL) {
                fail(e, "Ollama serves many models; set `model:` for this member");
                return;
            }
            copy_text(caps->model, sizeof caps->model, e->member->config->model);
            next(e, EL_PROBE_SHOW);
            return;
        }
        break;
    case EL_PROBE_SHOW:
        after_show(e, root);
        return;
    case EL_PROBE_MODELS:
        if (json_is_array(json_object_get(root, "data"))) {
            after_models(e, root);
            return;
        }
        break;
    case EL_PROBE_TRY:
        after_try(e, root);
        return;
    default:
        break;
    }
    refused(e, 200, body);
}

static void answered(struct el_http *http, struct el_http_transfer *t) {
    struct el_endpoint *e = t->user;
    (void)http;
    e->probe = NULL;
    bool loading = t->failure == EL_ANSWERED && t->status == 503;
    if (loading || (t->failure == EL_FAILED_CONNECT && e->member->server != NULL)) {
        later(e, e->member->server != NULL ? 0.02 : 1);
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
        refused(e, t->status, &t->body);
    } else {
        json_t *root = json_loadb(t->body.data != NULL ? t->body.data : "", t->body.len, 0, NULL);
        understood(e, root, &t->body);
        json_decref(root);
    }
}

/* ---- questions ---- */

static const char *embedding_body(struct el_endpoint *e) {
    static const char *const inputs[] = {"a name"};
    struct el_call call = {.inputs = inputs, .n_inputs = 1};
    el_api_write(e->member->config, caps_of(e), &call, false, &e->probe_body);
    return el_api_path(EL_API_EMBEDDINGS);
}

static const char *try_body(struct el_endpoint *e) {
    struct el_call call = {.prompt = "Answer with the word yes.", .max_tokens = 4};
    static const char *const choices[] = {"yes", "no"}, *const spans[] = {"answer"};
    struct el_capabilities caps = *caps_of(e);
    call.constraint = (struct el_constraint){
        .kind = EL_LIST_OF_TYPES, .choices = choices, .n_choices = 2, .spans = spans, .n_items = 1};
    caps.json_schema = caps.logprobs = !e->plain_try;
    caps.grammar = caps.choice = false;
    call.want_yes_probability = !e->plain_try;
    el_buffer_clear(&e->probe_body);
    el_api_write(e->member->config, &caps, &call, !e->plain_try, &e->probe_body);
    return el_api_path(caps.api);
}

static const char *path_and_body(struct el_endpoint *e) {
    el_buffer_clear(&e->probe_body);
    switch (e->step) {
    case EL_PROBE_HEALTH:
        return "/health";
    case EL_PROBE_TOKENIZE:
        el_buffer_string(&e->probe_body, "{\"content\":\"<|extract|>\",\"parse_special\":true}");
        return "/tokenize";
    case EL_PROBE_VERSION:
        return "/api/version";
    case EL_PROBE_SHOW: {
        json_t *body = json_pack("{s:s}", "model", caps_of(e)->model);
        char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
        el_buffer_string(&e->probe_body, text != NULL ? text : "{}");
        free(text);
        json_decref(body);
        return "/api/show";
    }
    case EL_PROBE_MODELS:
        return "/v1/models";
    case EL_PROBE_TRY:
        return e->member->config->embedding ? embedding_body(e) : try_body(e);
    default:
        return "/props";
    }
}

static void ask(struct el_endpoint *e) {
    const char *path = path_and_body(e);
    bool post = e->probe_body.len > 0;
    double timeout = e->step == EL_PROBE_TRY ? 0 : PROBE_SECONDS;
    e->probe = e->probe_body.failed
                   ? NULL
                   : el_http_send(e->member->client->http, &e->target, path,
                                  post ? &e->probe_body : NULL, timeout, answered, e);
    if (e->probe == NULL) {
        fail(e, "out of memory");
    }
}

void el_probe_begin(struct el_endpoint *e, enum el_probe_step step, double now) {
    double patience = e->member->config->first_byte_timeout;
    e->step = step;
    e->probe_tries = 0;
    e->plain_try = false;
    e->probe_until = now + (patience > 0 ? patience : LOAD_SECONDS);
    e->probe_at = now;
    ask(e);
}

double el_probe_move(struct el_endpoint *e, double now) {
    if (e->step >= EL_PROBE_DONE || e->probe != NULL) {
        return 0;
    }
    if (now >= e->probe_at) {
        ask(e);
        return 0;
    }
    return e->probe_at;
}

void el_probe_stop(struct el_endpoint *e) {
    if (e->probe != NULL) {
        el_http_cancel(e->member->client->http, e->probe);
        e->probe = NULL;
    }
}

#include "base/json.h"
#include "serving/api.h"

#include "base/text.h"
#include "serving/embeddings.h"
#include "serving/grammar.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEFAULT_MAX_TOKENS = 512, TOP_LOGPROBS = 10, OLLAMA_TOP_LOGPROBS = 10 };

enum el_api el_api_for(const struct el_capabilities *caps, const struct el_call *call) {
    if (call->inputs != NULL) {
        return EL_API_EMBEDDINGS;
    }
    return caps->api == EL_API_LLAMA && call->prompt == NULL ? EL_API_CHAT : caps->api;
}

const char *el_api_path(enum el_api api) {
    switch (api) {
    case EL_API_LLAMA:
        return "/completion";
    case EL_API_COMPLETIONS:
        return "/v1/completions";
    case EL_API_OLLAMA:
        return "/api/chat";
    case EL_API_EMBEDDINGS:
        return "/v1/embeddings";
    case EL_API_AUTO:
    case EL_API_CHAT:
        break;
    }
    return "/v1/chat/completions";
}

const char *el_api_name(enum el_api api) {
    static const char *const names[] = {"auto",        "llama",  "chat",
                                        "completions", "ollama", "embeddings"};
    return (size_t)api < sizeof names / sizeof *names ? names[api] : "auto";
}

/* ---- requests ---- */

struct writer {
    struct el_buffer *body;
    json_t *extra; /* of the member: these fields win; null removes a field */
    bool comma;
};

/* Begin a field, unless the member's extra_body decides it. */
static bool field(struct writer *w, const char *name) {
    if (w->extra != NULL && json_object_get(w->extra, name) != NULL) {
        return false;
    }
    el_buffer_string(w->body, w->comma ? ",\"" : "\"");
    el_buffer_string(w->body, name);
    el_buffer_string(w->body, "\":");
    w->comma = true;
    return true;
}

static void string_field(struct writer *w, const char *name, const char *value) {
    if (field(w, name)) {
        el_json_string(w->body, value, strlen(value));
    }
}

static void number_field(struct writer *w, const char *name, double value) {
    if (field(w, name)) {
        el_buffer_printf(w->body, "%.9g", value);
    }
}

static void integer_field(struct writer *w, const char *name, long value) {
    if (field(w, name)) {
        el_buffer_printf(w->body, "%ld", value);
    }
}

static void literal_field(struct writer *w, const char *name, const char *json) {
    if (field(w, name)) {
        el_buffer_string(w->body, json);
    }
}

static void stop_field(struct writer *w, const struct el_call *call) {
    if (call->n_stop == 0 || !field(w, "stop")) {
        return;
    }
    for (size_t i = 0; i < call->n_stop; i++) {
        el_buffer_char(w->body, i == 0 ? '[' : ',');
        el_json_string(w->body, call->stop[i], strlen(call->stop[i]));
    }
    el_buffer_char(w->body, ']');
}

static void message(struct el_buffer *body, const char *role, const char *content) {
    el_buffer_string(body, "{\"role\":");
    el_json_string(body, role, strlen(role));
    el_buffer_string(body, ",\"content\":");
    el_json_string(body, content, strlen(content));
    el_buffer_char(body, '}');
}

static void messages_field(struct writer *w, const struct el_call *call) {
    if (!field(w, "messages")) {
        return;
    }
    el_buffer_char(w->body, '[');
    if (call->prompt != NULL) {
        message(w->body, "user", call->prompt);
    }
    for (size_t i = 0; call->prompt == NULL && i < call->n_messages; i++) {
        el_buffer_string(w->body, i > 0 ? "," : "");
        message(w->body, call->messages[i].role, call->messages[i].content);
    }
    el_buffer_char(w->body, ']');
}

static void prompt_field(struct writer *w, const struct el_call *call) {
    struct el_buffer joined = {0};
    const char *prompt = call->prompt;
    if (prompt == NULL) { /* messages to an API that has none: their texts, a blank line between */
        for (size_t i = 0; i < call->n_messages; i++) {
            el_buffer_string(&joined, i > 0 ? "\n\n" : "");
            el_buffer_string(&joined, call->messages[i].content);
        }
        w->body->failed = w->body->failed || joined.failed;
        prompt = joined.data != NULL ? joined.data : "";
    }
    string_field(w, "prompt", prompt);
    el_buffer_free(&joined);
}

static void extra_fields(struct writer *w) {
    const char *name;
    json_t *value;
    json_object_foreach(w->extra, name, value) {
        if (json_is_null(value)) {
            continue;
        }
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
        if (text == NULL) {
            w->body->failed = true;
            return;
        }
        el_buffer_string(w->body, w->comma ? "," : "");
        el_json_string(w->body, name, strlen(name));
        el_buffer_char(w->body, ':');
        el_buffer_string(w->body, text);
        w->comma = true;
        free(text);
    }
}

static void grammar_field(struct writer *w, const struct el_constraint *constraint) {
    struct el_buffer gbnf = {0};
    if (el_grammar_write(constraint, &gbnf)) {
        string_field(w, "grammar", gbnf.data);
    }
    w->body->failed = w->body->failed || gbnf.failed;
    el_buffer_free(&gbnf);
}

static void schema_field(struct writer *w, const struct el_constraint *constraint, const char *name,
                         const char *before, const char *after) {
    struct el_buffer schema = {0};
    if (el_schema_write(constraint, &schema) && field(w, name)) {
        el_buffer_string(w->body, before);
        el_buffer_append(w->body, schema.data, schema.len);
        el_buffer_string(w->body, after);
    }
    w->body->failed = w->body->failed || schema.failed;
    el_buffer_free(&schema);
}

static void choice_field(struct writer *w, const struct el_constraint *constraint) {
    if (!field(w, "structured_outputs")) {
        return;
    }
    el_buffer_string(w->body, "{\"choice\":[");
    for (size_t i = 0; i < constraint->n_choices; i++) {
        el_buffer_string(w->body, i > 0 ? "," : "");
        el_json_string(w->body, constraint->choices[i], strlen(constraint->choices[i]));
    }
    el_buffer_string(w->body, "]}");
}

/* The strongest means the server has. */
static void constraint_fields(struct writer *w, const struct el_capabilities *caps,
                              const struct el_constraint *constraint) {
    if (constraint->kind == EL_FREE) {
        return;
    }
    if (caps->grammar) {
        grammar_field(w, constraint);
    } else if (constraint->kind == EL_YES_NO && caps->choice) {
        choice_field(w, constraint);
    } else if (caps->json_schema && caps->api == EL_API_OLLAMA) {
        schema_field(w, constraint, "format", "", "");
    } else if (caps->json_schema) {
        schema_field(
            w, constraint, "response_format",
            "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"answer\",\"schema\":", "}}");
    }
}

static long max_tokens(const struct el_member_config *config, const struct el_call *call) {
    size_t n = call->max_tokens != 0 ? call->max_tokens : config->max_tokens;
    return n == 0 || n > 1 << 24 ? DEFAULT_MAX_TOKENS : (long)n;
}

static void llama_fields(struct writer *w, const struct el_member_config *config,
                         const struct el_call *call) {
    prompt_field(w, call);
    integer_field(w, "n_predict", max_tokens(config, call));
    number_field(w, "temperature", config->temperature);
    integer_field(w, "seed", config->seed);
    literal_field(w, "cache_prompt", "true");
    if (call->special_tokens) {
        literal_field(w, "special", "true");
    }
    stop_field(w, call);
    if (call->want_yes_probability) {
        integer_field(w, "n_probs", TOP_LOGPROBS);
    }
    /* Without this the reply repeats the prompt and all settings. */
    literal_field(w, "response_fields",
                  "[\"content\",\"stop_type\",\"tokens_evaluated\","
                  "\"tokens_predicted\",\"timings\",\"completion_probabilities\"]");
}

static void openai_fields(struct writer *w, const struct el_member_config *config,
                          const struct el_capabilities *caps, const struct el_call *call,
                          bool chat) {
    string_field(w, "model", caps->model);
    if (chat) {
        messages_field(w, call);
    } else {
        prompt_field(w, call);
    }
    if (w->extra == NULL || json_object_get(w->extra, "max_completion_tokens") == NULL) {
        integer_field(w, "max_tokens", max_tokens(config, call));
    }
    number_field(w, "temperature", config->temperature);
    integer_field(w, "seed", config->seed);
    stop_field(w, call);
    if (call->want_yes_probability && caps->logprobs) {
        if (chat) {
            literal_field(w, "logprobs", "true");
            integer_field(w, "top_logprobs", TOP_LOGPROBS);
        } else {
            integer_field(w, "logprobs", 5);
        }
    }
}

/* Ollama's window is small unless told, and what passes it is cut silently unless it is forbidden
 * (older ones do not know the word, see el_api_prompt_was_cut). `options` of the member's
 * extra_body are merged, the member's winning. */
static void ollama_fields(struct writer *w, const struct el_member_config *config,
                          const struct el_capabilities *caps, const struct el_call *call) {
    string_field(w, "model", caps->model);
    messages_field(w, call);
    literal_field(w, "stream", "false");
    literal_field(w, "truncate", "false");
    if (call->want_yes_probability && caps->logprobs) {
        literal_field(w, "logprobs", "true");
        integer_field(w, "top_logprobs", OLLAMA_TOP_LOGPROBS);
    }
    json_t *options = w->extra != NULL ? json_object_get(w->extra, "options") : NULL;
    struct writer inner = {.body = w->body, .extra = json_is_object(options) ? options : NULL};
    el_buffer_string(w->body, w->comma ? ",\"options\":{" : "\"options\":{");
    w->comma = true;
    if (caps->context != 0) {
        integer_field(&inner, "num_ctx", (long)caps->context);
    }
    integer_field(&inner, "num_predict", max_tokens(config, call));
    number_field(&inner, "temperature", config->temperature);
    integer_field(&inner, "seed", config->seed);
    stop_field(&inner, call);
    extra_fields(&inner);
    el_buffer_char(w->body, '}');
}

/* A child serves one model under no name; other servers want to hear one. */
static void embedding_fields(struct writer *w, const struct el_member_config *config,
                             const struct el_capabilities *caps, const struct el_call *call) {
    if (config->gguf == NULL) {
        string_field(w, "model", caps->model);
    }
    if (!field(w, "input")) {
        return;
    }
    for (size_t i = 0; i < call->n_inputs; i++) {
        el_buffer_char(w->body, i == 0 ? '[' : ',');
        el_json_string(w->body, call->inputs[i], el_embeddings_fit(call->inputs[i], caps->context));
    }
    el_buffer_char(w->body, ']');
}

bool el_api_write(const struct el_member_config *config, const struct el_capabilities *caps,
                  const struct el_call *call, bool constrain, struct el_buffer *body) {
    enum el_api api = el_api_for(caps, call);
    struct writer w = {.body = body, .extra = config->extra_body};
    json_t *without_options = NULL;
    el_buffer_char(body, '{');
    if (api == EL_API_EMBEDDINGS) {
        embedding_fields(&w, config, caps, call);
    } else if (api == EL_API_LLAMA) {
        llama_fields(&w, config, call);
    } else if (api == EL_API_OLLAMA) {
        ollama_fields(&w, config, caps, call);
        if (w.extra != NULL && json_object_get(w.extra, "options") != NULL) {
            without_options = json_copy(w.extra);
            json_object_del(without_options, "options");
            w.extra = without_options;
            body->failed = body->failed || without_options == NULL;
        }
    } else {
        openai_fields(&w, config, caps, call, api != EL_API_COMPLETIONS);
    }
    if (constrain) {
        constraint_fields(&w, caps, &call->constraint);
    }
    extra_fields(&w);
    el_buffer_char(body, '}');
    json_decref(without_options);
    return !body->failed;
}

/* ---- replies ---- */

static const char *text_of(json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

static long count_of(json_t *object, const char *name) {
    json_t *value = json_object_get(object, name);
    double n = json_is_number(value) ? json_number_value(value) : -1;
    return n >= 0 && n < 1e15 ? (long)n : -1;
}

/* Does the token say `word`, or begin it? Blanks before it (also SentencePiece's) do not count. */
static bool says(const char *token, const char *word) {
    while (*token == ' ' || *token == '\n' || strncmp(token, "\u2581", 3) == 0) {
        token += *token == ' ' || *token == '\n' ? 1 : 3;
    }
    size_t len = strlen(token);
    while (len > 0 && (token[len - 1] == ' ' || token[len - 1] == '\n')) {
        len--;
    }
    return len > 0 && len <= strlen(word) && strncasecmp(token, word, len) == 0;
}

struct verdict {
    const char *yes, *no;
    double p_yes, p_no;
};

static void weigh(struct verdict *v, const char *token, double probability) {
    if (token == NULL || !(probability >= 0 && probability <= 1.000001)) {
        return;
    }
    bool yes = says(token, v->yes), no = says(token, v->no);
    if (yes && !no) {
        v->p_yes += probability;
    } else if (no && !yes) {
        v->p_no += probability;
    }
}

/* A list of {token, logprob}, or llama-server's older {tok_str, prob}. */
static void weigh_list(struct verdict *v, json_t *list) {
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) {
        json_t *logprob = json_object_get(item, "logprob");
        const char *token = text_of(item, "token");
        if (json_is_number(logprob)) {
            weigh(v, token, exp(json_number_value(logprob)));
        } else {
            weigh(v, token != NULL ? token : text_of(item, "tok_str"),
                  json_number_value(json_object_get(item, "prob")));
        }
    }
}

/* The OpenAI completions form: an object token -> logprob. */
static void weigh_object(struct verdict *v, json_t *object) {
    const char *token;
    json_t *logprob;
    json_object_foreach(object, token, logprob) {
        if (json_is_number(logprob)) {
            weigh(v, token, exp(json_number_value(logprob)));
        }
    }
}

/* The first token of `tokens` that leans to either word decides; a blank or a line break may come
 * before it. */
static double probability_of_yes(const struct el_call *call, json_t *tokens) {
    static const char *const words[] = {"yes", "no"};
    const struct el_constraint *c = &call->constraint;
    bool own = c->kind == EL_YES_NO && c->n_choices == 2;
    for (size_t i = 0; i < json_array_size(tokens) && i < 4; i++) {
        struct verdict v = {own ? c->choices[0] : words[0], own ? c->choices[1] : words[1], 0, 0};
        json_t *token = json_array_get(tokens, i);
        json_t *top = json_object_get(token, "top_logprobs");
        top = top != NULL ? top : json_object_get(token, "top_probs");
        top = top != NULL ? top : json_object_get(token, "probs");
        if (top != NULL) {
            weigh_list(&v, top);
        } else {
            weigh_object(&v, token);
        }
        if (v.p_yes + v.p_no > 0.01) {
            return v.p_yes / (v.p_yes + v.p_no);
        }
    }
    return NAN;
}

static bool keep_text(struct el_answer *answer, const char *text, size_t len) {
    answer->text = malloc(len + 1);
    if (answer->text == NULL) {
        return false;
    }
    size_t kept = 0;
    for (size_t i = 0; i < len; i++) { /* a NUL inside would end the text for every reader */
        if (text[i] != '\0') {
            answer->text[kept++] = text[i];
        }
    }
    answer->text[kept] = '\0';
    answer->text_len = kept;
    return true;
}

static bool keep_json_text(struct el_answer *answer, json_t *value) {
    return keep_text(answer, json_string_value(value), json_string_length(value));
}

static bool read_llama(json_t *root, const struct el_call *call, struct el_answer *answer) {
    json_t *content = json_object_get(root, "content");
    json_t *timings = json_object_get(root, "timings");
    const char *stop = text_of(root, "stop_type");
    if (!json_is_string(content)) {
        return false;
    }
    answer->cut = stop != NULL ? strcmp(stop, "limit") == 0
                               : json_is_true(json_object_get(root, "stopped_limit"));
    answer->prompt_tokens = count_of(root, "tokens_evaluated");
    answer->answer_tokens = count_of(root, "tokens_predicted");
    answer->cached_tokens = count_of(timings, "cache_n");
    if (call->want_yes_probability) {
        answer->yes_probability =
            probability_of_yes(call, json_object_get(root, "completion_probabilities"));
    }
    return keep_json_text(answer, content);
}

static void read_usage(json_t *root, struct el_answer *answer) {
    json_t *usage = json_object_get(root, "usage");
    json_t *details = json_object_get(usage, "prompt_tokens_details");
    answer->prompt_tokens = count_of(usage, "prompt_tokens");
    answer->answer_tokens = count_of(usage, "completion_tokens");
    answer->cached_tokens = count_of(details, "cached_tokens");
    if (answer->cached_tokens < 0) {
        answer->cached_tokens = count_of(json_object_get(root, "timings"), "cache_n");
    }
}

/* Content as parts: [{"type": "text", "text": "..."}, ...]. */
static bool read_parts(json_t *parts, struct el_answer *answer) {
    struct el_buffer joined = {0};
    size_t i;
    json_t *part;
    json_array_foreach(parts, i, part) {
        json_t *text = json_object_get(part, "text");
        el_buffer_append(&joined, json_string_value(text), json_string_length(text));
    }
    bool ok =
        !joined.failed && keep_text(answer, joined.data != NULL ? joined.data : "", joined.len);
    el_buffer_free(&joined);
    return ok;
}

static bool read_openai(json_t *root, const struct el_call *call, bool chat,
                        struct el_answer *answer) {
    json_t *choice = json_array_get(json_object_get(root, "choices"), 0);
    json_t *said = json_object_get(choice, "message");
    json_t *content = chat ? json_object_get(said, "content") : json_object_get(choice, "text");
    const char *finish = text_of(choice, "finish_reason");
    if (!json_is_object(choice) || (chat && !json_is_object(said))) {
        return false;
    }
    answer->cut = finish != NULL && strcmp(finish, "length") == 0;
    read_usage(root, answer);
    if (call->want_yes_probability) {
        json_t *logprobs = json_object_get(choice, "logprobs");
        json_t *tokens = json_object_get(logprobs, "content");
        answer->yes_probability = probability_of_yes(
            call, tokens != NULL ? tokens : json_object_get(logprobs, "top_logprobs"));
    }
    if (json_is_array(content)) {
        return read_parts(content, answer);
    }
    if (content == NULL || json_is_null(content)) { /* all tokens went into thinking */
        return chat && keep_text(answer, "", 0);
    }
    return json_is_string(content) && keep_json_text(answer, content);
}

static bool read_ollama(json_t *root, const struct el_call *call, struct el_answer *answer) {
    json_t *content = json_object_get(json_object_get(root, "message"), "content");
    const char *reason = text_of(root, "done_reason");
    answer->cut = reason != NULL && strcmp(reason, "length") == 0;
    answer->prompt_tokens = count_of(root, "prompt_eval_count");
    answer->answer_tokens = count_of(root, "eval_count");
    if (call->want_yes_probability) {
        answer->yes_probability = probability_of_yes(call, json_object_get(root, "logprobs"));
    }
    return json_is_string(content) && keep_json_text(answer, content);
}

bool el_api_read(enum el_api api, const struct el_call *call, const char *body, size_t len,
                 struct el_answer *answer, char *why, size_t room) {
    json_error_t error;
    json_t *root = json_loadb(body != NULL ? body : "", len, JSON_ALLOW_NUL, &error);
    *answer = (struct el_answer){
        .yes_probability = NAN, .prompt_tokens = -1, .answer_tokens = -1, .cached_tokens = -1};
    if (root == NULL) {
        snprintf(why, room, "the reply is no JSON: %s (byte %d of %zu)", error.text, error.position,
                 len);
        return false;
    }
    bool ok;
    if (api == EL_API_EMBEDDINGS) {
        ok = el_embeddings_read(root, call->n_inputs, &answer->text, &answer->text_len, why, room);
        read_usage(root, answer);
        json_decref(root);
        return ok;
    }
    if (api == EL_API_LLAMA) {
        ok = read_llama(root, call, answer);
    } else if (api == EL_API_OLLAMA) {
        ok = read_ollama(root, call, answer);
    } else {
        ok = read_openai(root, call, api != EL_API_COMPLETIONS, answer);
    }
    if (!ok) {
        snprintf(why, room, "the reply is JSON, but no %s answer", el_api_name(api));
    }
    json_decref(root);
    return ok;
}

/* A prompt that fills the window leaves no room for an answer: it was cut to it. One that did not
 * fit by our estimate, which is on the upper side, and of which not even a quarter was read, lost
 * messages. */
bool el_api_prompt_was_cut(const struct el_member_config *config,
                           const struct el_capabilities *caps, const struct el_call *call,
                           const struct el_answer *answer, char *why, size_t room) {
    enum { SURELY = 4 };
    json_t *options = json_object_get(config->extra_body, "options");
    long own = count_of(options, "num_ctx");
    long window = own > 0 ? own : (long)caps->context;
    long read = answer->prompt_tokens;
    if (el_api_for(caps, call) != EL_API_OLLAMA || window <= 0 || read < 0) {
        return false;
    }
    long sent = 0;
    sent += call->prompt != NULL ? (long)el_estimate_tokens(call->prompt, strlen(call->prompt)) : 0;
    for (size_t i = 0; call->prompt == NULL && i < call->n_messages; i++) {
        const char *content = call->messages[i].content;
        sent += (long)el_estimate_tokens(content, strlen(content));
    }
    if (read < window && (sent <= window || read >= sent / SURELY)) {
        return false;
    }
    snprintf(why, room,
             "Ollama cut the prompt to fit its window without saying so: %ld tokens read, about "
             "%ld sent, num_ctx %ld; a larger context of the member helps",
             read, sent, window);
    return true;
}

static bool speaks_of_context(const char *text) {
    static const char *const signs[] = {
        "exceed_context_size",   "context size",
        "context length",        "context_length_exceeded",
        "context window",        "maximum context",
        "exceeds the available", "input is too long",
        "prompt is too long",    "longer than the model",
        "max_model_len",         "too large to process",
        "too many tokens",       "exceeds the maximum number of tokens"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (strcasestr(text, signs[i]) != NULL) {
            return true;
        }
    }
    return false;
}

void el_api_read_error(const char *body, size_t len, char *message, size_t room, bool *context) {
    json_t *root = len > 0 && len < 1 << 20 ? json_loadb(body, len, 0, NULL) : NULL;
    json_t *error = json_object_get(root, "error");
    const char *type = text_of(error, "type");
    const char *said = json_is_string(error) ? json_string_value(error) : text_of(error, "message");
    said = said != NULL ? said : text_of(root, "message");
    said = said != NULL ? said : text_of(root, "detail");
    size_t said_len = said != NULL ? strlen(said) : len;
    said = said != NULL ? said : body != NULL ? body : "";
    said_len = said_len < room - 1 ? said_len : room - 1;
    said_len = el_utf8_valid_prefix(said, said_len);
    memcpy(message, said, said_len);
    message[said_len] = '\0';
    *context = speaks_of_context(message) || (type != NULL && speaks_of_context(type));
    json_decref(root);
}

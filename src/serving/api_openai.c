/* The OpenAI style: POST /v1/chat/completions and POST /v1/completions, as vLLM, SGLang, LM Studio,
 * llama-server and the services on the net speak it. */
#include "serving/api_private.h"

#include "base/print.h"

#include <stdio.h>
#include <string.h>

/* ---- requests ---- */

static void put_settings(struct el_request *request) {
    const char *limit = "max_completion_tokens";
    if (json_object_get(request->extra, limit) == NULL) {
        bool renamed = request->adaptation != NULL && request->adaptation->renamed;
        el_put_integer(request, renamed ? limit : "max_tokens", el_max_tokens(request));
    }
    el_put_number(request, "temperature", request->config->temperature);
    el_put_integer(request, "seed", request->config->seed);
    el_put_stop(request);
}

static bool wants_logprobs(const struct el_request *request) {
    return (request->call->want_yes_probability || request->call->want_shares) &&
           request->caps->logprobs;
}

static void write_chat(struct el_request *request) {
    enum { ALTERNATIVES = 10 };
    el_put_string(request, "model", request->caps->model);
    el_put_messages(request);
    put_settings(request);
    if (wants_logprobs(request)) {
        el_put_literal(request, "logprobs", "true");
        el_put_integer(request, "top_logprobs", ALTERNATIVES);
    }
}

static void write_completion(struct el_request *request) {
    enum { ALTERNATIVES = 5 }; /* the most that OpenAI's own allows */
    el_put_string(request, "model", request->caps->model);
    el_put_prompt(request);
    put_settings(request);
    if (wants_logprobs(request)) {
        el_put_integer(request, "logprobs", ALTERNATIVES);
    }
}

/* ---- replies ---- */

/* Content as parts: [{"type": "text", "text": "..."}, ...]. */
static bool keep_parts(struct el_api_answer *answer, json_t *parts) {
    struct el_buffer joined = {0};
    size_t i;
    json_t *part;
    json_array_foreach(parts, i, part) {
        json_t *text = json_object_get(part, "text");
        el_buffer_append(&joined, json_string_value(text), json_string_length(text));
    }
    bool ok =
        !joined.failed && el_keep_text(answer, joined.data != NULL ? joined.data : "", joined.len);
    el_buffer_free(&joined);
    return ok;
}

/* False if out of memory. */
static bool read_around(json_t *root, json_t *choice, const struct el_call *call,
                        struct el_api_answer *answer) {
    json_t *logprobs = json_object_get(choice, "logprobs");
    json_t *tokens = json_object_get(logprobs, "content");
    const char *finish = el_reply_text(choice, "finish_reason");
    answer->cut = finish != NULL && strcmp(finish, "length") == 0;
    el_read_usage(root, answer);
    if (call->want_yes_probability) {
        answer->yes_probability = el_probability_of_yes(
            call, tokens != NULL ? tokens : json_object_get(logprobs, "top_logprobs"));
    }
    return el_keep_shares(call, tokens, answer);
}

/* Servers that take thoughts out of the answer give them beside it. */
static json_t *thoughts_of(json_t *message) {
    json_t *thoughts = json_object_get(message, "reasoning_content");
    return json_string_length(thoughts) > 0 ? thoughts : json_object_get(message, "reasoning");
}

static bool keep_content(struct el_api_answer *answer, json_t *message) {
    json_t *content = json_object_get(message, "content");
    json_t *refusal = json_object_get(message, "refusal"), *thoughts = thoughts_of(message);
    return json_string_length(content) > 0    ? el_keep_json_text(answer, content)
           : json_string_length(refusal) > 0  ? el_keep_json_text(answer, refusal)
           : json_string_length(thoughts) > 0 ? el_keep_thoughts(answer, thoughts)
                                              : el_keep_text(answer, "", 0);
}

static bool read_chat(json_t *root, const struct el_call *call, struct el_api_answer *answer,
                      char *why, size_t room) {
    json_t *choice = json_array_get(json_object_get(root, "choices"), 0);
    json_t *message = json_object_get(choice, "message");
    json_t *content = json_object_get(message, "content");
    bool none = content == NULL || json_is_null(content), list = json_is_array(content);
    if (!json_is_object(message) || !(none || list || json_is_string(content))) {
        el_print(why, room, "the reply is JSON, but no chat answer");
        return false;
    }
    return read_around(root, choice, call, answer) &&
           (list ? keep_parts(answer, content) : keep_content(answer, message));
}

static bool read_completion(json_t *root, const struct el_call *call, struct el_api_answer *answer,
                            char *why, size_t room) {
    json_t *choice = json_array_get(json_object_get(root, "choices"), 0);
    json_t *text = json_object_get(choice, "text");
    if (!json_is_string(text)) {
        el_print(why, room, "the reply is JSON, but no completions answer");
        return false;
    }
    return read_around(root, choice, call, answer) && el_keep_json_text(answer, text);
}

/* ---- what is it? ---- */

static void know_owner(struct el_capabilities *caps, const char *owner) {
    bool vllm = strcmp(owner, "vllm") == 0, sglang = strcmp(owner, "sglang") == 0;
    bool llama = strcmp(owner, "llamacpp") == 0;
    caps->choice = vllm;
    caps->prefix_cache = vllm || sglang || llama;
    caps->grammar = llama;
    el_probe_text(caps->server, sizeof caps->server,
                  llama            ? "llama.cpp"
                  : vllm || sglang ? owner
                                   : "");
}

/* The listed model that is wanted, or the first. */
static json_t *find_model(json_t *list, const char *wanted) {
    json_t *each;
    size_t i;
    json_array_foreach(list, i, each) {
        const char *id = el_reply_text(each, "id");
        if (id != NULL && (wanted == NULL || strcmp(id, wanted) == 0)) {
            return each;
        }
    }
    return NULL;
}

/* The first few names, for the message if the wanted one is not served. */
static void note_names(struct el_probe *probe, json_t *list) {
    enum { FEW = 6 };
    size_t i, len = 0;
    json_t *each;
    json_array_foreach(list, i, each) {
        const char *id = el_reply_text(each, "id");
        if (id != NULL && i < FEW && len < sizeof probe->listed) {
            len += el_print(probe->listed + len, sizeof probe->listed - len, "%s%s",
                            len > 0 ? ", " : "", id);
        }
    }
}

/* A model that is not listed may still be served (aliases, gateways): the try will tell. */
static enum el_probe_result know_models(struct el_probe *probe, json_t *list) {
    struct el_capabilities *caps = &probe->caps;
    const char *wanted = probe->config->model;
    json_t *model = find_model(list, wanted);
    if (wanted == NULL && model == NULL) {
        el_print(probe->why, sizeof probe->why,
                 "the server names no model; set `model:` for this member");
        return EL_PROBE_WRONG;
    }
    if (model == NULL) {
        note_names(probe, list);
    }
    el_probe_text(caps->model, sizeof caps->model,
                  wanted != NULL ? wanted : el_reply_text(model, "id"));
    caps->chat_template = caps->api == EL_API_CHAT;
    el_probe_told(probe, "owner", json_object_get(model, "owned_by"), false);
    el_probe_told(probe, "path", json_object_get(model, "root"), true);
    el_probe_told(probe, "size", json_object_get(json_object_get(model, "meta"), "size"), true);
    el_probe_told(probe, "parameters", json_object_get(json_object_get(model, "meta"), "n_params"),
                  true);
    model = model != NULL ? model : json_array_get(list, 0);
    json_t *meta = json_object_get(model, "meta");
    const char *owner = el_reply_text(model, "owned_by");
    know_owner(caps, owner != NULL ? owner : "");
    caps->context = el_probe_size(json_object_get(model, "max_model_len"), 1 << 30);
    if (caps->context == 0) {
        caps->context = el_probe_size(json_object_get(meta, "n_ctx"), 1 << 30);
    }
    caps->parameters = json_number_value(json_object_get(meta, "n_params")) / 1e9;
    return probe->config->embedding ? EL_PROBE_KNOWN : EL_PROBE_NEXT;
}

static enum el_probe_result after_models(struct el_probe *probe, json_t *root) {
    json_t *list = json_object_get(root, "data");
    return json_is_array(list) ? know_models(probe, list) : EL_PROBE_OTHER;
}

/* Gateways may lack this route. */
static enum el_probe_result no_models(struct el_probe *probe, long status) {
    bool unknown = status == 401 || status == 403 || probe->config->model == NULL;
    return unknown ? EL_PROBE_OTHER : know_models(probe, NULL);
}

/* One short call with all optional fields; if it is refused and the server does not say for what,
 * one without them. */
static void write_try(const struct el_probe *probe, struct el_buffer *body) {
    static const char *const choices[] = {"yes", "no"}, *const spans[] = {"answer"};
    static const struct el_message messages[] = {{"system", "You answer in one word."},
                                                 {"user", "Answer with the word yes."}};
    bool chat = probe->caps.api == EL_API_CHAT && !probe->plain;
    struct el_call call = {.prompt = chat ? NULL : messages[1].content,
                           .messages = messages,
                           .n_messages = chat ? 2 : 0,
                           .max_tokens = 4,
                           .constraint = {.kind = EL_LIST_OF_TYPES,
                                          .choices = choices,
                                          .n_choices = 2,
                                          .spans = spans,
                                          .n_items = 1},
                           .want_yes_probability = !probe->plain};
    struct el_capabilities caps = probe->caps;
    caps.json_schema = caps.logprobs = !probe->plain;
    caps.grammar = caps.choice = false;
    el_api_write(probe->config, &caps, &call, !probe->plain, probe->adaptation, body);
}

static enum el_probe_result after_try(struct el_probe *probe, json_t *root) {
    json_t *choice = json_array_get(json_object_get(root, "choices"), 0);
    if (choice == NULL) {
        el_print(probe->why, sizeof probe->why,
                 "the reply to a short call is not an answer; is this an OpenAI-style server?");
        return EL_PROBE_WRONG;
    }
    if (!probe->plain) {
        probe->caps.json_schema = probe->caps.api == EL_API_CHAT;
        probe->caps.logprobs = json_is_object(json_object_get(choice, "logprobs"));
    }
    return EL_PROBE_KNOWN;
}

static enum el_probe_result try_refused(struct el_probe *probe, long status) {
    if (probe->plain || status == 401 || status == 403) {
        return status == 404 || status == 405 ? EL_PROBE_OTHER : EL_PROBE_WRONG;
    }
    probe->plain = true;
    return EL_PROBE_AGAIN;
}

static const struct el_probe_question chat_questions[] = {
    {.path = "/v1/models", .understood = after_models, .refused = no_models},
    {.path = "/v1/chat/completions",
     .is_call = true,
     .body = write_try,
     .understood = after_try,
     .refused = try_refused},
};

static const struct el_probe_question completion_questions[] = {
    {.path = "/v1/models", .understood = after_models, .refused = no_models},
    {.path = "/v1/completions",
     .is_call = true,
     .body = write_try,
     .understood = after_try,
     .refused = try_refused},
};

const struct el_api_entry el_api_chat = {
    .name = "chat",
    .path = "/v1/chat/completions",
    .write = write_chat,
    .write_schema = el_put_response_format,
    .read = read_chat,
    .no_thinking = "{chat_template_kwargs: {enable_thinking: false}} (vLLM, SGLang, llama-server), "
                   "{reasoning_effort: none} (OpenAI's)",
    .questions = chat_questions,
    .n_questions = sizeof chat_questions / sizeof *chat_questions,
};

const struct el_api_entry el_api_completions = {
    .name = "completions",
    .path = "/v1/completions",
    .write = write_completion,
    .write_schema = el_put_response_format,
    .read = read_completion,
    .questions = completion_questions,
    .n_questions = sizeof completion_questions / sizeof *completion_questions,
};

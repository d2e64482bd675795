/* llama-server's own API: POST /completion, with a prompt as plain text and a grammar. */
#include "serving/api_private.h"

#include "base/print.h"

#include <stdio.h>
#include <string.h>

/* ---- requests and replies ---- */

static void write_request(struct el_request *request) {
    enum { ALTERNATIVES = 10 };
    const struct el_call *call = request->call;
    el_put_prompt(request);
    el_put_integer(request, "n_predict", el_max_tokens(request));
    el_put_number(request, "temperature", request->config->temperature);
    el_put_integer(request, "seed", request->config->seed);
    el_put_literal(request, "cache_prompt", "true");
    if (call->special_tokens) {
        el_put_literal(request, "special", "true");
    }
    el_put_stop(request);
    if (call->want_yes_probability || call->want_shares) {
        el_put_integer(request, "n_probs", ALTERNATIVES);
    }
    /* Without this the reply repeats the prompt and all settings. */
    el_put_literal(request, "response_fields",
                   "[\"content\",\"stop_type\",\"tokens_evaluated\","
                   "\"tokens_predicted\",\"timings\",\"completion_probabilities\"]");
}

static bool read_reply(json_t *root, const struct el_call *call, struct el_api_answer *answer,
                       char *why, size_t room) {
    json_t *content = json_object_get(root, "content");
    json_t *timings = json_object_get(root, "timings");
    const char *stop = el_reply_text(root, "stop_type");
    if (!json_is_string(content)) {
        el_print(why, room, "the reply is JSON, but no llama answer");
        return false;
    }
    answer->cut = stop != NULL ? strcmp(stop, "limit") == 0
                               : json_is_true(json_object_get(root, "stopped_limit"));
    answer->prompt_tokens = el_reply_count(root, "tokens_evaluated");
    answer->answer_tokens = el_reply_count(root, "tokens_predicted");
    answer->cached_tokens = el_reply_count(timings, "cache_n");
    if (call->want_yes_probability) {
        answer->yes_probability =
            el_probability_of_yes(call, json_object_get(root, "completion_probabilities"));
    }
    return el_keep_json_text(answer, content) &&
           el_keep_shares(call, json_object_get(root, "completion_probabilities"), answer);
}

/* ---- what is it? ---- */

static enum el_probe_result loaded(struct el_probe *probe, json_t *root) {
    (void)probe;
    (void)root;
    return EL_PROBE_NEXT;
}

static enum el_probe_result after_props(struct el_probe *probe, json_t *props) {
    struct el_capabilities *caps = &probe->caps;
    const struct el_member_config *config = probe->config;
    json_t *settings = json_object_get(props, "default_generation_settings");
    const char *build = el_reply_text(props, "build_info");
    const char *model = el_reply_text(props, "model_alias");
    if (settings == NULL) {
        return EL_PROBE_OTHER;
    }
    model = model != NULL ? model : el_reply_text(props, "model_path");
    caps->api = config->api == EL_API_AUTO ? EL_API_LLAMA : config->api; /* of a child, any */
    el_print(caps->server, sizeof caps->server, "llama.cpp %s", build != NULL ? build : "");
    el_probe_text(caps->model, sizeof caps->model, config->model != NULL ? config->model : model);
    caps->context = el_probe_size(json_object_get(settings, "n_ctx"), 1 << 30);
    caps->slots = el_probe_size(json_object_get(props, "total_slots"), 1 << 16);
    el_probe_told(probe, "path", json_object_get(props, "model_path"), true);
    caps->chat_template = json_string_length(json_object_get(props, "chat_template")) > 0;
    caps->named_slots = caps->slots > 0;
    caps->begins = true;
    caps->json_schema = caps->grammar = caps->logprobs = caps->prefix_cache = true;
    return probe->child ? EL_PROBE_KNOWN : EL_PROBE_NEXT;
}

/* Files of one name differ in their sizes. Older servers have no such list. */
static enum el_probe_result after_models(struct el_probe *probe, json_t *root) {
    json_t *meta = json_object_get(json_array_get(json_object_get(root, "data"), 0), "meta");
    el_probe_told(probe, "size", json_object_get(meta, "size"), true);
    el_probe_told(probe, "parameters", json_object_get(meta, "n_params"), true);
    return probe->config->embedding ? EL_PROBE_KNOWN : EL_PROBE_NEXT;
}

static enum el_probe_result no_models(struct el_probe *probe, long status) {
    (void)status;
    return after_models(probe, NULL);
}

static void tokenize_marker(const struct el_probe *probe, struct el_buffer *body) {
    (void)probe;
    el_buffer_string(body, "{\"content\":\"<|extract|>\",\"parse_special\":true}");
}

static enum el_probe_result after_tokenize(struct el_probe *probe, json_t *root) {
    size_t n = json_array_size(json_object_get(root, "tokens"));
    /* Two: SentencePiece may put a blank before it. As plain text it is five tokens or more. */
    probe->caps.compact = n == 1 || n == 2;
    return EL_PROBE_KNOWN;
}

static enum el_probe_result no_tokenize(struct el_probe *probe, long status) {
    (void)probe;
    (void)status;
    return EL_PROBE_KNOWN;
}

static const struct el_probe_question questions[] = {
    {.path = "/health", .for_children = true, .understood = loaded},
    {.path = "/props", .understood = after_props},
    {.path = "/v1/models", .understood = after_models, .refused = no_models},
    {.path = "/tokenize",
     .body = tokenize_marker,
     .understood = after_tokenize,
     .refused = no_tokenize},
};

const struct el_api_entry el_api_llama = {
    .name = "llama",
    .path = "/completion",
    .write = write_request,
    .write_schema = el_put_response_format,
    .read = read_reply,
    .no_thinking = "{chat_template_kwargs: {enable_thinking: false}}",
    .questions = questions,
    .n_questions = sizeof questions / sizeof *questions,
};

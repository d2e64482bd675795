/* Ollama's own API: POST /api/chat, which alone can set the size of the window. */
#include "serving/api_private.h"
#include "serving/tokens.h"

#include "base/json.h"
#include "base/print.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- requests and replies ---- */

/* Ollama's window is small unless it is set, and what passes it is cut silently unless that is
 * forbidden (older versions do not know the word, see prompt_was_cut). `options` of the member's
 * extra_body are merged, the member's winning. */
static void write_request(struct el_request *request) {
    enum { ALTERNATIVES = 10 };
    const struct el_capabilities *caps = request->caps;
    el_put_string(request, "model", caps->model);
    el_put_messages(request);
    el_put_literal(request, "stream", "false");
    el_put_literal(request, "truncate", "false");
    if ((request->call->want_yes_probability || request->call->want_shares) && caps->logprobs) {
        el_put_literal(request, "logprobs", "true");
        el_put_integer(request, "top_logprobs", ALTERNATIVES);
    }
    json_t *options = json_object_get(request->extra, "options");
    struct el_request inner = *request;
    inner.extra = json_is_object(options) ? options : NULL;
    inner.comma = false;
    el_buffer_string(request->body, request->comma ? ",\"options\":{" : "\"options\":{");
    request->comma = true;
    request->merged = "options";
    if (caps->context != 0) {
        el_put_integer(&inner, "num_ctx", (long)caps->context);
    }
    el_put_integer(&inner, "num_predict", el_max_tokens(request));
    el_put_number(&inner, "temperature", request->config->temperature);
    el_put_integer(&inner, "seed", request->config->seed);
    el_put_stop(&inner);
    el_put_extra(&inner);
    el_buffer_char(request->body, '}');
}

static void write_schema(struct el_request *request) {
    el_put_schema(request, "format", "", "");
}

static bool read_reply(json_t *root, const struct el_call *call, struct el_api_answer *answer,
                       char *why, size_t room) {
    json_t *message = json_object_get(root, "message");
    json_t *content = json_object_get(message, "content");
    json_t *thoughts = json_object_get(message, "thinking");
    const char *reason = el_reply_text(root, "done_reason");
    if (!json_is_string(content)) {
        el_print(why, room, "the reply is JSON, but no ollama answer");
        return false;
    }
    answer->cut = reason != NULL && strcmp(reason, "length") == 0;
    answer->prompt_tokens = el_reply_count(root, "prompt_eval_count");
    answer->answer_tokens = el_reply_count(root, "eval_count");
    if (call->want_yes_probability) {
        answer->yes_probability = el_probability_of_yes(call, json_object_get(root, "logprobs"));
    }
    bool thinks = json_string_length(content) == 0 && json_string_length(thoughts) > 0;
    return (thinks ? el_keep_thoughts(answer, thoughts) : el_keep_json_text(answer, content)) &&
           el_keep_shares(call, json_object_get(root, "logprobs"), answer);
}

/* A prompt that fills the window leaves no room for an answer: it was cut to it. One that did not
 * fit by our estimate, which is on the upper side, and of which not even a quarter was read, lost
 * messages. */
static bool prompt_was_cut(const struct el_member_config *config,
                           const struct el_capabilities *caps, const struct el_call *call,
                           const struct el_api_answer *answer, char *why, size_t room) {
    enum { SURELY = 4 };
    long own = el_reply_count(json_object_get(config->extra_body, "options"), "num_ctx");
    long window = own > 0 ? own : (long)caps->context;
    long read = answer->prompt_tokens;
    if (window <= 0 || read < 0) {
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
    el_print(why, room,
             "Ollama cut the prompt to fit its window without saying so: %ld tokens read, about "
             "%ld sent, num_ctx %ld; a larger context of the member helps",
             read, sent, window);
    return true;
}

/* ---- what is it? ---- */

static enum el_probe_result after_version(struct el_probe *probe, json_t *root) {
    struct el_capabilities *caps = &probe->caps;
    const char *version = el_reply_text(root, "version");
    int minor = 0, patch = 0;
    if (version == NULL) {
        return EL_PROBE_OTHER;
    }
    if (probe->config->model == NULL) {
        el_print(probe->why, sizeof probe->why,
                 "Ollama serves many models; set `model:` for this member");
        return EL_PROBE_WRONG;
    }
    bool known = sscanf(version, "0.%d.%d", &minor, &patch) == 2;
    el_print(caps->server, sizeof caps->server, "Ollama %s", version);
    caps->json_schema = !known || minor >= 5;
    caps->logprobs = !known || minor > 12 || (minor == 12 && patch >= 11);
    caps->prefix_cache = caps->chat_template = true;
    el_probe_text(caps->model, sizeof caps->model, probe->config->model);
    return EL_PROBE_NEXT;
}

static void ask_for_model(const struct el_probe *probe, struct el_buffer *body) {
    json_t *model = json_pack("{s:s}", "model", probe->caps.model);
    char *text = model != NULL ? el_json_dump(model, JSON_COMPACT) : NULL;
    el_buffer_string(body, text != NULL ? text : "{}");
    free(text);
    json_decref(model);
}

static enum el_probe_result after_show(struct el_probe *probe, json_t *root) {
    enum { COMMON_WINDOW = 8192 }; /* a full one would be reserved on the server's GPU, by slot */
    struct el_capabilities *caps = &probe->caps;
    json_t *info = json_object_get(root, "model_info"), *value;
    json_t *own = json_object_get(probe->config->extra_body, "options");
    size_t most = 0;
    const char *key;
    json_object_foreach(info, key, value) {
        const char *dot = strrchr(key, '.');
        if (dot != NULL && strcmp(dot, ".context_length") == 0 && most == 0) {
            most = el_probe_size(value, 1 << 30);
        } else if (strcmp(key, "general.parameter_count") == 0) {
            caps->parameters = json_number_value(value) / 1e9;
        }
    }
    size_t set = el_probe_size(json_object_get(own, "num_ctx"), 1 << 30);
    caps->context = set > 0 ? set : most > COMMON_WINDOW ? COMMON_WINDOW : most;
    probe->most_context = most;
    return EL_PROBE_NEXT;
}

static enum el_probe_result show_refused(struct el_probe *probe, long status) {
    (void)probe;
    (void)status;
    return EL_PROBE_WRONG;
}

/* Is this the listed name of what the configuration calls `wanted`? */
static bool names(const char *listed, const char *wanted) {
    size_t len = strlen(wanted);
    return listed != NULL && strncmp(listed, wanted, len) == 0 &&
           (listed[len] == '\0' ||
            (strchr(wanted, ':') == NULL && strcmp(listed + len, ":latest") == 0));
}

/* A name is pulled anew when its model is renewed; the digest tells. */
static enum el_probe_result after_tags(struct el_probe *probe, json_t *root) {
    json_t *each;
    size_t i;
    json_array_foreach(json_object_get(root, "models"), i, each) {
        if (names(el_reply_text(each, "name"), probe->config->model)) {
            el_probe_told(probe, "digest", json_object_get(each, "digest"), true);
            break;
        }
    }
    return EL_PROBE_KNOWN;
}

static enum el_probe_result tags_refused(struct el_probe *probe, long status) {
    (void)status;
    return after_tags(probe, NULL);
}

static const struct el_probe_question questions[] = {
    {.path = "/api/version", .understood = after_version},
    {.path = "/api/show", .body = ask_for_model, .understood = after_show, .refused = show_refused},
    {.path = "/api/tags", .understood = after_tags, .refused = tags_refused},
};

const struct el_api_entry el_api_ollama = {
    .name = "ollama",
    .path = "/api/chat",
    .write = write_request,
    .write_schema = write_schema,
    .read = read_reply,
    .prompt_was_cut = prompt_was_cut,
    .no_thinking = "{think: false}",
    .questions = questions,
    .n_questions = sizeof questions / sizeof *questions,
};

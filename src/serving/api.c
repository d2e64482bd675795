/* The table of APIs, and what their requests and replies have in common. */
#include "serving/api.h"

#include "base/ascii.h"
#include "base/json.h"
#include "base/print.h"
#include "base/text.h"
#include "serving/api_private.h"
#include "serving/choices.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each is defined in the file api_NAME.c, chat and completions in api_openai.c. */
extern const struct el_api_entry el_api_llama, el_api_ollama, el_api_chat, el_api_completions,
    el_api_embeddings;

static const struct el_api_entry *const TABLE[EL_APIS] = {
    [EL_API_LLAMA] = &el_api_llama,
    [EL_API_OLLAMA] = &el_api_ollama,
    [EL_API_CHAT] = &el_api_chat,
    [EL_API_COMPLETIONS] = &el_api_completions,
    [EL_API_EMBEDDINGS] = &el_api_embeddings,
};

const struct el_api_entry *el_api_entry(enum el_api api) {
    return api < EL_APIS ? TABLE[api] : NULL;
}

const char *el_api_name(enum el_api api) {
    return el_api_entry(api) != NULL ? TABLE[api]->name : "auto";
}

const char *el_api_no_thinking(enum el_api api) {
    const char *text = el_api_entry(api) != NULL ? TABLE[api]->no_thinking : NULL;
    return text != NULL ? text : "";
}

const char *el_api_path(enum el_api api) {
    return el_api_entry(api) != NULL ? TABLE[api]->path : "";
}

enum el_api el_api_for(const struct el_capabilities *caps, const struct el_call *call) {
    if (call->inputs != NULL) {
        return EL_API_EMBEDDINGS;
    }
    return caps->api == EL_API_LLAMA && call->prompt == NULL ? EL_API_CHAT : caps->api;
}

/* ---- requests ---- */

/* The strongest means the server has. */
static void put_constraint(struct el_request *request, const struct el_api_entry *api) {
    const struct el_capabilities *caps = request->caps;
    enum el_constraint_kind kind = request->call->constraint.kind;
    if (kind == EL_FREE) {
        return;
    }
    if (caps->grammar) {
        el_put_grammar(request);
    } else if (kind == EL_YES_NO && caps->choice) {
        el_put_choice(request);
    } else if (caps->json_schema && api->write_schema != NULL) {
        api->write_schema(request);
    }
}

bool el_api_write(const struct el_member_config *config, const struct el_capabilities *caps,
                  const struct el_call *call, bool constrain,
                  const struct el_adaptation *adaptation, struct el_buffer *body) {
    const struct el_api_entry *api = el_api_entry(el_api_for(caps, call));
    struct el_request request = {.config = config,
                                 .caps = caps,
                                 .call = call,
                                 .body = body,
                                 .extra = config->extra_body,
                                 .adaptation = adaptation};
    el_buffer_char(body, '{');
    api->write(&request);
    if (constrain) {
        put_constraint(&request, api);
    }
    el_put_extra(&request);
    el_buffer_char(body, '}');
    return !body->failed;
}

/* ---- replies ---- */

/* A begun answer as if the model had written all of it. Some servers repeat the beginning. False if
 * out of memory. */
static bool complete(const struct el_constraint *c, struct el_api_answer *answer) {
    size_t len = strlen(c->begun);
    const char *rest = answer->text;
    rest += strncmp(rest, c->begun, len) == 0 ? len : 0;
    const char *choice = el_choice_of(c, rest, answer->cut);
    struct el_buffer whole = {0};
    el_buffer_string(&whole, c->begun);
    if (choice != NULL) {
        struct el_buffer quoted = {0};
        el_json_string(&quoted, choice, strlen(choice));
        el_buffer_append(&whole, quoted.failed ? "" : quoted.data + 1,
                         quoted.failed ? 0 : quoted.len - 1);
        el_buffer_char(&whole, '}');
        whole.failed = whole.failed || quoted.failed;
        el_buffer_free(&quoted);
        answer->cut = false;
    } else {
        el_buffer_string(&whole, rest);
    }
    free(answer->text);
    answer->text = NULL;
    bool ok = !whole.failed && el_keep_text(answer, whole.data, whole.len);
    el_buffer_free(&whole);
    return ok;
}

bool el_api_read(enum el_api api, const struct el_call *call, const char *body, size_t len,
                 struct el_api_answer *answer, char *why, size_t room) {
    json_error_t error;
    json_t *root = el_json_load(body != NULL ? body : "", len, JSON_ALLOW_NUL, &error);
    *answer = (struct el_api_answer){
        .yes_probability = NAN, .prompt_tokens = -1, .answer_tokens = -1, .cached_tokens = -1};
    if (root == NULL) {
        el_print(why, room, "the reply is no JSON: %s (byte %d of %zu)", error.text, error.position,
                 len);
        return false;
    }
    el_print(why, room, "out of memory"); /* readers say all else */
    bool ok = el_api_entry(api)->read(root, call, answer, why, room);
    ok = ok && (call->constraint.begun == NULL || complete(&call->constraint, answer));
    json_decref(root);
    return ok;
}

bool el_api_prompt_was_cut(const struct el_member_config *config,
                           const struct el_capabilities *caps, const struct el_call *call,
                           const struct el_api_answer *answer, char *why, size_t room) {
    const struct el_api_entry *api = el_api_entry(el_api_for(caps, call));
    return api->prompt_was_cut != NULL &&
           api->prompt_was_cut(config, caps, call, answer, why, room);
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
        if (el_ascii_holds(text, signs[i], strlen(signs[i]))) {
            return true;
        }
    }
    return false;
}

/* The first of FastAPI's complaints: {"loc": ["body", "seed"], "msg": "..."}. */
static const char *first_complaint(json_t *detail, char *text, size_t room) {
    json_t *first = json_array_get(detail, 0), *loc = json_object_get(first, "loc");
    const char *message = el_reply_text(first, "msg");
    const char *field = json_string_value(json_array_get(loc, json_array_size(loc) - 1));
    if (message == NULL) {
        return NULL;
    }
    el_print(text, room, "%s%s%s", field != NULL ? field : "", field != NULL ? ": " : "", message);
    return text;
}

/* "error" is a text or an object with "message"; without it, "message" or "detail" is beside. */
static const char *find_message(json_t *root, char *text, size_t room) {
    json_t *error = json_object_get(root, "error"), *message = json_object_get(root, "message");
    json_t *detail = json_object_get(root, "detail");
    detail = detail != NULL ? detail : json_object_get(message, "detail");
    const char *said =
        json_is_string(error) ? json_string_value(error) : el_reply_text(error, "message");
    said = said != NULL ? said : json_string_value(message);
    said = said != NULL ? said : json_string_value(detail);
    return said != NULL ? said : first_complaint(detail, text, room);
}

void el_api_read_error(const char *body, size_t len, char *message, size_t room, bool *context) {
    char text[400];
    json_t *root = len > 0 && len < 1 << 20 ? el_json_load(body, len, 0, NULL) : NULL;
    const char *type = el_reply_text(json_object_get(root, "error"), "type");
    const char *said = find_message(root, text, sizeof text);
    size_t said_len = said != NULL ? strlen(said) : len;
    said = said != NULL ? said : body != NULL ? body : "";
    said_len = said_len < room - 1 ? said_len : room - 1;
    said_len = el_utf8_valid_prefix(said, said_len);
    memcpy(message, said, said_len);
    message[said_len] = '\0';
    *context = speaks_of_context(message) || (type != NULL && speaks_of_context(type));
    json_decref(root);
}

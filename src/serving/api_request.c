/* The fields of which requests are made. */
#include "base/json.h"
#include "serving/api_private.h"
#include "serving/grammar.h"

#include <stdlib.h>
#include <string.h>

bool el_put_field(struct el_request *request, const char *name) {
    if (json_object_get(request->extra, name) != NULL || el_leaves_out(request->adaptation, name)) {
        return false;
    }
    el_buffer_string(request->body, request->comma ? ",\"" : "\"");
    el_buffer_string(request->body, name);
    el_buffer_string(request->body, "\":");
    request->comma = true;
    return true;
}

void el_put_string(struct el_request *request, const char *name, const char *value) {
    if (el_put_field(request, name)) {
        el_json_string(request->body, value, strlen(value));
    }
}

void el_put_number(struct el_request *request, const char *name, double value) {
    if (el_put_field(request, name)) {
        el_buffer_printf(request->body, "%.9g", value);
    }
}

void el_put_integer(struct el_request *request, const char *name, long value) {
    if (el_put_field(request, name)) {
        el_buffer_printf(request->body, "%ld", value);
    }
}

void el_put_literal(struct el_request *request, const char *name, const char *json) {
    if (el_put_field(request, name)) {
        el_buffer_string(request->body, json);
    }
}

void el_put_stop(struct el_request *request) {
    const struct el_call *call = request->call;
    if (call->n_stop == 0 || !el_put_field(request, "stop")) {
        return;
    }
    for (size_t i = 0; i < call->n_stop; i++) {
        el_buffer_char(request->body, i == 0 ? '[' : ',');
        el_json_string(request->body, call->stop[i], strlen(call->stop[i]));
    }
    el_buffer_char(request->body, ']');
}

static void put_message(struct el_buffer *body, const char *role, const char *content) {
    el_buffer_string(body, "{\"role\":");
    el_json_string(body, role, strlen(role));
    el_buffer_string(body, ",\"content\":");
    el_json_string(body, content, strlen(content));
    el_buffer_char(body, '}');
}

/* System texts begin the first user turn; without one, they are it. */
static void put_folded(struct el_buffer *body, const struct el_call *call) {
    struct el_buffer user = {0};
    size_t turn = 0, n = 0; /* turn: of the first user, counted from 1 */
    for (size_t i = 0; i < call->n_messages; i++) {
        bool system = strcmp(call->messages[i].role, "system") == 0;
        bool first = turn == 0 && strcmp(call->messages[i].role, "user") == 0;
        turn = first ? i + 1 : turn;
        if (system || first) {
            el_buffer_string(&user, user.len > 0 ? "\n\n" : "");
            el_buffer_string(&user, call->messages[i].content);
        }
    }
    body->failed = body->failed || user.failed;
    if (turn == 0 && user.len > 0) {
        put_message(body, "user", user.data);
        n++;
    }
    for (size_t i = 0; i < call->n_messages && !body->failed; i++) {
        const struct el_message *message = &call->messages[i];
        if (strcmp(message->role, "system") != 0) {
            el_buffer_string(body, n++ > 0 ? "," : "");
            put_message(body, message->role, i + 1 == turn ? user.data : message->content);
        }
    }
    el_buffer_free(&user);
}

/* The beginning of the answer that the model is given; NULL = none. */
static const char *begun(const struct el_request *request) {
    bool whole = request->adaptation != NULL && request->adaptation->whole;
    return whole ? NULL : request->call->constraint.begun;
}

void el_put_messages(struct el_request *request) {
    const struct el_call *call = request->call;
    struct el_buffer *body = request->body;
    if (!el_put_field(request, "messages")) {
        return;
    }
    el_buffer_char(body, '[');
    if (call->prompt != NULL) {
        put_message(body, "user", call->prompt);
    } else if (request->adaptation != NULL && request->adaptation->folded) {
        put_folded(body, call);
    } else {
        for (size_t i = 0; i < call->n_messages; i++) {
            el_buffer_string(body, i > 0 ? "," : "");
            put_message(body, call->messages[i].role, call->messages[i].content);
        }
    }
    if (begun(request) != NULL && body->data[body->len - 1] != '[') {
        el_buffer_char(body, ',');
        put_message(body, "assistant", begun(request));
    }
    el_buffer_char(body, ']');
}

void el_put_prompt(struct el_request *request) {
    const struct el_call *call = request->call;
    struct el_buffer joined = {0};
    const char *prompt = call->prompt;
    if (prompt == NULL) {
        for (size_t i = 0; i < call->n_messages; i++) {
            el_buffer_string(&joined, i > 0 ? "\n\n" : "");
            el_buffer_string(&joined, call->messages[i].content);
        }
        if (begun(request) != NULL) {
            el_buffer_string(&joined, "\n\n");
            el_buffer_string(&joined, begun(request));
        }
        request->body->failed = request->body->failed || joined.failed;
        prompt = joined.data != NULL ? joined.data : "";
    }
    el_put_string(request, "prompt", prompt);
    el_buffer_free(&joined);
}

void el_put_schema(struct el_request *request, const char *name, const char *before,
                   const char *after) {
    struct el_buffer schema = {0};
    if (el_schema_write(&request->call->constraint, &schema) && el_put_field(request, name)) {
        el_buffer_string(request->body, before);
        el_buffer_append(request->body, schema.data, schema.len);
        el_buffer_string(request->body, after);
    }
    request->body->failed = request->body->failed || schema.failed;
    el_buffer_free(&schema);
}

void el_put_response_format(struct el_request *request) {
    el_put_schema(
        request, "response_format",
        "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"answer\",\"schema\":", "}}");
}

void el_put_grammar(struct el_request *request) {
    struct el_buffer gbnf = {0};
    struct el_constraint constraint = request->call->constraint;
    constraint.begun = begun(request);
    if (el_grammar_write(&constraint, &gbnf)) {
        el_put_string(request, "grammar", gbnf.data);
    }
    request->body->failed = request->body->failed || gbnf.failed;
    el_buffer_free(&gbnf);
}

void el_put_choice(struct el_request *request) {
    const struct el_constraint *constraint = &request->call->constraint;
    struct el_buffer *body = request->body;
    if (!el_put_field(request, "structured_outputs")) {
        return;
    }
    el_buffer_string(body, "{\"choice\":[");
    for (size_t i = 0; i < constraint->n_choices; i++) {
        el_buffer_string(body, i > 0 ? "," : "");
        el_json_string(body, constraint->choices[i], strlen(constraint->choices[i]));
    }
    el_buffer_string(body, "]}");
}

void el_put_extra(struct el_request *request) {
    struct el_buffer *body = request->body;
    const char *name;
    json_t *value;
    json_object_foreach(request->extra, name, value) {
        if (json_is_null(value) ||
            (request->merged != NULL && strcmp(name, request->merged) == 0)) {
            continue;
        }
        char *text = el_json_dump(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
        if (text == NULL) {
            body->failed = true;
            return;
        }
        el_buffer_string(body, request->comma ? "," : "");
        el_json_string(body, name, strlen(name));
        el_buffer_char(body, ':');
        el_buffer_string(body, text);
        request->comma = true;
        free(text);
    }
}

long el_max_tokens(const struct el_request *request) {
    enum { DEFAULT = 512, MOST = 1 << 24 };
    size_t own = request->call->max_tokens;
    size_t n = own != 0 ? own : request->config->max_tokens;
    return n == 0 || n > MOST ? DEFAULT : (long)n;
}

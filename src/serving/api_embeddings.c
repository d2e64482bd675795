/* POST /v1/embeddings: what calls with inputs take, whatever server it is. */
#include "base/json.h"
#include "serving/api_private.h"
#include "serving/embeddings.h"

#include <stdlib.h>

/* A child serves one model under no name; other servers want to hear one. */
static void write_request(struct el_request *request) {
    const struct el_call *call = request->call;
    struct el_buffer *body = request->body;
    if (request->config->gguf == NULL) {
        el_put_string(request, "model", request->caps->model);
    }
    if (!el_put_field(request, "input")) {
        return;
    }
    for (size_t i = 0; i < call->n_inputs; i++) {
        el_buffer_char(body, i == 0 ? '[' : ',');
        el_json_string(body, call->inputs[i],
                       el_embeddings_fit(call->inputs[i], request->caps->context));
    }
    el_buffer_char(body, ']');
}

static bool read_reply(json_t *root, const struct el_call *call, struct el_api_answer *answer,
                       char *why, size_t room) {
    el_read_usage(root, answer);
    return el_embeddings_read(root, call->n_inputs, &answer->text, &answer->text_len, why, room);
}

static void write_try(const struct el_probe *probe, struct el_buffer *body) {
    static const char *const inputs[] = {"a name"};
    struct el_call call = {.inputs = inputs, .n_inputs = 1};
    el_api_write(probe->config, &probe->caps, &call, false, probe->adaptation, body);
}

static enum el_probe_result after_try(struct el_probe *probe, json_t *root) {
    char *text = NULL;
    size_t text_len, dimensions = 0;
    if (!el_embeddings_read(root, 1, &text, &text_len, probe->why, sizeof probe->why)) {
        return EL_PROBE_WRONG;
    }
    free(el_embeddings_decode(text, text_len, 1, &dimensions));
    free(text);
    probe->caps.dimensions = dimensions;
    return EL_PROBE_KNOWN;
}

static const struct el_probe_question questions[] = {
    {.path = "/v1/embeddings", .is_call = true, .body = write_try, .understood = after_try},
};

const struct el_api_entry el_api_embeddings = {
    .name = "embeddings",
    .path = "/v1/embeddings",
    .write = write_request,
    .read = read_reply,
    .questions = questions,
    .n_questions = sizeof questions / sizeof *questions,
    .hint = " (it must serve /v1/embeddings; llama-server does so with --embedding)",
};

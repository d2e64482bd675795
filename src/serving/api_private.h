/* What the files of the APIs share (api.c, api_*.c, probe.c): how an API is described, and the
 * parts of which requests are written, replies are read and servers are asked what they are.
 *
 * To add an API: its file api_NAME.c with one `struct el_api_entry`, a line in the table of api.c,
 * and its number in `enum el_api`. */
#ifndef EL_SERVING_API_PRIVATE_H
#define EL_SERVING_API_PRIVATE_H

#include "serving/api.h"

#include <jansson.h>

/* ---- requests (api_request.c) ---- */

/* A request body that is being written, its fields in a fixed order. A field that the member's
 * extra_body holds is not written by any of these: el_put_extra() writes it, and null removes it.
 * Nor is one that the endpoint refuses. Failures of memory gather in body->failed. */
struct el_request {
    const struct el_member_config *config;
    const struct el_capabilities *caps;
    const struct el_call *call;
    struct el_buffer *body;
    json_t *extra;
    const struct el_adaptation *adaptation; /* NULL = none */
    const char *merged; /* a field of extra_body that is written already; NULL = none */
    bool comma;
};

/* Begin a field: its name and the colon. False if it is not wanted here. */
bool el_put_field(struct el_request *request, const char *name);
void el_put_string(struct el_request *request, const char *name, const char *value);
void el_put_number(struct el_request *request, const char *name, double value);
void el_put_integer(struct el_request *request, const char *name, long value);
void el_put_literal(struct el_request *request, const char *name, const char *json);

/* What calls have in common: "stop", "messages", "prompt" (of messages: their texts, a blank line
 * between). */
void el_put_stop(struct el_request *request);
void el_put_messages(struct el_request *request);
void el_put_prompt(struct el_request *request);
/* The call's constraint: as llama.cpp's grammar, as vLLM's choice, as a JSON schema between
 * `before` and `after`, and in OpenAI's "response_format". */
void el_put_grammar(struct el_request *request);
void el_put_choice(struct el_request *request);
void el_put_schema(struct el_request *request, const char *name, const char *before,
                   const char *after);
void el_put_response_format(struct el_request *request);
/* The fields of extra_body. */
void el_put_extra(struct el_request *request);

/* The limit of the answer. */
long el_max_tokens(const struct el_request *request);

/* ---- replies (api_reply.c) ---- */

/* A string member of an object, or NULL; a count, or -1. */
const char *el_reply_text(json_t *object, const char *name);
long el_reply_count(json_t *object, const char *name);

/* Keeps an answer's text, without NULs inside. False if out of memory. */
bool el_keep_text(struct el_api_answer *answer, const char *text, size_t len);
bool el_keep_json_text(struct el_api_answer *answer, json_t *string);
/* The same where the server tells a model's thoughts from its answer, and the answer is empty.
 * Where a template does not do what the server takes for granted, the whole answer is among the
 * thoughts: a JSON value or a single word at their end is taken for it. Else what is kept is
 * "<think>" and the thoughts, as models write them that no server reads for us. */
bool el_keep_thoughts(struct el_api_answer *answer, json_t *thoughts);

/* "usage" of the OpenAI style. */
void el_read_usage(json_t *root, struct el_api_answer *answer);

/* yes_no.c: how probable "yes" is (the call's own words for it), from a list of the answer's first
 * tokens with their alternatives, in any of the servers' shapes. The first token after white space
 * and markup tells. NAN if it does not. */
double el_probability_of_yes(const struct el_call *call, json_t *tokens);

/* How probable each type is for each span, or each item of a list of spans, if the call wants it
 * and the tokens tell. False if out of memory. */
bool el_keep_shares(const struct el_call *call, json_t *tokens, struct el_api_answer *answer);

/* ---- probing (walked by probe.c) ---- */

/* What is known of an endpoint so far. */
struct el_probe {
    const struct el_member_config *config;
    struct el_capabilities caps; /* .api is the one that is asked about */
    size_t most_context;         /* more than this is not given, silently; 0 = as configured */
    const struct el_adaptation *adaptation;
    bool child;       /* our own llama-server */
    bool plain;       /* ask without optional fields */
    char listed[200]; /* names of models that the server lists without the wanted one; "" */
    char why[300];    /* for EL_PROBE_WRONG; "" = the server's own words say it */
};

enum el_probe_result {
    EL_PROBE_NEXT,  /* on to the API's next question; after the last the endpoint is usable */
    EL_PROBE_KNOWN, /* usable: the API's other questions are not needed */
    EL_PROBE_AGAIN, /* the same question once more: the probe has changed */
    EL_PROBE_OTHER, /* this is another API */
    EL_PROBE_WRONG, /* not usable; `why` says so */
};

struct el_probe_question {
    const char *path;
    bool for_children; /* asked of our own llama-server only */
    bool is_call;      /* may take as long as one, and is adapted to what the server refuses */
    /* The body of a POST; NULL = GET. */
    void (*body)(const struct el_probe *probe, struct el_buffer *body);
    /* A reply of status 200; root is NULL if it is not JSON. */
    enum el_probe_result (*understood)(struct el_probe *probe, json_t *root);
    /* Any other status. NULL = another API. */
    enum el_probe_result (*refused)(struct el_probe *probe, long status);
};

/* A text, cut to the room; NULL = "". A whole number from 1 to `most`, else 0. */
void el_probe_text(char *into, size_t room, const char *text);
size_t el_probe_size(json_t *value, size_t most);

/* Note what the server says of which model it serves: a text or a number; others are nothing. A
 * path, a digest or a size is `enough` to know the model by, an owner is not. */
void el_probe_told(struct el_probe *probe, const char *what, const json_t *value, bool enough);

/* ---- an API ---- */

struct el_api_entry {
    const char *name;
    const char *path; /* of calls, with its leading slash */
    void (*write)(struct el_request *request);
    /* The call's constraint, where the server takes a JSON schema; NULL = nowhere. */
    void (*write_schema)(struct el_request *request);
    /* False, with a reason, if the reply is not what the API promises. */
    bool (*read)(json_t *root, const struct el_call *call, struct el_api_answer *answer, char *why,
                 size_t room);
    /* See el_api_prompt_was_cut(); NULL = the server says so itself. */
    bool (*prompt_was_cut)(const struct el_member_config *config,
                           const struct el_capabilities *caps, const struct el_call *call,
                           const struct el_api_answer *answer, char *why, size_t room);
    const char *no_thinking; /* extra_body that switches thinking off; NULL = no such thing */
    const struct el_probe_question *questions;
    size_t n_questions;
    const char *hint; /* added to a refusal of its questions; NULL = nothing to add */
};

/* NULL for EL_API_AUTO, which is no API. */
const struct el_api_entry *el_api_entry(enum el_api api);

#endif

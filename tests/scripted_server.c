/* A model server for tests and benches: speaks the shapes of llama-server, OpenAI, vLLM and
 * Ollama, answers by a rule instead of a model, and misbehaves when told to. One thread, epoll,
 * kept-alive connections; some ten thousand answers a second.
 *
 *   scripted_server [--port N] [--unix PATH] [--api llama|openai|vllm|ollama] [--latency MS]
 *                   [--slots N] [--context TOKENS] [--key KEY] [--loading N] [--record FILE]
 *                   [--model NAME] [--path PATH] [--fault SPEC]...
 *
 * It prints the port on standard output once it listens. Unknown options with a value are ignored,
 * so that it can also stand in for a llama-server child (-m -c -np -t --host; the key comes from
 * LLAMA_API_KEY then, faults from SCRIPTED_FAULTS, separated by blanks).
 *
 * The answer is a function of the prompt alone:
 *   extraction      every capitalised word of the sentence
 *   classification  for each span one of the types, by a hash of the span
 *   verification    yes, or no for about one pair in eight, by a hash
 *   embeddings      32 numbers by the letter triples of the text (POST /v1/embeddings)
 * Compact prompts are read by their markers and answered with such; others by their last line
 * that begins with "Text:", "Spans:" ... (see read_chat_prompt) and answered in JSON.
 *
 * A fault SPEC is KIND[=ARGUMENT][@FIRST-LAST][%EVERY]; it strikes completion requests number
 * FIRST to LAST (from 1), or every EVERYth. Kinds:
 *   slow=MS       first byte late          cut           closed without an answer
 *   half          closed in mid-body       halfjson      whole HTTP, half the JSON
 *   status=CODE   that status              retry=SECONDS 429 with Retry-After
 *   context       prompt too long          html          a web page with status 200
 *   endless       a body without end       headers       headers without end
 *   chunks        broken chunk sizes       garbage       no HTTP at all
 *   empty         no choices, wrong id     list          JSON of another shape
 *   redirect=URL  302                      nul           NUL and control characters inside
 *   utf8          invalid UTF-8 inside     length        said to be cut by the length limit
 *   drip=MS       one byte each MS         echo          401 that repeats the key
 *   prose         chatter, no answer       die           the process ends
 *   silent        of Ollama: said to have read a prompt as long as its window
 *   thinks        nothing but thoughts, cut     thought       the answer among the thoughts
 *   mute          an empty answer
 *   hang          never answered           length=BYTES  cut there, if it is longer
 *   refuse=FIELD[:STYLE]  refused while the request has this field; several may be given. "system"
 *                 is the role; STYLE is openai (the default), fastapi, vllm or words
 *   model         404 for another model than --model, and no route but that of chat
 * and of embeddings alone:
 *   count         one row too few          null          a number that is none
 *   dims          rows of two lengths      backwards     rows in reverse order (no fault)
 *   huge          a number beyond floats
 *
 * --path is what it tells of where its model comes from (of Ollama: the digest); "" tells nothing.
 *
 * --record writes the body of each completion request to FILE, one a line.
 *
 * Paths below /gateway are those below /v1. GET /stats: requests, completions, most in flight,
 * distinct prompts. */
#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"

enum { MAX_FAULTS = 64, MAX_REQUEST = 64 << 20, SEEN = 1 << 16 };

struct fault {
    char kind[16], argument[256];
    unsigned long first, last, every;
};

struct connection {
    int fd;
    struct el_buffer in, out;
    size_t sent;
    double due;  /* when `out` may go; 0 = at once */
    double drip; /* seconds a byte, 0 = whole */
    bool busy;   /* a completion is being "computed" or waits for a slot */
    bool holds_slot, endless, hang, close_after;
    struct connection *next, *previous, *waiting;
};

struct server {
    const char *api, *key, *model, *path;
    double latency;
    size_t slots, context;
    unsigned long loading;
    FILE *record;
    struct fault faults[MAX_FAULTS];
    size_t n_faults;
    int epoll, listener;
    struct connection *connections, *queue, **queue_last;
    struct connection *dead; /* dropped, freed when no event can name them any more */
    size_t in_flight, most_in_flight, distinct;
    unsigned long requests, completions;
    uint64_t *seen;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t hash(const char *text, size_t len) {
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < len; i++) {
        h = (h ^ (unsigned char)text[i]) * 1099511628211u;
    }
    return h ^ h >> 29;
}

/* ---- the rule ---- */

struct text {
    const char *at;
    size_t len;
};

static struct text trim(struct text t) {
    while (t.len > 0 && strchr(" \t\r\n", t.at[0]) != NULL) {
        t.at++;
        t.len--;
    }
    while (t.len > 0 && strchr(" \t\r\n", t.at[t.len - 1]) != NULL) {
        t.len--;
    }
    return t;
}

static const char *last_of(const char *text, const char *what) {
    const char *found = NULL;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++) {
        found = at;
    }
    return found;
}

/* What follows the last `marker`, up to the next marker that is no separator. */
static struct text after_marker(const char *prompt, const char *marker) {
    const char *from = last_of(prompt, marker);
    if (from == NULL) {
        return (struct text){"", 0};
    }
    from += strlen(marker);
    const char *to = from;
    while ((to = strstr(to, "<|")) != NULL && strncmp(to, "<|sep|>", 7) == 0) {
        to += 7;
    }
    return trim((struct text){from, to != NULL ? (size_t)(to - from) : strlen(from)});
}

static bool next_item(struct text *list, const char *separator, struct text *item) {
    if (list->at == NULL) {
        return false;
    }
    const char *end = memmem(list->at, list->len, separator, strlen(separator));
    size_t len = end != NULL ? (size_t)(end - list->at) : list->len;
    *item = trim((struct text){list->at, len});
    if (end != NULL) {
        list->at += len + strlen(separator);
        list->len -= len + strlen(separator);
    } else {
        list->at = NULL;
    }
    return true;
}

static void json_text(struct el_buffer *out, struct text t) {
    el_buffer_char(out, '"');
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.at[i];
        if (c == '"' || c == '\\') {
            el_buffer_char(out, '\\');
            el_buffer_char(out, (char)c);
        } else if (c < ' ') {
            el_buffer_printf(out, "\\u%04x", c);
        } else {
            el_buffer_char(out, (char)c);
        }
    }
    el_buffer_char(out, '"');
}

static bool in_word(unsigned char c) {
    return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '\'' || c == '-';
}

static void extract(struct text sentence, bool json, struct el_buffer *out) {
    bool first = true;
    el_buffer_string(out, json ? "[" : " ");
    for (size_t i = 0; i < sentence.len;) {
        size_t start = i;
        while (i < sentence.len && in_word((unsigned char)sentence.at[i])) {
            i++;
        }
        i += i == start;
        struct text word = {sentence.at + start, i - start};
        bool name = word.at[0] >= 'A' && word.at[0] <= 'Z';
        if (json && name) {
            el_buffer_string(out, first ? "" : ", ");
            json_text(out, word);
            first = false;
        } else if (!json) {
            el_buffer_string(out, name ? "<|mark|>" : "");
            el_buffer_append(out, word.at, word.len);
            el_buffer_string(out, name ? "<|/mark|>" : "");
        }
    }
    el_buffer_string(out, json ? "]" : "");
}

static void classify(struct text spans, struct text types, const char *separator, bool json,
                     struct el_buffer *out) {
    struct text span, type, list = types;
    size_t n_types = 0;
    bool first = true;
    while (next_item(&list, separator, &type)) {
        n_types++;
    }
    el_buffer_string(out, json ? "{" : "");
    while (next_item(&spans, separator, &span)) {
        size_t pick = hash(span.at, span.len) % n_types;
        list = types;
        for (size_t i = 0; i <= pick; i++) {
            next_item(&list, separator, &type);
        }
        if (json) {
            el_buffer_string(out, first ? "" : ", ");
            json_text(out, span);
            el_buffer_string(out, ": ");
            json_text(out, type);
        } else {
            el_buffer_printf(out, "%s %.*s<|is|> %.*s", first ? "" : "<|sep|>", (int)span.len,
                             span.at, (int)type.len, type.at);
        }
        first = false;
    }
    el_buffer_string(out, json ? "}" : "");
}

static void verify(struct text span, struct text type, struct el_buffer *out) {
    uint64_t h = hash(span.at, span.len) ^ hash(type.at, type.len) * 31;
    el_buffer_string(out, h % 8 == 0 ? "no" : "yes");
}

/* "Name: value" on the last line that has it. */
static struct text line_value(const char *prompt, const char *name) {
    const char *from = last_of(prompt, name);
    if (from == NULL) {
        return (struct text){NULL, 0};
    }
    from += strlen(name);
    return trim((struct text){from, strcspn(from, "\n")});
}

static void answer_chat(const char *prompt, struct el_buffer *out) {
    struct text text = line_value(prompt, "\nText:"), spans = line_value(prompt, "\nSpans:");
    struct text span = line_value(prompt, "\nSpan:"), type = line_value(prompt, "\nType:");
    struct text types = line_value(prompt, "\nTypes:");
    if (text.at == NULL) { /* unknown wording: the last line is taken for the sentence */
        const char *line = strrchr(prompt, '\n');
        text = trim((struct text){line != NULL ? line + 1 : prompt,
                                  strlen(line != NULL ? line + 1 : prompt)});
    }
    if (span.at != NULL && type.at != NULL) {
        verify(span, type, out);
    } else if (spans.at != NULL && types.at != NULL) {
        classify(spans, types, ",", true, out);
    } else {
        extract(text, true, out);
    }
}

static void answer(const char *prompt, struct el_buffer *out) {
    if (strstr(prompt, "<|answer|>") == NULL) {
        answer_chat(prompt, out);
    } else if (strncmp(prompt, "<|verify|>", 10) == 0) {
        verify(after_marker(prompt, "<|spans|>"), after_marker(prompt, "<|types|>"), out);
    } else if (strncmp(prompt, "<|classify|>", 12) == 0) {
        classify(after_marker(prompt, "<|spans|>"), after_marker(prompt, "<|types|>"), "<|sep|>",
                 false, out);
    } else {
        extract(after_marker(prompt, "<|text|>"), false, out);
    }
}

/* ---- replies ---- */

static void respond(struct connection *c, int status, const char *headers, const char *body,
                    size_t len) {
    el_buffer_printf(&c->out, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n%s\r\n", status,
                     status == 200 ? "OK" : "Trouble", len, headers);
    el_buffer_append(&c->out, body, len);
}

static const char JSON[] = "Content-Type: application/json\r\n";

static void respond_text(struct connection *c, int status, const char *body) {
    respond(c, status, JSON, body, strlen(body));
}

static size_t words(const char *text) {
    size_t n = 0;
    for (bool inside = false; *text != '\0'; text++) {
        bool now_inside = in_word((unsigned char)*text);
        n += (!inside && now_inside) || (!now_inside && *text != ' ');
        inside = now_inside;
    }
    return n;
}

enum shape { LLAMA, CHAT, COMPLETION, OLLAMA, EMBEDDINGS };

static void put_logprobs(struct el_buffer *out, const char *said, const char *list) {
    bool yes = strcmp(said, "yes") == 0;
    if (yes || strcmp(said, "no") == 0) {
        el_buffer_printf(out,
                         ",\"%s\":[{\"token\":\"%s\",\"logprob\":-0.2231,\"top_logprobs\":["
                         "{\"token\":\"%s\",\"logprob\":-0.2231},"
                         "{\"token\":\"%s\",\"logprob\":-1.6094}]}]",
                         list, said, said, yes ? "no" : "yes");
    } else if (said[0] == '[') { /* a list, as one token */
        el_buffer_printf(out, ",\"%s\":[{\"token\":", list);
        json_text(out, (struct text){said, strlen(said)});
        el_buffer_string(out, ",\"logprob\":-0.2231}]");
    }
}

static void completion_body(const struct server *s, enum shape shape, const char *said,
                            size_t said_len, size_t prompt_tokens, bool cut,
                            struct el_buffer *out) {
    struct text t = {said, said_len};
    size_t n = words(said) + 1;
    if (shape == LLAMA) {
        el_buffer_string(out, "{\"content\":");
        json_text(out, t);
        put_logprobs(out, said, "completion_probabilities");
        el_buffer_printf(out,
                         ",\"stop_type\":\"%s\",\"tokens_evaluated\":%zu,\"tokens_predicted\":%zu,"
                         "\"timings\":{\"cache_n\":%zu}}",
                         cut ? "limit" : "eos", prompt_tokens, n, prompt_tokens / 2);
    } else if (shape == OLLAMA) {
        el_buffer_printf(
            out, "{\"model\":\"%s\",\"message\":{\"role\":\"assistant\",\"content\":", s->model);
        json_text(out, t);
        el_buffer_char(out, '}');
        put_logprobs(out, said, "logprobs");
        el_buffer_printf(out,
                         ",\"done\":true,\"done_reason\":\"%s\",\"prompt_eval_count\":%zu,"
                         "\"eval_count\":%zu}",
                         cut ? "length" : "stop", prompt_tokens, n);
    } else {
        el_buffer_printf(
            out, "{\"id\":\"x\",\"model\":\"%s\",\"choices\":[{\"index\":0,%s", s->model,
            shape == CHAT ? "\"message\":{\"role\":\"assistant\",\"content\":" : "\"text\":");
        json_text(out, t);
        el_buffer_string(out, shape == CHAT ? "}" : "");
        el_buffer_string(out, ",\"logprobs\":{\"x\":0");
        put_logprobs(out, said, "content");
        el_buffer_printf(out,
                         "},\"finish_reason\":\"%s\"}],\"usage\":{\"prompt_tokens\":%zu,"
                         "\"completion_tokens\":%zu}}",
                         cut ? "length" : "stop", prompt_tokens, n);
    }
}

/* Texts that share letters have similar vectors. */
static void embedding(const char *text, size_t dimensions, const char *kind,
                      struct el_buffer *out) {
    double values[32] = {0.001};
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        uint64_t h = hash(text + i, len - i < 3 ? len - i : 3);
        values[h % 32] += h >> 32 & 1 ? 1 : -1;
    }
    for (size_t i = 0; i < dimensions; i++) {
        el_buffer_string(out, i > 0 ? "," : "");
        if (i == 7 && strcmp(kind, "null") == 0) {
            el_buffer_string(out, "null");
        } else if (i == 7 && strcmp(kind, "huge") == 0) {
            el_buffer_string(out, "1e300");
        } else {
            el_buffer_printf(out, "%.17g", values[i]);
        }
    }
}

static void embeddings_body(const struct server *s, json_t *inputs, const char *kind,
                            struct el_buffer *out) {
    size_t n = json_array_size(inputs), tokens = 0;
    size_t shown = n > 0 && strcmp(kind, "count") == 0 ? n - 1 : n;
    el_buffer_string(out, "{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < shown; i++) {
        size_t number = strcmp(kind, "backwards") == 0 ? n - 1 - i : i;
        const char *text = json_string_value(json_array_get(inputs, number));
        el_buffer_printf(out, "%s{\"object\":\"embedding\",\"index\":%zu,\"embedding\":[",
                         i > 0 ? "," : "", number);
        embedding(text != NULL ? text : "", i == 1 && strcmp(kind, "dims") == 0 ? 31 : 32, kind,
                  out);
        el_buffer_string(out, "]}");
        tokens += words(text != NULL ? text : "");
    }
    el_buffer_printf(out, "],\"model\":\"%s\",\"usage\":{\"prompt_tokens\":%zu}}", s->model,
                     tokens);
}

static char *prompt_of(json_t *root) {
    const char *prompt = json_string_value(json_object_get(root, "prompt"));
    struct el_buffer joined = {0};
    json_t *message;
    size_t i;
    if (prompt != NULL) {
        return strdup(prompt);
    }
    json_array_foreach(json_object_get(root, "messages"), i, message) {
        const char *text = json_string_value(json_object_get(message, "content"));
        el_buffer_string(&joined, i > 0 ? "\n" : "");
        el_buffer_string(&joined, text != NULL ? text : "");
    }
    return joined.data != NULL ? joined.data : strdup("");
}

/* ---- faults ---- */

static bool parse_fault(struct server *s, const char *spec) {
    struct fault f = {.first = 1, .last = ULONG_MAX, .every = 1};
    size_t kind = strcspn(spec, "=@%");
    if (kind == 0 || kind >= sizeof f.kind || s->n_faults == MAX_FAULTS) {
        return false;
    }
    memcpy(f.kind, spec, kind);
    spec += kind;
    if (*spec == '=') {
        size_t len = strcspn(++spec, "@%");
        if (len >= sizeof f.argument) {
            return false;
        }
        memcpy(f.argument, spec, len);
        spec += len;
    }
    if (*spec == '@') {
        char *end;
        f.first = f.last = strtoul(spec + 1, &end, 10);
        if (*end == '-') {
            f.last = end[1] >= '0' && end[1] <= '9' ? strtoul(end + 1, &end, 10) : ULONG_MAX;
            end += f.last == ULONG_MAX;
        }
        spec = end;
    }
    if (*spec == '%') {
        char *end;
        f.every = strtoul(spec + 1, &end, 10);
        spec = end;
    }
    if (*spec != '\0' || f.every == 0) {
        return false;
    }
    s->faults[s->n_faults++] = f;
    return true;
}

static bool strikes(const struct fault *f, unsigned long number) {
    return number >= f->first && number <= f->last && number % f->every == 0;
}

static const struct fault *fault_for(const struct server *s, unsigned long number) {
    for (size_t i = 0; i < s->n_faults; i++) {
        const struct fault *f = &s->faults[i];
        bool answers = strcmp(f->kind, "refuse") == 0 || strcmp(f->kind, "model") == 0;
        if (!answers && strikes(f, number)) {
            return f;
        }
    }
    return NULL;
}

static bool has_field(json_t *root, const char *field) {
    json_t *message;
    size_t i;
    json_array_foreach(json_object_get(root, "messages"), i, message) {
        const char *role = json_string_value(json_object_get(message, "role"));
        if (strcmp(field, "system") == 0 && role != NULL && strcmp(role, "system") == 0) {
            return true;
        }
    }
    return json_object_get(root, field) != NULL ||
           json_object_get(json_object_get(root, "options"), field) != NULL;
}

/* In the words of servers that do so. */
static void refuse(struct connection *c, const char *field, const char *style) {
    char body[512];
    if (strcmp(field, "system") == 0) {
        respond_text(c, 400,
                     "{\"object\":\"error\",\"message\":\"System role not supported\",\"type\":"
                     "\"BadRequestError\",\"param\":null,\"code\":400}");
    } else if (strcmp(style, "fastapi") == 0) {
        snprintf(body, sizeof body,
                 "{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"%.60s\"],"
                 "\"msg\":\"Extra inputs are not permitted\",\"input\":0}]}",
                 field);
        respond_text(c, 422, body);
    } else if (strcmp(style, "vllm") == 0) {
        snprintf(body, sizeof body,
                 "{\"object\":\"error\",\"message\":\"[{'type': 'extra_forbidden', 'loc': ('body', "
                 "'%.60s'), 'msg': 'Extra inputs are not permitted', 'input': 0}]\",\"type\":"
                 "\"BadRequestError\",\"param\":null,\"code\":400}",
                 field);
        respond_text(c, 400, body);
    } else if (strcmp(style, "words") == 0) {
        snprintf(body, sizeof body, "{\"error\":\"this model does not support %.60s\"}", field);
        respond_text(c, 400, body);
    } else if (strcmp(field, "temperature") == 0) {
        respond_text(
            c, 400,
            "{\"error\":{\"message\":\"Unsupported value: 'temperature' does not support 0 "
            "with this model. Only the default (1) value is supported.\",\"type\":"
            "\"invalid_request_error\",\"param\":\"temperature\",\"code\":"
            "\"unsupported_value\"}}");
    } else {
        bool limit = strcmp(field, "max_tokens") == 0;
        snprintf(body, sizeof body,
                 "{\"error\":{\"message\":\"Unsupported parameter: '%.60s' is not supported with "
                 "this model.%s\",\"type\":\"invalid_request_error\",\"param\":\"%.60s\",\"code\":"
                 "\"unsupported_parameter\"}}",
                 field, limit ? " Use 'max_completion_tokens' instead." : "", field);
        respond_text(c, 400, body);
    }
}

/* True if the request holds what is to be refused. */
static bool is_refused(struct server *s, struct connection *c, enum shape shape, json_t *root) {
    const char *model = json_string_value(json_object_get(root, "model"));
    for (size_t i = 0; i < s->n_faults; i++) {
        const struct fault *f = &s->faults[i];
        bool asks_model = strcmp(f->kind, "model") == 0 && strikes(f, s->completions);
        if (asks_model && shape != CHAT) {
            respond_text(c, 404, "{\"detail\":\"Not Found\"}");
            return true;
        }
        if (asks_model && (model == NULL || strcmp(model, s->model) != 0)) {
            respond_text(c, 404,
                         "{\"object\":\"error\",\"message\":\"The model `other` does not exist.\","
                         "\"type\":\"NotFoundError\",\"param\":\"model\",\"code\":404}");
            return true;
        }
        if (strcmp(f->kind, "refuse") == 0 && strikes(f, s->completions)) {
            char field[64];
            size_t len = strcspn(f->argument, ":");
            snprintf(field, sizeof field, "%.*s", (int)len, f->argument);
            if (has_field(root, field)) {
                refuse(c, field, f->argument[len] == ':' ? f->argument + len + 1 : "openai");
                return true;
            }
        }
    }
    return false;
}

static void broken_text(struct connection *c, const char *text, bool close_after) {
    el_buffer_string(&c->out, text);
    c->close_after = close_after;
}

static void status_fault(struct connection *c, const char *argument) {
    char body[512];
    snprintf(body, sizeof body, "{\"error\":{\"message\":\"scripted status %.9s\"}}", argument);
    respond_text(c, atoi(argument), body);
}

/* True if the fault replaces the answer. */
static bool strike(struct server *s, struct connection *c, const struct fault *f,
                   const char *authorization) {
    const char *k = f->kind;
    if (strcmp(k, "slow") == 0) {
        c->due = now() + atof(f->argument) / 1000;
        return false;
    } else if (strcmp(k, "drip") == 0) {
        c->drip = atof(f->argument) / 1000;
        return false;
    } else if (strcmp(k, "length") == 0 || strcmp(k, "half") == 0 || strcmp(k, "halfjson") == 0 ||
               strcmp(k, "nul") == 0 || strcmp(k, "utf8") == 0 || strcmp(k, "prose") == 0 ||
               strcmp(k, "thinks") == 0 || strcmp(k, "thought") == 0 || strcmp(k, "mute") == 0 ||
               strcmp(k, "silent") == 0 || strcmp(k, "count") == 0 || strcmp(k, "null") == 0 ||
               strcmp(k, "dims") == 0 || strcmp(k, "huge") == 0 || strcmp(k, "backwards") == 0) {
        return false; /* these change the answer, see complete() */
    } else if (strcmp(k, "cut") == 0) {
        c->close_after = true;
    } else if (strcmp(k, "status") == 0) {
        status_fault(c, f->argument);
    } else if (strcmp(k, "retry") == 0) {
        char headers[320];
        const char *body = "{\"error\":{\"message\":\"slow down\"}}";
        snprintf(headers, sizeof headers, "%sRetry-After: %s\r\n", JSON, f->argument);
        respond(c, 429, headers, body, strlen(body));
    } else if (strcmp(k, "context") == 0) {
        respond_text(c, 400,
                     "{\"error\":{\"code\":400,\"message\":\"request (3001 tokens) exceeds the "
                     "available context size (512 tokens)\",\"type\":"
                     "\"exceed_context_size_error\"}}");
    } else if (strcmp(k, "html") == 0) {
        const char *page = "<html><body><h1>Welcome to the gateway</h1></body></html>";
        respond(c, 200, "Content-Type: text/html\r\n", page, strlen(page));
    } else if (strcmp(k, "endless") == 0 || strcmp(k, "headers") == 0) {
        broken_text(c, "HTTP/1.1 200 OK\r\n", true);
        if (k[0] == 'e') {
            broken_text(c, "Content-Type: application/json\r\n\r\n{\"content\":\"", true);
        }
        c->endless = true;
    } else if (strcmp(k, "chunks") == 0) {
        broken_text(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n-5\r\n",
                    true);
    } else if (strcmp(k, "garbage") == 0) {
        broken_text(c, "\x15\x03\x01 this is not HTTP\r\n\r\n", true);
    } else if (strcmp(k, "empty") == 0) {
        respond_text(c, 200, "{\"id\":\"wrong\",\"object\":\"list\",\"choices\":[]}");
    } else if (strcmp(k, "list") == 0) {
        respond_text(c, 200, "[1,2,{\"content\":[]}]");
    } else if (strcmp(k, "redirect") == 0) {
        char headers[400];
        snprintf(headers, sizeof headers, "Location: %s\r\n", f->argument);
        respond(c, 302, headers, "", 0);
    } else if (strcmp(k, "echo") == 0) {
        char body[1024];
        snprintf(body, sizeof body, "{\"error\":{\"message\":\"bad credentials: %.600s\"}}",
                 authorization);
        respond_text(c, 401, body);
    } else if (strcmp(k, "die") == 0) {
        exit(1);
    } else if (strcmp(k, "hang") == 0) {
        c->hang = true;
    } else {
        fprintf(stderr, "scripted_server: unknown fault %s\n", k);
        exit(2);
    }
    (void)s;
    return true;
}

static void note_prompt(struct server *s, const char *body, size_t len) {
    uint64_t h = hash(body, len) | 1;
    size_t at = h % SEEN;
    for (size_t i = 0; i < SEEN && s->seen[at] != 0; i++, at = (at + 1) % SEEN) {
        if (s->seen[at] == h) {
            return;
        }
    }
    s->distinct++;
    if (s->distinct < SEEN / 2) {
        s->seen[at] = h;
    }
}

/* As servers that take thoughts out of the answer say it. */
static void think(struct el_buffer *reply, enum shape shape) {
    static const char content[] = "\"content\":\"";
    struct el_buffer changed = {0};
    char *at = strstr(reply->data, content);
    el_buffer_append(&changed, reply->data, (size_t)(at - reply->data));
    el_buffer_string(&changed, shape == OLLAMA ? "\"content\":\"\",\"thinking\":\""
                                               : "\"content\":null,\"reasoning_content\":\"");
    el_buffer_string(&changed, at + sizeof content - 1);
    el_buffer_free(reply);
    *reply = changed;
}

static void complete(struct server *s, struct connection *c, enum shape shape, const char *body,
                     size_t len, const char *authorization) {
    json_t *root = json_loadb(body, len, 0, NULL);
    const struct fault *f = fault_for(s, ++s->completions);
    struct el_buffer said = {0}, reply = {0};
    note_prompt(s, body, len);
    if (s->record != NULL) {
        fwrite(body, 1, len, s->record);
        fputc('\n', s->record);
        fflush(s->record);
    }
    c->due = s->latency > 0 ? now() + s->latency : 0;
    if (root == NULL) {
        respond_text(c, 400, "{\"error\":{\"message\":\"the request is no JSON\"}}");
        return;
    }
    if (is_refused(s, c, shape, root)) {
        json_decref(root);
        return;
    }
    char *prompt = prompt_of(root);
    json_t *inputs = json_incref(json_object_get(root, "input"));
    const char *k = f != NULL ? f->kind : "";
    json_t *window = json_object_get(json_object_get(root, "options"), "num_ctx");
    size_t prompt_tokens =
        strcmp(k, "silent") == 0 ? (size_t)json_integer_value(window) : words(prompt);
    json_decref(root);
    if (f != NULL && strike(s, c, f, authorization)) {
        json_decref(inputs);
        free(prompt);
        return;
    }
    if (s->context != 0 && prompt_tokens > s->context) {
        respond_text(c, 400,
                     "{\"error\":{\"code\":400,\"message\":\"the prompt exceeds the available "
                     "context size\",\"type\":\"exceed_context_size_error\"}}");
        json_decref(inputs);
        free(prompt);
        return;
    }
    answer(prompt, &said);
    if (strcmp(k, "prose") == 0) {
        el_buffer_clear(&said);
        el_buffer_string(&said, "I am sorry, I cannot help with that.");
    }
    bool thinks = strcmp(k, "thinks") == 0;
    if (thinks || strcmp(k, "mute") == 0) {
        el_buffer_clear(&said);
        el_buffer_string(&said, thinks ? "The user wants [\"names\"] of the text" : "");
    }
    bool cut = strcmp(k, "length") == 0 || thinks;
    size_t limit = cut && !thinks ? strtoul(f->argument, NULL, 10) : 0;
    if (limit > 0) {
        cut = said.len > limit;
        while (cut && ((unsigned char)said.data[limit] & 0xc0) == 0x80) {
            limit--; /* not within a character */
        }
        said.len = cut ? limit : said.len;
    }
    if (shape == EMBEDDINGS) {
        embeddings_body(s, inputs, k, &reply);
    } else {
        completion_body(s, shape, said.data != NULL ? said.data : "", said.len, prompt_tokens, cut,
                        &reply);
        if (thinks || strcmp(k, "thought") == 0) {
            think(&reply, shape);
        }
    }
    json_decref(inputs);
    if (shape == EMBEDDINGS) {
        /* the faults below are of texts */
    } else if (strcmp(k, "nul") == 0 || strcmp(k, "utf8") == 0) {
        el_buffer_clear(&reply);
        completion_body(s, shape, "@", 1, prompt_tokens, false, &reply);
        char *at = strchr(reply.data, '@');
        struct el_buffer whole = {0};
        el_buffer_append(&whole, reply.data, (size_t)(at - reply.data));
        el_buffer_string(&whole, k[0] == 'n' ? "\\u0000A\\u0000\\u001f" : "\xc3\x28\xff");
        el_buffer_string(&whole, at + 1);
        el_buffer_free(&reply);
        reply = whole;
    }
    if (strcmp(k, "half") == 0) {
        el_buffer_printf(&c->out, "HTTP/1.1 200 OK\r\n%sContent-Length: %zu\r\n\r\n", JSON,
                         reply.len);
        el_buffer_append(&c->out, reply.data, reply.len / 2);
        c->close_after = true;
    } else {
        respond(c, 200, JSON, reply.data, strcmp(k, "halfjson") == 0 ? reply.len / 2 : reply.len);
    }
    free(prompt);
    el_buffer_free(&said);
    el_buffer_free(&reply);
}

/* ---- routes ---- */

static void props(const struct server *s, struct connection *c) {
    char body[512];
    snprintf(body, sizeof body,
             "{\"default_generation_settings\":{\"n_ctx\":%zu},\"total_slots\":%zu,"
             "\"model_alias\":\"%s\",\"model_path\":\"%s\",\"build_info\":\"scripted\","
             "\"chat_template\":\"x\"}",
             s->context != 0 ? s->context : 4096, s->slots, s->model, s->path);
    respond_text(c, 200, body);
}

static void models(const struct server *s, struct connection *c) {
    char body[512];
    snprintf(body, sizeof body,
             "{\"object\":\"list\",\"data\":[{\"id\":\"%s\",\"object\":\"model\",\"root\":\"%s\","
             "\"owned_by\":\"%s\",\"max_model_len\":%zu}]}",
             s->model, s->path, strcmp(s->api, "vllm") == 0 ? "vllm" : "scripted",
             s->context != 0 ? s->context : 4096);
    respond_text(c, 200, body);
}

static void tags(const struct server *s, struct connection *c) {
    char body[512];
    snprintf(body, sizeof body, "{\"models\":[{\"name\":\"%s:latest\",\"digest\":\"%s\"}]}",
             s->model, s->path);
    respond_text(c, 200, body);
}

static void stats(const struct server *s, struct connection *c) {
    char body[256];
    snprintf(body, sizeof body,
             "{\"requests\":%lu,\"completions\":%lu,\"most_in_flight\":%zu,\"distinct\":%zu}",
             s->requests, s->completions, s->most_in_flight, s->distinct);
    respond_text(c, 200, body);
}

/* The completion routes of this API; false for others. */
static bool completion_route(const struct server *s, const char *path, enum shape *shape) {
    bool llama = strcmp(s->api, "llama") == 0;
    *shape = EMBEDDINGS;
    if (strcmp(path, "/v1/embeddings") == 0) {
        return true;
    }
    *shape = LLAMA;
    if (llama && strcmp(path, "/completion") == 0) {
        return true;
    }
    *shape = OLLAMA;
    if (strcmp(s->api, "ollama") == 0 && strcmp(path, "/api/chat") == 0) {
        return true;
    }
    *shape = strcmp(path, "/v1/chat/completions") == 0 ? CHAT : COMPLETION;
    return *shape == CHAT || strcmp(path, "/v1/completions") == 0;
}

static void other_route(struct server *s, struct connection *c, const char *path) {
    bool llama = strcmp(s->api, "llama") == 0, ollama = strcmp(s->api, "ollama") == 0;
    if (strcmp(path, "/stats") == 0) {
        stats(s, c);
    } else if (s->requests <= s->loading) {
        respond_text(c, 503, "{\"error\":{\"code\":503,\"message\":\"Loading model\"}}");
    } else if (llama && strcmp(path, "/health") == 0) {
        respond_text(c, 200, "{\"status\":\"ok\"}");
    } else if (llama && strcmp(path, "/props") == 0) {
        props(s, c);
    } else if (llama && strcmp(path, "/tokenize") == 0) {
        respond_text(c, 200, "{\"tokens\":[5]}");
    } else if (ollama && strcmp(path, "/api/version") == 0) {
        respond_text(c, 200, "{\"version\":\"0.12.11\"}");
    } else if (ollama && strcmp(path, "/api/show") == 0) {
        respond_text(c, 200,
                     "{\"model_info\":{\"llama.context_length\":4096,"
                     "\"general.parameter_count\":7000000000}}");
    } else if (ollama && strcmp(path, "/api/tags") == 0) {
        tags(s, c);
    } else if (strcmp(path, "/v1/models") == 0) {
        models(s, c);
    } else {
        respond_text(c, 404, "{\"error\":{\"message\":\"no such route\"}}");
    }
}

/* ---- connections ---- */

static void watch(struct server *s, struct connection *c, bool writing) {
    struct epoll_event e = {.events = writing ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = c};
    epoll_ctl(s->epoll, EPOLL_CTL_MOD, c->fd, &e);
}

static void release_slot(struct server *s, struct connection *c);

static void drop(struct server *s, struct connection *c) {
    struct connection **at = &s->queue;
    while (*at != NULL && *at != c) {
        at = &(*at)->waiting;
    }
    if (*at == c) {
        *at = c->waiting;
        s->queue_last = &s->queue;
        while (*s->queue_last != NULL) {
            s->queue_last = &(*s->queue_last)->waiting;
        }
    }
    release_slot(s, c);
    close(c->fd);
    el_buffer_free(&c->in);
    el_buffer_free(&c->out);
    *(c->previous != NULL ? &c->previous->next : &s->connections) = c->next;
    if (c->next != NULL) {
        c->next->previous = c->previous;
    }
    c->fd = -1;
    c->due = 0;
    c->waiting = s->dead;
    s->dead = c;
}

static void bury(struct server *s) {
    for (struct connection *c = s->dead, *next; c != NULL; c = next) {
        next = c->waiting;
        free(c);
    }
    s->dead = NULL;
}

static void endless_bytes(struct connection *c) {
    static const char junk[] =
        "X-Junk: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";
    while (c->out.len < 1 << 16) {
        el_buffer_append(&c->out, junk, sizeof junk - 1);
    }
}

/* True while the connection lives. */
static bool flush(struct server *s, struct connection *c) {
    while (true) {
        if (c->endless && c->sent == c->out.len) {
            el_buffer_clear(&c->out);
            c->sent = 0;
            endless_bytes(c);
        }
        size_t left = c->out.len - c->sent;
        if (left == 0) {
            break;
        }
        ssize_t n = send(c->fd, c->out.data + c->sent, c->drip > 0 ? 1 : left, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            watch(s, c, true);
            return true;
        }
        if (n < 0) {
            drop(s, c);
            return false;
        }
        c->sent += (size_t)n;
        if (c->drip > 0 && c->sent < c->out.len) {
            c->due = now() + c->drip;
            return true;
        }
    }
    if (c->close_after) {
        drop(s, c);
        return false;
    }
    el_buffer_clear(&c->out);
    c->sent = 0;
    c->drip = c->due = 0;
    c->busy = false;
    release_slot(s, c);
    return true;
}

static const char *header(const char *head, const char *end, const char *name) {
    size_t len = strlen(name);
    for (const char *line = head; line != NULL && line < end; line = strstr(line, "\r\n")) {
        line += line == head ? 0 : 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            return line + len + 1 + strspn(line + len + 1, " ");
        }
    }
    return NULL;
}

/* One request at the front of `in`; false if it is not whole yet. */
static bool handle(struct server *s, struct connection *c) {
    const char *end = c->in.data != NULL ? strstr(c->in.data, "\r\n\r\n") : NULL;
    if (end == NULL) {
        return false;
    }
    const char *length = header(c->in.data, end, "Content-Length");
    const char *authorization = header(c->in.data, end, "Authorization");
    size_t body_len = length != NULL ? strtoul(length, NULL, 10) : 0;
    size_t whole = (size_t)(end + 4 - c->in.data) + body_len;
    if (body_len > MAX_REQUEST || c->in.len < whole) {
        return false;
    }
    char path[128] = "", version[16] = "", auth[640] = "";
    enum shape shape;
    sscanf(c->in.data, "%*s %127s %15s", path, version);
    c->close_after = strcmp(version, "HTTP/1.0") == 0; /* its end is how that tells the reply's */
    path[strcspn(path, "?")] = '\0';
    if (strncmp(path, "/gateway/", 9) == 0) { /* the OpenAI style without its "/v1" */
        memmove(path + 3, path + 8, strlen(path + 8) + 1);
        memcpy(path, "/v1", 3);
    }
    if (authorization != NULL) {
        snprintf(auth, sizeof auth, "%.*s", (int)strcspn(authorization, "\r\n"), authorization);
    }
    s->requests++;
    c->busy = true;
    bool open_route = strcmp(path, "/health") == 0 || strcmp(path, "/stats") == 0;
    bool allowed = s->key == NULL || open_route ||
                   (strncmp(auth, "Bearer ", 7) == 0 && strcmp(auth + 7, s->key) == 0);
    if (!allowed) {
        respond_text(c, 401, "{\"error\":{\"message\":\"Invalid API Key\"}}");
    } else if (completion_route(s, path, &shape)) {
        s->in_flight++;
        s->most_in_flight = s->in_flight > s->most_in_flight ? s->in_flight : s->most_in_flight;
        c->holds_slot = true;
        complete(s, c, shape, end + 4, body_len, auth);
    } else {
        other_route(s, c, path);
    }
    memmove(c->in.data, c->in.data + whole, c->in.len - whole + 1);
    c->in.len -= whole;
    return true;
}

static bool wants_slot(const struct connection *c) {
    return c->in.data != NULL && strncmp(c->in.data, "POST ", 5) == 0;
}

/* Handle what has arrived, as far as slots allow; true while the connection lives. */
static bool advance(struct server *s, struct connection *c) {
    while (!c->busy) {
        if (wants_slot(c) && s->in_flight >= s->slots) {
            c->busy = true; /* waits in the queue, as in a real server */
            c->waiting = NULL;
            *s->queue_last = c;
            s->queue_last = &c->waiting;
            return true;
        }
        if (!handle(s, c)) {
            return true;
        }
        if (c->hang || c->due > 0) {
            return true;
        }
        if (!flush(s, c)) {
            return false;
        }
        if (c->out.len > 0) {
            return true;
        }
    }
    return true;
}

static void release_slot(struct server *s, struct connection *c) {
    if (!c->holds_slot) {
        return;
    }
    c->holds_slot = false;
    s->in_flight--;
    struct connection *next = s->queue;
    if (next != NULL) {
        s->queue = next->waiting;
        if (s->queue == NULL) {
            s->queue_last = &s->queue;
        }
        next->busy = false;
        advance(s, next);
    }
}

static void accept_all(struct server *s) {
    int fd;
    while ((fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *c = calloc(1, sizeof *c);
        if (c == NULL) {
            close(fd);
            continue;
        }
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        c->fd = fd;
        c->next = s->connections;
        if (c->next != NULL) {
            c->next->previous = c;
        }
        s->connections = c;
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e);
    }
}

static void read_some(struct server *s, struct connection *c) {
    char chunk[65536];
    ssize_t n = recv(c->fd, chunk, sizeof chunk, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        drop(s, c);
    } else if (n > 0) {
        el_buffer_append(&c->in, chunk, (size_t)n);
        advance(s, c);
    }
}

/* Send what has become due; returns when the next is. */
static double send_due(struct server *s) {
    double wake = INFINITY, t = now();
    for (struct connection *c = s->connections, *next; c != NULL; c = next) {
        next = c->next;
        if (c->due > 0 && c->due <= t) {
            c->due = 0;
            if (!flush(s, c) || (!c->busy && !advance(s, c))) {
                continue; /* dropped; its `next` still holds */
            }
        }
        if (c->due > 0 && c->due < wake) {
            wake = c->due;
        }
    }
    return wake;
}

static _Noreturn void serve(struct server *s) {
    struct epoll_event events[256];
    double wake = INFINITY;
    while (true) {
        double wait = wake - now();
        struct timespec t = {0};
        if (wait > 0 && wait < 3600) {
            t.tv_sec = (time_t)wait;
            t.tv_nsec = (long)((wait - (double)t.tv_sec) * 1e9);
        }
        int n = epoll_pwait2(s->epoll, events, 256, wait < 3600 ? &t : NULL, NULL);
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (c == NULL) {
                accept_all(s);
                continue;
            }
            bool alive = c->fd >= 0;
            if (alive && (events[i].events & EPOLLOUT) != 0) {
                watch(s, c, false);
                alive = flush(s, c) && (c->busy || advance(s, c));
            }
            if (alive && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
                read_some(s, c);
            }
        }
        wake = send_due(s);
        bury(s);
    }
}

/* ---- start ---- */

static void fail(const char *what) {
    fprintf(stderr, "scripted_server: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void listen_on(struct server *s, unsigned port, const char *unix_path) {
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)port)};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    socklen_t len = sizeof in;
    struct sockaddr *address = (struct sockaddr *)&in;
    if (unix_path != NULL) {
        snprintf(un.sun_path, sizeof un.sun_path, "%s", unix_path);
        unlink(unix_path);
        address = (struct sockaddr *)&un;
        len = sizeof un;
    }
    int one = 1;
    s->listener = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (s->listener < 0 || bind(s->listener, address, len) != 0 || listen(s->listener, 1024) != 0) {
        fail("couldn't bind");
    }
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &e);
    if (unix_path == NULL) {
        getsockname(s->listener, address, &len);
    }
    printf("%u\n", ntohs(in.sin_port));
    fflush(stdout);
}

static void add_fault(struct server *s, const char *spec) {
    if (!parse_fault(s, spec)) {
        fprintf(stderr, "scripted_server: cannot read the fault %s\n", spec);
        exit(2);
    }
}

int main(int argc, char **argv) {
    struct server s = {.api = "llama",
                       .model = "scripted",
                       .path = "/models/scripted",
                       .slots = 8,
                       .key = getenv("LLAMA_API_KEY")};
    unsigned port = 0;
    const char *unix_path = NULL;
    signal(SIGPIPE, SIG_IGN);
    s.queue_last = &s.queue;
    s.seen = calloc(SEEN, sizeof *s.seen);
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (strcmp(name, "--port") == 0) {
            port = (unsigned)strtoul(value, NULL, 10);
        } else if (strcmp(name, "--unix") == 0) {
            unix_path = value;
        } else if (strcmp(name, "--api") == 0) {
            s.api = value;
        } else if (strcmp(name, "--key") == 0) {
            s.key = value;
        } else if (strcmp(name, "--model") == 0) {
            s.model = value;
        } else if (strcmp(name, "--path") == 0) {
            s.path = value;
        } else if (strcmp(name, "--latency") == 0) {
            s.latency = atof(value) / 1000;
        } else if (strcmp(name, "--slots") == 0 || strcmp(name, "-np") == 0) {
            s.slots = strtoul(value, NULL, 10);
        } else if (strcmp(name, "--context") == 0) {
            s.context = strtoul(value, NULL, 10);
        } else if (strcmp(name, "--loading") == 0) {
            s.loading = strtoul(value, NULL, 10);
        } else if (strcmp(name, "--record") == 0) {
            s.record = fopen(value, "w");
        } else if (strcmp(name, "--fault") == 0) {
            add_fault(&s, value);
        }
    }
    const char *script = getenv("SCRIPTED_FAULTS");
    char *copy = strdup(script != NULL ? script : ""), *rest = copy;
    for (char *spec; (spec = strsep(&rest, " ")) != NULL;) {
        if (spec[0] != '\0') {
            add_fault(&s, spec);
        }
    }
    free(copy);
    if (s.slots == 0 || s.seen == NULL) {
        fprintf(stderr, "scripted_server: --slots must be at least 1\n");
        return 2;
    }
    listen_on(&s, port, unix_path);
    serve(&s);
}

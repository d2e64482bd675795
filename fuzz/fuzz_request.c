/* libFuzzer: requests to the service, by libmicrohttpd as in the program, but without an engine:
 * what was asked is checked and answered at once. The first byte says what the others are: a whole
 * request, as it comes from a socket; the body of one; or a labelling configuration. Answers that
 * say they are JSON must be. */
#include "formats.h"

#include "base/clock.h"
#include "base/json.h"
#include "serve/learn.h"
#include "serve/service_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_BODY = 1 << 16, MOST_TEXTS = 50 };

/* '0' is a whole request, '1' one where a token is asked for. */
static const struct {
    char kind;
    const char *path, *type;
} bodies[] = {
    {'2', "/v1/tag", "application/json"},
    {'3', "/v1/tag", "application/x-ndjson"},
    {'4', "/v1/tag", "text/csv"},
    {'5', "/v1/tag?to=conll", "text/tab-separated-values"},
    {'6', "/v1/tag?from=auto&to=spacy", "text/plain"},
    {'7', "/setup", "application/json"},
    {'8', "/predict", "application/json"},
    {'9', "/webhook", "application/json"},
};
enum { BODIES = sizeof bodies / sizeof *bodies };

/* ---- in place of feed.c ---- */

static void check_asked(const struct call *call) {
    must(call->n_pieces <= MOST_TEXTS && call->status < 400 && call->wish.seconds > 0);
    for (size_t i = 0; i < call->n_pieces; i++) {
        check_document(call->pieces[i].document);
    }
    for (size_t i = 0; i < call->wish.n_types; i++) {
        must(call->wish.types[i].name != NULL);
    }
    must(call->shape != SHAPE_TASKS || call->n_pieces == 0 ||
         call->pieces[call->n_pieces - 1].task_end);
}

bool feed_begin(struct call *call) {
    check_asked(call);
    if (!answer_begin(call)) {
        return false;
    }
    for (; call->shape == SHAPE_TASKS && call->written < call->n_pieces; call->written++) {
        struct piece *piece = &call->pieces[call->written];
        must(piece->set == NULL || piece->set->n_types > 0);
        studio_document(call, piece->document, call->written % 3 != 2);
    }
    el_buffer_string(&call->out, call->shape == SHAPE_OBJECT ? "{}" : ""); /* the document */
    answer_end(call);
    return true;
}

void feed_take(struct service *service) {
    (void)service;
}

void feed_cancel(struct call *call) {
    (void)call;
}

/* ---- the service ---- */

static void ignore_log(void *context, enum el_level level, const char *message) {
    (void)context, (void)level;
    must(el_utf8_valid_prefix(message, strlen(message)) == strlen(message));
}

static struct service *start(struct el_service_options *options) {
    struct service *service = calloc(1, sizeof *service);
    must(service != NULL);
    *options = (struct el_service_options){.max_body = MOST_BODY,
                                           .max_texts = MOST_TEXTS,
                                           .max_requests = 4,
                                           .max_seconds = 60,
                                           .log = {.write = ignore_log}};
    service->options = options;
    service->asks_host = true;
    service->epoll = -1;
    service->n_keepers = 2;
    for (size_t k = 0; k < service->n_keepers; k++) {
        struct keeper *keeper = &service->keepers[k];
        *keeper = (struct keeper){.name = k == 0 ? "a" : "b", .state = KEEPER_READY};
        el_buffer_string(&keeper->types, "[]");
        pthread_mutex_init(&keeper->mutex, NULL);
    }
    service->daemon =
        MHD_start_daemon(MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle,
                         service, MHD_OPTION_NOTIFY_COMPLETED, handle_completed, service,
                         MHD_OPTION_NOTIFY_CONNECTION, handle_connection, service,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32768, MHD_OPTION_END);
    must(service->daemon != NULL);
    return service;
}

/* What comes for these bytes. */
static void converse(struct service *service, const struct el_buffer *request,
                     struct el_buffer *answer) {
    enum { MOST_ROUNDS = 2000 };
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char bytes[1 << 14];
    int ends[2];
    size_t sent = 0;
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    must(MHD_add_connection(service->daemon, ends[0], (struct sockaddr *)&from, sizeof from) ==
         MHD_YES);
    for (int round = 0; round < MOST_ROUNDS; round++) {
        if (sent < request->len) {
            ssize_t n = send(ends[1], request->data + sent, request->len - sent, MSG_NOSIGNAL);
            sent = n > 0 ? sent + (size_t)n : n < 0 && errno != EAGAIN ? request->len : sent;
            if (sent == request->len) {
                shutdown(ends[1], SHUT_WR);
            }
        }
        MHD_run(service->daemon);
        ssize_t got = recv(ends[1], bytes, sizeof bytes, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            break;
        }
        el_buffer_append(answer, bytes, got > 0 ? (size_t)got : 0);
    }
    close(ends[1]);
    for (int round = 0; round < MOST_ROUNDS && service->links != NULL; round++) {
        MHD_run(service->daemon);
    }
    must(service->links == NULL && service->calls == NULL && service->body_bytes == 0);
}

/* The first answer: those of the service have a length, and the type says what they are. HEAD has
 * no more than that. */
static void check_answer(const struct el_buffer *request, const struct el_buffer *answer) {
    static const char length[] = "Content-Length: ", type[] = "Content-Type: application/json";
    if (answer->len == 0 || memmem(request->data, request->len, "HEAD", 4) != NULL) {
        return;
    }
    must(strncmp(answer->data, "HTTP/1.", 7) == 0);
    const char *end = strstr(answer->data, "\r\n\r\n"), *size = strstr(answer->data, length);
    const char *json = strstr(answer->data, type);
    if (end == NULL || json == NULL || json > end || size == NULL || size > end) {
        return;
    }
    size_t n = strtoul(size + sizeof length - 1, NULL, 10);
    end += 4;
    if ((size_t)(answer->data + answer->len - end) >= n && n > 0) {
        json_t *value = el_json_load(end, n, JSON_DECODE_ANY, NULL);
        must(value != NULL);
        json_decref(value);
    }
}

static void read_labels(const uint8_t *data, size_t size) {
    struct el_arena arena = {0};
    struct label_sets sets;
    struct el_error err = {0};
    if (!label_sets_read((const char *)data, size, &arena, &sets, &err)) {
        must(err.message[0] != '\0');
    } else {
        must(sets.n > 0 && sets.n <= LABEL_SETS_MOST);
        for (size_t i = 0; i < sets.n; i++) {
            must(sets.items[i].n_types > 0 && sets.items[i].text != NULL);
            must(label_set_control(&sets.items[i], sets.items[i].types[0].name) != NULL);
        }
    }
    el_arena_free(&arena);
}

static void write_request(const uint8_t *data, size_t size, struct el_buffer *request) {
    for (size_t i = 0; i < BODIES; i++) {
        if (*data == bodies[i].kind) {
            el_buffer_printf(request,
                             "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"
                             "Connection: close\r\nContent-Length: %zu\r\n\r\n",
                             bodies[i].path, bodies[i].type, size - 1);
        }
    }
    el_buffer_append(request, (const char *)data + 1, size - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct service *service; /* libFuzzer has no place for what is kept between runs */
    static struct el_service_options options;
    static char learned[64];
    struct el_buffer request = {0}, answer = {0};
    struct el_error err;
    if (service == NULL) {
        service = start(&options);
        snprintf(learned, sizeof learned, "/dev/shm/el4ner-fuzz-%d.jsonl", (int)getpid());
    }
    if (size == 0) {
        return 0;
    }
    if (*data == '<') {
        read_labels(data, size);
        return 0;
    }
    options.token = *data == '1' ? "secret" : NULL;
    must(learner_open(learned, &options.log, &service->learner, &err));
    write_request(data, size, &request);
    converse(service, &request, &answer);
    check_answer(&request, &answer);
    learner_close(service->learner);
    /* What is in the file is readable. */
    must(learner_open(learned, &options.log, &service->learner, &err));
    learner_close(service->learner);
    service->learner = NULL;
    unlink(learned);
    el_buffer_free(&request);
    el_buffer_free(&answer);
    return 0;
}

/* Requests as libmicrohttpd hands them over: who may ask, what, how much; and their answers. */
#include "base/ascii.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/sha256.h"
#include "serve/service_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* The last four are those of an ML backend of Label Studio. */
static const struct route routes[] = {
    {"/v1/tag", "POST", .options = ask_options, .body = ask_documents, .tags = true},
    {"/v1/health", "GET", .about = about_health, .open = true},
    {"/v1/members", "GET", .about = about_members},
    {"/metrics", "GET", .about = about_metrics},
    {"/openapi.json", "GET", .about = about_openapi, .open = true},
    {"/", "GET", .about = about_page, .open = true},
    {"/health", "GET", .about = studio_health},
    {"/setup", "POST", .body = studio_setup, .told = true},
    {"/predict", "POST", .body = studio_tasks, .tags = true, .told = true},
    {"/webhook", "POST", .body = studio_event, .told = true},
};
enum { ROUTES = sizeof routes / sizeof *routes };
_Static_assert(ROUTES + 1 == TALLIES, "each route is counted");

enum { PATIENCE = 4 }; /* bodies are read up to so many times the limit, to be refused */

const char *handle_header(const struct call *call, const char *name) {
    return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}

/* ---- calls ---- */

static struct call *call_new(struct service *service, struct MHD_Connection *connection) {
    struct call *call = calloc(1, sizeof *call);
    if (call != NULL) {
        call->service = service;
        call->keeper = service->keepers;
        call->connection = connection;
        call->link =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
        call->begun = el_now();
        call->link->since = call->begun;
        call->body.limit = service->options->max_body;
        call->next = service->calls;
        if (call->next != NULL) {
            call->next->previous = call;
        }
        service->calls = call;
    }
    return call;
}

void call_free(struct call *call) {
    struct service *service = call->service;
    for (size_t i = 0; i < call->n_pieces; i++) {
        el_document_free(call->pieces[i].document);
        el4ner_result_free(call->pieces[i].result);
    }
    free(call->pieces);
    answer_end(call);
    if (call->previous != NULL) {
        call->previous->next = call->next;
    } else {
        service->calls = call->next;
    }
    if (call->next != NULL) {
        call->next->previous = call->previous;
    }
    service->body_bytes -= call->body.len;
    el_buffer_free(&call->body);
    el_buffer_free(&call->out);
    el_buffer_free(&call->notes);
    el_buffer_free(&call->task);
    el_arena_free(&call->arena);
    free(call);
}

void handle_suspend(struct call *call) {
    struct epoll_event event = {.events = EPOLLRDHUP, .data.ptr = call};
    MHD_suspend_connection(call->connection);
    call->suspended = true;
    call->link->state = LINK_WORKING;
    /* libmicrohttpd does not look at a suspended connection; the client may go away meanwhile. */
    call->watched = epoll_ctl(call->service->epoll, EPOLL_CTL_ADD, call->link->fd, &event) == 0;
}

void handle_resume(struct call *call) {
    if (!call->suspended) {
        return;
    }
    if (call->watched) {
        epoll_ctl(call->service->epoll, EPOLL_CTL_DEL, call->link->fd, NULL);
        call->watched = false;
    }
    call->suspended = false;
    MHD_resume_connection(call->connection);
}

void handle_completed(void *context, struct MHD_Connection *connection, void **pointer,
                      enum MHD_RequestTerminationCode code) {
    struct service *service = context;
    struct call *call = *pointer;
    (void)connection;
    if (call == NULL) {
        return;
    }
    *pointer = NULL;
    if (call->in_work) {
        feed_cancel(call);
    }
    service->gone += code != MHD_REQUEST_TERMINATED_COMPLETED_OK;
    tally_add(tally_of(service, call->route != NULL ? call->route->path : "other"),
              call->gone ? 499 : call->status, el_now() - call->begun);
    call->connection = NULL;
    call->link->state = LINK_READING;
    call->link->since = el_now();
    if (call->in_engine == 0) {
        call_free(call);
    }
}

void handle_connection(void *context, struct MHD_Connection *connection, void **pointer,
                       enum MHD_ConnectionNotificationCode code) {
    struct service *service = context;
    struct link *link = *pointer;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        link = calloc(1, sizeof *link);
        *pointer = link;
        if (link != NULL) {
            link->fd =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
            link->since = el_now();
            link->next = service->links;
            if (link->next != NULL) {
                link->next->previous = link;
            }
            service->links = link;
        }
    } else if (link != NULL) {
        *(link->previous != NULL ? &link->previous->next : &service->links) = link->next;
        if (link->next != NULL) {
            link->next->previous = link->previous;
        }
        free(link);
        *pointer = NULL;
    }
}

/* ---- answers ---- */

static ssize_t read_stream(void *context, uint64_t position, char *bytes, size_t room) {
    struct call *call = context;
    (void)position;
    if (call->gone) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    size_t left = call->out.len - call->sent;
    if (left == 0 && call->complete) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (left == 0) {
        el_buffer_clear(&call->out);
        call->sent = 0;
        handle_suspend(call);
        return 0;
    }
    size_t n = left < room ? left : room;
    memcpy(bytes, call->out.data + call->sent, n);
    call->sent += n;
    call->link->state = LINK_SENDING;
    call->link->since = el_now();
    return (ssize_t)n;
}

static void add_number(struct MHD_Response *response, const char *name, int number) {
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    MHD_add_response_header(response, name, text);
}

static enum MHD_Result respond(struct call *call) {
    struct MHD_Response *response =
        call->wish.stream && call->status == 200 && call->in_work
            ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, read_stream, call, NULL)
            : MHD_create_response_from_buffer(call->out.len, call->out.data,
                                              MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, call->type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (call->notes.len > 0) {
        MHD_add_response_header(response, "El4ner-Note", call->notes.data);
    }
    if (call->allow != NULL) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, call->allow);
    }
    if (call->status == 401) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    }
    if (call->retry_after > 0) {
        add_number(response, MHD_HTTP_HEADER_RETRY_AFTER, call->retry_after);
    }
    if (call->service->finishing) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    if (strncmp(call->type, "text/html", 9) == 0) {
        MHD_add_response_header(response, "Content-Security-Policy",
                                "default-src 'none'; style-src 'unsafe-inline'; script-src "
                                "'unsafe-inline'; connect-src 'self'; img-src data:; base-uri "
                                "'none'; form-action 'none'; frame-ancestors 'none'");
    }
    call->link->state = LINK_SENDING;
    call->link->since = el_now();
    enum MHD_Result result = MHD_queue_response(call->connection, call->status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- who may ask ---- */

static bool same_bytes(const char *a, const char *b, size_t n) {
    unsigned differ = 0;
    for (size_t i = 0; i < n; i++) {
        differ |= (unsigned)((unsigned char)a[i] ^ (unsigned char)b[i]);
    }
    return differ == 0;
}

/* "Bearer TOKEN", or the password of "Basic", as Label Studio has no other; NULL if it is neither.
 */
static const char *token_of(const char *given, char *room, size_t size) {
    size_t n;
    if (given != NULL && el_ascii_begins(given, "Bearer ", 7)) {
        return given + 7 + strspn(given + 7, " ");
    }
    if (given == NULL || !el_ascii_begins(given, "Basic ", 6)) {
        return NULL;
    }
    given += 6 + strspn(given + 6, " ");
    if (!el_base64_read(given, strlen(given), room, size - 1, &n)) {
        return NULL;
    }
    room[n] = '\0';
    const char *colon = strchr(room, ':');
    return colon != NULL ? colon + 1 : NULL;
}

/* Hashes are compared, so that the time tells neither the length nor how much of it is right. */
static bool shows_token(struct call *call) {
    enum { LONGEST = 4096 };
    const char *token = call->service->options->token;
    char wanted_hash[EL_SHA256_HEX], given_hash[EL_SHA256_HEX], room[LONGEST];
    if (token == NULL) {
        return true;
    }
    const char *given =
        token_of(handle_header(call, MHD_HTTP_HEADER_AUTHORIZATION), room, sizeof room);
    if (given == NULL) {
        answer_error(call, 401, NULL,
                     "this service asks for a token: Authorization: Bearer TOKEN, or the token as "
                     "the password of basic authentication");
        return false;
    }
    el_sha256_of(token, strlen(token), wanted_hash);
    el_sha256_of(given, strlen(given), given_hash);
    if (!same_bytes(wanted_hash, given_hash, EL_SHA256_HEX)) {
        answer_error(call, 401, NULL, "the token is not the right one");
        return false;
    }
    return true;
}

static bool is_local_host(const char *host) {
    size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    return (n == 9 && el_ascii_begins(host, "localhost", n)) ||
           (n == 5 && strncmp(host, "[::1]", n) == 0) ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == n);
}

/* A page of another site must not use the service through a browser on this machine: neither by a
 * request of its own, nor by a name that leads here. */
static bool is_no_other_site(struct call *call) {
    const char *host = handle_header(call, MHD_HTTP_HEADER_HOST);
    const char *origin = handle_header(call, MHD_HTTP_HEADER_ORIGIN);
    if (call->service->asks_host && host != NULL && !is_local_host(host)) {
        answer_error(call, 403, "Host",
                     "without a token the service is for this machine, by the name localhost or "
                     "its address");
        return false;
    }
    const char *site = origin != NULL ? strstr(origin, "://") : NULL;
    if (origin != NULL && (site == NULL || host == NULL || !el_ascii_same(site + 3, host))) {
        answer_error(call, 403, "Origin", "pages of other sites may not use this service");
        return false;
    }
    return true;
}

/* ---- what is asked ---- */

static bool find_route(struct call *call, const char *url, const char *method) {
    for (size_t i = 0; i < ROUTES; i++) {
        if (strcmp(routes[i].path, url) != 0) {
            continue;
        }
        bool head = strcmp(routes[i].method, "GET") == 0 && strcmp(method, "HEAD") == 0;
        call->route = &routes[i];
        if (!head && strcmp(routes[i].method, method) != 0) {
            call->allow = strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method;
            answer_error(call, 405, NULL, "%s takes %s, not %s", url, call->allow, method);
            return false;
        }
        return true;
    }
    answer_error(call, 404, NULL,
                 "there is no %.200s; POST /v1/tag tags texts, and /openapi.json lists the rest",
                 url);
    return false;
}

static void refuse_busy(struct call *call, int seconds, const char *message) {
    answer_error(call, 503, NULL, "%s", message);
    call->retry_after = seconds;
}

bool handle_loaded(struct call *call) {
    struct keeper *keeper = call->keeper;
    pthread_mutex_lock(&keeper->mutex);
    bool ready = keeper->state == KEEPER_READY;
    pthread_mutex_unlock(&keeper->mutex);
    if (!ready) {
        refuse_busy(call, 5, "the models are being loaded");
    }
    return ready;
}

static bool is_ready(struct call *call) {
    if (!handle_loaded(call)) {
        return false;
    }
    if (call->service->finishing) {
        refuse_busy(call, 5, "the service is about to end");
    } else if (call->service->in_work >= call->service->options->max_requests) {
        refuse_busy(call, 1, "too many requests are in work");
    } else {
        return true;
    }
    return false;
}

/* Does the header, which may be missing, announce more than this? */
static bool announces_more(const char *length, size_t most) {
    return length != NULL && (strlen(length) > 15 || strtoull(length, NULL, 10) > most);
}

static void refuse_long(struct call *call) {
    answer_error(call, 413, "body", "has more than %zu bytes; send it in parts",
                 call->service->options->max_body);
}

static bool check_body(struct call *call) {
    const char *length = handle_header(call, MHD_HTTP_HEADER_CONTENT_LENGTH);
    const char *coding = handle_header(call, MHD_HTTP_HEADER_CONTENT_ENCODING);
    size_t most = call->service->options->max_body;
    if (length == NULL && handle_header(call, MHD_HTTP_HEADER_TRANSFER_ENCODING) == NULL) {
        answer_error(call, 411, "Content-Length", "is missing");
        return false;
    }
    if (coding != NULL && !el_ascii_same(coding, "identity")) {
        answer_error(call, 415, "Content-Encoding",
                     "must be identity, not %s; files packed by gzip or zstd are recognised with "
                     "?from=",
                     coding);
        return false;
    }
    if (announces_more(length, most)) {
        refuse_long(call);
        return false;
    }
    /* What is being received has a bound too. */
    if (call->service->body_bytes > 16 * most) {
        refuse_busy(call, 1, "too many bodies are being received");
        return false;
    }
    return true;
}

/* An answer in place of the body's reading. Who is sending a body reads no answer before the end of
 * it, so that is read and thrown away, unless the client waits or it is far too long. */
static enum MHD_Result refuse(struct call *call) {
    const char *length = handle_header(call, MHD_HTTP_HEADER_CONTENT_LENGTH);
    bool waits = handle_header(call, MHD_HTTP_HEADER_EXPECT) != NULL;
    size_t most = PATIENCE * call->service->options->max_body;
    return waits || announces_more(length, most) ? respond(call) : MHD_YES;
}

/* The headers are here. */
static enum MHD_Result begin(struct call *call, const char *url, const char *method) {
    if (!find_route(call, url, method) || !is_no_other_site(call) ||
        (!call->route->open && !shows_token(call))) {
        return refuse(call);
    }
    const struct route *route = call->route;
    if (route->about != NULL) {
        route->about(call);
        return MHD_YES;
    }
    if (!check_body(call) || (route->tags && !is_ready(call)) ||
        (route->options != NULL && !route->options(call))) {
        return refuse(call);
    }
    return MHD_YES;
}

static enum MHD_Result receive(struct call *call, const char *bytes, size_t n) {
    struct service *service = call->service;
    call->received += n;
    if (!call->complete && call->received <= service->options->max_body) {
        el_buffer_append(&call->body, bytes, n);
        service->body_bytes += n;
        return call->body.failed ? MHD_NO : MHD_YES;
    }
    /* A body without a length that goes on and on: read to answer, but not for ever. */
    return call->received > PATIENCE * service->options->max_body ? MHD_NO : MHD_YES;
}

/* All of the body is here. */
static enum MHD_Result dispatch(struct call *call) {
    const struct route *route = call->route;
    if (call->received > call->service->options->max_body) {
        refuse_long(call);
    } else if ((!route->tags || is_ready(call)) && route->body(call)) {
        call->service->body_bytes -= call->body.len;
        el_buffer_free(&call->body);
        if (feed_begin(call) && !call->complete && !call->wish.stream) {
            handle_suspend(call);
            return MHD_YES;
        }
    }
    if (route->told && call->problem != NULL) {
        el_log(&call->service->options->log, EL_WARNING, "%s: %s", route->path, call->problem);
    }
    return respond(call);
}

enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                       const char *method, const char *version, const char *upload,
                       size_t *upload_size, void **pointer) {
    struct call *call = *pointer;
    (void)version;
    if (call == NULL) {
        call = call_new(context, connection);
        *pointer = call;
        return call != NULL ? begin(call, url, method) : MHD_NO;
    }
    if (call->gone) {
        return MHD_NO;
    }
    if (*upload_size > 0) {
        size_t n = *upload_size;
        *upload_size = 0;
        return receive(call, upload, n);
    }
    return call->complete ? respond(call) : dispatch(call);
}

/* Every limit of a transfer is set here: protocols, redirects, sizes, times. A server can make a
 * transfer fail but cannot make it take more memory or time than these say. */
#include "serving/http.h"

#include "base/ascii.h"
#include "base/clock.h"
#include "base/print.h"
#include "serving/retry.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { MAX_HEADER_BYTES = 64 << 10, MAX_URL = 1900, EVENTS = 64 };

struct el_http {
    CURLM *multi;
    int epoll;
    double timer; /* when curl wants to be called, INFINITY = not */
    struct el_http_transfer *flying;
    size_t in_flight;
    double next_sweep; /* for first-byte time-outs */
};

/* ---- targets ---- */

static bool is_local(const char *url) {
    const char *host = strstr(url, "://");
    host = host != NULL ? host + 3 : url;
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "localhost", 9) == 0 ||
           strncmp(host, "[::1]", 5) == 0;
}

/* "http://user:password@host/x" -> "http://host/x" */
static char *without_user(const char *url) {
    const char *host = strstr(url, "://");
    host = host != NULL ? host + 3 : url;
    const char *at = strchr(host, '@');
    const char *slash = strchr(host, '/');
    if (at == NULL || (slash != NULL && at > slash)) {
        return strdup(url);
    }
    size_t head = (size_t)(host - url);
    char *shown = malloc(head + strlen(at + 1) + 1);
    if (shown != NULL) {
        memcpy(shown, url, head);
        strcpy(shown + head, at + 1);
    }
    return shown;
}

static bool add_header(struct el_http_target *target, const char *format, const char *name,
                       const char *value) {
    char *line = NULL;
    struct curl_slist *more = NULL;
    if (asprintf(&line, format, name, value) >= 0) {
        more = curl_slist_append(target->headers, line);
        free(line);
    }
    if (more != NULL) {
        target->headers = more;
    }
    return more != NULL;
}

static bool clean_header(const char *text) {
    return strpbrk(text, "\r\n") == NULL;
}

static bool add_headers(struct el_http_target *target, struct el_error *err) {
    const struct el_member_config *config = target->config;
    bool ok = add_header(target, "%s: %s", "Content-Type", "application/json") &&
              add_header(target, "%s:%s", "Expect", "");
    if (target->secret != NULL && !clean_header(target->secret)) {
        return el_fail(err, EL_ERR_CONFIG, "member %s: the key holds a line break", config->name);
    }
    if (target->secret != NULL) {
        ok = ok && add_header(target, "%s: Bearer %s", "Authorization", target->secret);
    }
    for (size_t i = 0; ok && i < config->n_headers; i++) {
        const struct el_header *h = &config->headers[i];
        if (!clean_header(h->name) || !clean_header(h->value)) {
            return el_fail(err, EL_ERR_CONFIG, "member %s: a header holds a line break",
                           config->name);
        }
        ok = add_header(target, h->value[0] != '\0' ? "%s: %s" : "%s;%s", h->name, h->value);
    }
    return ok || el_fail_memory(err);
}

/* Ends a URL where the paths of APIs begin: people give the address that curl takes as well. True
 * if it named a path of the OpenAI style without the "/v1" before it. */
static bool cut_path(char *url) {
    static const char *const paths[] = {"/chat/completions", "/completions", "/embeddings",
                                        "/completion",       "/api/chat",    "/v1/models"};
    size_t len = strlen(url), cut = 0;
    bool bare = false;
    while (len > 0 && url[len - 1] == '/') {
        url[--len] = '\0';
    }
    for (size_t i = 0; i < sizeof paths / sizeof *paths && cut == 0; i++) {
        size_t n = strlen(paths[i]);
        if (len > n && strcmp(url + len - n, paths[i]) == 0) {
            cut = n;
            bare = i < 3;
        }
    }
    len -= cut;
    url[len] = '\0';
    if (len > 3 && strcmp(url + len - 3, "/v1") == 0) {
        url[len - 3] = '\0';
        bare = false;
    }
    return bare;
}

/* Cuts "?..." off the URL. A copy of it; NULL if out of memory. */
static char *cut_query(char *url) {
    char *at = strchr(url, '?');
    char *query = strdup(at != NULL ? at : "");
    if (at != NULL) {
        *at = '\0';
    }
    return query;
}

bool el_http_target_init(struct el_http_target *target, const struct el_member_config *config,
                         const char *url, const char *key, struct el_error *err) {
    *target = (struct el_http_target){.config = config};
    key = key != NULL ? key : config->api_key;
    if (!el_ascii_begins(url, "http://", 7) && !el_ascii_begins(url, "https://", 8)) {
        return el_fail(err, EL_ERR_CONFIG, "member %s: the URL must begin with http:// or https://",
                       config->name);
    }
    if (strlen(url) > MAX_URL) {
        return el_fail(err, EL_ERR_CONFIG, "member %s: the URL is too long", config->name);
    }
    target->base = strdup(url);
    target->shown = target->base != NULL ? without_user(url) : NULL;
    target->secret = key != NULL ? strdup(key) : NULL;
    target->query = target->base != NULL ? cut_query(target->base) : NULL;
    if (target->shown == NULL || target->query == NULL || (key != NULL && target->secret == NULL)) {
        el_http_target_free(target);
        return el_fail_memory(err);
    }
    target->bare = cut_path(target->base);
    target->shown[strcspn(target->shown, "?")] = '\0'; /* what it holds may be a key */
    cut_path(target->shown);
    target->local = config->unix_socket != NULL || is_local(url);
    if (!add_headers(target, err)) {
        el_http_target_free(target);
        return false;
    }
    return true;
}

static void transfer_free(struct el_http_transfer *transfer) {
    curl_easy_cleanup(transfer->easy);
    el_buffer_free(&transfer->body);
    free(transfer);
}

void el_http_target_free(struct el_http_target *target) {
    for (struct el_http_transfer *t = target->idle, *next; t != NULL; t = next) {
        next = t->next;
        transfer_free(t);
    }
    curl_slist_free_all(target->headers);
    free(target->base);
    free(target->query);
    free(target->shown);
    free(target->secret);
    *target = (struct el_http_target){0};
}

static void star_out(char *text, const char *secret) {
    size_t len = secret != NULL ? strlen(secret) : 0;
    for (char *hit = text; len >= 4 && (hit = strstr(hit, secret)) != NULL;) {
        memset(hit, '*', len);
    }
}

void el_http_redact(const struct el_http_target *target, char *text) {
    const struct el_member_config *config = target->config;
    star_out(text, target->secret);
    for (size_t i = 0; i < config->n_headers; i++) {
        star_out(text, config->headers[i].value);
    }
    for (char *c = text; *c != '\0'; c++) {
        *c = (unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c;
    }
}

/* ---- curl's callbacks ---- */

/* A number of a socket may be in use again before curl has told of its end. */
static bool watch_socket(int epoll, int fd, struct epoll_event *event, bool known) {
    return epoll_ctl(epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, event) == 0 ||
           ((errno == ENOENT || errno == EEXIST) &&
            epoll_ctl(epoll, known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, event) == 0);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known) {
    struct el_http *http = context;
    struct epoll_event event = {
        .events = ((what & CURL_POLL_IN) != 0 ? (uint32_t)EPOLLIN : 0u) |
                  ((what & CURL_POLL_OUT) != 0 ? (uint32_t)EPOLLOUT : 0u),
        .data.u64 = (uint64_t)(uint32_t)fd << 1 | 1, /* odd: a socket; even: a watch's address */
    };
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(http->epoll, EPOLL_CTL_DEL, fd, NULL); /* it may be closed already */
        return 0;
    }
    if (!watch_socket(http->epoll, fd, &event, known != NULL)) {
        struct el_http_transfer *t = NULL;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
        if (t != NULL) {
            t->lost = errno;
            http->next_sweep = 0; /* which ends it */
        }
        return 0;
    }
    if (known == NULL) {
        curl_multi_assign(http->multi, fd, http);
    }
    return 0;
}

static int on_timer(CURLM *multi, long milliseconds, void *context) {
    struct el_http *http = context;
    (void)multi;
    http->timer = milliseconds < 0 ? INFINITY : el_now() + (double)milliseconds / 1000;
    return 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
    struct el_http_transfer *transfer = context;
    transfer->started = true;
    el_buffer_append(&transfer->body, bytes, size * count);
    transfer->too_large = transfer->body.failed;
    return transfer->body.failed ? 0 : size * count;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context) {
    struct el_http_transfer *transfer = context;
    static const char name[] = "retry-after:";
    size_t len = size * count;
    transfer->started = true;
    transfer->header_bytes += len;
    if (transfer->header_bytes > MAX_HEADER_BYTES) {
        transfer->too_large = true;
        return 0;
    }
    if (len > sizeof name && len < 128 && el_ascii_begins(bytes, name, sizeof name - 1)) {
        char value[128];
        memcpy(value, bytes + sizeof name - 1, len - (sizeof name - 1));
        value[len - (sizeof name - 1)] = '\0';
        el_retry_after(value, (double)time(NULL), &transfer->retry_after);
    }
    return len;
}

/* ---- the loop ---- */

bool el_http_new(struct el_http **out, struct el_error *err) {
    struct el_http *http = calloc(1, sizeof *http);
    *out = NULL;
    if (http == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(http);
        return el_fail_memory(err);
    }
    http->timer = INFINITY;
    http->epoll = epoll_create1(EPOLL_CLOEXEC);
    http->multi = curl_multi_init();
    if (http->epoll < 0 || http->multi == NULL) {
        el_http_free(http);
        return el_fail_memory(err);
    }
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    *out = http;
    return true;
}

void el_http_free(struct el_http *http) {
    if (http == NULL) {
        return;
    }
    curl_multi_cleanup(http->multi);
    if (http->epoll >= 0) {
        close(http->epoll);
    }
    free(http);
    curl_global_cleanup();
}

void el_http_keep(struct el_http *http, size_t connections) {
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)connections);
}

static long milliseconds(double configured, double otherwise) {
    double seconds = configured > 0 ? configured : otherwise;
    return seconds > 1e6 ? 1000000000L : (long)ceil(seconds * 1000);
}

static bool set_up_easy(struct el_http_transfer *t) {
    const struct el_member_config *config = t->target->config;
    CURL *easy = t->easy;
    bool ok = true;
#define SET(option, value) ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_HTTPHEADER, t->target->headers);
    SET(CURLOPT_USERAGENT, "el4ner/" EL_VERSION);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_PIPEWAIT, el_ascii_begins(t->target->base, "https", 5) ? 1L : 0L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(config->connect_timeout, EL_CONNECT_SECONDS));
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_ERRORBUFFER, t->curl_error);
    SET(CURLOPT_PRIVATE, t);
    if (config->ca_file != NULL) {
        SET(CURLOPT_CAINFO, config->ca_file);
    }
    if (config->unix_socket != NULL) {
        SET(CURLOPT_UNIX_SOCKET_PATH, config->unix_socket);
    }
    if (config->proxy != NULL && config->gguf == NULL) {
        SET(CURLOPT_PROXY, config->proxy);
    } else if (t->target->local) {
        SET(CURLOPT_NOPROXY, "*");
    }
#undef SET
    return ok;
}

static struct el_http_transfer *take_transfer(struct el_http_target *target) {
    struct el_http_transfer *t = target->idle;
    if (t != NULL) {
        target->idle = t->next;
        t->next = NULL;
        return t;
    }
    t = calloc(1, sizeof *t);
    if (t == NULL) {
        return NULL;
    }
    t->target = target;
    t->body.limit = EL_HTTP_LARGEST_REPLY;
    t->easy = curl_easy_init();
    if (t->easy == NULL || !set_up_easy(t)) {
        transfer_free(t);
        return NULL;
    }
    return t;
}

static void put_back(struct el_http_transfer *t) {
    if (t->body.capacity > 1 << 16) { /* one long answer must not hold its memory for ever */
        el_buffer_free(&t->body);
    }
    t->next = t->target->idle;
    t->previous = NULL;
    t->target->idle = t;
}

static void unlink_transfer(struct el_http *http, struct el_http_transfer *t) {
    curl_multi_remove_handle(http->multi, t->easy);
    if (t->previous != NULL) {
        t->previous->next = t->next;
    } else {
        http->flying = t->next;
    }
    if (t->next != NULL) {
        t->next->previous = t->previous;
    }
    http->in_flight--;
}

struct el_http_transfer *el_http_send(struct el_http *http, struct el_http_target *target,
                                      const char *path, const struct el_buffer *body,
                                      double timeout, el_http_done *done, void *user) {
    struct el_http_transfer *t = take_transfer(target);
    char url[MAX_URL + 64]; /* paths are constants of ours */
    size_t base_len = strlen(target->base), path_len = strlen(path);
    size_t query_len = strlen(target->query);
    if (t == NULL) {
        return NULL;
    }
    if (target->bare && strncmp(path, "/v1/", 4) == 0) {
        path += 3;
        path_len -= 3;
    }
    memcpy(url, target->base, base_len);
    memcpy(url + base_len, path, path_len);
    memcpy(url + base_len + path_len, target->query, query_len + 1);
    const struct el_member_config *config = target->config;
    double now = el_now();
    el_buffer_clear(&t->body);
    t->user = user;
    t->done = done;
    t->failure = EL_ANSWERED;
    t->status = 0;
    t->started = t->too_large = false;
    t->retry_after = -1;
    t->header_bytes = 0;
    t->lost = 0;
    t->detail[0] = t->curl_error[0] = '\0';
    t->begun = now;
    t->first_byte_by =
        now + (config->first_byte_timeout > 0 ? config->first_byte_timeout : EL_FIRST_BYTE_SECONDS);
    if (timeout <= 0) {
        timeout = config->total_timeout;
    }
    bool ok = curl_easy_setopt(t->easy, CURLOPT_URL, url) == CURLE_OK &&
              curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS,
                               milliseconds(timeout, EL_TOTAL_SECONDS)) == CURLE_OK;
    if (body != NULL) {
        curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, body->data);
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
    } else {
        curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L);
    }
    if (!ok || curl_multi_add_handle(http->multi, t->easy) != CURLM_OK) {
        put_back(t);
        return NULL;
    }
    t->next = http->flying;
    if (t->next != NULL) {
        t->next->previous = t;
    }
    http->flying = t;
    http->in_flight++;
    return t;
}

void el_http_cancel(struct el_http *http, struct el_http_transfer *transfer) {
    unlink_transfer(http, transfer);
    put_back(transfer);
}

bool el_http_watch(struct el_http *http, struct el_http_watch *watch) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};
    return epoll_ctl(http->epoll, EPOLL_CTL_ADD, watch->fd, &event) == 0;
}

void el_http_unwatch(struct el_http *http, struct el_http_watch *watch) {
    epoll_ctl(http->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
}

int el_http_fd(const struct el_http *http) {
    return http->epoll;
}

static enum el_failure failure_of(CURLcode code, const struct el_http_transfer *t) {
    if (code == CURLE_OK) {
        return EL_ANSWERED;
    }
    if (t->too_large) {
        return EL_FAILED_MALFORMED;
    }
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return EL_FAILED_TIMEOUT;
    case CURLE_PARTIAL_FILE:
    case CURLE_WRITE_ERROR:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL: /* no HTTP at all, or 0.9 */
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return EL_FAILED_MALFORMED;
    default:
        /* Once a reply has begun, an end that is not its own is its fault. */
        return code == CURLE_RECV_ERROR && t->started ? EL_FAILED_MALFORMED : EL_FAILED_CONNECT;
    }
}

static void finish(struct el_http *http, struct el_http_transfer *t, enum el_failure failure,
                   const char *why) {
    t->failure = failure;
    t->seconds = el_now() - t->begun;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);
    if (failure != EL_ANSWERED) {
        el_print(t->detail, sizeof t->detail, "%s",
                 t->too_large ? "the reply is larger than allowed" : why);
    }
    unlink_transfer(http, t);
    t->next = t->previous = NULL;
    t->done(http, t);
    put_back(t);
}

/* What curl says, and the way out where people meet with this at all. */
static const char *explain(CURLcode code, const struct el_http_transfer *t, char *text,
                           size_t room) {
    const char *said = t->curl_error[0] != '\0' ? t->curl_error : curl_easy_strerror(code);
    const char *ca_file = t->target->config->ca_file;
    if (code != CURLE_PEER_FAILED_VERIFICATION) {
        return said;
    }
    if (ca_file == NULL) {
        el_print(text, room, "%s; if the server is yours, name its authority with ca_file", said);
    } else {
        el_print(text, room, "%s (ca_file %s)", said, ca_file);
    }
    return text;
}

static void collect(struct el_http *http) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
        struct el_http_transfer *t = NULL;
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        char text[640];
        finish(http, t, failure_of(code, t), explain(code, t, text, sizeof text));
    }
}

/* curl has no first-byte time-out of its own; a look four times a second is exact enough. */
static void sweep(struct el_http *http, double now) {
    http->next_sweep = now + 0.25;
    for (struct el_http_transfer *t = http->flying, *next; t != NULL; t = next) {
        next = t->next;
        char why[96];
        if (t->lost != 0) {
            el_print(why, sizeof why, "its socket cannot be watched: %s", strerror(t->lost));
            finish(http, t, EL_FAILED_CONNECT, why);
        } else if (!t->started && now >= t->first_byte_by) {
            finish(http, t, EL_FAILED_TIMEOUT, "no reply within the first-byte time-out");
        } else {
            continue;
        }
        next = http->flying; /* `done` may have changed the list: look again from its head */
    }
}

static int wait_milliseconds(const struct el_http *http, double seconds) {
    double now = el_now(), until = now + seconds;
    until = http->timer < until ? http->timer : until;
    if (http->in_flight > 0 && http->next_sweep < until) {
        until = http->next_sweep;
    }
    return until <= now ? 0 : (int)ceil((until - now) * 1000);
}

/* Where curl fails, memory has run out: it has told neither of its sockets nor of its timer, and
 * does not say which transfer that is. So it is the end of all that fly. */
static void act(struct el_http *http, curl_socket_t fd, int flags) {
    int running;
    if (curl_multi_socket_action(http->multi, fd, flags, &running) == CURLM_OK) {
        return;
    }
    for (struct el_http_transfer *t = http->flying; t != NULL; t = t->next) {
        t->lost = ENOMEM;
    }
    http->next_sweep = 0;
}

void el_http_step(struct el_http *http, double seconds) {
    struct epoll_event events[EVENTS];
    seconds = seconds > 3600 ? 3600 : seconds;
    int n = epoll_wait(http->epoll, events, EVENTS, wait_milliseconds(http, seconds));
    for (int i = 0; i < n; i++) {
        if ((events[i].data.u64 & 1) == 0) {
            struct el_http_watch *watch = events[i].data.ptr;
            watch->ready(watch->context, watch->fd);
            continue;
        }
        int flags = ((events[i].events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                    ((events[i].events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                    ((events[i].events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
        act(http, (curl_socket_t)(events[i].data.u64 >> 1), flags);
    }
    double now = el_now();
    if (http->timer <= now) {
        http->timer = INFINITY;
        act(http, CURL_SOCKET_TIMEOUT, 0);
    }
    collect(http);
    if (now >= http->next_sweep) {
        sweep(http, now);
    }
}

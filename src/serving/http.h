/* HTTP transfers: curl's multi interface over one epoll set, so that hundreds of transfers cost
 * one thread and each step costs only for what moved. Knows nothing of prompts, answers and stages.
 *
 * One el_http belongs to one thread. */
#ifndef EL_SERVING_HTTP_H
#define EL_SERVING_HTTP_H

#include "base/buffer.h"
#include "serving/failure.h"
#include "serving/member.h"

#include <curl/curl.h>

enum { EL_HTTP_LARGEST_REPLY = 16 << 20 }; /* bytes; longer ones are malformed */

struct el_http;

/* How one endpoint is reached. Filled by el_http_target_init(). */
struct el_http_target {
    char *base;  /* URL up to where paths of APIs begin: without "/v1" and trailing slash */
    char *query; /* "?..." behind every path, as Azure's api-version; "" = none */
    bool bare;   /* paths that begin with "/v1" go without it: the URL named such a one */
    char *shown; /* the same without user and password, for messages */
    struct curl_slist *headers;
    const struct el_member_config *config;
    char *secret; /* bearer token, or NULL */
    bool local;   /* loopback or unix socket: never through a proxy of the environment */
    struct el_http_transfer *idle; /* transfers to use again: their connection settings are kept */
};

/* `key` overrides the configuration's (children). The configuration must outlive the target. */
bool el_http_target_init(struct el_http_target *target, const struct el_member_config *config,
                         const char *url, const char *key, struct el_error *err);
void el_http_target_free(struct el_http_target *target);

/* Replace everything secret in `text` by stars and control characters by spaces, in place. */
void el_http_redact(const struct el_http_target *target, char *text);

struct el_http_transfer;
typedef void el_http_done(struct el_http *http, struct el_http_transfer *transfer);

struct el_http_transfer {
    void *user;
    el_http_done *done; /* called once by el_http_step(), unless cancelled */

    /* The outcome, valid in `done`. */
    enum el_failure failure; /* 0 also for HTTP statuses that are not a success: see `status` */
    long status;
    struct el_buffer body;
    bool started; /* bytes of the reply have arrived */
    bool too_large;
    double seconds;
    double retry_after;                /* seconds, -1 = not said */
    char detail[CURL_ERROR_SIZE + 64]; /* when failure != 0 */

    /* Private. */
    struct el_http_target *target;
    CURL *easy;
    size_t header_bytes;
    int lost; /* errno of a failed watch over its socket; 0 = none */
    double begun, first_byte_by;
    struct el_http_transfer *next, *previous; /* in flight; `next` also links the idle ones */
    char curl_error[CURL_ERROR_SIZE];
};

bool el_http_new(struct el_http **http, struct el_error *err);
/* All transfers must have ended or been cancelled. NULL is allowed. */
void el_http_free(struct el_http *http);

/* Connections to keep open between transfers. */
void el_http_keep(struct el_http *http, size_t connections);

/* POST `body` (which must live until the end), or GET if it is NULL. `timeout` in seconds, 0 =
 * the member's total. NULL if out of memory. */
struct el_http_transfer *el_http_send(struct el_http *http, struct el_http_target *target,
                                      const char *path, const struct el_buffer *body,
                                      double timeout, el_http_done *done, void *user);

/* End a transfer without calling `done`. */
void el_http_cancel(struct el_http *http, struct el_http_transfer *transfer);

/* Also watch `fd` for reading; `ready` is called from el_http_step(). */
typedef void el_http_ready(void *context, int fd);
struct el_http_watch {
    int fd;
    el_http_ready *ready;
    void *context;
};
bool el_http_watch(struct el_http *http, struct el_http_watch *watch);
void el_http_unwatch(struct el_http *http, struct el_http_watch *watch);

/* The epoll set: readable when something has happened that el_http_step() would handle. */
int el_http_fd(const struct el_http *http);

/* Wait at most `seconds` for something to happen and handle it. */
void el_http_step(struct el_http *http, double seconds);

#endif

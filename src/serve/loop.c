/* The thread that speaks HTTP: one epoll over libmicrohttpd, clients that wait, and the engine. */
#include "base/clock.h"
#include "base/file.h"
#include "serve/learn.h"
#include "serve/service_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LOOK_MS = 200, /* signals and deadlines are looked at so often */
    CONNECTIONS = 2048,
    SPARE_FILES = 256, /* descriptors for members, pools and the store */
};

char *el_service_read_token(const char *path, struct el_error *err) {
    enum { LONGEST = 4096 };
    struct el_buffer text = {0};
    if (!el_read_file(path, LONGEST, &text, err)) {
        return NULL;
    }
    size_t from = strspn(text.data, " \t\r\n"), n = strcspn(text.data + from, " \t\r\n");
    char *token = n > 0 ? strndup(text.data + from, n) : NULL;
    if (n == 0) {
        el_fail(err, EL_ERR_CONFIG, "%s: holds no token", path);
    } else if (token == NULL) {
        el_fail_memory(err);
    }
    el_buffer_free(&text);
    return token;
}

static unsigned most_connections(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return CONNECTIONS / 4;
    }
    if (limit.rlim_cur < CONNECTIONS + SPARE_FILES && limit.rlim_max > limit.rlim_cur) {
        limit.rlim_cur =
            limit.rlim_max < CONNECTIONS + SPARE_FILES ? limit.rlim_max : CONNECTIONS + SPARE_FILES;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    rlim_t room =
        limit.rlim_cur > 2 * SPARE_FILES ? limit.rlim_cur - SPARE_FILES : limit.rlim_cur / 2;
    return room < CONNECTIONS ? (unsigned)room : CONNECTIONS;
}

static bool watch(struct service *service, int fd, void *what) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};
    return epoll_ctl(service->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool start(struct service *service, struct el_error *err) {
    unsigned connections = most_connections();
    service->epoll = epoll_create1(EPOLL_CLOEXEC);
    service->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (service->epoll < 0 || service->news < 0) {
        return el_fail(err, EL_ERR_IO, "cannot start the service: %s", strerror(errno));
    }
    if (!listen_at(service, err)) {
        return false;
    }
    service->daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, service,
                         MHD_OPTION_LISTEN_SOCKET, service->listener, MHD_OPTION_CONNECTION_LIMIT,
                         connections, MHD_OPTION_NOTIFY_COMPLETED, handle_completed, service,
                         MHD_OPTION_NOTIFY_CONNECTION, handle_connection, service,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32768, MHD_OPTION_END);
    if (service->daemon == NULL) {
        return el_fail(err, EL_ERR_IO, "libmicrohttpd cannot serve at %s",
                       service->options->listen);
    }
    int inner = MHD_get_daemon_info(service->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    if (!watch(service, inner, &service->daemon) ||
        !watch(service, service->news, &service->news)) {
        return el_fail(err, EL_ERR_IO, "cannot start the service: %s", strerror(errno));
    }
    return true;
}

static void client_gone(struct call *call) {
    call->gone = true;
    feed_cancel(call);
    handle_resume(call);
}

static void wait_for_events(struct service *service) {
    enum { EVENTS = 128 };
    struct epoll_event events[EVENTS];
    MHD_UNSIGNED_LONG_LONG until;
    uint64_t ignored;
    int timeout = LOOK_MS;
    if (MHD_get_timeout(service->daemon, &until) == MHD_YES && until < LOOK_MS) {
        timeout = (int)until;
    }
    int n = epoll_wait(service->epoll, events, EVENTS, timeout);
    for (int i = 0; i < n; i++) {
        void *what = events[i].data.ptr;
        if (what == &service->news) {
            ssize_t got = read(service->news, &ignored, sizeof ignored);
            (void)got; /* it is empty then */
        } else if (what != &service->daemon) {
            client_gone(what);
        }
    }
}

/* Connections that take too long. libmicrohttpd sees the end and closes them. */
static void look_at_links(struct service *service, double now) {
    for (struct link *link = service->links; link != NULL; link = link->next) {
        double most = link->state == LINK_READING ? service->options->receive_seconds
                                                  : service->options->send_seconds;
        if (link->state != LINK_WORKING && now - link->since > most) {
            shutdown(link->fd, SHUT_RDWR);
        }
    }
}

static void finish(struct service *service) {
    service->finishing = true;
    MHD_quiesce_daemon(service->daemon);
    stop_listening(service);
}

static void stop(struct service *service) {
    for (struct call *call = service->calls; call != NULL; call = call->next) {
        if (call->in_work) {
            feed_cancel(call);
        }
        call->gone |= call->suspended || !call->complete;
        handle_resume(call);
    }
}

/* Requests whose answers are not sent yet. */
static size_t unanswered(const struct service *service) {
    size_t n = 0;
    for (const struct call *call = service->calls; call != NULL; call = call->next) {
        n += call->connection != NULL;
    }
    return n;
}

static bool look_at_engines(struct service *service, struct el_error *err) {
    size_t members = 0, reached = 0, ready = 0;
    for (size_t k = 0; k < service->n_keepers; k++) {
        struct keeper *keeper = &service->keepers[k];
        pthread_mutex_lock(&keeper->mutex);
        enum keeper_state state = keeper->state;
        bool counts = state == KEEPER_READY && !el_settings_ask_nobody(&keeper->config->settings);
        for (size_t i = 0; counts && i < keeper->n_members; i++) {
            reached += keeper->members[i].problem == NULL;
            members++;
        }
        pthread_mutex_unlock(&keeper->mutex);
        if (state == KEEPER_FAILED) {
            *err = keeper->error;
            return service->n_keepers == 1 ? false
                                           : el_error_prefix(err, "ensemble %s", keeper->name);
        }
        ready += state == KEEPER_READY;
    }
    if (ready == service->n_keepers) {
        service->told_ready = true;
        service->options->ready(members, reached);
    }
    return true;
}

static bool serve(struct service *service, struct el_error *err) {
    for (;;) {
        wait_for_events(service);
        feed_take(service);
        MHD_run(service->daemon);
        double now = el_now();
        if (now - service->last_look < LOOK_MS / 1000.0 && !service->finishing &&
            service->told_ready) {
            continue;
        }
        service->last_look = now;
        look_at_links(service, now);
        if (!service->told_ready && !look_at_engines(service, err)) {
            return false;
        }
        int interrupts = service->told_ready ? service->options->interrupted() : 0;
        if (interrupts > 0 && !service->finishing) {
            finish(service);
        }
        if (interrupts > 1 && unanswered(service) > 0) {
            stop(service);
            MHD_run(service->daemon);
            return el_fail(err, EL_ERR_INTERRUPTED, "stopped with requests in work");
        }
        if (service->finishing && unanswered(service) == 0) {
            return true;
        }
    }
}

static void release(struct service *service) {
    stop(service); /* nothing is suspended when it ends */
    if (service->daemon != NULL) {
        MHD_run(service->daemon);
        MHD_stop_daemon(service->daemon);
    }
    stop_listening(service);
    for (size_t k = 0; k < service->n_keepers; k++) {
        keeper_stop(&service->keepers[k]);
    }
    while (service->calls != NULL) {
        call_free(service->calls);
    }
    learner_close(service->learner);
    close(service->news);
    close(service->epoll);
}

/* The keepers have the configurations from here on. */
static struct service *make_service(const struct el_service_options *options) {
    struct service *service = calloc(1, sizeof *service);
    if (service == NULL) {
        for (size_t k = 0; k < options->n_ensembles; k++) {
            el_config_free(options->ensembles[k].config);
        }
        return NULL;
    }
    *service = (struct service){.options = options,
                                .listener = -1,
                                .epoll = -1,
                                .news = -1,
                                .n_keepers = options->n_ensembles};
    for (size_t k = 0; k < service->n_keepers; k++) {
        struct keeper *keeper = &service->keepers[k];
        keeper->service = service;
        keeper->name = options->ensembles[k].name;
        keeper->config = options->ensembles[k].config;
        keeper->waiting_last = &keeper->waiting;
        pthread_mutex_init(&keeper->mutex, NULL);
    }
    return service;
}

bool el_service_run(const struct el_service_options *options, struct el_error *err) {
    struct service *service = make_service(options);
    if (service == NULL) {
        return el_fail_memory(err);
    }
    bool ok = (options->learn == NULL ||
               learner_open(options->learn, &options->log, &service->learner, err)) &&
              start(service, err);
    if (ok) {
        options->listening(service->address);
    }
    for (size_t k = 0; ok && k < service->n_keepers; k++) {
        ok = keeper_start(&service->keepers[k], err);
    }
    ok = ok && serve(service, err);
    release(service);
    free(service);
    return ok;
}

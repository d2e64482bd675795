/* The socket that the service listens at. Without a token nobody but this machine may reach it. */
#include "base/print.h"
#include "serve/service_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static bool fail_at(struct service *service, struct el_error *err) {
    return el_fail(err, EL_ERR_CONFIG, "cannot listen at %s: %s", service->options->listen,
                   strerror(errno));
}

static bool open_socket(struct service *service, int family, const struct sockaddr *address,
                        socklen_t length, struct el_error *err) {
    int on = 1;
    service->listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (service->listener < 0) {
        return fail_at(service, err);
    }
    if (family != AF_UNIX) {
        setsockopt(service->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    return (bind(service->listener, address, length) == 0 &&
            listen(service->listener, BACKLOG) == 0) ||
           fail_at(service, err);
}

/* A socket that a service left behind which did not end in order. */
static void remove_stale(const struct sockaddr_un *address) {
    struct stat info;
    if (lstat(address->sun_path, &info) != 0 || !S_ISSOCK(info.st_mode)) {
        return;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
        errno == ECONNREFUSED) {
        unlink(address->sun_path);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static bool listen_unix(struct service *service, const char *path, struct el_error *err) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path[0] == '\0' || strlen(path) >= sizeof address.sun_path) {
        return el_fail(err, EL_ERR_CONFIG,
                       "the path of a Unix socket has 1 to %zu bytes: --listen unix:/run/el4ner",
                       sizeof address.sun_path - 1);
    }
    memcpy(address.sun_path, path, strlen(path));
    remove_stale(&address);
    mode_t mask = umask(0117); /* others cannot connect */
    bool ok = open_socket(service, AF_UNIX, (struct sockaddr *)&address, sizeof address, err);
    umask(mask);
    service->socket_path = ok ? path : NULL;
    el_print(service->address, sizeof service->address, "unix:%s", path);
    return ok;
}

static bool is_loopback(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
    }
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* "host:port", "[::1]:port" */
static bool split(const char *text, char *host, size_t room, const char **port) {
    const char *colon = strrchr(text, ':');
    size_t length = colon != NULL ? (size_t)(colon - text) : 0;
    if (length > 1 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    } else if (length > 0 && memchr(text, ':', length) != NULL) {
        return false; /* an IPv6 address without brackets */
    }
    if (length == 0 || length >= room || colon[1] == '\0') {
        return false;
    }
    memcpy(host, text, length);
    host[length] = '\0';
    *port = colon + 1;
    return strspn(*port, "0123456789") == strlen(*port) && strlen(*port) < 6 && atol(*port) < 65536;
}

static void name_address(struct service *service, const char *host) {
    struct sockaddr_storage at;
    socklen_t length = sizeof at;
    unsigned port = 0;
    if (getsockname(service->listener, (struct sockaddr *)&at, &length) == 0) {
        port = ntohs(at.ss_family == AF_INET ? ((struct sockaddr_in *)&at)->sin_port
                                             : ((struct sockaddr_in6 *)&at)->sin6_port);
    }
    bool brackets = strchr(host, ':') != NULL;
    el_print(service->address, sizeof service->address, "http://%s%s%s:%u", brackets ? "[" : "",
             host, brackets ? "]" : "", port);
}

bool listen_at(struct service *service, struct el_error *err) {
    const char *text = service->options->listen, *port;
    char host[128];
    service->asks_host = service->options->token == NULL;
    if (strncmp(text, "unix:", 5) == 0) {
        service->asks_host = false;
        return listen_unix(service, text + 5, err);
    }
    if (!split(text, host, sizeof host, &port)) {
        return el_fail(err, EL_ERR_CONFIG,
                       "--listen must be like 127.0.0.1:8765, [::1]:8765 or unix:/run/el4ner, "
                       "not \"%s\"",
                       text);
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
    int failure = getaddrinfo(host, port, &hints, &found);
    if (failure != 0) {
        return el_fail(err, EL_ERR_CONFIG, "--listen %s: %s", text, gai_strerror(failure));
    }
    bool ok = service->options->token != NULL || is_loopback(found->ai_addr) ||
              el_fail(err, EL_ERR_CONFIG,
                      "--listen %s can be reached from other machines, and no token is asked for; "
                      "give one with --token-env or --token-file, or listen at 127.0.0.1",
                      text);
    ok = ok && open_socket(service, found->ai_family, found->ai_addr, found->ai_addrlen, err);
    freeaddrinfo(found);
    if (ok) {
        name_address(service, host);
    }
    return ok;
}

void stop_listening(struct service *service) {
    if (service->listener >= 0) {
        close(service->listener);
        service->listener = -1;
    }
    if (service->socket_path != NULL) {
        unlink(service->socket_path);
        service->socket_path = NULL;
    }
}

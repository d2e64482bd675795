#include "serving/server.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- finding the program ---- */

/* A path that was printed, if it is that of a program, else NULL. `n`: what asprintf() gave. */
static char *if_program(int n, char *path) {
    if (n >= 0 && access(path, X_OK) == 0) {
        return path;
    }
    if (n >= 0) {
        free(path);
    }
    return NULL;
}

static char *on_path(const char *name) {
    const char *path = getenv("PATH");
    while (path != NULL && *path != '\0') {
        size_t len = strcspn(path, ":");
        char *full = NULL;
        int n = len > 0 ? asprintf(&full, "%.*s/%s", (int)len, path, name) : -1;
        if ((full = if_program(n, full)) != NULL) {
            return full;
        }
        path += len + (path[len] == ':');
    }
    return NULL;
}

static char *in_data_home(void) {
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    char *full = NULL;
    int n = -1;
    if (data != NULL && data[0] == '/') { /* the XDG rule: other paths are ignored */
        n = asprintf(&full, "%s/el4ner/bin/llama-server", data);
    } else if (home != NULL) {
        n = asprintf(&full, "%s/.local/share/el4ner/bin/llama-server", home);
    }
    return if_program(n, full);
}

static char *in_data_folder(const char *folder) {
    char *full = NULL;
    int n = asprintf(&full, "%s/bin/llama-server", folder);
    return if_program(n, full);
}

/* The one that somebody named. */
static char *check_named(const char *named, const char *where, struct el_error *err) {
    char *found = strchr(named, '/') != NULL ? strdup(named) : on_path(named);
    if (found == NULL) {
        el_fail(err, EL_ERR_CONFIG, "%s%s: cannot be run: it is not on PATH", where, named);
    } else if (access(found, X_OK) != 0) {
        el_fail(err, EL_ERR_CONFIG, "%s%s: cannot be run: %s", where, named, strerror(errno));
        free(found);
        found = NULL;
    }
    return found;
}

char *el_server_find(const char *configured, const char *const *folders, struct el_error *err) {
    const char *variable = getenv("EL4NER_LLAMA_SERVER");
    if (configured != NULL && configured[0] != '\0') {
        return check_named(configured, "", err);
    }
    if (variable != NULL && variable[0] != '\0') {
        return check_named(variable, "EL4NER_LLAMA_SERVER: ", err);
    }
    char *found = on_path("llama-server");
    found = found != NULL ? found : in_data_home();
    for (size_t i = 0; found == NULL && folders != NULL && folders[i] != NULL; i++) {
        found = in_data_folder(folders[i]);
    }
    if (found == NULL) {
        el_fail(err, EL_ERR_CONFIG,
                "llama-server, which runs GGUF files, was not found on PATH nor in the data "
                "folders; `el4ner setup` gets one");
    }
    return found;
}

/* ---- starting ---- */

/* llama-server cannot report a port it chose itself, so one is chosen here. Between this close and
 * the child's bind another process may take it: the caller then starts again. */
static bool free_port(unsigned *port, struct el_error *err) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 &&
              getsockname(fd, (struct sockaddr *)&address, &len) == 0;
    if (!ok) {
        el_fail(err, EL_ERR_IO, "no free port on 127.0.0.1: %s", strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    *port = ntohs(address.sin_port);
    return ok;
}

static bool random_key(char key[33], struct el_error *err) {
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) {
        return el_fail(err, EL_ERR_IO, "no random bytes for a key: %s", strerror(errno));
    }
    for (int i = 0; i < 16; i++) {
        snprintf(key + 2 * i, 3, "%02x", bytes[i]);
    }
    return true;
}

/* The parent's environment, its llama settings left out (they could open the server to others or
 * change answers), ours put in. Settings that some versions do not know go here too: an unknown
 * variable is ignored, an unknown option is fatal. */
static char **child_environment(const struct el_server *server) {
    /* SWA_FULL: else a model with a sliding window (Gemma) forgets the beginning of a prompt, which
     * the next question about the sentence has too. */
    static const char *const settings[] = {"LLAMA_ARG_CACHE_RAM=0", "LLAMA_ARG_SWA_FULL=1",
                                           "LLAMA_ARG_UI=false", "LLAMA_ARG_LOG_VERBOSITY=2"};
    enum { SETTINGS = sizeof settings / sizeof *settings };
    size_t n = 0, kept = 0;
    while (environ[n] != NULL) {
        n++;
    }
    size_t key_len = sizeof "LLAMA_API_KEY=" + sizeof server->key;
    char **list = malloc((n + SETTINGS + 2) * sizeof *list + key_len);
    if (list == NULL) {
        return NULL;
    }
    char *key = (char *)(list + n + SETTINGS + 2);
    for (size_t i = 0; i < n; i++) {
        if (strncmp(environ[i], "LLAMA_ARG_", 10) != 0 &&
            strncmp(environ[i], "LLAMA_API_", 10) != 0) {
            list[kept++] = environ[i];
        }
    }
    snprintf(key, key_len, "LLAMA_API_KEY=%s", server->key);
    list[kept++] = key;
    for (size_t i = 0; i < SETTINGS; i++) {
        memcpy(&list[kept++], &settings[i], sizeof *list);
    }
    list[kept] = NULL;
    return list;
}

/* Runs in the child: only async-signal-safe calls. */
static _Noreturn void become_server(const struct el_server *server, char *const argv[],
                                    char *const envp[], int log, pid_t parent) {
    struct sigaction usual = {.sa_handler = SIG_DFL}, now;
    sigset_t none;
    for (int i = 1; i < NSIG; i++) { /* before any can arrive: handlers are the parent's */
        bool ends = i == SIGPIPE || i == SIGINT || i == SIGTERM;
        if (ends || (sigaction(i, NULL, &now) == 0 && now.sa_handler != SIG_IGN)) {
            sigaction(i, &usual, NULL);
        }
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0); /* Ctrl-C is for el4ner, which still wants answers to finish */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) { /* it died before the line above */
        _exit(1);
    }
    int null = open("/dev/null", O_RDONLY);
    dup2(null, 0);
    dup2(log, 1);
    dup2(log, 2);
    close_range(3, ~0u, 0);
    execve(server->program, argv, envp);
    static const char words[] = "cannot run llama-server\n";
    ssize_t ignored = write(2, words, sizeof words - 1);
    (void)ignored;
    _exit(127);
}

static void read_log(void *context, int fd) {
    struct el_server *server = context;
    char chunk[4096];
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            server->log[server->log_len++ % EL_SERVER_LOG] = chunk[i];
        }
    }
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        el_http_unwatch(server->http, &server->log_watch);
        close(fd);
        server->log_watch.fd = -1;
    }
}

static bool open_log(struct el_server *server, int pipe_fds[2], struct el_error *err) {
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        return el_fail(err, EL_ERR_IO, "no pipe for llama-server: %s", strerror(errno));
    }
    fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
    fcntl(pipe_fds[1], F_SETPIPE_SZ, 1 << 20); /* it must not block while we compute */
    server->log_len = 0;
    server->log_watch = (struct el_http_watch){pipe_fds[0], read_log, server};
    if (!el_http_watch(server->http, &server->log_watch)) {
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        server->log_watch.fd = -1;
        return el_fail_memory(err);
    }
    return true;
}

static void close_log(struct el_server *server) {
    if (server->starts > 0 && server->log_watch.fd >= 0) {
        read_log(server, server->log_watch.fd);
    }
    if (server->starts > 0 && server->log_watch.fd >= 0) {
        el_http_unwatch(server->http, &server->log_watch);
        close(server->log_watch.fd);
        server->log_watch.fd = -1;
    }
}

bool el_server_add_lora(struct el_server *server, const char *path) {
    for (size_t i = 0; i < server->n_loras; i++) {
        if (strcmp(server->loras[i], path) == 0) {
            return true;
        }
    }
    const char **more = realloc(server->loras, (server->n_loras + 1) * sizeof *more);
    if (more == NULL) {
        return false;
    }
    server->loras = more;
    more[server->n_loras++] = path;
    return true;
}

void el_server_free(struct el_server *server) {
    if (server != NULL) {
        free(server->loras);
        free(server);
    }
}

/* The adapters are loaded, and applied only in requests that name them. */
static void add_loras(const struct el_server *server, const char **argv) {
    for (size_t i = 0; i < server->n_loras; i++) {
        *argv++ = "--lora";
        *argv++ = server->loras[i];
    }
    if (server->n_loras > 0) {
        *argv = "--lora-init-without-apply";
    }
}

/* An input must fit one physical batch. `argv` has room for seven more and a NULL. */
static void add_embedding_options(const struct el_server *server, const char **argv,
                                  const char *batch) {
    static const char *const options[] = {"-b", "", "-ub", "", "--embedding", "--pooling", "mean"};
    size_t n = server->own_pooling ? 5 : 7;
    for (size_t i = 0; i < n; i++) {
        argv[i] = options[i][0] != '\0' ? options[i] : batch;
    }
}

bool el_server_start(struct el_server *server, struct el_error *err) {
    enum { WORDS = 24 };
    int fds[2];
    close_log(server);
    server->starts++;
    server->log_watch.fd = -1;
    const char **argv = calloc(WORDS + 2 * server->n_loras + 1, sizeof *argv);
    if (argv == NULL) {
        return el_fail_memory(err);
    }
    if (!free_port(&server->port, err) || !random_key(server->key, err) ||
        !open_log(server, fds, err)) {
        free(argv);
        return false;
    }
    char port[16], context[24], slots[24], threads[24], batch[24];
    snprintf(port, sizeof port, "%u", server->port);
    snprintf(context, sizeof context, "%zu", server->context * server->slots);
    snprintf(slots, sizeof slots, "%zu", server->slots);
    snprintf(threads, sizeof threads, "%zu", server->threads);
    snprintf(batch, sizeof batch, "%zu", server->context);
    const char *const words[] = {"llama-server", "-m", server->gguf, "--host", "127.0.0.1",
                                 "--port",       port, "-c",         context,  "-np",
                                 slots,          "-t", threads,      "--poll", "0"};
    enum { FIXED = sizeof words / sizeof *words };
    memcpy(argv, words, sizeof words);
    if (server->embedding) {
        add_embedding_options(server, argv + FIXED, batch);
    } else {
        add_loras(server, argv + FIXED);
    }
    char **envp = child_environment(server);
    pid_t parent = getpid();
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* none may run a handler in the child */
    server->pid = envp != NULL ? fork() : -1;
    int trouble = envp != NULL ? errno : ENOMEM;
    if (server->pid == 0) {
        become_server(server, (char *const *)argv, envp, fds[1], parent);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(fds[1]);
    free(envp);
    free(argv);
    if (server->pid < 0) {
        server->pid = 0;
        close_log(server);
        return el_fail(err, EL_ERR_IO, "cannot start llama-server: %s", strerror(trouble));
    }
    return true;
}

/* ---- watching ---- */

bool el_server_alive(struct el_server *server) {
    if (server->pid == 0) {
        return false;
    }
    pid_t ended = waitpid(server->pid, NULL, WNOHANG);
    if (ended == server->pid || (ended < 0 && errno == ECHILD)) {
        server->pid = 0;
        if (server->log_watch.fd >= 0) {
            read_log(server, server->log_watch.fd);
        }
    }
    return server->pid != 0;
}

bool el_server_alive_after(struct el_server *server, int milliseconds) {
    for (; milliseconds > 0 && el_server_alive(server); milliseconds--) {
        usleep(1000);
    }
    return el_server_alive(server);
}

static size_t copy_log(const struct el_server *server, char text[EL_SERVER_LOG + 1]) {
    size_t len = server->log_len < EL_SERVER_LOG ? server->log_len : EL_SERVER_LOG;
    for (size_t i = 0; i < len; i++) {
        text[i] = server->log[(server->log_len - len + i) % EL_SERVER_LOG];
        text[i] = text[i] == '\0' ? ' ' : text[i];
    }
    text[len] = '\0';
    return len;
}

bool el_server_port_was_taken(const struct el_server *server) {
    char text[EL_SERVER_LOG + 1];
    copy_log(server, text);
    return strstr(text, "couldn't bind") != NULL || strstr(text, "failed to bind") != NULL ||
           strstr(text, "Address already in use") != NULL;
}

void el_server_last_words(const struct el_server *server, char *text, size_t room) {
    char log[EL_SERVER_LOG + 1];
    size_t len = copy_log(server, log);
    size_t start = len > 300 ? len - 300 : 0;
    if (start > 0) { /* begin with a whole line if one begins there */
        char *line = strchr(log + start, '\n');
        start = line != NULL && line[1] != '\0' ? (size_t)(line + 1 - log) : start;
    }
    for (char *hit = log; (hit = strstr(hit, server->key)) != NULL && server->key[0] != '\0';) {
        memset(hit, '*', strlen(server->key));
    }
    size_t at = 0;
    for (size_t i = start; i < len && at + 1 < room; i++) {
        unsigned char c = (unsigned char)log[i];
        text[at++] = c < ' ' || c >= 0x7f ? ' ' : (char)c;
    }
    text[at] = '\0';
}

/* ---- ending ---- */

void el_server_ask_to_end(struct el_server *server) {
    if (server->pid > 0) {
        kill(server->pid, SIGTERM);
    }
}

void el_server_end(struct el_server *server) {
    double until = el_now() + 2;
    el_server_ask_to_end(server);
    while (el_server_alive(server) && el_now() < until) {
        if (server->log_watch.fd >= 0) {
            read_log(server, server->log_watch.fd); /* a full pipe would hold it up */
        }
        usleep(1000);
    }
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        server->pid = 0;
    }
    close_log(server);
}

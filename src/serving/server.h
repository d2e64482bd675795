/* A llama-server child process: started on a free loopback port with a random key, watched through
 * the pipe its log comes from, ended with the client, and killed by the kernel if this process
 * dies first.
 *
 * The kernel's signal follows the thread that started the child (PR_SET_PDEATHSIG), so that thread
 * must live as long as the child: it is the one the client belongs to. */
#ifndef EL_SERVING_SERVER_H
#define EL_SERVING_SERVER_H

#include "serving/http.h"

#include <sys/types.h>

enum { EL_SERVER_LOG = 8192 };

struct el_server {
    const char *program, *gguf; /* the caller's */
    size_t slots, context;      /* context of one slot, in tokens */
    const char **loras;         /* adapters, by their number in requests; malloc'ed */
    size_t n_loras;
    size_t threads;
    bool embedding;   /* serve /v1/embeddings instead of completions */
    bool own_pooling; /* the file says how its states become one vector; else their mean */
    struct el_http *http;

    pid_t pid; /* 0 = not running */
    unsigned port;
    char key[33];
    unsigned starts, port_races, deaths;
    struct el_http_watch log_watch; /* fd -1 = closed */
    char log[EL_SERVER_LOG];        /* ring: the child's last words */
    size_t log_len;                 /* bytes ever written to it */
};

/* The program: `configured`, else $EL4NER_LLAMA_SERVER, else llama-server on PATH, else
 * el4ner/bin/llama-server in XDG_DATA_HOME, else bin/llama-server in one of the folders (a list
 * that ends with NULL; NULL = none). Free the result. EL_ERR_CONFIG if there is none. */
char *el_server_find(const char *configured, const char *const *folders, struct el_error *err);

/* Add an adapter, if it is new. False if out of memory. Before the start. */
bool el_server_add_lora(struct el_server *server, const char *path);

/* program .. http must be set, the rest zero. Each start takes a fresh port and key. */
bool el_server_start(struct el_server *server, struct el_error *err);

/* False once the process has ended; it is reaped then. */
bool el_server_alive(struct el_server *server);

/* The same, but gives a process that is just dying up to `milliseconds` to be gone. */
bool el_server_alive_after(struct el_server *server, int milliseconds);

/* The last line or so of its log that is worth showing, cleaned, without keys. */
void el_server_last_words(const struct el_server *server, char *text, size_t room);

/* Did it end because another process had taken the port? */
bool el_server_port_was_taken(const struct el_server *server);

/* SIGTERM; el_server_end() waits, up to 2 s, then kills. Both are safe when nothing runs. */
void el_server_ask_to_end(struct el_server *server);
void el_server_end(struct el_server *server);
/* After its end. NULL is allowed. */
void el_server_free(struct el_server *server);

#endif

/* The service behind `el4ner serve`: HTTP in, documents with entities out, one engine for all.
 *
 * The thread that calls el_service_run() speaks HTTP and owns every request. Each ensemble has
 * another, which owns its engine and does nothing but move texts on. One more, where it learns,
 * builds pools of demonstrations. */
#ifndef EL_SERVE_SERVICE_H
#define EL_SERVE_SERVICE_H

#include "api/within.h"
#include "base/log.h"

enum { EL_SERVICE_ENSEMBLES = 8 };

struct el_service_options {
    const char *listen;  /* "127.0.0.1:8765", "[::1]:0" (0 = any free port), "unix:/run/el4ner" */
    const char *token;   /* what clients must show; NULL = none is asked for */
    size_t max_body;     /* bytes of a request */
    size_t max_texts;    /* in a request */
    size_t max_requests; /* in work at once */
    double max_seconds;  /* of a request */
    double receive_seconds, send_seconds; /* in which a request must have come, an answer gone */

    struct {
        const char *name;
        struct el_config *config;      /* taken in any case */
    } ensembles[EL_SERVICE_ENSEMBLES]; /* requests that name none ask the first */
    size_t n_ensembles;
    const char *store; /* file of stored replies; NULL = none */
    bool refresh;      /* ask anew what the store has */
    const char *learn; /* file of what people have labelled (learn.h); NULL = none */
    struct el_log log; /* called in all threads */

    /* Called once it listens, with the address as a client writes it: "http://127.0.0.1:8765". */
    void (*listening)(const char *address);
    /* Called once when the members are there, those that are going to be asked: from here on
     * interrupted() is asked. */
    void (*ready)(size_t members, size_t reached);
    /* How often it was asked to end: at 1 it finishes what is in work, from 2 on it stops. */
    int (*interrupted)(void);
};

/* Serve until interrupted. False if it could not begin, or was stopped with requests in work. */
bool el_service_run(const struct el_service_options *options, struct el_error *err);

/* The first line of `file` without blanks around it, as a token; NULL with an error. Free it. */
char *el_service_read_token(const char *path, struct el_error *err);

#endif

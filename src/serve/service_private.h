/* What the files of the service share. */
#ifndef EL_SERVE_SERVICE_PRIVATE_H
#define EL_SERVE_SERVICE_PRIVATE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/sha256.h"
#include "corpus/format.h"
#include "serve/label_sets.h"
#include "serve/service.h"

#include <microhttpd.h>
#include <pthread.h>

struct service;
struct learner; /* learn.h */

/* A connection, for its deadlines. */
struct link {
    struct link *next, *previous;
    int fd;
    double since; /* when what it does now began */
    enum link_state { LINK_READING, LINK_WORKING, LINK_SENDING } state;
};

/* A text of a request. */
struct piece {
    struct call *call;
    struct el_document *document; /* until it is handed to the engine */
    const struct label_set *set;  /* of a task: what is looked for, in place of the request's types;
                                     NULL = all that is asked for, or the task lacks the text */
    bool task_end;                /* it is the last text of its task */
    uint64_t number;              /* at the engine; 0 = not there */
    el4ner_result *result;        /* until it is written */
};

enum shape {
    SHAPE_FORMAT,    /* as the writer makes it */
    SHAPE_OBJECT,    /* one document: its line of JSON */
    SHAPE_DOCUMENTS, /* {"documents": [...]} */
    SHAPE_TASKS,     /* predictions for Label Studio (studio.c) */
};

/* What is wanted of the texts of a request. */
struct wish {
    struct el4ner_type *types;
    size_t n_types;
    enum el4ner_choice nested;
    bool evidence, trace;
    const char *lang;
    double seconds;
    enum el_format from, to;
    bool has_from, has_to;
    enum el_unit unit;
    bool lines;  /* the client takes a document a line ... */
    bool stream; /* ... and gets each as it is ready */
};

/* A request, from its headers until its answer is sent and the engine is done with its texts. */
struct call {
    struct call *next, *previous; /* among all */
    struct call *next_waiting;    /* among those that have texts to hand over */
    struct service *service;
    struct keeper *keeper;             /* of the ensemble that is asked */
    struct MHD_Connection *connection; /* NULL = it is over */
    struct link *link;
    const struct route *route; /* NULL = there is none */
    double begun;
    struct el_arena arena;
    struct el_buffer body;
    size_t received; /* bytes of the body, also those that were thrown away */

    struct wish wish;
    enum shape shape;
    struct piece *pieces;
    size_t n_pieces, room, handed, written;
    size_t in_engine; /* texts */
    size_t failed, cut_short, left_out;
    double deadline;
    bool in_work, suspended, watched, gone;

    char version[48];      /* SHAPE_TASKS: of the model */
    size_t n_tasks;        /* SHAPE_TASKS: written */
    size_t n_regions;      /* of the task that is being written ... */
    double score;          /* ... and its score; NAN = none */
    bool incomplete;       /* ... and whether a text of it is missing or failed */
    struct el_buffer task; /* ... and its regions */

    struct el_writer *writer;
    FILE *file; /* of the writer: into `out` */
    struct el_buffer out;
    size_t sent;   /* bytes of `out`, of a stream */
    bool complete; /* all of the answer is in `out` */
    unsigned status;
    const char *type; /* Content-Type */
    const char *allow;
    const char *problem;    /* the message of an error */
    int retry_after;        /* seconds; 0 = not said */
    struct el_buffer notes; /* what was left out or may surprise; one line */
};

/* What the engine's thread tells. */
struct member_state {
    char *name, *model, *problem;
    struct el4ner_usage usage[EL4NER_VERIFY + 1];
    double failed_at, answered_at; /* last; 0 = never */
};

struct keeper {
    struct service *service;
    const char *name;         /* of the ensemble */
    struct el_config *config; /* the engine's, once it is opened */

    /* Of the thread that speaks HTTP. */
    struct call *waiting, **waiting_last; /* have texts to hand over */
    size_t in_engine;                     /* texts */

    pthread_t thread;
    bool started;
    pthread_mutex_t mutex; /* of all that follows */
    enum keeper_state { KEEPER_STARTING, KEEPER_READY, KEEPER_FAILED } state;
    struct el_error error; /* why it failed */
    bool stop;
    el4ner *engine; /* to submit, cancel and wake */
    el4ner_result **results;
    size_t n_results, room;
    struct member_state *members;
    const char **names;
    size_t n_members, window;
    struct el_buffer types; /* JSON of the configured types */
    char config_hash[EL_SHA256_HEX];
    uint64_t abstentions[EL_MAX_MEMBERS][EL_STAGES][EL_CAUSES], saved_calls;
    struct el4ner_progress progress;
};

enum { SECONDS_BUCKETS = 14, STATUSES = 6 };

struct tally {
    const char *path;
    uint64_t by_status[STATUSES]; /* 1xx .. 5xx */
    uint64_t buckets[SECONDS_BUCKETS + 1];
    double seconds;
    uint64_t n;
};
enum { TALLIES = 11 }; /* one a route, and the rest */

struct service {
    const struct el_service_options *options;
    struct MHD_Daemon *daemon;
    int listener, epoll, news; /* `news` is written to by the engine's thread */
    char address[160];
    const char *socket_path; /* of a Unix socket; NULL = none */
    bool told_ready, finishing;
    bool asks_host; /* requests must name this machine */
    struct keeper keepers[EL_SERVICE_ENSEMBLES];
    size_t n_keepers;
    struct learner *learner; /* of the first keeper; NULL = nothing is learned */
    struct call *calls;
    struct link *links;
    size_t in_work, body_bytes;
    double last_look;
    struct tally tallies[TALLIES];
    uint64_t texts, entities, gone;
};

/* listen.c */
bool listen_at(struct service *service, struct el_error *err);
void stop_listening(struct service *service);

/* keeper.c: the engine's thread */
bool keeper_start(struct keeper *keeper, struct el_error *err);
void keeper_stop(struct keeper *keeper);
/* The results so far; free the list, and what is in it. */
el4ner_result **keeper_take(struct keeper *keeper, size_t *n);

/* ask.c: what the body asks for. False with an answer in the call. */
bool ask_options(struct call *call);
bool ask_documents(struct call *call);
/* The body as an object of JSON; NULL with an answer. */
json_t *ask_object(struct call *call, const char *what);
/* The ensemble of this name is asked. */
bool ask_ensemble(struct call *call, const char *name);
bool ask_add_document(struct call *call, struct el_document *document);
bool ask_fail_memory(struct call *call);

/* studio.c: what Label Studio asks an ML backend for. As in ask.c; the answers of two are there at
 * once. */
void studio_health(struct call *call);
bool studio_tasks(struct call *call);
bool studio_setup(struct call *call);
bool studio_event(struct call *call);
/* The answer to studio_tasks(). */
void studio_begin(struct call *call);
void studio_document(struct call *call, const struct el_document *document, bool done);
void studio_end(struct call *call);

/* feed.c: texts to the engine and back */
bool feed_begin(struct call *call);
void feed_take(struct service *service);
/* The client is not interested any more. */
void feed_cancel(struct call *call);

/* compose.c */
bool answer_begin(struct call *call);
void answer_document(struct call *call, el4ner_result *result);
void answer_end(struct call *call);
/* An error in place of all that is in `out`. `where` may be NULL. */
void answer_error(struct call *call, unsigned status, const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void answer_note(struct call *call, const char *message);
/* Is it a format with an object a line, which can have the failure of a document too? */
bool answer_is_lines(enum el_format format);

/* What there is at an address. */
struct route {
    const char *path, *method;
    void (*about)(struct call *call);   /* GET */
    bool (*options)(struct call *call); /* POST: when the headers are here; NULL = nothing to do */
    bool (*body)(struct call *call);    /* POST: when the body is. False with an answer */
    bool open;                          /* without a token too */
    bool tags;                          /* it needs the engine, and there is a limit to such */
    bool told;                          /* mistakes are logged, as who asks shows no reasons */
};

/* handle.c: a header of the request, NULL if it has none; what libmicrohttpd calls */
const char *handle_header(const struct call *call, const char *name);
enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                       const char *method, const char *version, const char *upload,
                       size_t *upload_size, void **call);
void handle_completed(void *context, struct MHD_Connection *connection, void **call,
                      enum MHD_RequestTerminationCode code);
void handle_connection(void *context, struct MHD_Connection *connection, void **link,
                       enum MHD_ConnectionNotificationCode code);
/* False with an answer if the models of the ensemble that is asked are not there yet. */
bool handle_loaded(struct call *call);
/* Stop waiting, because there is something to send, or nobody to send it to. */
void handle_resume(struct call *call);
void handle_suspend(struct call *call);
void call_free(struct call *call);

/* about.c: pages that tell of the service */
void about_health(struct call *call);
void about_members(struct call *call);
void about_metrics(struct call *call);
void about_openapi(struct call *call);
void about_page(struct call *call);
struct tally *tally_of(struct service *service, const char *path);
void tally_add(struct tally *tally, unsigned status, double seconds);

#endif

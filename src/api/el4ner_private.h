/* What the files behind el4ner.h share. */
#ifndef EL_API_EL4NER_PRIVATE_H
#define EL_API_EL4NER_PRIVATE_H

#include "el4ner.h"
#include "pipeline/flow.h"

#include <pthread.h>
#include <stdatomic.h>

/* Types and the like that texts were asked for lately, as the stages see them. */
struct terms {
    struct terms *next; /* the one used last is first */
    struct el_arena arena;
    struct el_buffer key; /* all that they are made of */
    struct el_context *context;
    const char *warning; /* what a user should know of them; "" = nothing */
    bool told;           /* the log has it */
    size_t users;        /* texts in work */
};

/* A text that was handed over. */
struct ticket {
    struct ticket *next; /* in the inbox */
    struct el_wish wish; /* with this ticket as its user */
    uint64_t number;
    struct terms *terms; /* NULL = the engine's */
    void *user;
    el4ner_result *result; /* empty: it is there when memory is short */
    bool unwanted;         /* nobody waits for the result any more */
};

struct el4ner_result {
    struct el4ner_result *next; /* among the finished */
    struct el_document *document;
    enum el4ner_status status;
    struct el4ner_error error;
    uint64_t number;
    void *user;
    struct el4ner_entity *entities; /* in the document's arena, as is all that follows */
    const char **members;
    size_t n_members;
    struct el4ner_abstention *abstentions;
    size_t n_abstentions;
    struct el4ner_usage usage;
    char *trace;
    const char *warning; /* as the delivery has it */
};

struct el4ner {
    struct el_config *config;
    struct el_ensemble *ensemble;
    struct el_flow *flow;
    void (*log)(void *context, enum el4ner_level level, const char *message);
    void *log_context;
    enum el4ner_order order;
    size_t most_texts;
    struct el4ner_member *members;
    const char **names;                              /* of the members */
    struct el4ner_result *finished, **finished_last; /* while somebody waited for another */

    atomic_bool woken;
    bool locked;           /* the mutex has been made */
    pthread_mutex_t mutex; /* of all that follows */
    struct ticket *inbox, **inbox_last;
    uint64_t *cancelled; /* numbers that are to be given up */
    size_t n_cancelled, cancelled_room;
    struct terms *terms;
    bool waits, polled; /* a thread is in el4ner_next(), or in a poll() of its own */
    uint64_t n_numbers; /* of texts, those of el4ner_tag() too */
    struct el4ner_progress progress;
};

/* engine.c */
enum el4ner_level level_of(enum el_level level);
void pass_on(void *engine, enum el_level level, const char *message);
void *give_error(struct el4ner_error *error, const struct el_error *err);
/* A struct of a program that may be older or newer than this library: `known` bytes of it go into
 * `into`, which is zeroed. What a newer one has besides must not be set. `first`: the size that 0
 * means. */
bool take_struct(const void *given, size_t first, void *into, size_t known, const char *what,
                 struct el_error *err);

/* The other way: `known` bytes of `from` go into a struct of the caller's, whose first member says
 * how large it is. What this library does not know of is zeroed. */
void give_struct(const void *from, size_t known, void *into);

/* request.c: types as the configuration has them, pointing to what is given; NULL if out of memory.
 */
struct el_type *types_of(struct el_arena *arena, const struct el4ner_type *types, size_t n);
/* A ticket, without a number; NULL if something is wrong. With the mutex held: the text
 * is done with. */
struct ticket *make_ticket(el4ner *engine, const char *text, size_t length,
                           const struct el4ner_request *request, struct el_error *err);
/* The same for a document, which is taken only if this succeeds. */
struct ticket *make_document_ticket(el4ner *engine, struct el_document *document,
                                    const struct el4ner_request *request, struct el_error *err);
void free_ticket(el4ner *engine, struct ticket *ticket);
void forget_terms(el4ner *engine, size_t kept);

/* result.c: what the delivery holds goes into an empty result; what it takes is NULL in the
 * delivery then. Without memory the result says that. */
void fill_result(const el4ner *engine, struct el_delivery *delivery, el4ner_result *result);
/* Takes a document that comes from no engine, with the names of those who voted on it; NULL if out
 * of memory. */
el4ner_result *result_of(struct el_document *document, const char *const *members,
                         size_t n_members);

/* documents.c: a scheme by its word; how files are read, ended with end_reading() */
struct messages {
    void (*write)(void *context, enum el4ner_level level, const char *message);
    void *context;
};
struct reading {
    struct el_arena arena;
    struct messages messages;
    struct el_log log;
    struct el_read_options options;
};
bool take_scheme(const char *word, enum el_scheme *scheme, struct el_error *err);
bool begin_reading(struct reading *reading, const struct el4ner_read_options *given,
                   struct el_error *err);
void end_reading(struct reading *reading);

/* texts.c: an error if anything is in work; what is needed before the first text, and given back in
 * the end */
bool check_idle(el4ner *engine, const char *what, struct el_error *err);
bool open_texts(el4ner *engine, struct el_error *err);
void close_texts(el4ner *engine);

#endif

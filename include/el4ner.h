/* el4ner: named-entity recognition by an ensemble of small language models.
 *
 *     struct el4ner_error error;
 *     el4ner *engine = el4ner_open(NULL, NULL, &error);
 *     el4ner_result *result = el4ner_tag(engine, text, strlen(text), &error);
 *     for (size_t i = 0; i < el4ner_count(result); i++) {
 *         const struct el4ner_entity *entity = el4ner_get(result, i);
 *         ...
 *     }
 *     el4ner_result_free(result);
 *     el4ner_close(engine);
 *
 * Ownership: what a function called open or tag returns is the caller's, until it is given to
 * el4ner_close or el4ner_result_free (both take NULL). Everything reachable from a result belongs
 * to the result and lives as long as it; a result may outlive its engine. What is passed in stays
 * the caller's and is copied where it is kept.
 *
 * Threads: an engine belongs to one thread at a time, and it must be opened in a thread that lives
 * as long as the engine does: its llama-server children end with that thread. Several engines in
 * several threads are fine. A result is read-only and may be read by several threads. The library
 * sets no signal handlers and no locale, prints nothing and never ends the process.
 *
 * Errors: a function that fails returns NULL and fills the error, if one is given, with a code and
 * one line of UTF-8 that says what is wrong, where, and what to do. It never holds keys. Member
 * models that fail cost their own votes only: they are counted in the result as abstentions.
 *
 * Offsets count UTF-8 bytes, ends are exclusive: text[start] .. text[end - 1] is the entity. */
#ifndef EL4NER_H
#define EL4NER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EL4NER_API __attribute__((visibility("default")))

/* The version that a program is compiled with; el4ner_version() gives the one it runs with. */
#define EL4NER_VERSION_MAJOR 0
#define EL4NER_VERSION_MINOR 1
#define EL4NER_VERSION_PATCH 0
#define EL4NER_VERSION "0.1.0"

typedef struct el4ner el4ner;
typedef struct el4ner_result el4ner_result;

enum el4ner_code {
    EL4NER_OK = 0,
    EL4NER_ERROR_MEMORY,      /* out of memory */
    EL4NER_ERROR_IO,          /* a file or socket could not be read or written */
    EL4NER_ERROR_FORMAT,      /* the text is not valid UTF-8, or holds a NUL character */
    EL4NER_ERROR_CONFIG,      /* the configuration is wrong */
    EL4NER_ERROR_UNREACHABLE, /* no member can be reached */
    EL4NER_ERROR_INCOMPLETE, /* no member gave a usable answer for a part of the text, or, where the
                                configuration is strict, one member did not */
};

struct el4ner_error {
    enum el4ner_code code;
    char message[1024];
};

enum el4ner_level { EL4NER_DEBUG, EL4NER_INFO, EL4NER_WARNING };

/* {0} is a valid value of all options. Further options will be added at the end: `size` tells the
 * library which of them the program knows. */
struct el4ner_options {
    size_t size;         /* sizeof(struct el4ner_options); 0 = the options of version 0.1 */
    const char *types;   /* "person,location"; NULL = the configuration's */
    const char *pool;    /* demonstrations: .el4 or labelled file; NULL = the configuration's */
    const char *profile; /* "default" or "paper"; NULL = the configuration's */
    const char *lang;    /* language of the texts, e.g. "de"; NULL = the configuration's */
    const char *store;   /* file of stored replies, made if missing; NULL = none */

    /* Messages for people; NULL = none. Called in the thread that uses the engine. */
    void (*log)(void *context, enum el4ner_level level, const char *message);
    void *log_context;
};

enum el4ner_verdict {
    EL4NER_NOT_VERIFIED, /* nobody was asked */
    EL4NER_VERIFIED,
    EL4NER_UNREADABLE, /* the verifier's answer could not be read; the entity is kept */
};

struct el4ner_entity {
    size_t start, end; /* bytes of the text, end exclusive */
    const char *text;  /* the text from start to end, NUL-terminated */
    const char *type;  /* the name of the type */
    double score;      /* 0 to 1, see el4ner(1); NAN = none */
    enum el4ner_verdict verdict;
};

/* "0.1.0" */
EL4NER_API const char *el4ner_version(void);

/* Read the configuration (NULL = ./el4ner.yaml, then XDG_CONFIG_HOME/el4ner/config.yaml, then the
 * shipped one), start or reach its members, open pool and prompts. `options` may be NULL. */
EL4NER_API el4ner *el4ner_open(const char *configuration, const struct el4ner_options *options,
                               struct el4ner_error *error);

/* End the members that were started, and free the engine. */
EL4NER_API void el4ner_close(el4ner *engine);

/* Find the entities of a text of `length` bytes of UTF-8, of any length. */
EL4NER_API el4ner_result *el4ner_tag(el4ner *engine, const char *text, size_t length,
                                     struct el4ner_error *error);
EL4NER_API void el4ner_result_free(el4ner_result *result);

/* Entities are in order of their start, longer ones first. NULL if `index` is not below count. */
EL4NER_API size_t el4ner_count(const el4ner_result *result);
EL4NER_API const struct el4ner_entity *el4ner_get(const el4ner_result *result, size_t index);

/* Calls to members that brought no usable answer. */
EL4NER_API size_t el4ner_abstained(const el4ner_result *result);

/* Members that extracted an entity (votes = 0) or voted for its type (votes = 1): the name of the
 * n-th, NULL when there are no more. */
EL4NER_API const char *el4ner_evidence(const el4ner_result *result, size_t index, int votes,
                                       size_t n);

#ifdef __cplusplus
}
#endif

#endif

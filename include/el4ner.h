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
 * docs/library.md says more of each part: many texts at once, evidence, threads, what may change.
 *
 * Ownership: what a function called open, tag, next or read returns is the caller's, until it is
 * given to the function called close or free of the same kind (all take NULL). Everything reachable
 * from a result belongs to the result and lives as long as it; a result may outlive its engine.
 * What is passed in stays the caller's and is copied where it is kept.
 *
 * Threads: an engine belongs to one thread at a time, and it must be opened in a thread that lives
 * as long as the engine does: its llama-server children end with that thread. Only the functions
 * that say so may be called from other threads meanwhile. Several engines in several threads are
 * fine. A result is read-only and may be read by several threads. An engine cannot be used in a
 * process that was forked after it was opened. The library sets no signal handlers and no locale,
 * prints nothing and never ends the process.
 *
 * Errors: a function that fails returns NULL, 0 or false, as it says, and fills the error, if one
 * is given, with a code and one line of UTF-8 that says what is wrong, where, and what to do. It
 * never holds keys. Member models that fail cost their own votes only: they are counted in the
 * result as abstentions.
 *
 * Offsets count UTF-8 bytes, ends are exclusive: text[start] .. text[end - 1] is the entity.
 * el4ner_convert_offsets() turns them into code points or UTF-16 units. */
#ifndef EL4NER_H
#define EL4NER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* More may be added at the end. */
enum el4ner_code {
    EL4NER_OK = 0,
    EL4NER_ERROR_MEMORY,      /* out of memory */
    EL4NER_ERROR_IO,          /* a file or socket could not be read or written */
    EL4NER_ERROR_FORMAT,      /* the text is not valid UTF-8, or holds a NUL character */
    EL4NER_ERROR_CONFIG,      /* the configuration, an option or an argument is wrong */
    EL4NER_ERROR_UNREACHABLE, /* no member can be reached */
    EL4NER_ERROR_INCOMPLETE, /* no member gave a usable answer for a part of the text, or, where the
                                configuration is strict, one member did not */
    EL4NER_ERROR_FULL,       /* as many texts are in work as the engine takes: take results first */
    EL4NER_ERROR_TIME,       /* the time limit of the text was up */
    EL4NER_ERROR_CANCELLED,  /* el4ner_cancel() was called for the text */
};

struct el4ner_error {
    enum el4ner_code code;
    char message[1024];
};

enum el4ner_level { EL4NER_DEBUG, EL4NER_INFO, EL4NER_WARNING };

/* An entity type. Only the name must be set. What is not set is taken from the type of this name in
 * the configuration, else made from the name. */
struct el4ner_type {
    const char *name;           /* what the results say */
    const char *wording;        /* what the models read: "creative work" */
    const char *description;    /* for the models too: "titles of books, films, ..." */
    const char *const *aliases; /* labels of the pool that mean this type */
    size_t n_aliases;
};

/* In which order el4ner_next() gives results. */
enum el4ner_order { EL4NER_IN_ORDER, EL4NER_AS_READY };

/* {0} is a valid value of all options. Further options will be added at the end: `size` tells the
 * library which of them the program knows. */
struct el4ner_options {
    size_t size;         /* sizeof(struct el4ner_options); 0 = the options up to log_context */
    const char *types;   /* "person,location"; NULL = the configuration's */
    const char *pool;    /* demonstrations: .el4 or labelled file; NULL = the configuration's */
    const char *profile; /* "default", "votes" or "paper"; NULL = the configuration's */
    const char *lang;    /* language of the texts, e.g. "de"; NULL = the configuration's */
    const char *store;   /* file of stored replies, made if missing; NULL = none */

    /* Messages for people; NULL = none. Called in the thread that uses the engine. */
    void (*log)(void *context, enum el4ner_level level, const char *message);
    void *log_context;

    const struct el4ner_type *type_list; /* instead of `types`; n_types of them; NULL = those */
    size_t n_types;
    const char *ensemble; /* members of the ensemble of this name in place of the configuration's,
                             as with --ensemble; NULL = those */
    enum el4ner_order order;
    size_t most_texts; /* in work at once, see el4ner_submit(); 0 = four for each sentence that the
                          engine has in work, at least 64 */
};

/* ---- opening and closing ---- */

/* "0.1.0" */
EL4NER_API const char *el4ner_version(void);

/* Read the configuration (NULL = ./el4ner.yaml, then XDG_CONFIG_HOME/el4ner/config.yaml, then the
 * shipped one), start or reach its members, open pool and prompts. `options` may be NULL. */
EL4NER_API el4ner *el4ner_open(const char *configuration, const struct el4ner_options *options,
                               struct el4ner_error *error);

/* The same with `length` bytes of YAML, as a configuration file has them. Relative paths in it
 * begin at the current folder. */
EL4NER_API el4ner *el4ner_open_yaml(const char *yaml, size_t length,
                                    const struct el4ner_options *options,
                                    struct el4ner_error *error);

/* Stop what is in work, end the members that were started, and free the engine. */
EL4NER_API void el4ner_close(el4ner *engine);

/* ---- one text ---- */

/* Whether something holds, where the configuration may say so too. */
enum el4ner_choice { EL4NER_AS_CONFIGURED, EL4NER_YES, EL4NER_NO };

/* What is wanted of one text; {0} is what the engine was opened for. Grows at the end. */
struct el4ner_request {
    size_t size;                     /* sizeof(struct el4ner_request); 0 = these */
    const struct el4ner_type *types; /* n_types of them; NULL = the engine's */
    size_t n_types;
    enum el4ner_choice nested; /* keep entities that overlap others */
    bool evidence;             /* fill el4ner_entity.evidence, and list abstentions */
    bool trace;                /* keep prompts and replies, see el4ner_result_trace() */
    const char *lang;          /* of this text, e.g. "de"; NULL = the engine's */
    const char *id;            /* for messages, traces and files; NULL = "text" */
    double seconds;            /* time limit, from now on; 0 = none */
};

/* Find the entities of a text of `length` bytes of UTF-8, of any length. Texts that were submitted
 * before go on meanwhile; their results wait for el4ner_next(). NULL where the members failed, with
 * EL4NER_ERROR_INCOMPLETE. */
EL4NER_API el4ner_result *el4ner_tag(el4ner *engine, const char *text, size_t length,
                                     struct el4ner_error *error);
/* The same with a request, which may be NULL. A time limit that is up gives NULL and
 * EL4NER_ERROR_TIME. */
EL4NER_API el4ner_result *el4ner_tag_with(el4ner *engine, const char *text, size_t length,
                                          const struct el4ner_request *request,
                                          struct el4ner_error *error);

/* ---- many texts ---- */

/* Hand over a text, which is copied, and come back at once. Its result, whatever becomes of it,
 * comes exactly once from el4ner_next(), and el4ner_result_user() of that is `user`. `request` may
 * be NULL. Sentences of all texts are in work together; texts take turns, so that a short one does
 * not wait for all of a long one. What comes of a text does not depend on the others.
 *
 * Returns the number of the text, 1 and up, or 0 with an error: EL4NER_ERROR_FULL says that
 * `most_texts` results are due already, and nothing is wrong with the text; others are mistakes in
 * the text or the request. From any thread. */
EL4NER_API uint64_t el4ner_submit(el4ner *engine, const char *text, size_t length, void *user,
                                  const struct el4ner_request *request, struct el4ner_error *error);

/* Move everything on until a result is there, for at most so long: 0 = do not wait, -1 = as long as
 * something is in work. NULL if there is none yet; error->code is EL4NER_OK then, or says what went
 * wrong with the engine as a whole, which can go on. Nothing moves on but within this function and
 * el4ner_tag(). */
EL4NER_API el4ner_result *el4ner_next(el4ner *engine, int milliseconds, struct el4ner_error *error);

/* Give up a text by its number: its calls are stopped, and its result comes in its turn as
 * EL4NER_CANCELLED. Other texts do not suffer. Nothing happens if it is finished already, though
 * its result may not be taken yet. From any thread. */
EL4NER_API void el4ner_cancel(el4ner *engine, uint64_t number);

/* An el4ner_next() that is waiting, or else the next one, returns soon, with or without a result.
 * From any thread. el4ner_submit() and el4ner_cancel() need no wake. */
EL4NER_API void el4ner_wake(el4ner *engine);

/* A descriptor for the poll() of a loop of one's own: when it is readable, and ten times a second
 * in any case while something is in work, call el4ner_next(engine, 0, &error) until it gives NULL.
 * It is the engine's: not to be read from, changed or closed. */
EL4NER_API int el4ner_fd(el4ner *engine);

/* How far an engine is. Grows at the end. */
struct el4ner_progress {
    size_t size;            /* sizeof(struct el4ner_progress), set by the caller */
    uint64_t texts;         /* handed over since the engine was opened */
    uint64_t finished;      /* results taken */
    uint64_t sentences;     /* finished since the engine was opened */
    size_t sentences_due;   /* of the texts in work: not finished yet */
    size_t calls_in_flight; /* to members */
    size_t window;          /* sentences that are in work at once, at most */
};
/* As of the last el4ner_next(); from any thread. */
EL4NER_API void el4ner_get_progress(el4ner *engine, struct el4ner_progress *progress);

/* ---- results ---- */

enum el4ner_status {
    EL4NER_DONE,
    EL4NER_CUT_SHORT, /* the time limit was up: only entities of its first sentences */
    EL4NER_FAILED,    /* el4ner_result_error() says why; entities that were found are there */
    EL4NER_CANCELLED, /* no entities */
};
EL4NER_API enum el4ner_status el4ner_result_status(const el4ner_result *result);
/* Why a result is not EL4NER_DONE; code EL4NER_OK if it is. */
EL4NER_API const struct el4ner_error *el4ner_result_error(const el4ner_result *result);
EL4NER_API uint64_t el4ner_result_number(const el4ner_result *result); /* of el4ner_submit() */
EL4NER_API void *el4ner_result_user(const el4ner_result *result);
/* The text, NUL-terminated; its length goes into *length, which may be NULL. */
EL4NER_API const char *el4ner_result_text(const el4ner_result *result, size_t *length);
EL4NER_API void el4ner_result_free(el4ner_result *result);

enum el4ner_verdict {
    EL4NER_NOT_VERIFIED, /* nobody was asked */
    EL4NER_VERIFIED,
    EL4NER_UNREADABLE, /* the verifier's answer could not be read; the entity is kept */
};

/* Structs of results grow at the end, so there are no arrays of them: use the pointers. */
struct el4ner_entity {
    size_t start, end; /* bytes of the text, end exclusive */
    const char *text;  /* the text from start to end, NUL-terminated */
    const char *type;  /* the name of the type */
    double score;      /* 0 to 1, see el4ner(1); NAN = none */
    enum el4ner_verdict verdict;
    const struct el4ner_evidence *evidence; /* NULL unless the request asked for it */
};

/* Entities are in order of their start, longer ones first. NULL if `index` is not below count. */
EL4NER_API size_t el4ner_count(const el4ner_result *result);
EL4NER_API const struct el4ner_entity *el4ner_get(const el4ner_result *result, size_t index);

/* ---- evidence ---- */

enum el4ner_stage {
    EL4NER_RETRIEVE,
    EL4NER_EXTRACT,
    EL4NER_CLASSIFY,
    EL4NER_VERIFY,
};

struct el4ner_vote {
    const char *member;
    const char *type;   /* that it chose for this span */
    double probability; /* that it told for this type, 0 to 1; NAN = none */
};

enum el4ner_answer {
    EL4NER_SAID_YES,
    EL4NER_SAID_NO,
    EL4NER_SAID_NOTHING, /* no answer, or none that can be read */
};

struct el4ner_check {
    const char *member;
    enum el4ner_answer answer; /* by its probability where that decides, else by its word */
    double yes;                /* its probability of "yes", 0 to 1; NAN = not told */
};

/* A labelled sentence of the pool that members were shown. */
struct el4ner_demonstration {
    size_t index; /* in the pool, 0 and up */
    const char *id, *text;
    const char *lang;  /* of the pool's sentence; NULL = unknown */
    double similarity; /* to the sentence of the entity, by the configured measure */
};

/* What speaks for an entity. Lists are in order of the configured members, demonstrations nearest
 * first. */
struct el4ner_evidence {
    size_t sentence_start, sentence_end; /* bytes of the text */
    const char *const *extracted_by;     /* members that listed the span */
    size_t n_extracted_by;
    const struct el4ner_vote *const *votes; /* of members that were asked and chose a type */
    size_t n_votes;
    const struct el4ner_check *const *checks; /* of members that were asked to verify it */
    size_t n_checks;
    const struct el4ner_demonstration *const *demonstrations;
    size_t n_demonstrations;
};

/* A call that brought no usable answer. */
struct el4ner_abstention {
    const char *member;
    enum el4ner_stage stage;
    const char *cause;  /* a word, as in the report of the program: "timeout", "unreadable" */
    const char *detail; /* of a failed call: what the server said; else "" */
    size_t sentence_start, sentence_end; /* bytes of the text */
};

/* How many there were; and each, if the request asked for evidence: NULL if there are no more. */
EL4NER_API size_t el4ner_abstained(const el4ner_result *result);
EL4NER_API const struct el4ner_abstention *el4ner_get_abstention(const el4ner_result *result,
                                                                 size_t index);

/* Members that extracted an entity (votes = 0) or voted for its type (votes = 1): the name of the
 * n-th, NULL when there are no more. Needs no request for evidence. */
EL4NER_API const char *el4ner_evidence(const el4ner_result *result, size_t index, int votes,
                                       size_t n);

/* Everything that happened to each sentence, prompts and replies too: a line of JSON for each, as
 * el4ner tag --trace writes it. NULL unless the request asked for it. */
EL4NER_API const char *el4ner_result_trace(const el4ner_result *result);

/* ---- the account ---- */

/* What calls to members have cost. */
struct el4ner_usage {
    uint64_t calls;      /* all, also those that failed */
    uint64_t from_store; /* of these: answered by the store, or by an identical call under way */
    uint64_t failed;     /* of these: without an answer, after all tries */
    uint64_t prompt_tokens, answer_tokens; /* as the servers say, without the store's */
    uint64_t cached_tokens; /* of the prompt tokens: those that the server knew already */
    double seconds;         /* summed over the calls */
};
/* Of one text. */
EL4NER_API const struct el4ner_usage *el4ner_result_usage(const el4ner_result *result);

struct el4ner_member {
    const char *name;    /* as configured */
    const char *model;   /* as its server calls it; "" = not known */
    const char *problem; /* why it cannot be reached; NULL if it can */
};
/* The members in listed order; NULL if there are no more. It belongs to the engine. */
EL4NER_API const struct el4ner_member *el4ner_get_member(el4ner *engine, size_t index);
/* Of one member at one stage since the engine was opened; false if there is no such member. */
EL4NER_API bool el4ner_get_usage(el4ner *engine, size_t member, enum el4ner_stage stage,
                                 struct el4ner_usage *usage);

/* ---- documents: files and bytes in all formats of the program ---- */

typedef struct el4ner_reader el4ner_reader;
typedef struct el4ner_writer el4ner_writer;

/* Words are those of the program's options, see el4ner(1); {0} reads what is plain from the file.
 * Grows at the end. */
struct el4ner_read_options {
    size_t size;         /* sizeof(struct el4ner_read_options); 0 = these */
    const char *format;  /* --from: "jsonl", "conll", ...; NULL = by name and first bytes */
    const char *offsets; /* --input-offsets: "codepoint", "byte", "utf16", "token" */
    const char *scheme;  /* --scheme: "iob1", "iob2", "bioes" */
    const char *text_field, *id_field; /* --text-field, --id-field */
    const char *ends;                  /* --ends: "exclusive", "inclusive" */
    const char *pieces;                /* --pieces: "drop", "join", "split", "fail" */
    const char *labels;                /* --labels: a file with names of labels */
    unsigned token_column, tag_column; /* of columns, from 1; 0 = the first, the last */
    unsigned annotator;                /* of Label Studio, from 1; 0 = the first */
    bool replace_invalid;              /* U+FFFD for invalid UTF-8 instead of an error */
    size_t most_bytes;                 /* of one document; 0 = 256 MiB */

    /* What was left out, or read in a way that may surprise, when the reader is closed. */
    void (*log)(void *context, enum el4ner_level level, const char *message);
    void *log_context;
};

/* A file, or a folder with files. A reader belongs to one thread at a time. */
EL4NER_API el4ner_reader *el4ner_reader_open(const char *path,
                                             const struct el4ner_read_options *options,
                                             struct el4ner_error *error);
/* `length` bytes of a file, which must live until the reader is closed; packed ones are unpacked.
 * `name` is for errors. */
EL4NER_API el4ner_reader *el4ner_reader_open_bytes(const char *bytes, size_t length,
                                                   const char *name,
                                                   const struct el4ner_read_options *options,
                                                   struct el4ner_error *error);
/* The next document, as a result with the labels that it has. NULL at the end, with EL4NER_OK, or
 * with an error; after EL4NER_ERROR_FORMAT the next call goes on with the next document where the
 * format is made of lines. */
EL4NER_API el4ner_result *el4ner_read(el4ner_reader *reader, struct el4ner_error *error);
EL4NER_API void el4ner_reader_close(el4ner_reader *reader);

/* Hand over a document that was read, in place of a text: its tokens, other columns and unknown
 * fields come back with the result, its labels do not. It is the engine's if this succeeds. Else as
 * el4ner_submit(); `lang` and `id` of the request replace those of the document. */
EL4NER_API uint64_t el4ner_submit_document(el4ner *engine, el4ner_result *document, void *user,
                                           const struct el4ner_request *request,
                                           struct el4ner_error *error);

/* Of the document; "text" for texts without one. */
EL4NER_API const char *el4ner_result_id(const el4ner_result *result);
/* Its language; NULL = not known. */
EL4NER_API const char *el4ner_result_lang(const el4ner_result *result);
/* Has it labels at all, if only none in this text? True for what an engine has tagged. */
EL4NER_API bool el4ner_result_labelled(const el4ner_result *result);

/* Grows at the end. */
struct el4ner_write_options {
    size_t size;         /* sizeof(struct el4ner_write_options); 0 = these */
    const char *format;  /* --to; NULL = by the ending of the path, else "jsonl" */
    const char *offsets; /* --offsets of JSON lines; NULL = "codepoint" */
    const char *ends;    /* --ends of nested JSON */
    bool flat;           /* columns: leave out overlapping entities instead of failing */

    /* What the format cannot hold. */
    void (*log)(void *context, enum el4ner_level level, const char *message);
    void *log_context;
};

/* To a file, which appears when the writer is closed, packed if it is named so; to a folder for
 * formats that need one; or, with NULL, to memory. A writer belongs to one thread at a time. */
EL4NER_API el4ner_writer *el4ner_writer_open(const char *path,
                                             const struct el4ner_write_options *options,
                                             struct el4ner_error *error);
EL4NER_API bool el4ner_write(el4ner_writer *writer, const el4ner_result *result,
                             struct el4ner_error *error);
/* Write what the format needs at its end. The file is complete and there then. */
EL4NER_API bool el4ner_writer_finish(el4ner_writer *writer, struct el4ner_error *error);
/* What was written to memory since this was asked last; valid until the writer is used again. ""
 * for a writer to files. */
EL4NER_API const char *el4ner_writer_bytes(el4ner_writer *writer, size_t *length);
/* Without el4ner_writer_finish() before, a file stays as it was. */
EL4NER_API void el4ner_writer_close(el4ner_writer *writer);

/* ---- sets of labelled documents: score and combine ---- */

/* A set belongs to one thread at a time. */
typedef struct el4ner_set el4ner_set;
typedef struct el4ner_scores el4ner_scores;

/* All documents of a file, with their labels. Raw tags are kept for the modes that compare them. */
EL4NER_API el4ner_set *el4ner_set_read(const char *path, const struct el4ner_read_options *options,
                                       struct el4ner_error *error);
/* An empty set; `name` is for errors. Documents are added as copies. */
EL4NER_API el4ner_set *el4ner_set_new(const char *name, struct el4ner_error *error);
EL4NER_API bool el4ner_set_add(el4ner_set *set, const el4ner_result *result,
                               struct el4ner_error *error);
EL4NER_API size_t el4ner_set_count(const el4ner_set *set);
/* A document as a result of the caller's; its votes name the sets of a combination as members. NULL
 * if `index` is not below the count, with EL4NER_OK, or if out of memory. */
EL4NER_API el4ner_result *el4ner_set_get(const el4ner_set *set, size_t index,
                                         struct el4ner_error *error);
EL4NER_API void el4ner_set_free(el4ner_set *set);

/* Words are those of `el4ner score`. Grows at the end. */
struct el4ner_score_options {
    size_t size;        /* sizeof(struct el4ner_score_options); 0 = these */
    const char *match;  /* --match: "strict", "exact", "partial", ...; NULL = "strict" */
    const char *scheme; /* --scheme, for seqeval-strict */
    size_t samples;     /* of the bootstrap, for intervals; 0 = none */
    uint64_t seed;
    bool common; /* score the documents that both sets have, instead of failing */
};

/* A row of scores: fractions of 1. */
struct el4ner_score {
    const char *name; /* "micro", "macro", a type, "1 word", ... */
    double precision, recall, f1;
    double f1_low, f1_high;          /* 95 % interval; NAN = none was taken */
    size_t gold, predicted, correct; /* mentions; 0 for "macro" */
};
enum el4ner_rows {
    EL4NER_OVERALL,   /* "micro", then "macro" */
    EL4NER_BY_TYPE,   /* by name */
    EL4NER_BY_LENGTH, /* of 1, 2, 3, 4, and 5 or more words */
};

/* Documents are paired by id where ids allow it, else by position; that brings `predicted` into the
 * order of `gold`. */
EL4NER_API el4ner_scores *el4ner_score_sets(const el4ner_set *gold, el4ner_set *predicted,
                                            const struct el4ner_score_options *options,
                                            struct el4ner_error *error);
/* A row; NULL if there are no more. It belongs to the scores. */
EL4NER_API const struct el4ner_score *el4ner_get_score(const el4ner_scores *scores,
                                                       enum el4ner_rows rows, size_t index);
/* The share of tokens with the right tag; NAN if the gold set has no tokens. */
EL4NER_API double el4ner_accuracy(const el4ner_scores *scores);
EL4NER_API void el4ner_scores_free(el4ner_scores *scores);

/* Is `a` better than `b`, both scored against the same set? Two-sided p of a paired bootstrap over
 * documents; the difference of F1 (a - b) goes into *difference, which may be NULL. -1 and an error
 * if they are not of the same documents. */
EL4NER_API double el4ner_compare(const el4ner_scores *a, const el4ner_scores *b, size_t samples,
                                 uint64_t seed, double *difference, struct el4ner_error *error);

/* Words are those of `el4ner combine`. Grows at the end. */
struct el4ner_combine_options {
    size_t size;      /* sizeof(struct el4ner_combine_options); 0 = these */
    const char *keep; /* --keep: "span:2", "pair:2", "majority"; NULL = pairs of half of them */
    const double *weights; /* one for each set; NULL = all 1 */
    bool flat;             /* leave out overlapping entities */
    bool complete_only;    /* leave out documents that not every set has labels for */
};

/* Vote over n sets of predictions, in the order that decides ties; `names` are for the evidence.
 * Sets after the first are brought into its order. */
EL4NER_API el4ner_set *el4ner_combine(el4ner_set *const *sets, const char *const *names, size_t n,
                                      const struct el4ner_combine_options *options,
                                      struct el4ner_error *error);

/* ---- pools of demonstrations ---- */

/* Grows at the end. */
struct el4ner_pool_options {
    size_t size;                            /* sizeof(struct el4ner_pool_options); 0 = these */
    const char *extend;                     /* a pool whose sentences come first; NULL = none */
    const struct el4ner_read_options *read; /* of the inputs; NULL = as they come */
};
/* Index labelled files as the pool `output`, which appears when it is complete; it may be the one
 * that is extended. For vectors of an embedding member use the program. */
EL4NER_API bool el4ner_pool_build(const char *const *inputs, size_t n, const char *output,
                                  const struct el4ner_pool_options *options,
                                  struct el4ner_error *error);

/* Demonstrations for a sentence, nearest first. */
typedef struct el4ner_demonstrations el4ner_demonstrations;
/* Search the engine's pool as retrieval does, `most` at most (0 = as many as configured). `spans`
 * are the strings of the sentence to compare by, NULL = its runs of nouns. Nothing may be in work
 * where the vectors come from an embedding member. */
EL4NER_API el4ner_demonstrations *el4ner_search(el4ner *engine, const char *text, size_t length,
                                                const char *const *spans, size_t n_spans,
                                                size_t most, struct el4ner_error *error);
EL4NER_API const struct el4ner_demonstration *
el4ner_get_demonstration(const el4ner_demonstrations *demonstrations, size_t index);
EL4NER_API void el4ner_demonstrations_free(el4ner_demonstrations *demonstrations);

/* ---- tuning ---- */

/* Grows at the end. */
struct el4ner_tune_options {
    size_t size;      /* sizeof(struct el4ner_tune_options); 0 = these */
    size_t sentences; /* of the pool, at most; 0 = 200 */
    uint64_t seed;    /* 0 = 1 */
    double beta;      /* the threshold is for F-beta; 0 = 1 */

    /* After each sentence, of so many in all; false ends it with EL4NER_ERROR_CANCELLED. */
    bool (*progress)(void *context, size_t done, size_t all);
    void *context;

    bool quick; /* a third of the calls: no figures of before, and nobody is to verify */
};

/* Figures of the sample, fractions of 1; those of what was fitted are cross-validated. Grows at the
 * end. */
struct el4ner_tuning {
    size_t size; /* sizeof(struct el4ner_tuning), set by the caller */
    size_t sentences, mentions, candidates, right;
    double precision_before, recall_before, f1_before;
    double precision, recall, f1;
    bool fitted;    /* false: too few right or wrong candidates, and nothing has changed */
    double pool_f1; /* of the pool's labels alone, without any member */
    /* By the judgement that nobody has tuned, of the same candidates; what tuning gains over it,
     * with its 95 % interval by bootstrap over the sample's sentences. */
    double f1_untuned, gain, gain_low, gain_high;
};

/* Fit the ensemble to the engine's pool, as `el4ner tune` does. The engine tags by it from now on.
 * Nothing may be in work. An engine whose judgement hears no member (`judge: labels`) has started
 * none, and cannot be tuned: EL4NER_ERROR_CONFIG. */
EL4NER_API bool el4ner_tune(el4ner *engine, const struct el4ner_tune_options *options,
                            struct el4ner_tuning *tuning, struct el4ner_error *error);

/* The configuration in force as YAML, every default filled in, secrets as "(set)"; or, with
 * `tuned`, only what tuning decides, on top of the configuration file that was opened. To be
 * freed with el4ner_text_free(); NULL if out of memory. */
EL4NER_API char *el4ner_config(el4ner *engine, bool tuned, struct el4ner_error *error);
EL4NER_API void el4ner_text_free(char *text);

/* ---- offsets ---- */

enum el4ner_unit { EL4NER_BYTES, EL4NER_CODE_POINTS, EL4NER_UTF16 };

/* Convert n offsets of a text in place, in any order, in one pass over the text. False if one of
 * them is past the end or within a character, or if memory is out; the offsets are as before then.
 * From any thread. */
EL4NER_API bool el4ner_convert_offsets(const char *text, size_t length, enum el4ner_unit from,
                                       enum el4ner_unit to, size_t *offsets, size_t n,
                                       struct el4ner_error *error);

#ifdef __cplusplus
}
#endif

#endif

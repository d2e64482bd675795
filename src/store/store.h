/* The reply store: an SQLite file (WAL) from which an interrupted run goes on, and a second run
 * takes its answers without a call.
 *
 * Key: SHA-256 of the API, the model's identity and the request body. Value: the answer, its
 * tokens and times. Failures, prompts, headers and keys are never stored. New answers gather in
 * memory and are committed together about every 20 ms, so that a commit costs little and other
 * processes get their turn; what was not committed when a process dies is asked again.
 *
 * One store belongs to one thread; any number of processes may use the same file. */
#ifndef EL_STORE_STORE_H
#define EL_STORE_STORE_H

#include "base/error.h"
#include "base/log.h"
#include "base/sha256.h"

#include <stddef.h>
#include <stdint.h>

struct el_stored {
    const char *text; /* valid UTF-8, NUL-terminated */
    size_t text_len;
    bool cut;
    double yes_probability, seconds; /* yes_probability NAN = not known */
    long prompt_tokens, answer_tokens, cached_tokens;
    const char *model; /* as its server names it; for people only. NULL or "" = not known */
};

struct el_store;

/* Opens or creates the file (mode 0600) and its folders. A file that is no store, or a damaged
 * one, is an error here: the caller warns and goes on without. `log` must outlive the store. */
bool el_store_open(const char *path, const struct el_log *log, struct el_store **store,
                   struct el_error *err);

/* Commits and closes. NULL is allowed. */
void el_store_close(struct el_store *store);

/* True if the answer is there; `stored` then points into memory of the store that lives until the
 * next call of el_store_get(), el_store_put() or el_store_commit(). */
bool el_store_get(struct el_store *store, const char key[EL_SHA256_HEX], struct el_stored *stored);

/* Takes a copy. If the file can no longer be written, this warns once and the store turns itself
 * off: a full disk must not end a run. */
void el_store_put(struct el_store *store, const char key[EL_SHA256_HEX],
                  const struct el_stored *stored);

/* Write what has gathered. */
void el_store_commit(struct el_store *store);

/* Seconds (monotonic, as el_now()) at which a commit is due; INFINITY if nothing waits. */
double el_store_due(const struct el_store *store);

/* The hash of a file's contents, remembered in the store by path, size and time of change, since
 * hashing a large model takes many seconds. `store` may be NULL. */
bool el_store_file_hash(struct el_store *store, const char *path, char hex[EL_SHA256_HEX],
                        struct el_error *err);

/* For `el4ner cache`. */
struct el_store_summary {
    uint64_t replies, text_bytes;
    uint64_t file_bytes;    /* with the log beside it; 0 in the summary of a model */
    int64_t oldest, newest; /* seconds since 1970 of the commits; 0 if empty */
};
bool el_store_summarise(struct el_store *store, struct el_store_summary *summary,
                        struct el_error *err);
/* Calls `each` for every model, the one with most replies first; "" = not known. */
typedef void el_store_model_visitor(void *context, const char *model,
                                    const struct el_store_summary *summary);
bool el_store_models(struct el_store *store, el_store_model_visitor *each, void *context,
                     struct el_error *err);

struct el_store_prune {
    const char *model;  /* only replies of this model; NULL = of any */
    int64_t before;     /* those committed before, in seconds since 1970, are dropped */
    uint64_t max_bytes; /* then the oldest, until the file is no larger; 0 = no limit */
};
/* Drops replies and gives the room back; *dropped gets their number, also on failure. */
bool el_store_prune(struct el_store *store, const struct el_store_prune *what, uint64_t *dropped,
                    struct el_error *err);
/* Calls `each` for every reply, ordered by key; it returns false to stop. */
typedef bool el_store_visitor(void *context, const char key[EL_SHA256_HEX],
                              const struct el_stored *stored, int64_t written);
bool el_store_each(struct el_store *store, el_store_visitor *each, void *context,
                   struct el_error *err);

/* Monotonic seconds. */
double el_now(void);

#endif

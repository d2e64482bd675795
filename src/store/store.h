/* The reply store: an SQLite file (WAL) from which an interrupted run goes on, and a second run
 * takes its answers without a call.
 *
 * Key: SHA-256 of the API, the model's identity and the request body. Value: the answer, its
 * tokens and times. Failures, prompts, headers and keys are never stored. New answers gather in
 * memory and are committed together about every 20 ms, so that a commit costs little and other
 * processes get their turn; what was not committed when a process dies is asked again.
 *
 * One store belongs to one thread; any number of processes may use the same file. While another one
 * has it locked, answers gather in memory; nothing waits but the end, and that not for ever. */
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
    const float *shares; /* of choices.h; NULL = not known */
    size_t n_shares;
    const char *model; /* as its server names it; for people only. NULL or "" = not known */
};

struct el_store;

/* Opens or creates the file (mode 0600) and its folders. A file that is not a store, or a damaged
 * one, is an error here: the caller warns and goes on without. `log` must outlive the store. */
bool el_store_open(const char *path, const struct el_log *log, struct el_store **store,
                   struct el_error *err);

/* From now on only what is put is found: answers of earlier runs are asked for anew, and each is
 * replaced when its new one is there. False with an error if that cannot be kept. */
bool el_store_refresh(struct el_store *store, struct el_error *err);

/* Commits, for which it waits up to a minute, and closes. NULL is allowed. */
void el_store_close(struct el_store *store);

/* True if the answer is there; `stored` then points into memory of the store that lives until the
 * next call of el_store_get(), el_store_put() or el_store_commit(). */
bool el_store_get(struct el_store *store, const char key[EL_SHA256_HEX], struct el_stored *stored);

/* Takes a copy. If the file can no longer be written, this warns once and the store turns itself
 * off: a full disk must not end a run. */
void el_store_put(struct el_store *store, const char key[EL_SHA256_HEX],
                  const struct el_stored *stored);

/* Write what has gathered; it stays gathered, and is due again, if the file is locked. */
void el_store_commit(struct el_store *store);

/* Seconds (as el_now()) at which a commit is due; INFINITY if nothing waits. */
double el_store_due(const struct el_store *store);

#endif

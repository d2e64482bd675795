/* What the files of the store share. */
#ifndef EL_STORE_STORE_PRIVATE_H
#define EL_STORE_STORE_PRIVATE_H

#include "store/store.h"

#include <sqlite3.h>

enum { EL_STORE_BUCKETS = 1024 };

struct el_held { /* an answer that waits for its commit */
    struct el_held *next, *chain;
    char key[EL_SHA256_HEX];
    struct el_stored stored;
    float shares[]; /* and after them text and model */
};

struct el_store {
    sqlite3 *db;
    sqlite3_stmt *get, *put, *begin, *commit;
    sqlite3_stmt *note; /* of a key put by this run; NULL = answers of all runs are found */
    const struct el_log *log;
    char *path;
    struct el_held *first, **last, *buckets[EL_STORE_BUCKETS]; /* queue in order; table by key */
    size_t held_count, held_bytes;
    double due;
    bool locked; /* by another process, when a commit was tried last */
    bool full;   /* that was so for so long that answers are not stored; said once */
    char *row;   /* what el_store_get() hands out */
    size_t row_room;
    bool off;
};

/* Within a run nobody waits for another process; the commands that manage the file do. */
enum { EL_STORE_PATIENCE_MS = 5000 };

bool el_store_prepare(struct el_store *store, const char *sql, sqlite3_stmt **statement);
bool el_store_run(struct el_store *store, const char *sql);

/* The number that a statement gives; -1 = it failed. */
int64_t el_store_number(struct el_store *store, const char *sql);

/* Columns text, cut, yes, seconds, prompt_tokens, answer_tokens, cached_tokens, model, shares from
 * `first` on; what they point to is in the row. */
void el_store_read_row(sqlite3_stmt *row, int first, struct el_stored *stored);

#endif

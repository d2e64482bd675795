/* Three things are less plain than they look. The file is locked for writing only during a commit,
 * never while answers gather: otherwise two processes would starve each other. A lock of another
 * process, which can last for minutes when it prunes a large file, must not stop the loop that
 * serves all models: a commit that finds one is put off. And every other error of SQLite after
 * opening turns the store off with one warning, because answers are worth more than their copies.
 */
#include "base/clock.h"
#include "base/array.h"
#include "store/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { VERSION = 3, HELD_BYTES = 32 << 20, HELD_COUNT = 4096, MOST_HELD_BYTES = 256 << 20 };
enum { RUN_MS = 5, CLOSE_MS = 60000 }; /* how long SQLite waits for a lock */
static const double GROUP_SECONDS = 0.02, LOCKED_SECONDS = 0.2;

#define GET                                                                                        \
    "SELECT text, cut, yes, seconds, prompt_tokens, answer_tokens, cached_tokens, model, shares"   \
    " FROM replies WHERE key = ?"

static void turn_off(struct el_store *store) {
    if (!store->off) {
        el_log(store->log, EL_WARNING,
               "%s: the reply store cannot be used further (%s); going on without it", store->path,
               sqlite3_errmsg(store->db));
    }
    store->off = true;
}

static bool is_lock(int rc) {
    return (rc & 0xFF) == SQLITE_BUSY || (rc & 0xFF) == SQLITE_LOCKED;
}

/* mkdir -p of the folder that holds `path`; errors show when the file is opened. */
static void make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}

/* SQLite gives its -wal and -shm files the mode of the database. */
static bool create_private(const char *path, struct el_error *err) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return el_fail(err, EL_ERR_IO, "%s: cannot open the reply store: %s", path,
                       strerror(errno));
    }
    close(fd);
    return true;
}

bool el_store_prepare(struct el_store *store, const char *sql, sqlite3_stmt **statement) {
    return sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) ==
           SQLITE_OK;
}

bool el_store_run(struct el_store *store, const char *sql) {
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

int64_t el_store_number(struct el_store *store, const char *sql) {
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        number = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return number;
}

/* Make the tables, unless another process does so at this moment. */
static bool make_tables(struct el_store *store) {
    if (!el_store_run(store, "BEGIN IMMEDIATE")) {
        return false;
    }
    bool ok =
        el_store_run(store, "CREATE TABLE IF NOT EXISTS replies(key BLOB PRIMARY KEY,"
                            " text BLOB NOT NULL, cut INTEGER, yes REAL, seconds REAL,"
                            " prompt_tokens INTEGER, answer_tokens INTEGER, cached_tokens INTEGER,"
                            " written INTEGER, model TEXT, shares BLOB) WITHOUT ROWID;"
                            "CREATE TABLE IF NOT EXISTS files(path TEXT PRIMARY KEY, size INTEGER,"
                            " changed INTEGER, sha256 TEXT) WITHOUT ROWID;"
                            "PRAGMA user_version=3") &&
        el_store_run(store, "COMMIT");
    return ok;
}

static bool set_up(struct el_store *store, struct el_error *err) {
    int rc =
        sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(store->db, EL_STORE_PATIENCE_MS);
        sqlite3_limit(store->db, SQLITE_LIMIT_LENGTH, 64 << 20);
    }
    /* The tables first: whoever makes them sets the version with them. */
    int64_t tables =
        rc == SQLITE_OK ? el_store_number(store, "SELECT count(*) FROM sqlite_master") : -1;
    int64_t version = tables >= 0 ? el_store_number(store, "PRAGMA user_version") : -1;
    if (version >= 0 && tables > 0 &&
        el_store_number(store, "SELECT count(*) FROM sqlite_master WHERE name = 'replies'") == 0) {
        return el_fail(err, EL_ERR_IO, "%s: a database, but no reply store; name another file",
                       store->path);
    }
    if (version >= 0 && version != VERSION && tables > 0) {
        return el_fail(
            err, EL_ERR_IO,
            "%s: the reply store of another version of el4ner; delete it or name another",
            store->path);
    }
    bool ok =
        version >= 0 && el_store_run(store, "PRAGMA journal_mode=WAL") &&
        el_store_run(store, "PRAGMA synchronous=NORMAL") &&
        (version == VERSION || make_tables(store)) && el_store_prepare(store, GET, &store->get) &&
        el_store_prepare(store, "INSERT OR REPLACE INTO replies VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                         &store->put) &&
        el_store_prepare(store, "BEGIN IMMEDIATE", &store->begin) &&
        el_store_prepare(store, "COMMIT", &store->commit);
    if (!ok && is_lock(sqlite3_errcode(store->db))) {
        return el_fail(err, EL_ERR_IO,
                       "%s: another process has locked the reply store; wait for it, or name "
                       "another",
                       store->path);
    }
    sqlite3_busy_timeout(store->db, RUN_MS);
    return ok ||
           el_fail(
               err, EL_ERR_IO,
               "%s: not usable as a reply store (%s); if it was one, delete it, else name another",
               store->path, store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(rc));
}

bool el_store_open(const char *path, const struct el_log *log, struct el_store **out,
                   struct el_error *err) {
    *out = NULL;
    if (path[0] == '\0') {
        return el_fail(err, EL_ERR_CONFIG, "the name of the reply store is empty; name a file");
    }
    struct el_store *store = calloc(1, sizeof *store);
    if (store == NULL || (store->path = strdup(path)) == NULL) {
        free(store);
        return el_fail_memory(err);
    }
    store->log = log;
    store->last = &store->first;
    store->due = INFINITY;
    make_folders(store->path);
    if (!create_private(path, err) || !set_up(store, err)) {
        el_store_close(store);
        return false;
    }
    *out = store;
    return true;
}

bool el_store_refresh(struct el_store *store, struct el_error *err) {
    sqlite3_stmt *get = NULL;
    bool ok = el_store_run(store, "PRAGMA temp_store=MEMORY") &&
              el_store_run(store, "CREATE TEMP TABLE fresh(key BLOB PRIMARY KEY) WITHOUT ROWID") &&
              el_store_prepare(store, GET " AND key IN (SELECT key FROM fresh)", &get) &&
              el_store_prepare(store, "INSERT OR REPLACE INTO fresh VALUES (?)", &store->note);
    if (!ok) {
        sqlite3_finalize(get);
        return el_fail(err, EL_ERR_IO, "%s: cannot ask anew what is stored (%s)", store->path,
                       sqlite3_errmsg(store->db));
    }
    sqlite3_finalize(store->get);
    store->get = get;
    return true;
}

static void forget_held(struct el_store *store) {
    for (struct el_held *held = store->first, *next; held != NULL; held = next) {
        next = held->next;
        free(held);
    }
    store->first = NULL;
    store->last = &store->first;
    memset(store->buckets, 0, sizeof store->buckets);
    store->held_count = store->held_bytes = 0;
    store->due = INFINITY;
    store->locked = false;
}

/* The last commit: answers that another process's lock has kept waiting so far are worth a wait. */
static void commit_patiently(struct el_store *store) {
    el_store_commit(store);
    if (store->locked) {
        el_log(store->log, EL_INFO, "%s: waiting for another process that has locked it",
               store->path);
        sqlite3_busy_timeout(store->db, CLOSE_MS);
        el_store_commit(store);
    }
    if (store->locked) {
        el_log(store->log, EL_WARNING,
               "%s: another process has locked the reply store: %zu answers are not stored",
               store->path, store->held_count);
    }
}

void el_store_close(struct el_store *store) {
    if (store == NULL) {
        return;
    }
    if (store->put != NULL) {
        commit_patiently(store);
    }
    forget_held(store);
    sqlite3_finalize(store->get);
    sqlite3_finalize(store->put);
    sqlite3_finalize(store->note);
    sqlite3_finalize(store->begin);
    sqlite3_finalize(store->commit);
    sqlite3_close(store->db);
    free(store->path);
    free(store->row);
    free(store);
}

static int digit(char c) {
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void unhex(const char *hex, unsigned char raw[32]) {
    for (int i = 0; i < 32; i++) {
        raw[i] = (unsigned char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    }
}

static size_t bucket(const char *key) {
    return (size_t)(digit(key[0]) | digit(key[1]) << 4 | digit(key[2]) << 8) % EL_STORE_BUCKETS;
}

static const struct el_held *find_held(const struct el_store *store, const char *key) {
    const struct el_held *held = store->buckets[bucket(key)];
    while (held != NULL && strcmp(held->key, key) != 0) {
        held = held->chain;
    }
    return held;
}

void el_store_read_row(sqlite3_stmt *row, int first, struct el_stored *stored) {
    const void *text = sqlite3_column_blob(row, first);
    stored->text_len = (size_t)sqlite3_column_bytes(row, first);
    /* The terminator is stored, so that a row can be handed out as it is. A row that another
     * program made may lack it, or hold one too early. */
    bool whole = stored->text_len > 0 && ((const char *)text)[stored->text_len - 1] == '\0';
    stored->text = whole ? text : "";
    stored->text_len = strlen(stored->text);
    stored->cut = sqlite3_column_int(row, first + 1) != 0;
    stored->yes_probability = sqlite3_column_type(row, first + 2) == SQLITE_NULL
                                  ? (double)NAN
                                  : sqlite3_column_double(row, first + 2);
    stored->seconds = sqlite3_column_double(row, first + 3);
    stored->prompt_tokens = (long)sqlite3_column_int64(row, first + 4);
    stored->answer_tokens = (long)sqlite3_column_int64(row, first + 5);
    stored->cached_tokens = (long)sqlite3_column_int64(row, first + 6);
    stored->model = (const char *)sqlite3_column_text(row, first + 7);
    stored->model = stored->model != NULL ? stored->model : "";
    stored->shares = sqlite3_column_blob(row, first + 8);
    stored->n_shares = (size_t)sqlite3_column_bytes(row, first + 8) / sizeof *stored->shares;
}

/* Row and its strings into memory of the store. */
static bool copy_row(struct el_store *store, struct el_stored *stored) {
    size_t model_len = strlen(stored->model), bytes = stored->n_shares * sizeof(float);
    size_t wanted = bytes + stored->text_len + model_len + 2;
    if (!EL_GROW(store->row, store->row_room, wanted)) {
        return false;
    }
    if (bytes > 0) {
        memcpy(store->row, stored->shares, bytes); /* first: where floats may be */
    }
    char *text = store->row + bytes;
    stored->shares = bytes > 0 ? (const float *)(const void *)store->row : NULL;
    memcpy(text, stored->text, stored->text_len + 1);
    stored->model = memcpy(text + stored->text_len + 1, stored->model, model_len + 1);
    stored->text = text;
    return true;
}

bool el_store_get(struct el_store *store, const char key[EL_SHA256_HEX], struct el_stored *stored) {
    const struct el_held *held = find_held(store, key);
    if (held != NULL) {
        *stored = held->stored;
        return true;
    }
    if (store->off) {
        return false;
    }
    unsigned char raw[32];
    unhex(key, raw);
    sqlite3_reset(store->get);
    sqlite3_bind_blob(store->get, 1, raw, sizeof raw, SQLITE_TRANSIENT);
    int rc = sqlite3_step(store->get);
    if (rc == SQLITE_ROW) {
        el_store_read_row(store->get, 0, stored);
        rc = copy_row(store, stored) ? rc : SQLITE_BUSY;
    } else if (rc != SQLITE_DONE && !is_lock(rc)) {
        turn_off(store);
    }
    sqlite3_reset(store->get); /* or the row would hold up whoever prunes the store */
    return rc == SQLITE_ROW;
}

void el_store_put(struct el_store *store, const char key[EL_SHA256_HEX],
                  const struct el_stored *stored) {
    if (store->off || find_held(store, key) != NULL) {
        return;
    }
    if (store->locked && store->held_bytes >= MOST_HELD_BYTES) {
        if (!store->full) {
            el_log(store->log, EL_WARNING,
                   "%s: another process keeps the reply store locked; answers are not stored until "
                   "it is done",
                   store->path);
        }
        store->full = true;
        return;
    }
    const char *model = stored->model != NULL ? stored->model : "";
    size_t model_room = strlen(model) + 1, bytes = stored->n_shares * sizeof(float);
    struct el_held *held = malloc(sizeof *held + bytes + stored->text_len + 1 + model_room);
    if (held == NULL) {
        return; /* the answer itself is in the caller's hands; only its copy is lost */
    }
    *held = (struct el_held){.stored = *stored};
    if (bytes > 0) {
        held->stored.shares = memcpy(held->shares, stored->shares, bytes);
    }
    char *text = (char *)held->shares + bytes;
    memcpy(text, stored->text, stored->text_len);
    text[stored->text_len] = '\0';
    held->stored.text = text;
    held->stored.model = memcpy(text + stored->text_len + 1, model, model_room);
    memcpy(held->key, key, sizeof held->key);
    held->chain = store->buckets[bucket(key)];
    store->buckets[bucket(key)] = held;
    *store->last = held;
    store->last = &held->next;
    store->held_count++;
    store->held_bytes += sizeof *held + bytes + stored->text_len + model_room;
    if (store->held_count == 1) {
        store->due = el_now() + GROUP_SECONDS;
    }
    bool many = store->held_count >= HELD_COUNT || store->held_bytes >= HELD_BYTES;
    if (many && (!store->locked || el_now() >= store->due)) {
        el_store_commit(store);
    }
}

/* These three give a result of SQLite; SQLITE_DONE is success. */

static int insert(struct el_store *store, const struct el_held *held, int64_t written) {
    sqlite3_stmt *put = store->put;
    unsigned char raw[32];
    unhex(held->key, raw);
    sqlite3_bind_blob(put, 1, raw, sizeof raw, SQLITE_STATIC);
    sqlite3_bind_blob64(put, 2, held->stored.text, held->stored.text_len + 1, SQLITE_STATIC);
    sqlite3_bind_int(put, 3, held->stored.cut);
    sqlite3_bind_double(put, 4, held->stored.yes_probability); /* SQLite makes NAN a NULL */
    sqlite3_bind_double(put, 5, held->stored.seconds);
    sqlite3_bind_int64(put, 6, held->stored.prompt_tokens);
    sqlite3_bind_int64(put, 7, held->stored.answer_tokens);
    sqlite3_bind_int64(put, 8, held->stored.cached_tokens);
    sqlite3_bind_int64(put, 9, written);
    sqlite3_bind_text(put, 10, held->stored.model, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(put, 11, held->stored.shares, held->stored.n_shares * sizeof(float),
                        SQLITE_STATIC); /* without shares: NULL */
    int rc = sqlite3_step(put);
    sqlite3_reset(put);
    sqlite3_clear_bindings(put);
    if (rc == SQLITE_DONE && store->note != NULL) {
        sqlite3_bind_blob(store->note, 1, raw, sizeof raw, SQLITE_TRANSIENT);
        rc = sqlite3_step(store->note);
        sqlite3_reset(store->note);
    }
    return rc;
}

static int step(sqlite3_stmt *statement) {
    int rc = sqlite3_step(statement), reset = sqlite3_reset(statement);
    return rc == SQLITE_DONE && reset != SQLITE_OK ? reset : rc;
}

static int write_held(struct el_store *store) {
    int64_t written = (int64_t)time(NULL);
    int rc = step(store->begin);
    for (const struct el_held *held = store->first; rc == SQLITE_DONE && held != NULL;
         held = held->next) {
        rc = insert(store, held, written);
    }
    return rc == SQLITE_DONE ? step(store->commit) : rc;
}

void el_store_commit(struct el_store *store) {
    if (store->first == NULL) {
        return;
    }
    sqlite3_reset(store->get); /* a read that is still open would block a checkpoint */
    int rc = store->off ? SQLITE_DONE : write_held(store);
    store->locked = is_lock(rc);
    if (rc != SQLITE_DONE && !store->locked) {
        turn_off(store);
    }
    if (rc != SQLITE_DONE) {
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
    if (store->locked) {
        store->due = el_now() + LOCKED_SECONDS;
    } else {
        forget_held(store);
    }
}

double el_store_due(const struct el_store *store) {
    return store->due;
}

#include "store/manage.h"

#include "store/store_private.h"

#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

static bool query_failed(struct el_store *store, struct el_error *err) {
    return el_fail(err, EL_ERR_IO, "%s: %s", store->path, sqlite3_errmsg(store->db));
}

/* The file with what still waits in its log. */
static uint64_t file_bytes(const struct el_store *store) {
    struct stat info;
    char log[4096];
    uint64_t bytes = stat(store->path, &info) == 0 ? (uint64_t)info.st_size : 0;
    int len = snprintf(log, sizeof log, "%s-wal", store->path);
    if (len > 0 && (size_t)len < sizeof log && stat(log, &info) == 0) {
        bytes += (uint64_t)info.st_size;
    }
    return bytes;
}

#define SUMMARY                                                                                    \
    "count(*), coalesce(sum(max(length(text) - 1, 0)), 0), coalesce(min(written), 0),"             \
    " coalesce(max(written), 0)"

static void read_summary(sqlite3_stmt *row, struct el_store_summary *summary) {
    summary->replies = (uint64_t)sqlite3_column_int64(row, 0);
    summary->text_bytes = (uint64_t)sqlite3_column_int64(row, 1);
    summary->oldest = sqlite3_column_int64(row, 2);
    summary->newest = sqlite3_column_int64(row, 3);
}

bool el_store_summarise(struct el_store *store, struct el_store_summary *summary,
                        struct el_error *err) {
    sqlite3_stmt *row = NULL;
    el_store_commit(store);
    *summary = (struct el_store_summary){0};
    bool ok = el_store_prepare(store, "SELECT " SUMMARY " FROM replies", &row) &&
              sqlite3_step(row) == SQLITE_ROW;
    if (ok) {
        read_summary(row, summary);
        summary->file_bytes = file_bytes(store);
    }
    sqlite3_finalize(row);
    return ok || query_failed(store, err);
}

bool el_store_models(struct el_store *store, el_store_model_visitor *each, void *context,
                     struct el_error *err) {
    sqlite3_stmt *row = NULL;
    el_store_commit(store);
    bool ok = el_store_prepare(store,
                               "SELECT " SUMMARY ", coalesce(model, '') AS name FROM replies"
                               " GROUP BY name ORDER BY count(*) DESC, name",
                               &row);
    int rc = SQLITE_DONE;
    while (ok && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        struct el_store_summary summary = {0};
        const char *model = (const char *)sqlite3_column_text(row, 4);
        read_summary(row, &summary);
        each(context, model != NULL ? model : "", &summary);
    }
    ok = ok && rc == SQLITE_DONE;
    sqlite3_finalize(row);
    return ok || query_failed(store, err);
}

/* Runs a statement whose first parameter is the model (NULL = any), the second a number. */
static bool drop(struct el_store *store, const char *sql, const char *model, int64_t number,
                 uint64_t *dropped) {
    sqlite3_stmt *statement = NULL;
    bool ok = el_store_prepare(store, sql, &statement) &&
              sqlite3_bind_text(statement, 1, model, -1, SQLITE_STATIC) == SQLITE_OK &&
              sqlite3_bind_int64(statement, 2, number) == SQLITE_OK &&
              sqlite3_step(statement) == SQLITE_DONE;
    *dropped += ok ? (uint64_t)sqlite3_changes64(store->db) : 0;
    sqlite3_finalize(statement);
    return ok;
}

/* Give the room of dropped rows back to the file system. */
static bool shrink(struct el_store *store) {
    return el_store_run(store, "VACUUM") && el_store_run(store, "PRAGMA wal_checkpoint(TRUNCATE)");
}

static uint64_t packed_bytes(struct el_store *store) {
    int64_t pages = el_store_number(store, "PRAGMA page_count");
    int64_t size = el_store_number(store, "PRAGMA page_size");
    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0;
}

static bool count_rows(struct el_store *store, const char *model, uint64_t *rows) {
    sqlite3_stmt *row = NULL;
    bool ok = el_store_prepare(store, "SELECT count(*) FROM replies WHERE ?1 IS NULL OR model = ?1",
                               &row) &&
              sqlite3_bind_text(row, 1, model, -1, SQLITE_STATIC) == SQLITE_OK &&
              sqlite3_step(row) == SQLITE_ROW;
    *rows = ok ? (uint64_t)sqlite3_column_int64(row, 0) : 0;
    sqlite3_finalize(row);
    return ok;
}

/* Rows of one age lie all over the file, so that what they free shows only after it was packed:
 * drop the share by which it is too large, pack, look again. */
static bool drop_to_size(struct el_store *store, const struct el_store_prune *what,
                         uint64_t *dropped) {
    uint64_t bytes, rows;
    bool ok = shrink(store);
    /* Not the file's size: while another process reads, the file keeps the old pages and its log
     * grows. */
    while (ok && (bytes = packed_bytes(store)) > what->max_bytes) {
        ok = count_rows(store, what->model, &rows);
        if (!ok || rows == 0) {
            break;
        }
        double share = (double)(bytes - what->max_bytes) / (double)bytes;
        int64_t n = (int64_t)ceil((double)rows * share);
        ok = drop(store,
                  "DELETE FROM replies WHERE key IN (SELECT key FROM replies"
                  " WHERE ?1 IS NULL OR model = ?1 ORDER BY written, key LIMIT ?2)",
                  what->model, n, dropped) &&
             shrink(store);
    }
    return ok;
}

bool el_store_prune(struct el_store *store, const struct el_store_prune *what, uint64_t *dropped,
                    struct el_error *err) {
    *dropped = 0;
    sqlite3_busy_timeout(store->db, EL_STORE_PATIENCE_MS);
    el_store_commit(store);
    sqlite3_reset(store->get);
    bool ok = drop(store, "DELETE FROM replies WHERE (?1 IS NULL OR model = ?1) AND written < ?2",
                   what->model, what->before, dropped);
    ok = ok && (what->max_bytes > 0 ? drop_to_size(store, what, dropped)
                                    : *dropped == 0 || shrink(store));
    return ok || query_failed(store, err);
}

static void to_hex(const unsigned char *raw, int len, char hex[EL_SHA256_HEX]) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 32; i++) {
        unsigned char byte = i < len ? raw[i] : 0;
        hex[2 * i] = digits[byte >> 4];
        hex[2 * i + 1] = digits[byte & 15];
    }
    hex[64] = '\0';
}

bool el_store_each(struct el_store *store, el_store_visitor *each, void *context,
                   struct el_error *err) {
    sqlite3_stmt *row = NULL;
    el_store_commit(store);
    bool ok = el_store_prepare(store,
                               "SELECT key, text, cut, yes, seconds, prompt_tokens, answer_tokens,"
                               " cached_tokens, model, shares, written FROM replies ORDER BY key",
                               &row);
    int rc = SQLITE_DONE;
    while (ok && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        char key[EL_SHA256_HEX];
        struct el_stored stored;
        to_hex(sqlite3_column_blob(row, 0), sqlite3_column_bytes(row, 0), key);
        el_store_read_row(row, 1, &stored);
        if (!each(context, key, &stored, sqlite3_column_int64(row, 10))) {
            rc = SQLITE_DONE;
            break;
        }
    }
    ok = ok && rc == SQLITE_DONE;
    sqlite3_finalize(row);
    return ok || query_failed(store, err);
}

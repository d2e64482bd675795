#include "store/file_hash.h"

#include "store/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool hash_file(const char *path, char hex[EL_SHA256_HEX], struct el_error *err) {
    enum { CHUNK = 1 << 18 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *chunk = malloc(CHUNK);
    struct el_sha256 hash;
    el_sha256_start(&hash);
    ssize_t n = fd < 0 ? -1 : 0;
    while (fd >= 0 && chunk != NULL && (n = read(fd, chunk, CHUNK)) > 0) {
        el_sha256_add(&hash, chunk, (size_t)n);
    }
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    free(chunk);
    if (n < 0) {
        return el_fail(err, EL_ERR_IO, "%s: %s", path, strerror(error));
    }
    if (chunk == NULL) {
        return el_fail_memory(err);
    }
    el_sha256_finish(&hash, hex);
    return true;
}

static bool known_hash(struct el_store *store, const char *path, const struct stat *info,
                       char hex[EL_SHA256_HEX]) {
    sqlite3_stmt *find = NULL;
    bool found = false;
    if (sqlite3_prepare_v2(store->db,
                           "SELECT sha256 FROM files WHERE path = ? AND size = ? AND changed = ?",
                           -1, &find, NULL) == SQLITE_OK) {
        sqlite3_bind_text(find, 1, path, -1, SQLITE_STATIC);
        sqlite3_bind_int64(find, 2, info->st_size);
        sqlite3_bind_int64(find, 3, info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec);
        if (sqlite3_step(find) == SQLITE_ROW && sqlite3_column_bytes(find, 0) == 64) {
            memcpy(hex, sqlite3_column_text(find, 0), EL_SHA256_HEX);
            found = true;
        }
    }
    sqlite3_finalize(find);
    return found;
}

static void remember_hash(struct el_store *store, const char *path, const struct stat *info,
                          const char *hex) {
    sqlite3_stmt *put = NULL;
    if (sqlite3_prepare_v2(store->db, "INSERT OR REPLACE INTO files VALUES (?,?,?,?)", -1, &put,
                           NULL) == SQLITE_OK) {
        sqlite3_bind_text(put, 1, path, -1, SQLITE_STATIC);
        sqlite3_bind_int64(put, 2, info->st_size);
        sqlite3_bind_int64(put, 3, info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec);
        sqlite3_bind_text(put, 4, hex, -1, SQLITE_STATIC);
        sqlite3_step(put);
    }
    sqlite3_finalize(put);
}

bool el_store_file_hash(struct el_store *store, const char *path, char hex[EL_SHA256_HEX],
                        struct el_error *err) {
    struct stat info;
    char *full = realpath(path, NULL);
    if (full == NULL || stat(full, &info) != 0) {
        el_fail(err, EL_ERR_IO, "%s: %s", path, strerror(errno));
        free(full);
        return false;
    }
    bool usable = store != NULL && !store->off;
    bool ok = usable && known_hash(store, full, &info, hex);
    if (!ok) {
        ok = hash_file(path, hex, err);
        if (ok && usable) {
            remember_hash(store, full, &info, hex);
        }
    }
    free(full);
    return ok;
}

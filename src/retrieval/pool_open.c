/* Opening a pool: a pool file is mapped, a labelled file is indexed in memory first. */
#include "retrieval/pool_build.h"
#include "retrieval/pool_map.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool el_pool_same_vectors(const char *name, const char *other) {
    const char *a = strstr(name, " sha256:"), *b = strstr(other, " sha256:");
    return strcmp(a != NULL ? a : name, b != NULL ? b : other) == 0;
}

/* Whether the file begins as a pool does: 1, 0, or -1 for an error. */
static int looks_like_pool(int fd, const char *path, struct el_error *err) {
    char magic[8];
    ssize_t n = pread(fd, magic, sizeof magic, 0);
    if (n < 0) {
        el_fail(err, EL_ERR_IO, "%s: %s", path, strerror(errno));
        return -1;
    }
    return n == sizeof magic && memcmp(magic, EL_POOL_MAGIC, sizeof magic) == 0;
}

static bool has_vectors_of(const struct el_pool *pool, const struct el_pool_build_options *options,
                           struct el_error *err) {
    const struct el_pool_info *info = &pool->info;
    if (options->embed == NULL || (el_pool_same_vectors(info->vectors, options->embed_name) &&
                                   info->dimensions == options->dimensions)) {
        return true;
    }
    return el_fail(err, EL_ERR_CONFIG,
                   "%s: this pool has vectors of %s (%zu numbers), and retrieve: vectors asks for "
                   "those of %s (%zu); build it again with el4ner pool build --config, or have "
                   "retrieve: vectors name what the pool has",
                   pool->path, info->vectors, info->dimensions, options->embed_name,
                   options->dimensions);
}

bool el_pool_open(const char *path, const struct el_log *log, struct el_pool **pool,
                  struct el_error *err) {
    struct el_pool_build_options options = {.log = log};
    return el_pool_open_with(path, &options, pool, err);
}

bool el_pool_open_with(const char *path, const struct el_pool_build_options *options,
                       struct el_pool **pool, struct el_error *err) {
    if (strcmp(path, "-") != 0) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            return el_fail(err, EL_ERR_IO, "cannot open the pool %s: %s", path, strerror(errno));
        }
        struct stat status;
        bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
        int is_pool = regular ? looks_like_pool(fd, path, err) : 0;
        if (is_pool > 0 && el_pool_map(fd, path, pool, err)) {
            if (has_vectors_of(*pool, options, err)) {
                return true;
            }
            el_pool_close(*pool);
            *pool = NULL;
            return false;
        }
        if (is_pool > 0) {
            return false; /* the file is closed */
        }
        close(fd);
        if (is_pool < 0) {
            return false;
        }
    }
    int fd;
    if (!el_pool_build_in_memory(path, options, &fd, err) || !el_pool_map(fd, path, pool, err)) {
        return false;
    }
    (*pool)->info.in_memory = true;
    return true;
}

bool el_pool_grow(const struct el_pool *base, struct el_reader *more, const struct el_log *log,
                  struct el_pool **pool, struct el_error *err) {
    struct el_pool_build_options options = {.log = log};
    int fd;
    *pool = NULL;
    if (!el_pool_grow_in_memory(base, more, &options, &fd, err)) {
        return false;
    }
    if (fd >= 0 && !el_pool_map(fd, "what was learned", pool, err)) {
        return false;
    }
    if (*pool != NULL) {
        (*pool)->info.in_memory = true;
    }
    return true;
}

#include "retrieval/pool_write.h"

#include "base/buffer.h"
#include "base/checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail_write(struct el_error *err, const char *what) {
    return el_fail(err, EL_ERR_IO, "cannot write %s: %s", what, strerror(errno));
}

/* A file without a name in `folder`; *name stays NULL. Where that cannot be had, a file with a
 * temporary name, which the caller removes. */
static int open_unnamed(const char *folder, char **name) {
    *name = NULL;
    if (folder == NULL) {
        return memfd_create("el4ner-pool", MFD_CLOEXEC);
    }
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) {
        return fd;
    }
    if (asprintf(name, "%s/.el4ner-pool-XXXXXX", folder) < 0) {
        *name = NULL;
        errno = ENOMEM;
        return -1;
    }
    fd = mkostemp(*name, O_CLOEXEC);
    if (fd < 0) {
        free(*name);
        *name = NULL;
    }
    return fd;
}

bool el_spool_open(struct el_spool *spool, const char *folder, struct el_error *err) {
    char *name;
    *spool = (struct el_spool){0};
    int fd = open_unnamed(folder, &name);
    if (fd < 0) {
        return el_fail(err, EL_ERR_IO, "cannot create a temporary file in %s: %s",
                       folder == NULL ? "memory" : folder, strerror(errno));
    }
    if (name != NULL) {
        unlink(name);
        free(name);
    }
    spool->file = fdopen(fd, "w+");
    if (spool->file == NULL) {
        close(fd);
        return el_fail_memory(err);
    }
    return true;
}

bool el_spool_add(struct el_spool *spool, const void *bytes, size_t len, struct el_error *err) {
    spool->bytes += len;
    return fwrite(bytes, 1, len, spool->file) == len || fail_write(err, "a temporary file");
}

bool el_spool_map(struct el_spool *spool, struct el_error *err) {
    if (fflush(spool->file) != 0) {
        return fail_write(err, "a temporary file");
    }
    if (spool->bytes == 0 || spool->map != NULL) {
        return true;
    }
    void *map = mmap(NULL, spool->bytes, PROT_READ, MAP_PRIVATE, fileno(spool->file), 0);
    if (map == MAP_FAILED) {
        return el_fail(err, EL_ERR_MEMORY, "cannot map a temporary file: %s", strerror(errno));
    }
    spool->map = map;
    return true;
}

void el_spool_close(struct el_spool *spool) {
    if (spool->map != NULL) {
        munmap((void *)spool->map, spool->bytes);
    }
    if (spool->file != NULL) {
        fclose(spool->file);
    }
    *spool = (struct el_spool){0};
}

char *el_folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

bool el_output_open(struct el_output *output, const char *path, struct el_error *err) {
    struct stat there;
    *output = (struct el_output){.fd = -1, .section = -1, .offset = EL_POOL_HEADER};
    output->block = malloc(EL_POOL_BLOCK);
    if (path != NULL && stat(path, &there) == 0) {
        if (!S_ISREG(there.st_mode)) {
            el_fail(err, EL_ERR_CONFIG, "cannot write %s: it is not an ordinary file", path);
            el_output_close(output);
            return false;
        }
        output->mode = there.st_mode & 0777;
        output->path = realpath(path, NULL); /* written behind a link, not over it */
    }
    if (path != NULL && output->path == NULL) {
        output->path = strdup(path);
    }
    char *folder = output->path == NULL ? NULL : el_folder_of(output->path);
    if (output->block == NULL || (path != NULL && (folder == NULL || output->path == NULL))) {
        free(folder);
        el_output_close(output);
        return el_fail_memory(err);
    }
    output->fd = open_unnamed(folder, &output->temporary);
    free(folder);
    if (output->fd < 0 || lseek(output->fd, EL_POOL_HEADER, SEEK_SET) < 0) {
        el_fail(err, EL_ERR_IO, "cannot write %s: %s", path == NULL ? "to memory" : path,
                strerror(errno));
        el_output_close(output);
        return false;
    }
    return true;
}

static const char *name_of(const struct el_output *output) {
    return output->path == NULL ? "the index in memory" : output->path;
}

static bool write_all(struct el_output *output, const void *bytes, size_t len, off_t at,
                      struct el_error *err) {
    for (const char *from = bytes; len > 0;) {
        ssize_t n = pwrite(output->fd, from, len, at);
        if (n < 0 && errno != EINTR) {
            return fail_write(err, name_of(output));
        }
        if (n > 0) {
            from += n;
            at += n;
            len -= (size_t)n;
        }
    }
    return true;
}

static bool flush_block(struct el_output *output, struct el_error *err) {
    uint64_t checksum = el_checksum(output->block, output->fill);
    if (output->fill == 0) {
        return true;
    }
    el_buffer_append(&output->table, (const char *)&checksum, sizeof checksum);
    if (output->table.failed) {
        return el_fail_memory(err);
    }
    off_t at = (off_t)(output->offset - output->fill);
    bool fine = write_all(output, output->block, output->fill, at, err);
    output->fill = 0;
    return fine;
}

bool el_output_add(struct el_output *output, const void *bytes, size_t len, struct el_error *err) {
    for (const char *from = bytes; len > 0;) {
        size_t n = EL_POOL_BLOCK - output->fill;
        n = n < len ? n : len;
        memcpy(output->block + output->fill, from, n);
        output->fill += n;
        output->offset += n;
        from += n;
        len -= n;
        if (output->fill == EL_POOL_BLOCK && !flush_block(output, err)) {
            return false;
        }
    }
    return true;
}

/* End the section before (its length is known only now) and align the next. */
static bool end_section(struct el_output *output, struct el_error *err) {
    static const char zeros[EL_POOL_ALIGN];
    if (output->section >= 0) {
        output->header.sections[output->section].bytes =
            output->offset - output->header.sections[output->section].offset;
        output->section = -1;
    }
    return el_output_add(output, zeros, (size_t)(-output->offset % EL_POOL_ALIGN), err);
}

bool el_output_section(struct el_output *output, enum el_section section, struct el_error *err) {
    if (!end_section(output, err)) {
        return false;
    }
    output->header.sections[section].offset = output->offset;
    output->section = (int)section;
    return true;
}

bool el_output_spool(struct el_output *output, enum el_section section, struct el_spool *spool,
                     struct el_error *err) {
    return el_spool_map(spool, err) && el_output_section(output, section, err) &&
           el_output_add(output, spool->map, spool->bytes, err);
}

/* Give the finished file its name. A file without one is linked under a temporary name first,
 * because a link cannot replace an older file while a rename can. */
static bool publish(struct el_output *output, struct el_error *err) {
    if (output->mode != 0 || output->temporary != NULL) { /* mkostemp gives 0600 */
        (void)!fchmod(output->fd, output->mode != 0 ? output->mode : 0644);
    }
    if (output->temporary == NULL) {
        char self[64];
        snprintf(self, sizeof self, "/proc/self/fd/%d", output->fd);
        if (asprintf(&output->temporary, "%s.%ld.tmp", output->path, (long)getpid()) < 0) {
            output->temporary = NULL;
            return el_fail_memory(err);
        }
        unlink(output->temporary);
        if (linkat(AT_FDCWD, self, AT_FDCWD, output->temporary, AT_SYMLINK_FOLLOW) != 0) {
            free(output->temporary);
            output->temporary = NULL;
            return fail_write(err, output->path);
        }
    }
    if (rename(output->temporary, output->path) != 0) {
        return fail_write(err, output->path);
    }
    free(output->temporary);
    output->temporary = NULL;
    return true;
}

bool el_output_finish(struct el_output *output, int *fd, struct el_error *err) {
    struct el_pool_header *header = &output->header;
    unsigned char page[EL_POOL_HEADER] = {0};
    _Static_assert(sizeof *header <= sizeof page, "the header is one page");
    if (!end_section(output, err) || !flush_block(output, err)) {
        return false;
    }
    memcpy(header->magic, EL_POOL_MAGIC, sizeof header->magic);
    header->version = EL_POOL_VERSION;
    header->byte_order = EL_POOL_ORDER;
    header->table_offset = output->offset;
    header->n_blocks = output->table.len / sizeof(uint64_t);
    header->table_checksum = el_checksum(output->table.data, output->table.len);
    header->file_bytes = output->offset + output->table.len;
    header->checksum = el_checksum(header, offsetof(struct el_pool_header, checksum));
    memcpy(page, header, sizeof *header);
    if (!write_all(output, output->table.data, output->table.len, (off_t)output->offset, err) ||
        !write_all(output, page, sizeof page, 0, err)) {
        return false;
    }
    if (output->path == NULL) {
        *fd = output->fd;
        output->fd = -1;
        return true;
    }
    return (fsync(output->fd) == 0 || fail_write(err, output->path)) && publish(output, err);
}

void el_output_close(struct el_output *output) {
    if (output->temporary != NULL) {
        unlink(output->temporary);
    }
    if (output->fd >= 0) {
        close(output->fd);
    }
    el_buffer_free(&output->table);
    free(output->temporary);
    free(output->path);
    free(output->block);
    *output = (struct el_output){.fd = -1};
}

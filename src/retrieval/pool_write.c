#include "retrieval/pool_write.h"

#include "base/buffer.h"
#include "base/checksum.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool fail_write(struct el_error *err, const char *what) {
    return el_fail(err, EL_ERR_IO, "cannot write %s: %s", what, strerror(errno));
}

bool el_spool_open(struct el_spool *spool, const char *folder, struct el_error *err) {
    *spool = (struct el_spool){0};
    int fd = folder == NULL ? memfd_create("el4ner-pool", MFD_CLOEXEC) : el_unnamed_file(folder);
    if (fd < 0) {
        return el_fail(err, EL_ERR_IO, "cannot create a temporary file in %s: %s",
                       folder == NULL ? "memory" : folder, strerror(errno));
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

static const char *name_of(const struct el_output *output) {
    return output->file.path == NULL ? "the index in memory" : output->file.path;
}

bool el_output_open(struct el_output *output, const char *path, struct el_error *err) {
    *output = (struct el_output){.file = {.fd = -1}, .section = -1, .offset = EL_POOL_HEADER};
    if (path != NULL && !el_new_file_open(&output->file, path, err)) {
        return false;
    }
    if (path == NULL) {
        output->file.fd = memfd_create("el4ner-pool", MFD_CLOEXEC);
    }
    output->block = malloc(EL_POOL_BLOCK);
    if (output->block == NULL) {
        el_output_close(output);
        return el_fail_memory(err);
    }
    if (output->file.fd < 0 || lseek(output->file.fd, EL_POOL_HEADER, SEEK_SET) < 0) {
        fail_write(err, name_of(output));
        el_output_close(output);
        return false;
    }
    return true;
}

static bool write_all(struct el_output *output, const void *bytes, size_t len, off_t at,
                      struct el_error *err) {
    for (const char *from = bytes; len > 0;) {
        ssize_t n = pwrite(output->file.fd, from, len, at);
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
    if (output->file.path == NULL) {
        *fd = output->file.fd;
        output->file.fd = -1;
        return true;
    }
    return el_new_file_publish(&output->file, err);
}

void el_output_close(struct el_output *output) {
    el_new_file_close(&output->file);
    el_buffer_free(&output->table);
    free(output->block);
    *output = (struct el_output){.file = {.fd = -1}};
}

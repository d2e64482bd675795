#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool el_read_file(const char *path, size_t most, struct el_buffer *text, struct el_error *err) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return el_fail(err, EL_ERR_IO, "%s: %s", path, strerror(errno));
    }
    el_buffer_clear(text);
    el_buffer_string(text, "");
    char piece[16384];
    size_t n = 0;
    errno = 0;
    while (!text->failed && text->len <= most && (n = fread(piece, 1, sizeof piece, file)) > 0) {
        el_buffer_append(text, piece, n);
    }
    int broken = ferror(file) != 0 ? errno : 0;
    fclose(file);
    if (broken != 0) {
        return el_fail(err, EL_ERR_IO, "%s: %s", path,
                       broken == EISDIR ? "it is a folder" : strerror(broken));
    }
    if (text->failed) {
        return el_fail_memory(err);
    }
    if (text->len > most) {
        return el_fail(err, EL_ERR_IO, "%s: larger than the %zu KiB that this file may have", path,
                       most / 1024);
    }
    return true;
}

bool el_make_folders(const char *path, unsigned mode) {
    char *copy = strdup(path);
    bool ok = copy != NULL;
    for (char *at = copy; ok && at != NULL;) {
        at = strchr(at + 1, '/');
        if (at != NULL) {
            *at = '\0';
        }
        ok = mkdir(copy, mode) == 0 || errno == EEXIST;
        if (at != NULL) {
            *at = '/';
        }
    }
    int trouble = errno;
    free(copy);
    errno = trouble;
    return ok;
}

bool el_write_all(int fd, const void *bytes, size_t len) {
    const char *at = bytes;
    while (len > 0) {
        ssize_t written = write(fd, at, len);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        size_t n = written > 0 ? (size_t)written : 0;
        at += n;
        len -= n;
    }
    return true;
}

#include "base/new_file.h"

#include "base/checksum.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Temporary names: the host is a part of them, because the locks by which the living are told from
 * the dead may not reach across a network. */
enum { HOST_NAME = 26 }; /* ".el4ner-", 16 digits, "-" and NUL */

static void host_prefix(char prefix[HOST_NAME]) {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    snprintf(prefix, HOST_NAME, ".el4ner-%016" PRIx64 "-", el_checksum(host, strlen(host)));
}

static char *temporary_name(const char *folder) {
    char prefix[HOST_NAME], *name = NULL;
    uint64_t random = 0;
    host_prefix(prefix);
    (void)!getrandom(&random, sizeof random, GRND_NONBLOCK);
    random ^= (uint64_t)getpid() << 32;
    return asprintf(&name, "%s/%s%016" PRIx64, folder, prefix, random) < 0 ? NULL : name;
}

char *el_folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* A living program holds a lock on its temporary file. */
static void remove_if_dead(int folder, const char *name) {
    struct stat info;
    int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid() &&
        flock(fd, LOCK_EX | LOCK_NB) == 0) {
        unlinkat(folder, name, 0);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void sweep(const char *path) {
    char prefix[HOST_NAME];
    DIR *folder = opendir(path);
    host_prefix(prefix);
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (strncmp(entry->d_name, prefix, HOST_NAME - 1) == 0) {
            remove_if_dead(dirfd(folder), entry->d_name);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
}

/* Is the name still that of the file? Before it was locked, another program may have swept it. */
static bool has_name(int fd, const char *name) {
    struct stat here, there;
    return fstat(fd, &here) == 0 && stat(name, &there) == 0 && here.st_dev == there.st_dev &&
           here.st_ino == there.st_ino;
}

static int open_named(const char *folder, char **name) {
    for (int tries = 0; tries < 100; tries++) {
        *name = temporary_name(folder);
        int fd = *name == NULL ? -1 : open(*name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) {
            flock(fd, LOCK_EX | LOCK_NB);
            if (has_name(fd, *name)) {
                return fd;
            }
            close(fd);
        }
        int error = *name == NULL ? ENOMEM : errno;
        free(*name);
        *name = NULL;
        errno = error;
        if (fd < 0 && error != EEXIST) {
            return -1;
        }
    }
    return -1;
}

static void own_path(int fd, char path[64]) {
    snprintf(path, 64, "/proc/self/fd/%d", fd);
}

/* A file that can get a name later; *name stays NULL. Where that cannot be had, one with a
 * temporary name. */
static int open_file(const char *folder, char **name) {
    char self[64];
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    *name = NULL;
    if (fd < 0) {
        return errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL ? open_named(folder, name)
                                                                         : -1;
    }
    own_path(fd, self);
    if (access(self, F_OK) != 0) { /* no /proc, no name */
        close(fd);
        return open_named(folder, name);
    }
    flock(fd, LOCK_EX | LOCK_NB);
    return fd;
}

int el_unnamed_file(const char *folder) {
    char *name;
    int fd = open_file(folder, &name);
    if (fd >= 0 && name != NULL) {
        unlink(name);
    }
    free(name);
    return fd;
}

bool el_new_file_open(struct el_new_file *file, const char *path, struct el_error *err) {
    struct stat there;
    bool exists = stat(path, &there) == 0;
    *file = (struct el_new_file){.fd = -1};
    if (exists && !S_ISREG(there.st_mode)) {
        return el_fail(err, EL_ERR_CONFIG, "cannot write %s: it is %s", path,
                       S_ISDIR(there.st_mode) ? "a folder" : "not an ordinary file");
    }
    char *folder = NULL;
    file->path = exists ? realpath(path, NULL) : strdup(path); /* behind a link, not over it */
    if (file->path == NULL || (folder = el_folder_of(file->path)) == NULL) {
        el_new_file_close(file);
        return el_fail_memory(err);
    }
    sweep(folder);
    file->fd = open_file(folder, &file->temporary);
    free(folder);
    if (file->fd < 0) {
        el_fail(err, EL_ERR_IO, "cannot write %s: %s", path, strerror(errno));
        el_new_file_close(file);
        return false;
    }
    if (exists) {
        (void)!fchmod(file->fd, there.st_mode & 0777);
    }
    return true;
}

/* A name for a file that has none: a temporary one first, because a link cannot replace an older
 * file while a rename can. */
static bool give_temporary_name(struct el_new_file *file) {
    char self[64];
    own_path(file->fd, self);
    char *folder = el_folder_of(file->path);
    char *name = folder == NULL ? NULL : temporary_name(folder);
    free(folder);
    if (name == NULL) {
        errno = ENOMEM;
        return false;
    }
    if (linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW) != 0) {
        free(name);
        return false;
    }
    file->temporary = name;
    return true;
}

bool el_new_file_publish(struct el_new_file *file, struct el_error *err) {
    if (fsync(file->fd) != 0 || (file->temporary == NULL && !give_temporary_name(file)) ||
        rename(file->temporary, file->path) != 0) {
        return el_fail(err, EL_ERR_IO, "cannot write %s: %s", file->path, strerror(errno));
    }
    free(file->temporary);
    file->temporary = NULL;
    return true;
}

void el_new_file_close(struct el_new_file *file) {
    if (file->temporary != NULL) {
        unlink(file->temporary);
    }
    if (file->fd >= 0) {
        close(file->fd);
    }
    free(file->temporary);
    free(file->path);
    *file = (struct el_new_file){.fd = -1};
}

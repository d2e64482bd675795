#include "models/fetch.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/new_file.h"
#include "models/fetch_private.h"
#include "models/merge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { CHUNK = 1 << 18 };

/* ---- what the sources share ---- */

bool el_fetch_moved(struct el_fetch *fetch, const struct el_fetch_stand *stand) {
    struct el_fetch_stand whole = *stand;
    whole.model = fetch->model;
    whole.resumed = fetch->had;
    return fetch->options->moved(fetch->options->context, &whole) ||
           el_fail(fetch->err, EL_ERR_INTERRUPTED, "interrupted");
}

bool el_fetch_pause(struct el_fetch *fetch, double seconds) {
    for (double until = el_now() + seconds, left; (left = until - el_now()) > 0;) {
        if (!el_fetch_moved(fetch,
                            &(struct el_fetch_stand){.step = EL_FETCH_WAITS, .waits = left})) {
            return false;
        }
        usleep(left < 0.1 ? (useconds_t)(left * 1e6) + 1 : 100000);
    }
    return true;
}

static double megabytes(uint64_t bytes) {
    return (double)bytes / 1e6;
}

bool el_fetch_room(struct el_fetch *fetch, uint64_t bytes) {
    struct statvfs disk;
    if (statvfs(fetch->options->folder, &disk) != 0) {
        return true; /* writing will tell */
    }
    uint64_t room = (uint64_t)disk.f_bavail * disk.f_frsize;
    return room >= bytes ||
           el_fail(fetch->err, EL_ERR_IO,
                   "%.0f MB more are needed, and %s has room for %.0f MB; make room there, or set "
                   "XDG_DATA_HOME to a folder on a larger disk",
                   megabytes(bytes), fetch->options->folder, megabytes(room));
}

bool el_fetch_write_failed(struct el_fetch *fetch, int trouble) {
    const char *help = trouble == ENOSPC || trouble == EDQUOT
                           ? "; make room there, or set XDG_DATA_HOME to a folder on a larger disk"
                       : trouble == EFBIG ? "; files may not be larger here (ulimit -f)"
                                          : "";
    return el_fail(fetch->err, EL_ERR_IO, "cannot write %s: %s%s", fetch->part, strerror(trouble),
                   help);
}

/* ---- names ---- */

static char *place_of(const struct el_model *model, const char *folder) {
    char *path = NULL;
    return asprintf(&path, "%s/%s.gguf", folder, model->name) < 0 ? NULL : path;
}

static char *beside(const struct el_model *model, const char *folder, const char *ending) {
    char *path = NULL;
    return asprintf(&path, "%s/.%s.gguf.%s", folder, model->name, ending) < 0 ? NULL : path;
}

/* Those with bytes to go on from come first. */
static const char *const endings[] = {"hub", "url", "packages", "copy", "merged", "packages.note"};
enum { ENDINGS = sizeof endings / sizeof *endings, WITH_BYTES = 3 };

/* Was there any? */
static bool remove_rest(const struct el_model *model, const char *folder) {
    bool any = false;
    for (size_t i = 0; i < ENDINGS; i++) {
        char *path = beside(model, folder, endings[i]);
        if (path != NULL && unlink(path) == 0) {
            any = true;
        }
        free(path);
    }
    char *pip = beside(model, folder, "packages.pip");
    if (pip != NULL) {
        el_fetch_remove_folder(pip);
    }
    free(pip);
    return any;
}

uint64_t el_model_kept(const struct el_model *model, const char *folder) {
    uint64_t most = 0;
    for (size_t i = 0; i < WITH_BYTES; i++) {
        struct stat info;
        char *path = beside(model, folder, endings[i]);
        if (path != NULL && stat(path, &info) == 0 && (uint64_t)info.st_size > most) {
            most = (uint64_t)info.st_size;
        }
        free(path);
    }
    return most;
}

/* ---- checking ---- */

static bool hash_file(struct el_fetch *fetch, const char *path, char hex[EL_SHA256_HEX]) {
    struct el_sha256 hash;
    struct stat info = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *chunk = malloc(CHUNK);
    if (fd < 0 || chunk == NULL) {
        chunk != NULL ? el_fail(fetch->err, EL_ERR_IO, "cannot read %s: %s", path, strerror(errno))
                      : el_fail_memory(fetch->err);
        if (fd >= 0) {
            close(fd);
        }
        free(chunk);
        return false;
    }
    fstat(fd, &info);
    el_sha256_start(&hash);
    struct el_fetch_stand stand = {.step = EL_FETCH_CHECKS, .of = (uint64_t)info.st_size};
    bool ok = true;
    ssize_t n = 0;
    while (ok && (n = read(fd, chunk, CHUNK)) > 0) {
        el_sha256_add(&hash, chunk, (size_t)n);
        stand.done += (uint64_t)n;
        ok = el_fetch_moved(fetch, &stand);
    }
    if (ok && n < 0) {
        ok = el_fail(fetch->err, EL_ERR_IO, "cannot read %s: %s", path, strerror(errno));
    }
    el_sha256_finish(&hash, hex);
    close(fd);
    free(chunk);
    return ok;
}

static bool is_gguf(const char *path) {
    char magic[4] = "";
    FILE *file = fopen(path, "rbe");
    size_t n = file != NULL ? fread(magic, 1, sizeof magic, file) : 0;
    if (file != NULL) {
        fclose(file);
    }
    return n == sizeof magic && memcmp(magic, "GGUF", sizeof magic) == 0;
}

static bool check_part(struct el_fetch *fetch, char hex[EL_SHA256_HEX]) {
    const struct el_model *model = fetch->model;
    const char *wanted = model->sha256 != NULL ? model->sha256 : fetch->told;
    struct stat info;
    if (stat(fetch->part, &info) != 0) {
        return el_fail(fetch->err, EL_ERR_IO, "cannot read %s: %s", fetch->part, strerror(errno));
    }
    if (!is_gguf(fetch->part)) {
        return el_fail(fetch->err, EL_ERR_FORMAT,
                       "what came is not a GGUF file (%llu bytes); it is not kept",
                       (unsigned long long)info.st_size);
    }
    if (!hash_file(fetch, fetch->part, hex)) {
        return false;
    }
    if (wanted[0] != '\0' && strcmp(wanted, hex) != 0) {
        return el_fail(
            fetch->err, EL_ERR_FORMAT,
            "what came is not the file of the catalogue: its SHA-256 is %s, not %s (%llu "
            "bytes); it is not kept",
            hex, wanted, (unsigned long long)info.st_size);
    }
    return true;
}

/* ---- putting in place ---- */

static bool write_note(struct el_fetch *fetch, const char *place, const char *hex) {
    struct el_new_file file;
    char *path = el_model_note(place);
    if (path == NULL) {
        return el_fail_memory(fetch->err);
    }
    bool ok = el_new_file_open(&file, path, fetch->err);
    if (ok) {
        ok = dprintf(file.fd, "%s  %s.gguf\n", hex, fetch->model->name) > 0
                 ? el_new_file_publish(&file, fetch->err)
                 : el_fetch_write_failed(fetch, errno);
        el_new_file_close(&file);
    }
    free(path);
    return ok;
}

static bool put_in_place(struct el_fetch *fetch) {
    char hex[EL_SHA256_HEX];
    if (!check_part(fetch, hex)) {
        return false;
    }
    char *place = place_of(fetch->model, fetch->options->folder);
    if (place == NULL) {
        return el_fail_memory(fetch->err);
    }
    bool noted = fetch->model->sha256 == NULL || fetch->model->base != NULL;
    bool ok = !noted || write_note(fetch, place, hex);
    if (ok && (fsync(fetch->fd) != 0 || rename(fetch->part, place) != 0)) {
        ok = el_fetch_write_failed(fetch, errno);
    }
    free(place);
    return ok;
}

static bool open_part(struct el_fetch *fetch, const char *ending) {
    struct stat info = {0};
    fetch->part = beside(fetch->model, fetch->options->folder, ending);
    if (fetch->part == NULL) {
        return el_fail_memory(fetch->err);
    }
    fetch->fd = open(fetch->part, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fetch->fd < 0) {
        return el_fetch_write_failed(fetch, errno);
    }
    fstat(fetch->fd, &info);
    fetch->had = (uint64_t)info.st_size;
    return true;
}

/* What is in it is wrong, and so is what is noted of it. */
static void drop_part(struct el_fetch *fetch) {
    char *note = NULL;
    if (asprintf(&note, "%s.note", fetch->part) >= 0) {
        unlink(note);
        free(note);
    }
    unlink(fetch->part);
}

static void close_part(struct el_fetch *fetch) {
    struct stat info;
    if (fetch->fd >= 0 && fstat(fetch->fd, &info) == 0 && info.st_size == 0) {
        unlink(fetch->part); /* nothing to go on from */
    }
    if (fetch->fd >= 0) {
        close(fetch->fd);
    }
    free(fetch->part);
    fetch->part = NULL;
    fetch->fd = -1;
}

/* ---- one at a time ---- */

/* Holds the folder; -1 where it cannot be locked, which some network file systems refuse. */
static bool lock_folder(struct el_fetch *fetch, int *lock) {
    const char *folder = fetch->options->folder;
    *lock = -1;
    if (!el_make_folders(folder, 0777)) {
        return el_fail(fetch->err, EL_ERR_IO, "cannot make the folder %s: %s", folder,
                       strerror(errno));
    }
    *lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (*lock >= 0 && flock(*lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return true;
        }
        if (!el_fetch_moved(fetch, &(struct el_fetch_stand){.step = EL_FETCH_WAITS})) {
            return false;
        }
        usleep(100000);
    }
    return true;
}

/* Since the catalogue was read, another program may have put it there. */
static bool is_in_place(const struct el_model *model, const char *folder) {
    char *place = place_of(model, folder);
    bool there = place != NULL && el_model_is_at(model, place);
    free(place);
    return there;
}

/* ---- the sources ---- */

static bool load(struct el_fetch *fetch, const char *ending) {
    bool hub = strcmp(ending, "hub") == 0;
    char *url = NULL;
    if (strcmp(ending, "packages") == 0) {
        return el_fetch_packages(fetch);
    }
    if ((hub ? asprintf(&url, "%s/%s/resolve/%s/%s", fetch->options->endpoint, fetch->model->repo,
                        fetch->model->revision, fetch->model->file)
             : asprintf(&url, "%s", fetch->model->url)) < 0) {
        return el_fail_memory(fetch->err);
    }
    bool ok = el_fetch_url(fetch, url, hub);
    free(url);
    return ok;
}

/* A wrong file may be one that was begun before its source changed: then once more from nothing. */
static bool from_source(struct el_fetch *fetch, const char *ending) {
    bool ok = false, again = true;
    while (again) {
        ok = open_part(fetch, ending) && load(fetch, ending) && put_in_place(fetch);
        bool wrong = !ok && fetch->err->code == EL_ERR_FORMAT;
        if (wrong) {
            drop_part(fetch);
        }
        again = wrong && fetch->had > 0;
        close_part(fetch);
    }
    if (ok) {
        remove_rest(fetch->model, fetch->options->folder);
    }
    return ok;
}

struct source {
    const char *ending, *name;
};

static size_t sources_of(const struct el_model *model, struct source sources[3]) {
    size_t n = 0;
    if (model->repo != NULL) {
        sources[n++] = (struct source){"hub", "the hub"};
    }
    if (model->url != NULL) {
        sources[n++] = (struct source){"url", "its address"};
    }
    if (model->package != NULL) {
        sources[n++] = (struct source){"packages", "Python packages"};
    }
    return n;
}

static bool goes_on(const struct el_error *err) {
    return err->code == EL_ERR_UNREACHABLE || err->code == EL_ERR_FORMAT ||
           err->code == EL_ERR_CONFIG;
}

/* One that refused or was wrong says more than one that was not there. */
static void join(struct el_error *first, const struct el_error *err) {
    enum el_code code = first->code == EL_ERR_UNREACHABLE ? err->code : first->code;
    struct el_error before = *first;
    el_fail(first, code, "%.480s; %.480s", before.message, err->message);
}

static bool from_any(struct el_fetch *fetch);

/* The base is fetched too if it is not here, and stays: it is a model like others. */
static bool have_base(struct el_fetch *fetch, char **path) {
    const struct el_model *base = fetch->model->base;
    const char *folder = fetch->options->folder;
    struct el_fetch inner = {.model = base, .options = fetch->options, .fd = -1, .err = fetch->err};
    if (base->path == NULL && !is_in_place(base, folder) && !from_any(&inner)) {
        return el_error_prefix(fetch->err, "its base %s", base->name);
    }
    *path = base->path != NULL ? strdup(base->path) : place_of(base, folder);
    return *path != NULL || el_fail_memory(fetch->err);
}

static bool from_base(struct el_fetch *fetch) {
    char *base = NULL;
    if (access(fetch->model->adapter, R_OK) != 0) {
        return el_fail(fetch->err, EL_ERR_CONFIG, "its adapter %s is not among the data",
                       fetch->model->adapter);
    }
    bool ok = have_base(fetch, &base) &&
              el_fetch_moved(fetch, &(struct el_fetch_stand){.step = EL_FETCH_MERGES}) &&
              open_part(fetch, "merged") &&
              el_merge_adapter(base, fetch->model->adapter, fetch->part, fetch->err);
    free(base);
    if (ok) { /* it has another file behind its name now */
        close(fetch->fd);
        fetch->fd = open(fetch->part, O_RDONLY | O_CLOEXEC);
        ok = put_in_place(fetch);
    }
    if (!ok && fetch->part != NULL) {
        drop_part(fetch);
    }
    close_part(fetch);
    return ok;
}

static bool from_any(struct el_fetch *fetch) {
    struct source sources[3];
    if (fetch->model->base != NULL) {
        return from_base(fetch);
    }
    size_t n = sources_of(fetch->model, sources);
    struct el_error all = {0}, *err = fetch->err;
    for (size_t i = 0; i < n; i++) {
        if (from_source(fetch, sources[i].ending)) {
            if (i > 0) {
                el_log(fetch->options->log, EL_INFO, "%s: it came from %s; %s", fetch->model->name,
                       sources[i].name, all.message);
            }
            return true;
        }
        if (err->code == EL_ERR_MEMORY) {
            return false;
        }
        el_error_prefix(err, "%s", sources[i].name);
        if (!goes_on(err)) {
            return false;
        }
        if (i == 0) {
            all = *err;
        } else {
            join(&all, err);
        }
    }
    *err = all;
    return n == 0 ? el_fail(err, EL_ERR_CONFIG, "the catalogue names no place to get it from")
                  : false;
}

static bool run(struct el_fetch *fetch, bool (*get)(struct el_fetch *fetch)) {
    int lock;
    bool ok = lock_folder(fetch, &lock);
    if (ok && !is_in_place(fetch->model, fetch->options->folder)) {
        ok = get(fetch);
    }
    if (lock >= 0) {
        close(lock);
    }
    return ok;
}

bool el_model_fetch(const struct el_model *model, const struct el_fetch_options *options,
                    struct el_error *err) {
    struct el_fetch fetch = {.model = model, .options = options, .fd = -1, .err = err};
    return run(&fetch, from_any) || el_error_prefix(err, "%s", model->name);
}

/* ---- from a file ---- */

struct copy {
    struct el_fetch fetch; /* first: it is passed for the whole */
    const char *file;
};

static bool copy_bytes(struct el_fetch *fetch, int from) {
    struct stat info = {0};
    char *chunk = malloc(CHUNK);
    if (chunk == NULL) {
        return el_fail_memory(fetch->err);
    }
    fstat(from, &info);
    struct el_fetch_stand stand = {.step = EL_FETCH_LOADS, .of = (uint64_t)info.st_size};
    bool ok = ftruncate(fetch->fd, 0) == 0 && el_fetch_room(fetch, (uint64_t)info.st_size);
    ssize_t n = 0;
    while (ok && (n = read(from, chunk, CHUNK)) > 0) {
        for (ssize_t at = 0, written; ok && at < n; at += written) {
            written = write(fetch->fd, chunk + at, (size_t)(n - at));
            ok = written > 0 || el_fetch_write_failed(fetch, errno);
        }
        stand.done += (uint64_t)n;
        ok = ok && el_fetch_moved(fetch, &stand);
    }
    free(chunk);
    return ok && n < 0 ? el_fail(fetch->err, EL_ERR_IO, "cannot read it: %s", strerror(errno)) : ok;
}

static bool from_file(struct el_fetch *fetch) {
    const struct copy *copy = (const struct copy *)(const void *)fetch;
    int from = open(copy->file, O_RDONLY | O_CLOEXEC);
    if (from < 0) {
        return el_fail(fetch->err, EL_ERR_CONFIG, "cannot read %s: %s", copy->file,
                       strerror(errno));
    }
    bool ok = open_part(fetch, "copy");
    fetch->had = 0;
    ok = ok && copy_bytes(fetch, from) && put_in_place(fetch);
    close(from);
    if (!ok && fetch->fd >= 0) {
        unlink(fetch->part);
    }
    close_part(fetch);
    if (ok) {
        remove_rest(fetch->model, fetch->options->folder);
    }
    return ok;
}

bool el_model_take(const struct el_model *model, const char *file,
                   const struct el_fetch_options *options, struct el_error *err) {
    struct copy copy = {{.model = model, .options = options, .fd = -1, .err = err}, file};
    return run(&copy.fetch, from_file) || el_error_prefix(err, "%s", model->name);
}

/* ---- what is here ---- */

bool el_model_check(const struct el_model *model, const struct el_fetch_options *options,
                    bool *known, struct el_error *err) {
    struct el_fetch fetch = {.model = model, .options = options, .fd = -1, .err = err};
    char noted[EL_SHA256_HEX], hex[EL_SHA256_HEX];
    el_model_noted(model->path, noted);
    const char *wanted = model->sha256 != NULL ? model->sha256 : noted;
    *known = wanted[0] != '\0';
    if (!hash_file(&fetch, model->path, hex)) {
        return false;
    }
    return !*known || strcmp(hex, wanted) == 0 ||
           el_fail(err, EL_ERR_FORMAT,
                   "%s: %s is not the file that it should be: its SHA-256 is "
                   "%s, not %s; remove it (el4ner models rm %s) and get it again",
                   model->name, model->path, hex, wanted, model->name);
}

bool el_model_remove(const struct el_model *model, const char *folder, struct el_error *err) {
    char *place = place_of(model, folder), *note = place != NULL ? el_model_note(place) : NULL;
    if (note == NULL) {
        free(place);
        return el_fail_memory(err);
    }
    bool any = remove_rest(model, folder);
    unlink(note);
    bool ok = unlink(place) == 0 || (errno == ENOENT && any);
    if (!ok && errno != ENOENT) {
        el_fail(err, EL_ERR_IO, "cannot remove %s: %s", place, strerror(errno));
    } else if (!ok && model->path != NULL) {
        el_fail(err, EL_ERR_CONFIG,
                "%s is not in your own folder but shared, as %s; it is not removed", model->name,
                model->path);
    } else if (!ok) {
        el_fail(err, EL_ERR_CONFIG, "%s is not here", model->name);
    }
    free(place);
    free(note);
    return ok;
}

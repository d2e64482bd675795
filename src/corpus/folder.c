/* A folder as one input: its files and those of the folders below, in the order of their names,
 * each in its own format. Folders with annotations of brat are read as such. Hidden files are
 * passed over; files of no kind that can be read are named, counted and left out.
 *
 * Ids are paths: of a text "folder/a/x.txt", of brat "folder/a/x"; where a document would have its
 * position as its id, "folder/a/x.conll:3". */
#include "corpus/format_private.h"

#include <dirent.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct part {
    char *path;
    bool brat; /* a folder of brat, else a file */
};

struct folder {
    struct part *parts;
    size_t count, capacity, next;
    struct el_reader *current; /* of parts[next - 1]; NULL = none is open */
    size_t skipped;
};

static bool has_ending(const char *name, const char *ending) {
    size_t len = strlen(name), n = strlen(ending);
    return len > n && strcmp(name + len - n, ending) == 0;
}

/* Does brat read the file, or write it beside others? */
static bool is_part_of_brat(const char *name) {
    return has_ending(name, ".txt") || has_ending(name, ".ann") || has_ending(name, ".a1") ||
           has_ending(name, ".a2") || has_ending(name, ".conf");
}

/* What lies in a folder, as far as it tells whether that is one of brat. */
struct contents {
    bool annotations, folders;
};

static struct contents look_into(const char *path) {
    struct contents contents = {0};
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        struct stat info;
        bool inner = entry->d_name[0] != '.' &&
                     fstatat(dirfd(folder), entry->d_name, &info, 0) == 0 && S_ISDIR(info.st_mode);
        contents.annotations = contents.annotations || has_ending(entry->d_name, ".ann") ||
                               has_ending(entry->d_name, ".a1");
        contents.folders = contents.folders || inner;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return contents;
}

bool el_folder_is_brat(const char *path, enum el_format told) {
    struct contents contents = look_into(path);
    return (contents.annotations || told == EL_FORMAT_BRAT) && !contents.folders;
}

/* ---- The list of files ---- */

static int by_name(const FTSENT **left, const FTSENT **right) {
    return strcmp((*left)->fts_name, (*right)->fts_name);
}

static bool add_part(struct folder *folder, const char *path, bool brat) {
    if (folder->count == folder->capacity) {
        size_t capacity = folder->capacity == 0 ? 64 : folder->capacity * 2;
        struct part *parts = realloc(folder->parts, capacity * sizeof *parts);
        if (parts == NULL) {
            return false;
        }
        folder->parts = parts;
        folder->capacity = capacity;
    }
    path += strncmp(path, "./", 2) == 0 ? 2 : 0;
    folder->parts[folder->count] = (struct part){strdup(path), brat};
    return folder->parts[folder->count++].path != NULL;
}

/* False if out of memory. What cannot be looked into becomes a part too, so that it is named. */
static bool add_entry(struct el_reader *reader, FTS *walk, FTSENT *entry) {
    struct folder *folder = reader->state;
    bool only_brat = reader->options.format == EL_FORMAT_BRAT;
    bool hidden = entry->fts_level > 0 && entry->fts_name[0] == '.';
    if (entry->fts_info == FTS_D && hidden) {
        fts_set(walk, entry, FTS_SKIP);
        return true;
    }
    if (entry->fts_info == FTS_D) {
        entry->fts_number = look_into(entry->fts_path).annotations;
        return entry->fts_number == 0 || add_part(folder, entry->fts_path, true);
    }
    bool in_brat = entry->fts_parent->fts_number != 0 && is_part_of_brat(entry->fts_name);
    bool file =
        entry->fts_info == FTS_F || entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR;
    return hidden || in_brat || only_brat || !file || add_part(folder, entry->fts_path, false);
}

static bool list(struct el_reader *reader, struct el_error *err) {
    char *root = strdup(reader->input.name);
    size_t len = root != NULL ? strlen(root) : 0;
    while (len > 1 && root[len - 1] == '/') {
        root[--len] = '\0';
    }
    char *const roots[] = {root, NULL};
    FTS *walk = root != NULL ? fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name) : NULL;
    bool done = walk != NULL || el_fail_memory(err);
    FTSENT *entry;
    while (done && (entry = fts_read(walk)) != NULL) {
        done = add_entry(reader, walk, entry) || el_fail_memory(err);
    }
    if (walk != NULL) {
        fts_close(walk);
    }
    free(root);
    return done;
}

/* ---- Documents ---- */

/* A position becomes unique by the file's path before it, and so does a name within brat. */
static bool set_id(const struct part *part, struct el_document *document) {
    char number[24];
    snprintf(number, sizeof number, "%zu", document->position);
    if (part->brat) {
        document->id = el_arena_printf(&document->arena, "%s/%s", part->path, document->id);
    } else if (strcmp(document->id, number) == 0) {
        document->id = el_arena_printf(&document->arena, "%s:%s", part->path, number);
    }
    return document->id != NULL;
}

static void close_current(struct el_reader *reader) {
    struct folder *folder = reader->state;
    uint64_t done = 0, total = 0;
    el_reader_progress(folder->current, &done, &total);
    reader->input.done += done;
    el_reader_close(folder->current);
    folder->current = NULL;
}

/* Opens the next part. False with a message where it cannot be read, unless it is of no kind that
 * can: then it is passed over, and named. */
static bool open_part(struct el_reader *reader, struct el_error *err) {
    struct folder *folder = reader->state;
    const struct part *part = &folder->parts[folder->next++];
    struct el_read_options options = reader->options;
    options.format = part->brat ? EL_FORMAT_BRAT : options.format;
    if (el_reader_open(part->path, &options, &folder->current, err)) {
        return true;
    }
    folder->current = NULL;
    if (err->code == EL_ERR_CONFIG) {
        el_log(reader->options.log, EL_WARNING, "%s; it was left out", err->message);
        folder->skipped++;
        return true;
    }
    return false;
}

static int next(struct el_reader *reader, struct el_document **document, struct el_error *err) {
    struct folder *folder = reader->state;
    int got = 0;
    while (got == 0 && (folder->current != NULL || folder->next < folder->count)) {
        if (folder->current == NULL && !open_part(reader, err)) {
            got = -1;
        } else if (folder->current != NULL) {
            got = el_reader_next(folder->current, document, err);
        }
        if (got == 1 && !set_id(&folder->parts[folder->next - 1], *document)) {
            el_document_free(*document);
            el_fail_memory(err);
            got = -1;
        }
        if (folder->current != NULL && (got == 0 || (got == -1 && err->code != EL_ERR_FORMAT))) {
            close_current(reader);
        }
    }
    if (got == -1 && err->code != EL_ERR_MEMORY) {
        err->code = EL_ERR_FORMAT; /* the next part may be readable */
    }
    reader->count += got != 0;
    return got;
}

/* ---- The reader ---- */

static void close(struct el_reader *reader) {
    struct folder *folder = reader->state;
    if (folder->skipped > 0) {
        el_log(reader->options.log, EL_WARNING,
               "%s: %zu of %zu files %s left out, since they are of no kind that can be read",
               reader->input.name, folder->skipped, folder->count,
               folder->skipped == 1 ? "was" : "were");
    }
    el_reader_close(folder->current);
    for (size_t i = 0; i < folder->count; i++) {
        free(folder->parts[i].path);
    }
    free(folder->parts);
    free(folder);
}

static const struct el_format_entry entry = {.name = "folder", .next = next, .close = close};

bool el_folder_open(const char *path, const struct el_read_options *options, struct el_reader **out,
                    struct el_error *err) {
    struct el_reader *reader = calloc(1, sizeof *reader);
    struct folder *folder = calloc(1, sizeof *folder);
    char *name = strdup(path);
    if (reader == NULL || folder == NULL || name == NULL) {
        free(reader);
        free(folder);
        free(name);
        return el_fail_memory(err);
    }
    reader->input.name = name;
    reader->options = *options;
    reader->entry = &entry;
    reader->state = folder;
    if (!list(reader, err)) {
        el_reader_close(reader);
        return false;
    }
    *out = reader;
    return true;
}

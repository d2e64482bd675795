/* brat standoff: NAME.txt with the text and NAME.ann with lines "T1<tab>type start end<tab>text",
 * offsets in code points; or, in its place, NAME.a1 and NAME.a2 of the BioNLP shared tasks. A path
 * names a folder of such files, or either file of one pair.
 *
 * Fragments of a mention are read as one span where only white space lies between them, which is
 * how brat writes an entity over a line break; what becomes of other mentions in pieces is an
 * option. Relations, events, attributes and notes are passed over. A text without annotations is a
 * document that nobody has labelled. */
#include "base/array.h"
#include "base/file.h"
#include "base/new_file.h"
#include "corpus/format_private.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Reading ---- */

/* The names to read, without their endings. */
struct names {
    char *folder; /* "" or ends with '/' */
    char **items;
    size_t count, room, next;
};

static bool has_ending(const char *name, const char *ending) {
    size_t len = strlen(name), n = strlen(ending);
    return len > n && strcmp(name + len - n, ending) == 0;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void close_names(struct el_reader *reader) {
    struct names *names = reader->state;
    if (names != NULL) {
        for (size_t i = 0; i < names->count; i++) {
            free(names->items[i]);
        }
        free(names->items);
        free(names->folder);
        free(names);
    }
}

static bool add_name(struct names *names, const char *name, size_t len) {
    if (!EL_GROW(names->items, names->room, names->count + 1)) {
        return false;
    }
    names->items[names->count] = strndup(name, len);
    return names->items[names->count] != NULL && ++names->count > 0;
}

static bool list_folder(struct names *names, const char *path) {
    DIR *folder = opendir(path);
    struct dirent *entry;
    bool done = folder != NULL;
    while (done && (entry = readdir(folder)) != NULL) {
        if (has_ending(entry->d_name, ".ann") || has_ending(entry->d_name, ".txt")) {
            done = add_name(names, entry->d_name, strlen(entry->d_name) - 4);
        }
    }
    if (folder != NULL) {
        int problem = errno;
        closedir(folder);
        errno = problem;
    }
    if (names->count > 1) {
        qsort(names->items, names->count, sizeof *names->items, compare_names);
    }
    size_t kept = 0;
    for (size_t i = 0; i < names->count; i++) { /* each name comes twice */
        if (kept > 0 && strcmp(names->items[kept - 1], names->items[i]) == 0) {
            free(names->items[i]);
        } else {
            names->items[kept++] = names->items[i];
        }
    }
    names->count = kept;
    return done;
}

static bool open(struct el_reader *reader, struct el_error *err) {
    const char *path = reader->input.name, *slash = strrchr(path, '/');
    struct names *names = calloc(1, sizeof *names);
    struct stat info;
    reader->state = names;
    if (names == NULL) {
        return el_fail_memory(err);
    }
    bool is_folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode), done;
    if (is_folder) {
        done = asprintf(&names->folder, "%s%s", path,
                        slash != NULL && slash[1] == '\0' ? "" : "/") >= 0 &&
               list_folder(names, path);
    } else if (has_ending(path, ".ann") || has_ending(path, ".txt")) {
        const char *name = slash != NULL ? slash + 1 : path;
        names->folder = strndup(path, (size_t)(name - path));
        done = names->folder != NULL && add_name(names, name, strlen(name) - 4);
    } else {
        close_names(reader);
        return el_fail(err, EL_ERR_CONFIG,
                       "%s: brat is read from a folder, or from NAME.ann beside NAME.txt", path);
    }
    if (!done) {
        close_names(reader);
        return el_fail(err, EL_ERR_IO, "%s: cannot list: %s", path, strerror(errno));
    }
    if (names->count == 0) {
        close_names(reader);
        return el_fail(err, EL_ERR_FORMAT, "%s: the folder holds no .ann and .txt files", path);
    }
    return true;
}

/* What a line of annotation is read with. */
struct line {
    struct el_reader *reader;
    const struct el_input *input;
    struct el_document *document;
    struct el_offsets offsets;
    size_t capacity;
    struct el_error *err;
};

enum { MOST_PIECES = 64 };

static bool refuse(const struct line *line, const char *what) {
    return el_input_fail(line->input, line->input->line, 0, line->err, "%s", what);
}

/* "12 34" at `*at`; moves past it. */
static bool read_fragment(const struct line *line, const char **at, struct el_span *span) {
    char *end;
    unsigned long long start = strtoull(*at, &end, 10), stop;
    if (end == *at || strchr(" \t", *end) == NULL || **at < '0' || **at > '9') {
        return false;
    }
    const char *second = end + strspn(end, " \t");
    stop = strtoull(second, &end, 10);
    if (end == second || *second < '0' || *second > '9' || start > stop) {
        return false;
    }
    *at = end;
    return el_offsets_to_byte(&line->offsets, (size_t)start, &span->start) &&
           el_offsets_to_byte(&line->offsets, (size_t)stop, &span->end);
}

static bool is_gap(const char *text, size_t start, size_t end) {
    return start <= end && strspn(text + start, " \t\r\n") >= end - start;
}

static int by_start(const void *left, const void *right) {
    const struct el_span *a = left, *b = right;
    return (a->start > b->start) - (a->start < b->start);
}

/* In order, those with only white space between them as one; returns how many are left. */
static size_t join_pieces(const struct line *line, struct el_span *pieces, size_t count) {
    size_t kept = 0;
    qsort(pieces, count, sizeof *pieces, by_start);
    for (size_t i = 1; i < count; i++) {
        bool overlap = pieces[i].start < pieces[kept].end;
        if (overlap || is_gap(line->document->text, pieces[kept].end, pieces[i].start)) {
            pieces[kept].end = pieces[i].end > pieces[kept].end ? pieces[i].end : pieces[kept].end;
        } else {
            pieces[++kept] = pieces[i];
        }
    }
    return kept + 1;
}

/* "0 4;15 19" at `*at`, where pieces lie in the text; moves past it. 0 if that cannot be. */
static size_t read_pieces(const struct line *line, const char **at,
                          struct el_span pieces[MOST_PIECES]) {
    size_t count = 0;
    do {
        *at += count > 0;
        if (count == MOST_PIECES || !read_fragment(line, at, &pieces[count])) {
            return 0;
        }
        count++;
    } while (**at == ';');
    return join_pieces(line, pieces, count);
}

/* Moves both on as long as they are equal. White space counts as equal, and as nothing: brat writes
 * line breaks, and what lies between pieces, as one space. */
static void match_text(const char **quote, const char *text, size_t len) {
    const char *end = text + len;
    for (;;) {
        while (**quote == ' ' || **quote == '\t') {
            ++*quote;
        }
        while (text < end && strchr(" \t\r\n", *text) != NULL) {
            text++;
        }
        if (text == end || **quote != *text) {
            *quote = text == end ? *quote : NULL;
            return;
        }
        ++*quote;
        text++;
    }
}

static bool is_same_text(const char *quote, const char *text, const struct el_span *pieces,
                         size_t count) {
    for (size_t i = 0; quote != NULL && i < count; i++) {
        match_text(&quote, text + pieces[i].start, pieces[i].end - pieces[i].start);
    }
    return quote != NULL && *quote == '\0';
}

/* "T1<tab>type start end<tab>text"; other blanks between the first three will do. */
static bool read_entity(struct line *line, const char *text) {
    struct el_document *document = line->document;
    const char *type = text + strcspn(text, " \t");
    type += strspn(type, " \t");
    size_t type_len = strcspn(type, " \t");
    const char *at = type + type_len + strspn(type + type_len, " \t");
    struct el_span pieces[MOST_PIECES];
    if (type_len == 0 || *at < '0' || *at > '9') {
        return refuse(line, "an entity line must be \"T1<tab>type start end<tab>text\"");
    }
    size_t count = read_pieces(line, &at, pieces);
    if (count == 0) {
        return refuse(line, "start and end must be code points within the text, start before end");
    }
    struct el_span all = {pieces[0].start, pieces[count - 1].end};
    if (all.start == all.end) {
        el_reader_notice(line->reader, line->input, line->input->line,
                         "an annotation that marks no text was left out");
        return true;
    }
    if (*at == '\t' && !is_same_text(at + 1, document->text, pieces, count)) {
        return el_input_fail(
            line->input, line->input->line, 0, line->err,
            "the line says \"%s\", but its offsets hold \"%s\" in the .txt",
            el_excerpt(&document->arena, at + 1, strlen(at + 1)),
            el_excerpt(&document->arena, document->text + all.start, all.end - all.start));
    }
    struct el_entity entity = {.score = NAN};
    entity.type = el_arena_copy(&document->arena, type, type_len);
    return entity.type != NULL
               ? el_reader_add_pieces(line->reader, line->input, line->input->line, document,
                                      entity, pieces, count, &line->capacity, line->err)
               : el_fail_memory(line->err);
}

static bool read_annotations(struct el_reader *reader, struct el_input *input,
                             struct el_document *document, struct el_error *err) {
    struct line line = {.reader = reader,
                        .input = input,
                        .document = document,
                        .capacity = document->n_entities,
                        .err = err};
    char *text;
    size_t len;
    int got;
    if (!el_offsets_open(&line.offsets, &document->arena, document->text, document->text_len,
                         EL_UNIT_CODEPOINT)) {
        return el_fail_memory(err);
    }
    while ((got = el_input_line(input, &text, &len, err)) == 1) {
        if (text[0] == 'T' && !read_entity(&line, text)) {
            return false;
        }
    }
    document->labelled = true;
    el_document_sort_entities(document);
    return got == 0;
}

static bool open_part(struct el_reader *reader, const char *name, const char *ending,
                      struct el_input *input, struct el_error *err) {
    const struct names *names = reader->state;
    char *path = NULL;
    *input = (struct el_input){.max_bytes = reader->input.max_bytes,
                               .replace_invalid = reader->input.replace_invalid};
    if (asprintf(&path, "%s%s%s", names->folder, name, ending) < 0) {
        return el_fail_memory(err);
    }
    bool done = el_input_open(input, path, err);
    struct stat info;
    if (!done && stat(path, &info) != 0) {
        el_fail(err, EL_ERR_FORMAT,
                "%s is not there: brat is pairs of .txt and .ann (plain texts can be named one by "
                "one: %s*.txt)",
                path, names->folder);
    } else if (!done && err->code == EL_ERR_IO) {
        err->code = EL_ERR_FORMAT; /* the next pair may be there */
    }
    free(path);
    return done;
}

static bool has_part(const struct el_reader *reader, const char *name, const char *ending) {
    const struct names *names = reader->state;
    struct stat info;
    char *path = NULL;
    bool there =
        asprintf(&path, "%s%s%s", names->folder, name, ending) >= 0 && stat(path, &info) == 0;
    free(path);
    return there;
}

static bool read_text(struct el_reader *reader, const char *name, struct el_document *document,
                      struct el_error *err) {
    struct el_input input;
    char *text;
    size_t len;
    if (!open_part(reader, name, ".txt", &input, err)) {
        return false;
    }
    bool done = el_input_rest(&input, &text, &len, err);
    if (done) {
        document->id = el_arena_string(&document->arena, name);
        document->text = el_arena_copy(&document->arena, text, len);
        document->text_len = len;
        done = (document->id != NULL && document->text != NULL) || el_fail_memory(err);
    }
    reader->input.done += input.done;
    el_input_close(&input);
    return done;
}

static bool fill(struct el_reader *reader, const char *name, struct el_document *document,
                 struct el_error *err) {
    static const char *const endings[] = {".ann", ".a1", ".a2"};
    bool any = false;
    if (!read_text(reader, name, document, err)) {
        return false;
    }
    for (size_t i = 0; i < 3 && (i == 0 || !any || i == 2); i++) {
        struct el_input input;
        if (!has_part(reader, name, endings[i])) {
            continue;
        }
        if (!open_part(reader, name, endings[i], &input, err)) {
            return false;
        }
        bool done = read_annotations(reader, &input, document, err);
        reader->input.done += input.done;
        el_input_close(&input);
        if (!done) {
            return false;
        }
        any = true;
    }
    if (!any) {
        el_reader_notice(reader, NULL, 0,
                         "%s.txt has no %s.ann; it was read as a text without labels", name, name);
    }
    return true;
}

static int next(struct el_reader *reader, struct el_document **out, struct el_error *err) {
    struct names *names = reader->state;
    if (names->next == names->count) {
        return 0;
    }
    struct el_document *document = el_reader_document(reader, 1);
    if (document == NULL) {
        el_fail_memory(err);
        return -1;
    }
    if (!fill(reader, names->items[names->next++], document, err)) {
        el_document_free(document);
        return -1;
    }
    *out = document;
    return 1;
}

/* ---- Writing ---- */

static bool begin(struct el_writer *writer, struct el_error *err) {
    const char *path = writer->options.path;
    if (path == NULL || strcmp(path, "-") == 0) {
        return el_fail(err, EL_ERR_CONFIG,
                       "brat needs two files a document: name a folder with -o FOLDER");
    }
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        return el_fail(err, EL_ERR_IO, "%s: cannot make the folder: %s", path, strerror(errno));
    }
    writer->state = json_object(); /* names given so far, and how often */
    return writer->state != NULL || el_fail_memory(err);
}

static void release(struct el_writer *writer) {
    json_decref(writer->state);
}

/* A file name of the id, another one each time. NULL if out of memory. */
static char *make_name(struct el_writer *writer, const char *id) {
    char *stem = el_arena_printf(&writer->scratch, "%.200s", id), *name = stem;
    if (stem == NULL) {
        return NULL;
    }
    stem[el_utf8_valid_prefix(stem, strlen(stem))] = '\0';
    if (has_ending(stem, ".txt")) { /* a plain file's name was its id */
        stem[strlen(stem) - 4] = '\0';
    }
    for (char *c = stem; *c != '\0'; c++) {
        *c = *c == '/' || (unsigned char)*c < ' ' || (c == stem && *c == '.') ? '_' : *c;
    }
    name = stem = *stem == '\0' ? el_arena_string(&writer->scratch, "_") : stem;
    while (name != NULL) {
        json_int_t times = json_integer_value(json_object_get(writer->state, name)) + 1;
        if (json_object_set_new(writer->state, name, json_integer(times)) != 0) {
            return NULL;
        }
        if (times == 1) {
            return name;
        }
        name = stem = el_arena_printf(&writer->scratch, "%s-%lld", stem, (long long)times);
    }
    return NULL;
}

static bool write_file(struct el_writer *writer, const char *name, const char *ending,
                       const char *bytes, size_t len, struct el_error *err) {
    char *path = el_arena_printf(&writer->scratch, "%s/%s%s", writer->options.path, name, ending);
    if (path == NULL) {
        return el_fail_memory(err);
    }
    struct el_new_file file;
    if (!el_new_file_open(&file, path, err)) {
        return false;
    }
    bool done = (el_write_all(file.fd, bytes, len) ||
                 el_fail(err, EL_ERR_IO, "%s: cannot write: %s", path, strerror(errno))) &&
                el_new_file_publish(&file, err);
    el_new_file_close(&file);
    return done;
}

/* Type names of brat have no spaces. */
static void append_type(struct el_buffer *out, const char *type) {
    for (; *type != '\0'; type++) {
        el_buffer_char(out, strchr(" \t\r\n;", *type) != NULL ? '_' : *type);
    }
}

static void append_entity(struct el_buffer *out, const struct el_document *document,
                          const struct el_entity *entity, const struct el_offsets *offsets,
                          size_t number) {
    const char *text = document->text;
    el_buffer_printf(out, "T%zu\t", number);
    append_type(out, entity->type);
    char separator = ' ';
    for (size_t at = entity->span.start; at < entity->span.end;) {
        size_t end = at + strcspn(text + at, "\r\n");
        end = end < entity->span.end ? end : entity->span.end;
        if (end > at) {
            el_buffer_printf(out, "%c%zu %zu", separator, el_offsets_of_byte(offsets, at),
                             el_offsets_of_byte(offsets, end));
            separator = ';';
        }
        at = end + strspn(text + end, "\r\n");
    }
    el_buffer_char(out, '\t');
    for (size_t i = entity->span.start; i < entity->span.end; i++) {
        el_buffer_char(out, strchr("\t\r\n", text[i]) != NULL ? ' ' : text[i]);
    }
    el_buffer_char(out, '\n');
}

static bool write_document(struct el_writer *writer, const struct el_document *document,
                           struct el_error *err) {
    struct el_offsets offsets;
    struct el_buffer lines = {0};
    char *name = make_name(writer, document->id);
    if (name == NULL || !el_offsets_open(&offsets, &writer->scratch, document->text,
                                         document->text_len, EL_UNIT_CODEPOINT)) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < document->n_entities; i++) {
        append_entity(&lines, document, &document->entities[i], &offsets, i + 1);
    }
    bool done = (!lines.failed || el_fail_memory(err)) &&
                write_file(writer, name, ".txt", document->text, document->text_len, err) &&
                write_file(writer, name, ".ann", lines.data, lines.len, err);
    el_buffer_free(&lines);
    return done;
}

const struct el_format_entry el_format_brat = {
    .name = "brat",
    .endings = ".ann",
    .many_files = true,
    .open = open,
    .next = next,
    .close = close_names,
    .begin = begin,
    .write = write_document,
    .release = release,
};

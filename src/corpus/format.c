#include "corpus/format.h"

#include "base/packed.h"
#include "base/ascii.h"
#include "corpus/flat.h"
#include "corpus/format_private.h"
#include "corpus/label_names.h"
#include "corpus/not_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Each is defined in a file of its own. */
extern const struct el_format_entry el_format_text, el_format_jsonl, el_format_conll,
    el_format_conllu, el_format_doccano, el_format_spacy, el_format_labelstudio, el_format_nested,
    el_format_brat, el_format_webanno, el_format_html, el_format_terminal, el_format_csv,
    el_format_tsv, el_format_entities;

static const struct el_format_entry *const entries[] = {
    [EL_FORMAT_TEXT] = &el_format_text,
    [EL_FORMAT_JSONL] = &el_format_jsonl,
    [EL_FORMAT_CONLL] = &el_format_conll,
    [EL_FORMAT_CONLLU] = &el_format_conllu,
    [EL_FORMAT_DOCCANO] = &el_format_doccano,
    [EL_FORMAT_SPACY] = &el_format_spacy,
    [EL_FORMAT_LABELSTUDIO] = &el_format_labelstudio,
    [EL_FORMAT_NESTED] = &el_format_nested,
    [EL_FORMAT_CSV] = &el_format_csv,
    [EL_FORMAT_TSV] = &el_format_tsv,
    [EL_FORMAT_ENTITIES] = &el_format_entities,
    [EL_FORMAT_BRAT] = &el_format_brat,
    [EL_FORMAT_WEBANNO] = &el_format_webanno,
    [EL_FORMAT_HTML] = &el_format_html,
    [EL_FORMAT_TERMINAL] = &el_format_terminal,
};
enum { N_ENTRIES = sizeof entries / sizeof *entries };

/* ---- Names ---- */

/* The same but for case, hyphens, underscores and blanks. */
static bool same_name(const char *a, const char *b) {
    static const char between[] = "-_ ";
    for (;; a++, b++) {
        a += strspn(a, between);
        b += strspn(b, between);
        if (el_ascii_lower(*a) != el_ascii_lower(*b)) {
            return false;
        }
        if (*a == '\0') {
            return true;
        }
    }
}

bool el_format_from_name(const char *name, enum el_format *format) {
    static const struct {
        const char *name;
        enum el_format format;
    } others[] = {
        {"txt", EL_FORMAT_TEXT},       {"plain", EL_FORMAT_TEXT},
        {"ndjson", EL_FORMAT_JSONL},   {"jsonlines", EL_FORMAT_JSONL},
        {"bio", EL_FORMAT_CONLL},      {"iob", EL_FORMAT_CONLL},
        {"iob2", EL_FORMAT_CONLL},     {"conll2003", EL_FORMAT_CONLL},
        {"conllup", EL_FORMAT_CONLLU}, {"conlluplus", EL_FORMAT_CONLLU},
        {"prodigy", EL_FORMAT_SPACY},  {"standoff", EL_FORMAT_BRAT},
        {"ann", EL_FORMAT_BRAT},       {"inception", EL_FORMAT_WEBANNO},
        {"tsv3", EL_FORMAT_WEBANNO},   {"webannotsv", EL_FORMAT_WEBANNO},
        {"htm", EL_FORMAT_HTML},       {"ansi", EL_FORMAT_TERMINAL},
    };
    for (size_t i = 0; i < N_ENTRIES; i++) {
        if (entries[i] != NULL && same_name(entries[i]->name, name)) {
            *format = (enum el_format)i;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (same_name(others[i].name, name)) {
            *format = others[i].format;
            return true;
        }
    }
    return false;
}

const char *el_format_name(enum el_format format) {
    return (size_t)format < N_ENTRIES && entries[format] != NULL ? entries[format]->name : "auto";
}

void el_format_names(bool writable, char *names, size_t size) {
    size_t len = 0;
    names[0] = '\0';
    for (size_t i = 0; i < N_ENTRIES && len < size; i++) {
        if (writable ? el_format_can_write((enum el_format)i)
                     : el_format_can_read((enum el_format)i)) {
            len += (size_t)snprintf(names + len, size - len, "%s%s", len == 0 ? "" : ", ",
                                    entries[i]->name);
        }
    }
}

void el_format_endings(char *endings, size_t size) {
    size_t len = 0;
    endings[0] = '\0';
    for (size_t i = 0; i < N_ENTRIES && len < size; i++) {
        const char *known = el_format_can_write((enum el_format)i) ? entries[i]->endings : "";
        if (*known != '\0' && !entries[i]->many_files) {
            len += (size_t)snprintf(endings + len, size - len, "%s%.*s", len == 0 ? "" : " ",
                                    (int)strcspn(known, " "), known);
        }
    }
}

enum el_format el_format_from_path(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    size_t name_len;
    el_packing_of_name(name, &name_len);
    const char *dot = memrchr(name, '.', name_len);
    size_t len = dot != NULL ? name_len - (size_t)(dot - name) : 0;
    for (size_t i = 0; len > 1 && i < N_ENTRIES; i++) {
        const char *at = entries[i] != NULL ? entries[i]->endings : NULL;
        for (; at != NULL && *at != '\0'; at += strcspn(at, " ")) {
            at += strspn(at, " ");
            if (el_ascii_begins(at, dot, len) && (at[len] == ' ' || at[len] == '\0')) {
                return (enum el_format)i;
            }
        }
    }
    return EL_FORMAT_AUTO;
}

bool el_format_can_read(enum el_format format) {
    return (size_t)format < N_ENTRIES && entries[format] != NULL && entries[format]->next != NULL;
}

bool el_format_is_folder(enum el_format format) {
    return el_format_can_write(format) && entries[format]->many_files;
}

bool el_format_can_write(enum el_format format) {
    return (size_t)format < N_ENTRIES && entries[format] != NULL && entries[format]->write != NULL;
}

/* ---- Readers ---- */

/* May the content overrule the ending? */
static bool is_shared(enum el_format ending) {
    return ending == EL_FORMAT_AUTO || ending == EL_FORMAT_JSONL || ending == EL_FORMAT_CONLL ||
           ending == EL_FORMAT_TEXT || ending == EL_FORMAT_TSV;
}

static const size_t LARGEST_DOCUMENT = (size_t)256 << 20;

/* Can the reader's format be read from its input? Markup that nobody said how to read cannot. */
static bool check_format(const struct el_reader *reader, enum el_format told,
                         struct el_error *err) {
    const struct el_input *input = &reader->input;
    enum el_format format = reader->options.format;
    bool readable = el_format_can_read(format);
    size_t len = 0;
    const char *text = input->file != NULL ? el_input_peek(input, &len) : "";
    if (told == EL_FORMAT_AUTO && (format == EL_FORMAT_TEXT || format == EL_FORMAT_HTML)) {
        char what[EL_UNREADABLE_ROOM];
        if (el_unreadable(text, len, input->name, true, what, sizeof what)) {
            return el_fail(err, EL_ERR_CONFIG, "%s: %s (--from text reads it as it is)",
                           input->name, what);
        }
    }
    return (readable && (input->file == NULL || !reader->entry->many_files)) ||
           el_fail(err, EL_ERR_CONFIG, "%s: the format \"%s\" cannot be read%s", input->name,
                   el_format_name(format), readable ? " from one stream; name a folder" : "");
}

/* Takes the opened input over. `format` is what was told or the path says. */
static bool start_reader(struct el_input *input, enum el_format format,
                         const struct el_read_options *options, struct el_reader **out,
                         struct el_error *err) {
    struct el_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        el_input_close(input);
        return el_fail_memory(err);
    }
    reader->input = *input;
    reader->options = *options;
    if (options->format == EL_FORMAT_AUTO && is_shared(format)) {
        format = el_recognise(input, format);
    }
    reader->options.format = format;
    reader->entry = (size_t)format < N_ENTRIES ? entries[format] : NULL;
    bool done = check_format(reader, options->format, err);
    if (done && options->label_names != NULL) {
        reader->label_names = el_label_names_read(options->label_names, err);
        done = reader->label_names != NULL;
        err->code = !done && err->code != EL_ERR_MEMORY ? EL_ERR_CONFIG : err->code;
    }
    if (!done || (reader->entry->open != NULL && !reader->entry->open(reader, err))) {
        json_decref(reader->label_names);
        el_input_close(&reader->input);
        free(reader);
        return false;
    }
    if (options->formats != NULL) {
        *options->formats |= 1U << format;
    }
    *out = reader;
    return true;
}

static struct el_input new_input(const struct el_read_options *options) {
    return (struct el_input){
        .max_bytes = options->max_document != 0 ? options->max_document : LARGEST_DOCUMENT,
        .replace_invalid = options->replace_invalid,
    };
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool el_reader_open(const char *path, const struct el_read_options *options,
                    struct el_reader **reader, struct el_error *err) {
    struct el_input input = new_input(options);
    enum el_format format =
        options->format != EL_FORMAT_AUTO ? options->format : el_format_from_path(path);
    if (is_folder(path) && !el_folder_is_brat(path, options->format)) {
        return el_folder_open(path, options, reader, err);
    }
    if (options->format == EL_FORMAT_AUTO && is_folder(path)) {
        format = EL_FORMAT_BRAT;
    }
    bool named = el_format_can_read(format) && entries[format]->many_files;
    if (named && strcmp(path, "-") != 0) {
        input.name = strdup(path);
        return input.name != NULL ? start_reader(&input, format, options, reader, err)
                                  : el_fail_memory(err);
    }
    return el_input_open(&input, path, err) && start_reader(&input, format, options, reader, err);
}

bool el_reader_open_file(FILE *file, const char *name, const struct el_read_options *options,
                         struct el_reader **reader, struct el_error *err) {
    struct el_input input = new_input(options);
    return el_input_open_file(&input, file, name, err) &&
           start_reader(&input, options->format, options, reader, err);
}

enum el_format el_reader_format(const struct el_reader *reader) {
    return reader->options.format;
}

int el_reader_next(struct el_reader *reader, struct el_document **document, struct el_error *err) {
    struct el_error unseen;
    err = err != NULL ? err : &unseen; /* its code decides whether reading can go on */
    if (reader->ended) {
        return 0;
    }
    int result = reader->entry->next(reader, document, err);
    if (result == -1 && err->code != EL_ERR_FORMAT) {
        reader->ended = true;
    }
    if (result == 0) {
        reader->ended = true;
        if (reader->count == 0) {
            el_input_fail(&reader->input, 0, 0, err,
                          reader->input.done == 0 ? "is empty" : "holds no documents");
            return -1;
        }
    }
    return result;
}

void el_reader_progress(const struct el_reader *reader, uint64_t *done, uint64_t *total) {
    el_input_progress(&reader->input, done, total);
}

void el_reader_close(struct el_reader *reader) {
    if (reader != NULL) {
        el_reader_give_notice(reader);
        if (reader->entry->close != NULL) {
            reader->entry->close(reader);
        }
        json_decref(reader->label_names);
        el_input_close(&reader->input);
        free(reader);
    }
}

struct el_document *el_reader_document(struct el_reader *reader, size_t line) {
    struct el_document *document = el_document_new();
    reader->count++;
    if (document != NULL) {
        document->line = line;
        document->position = reader->count;
        document->text = "";
        document->id = el_arena_printf(&document->arena, "%zu", reader->count);
        if (document->id == NULL) {
            el_document_free(document);
            document = NULL;
        }
    }
    return document;
}

const char *el_excerpt(struct el_arena *arena, const char *text, size_t len) {
    enum { LONGEST = 60 };
    size_t shown = len;
    if (len > LONGEST) {
        shown = LONGEST;
        while (shown > 0 && ((unsigned char)text[shown] & 0xC0) == 0x80) {
            shown--;
        }
    }
    char *copy = el_arena_printf(arena, "%.*s%s", (int)shown, text, shown < len ? "..." : "");
    return copy != NULL ? copy : "";
}

/* ---- Writers ---- */

/* Hand what is in the buffer to the file. */
static bool flush(struct el_writer *writer, struct el_error *err) {
    bool done = true;
    if (writer->out.failed) {
        done = el_fail_memory(err);
    } else if (writer->out.len > 0 &&
               (fwrite(writer->out.data, 1, writer->out.len, writer->file) != writer->out.len ||
                fflush(writer->file) != 0)) {
        done = el_fail(err, EL_ERR_IO, "cannot write the output: %s", strerror(errno));
    }
    el_buffer_clear(&writer->out);
    el_arena_free(&writer->scratch);
    return done;
}

static void release(struct el_writer *writer) {
    if (writer->entry->release != NULL) {
        writer->entry->release(writer);
    }
    el_buffer_free(&writer->out);
    el_arena_free(&writer->scratch);
    free(writer);
}

bool el_writer_open(FILE *file, const struct el_write_options *options, struct el_writer **out,
                    struct el_error *err) {
    enum el_format format = options->format;
    const struct el_format_entry *entry = (size_t)format < N_ENTRIES ? entries[format] : NULL;
    if (entry == NULL || entry->write == NULL) {
        return el_fail(err, EL_ERR_CONFIG, "the format \"%s\" can be read, but not written",
                       el_format_name(format));
    }
    struct el_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return el_fail_memory(err);
    }
    writer->file = file;
    writer->options = *options;
    writer->entry = entry;
    if (entry->begin != NULL && !(entry->begin(writer, err) && flush(writer, err))) {
        release(writer);
        return false;
    }
    *out = writer;
    return true;
}

bool el_writer_write(struct el_writer *writer, const struct el_document *document,
                     struct el_error *err) {
    if (!writer->entry->write(writer, document, err)) {
        el_buffer_clear(&writer->out);
        el_arena_free(&writer->scratch);
        return false;
    }
    writer->count++;
    return flush(writer, err);
}

void el_writer_account(const struct el_writer *writer, size_t *widened, size_t *dropped) {
    *widened = writer->widened;
    *dropped = writer->dropped;
}

bool el_writer_close(struct el_writer *writer, struct el_error *err) {
    bool done =
        writer->entry->end == NULL || (writer->entry->end(writer, err) && flush(writer, err));
    release(writer);
    return done;
}

bool el_writer_tokens(struct el_writer *writer, const struct el_document *document,
                      struct el_spans *tokens, struct el_error *err) {
    if (document->n_tokens > 0) {
        tokens->items = (struct el_span *)document->tokens;
        tokens->count = document->n_tokens;
        return true;
    }
    return el_segment_words(&writer->scratch, document->text, document->text_len, document->lang,
                            tokens, err);
}

bool el_writer_flat_entities(struct el_writer *writer, const struct el_document *document,
                             const char *format, const struct el_entity **entities, size_t *count,
                             struct el_error *err) {
    const struct el_entity *first, *second;
    *entities = document->entities;
    *count = document->n_entities;
    if (!el_document_overlap(document, &first, &second)) {
        return true;
    }
    struct el_arena *arena = &writer->scratch;
    if (!writer->options.flat) {
        return el_fail(err, EL_ERR_FORMAT,
                       "document \"%s\": the entities \"%s\" (%s) and \"%s\" (%s) overlap, which "
                       "%s cannot say; use --flat to keep the better one, or a format that can "
                       "(jsonl)",
                       document->id,
                       el_excerpt(arena, document->text + first->span.start,
                                  first->span.end - first->span.start),
                       first->type,
                       el_excerpt(arena, document->text + second->span.start,
                                  second->span.end - second->span.start),
                       second->type, format);
    }
    struct el_entity *copy = el_arena_array(arena, document->n_entities, sizeof *copy);
    if (copy == NULL) {
        return el_fail_memory(err);
    }
    memcpy(copy, document->entities, document->n_entities * sizeof *copy);
    if (!el_flatten(arena, copy, count, NULL)) {
        return el_fail_memory(err);
    }
    *entities = copy;
    writer->dropped += document->n_entities - *count;
    return true;
}

bool el_writer_has_labels(const struct el_writer *writer, const struct el_document *document) {
    return document->labelled || document->n_entities > 0 || writer->options.members != NULL;
}

/* Documents from files and bytes, and to them. */
#include "api/el4ner_private.h"

#include "base/array.h"
#include "base/new_file.h"
#include "base/packed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct el4ner_reader {
    struct reading reading;
    struct el_reader *reader;
    FILE *bytes; /* NULL = a file by name */
};

struct el4ner_writer {
    struct el_arena arena;
    struct messages messages;
    struct el_log log;
    struct el_write_options options;
    struct el_writer *writer; /* opened for the first document, which tells who voted */
    struct el_new_file new;
    FILE *file;
    const char *path; /* NULL = memory */
    struct el_buffer bytes;
    bool given, finished; /* given: the bytes have been asked for */
};

static void say(void *context, enum el_level level, const char *message) {
    const struct messages *messages = context;
    if (messages->write != NULL) {
        messages->write(messages->context, level_of(level), message);
    }
}

/* ---- words ---- */

static bool take_word(const char *what, const char *word, const char *const *words,
                      unsigned *number, struct el_error *err) {
    struct el_buffer list = {0};
    if (word == NULL) {
        return true;
    }
    for (unsigned i = 0; words[i] != NULL; i++) {
        if (strcmp(word, words[i]) == 0) {
            *number = i;
            return true;
        }
        el_buffer_printf(&list, "%s%s", list.len > 0 ? ", " : "", words[i]);
    }
    el_fail(err, EL_ERR_CONFIG, "%s must be one of %s, not \"%s\"", what,
            list.data != NULL ? list.data : "", word);
    el_buffer_free(&list);
    return false;
}

bool take_scheme(const char *word, enum el_scheme *scheme, struct el_error *err) {
    static const char *const words[] = {"auto", "iob1", "iob2", "bioes", NULL};
    unsigned number = *scheme;
    bool ok = take_word("scheme", word, words, &number, err);
    *scheme = (enum el_scheme)number;
    return ok;
}

static bool take_format(const char *name, bool writable, enum el_format *format,
                        struct el_error *err) {
    if (name == NULL) {
        return true;
    }
    if (!el_format_from_name(name, format) ||
        !(writable ? el_format_can_write(*format) : el_format_can_read(*format))) {
        char names[256];
        el_format_names(writable, names, sizeof names);
        return el_fail(err, EL_ERR_CONFIG, "format must be one of %s, not \"%s\"", names, name);
    }
    return true;
}

static bool take_unit(const char *name, bool tokens, enum el_unit *unit, struct el_error *err) {
    if (name != NULL && (!el_unit_from_name(name, unit) || (*unit == EL_UNIT_TOKEN && !tokens))) {
        return el_fail(err, EL_ERR_CONFIG,
                       "offsets must be codepoint, byte, utf16 or token, not "
                       "\"%s\"",
                       name);
    }
    return true;
}

static bool keep(struct el_arena *arena, const char *text, const char **kept,
                 struct el_error *err) {
    *kept = text == NULL ? NULL : el_arena_string(arena, text);
    return text == NULL || *kept != NULL || el_fail_memory(err);
}

static const char *const end_words[] = {"auto", "exclusive", "inclusive", NULL};

/* ---- reading ---- */

bool begin_reading(struct reading *reading, const struct el4ner_read_options *given,
                   struct el_error *err) {
    static const char *const pieces[] = {"drop", "join", "split", "fail", NULL};
    const size_t first =
        offsetof(struct el4ner_read_options, log_context) + sizeof given->log_context;
    struct el4ner_read_options options;
    unsigned ends = 0, piece = 0;
    if (!take_struct(given, first, &options, sizeof options, "an option of reading", err)) {
        return false;
    }
    struct el_read_options *out = &reading->options;
    reading->messages = (struct messages){options.log, options.log_context};
    reading->log = (struct el_log){say, &reading->messages};
    *out = (struct el_read_options){.has_input_unit = options.offsets != NULL,
                                    .token_column = options.token_column,
                                    .tag_column = options.tag_column,
                                    .annotator = options.annotator,
                                    .replace_invalid = options.replace_invalid,
                                    .max_document = options.most_bytes,
                                    .log = &reading->log};
    bool ok = take_format(options.format, false, &out->format, err) &&
              take_unit(options.offsets, true, &out->input_unit, err) &&
              take_scheme(options.scheme, &out->scheme, err) &&
              take_word("ends", options.ends, end_words, &ends, err) &&
              take_word("pieces", options.pieces, pieces, &piece, err) &&
              keep(&reading->arena, options.text_field, &out->text_column, err) &&
              keep(&reading->arena, options.id_field, &out->id_column, err) &&
              keep(&reading->arena, options.labels, &out->label_names, err);
    out->ends = (enum el_ends)ends;
    out->pieces = (enum el_in_pieces)piece;
    return ok;
}

void end_reading(struct reading *reading) {
    el_arena_free(&reading->arena);
}

static el4ner_reader *open_reader(const char *path, const char *bytes, size_t length,
                                  const struct el4ner_read_options *given,
                                  struct el4ner_error *error) {
    struct el_error err = {0};
    el4ner_reader *reader = calloc(1, sizeof *reader);
    bool ok = reader != NULL || el_fail_memory(&err);
    ok = ok && begin_reading(&reader->reading, given, &err);
    if (ok && bytes != NULL) {
        /* An empty stream cannot be had of no bytes. */
        reader->bytes =
            length > 0 ? fmemopen((void *)bytes, length, "rb") : fopen("/dev/null", "rb");
        ok = reader->bytes != NULL || el_fail_memory(&err);
        ok = ok && el_reader_open_file(reader->bytes, path, &reader->reading.options,
                                       &reader->reader, &err);
    } else if (ok) {
        ok = el_reader_open(path, &reader->reading.options, &reader->reader, &err);
    }
    if (!ok) {
        if (reader != NULL) {
            reader->reader = NULL;
        }
        el4ner_reader_close(reader);
        return give_error(error, &err);
    }
    return reader;
}

el4ner_reader *el4ner_reader_open(const char *path, const struct el4ner_read_options *options,
                                  struct el4ner_error *error) {
    return open_reader(path, NULL, 0, options, error);
}

el4ner_reader *el4ner_reader_open_bytes(const char *bytes, size_t length, const char *name,
                                        const struct el4ner_read_options *options,
                                        struct el4ner_error *error) {
    return open_reader(name != NULL ? name : "the bytes", bytes != NULL ? bytes : "", length,
                       options, error);
}

el4ner_result *el4ner_read(el4ner_reader *reader, struct el4ner_error *error) {
    struct el_error err = {0};
    struct el_document *document = NULL;
    el4ner_result *result = NULL;
    if (el_reader_next(reader->reader, &document, &err) > 0) {
        result = result_of(document, NULL, 0);
        if (result == NULL) {
            el_fail_memory(&err);
        }
    }
    give_error(error, &err);
    return result;
}

void el4ner_reader_close(el4ner_reader *reader) {
    if (reader != NULL) {
        if (reader->reader != NULL) {
            el_reader_close(reader->reader);
        }
        if (reader->bytes != NULL) {
            fclose(reader->bytes);
        }
        end_reading(&reader->reading);
        free(reader);
    }
}

/* ---- writing ---- */

static ssize_t append(void *context, const char *bytes, size_t size) {
    el4ner_writer *writer = context;
    if (writer->given) {
        el_buffer_clear(&writer->bytes);
        writer->given = false;
    }
    el_buffer_append(&writer->bytes, bytes, size);
    if (writer->bytes.failed) {
        errno = ENOMEM;
        return 0;
    }
    return (ssize_t)size;
}

static bool take_write_options(el4ner_writer *writer, const struct el4ner_write_options *given,
                               struct el_error *err) {
    const size_t first =
        offsetof(struct el4ner_write_options, log_context) + sizeof given->log_context;
    struct el4ner_write_options options;
    struct el_write_options *out = &writer->options;
    unsigned ends = 0;
    if (!take_struct(given, first, &options, sizeof options, "an option of writing", err)) {
        return false;
    }
    writer->messages = (struct messages){options.log, options.log_context};
    writer->log = (struct el_log){say, &writer->messages};
    *out =
        (struct el_write_options){.flat = options.flat, .log = &writer->log, .path = writer->path};
    bool ok = take_format(options.format, true, &out->format, err) &&
              take_unit(options.offsets, true, &out->unit, err) &&
              take_word("ends", options.ends, end_words, &ends, err);
    out->ends = (enum el_ends)ends;
    if (options.format == NULL) {
        out->format = writer->path != NULL ? el_format_from_path(writer->path) : EL_FORMAT_JSONL;
        out->format = out->format == EL_FORMAT_AUTO ? EL_FORMAT_JSONL : out->format;
    }
    return ok;
}

static bool open_file(el4ner_writer *writer, struct el_error *err) {
    const cookie_io_functions_t functions = {.write = append};
    size_t length;
    if (el_format_is_folder(writer->options.format)) {
        return writer->path != NULL ||
               el_fail(err, EL_ERR_CONFIG, "the format %s is a folder of files; give a path",
                       el_format_name(writer->options.format));
    }
    if (writer->path == NULL) {
        writer->file = fopencookie(writer, "wb", functions);
        return writer->file != NULL || el_fail_memory(err);
    }
    enum el_packing packing = el_packing_of_name(writer->path, &length);
    if (!el_new_file_open(&writer->new, writer->path, err)) {
        return false;
    }
    int fd = dup(writer->new.fd);
    writer->file = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (writer->file == NULL) {
        el_fail(err, EL_ERR_IO, "cannot write %s: %s", writer->path, strerror(errno));
        return fd < 0 ? false : (close(fd), false);
    }
    if (packing != EL_PACKING_NONE) {
        writer->file = el_pack_file(writer->file, packing, err);
    }
    return writer->file != NULL;
}

el4ner_writer *el4ner_writer_open(const char *path, const struct el4ner_write_options *options,
                                  struct el4ner_error *error) {
    struct el_error err = {0};
    el4ner_writer *writer = calloc(1, sizeof *writer);
    bool ok = writer != NULL || el_fail_memory(&err);
    if (ok) {
        writer->new.fd = -1;
    }
    ok = ok && keep(&writer->arena, path, &writer->path, &err) &&
         take_write_options(writer, options, &err) && open_file(writer, &err);
    if (!ok) {
        el4ner_writer_close(writer);
        return give_error(error, &err);
    }
    return writer;
}

/* Evidence is written by the names of the first document's members: others must have the same. */
static bool begin(el4ner_writer *writer, const el4ner_result *first, struct el_error *err) {
    size_t n = first != NULL ? first->n_members : 0;
    const char **members = el_arena_array(&writer->arena, n, sizeof *members);
    if (members == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < n; i++) {
        if (!keep(&writer->arena, first->members[i], &members[i], err)) {
            return false;
        }
    }
    writer->options.members = n > 0 ? members : NULL;
    writer->options.n_members = n;
    return el_writer_open(writer->file, &writer->options, &writer->writer, err);
}

static bool fits(const el4ner_writer *writer, const el4ner_result *result, struct el_error *err) {
    const struct el_write_options *options = &writer->options;
    bool same = options->n_members == result->n_members;
    for (size_t i = 0; same && i < options->n_members; i++) {
        same = strcmp(options->members[i], result->members[i]) == 0;
    }
    return same || el_fail(err, EL_ERR_CONFIG,
                           "document %s comes from other members than the first one that was "
                           "written; use another writer",
                           result->document->id);
}

bool el4ner_write(el4ner_writer *writer, const el4ner_result *result, struct el4ner_error *error) {
    struct el_error err = {0};
    bool ok = !writer->finished || el_fail(&err, EL_ERR_CONFIG, "the writer is finished");
    ok = ok && (writer->writer != NULL || begin(writer, result, &err)) &&
         fits(writer, result, &err) && el_writer_write(writer->writer, result->document, &err);
    give_error(error, &err);
    return ok;
}

static bool publish(el4ner_writer *writer, struct el_error *err) {
    bool ok = writer->file == NULL || fclose(writer->file) == 0 ||
              el_fail(err, EL_ERR_IO, "cannot write %s: %s",
                      writer->path != NULL ? writer->path : "to memory", strerror(errno));
    writer->file = NULL;
    return ok && (writer->new.fd < 0 || el_new_file_publish(&writer->new, err));
}

bool el4ner_writer_finish(el4ner_writer *writer, struct el4ner_error *error) {
    struct el_error err = {0};
    bool ok = !writer->finished || el_fail(&err, EL_ERR_CONFIG, "the writer is finished");
    ok = ok && (writer->writer != NULL || begin(writer, NULL, &err));
    if (ok) {
        ok = el_writer_close(writer->writer, &err);
        writer->writer = NULL;
        writer->finished = true;
    }
    ok = ok && publish(writer, &err);
    give_error(error, &err);
    return ok;
}

const char *el4ner_writer_bytes(el4ner_writer *writer, size_t *length) {
    bool known = writer->given; /* and nothing has been added */
    writer->given = true;
    *length = known ? 0 : writer->bytes.len;
    return known || writer->bytes.data == NULL ? "" : writer->bytes.data;
}

void el4ner_writer_close(el4ner_writer *writer) {
    struct el_error ignored;
    if (writer == NULL) {
        return;
    }
    if (writer->writer != NULL) {
        el_writer_close(writer->writer, &ignored);
    }
    if (writer->file != NULL) {
        fclose(writer->file);
    }
    el_new_file_close(&writer->new);
    el_buffer_free(&writer->bytes);
    el_arena_free(&writer->arena);
    free(writer);
}

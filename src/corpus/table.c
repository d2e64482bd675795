/* Tables, RFC 4180: a row a document, the first row names the columns, cells may be quoted and then
 * hold separators, line ends and doubled quotes. CSV with commas, TSV with tabs.
 *
 * One column has the text (the one asked for, or "text", or the only one), one the id (asked for,
 * or "id"); "lang", "offset_unit" and, as JSON, "entities" and "tokens" mean what they mean in JSON
 * lines. All other columns are carried through. Written are the columns of the first document,
 * among them "entities". */
#include "base/ascii.h"
#include "base/json.h"
#include "base/print.h"
#include "corpus/json_line.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_COLUMNS = 4096, MOST_RETRIES = 64 };

/* ---- Reading: rows ---- */

struct row {
    struct el_buffer bytes; /* the cells' texts */
    struct el_span *cells;
    size_t count, capacity;
    size_t line; /* in which it begins */
};

struct table {
    struct row row, header;
    size_t text, id;      /* columns; id == header.count: none */
    bool crlf;            /* the header's line ends in CR LF */
    size_t number;        /* of the row, the header being 1 */
    size_t retries;       /* quotes without end so far */
    struct el_buffer raw; /* of the row in work: what is read again if a quote has no end */
};

static char separator_of(const struct el_reader *reader) {
    return reader->options.format == EL_FORMAT_TSV ? '\t' : ',';
}

static bool add_cell(struct row *row, size_t start, struct el_error *err) {
    if (row->count == row->capacity) {
        size_t capacity = row->capacity == 0 ? 16 : row->capacity * 2;
        struct el_span *cells = realloc(row->cells, capacity * sizeof *cells);
        if (cells == NULL) {
            return el_fail_memory(err);
        }
        row->cells = cells;
        row->capacity = capacity;
    }
    row->cells[row->count++] = (struct el_span){start, row->bytes.len};
    return true;
}

static const char *name_of(const struct table *table, size_t column) {
    return column < table->header.count
               ? table->header.bytes.data + table->header.cells[column].start
               : "";
}

/* "row 3, column 2 ("text"): what" */
static bool fail_cell(struct el_reader *reader, size_t column, struct el_error *err,
                      const char *what) {
    const struct table *table = reader->state;
    return el_input_fail(&reader->input, table->row.line, 0, err,
                         "row %zu, column %zu (\"%.60s\"): %s", table->number, column + 1,
                         name_of(table, column), what);
}

/* A line that is in the row, and its end, kept for the case that it is read again. */
static void keep_raw(struct table *table, const struct el_input *input, const char *line,
                     size_t len) {
    el_buffer_append(&table->raw, line, len);
    el_buffer_string(&table->raw, input->crlf ? "\r\n" : "\n");
}

/* The next line of a quoted cell: 1, or 0 at the end of the file, or where the cell is longer than
 * a document may be; -1 on an error. */
static int go_on(struct el_reader *reader, char **line, size_t *len, struct el_error *err) {
    struct table *table = reader->state;
    el_buffer_string(&table->row.bytes, reader->input.crlf ? "\r\n" : "\n");
    int got = el_input_line(&reader->input, line, len, err);
    if (got == 1) {
        keep_raw(table, &reader->input, *line, *len);
    }
    return got == 1 && table->row.bytes.len > reader->input.max_bytes ? 0 : got;
}

/* The quote of the cell in work is wrong: with `what` as the message, the next row begins in the
 * next line. False. */
static bool fail_quote(struct el_reader *reader, struct el_error *err, const char *what) {
    struct table *table = reader->state;
    const char *raw = table->raw.data;
    const char *stop = raw != NULL ? memchr(raw, '\n', table->raw.len) : NULL;
    size_t first = stop != NULL ? (size_t)(stop + 1 - raw) : table->raw.len;
    fail_cell(reader, table->row.count, err, what);
    if (table->raw.failed) {
        return el_fail_memory(err);
    }
    if (first < table->raw.len && table->retries++ < MOST_RETRIES) {
        reader->input.line = table->row.line;
        if (!el_input_put_back(&reader->input, raw + first, table->raw.len - first)) {
            return el_fail_memory(err);
        }
    }
    return false;
}

/* The quoted cell whose text begins at *at; *at moves behind its quote, in *line, which may be a
 * later one. */
static bool read_quoted(struct el_reader *reader, char **line, size_t *len, size_t *at,
                        struct el_error *err) {
    struct row *row = &((struct table *)reader->state)->row;
    for (;;) {
        const char *from = *line + *at, *quote = memchr(from, '"', *len - *at);
        el_buffer_append(&row->bytes, from, quote != NULL ? (size_t)(quote - from) : *len - *at);
        if (quote == NULL) {
            int got = go_on(reader, line, len, err);
            if (got != 1) {
                return got == 0 ? fail_quote(reader, err, "its quote has no end") : false;
            }
            *at = 0;
        } else if (quote[1] == '"') {
            el_buffer_char(&row->bytes, '"');
            *at = (size_t)(quote + 2 - *line);
        } else {
            *at = (size_t)(quote + 1 - *line);
            return true;
        }
    }
}

static bool read_cells(struct el_reader *reader, char *line, size_t len, struct el_error *err) {
    struct row *row = &((struct table *)reader->state)->row;
    char separator = separator_of(reader);
    for (size_t at = 0;; at++) {
        size_t start = row->bytes.len;
        if (row->count == MOST_COLUMNS) {
            return fail_cell(reader, row->count, err, "more columns than a table may have");
        }
        if (at < len && line[at] == '"') {
            at++;
            if (!read_quoted(reader, &line, &len, &at, err)) {
                return false;
            }
            if (at < len && line[at] != separator) {
                return fail_quote(
                    reader, err,
                    "there is text behind the closing quote; quotes within a cell are doubled");
            }
        } else {
            const char *stop = memchr(line + at, separator, len - at);
            size_t end = stop != NULL ? (size_t)(stop - line) : len;
            el_buffer_append(&row->bytes, line + at, end - at);
            at = end;
        }
        if (!add_cell(row, start, err)) {
            return false;
        }
        el_buffer_char(&row->bytes, '\0');
        if (at >= len) {
            return !row->bytes.failed || el_fail_memory(err);
        }
    }
}

/* 1 = a row, 0 = end, -1 = error. Empty lines are none. */
static int next_row(struct el_reader *reader, struct el_error *err) {
    struct table *table = reader->state;
    struct row *row = &table->row;
    char *line;
    size_t len;
    int got;
    do {
        got = el_input_line(&reader->input, &line, &len, err);
    } while (got == 1 && len == 0);
    table->number += got != 0;
    row->count = 0;
    row->line = reader->input.line;
    el_buffer_clear(&row->bytes);
    el_buffer_clear(&table->raw);
    if (got == 1) {
        keep_raw(table, &reader->input, line, len);
        got = read_cells(reader, line, len, err) ? 1 : -1;
    }
    return got;
}

/* ---- Reading: the header ---- */

/* The column of this name, exactly or else in any case; count if there is none. */
static size_t find_column(const struct table *table, const char *name) {
    size_t found = table->header.count;
    for (size_t i = table->header.count; i-- > 0;) {
        if (strcmp(name_of(table, i), name) == 0) {
            return i;
        }
        found = el_ascii_same(name_of(table, i), name) ? i : found;
    }
    return found;
}

/* "a", "b", "c" */
static const char *list_columns(const struct table *table, struct el_arena *scratch) {
    struct el_buffer names = {.limit = 300};
    for (size_t i = 0; i < table->header.count; i++) {
        el_buffer_printf(&names, "%s\"%s\"", i == 0 ? "" : ", ", name_of(table, i));
    }
    const char *list = names.data != NULL ? el_arena_copy(scratch, names.data, names.len) : "";
    el_buffer_free(&names);
    return list != NULL ? list : "";
}

static bool lacks_column(struct el_reader *reader, const char *what, struct el_error *err) {
    struct el_arena scratch = {0};
    const struct table *table = reader->state;
    const char *column = table->header.count == 1 ? " is" : "s are";
    el_fail(err, EL_ERR_CONFIG, "%s: %s; the column%s %s", reader->input.name, what, column,
            list_columns(table, &scratch));
    el_arena_free(&scratch);
    return false;
}

static bool settle_columns(struct el_reader *reader, struct el_error *err) {
    struct table *table = reader->state;
    const struct el_read_options *options = &reader->options;
    char what[200];
    table->text = find_column(table, options->text_column != NULL ? options->text_column : "text");
    table->id = find_column(table, options->id_column != NULL ? options->id_column : "id");
    if (options->text_column == NULL && table->header.count == 1) {
        if (strpbrk(name_of(table, 0), ",;|\t") != NULL) {
            snprintf(what, sizeof what,
                     "columns are separated by %s; write it so, or name the column (--text-column)",
                     separator_of(reader) == ',' ? "commas" : "tabs");
            return lacks_column(reader, what, err);
        }
        table->text = 0;
    }
    if (table->text == table->header.count) {
        snprintf(what, sizeof what,
                 options->text_column != NULL
                     ? "there is no column \"%.100s\" (--text-column)"
                     : "no column is named \"text\"; name the one that has it (--text-column)",
                 options->text_column);
        return lacks_column(reader, what, err);
    }
    if (options->id_column != NULL && table->id == table->header.count) {
        snprintf(what, sizeof what, "there is no column \"%.100s\" (--id-column)",
                 options->id_column);
        return lacks_column(reader, what, err);
    }
    return true;
}

/* Names of columns without the blanks around them. */
static void trim(struct row *row) {
    for (size_t i = 0; i < row->count; i++) {
        struct el_span *cell = &row->cells[i];
        while (cell->start < cell->end && row->bytes.data[cell->start] == ' ') {
            cell->start++;
        }
        while (cell->start < cell->end && row->bytes.data[cell->end - 1] == ' ') {
            row->bytes.data[--cell->end] = '\0';
        }
    }
}

/* The first row; false with a message. A table without any row has no documents. */
static bool read_header(struct el_reader *reader, struct el_error *err) {
    struct table *table = reader->state;
    int got = next_row(reader, err);
    if (got == 1) {
        struct row empty = table->header;
        table->header = table->row;
        table->row = empty;
        trim(&table->header);
        table->crlf = reader->input.crlf;
        return settle_columns(reader, err);
    }
    return got == 0;
}

/* ---- Reading: documents ---- */

static const char *const json_columns[] = {"entities", "tokens"};

/* Is the column one whose cells are JSON? */
static bool holds_json(const char *name) {
    for (size_t i = 0; i < sizeof json_columns / sizeof *json_columns; i++) {
        if (strcmp(name, json_columns[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The cell as the field of a document; *value NULL where there is nothing to carry. */
static bool cell_value(struct el_reader *reader, size_t column, json_t **value,
                       struct el_error *err) {
    const struct table *table = reader->state;
    struct el_span cell = table->row.cells[column];
    const char *text = table->row.bytes.data + cell.start;
    size_t len = cell.end - cell.start;
    bool json = holds_json(name_of(table, column));
    *value = NULL;
    if (len == 0 && (json || column == table->id)) {
        return true;
    }
    *value = json ? el_json_load(text, len, JSON_REJECT_DUPLICATES, NULL) : json_stringn(text, len);
    if (*value == NULL && json) {
        return fail_cell(reader, column, err, "is no JSON");
    }
    if (*value == NULL) {
        return fail_cell(reader, column, err, "holds a NUL byte");
    }
    return true;
}

enum { LONGEST_NUMBERED = 32 };

/* The field of a column that has neither text nor id: its name, or its number where the name is
 * none or that of another field. */
static const char *field_of(const char *name, size_t column, char room[LONGEST_NUMBERED]) {
    if (*name != '\0' && strcmp(name, "id") != 0 && strcmp(name, "text") != 0) {
        return name;
    }
    snprintf(room, LONGEST_NUMBERED, "column%zu", column + 1);
    return room;
}

static const char *field_name(const struct table *table, size_t column,
                              char room[LONGEST_NUMBERED]) {
    return column == table->text ? "text"
           : column == table->id ? "id"
                                 : field_of(name_of(table, column), column, room);
}

static json_t *row_object(struct el_reader *reader, struct el_error *err) {
    const struct table *table = reader->state;
    json_t *object = json_object();
    bool done = object != NULL || el_fail_memory(err);
    for (size_t i = 0; done && i < table->row.count; i++) {
        json_t *value;
        char room[LONGEST_NUMBERED];
        const char *name = field_name(table, i, room);
        done = cell_value(reader, i, &value, err);
        if (done && value != NULL && json_object_get(object, name) != NULL) {
            json_decref(value);
            done = fail_cell(reader, i, err, "another column has this name");
        } else if (done && value != NULL && json_object_set_new(object, name, value) != 0) {
            done = el_fail_memory(err);
        }
    }
    if (done && json_object_get(object, "offset_unit") == NULL && !reader->options.has_input_unit &&
        json_object_set_new(object, "offset_unit", json_string("codepoint")) != 0) {
        done = el_fail_memory(err);
    }
    if (!done) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* What is wrong with the fields of a row, with the row. */
static bool fail_row(struct el_reader *reader, struct el_error *err) {
    const struct table *table = reader->state;
    const char *what = strstr(err->message, ": ");
    char message[sizeof err->message];
    if (what == NULL || err->code != EL_ERR_FORMAT) {
        return false;
    }
    el_print(message, sizeof message, "%s", what + 2);
    return el_input_fail(&reader->input, table->row.line, 0, err, "row %zu: %s", table->number,
                         message);
}

/* The names of the columns stay with the document, so that it can be written as it was. */
static bool keep_names(const struct table *table, struct el_document *document) {
    size_t count = table->header.count;
    struct el_columns *columns = el_arena_alloc(&document->arena, sizeof *columns);
    const char **names = el_arena_array(&document->arena, count, sizeof *names);
    for (size_t i = 0; names != NULL && i < count; i++) {
        names[i] = el_arena_string(&document->arena, name_of(table, i));
        if (names[i] == NULL) {
            return false;
        }
    }
    if (columns == NULL || names == NULL) {
        return false;
    }
    *columns = (struct el_columns){
        .names = names, .count = count, .text = table->text, .id = table->id, .crlf = table->crlf};
    document->columns = columns;
    return true;
}

/* Makes the document of a row with as many cells as the header. */
static int make_document(struct el_reader *reader, struct el_document **out, struct el_error *err) {
    const struct table *table = reader->state;
    struct el_document *document = el_reader_document(reader, table->row.line);
    json_t *root = document != NULL ? row_object(reader, err) : NULL;
    struct el_json_line line = {.reader = reader, .document = document, .root = root, .err = err};
    bool done = document != NULL || el_fail_memory(err);
    done = done && root != NULL && (el_jsonl_fill(&line) || fail_row(reader, err)) &&
           (keep_names(table, document) || el_fail_memory(err));
    json_decref(root);
    if (!done) {
        el_document_free(document);
        return -1;
    }
    *out = document;
    return 1;
}

static int next(struct el_reader *reader, struct el_document **document, struct el_error *err) {
    struct table *table = reader->state;
    int got = next_row(reader, err);
    size_t count = table->row.count, wanted = table->header.count;
    if (got == 1 && count > wanted) {
        el_input_fail(&reader->input, table->row.line, 0, err,
                      "row %zu has %zu columns, the header has %zu; texts with separators in them "
                      "are quoted",
                      table->number, count, wanted);
        got = -1;
    }
    if (got == 1 && count < wanted && table->text >= count) {
        fail_cell(reader, table->text, err, "is missing");
        got = -1;
    }
    if (got == -1) {
        reader->count++;
    }
    return got == 1 ? make_document(reader, document, err) : got;
}

static void close(struct el_reader *reader) {
    struct table *table = reader->state;
    el_buffer_free(&table->row.bytes);
    el_buffer_free(&table->header.bytes);
    el_buffer_free(&table->raw);
    free(table->row.cells);
    free(table->header.cells);
    free(table);
}

static bool open(struct el_reader *reader, struct el_error *err) {
    reader->state = calloc(1, sizeof(struct table));
    if (reader->state == NULL) {
        return el_fail_memory(err);
    }
    if (!read_header(reader, err)) {
        close(reader);
        return false;
    }
    return true;
}

/* ---- Writing ---- */

/* What a column of the output is filled with. */
enum source {
    FROM_ID,
    FROM_TEXT,
    FROM_LANG,
    FROM_UNIT,
    FROM_TOKENS,
    FROM_ENTITIES,
    FROM_ABSTAINED,
    FROM_FAILURE,
    FROM_FIELD,
};

struct column {
    const char *name;  /* in the header */
    const char *field; /* FROM_FIELD */
    enum source source;
};

/* The columns, settled by the first document. */
struct layout {
    struct el_arena arena;
    struct column *columns;
    size_t count, capacity;
    bool crlf;
    struct el_buffer cell;
    size_t without_place; /* documents with a field that has no column */
    char *lost_field;     /* the first of these */
};

static char writes_separator(const struct el_writer *writer) {
    return writer->options.format == EL_FORMAT_TSV ? '\t' : ',';
}

static bool add_column(struct layout *layout, const char *name, const char *field,
                       enum source source) {
    if (layout->count == layout->capacity) {
        size_t capacity = layout->capacity == 0 ? 16 : layout->capacity * 2;
        struct column *columns = el_arena_array(&layout->arena, capacity, sizeof *columns);
        if (columns == NULL) {
            return false;
        }
        if (layout->count > 0) {
            memcpy(columns, layout->columns, layout->count * sizeof *columns);
        }
        layout->columns = columns;
        layout->capacity = capacity;
    }
    struct column column = {el_arena_string(&layout->arena, name),
                            el_arena_string(&layout->arena, field), source};
    layout->columns[layout->count++] = column;
    return column.name != NULL && column.field != NULL;
}

static bool has_source(const struct layout *layout, enum source source, const char *field) {
    for (size_t i = 0; i < layout->count; i++) {
        const struct column *column = &layout->columns[i];
        if (column->source == source &&
            (source != FROM_FIELD || strcmp(column->field, field) == 0)) {
            return true;
        }
    }
    return false;
}

/* What fills a column of this name, other than a field. */
static enum source source_of(const struct el_writer *writer, const char *name) {
    static const struct {
        const char *name;
        enum source source;
    } known[] = {{"lang", FROM_LANG},           {"offset_unit", FROM_UNIT},
                 {"tokens", FROM_TOKENS},       {"entities", FROM_ENTITIES},
                 {"abstained", FROM_ABSTAINED}, {"failure", FROM_FAILURE}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        bool of_pipeline = known[i].source >= FROM_ABSTAINED;
        if (strcmp(name, known[i].name) == 0 && (!of_pipeline || writer->options.members != NULL)) {
            return known[i].source;
        }
    }
    return FROM_FIELD;
}

/* The columns that a table had, in their order. */
static bool take_columns(struct el_writer *writer, const struct el_columns *from) {
    struct layout *layout = writer->state;
    bool done = true;
    for (size_t i = 0; done && i < from->count; i++) {
        char room[LONGEST_NUMBERED];
        const char *name = from->names[i];
        enum source source = i == from->text ? FROM_TEXT
                             : i == from->id ? FROM_ID
                                             : source_of(writer, name);
        done = add_column(layout, name, field_of(name, i, room), source);
    }
    return done;
}

/* The column, unless there is one from this source, or nothing to put into it. */
static bool add_if(struct layout *layout, bool wanted, const char *name, enum source source) {
    return !wanted || has_source(layout, source, name) || add_column(layout, name, name, source);
}

static bool settle_layout(struct el_writer *writer, const struct el_document *document) {
    struct layout *layout = writer->state;
    bool labels = el_writer_has_labels(writer, document),
         pipeline = writer->options.members != NULL;
    const char *key;
    json_t *value;
    layout->crlf = document->columns != NULL && document->columns->crlf;
    bool done = document->columns != NULL ? take_columns(writer, document->columns)
                                          : add_if(layout, true, "id", FROM_ID) &&
                                                add_if(layout, true, "text", FROM_TEXT);
    json_object_foreach(document->extra, key, value) {
        done = done && add_if(layout, source_of(writer, key) == FROM_FIELD, key, FROM_FIELD);
    }
    return done && add_if(layout, document->lang != NULL, "lang", FROM_LANG) &&
           add_if(layout, document->n_tokens > 0, "tokens", FROM_TOKENS) &&
           add_if(layout, labels && writer->options.unit != EL_UNIT_CODEPOINT, "offset_unit",
                  FROM_UNIT) &&
           add_if(layout, labels, "entities", FROM_ENTITIES) &&
           add_if(layout, pipeline, "abstained", FROM_ABSTAINED) &&
           add_if(layout, pipeline, "failure", FROM_FAILURE);
}

void el_append_cell(struct el_buffer *out, char separator, const char *text, size_t len) {
    bool quoted = len > 0 && (text[0] == ' ' || text[len - 1] == ' ');
    for (size_t i = 0; i < len && !quoted; i++) {
        char c = text[i];
        quoted = c == separator || c == '"' || c == '\r' || c == '\n';
    }
    if (!quoted) {
        el_buffer_append(out, text, len);
        return;
    }
    el_buffer_char(out, '"');
    for (const char *end = text + len, *quote; text < end; text = quote) {
        quote = memchr(text, '"', (size_t)(end - text));
        quote = quote != NULL ? quote + 1 : end;
        el_buffer_append(out, text, (size_t)(quote - text));
        if (quote[-1] == '"') {
            el_buffer_char(out, '"');
        }
    }
    el_buffer_char(out, '"');
}

static void append_cell(struct el_writer *writer, const char *text, size_t len) {
    el_append_cell(&writer->out, writes_separator(writer), text, len);
}

static void append_field(struct el_writer *writer, const json_t *value) {
    struct layout *layout = writer->state;
    if (json_is_string(value)) {
        append_cell(writer, json_string_value(value), json_string_length(value));
    } else if (value != NULL && !json_is_null(value)) {
        el_buffer_clear(&layout->cell);
        el_json_value(&layout->cell, value);
        writer->out.failed = writer->out.failed || layout->cell.failed;
        append_cell(writer, layout->cell.data, layout->cell.len);
    }
}

/* Entities or tokens, as JSON lines have them. */
static bool append_json(struct el_writer *writer, const struct el_document *document, bool entities,
                        struct el_error *err) {
    struct layout *layout = writer->state;
    struct el_buffer row = writer->out;
    el_buffer_clear(&layout->cell);
    writer->out = layout->cell;
    bool done = entities ? !el_writer_has_labels(writer, document) ||
                               el_jsonl_write_entities(writer, document, err)
                         : el_jsonl_write_tokens(writer, document, err);
    layout->cell = writer->out;
    writer->out = row;
    if (layout->cell.failed) {
        return el_fail_memory(err);
    }
    if (done && layout->cell.data != NULL) {
        append_cell(writer, layout->cell.data, layout->cell.len);
    }
    return done;
}

static bool append_column(struct el_writer *writer, const struct el_document *document,
                          const struct column *column, struct el_error *err) {
    const char *text = "";
    switch (column->source) {
    case FROM_ID:
        text = document->id;
        break;
    case FROM_TEXT:
        append_cell(writer, document->text, document->text_len);
        return true;
    case FROM_LANG:
        text = document->lang != NULL ? document->lang : "";
        break;
    case FROM_UNIT:
        text = el_unit_name(writer->options.unit);
        break;
    case FROM_TOKENS:
    case FROM_ENTITIES:
        return append_json(writer, document, column->source == FROM_ENTITIES, err);
    case FROM_ABSTAINED:
        el_buffer_printf(&writer->out, "%zu", document->abstained);
        return true;
    case FROM_FAILURE:
        text = document->failure != NULL ? document->failure : "";
        break;
    case FROM_FIELD:
        append_field(writer, json_object_get(document->extra, column->field));
        return true;
    }
    append_cell(writer, text, strlen(text));
    return true;
}

static void end_row(struct el_writer *writer) {
    const struct layout *layout = writer->state;
    el_buffer_string(&writer->out, layout->crlf ? "\r\n" : "\n");
}

static void note_lost_fields(struct el_writer *writer, const struct el_document *document) {
    struct layout *layout = writer->state;
    const char *key;
    json_t *value;
    bool lost = false;
    json_object_foreach(document->extra, key, value) {
        if (!has_source(layout, FROM_FIELD, key) &&
            !(writer->options.members != NULL && source_of(writer, key) != FROM_FIELD)) {
            lost = true;
            layout->lost_field = layout->lost_field != NULL ? layout->lost_field : strdup(key);
        }
    }
    layout->without_place += lost;
}

static bool write(struct el_writer *writer, const struct el_document *document,
                  struct el_error *err) {
    struct layout *layout = writer->state;
    char separator = writes_separator(writer);
    if (layout->count == 0) {
        if (!settle_layout(writer, document)) {
            layout->count = 0;
            return el_fail_memory(err);
        }
        for (size_t i = 0; i < layout->count; i++) {
            if (i > 0) {
                el_buffer_char(&writer->out, separator);
            }
            append_cell(writer, layout->columns[i].name, strlen(layout->columns[i].name));
        }
        end_row(writer);
    }
    for (size_t i = 0; i < layout->count; i++) {
        if (i > 0) {
            el_buffer_char(&writer->out, separator);
        }
        if (!append_column(writer, document, &layout->columns[i], err)) {
            return false;
        }
    }
    note_lost_fields(writer, document);
    end_row(writer);
    return true;
}

static bool begin(struct el_writer *writer, struct el_error *err) {
    writer->state = calloc(1, sizeof(struct layout));
    return writer->state != NULL || el_fail_memory(err);
}

static bool end(struct el_writer *writer, struct el_error *err) {
    const struct layout *layout = writer->state;
    (void)err;
    if (layout->without_place > 0) {
        el_log(
            writer->options.log, EL_WARNING,
            "%zu document%s fields that the first one lacks, such as \"%.60s\"; the table has no "
            "column for them, use jsonl to keep them",
            layout->without_place, layout->without_place == 1 ? " has" : "s have",
            layout->lost_field != NULL ? layout->lost_field : "?");
    }
    return true;
}

static void release(struct el_writer *writer) {
    struct layout *layout = writer->state;
    if (layout != NULL) {
        el_arena_free(&layout->arena);
        el_buffer_free(&layout->cell);
        free(layout->lost_field);
        free(layout);
    }
}

#define TABLE                                                                                      \
    .open = open, .next = next, .close = close, .begin = begin, .write = write, .end = end,        \
    .release = release

const struct el_format_entry el_format_csv = {.name = "csv", .endings = ".csv", TABLE};
const struct el_format_entry el_format_tsv = {.name = "tsv", .endings = ".tsv .tab", TABLE};

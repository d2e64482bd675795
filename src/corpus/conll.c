/* CoNLL columns, written as IOB2. What was read from such columns is written as it was, comments
 * and borders with it, but for the tags; other documents as token, the fields "column2", "column3",
 * ... where they have them, and tag, separated by tabs. conll_read.c reads them. */
#include "corpus/conll.h"

#include "corpus/raw_rows.h"

#include <stdlib.h>
#include <string.h>

bool el_is_layer(const struct el_document *document, const json_t *field) {
    if (!json_is_array(field) || json_array_size(field) != document->n_tokens ||
        document->n_tokens == 0) {
        return false;
    }
    for (size_t i = 0; i < document->n_tokens; i++) {
        if (!json_is_string(json_array_get(field, i))) {
            return false;
        }
    }
    return true;
}

void el_append_layer(struct el_buffer *out, const json_t *layer, size_t token) {
    const json_t *value = layer != NULL ? json_array_get(layer, token) : NULL;
    if (value == NULL || json_string_length(value) == 0) {
        el_buffer_char(out, '_');
    } else {
        el_append_clean(out, json_string_value(value), json_string_length(value));
    }
}

enum { MAX_LAYERS = 8 };

static const json_t *column(const struct el_document *document, size_t number) {
    char name[16];
    snprintf(name, sizeof name, "column%zu", number);
    json_t *field = json_object_get(document->extra, name);
    return el_is_layer(document, field) ? field : NULL;
}

/* The first document says what columns the file has. */
static void settle_columns(struct el_writer *writer, const struct el_document *document) {
    writer->untagged = !el_writer_has_labels(writer, document);
    writer->n_raw = document->rows != NULL ? document->rows->n_columns : 0;
    while (writer->n_layers < MAX_LAYERS && column(document, writer->n_layers + 2) != NULL) {
        writer->n_layers++;
    }
}

static void append_tag(struct el_buffer *out, struct el_iob2 tag) {
    el_buffer_string(out, tag.type == NULL ? "O" : tag.begins ? "B-" : "I-");
    if (tag.type != NULL) {
        el_append_clean(out, tag.type, strlen(tag.type));
    }
}

static void write_row(struct el_writer *writer, const struct el_document *document,
                      struct el_span token, size_t number, const json_t *const *layers,
                      struct el_iob2 tag) {
    struct el_buffer *out = &writer->out;
    el_append_clean(out, document->text + token.start, token.end - token.start);
    for (size_t i = 0; i < writer->n_layers; i++) {
        el_buffer_char(out, '\t');
        el_append_layer(out, layers[i], number);
    }
    if (!writer->untagged) {
        el_buffer_char(out, '\t');
        append_tag(out, tag);
    }
    el_buffer_char(out, '\n');
}

static bool begins_with_border(const struct el_rows *rows) {
    static const char border[] = "-DOCSTART-";
    const char *text = rows->items[0].text;
    return text[strspn(text, " \t\r")] == '\n' || strncmp(text, border, sizeof border - 1) == 0;
}

/* The document's own rows with these tags. */
static void write_raw(struct el_writer *writer, const struct el_document *document,
                      const struct el_iob2 *tags) {
    struct el_buffer *out = &writer->out;
    const struct el_rows *rows = document->rows;
    for (size_t i = 0; i < document->n_tokens; i++) {
        const struct el_row *row = &rows->items[i];
        if (writer->untagged) {
            el_buffer_string(out, row->text);
            continue;
        }
        el_buffer_append(out, row->text, row->tag.start);
        if (row->tag.start == row->tag.end) {
            el_buffer_char(out, rows->separator);
        }
        append_tag(out, tags[i]);
        el_buffer_string(out, row->text + row->tag.end);
    }
    el_buffer_string(out, rows->tail);
    writer->open_end = rows->tail[0] == '\0';
}

static bool write(struct el_writer *writer, const struct el_document *document,
                  struct el_error *err) {
    struct el_spans tokens, sentences;
    struct el_iob2 *tags;
    const json_t *layers[MAX_LAYERS];
    size_t sentence = 0;
    if (writer->count == 0) {
        settle_columns(writer, document);
    }
    if (!el_writer_iob2(writer, document, "CoNLL", &tokens, &tags, err) ||
        !el_writer_sentences(writer, document, &sentences, err)) {
        return false;
    }
    bool raw = document->rows != NULL && document->rows->n_columns == writer->n_raw;
    if (writer->open_end && tokens.count > 0 && !(raw && begins_with_border(document->rows))) {
        el_buffer_char(&writer->out, '\n');
    }
    writer->open_end = writer->open_end && tokens.count == 0;
    if (raw) {
        write_raw(writer, document, tags);
        return true;
    }
    for (size_t i = 0; i < writer->n_layers; i++) {
        layers[i] = column(document, i + 2);
    }
    for (size_t i = 0; i < tokens.count; i++) {
        if (el_sentence_begins(&sentences, &sentence, &tokens, tags, i) && i > 0) {
            el_buffer_char(&writer->out, '\n');
        }
        write_row(writer, document, tokens.items[i], i, layers, tags[i]);
    }
    if (tokens.count > 0) {
        el_buffer_char(&writer->out, '\n');
    }
    return true;
}

const struct el_format_entry el_format_conll = {
    .name = "conll",
    .endings = ".conll .conll03 .conll2003 .bio .iob .iob2 .bioes .col",
    .open = el_conll_open,
    .next = el_conll_next,
    .close = el_conll_close,
    .write = write,
};

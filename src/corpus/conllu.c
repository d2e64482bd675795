/* CoNLL-U Plus, written with the columns ID FORM ... NER: those between are the document's fields
 * that hold a string a token, such as upos. conll_read.c reads it. */
#include "corpus/conll.h"

#include "base/ascii.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 16, LONGEST_NAME = 40 };

/* The fields that become columns: state of the writer, settled by the first document. */
struct layers {
    char names[MAX_LAYERS][LONGEST_NAME];
    size_t count;
};

static bool is_column_name(const char *name) {
    size_t len = strlen(name);
    return len > 0 && len < LONGEST_NAME &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_:-") == len &&
           strcmp(name, "id") != 0 && strcmp(name, "form") != 0 &&
           el_conll_tag_column(&name, 1) == 1;
}

static void settle_columns(struct el_writer *writer, const struct el_document *document) {
    struct layers *layers = writer->state;
    const char *name;
    json_t *field;
    writer->untagged = !el_writer_has_labels(writer, document);
    el_buffer_string(&writer->out, "# global.columns = ID FORM");
    json_object_foreach(document->extra, name, field) {
        if (layers->count < MAX_LAYERS && is_column_name(name) && el_is_layer(document, field)) {
            char *copy = strcpy(layers->names[layers->count++], name);
            el_buffer_char(&writer->out, ' ');
            for (; *copy != '\0'; copy++) {
                el_buffer_char(&writer->out, el_ascii_upper(*copy));
            }
        }
    }
    el_buffer_string(&writer->out, writer->untagged ? "\n" : " NER\n");
}

/* A sentence's id and text. A document that is one sentence has the document's id. */
static void write_comments(struct el_writer *writer, const struct el_document *document,
                           size_t number, struct el_span text) {
    struct el_buffer *out = &writer->out;
    el_buffer_string(out, "# sent_id = ");
    el_append_clean(out, document->id, strlen(document->id));
    if (!document->sentence_per_document) {
        el_buffer_printf(out, "-s%zu", number);
    }
    el_buffer_string(out, "\n# text = ");
    el_append_clean(out, document->text + text.start, text.end - text.start);
    el_buffer_char(out, '\n');
}

static void write_row(struct el_writer *writer, const struct el_document *document,
                      struct el_span token, size_t token_number, size_t id, struct el_iob2 tag) {
    const struct layers *layers = writer->state;
    struct el_buffer *out = &writer->out;
    el_buffer_printf(out, "%zu\t", id);
    el_append_clean(out, document->text + token.start, token.end - token.start);
    for (size_t i = 0; i < layers->count; i++) {
        json_t *field = json_object_get(document->extra, layers->names[i]);
        el_buffer_char(out, '\t');
        el_append_layer(out, el_is_layer(document, field) ? field : NULL, token_number);
    }
    if (!writer->untagged && tag.type == NULL) {
        el_buffer_string(out, "\tO");
    } else if (!writer->untagged) {
        el_buffer_string(out, tag.begins ? "\tB-" : "\tI-");
        el_append_clean(out, tag.type, strlen(tag.type));
    }
    el_buffer_char(out, '\n');
}

static bool write(struct el_writer *writer, const struct el_document *document,
                  struct el_error *err) {
    struct el_spans tokens, sentences;
    struct el_iob2 *tags;
    if (!el_writer_iob2(writer, document, "CoNLL-U", &tokens, &tags, err) ||
        !el_writer_sentences(writer, document, &sentences, err)) {
        return false;
    }
    if (writer->count == 0) {
        settle_columns(writer, document);
    }
    size_t sentence = 0, place = 0;
    for (size_t start = 0; start < tokens.count;) {
        size_t end = start + 1;
        while (end < tokens.count && !el_sentence_begins(&sentences, &place, &tokens, tags, end)) {
            end++;
        }
        struct el_span text = {tokens.items[start].start, tokens.items[end - 1].end};
        if (document->sentence_per_document) {
            text = (struct el_span){0, document->text_len};
        }
        write_comments(writer, document, ++sentence, text);
        for (size_t i = start; i < end; i++) {
            write_row(writer, document, tokens.items[i], i, i - start + 1, tags[i]);
        }
        el_buffer_char(&writer->out, '\n');
        start = end;
    }
    return true;
}

static bool begin(struct el_writer *writer, struct el_error *err) {
    writer->state = calloc(1, sizeof(struct layers));
    return writer->state != NULL || el_fail_memory(err);
}

static void release(struct el_writer *writer) {
    free(writer->state);
}

const struct el_format_entry el_format_conllu = {
    .name = "conllu",
    .endings = ".conllu .conllup",
    .open = el_conll_open,
    .next = el_conll_next,
    .close = el_conll_close,
    .begin = begin,
    .write = write,
    .release = release,
};

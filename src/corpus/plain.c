/* Plain text: the whole file is one document, its id the file's path as it was given. */
#include "corpus/format_private.h"

#include <string.h>

static int next(struct el_reader *reader, struct el_document **out, struct el_error *err) {
    if (reader->count > 0) {
        return 0;
    }
    struct el_input *input = &reader->input;
    char *text;
    size_t len;
    if (!el_input_rest(input, &text, &len, err)) {
        reader->ended = true;
        return -1;
    }
    if (len == 0) {
        return 0;
    }
    struct el_document *document = el_reader_document(reader, 1);
    if (document == NULL) {
        el_fail_memory(err);
        return -1;
    }
    document->id = el_arena_string(&document->arena, input->name);
    document->text = el_arena_copy(&document->arena, text, len);
    document->text_len = len;
    if (document->id == NULL || document->text == NULL) {
        el_document_free(document);
        el_fail_memory(err);
        return -1;
    }
    *out = document;
    return 1;
}

static bool write(struct el_writer *writer, const struct el_document *document,
                  struct el_error *err) {
    (void)err;
    el_buffer_append(&writer->out, document->text, document->text_len);
    if (document->text_len > 0 && document->text[document->text_len - 1] != '\n') {
        el_buffer_char(&writer->out, '\n');
    }
    return true;
}

const struct el_format_entry el_format_text = {
    .name = "text", .endings = ".txt .text .md", .next = next, .write = write};

/* What the format fuzzers share: read bytes as a format, check what must hold of every document,
 * and write it in every format. */
#ifndef EL_FUZZ_FORMATS_H
#define EL_FUZZ_FORMATS_H

#include "corpus/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void must(bool holds) {
    if (!holds) {
        abort();
    }
}

static inline bool on_border(const struct el_document *document, size_t at) {
    return at <= document->text_len && (document->text[at] & 0xC0) != 0x80;
}

static inline void check_document(const struct el_document *document) {
    must(document->id != NULL && strlen(document->text) == document->text_len);
    must(el_utf8_valid_prefix(document->text, document->text_len) == document->text_len);
    for (size_t i = 0; i < document->n_tokens; i++) {
        struct el_span token = document->tokens[i];
        must(token.start < token.end && token.end <= document->text_len);
        must(on_border(document, token.start) && on_border(document, token.end));
        must(i == 0 || document->tokens[i - 1].end <= token.start);
        must(document->tags == NULL || document->tags[i][0] != '\0');
    }
    for (size_t i = 0; i < document->n_entities; i++) {
        const struct el_entity *entity = &document->entities[i];
        must(entity->span.start < entity->span.end && entity->span.end <= document->text_len);
        must(on_border(document, entity->span.start) && on_border(document, entity->span.end));
        must(entity->type != NULL && *entity->type != '\0');
        must(i == 0 || document->entities[i - 1].span.start <= entity->span.start);
    }
}

/* Everything from the reader goes to all writers; the errors are theirs to find. */
static inline void read_and_write(struct el_reader *reader, FILE *sink) {
    struct el_writer *writers[EL_FORMATS * 2] = {NULL};
    size_t count = 0;
    struct el_error err = {0};
    for (enum el_format format = 0; format < EL_FORMATS; format++) {
        for (int flat = 0; flat < 2; flat++) {
            struct el_write_options options = {.format = format,
                                               .flat = flat,
                                               .unit = flat ? EL_UNIT_TOKEN : EL_UNIT_UTF16,
                                               .color = flat,
                                               .columns = flat ? 80 : 7,
                                               .ends = flat ? EL_ENDS_INCLUSIVE : EL_ENDS_BY_FORM};
            if (el_format_can_write(format) && !el_format_is_folder(format)) {
                must(el_writer_open(sink, &options, &writers[count++], &err));
            }
        }
    }
    struct el_document *document;
    int got;
    while ((got = el_reader_next(reader, &document, &err)) != 0) {
        if (got == -1) {
            must(err.message[0] != '\0');
            continue;
        }
        check_document(document);
        for (size_t i = 0; i < count; i++) {
            el_writer_write(writers[i], document, &err);
        }
        el_document_free(document);
    }
    for (size_t i = 0; i < count; i++) {
        el_writer_close(writers[i], &err);
    }
}

static inline void fuzz_bytes(const uint8_t *data, size_t size,
                              const struct el_read_options *options) {
    struct el_reader *reader;
    struct el_error err = {0};
    FILE *sink = fopen("/dev/null", "wb");
    FILE *file = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "rb") : NULL;
    must(sink != NULL);
    if (file != NULL && el_reader_open_file(file, "fuzz", options, &reader, &err)) {
        read_and_write(reader, sink);
        el_reader_close(reader);
    }
    if (file != NULL) {
        fclose(file);
    }
    fclose(sink);
}

#endif

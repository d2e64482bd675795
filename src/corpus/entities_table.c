/* A table of entities, written only: a row an entity, for spreadsheets and scripts. Tabs separate
 * columns, commas where the file's name ends in .csv; cells are quoted as in other tables. */
#include "base/packed.h"
#include "corpus/format_private.h"

#include <math.h>
#include <string.h>

static char separator_of(const struct el_writer *writer) {
    const char *path = writer->options.path;
    size_t len = 0;
    if (path != NULL) {
        el_packing_of_name(path, &len);
    }
    return len > 4 && strncmp(path + len - 4, ".csv", 4) == 0 ? ',' : '\t';
}

static bool begin(struct el_writer *writer, struct el_error *err) {
    static const char *const columns[] = {"document", "start", "end", "text", "type", "score"};
    char separator = separator_of(writer);
    (void)err;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        if (i > 0) {
            el_buffer_char(&writer->out, separator);
        }
        el_buffer_string(&writer->out, columns[i]);
    }
    el_buffer_char(&writer->out, '\n');
    return true;
}

static bool write(struct el_writer *writer, const struct el_document *document,
                  struct el_error *err) {
    struct el_buffer *out = &writer->out;
    struct el_places places;
    char separator = separator_of(writer);
    if (!el_places_open(writer, document, &places, err)) {
        return false;
    }
    for (size_t i = 0; i < document->n_entities; i++) {
        const struct el_entity *entity = &document->entities[i];
        struct el_span span;
        size_t start, end;
        bool exact;
        if (!el_places_find(writer, document, &places, entity, &span, &start, &end, &exact, err)) {
            return false;
        }
        el_append_cell(out, separator, document->id, strlen(document->id));
        el_buffer_printf(out, "%c%zu%c%zu%c", separator, start, separator, end, separator);
        el_append_cell(out, separator, document->text + span.start, span.end - span.start);
        el_buffer_char(out, separator);
        el_append_cell(out, separator, entity->type, strlen(entity->type));
        el_buffer_char(out, separator);
        if (!isnan(entity->score)) {
            el_buffer_printf(out, "%.4g", round(entity->score * 1e4) / 1e4);
        }
        el_buffer_char(out, '\n');
    }
    return true;
}

const struct el_format_entry el_format_entities = {
    .name = "table",
    .endings = "",
    .begin = begin,
    .write = write,
};

/* doccano's JSON lines: {"id", "text", "label": [[start, end, "type"], ...]} in code points; from
 * projects with relations "entities": [{"id", "label", "start_offset", "end_offset"}, ...]; from
 * older versions "annotations" of the same form, with numbers as labels. */
#include "base/json.h"
#include "corpus/json_line.h"

#include <math.h>
#include <string.h>

static const char *const item_keys[] = {"label", "labels", "entities", "annotations", NULL};

static bool read_item(struct el_json_line *line, size_t number, json_t *item) {
    static const char *const known[] = {"label", "start_offset", "end_offset", NULL};
    json_t *start, *end, *type, *rest = NULL;
    if (json_is_string(item)) {
        el_reader_notice(line->reader, NULL, line->document->line,
                         "the label \"%.40s\" is one of the whole text, and was not read",
                         json_string_value(item));
        return true;
    }
    if (json_is_array(item)) {
        start = json_array_get(item, 0);
        end = json_array_get(item, 1);
        type = json_array_get(item, 2);
    } else {
        start = json_object_get(item, "start_offset");
        end = json_object_get(item, "end_offset");
        type = json_object_get(item, "label");
    }
    if (!json_is_integer(start) || !json_is_integer(end)) {
        return EL_JSON_FAIL(line,
                            "label %zu (counted from 0) is neither [start, end, \"type\"] nor an "
                            "object with \"start_offset\", \"end_offset\", \"label\"",
                            number);
    }
    json_int_t from = json_integer_value(start), to = json_integer_value(end);
    json_incref(type);
    bool has_name = !json_is_integer(type) || line->reader->label_names != NULL;
    if (json_is_object(item) && has_name) {
        rest = el_json_rest(item, known);
    }
    bool done = el_json_add_entity(line, number, from, to, type, NULL, NAN, rest);
    json_decref(type);
    return done;
}

static bool read_items(struct el_json_line *line, const char *key) {
    json_t *items = json_object_get(line->root, key);
    if (items == NULL || json_is_null(items)) {
        return true;
    }
    if (!json_is_array(items)) {
        return EL_JSON_FAIL(line, "\"%s\" must be an array", key);
    }
    line->document->labelled = true;
    if (json_array_append(line->document->kept, items) != 0) { /* entities point into them */
        return el_fail_memory(line->err);
    }
    for (size_t i = 0; i < json_array_size(items); i++) {
        if (!read_item(line, i, json_array_get(items, i))) {
            return false;
        }
    }
    return true;
}

static bool fill(struct el_json_line *line) {
    static const char *const known[] = {"id",     "text",     "lang",        "label",
                                        "labels", "entities", "annotations", NULL};
    static const char *const without_items[] = {"id", "text", "lang", "entities", NULL};
    json_t *root = line->root;
    struct el_document *document = line->document;
    if (!el_json_read_id(line, json_object_get(root, "id")) || !el_json_read_lang(line) ||
        !el_json_read_text(line, json_object_get(root, "text"), NULL) ||
        !el_json_use_unit(line, EL_UNIT_CODEPOINT)) {
        return false;
    }
    document->kept = json_array();
    for (size_t i = 0; item_keys[i] != NULL; i++) {
        if (!read_items(line, item_keys[i])) {
            return false;
        }
    }
    /* Labels that have no name stay what they are: nobody has read them. */
    bool unread = line->unnamed > 0 && document->n_entities == 0;
    document->labelled = document->labelled && !unread;
    el_json_finish(line, unread ? without_items : known);
    return true;
}

static int next(struct el_reader *reader, struct el_document **document, struct el_error *err) {
    return el_json_next_object(reader, fill, document, err);
}

static bool write(struct el_writer *writer, const struct el_document *document,
                  struct el_error *err) {
    static const char *const written[] = {"label", "labels", "entities", NULL};
    struct el_buffer *out = &writer->out;
    struct el_offsets offsets;
    if (!el_offsets_open(&offsets, &writer->scratch, document->text, document->text_len,
                         EL_UNIT_CODEPOINT)) {
        return el_fail_memory(err);
    }
    el_buffer_string(out, "{\"id\": ");
    el_json_string(out, document->id, strlen(document->id));
    el_buffer_string(out, ", \"text\": ");
    el_json_string(out, document->text, document->text_len);
    if (el_writer_has_labels(writer, document)) {
        el_buffer_string(out, ", \"label\": [");
        for (size_t i = 0; i < document->n_entities; i++) {
            const struct el_entity *entity = &document->entities[i];
            el_buffer_printf(out, "%s[%zu, %zu, ", i == 0 ? "" : ", ",
                             el_offsets_of_byte(&offsets, entity->span.start),
                             el_offsets_of_byte(&offsets, entity->span.end));
            el_json_string(out, entity->type, strlen(entity->type));
            el_buffer_char(out, ']');
        }
        el_buffer_char(out, ']');
    }
    if (document->lang != NULL) {
        el_buffer_string(out, ", \"lang\": ");
        el_json_string(out, document->lang, strlen(document->lang));
    }
    el_json_write_extra(out, document->extra, written);
    el_buffer_string(out, "}\n");
    return true;
}

const struct el_format_entry el_format_doccano = {
    .name = "doccano", .endings = "", .next = next, .write = write};

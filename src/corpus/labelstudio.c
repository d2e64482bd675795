/* Label Studio: an array of tasks, {"data": {"text"}, "annotations": [{"result": [...]}],
 * "predictions": [...]}, offsets in code points, as its version 1.23 counts (in UTF-16 units from
 * other programs, which is told by what regions quote); also its export "JSON-MIN", {"text",
 * "label": [{"start", "end", "labels"}]} with the labels under any name. Of several annotations of
 * a task the one asked for is read (the first; cancelled ones don't count), else the first
 * prediction. What the pipeline found is written as predictions, to be corrected by annotators;
 * what people labelled as annotations. */
#include "corpus/labelstudio.h"

#include "base/json.h"
#include "corpus/json_line.h"

#include <math.h>
#include <string.h>

/* ---- Reading ---- */

/* The result list to read; NULL if the task has none. */
static json_t *choose_result(const struct el_json_line *line) {
    static const char *const keys[] = {"annotations", "completions", NULL};
    json_t *annotations = el_json_first(line->root, keys);
    json_t *predictions = json_object_get(line->root, "predictions");
    size_t wanted = line->reader->options.annotator;
    wanted = wanted > 0 ? wanted - 1 : 0;
    for (size_t i = 0, seen = 0; i < json_array_size(annotations); i++) {
        json_t *annotation = json_array_get(annotations, i);
        if (!json_is_true(json_object_get(annotation, "was_cancelled")) && seen++ == wanted) {
            return json_object_get(annotation, "result");
        }
    }
    return json_object_get(json_array_get(predictions, 0), "result");
}

/* The task's text: data.text, else the only string there. */
static json_t *find_text(const json_t *data) {
    json_t *found = json_object_get(data, "text"), *value;
    const char *key;
    if (found == NULL) {
        json_object_foreach((json_t *)data, key, value) {
            if (json_is_string(value) && strcmp(key, "id") != 0) {
                if (found != NULL) {
                    return NULL;
                }
                found = value;
            }
        }
    }
    return found;
}

/* The labels of a region's value. Those of a text in HTML have other offsets; those of other kinds,
 * such as of parts of pictures, none in the text. */
static json_t *find_labels(const struct el_json_line *line, json_t *value, json_t **offsets) {
    json_t *labels = json_object_get(value, "labels"), *other;
    const char *key;
    *offsets = value;
    if (labels == NULL && (labels = json_object_get(value, "hypertextlabels")) != NULL) {
        *offsets = json_object_get(value, "globalOffsets");
    }
    json_object_foreach(value, key, other) {
        size_t len = strlen(key);
        if (labels == NULL && len > 6 && strcmp(key + len - 6, "labels") == 0) {
            el_reader_notice(line->reader, NULL, line->document->line,
                             "a region with \"%.40s\" was left out: only labels of plain text are "
                             "read",
                             key);
        }
    }
    return labels;
}

/* ---- the unit of offsets ---- */

/* What regions quote, under each unit that it may be. */
struct quotes {
    const struct el_document *document;
    struct el_offsets offsets[2];
    size_t wrong[2];
};
static const enum el_unit units[2] = {EL_UNIT_CODEPOINT, EL_UNIT_UTF16};

static void see_quote(struct quotes *quotes, const json_t *value) {
    json_t *start = json_object_get(value, "start"), *end = json_object_get(value, "end");
    json_t *quote = json_object_get(value, "text");
    for (int u = 0; u < 2 && json_is_integer(start) && json_is_integer(end) && quote != NULL; u++) {
        json_int_t from = json_integer_value(start), to = json_integer_value(end);
        size_t first, last, len = json_string_length(quote);
        bool fits = from >= 0 && to >= from &&
                    el_offsets_to_byte(&quotes->offsets[u], (size_t)from, &first) &&
                    el_offsets_to_byte(&quotes->offsets[u], (size_t)to, &last) &&
                    last - first == len &&
                    memcmp(quotes->document->text + first, json_string_value(quote), len) == 0;
        quotes->wrong[u] += !fits;
    }
}

static bool has_wide(const struct el_document *document) {
    for (size_t i = 0; i < document->text_len; i++) {
        if ((unsigned char)document->text[i] >= 0xF0) {
            return true;
        }
    }
    return false;
}

static bool use_unit(struct el_json_line *line, bool minimal) {
    struct el_document *document = line->document;
    struct quotes quotes = {.document = document};
    json_t *result = minimal ? NULL : choose_result(line), *values;
    const char *key;
    if (!has_wide(document)) {
        return el_json_use_unit(line, units[0]);
    }
    for (int u = 0; u < 2; u++) {
        if (!el_offsets_open(&quotes.offsets[u], &document->arena, document->text,
                             document->text_len, units[u])) {
            return el_fail_memory(line->err);
        }
    }
    for (size_t i = 0; i < json_array_size(result); i++) {
        see_quote(&quotes, json_object_get(json_array_get(result, i), "value"));
    }
    json_object_foreach(line->root, key, values) {
        for (size_t i = 0; minimal && i < json_array_size(values); i++) {
            see_quote(&quotes, json_array_get(values, i));
        }
    }
    return el_json_use_unit(line, units[quotes.wrong[0] > quotes.wrong[1]]);
}

/* ---- regions ---- */

/* `value` as in a task's regions, `region` what is around it. */
static bool read_value(struct el_json_line *line, size_t number, json_t *value,
                       const json_t *region) {
    json_t *offsets, *labels = find_labels(line, value, &offsets);
    if (labels == NULL) {
        return true; /* a choice or relation, no span */
    }
    json_t *start = json_object_get(offsets, "start"), *end = json_object_get(offsets, "end");
    json_t *score = json_object_get(region, "score");
    if (!json_is_integer(start) || !json_is_integer(end) || !json_is_array(labels)) {
        return EL_JSON_FAIL(line,
                            "region %zu (counted from 0) needs whole numbers \"start\" and \"end\" "
                            "and \"labels\" in its \"value\"",
                            number);
    }
    if (json_array_size(labels) == 0) {
        el_reader_notice(line->reader, NULL, line->document->line,
                         "a region without a label was left out");
    }
    for (size_t i = 0; i < json_array_size(labels); i++) {
        if (!el_json_add_entity(line, number, json_integer_value(start), json_integer_value(end),
                                json_array_get(labels, i), json_object_get(value, "text"),
                                json_is_number(score) ? json_number_value(score) : NAN, NULL)) {
            return false;
        }
    }
    return true;
}

static bool read_task(struct el_json_line *line, json_t *data) {
    json_t *lang = json_object_get(data, "lang");
    line->document->lang = json_is_string(lang) ? el_json_copy(line, lang) : NULL;
    json_t *result = choose_result(line);
    line->document->labelled = json_is_array(result);
    for (size_t i = 0; i < json_array_size(result); i++) {
        json_t *region = json_array_get(result, i);
        if (!read_value(line, i, json_object_get(region, "value"), region)) {
            return false;
        }
    }
    return true;
}

/* JSON-MIN: regions in whatever fields hold some. */
static bool read_minimal(struct el_json_line *line) {
    json_t *values;
    const char *key;
    json_object_foreach(line->root, key, values) {
        bool regions = json_object_get(json_array_get(values, 0), "start") != NULL;
        line->document->labelled = line->document->labelled || regions;
        for (size_t i = 0; regions && i < json_array_size(values); i++) {
            if (!read_value(line, i, json_array_get(values, i), NULL)) {
                return false;
            }
        }
    }
    return true;
}

static bool fill(struct el_json_line *line) {
    json_t *root = line->root, *data = json_object_get(root, "data");
    json_t *id = json_object_get(data, "id");
    bool minimal = data == NULL && json_is_string(json_object_get(root, "text"));
    json_t *text = minimal ? json_object_get(root, "text") : find_text(data);
    if (!minimal && (!json_is_object(data) || !json_is_string(text))) {
        return EL_JSON_FAIL(line, "a task needs \"data\" with a string \"text\"");
    }
    if (!el_json_read_id(line, id != NULL ? id : json_object_get(root, "id")) ||
        !el_json_read_text(line, text, NULL) || !use_unit(line, minimal) ||
        !(minimal ? read_minimal(line) : read_task(line, data))) {
        return false;
    }
    el_document_sort_entities(line->document);
    return true;
}

static int next(struct el_reader *reader, struct el_document **document, struct el_error *err) {
    return el_json_next_object(reader, fill, document, err);
}

/* ---- Writing ---- */

static bool begin(struct el_writer *writer, struct el_error *err) {
    (void)err;
    el_buffer_char(&writer->out, '[');
    return true;
}

static bool end(struct el_writer *writer, struct el_error *err) {
    (void)err;
    el_buffer_string(&writer->out, "\n]\n");
    return true;
}

void el_labelstudio_region(struct el_buffer *out, const struct el_document *document,
                           const struct el_entity *entity, const struct el_offsets *offsets,
                           size_t number, const char *control, const char *text) {
    el_buffer_printf(out, "%s{\"id\": \"e%zu\", \"from_name\": ", number == 0 ? "" : ", ",
                     number + 1);
    el_json_string(out, control, strlen(control));
    el_buffer_string(out, ", \"to_name\": ");
    el_json_string(out, text, strlen(text));
    el_buffer_printf(out,
                     ", \"type\": \"labels\", \"value\": {\"start\": %zu, \"end\": %zu, "
                     "\"text\": ",
                     el_offsets_of_byte(offsets, entity->span.start),
                     el_offsets_of_byte(offsets, entity->span.end));
    el_json_string(out, document->text + entity->span.start, entity->span.end - entity->span.start);
    el_buffer_string(out, ", \"labels\": [");
    el_json_string(out, entity->type, strlen(entity->type));
    el_buffer_string(out, "]}");
    if (!isnan(entity->score)) {
        el_buffer_string(out, ", \"score\": ");
        el_json_real(out, round(entity->score * 1e4) / 1e4);
    }
    el_buffer_char(out, '}');
}

/* People give no scores. */
static bool is_predicted(const struct el_writer *writer, const struct el_document *document) {
    bool predicted = writer->options.members != NULL;
    for (size_t i = 0; i < document->n_entities; i++) {
        predicted = predicted || !isnan(document->entities[i].score);
    }
    return predicted;
}

double el_labelstudio_score(const struct el_document *document) {
    double least = NAN;
    for (size_t i = 0; i < document->n_entities; i++) {
        double score = document->entities[i].score;
        least = isnan(least) || score < least ? score : least;
    }
    return least;
}

static bool write(struct el_writer *writer, const struct el_document *document,
                  struct el_error *err) {
    struct el_buffer *out = &writer->out;
    struct el_offsets offsets;
    bool predicted = is_predicted(writer, document);
    if (!el_offsets_open(&offsets, &writer->scratch, document->text, document->text_len,
                         EL_UNIT_CODEPOINT)) {
        return el_fail_memory(err);
    }
    el_buffer_string(out, writer->count == 0 ? "\n" : ",\n");
    el_buffer_string(out, "{\"data\": {\"id\": ");
    el_json_string(out, document->id, strlen(document->id));
    el_buffer_string(out, ", \"text\": ");
    el_json_string(out, document->text, document->text_len);
    if (document->lang != NULL) {
        el_buffer_string(out, ", \"lang\": ");
        el_json_string(out, document->lang, strlen(document->lang));
    }
    el_buffer_char(out, '}');
    if (el_writer_has_labels(writer, document)) {
        el_buffer_string(out, predicted ? ", \"predictions\": [{\"model_version\": \"el4ner\""
                                        : ", \"annotations\": [{");
        if (predicted && !isnan(el_labelstudio_score(document))) {
            el_buffer_string(out, ", \"score\": ");
            el_json_real(out, round(el_labelstudio_score(document) * 1e4) / 1e4);
        }
        el_buffer_string(out, predicted ? ", \"result\": [" : "\"result\": [");
        for (size_t i = 0; i < document->n_entities; i++) {
            el_labelstudio_region(out, document, &document->entities[i], &offsets, i, "label",
                                  "text");
        }
        el_buffer_string(out, "]}]");
    }
    el_buffer_char(out, '}');
    return true;
}

const struct el_format_entry el_format_labelstudio = {
    .name = "labelstudio", .endings = "", .next = next, .begin = begin, .write = write, .end = end};

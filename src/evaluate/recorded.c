/* Recorded predictions: one line holds the gold entities and what each of several models said. */
#include "base/buffer.h"
#include "base/json.h"
#include "corpus/input.h"
#include "evaluate/recorded.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINE = 64 << 20 };

/* One line being read: the document without entities, to be copied into each model's set. */
struct row {
    const struct el_input *input;
    json_t *json;
    struct el_document *base;
    enum el_unit unit;
};

static bool fail_row(const struct row *row, struct el_error *err, const char *what) {
    return el_input_fail(row->input, row->input->line, 0, err, "%s", what);
}

static bool row_tokens(struct row *row, json_t *tokens, struct el_error *err) {
    size_t n = json_array_size(tokens), len = 0;
    struct el_span *pieces = el_arena_array(&row->base->arena, n, sizeof *pieces);
    for (size_t i = 0; i < n; i++) {
        json_t *token = json_array_get(tokens, i);
        if (!json_is_string(token) || json_string_length(token) == 0) {
            return fail_row(row, err, "\"tokens\" must be an array of non-empty strings");
        }
        len += json_string_length(token);
    }
    char *bytes = el_arena_alloc(&row->base->arena, len);
    if (pieces == NULL || bytes == NULL) {
        return el_fail_memory(err);
    }
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        json_t *token = json_array_get(tokens, i);
        memcpy(bytes + at, json_string_value(token), json_string_length(token));
        pieces[i] = (struct el_span){at, at + json_string_length(token)};
        at = pieces[i].end;
    }
    return el_document_join_tokens(row->base, pieces, n, bytes) || el_fail_memory(err);
}

static bool row_text(struct row *row, struct el_error *err) {
    json_t *text = json_object_get(row->json, "text");
    json_t *tokens = json_object_get(row->json, "tokens");
    json_t *unit = json_object_get(row->json, "offset_unit");
    row->unit = json_is_string(text) ? EL_UNIT_CODEPOINT : EL_UNIT_TOKEN;
    if (unit != NULL &&
        (!json_is_string(unit) || !el_unit_from_name(json_string_value(unit), &row->unit))) {
        return fail_row(row, err, "\"offset_unit\" must be codepoint, byte, utf16 or token");
    }
    if (json_is_string(text)) {
        row->base->text_len = json_string_length(text);
        row->base->text =
            el_arena_copy(&row->base->arena, json_string_value(text), row->base->text_len);
        return row->base->text != NULL || el_fail_memory(err);
    }
    if (json_is_array(tokens)) {
        return row_tokens(row, tokens, err);
    }
    return fail_row(row, err, "a line needs \"text\" (a string) or \"tokens\" (an array)");
}

static bool offset_to_bytes(const struct row *row, json_t *value, bool start, size_t *bytes) {
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        return false;
    }
    size_t offset = (size_t)json_integer_value(value);
    const struct el_document *base = row->base;
    if (row->unit != EL_UNIT_TOKEN) {
        return el_offset_to_bytes(base->text, base->text_len, row->unit, offset, bytes);
    }
    if (start ? offset >= base->n_tokens : offset == 0 || offset > base->n_tokens) {
        return false;
    }
    *bytes = start ? base->tokens[offset].start : base->tokens[offset - 1].end;
    return true;
}

/* Replace the base document's entities by those of a JSON array. */
static bool row_entities(struct row *row, json_t *array, struct el_error *err) {
    struct el_document *base = row->base;
    size_t capacity = 0;
    base->entities = NULL;
    base->n_entities = 0;
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_t *item = json_array_get(array, i);
        json_t *type = json_object_get(item, "type");
        struct el_entity entity = {.score = NAN};
        if (!offset_to_bytes(row, json_object_get(item, "start"), true, &entity.span.start) ||
            !offset_to_bytes(row, json_object_get(item, "end"), false, &entity.span.end) ||
            entity.span.start >= entity.span.end || !json_is_string(type)) {
            return fail_row(row, err,
                            "an entity needs \"start\" and \"end\" inside the text, in the line's "
                            "offset unit, and a \"type\"");
        }
        entity.type = el_arena_string(&base->arena, json_string_value(type));
        if (entity.type == NULL || !el_document_add_entity(base, &entity, &capacity)) {
            return el_fail_memory(err);
        }
    }
    el_document_sort_entities(base);
    return true;
}

static bool add_to_set(struct row *row, json_t *entities, struct el_labels *set,
                       struct el_error *err) {
    row->base->labelled = json_is_array(entities);
    return row_entities(row, entities, err) && el_labels_add(set, row->base, err);
}

/* A string or a whole number; the position in the file without one. */
static bool row_id(struct row *row, size_t position, struct el_error *err) {
    json_t *id = json_object_get(row->json, "id");
    struct el_arena *arena = &row->base->arena;
    if (json_is_string(id)) {
        row->base->id = el_arena_string(arena, json_string_value(id));
    } else if (json_is_integer(id)) {
        row->base->id = el_arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
    } else if (id == NULL || json_is_null(id)) {
        row->base->id = el_arena_printf(arena, "%zu", position);
    } else {
        return fail_row(row, err, "\"id\" must be a string or a whole number");
    }
    return row->base->id != NULL || el_fail_memory(err);
}

static bool read_row(struct row *row, const char *const *models, size_t n_models,
                     struct el_labels *sets, struct el_error *err) {
    row->base->line = row->input->line;
    if (!row_id(row, sets[0].count + 1, err) || !row_text(row, err)) {
        return false;
    }
    if (n_models == 0) {
        return add_to_set(row, json_object_get(row->json, "gold"), &sets[0], err);
    }
    json_t *predictions = json_object_get(row->json, "predictions");
    for (size_t m = 0; m < n_models; m++) {
        json_t *said = json_object_get(predictions, models[m]);
        json_t *entities = json_is_object(said) ? json_object_get(said, "entities") : said;
        if (entities != NULL && !json_is_null(entities) && !json_is_array(entities)) {
            return fail_row(row, err,
                            "a prediction must be a list, or an object with \"entities\"");
        }
        if (!add_to_set(row, entities, &sets[m], err)) {
            return false;
        }
    }
    return true;
}

static json_t *parse_line(const struct el_input *input, const char *line, size_t len,
                          struct el_error *err) {
    json_error_t error;
    json_t *json = el_json_load(line, len, 0, &error);
    if (!json_is_object(json)) {
        el_input_fail(input, input->line, json == NULL ? (size_t)error.column : 0, err,
                      "not a JSON object: %s", json == NULL ? error.text : "another JSON value");
        json_decref(json);
        return NULL;
    }
    return json;
}

static void note_models(json_t *seen, json_t *row) {
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(row, "predictions"), name, value) {
        json_object_set_new(seen, name, json_true());
    }
}

static bool check_models(const char *path, const char *const *models, size_t n_models, json_t *seen,
                         struct el_error *err) {
    for (size_t m = 0; m < n_models; m++) {
        if (json_object_get(seen, models[m]) == NULL) {
            struct el_buffer names = {.limit = 600};
            const char *name;
            json_t *value;
            json_object_foreach(seen, name, value) {
                el_buffer_printf(&names, "%s%s", names.len > 0 ? ", " : "", name);
            }
            el_fail(err, EL_ERR_CONFIG, "%s: no line has predictions of \"%s\"; there are: %s",
                    path, models[m], names.len > 0 ? names.data : "none");
            el_buffer_free(&names);
            return false;
        }
    }
    return true;
}

static bool read_line(const struct el_input *input, const char *line, size_t len,
                      const char *const *models, size_t n_models, json_t *seen,
                      struct el_labels *sets, struct el_error *err) {
    struct row row = {.input = input, .json = parse_line(input, line, len, err)};
    if (row.json == NULL) {
        return false;
    }
    note_models(seen, row.json);
    row.base = el_document_new();
    bool ok = row.base != NULL ? read_row(&row, models, n_models, sets, err) : el_fail_memory(err);
    el_document_free(row.base);
    json_decref(row.json);
    return ok;
}

static bool is_blank(const char *line, size_t len) {
    return strspn(line, " \t\r") == len;
}

bool el_labels_read_recorded(const char *path, const char *const *models, size_t n_models,
                             struct el_labels *sets, struct el_error *err) {
    size_t n_sets = n_models > 0 ? n_models : 1;
    struct el_input input = {.max_bytes = MAX_LINE};
    if (!el_input_open(&input, path, err)) {
        return false;
    }
    json_t *seen = json_object();
    bool ok = seen != NULL || el_fail_memory(err);
    for (size_t m = 0; m < n_sets; m++) {
        sets[m] = (struct el_labels){0};
        sets[m].path = el_arena_string(&sets[m].arena, path);
        ok = ok && (sets[m].path != NULL || el_fail_memory(err));
    }
    char *line;
    size_t len;
    int more = 0;
    while (ok && (more = el_input_line(&input, &line, &len, err)) == 1) {
        ok = is_blank(line, len) || read_line(&input, line, len, models, n_models, seen, sets, err);
    }
    ok = ok && more == 0 && check_models(path, models, n_models, seen, err);
    json_decref(seen);
    el_input_close(&input);
    for (size_t m = 0; !ok && m < n_sets; m++) {
        el_labels_free(&sets[m]);
    }
    return ok;
}

bool el_labels_are_recorded(const char *path, bool *recorded, struct el_error *err) {
    *recorded = false;
    size_t path_len = strlen(path);
    if (path_len < 6 || strcmp(path + path_len - 6, ".jsonl") != 0) {
        return true; /* also keeps standard input unread */
    }
    struct el_input input = {.max_bytes = MAX_LINE};
    if (!el_input_open(&input, path, err)) {
        return false;
    }
    char *line;
    size_t len;
    struct el_error ignored; /* a broken line is for the true reader to complain about */
    if (el_input_line(&input, &line, &len, &ignored) == 1) {
        json_t *json = el_json_load(line, len, 0, NULL);
        *recorded = json_object_get(json, "entities") == NULL &&
                    (json_is_object(json_object_get(json, "predictions")) ||
                     json_is_array(json_object_get(json, "gold")));
        json_decref(json);
    }
    el_input_close(&input);
    return true;
}

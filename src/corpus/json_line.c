#include "corpus/json_line.h"

#include "base/json.h"
#include "corpus/label_names.h"

#include <string.h>

/* ---- Objects ---- */

json_t *el_json_parse(struct el_reader *reader, const char *text, size_t len, size_t number,
                      struct el_error *err) {
    json_error_t problem;
    json_t *root = el_json_load(text, len, JSON_REJECT_DUPLICATES, &problem);
    if (root == NULL && json_error_code(&problem) == json_error_out_of_memory) {
        el_fail_memory(err);
    } else if (root == NULL) {
        size_t lines = problem.line > 1 ? (size_t)problem.line - 1 : 0;
        size_t column = lines > 0 ? (size_t)problem.column : (size_t)problem.position;
        el_input_fail(&reader->input, number + lines, column, err, "broken JSON: %s", problem.text);
    } else if (!json_is_object(root)) {
        el_input_fail(&reader->input, number, 1, err,
                      "an object { } is expected; JSON lines have one a line (an array can be cut "
                      "up: jq -c '.[]' IN)");
        json_decref(root);
        root = NULL;
    }
    return root;
}

/* A mistake is told by its place in the object, so the whole of one that was cut is parsed then. */
static json_t *parse(struct el_reader *reader, el_json_cut *cut, const char *text, size_t len,
                     size_t number, struct el_error *err) {
    const struct el_buffer *rest = cut != NULL ? cut(reader, text, len) : NULL;
    json_t *root =
        rest != NULL ? el_json_load(rest->data, rest->len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    return root != NULL ? root : el_json_parse(reader, text, len, number, err);
}

static int fill_document(struct el_reader *reader, el_json_cut *cut, el_json_fill *fill,
                         const char *text, size_t len, size_t number, struct el_document **out,
                         struct el_error *err) {
    struct el_document *document = el_reader_document(reader, number);
    json_t *root = NULL;
    if (document == NULL) {
        el_fail_memory(err);
    } else if (text != NULL && (root = parse(reader, cut, text, len, number, err)) != NULL) {
        struct el_json_line line = {
            .reader = reader, .document = document, .root = root, .err = err};
        if (fill(&line)) {
            json_decref(root);
            *out = document;
            return 1;
        }
    }
    json_decref(root);
    el_document_free(document);
    return -1;
}

int el_json_next_line(struct el_reader *reader, el_json_fill *fill, struct el_document **document,
                      struct el_error *err) {
    char *text;
    size_t len;
    int got;
    do {
        got = el_input_line(&reader->input, &text, &len, err);
    } while (got == 1 && strspn(text, " \t\r") == len);
    return got == 0 ? 0
                    : fill_document(reader, NULL, fill, got == 1 ? text : NULL, len,
                                    reader->input.line, document, err);
}

int el_json_next_object(struct el_reader *reader, el_json_fill *fill, struct el_document **document,
                        struct el_error *err) {
    return el_json_next_cut(reader, NULL, fill, document, err);
}

int el_json_next_cut(struct el_reader *reader, el_json_cut *cut, el_json_fill *fill,
                     struct el_document **document, struct el_error *err) {
    char *text;
    size_t len, number;
    int got = el_input_object(&reader->input, &text, &len, &number, err);
    return got == 0 ? 0
                    : fill_document(reader, cut, fill, got == 1 ? text : NULL, len, number,
                                    document, err);
}

/* ---- Fields ---- */

const char *el_json_copy(struct el_json_line *line, const json_t *value) {
    return json_is_string(value) ? el_arena_copy(&line->document->arena, json_string_value(value),
                                                 json_string_length(value))
                                 : NULL;
}

bool el_json_read_id(struct el_json_line *line, const json_t *id) {
    struct el_document *document = line->document;
    if (json_is_string(id)) {
        document->id = el_json_copy(line, id);
    } else if (json_is_integer(id)) {
        document->id =
            el_arena_printf(&document->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
    } else if (id != NULL && !json_is_null(id)) {
        return EL_JSON_FAIL(line, "\"id\" must be a string");
    }
    return document->id != NULL || el_fail_memory(line->err);
}

bool el_json_read_lang(struct el_json_line *line) {
    json_t *lang = json_object_get(line->root, "lang");
    if (lang == NULL || json_is_null(lang)) {
        return true;
    }
    if (!json_is_string(lang)) {
        return EL_JSON_FAIL(line, "\"lang\" must be a string such as \"en\"");
    }
    line->document->lang = el_json_copy(line, lang);
    return line->document->lang != NULL || el_fail_memory(line->err);
}

static bool check_tokens(struct el_json_line *line, const json_t *tokens) {
    if (!json_is_array(tokens)) {
        return EL_JSON_FAIL(line, "\"tokens\" must be an array of strings");
    }
    for (size_t i = 0; i < json_array_size(tokens); i++) {
        json_t *token = json_array_get(tokens, i);
        if (!json_is_string(token) || json_string_length(token) == 0) {
            return EL_JSON_FAIL(line, "token %zu (counted from 0) is not a string, or empty", i);
        }
    }
    return true;
}

/* No "text": it is made from the tokens. */
static bool join_tokens(struct el_json_line *line, const json_t *tokens) {
    struct el_arena scratch = {0};
    struct el_buffer bytes = {0};
    size_t count = json_array_size(tokens);
    struct el_span *pieces = el_arena_array(&scratch, count, sizeof *pieces);
    bool done = pieces != NULL;
    for (size_t i = 0; done && i < count; i++) {
        json_t *token = json_array_get(tokens, i);
        pieces[i].start = bytes.len;
        el_buffer_append(&bytes, json_string_value(token), json_string_length(token));
        pieces[i].end = bytes.len;
    }
    done =
        done && !bytes.failed && el_document_join_tokens(line->document, pieces, count, bytes.data);
    el_buffer_free(&bytes);
    el_arena_free(&scratch);
    return done || el_fail_memory(line->err);
}

/* The tokens are in the text one after another. */
static bool locate_tokens(struct el_json_line *line, const json_t *tokens) {
    struct el_document *document = line->document;
    size_t count = json_array_size(tokens), at = 0;
    struct el_span *spans = el_arena_array(&document->arena, count, sizeof *spans);
    if (spans == NULL) {
        return el_fail_memory(line->err);
    }
    for (size_t i = 0; i < count; i++) {
        json_t *token = json_array_get(tokens, i);
        size_t len = json_string_length(token);
        const char *found =
            memmem(document->text + at, document->text_len - at, json_string_value(token), len);
        if (found == NULL) {
            return EL_JSON_FAIL(
                line, "token %zu (counted from 0), \"%s\", is not in the text after \"%s\"", i,
                el_excerpt(&document->arena, json_string_value(token), len),
                i == 0 ? ""
                       : el_excerpt(&document->arena, document->text + spans[i - 1].start,
                                    spans[i - 1].end - spans[i - 1].start));
        }
        spans[i].start = (size_t)(found - document->text);
        spans[i].end = at = spans[i].start + len;
    }
    document->tokens = spans;
    document->n_tokens = count;
    return true;
}

/* The key of the longest string of an object, which may be the text; NULL if there is none. */
static const char *longest_string(json_t *object) {
    const char *key, *longest = NULL;
    json_t *value;
    size_t most = 0;
    json_object_foreach(object, key, value) {
        if (json_string_length(value) > most && strcmp(key, "id") != 0) {
            most = json_string_length(value);
            longest = key;
        }
    }
    return longest;
}

bool el_json_read_text(struct el_json_line *line, const json_t *text, const json_t *tokens) {
    struct el_document *document = line->document;
    bool has_tokens = tokens != NULL && !json_is_null(tokens);
    if (has_tokens && !check_tokens(line, tokens)) {
        return false;
    }
    if (json_is_string(text)) {
        document->text = el_json_copy(line, text);
        document->text_len = json_string_length(text);
        if (document->text == NULL) {
            return el_fail_memory(line->err);
        }
    } else if (text != NULL && !json_is_null(text)) {
        return EL_JSON_FAIL(line, "\"text\" must be a string");
    } else if (!has_tokens) {
        const char *near = longest_string(line->root);
        return near == NULL
                   ? EL_JSON_FAIL(line, "has neither \"text\" nor \"tokens\"")
                   : EL_JSON_FAIL(line,
                                  "has neither \"text\" nor \"tokens\"; if \"%s\" is the text, say "
                                  "--text-field",
                                  near);
    }
    if (has_tokens &&
        !(json_is_string(text) ? locate_tokens(line, tokens) : join_tokens(line, tokens))) {
        return false;
    }
    document->sentence_per_document = document->n_tokens > 0;
    return true;
}

bool el_json_use_unit(struct el_json_line *line, enum el_unit unit) {
    line->unit = unit;
    if (unit == EL_UNIT_TOKEN) {
        return line->document->n_tokens > 0 ||
               EL_JSON_FAIL(line, "offsets count in tokens, but the line has no \"tokens\"");
    }
    return el_offsets_open(&line->offsets, &line->document->arena, line->document->text,
                           line->document->text_len, unit) ||
           el_fail_memory(line->err);
}

/* ---- Entities ---- */

bool el_json_entity_span(struct el_json_line *line, size_t number, json_int_t from, json_int_t to,
                         struct el_span *span) {
    const struct el_document *document = line->document;
    if (from < 0 || from > to) {
        return EL_JSON_FAIL(line,
                            "entity %zu (counted from 0): start %" JSON_INTEGER_FORMAT
                            " must lie before end %" JSON_INTEGER_FORMAT " (ends are exclusive)",
                            number, from, to);
    }
    size_t last = line->unit == EL_UNIT_TOKEN ? document->n_tokens : line->offsets.total;
    if ((size_t)to > last) {
        return EL_JSON_FAIL(line,
                            "entity %zu (counted from 0): end %" JSON_INTEGER_FORMAT
                            " lies after the text, which has %zu %ss; is the offset unit right "
                            "(--input-offsets)?",
                            number, to, last, el_unit_name(line->unit));
    }
    if (line->unit == EL_UNIT_TOKEN && from == to) {
        *span = (struct el_span){0, 0};
        return true;
    }
    if (line->unit == EL_UNIT_TOKEN) {
        *span = (struct el_span){document->tokens[from].start, document->tokens[to - 1].end};
        return true;
    }
    return (el_offsets_to_byte(&line->offsets, (size_t)from, &span->start) &&
            el_offsets_to_byte(&line->offsets, (size_t)to, &span->end)) ||
           EL_JSON_FAIL(
               line,
               "entity %zu (counted from 0): an offset lies inside a character; is the offset "
               "unit right (--input-offsets)?",
               number);
}

/* An entity that quotes its text lets wrong offsets be noticed. */
static bool check_quote(struct el_json_line *line, size_t number, const json_t *quote,
                        struct el_span span) {
    struct el_document *document = line->document;
    size_t len = span.end - span.start;
    if (!json_is_string(quote) ||
        (json_string_length(quote) == len &&
         memcmp(json_string_value(quote), document->text + span.start, len) == 0)) {
        return true;
    }
    return EL_JSON_FAIL(
        line,
        "entity %zu (counted from 0) says \"%s\", but its offsets hold \"%s\"; is the "
        "offset unit right (--input-offsets)?",
        number, el_excerpt(&document->arena, json_string_value(quote), json_string_length(quote)),
        el_excerpt(&document->arena, document->text + span.start, len));
}

bool el_json_entity_type(struct el_json_line *line, size_t number, const json_t *given,
                         const char **type) {
    const json_t *names = line->reader->label_names;
    const char *name = json_string_value(given);
    *type = NULL;
    if (json_is_integer(given)) {
        json_int_t label = json_integer_value(given);
        name = el_label_name(names, label);
        if (names != NULL && name == NULL) {
            return EL_JSON_FAIL(line, "entity %zu (counted from 0): %s has no name for label %lld",
                                number, line->reader->options.label_names, (long long)label);
        }
        if (name == NULL) {
            line->unnamed++;
            el_reader_notice(line->reader, NULL, line->document->line,
                             "an entity was left out, since its label is the number %lld and no "
                             "name; --labels FILE gives the names",
                             (long long)label);
            return true;
        }
    }
    if (name == NULL || *name == '\0') {
        return EL_JSON_FAIL(line, "entity %zu (counted from 0) needs a string as its type", number);
    }
    *type = el_arena_string(&line->document->arena, name);
    return *type != NULL || el_fail_memory(line->err);
}

bool el_json_add_entity(struct el_json_line *line, size_t number, json_int_t start, json_int_t end,
                        const json_t *type, const json_t *quote, double score, json_t *rest) {
    struct el_entity entity = {.score = score, .extra = rest};
    if (!el_json_entity_type(line, number, type, &entity.type)) {
        return false;
    }
    if (!el_json_entity_span(line, number, start, end, &entity.span)) {
        return false;
    }
    if (start == end) {
        el_reader_notice(line->reader, NULL, line->document->line,
                         "an entity that marks no text was left out");
        return true;
    }
    if (!check_quote(line, number, quote, entity.span)) {
        return false;
    }
    return entity.type == NULL ||
           el_document_add_entity(line->document, &entity, &line->capacity) ||
           el_fail_memory(line->err);
}

json_t *el_json_first(const json_t *object, const char *const *keys) {
    json_t *found = NULL;
    for (; found == NULL && *keys != NULL; keys++) {
        found = json_object_get(object, *keys);
    }
    return found;
}

json_t *el_json_rest(json_t *object, const char *const *known) {
    for (; *known != NULL; known++) {
        json_object_del(object, *known);
    }
    return json_object_size(object) > 0 ? object : NULL;
}

/* [0, 3, "person"], or an object with start, end and label under any of their usual names. */
static bool looks_like_entity(const json_t *value) {
    static const char *const starts[] = {"start",       "start_offset", "begin",  "start_char",
                                         "start_index", "startOffset",  "offset", NULL};
    static const char *const types[] = {"label", "labels",       "type",   "entity_type",
                                        "tag",   "entity_group", "entity", NULL};
    if (json_is_array(value)) {
        return json_is_integer(json_array_get(value, 0)) &&
               json_is_integer(json_array_get(value, 1)) &&
               json_is_string(json_array_get(value, 2));
    }
    return json_is_integer(el_json_first(value, starts)) && el_json_first(value, types) != NULL;
}

/* Fields that nobody reads and that may be the document's entities, where it has no others. */
static void doubt_fields(struct el_json_line *line) {
    const char *key;
    json_t *value;
    json_object_foreach(line->root, key, value) {
        if (line->document->n_entities == 0 && line->unnamed == 0 &&
            looks_like_entity(json_array_get(value, 0))) {
            el_reader_notice(
                line->reader, NULL, line->document->line,
                "the field \"%.40s\" looks like entities, but was not read as such (the "
                "format is %s; --from names another one)",
                key, line->reader->entry->name);
        }
    }
}

void el_json_finish(struct el_json_line *line, const char *const *known) {
    el_document_sort_entities(line->document);
    line->document->extra = json_incref(el_json_rest(line->root, known));
    doubt_fields(line);
}

void el_json_write_extra(struct el_buffer *out, json_t *extra, const char *const *written) {
    const char *key;
    json_t *value;
    json_object_foreach(extra, key, value) {
        const char *const *known = written;
        while (*known != NULL && strcmp(*known, key) != 0) {
            known++;
        }
        if (*known == NULL) {
            el_buffer_string(out, ", ");
            el_json_string(out, key, strlen(key));
            el_buffer_string(out, ": ");
            el_json_value(out, value);
        }
    }
}

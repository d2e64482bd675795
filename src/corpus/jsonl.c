/* JSON lines: one object a line and document,
 *
 *     {"id", "text", "offset_unit", "tokens", "lang",
 *      "entities": [{"start", "end", "type", "text", "score", ...}], ...}
 *
 * Offsets count in the line's own "offset_unit"; without one in the unit the user told; else in
 * tokens where the line has both "entities" and "tokens"; else in code points. Fields that are not
 * known here are carried through to the output. */
#include "base/json.h"
#include "corpus/formats.h"

#include <math.h>
#include <string.h>

/* ---- Reading ---- */

/* What the functions below share about the line that is read. */
struct line {
    const struct el_reader *reader;
    struct el_document *document;
    json_t *root;
    enum el_unit unit;
    struct el_offsets offsets; /* unless unit is TOKEN */
    struct el_error *err;
};

#define FAIL(line, ...)                                                                            \
    el_input_fail(&(line)->reader->input, (line)->document->line, 0, (line)->err, __VA_ARGS__)

static const char *copy_string(struct line *line, const json_t *value) {
    return el_arena_copy(&line->document->arena, json_string_value(value),
                         json_string_length(value));
}

static bool read_id(struct line *line) {
    json_t *id = json_object_get(line->root, "id");
    struct el_document *document = line->document;
    if (json_is_string(id)) {
        document->id = copy_string(line, id);
    } else if (json_is_integer(id)) {
        document->id =
            el_arena_printf(&document->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
    } else if (id != NULL && !json_is_null(id)) {
        return FAIL(line, "\"id\" must be a string");
    }
    return document->id != NULL || el_fail_memory(line->err);
}

static bool read_lang(struct line *line) {
    json_t *lang = json_object_get(line->root, "lang");
    if (lang == NULL || json_is_null(lang)) {
        return true;
    }
    if (!json_is_string(lang)) {
        return FAIL(line, "\"lang\" must be a string such as \"en\"");
    }
    line->document->lang = copy_string(line, lang);
    return line->document->lang != NULL || el_fail_memory(line->err);
}

static bool check_tokens(struct line *line, json_t *tokens) {
    if (!json_is_array(tokens)) {
        return FAIL(line, "\"tokens\" must be an array of strings");
    }
    for (size_t i = 0; i < json_array_size(tokens); i++) {
        json_t *token = json_array_get(tokens, i);
        if (!json_is_string(token) || json_string_length(token) == 0) {
            return FAIL(line, "token %zu (counted from 0) is not a string, or empty", i);
        }
    }
    return true;
}

/* No "text": it is made from the tokens. */
static bool join_tokens(struct line *line, json_t *tokens) {
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

/* The tokens stand in the text one after another. */
static bool locate_tokens(struct line *line, json_t *tokens) {
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
            return FAIL(line,
                        "token %zu (counted from 0), \"%s\", is not in the text behind \"%s\"", i,
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

static bool read_text(struct line *line) {
    json_t *text = json_object_get(line->root, "text");
    json_t *tokens = json_object_get(line->root, "tokens");
    struct el_document *document = line->document;
    bool has_tokens = tokens != NULL && !json_is_null(tokens);
    if (has_tokens && !check_tokens(line, tokens)) {
        return false;
    }
    if (json_is_string(text)) {
        document->text = copy_string(line, text);
        document->text_len = json_string_length(text);
        if (document->text == NULL) {
            return el_fail_memory(line->err);
        }
    } else if (text != NULL && !json_is_null(text)) {
        return FAIL(line, "\"text\" must be a string");
    } else if (!has_tokens) {
        return FAIL(line, "has neither \"text\" nor \"tokens\"");
    }
    if (has_tokens &&
        !(json_is_string(text) ? locate_tokens(line, tokens) : join_tokens(line, tokens))) {
        return false;
    }
    document->sentence_per_document = document->n_tokens > 0;
    return true;
}

static bool choose_unit(struct line *line) {
    const struct el_read_options *options = &line->reader->options;
    json_t *unit = json_object_get(line->root, "offset_unit");
    bool has_tokens = line->document->n_tokens > 0;
    if (unit != NULL && !el_unit_from_name(json_string_value(unit), &line->unit)) {
        return FAIL(line, "\"offset_unit\" must be \"codepoint\", \"byte\", \"utf16\" or "
                          "\"token\"");
    }
    if (unit == NULL) {
        line->unit = options->has_input_unit ? options->input_unit
                     : has_tokens            ? EL_UNIT_TOKEN
                                             : EL_UNIT_CODEPOINT;
    }
    if (line->unit == EL_UNIT_TOKEN) {
        return has_tokens || FAIL(line, "offsets count in tokens, but the line has no \"tokens\"");
    }
    return el_offsets_open(&line->offsets, &line->document->arena, line->document->text,
                           line->document->text_len, line->unit) ||
           el_fail_memory(line->err);
}

static bool read_span(struct line *line, size_t number, const json_t *entity,
                      struct el_span *span) {
    const struct el_document *document = line->document;
    json_t *start = json_object_get(entity, "start"), *end = json_object_get(entity, "end");
    if (!json_is_integer(start) || !json_is_integer(end)) {
        return FAIL(line, "entity %zu (counted from 0) needs whole numbers \"start\" and \"end\"",
                    number);
    }
    json_int_t from = json_integer_value(start), to = json_integer_value(end);
    if (from < 0 || from >= to) {
        return FAIL(line,
                    "entity %zu (counted from 0): start %" JSON_INTEGER_FORMAT
                    " must lie before end %" JSON_INTEGER_FORMAT " (ends are exclusive)",
                    number, from, to);
    }
    size_t last = line->unit == EL_UNIT_TOKEN ? document->n_tokens : line->offsets.total;
    if ((size_t)to > last) {
        return FAIL(line,
                    "entity %zu (counted from 0): end %" JSON_INTEGER_FORMAT
                    " lies behind the text, which has %zu %ss; is the offset unit right "
                    "(--input-offsets)?",
                    number, to, last, el_unit_name(line->unit));
    }
    if (line->unit == EL_UNIT_TOKEN) {
        *span = (struct el_span){document->tokens[from].start, document->tokens[to - 1].end};
        return true;
    }
    return (el_offsets_to_byte(&line->offsets, (size_t)from, &span->start) &&
            el_offsets_to_byte(&line->offsets, (size_t)to, &span->end)) ||
           FAIL(line,
                "entity %zu (counted from 0): an offset lies inside a character; is the offset "
                "unit right (--input-offsets)?",
                number);
}

/* An entity that quotes its text lets wrong offsets be noticed. */
static bool check_quote(struct line *line, size_t number, const json_t *entity,
                        struct el_span span) {
    struct el_document *document = line->document;
    json_t *quote = json_object_get(entity, "text");
    size_t len = span.end - span.start;
    if (!json_is_string(quote) ||
        (json_string_length(quote) == len &&
         memcmp(json_string_value(quote), document->text + span.start, len) == 0)) {
        return true;
    }
    return FAIL(line,
                "entity %zu (counted from 0) says \"%s\", but \"%s\" stands at its offsets; is the "
                "offset unit right (--input-offsets)?",
                number,
                el_excerpt(&document->arena, json_string_value(quote), json_string_length(quote)),
                el_excerpt(&document->arena, document->text + span.start, len));
}

static bool read_entity(struct line *line, size_t number, json_t *value, size_t *capacity) {
    static const char *const known[] = {"start", "end", "type", "text", "score", "token_aligned"};
    struct el_entity entity = {.score = NAN};
    if (!json_is_object(value)) {
        return FAIL(line, "entity %zu (counted from 0) is not an object", number);
    }
    json_t *type = json_object_get(value, "type"), *score = json_object_get(value, "score");
    if (!json_is_string(type) || json_string_length(type) == 0) {
        return FAIL(line, "entity %zu (counted from 0) needs a string \"type\"", number);
    }
    if (!read_span(line, number, value, &entity.span) ||
        !check_quote(line, number, value, entity.span)) {
        return false;
    }
    entity.type = copy_string(line, type);
    entity.score = json_is_number(score) ? json_number_value(score) : NAN;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        json_object_del(value, known[i]);
    }
    entity.extra = json_object_size(value) > 0 ? value : NULL;
    return (entity.type != NULL && el_document_add_entity(line->document, &entity, capacity)) ||
           el_fail_memory(line->err);
}

static bool read_entities(struct line *line) {
    json_t *entities = json_object_get(line->root, "entities");
    if (entities == NULL || json_is_null(entities)) {
        return true;
    }
    if (!json_is_array(entities)) {
        return FAIL(line, "\"entities\" must be an array");
    }
    size_t capacity = 0, count = json_array_size(entities);
    if (count > 0 && !choose_unit(line)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_entity(line, i, json_array_get(entities, i), &capacity)) {
            return false;
        }
    }
    line->document->labelled = true;
    line->document->kept = json_incref(entities);
    el_document_sort_entities(line->document);
    return true;
}

static bool read_line(struct line *line) {
    static const char *const known[] = {"id", "text", "offset_unit", "tokens", "lang", "entities"};
    if (!read_id(line) || !read_lang(line) || !read_text(line) || !read_entities(line)) {
        return false;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        json_object_del(line->root, known[i]);
    }
    if (json_object_size(line->root) > 0) {
        line->document->extra = json_incref(line->root);
    }
    return true;
}

static json_t *parse(struct el_reader *reader, const char *text, size_t len, struct el_error *err) {
    json_error_t problem;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);
    size_t line = reader->input.line;
    if (root == NULL && json_error_code(&problem) == json_error_out_of_memory) {
        el_fail_memory(err);
    } else if (root == NULL) {
        el_input_fail(&reader->input, line, (size_t)problem.position, err, "broken JSON: %s",
                      problem.text);
    } else if (!json_is_object(root)) {
        el_input_fail(&reader->input, line, 1, err,
                      "an object { } is expected; JSON lines have one a line (an array can be cut "
                      "up: jq -c '.[]' IN)");
        json_decref(root);
        root = NULL;
    }
    return root;
}

static bool is_blank(const char *text, size_t len) {
    return strspn(text, " \t\r") == len;
}

static int next(struct el_reader *reader, struct el_document **out, struct el_error *err) {
    char *text;
    size_t len;
    int got;
    do {
        got = el_input_line(&reader->input, &text, &len, err);
    } while (got == 1 && is_blank(text, len));
    if (got == 0) {
        return 0;
    }
    struct el_document *document = el_reader_document(reader, reader->input.line);
    json_t *root = NULL;
    if (document == NULL) {
        el_fail_memory(err);
    } else if (got == 1 && (root = parse(reader, text, len, err)) != NULL) {
        struct line line = {.reader = reader, .document = document, .root = root, .err = err};
        if (read_line(&line)) {
            json_decref(root);
            *out = document;
            return 1;
        }
    }
    json_decref(root);
    el_document_free(document);
    return -1;
}

/* ---- Writing ---- */

static void write_members(struct el_writer *writer, el_member_set set) {
    const struct el_write_options *options = &writer->options;
    const char *separator = "";
    el_buffer_char(&writer->out, '[');
    for (size_t i = 0; i < EL_MAX_MEMBERS; i++) {
        if ((set >> i & 1u) != 0) {
            el_buffer_string(&writer->out, separator);
            if (options->members != NULL && i < options->n_members) {
                el_json_string(&writer->out, options->members[i], strlen(options->members[i]));
            } else {
                el_buffer_printf(&writer->out, "\"%zu\"", i + 1);
            }
            separator = ", ";
        }
    }
    el_buffer_char(&writer->out, ']');
}

static void write_evidence(struct el_writer *writer, const struct el_entity *entity) {
    static const char *const verified[] = {[EL_VERIFIED_NOT_ASKED] = "null",
                                           [EL_VERIFIED_YES] = "true",
                                           [EL_VERIFIED_NO] = "false",
                                           [EL_VERIFIED_UNREADABLE] = "\"unreadable\""};
    el_buffer_string(&writer->out, ", \"extracted_by\": ");
    write_members(writer, entity->extracted_by);
    el_buffer_string(&writer->out, ", \"votes\": {");
    for (size_t i = 0; i < entity->n_votes; i++) {
        el_buffer_string(&writer->out, i == 0 ? "" : ", ");
        el_json_string(&writer->out, entity->votes[i].type, strlen(entity->votes[i].type));
        el_buffer_string(&writer->out, ": ");
        write_members(writer, entity->votes[i].voters);
    }
    el_buffer_printf(&writer->out, "}, \"verified\": %s", verified[entity->verified]);
}

/* `, "key": value` for each member of `extra` that is not among `written`. */
static void write_extra(struct el_writer *writer, json_t *extra, const char *const *written) {
    const char *key;
    json_t *value;
    json_object_foreach(extra, key, value) {
        const char *const *known = written;
        while (*known != NULL && strcmp(*known, key) != 0) {
            known++;
        }
        if (*known == NULL) {
            el_buffer_string(&writer->out, ", ");
            el_json_string(&writer->out, key, strlen(key));
            el_buffer_string(&writer->out, ": ");
            el_json_value(&writer->out, value);
        }
    }
}

/* In tokens an entity is the fewest tokens that cover it; *span becomes theirs. */
static bool to_tokens(struct el_writer *writer, const struct el_spans *tokens, struct el_span *span,
                      size_t *start, size_t *end, bool *exact) {
    if (!el_tokens_cover(tokens->items, tokens->count, *span, start, end, exact)) {
        return false;
    }
    *span = (struct el_span){tokens->items[*start].start, tokens->items[*end - 1].end};
    writer->widened += !*exact;
    return true;
}

static bool write_entity(struct el_writer *writer, const struct el_document *document,
                         const struct el_entity *entity, const struct el_spans *tokens,
                         const struct el_offsets *offsets, struct el_error *err) {
    static const char *const none[] = {NULL}, *const evidence[] = {"extracted_by", "votes",
                                                                   "verified", NULL};
    struct el_buffer *out = &writer->out;
    struct el_span span = entity->span;
    size_t start, end;
    bool exact = true;
    if (writer->options.unit != EL_UNIT_TOKEN) {
        start = el_offsets_of_byte(offsets, span.start);
        end = el_offsets_of_byte(offsets, span.end);
    } else if (!to_tokens(writer, tokens, &span, &start, &end, &exact)) {
        return el_fail(err, EL_ERR_FORMAT,
                       "document \"%s\": an entity of type %s at byte %zu touches no token; write "
                       "it with --offsets codepoint",
                       document->id, entity->type, span.start);
    }
    el_buffer_printf(out, "{\"start\": %zu, \"end\": %zu, \"text\": ", start, end);
    el_json_string(out, document->text + span.start, span.end - span.start);
    el_buffer_string(out, ", \"type\": ");
    el_json_string(out, entity->type, strlen(entity->type));
    if (!isnan(entity->score)) {
        el_buffer_string(out, ", \"score\": ");
        el_json_real(out, round(entity->score * 1e4) / 1e4);
    }
    if (entity->has_evidence) {
        write_evidence(writer, entity);
    }
    if (!exact) {
        el_buffer_string(out, ", \"token_aligned\": false");
    }
    if (entity->extra != NULL) {
        write_extra(writer, entity->extra, entity->has_evidence ? evidence : none);
    }
    el_buffer_char(out, '}');
    return true;
}

static bool write_entities(struct el_writer *writer, const struct el_document *document,
                           const struct el_spans *tokens, struct el_error *err) {
    struct el_offsets offsets = {0};
    if (writer->options.unit != EL_UNIT_TOKEN &&
        !el_offsets_open(&offsets, &writer->scratch, document->text, document->text_len,
                         writer->options.unit)) {
        return el_fail_memory(err);
    }
    el_buffer_string(&writer->out, ", \"entities\": [");
    for (size_t i = 0; i < document->n_entities; i++) {
        el_buffer_string(&writer->out, i == 0 ? "" : ", ");
        if (!write_entity(writer, document, &document->entities[i], tokens, &offsets, err)) {
            return false;
        }
    }
    el_buffer_char(&writer->out, ']');
    return true;
}

static void write_tokens(struct el_buffer *out, const struct el_document *document,
                         const struct el_spans *tokens) {
    el_buffer_string(out, ", \"tokens\": [");
    for (size_t i = 0; i < tokens->count; i++) {
        el_buffer_string(out, i == 0 ? "" : ", ");
        el_json_string(out, document->text + tokens->items[i].start,
                       tokens->items[i].end - tokens->items[i].start);
    }
    el_buffer_char(out, ']');
}

static bool write(struct el_writer *writer, const struct el_document *document,
                  struct el_error *err) {
    static const char *const written[] = {"abstained", "failure", NULL}, *const none[] = {NULL};
    struct el_buffer *out = &writer->out;
    struct el_spans tokens = {0};
    bool from_pipeline = writer->options.members != NULL;
    if ((writer->options.unit == EL_UNIT_TOKEN || document->n_tokens > 0) &&
        !el_writer_tokens(writer, document, &tokens, err)) {
        return false;
    }
    el_buffer_string(out, "{\"id\": ");
    el_json_string(out, document->id, strlen(document->id));
    el_buffer_string(out, ", \"text\": ");
    el_json_string(out, document->text, document->text_len);
    el_buffer_printf(out, ", \"offset_unit\": \"%s\"", el_unit_name(writer->options.unit));
    if (tokens.count > 0) {
        write_tokens(out, document, &tokens);
    }
    if (el_writer_has_labels(writer, document) && !write_entities(writer, document, &tokens, err)) {
        return false;
    }
    if (from_pipeline) {
        el_buffer_printf(out, ", \"abstained\": %zu", document->abstained);
    }
    if (document->failure != NULL) {
        el_buffer_string(out, ", \"failure\": ");
        el_json_string(out, document->failure, strlen(document->failure));
    }
    if (document->lang != NULL) {
        el_buffer_string(out, ", \"lang\": ");
        el_json_string(out, document->lang, strlen(document->lang));
    }
    if (document->extra != NULL) {
        write_extra(writer, document->extra, from_pipeline ? written : none);
    }
    el_buffer_string(out, "}\n");
    return true;
}

const struct el_format_entry el_format_jsonl = {
    .name = "jsonl", .endings = ".jsonl .ndjson .jl .json", .next = next, .write = write};

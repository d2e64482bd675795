/* JSON lines: one object a line and document,
 *
 *     {"id", "text", "offset_unit", "tokens", "lang",
 *      "entities": [{"start", "end", "type", "text", "score", ...}], ...}
 *
 * Read are also objects over several lines, or in an array; entities as [start, end, "type"], and
 * with other names for the three; and, in place of entities, "tokens" with a tag each in
 * "ner_tags", "tags", "labels" or "ner": B-person, I-person, O, or numbers of such tags.
 *
 * Offsets count in the line's own "offset_unit"; without one in the unit the user told; else in
 * tokens where the line has both "entities" and "tokens"; else in code points. Fields that are not
 * known here are carried through to the output. */
#include "base/json.h"
#include "corpus/iob.h"
#include "corpus/json_line.h"
#include "corpus/label_names.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Reading ---- */

static bool choose_unit(struct el_json_line *line) {
    const struct el_read_options *options = &line->reader->options;
    json_t *named = json_object_get(line->root, "offset_unit");
    enum el_unit unit = options->has_input_unit        ? options->input_unit
                        : line->document->n_tokens > 0 ? EL_UNIT_TOKEN
                                                       : EL_UNIT_CODEPOINT;
    if (named != NULL && !el_unit_from_name(json_string_value(named), &unit)) {
        return EL_JSON_FAIL(line, "\"offset_unit\" must be \"codepoint\", \"byte\", \"utf16\" or "
                                  "\"token\"");
    }
    return el_json_use_unit(line, unit);
}

/* The member with the first of `keys` that the object has, taken out of it; NULL if none. */
static json_t *take(json_t *object, const char *const *keys) {
    for (; *keys != NULL; keys++) {
        json_t *value = json_incref(json_object_get(object, *keys));
        if (value != NULL) {
            json_object_del(object, *keys);
            return value;
        }
    }
    return NULL;
}

static bool read_object(struct el_json_line *line, size_t number, json_t *value) {
    static const char *const starts[] = {"start", "start_offset", "start_char", "begin", NULL};
    static const char *const ends[] = {"end", "end_offset", "end_char", NULL};
    static const char *const types[] = {"type", "label", "entity_type", "entity_group", NULL};
    static const char *const known[] = {"text", "score", "token_aligned", NULL};
    json_t *start = take(value, starts), *end = take(value, ends), *type = take(value, types);
    json_t *quote = json_incref(json_object_get(value, "text"));
    json_t *score = json_object_get(value, "score");
    double number_score = json_is_number(score) ? json_number_value(score) : NAN;
    bool done = json_is_integer(start) && json_is_integer(end);
    if (!done) {
        EL_JSON_FAIL(line, "entity %zu (counted from 0) needs whole numbers \"start\" and \"end\"",
                     number);
    } else {
        done = el_json_add_entity(line, number, json_integer_value(start), json_integer_value(end),
                                  type, quote, number_score, el_json_rest(value, known));
    }
    json_decref(start);
    json_decref(end);
    json_decref(type);
    json_decref(quote);
    return done;
}

static bool read_entity(struct el_json_line *line, size_t number, json_t *value) {
    json_t *start = json_array_get(value, 0), *end = json_array_get(value, 1);
    if (json_is_object(value)) {
        return read_object(line, number, value);
    }
    if (!json_is_integer(start) || !json_is_integer(end)) {
        return EL_JSON_FAIL(line,
                            "entity %zu (counted from 0) is neither an object nor [start, end, "
                            "\"type\"]",
                            number);
    }
    return el_json_add_entity(line, number, json_integer_value(start), json_integer_value(end),
                              json_array_get(value, 2), NULL, NAN, NULL);
}

static bool read_entities(struct el_json_line *line) {
    json_t *entities = json_object_get(line->root, "entities");
    if (entities == NULL || json_is_null(entities)) {
        return true;
    }
    if (!json_is_array(entities)) {
        return EL_JSON_FAIL(line, "\"entities\" must be an array");
    }
    line->document->labelled = true;
    line->document->kept = json_incref(entities);
    size_t count = json_array_size(entities);
    if (count > 0 && !choose_unit(line)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_entity(line, i, json_array_get(entities, i))) {
            return false;
        }
    }
    return true;
}

/* ---- Tags of tokens ---- */

/* The name of a tag; NULL if it is neither a string nor a number that has one. */
static const char *tag_name(const struct el_json_line *line, const json_t *tag) {
    return json_is_integer(tag) ? el_label_name(line->reader->label_names, json_integer_value(tag))
                                : json_string_value(tag);
}

/* One tag a token? Tags of words (nouns, verbs) are none. */
static bool are_tags(const struct el_json_line *line, const json_t *tags) {
    size_t count = json_array_size(tags);
    for (size_t i = 0; i < count; i++) {
        const char *name = tag_name(line, json_array_get(tags, i));
        if (name == NULL || !el_iob_is_valid(name, strlen(name), EL_SCHEME_AUTO)) {
            return false;
        }
    }
    return count > 0 && count == line->document->n_tokens;
}

static bool decode_tags(struct el_json_line *line, const json_t *values) {
    struct el_arena scratch = {0};
    size_t count = json_array_size(values);
    struct el_iob_tag *tags = el_arena_array(&scratch, count, sizeof *tags);
    for (size_t i = 0; tags != NULL && i < count; i++) {
        const char *name = tag_name(line, json_array_get(values, i));
        tags[i] = (struct el_iob_tag){name, strlen(name)};
    }
    bool done = tags != NULL && el_iob_decode(line->document, tags) &&
                (!line->reader->options.keep_tags || el_iob_keep(line->document, tags));
    el_arena_free(&scratch);
    return done || el_fail_memory(line->err);
}

/* In place of entities: the field that has a tag for each token. */
static bool read_tags(struct el_json_line *line) {
    static const char *const keys[] = {"ner_tags", "ner",      "tags", "labels",
                                       "bio_tags", "iob_tags", "label"};
    bool done = true;
    for (size_t i = 0; done && !line->document->labelled && i < sizeof keys / sizeof *keys; i++) {
        json_t *values = json_object_get(line->root, keys[i]);
        bool numbers = json_is_integer(json_array_get(values, 0)) &&
                       json_array_size(values) == line->document->n_tokens;
        if (are_tags(line, values)) {
            done = decode_tags(line, values);
            json_object_del(line->root, keys[i]);
        } else if (numbers) {
            el_reader_notice(line->reader, NULL, line->document->line,
                             line->reader->label_names == NULL
                                 ? "\"%s\" holds numbers in place of tags and was not read; "
                                   "--labels FILE gives the names"
                                 : "\"%s\" holds numbers whose names are no tags such as B-person",
                             keys[i]);
        }
    }
    return done;
}

bool el_jsonl_fill(struct el_json_line *line) {
    static const char *const known[] = {"id",   "text",     "offset_unit", "tokens",
                                        "lang", "entities", NULL};
    json_t *root = line->root;
    if (!el_json_read_id(line, json_object_get(root, "id")) || !el_json_read_lang(line) ||
        !el_json_read_text(line, json_object_get(root, "text"), json_object_get(root, "tokens")) ||
        !read_entities(line) || !read_tags(line)) {
        return false;
    }
    el_json_finish(line, known);
    return true;
}

/* The field that the options name takes the place of `field`. */
static bool rename_field(struct el_json_line *line, const char *name, const char *field) {
    if (name == NULL || strcmp(name, field) == 0) {
        return true;
    }
    json_t *value = json_object_get(line->root, name);
    if (value == NULL) {
        return EL_JSON_FAIL(line, "has no field \"%s\", which --%s-field names", name, field);
    }
    if (json_object_get(line->root, field) != NULL) {
        el_reader_notice(line->reader, NULL, line->document->line,
                         "\"%s\" is taken for \"%s\", and what is there is left out", name, field);
    }
    return (json_object_set(line->root, field, value) == 0 &&
            json_object_del(line->root, name) == 0) ||
           el_fail_memory(line->err);
}

/* A line, in which the text and the id may have other names. */
static bool fill(struct el_json_line *line) {
    const struct el_read_options *options = &line->reader->options;
    return rename_field(line, options->text_column, "text") &&
           rename_field(line, options->id_column, "id") && el_jsonl_fill(line);
}

/* State of the reader: how objects are found. Lines are not looked into for their ends. */
struct state {
    bool by_lines;
};

/* Is the first line an object? An array, or an object over several lines, has no such line. */
static bool open(struct el_reader *reader, struct el_error *err) {
    size_t len;
    const char *text = el_input_peek(&reader->input, &len);
    size_t at = strspn(text, " \t\r\n");
    const char *stop = memchr(text + at, '\n', len - at);
    size_t end = stop != NULL ? (size_t)(stop - text) : len;
    while (stop != NULL && end > at && strchr(" \t\r", text[end - 1]) != NULL) {
        end--;
    }
    struct state *state = calloc(1, sizeof *state);
    reader->state = state;
    if (state == NULL) {
        return el_fail_memory(err);
    }
    bool lines = text[at] != '[' && (text[at] != '{' || stop == NULL || text[end - 1] == '}');
    state->by_lines = lines;
    return true;
}

static void close(struct el_reader *reader) {
    free(reader->state);
}

static int next(struct el_reader *reader, struct el_document **document, struct el_error *err) {
    const struct state *state = reader->state;
    return state->by_lines ? el_json_next_line(reader, fill, document, err)
                           : el_json_next_object(reader, fill, document, err);
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

bool el_places_open(struct el_writer *writer, const struct el_document *document,
                    struct el_places *places, struct el_error *err) {
    *places = (struct el_places){0};
    if (writer->options.unit == EL_UNIT_TOKEN) {
        return el_writer_tokens(writer, document, &places->tokens, err);
    }
    return el_offsets_open(&places->offsets, &writer->scratch, document->text, document->text_len,
                           writer->options.unit) ||
           el_fail_memory(err);
}

bool el_places_find(struct el_writer *writer, const struct el_document *document,
                    const struct el_places *places, const struct el_entity *entity,
                    struct el_span *span, size_t *start, size_t *end, bool *exact,
                    struct el_error *err) {
    *span = entity->span;
    *exact = true;
    if (writer->options.unit != EL_UNIT_TOKEN) {
        *start = el_offsets_of_byte(&places->offsets, span->start);
        *end = el_offsets_of_byte(&places->offsets, span->end);
        return true;
    }
    return to_tokens(writer, &places->tokens, span, start, end, exact) ||
           el_fail(err, EL_ERR_FORMAT,
                   "document \"%s\": an entity of type %s at byte %zu touches no token; write "
                   "it with --offsets codepoint",
                   document->id, entity->type, span->start);
}

static bool write_entity(struct el_writer *writer, const struct el_document *document,
                         const struct el_entity *entity, const struct el_places *places,
                         struct el_error *err) {
    static const char *const none[] = {NULL}, *const evidence[] = {"extracted_by", "votes",
                                                                   "verified", NULL};
    struct el_buffer *out = &writer->out;
    struct el_span span;
    size_t start, end;
    bool exact;
    if (!el_places_find(writer, document, places, entity, &span, &start, &end, &exact, err)) {
        return false;
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
        el_json_write_extra(&writer->out, entity->extra, entity->has_evidence ? evidence : none);
    }
    el_buffer_char(out, '}');
    return true;
}

bool el_jsonl_write_entities(struct el_writer *writer, const struct el_document *document,
                             struct el_error *err) {
    struct el_places places;
    if (!el_places_open(writer, document, &places, err)) {
        return false;
    }
    el_buffer_char(&writer->out, '[');
    for (size_t i = 0; i < document->n_entities; i++) {
        el_buffer_string(&writer->out, i == 0 ? "" : ", ");
        if (!write_entity(writer, document, &document->entities[i], &places, err)) {
            return false;
        }
    }
    el_buffer_char(&writer->out, ']');
    return true;
}

bool el_jsonl_write_tokens(struct el_writer *writer, const struct el_document *document,
                           struct el_error *err) {
    struct el_buffer *out = &writer->out;
    struct el_spans tokens = {0};
    if (!el_writer_tokens(writer, document, &tokens, err)) {
        return false;
    }
    el_buffer_char(out, '[');
    for (size_t i = 0; i < tokens.count; i++) {
        struct el_span token = tokens.items[i];
        el_buffer_string(out, i == 0 ? "" : ", ");
        el_json_string(out, document->text + token.start, token.end - token.start);
    }
    el_buffer_char(out, ']');
    return true;
}

static bool write(struct el_writer *writer, const struct el_document *document,
                  struct el_error *err) {
    static const char *const written[] = {"abstained", "failure", NULL}, *const none[] = {NULL};
    struct el_buffer *out = &writer->out;
    bool from_pipeline = writer->options.members != NULL;
    el_buffer_string(out, "{\"id\": ");
    el_json_string(out, document->id, strlen(document->id));
    el_buffer_string(out, ", \"text\": ");
    el_json_string(out, document->text, document->text_len);
    el_buffer_printf(out, ", \"offset_unit\": \"%s\"", el_unit_name(writer->options.unit));
    if (document->n_tokens > 0 ||
        (writer->options.unit == EL_UNIT_TOKEN && document->text_len > 0)) {
        el_buffer_string(out, ", \"tokens\": ");
        if (!el_jsonl_write_tokens(writer, document, err)) {
            return false;
        }
    }
    if (el_writer_has_labels(writer, document)) {
        el_buffer_string(out, ", \"entities\": ");
        if (!el_jsonl_write_entities(writer, document, err)) {
            return false;
        }
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
        el_json_write_extra(&writer->out, document->extra, from_pipeline ? written : none);
    }
    el_buffer_string(out, "}\n");
    return true;
}

const struct el_format_entry el_format_jsonl = {
    .name = "jsonl",
    .endings = ".jsonl .ndjson .jl .json",
    .open = open,
    .next = next,
    .close = close,
    .write = write,
};

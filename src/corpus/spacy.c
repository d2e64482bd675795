/* The JSON lines of spaCy and Prodigy: {"text", "tokens": [{"text", "start", "end", "id", "ws"}],
 * "spans": [{"start", "end", "label", "token_start", "token_end"}]}, characters as code points,
 * token_end inclusive. Read are also Doc.to_json(), with "ents" and groups of "spans", and training
 * data of spaCy 2, [["text", {"entities": [[start, end, "label"]]}], ...], be it the whole file or
 * the member "annotations" of its object. */
#include "base/json.h"
#include "corpus/json_line.h"
#include "corpus/token_ranges.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct state {
    struct el_token_ranges taken; /* tokens that were taken out of the object before its parsing */
    json_t *pairs;                /* training data: what the file holds; NULL = objects */
    size_t next_pair, line;       /* the line in which they begin */
};

static const struct el_buffer *cut(struct el_reader *reader, const char *text, size_t len) {
    struct state *state = reader->state;
    return el_token_ranges_take(&state->taken, text, len) ? &state->taken.rest : NULL;
}

static struct el_token_range token_range(const json_t *token) {
    json_t *start = json_object_get(token, "start"), *end = json_object_get(token, "end");
    bool whole = json_is_integer(start) && json_is_integer(end);
    return whole ? (struct el_token_range){json_integer_value(start), json_integer_value(end)}
                 : (struct el_token_range){-1, -1};
}

/* Tokens as objects with offsets. */
static bool read_tokens(struct el_json_line *line, json_t *tokens) {
    const struct el_token_ranges *taken = &((const struct state *)line->reader->state)->taken;
    struct el_document *document = line->document;
    size_t count = json_array_size(tokens);
    bool is_taken = count == 0 && taken->count > 0;
    count = is_taken ? taken->count : count;
    struct el_span *spans = el_arena_array(&document->arena, count, sizeof *spans);
    if (spans == NULL) {
        return el_fail_memory(line->err);
    }
    for (size_t i = 0; i < count; i++) {
        struct el_token_range range =
            is_taken ? taken->items[i] : token_range(json_array_get(tokens, i));
        bool good = range.start >= 0 && range.start < range.end &&
                    el_offsets_to_byte(&line->offsets, (size_t)range.start, &spans[i].start) &&
                    el_offsets_to_byte(&line->offsets, (size_t)range.end, &spans[i].end) &&
                    (i == 0 || spans[i].start >= spans[i - 1].end);
        if (!good) {
            return EL_JSON_FAIL(line,
                                "token %zu (counted from 0) needs \"start\" and \"end\" within the "
                                "text and after the token before",
                                i);
        }
    }
    document->tokens = spans;
    document->n_tokens = count;
    document->sentence_per_document = count > 0;
    return true;
}

static bool read_item(struct el_json_line *line, size_t number, json_t *item) {
    static const char *const known[] = {"start",       "end",       "label", "text",
                                        "token_start", "token_end", "score", NULL};
    json_t *start = json_object_get(item, "start"), *end = json_object_get(item, "end");
    json_t *type = json_incref(json_object_get(item, "label"));
    json_t *quote = json_incref(json_object_get(item, "text"));
    bool done = json_is_integer(start) && json_is_integer(end);
    if (!done) {
        EL_JSON_FAIL(line, "span %zu (counted from 0) needs whole numbers \"start\" and \"end\"",
                     number);
    } else {
        json_int_t from = json_integer_value(start), to = json_integer_value(end);
        json_t *given = json_object_get(item, "score");
        double score = json_is_number(given) ? json_number_value(given) : NAN;
        json_t *rest = el_json_rest(item, known);
        done = el_json_add_entity(line, number, from, to, type, quote, score, rest);
    }
    json_decref(type);
    json_decref(quote);
    return done;
}

static bool read_items(struct el_json_line *line, json_t *items) {
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

/* "spans" as an array, or as an object of named groups. */
static bool read_spans(struct el_json_line *line, json_t *spans) {
    const char *name;
    json_t *group;
    if (spans == NULL || json_is_null(spans)) {
        return true;
    }
    if (json_is_array(spans)) {
        return read_items(line, spans);
    }
    if (!json_is_object(spans)) {
        return EL_JSON_FAIL(line, "\"spans\" must be an array");
    }
    json_object_foreach(spans, name, group) {
        if (!read_items(line, group)) {
            return false;
        }
    }
    return true;
}

static bool fill(struct el_json_line *line) {
    static const char *const known[] = {"id", "text", "tokens", "spans", "ents", "lang", NULL};
    json_t *root = line->root, *tokens = json_object_get(root, "tokens");
    json_t *ents = json_object_get(root, "ents");
    const char *answer = json_string_value(json_object_get(root, "answer"));
    bool plain = json_is_string(json_array_get(tokens, 0));
    if (!el_json_read_id(line, json_object_get(root, "id")) || !el_json_read_lang(line) ||
        !el_json_read_text(line, json_object_get(root, "text"), plain ? tokens : NULL) ||
        !el_json_use_unit(line, EL_UNIT_CODEPOINT) || (!plain && !read_tokens(line, tokens))) {
        return false;
    }
    line->document->kept = json_array();
    if ((json_is_array(ents) && !read_items(line, ents)) ||
        !read_spans(line, json_object_get(root, "spans"))) {
        return false;
    }
    if (answer != NULL && strcmp(answer, "accept") != 0 && line->document->n_entities > 0) {
        el_reader_notice(line->reader, NULL, line->document->line,
                         "entities were read although the answer is \"%.20s\"", answer);
    }
    el_json_finish(line, known);
    return true;
}

/* ---- Training data of spaCy 2 ---- */

/* ["text", {"entities": [[0, 3, "PER"]]}] */
static bool fill_pair(struct el_json_line *line, json_t *pair) {
    json_t *items = json_object_get(json_array_get(pair, 1), "entities");
    if (!json_is_string(json_array_get(pair, 0)) || !json_is_array(items)) {
        return EL_JSON_FAIL(line, "document %zu is not [\"text\", {\"entities\": [...]}]",
                            line->reader->count);
    }
    if (!el_json_read_text(line, json_array_get(pair, 0), NULL) ||
        !el_json_use_unit(line, EL_UNIT_CODEPOINT)) {
        return false;
    }
    line->document->labelled = true;
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        json_t *start = json_array_get(item, 0), *end = json_array_get(item, 1);
        if (!json_is_integer(start) || !json_is_integer(end)) {
            return EL_JSON_FAIL(line, "entity %zu (counted from 0) is not [start, end, \"label\"]",
                                i);
        }
        if (!el_json_add_entity(line, i, json_integer_value(start), json_integer_value(end),
                                json_array_get(item, 2), NULL, NAN, NULL)) {
            return false;
        }
    }
    el_document_sort_entities(line->document);
    return true;
}

static int next_pair(struct el_reader *reader, struct el_document **document,
                     struct el_error *err) {
    struct state *state = reader->state;
    json_t *pair;
    do { /* files made by hand hold nulls too */
        pair = json_array_get(state->pairs, state->next_pair++);
    } while (json_is_null(pair));
    if (pair == NULL) {
        return 0;
    }
    struct el_json_line line = {.reader = reader, .err = err};
    line.document = el_reader_document(reader, state->line);
    if (line.document == NULL) {
        el_fail_memory(err);
        return -1;
    }
    if (!fill_pair(&line, pair)) {
        el_document_free(line.document);
        return -1;
    }
    *document = line.document;
    return 1;
}

/* Does the file hold pairs, all in one value? They are read at once. */
static bool holds_pairs(const struct el_reader *reader) {
    size_t len;
    const char *text = el_input_peek(&reader->input, &len);
    const char *at = text + strspn(text, " \t\r\n"), *key = "\"annotations\"";
    const char *found = at[0] == '{' ? memmem(text, len, key, strlen(key)) : NULL;
    if (found != NULL) {
        at = found + strlen(key) + strspn(found + strlen(key), " \t\r\n:");
    }
    return at[0] == '[' && at[1 + strspn(at + 1, " \t\r\n")] == '[';
}

static bool read_pairs(struct el_reader *reader, struct el_error *err) {
    struct state *state = reader->state;
    char *text;
    size_t len;
    json_error_t problem;
    if (!el_input_rest(&reader->input, &text, &len, err)) {
        return false;
    }
    json_t *root = el_json_load(text, len, JSON_REJECT_DUPLICATES, &problem), *inner;
    if (root == NULL) {
        return el_input_fail(&reader->input, (size_t)problem.line, (size_t)problem.column, err,
                             "broken JSON: %s", problem.text);
    }
    inner = json_is_object(root) ? json_object_get(root, "annotations") : root;
    state->pairs = json_incref(inner);
    state->line = 1;
    json_decref(root);
    return true;
}

/* ---- The reader ---- */

static int next(struct el_reader *reader, struct el_document **document, struct el_error *err) {
    struct state *state = reader->state;
    if (reader->count == 0 && state->pairs == NULL && holds_pairs(reader) &&
        !read_pairs(reader, err)) {
        reader->ended = true;
        return -1;
    }
    return state->pairs != NULL ? next_pair(reader, document, err)
                                : el_json_next_cut(reader, cut, fill, document, err);
}

static bool open(struct el_reader *reader, struct el_error *err) {
    reader->state = calloc(1, sizeof(struct state));
    return reader->state != NULL || el_fail_memory(err);
}

static void close(struct el_reader *reader) {
    struct state *state = reader->state;
    el_token_ranges_free(&state->taken);
    json_decref(state->pairs);
    free(state);
}

/* ---- Writing ---- */

static void write_tokens(struct el_buffer *out, const struct el_document *document,
                         const struct el_spans *tokens, const struct el_offsets *offsets) {
    el_buffer_string(out, ", \"tokens\": [");
    for (size_t i = 0; i < tokens->count; i++) {
        struct el_span token = tokens->items[i];
        bool space = token.end < document->text_len && document->text[token.end] == ' ';
        el_buffer_string(out, i == 0 ? "{\"text\": " : ", {\"text\": ");
        el_json_string(out, document->text + token.start, token.end - token.start);
        el_buffer_printf(out, ", \"start\": %zu, \"end\": %zu, \"id\": %zu, \"ws\": %s}",
                         el_offsets_of_byte(offsets, token.start),
                         el_offsets_of_byte(offsets, token.end), i, space ? "true" : "false");
    }
    el_buffer_char(out, ']');
}

static void write_span(struct el_buffer *out, const struct el_entity *entity,
                       const struct el_spans *tokens, const struct el_offsets *offsets) {
    size_t first, end;
    bool exact;
    el_buffer_printf(out, "{\"start\": %zu, \"end\": %zu",
                     el_offsets_of_byte(offsets, entity->span.start),
                     el_offsets_of_byte(offsets, entity->span.end));
    if (el_tokens_cover(tokens->items, tokens->count, entity->span, &first, &end, &exact) &&
        exact) {
        el_buffer_printf(out, ", \"token_start\": %zu, \"token_end\": %zu", first, end - 1);
    }
    el_buffer_string(out, ", \"label\": ");
    el_json_string(out, entity->type, strlen(entity->type));
    if (!isnan(entity->score)) {
        el_buffer_string(out, ", \"score\": ");
        el_json_real(out, round(entity->score * 1e4) / 1e4);
    }
    el_buffer_char(out, '}');
}

static bool write(struct el_writer *writer, const struct el_document *document,
                  struct el_error *err) {
    static const char *const written[] = {"tokens", "spans", "ents", NULL};
    struct el_buffer *out = &writer->out;
    struct el_offsets offsets;
    struct el_spans tokens;
    if (!el_offsets_open(&offsets, &writer->scratch, document->text, document->text_len,
                         EL_UNIT_CODEPOINT)) {
        return el_fail_memory(err);
    }
    if (!el_writer_tokens(writer, document, &tokens, err)) {
        return false;
    }
    el_buffer_string(out, "{\"id\": ");
    el_json_string(out, document->id, strlen(document->id));
    el_buffer_string(out, ", \"text\": ");
    el_json_string(out, document->text, document->text_len);
    write_tokens(out, document, &tokens, &offsets);
    if (el_writer_has_labels(writer, document)) {
        el_buffer_string(out, ", \"spans\": [");
        for (size_t i = 0; i < document->n_entities; i++) {
            el_buffer_string(out, i == 0 ? "" : ", ");
            write_span(out, &document->entities[i], &tokens, &offsets);
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

const struct el_format_entry el_format_spacy = {
    .name = "spacy", .endings = "", .open = open, .next = next, .close = close, .write = write};

/* The JSON of the nested-NER papers, sentences of tokens with entities over them:
 *
 *     {"tokens": [...], "entities": [{"type", "start", "end"}]}          SpERT, sequence-to-set
 *     {"tokenized_text": [...], "ner": [[start, end, "type"]]}           GLiNER
 *     {"sentence": [...], "ner": [{"index": [0, 1], "type"}]}            W2NER
 *     {"sentences": [[...]], "ner": [[[start, end, "type"]]]}            DyGIE++, PURE
 *     {"tokens": [...], "entity_mentions": [{"entity_type", "start", "end", "text"}]}   OneIE
 *
 * in an array, in lines, or one after another. Objects have exclusive and triples inclusive ends,
 * as those papers do, unless told (`ends`); an entity that quotes its text is checked against it,
 * and ends that cannot be (after the last token, before the start) are refused with that hint. */
#include "base/json.h"
#include "corpus/json_line.h"

#include <math.h>
#include <string.h>

/* An array of arrays as one array of all their items; NULL if it is none or out of memory. */
static json_t *flatten(const json_t *arrays) {
    json_t *flat = json_array();
    for (size_t i = 0; i < json_array_size(arrays); i++) {
        if (json_array_extend(flat, json_array_get(arrays, i)) != 0) {
            json_decref(flat);
            return NULL;
        }
    }
    return flat;
}

/* Offsets to ends exclusive. */
static bool find_offsets(const struct el_json_line *line, const json_t *item, json_int_t *start,
                         json_int_t *end) {
    enum el_ends ends = line->reader->options.ends;
    bool triple = json_is_array(item), inclusive = ends == EL_ENDS_INCLUSIVE;
    json_t *index = json_object_get(item, "index"), *from, *to;
    json_t *pair = json_object_get(item, "span");
    if (json_array_size(index) > 0) {
        from = json_array_get(index, 0);
        to = json_array_get(index, json_array_size(index) - 1);
        inclusive = true;
    } else if (json_is_array(json_array_get(pair, 0)) && json_array_size(pair) == 1) {
        from = json_array_get(json_array_get(pair, 0), 0);
        to = json_array_get(json_array_get(pair, 0), 1);
    } else if (triple || json_array_size(pair) == 2) {
        from = json_array_get(triple ? item : pair, 0);
        to = json_array_get(triple ? item : pair, 1);
        inclusive = inclusive || (triple && ends == EL_ENDS_BY_FORM);
    } else {
        from = json_object_get(item, "start");
        to = json_object_get(item, "end");
    }
    if (!json_is_integer(from) || !json_is_integer(to) || json_integer_value(to) >= INT32_MAX ||
        json_integer_value(from) < INT32_MIN || json_integer_value(to) < INT32_MIN) {
        return false;
    }
    *start = json_integer_value(from);
    *end = json_integer_value(to) + inclusive;
    return json_array_size(index) == 0 || *end - *start == (json_int_t)json_array_size(index);
}

/* ---- Mentions in pieces ---- */

/* One range of tokens, ends exclusive, after those there are; a neighbour of the last one goes on
 * with it. False if it cannot be. */
static bool add_range(const struct el_document *document, json_int_t start, json_int_t end,
                      struct el_span *ranges, size_t *count) {
    size_t last = *count > 0 ? ranges[*count - 1].end : 0;
    if (start < 0 || (size_t)start < last || start >= end || (size_t)end > document->n_tokens) {
        return false;
    }
    if (*count > 0 && (size_t)start == last) {
        ranges[*count - 1].end = (size_t)end;
    } else {
        ranges[(*count)++] = (struct el_span){(size_t)start, (size_t)end};
    }
    return true;
}

/* "index": [0, 1, 4] or "span": [[0, 2], [4, 5]], as ranges of tokens in `ranges`, which has room
 * for all; 0 if it is neither, or cannot be. */
static size_t find_ranges(const struct el_json_line *line, const json_t *item,
                          struct el_span *ranges) {
    json_t *index = json_object_get(item, "index"), *spans = json_object_get(item, "span");
    bool inclusive = line->reader->options.ends == EL_ENDS_INCLUSIVE, pairs = false;
    size_t count = 0, n = json_array_size(index);
    if (n == 0 && json_is_array(json_array_get(spans, 0))) {
        pairs = true;
        n = json_array_size(spans);
    }
    for (size_t i = 0; i < n; i++) {
        json_t *value = pairs ? json_array_get(spans, i) : json_array_get(index, i);
        json_t *from = pairs ? json_array_get(value, 0) : value;
        json_t *to = pairs ? json_array_get(value, 1) : value;
        if (!json_is_integer(from) || !json_is_integer(to) || json_integer_value(to) >= INT32_MAX ||
            !add_range(line->document, json_integer_value(from),
                       json_integer_value(to) + (!pairs || inclusive), ranges, &count)) {
            return 0;
        }
    }
    return count;
}

/* The mention as pieces. *count is 0 where it has no such form: one range of tokens is read like
 * all others. False with a message. */
static bool read_pieces(struct el_json_line *line, size_t number, const json_t *item,
                        const json_t *type, size_t *count) {
    struct el_document *document = line->document;
    size_t n_index = json_array_size(json_object_get(item, "index"));
    size_t n = n_index + json_array_size(json_object_get(item, "span"));
    struct el_span *ranges = el_arena_array(&document->arena, n, sizeof *ranges);
    struct el_entity entity = {.score = NAN};
    if (ranges == NULL) {
        return el_fail_memory(line->err);
    }
    *count = find_ranges(line, item, ranges);
    if (*count == 0 || (*count == 1 && (n_index > 0 || n == 1))) {
        *count = 0;
        return true;
    }
    for (size_t i = 0; i < *count; i++) {
        ranges[i] = (struct el_span){document->tokens[ranges[i].start].start,
                                     document->tokens[ranges[i].end - 1].end};
    }
    return el_json_entity_type(line, number, type, &entity.type) &&
           (entity.type == NULL ||
            el_reader_add_pieces(line->reader, NULL, document->line, document, entity, ranges,
                                 *count, &line->capacity, line->err));
}

/* Does the entity quote what its tokens say? White space between tokens is not compared. */
static bool check_quote(struct el_json_line *line, size_t number, const json_t *item,
                        json_int_t start, json_int_t end) {
    const struct el_document *document = line->document;
    const char *quote = json_string_value(json_object_get(item, "text"));
    if (quote == NULL || start < 0 || start >= end || (size_t)end > document->n_tokens) {
        return true; /* the other checks speak */
    }
    const char *at = document->text + document->tokens[start].start;
    const char *stop = document->text + document->tokens[end - 1].end;
    for (; *quote != '\0' || at < stop;) {
        if (*quote == ' ') {
            quote++;
        } else if (at < stop && *at == ' ') {
            at++;
        } else if (at == stop || *quote != *at) {
            return EL_JSON_FAIL(line,
                                "entity %zu (counted from 0) does not quote its tokens %lld to "
                                "%lld; are ends inclusive or exclusive (--ends)?",
                                number, (long long)start, (long long)end - 1);
        } else {
            quote++;
            at++;
        }
    }
    return true;
}

static bool read_item(struct el_json_line *line, size_t number, json_t *item) {
    static const char *const types[] = {"type", "entity_type", "label", NULL};
    static const char *const known[] = {"type", "entity_type", "label", "start", "end",
                                        "text", "index",       "span",  NULL};
    json_int_t start, end;
    json_t *type = json_is_array(item) ? json_array_get(item, 2) : el_json_first(item, types);
    size_t pieces = 0;
    if (!read_pieces(line, number, item, type, &pieces)) {
        return false;
    }
    if (pieces > 0) {
        return true;
    }
    if (!find_offsets(line, item, &start, &end)) {
        return EL_JSON_FAIL(
            line, "entity %zu (counted from 0) needs a start and an end as token numbers", number);
    }
    if (start == end || (size_t)end > line->document->n_tokens) {
        return EL_JSON_FAIL(line,
                            "entity %zu (counted from 0): tokens %lld to %lld of %zu, end "
                            "exclusive, cannot be; are ends inclusive or exclusive (--ends)?",
                            number, (long long)start, (long long)end, line->document->n_tokens);
    }
    if (!check_quote(line, number, item, start, end)) {
        return false;
    }
    json_incref(type);
    json_t *rest = json_is_object(item) ? el_json_rest(item, known) : NULL;
    bool done = el_json_add_entity(line, number, start, end, type, NULL, NAN, rest);
    json_decref(type);
    return done;
}

static bool read_items(struct el_json_line *line, json_t *items) {
    line->document->labelled = true;
    for (size_t i = 0; i < json_array_size(items); i++) {
        if (!read_item(line, i, json_array_get(items, i))) {
            return false;
        }
    }
    return true;
}

/* The first list of entities that is not empty, else the first. */
static json_t *find_items(const json_t *root) {
    static const char *const keys[] = {"entities", "ner", "entity_mentions", NULL};
    for (size_t i = 0; keys[i] != NULL; i++) {
        json_t *items = json_object_get(root, keys[i]);
        if (json_array_size(items) > 0) {
            return items;
        }
    }
    return el_json_first(root, keys);
}

static const char *const token_keys[] = {"tokens", "tokenized_text", "sentence", "sentences", NULL};

static bool fill_from(struct el_json_line *line, json_t *tokens, json_t *items) {
    static const char *const ids[] = {"id", "doc_key", "orig_id", "sent_id", NULL};
    static const char *const known[] = {
        "id",       "doc_key",   "orig_id",  "sent_id", "tokens", "tokenized_text",
        "sentence", "sentences", "entities", "ner",     "lang",   "entity_mentions",
        "text",     "ltokens",   "rtokens",  NULL};
    json_t *root = line->root;
    if (!el_json_read_id(line, el_json_first(root, ids)) || !el_json_read_lang(line) ||
        !el_json_read_text(line, json_object_get(root, "text"), tokens)) {
        return false;
    }
    if (json_array_size(items) > 0 && !el_json_use_unit(line, EL_UNIT_TOKEN)) {
        return false;
    }
    if (items != NULL && !read_items(line, items)) {
        return false;
    }
    el_json_finish(line, known);
    return true;
}

static bool fill(struct el_json_line *line) {
    json_t *tokens = el_json_first(line->root, token_keys), *items = find_items(line->root);
    if (tokens == NULL || !json_is_array(tokens) || (items != NULL && !json_is_array(items))) {
        return EL_JSON_FAIL(line, "needs \"tokens\" (or \"tokenized_text\", \"sentence\", "
                                  "\"sentences\") and \"entities\" (or \"ner\", "
                                  "\"entity_mentions\") as arrays");
    }
    bool document_of_sentences = json_is_array(json_array_get(tokens, 0));
    if (!document_of_sentences) {
        line->document->kept = json_incref(items);
        return fill_from(line, tokens, items);
    }
    json_t *all_tokens = flatten(tokens), *all_items = items != NULL ? flatten(items) : NULL;
    line->document->kept = all_items;
    bool done = all_tokens != NULL && (items == NULL || all_items != NULL)
                    ? fill_from(line, all_tokens, all_items)
                    : EL_JSON_FAIL(line, "\"sentences\" and \"ner\" must be arrays of arrays");
    json_decref(all_tokens);
    return done;
}

static int next(struct el_reader *reader, struct el_document **document, struct el_error *err) {
    return el_json_next_object(reader, fill, document, err);
}

/* ---- Writing: SpERT's form, one object a line within an array ---- */

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

static bool write_entity(struct el_writer *writer, const struct el_document *document,
                         const struct el_spans *tokens, const struct el_entity *entity,
                         struct el_error *err) {
    size_t first, behind;
    bool exact;
    if (!el_tokens_cover(tokens->items, tokens->count, entity->span, &first, &behind, &exact)) {
        return el_fail(err, EL_ERR_FORMAT,
                       "document \"%s\": an entity of type %s at byte %zu touches no token; use a "
                       "format with offsets (jsonl)",
                       document->id, entity->type, entity->span.start);
    }
    writer->widened += !exact;
    behind -= writer->options.ends == EL_ENDS_INCLUSIVE;
    el_buffer_string(&writer->out, "{\"type\": ");
    el_json_string(&writer->out, entity->type, strlen(entity->type));
    el_buffer_printf(&writer->out, ", \"start\": %zu, \"end\": %zu}", first, behind);
    return true;
}

static bool write(struct el_writer *writer, const struct el_document *document,
                  struct el_error *err) {
    static const char *const written[] = {"orig_id",  "doc_key", "sent_id", "tokens",
                                          "entities", "ner",     NULL};
    struct el_buffer *out = &writer->out;
    struct el_spans tokens;
    if (!el_writer_tokens(writer, document, &tokens, err)) {
        return false;
    }
    el_buffer_string(out, writer->count == 0 ? "\n{\"tokens\": [" : ",\n{\"tokens\": [");
    for (size_t i = 0; i < tokens.count; i++) {
        el_buffer_string(out, i == 0 ? "" : ", ");
        el_json_string(out, document->text + tokens.items[i].start,
                       tokens.items[i].end - tokens.items[i].start);
    }
    el_buffer_string(out, "], \"entities\": [");
    for (size_t i = 0; i < document->n_entities; i++) {
        el_buffer_string(out, i == 0 ? "" : ", ");
        if (!write_entity(writer, document, &tokens, &document->entities[i], err)) {
            return false;
        }
    }
    el_buffer_string(out, "], \"orig_id\": ");
    el_json_string(out, document->id, strlen(document->id));
    if (document->lang != NULL) {
        el_buffer_string(out, ", \"lang\": ");
        el_json_string(out, document->lang, strlen(document->lang));
    }
    el_json_write_extra(out, document->extra, written);
    el_buffer_char(out, '}');
    return true;
}

const struct el_format_entry el_format_nested = {
    .name = "nested", .endings = "", .next = next, .begin = begin, .write = write, .end = end};

/* WebAnno TSV 3 (INCEpTION): sentences of tokens with offsets in UTF-16 units, one column a feature
 * of each annotation layer; one document a sentence. The layer NamedEntity is read, else the first
 * span layer that is not about grammar; of its features "value", or one with a similar name, else
 * the first; or the column asked for. */
#include "corpus/format_private.h"

#include "base/array.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Reading ---- */

enum layer { LAYER_NONE, LAYER_GRAMMAR, LAYER_SPANS, LAYER_ENTITIES };

struct state {
    size_t column, n_columns; /* of the labels, from 0; n_columns counts those of the layers */
    enum layer layer;         /* that is read */
    size_t other_column;      /* of another layer of spans, which is not read; 0 = none */
    char *text;               /* a "#Text=" that began the next sentence; NULL = none */
    size_t text_line;
};

/* A number of "PER[3]" and the entity that has it. */
enum { LOOK_BACK = 4096 };

struct sentence {
    struct el_document *document;
    struct el_buffer text;
    size_t at;              /* in the text, after the last token */
    struct el_span *tokens; /* in the document's arena */
    size_t token_capacity;
    unsigned long long token_offset; /* of the last token, in the file's units */
    struct el_span last;
    unsigned long long *numbers; /* of the document's entities; 0 = none */
    size_t number_capacity, entity_capacity;
};

static bool open(struct el_reader *reader, struct el_error *err) {
    struct state *state = calloc(1, sizeof *state);
    reader->state = state;
    if (state == NULL) {
        return el_fail_memory(err);
    }
    state->column = reader->options.tag_column != 0 ? reader->options.tag_column - 1 : 3;
    return true;
}

static void close(struct el_reader *reader) {
    struct state *state = reader->state;
    free(state->text);
    free(state);
}

/* What a layer of this name holds. */
static enum layer kind_of_layer(const char *name, size_t len) {
    static const char *const grammar[] = {".pos.",    ".morph.", "Lemma",  "Stem",       "Token",
                                          "Sentence", ".chunk.", ".coref", ".dependency"};
    if (memmem(name, len, "NamedEntity", 11) != NULL) {
        return LAYER_ENTITIES;
    }
    for (size_t i = 0; i < sizeof grammar / sizeof *grammar; i++) {
        if (memmem(name, len, grammar[i], strlen(grammar[i])) != NULL) {
            return LAYER_GRAMMAR;
        }
    }
    return LAYER_SPANS;
}

/* The feature among "|identifier|value" that tells the type; *count gets how many there are. */
static size_t find_type(const char *features, size_t *count) {
    static const char *const names[] = {"value", "label", "type", "tag", "category", "class"};
    size_t best = sizeof names / sizeof *names, found = 0;
    for (*count = 0; *features == '|'; ++*count) {
        features++;
        size_t len = strcspn(features, "|");
        for (size_t i = 0; i < best; i++) {
            if (strlen(names[i]) == len && memcmp(names[i], features, len) == 0) {
                best = i;
                found = *count;
            }
        }
        features += len;
    }
    return found;
}

/* "#T_SP=package.NamedEntity|identifier|value": which columns the layer has. */
static void read_layer(struct el_reader *reader, const char *line) {
    struct state *state = reader->state;
    size_t len = strcspn(line, "|"), n, type = find_type(line + len, &n);
    size_t column = 3 + state->n_columns + type;
    state->n_columns += n > 0 ? n : 1;
    enum layer layer = strncmp(line, "#T_SP=", 6) == 0 ? kind_of_layer(line, len) : LAYER_NONE;
    if (reader->options.tag_column != 0) {
        state->layer = layer > state->layer ? layer : state->layer;
    } else if (layer <= state->layer) {
        state->other_column = layer == LAYER_SPANS ? column : state->other_column;
    } else {
        state->other_column = state->layer == LAYER_SPANS ? state->column : state->other_column;
        state->column = column;
        state->layer = layer;
    }
}

/* Backslash escapes out; in place. */
static size_t unescape(char *text) {
    char *out = text;
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0') {
            at++;
            *out++ = *at == 't' ? '\t' : *at == 'n' ? '\n' : *at == 'r' ? '\r' : *at;
        } else {
            *out++ = *at;
        }
    }
    *out = '\0';
    return (size_t)(out - text);
}

static bool fail(const struct el_reader *reader, struct el_error *err, const char *what) {
    return el_input_fail(&reader->input, reader->input.line, 0, err, "%s", what);
}

/* "12-34" */
static bool read_range(const char *text, unsigned long long *start, unsigned long long *end) {
    char *stop;
    *start = strtoull(text, &stop, 10);
    if (stop == text || *stop != '-') {
        return false;
    }
    const char *second = stop + 1;
    *end = strtoull(second, &stop, 10);
    return stop != second && *stop == '\0' && *start < *end;
}

static bool add_token(struct sentence *sentence, struct el_span span) {
    struct el_document *document = sentence->document;
    if (!EL_ARENA_GROW(&document->arena, sentence->tokens, sentence->token_capacity,
                       document->n_tokens + 1)) {
        return false;
    }
    document->tokens = sentence->tokens;
    sentence->tokens[document->n_tokens++] = span;
    return true;
}

static bool add_entity(struct sentence *sentence, struct el_span span, const char *type,
                       size_t type_len, unsigned long long number) {
    struct el_document *document = sentence->document;
    size_t count = document->n_entities;
    for (size_t i = count; number != 0 && i > 0 && count - i < LOOK_BACK; i--) {
        struct el_entity *entity = &document->entities[i - 1];
        if (sentence->numbers[i - 1] == number && strncmp(entity->type, type, type_len) == 0 &&
            entity->type[type_len] == '\0') {
            entity->span.end = span.end > entity->span.end ? span.end : entity->span.end;
            return true;
        }
    }
    if (!EL_GROW(sentence->numbers, sentence->number_capacity, count + 1)) {
        return false;
    }
    sentence->numbers[count] = number;
    struct el_entity entity = {.span = span, .score = NAN};
    entity.type = el_arena_copy(&document->arena, type, type_len);
    return entity.type != NULL &&
           el_document_add_entity(document, &entity, &sentence->entity_capacity);
}

/* One label of a cell, "PER" or "PER[3]"; written to. "*" is an annotation without a value. */
static bool read_label(struct el_reader *reader, struct sentence *sentence, char *label,
                       struct el_span span) {
    unsigned long long number = 0;
    size_t len = strlen(label);
    if (len > 2 && label[len - 1] == ']' && label[len - 2] != '\\') {
        char *bracket = strrchr(label, '[');
        if (bracket != NULL && bracket > label && bracket[-1] != '\\') {
            number = strtoull(bracket + 1, NULL, 10);
            *bracket = '\0';
        }
    }
    if (strcmp(label, "_") == 0 || *label == '\0') {
        return true;
    }
    if (strcmp(label, "*") == 0) {
        el_reader_notice(reader, NULL, reader->input.line,
                         "an annotation without a type was left out");
        return true;
    }
    len = unescape(label);
    return add_entity(sentence, span, label, len, number);
}

/* The labels of a cell, separated by '|'. */
static bool read_cell(struct el_reader *reader, struct sentence *sentence, char *cell,
                      struct el_span span) {
    for (char *at = cell, *start = cell;; at++) {
        if (*at == '\\' && at[1] != '\0') {
            at++;
        } else if (*at == '|' || *at == '\0') {
            bool last = *at == '\0';
            *at = '\0';
            if (!read_label(reader, sentence, start, span)) {
                return false;
            }
            if (last) {
                return true;
            }
            start = at + 1;
        }
    }
}

/* A row of a part of the last token, "1-3.1": its span. */
static bool place_part(const struct sentence *sentence, unsigned long long start,
                       unsigned long long end, struct el_span *span) {
    if (sentence->document->n_tokens == 0 || start < sentence->token_offset) {
        return false;
    }
    const char *token = sentence->text.data + sentence->last.start;
    size_t len = sentence->last.end - sentence->last.start, from, to;
    if (!el_offset_to_bytes(token, len, EL_UNIT_UTF16, start - sentence->token_offset, &from) ||
        !el_offset_to_bytes(token, len, EL_UNIT_UTF16, end - sentence->token_offset, &to)) {
        return false;
    }
    *span = (struct el_span){sentence->last.start + from, sentence->last.start + to};
    return true;
}

static bool place_token(struct sentence *sentence, char *token, unsigned long long start,
                        struct el_span *span) {
    size_t len = unescape(token);
    const char *text = sentence->text.data != NULL ? sentence->text.data : "";
    const char *found =
        len > 0 ? memmem(text + sentence->at, sentence->text.len - sentence->at, token, len) : NULL;
    if (found == NULL) {
        return false;
    }
    span->start = (size_t)(found - text);
    span->end = sentence->at = span->start + len;
    sentence->last = *span;
    sentence->token_offset = start;
    return true;
}

static bool read_row(struct el_reader *reader, struct sentence *sentence, char *line,
                     struct el_error *err) {
    const struct state *state = reader->state;
    char *columns[3], *cell = NULL, *at = line;
    size_t count = 0;
    for (char *column; (column = strsep(&at, "\t")) != NULL; count++) {
        if (count < 3) {
            columns[count] = column;
        }
        cell = count == state->column ? column : cell;
        if (count == state->other_column && count > 0 && *column != '\0' && *column != '_') {
            el_reader_notice(reader, NULL, reader->input.line,
                             "column %zu has labels of another layer, which are not read; "
                             "--tag-column %zu reads them in the place of column %zu",
                             count + 1, count + 1, state->column + 1);
        }
    }
    unsigned long long start, end;
    if (count < 3 || !read_range(columns[1], &start, &end)) {
        return fail(reader, err, "a row needs the columns \"1-2\", \"start-end\" and the token");
    }
    if (cell == NULL && state->layer != LAYER_NONE) {
        return el_input_fail(&reader->input, reader->input.line, 0, err,
                             "has %zu columns, but the labels are in column %zu", count,
                             state->column + 1);
    }
    struct el_span span;
    bool is_part = strchr(columns[0], '.') != NULL;
    bool placed = is_part ? place_part(sentence, start, end, &span)
                          : place_token(sentence, columns[2], start, &span);
    if (!placed) {
        return fail(reader, err, "the token is not in the text of \"#Text=\" after the one before");
    }
    return ((is_part || add_token(sentence, span)) &&
            (cell == NULL || read_cell(reader, sentence, cell, span))) ||
           el_fail_memory(err);
}

static void add_text(struct sentence *sentence, char *line, size_t number) {
    if (sentence->document->line == 0) {
        sentence->document->line = number;
    } else {
        el_buffer_char(&sentence->text, '\n');
    }
    size_t len = unescape(line + 6);
    el_buffer_append(&sentence->text, line + 6, len);
}

/* The "#Text=" that ended the sentence before. */
static bool take_text(struct state *state, struct sentence *sentence) {
    if (state->text == NULL) {
        return false;
    }
    add_text(sentence, state->text, state->text_line);
    free(state->text);
    state->text = NULL;
    return true;
}

/* Ends the sentence at a "#Text=" without a blank line before it. */
static int keep_text(struct el_reader *reader, const char *line, struct el_error *err) {
    struct state *state = reader->state;
    state->text = strdup(line);
    state->text_line = reader->input.line;
    if (state->text == NULL) {
        el_fail_memory(err);
        return -1;
    }
    return 1;
}

/* 1 = a sentence was read, 0 = end, -1 = error. A sentence may have no tokens. */
static int read_sentence(struct el_reader *reader, struct sentence *sentence,
                         struct el_error *err) {
    bool started = take_text(reader->state, sentence), rows = false;
    char *line;
    size_t len;
    int got;
    while ((got = el_input_line(&reader->input, &line, &len, err)) == 1) {
        if (strspn(line, " \t") == len) {
            if (started) {
                return 1;
            }
        } else if (strncmp(line, "#T_", 3) == 0) {
            read_layer(reader, line);
        } else if (strncmp(line, "#Text=", 6) == 0 && rows) {
            return keep_text(reader, line, err);
        } else if (strncmp(line, "#Text=", 6) == 0) {
            add_text(sentence, line, reader->input.line);
            started = true;
        } else if (line[0] != '#') {
            started = rows = true;
            if (!read_row(reader, sentence, line, err)) {
                return -1;
            }
        }
    }
    return got == 0 ? started : -1;
}

/* After a mistake reading goes on after the next blank line, or at the next "#Text=". */
static void skip_sentence(struct el_reader *reader) {
    struct el_input *input = &reader->input;
    struct el_error problem = {0};
    char *line;
    size_t len;
    int got;
    do {
        got = el_input_line(input, &line, &len, &problem);
        if (got == 1 && strncmp(line, "#Text=", 6) == 0) {
            keep_text(reader, line, &problem);
            return;
        }
    } while ((got == 1 && strspn(line, " \t") < len) ||
             (got == -1 && problem.code == EL_ERR_FORMAT));
}

static int next(struct el_reader *reader, struct el_document **out, struct el_error *err) {
    struct sentence sentence = {.document = el_document_new()};
    if (sentence.document == NULL) {
        el_fail_memory(err);
        return -1;
    }
    int got = read_sentence(reader, &sentence, err);
    struct el_document *document = sentence.document;
    if (got != 0) {
        reader->count++;
    }
    if (got == -1 && err->code == EL_ERR_FORMAT) {
        skip_sentence(reader);
    }
    if (got == 1) {
        document->id = el_arena_printf(&document->arena, "%zu", reader->count);
        document->text = el_arena_copy(&document->arena, sentence.text.data, sentence.text.len);
        document->text_len = sentence.text.len;
        document->sentence_per_document = document->labelled = true;
        if (document->id == NULL || document->text == NULL || sentence.text.failed) {
            el_fail_memory(err);
            got = -1;
        }
    }
    free(sentence.numbers);
    el_buffer_free(&sentence.text);
    if (got != 1) {
        el_document_free(document);
        return got;
    }
    el_document_sort_entities(document);
    *out = document;
    return 1;
}

/* ---- Writing ---- */

/* Where the writer is in the file it makes. */
struct place {
    size_t sentence, offset, entity; /* numbers given; offset in UTF-16 units */
};

static bool begin(struct el_writer *writer, struct el_error *err) {
    writer->state = calloc(1, sizeof(struct place));
    el_buffer_string(&writer->out,
                     "#FORMAT=WebAnno TSV 3.3\n"
                     "#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|value\n\n");
    return writer->state != NULL || el_fail_memory(err);
}

static void release(struct el_writer *writer) {
    free(writer->state);
}

static void append_escaped(struct el_buffer *out, const char *text, size_t len,
                           const char *special) {
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '\t' || c == '\n' || c == '\r') {
            el_buffer_string(out, c == '\t' ? "\\t" : c == '\n' ? "\\n" : "\\r");
            continue;
        }
        if (c == '\\' || (c != '\0' && strchr(special, c) != NULL)) {
            el_buffer_char(out, '\\');
        }
        el_buffer_char(out, c);
    }
}

/* Tokens of each entity. */
struct range {
    size_t first, end;
    const char *type;
};

static bool find_ranges(struct el_writer *writer, const struct el_document *document,
                        const struct el_spans *tokens, struct range *ranges, struct el_error *err) {
    for (size_t i = 0; i < document->n_entities; i++) {
        const struct el_entity *entity = &document->entities[i];
        bool exact;
        ranges[i].type = entity->type;
        if (!el_tokens_cover(tokens->items, tokens->count, entity->span, &ranges[i].first,
                             &ranges[i].end, &exact)) {
            return el_fail(err, EL_ERR_FORMAT,
                           "document \"%s\": an entity of type %s at byte %zu touches no token; "
                           "use a format with offsets (jsonl)",
                           document->id, entity->type, entity->span.start);
        }
        writer->widened += !exact;
    }
    return true;
}

/* The document's parts: its sentences, but none ends within an entity. */
struct parts {
    struct el_spans tokens, sentences;
    struct range *ranges;
    size_t n_ranges, next_range, reach, sentence;
};

static bool begins_part(struct parts *parts, size_t token) {
    while (parts->next_range < parts->n_ranges && parts->ranges[parts->next_range].first < token) {
        size_t end = parts->ranges[parts->next_range++].end;
        parts->reach = end > parts->reach ? end : parts->reach;
    }
    bool border = false;
    while (parts->sentence < parts->sentences.count &&
           parts->tokens.items[token].start >= parts->sentences.items[parts->sentence].end) {
        parts->sentence++;
        border = true;
    }
    return border && parts->reach <= token;
}

static void write_labels(struct el_writer *writer, const struct parts *parts, size_t from,
                         size_t to, size_t token) {
    const struct place *place = writer->state;
    struct el_buffer *out = &writer->out;
    const char *separator = "";
    for (size_t i = from; i < to; i++) {
        const struct range *range = &parts->ranges[i];
        if (range->first > token || range->end <= token) {
            continue;
        }
        el_buffer_string(out, separator);
        append_escaped(out, range->type, strlen(range->type), "[]|_->;*");
        el_buffer_printf(out, "[%zu]", place->entity + i + 1);
        separator = "|";
    }
    if (*separator == '\0') {
        el_buffer_char(out, '_');
    }
}

static void write_part(struct el_writer *writer, const struct el_document *document,
                       const struct parts *parts, size_t first, size_t end,
                       const struct el_offsets *offsets) {
    struct place *place = writer->state;
    struct el_buffer *out = &writer->out;
    const struct el_span *tokens = parts->tokens.items;
    struct el_span text = {tokens[first].start, tokens[end - 1].end};
    if (document->sentence_per_document) {
        text = (struct el_span){0, document->text_len};
    }
    size_t base = el_offsets_of_byte(offsets, text.start), from = 0, to = 0;
    el_buffer_string(out, "\n#Text=");
    append_escaped(out, document->text + text.start, text.end - text.start, "");
    el_buffer_char(out, '\n');
    place->sentence++;
    for (size_t i = first; i < end; i++) {
        size_t start = place->offset + el_offsets_of_byte(offsets, tokens[i].start) - base;
        size_t stop = place->offset + el_offsets_of_byte(offsets, tokens[i].end) - base;
        el_buffer_printf(out, "%zu-%zu\t%zu-%zu\t", place->sentence, i - first + 1, start, stop);
        append_escaped(out, document->text + tokens[i].start, tokens[i].end - tokens[i].start, "");
        el_buffer_char(out, '\t');
        while (to < parts->n_ranges && parts->ranges[to].first <= i) {
            to++;
        }
        while (from < to && parts->ranges[from].end <= i) {
            from++;
        }
        write_labels(writer, parts, from, to, i);
        el_buffer_string(out, "\t\n");
    }
    place->offset += el_offsets_of_byte(offsets, text.end) - base + 1;
}

static bool write(struct el_writer *writer, const struct el_document *document,
                  struct el_error *err) {
    struct place *place = writer->state;
    struct parts parts = {.n_ranges = document->n_entities};
    struct el_offsets offsets;
    parts.ranges = el_arena_array(&writer->scratch, document->n_entities, sizeof *parts.ranges);
    if (parts.ranges == NULL || !el_offsets_open(&offsets, &writer->scratch, document->text,
                                                 document->text_len, EL_UNIT_UTF16)) {
        return el_fail_memory(err);
    }
    if (!el_writer_tokens(writer, document, &parts.tokens, err) ||
        !find_ranges(writer, document, &parts.tokens, parts.ranges, err)) {
        return false;
    }
    if (!document->sentence_per_document &&
        !el_segment_sentences(&writer->scratch, document->text, document->text_len, document->lang,
                              &parts.sentences, err)) {
        return false;
    }
    for (size_t first = 0; first < parts.tokens.count;) {
        size_t end = first + 1;
        while (end < parts.tokens.count && !begins_part(&parts, end)) {
            end++;
        }
        write_part(writer, document, &parts, first, end, &offsets);
        first = end;
    }
    place->entity += document->n_entities;
    return true;
}

const struct el_format_entry el_format_webanno = {
    .name = "webanno",
    .endings = ".webanno",
    .open = open,
    .next = next,
    .close = close,
    .begin = begin,
    .write = write,
    .release = release,
};

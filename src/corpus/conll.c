/* CoNLL columns: a token and its tag a line, a blank line after each sentence; one document a
 * sentence.
 *
 * The schemes need not be told apart to be read. Prefixes decide: B- begins an entity, S- (U-) is
 * one, I- (M-) goes on with the entity of its type and begins one where there is none, E- (L-)
 * does the same and ends it. On well-formed IOB1, IOB2 and BIOES this gives what each means, since
 * IOB1 writes B- only where an entity follows another of its type. Being told the scheme adds the
 * check that no other prefix occurs; `strict_scheme` drops what is not well-formed. */
#include "corpus/formats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Reading ---- */

struct row {
    struct el_span token; /* in sentence.bytes */
    struct el_span tag;   /* empty = none */
    size_t line;
};

/* The sentence in work; memory is used again for the next one. */
struct sentence {
    struct el_buffer bytes;
    struct row *rows;
    size_t n_rows, capacity;
    bool tabs;        /* columns are separated by tabs, not by spaces */
    size_t n_columns; /* of the file's first row; 0 = not seen yet */
};

/* The first line that is no comment tells what separates the columns. */
static bool uses_tabs(const struct el_input *input) {
    size_t len;
    const char *text = el_input_peek(input, &len);
    for (size_t at = 0; at < len;) {
        const char *stop = memchr(text + at, '\n', len - at);
        size_t end = stop != NULL ? (size_t)(stop - text) : len;
        bool tab = memchr(text + at, '\t', end - at) != NULL;
        if (tab || (text[at] != '#' && end > at + 1 && memcmp(text + at, "-D", 2) != 0)) {
            return tab;
        }
        at = end + 1;
    }
    return false;
}

static bool open(struct el_reader *reader, struct el_error *err) {
    struct sentence *sentence = calloc(1, sizeof *sentence);
    if (sentence == NULL) {
        return el_fail_memory(err);
    }
    sentence->tabs = uses_tabs(&reader->input);
    sentence->bytes.limit = reader->input.max_bytes;
    reader->state = sentence;
    return true;
}

static void close(struct el_reader *reader) {
    struct sentence *sentence = reader->state;
    el_buffer_free(&sentence->bytes);
    free(sentence->rows);
    free(sentence);
}

/* The next column from `*at` on, without the spaces around; false behind the last. */
static bool next_column(const struct sentence *sentence, const char *line, size_t len, size_t *at,
                        struct el_span *column) {
    if (*at > len) {
        return false;
    }
    if (!sentence->tabs) {
        while (*at < len && (line[*at] == ' ' || line[*at] == '\t')) {
            ++*at;
        }
        if (*at == len) {
            return false;
        }
    }
    size_t end = *at;
    while (end < len && line[end] != '\t' && (sentence->tabs || line[end] != ' ')) {
        end++;
    }
    *column = (struct el_span){*at, end};
    *at = end + 1;
    return true;
}

/* Finds the columns of token and tag; returns how many columns there are. */
static size_t find_columns(const struct el_read_options *options, const struct sentence *sentence,
                           const char *line, size_t len, struct el_span *token,
                           struct el_span *tag) {
    size_t count = 0, at = 0;
    size_t token_column = options->token_column != 0 ? options->token_column : 1;
    struct el_span column;
    *token = *tag = (struct el_span){0};
    while (next_column(sentence, line, len, &at, &column)) {
        count++;
        if (count == token_column) {
            *token = column;
        }
        if (count == options->tag_column || (options->tag_column == 0 && count > 1)) {
            *tag = column;
        }
    }
    return count;
}

static bool is_prefix(enum el_scheme scheme, char c) {
    const char *prefixes = scheme == EL_SCHEME_IOB1 || scheme == EL_SCHEME_IOB2 ? "BI" : "BIESLUM";
    return c != '\0' && strchr(prefixes, c) != NULL;
}

static bool check_tag(struct el_reader *reader, const char *tag, size_t len, size_t column,
                      struct el_error *err) {
    static const char *const known[] = {[EL_SCHEME_AUTO] = "IOB1, IOB2 or BIOES",
                                        [EL_SCHEME_IOB1] = "IOB1",
                                        [EL_SCHEME_IOB2] = "IOB2",
                                        [EL_SCHEME_BIOES] = "BIOES"};
    if ((len == 1 && tag[0] == 'O') ||
        (len > 2 && tag[1] == '-' && is_prefix(reader->options.scheme, tag[0]))) {
        return true;
    }
    struct el_arena scratch = {0};
    el_input_fail(&reader->input, reader->input.line, column + 1, err,
                  "\"%s\" is no tag of %s (such as O, B-person, I-person); is it the right column "
                  "(--tag-column)?",
                  el_excerpt(&scratch, tag, len), known[reader->options.scheme]);
    el_arena_free(&scratch);
    return false;
}

static bool add_row(struct el_reader *reader, const char *line, struct el_span token,
                    struct el_span tag, struct el_error *err) {
    struct sentence *sentence = reader->state;
    if (sentence->n_rows == sentence->capacity) {
        size_t capacity = sentence->capacity == 0 ? 64 : sentence->capacity * 2;
        struct row *rows = realloc(sentence->rows, capacity * sizeof *rows);
        if (rows == NULL) {
            return el_fail_memory(err);
        }
        sentence->rows = rows;
        sentence->capacity = capacity;
    }
    struct row *row = &sentence->rows[sentence->n_rows];
    row->line = reader->input.line;
    row->token.start = sentence->bytes.len;
    el_buffer_append(&sentence->bytes, line + token.start, token.end - token.start);
    row->token.end = row->tag.start = sentence->bytes.len;
    el_buffer_append(&sentence->bytes, line + tag.start, tag.end - tag.start);
    row->tag.end = sentence->bytes.len;
    if (sentence->bytes.failed) {
        return el_input_fail(&reader->input, row->line, 0, err,
                             "a sentence is longer than %zu bytes; are blank lines missing?",
                             reader->input.max_bytes);
    }
    sentence->n_rows++;
    return true;
}

static bool read_row(struct el_reader *reader, const char *line, size_t len, struct el_error *err) {
    struct sentence *sentence = reader->state;
    const struct el_read_options *options = &reader->options;
    struct el_span token, tag;
    size_t columns = find_columns(options, sentence, line, len, &token, &tag);
    size_t number = reader->input.line;
    if (sentence->n_columns == 0) {
        sentence->n_columns = columns;
        if (options->token_column > columns || options->tag_column > columns) {
            return el_input_fail(
                &reader->input, number, 0, err, "has %zu column%s, but column %u was asked for",
                columns, columns == 1 ? "" : "s",
                options->token_column > columns ? options->token_column : options->tag_column);
        }
    } else if (columns != sentence->n_columns) {
        return el_input_fail(&reader->input, number, 0, err,
                             "has %zu column%s, the rows before have %zu", columns,
                             columns == 1 ? "" : "s", sentence->n_columns);
    }
    if (token.start == token.end) {
        return el_input_fail(&reader->input, number, token.start + 1, err, "the token is empty");
    }
    bool tagged = columns > 1 || options->tag_column != 0;
    return (!tagged || check_tag(reader, line + tag.start, tag.end - tag.start, tag.start, err)) &&
           add_row(reader, line, token, tag, err);
}

enum line_kind { LINE_ROW, LINE_BLANK, LINE_SKIP };

/* "# text = ..." is a comment, "# O" a token: a comment has no tab where rows have, and does not
 * end in a tag where columns are separated by spaces. */
static bool is_comment(const struct sentence *sentence, const char *line, size_t len) {
    if (line[0] != '#' || sentence->n_rows > 0 || memchr(line, '\t', len) != NULL) {
        return false;
    }
    if (sentence->tabs) {
        return true;
    }
    size_t from = len;
    while (from > 0 && line[from - 1] != ' ') {
        from--;
    }
    bool tag = (len - from == 1 && line[from] == 'O') ||
               (len - from > 2 && line[from + 1] == '-' && is_prefix(EL_SCHEME_AUTO, line[from]));
    return from > 0 && !tag && sentence->n_columns != 1;
}

static enum line_kind classify(const struct sentence *sentence, const char *line, size_t len) {
    static const char border[] = "-DOCSTART-";
    size_t n = sizeof border - 1;
    if (strspn(line, " \t") == len) {
        return LINE_BLANK;
    }
    if (len >= n && memcmp(line, border, n) == 0 && (len == n || strchr(" \t", line[n]) != NULL)) {
        return LINE_BLANK; /* and a border between sentences, should the blank line be missing */
    }
    return is_comment(sentence, line, len) ? LINE_SKIP : LINE_ROW;
}

/* ---- Tags to entities ---- */

struct open_entity {
    bool is_open;
    struct el_entity entity;
};

struct decoder {
    struct el_document *document;
    const struct sentence *sentence;
    struct open_entity current;
    size_t capacity;
    bool strict, bioes; /* strict: bioes = entities must be closed by E- */
};

static bool close_entity(struct decoder *decoder, bool complete) {
    bool keep = decoder->current.is_open && (complete || !decoder->strict || !decoder->bioes);
    decoder->current.is_open = false;
    return !keep ||
           el_document_add_entity(decoder->document, &decoder->current.entity, &decoder->capacity);
}

static bool open_entity(struct decoder *decoder, struct el_span token, const char *type,
                        size_t len) {
    struct el_entity entity = {.span = token, .score = NAN};
    entity.type = el_arena_copy(&decoder->document->arena, type, len);
    decoder->current = (struct open_entity){true, entity};
    return entity.type != NULL;
}

static bool decode_tag(struct decoder *decoder, size_t number) {
    const struct row *row = &decoder->sentence->rows[number];
    const char *tag = decoder->sentence->bytes.data + row->tag.start;
    size_t len = row->tag.end - row->tag.start;
    struct el_span token = decoder->document->tokens[number];
    if (len < 3) { /* O */
        return close_entity(decoder, false);
    }
    char prefix = tag[0] == 'U' ? 'S' : tag[0] == 'L' ? 'E' : tag[0] == 'M' ? 'I' : tag[0];
    const char *type = tag + 2, *open_type = decoder->current.entity.type;
    len -= 2;
    bool goes_on = (prefix == 'I' || prefix == 'E') && decoder->current.is_open &&
                   strncmp(open_type, type, len) == 0 && open_type[len] == '\0';
    if (goes_on) {
        decoder->current.entity.span.end = token.end;
    } else if (!close_entity(decoder, false)) {
        return false;
    } else if (decoder->strict && (prefix == 'I' || prefix == 'E')) {
        return true;
    } else if (!open_entity(decoder, token, type, len)) {
        return false;
    }
    return (prefix != 'S' && prefix != 'E') || close_entity(decoder, true);
}

static bool uses_bioes(const struct el_reader *reader, const struct sentence *sentence) {
    if (reader->options.scheme != EL_SCHEME_AUTO) {
        return reader->options.scheme == EL_SCHEME_BIOES;
    }
    for (size_t i = 0; i < sentence->n_rows; i++) {
        if (strchr("ESLU", sentence->bytes.data[sentence->rows[i].tag.start]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool decode(struct el_reader *reader, struct el_document *document) {
    const struct sentence *sentence = reader->state;
    /* IOB1 has no ill-formed sequences. */
    bool strict = reader->options.strict_scheme && reader->options.scheme != EL_SCHEME_IOB1;
    struct decoder decoder = {.document = document, .sentence = sentence, .strict = strict};
    decoder.bioes = strict && uses_bioes(reader, sentence);
    for (size_t i = 0; i < sentence->n_rows; i++) {
        if (!decode_tag(&decoder, i)) {
            return false;
        }
    }
    return close_entity(&decoder, false);
}

/* The tags as they stand, besides the entities read out of them. A file repeats few of them, but a
 * copy for each costs less than looking for the one there is. */
static bool keep_tags(struct el_document *document, const struct sentence *sentence) {
    const char **tags = el_arena_array(&document->arena, sentence->n_rows, sizeof *tags);
    for (size_t i = 0; tags != NULL && i < sentence->n_rows; i++) {
        struct el_span tag = sentence->rows[i].tag;
        tags[i] =
            el_arena_copy(&document->arena, sentence->bytes.data + tag.start, tag.end - tag.start);
        if (tags[i] == NULL) {
            return false;
        }
    }
    document->tags = tags;
    return tags != NULL;
}

static struct el_document *make_document(struct el_reader *reader) {
    const struct sentence *sentence = reader->state;
    struct el_document *document = el_reader_document(reader, sentence->rows[0].line);
    struct el_arena scratch = {0};
    struct el_span *pieces = el_arena_array(&scratch, sentence->n_rows, sizeof *pieces);
    bool done = document != NULL && pieces != NULL;
    for (size_t i = 0; done && i < sentence->n_rows; i++) {
        pieces[i] = sentence->rows[i].token;
    }
    done =
        done && el_document_join_tokens(document, pieces, sentence->n_rows, sentence->bytes.data);
    el_arena_free(&scratch);
    if (done) {
        document->sentence_per_document = true;
        document->labelled = sentence->n_columns > 1;
        done = !document->labelled || (decode(reader, document) && keep_tags(document, sentence));
    }
    if (!done) {
        el_document_free(document);
        return NULL;
    }
    return document;
}

/* After a mistake the rest of the sentence is passed over, so that reading can go on. */
static void skip_sentence(struct el_reader *reader) {
    char *line;
    size_t len;
    int got;
    struct el_error problem = {0};
    while ((got = el_input_line(&reader->input, &line, &len, &problem)) != 0) {
        if ((got == 1 && classify(reader->state, line, len) == LINE_BLANK) ||
            (got == -1 && problem.code != EL_ERR_FORMAT)) {
            return;
        }
    }
}

static int next(struct el_reader *reader, struct el_document **out, struct el_error *err) {
    struct sentence *sentence = reader->state;
    char *line;
    size_t len;
    int got;
    el_buffer_clear(&sentence->bytes);
    sentence->n_rows = 0;
    while ((got = el_input_line(&reader->input, &line, &len, err)) == 1) {
        while (len > 0 && line[len - 1] == ' ') {
            line[--len] = '\0';
        }
        enum line_kind kind = classify(sentence, line, len);
        if (kind == LINE_BLANK && sentence->n_rows > 0) {
            break;
        }
        if (kind == LINE_ROW && !read_row(reader, line, len, err)) {
            got = -1;
            break;
        }
    }
    if (got == -1) {
        reader->count++;
        if (err->code == EL_ERR_FORMAT) {
            skip_sentence(reader);
        }
        return -1;
    }
    if (sentence->n_rows == 0) {
        return 0;
    }
    *out = make_document(reader);
    if (*out == NULL) {
        el_fail_memory(err);
        return -1;
    }
    return 1;
}

/* ---- Writing: IOB2 in two columns ---- */

/* What stands at a token: an entity's type, and whether it begins here. */
struct tag {
    const char *type; /* NULL = O */
    bool begins;
};

static bool fill_tags(struct el_writer *writer, const struct el_document *document,
                      const struct el_spans *tokens, struct tag *tags, struct el_error *err) {
    const struct el_entity *entities;
    size_t count;
    if (!el_writer_flat_entities(writer, document, "CoNLL", &entities, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        size_t first, end;
        bool exact;
        if (!el_tokens_cover(tokens->items, tokens->count, entities[i].span, &first, &end,
                             &exact)) {
            return el_fail(err, EL_ERR_FORMAT,
                           "document \"%s\": an entity of type %s at byte %zu touches no token, so "
                           "CoNLL cannot hold it; use a format with offsets (jsonl)",
                           document->id, entities[i].type, entities[i].span.start);
        }
        writer->widened += !exact;
        if (tags[first].type != NULL && !writer->options.flat) {
            return el_fail(err, EL_ERR_FORMAT,
                           "document \"%s\": two entities share the token \"%s\", which CoNLL "
                           "cannot say; use --flat to keep the first, or a format with offsets "
                           "(jsonl)",
                           document->id,
                           el_excerpt(&writer->scratch, document->text + tokens->items[first].start,
                                      tokens->items[first].end - tokens->items[first].start));
        }
        if (tags[first].type != NULL) {
            writer->dropped++;
            continue;
        }
        for (size_t k = first; k < end; k++) {
            tags[k] = (struct tag){entities[i].type, k == first};
        }
    }
    return true;
}

static void append_clean(struct el_buffer *out, const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        el_buffer_char(out, strchr("\t\r\n", text[i]) != NULL ? ' ' : text[i]);
    }
}

static void write_rows(struct el_writer *writer, const struct el_document *document,
                       const struct el_spans *tokens, const struct tag *tags,
                       const struct el_spans *sentences) {
    struct el_buffer *out = &writer->out;
    size_t sentence = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        struct el_span token = tokens->items[i];
        bool border = false;
        while (sentence < sentences->count && token.start >= sentences->items[sentence].end) {
            sentence++;
            border = true;
        }
        /* A sentence does not end within an entity. */
        if (border && i > 0 && (tags[i].type == NULL || tags[i].begins)) {
            el_buffer_char(out, '\n');
        }
        append_clean(out, document->text + token.start, token.end - token.start);
        if (writer->untagged) {
            el_buffer_char(out, '\n');
        } else if (tags[i].type == NULL) {
            el_buffer_string(out, "\tO\n");
        } else {
            el_buffer_string(out, tags[i].begins ? "\tB-" : "\tI-");
            append_clean(out, tags[i].type, strlen(tags[i].type));
            el_buffer_char(out, '\n');
        }
    }
    if (tokens->count > 0) {
        el_buffer_char(out, '\n');
    }
}

static bool write(struct el_writer *writer, const struct el_document *document,
                  struct el_error *err) {
    struct el_spans tokens, sentences = {0};
    if (writer->count == 0) {
        writer->untagged = !el_writer_has_labels(writer, document);
    }
    if (!el_writer_tokens(writer, document, &tokens, err)) {
        return false;
    }
    struct tag *tags = el_arena_array(&writer->scratch, tokens.count, sizeof *tags);
    if (tags == NULL) {
        return el_fail_memory(err);
    }
    if (!fill_tags(writer, document, &tokens, tags, err) ||
        (!document->sentence_per_document &&
         !el_segment_sentences(&writer->scratch, document->text, document->text_len, document->lang,
                               &sentences, err))) {
        return false;
    }
    write_rows(writer, document, &tokens, tags, &sentences);
    return true;
}

const struct el_format_entry el_format_conll = {
    .name = "conll",
    .endings = ".conll .conll03 .conll2003 .tsv .bio .iob .iob2 .bioes .col",
    .open = open,
    .next = next,
    .close = close,
    .write = write,
};

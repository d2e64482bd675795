/* CoNLL columns: a token and its tag a line, a blank line after each sentence; one document a
 * sentence.
 *
 * Plain: columns are separated by tabs or by spaces; the token is the first and the tag the last,
 * unless others were asked for. Further columns become the fields "column2", "column3", ... Empty
 * columns at the end of a row are none. What spaces separate is ambiguous where a token has spaces
 * in it: a row with too many columns then gives the first of them to its token.
 *
 * CoNLL-U Plus, recognised by its line "# global.columns = ID FORM ...": columns have names, the
 * token is FORM, the tag NER or NE (or the one asked for); "# sent_id" and "# text" are the
 * document's id and text, further columns become fields by their names in small letters. Without
 * that line, as format "conllu", the ten columns of CoNLL-U; without a column of tags, entities are
 * read from MISC (misc.h). Lines of multiword tokens (1-2) and of empty nodes (1.1) are passed
 * over. */
#include "corpus/conll.h"
#include "base/array.h"
#include "corpus/misc.h"
#include "corpus/raw_rows.h"

#include "base/ascii.h"
#include "base/print.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 64 };

/* The sentence in work, and what is known of the file; memory is used again for each sentence. */
struct sentence {
    struct el_buffer bytes;  /* the rows, the id and the text */
    struct el_span *cells;   /* n_rows * n_columns, in bytes */
    size_t n_rows, capacity; /* capacity counts cells */
    size_t line;             /* of the first row */
    struct el_span id, text; /* of CoNLL-U, empty = none */
    struct el_raw_rows raw;  /* not of CoNLL-U */
    struct el_buffer border; /* a line "-DOCSTART-" that ended the sentence: it begins the next */
    size_t line_begin;       /* of the line in work, in raw */
    struct el_document *waiting; /* the last one so far: comments at the file's end are its */
    struct el_error problem;     /* of the sentence behind it; code 0 = none */

    bool tabs;           /* columns are separated by tabs, not by spaces */
    bool has_tag_column; /* it was asked for */
    bool conllu;         /* columns have names */
    bool tag_in_misc;    /* entities are in column `tag`, which is MISC */
    struct el_misc misc;
    size_t n_columns;         /* 0 = not seen yet */
    size_t id_column;         /* CoNLL-U only */
    size_t token, tag;        /* columns from 0; tag == n_columns: none */
    char *names[MAX_COLUMNS]; /* of columns, in small letters; NULL = plain */
};

/* ---- Lines ---- */

static size_t without_blanks(const char *text, size_t len) {
    while (len > 0 && strchr(" \t\r", text[len - 1]) != NULL) {
        len--;
    }
    return len;
}

/* The first line that is not a comment tells what separates the columns; tabs at its end are
 * nothing. */
static bool uses_tabs(const struct el_input *input) {
    size_t len;
    const char *text = el_input_peek(input, &len);
    for (size_t at = 0; at < len;) {
        const char *stop = memchr(text + at, '\n', len - at);
        size_t end = stop != NULL ? (size_t)(stop - text) : len;
        size_t n = without_blanks(text + at, end - at);
        bool tab = n > 0 && memchr(text + at, '\t', n) != NULL;
        if (tab || (n > 1 && text[at] != '#' && memcmp(text + at, "-D", 2) != 0)) {
            return tab;
        }
        at = end + 1;
    }
    return false;
}

enum line_kind { LINE_ROW, LINE_BORDER, LINE_COMMENT };

/* "# text = ..." is a comment, "# O" a token: a comment has no tab where rows have, or does not
 * end in a tag. */
static bool is_comment(const struct sentence *sentence, const char *line, size_t len) {
    bool tab = memchr(line, '\t', len) != NULL;
    if (line[0] != '#') {
        return false;
    }
    if (sentence->conllu && (!tab || sentence->id_column == 0)) {
        return true;
    }
    if (sentence->tabs && !tab) {
        return sentence->n_rows == 0 || sentence->n_columns > 1;
    }
    len = without_blanks(line, len);
    size_t from = len;
    while (from > 0 && line[from - 1] != (tab ? '\t' : ' ')) {
        from--;
    }
    return from > 0 && sentence->n_columns != 1 && !sentence->has_tag_column &&
           !el_iob_is_valid(line + from, len - from, EL_SCHEME_AUTO);
}

static enum line_kind classify(const struct sentence *sentence, const char *line, size_t len) {
    static const char border[] = "-DOCSTART-";
    size_t n = sizeof border - 1;
    if (strspn(line, " \t") == len || (len >= n && memcmp(line, border, n) == 0 &&
                                       (len == n || strchr(" \t", line[n]) != NULL))) {
        return LINE_BORDER;
    }
    return is_comment(sentence, line, len) ? LINE_COMMENT : LINE_ROW;
}

static struct el_span keep_bytes(struct sentence *sentence, const char *text, size_t len) {
    struct el_span span = {sentence->bytes.len, sentence->bytes.len + len};
    el_buffer_append(&sentence->bytes, text, len);
    return span;
}

/* ---- CoNLL-U: names and comments ---- */

static bool is_any(const char *name, const char *const *names) {
    while (*names != NULL && strcmp(name, *names) != 0) {
        names++;
    }
    return *names != NULL;
}

size_t el_conll_tag_column(const char *const *names, size_t count) {
    static const char *const others[] = {"ne",           "parseme:ne", "entity", "entities",
                                         "named_entity", "bio",        "iob",    NULL};
    for (size_t i = 0; i < count; i++) {
        if (strstr(names[i], "ner") != NULL) {
            return i;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (is_any(names[i], others)) {
            return i;
        }
    }
    return count;
}

static bool name_columns(struct el_reader *reader, const char *list, struct el_error *err) {
    struct sentence *sentence = reader->state;
    size_t count = 0, misc = MAX_COLUMNS;
    reader->ended = true; /* without columns nothing can be read; taken back below */
    sentence->token = sentence->id_column = MAX_COLUMNS;
    for (const char *at = list + strspn(list, " "); *at != '\0'; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        if (count == MAX_COLUMNS) {
            return el_input_fail(&reader->input, reader->input.line, 0, err, "more than %d columns",
                                 MAX_COLUMNS);
        }
        char *name = strndup(at, len);
        if (name == NULL) {
            return el_fail_memory(err);
        }
        free(sentence->names[count]);
        sentence->names[count] = name;
        if (strcmp(name, "FORM") == 0) {
            sentence->token = count;
        } else if (strcmp(name, "ID") == 0) {
            sentence->id_column = count;
        } else if (strcmp(name, "MISC") == 0) {
            misc = count;
        }
        for (char *c = name; *c != '\0'; c++) {
            *c = el_ascii_lower(*c);
        }
        count++;
        at += len;
    }
    const struct el_read_options *options = &reader->options;
    sentence->token = options->token_column != 0 ? options->token_column - 1 : sentence->token;
    sentence->tag = options->tag_column != 0
                        ? options->tag_column - 1
                        : el_conll_tag_column((const char *const *)sentence->names, count);
    sentence->tag_in_misc = sentence->tag == count && misc < count;
    sentence->tag = sentence->tag_in_misc ? misc : sentence->tag;
    sentence->conllu = sentence->tabs = true;
    sentence->n_columns = count;
    if (sentence->token >= count || sentence->tag > count) {
        return el_input_fail(&reader->input, reader->input.line, 0, err,
                             "# global.columns needs a column FORM, and the columns asked for");
    }
    reader->ended = false;
    return true;
}

/* What follows "# key = ", or NULL. */
static const char *comment_value(const char *line, const char *key) {
    size_t len = strlen(key);
    line += strspn(line, "# ");
    if (strncmp(line, key, len) != 0) {
        return NULL;
    }
    line += len + strspn(line + len, " ");
    return *line == '=' ? line + 1 + (line[1] == ' ') : NULL;
}

static bool read_comment(struct el_reader *reader, const char *line, struct el_error *err) {
    struct sentence *sentence = reader->state;
    const char *value;
    bool conllu = sentence->conllu || reader->options.format == EL_FORMAT_CONLLU;
    if ((value = comment_value(line, "global.columns")) != NULL && sentence->n_columns == 0) {
        return name_columns(reader, value, err);
    }
    if ((value = comment_value(line, "global.Entity")) != NULL) {
        el_misc_tell(&sentence->misc, value);
    }
    if (conllu && (value = comment_value(line, "sent_id")) != NULL) {
        sentence->id = keep_bytes(sentence, value, strlen(value));
    } else if (conllu && (value = comment_value(line, "text")) != NULL) {
        sentence->text = keep_bytes(sentence, value, strlen(value));
    }
    return true;
}

/* ---- Rows ---- */

/* Finds up to MAX_COLUMNS columns and returns their number. */
static size_t split(const struct sentence *sentence, const char *line, size_t len,
                    struct el_span columns[MAX_COLUMNS]) {
    size_t count = 0;
    for (size_t at = 0; at <= len && count < MAX_COLUMNS; at++) {
        while (!sentence->tabs && at < len && (line[at] == ' ' || line[at] == '\t')) {
            at++;
        }
        if (!sentence->tabs && at == len) {
            break;
        }
        size_t end = at;
        while (end < len && line[end] != '\t' && (sentence->tabs || line[end] != ' ')) {
            end++;
        }
        columns[count++] = (struct el_span){at, end};
        at = end;
    }
    return count;
}

/* The first row of a plain file says how many columns there are. */
static bool settle_columns(struct el_reader *reader, size_t columns, struct el_error *err) {
    struct sentence *sentence = reader->state;
    const struct el_read_options *options = &reader->options;
    unsigned asked =
        options->token_column > options->tag_column ? options->token_column : options->tag_column;
    if (asked > columns) {
        return el_input_fail(&reader->input, reader->input.line, 0, err,
                             "has %zu column%s, but column %u was asked for", columns,
                             columns == 1 ? "" : "s", asked);
    }
    sentence->n_columns = columns;
    sentence->token = options->token_column != 0 ? options->token_column - 1 : 0;
    sentence->tag = options->tag_column != 0 ? options->tag_column - 1 : columns - 1;
    if (options->tag_column == 0 && sentence->tag == sentence->token) {
        sentence->tag = columns; /* one column: text without labels */
    }
    return true;
}

static bool is_tag(const struct el_reader *reader, const char *line, struct el_span column) {
    return el_iob_is_valid(line + column.start, column.end - column.start, reader->options.scheme);
}

/* A row with more or fewer columns than the file has, where it can be told what is meant; returns
 * how many it has then. */
static size_t fit_columns(struct el_reader *reader, const char *line, size_t len,
                          struct el_span *columns, size_t count) {
    const struct sentence *sentence = reader->state;
    size_t wanted = sentence->n_columns, extra;
    while (count > wanted && columns[count - 1].start == columns[count - 1].end) {
        count--;
    }
    bool padded = sentence->tag_in_misc || (sentence->has_tag_column && sentence->tag < count);
    bool fits = sentence->has_tag_column || count + 1 == wanted;
    while (sentence->tabs && padded && fits && sentence->token < count && count < wanted) {
        columns[count++] = (struct el_span){len, len};
    }
    bool spaced = !sentence->tabs && !sentence->conllu && wanted > 1 && sentence->token == 0 &&
                  sentence->tag + 1 == wanted;
    if (spaced && count > wanted && is_tag(reader, line, columns[count - 1])) {
        extra = count - wanted;
        el_reader_notice(reader, NULL, reader->input.line,
                         "has %zu columns, the rows before have %zu: the first %zu were read as a "
                         "token with spaces",
                         count, wanted, extra + 1);
        columns[0].end = columns[extra].end;
        memmove(columns + 1, columns + extra + 1, (wanted - 1) * sizeof *columns);
        count = wanted;
    }
    return count;
}

static bool check_row(struct el_reader *reader, const char *line, const struct el_span *columns,
                      size_t count, struct el_error *err) {
    const struct sentence *sentence = reader->state;
    size_t number = reader->input.line;
    if (count != sentence->n_columns) {
        return el_input_fail(&reader->input, number, 0, err,
                             sentence->conllu ? "has %zu column%s, but the file's columns are %zu"
                                              : "has %zu column%s, the rows before have %zu",
                             count, count == 1 ? "" : "s", sentence->n_columns);
    }
    if (sentence->tag < sentence->n_columns && !sentence->tag_in_misc) {
        struct el_span tag = columns[sentence->tag];
        return is_tag(reader, line, tag) ||
               el_iob_refuse(reader, line + tag.start, tag.end - tag.start, tag.start + 1, err);
    }
    return true;
}

/* Lines of words only: neither "1-2" nor "1.1". */
static bool is_word(const struct sentence *sentence, const char *line,
                    const struct el_span *columns, size_t count) {
    if (!sentence->conllu || sentence->id_column >= count) {
        return true;
    }
    struct el_span id = columns[sentence->id_column];
    return memchr(line + id.start, '-', id.end - id.start) == NULL &&
           memchr(line + id.start, '.', id.end - id.start) == NULL;
}

static bool keep_row(struct el_reader *reader, const char *line, size_t len,
                     const struct el_span *columns, struct el_error *err) {
    struct sentence *sentence = reader->state;
    size_t count = sentence->n_columns, used = sentence->n_rows * count;
    if (!EL_GROW(sentence->cells, sentence->capacity, used + count)) {
        return el_fail_memory(err);
    }
    struct el_span kept = keep_bytes(sentence, line, len);
    if (sentence->bytes.failed) {
        return el_input_fail(&reader->input, reader->input.line, 0, err,
                             "a sentence is longer than %zu bytes; are blank lines missing?",
                             reader->input.max_bytes);
    }
    for (size_t i = 0; i < count; i++) {
        sentence->cells[used + i] =
            (struct el_span){kept.start + columns[i].start, kept.start + columns[i].end};
    }
    sentence->line = sentence->n_rows == 0 ? reader->input.line : sentence->line;
    sentence->n_rows++;
    struct el_span tag =
        sentence->tag < count ? columns[sentence->tag] : (struct el_span){len, len};
    return sentence->conllu || el_raw_add_row(&sentence->raw, sentence->line_begin, tag) ||
           el_fail_memory(err);
}

static bool read_row(struct el_reader *reader, const char *line, size_t len, struct el_error *err) {
    struct sentence *sentence = reader->state;
    struct el_span columns[MAX_COLUMNS];
    bool first = sentence->n_columns == 0;
    if (first && reader->options.format == EL_FORMAT_CONLLU &&
        !name_columns(reader, "ID FORM LEMMA UPOS XPOS FEATS HEAD DEPREL DEPS MISC", err)) {
        return false;
    }
    size_t count = split(sentence, line, len, columns);
    if (sentence->n_columns == 0) {
        while (count > 1 && columns[count - 1].start == columns[count - 1].end) {
            count--;
        }
        if (!settle_columns(reader, count, err)) {
            return false;
        }
    }
    if (!is_word(sentence, line, columns, count)) {
        return true;
    }
    count = fit_columns(reader, line, len, columns, count);
    if (!check_row(reader, line, columns, count, err)) {
        if (first && !sentence->conllu) {
            sentence->n_columns = 0; /* one odd line does not speak for the file */
        }
        return false;
    }
    if (columns[sentence->token].start == columns[sentence->token].end) {
        el_reader_notice(reader, NULL, reader->input.line, "a row without a token was passed over");
        return true;
    }
    return keep_row(reader, line, len, columns, err);
}

/* ---- Sentence to document ---- */

static struct el_span cell(const struct sentence *sentence, size_t row, size_t column) {
    return sentence->cells[row * sentence->n_columns + column];
}

/* Are the words of CoNLL-U in its "# text" one after another? (Not where a multiword token was
 * split: then the words are the text.) */
static bool place_in_text(const struct sentence *sentence, struct el_document *document,
                          const struct el_span *pieces) {
    const char *bytes = sentence->bytes.data;
    size_t len = sentence->text.end - sentence->text.start, at = 0;
    char *text = el_arena_copy(&document->arena, bytes + sentence->text.start, len);
    struct el_span *tokens = el_arena_array(&document->arena, sentence->n_rows, sizeof *tokens);
    if (len == 0 || text == NULL || tokens == NULL) {
        return false;
    }
    for (size_t i = 0; i < sentence->n_rows; i++) {
        size_t token_len = pieces[i].end - pieces[i].start;
        const char *found = memmem(text + at, len - at, bytes + pieces[i].start, token_len);
        if (found == NULL) {
            return false;
        }
        tokens[i].start = (size_t)(found - text);
        at = tokens[i].end = tokens[i].start + token_len;
    }
    document->text = text;
    document->text_len = len;
    document->tokens = tokens;
    document->n_tokens = sentence->n_rows;
    return true;
}

static bool fill_text(const struct sentence *sentence, struct el_document *document,
                      struct el_arena *scratch) {
    struct el_span *pieces = el_arena_array(scratch, sentence->n_rows, sizeof *pieces);
    for (size_t i = 0; pieces != NULL && i < sentence->n_rows; i++) {
        pieces[i] = cell(sentence, i, sentence->token);
    }
    return pieces != NULL &&
           (place_in_text(sentence, document, pieces) ||
            el_document_join_tokens(document, pieces, sentence->n_rows, sentence->bytes.data));
}

/* The phrases that CoNLL-2003 tags in the column before that of the entities. */
static bool is_chunk(const char *tag, size_t len) {
    static const char *const chunks[] = {"NP",  "VP",    "PP",   "ADJP", "ADVP", "SBAR",
                                         "PRT", "CONJP", "INTJ", "LST",  "UCP"};
    for (size_t i = 0; len > 2 && i < sizeof chunks / sizeof *chunks; i++) {
        if (strlen(chunks[i]) == len - 2 && memcmp(chunks[i], tag + 2, len - 2) == 0) {
            return true;
        }
    }
    return false;
}

/* Do the rows hold tags of entities in this column, at least one that is not O? */
static bool holds_tags(const struct sentence *sentence, size_t column) {
    bool any = false;
    for (size_t i = 0; i < sentence->n_rows; i++) {
        struct el_span at = cell(sentence, i, column);
        const char *tag = sentence->bytes.data + at.start;
        size_t len = at.end - at.start;
        if (!el_iob_is_valid(tag, len, EL_SCHEME_AUTO) || is_chunk(tag, len)) {
            return false;
        }
        any = any || len > 1;
    }
    return any;
}

/* Does the column count the rows of the sentence from 1? */
static bool counts_rows(const struct sentence *sentence, size_t column) {
    char number[24];
    for (size_t i = 0; i < sentence->n_rows; i++) {
        struct el_span at = cell(sentence, i, column);
        size_t len = (size_t)snprintf(number, sizeof number, "%zu", i + 1);
        if (at.end - at.start != len || memcmp(sentence->bytes.data + at.start, number, len) != 0) {
            return false;
        }
    }
    return sentence->n_rows > 1;
}

/* Columns that nobody chose may not be those that are meant. */
static void doubt_columns(struct el_reader *reader) {
    const struct sentence *sentence = reader->state;
    const struct el_read_options *options = &reader->options;
    bool plain = !sentence->conllu && sentence->tag < sentence->n_columns;
    if (plain && options->tag_column == 0 && sentence->tag > 1 &&
        sentence->token + 1 < sentence->tag && holds_tags(sentence, sentence->tag - 1)) {
        el_reader_notice(reader, NULL, sentence->line,
                         "columns %zu and %zu hold tags, the last is read; --tag-column names "
                         "another one",
                         sentence->tag, sentence->tag + 1);
    }
    if (plain && options->token_column == 0 && sentence->tag > 1 && counts_rows(sentence, 0)) {
        el_reader_notice(reader, NULL, sentence->line,
                         "column 1, which is read as the tokens, only counts them; --token-column "
                         "2 may be meant");
    }
}

static bool fill_entities(struct el_reader *reader, struct el_document *document,
                          struct el_arena *scratch, struct el_error *err) {
    struct sentence *sentence = reader->state;
    if (sentence->tag >= sentence->n_columns) {
        return true;
    }
    doubt_columns(reader);
    struct el_iob_tag *cells = el_arena_array(scratch, sentence->n_rows, sizeof *cells);
    struct el_iob_tag *tags = el_arena_array(scratch, sentence->n_rows, sizeof *tags);
    if (cells == NULL || tags == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < sentence->n_rows; i++) {
        struct el_span at = cell(sentence, i, sentence->tag);
        cells[i] = (struct el_iob_tag){sentence->bytes.data + at.start, at.end - at.start};
        tags[i] = sentence->tag_in_misc ? el_misc_tag(&sentence->misc, reader, cells[i].text,
                                                      cells[i].len, sentence->line)
                                        : cells[i];
    }
    if (!el_iob_decode(document, tags) ||
        (reader->options.keep_tags && !el_iob_keep(document, tags))) {
        return el_fail_memory(err);
    }
    if (sentence->tag_in_misc &&
        !el_misc_add_brackets(&sentence->misc, reader, sentence->line, document, cells, err)) {
        return false;
    }
    el_document_sort_entities(document);
    return true;
}

/* A field must not take the name of one that means something else. */
static bool is_taken(const char *name) {
    static const char *const taken[] = {"text",     "tokens",      "lang",
                                        "entities", "offset_unit", "abstained"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        if (strcmp(name, taken[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool add_layer(const struct sentence *sentence, struct el_document *document,
                      size_t column) {
    char name[80];
    const char *given = sentence->names[column];
    if (given == NULL || is_taken(given)) {
        el_print(name, sizeof name, "column%zu", column + 1);
    } else {
        el_print(name, sizeof name, "%s", given);
        name[el_utf8_valid_prefix(name, strlen(name))] = '\0';
    }
    json_t *values = json_array();
    for (size_t i = 0; i < sentence->n_rows; i++) {
        struct el_span at = cell(sentence, i, column);
        json_t *value = json_stringn_nocheck(sentence->bytes.data + at.start, at.end - at.start);
        if (json_array_append_new(values, value) != 0) {
            json_decref(values);
            return false;
        }
    }
    return json_object_set_new_nocheck(document->extra, name, values) == 0;
}

static bool fill_layers(const struct sentence *sentence, struct el_document *document) {
    for (size_t i = 0; i < sentence->n_columns; i++) {
        bool known = i == sentence->token || (i == sentence->tag && !sentence->tag_in_misc) ||
                     (sentence->conllu && i == sentence->id_column);
        if (known) {
            continue;
        }
        if (document->extra == NULL) {
            document->extra = json_object();
        }
        if (document->extra == NULL || !add_layer(sentence, document, i)) {
            return false;
        }
    }
    return true;
}

static struct el_document *make_document(struct el_reader *reader, struct el_error *err) {
    const struct sentence *sentence = reader->state;
    struct el_document *document = el_reader_document(reader, sentence->line);
    struct el_arena scratch = {0};
    bool done = (document != NULL && fill_text(sentence, document, &scratch) &&
                 fill_layers(sentence, document)) ||
                el_fail_memory(err);
    done = done && fill_entities(reader, document, &scratch, err);
    if (done && !sentence->conllu) {
        char separator = sentence->tabs ? '\t' : ' ';
        done = el_raw_keep(&sentence->raw, sentence->n_columns, separator, document) ||
               el_fail_memory(err);
    }
    if (done && sentence->id.end > sentence->id.start) {
        document->id = el_arena_copy(&document->arena, sentence->bytes.data + sentence->id.start,
                                     sentence->id.end - sentence->id.start);
        done = document->id != NULL || el_fail_memory(err);
    }
    el_arena_free(&scratch);
    if (!done) {
        el_document_free(document);
        return NULL;
    }
    document->sentence_per_document = true;
    return document;
}

/* ---- The reader ---- */

/* A border that is no blank line is kept for the sentence behind it. */
static void keep_border(struct sentence *sentence, const char *line, size_t len, bool crlf) {
    el_buffer_clear(&sentence->border);
    if (strspn(line, " \t") < len) {
        el_buffer_append(&sentence->border, line, len);
        el_buffer_string(&sentence->border, crlf ? "\r\n" : "\n");
    }
}

/* After a mistake the rest of the sentence is passed over, so that reading can go on. What stood
 * before it stays for the next. */
static void skip_sentence(struct el_reader *reader) {
    struct sentence *sentence = reader->state;
    char *line;
    size_t len;
    int got;
    struct el_error problem = {0};
    while ((got = el_input_line(&reader->input, &line, &len, &problem)) != 0) {
        if (got == 1 && classify(sentence, line, len) == LINE_BORDER) {
            keep_border(sentence, line, len, reader->input.crlf);
            return;
        }
        if (got == -1 && problem.code != EL_ERR_FORMAT) {
            return;
        }
    }
}

enum { LONGEST_LEAD = 1 << 20 };

/* The line as it is, for the output; `blanks` were cut off its end. */
static void keep_line(struct el_reader *reader, const char *line, size_t len, size_t blanks) {
    struct sentence *sentence = reader->state;
    if (sentence->n_rows == 0 && sentence->raw.bytes.len > LONGEST_LEAD) {
        el_buffer_clear(&sentence->raw.bytes);
        el_reader_notice(reader, NULL, reader->input.line,
                         "the comments before this line are too long to be kept");
    }
    if (!sentence->conllu) {
        sentence->line_begin =
            el_raw_add_line(&sentence->raw, line, len, blanks, reader->input.crlf);
    }
}

/* A comment among rows that has as many columns as they may be a token with a wrong tag. */
static void doubt_comment(struct el_reader *reader, const char *line, size_t len) {
    const struct sentence *sentence = reader->state;
    struct el_span columns[MAX_COLUMNS];
    if (sentence->n_rows > 0 && !sentence->conllu && !sentence->tabs &&
        split(sentence, line, len, columns) == sentence->n_columns) {
        el_reader_notice(reader, NULL, reader->input.line,
                         "begins with # and does not end in a tag: it was read as a comment");
    }
}

/* 1 = a sentence with at least one row, 0 = end, -1 = error. */
static int read_sentence(struct el_reader *reader, struct el_error *err) {
    struct sentence *sentence = reader->state;
    char *line;
    size_t len;
    int got;
    while ((got = el_input_line(&reader->input, &line, &len, err)) == 1) {
        size_t all = len;
        while (len > 0 && line[len - 1] == ' ') {
            line[--len] = '\0';
        }
        enum line_kind kind = classify(sentence, line, len);
        if (kind == LINE_BORDER && sentence->n_rows > 0) {
            keep_border(sentence, line, len, reader->input.crlf);
            if (sentence->border.len == 0) {
                keep_line(reader, line, len, all - len);
            }
            return 1;
        }
        keep_line(reader, line, len, all - len);
        if (kind == LINE_COMMENT) {
            doubt_comment(reader, line, len);
        }
        if ((kind == LINE_ROW && !read_row(reader, line, len, err)) ||
            (kind == LINE_COMMENT && !read_comment(reader, line, err))) {
            if (sentence->n_rows == 0) { /* the line itself is no part of what is before it */
                sentence->raw.bytes.len = sentence->line_begin;
            }
            return -1;
        }
    }
    return got == 0 ? sentence->n_rows > 0 : -1;
}

/* Between two sentences; `lost`: the last one was not made a document. */
static bool begin_sentence(struct sentence *sentence, bool lost) {
    el_buffer_clear(&sentence->bytes);
    el_raw_clear(&sentence->raw, lost && !sentence->conllu);
    el_buffer_append(&sentence->raw.bytes, sentence->border.data, sentence->border.len);
    bool done = !sentence->raw.bytes.failed && !sentence->border.failed;
    el_buffer_clear(&sentence->border);
    sentence->n_rows = 0;
    sentence->id = sentence->text = (struct el_span){0};
    return done;
}

static int next_sentence(struct el_reader *reader, struct el_document **document,
                         struct el_error *err) {
    struct sentence *sentence = reader->state;
    int got = read_sentence(reader, err);
    if (got == -1) {
        reader->count++;
        if (err->code == EL_ERR_FORMAT) {
            skip_sentence(reader);
        }
    } else if (got == 1 && (*document = make_document(reader, err)) == NULL) {
        got = -1;
    } else if (got == 0 && sentence->waiting != NULL &&
               !el_raw_keep_end(&sentence->raw, sentence->waiting)) {
        el_fail_memory(err);
        got = -1;
    }
    if (!begin_sentence(sentence, got == -1)) {
        if (got == 1) {
            el_document_free(*document);
        }
        el_fail_memory(err);
        got = -1;
    }
    return got;
}

/* A document of rows is handed over when what comes behind it is known. */
int el_conll_next(struct el_reader *reader, struct el_document **document, struct el_error *err) {
    struct sentence *sentence = reader->state;
    struct el_document *next = NULL;
    if (sentence->problem.code != EL_OK) {
        *err = sentence->problem;
        sentence->problem.code = EL_OK;
        return -1;
    }
    int got = next_sentence(reader, &next, err);
    if (got == 1 && sentence->waiting == NULL && next->rows != NULL) {
        sentence->waiting = next;
        return el_conll_next(reader, document, err);
    }
    if (sentence->waiting == NULL) {
        *document = next;
        return got;
    }
    *document = sentence->waiting;
    sentence->waiting = next;
    if (got == -1) {
        sentence->problem = *err;
    }
    return 1;
}

bool el_conll_open(struct el_reader *reader, struct el_error *err) {
    struct sentence *sentence = calloc(1, sizeof *sentence);
    if (sentence == NULL) {
        return el_fail_memory(err);
    }
    sentence->tabs = uses_tabs(&reader->input);
    sentence->has_tag_column = reader->options.tag_column != 0;
    sentence->bytes.limit = reader->input.max_bytes;
    reader->state = sentence;
    return true;
}

void el_conll_close(struct el_reader *reader) {
    struct sentence *sentence = reader->state;
    for (size_t i = 0; i < MAX_COLUMNS; i++) {
        free(sentence->names[i]);
    }
    el_buffer_free(&sentence->bytes);
    el_raw_free(&sentence->raw);
    el_document_free(sentence->waiting);
    el_buffer_free(&sentence->border);
    free(sentence->cells);
    free(sentence);
}

/* The lines of CoNLL columns as they were, comments, borders and blank lines with them, so that a
 * document can be written with other tags and nothing else changed. */
#ifndef EL_CORPUS_RAW_ROWS_H
#define EL_CORPUS_RAW_ROWS_H

#include "base/buffer.h"
#include "corpus/document.h"

/* A row with the lines before it that are none. */
struct el_row {
    const char *text;   /* with its line end */
    struct el_span tag; /* in `text`; empty, and behind the last column, where there is no tag */
};

/* Of a document, in its arena; one row a token. */
struct el_rows {
    const struct el_row *items;
    size_t n_columns;
    char separator;   /* of columns */
    const char *tail; /* behind the last row: comments, the blank line, and of the last document all
                         to the file's end; may be "" */
};

/* Lines in work. {0} is valid. */
struct el_raw_rows {
    struct el_buffer bytes;
    struct el_raw_row *items;
    size_t count, capacity;
    size_t lead; /* bytes before the first row */
};

/* A line of `len` bytes, of which `blanks` spaces were cut off. Returns where it begins. */
size_t el_raw_add_line(struct el_raw_rows *rows, const char *line, size_t len, size_t blanks,
                       bool crlf);

/* The line that was added last is a row; `tag` lies in it. False if out of memory. */
bool el_raw_add_row(struct el_raw_rows *rows, size_t begin, struct el_span tag);

/* The rows as a document's. False if out of memory. */
bool el_raw_keep(const struct el_raw_rows *rows, size_t n_columns, char separator,
                 struct el_document *document);

/* What came behind the last row of the document that was kept last. False if out of memory. */
bool el_raw_keep_end(const struct el_raw_rows *rows, struct el_document *document);

/* Forget the rows; what stands before the first stays if `keep_lead`. */
void el_raw_clear(struct el_raw_rows *rows, bool keep_lead);

void el_raw_free(struct el_raw_rows *rows);

#endif

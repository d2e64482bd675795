#include "corpus/raw_rows.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

struct el_raw_row {
    size_t begin, end;
    struct el_span tag; /* all in bytes */
};

size_t el_raw_add_line(struct el_raw_rows *rows, const char *line, size_t len, size_t blanks,
                       bool crlf) {
    size_t begin = rows->bytes.len;
    el_buffer_append(&rows->bytes, line, len);
    for (; blanks > 0; blanks--) {
        el_buffer_char(&rows->bytes, ' ');
    }
    el_buffer_string(&rows->bytes, crlf ? "\r\n" : "\n");
    return begin;
}

bool el_raw_add_row(struct el_raw_rows *rows, size_t begin, struct el_span tag) {
    if (rows->bytes.failed || !EL_GROW(rows->items, rows->capacity, rows->count + 1)) {
        return false;
    }
    rows->lead = rows->count == 0 ? begin : rows->lead;
    rows->items[rows->count] =
        (struct el_raw_row){.begin = rows->count == 0 ? 0 : rows->items[rows->count - 1].end,
                            .end = rows->bytes.len,
                            .tag = {begin + tag.start, begin + tag.end}};
    rows->count++;
    return true;
}

bool el_raw_keep(const struct el_raw_rows *rows, size_t n_columns, char separator,
                 struct el_document *document) {
    struct el_arena *arena = &document->arena;
    const char *bytes = rows->bytes.data;
    struct el_rows *kept = el_arena_alloc(arena, sizeof *kept);
    struct el_row *items = el_arena_array(arena, rows->count, sizeof *items);
    if (rows->bytes.failed || kept == NULL || items == NULL) {
        return false;
    }
    for (size_t i = 0; i < rows->count; i++) {
        const struct el_raw_row *row = &rows->items[i];
        items[i].text = el_arena_copy(arena, bytes + row->begin, row->end - row->begin);
        items[i].tag = (struct el_span){row->tag.start - row->begin, row->tag.end - row->begin};
        if (items[i].text == NULL) {
            return false;
        }
    }
    size_t end = rows->count > 0 ? rows->items[rows->count - 1].end : 0;
    *kept = (struct el_rows){.items = items, .n_columns = n_columns, .separator = separator};
    kept->tail = el_arena_copy(arena, bytes + end, rows->bytes.len - end);
    document->rows = kept;
    return kept->tail != NULL;
}

bool el_raw_keep_end(const struct el_raw_rows *rows, struct el_document *document) {
    struct el_rows *longer = el_arena_alloc(&document->arena, sizeof *longer);
    if (rows->bytes.failed || longer == NULL) {
        return false;
    }
    *longer = *document->rows;
    longer->tail = el_arena_printf(&document->arena, "%s%.*s", longer->tail, (int)rows->bytes.len,
                                   rows->bytes.len > 0 ? rows->bytes.data : "");
    document->rows = longer;
    return longer->tail != NULL;
}

void el_raw_clear(struct el_raw_rows *rows, bool keep_lead) {
    size_t lead = rows->count == 0 ? rows->bytes.len : rows->lead;
    bool failed = rows->bytes.failed;
    rows->count = 0;
    if (!keep_lead || failed) {
        el_buffer_clear(&rows->bytes);
    } else {
        rows->bytes.len = lead;
    }
    rows->lead = 0;
}

void el_raw_free(struct el_raw_rows *rows) {
    el_buffer_free(&rows->bytes);
    free(rows->items);
}

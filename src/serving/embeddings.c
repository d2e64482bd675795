#include "serving/embeddings.h"

#include "base/base64.h"
#include "base/print.h"
#include "base/text.h"
#include "serving/tokens.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "vectors are stored as they lie in memory, little-endian"
#endif

size_t el_embeddings_fit(const char *text, size_t context) {
    enum { MARKERS = 4 }; /* what tokenisers add at the beginning and the end */
    size_t len = strlen(text), tokens = el_estimate_tokens(text, len);
    /* The estimate can be a third low where words are short; a refused text costs the whole batch.
     */
    size_t room = context > 4 * MARKERS ? (context - MARKERS) / 2 : MARKERS;
    while (context > 0 && tokens > room && len > 0) {
        size_t shorter = (size_t)((double)len * (double)room / (double)tokens);
        len = el_utf8_valid_prefix(text, shorter < len ? shorter : len - 1);
        tokens = el_estimate_tokens(text, len);
    }
    return len;
}

/* ---- replies ---- */

struct rows {
    float *values; /* [n][dimensions] */
    bool *filled;
    size_t n, dimensions;
    char *why;
    size_t room;
};

__attribute__((format(printf, 2, 3))) static bool wrong(struct rows *rows, const char *format,
                                                        ...) {
    va_list list;
    va_start(list, format);
    el_vprint(rows->why, rows->room, format, list);
    va_end(list);
    return false;
}

static bool fill_row(struct rows *rows, size_t index, json_t *embedding) {
    float *row = rows->values + index * rows->dimensions;
    double squares = 0;
    for (size_t i = 0; i < rows->dimensions; i++) {
        json_t *value = json_array_get(embedding, i);
        double number = json_is_number(value) ? json_number_value(value) : NAN;
        if (!isfinite((float)number)) {
            return wrong(rows, "number %zu of embedding %zu is not a finite number", i, index);
        }
        row[i] = (float)number;
        squares += (double)row[i] * row[i];
    }
    double scale = squares > 0 ? 1 / sqrt(squares) : 0;
    for (size_t i = 0; i < rows->dimensions; i++) {
        row[i] = (float)(row[i] * scale);
    }
    rows->filled[index] = true;
    return true;
}

/* The first row decides how long rows are. */
static bool begin(struct rows *rows, json_t *data) {
    size_t dimensions = json_array_size(json_object_get(json_array_get(data, 0), "embedding"));
    if (!json_is_array(data)) {
        return wrong(rows, "the reply is JSON, but holds no embeddings (\"data\")");
    }
    if (json_array_size(data) != rows->n) {
        return wrong(rows, "%zu embeddings for %zu texts", json_array_size(data), rows->n);
    }
    if (dimensions == 0 || dimensions > EL_MOST_DIMENSIONS) {
        return wrong(rows, "an embedding of %zu numbers; 1 to %d are possible", dimensions,
                     EL_MOST_DIMENSIONS);
    }
    rows->dimensions = dimensions;
    rows->values = malloc(rows->n * dimensions * sizeof *rows->values);
    rows->filled = calloc(rows->n, sizeof *rows->filled);
    return (rows->values != NULL && rows->filled != NULL) || wrong(rows, "out of memory");
}

static bool take(struct rows *rows, size_t position, json_t *item) {
    json_t *embedding = json_object_get(item, "embedding");
    json_t *number = json_object_get(item, "index");
    json_int_t index = json_is_integer(number) ? json_integer_value(number) : (json_int_t)position;
    if (index < 0 || (size_t)index >= rows->n || rows->filled[index]) {
        return wrong(rows, "embedding number %lld is out of range or there twice",
                     (long long)index);
    }
    if (json_array_size(embedding) != rows->dimensions) {
        return wrong(rows, "embeddings of %zu and of %zu numbers in one reply", rows->dimensions,
                     json_array_size(embedding));
    }
    return fill_row(rows, (size_t)index, embedding);
}

bool el_embeddings_read(json_t *root, size_t n_inputs, char **text, size_t *text_len, char *why,
                        size_t room) {
    struct rows rows = {.n = n_inputs, .why = why, .room = room};
    struct el_buffer out = {0};
    json_t *data = json_object_get(root, "data"), *item;
    bool ok = begin(&rows, data);
    size_t i;
    json_array_foreach(data, i, item) {
        ok = ok && take(&rows, i, item);
    }
    if (ok) {
        el_base64_write(&out, rows.values, rows.n * rows.dimensions * sizeof *rows.values);
        ok = !out.failed || wrong(&rows, "out of memory");
    }
    free(rows.values);
    free(rows.filled);
    if (!ok) {
        el_buffer_free(&out);
        return false;
    }
    *text = out.data;
    *text_len = out.len;
    return true;
}

/* ---- vectors as text ---- */

static bool are_normal(const float *values, size_t n, size_t dimensions) {
    for (size_t row = 0; row < n; row++) {
        double squares = 0;
        for (size_t i = 0; i < dimensions; i++) {
            squares += (double)values[row * dimensions + i] * values[row * dimensions + i];
        }
        if (!(squares == 0 || fabs(squares - 1) < 1e-3)) {
            return false;
        }
    }
    return true;
}

float *el_embeddings_decode(const char *text, size_t text_len, size_t n_inputs,
                            size_t *dimensions) {
    size_t room = text_len / 4 * 3, bytes;
    float *values = n_inputs > 0 ? malloc(room + sizeof *values) : NULL;
    if (values == NULL) {
        return NULL;
    }
    size_t row = n_inputs * sizeof *values;
    if (!el_base64_read(text, text_len, values, room, &bytes) || bytes == 0 || bytes % row != 0 ||
        bytes / row > EL_MOST_DIMENSIONS || !are_normal(values, n_inputs, bytes / row)) {
        free(values);
        return NULL;
    }
    *dimensions = bytes / row;
    return values;
}

#include "base/json.h"

#include "base/locale.h"
#include "base/print.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *el_json_load(const char *text, size_t len, size_t flags, json_error_t *error) {
    struct el_plain scope = el_plain_begin();
    json_t *value = json_loadb(text, len, flags, error);
    el_plain_end(scope);
    return value;
}

char *el_json_dump(const json_t *value, size_t flags) {
    struct el_plain scope = el_plain_begin();
    char *text = json_dumps(value, flags);
    el_plain_end(scope);
    return text;
}

void el_json_string(struct el_buffer *buffer, const char *text, size_t len) {
    el_buffer_char(buffer, '"');
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        el_buffer_append(buffer, text + from, i - from);
        from = i + 1;
        switch (c) {
        case '"':
            el_buffer_append(buffer, "\\\"", 2);
            break;
        case '\\':
            el_buffer_append(buffer, "\\\\", 2);
            break;
        case '\n':
            el_buffer_append(buffer, "\\n", 2);
            break;
        case '\r':
            el_buffer_append(buffer, "\\r", 2);
            break;
        case '\t':
            el_buffer_append(buffer, "\\t", 2);
            break;
        default:
            el_buffer_printf(buffer, "\\u%04x", c);
        }
    }
    el_buffer_append(buffer, text + from, len - from);
    el_buffer_char(buffer, '"');
}

void el_json_real(struct el_buffer *buffer, double number) {
    if (!isfinite(number)) {
        el_buffer_append(buffer, "null", 4);
        return;
    }
    char digits[40];
    for (int precision = 15; precision <= 17; precision++) {
        el_print(digits, sizeof digits, "%.*g", precision, number);
        if (el_number(digits, NULL) == number) {
            break;
        }
    }
    if (strpbrk(digits, ".e") == NULL) {
        strcat(digits, ".0");
    }
    el_buffer_string(buffer, digits);
}

static void append_object(struct el_buffer *buffer, const json_t *object) {
    const char *separator = "", *key;
    json_t *value, *writable = (json_t *)object; /* jansson iterates over non-const only */
    el_buffer_char(buffer, '{');
    json_object_foreach(writable, key, value) {
        el_buffer_string(buffer, separator);
        el_json_string(buffer, key, strlen(key));
        el_buffer_append(buffer, ": ", 2);
        el_json_value(buffer, value);
        separator = ", ";
    }
    el_buffer_char(buffer, '}');
}

void el_json_value(struct el_buffer *buffer, const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        append_object(buffer, value);
        break;
    case JSON_ARRAY:
        el_buffer_char(buffer, '[');
        for (size_t i = 0; i < json_array_size(value); i++) {
            el_buffer_string(buffer, i == 0 ? "" : ", ");
            el_json_value(buffer, json_array_get(value, i));
        }
        el_buffer_char(buffer, ']');
        break;
    case JSON_STRING:
        el_json_string(buffer, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        el_buffer_printf(buffer, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        el_json_real(buffer, json_real_value(value));
        break;
    case JSON_TRUE:
        el_buffer_string(buffer, "true");
        break;
    case JSON_FALSE:
        el_buffer_string(buffer, "false");
        break;
    case JSON_NULL:
        el_buffer_string(buffer, "null");
        break;
    }
}

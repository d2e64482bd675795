/* JSON. In: by jansson, which by itself follows the host's locale. Out: appended to a buffer as it
 * is made, without a tree in between. Separators are ", " and
 * ": ", text stays UTF-8. Failure sticks in the buffer. */
#ifndef EL_BASE_JSON_H
#define EL_BASE_JSON_H

#include "base/buffer.h"

#include <jansson.h>

/* json_loadb() and json_dumps() with a point as the decimal sign in every locale. */
json_t *el_json_load(const char *text, size_t len, size_t flags, json_error_t *error);
char *el_json_dump(const json_t *value, size_t flags);

/* A JSON string with its quotes; `text` is valid UTF-8. */
void el_json_string(struct el_buffer *buffer, const char *text, size_t len);

/* The shortest decimal that reads back as the same number; null for NAN and infinities. */
void el_json_real(struct el_buffer *buffer, double number);

/* Any value, object members in their order. Recursion is bounded by the parser's depth limit. */
void el_json_value(struct el_buffer *buffer, const json_t *value);

#endif

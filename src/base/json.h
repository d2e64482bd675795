/* JSON out: appended to a buffer as it is made, without a tree in between. Separators are ", " and
 * ": ", text stays UTF-8. Failure sticks in the buffer. */
#ifndef EL_BASE_JSON_H
#define EL_BASE_JSON_H

#include "base/buffer.h"

#include <jansson.h>

/* A JSON string with its quotes; `text` is valid UTF-8. */
void el_json_string(struct el_buffer *buffer, const char *text, size_t len);

/* The shortest decimal that reads back as the same number; null for NAN and infinities. */
void el_json_real(struct el_buffer *buffer, double number);

/* Any value, object members in their order. Recursion is bounded by the parser's depth limit. */
void el_json_value(struct el_buffer *buffer, const json_t *value);

#endif

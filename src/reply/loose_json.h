/* JSON and Python literals as models write them, read forgivingly: any kind of quotes or none,
 * trailing and missing commas, tuples, None, brackets that are never closed. */
#ifndef EL_REPLY_LOOSE_JSON_H
#define EL_REPLY_LOOSE_JSON_H

#include <jansson.h>
#include <stdbool.h>

/* The array or object that begins with the bracket at *at, which is moved past it. `cut`: the end
 * of the text is missing, an unfinished string there is dropped. The caller owns the value; NULL,
 * and *memory set, if out of memory. Linear: each byte is looked at a bounded number of times. */
json_t *el_loose_json(const char **at, const char *end, bool cut, bool *memory);

#endif

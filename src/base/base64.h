/* Base64 (RFC 4648, with padding), for bytes that must travel as text. Pure functions. */
#ifndef EL_BASE_BASE64_H
#define EL_BASE_BASE64_H

#include "base/buffer.h"

#include <stddef.h>

/* Appends ceil(len / 3) * 4 characters. */
void el_base64_write(struct el_buffer *out, const void *bytes, size_t len);

/* Decode into `bytes`; *n_bytes gets how many there are. False if this is no Base64 (a wrong
 * length, a character that does not belong, padding elsewhere than at the end, bits that would be
 * lost) or holds more than `room` bytes. */
bool el_base64_read(const char *text, size_t len, void *bytes, size_t room, size_t *n_bytes);

#endif

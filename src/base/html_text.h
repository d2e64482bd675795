/* Text for HTML. */
#ifndef EL_BASE_HTML_TEXT_H
#define EL_BASE_HTML_TEXT_H

#include "base/buffer.h"

/* `len` bytes as the text of an element or of an attribute in double quotes. */
void el_html_text(struct el_buffer *out, const char *text, size_t len);
void el_html_string(struct el_buffer *out, const char *text);

#endif

/* The template language of prompt sets, a small subset of Mustache:
 *
 *     {{name}}  {{#list}}...{{/list}}  {{^list}}...{{/list}} (if empty or false)  {{! comment}}
 *
 * A brace before a tag is text: {{{name}} is "{" and the name's text. Inside a list, {{#first}} and
 * {{#last}} are true for the first and last item; {{#name}} of a text is true if it is not empty.
 * Names (see data.h) are looked up outwards. A section, closing tag or comment that is alone on its
 * line takes the line away. No escaping: texts are inserted as they are, after the set's markers in
 * them were made harmless (see clean.h).
 *
 * A template is checked when it is parsed: unknown names, sections that are not closed and names
 * used where they mean nothing are errors with line and column. Rendering then cannot fail but
 * for memory. A parsed template is read-only and may be shared by threads. */
#ifndef EL_PROMPT_TEMPLATE_H
#define EL_PROMPT_TEMPLATE_H

#include "base/error.h"

#include <stddef.h>

struct el_template;

/* `text` must be valid UTF-8 and is copied. `chat`: lines "@system", "@user", "@assistant" begin
 * messages; `begun`: a template that is rendered before this one has begun a message already.
 * `file` is named in errors. */
bool el_template_parse(const char *text, size_t len, bool chat, bool begun, const char *file,
                       struct el_template **parsed, struct el_error *err);
void el_template_free(struct el_template *parsed); /* NULL is allowed */

#endif

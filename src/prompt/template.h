/* The template language of prompt sets, a small subset of Mustache (see prompt.h for the names).
 *
 * A template is checked when it is parsed: unknown names, sections that are not closed and names
 * used where they mean nothing are errors with line and column. Rendering then cannot fail but
 * for memory. A parsed template is read-only and may be shared by threads. */
#ifndef EL_PROMPT_TEMPLATE_H
#define EL_PROMPT_TEMPLATE_H

#include "base/buffer.h"
#include "prompt/prompt.h"

struct el_template;

/* `text` must be valid UTF-8 and is copied. `chat`: lines "@system", "@user", "@assistant" begin
 * messages. `file` is named in errors. */
bool el_template_parse(const char *text, size_t len, bool chat, const char *file,
                       struct el_template **parsed, struct el_error *err);
void el_template_free(struct el_template *parsed); /* NULL is allowed */

/* A message of a rendered chat template: bytes [start, end) of the output. */
struct el_template_message {
    const char *role; /* static */
    size_t start, end;
};

/* Append the rendering to `out`; chat templates also fill *messages and *n_messages (in `arena`).
 * Texts from `data` are inserted through el_prompt_clean(). */
bool el_template_render(const struct el_template *parsed, const struct el_prompt_set *set,
                        const struct el_prompt_data *data, struct el_arena *arena,
                        struct el_buffer *out, struct el_template_message **messages,
                        size_t *n_messages, struct el_error *err);

/* Append `text` to `out` as a prompt may hold it: control characters become spaces (so do line
 * breaks, unless the set is a chat set) and a space is put behind the first character of whatever
 * reads like one of the set's markers. `json`: quoted as a JSON string. */
void el_prompt_clean(const struct el_prompt_set *set, const char *text, bool json,
                     struct el_buffer *out);

#endif

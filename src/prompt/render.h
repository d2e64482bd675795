/* A template filled with data. */
#ifndef EL_PROMPT_RENDER_H
#define EL_PROMPT_RENDER_H

#include "base/buffer.h"
#include "prompt/data.h"
#include "prompt/set.h"
#include "prompt/template.h"

/* A message of a rendered chat template: bytes [start, end) of the output. */
struct el_template_message {
    const char *role; /* static */
    size_t start, end;
};

/* Append the rendering of the parts, one after another, to `out`; chat templates also fill
 * *messages and *n_messages (in `arena`). Texts from `data` are inserted through el_prompt_clean().
 */
bool el_template_render(const struct el_template *const *parts, size_t n_parts,
                        const struct el_prompt_set *set, const struct el_prompt_data *data,
                        struct el_arena *arena, struct el_buffer *out,
                        struct el_template_message **messages, size_t *n_messages,
                        struct el_error *err);

#endif

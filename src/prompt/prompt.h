/* Prompts: a set of templates and what to ask in, a call out. */
#ifndef EL_PROMPT_PROMPT_H
#define EL_PROMPT_PROMPT_H

#include "prompt/data.h"
#include "prompt/set.h"
#include "serving/call.h"

/* Fill the prompt (or messages), stop, special_tokens and constraint of `call`, in `arena`; its
 * other fields stay as they are. `set` and `data` must outlive the call. Only the last
 * max_demonstrations of the demonstrations are shown. */
bool el_prompt_render(const struct el_prompt_set *set, enum el_prompt_kind kind,
                      const struct el_prompt_data *data, struct el_arena *arena,
                      struct el_call *call, struct el_error *err);

#endif

/* User text made harmless for a prompt. */
#ifndef EL_PROMPT_CLEAN_H
#define EL_PROMPT_CLEAN_H

#include "base/buffer.h"
#include "prompt/set.h"

/* Append `text` to `out` as a prompt may hold it: control characters become spaces (so do line
 * breaks, unless the set is a chat set) and a space is put after the first character of whatever
 * reads like one of the set's markers. `json`: quoted as a JSON string. */
void el_prompt_clean(const struct el_prompt_set *set, const char *text, bool json,
                     struct el_buffer *out);

#endif

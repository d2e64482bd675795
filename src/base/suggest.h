/* "Did you mean ...?" for keys, options and commands. */
#ifndef EL_BASE_SUGGEST_H
#define EL_BASE_SUGGEST_H

#include <stddef.h>

/* The choice nearest to `word` (edits and swaps of neighbours, letter case ignored), or NULL if
 * none is near enough to be what was meant. Pure. */
const char *el_suggest(const char *word, const char *const *choices, size_t n_choices);

#endif

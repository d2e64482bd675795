/* Are two texts in the same language, as far as can be told? Thread-safe. */
#ifndef EL_LANGUAGE_SAME_LANGUAGE_H
#define EL_LANGUAGE_SAME_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

struct el_language {
    const char *code; /* BCP 47 or ISO 639; NULL or "und" = unknown */
    int script;       /* of most letters (the signs of East Asia count as one); -1 = no letters */
    bool in_script;   /* in this script only, says the code: "sr-Latn" */
};

/* Codes of one language: "ha", "hau" and "HA-NG" are. What follows the first - or _ does not
 * count. */
bool el_language_code_same(const char *a, const char *b);

struct el_language el_language_of(const char *text, size_t len, const char *code);

/* A language by its code alone, with the script that it is most likely written in. "und-Latn" is
 * any language in that script: its code is unknown. */
struct el_language el_language_by_code(const char *code);

/* By their codes; if one of them is unknown, by their scripts. A text
 * without letters could be in any. */
bool el_language_same(const struct el_language *a, const struct el_language *b);

#endif

/* Codes of languages (ISO 639, BCP 47). Thread-safe. */
#ifndef EL_LANGUAGE_LANGUAGE_H
#define EL_LANGUAGE_LANGUAGE_H

#include <stdbool.h>

/* Is it a code of a language, maybe with script and region: "de", "pt-BR", "zh_Hant"? If not, *near
 * gets the code of what is meant by "german" or "deu", NULL if that is not known. */
bool el_language_known(const char *code, const char **near);

#endif

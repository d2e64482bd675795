#include "language/language.h"

#include "base/ascii.h"

#include <string.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

enum { LONGEST = 80 };

/* The code whose English name or three-letter code is `text`. */
static const char *find(const char *text) {
    const char *const *codes = uloc_getISOLanguages();
    for (; *codes != NULL; codes++) {
        UErrorCode status = U_ZERO_ERROR;
        UChar wide[LONGEST];
        char name[4 * LONGEST];
        uloc_getDisplayLanguage(*codes, "en", wide, LONGEST, &status);
        u_strToUTF8(name, sizeof name, NULL, wide, -1, &status);
        bool named = U_SUCCESS(status) && el_ascii_same(name, text);
        if (named || el_ascii_same(uloc_getISO3Language(*codes), text)) {
            return *codes;
        }
    }
    return NULL;
}

bool el_language_known(const char *code, const char **near) {
    char tag[LONGEST], locale[LONGEST];
    UErrorCode status = U_ZERO_ERROR;
    int32_t parsed = 0;
    size_t len = strlen(code);
    *near = NULL;
    if (len == 0 || len >= sizeof tag) {
        return false;
    }
    for (size_t i = 0; i <= len; i++) {
        tag[i] = code[i] == '_' ? '-' : code[i];
    }
    uloc_forLanguageTag(tag, locale, sizeof locale, &parsed, &status);
    bool known =
        U_SUCCESS(status) && (size_t)parsed == len && uloc_getISO3Language(locale)[0] != '\0';
    tag[strcspn(tag, "-")] = '\0';
    *near = known ? find(tag) : find(code);
    if (known && (*near == NULL || strlen(*near) == strlen(tag))) {
        *near = NULL;
        return true;
    }
    return false; /* "deu", too: "de" is what later comparisons know */
}

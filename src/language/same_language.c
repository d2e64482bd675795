#include "language/same_language.h"

#include "base/ascii.h"
#include "base/text.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uloc.h>
#include <unicode/uscript.h>

/* One sign of East Asia says about as much as two letters. */
enum { MOST_SCRIPTS = 8, LETTERS_OF_SIGN = 2 };

static int script_of(UChar32 c) {
    UErrorCode status = U_ZERO_ERROR;
    UScriptCode script = uscript_getScript(c, &status);
    switch (script) {
    case USCRIPT_COMMON:
    case USCRIPT_INHERITED:
        return -1;
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_BOPOMOFO:
        return USCRIPT_HAN;
    default:
        return U_SUCCESS(status) ? (int)script : -1;
    }
}

bool el_language_code_same(const char *a, const char *b) {
    UErrorCode status = U_ZERO_ERROR;
    char short_a[ULOC_LANG_CAPACITY], short_b[ULOC_LANG_CAPACITY]; /* of two letters, if it has */
    uloc_getLanguage(a, short_a, sizeof short_a, &status);
    uloc_getLanguage(b, short_b, sizeof short_b, &status);
    if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING) {
        size_t len = strcspn(a, "-_");
        return len == strcspn(b, "-_") && el_ascii_begins(a, b, len);
    }
    return strcmp(short_a, short_b) == 0;
}

/* Scripts beyond the first few of a text are not counted. */
struct el_language el_language_of(const char *text, size_t len, const char *code) {
    struct {
        int script;
        size_t letters;
    } seen[MOST_SCRIPTS];
    size_t n = 0, most = 0;
    for (size_t at = 0; at < len;) {
        UChar32 c = (UChar32)el_utf8_next(text, len, &at);
        int script = u_isalpha(c) ? script_of(c) : -1;
        size_t i = 0;
        while (i < n && seen[i].script != script) {
            i++;
        }
        if (script >= 0 && i == n && n < MOST_SCRIPTS) {
            seen[n].script = script;
            seen[n++].letters = 0;
        }
        if (script >= 0 && i < n) {
            seen[i].letters += script == USCRIPT_HAN ? LETTERS_OF_SIGN : 1;
        }
    }
    for (size_t i = 1; i < n; i++) {
        most = seen[i].letters > seen[most].letters ? i : most;
    }
    return (struct el_language){code, n > 0 ? seen[most].script : -1};
}

struct el_language el_language_by_code(const char *code) {
    UErrorCode status = U_ZERO_ERROR;
    char likely[ULOC_FULLNAME_CAPACITY], script[ULOC_SCRIPT_CAPACITY];
    bool any = strncmp(code, "und-", 4) == 0;
    struct el_language language = {any ? NULL : code, -1};
    uloc_addLikelySubtags(code, likely, sizeof likely, &status);
    uloc_getScript(any ? code : likely, script, sizeof script, &status);
    if (U_SUCCESS(status) && status != U_STRING_NOT_TERMINATED_WARNING) {
        bool han = strcmp(script, "Hans") == 0 || strcmp(script, "Hant") == 0 ||
                   strcmp(script, "Jpan") == 0;
        language.script = han ? (int)USCRIPT_HAN
                          : strcmp(script, "Kore") == 0
                              ? (int)USCRIPT_HANGUL
                              : u_getPropertyValueEnum(UCHAR_SCRIPT, script);
    }
    return language;
}

bool el_language_same(const struct el_language *a, const struct el_language *b) {
    if (a->code != NULL && a->code[0] != '\0' && b->code != NULL && b->code[0] != '\0') {
        return el_language_code_same(a->code, b->code);
    }
    return a->script < 0 || b->script < 0 || a->script == b->script;
}

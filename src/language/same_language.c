#include "language/same_language.h"

#include "base/ascii.h"
#include "base/text.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uloc.h>
#include <unicode/uscript.h>

/* One sign of East Asia says about as much as two letters. */
enum { MOST_SCRIPTS = 8, LETTERS_OF_SIGN = 2 };

/* The scripts of East Asia count as one, but for that of Korea; kinds of a script count as it. */
static int plain_script(int script) {
    switch (script) {
    case USCRIPT_INVALID_CODE:
    case USCRIPT_COMMON:
    case USCRIPT_INHERITED:
    case USCRIPT_UNKNOWN:
        return -1;
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_KATAKANA_OR_HIRAGANA:
    case USCRIPT_BOPOMOFO:
    case USCRIPT_HAN_WITH_BOPOMOFO:
    case USCRIPT_SIMPLIFIED_HAN:
    case USCRIPT_TRADITIONAL_HAN:
    case USCRIPT_JAPANESE:
        return USCRIPT_HAN;
    case USCRIPT_KOREAN:
    case USCRIPT_JAMO:
        return USCRIPT_HANGUL;
    case USCRIPT_LATIN_FRAKTUR:
    case USCRIPT_LATIN_GAELIC:
        return USCRIPT_LATIN;
    default:
        return script;
    }
}

static int script_of(UChar32 c) {
    UErrorCode status = U_ZERO_ERROR;
    UScriptCode script = uscript_getScript(c, &status);
    return U_SUCCESS(status) ? plain_script((int)script) : -1;
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
    return (struct el_language){code, n > 0 ? seen[most].script : -1, false};
}

struct el_language el_language_by_code(const char *code) {
    UErrorCode status = U_ZERO_ERROR;
    char likely[ULOC_FULLNAME_CAPACITY], own[ULOC_SCRIPT_CAPACITY], script[ULOC_SCRIPT_CAPACITY];
    bool any = strncmp(code, "und-", 4) == 0;
    struct el_language language = {any ? NULL : code, -1, false};
    uloc_getScript(code, own, sizeof own, &status);
    uloc_addLikelySubtags(code, likely, sizeof likely, &status);
    uloc_getScript(likely, script, sizeof script, &status);
    if (U_SUCCESS(status) && status != U_STRING_NOT_TERMINATED_WARNING) {
        language.in_script = own[0] != '\0';
        language.script = plain_script(u_getPropertyValueEnum(UCHAR_SCRIPT, any ? own : script));
    }
    return language;
}

static bool share_script(const struct el_language *a, const struct el_language *b) {
    return a->script < 0 || b->script < 0 || a->script == b->script;
}

static bool is_told(const char *code) {
    return code != NULL && code[0] != '\0' && strcmp(code, "und") != 0;
}

bool el_language_same(const struct el_language *a, const struct el_language *b) {
    if (!is_told(a->code) || !is_told(b->code)) {
        return share_script(a, b);
    }
    return el_language_code_same(a->code, b->code) &&
           ((!a->in_script && !b->in_script) || share_script(a, b));
}

#include "base/characters.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

enum { FIRST_UNSPACED = 0x0E00 };

enum el_spacing el_spacing_of(uint32_t c) {
    if (c < FIRST_UNSPACED) {
        return EL_SPACED;
    }
    UErrorCode status = U_ZERO_ERROR;
    switch (uscript_getScript((UChar32)c, &status)) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_BOPOMOFO:
        return EL_UNSPACED_SIGNS;
    case USCRIPT_THAI:
    case USCRIPT_LAO:
    case USCRIPT_KHMER:
    case USCRIPT_MYANMAR:
        return EL_UNSPACED_LETTERS;
    case USCRIPT_HANGUL:
        return EL_SPACED_STEMS;
    default: /* marks of prolonged sound and the like are shared by two scripts */
        return uscript_hasScript((UChar32)c, USCRIPT_KATAKANA) && u_isalpha((UChar32)c)
                   ? EL_UNSPACED_SIGNS
                   : EL_SPACED;
    }
}

uint32_t el_plain_mark(uint32_t c) {
    switch (c) {
    case '`':
    case 0x00B4:
    case 0x2018:
    case 0x2019:
    case 0x201A:
    case 0x201B:
    case 0x2032:
    case 0x2035:
    case 0x2039:
    case 0x203A:
    case 0x02BC:
        return '\'';
    case 0x00AB:
    case 0x00BB:
    case 0x201C:
    case 0x201D:
    case 0x201E:
    case 0x201F:
    case 0x2033:
    case 0x2036:
    case 0x300C:
    case 0x300D:
    case 0x300E:
    case 0x300F:
        return '"';
    case 0x2212:
        return '-';
    default:
        return c > 0x7F && u_charType((UChar32)c) == U_DASH_PUNCTUATION ? '-' : c;
    }
}

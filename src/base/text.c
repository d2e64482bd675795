#include "base/text.h"

#include <limits.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

/* ICU counts in int32_t. Documents are bounded far below by the readers; a longer text is refused
 * like memory that is out. Case folding can triple a text, hence the distance to INT32_MAX. */
enum { LONGEST_TEXT = INT32_MAX / 4 };

/* Eight bytes at a time while they are all ASCII, which most text is. */
static size_t skip_ascii(const char *text, size_t len, size_t at) {
    const uint64_t high_bits = 0x8080808080808080u;
    while (len - at >= sizeof high_bits) {
        uint64_t word;
        memcpy(&word, text + at, sizeof word);
        if ((word & high_bits) != 0) {
            break;
        }
        at += sizeof word;
    }
    while (at < len && (unsigned char)text[at] < 0x80) {
        at++;
    }
    return at;
}

/* Move `*at` past the sequence that is there; false if it is not a valid one. `*at` is then
 * past its maximal invalid part, which is at least one byte. */
static bool step(const char *text, size_t len, size_t *at) {
    const uint8_t *bytes = (const uint8_t *)text + *at;
    int32_t room = len - *at > 8 ? 8 : (int32_t)(len - *at), used = 0;
    UChar32 c;
    U8_NEXT(bytes, used, room, c);
    *at += (size_t)used;
    return c >= 0;
}

size_t el_utf8_valid_prefix(const char *text, size_t len) {
    size_t at = 0;
    while ((at = skip_ascii(text, len, at)) < len) {
        size_t next = at;
        if (!step(text, len, &next)) {
            return at;
        }
        at = next;
    }
    return len;
}

char *el_utf8_replace_invalid(struct el_arena *arena, const char *text, size_t len,
                              size_t *new_len) {
    static const char replacement[] = "\xEF\xBF\xBD";
    size_t need = 0;
    for (size_t at = 0; at < len;) {
        size_t next = at;
        need += step(text, len, &next) ? next - at : 3;
        at = next;
    }
    char *copy = el_arena_alloc(arena, need + 1);
    if (copy == NULL) {
        return NULL;
    }
    size_t out = 0;
    for (size_t at = 0; at < len;) {
        size_t next = at;
        bool valid = step(text, len, &next);
        size_t n = valid ? next - at : 3;
        memcpy(copy + out, valid ? text + at : replacement, n);
        out += n;
        at = next;
    }
    *new_len = out;
    return copy;
}

uint32_t el_utf8_next(const char *text, size_t len, size_t *at) {
    const uint8_t *bytes = (const uint8_t *)text + *at;
    if (*at >= len) {
        return 0;
    }
    int32_t room = len - *at > 8 ? 8 : (int32_t)(len - *at), used = 0;
    UChar32 c;
    U8_NEXT_OR_FFFD(bytes, used, room, c);
    *at += (size_t)used;
    return (uint32_t)c;
}

bool el_is_control(uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0);
}

size_t el_columns(uint32_t c) {
    if (c < 0x300) {
        return 1;
    }
    uint32_t category = U_GET_GC_MASK((UChar32)c);
    if ((category & (U_GC_MN_MASK | U_GC_ME_MASK | U_GC_CF_MASK)) != 0) {
        return 0;
    }
    int east_asian = u_getIntPropertyValue((UChar32)c, UCHAR_EAST_ASIAN_WIDTH);
    return east_asian == U_EA_WIDE || east_asian == U_EA_FULLWIDTH ? 2 : 1;
}

static const char *const unit_names[] = {
    [EL_UNIT_CODEPOINT] = "codepoint",
    [EL_UNIT_BYTE] = "byte",
    [EL_UNIT_UTF16] = "utf16",
    [EL_UNIT_TOKEN] = "token",
};

const char *el_unit_name(enum el_unit unit) {
    return (size_t)unit < sizeof unit_names / sizeof *unit_names ? unit_names[unit] : NULL;
}

bool el_unit_from_name(const char *name, enum el_unit *unit) {
    for (size_t i = 0; name != NULL && i < sizeof unit_names / sizeof *unit_names; i++) {
        if (strcmp(name, unit_names[i]) == 0) {
            *unit = (enum el_unit)i;
            return true;
        }
    }
    return false;
}

/* How many units the byte begins: continuation bytes begin none, and a lead byte of four begins a
 * surrogate pair in UTF-16. */
static size_t units_begun(unsigned char byte, enum el_unit unit) {
    return (size_t)((byte & 0xC0) != 0x80) + (size_t)(unit == EL_UNIT_UTF16 && byte >= 0xF0);
}

void el_offsets_from_bytes(const char *text, size_t len, enum el_unit unit, size_t *offsets,
                           size_t count) {
    if (unit != EL_UNIT_CODEPOINT && unit != EL_UNIT_UTF16) {
        return;
    }
    size_t at = 0, units = 0;
    for (size_t i = 0; i < count; i++) {
        size_t end = offsets[i] < len ? offsets[i] : len;
        for (; at < end; at++) {
            units += units_begun((unsigned char)text[at], unit);
        }
        offsets[i] = units;
    }
}

bool el_offset_to_bytes(const char *text, size_t len, enum el_unit unit, size_t offset,
                        size_t *bytes) {
    size_t at = 0, units = 0;
    if (unit == EL_UNIT_BYTE) {
        at = offset;
    } else if (unit == EL_UNIT_CODEPOINT || unit == EL_UNIT_UTF16) {
        for (; at < len && units < offset; at++) {
            units += units_begun((unsigned char)text[at], unit);
        }
        while (at < len && ((unsigned char)text[at] & 0xC0) == 0x80) {
            at++;
        }
        if (units != offset) {
            return false;
        }
    } else {
        return false;
    }
    if (at > len || (at < len && ((unsigned char)text[at] & 0xC0) == 0x80)) {
        return false;
    }
    *bytes = at;
    return true;
}

enum { STEP = 256 };

bool el_offsets_open(struct el_offsets *offsets, struct el_arena *arena, const char *text,
                     size_t len, enum el_unit unit) {
    *offsets = (struct el_offsets){.text = text, .len = len, .unit = unit, .total = len};
    if (unit == EL_UNIT_BYTE || skip_ascii(text, len, 0) == len) {
        return true;
    }
    offsets->checkpoints = el_arena_array(arena, len / STEP + 1, sizeof *offsets->checkpoints);
    if (offsets->checkpoints == NULL) {
        return false;
    }
    size_t units = 0;
    for (size_t at = 0; at < len; at++) {
        if (at % STEP == 0) {
            offsets->checkpoints[at / STEP] = units;
        }
        units += units_begun((unsigned char)text[at], unit);
    }
    if (len % STEP == 0) {
        offsets->checkpoints[len / STEP] = units;
    }
    offsets->total = units;
    return true;
}

size_t el_offsets_of_byte(const struct el_offsets *offsets, size_t byte) {
    byte = byte < offsets->len ? byte : offsets->len;
    if (offsets->checkpoints == NULL) {
        return byte;
    }
    size_t units = offsets->checkpoints[byte / STEP];
    for (size_t at = byte / STEP * STEP; at < byte; at++) {
        units += units_begun((unsigned char)offsets->text[at], offsets->unit);
    }
    return units;
}

bool el_offsets_to_byte(const struct el_offsets *offsets, size_t offset, size_t *byte) {
    if (offset > offsets->total) {
        return false;
    }
    size_t low = 0;
    if (offsets->checkpoints != NULL) {
        /* The last checkpoint with at most `offset` units before it. */
        size_t high = offsets->len / STEP + 1;
        while (high - low > 1) {
            size_t middle = low + (high - low) / 2;
            if (offsets->checkpoints[middle] <= offset) {
                low = middle;
            } else {
                high = middle;
            }
        }
        offset -= offsets->checkpoints[low];
    }
    size_t from = low * STEP, at = 0;
    if (offsets->checkpoints == NULL) {
        at = offset;
        if (at < offsets->len && ((unsigned char)offsets->text[at] & 0xC0) == 0x80) {
            return false;
        }
    } else {
        /* A checkpoint can lie inside a character, whose lead byte was counted before it. */
        while (from < offsets->len && ((unsigned char)offsets->text[from] & 0xC0) == 0x80) {
            from++;
        }
        if (!el_offset_to_bytes(offsets->text + from, offsets->len - from, offsets->unit, offset,
                                &at)) {
            return false;
        }
    }
    *byte = from + at;
    return true;
}

/* White space runs to one space, ends trimmed; in place. */
static int32_t squeeze(UChar *text, int32_t len) {
    int32_t out = 0;
    bool gap = false;
    for (int32_t i = 0; i < len; i++) {
        if (u_isUWhiteSpace(text[i])) { /* all of them lie in the BMP */
            gap = out > 0;
        } else {
            if (gap) {
                text[out++] = ' ';
                gap = false;
            }
            text[out++] = text[i];
        }
    }
    return out;
}

static char *fold_ascii(struct el_arena *arena, const char *text, size_t len, bool fold_case,
                        size_t *new_len) {
    char *copy = el_arena_alloc(arena, len + 1);
    size_t out = 0;
    bool gap = false;
    for (size_t i = 0; copy != NULL && i < len; i++) {
        char c = text[i];
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            gap = out > 0;
            continue;
        }
        if (gap) {
            copy[out++] = ' ';
            gap = false;
        }
        copy[out++] = (char)(fold_case && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    *new_len = out;
    return copy;
}

/* NFC of `from` into a fresh array with room for it. */
static UChar *compose(struct el_arena *arena, const UChar *from, int32_t len, int32_t *new_len) {
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&status);
    if (U_FAILURE(status)) {
        return NULL;
    }
    int32_t room = len + 16;
    for (;;) {
        UChar *to = el_arena_array(arena, (size_t)room, sizeof *to);
        if (to == NULL) {
            return NULL;
        }
        status = U_ZERO_ERROR;
        *new_len = unorm2_normalize(nfc, from, len, to, room, &status);
        if (status != U_BUFFER_OVERFLOW_ERROR) {
            return U_FAILURE(status) ? NULL : to;
        }
        room = *new_len;
    }
}

static UChar *fold_utf16(struct el_arena *arena, const UChar *from, int32_t len, int32_t *new_len) {
    int32_t room = len * 3 + 1; /* full case folding makes at most three units of one */
    UChar *to = el_arena_array(arena, (size_t)room, sizeof *to);
    UErrorCode status = U_ZERO_ERROR;
    if (to == NULL) {
        return NULL;
    }
    *new_len = u_strFoldCase(to, room, from, len, U_FOLD_CASE_DEFAULT, &status);
    return U_FAILURE(status) ? NULL : to;
}

static char *fold_unicode(struct el_arena *arena, struct el_arena *scratch, const char *text,
                          size_t len, bool fold_case, size_t *new_len) {
    UErrorCode status = U_ZERO_ERROR;
    int32_t n = 0;
    UChar *wide = el_arena_array(scratch, len + 1, sizeof *wide); /* never more units than bytes */
    if (wide == NULL) {
        return NULL;
    }
    u_strFromUTF8WithSub(wide, (int32_t)len + 1, &n, text, (int32_t)len, 0xFFFD, NULL, &status);
    if (U_FAILURE(status) || (wide = compose(scratch, wide, n, &n)) == NULL) {
        return NULL;
    }
    if (fold_case && ((wide = fold_utf16(scratch, wide, n, &n)) == NULL ||
                      (wide = compose(scratch, wide, n, &n)) == NULL)) {
        return NULL;
    }
    n = squeeze(wide, n);
    int32_t bytes = 0;
    char *copy = el_arena_alloc(arena, (size_t)n * 3 + 1);
    if (copy == NULL) {
        return NULL;
    }
    status = U_ZERO_ERROR;
    u_strToUTF8(copy, n * 3 + 1, &bytes, wide, n, &status);
    *new_len = (size_t)bytes;
    return U_FAILURE(status) ? NULL : copy;
}

char *el_text_fold(struct el_arena *arena, const char *text, size_t len, bool fold_case,
                   size_t *new_len) {
    if (skip_ascii(text, len, 0) == len) {
        return fold_ascii(arena, text, len, fold_case, new_len);
    }
    if (len > LONGEST_TEXT / 3) {
        return NULL;
    }
    struct el_arena scratch = {0};
    char *copy = fold_unicode(arena, &scratch, text, len, fold_case, new_len);
    el_arena_free(&scratch);
    return copy;
}

#include "corpus/align.h"

#include "base/array.h"
#include "base/characters.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

/* ---- Characters ---- */

static bool is_space(uint32_t c) {
    return u_isUWhiteSpace((UChar32)c);
}

static bool is_mark(uint32_t c) {
    return (U_GET_GC_MASK((UChar32)c) & U_GC_M_MASK) != 0;
}

static bool is_word_character(uint32_t c) {
    return c < 0x80 ? (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                          c == '_'
                    : u_isalnum((UChar32)c) || is_mark(c);
}

/* Of a script whose words, or whose particles, follow each other without a space. */
static bool is_spaceless(uint32_t c) {
    return el_spacing_of(c) != EL_SPACED;
}

/* ---- Folded text ----
 *
 * What is compared: a sequence of code points, each with the bytes of the source it came from.
 * Characters are normalised in the smallest pieces that don't influence each other (a letter with
 * its marks), so that every unit knows its piece; a match must begin and end with whole pieces. */

struct units {
    uint32_t *code;
    struct el_span *source;
    size_t count, capacity;
    bool space; /* white space was seen after the last unit */
};

struct folding {
    struct el_arena *arena;
    const UNormalizer2 *form; /* NULL = exact: nothing is changed */
    bool fold_case, drop_marks;
};

static bool push(struct el_arena *arena, struct units *units, uint32_t code,
                 struct el_span source) {
    if (units->count == units->capacity) {
        size_t capacity = units->capacity == 0 ? 64 : units->capacity * 2;
        uint32_t *codes = el_arena_array(arena, capacity, sizeof *codes);
        struct el_span *sources = el_arena_array(arena, capacity, sizeof *sources);
        if (codes == NULL || sources == NULL) {
            return false;
        }
        if (units->count > 0) {
            memcpy(codes, units->code, units->count * sizeof *codes);
            memcpy(sources, units->source, units->count * sizeof *sources);
        }
        units->code = codes;
        units->source = sources;
        units->capacity = capacity;
    }
    units->code[units->count] = code;
    units->source[units->count++] = source;
    return true;
}

/* The letter without what is written on, under or through it, as far as Unicode does not take that
 * apart: the hooks of Hausa, the strokes of Croatian, Danish and Polish. */
static uint32_t plain_letter(uint32_t c) {
    static const uint16_t letters[][2] = {
        {0x0253, 'b'}, {0x0181, 'B'}, {0x0257, 'd'}, {0x018A, 'D'}, {0x0199, 'k'},
        {0x0198, 'K'}, {0x01B4, 'y'}, {0x01B3, 'Y'}, {0x0111, 'd'}, {0x0110, 'D'},
        {0x00F8, 'o'}, {0x00D8, 'O'}, {0x0142, 'l'}, {0x0141, 'L'},
    };
    for (size_t i = 0; c > 0x7F && i < EL_COUNT(letters); i++) {
        if (letters[i][0] == c) {
            return letters[i][1];
        }
    }
    return c;
}

/* A mark of Latin, Greek or Cyrillic letters. Those of other scripts may be vowels. */
static bool is_letter_mark(uint32_t c) {
    return c >= 0x0300 && c <= 0x036F;
}

/* Push after folding marks and white space. */
static bool push_folded(struct el_arena *arena, struct units *units, uint32_t code,
                        struct el_span source) {
    code = el_plain_mark(code);
    if (is_space(code)) {
        units->space = units->count > 0;
        return true;
    }
    if (code > 0x7F && u_hasBinaryProperty((UChar32)code, UCHAR_DEFAULT_IGNORABLE_CODE_POINT)) {
        return true;
    }
    size_t last = units->count - 1; /* used only if there is one */
    if (units->space) {
        uint32_t before = units->code[last];
        bool between_words = is_word_character(before) && is_word_character(code) &&
                             !is_spaceless(before) && !is_spaceless(code);
        struct el_span gap = {units->source[last].end, source.start};
        units->space = false;
        if (between_words && !push(arena, units, ' ', gap)) {
            return false;
        }
    } else if (code == '\'' && units->count > 0 && units->code[last] == '\'' &&
               units->source[last].end == source.start) {
        units->code[last] = '"'; /* two single quotes, as in ``this'' */
        units->source[last].end = source.end;
        return true;
    }
    return push(arena, units, code, source);
}

/* Pieces of more code points occur in no language; they are compared as they are, since
 * normalising takes quadratic time in a run of marks. */
enum { LONGEST_PIECE = 32 };

/* The end of the piece that begins at `at`; its code points go to `piece`, with marks made plain.
 * *count > LONGEST_PIECE means that there are more than fit. */
static size_t find_piece(const struct folding *folding, const char *text, size_t len, size_t at,
                         UChar32 *piece, size_t *count) {
    *count = 0;
    for (;;) {
        UChar32 c = (UChar32)el_plain_mark(el_utf8_next(text, len, &at));
        if (*count < LONGEST_PIECE) {
            piece[*count] = c;
        }
        ++*count;
        size_t next = at;
        if (at == len || (unsigned char)text[at] < 0x80 ||
            unorm2_hasBoundaryBefore(folding->form, (UChar32)el_utf8_next(text, len, &next))) {
            return at;
        }
    }
}

static bool push_piece(const struct folding *folding, struct units *units, const UChar32 *piece,
                       size_t count, struct el_span source) {
    UChar from[LONGEST_PIECE * 2], to[LONGEST_PIECE * 2 * 18]; /* NFKC: at most 18 of one */
    int32_t from_len = 0, to_len;
    UErrorCode status = U_ZERO_ERROR;
    for (size_t i = 0; i < count; i++) {
        U16_APPEND_UNSAFE(from, from_len, piece[i]);
    }
    to_len = unorm2_normalize(folding->form, from, from_len, to, sizeof to / sizeof *to, &status);
    const UChar *result = to;
    if (U_FAILURE(status)) {
        result = from;
        to_len = from_len;
    }
    for (int32_t i = 0; i < to_len;) {
        UChar32 c;
        U16_NEXT(result, i, to_len, c);
        if (folding->drop_marks && is_letter_mark((uint32_t)c)) {
            continue;
        }
        c = folding->drop_marks ? (UChar32)plain_letter((uint32_t)c) : c;
        if (!push_folded(folding->arena, units, (uint32_t)c, source)) {
            return false;
        }
    }
    return true;
}

static bool push_long_piece(const struct folding *folding, struct units *units, const char *text,
                            struct el_span source) {
    for (size_t at = source.start; at < source.end;) {
        size_t start = at;
        uint32_t c = el_utf8_next(text, source.end, &at);
        if (!push(folding->arena, units, c, (struct el_span){start, at})) {
            return false;
        }
    }
    return true;
}

static bool fold(const struct folding *folding, const char *text, size_t len, struct units *units) {
    UChar32 piece[LONGEST_PIECE];
    *units = (struct units){0};
    for (size_t at = 0; at < len;) {
        size_t start = at, count;
        bool done;
        if (folding->form == NULL) {
            uint32_t c = el_utf8_next(text, len, &at);
            done = push(folding->arena, units, c, (struct el_span){start, at});
        } else if ((unsigned char)text[at] < 0x80 &&
                   (at + 1 == len || (unsigned char)text[at + 1] < 0x80)) {
            uint32_t c = (unsigned char)text[at++];
            c = folding->fold_case && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
            done = push_folded(folding->arena, units, c, (struct el_span){start, at});
        } else {
            at = find_piece(folding, text, len, at, piece, &count);
            struct el_span source = {start, at};
            done = count > LONGEST_PIECE ? push_long_piece(folding, units, text, source)
                                         : push_piece(folding, units, piece, count, source);
        }
        if (!done) {
            return false;
        }
    }
    return true;
}

/* ---- Borders ---- */

static size_t step_back(const char *text, size_t at) {
    do {
        at--;
    } while (at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80);
    return at;
}

static bool is_digit_at(const char *text, size_t len, size_t at) {
    return at < len && text[at] >= '0' && text[at] <= '9';
}

static bool is_border(const char *text, size_t len, size_t at) {
    if (at == 0 || at == len) {
        return true;
    }
    size_t previous = step_back(text, at), next = at, again = previous;
    uint32_t before = el_utf8_next(text, len, &again), after = el_utf8_next(text, len, &next);
    if (is_mark(after)) {
        return false;
    }
    if (is_word_character(before) && is_word_character(after)) {
        return is_spaceless(before) || is_spaceless(after);
    }
    if ((after == '.' || after == ',') && is_digit_at(text, len, previous)) {
        return !is_digit_at(text, len, next);
    }
    if ((before == '.' || before == ',') && is_digit_at(text, len, at)) {
        return previous == 0 || !is_digit_at(text, len, previous - 1);
    }
    return true;
}

/* ---- Case ---- */

struct case_form {
    size_t letters, upper;
    bool one_word, begins_upper;
};

static struct case_form case_form(const char *text, size_t len) {
    struct case_form form = {.one_word = true};
    for (size_t at = 0; at < len;) {
        UChar32 c = (UChar32)el_utf8_next(text, len, &at);
        form.one_word = form.one_word && !u_isUWhiteSpace(c);
        if (u_isalpha(c)) {
            form.begins_upper = form.letters == 0 ? u_isupper(c) : form.begins_upper;
            form.letters++;
            form.upper += u_isupper(c) ? 1 : 0;
        }
    }
    return form;
}

/* May `found`, which differs from `wanted` in case, stand for it? See the header. */
static bool case_allows(const char *wanted, size_t wanted_len, const char *found,
                        size_t found_len) {
    struct case_form a = case_form(wanted, wanted_len), b = case_form(found, found_len);
    if (!a.one_word || a.letters > 4) {
        return true;
    }
    bool wanted_caps = a.upper == a.letters, found_caps = b.upper == b.letters;
    if (a.letters == 4) {
        return !(wanted_caps && b.upper == 0);
    }
    return !(wanted_caps && !found_caps) && !(a.upper == 0 && found_caps);
}

/* ---- Search ---- */

struct search {
    struct el_arena *arena, *scratch;
    const char *text, *wanted;
    size_t text_len, wanted_len;
    bool first_only, ignores_case;
    struct el_alignment *alignment;
    size_t capacity;
};

static bool add_span(struct search *search, struct el_span span) {
    struct el_alignment *alignment = search->alignment;
    if (!EL_ARENA_GROW(search->arena, alignment->spans, search->capacity, alignment->count + 1)) {
        return false;
    }
    alignment->spans[alignment->count++] = span;
    return true;
}

/* Do the units [first, last] begin and end with whole pieces, at word borders, in a fit case? */
static bool is_match(const struct search *search, const struct units *text, size_t first,
                     size_t last) {
    if ((first > 0 && text->source[first - 1].start == text->source[first].start) ||
        (last + 1 < text->count && text->source[last + 1].start == text->source[last].start)) {
        return false;
    }
    size_t start = text->source[first].start, end = text->source[last].end;
    return is_border(search->text, search->text_len, start) &&
           is_border(search->text, search->text_len, end) &&
           (!search->ignores_case ||
            case_allows(search->wanted, search->wanted_len, search->text + start, end - start));
}

/* Knuth, Morris and Pratt: the next unit is never looked at twice, however the strings repeat. */
static bool find_all(struct search *search, const struct units *text, const struct units *wanted) {
    if (wanted->count == 0 || wanted->count > text->count) {
        return true;
    }
    size_t *border = el_arena_array(search->scratch, wanted->count + 1, sizeof *border);
    if (border == NULL) {
        return false;
    }
    for (size_t i = 1, k = 0; i < wanted->count; i++) {
        while (k > 0 && wanted->code[i] != wanted->code[k]) {
            k = border[k];
        }
        k += wanted->code[i] == wanted->code[k];
        border[i + 1] = k;
    }
    for (size_t i = 0, k = 0; i < text->count; i++) {
        while (k > 0 && (k == wanted->count || text->code[i] != wanted->code[k])) {
            k = border[k];
        }
        k += text->code[i] == wanted->code[k];
        size_t first = i + 1 - wanted->count; /* of a match that ends here */
        if (k == wanted->count && is_match(search, text, first, i)) {
            struct el_span span = {text->source[first].start, text->source[i].end};
            if (!add_span(search, span)) {
                return false;
            }
            if (search->first_only) {
                return true;
            }
            k = 0;
        }
    }
    return true;
}

static bool search_folded(struct search *search, const UNormalizer2 *form, bool fold_case) {
    struct folding folding = {search->scratch, form, fold_case, false};
    struct units text, wanted;
    search->ignores_case = fold_case;
    return fold(&folding, search->wanted, search->wanted_len, &wanted) &&
           fold(&folding, search->text, search->text_len, &text) &&
           find_all(search, &text, &wanted);
}

static size_t count_letters(const struct units *units) {
    size_t n = 0;
    for (size_t i = 0; i < units->count; i++) {
        n += u_isalpha((UChar32)units->code[i]) ? 1 : 0;
    }
    return n;
}

/* Are all that was found spelled alike, composed or not? */
static bool all_alike(struct search *search, const UNormalizer2 *nfkc, bool *alike) {
    const struct el_alignment *alignment = search->alignment;
    struct folding folding = {search->scratch, nfkc, false, false};
    struct units first, other;
    *alike = true;
    for (size_t i = 0; i < alignment->count; i++) {
        struct el_span span = alignment->spans[i];
        if (!fold(&folding, search->text + span.start, span.end - span.start, &other)) {
            return false;
        }
        first = i == 0 ? other : first;
        *alike = *alike && other.count == first.count &&
                 memcmp(other.code, first.code, other.count * sizeof *other.code) == 0;
    }
    return true;
}

static bool search_without_marks(struct search *search, const UNormalizer2 *nfkc,
                                 const UNormalizer2 *nfkd) {
    enum { LEAST_LETTERS = 3 };
    struct folding folding = {search->scratch, nfkd, false, true};
    struct units text, wanted;
    bool alike, first_only = search->first_only;
    search->ignores_case = false;
    if (!fold(&folding, search->wanted, search->wanted_len, &wanted)) {
        return false;
    }
    if (count_letters(&wanted) < LEAST_LETTERS) {
        return true;
    }
    search->first_only = false;
    if (!fold(&folding, search->text, search->text_len, &text) ||
        !find_all(search, &text, &wanted) || !all_alike(search, nfkc, &alike)) {
        return false;
    }
    size_t count = search->alignment->count;
    search->alignment->count = !alike ? 0 : first_only && count > 1 ? 1 : count;
    return true;
}

static bool search_all_ways(struct search *search) {
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfkc = unorm2_getNFKCInstance(&status);
    const UNormalizer2 *casefold = unorm2_getNFKCCasefoldInstance(&status);
    const UNormalizer2 *nfkd = unorm2_getNFKDInstance(&status);
    if (U_FAILURE(status)) {
        return false;
    }
    struct el_alignment *alignment = search->alignment;
    if (memmem(search->text, search->text_len, search->wanted, search->wanted_len) != NULL) {
        alignment->how = EL_ALIGNED_EXACT;
        if (!search_folded(search, NULL, false)) {
            return false;
        }
        if (alignment->count > 0) {
            return true;
        }
    }
    alignment->how = EL_ALIGNED_TOLERANT;
    if (!search_folded(search, nfkc, false)) {
        return false;
    }
    if (alignment->count > 0) {
        return true;
    }
    alignment->how = EL_ALIGNED_CASE;
    if (!search_folded(search, casefold, true)) {
        return false;
    }
    if (alignment->count > 0) {
        return true;
    }
    alignment->how = EL_ALIGNED_MARKS;
    if (!search_without_marks(search, nfkc, nfkd)) {
        return false;
    }
    if (alignment->count == 0) {
        alignment->how = EL_ALIGNED_NOT;
    }
    return true;
}

static void trim(const char **text, size_t *len) {
    size_t end = *len;
    for (size_t at = 0; at < end;) {
        size_t start = at;
        if (!is_space(el_utf8_next(*text, end, &at))) {
            *text += start;
            end -= start;
            break;
        }
        if (at == end) {
            end = 0;
        }
    }
    while (end > 0) {
        size_t last = step_back(*text, end), at = last;
        if (!is_space(el_utf8_next(*text, end, &at))) {
            break;
        }
        end = last;
    }
    *len = end;
}

bool el_align(struct el_arena *arena, const char *text, size_t text_len, const char *wanted,
              size_t wanted_len, bool first_only, struct el_alignment *alignment) {
    *alignment = (struct el_alignment){0};
    trim(&wanted, &wanted_len);
    if (wanted_len == 0 || text_len == 0) {
        return true;
    }
    struct el_arena scratch = {0};
    struct search search = {.arena = arena,
                            .scratch = &scratch,
                            .text = text,
                            .wanted = wanted,
                            .text_len = text_len,
                            .wanted_len = wanted_len,
                            .first_only = first_only,
                            .alignment = alignment};
    bool done = search_all_ways(&search);
    el_arena_free(&scratch);
    return done;
}

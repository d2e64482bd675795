#include "reply/piece.h"

#include <string.h>

struct el_piece el_piece_of(const char *text) {
    return (struct el_piece){text, strlen(text)};
}

struct el_piece el_piece_between(const char *start, const char *end) {
    return (struct el_piece){start, start < end ? (size_t)(end - start) : 0};
}

/* Which of `words` (NULL-terminated) `text` begins with: its length, 0 = none. */
static size_t prefix(const char *const *words, const char *text, size_t len) {
    for (; *words != NULL; words++) {
        size_t n = strlen(*words);
        if (len >= n && memcmp(text, *words, n) == 0) {
            return n;
        }
    }
    return 0;
}

static size_t suffix(const char *const *words, const char *text, size_t len) {
    for (; *words != NULL; words++) {
        size_t n = strlen(*words);
        if (len >= n && memcmp(text + len - n, *words, n) == 0) {
            return n;
        }
    }
    return 0;
}

struct el_piece el_piece_trim(struct el_piece piece) {
    static const char *const white[] = {" ",  "\t",       "\n",           "\r",           "\v",
                                        "\f", "\xC2\xA0", "\xE3\x80\x80", "\xEF\xBB\xBF", NULL};
    size_t n;
    while ((n = prefix(white, piece.text, piece.len)) > 0) {
        piece.text += n;
        piece.len -= n;
    }
    while ((n = suffix(white, piece.text, piece.len)) > 0) {
        piece.len -= n;
    }
    return piece;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool el_piece_begins(struct el_piece piece, const char *word) {
    for (size_t i = 0; word[i] != '\0'; i++) {
        if (i == piece.len || lower(piece.text[i]) != lower(word[i])) {
            return false;
        }
    }
    return true;
}

bool el_piece_is(struct el_piece piece, const char *word) {
    return piece.len == strlen(word) && el_piece_begins(piece, word);
}

size_t el_piece_words(struct el_piece piece) {
    size_t words = 0;
    bool inside = false;
    for (size_t i = 0; i < piece.len; i++) {
        bool white = memchr(" \t\n\r", piece.text[i], 4) != NULL;
        words += !white && !inside;
        inside = !white;
    }
    return words;
}

static const struct {
    const char *open, *close;
    enum el_quote kind;
} QUOTES[] = {
    {"\"", "\"", EL_QUOTE_DOUBLE},
    {"'", "'", EL_QUOTE_SINGLE},
    {"`", "`", EL_QUOTE_SINGLE},
    {"\xE2\x80\x9C", "\xE2\x80\x9D", EL_QUOTE_DOUBLE}, /* U+201C U+201D */
    {"\xE2\x80\x98", "\xE2\x80\x99", EL_QUOTE_SINGLE}, /* U+2018 U+2019 */
    {"\xE2\x80\x9E", "\xE2\x80\x9C", EL_QUOTE_DOUBLE}, /* U+201E U+201C */
    {"\xC2\xAB", "\xC2\xBB", EL_QUOTE_DOUBLE},         /* U+00AB U+00BB */
    {"\xE3\x80\x8C", "\xE3\x80\x8D", EL_QUOTE_OTHER},  /* U+300C U+300D */
    {"\xE3\x80\x8E", "\xE3\x80\x8F", EL_QUOTE_OTHER},  /* U+300E U+300F */
    {"**", "**", EL_QUOTE_NONE},
    {"__", "__", EL_QUOTE_NONE},
    {"[", "]", EL_QUOTE_NONE},
    {"{", "}", EL_QUOTE_NONE},
    {"(", ")", EL_QUOTE_NONE},
};

size_t el_quote_at(const char *text, size_t len, enum el_quote *kind) {
    for (size_t i = 0; i < sizeof QUOTES / sizeof *QUOTES; i++) {
        if (QUOTES[i].kind == EL_QUOTE_NONE) {
            continue;
        }
        for (int side = 0; side < 2; side++) {
            const char *sign = side == 0 ? QUOTES[i].open : QUOTES[i].close;
            size_t n = strlen(sign);
            if (len >= n && memcmp(text, sign, n) == 0) {
                *kind = QUOTES[i].kind;
                return n;
            }
        }
    }
    *kind = EL_QUOTE_NONE;
    return 0;
}

/* The pair around the piece is stripped unless its closing sign is also inside, as in
 * "(a) b (c)". */
static bool strip(struct el_piece *piece, const char *open, const char *close) {
    size_t o = strlen(open), c = strlen(close);
    if (piece->len < o + c || memcmp(piece->text, open, o) != 0 ||
        memcmp(piece->text + piece->len - c, close, c) != 0) {
        return false;
    }
    struct el_piece inner = {piece->text + o, piece->len - o - c};
    if (inner.len > 0 && memmem(inner.text, inner.len, close, c) != NULL) {
        return false;
    }
    *piece = el_piece_trim(inner);
    return true;
}

struct el_piece el_piece_bare(struct el_piece piece) {
    piece = el_piece_trim(piece);
    for (size_t rounds = 0; rounds < 3; rounds++) {
        bool stripped = false;
        for (size_t i = 0; i < sizeof QUOTES / sizeof *QUOTES && !stripped; i++) {
            stripped = strip(&piece, QUOTES[i].open, QUOTES[i].close);
        }
        if (!stripped) {
            break;
        }
    }
    return piece;
}

bool el_says_none(struct el_piece piece) {
    static const char *const words[] = {"none",
                                        "no",
                                        "null",
                                        "nil",
                                        "n/a",
                                        "na",
                                        "nothing",
                                        "empty",
                                        "-",
                                        "--",
                                        "\xE2\x80\x93",
                                        "\xE2\x80\x94",
                                        "[]",
                                        "{}",
                                        "()",
                                        "\"\"",
                                        "''",
                                        "not applicable",
                                        "undefined",
                                        "o",
                                        "outside",
                                        "keine",
                                        "aucune",
                                        "ninguna",
                                        "\xE6\x97\xA0",
                                        "\xE6\xB2\xA1\xE6\x9C\x89"};
    static const char *const starts[] = {"no entit",
                                         "no named",
                                         "no spans",
                                         "no span ",
                                         "no mention",
                                         "no relevant",
                                         "no such",
                                         "no label",
                                         "no type",
                                         "not an entity",
                                         "not a named",
                                         "not an entit",
                                         "none of",
                                         "none found",
                                         "none identified",
                                         "none mention",
                                         "none present",
                                         "none (",
                                         "none,",
                                         "none.",
                                         "n/a ",
                                         "n/a,",
                                         "nothing to",
                                         "empty list",
                                         "empty array",
                                         "there are no ",
                                         "there is no ",
                                         "no extracted",
                                         "no match",
                                         "no candidate",
                                         "keine ",
                                         "\xE6\x97\xA0\xE5\xAE\x9E\xE4\xBD\x93",
                                         "unlabeled",
                                         "not labeled",
                                         "\xE6\xB2\xA1\xE6\x9C\x89\xE5\xAE\x9E\xE4\xBD\x93",
                                         "no valid",
                                         "no specific",
                                         "the sentence contains no ",
                                         "the sentence does not contain",
                                         "this sentence contains no ",
                                         "this sentence does not contain",
                                         "the text does not contain",
                                         "the text contains no ",
                                         "i could not find any",
                                         "i did not find any"};
    piece = el_piece_bare(piece);
    while (piece.len > 0 && strchr(".!;,", piece.text[piece.len - 1]) != NULL) {
        piece = el_piece_bare((struct el_piece){piece.text, piece.len - 1});
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (el_piece_is(piece, words[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        if (el_piece_begins(piece, starts[i])) {
            return true;
        }
    }
    return piece.len == 0;
}

#include "language/segment.h"

#include "base/array.h"
#include "base/characters.h"
#include "language/same_language.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>

/* Spans collected one by one. */
struct list {
    struct el_arena *arena;
    struct el_spans *spans;
    size_t capacity;
};

static bool add(struct list *list, size_t start, size_t end) {
    struct el_spans *spans = list->spans;
    if (!EL_ARENA_GROW(list->arena, spans->items, list->capacity, spans->count + 1)) {
        return false;
    }
    spans->items[spans->count++] = (struct el_span){start, end};
    return true;
}

static size_t before(const char *text, size_t at) {
    do {
        at--;
    } while (at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80);
    return at;
}

/* `span` without white space at its ends; empty if there is nothing else. */
static struct el_span trim(const char *text, struct el_span span) {
    while (span.start < span.end) {
        size_t next = span.start;
        if (!u_isUWhiteSpace((UChar32)el_utf8_next(text, span.end, &next))) {
            break;
        }
        span.start = next;
    }
    while (span.end > span.start) {
        size_t last = before(text, span.end), at = last;
        if (!u_isUWhiteSpace((UChar32)el_utf8_next(text, span.end, &at))) {
            break;
        }
        span.end = last;
    }
    return span;
}

/* An ICU iterator over UTF-8 bytes. */
struct breaks {
    UBreakIterator *iterator;
    UText *utext;
};

static void close_breaks(struct breaks *breaks) {
    ubrk_close(breaks->iterator);
    utext_close(breaks->utext);
}

static bool open_breaks(struct breaks *breaks, UBreakIteratorType type, const char *lang,
                        const char *text, size_t len, struct el_error *err) {
    UErrorCode status = U_ZERO_ERROR;
    *breaks = (struct breaks){0};
    breaks->iterator = ubrk_open(type, lang != NULL ? lang : "", NULL, 0, &status);
    breaks->utext = utext_openUTF8(NULL, text, (int64_t)len, &status);
    if (U_SUCCESS(status)) { /* it does not look by itself */
        ubrk_setUText(breaks->iterator, breaks->utext, &status);
    }
    if (U_FAILURE(status)) {
        close_breaks(breaks);
        return status == U_MEMORY_ALLOCATION_ERROR
                   ? el_fail_memory(err)
                   : el_fail(err, EL_ERR_CONFIG, "ICU cannot find text borders: %s",
                             u_errorName(status));
    }
    return true;
}

/* ICU counts in int32_t. */
static bool check_length(size_t len, struct el_error *err) {
    return len < INT32_MAX ||
           el_fail(err, EL_ERR_FORMAT, "a text of %zu bytes is too long; cut it into parts", len);
}

/* ---- Line breaks ----
 *
 * Plain text is often wrapped at some width. A break that only keeps the width says nothing about
 * sentences, one that was made on purpose ends one. They are told apart by the width: had the next
 * word fitted into the line, the line would not have been broken before it. */

struct line {
    size_t start, end; /* without white space around */
    size_t width;      /* code points from the line's beginning to `end` */
    size_t line_end;   /* where its line feed is */
    size_t paragraph;  /* width of the longest line of its paragraph */
};

enum { WIDEST_WRAP = 140 }; /* longer lines are paragraphs, not wrapped text */

static struct line *split_lines(struct el_arena *scratch, const char *text, size_t len,
                                size_t *count) {
    size_t n = 1;
    for (const char *at = text; (at = memchr(at, '\n', (size_t)(text + len - at))) != NULL; at++) {
        n++;
    }
    struct line *lines = el_arena_array(scratch, n, sizeof *lines);
    size_t start = 0;
    for (size_t i = 0; lines != NULL && i < n; i++) {
        const char *stop = memchr(text + start, '\n', len - start);
        size_t end = stop != NULL ? (size_t)(stop - text) : len;
        struct el_span inner = trim(text, (struct el_span){start, end});
        size_t width = inner.end;
        if (inner.end > inner.start) {
            width -= start;
            el_offsets_from_bytes(text + start, len - start, EL_UNIT_CODEPOINT, &width, 1);
        } else {
            width = 0;
        }
        lines[i] = (struct line){inner.start, inner.end, width, end, 0};
        start = end + 1;
    }
    *count = n;
    return lines;
}

static void measure_paragraphs(struct line *lines, size_t count) {
    for (size_t i = 0; i < count;) {
        size_t end = i, widest = 0;
        while (end < count && lines[end].width > 0) {
            widest = lines[end].width > widest ? lines[end].width : widest;
            end++;
        }
        for (size_t k = i; k < end; k++) {
            lines[k].paragraph = widest;
        }
        i = end + 1;
    }
}

/* Code points up to the next white space; 1 where lines can be broken between any two. */
static size_t first_word_width(const char *text, const struct line *line) {
    size_t width = 0;
    for (size_t at = line->start; at < line->end && width <= WIDEST_WRAP; width++) {
        uint32_t c = el_utf8_next(text, line->end, &at);
        if (u_isUWhiteSpace((UChar32)c)) {
            break;
        }
        if (el_spacing_of(c) == EL_UNSPACED_SIGNS) {
            return width + 1;
        }
    }
    return width;
}

static bool is_wrap(const char *text, const struct line *line, const struct line *next) {
    if (line->width == 0 || next->width == 0) {
        return false;
    }
    size_t at = next->start;
    uint32_t first = el_utf8_next(text, next->end, &at);
    if (u_islower((UChar32)first)) {
        return true;
    }
    if (!u_isalnum((UChar32)first) && at < next->end && text[at] == ' ') {
        return false; /* a bullet */
    }
    return line->paragraph <= WIDEST_WRAP &&
           line->width + 1 + first_word_width(text, next) > line->paragraph;
}

/* A copy of equal length in which the line breaks that only wrap are spaces. */
static char *unwrap(struct el_arena *scratch, const char *text, size_t len) {
    size_t count = 0;
    char *copy = el_arena_copy(scratch, text, len);
    struct line *lines = copy == NULL ? NULL : split_lines(scratch, text, len, &count);
    if (lines == NULL) {
        return NULL;
    }
    measure_paragraphs(lines, count);
    for (size_t i = 0; i + 1 < count; i++) {
        if (is_wrap(text, &lines[i], &lines[i + 1])) {
            size_t end = lines[i].line_end;
            copy[end] = ' ';
            if (end > 0 && copy[end - 1] == '\r') {
                copy[end - 1] = ' ';
            }
        }
    }
    return copy;
}

/* ---- Abbreviations ---- */

static bool is_listed(const char *const *list, const char *word, size_t len) {
    for (; *list != NULL; list++) {
        if (strlen(*list) == len && memcmp(*list, word, len) == 0) {
            return true;
        }
    }
    return false;
}

/* They come before a name, or never at the end. */
static const char *const titles[] = {
    "Mr",    "Mrs",  "Ms",   "Mx",   "Dr",   "Prof",   "St",   "Rev",  "Fr",   "Gen",
    "Col",   "Lt",   "Maj",  "Capt", "Sgt",  "Cmdr",   "Adm",  "Gov",  "Sen",  "Rep",
    "Pres",  "Hon",  "Mt",   "Ft",   "Mme",  "Mlle",   "Sra",  "Sr",   "Hr",   "Frl",
    "Ing",   "cf",   "vs",   "e.g",  "i.e",  "approx", "bzw",  "ca",   "z.B",  "d.h",
    "u.a",   "Hrsg", "dr",   "gosp", "prof", "mr",     "Sv",   "Dipl", "Dkt",  "Bw",
    "Bi",    "Mhe",  "Mch",  "Alh",  "Farf", "Mnu",    "uMnu", "UMnu", "Nksz", "uNksz",
    "UNksz", "Nkk",  "uNkk", "UNkk", "Dra",  "Exmo",   "Exma", "Eng",  NULL};

/* They come before a number. */
static const char *const counters[] = {
    "No",  "Nr",  "Vol", "Fig", "Figs", "Eq",  "Sec", "Ch",  "Art",        "Abs", "p",
    "pp",  "S",   "Jan", "Feb", "Mar",  "Apr", "Jun", "Jul", "Aug",        "Sep", "Sept",
    "Oct", "Nov", "Dec", "nr",  "kl",   "br",  "str", "art", "p\xC3\xA1g", NULL};

/* A sentence that begins so has truly begun, even after "U.S." */
static const char *const starters[] = {
    "The", "A",   "An",   "He",   "She",   "It",    "They",    "We",   "I",   "You", "In",  "On",
    "At",  "But", "And",  "This", "That",  "These", "Those",   "His",  "Her", "Its", "Our", "Their",
    "As",  "If",  "When", "For",  "There", "After", "However", "Der",  "Die", "Das", "Ein", "Eine",
    "Er",  "Sie", "Es",   "Wir",  "Im",    "Am",    "Und",     "Aber", NULL};

static const char *const german_months[] = {
    "Januar", "J\xC3\xA4nner", "Februar",   "M\xC3\xA4rz", "April",    "Mai",      "Juni",
    "Juli",   "August",        "September", "Oktober",     "November", "Dezember", NULL};

/* Languages that write "3rd" as "3." */
static const char *const ordinal_languages[] = {"de", "da", "nb", "nn", "no", "hr", "sr", "bs",
                                                "sl", "cs", "sk", "fi", "et", "hu", "is", NULL};

/* "J" in "J. Smith", "U.S" in "U.S. Army": letters and full stops by turns. */
static bool is_initials(const char *word, size_t len) {
    bool letter = false;
    for (size_t at = 0; at < len;) {
        uint32_t c = el_utf8_next(word, len, &at);
        if (letter ? c != '.' : !u_isupper((UChar32)c)) {
            return false;
        }
        letter = !letter;
    }
    return letter;
}

static bool is_ordinal(const char *word, size_t len, const char *next, size_t next_len,
                       const char *lang) {
    bool digits = len >= 1 && len <= 2 && word[0] >= '0' && word[0] <= '9' &&
                  word[len - 1] >= '0' && word[len - 1] <= '9';
    const char *const *own = ordinal_languages;
    while (digits && lang != NULL && *own != NULL && !el_language_code_same(lang, *own)) {
        own++;
    }
    return digits && ((lang != NULL && *own != NULL) || is_listed(german_months, next, next_len));
}

/* Does the border between `left`, which ends a sentence by ICU, and `right` go through a name? */
static bool is_false_border(const char *text, struct el_span left, struct el_span right,
                            const char *lang) {
    if (right.start >= right.end || text[left.end - 1] != '.') {
        return false;
    }
    size_t end = left.end - 1, start = end;
    while (start > left.start && strchr(" \t\r\n([{\"'-/", text[start - 1]) == NULL) {
        start--;
    }
    size_t next_end = right.start;
    while (next_end < right.end && (unsigned char)text[next_end] > ' ' &&
           strchr(".,;:!?)", text[next_end]) == NULL) {
        next_end++;
    }
    const char *word = text + start, *next = text + right.start;
    size_t len = end - start, next_len = next_end - right.start;
    if (is_listed(titles, word, len)) {
        return true;
    }
    if (next[0] >= '0' && next[0] <= '9') {
        return is_listed(counters, word, len) || is_ordinal(word, len, next, next_len, lang);
    }
    return (is_initials(word, len) && !is_listed(starters, next, next_len)) ||
           is_ordinal(word, len, next, next_len, lang);
}

/* ---- */

/* Is there a line break that ends a sentence between two spans? */
static bool has_hard_break(const char *text, size_t from, size_t to) {
    return memchr(text + from, '\n', to - from) != NULL;
}

static bool collect_sentences(struct breaks *breaks, const char *text, const char *lang,
                              struct list *list) {
    size_t start = 0;
    int32_t at;
    while ((at = ubrk_next(breaks->iterator)) != UBRK_DONE) {
        struct el_span span = trim(text, (struct el_span){start, (size_t)at});
        start = (size_t)at;
        if (span.start == span.end) {
            continue;
        }
        struct el_spans *spans = list->spans;
        struct el_span *last = spans->count > 0 ? &spans->items[spans->count - 1] : NULL;
        if (last != NULL && !has_hard_break(text, last->end, span.start) &&
            is_false_border(text, *last, span, lang)) {
            last->end = span.end;
        } else if (!add(list, span.start, span.end)) {
            return false;
        }
    }
    return true;
}

bool el_segment_sentences(struct el_arena *arena, const char *text, size_t len, const char *lang,
                          struct el_spans *out, struct el_error *err) {
    *out = (struct el_spans){0};
    if (!check_length(len, err)) {
        return false;
    }
    struct el_arena scratch = {0};
    const char *unwrapped = memchr(text, '\n', len) == NULL ? text : unwrap(&scratch, text, len);
    struct breaks breaks;
    bool done = unwrapped != NULL || el_fail_memory(err);
    if (done && (done = open_breaks(&breaks, UBRK_SENTENCE, lang, unwrapped, len, err))) {
        done = collect_sentences(&breaks, unwrapped, lang,
                                 &(struct list){.arena = arena, .spans = out}) ||
               el_fail_memory(err);
        close_breaks(&breaks);
    }
    el_arena_free(&scratch);
    return done;
}

bool el_segment_words(struct el_arena *arena, const char *text, size_t len, const char *lang,
                      struct el_spans *out, struct el_error *err) {
    *out = (struct el_spans){0};
    struct breaks breaks;
    if (!check_length(len, err) || !open_breaks(&breaks, UBRK_WORD, lang, text, len, err)) {
        return false;
    }
    struct list list = {.arena = arena, .spans = out};
    bool done = true;
    size_t start = 0;
    int32_t at;
    while (done && (at = ubrk_next(breaks.iterator)) != UBRK_DONE) {
        struct el_span span = trim(text, (struct el_span){start, (size_t)at});
        start = (size_t)at;
        done = span.start == span.end || add(&list, span.start, span.end);
    }
    close_breaks(&breaks);
    return done || el_fail_memory(err);
}

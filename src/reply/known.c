#include "reply/known.h"

#include "base/characters.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>

/* ---- plain forms -------------------------------------------------------------------------- */

/* Quotes and dashes in one form each; 0 = leave it out. */
static uint32_t plain_sign(uint32_t c) {
    bool invisible = c == ' ' || c == 0x00AD || c == 0x200B || c == 0xFEFF;
    return invisible ? 0 : el_plain_mark(c);
}

/* Case folded, without white space, quotes and dashes unified. Where a word may begin or end is
 * noted in `borders` (len + 1 flags; may be NULL). .text is NULL if out of memory. */
static struct el_piece plain_form(struct el_arena *arena, struct el_piece piece,
                                  const bool **borders) {
    size_t len = 0, n = 0;
    char *text = el_text_fold(arena, piece.text, piece.len, true, &len);
    bool *marks = borders != NULL ? el_arena_array(arena, len + 1, sizeof *marks) : NULL;
    if (text == NULL || (borders != NULL && marks == NULL)) {
        return (struct el_piece){0};
    }
    bool in_word = false; /* the character before belongs to a word */
    for (size_t at = 0; at < len;) {
        size_t from = at;
        uint32_t c = el_utf8_next(text, len, &at), sign = plain_sign(c);
        bool word = u_isalnum((UChar32)c) && el_spacing_of(c) == EL_SPACED;
        if (marks != NULL && !(in_word && word)) {
            marks[n] = true;
        }
        in_word = word;
        if (sign == c) {
            memmove(text + n, text + from, at - from);
            n += at - from;
        } else if (sign != 0) {
            text[n++] = (char)sign;
        }
    }
    text[n] = '\0';
    if (borders != NULL) {
        marks[n] = true;
        *borders = marks;
    }
    return (struct el_piece){text, n};
}

static struct el_piece plain(struct el_known *known, struct el_piece piece) {
    struct el_piece form = plain_form(known->arena, piece, NULL);
    known->memory |= form.text == NULL;
    return form;
}

bool el_known_sentence(struct el_known *known, struct el_arena *arena, const char *sentence) {
    *known = (struct el_known){.arena = arena};
    struct el_piece piece = el_piece_of(sentence);
    known->sentence_words = el_piece_words(piece);
    known->sentence = plain_form(arena, piece, &known->borders);
    return known->sentence.text != NULL;
}

static int by_plain(const void *left, const void *right) {
    const struct el_entry *a = left, *b = right;
    size_t len = a->plain.len < b->plain.len ? a->plain.len : b->plain.len;
    int order = memcmp(a->plain.text, b->plain.text, len);
    if (order == 0 && a->plain.len != b->plain.len) {
        order = a->plain.len < b->plain.len ? -1 : 1;
    }
    return order != 0 ? order : a->number < b->number ? -1 : a->number > b->number;
}

static bool same_text(struct el_piece a, struct el_piece b) {
    return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

/* The number of the entry of this plain form; of several the one whose text is `raw`, or else the
 * first. -1 = none. */
static int find(const struct el_entry *entries, size_t count, struct el_piece wanted,
                struct el_piece raw) {
    struct el_entry key = {wanted, raw, -1};
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_plain(&entries[middle], &key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == count || !same_text(entries[low].plain, wanted)) {
        return -1;
    }
    for (size_t i = low; i < count && same_text(entries[i].plain, wanted); i++) {
        if (same_text(entries[i].raw, raw)) {
            return entries[i].number;
        }
    }
    return entries[low].number;
}

/* A type as it is compared: plain, without '_' and '-' and without a plural 's'. */
static struct el_piece plain_type(struct el_known *known, struct el_piece name) {
    struct el_piece piece = plain(known, name);
    char *text = (char *)piece.text; /* just made by plain() */
    size_t n = 0;
    for (size_t i = 0; text != NULL && i < piece.len; i++) {
        if (text[i] != '_' && text[i] != '-') {
            text[n++] = text[i];
        }
    }
    n -= n > 1 && text[n - 1] == 's';
    return (struct el_piece){text, n};
}

static bool add_type(struct el_known *known, struct el_entry *entry, const char *name,
                     size_t type) {
    struct el_piece raw = el_piece_of(name);
    *entry = (struct el_entry){plain_type(known, raw), raw, (int)type};
    return entry->plain.text != NULL;
}

bool el_known_types(struct el_known *known, struct el_arena *arena, const char *const *spans,
                    size_t n_spans, const struct el_prompt_type *types, size_t n_types) {
    *known =
        (struct el_known){.arena = arena, .classify = true, .n_spans = n_spans, .n_types = n_types};
    size_t n_also = 0;
    for (size_t i = 0; i < n_types; i++) {
        n_also += types[i].n_also;
    }
    known->spans = el_arena_array(arena, n_spans, sizeof *known->spans);
    known->types = el_arena_array(arena, n_types, sizeof *known->types);
    known->also = el_arena_array(arena, n_also, sizeof *known->also);
    if (known->spans == NULL || known->types == NULL || known->also == NULL) {
        return false;
    }
    for (size_t i = 0; i < n_spans; i++) {
        struct el_piece raw = el_piece_of(spans[i]);
        known->spans[i] = (struct el_entry){plain(known, raw), raw, (int)i};
        if (known->spans[i].plain.text == NULL) {
            return false;
        }
    }
    for (size_t i = 0; i < n_types; i++) {
        if (!add_type(known, &known->types[i], types[i].name, i)) {
            return false;
        }
        for (size_t a = 0; a < types[i].n_also; a++) {
            if (!add_type(known, &known->also[known->n_also++], types[i].also[a], i)) {
                return false;
            }
        }
    }
    qsort(known->spans, n_spans, sizeof *known->spans, by_plain);
    qsort(known->types, n_types, sizeof *known->types, by_plain);
    qsort(known->also, n_also, sizeof *known->also, by_plain);
    return true;
}

/* ---- questions ---------------------------------------------------------------------------- */

/* In the sentence, on word borders. Each occurrence costs one search, and there are fewer of them
 * than bytes in the sentence, so the time is bounded by the sentence for each byte of a reply. */
static bool in_sentence(struct el_known *known, struct el_piece wanted) {
    const char *text = known->sentence.text, *end = text + known->sentence.len;
    const char *from = text, *found;
    while (wanted.len > 0 &&
           (found = memmem(from, (size_t)(end - from), wanted.text, wanted.len)) != NULL) {
        if (known->borders[found - text] && known->borders[(size_t)(found - text) + wanted.len]) {
            return true;
        }
        from = found + 1;
    }
    return false;
}

int el_which_span(struct el_known *known, struct el_piece piece) {
    piece = el_piece_trim(piece);
    struct el_piece wanted = plain(known, piece);
    return wanted.text == NULL || wanted.len == 0
               ? -1
               : find(known->spans, known->n_spans, wanted, piece);
}

void el_share_choices(const struct el_known *known, int *choice) {
    const struct el_entry *spans = known->spans;
    for (size_t first = 0, end; first < known->n_spans; first = end) {
        int given = -1;
        for (end = first; end < known->n_spans && same_text(spans[end].plain, spans[first].plain);
             end++) {
            given = given < 0 ? choice[spans[end].number] : given;
        }
        for (size_t i = first; i < end; i++) {
            int *one = &choice[spans[i].number];
            *one = *one < 0 ? given : *one;
        }
    }
}

bool el_is_span(struct el_known *known, struct el_piece piece) {
    piece = el_piece_trim(piece);
    if (known->classify) {
        return el_which_span(known, piece) >= 0;
    }
    /* Whatever is much longer than the sentence is not in it. */
    if (piece.len == 0 || piece.len / 4 > known->sentence.len + 16) {
        return false;
    }
    struct el_piece wanted = plain(known, piece);
    return wanted.text != NULL && in_sentence(known, wanted);
}

bool el_is_sentence(struct el_known *known, struct el_piece piece) {
    if (known->classify || piece.len / 4 > known->sentence.len + 16) {
        return false;
    }
    struct el_piece wanted = plain(known, el_piece_bare(piece));
    return wanted.text != NULL && wanted.len == known->sentence.len &&
           memcmp(wanted.text, known->sentence.text, wanted.len) == 0;
}

/* The part of "person (human)", "person - a human" or "person, place" before the addition. */
static struct el_piece first_part(struct el_piece piece) {
    for (size_t i = 1; i < piece.len; i++) {
        if (strchr("(,;:.[|/", piece.text[i]) != NULL ||
            (piece.text[i] == ' ' && i + 1 < piece.len && piece.text[i + 1] == '-')) {
            piece.len = i;
        }
    }
    return el_piece_trim(piece);
}

int el_which_type(struct el_known *known, struct el_piece piece) {
    static const char *const articles[] = {"a ", "an ", "the ", "B-", "I-", "type: ", "is a "};
    if (known->n_types == 0 || piece.text == NULL) {
        return -1;
    }
    piece = el_piece_bare(piece);
    for (int part = 0; part < 2; part++) {
        struct el_piece name = part == 0 ? piece : el_piece_bare(first_part(piece));
        for (size_t i = 0; i <= sizeof articles / sizeof *articles; i++) {
            struct el_piece rest = name;
            if (i > 0 && el_piece_begins(name, articles[i - 1])) {
                rest.text += strlen(articles[i - 1]);
                rest.len -= strlen(articles[i - 1]);
            } else if (i > 0) {
                continue;
            }
            struct el_piece wanted =
                rest.len > 200 ? (struct el_piece){0} : plain_type(known, rest);
            int found = wanted.text != NULL ? find(known->types, known->n_types, wanted, rest) : -1;
            if (found < 0 && wanted.text != NULL) {
                found = find(known->also, known->n_also, wanted, rest);
            }
            if (found >= 0) {
                return found;
            }
        }
    }
    return -1;
}

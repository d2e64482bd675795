/* Lists in lines, as models write them when nobody makes them write JSON.
 *
 * A line is an item when it is in the sentence; it is a pair when it has two sides and one of
 * them is there. "TYPE: span, span" and "span: TYPE" are told apart by that, and where both
 * sides are in the sentence, by the other lines. */
#include "reply/readers.h"

#include <string.h>

static const struct el_piece NOTHING = {0};

/* ---- enumerations ------------------------------------------------------------------------- */

/* The length of the sign between two parts at `at`, 0 = none. "1,200" is one part. */
static size_t comma_at(const char *start, const char *at, const char *end) {
    static const char *const wide[] = {"\xE3\x80\x81", "\xEF\xBC\x8C", "\xEF\xBC\x9B"};
    if (*at == ';' || *at == '\t' || *at == '|') {
        return 1;
    }
    if (*at == ',') {
        bool digits = at > start && at + 1 < end && at[-1] >= '0' && at[-1] <= '9' &&
                      at[1] >= '0' && at[1] <= '9';
        return !digits;
    }
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        if (end - at >= 3 && memcmp(at, wide[i], 3) == 0) {
            return 3;
        }
    }
    return 0;
}

/* The part up to the next comma outside of brackets; *rest begins after it. */
static struct el_piece next_part(struct el_piece list, struct el_piece *rest) {
    const char *at = list.text, *end = list.text + list.len;
    size_t depth = 0, n = 0;
    for (; at < end; at++) {
        bool closes = memchr(")]}", *at, 3) != NULL;
        depth += memchr("([{", *at, 3) != NULL;
        depth -= closes && depth > 0;
        if (depth == 0 && (n = comma_at(list.text, at, end)) > 0) {
            break;
        }
    }
    *rest = el_piece_between(at + n, end);
    return el_piece_between(list.text, at);
}

/* Without a bullet's or sentence's signs around. */
static struct el_piece tidy(struct el_piece piece) {
    piece = el_piece_bare(piece);
    while (piece.len > 1 && strchr(".,;:", piece.text[piece.len - 1]) != NULL) {
        piece = el_piece_bare((struct el_piece){piece.text, piece.len - 1});
    }
    return piece;
}

/* "-" means that there is none, though the sentence may hold a dash. */
static bool dashes(struct el_piece piece) {
    for (size_t i = 0; i < piece.len; i++) {
        if (strchr("-\xE2\x80\x93\x94 ", piece.text[i]) == NULL) {
            return false;
        }
    }
    return true;
}

/* The span that a piece is: as it is, without quotes, or without a stop; or none. */
static struct el_piece as_span(struct el_items *items, struct el_piece piece) {
    struct el_piece forms[] = {el_piece_trim(piece), el_piece_bare(piece), tidy(piece)};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (el_is_span(items->known, forms[i]) && !dashes(forms[i])) {
            return forms[i];
        }
    }
    return NOTHING;
}

/* "Ada and Bo" where the whole is not a span: its halves. */
static bool split_and(struct el_items *items, struct el_piece part, struct el_piece *left,
                      struct el_piece *right) {
    static const char *const words[] = {" and ", " or ",         " & ",         " und ",
                                        " et ",  "\xE5\x92\x8C", "\xE4\xB8\x8E"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *found = memmem(part.text, part.len, words[i], strlen(words[i]));
        if (found != NULL) {
            *left = tidy(el_piece_between(part.text, found));
            *right = tidy(el_piece_between(found + strlen(words[i]), part.text + part.len));
            return el_is_span(items->known, *left) &&
                   (el_is_span(items->known, *right) || el_piece_words(*right) <= 2);
        }
    }
    return false;
}

struct tally {
    size_t hits, misses, words;
};

static bool read_pair(struct el_items *items, struct el_piece text);

static void read_part(struct el_items *items, struct el_piece part, struct el_piece type,
                      struct tally *tally) {
    struct el_piece left, right, word = tidy(part);
    for (const char *const *and = (const char *const[]){"and ", "or ", "& ", NULL}; *and != NULL;
         and++) {
        if (el_piece_begins(word, *and) && !el_is_span(items->known, word)) {
            word = tidy((struct el_piece){word.text + strlen(*and), word.len - strlen(*and)});
        }
    }
    struct el_piece span = as_span(items, part);
    span = span.text != NULL ? span : as_span(items, word);
    if (span.text != NULL) {
        el_items_add(items, span, type);
        tally->hits++;
    } else if (el_says_none(word)) {
        items->says_none |= word.len > 0;
    } else if (read_pair(items, el_piece_trim(part))) {
        tally->hits++;
    } else if (split_and(items, word, &left, &right)) {
        el_items_add(items, left, type);
        el_items_add(items, right, type);
        tally->hits++;
    } else {
        tally->misses++;
    }
}

size_t el_read_enumeration(struct el_items *items, struct el_piece list, struct el_piece type) {
    size_t before = items->count;
    bool said_none = items->says_none;
    struct tally tally = {0};
    for (struct el_piece rest = list; rest.len > 0;) {
        struct el_piece part = next_part(rest, &rest);
        if (!el_is_unfinished(items, part)) {
            read_part(items, part, type, &tally);
            tally.words += el_piece_words(part);
        }
    }
    size_t parts = tally.hits + tally.misses;
    size_t needed = tally.words <= parts * 2 ? (parts + 3) / 4 : (parts + 1) / 2;
    bool sentence = type.text == NULL && tally.words > parts * 4; /* commas of prose */
    if (tally.hits == 0 || tally.hits < needed || sentence) {
        items->count = before;
        items->says_none = said_none;
        return 0;
    }
    return items->count - before;
}

/* ---- pairs -------------------------------------------------------------------------------- */

enum { MOST_BORDERS = 12 };

/* A place where a line may fall into two sides. */
struct border {
    struct el_piece left, right;
    bool bracket; /* "left (right)" */
};

/* "X (Y)", "X [Y]": the bracket that ends the line. */
static bool bracket_border(struct el_piece line, struct border *border) {
    while (line.len > 0 && strchr(".;,", line.text[line.len - 1]) != NULL) {
        line = el_piece_trim((struct el_piece){line.text, line.len - 1});
    }
    const char *closing = ")]}>", *opening = "([{<";
    const char *kind = line.len > 2 ? strchr(closing, line.text[line.len - 1]) : NULL;
    if (kind == NULL) {
        return false;
    }
    char close = *kind, open = opening[kind - closing];
    size_t depth = 0, at = line.len;
    while (at > 0) {
        at--;
        depth += line.text[at] == close;
        depth -= line.text[at] == open;
        if (depth == 0) {
            break;
        }
    }
    border->bracket = true;
    border->left = el_piece_trim((struct el_piece){line.text, at});
    border->right = el_piece_trim((struct el_piece){line.text + at + 1, line.len - at - 2});
    bool maths = close == '>' && memchr(border->right.text, ' ', border->right.len) != NULL;
    return depth == 0 && border->left.len > 0 && !maths;
}

static void cut_at(struct el_piece line, const char *at, size_t len, struct border *borders,
                   size_t *count) {
    const char *end = line.text + line.len;
    if (at != NULL && *count < MOST_BORDERS) {
        borders[*count].bracket = false;
        borders[*count].left = el_piece_trim(el_piece_between(line.text, at));
        borders[*count].right = el_piece_trim(el_piece_between(at + len, end));
        *count += borders[*count].left.len > 0;
    }
}

static const char *last_of(struct el_piece line, const char *word) {
    const char *found = NULL, *at = line.text, *end = line.text + line.len;
    while ((at = memmem(at, (size_t)(end - at), word, strlen(word))) != NULL) {
        found = at;
        at += strlen(word);
    }
    return found;
}

/* All borders worth a look, the likely ones first. */
static size_t find_borders(struct el_piece line, struct border *borders) {
    static const char *const signs[] = {":",
                                        "\xEF\xBC\x9A",
                                        "->",
                                        "=>",
                                        "\xE2\x86\x92",
                                        "\t",
                                        "|",
                                        " = ",
                                        " - ",
                                        " \xE2\x80\x93 ",
                                        " \xE2\x80\x94 ",
                                        " is a ",
                                        " is an "};
    size_t count = bracket_border(line, &borders[0]);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        const char *last = last_of(line, signs[i]);
        if (last != NULL) {
            const char *first = memmem(line.text, line.len, signs[i], strlen(signs[i]));
            cut_at(line, last, strlen(signs[i]), borders, &count);
            cut_at(line, first != last ? first : NULL, strlen(signs[i]), borders, &count);
        }
    }
    return count;
}

/* The head of "FEAT - engineering features", "MATE (a material)" or "CONPRI, MATE". */
static struct el_piece type_head(struct el_piece text) {
    for (size_t i = 1; i < text.len; i++) {
        if (strchr("(,;[|", text.text[i]) != NULL ||
            (text.text[i] == ' ' && i + 1 < text.len && text.text[i + 1] == '-')) {
            text.len = i;
        }
    }
    return tidy(text);
}

/* Could it be a type's name? Extraction knows no types: few words have to do. */
static bool like_type(struct el_items *items, struct el_piece text) {
    if (items->known->classify) {
        return el_which_type(items->known, text) >= 0;
    }
    struct el_piece head = type_head(text);
    return head.len > 0 && head.len <= 60 && el_piece_words(head) <= 4;
}

/* More than half of a sentence is a quotation of it rather than a span. */
static bool too_long(struct el_items *items, struct el_piece span) {
    size_t words = el_piece_words(span);
    return !items->known->classify && words > 6 && words * 2 > items->known->sentence_words;
}

/* "span: TYPE" */
static bool forward(struct el_items *items, const struct border *border) {
    struct el_piece span = as_span(items, border->left);
    if (span.text == NULL || (too_long(items, span) && el_piece_words(span) > 15)) {
        return false;
    }
    if (el_says_none(border->right)) {
        items->says_none = true; /* "Oslo: none" denies it */
        return true;
    }
    if (!like_type(items, border->right)) {
        return false;
    }
    if (!(items->known->classify && el_is_unfinished(items, border->right))) {
        el_items_add(items, span, type_head(border->right));
    }
    return true;
}

/* What may come before a colon and spans: no list itself. "PART (parts)" is fine. */
static bool like_heading(struct el_piece text) {
    return el_piece_words(text) <= 12 && memchr(text.text, ',', text.len) == NULL &&
           memchr(text.text, ':', text.len) == NULL;
}

/* "TYPE: span, span", or "Entities: span, span" */
static bool backward(struct el_items *items, const struct border *border) {
    bool type = items->known->classify ? el_which_type(items->known, border->left) >= 0
                                       : like_heading(border->left);
    struct el_piece name = el_piece_words(border->left) <= 4 ? border->left : NOTHING;
    struct el_piece right = as_span(items, border->right);
    if (!type || (right.text != NULL && el_is_sentence(items->known, right))) {
        return false;
    }
    if (right.text != NULL && too_long(items, right)) {
        return false;
    }
    if (right.text != NULL && memchr(right.text, ',', right.len) == NULL) {
        if (!el_is_unfinished(items, border->right)) {
            el_items_add(items, right, name);
        }
        return true;
    }
    return el_read_enumeration(items, border->right, name) > 0;
}

/* "TYPE: span" with a border that may be read so: "X is a Y" may not, and in a list only
 * "PART (bolt, nut), TOOL (key)" may. */
static bool may_turn(const struct el_items *items, const struct border *border) {
    const char *before = border->right.text;
    bool is_a =
        before - border->left.text >= 3 && memchr("an", before[-2], 2) != NULL && before[-1] == ' ';
    return !is_a && (items->nested == 0 || (items->nested == 1 && border->bracket));
}

static bool read_turned(struct el_items *items, const struct border *borders, size_t count) {
    for (size_t i = 0; i < count; i++) {
        /* The bracket comes first in the list, but "TYPE (a word) - span (SP)" has better ones. */
        const struct border *border = &borders[borders[0].bracket ? (i + 1) % count : i];
        if (may_turn(items, border)) {
            items->nested++;
            bool fine = backward(items, border);
            items->nested--;
            if (fine) {
                return true;
            }
        }
    }
    return false;
}

static bool read_straight(struct el_items *items, const struct border *borders, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (forward(items, &borders[i])) {
            items->pairs++;
            return true;
        }
    }
    return false;
}

/* Both readings of all borders, the likely reading first. */
static bool read_pair(struct el_items *items, struct el_piece text) {
    struct border borders[MOST_BORDERS];
    size_t count = find_borders(text, borders);
    return items->type_first
               ? read_turned(items, borders, count) || read_straight(items, borders, count)
               : read_straight(items, borders, count) || read_turned(items, borders, count);
}

bool el_read_phrase(struct el_items *items, struct el_piece phrase, struct el_piece type) {
    struct el_piece span = as_span(items, phrase);
    if (span.text != NULL) {
        if (!el_is_unfinished(items, phrase)) {
            el_items_add(items, span, type);
        }
        return true;
    }
    if (items->known->classify && el_which_type(items->known, phrase) >= 0) {
        return false;
    }
    return read_pair(items, el_piece_trim(phrase)) || el_read_enumeration(items, phrase, type) > 0;
}

/* ---- lines -------------------------------------------------------------------------------- */

struct line {
    struct el_piece body;
    bool listed; /* with a bullet or a number */
};

/* The length of a bullet or number at the start of a line, 0 = none. */
static size_t bullet(struct el_piece line) {
    static const char *const signs[] = {"- ",
                                        "* ",
                                        "+ ",
                                        "> ",
                                        "\xE2\x80\xA2",  /* U+2022 */
                                        "\xC2\xB7",      /* U+00B7 */
                                        "\xE2\x80\x93 ", /* U+2013 */
                                        "\xE2\x80\x94 ", /* U+2014 */
                                        "\xE2\x97\x8F",  /* U+25CF */
                                        "\xE2\x96\xAA"}; /* U+25AA */
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (el_piece_begins(line, signs[i])) {
            return strlen(signs[i]);
        }
    }
    size_t at = line.len > 0 && (line.text[0] == '(' || line.text[0] == '['), digits = 0;
    while (at + digits < line.len && line.text[at + digits] >= '0' &&
           line.text[at + digits] <= '9') {
        digits++;
    }
    if (digits == 0 && at + 1 < line.len && line.text[at] >= 'a' && line.text[at] <= 'z' &&
        line.text[at + 1] == ')') {
        digits = 1;
    }
    size_t end = at + digits;
    if (digits == 0 || digits > 3 || end >= line.len || strchr(".)]", line.text[end]) == NULL ||
        (end + 1 < line.len && line.text[end + 1] != ' ')) {
        return 0;
    }
    return end + 1;
}

static struct el_piece behind(struct el_piece piece, size_t n) {
    return el_piece_trim((struct el_piece){piece.text + n, piece.len - n});
}

static struct line look_at(struct el_items *items, struct el_piece text) {
    struct line line = {.body = el_piece_trim(text)};
    size_t n;
    for (int rounds = 0; rounds < 2 && (n = bullet(line.body)) > 0; rounds++) {
        bool number = line.body.text[0] >= '0' && line.body.text[0] <= '9';
        if (number && el_is_span(items->known, line.body)) {
            break; /* "15 . Bolt" may be an item that begins with a number */
        }
        line.body = behind(line.body, n);
        line.listed = true;
    }
    while (line.body.len > 1 && line.body.text[0] == '#' &&
           strchr("# ", line.body.text[1]) != NULL) {
        line.body = behind(line.body, 1);
    }
    if (line.body.len > 2 && line.body.text[0] == '|' && line.body.text[line.body.len - 1] == '|') {
        line.body = behind((struct el_piece){line.body.text, line.body.len - 1}, 1);
    }
    return line;
}

static bool fence_or_rule(struct el_piece line) {
    if (el_piece_begins(line, "```") && memchr(line.text, ':', line.len) == NULL) {
        return true;
    }
    for (size_t i = 0; i < line.len; i++) {
        if (strchr("-=_*|: ", line.text[i]) == NULL) {
            return false;
        }
    }
    return line.len > 2;
}

static bool begins_with_one(struct el_piece line, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (el_piece_begins(line, words[i])) {
            return true;
        }
    }
    return false;
}

/* "Sentence: ...", "Example 2:", "### Input": the model goes on with an example of its own. */
static bool next_example(struct el_items *items, struct el_piece line) {
    static const char *const words[] = {"sentence", "input",       "text", "example",  "question",
                                        "query",    "passage",     "user", "human",    "next ",
                                        "q:",       "instruction", "now ", "assistant"};
    line = el_piece_bare(line);
    const char *colon = line.len > 0 ? memchr(line.text, ':', line.len) : NULL;
    if (colon == NULL || !begins_with_one(line, words, sizeof words / sizeof *words) ||
        el_piece_words(el_piece_between(line.text, colon)) > 3) {
        return false;
    }
    struct el_piece left = tidy(el_piece_between(line.text, colon));
    struct el_piece right = tidy(el_piece_between(colon + 1, line.text + line.len));
    return right.len == 0 || el_piece_words(right) > 4 ||
           (el_is_sentence(items->known, right) && !el_is_span(items->known, left));
}

static bool is_note(struct el_piece line) {
    static const char *const words[] = {
        "note:",       "note that", "(note",     "please note", "i have",        "i've ", "**note",
        "explanation", "*note",     "reasoning", "this ",       "justification", "these "};
    return begins_with_one(line, words, sizeof words / sizeof *words) && el_piece_words(line) > 4;
}

static bool is_answer_header(struct el_piece line) {
    line = tidy(line);
    return el_piece_is(line, "answer") || el_piece_is(line, "final answer");
}

static bool has_letter(struct el_piece piece) {
    for (size_t i = 0; i < piece.len; i++) {
        unsigned char c = (unsigned char)piece.text[i];
        if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c >= 0x80) {
            return true;
        }
    }
    return false;
}

/* A line that is in the sentence as it is: an item, unless it is long and untyped, which is
 * the sentence being quoted. True if nothing more is to be read out of it. */
static bool read_whole(struct el_items *items, const struct line *line, bool alone) {
    struct el_piece body = tidy(line->body), span = as_span(items, line->body);
    size_t words = el_piece_words(body);
    if (words > 3 && el_is_sentence(items->known, body)) {
        return true;
    }
    if (alone && !line->listed && memchr(body.text, ',', body.len) != NULL &&
        el_read_enumeration(items, line->body, NOTHING) > 0) {
        return true;
    }
    if (span.text == NULL) {
        return false;
    }
    /* Among typed lines, or without a letter, it is rubbish. */
    bool junk = !line->listed && (items->pairs >= 3 || !has_letter(span));
    bool quoted = !line->listed && too_long(items, span);
    if (!items->known->classify && !quoted && !junk && !el_is_unfinished(items, line->body)) {
        el_items_add(items, span, NOTHING);
    }
    return true;
}

/* What is in a list, but not in the sentence: an invention, which is worth counting. */
static void read_invention(struct el_items *items, const struct line *line) {
    struct border borders[MOST_BORDERS];
    size_t count = find_borders(line->body, borders);
    struct el_piece span = tidy(line->body);
    bool typed = false, denied = false;
    for (size_t i = 0; i < count && !typed; i++) {
        denied |= el_says_none(borders[i].right);
        typed = like_type(items, borders[i].right);
        span = typed ? tidy(borders[i].left) : span;
    }
    if (!denied && (line->listed || (typed && items->count > 0)) && !items->type_first &&
        !items->known->classify && span.len > 0 && !el_is_unfinished(items, line->body) &&
        el_piece_words(span) <= 8) {
        el_items_add(items, span, NOTHING);
    }
}

static void read_line(struct el_items *items, const struct line *line, bool alone) {
    bool header = line->body.len > 0 && line->body.text[line->body.len - 1] == ':';
    if (line->body.len == 0 || header || read_whole(items, line, alone)) {
        return;
    }
    if (el_says_none(line->body)) {
        items->says_none = true;
    } else if (read_pair(items, line->body)) {
        return;
    } else if (items->known->classify && el_which_type(items->known, line->body) >= 0) {
        if (!el_is_unfinished(items, line->body)) {
            el_items_add(items, NOTHING, tidy(line->body));
        }
    } else if (!(line->listed || items->pairs < 3) ||
               el_read_enumeration(items, line->body, NOTHING) == 0) {
        read_invention(items, line);
    }
}

static struct el_piece next_line(struct el_piece *rest) {
    const char *end = memchr(rest->text, '\n', rest->len);
    struct el_piece line = el_piece_between(rest->text, end != NULL ? end : rest->text + rest->len);
    size_t used = line.len + (end != NULL);
    *rest = (struct el_piece){rest->text + used, rest->len - used};
    return line;
}

/* Which side of the lines' colons holds the spans? */
static void find_direction(struct el_items *items, struct el_piece reply) {
    size_t span_first = 0, type_first = 0;
    for (struct el_piece rest = reply; rest.len > 0;) {
        struct line line = look_at(items, next_line(&rest));
        const char *colon = line.body.len > 0 ? memchr(line.body.text, ':', line.body.len) : NULL;
        if (colon != NULL) {
            struct el_piece left = tidy(el_piece_between(line.body.text, colon));
            struct el_piece right = el_piece_between(colon + 1, line.body.text + line.body.len);
            bool in_front = el_is_span(items->known, left);
            bool after = el_is_span(items->known, tidy(next_part(right, &right)));
            span_first += in_front && !after;
            type_first += after && !in_front;
        }
    }
    items->type_first = type_first > span_first;
}

void el_read_lines(struct el_items *items, struct el_piece reply) {
    bool in_note = false;
    bool alone = memchr(reply.text, '\n', reply.len) == NULL;
    find_direction(items, reply);
    for (struct el_piece rest = reply; rest.len > 0 && !items->memory && !items->known->memory;) {
        struct line line = look_at(items, next_line(&rest));
        in_note = in_note && line.body.len > 0;
        if (in_note || fence_or_rule(line.body)) {
            continue;
        }
        bool answered = items->count > 0 || items->says_none;
        if (next_example(items, line.body)) {
            if (answered) {
                return;
            }
        } else if (answered && !line.listed && is_note(line.body)) {
            in_note = true;
        } else if (is_answer_header(line.body)) {
            items->count = 0;
        } else {
            read_line(items, &line, alone);
        }
    }
}

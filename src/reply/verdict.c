/* The verifier's answer: a word for yes or no, with chatter around. What a reply begins with
 * decides; else what follows "answer:"; else the only verdict there is; else the last line.
 * Quoted text does not count, it is the span ("No Doubt"). */
#include "reply/answer.h"
#include "reply/reply.h"

#include <string.h>

enum { MOST_WORDS = 400 };

struct word {
    struct el_piece text;
    int verdict;    /* 1 = yes, -1 = no, 0 = neither */
    bool last_line; /* is in the last line that has words */
};

static bool among(struct el_piece word, const char *const *words) {
    while (*words != NULL && !el_piece_is(word, *words)) {
        words++;
    }
    return *words != NULL;
}

static int meaning(const struct el_prompt_set *set, struct el_piece word) {
    static const char *const yes[] = {"yes",
                                      "true",
                                      "correct",
                                      "right",
                                      "valid",
                                      "yeah",
                                      "yep",
                                      "y",
                                      "1",
                                      "ja",
                                      "oui",
                                      "sim",
                                      "\xE6\x98\xAF",             /* U+662F */
                                      "\xE6\x98\xAF\xE7\x9A\x84", /* U+662F U+7684 */
                                      "\xE6\xAD\xA3\xE7\xA1\xAE", /* U+6B63 U+786E */
                                      NULL};
    static const char *const no[] = {"no",
                                     "false",
                                     "incorrect",
                                     "wrong",
                                     "invalid",
                                     "nope",
                                     "n",
                                     "0",
                                     "nein",
                                     "non",
                                     "nao",
                                     "not",
                                     "cannot",
                                     "\xE5\x90\xA6",             /* U+5426 */
                                     "\xE4\xB8\x8D\xE6\x98\xAF", /* U+4E0D U+662F */
                                     "\xE9\x94\x99\xE8\xAF\xAF", /* U+9519 U+8BEF */
                                     NULL};
    if (el_piece_is(word, set->yes)) {
        return 1;
    }
    if (el_piece_is(word, set->no)) {
        return -1;
    }
    bool contraction =
        word.len > 3 && el_piece_is((struct el_piece){word.text + word.len - 3, 3}, "n't");
    return among(word, yes) ? 1 : among(word, no) || contraction ? -1 : 0;
}

static bool letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80;
}

/* Behind a quotation that begins at `at` and ends in its line, unless it quotes a verdict alone;
 * `at` if there is none. */
static size_t skip_quotation(const struct el_prompt_set *set, struct el_piece reply, size_t at) {
    enum el_quote kind, closing;
    size_t n = el_quote_at(reply.text + at, reply.len - at, &kind), from = at + n;
    bool opens = n > 0 && (at == 0 || !letter(reply.text[at - 1]));
    for (size_t i = from; opens && i < reply.len && reply.text[i] != '\n' && i < at + 200; i++) {
        size_t m = el_quote_at(reply.text + i, reply.len - i, &closing);
        bool ends = m > 0 && closing == kind && (i + m == reply.len || !letter(reply.text[i + m]));
        if (ends) {
            return meaning(set, el_piece_trim((struct el_piece){reply.text + from, i - from})) != 0
                       ? at
                       : i + m;
        }
    }
    return at;
}

static size_t read_words(const struct el_prompt_set *set, struct el_piece reply,
                         struct word *words) {
    size_t count = 0, line = 0, at = 0;
    bool broken = false; /* a line break since the last word */
    while (at < reply.len && count < MOST_WORDS) {
        size_t behind = skip_quotation(set, reply, at), end = at;
        if (behind > at) {
            at = behind;
            continue;
        }
        while (end < reply.len &&
               (letter(reply.text[end]) || (reply.text[end] == '\'' && end > at &&
                                            end + 1 < reply.len && letter(reply.text[end + 1])))) {
            end++;
        }
        if (end > at) {
            struct el_piece text = {reply.text + at, end - at};
            line = broken ? count : line;
            broken = false;
            words[count++] = (struct word){.text = text, .verdict = meaning(set, text)};
        }
        broken |= end == at && reply.text[at] == '\n';
        at = end == at ? at + 1 : end;
    }
    for (size_t i = line; i < count; i++) {
        words[i].last_line = true;
    }
    return count;
}

/* "yes or no" and "not sure" decide nothing, and "not correct" is one no. */
static void settle(struct word *words, size_t count) {
    static const char *const doubts[] = {"sure", "certain", "clear", "enough", "possible", NULL};
    for (size_t i = 0; i + 1 < count; i++) {
        words[i].verdict = among(words[i + 1].text, doubts) ? 0 : words[i].verdict;
    }
    for (size_t i = 0; i + 2 < count; i++) {
        if (words[i].verdict * words[i + 2].verdict == -1 && el_piece_is(words[i + 1].text, "or")) {
            words[i].verdict = words[i + 2].verdict = 0;
        }
    }
    for (size_t i = 0; i < count; i++) {
        bool negation =
            words[i].verdict == -1 && (el_piece_is(words[i].text, "not") || words[i].text.len > 3);
        for (size_t k = i + 1; negation && k < count && k <= i + 3; k++) {
            words[k].verdict = words[k].verdict > 0 ? 0 : words[k].verdict;
        }
    }
}

static enum el_verdict named(int verdict) {
    return verdict > 0 ? EL_VERDICT_YES : verdict < 0 ? EL_VERDICT_NO : EL_VERDICT_UNREADABLE;
}

/* The one verdict among the words, 0 if there is none or there are both. */
static int only(const struct word *words, size_t count, bool last_line) {
    bool yes = false, no = false;
    for (size_t i = 0; i < count; i++) {
        if (words[i].last_line || !last_line) {
            yes |= words[i].verdict > 0;
            no |= words[i].verdict < 0;
        }
    }
    return yes == no ? 0 : yes ? 1 : -1;
}

enum el_verdict el_parse_verdict(const struct el_prompt_set *set, const char *reply,
                                 size_t reply_len) {
    static const char *const announcements[] = {"answer",   "verdict",    "result", "conclusion",
                                                "decision", "assessment", NULL};
    struct word words[MOST_WORDS];
    struct el_piece text = el_answer_of(set, (struct el_piece){reply, reply_len});
    size_t count = read_words(set, text, words);
    settle(words, count);
    if (count > 0 && words[0].verdict != 0 && !el_piece_is(words[0].text, "not")) {
        return named(words[0].verdict);
    }
    int announced = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i + 1; among(words[i].text, announcements) && k < count && k <= i + 3;
             k++) {
            if (words[k].verdict != 0) {
                announced = words[k].verdict;
                break;
            }
        }
    }
    if (announced != 0) {
        return named(announced);
    }
    int all = only(words, count, false);
    return named(all != 0 ? all : only(words, count, true));
}

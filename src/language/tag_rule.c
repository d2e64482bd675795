#include "language/tag_rule.h"

#include "base/array.h"

#include "language/same_language.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>

/* Words of some languages that can hardly be anything else, in lower case. */
static const char *const PRONOUNS[] = {
    "i",         "me",      "my",     "mine",       "you",     "your",   "he",       "him",
    "his",       "she",     "her",    "hers",       "it",      "its",    "we",       "us",
    "our",       "they",    "them",   "their",      "who",     "whom",   "whose",    "myself",
    "himself",   "herself", "itself", "themselves", "someone", "anyone", "everyone", "nobody",
    "something", "nothing", "ich",    "mich",       "mir",     "du",     "dich",     "dir",
    "er",        "ihn",     "ihm",    "sie",        "ihr",     "ihnen",  "es",       "wir",
    "uns",       "euch",    "je",     "moi",        "tu",      "toi",    "il",       "elle",
    "nous",      "vous",    "ils",    "elles",      "yo",      "ella",   "ellos",    "nosotros",
    "eu",        "ele",     "ela",    "eles",       "elas",    "jeg",    "mig",      "dig",
    "han",       "hun",     "hende",  "ham",        "vi",      "os",     "de",       "dem",
    "ja",        "mene",    "ti",     "tebe",       "on",      "ona",    "ono",      "oni",
    "mi",        "我",      "你",     "您",         "他",      "她",     "它",       "我们",
    "你们",      "他们",    "她们",   "它们",       "我們",    "你們",   "他們",     "她們",
    "自己",      "咱们",    "私",     "彼",         "彼女",
};
static const char *const DETERMINERS[] = {
    "the", "a",   "an",  "this", "that", "these", "those", "each", "every", "some",  "any",
    "no",  "der", "die", "das",  "den",  "des",   "ein",   "eine", "einen", "einem", "einer",
    "le",  "la",  "les", "un",   "une",  "el",    "los",   "las",  "una",   "o",     "os",
    "as",  "um",  "uma", "en",   "et",   "det",   "这",    "那",   "该",    "此",    "每",
};
static const char *const OTHERS[] = {
    /* adpositions, conjunctions, auxiliaries, particles */
    "of",    "in",    "on",    "at",     "to",    "for",   "from",  "by",    "with",   "about",
    "into",  "over",  "after", "before", "under", "and",   "or",    "but",   "nor",    "if",
    "when",  "while", "as",    "than",   "then",  "so",    "not",   "n't",   "'s",     "is",
    "are",   "was",   "were",  "be",     "been",  "being", "am",    "do",    "does",   "did",
    "has",   "have",  "had",   "will",   "would", "can",   "could", "shall", "should", "may",
    "might", "must",  "there", "here",   "yes",   "und",   "oder",  "aber",  "in",     "im",
    "auf",   "an",    "am",    "mit",    "von",   "vom",   "zu",    "zum",   "zur",    "bei",
    "nach",  "aus",   "für",   "ist",    "sind",  "war",   "nicht", "et",    "ou",     "à",
    "au",    "aux",   "du",    "dans",   "sur",   "avec",  "pour",  "par",   "y",      "con",
    "por",   "para",  "del",   "al",     "es",    "e",     "em",    "no",    "na",     "do",
    "da",    "dos",   "das",   "com",    "og",    "i",     "på",    "til",   "af",     "er",
    "som",   "u",     "na",    "s",      "za",    "je",    "su",    "se",    "的",     "了",
    "在",    "是",    "和",    "与",     "及",    "于",    "不",    "也",    "都",     "就",
    "而",    "或",
};
static bool is_in(const char *const *list, size_t count, const char *word, size_t len) {
    for (size_t i = 0; i < count; i++) {
        if (strlen(list[i]) == len && memcmp(list[i], word, len) == 0) {
            return true;
        }
    }
    return false;
}

struct look {
    size_t letters, digits, capitals, symbols, katakana,
        points; /* points: less the marks on them */
    bool first_is_capital, has_case;
};

static struct look look_at(const char *word, size_t len) {
    struct look look = {0};
    for (size_t at = 0; at < len;) {
        bool first = at == 0;
        UChar32 c = (UChar32)el_utf8_next(word, len, &at);
        look.points += (U_GET_GC_MASK(c) & U_GC_MN_MASK) == 0;
        look.letters += u_isalpha(c) ? 1 : 0;
        look.digits += u_isdigit(c) ? 1 : 0;
        look.capitals += u_isupper(c) ? 1 : 0;
        look.symbols += (U_GET_GC_MASK(c) & U_GC_S_MASK) != 0;
        look.katakana += uscript_hasScript(c, USCRIPT_KATAKANA) ? 1 : 0;
        look.has_case = look.has_case || u_isupper(c) || u_islower(c);
        look.first_is_capital = look.first_is_capital || (first && u_isupper(c));
    }
    return look;
}

/* Closed-class words, compared in lower case (ASCII is enough for these lists' capitals). */
static bool closed_class(const char *word, size_t len, enum el_pos *tag) {
    char lower[32];
    if (len >= sizeof lower) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        lower[i] = (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] + 'a' - 'A' : word[i]);
    }
    *tag = is_in(PRONOUNS, EL_COUNT(PRONOUNS), lower, len)         ? EL_POS_PRON
           : is_in(DETERMINERS, EL_COUNT(DETERMINERS), lower, len) ? EL_POS_DET
           : is_in(OTHERS, EL_COUNT(OTHERS), lower, len)           ? EL_POS_ADP
                                                                   : EL_POS_COUNT;
    return *tag != EL_POS_COUNT;
}

/* `starts`: the word begins the sentence, so that its capital says little; `before_capital`: the
 * next word begins with one. */
static enum el_pos tag_word(const char *word, size_t len, bool starts, bool german,
                            bool before_capital) {
    enum el_pos tag;
    struct look look = look_at(word, len);
    if (look.letters == 0) {
        return look.digits > 0 ? EL_POS_NUM : look.symbols > 0 ? EL_POS_SYM : EL_POS_PUNCT;
    }
    /* 'US' is not a pronoun, and a capital within a sentence is more than a list can know. */
    bool acronym = look.capitals == look.letters && look.letters > 1;
    bool name_like = look.first_is_capital && !starts && len > 1;
    if (!acronym && !name_like && closed_class(word, len, &tag)) {
        return tag;
    }
    if (!look.has_case) {
        return look.katakana == look.points ? EL_POS_PROPN
               : look.points > 1            ? EL_POS_NOUN
                                            : EL_POS_X;
    }
    /* "eKomani": a prefix before a name, as in Xhosa */
    bool inner = look.capitals > 0 && !look.first_is_capital;
    if (acronym || inner || look.capitals > 1 || (look.capitals > 0 && look.digits > 0)) {
        return EL_POS_PROPN;
    }
    if (look.first_is_capital) {
        bool name = !german && (!starts || before_capital);
        return name ? EL_POS_PROPN : EL_POS_NOUN;
    }
    return look.points > 3 ? EL_POS_NOUN : EL_POS_X;
}

void el_tag_by_rule(const char *text, const char *lang, const struct el_span *words, size_t n_words,
                    enum el_pos *tags) {
    bool german = lang != NULL && el_language_code_same(lang, "de");
    bool starts = true;
    for (size_t i = 0; i < n_words; i++) {
        const char *word = text + words[i].start;
        size_t len = words[i].end - words[i].start;
        bool before_capital = false;
        if (i + 1 < n_words) {
            before_capital =
                look_at(text + words[i + 1].start, words[i + 1].end - words[i + 1].start)
                    .first_is_capital;
        }
        tags[i] = tag_word(word, len, starts, german, before_capital);
        starts = starts && (tags[i] == EL_POS_PUNCT || tags[i] == EL_POS_SYM);
    }
}

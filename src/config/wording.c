/* How models read a label: "GPE", "CREATIVE-WORK" and "CreativeWork" become plain English words. */
#include "config/config_private.h"

#include <stdint.h>
#include <string.h>

/* A label known to the field. `labels` are written without case and separators: "workofart" is
 * WORK_OF_ART, work-of-art and WorkOfArt. */
struct known {
    const char *labels; /* between blanks; besides the wording itself */
    const char *wording;
    const char *description; /* only where the wording says too little; else NULL */
};

/* CoNLL-2003, OntoNotes, ACE, MultiNERD, GermEval 2014, CrossNER, MUC, biomedical and clinical
 * sets. */
static const struct known known_labels[] = {
    {" per pers prs persname ", "person", NULL},
    {" loc ", "location", NULL},
    {" org organisation orgname ", "organization", NULL},
    {" misc oth ", "miscellaneous",
     "names of other kinds, such as nationalities, events and works"},
    {" gpe geopoliticalentity ", "geo-political entity", "countries, states, cities and the like"},
    {" norp ", "nationality, religious or political group", NULL},
    {" fac ", "facility", "buildings, airports, roads, bridges and the like"},
    {" veh vehi ", "vehicle", NULL},
    {" wea ", "weapon", NULL},
    {" prod ", "product", NULL},
    {" evt eve ", "event", NULL},
    {" woa ", "work of art", NULL},
    {" lang ", "language", NULL},
    {" pct percent ", "percentage", NULL},
    {" num cardinal ", "number", "numbers that are not dates, amounts or ranks"},
    {" ord ordinal ", "ordinal number", NULL},
    {" qty ", "quantity", NULL},
    {" tim ", "time", NULL},
    {" dat ", "date", NULL},
    {" anim ", "animal", NULL},
    {" bio ", "biological entity", NULL},
    {" cel ", "celestial body", NULL},
    {" dis diso ", "disease", NULL},
    {" inst ", "instrument", NULL},
    {" myth ", "mythological entity", NULL},
    {" locderiv ", "word derived from a location", NULL},
    {" orgderiv ", "word derived from an organization", NULL},
    {" perderiv ", "word derived from a person", NULL},
    {" othderiv ", "word derived from another name", NULL},
    {" locpart ", "word that contains a location", NULL},
    {" orgpart ", "word that contains an organization", NULL},
    {" perpart ", "word that contains a person", NULL},
    {" othpart ", "word that contains another name", NULL},
    {" creativework ", "creative work", NULL},
    {" politicalparty ", "political party", NULL},
    {" astronomicalobject ", "astronomical object", NULL},
    {" chemicalcompound ", "chemical compound", NULL},
    {" chemicalelement ", "chemical element", NULL},
    {" academicjournal ", "academic journal", NULL},
    {" literarygenre ", "literary genre", NULL},
    {" musicgenre ", "music genre", NULL},
    {" musicalartist ", "musical artist", NULL},
    {" musicalinstrument ", "musical instrument", NULL},
    {" programlang programminglanguage ", "programming language", NULL},
    {" chem ", "chemical", NULL},
    {" celltype ", "cell type", NULL},
    {" cellline ", "cell line", NULL},
    {" adr ", "adverse drug reaction", NULL},
    {" ade ", "adverse drug event", NULL},
};

/* Words that are written in capitals, whatever the case of the label. */
static const char capital_words[] =
    " dna rna snp id url uri ip html xml cpu gpu api isbn tv cve ioc mac sql ai pii phi ";

static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

static char to_lower(char c) {
    return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

static char to_upper(char c) {
    return is_lower(c) ? (char)(c - 'a' + 'A') : c;
}

static bool is_separator(char c) {
    return c == '_' || c == '-' || c == ' ';
}

/* Is " word " in the list, in lower case? */
static bool listed(const char *list, const char *word, size_t len) {
    for (const char *at = list; (at = strchr(at, ' ')) != NULL && at[1] != '\0'; at++) {
        size_t i = 0;
        while (i < len && at[1 + i] == to_lower(word[i])) {
            i++;
        }
        if (i == len && at[1 + i] == ' ') {
            return true;
        }
    }
    return false;
}

/* The letters of a label without separators. A label that does not fit is not a known one. */
enum { LONGEST_KNOWN = 64 };

static size_t squash(const char *label, char out[LONGEST_KNOWN]) {
    size_t n = 0;
    for (const char *c = label; *c != '\0'; c++) {
        if (is_separator(*c)) {
            continue;
        }
        if (n == LONGEST_KNOWN) {
            return 0;
        }
        out[n++] = to_lower(*c);
    }
    return n;
}

static const struct known *find_known(const char *label) {
    char letters[LONGEST_KNOWN], wording[LONGEST_KNOWN];
    size_t len = squash(label, letters);
    for (size_t i = 0; len > 0 && i < sizeof known_labels / sizeof *known_labels; i++) {
        const struct known *known = &known_labels[i];
        size_t own = squash(known->wording, wording);
        if ((own == len && memcmp(wording, letters, len) == 0) ||
            listed(known->labels, letters, len)) {
            return known;
        }
    }
    return NULL;
}

/* Does a new word begin at `i` (> 0), without a separator? "CreativeWork", "HTMLTag"; but "mRNA" is
 * one word. */
static bool begins_word(const char *label, size_t i) {
    if (!is_upper(label[i])) {
        return false;
    }
    if (is_lower(label[i - 1])) {
        return i >= 2 && !is_separator(label[i - 2]);
    }
    return is_upper(label[i - 1]) && is_lower(label[i + 1]) && is_lower(label[i + 2]);
}

/* A hyphen belongs to the word in "B-cell". */
static bool inside_word(const char *label, size_t i) {
    return label[i] == '-' && i > 0 && is_upper(label[i - 1]) && is_lower(label[i + 1]) &&
           (i == 1 || is_separator(label[i - 2]));
}

static bool has_vowel(const char *word, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (strchr("aeiouy", to_lower(word[i])) != NULL) {
            return true;
        }
    }
    return false;
}

/* Put one word of the label into its usual case. `mixed`: the label has lower-case letters, so that
 * capitals mean something. */
static void set_case(char *word, size_t len, bool mixed) {
    size_t upper = 0, lower = 0;
    for (size_t i = 0; i < len; i++) {
        upper += is_upper(word[i]);
        lower += is_lower(word[i]);
    }
    bool capitals = listed(capital_words, word, len);
    bool acronym = upper > 1 && lower == 0 && (mixed || !has_vowel(word, len)) && len <= 5;
    bool own_case = upper > 0 && lower > 0 && !(upper == 1 && is_upper(word[0])); /* mRNA, pH */
    bool letter = upper == 1 && (len == 1 || word[1] == '-');                     /* B-cell */
    for (size_t i = 0; i < len && !acronym && !own_case && !letter; i++) {
        word[i] = capitals ? to_upper(word[i]) : to_lower(word[i]);
    }
}

static char *plain_words(struct el_arena *arena, const char *label) {
    size_t len = strlen(label), n = 0, start = 0;
    char *out = el_arena_array(arena, 2 * len + 1, 1);
    if (out == NULL) {
        return NULL;
    }
    bool mixed = false;
    for (size_t i = 0; i < len; i++) {
        mixed |= is_lower(label[i]);
    }
    for (size_t i = 0; i < len; i++) {
        bool gap = is_separator(label[i]) && !inside_word(label, i);
        if (gap || (i > 0 && mixed && begins_word(label, i))) {
            set_case(out + start, n - start, mixed);
            if (n > start) {
                out[n++] = ' ';
            }
            start = n;
        }
        if (!gap) {
            out[n++] = label[i];
        }
    }
    set_case(out + start, n - start, mixed);
    n -= n > 0 && start == n; /* a separator at the end */
    out[n] = '\0';
    return n > 0 ? out : el_arena_string(arena, label);
}

const char *el_label_wording(struct el_arena *arena, const char *label) {
    const struct known *known = find_known(label);
    return known != NULL ? known->wording : plain_words(arena, label);
}

const char *el_label_description(const char *label) {
    const struct known *known = find_known(label);
    return known != NULL ? known->description : NULL;
}

#include "retrieval/label_counts.h"

#include "base/characters.h"
#include "base/checksum.h"
#include "base/random.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>

struct el_count_slot {
    uint64_t key; /* 0 = free */
    int64_t count;
};

enum { FIRST_SLOTS = 1 << 12, AFFIX_LETTERS = 3, SHAPE_LENGTH = 6 };

/* One key may be counted in several ways. */
enum way {
    OCCURS = 1,
    AT_PLACE,                     /* and the places */
    TYPED = AT_PLACE + EL_PLACES, /* and the places, by type */
    STRING_OCCURS = TYPED + EL_PLACES,
    STRING_LABELLED,
    STRING_TYPED,
};

static const uint64_t BORDER = 0x9e3779b97f4a7c15U, STRING = 0xd6e8feb86659fd93U,
                      ONE_CASE = 0xa0761d6478bd642fU;

/* Two numbers to one: the b-th of the random sequence that begins at a. */
static uint64_t mix(uint64_t a, uint64_t b) {
    uint64_t state = a + 0x9e3779b97f4a7c15U * b, x = el_random(&state);
    return x != 0 ? x : 1;
}

static uint64_t way_key(uint64_t key, enum way way, size_t type) {
    return mix(key, (uint64_t)way + 64 * (uint64_t)type);
}

/* ---- words ---- */

static const UChar32 IDEOGRAPH = 0x4E00;

static bool is_mark(UChar32 c) {
    return (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0;
}

static bool is_ideograph(UChar32 c) {
    return u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC);
}

static UChar32 shape_of(UChar32 c) {
    return u_isupper(c)      ? 'A'
           : is_ideograph(c) ? IDEOGRAPH
           : u_isalpha(c)    ? 'a'
           : u_isdigit(c)    ? '0'
                             : (UChar32)el_plain_mark((uint32_t)c);
}

/* `one_case`: so has the whole sentence. */
static uint64_t shape_key(const char *word, size_t len, bool one_case) {
    UChar32 shape[SHAPE_LENGTH] = {0}, letters[2] = {0}; /* letters: the last two */
    size_t n = 0;
    bool cased = false;
    for (size_t at = 0; at < len;) {
        UChar32 c = (UChar32)el_utf8_next(word, len, &at), kind = shape_of(c);
        if (is_mark(c)) {
            continue;
        }
        cased = cased || u_isupper(c) || u_islower(c);
        if (kind == 'A' && n == 1 && shape[0] == 'a') {
            shape[0] = letters[0];
            shape[n++] = letters[1];
        }
        /* ideographs are counted, for words of them are short */
        if (n < SHAPE_LENGTH && (n == 0 || shape[n - 1] != kind || kind == IDEOGRAPH)) {
            shape[n++] = kind;
        }
        letters[0] = letters[1];
        letters[1] = c;
    }
    uint64_t key = mix(el_checksum(shape, sizeof shape), EL_SHAPE);
    return one_case && cased ? mix(key, ONE_CASE) : key;
}

/* Are all letters small, or all capitals? In a few words that may be chance. */
static bool has_one_case(const char *text, const struct el_spans *words) {
    enum { FEWEST = 3 };
    size_t cased[2] = {0}; /* words with small letters, with capitals */
    for (size_t i = 0; i < words->count; i++) {
        bool has[2] = {false};
        for (size_t at = words->items[i].start; at < words->items[i].end;) {
            UChar32 c = (UChar32)el_utf8_next(text, words->items[i].end, &at);
            has[0] = has[0] || u_islower(c);
            has[1] = has[1] || u_isupper(c);
        }
        cased[0] += has[0];
        cased[1] += has[1];
    }
    return (cased[0] == 0 && cased[1] >= FEWEST) || (cased[1] == 0 && cased[0] >= FEWEST);
}

/* The first and last letters of a word, each a number for the letter and its marks. */
struct letters {
    uint64_t first[AFFIX_LETTERS], last[AFFIX_LETTERS];
    size_t count;
    bool ideographs;
};

static void add_letter(struct letters *letters, UChar32 c) {
    uint64_t *last = &letters->last[AFFIX_LETTERS - 1];
    if (letters->count > 0 && is_mark(c)) {
        *last = mix(*last, (uint64_t)c);
    } else {
        memmove(letters->last, letters->last + 1, (AFFIX_LETTERS - 1) * sizeof *last);
        *last = (uint64_t)c;
        letters->count++;
    }
    if (letters->count <= AFFIX_LETTERS) {
        letters->first[letters->count - 1] = *last;
    }
    letters->ideographs = letters->ideographs && is_ideograph(c);
}

/* `folded`: by el_text_fold, so that what is the same letter has the same code points. */
static struct el_word_keys keys_of(const char *word, size_t len, const char *folded,
                                   size_t folded_len, bool one_case) {
    struct letters letters = {.ideographs = true};
    uint64_t whole = 0;
    for (size_t at = 0; at < folded_len;) {
        uint32_t c = el_plain_mark(el_utf8_next(folded, folded_len, &at));
        whole = mix(whole, c);
        add_letter(&letters, (UChar32)c);
    }
    size_t affix = (letters.ideographs ? 1 : AFFIX_LETTERS) * sizeof *letters.first;
    const char *last = (const char *)(letters.last + AFFIX_LETTERS);
    return (struct el_word_keys){
        .part = {[EL_WORD] = mix(whole, EL_WORD),
                 [EL_BEGINNING] = mix(el_checksum(letters.first, affix), EL_BEGINNING),
                 [EL_ENDING] = mix(el_checksum(last - affix, affix), EL_ENDING),
                 [EL_SHAPE] = shape_key(word, len, one_case)}};
}

bool el_word_keys_of(struct el_arena *arena, const char *text, const struct el_spans *words,
                     struct el_counted_sentence *sentence) {
    *sentence = (struct el_counted_sentence){
        .words = el_arena_array(arena, words->count, sizeof *sentence->words),
        .n_words = words->count};
    struct el_arena scratch = {0};
    bool fine = sentence->words != NULL, one_case = has_one_case(text, words);
    for (size_t i = 0; fine && i < words->count; i++) {
        const char *word = text + words->items[i].start;
        size_t len = words->items[i].end - words->items[i].start, folded_len;
        const char *folded = el_text_fold(&scratch, word, len, true, &folded_len);
        fine = folded != NULL;
        if (fine) {
            sentence->words[i] = keys_of(word, len, folded, folded_len, one_case);
            sentence->hash = mix(sentence->hash, sentence->words[i].part[EL_WORD]);
        }
    }
    el_arena_free(&scratch);
    return fine;
}

uint64_t el_word_key(const struct el_counted_sentence *sentence, ptrdiff_t at,
                     enum el_word_part part) {
    bool inside = at >= 0 && (size_t)at < sentence->n_words;
    return inside ? sentence->words[at].part[part] : BORDER + (at >= 0);
}

uint64_t el_string_key(const struct el_counted_sentence *sentence, size_t first, size_t end) {
    uint64_t key = STRING;
    for (size_t i = first; i < end; i++) {
        key = mix(key, sentence->words[i].part[EL_WORD]);
    }
    return key;
}

/* ---- the table ---- */

static struct el_count_slot *find_slot(const struct el_label_counts *counts, uint64_t key) {
    size_t mask = counts->n_slots - 1, i = key & mask;
    while (counts->slots[i].key != 0 && counts->slots[i].key != key) {
        i = (i + 1) & mask;
    }
    return &counts->slots[i];
}

static bool make_room(struct el_label_counts *counts) {
    if (2 * (counts->used + 1) <= counts->n_slots) {
        return true;
    }
    struct el_label_counts grown = *counts;
    grown.n_slots = 2 * counts->n_slots;
    grown.slots = calloc(grown.n_slots, sizeof *grown.slots);
    if (grown.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < counts->n_slots; i++) {
        if (counts->slots[i].key != 0) {
            *find_slot(&grown, counts->slots[i].key) = counts->slots[i];
        }
    }
    free(counts->slots);
    *counts = grown;
    return true;
}

static bool add(struct el_label_counts *counts, uint64_t key, int times) {
    struct el_count_slot *slot = find_slot(counts, key);
    if (slot->key == 0) {
        if (!make_room(counts)) {
            return false;
        }
        slot = find_slot(counts, key);
        slot->key = key;
        counts->used++;
    }
    slot->count += times;
    return true;
}

static int64_t count(const struct el_label_counts *counts, uint64_t key) {
    return find_slot(counts, key)->count;
}

bool el_label_counts_init(struct el_label_counts *counts, size_t n_types) {
    *counts = (struct el_label_counts){.n_types = n_types,
                                       .n_slots = FIRST_SLOTS,
                                       .of_type = calloc(n_types, sizeof(int64_t)),
                                       .slots = calloc(FIRST_SLOTS, sizeof *counts->slots)};
    return counts->of_type != NULL && counts->slots != NULL;
}

void el_label_counts_free(struct el_label_counts *counts) {
    free(counts->of_type);
    free(counts->slots);
}

/* ---- sentences ---- */

static bool add_place(struct el_label_counts *counts, const struct el_counted_sentence *sentence,
                      ptrdiff_t at, enum el_place place, size_t type, int times) {
    bool border = at < 0 || (size_t)at >= sentence->n_words;
    counts->at_place[place] += times;
    for (size_t part = 0; part < (border ? 1 : EL_WORD_PARTS); part++) {
        uint64_t key = el_word_key(sentence, at, (enum el_word_part)part);
        if (!add(counts, way_key(key, AT_PLACE + place, 0), times) ||
            !add(counts, way_key(key, TYPED + place, type), times)) {
            return false;
        }
    }
    return true;
}

static bool add_mention(struct el_label_counts *counts, const struct el_counted_sentence *sentence,
                        const struct el_labelled_words *mention, int times) {
    uint64_t string = el_string_key(sentence, mention->first, mention->end);
    bool fine =
        add(counts, way_key(string, STRING_LABELLED, 0), times) &&
        add(counts, way_key(string, STRING_TYPED, mention->type), times) &&
        add_place(counts, sentence, (ptrdiff_t)mention->first - 1, EL_BEFORE, mention->type,
                  times) &&
        add_place(counts, sentence, (ptrdiff_t)mention->end, EL_AFTER, mention->type, times) &&
        add_place(counts, sentence, (ptrdiff_t)mention->first - 2, EL_SECOND_BEFORE, mention->type,
                  times) &&
        add_place(counts, sentence, (ptrdiff_t)mention->end + 1, EL_SECOND_AFTER, mention->type,
                  times) &&
        add_place(counts, sentence, (ptrdiff_t)mention->first, EL_FIRST, mention->type, times) &&
        add_place(counts, sentence, (ptrdiff_t)mention->end - 1, EL_LAST, mention->type, times);
    for (size_t i = mention->first; fine && i < mention->end; i++) {
        fine = add_place(counts, sentence, (ptrdiff_t)i, EL_INSIDE, mention->type, times);
    }
    counts->of_type[mention->type] += times;
    counts->mentions += times;
    return fine;
}

bool el_count_labels(struct el_label_counts *counts, const struct el_counted_sentence *sentence,
                     int times) {
    bool fine = add(counts, way_key(BORDER, OCCURS, 0), times) &&
                add(counts, way_key(BORDER + 1, OCCURS, 0), times);
    for (size_t i = 0; fine && i < sentence->n_words; i++) {
        for (size_t part = 0; fine && part < EL_WORD_PARTS; part++) {
            fine = add(counts, way_key(sentence->words[i].part[part], OCCURS, 0), times);
        }
    }
    for (size_t i = 0; fine && i < sentence->n_mentions; i++) {
        fine = add_mention(counts, sentence, &sentence->mentions[i], times);
    }
    counts->words += times * (int64_t)sentence->n_words;
    return fine;
}

bool el_count_strings(struct el_label_counts *counts, const struct el_counted_sentence *sentence,
                      int times) {
    for (size_t first = 0; first < sentence->n_words; first++) {
        uint64_t string = STRING;
        for (size_t i = first; i < sentence->n_words && i < first + EL_SPAN_WORDS; i++) {
            string = mix(string, sentence->words[i].part[EL_WORD]);
            if (find_slot(counts, way_key(string, STRING_LABELLED, 0))->key != 0 &&
                !add(counts, way_key(string, STRING_OCCURS, 0), times)) {
                return false;
            }
        }
    }
    return true;
}

int64_t el_count_of(const struct el_label_counts *counts, uint64_t key) {
    return count(counts, way_key(key, OCCURS, 0));
}

int64_t el_count_at(const struct el_label_counts *counts, uint64_t key, enum el_place place) {
    return count(counts, way_key(key, AT_PLACE + place, 0));
}

int64_t el_count_typed(const struct el_label_counts *counts, uint64_t key, enum el_place place,
                       size_t type) {
    return count(counts, way_key(key, TYPED + place, type));
}

int64_t el_string_occurs(const struct el_label_counts *counts, uint64_t key) {
    return count(counts, way_key(key, STRING_OCCURS, 0));
}

int64_t el_string_labelled(const struct el_label_counts *counts, uint64_t key) {
    return count(counts, way_key(key, STRING_LABELLED, 0));
}

int64_t el_string_typed(const struct el_label_counts *counts, uint64_t key, size_t type) {
    return count(counts, way_key(key, STRING_TYPED, type));
}

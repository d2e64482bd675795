/* How often words, their beginnings, endings and shapes occur in labelled sentences, and how often
 * at which place of a mention; and how often a string is labelled. What prior.h knows the pool by.
 *
 * Words are kept as hashes of 64 bits; two that share one would be counted as one word. Not
 * thread-safe. */
#ifndef EL_RETRIEVAL_LABEL_COUNTS_H
#define EL_RETRIEVAL_LABEL_COUNTS_H

#include "base/arena.h"
#include "language/segment.h"

#include <stdbool.h>
#include <stdint.h>

/* More words than this in a row are not looked at as a span. */
enum { EL_SPAN_WORDS = 8 };

/* What is counted of a word: itself without case, its first and last three letters (of ideographs
 * one), its shape: "Aa" for "Paris", "A-0" for "IL-2"; "uAa" for "uMandela" and "weAa" for
 * "kweMexico", for in some languages the small letters before a name tell its type. Letters are the
 * same composed or not, all quotes are alike, and all dashes; combining marks belong to their
 * letter and are not in a shape. Shapes of a sentence that is all in small letters, or all in
 * capitals, are counted apart: there they tell nothing of names. */
enum el_word_part { EL_WORD, EL_BEGINNING, EL_ENDING, EL_SHAPE, EL_WORD_PARTS };

struct el_word_keys {
    uint64_t part[EL_WORD_PARTS];
};

/* Where a word is to a mention; the second ones are beside those before and after it. */
enum el_place {
    EL_FIRST,
    EL_LAST,
    EL_INSIDE,
    EL_BEFORE,
    EL_AFTER,
    EL_SECOND_BEFORE,
    EL_SECOND_AFTER,
    EL_PLACES
};

struct el_labelled_words {
    size_t first, end; /* words of the sentence, end exclusive */
    uint32_t type;
};

/* A sentence as it is counted. */
struct el_counted_sentence {
    size_t number; /* in the pool */
    struct el_word_keys *words;
    size_t n_words;
    struct el_labelled_words *mentions;
    size_t n_mentions;
    uint64_t hash; /* of its words */
};

struct el_label_counts {
    struct el_count_slot *slots;
    size_t n_slots, used; /* n_slots: a power of two */
    int64_t words;
    int64_t *of_type;            /* mentions by type */
    int64_t mentions;            /* of all types */
    int64_t at_place[EL_PLACES]; /* words at such a place */
    size_t n_types;
};

/* The keys of these words of a text, and the hash of them all. False if out of memory. */
bool el_word_keys_of(struct el_arena *arena, const char *text, const struct el_spans *words,
                     struct el_counted_sentence *sentence);

bool el_label_counts_init(struct el_label_counts *counts, size_t n_types);
void el_label_counts_free(struct el_label_counts *counts);

/* Count the labels of a sentence once more (times = 1), or take them out again (-1). False if out
 * of memory, which taking out never is. */
bool el_count_labels(struct el_label_counts *counts, const struct el_counted_sentence *sentence,
                     int times);
/* The same for how often strings occur that were labelled in any sentence counted so far. */
bool el_count_strings(struct el_label_counts *counts, const struct el_counted_sentence *sentence,
                      int times);

/* The key of a word, ending or shape; `at` -1 or past the last word gives that of the border. */
uint64_t el_word_key(const struct el_counted_sentence *sentence, ptrdiff_t at,
                     enum el_word_part part);

/* How often the key occurs; at this place; of this type there. */
int64_t el_count_of(const struct el_label_counts *counts, uint64_t key);
int64_t el_count_at(const struct el_label_counts *counts, uint64_t key, enum el_place place);
int64_t el_count_typed(const struct el_label_counts *counts, uint64_t key, enum el_place place,
                       size_t type);

/* The key of the string of words [first, end); how often it occurs, is labelled, with this type.
 * Occurrences of what was never labelled are not counted. */
uint64_t el_string_key(const struct el_counted_sentence *sentence, size_t first, size_t end);
int64_t el_string_occurs(const struct el_label_counts *counts, uint64_t key);
int64_t el_string_labelled(const struct el_label_counts *counts, uint64_t key);
int64_t el_string_typed(const struct el_label_counts *counts, uint64_t key, size_t type);

#endif

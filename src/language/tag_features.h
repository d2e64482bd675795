/* Features of the part-of-speech tagger, shared by tagger and trainer. Internal.
 *
 * A feature is a 64-bit hash of its kind and its parts. What depends on one word alone is computed
 * once a word (el_tag_word); the features of a position then mix those of its neighbours with the
 * tags already given to the left. */
#ifndef EL_LANGUAGE_TAG_FEATURES_H
#define EL_LANGUAGE_TAG_FEATURES_H

#include "base/text.h"
#include "language/pos.h"

enum { EL_TAG_FEATURES = 40, EL_TAG_AFFIXES = 4 };

struct el_tag_word {
    uint64_t exact, lower, shape;
    uint64_t prefix[EL_TAG_AFFIXES], suffix[EL_TAG_AFFIXES];
};

/* The word text[0, len), valid UTF-8. */
void el_tag_word_make(const char *text, size_t len, struct el_tag_word *word);

/* Features of word i; `before` and `before2` are the tags to the left (EL_POS_COUNT = none).
 * Returns how many of the EL_TAG_FEATURES places were filled. */
size_t el_tag_features(const struct el_tag_word *words, size_t n_words, size_t i,
                       enum el_pos before, enum el_pos before2, uint64_t features[EL_TAG_FEATURES]);

/* The weights as they lie in a file and in memory: an open hash table whose slots hold the upper
 * 32 bits of a feature (0 = free) and one 8-bit weight a tag. */
struct el_tag_slot {
    uint32_t key;
    int8_t weights[EL_POS_COUNT];
    int8_t reserved[3];
};
#define EL_TAG_MAGIC "EL4TAG\n"
enum { EL_TAG_VERSION = 1 };

struct el_tag_header {
    char magic[8];
    uint32_t version, byte_order;
    uint32_t n_tags, n_slots; /* slots: a power of two */
    char languages[32];       /* ISO 639 codes with a space between, NUL-terminated */
    uint64_t checksum;        /* XXH64 of the slots */
};

static inline uint32_t el_tag_key(uint64_t feature) {
    uint32_t key = (uint32_t)(feature >> 32);
    return key == 0 ? 1 : key;
}

#endif

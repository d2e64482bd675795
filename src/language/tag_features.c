#include "language/tag_features.h"

#include <string.h>
#include <unicode/uchar.h>

static uint64_t mix(uint64_t a, uint64_t b) {
    uint64_t x = (a ^ b) * 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 32) * 0xD6E8FEB86659FD93u;
    return x ^ x >> 29;
}

/* 8 bytes at a time; words are short. */
static uint64_t hash(const char *bytes, size_t len) {
    uint64_t h = 0x2545F4914F6CDD1Du + len;
    for (; len >= 8; bytes += 8, len -= 8) {
        uint64_t part;
        memcpy(&part, bytes, 8);
        h = mix(h, part);
    }
    uint64_t part = 0;
    memcpy(&part, bytes, len);
    return mix(h, part + len);
}

enum { LONGEST_WORD = 64 }; /* bytes that are looked at */

/* X, x, 9 or the character itself, runs shortened to two: "McDonald's" becomes XxXxx'x. */
static char shape_of(UChar32 c) {
    if (c < 128) {
        return (char)(c >= 'A' && c <= 'Z'   ? 'X'
                      : c >= 'a' && c <= 'z' ? 'x'
                      : c >= '0' && c <= '9' ? '9'
                                             : c);
    }
    return u_isupper(c) ? 'X' : u_isalpha(c) ? 'x' : u_isdigit(c) ? '9' : '?';
}

void el_tag_word_make(const char *text, size_t len, struct el_tag_word *word) {
    char lower[LONGEST_WORD + 8], shape[LONGEST_WORD + 8];
    size_t n_lower = 0, n_shape = 0;
    for (size_t at = 0; at < len && n_lower < LONGEST_WORD;) {
        UChar32 c = (unsigned char)text[at];
        if (c < 128) {
            at++;
            lower[n_lower++] = (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
        } else {
            size_t from = at;
            c = (UChar32)el_utf8_next(text, len, &at);
            UChar32 small = u_tolower(c);
            /* A lower-case letter may be longer in UTF-8; such words keep their bytes. */
            if (small < 0x800 && at - from == 2) {
                lower[n_lower++] = (char)(0xC0 | small >> 6);
                lower[n_lower++] = (char)(0x80 | (small & 0x3F));
            } else {
                memcpy(lower + n_lower, text + from, at - from);
                n_lower += at - from;
            }
        }
        char s = shape_of(c);
        if (n_shape < 2 || s != shape[n_shape - 1] || s != shape[n_shape - 2]) {
            shape[n_shape++] = s;
        }
    }
    word->exact = hash(text, len < LONGEST_WORD ? len : LONGEST_WORD);
    word->lower = hash(lower, n_lower);
    word->shape = hash(shape, n_shape);
    for (size_t n = 1; n <= EL_TAG_AFFIXES; n++) {
        size_t affix = n < n_lower ? n : n_lower;
        word->prefix[n - 1] = hash(lower, affix);
        word->suffix[n - 1] = hash(lower + n_lower - affix, affix);
    }
}

size_t el_tag_features(const struct el_tag_word *words, size_t n_words, size_t i,
                       enum el_pos before, enum el_pos before2,
                       uint64_t features[EL_TAG_FEATURES]) {
    /* A word outside of the sentence has features of its own: all zero. */
    static const struct el_tag_word outside;
    const struct el_tag_word *w = &words[i];
    const struct el_tag_word *l1 = i >= 1 ? w - 1 : &outside, *l2 = i >= 2 ? w - 2 : &outside;
    const struct el_tag_word *r1 = i + 1 < n_words ? w + 1 : &outside;
    const struct el_tag_word *r2 = i + 2 < n_words ? w + 2 : &outside;
    uint64_t t1 = (uint64_t)before + 1, t2 = (uint64_t)before2 + 1, t12 = t1 << 8 | t2;
    uint64_t start = i == 0 ? 1 : 0;
    size_t n = 0;
#define FEATURE(value) (features[n] = mix(value, 0xA0761D6478BD642Fu * (n + 1)), n++)
    FEATURE(1);
    FEATURE(w->exact);
    FEATURE(w->lower);
    for (size_t a = 0; a < EL_TAG_AFFIXES; a++) {
        FEATURE(w->prefix[a]);
        FEATURE(w->suffix[a]);
    }
    FEATURE(w->shape + start);
    FEATURE(mix(w->shape, w->suffix[2]));
    FEATURE(mix(w->shape, l1->shape));
    FEATURE(mix(w->shape, r1->shape) + start);
    FEATURE(l1->lower);
    FEATURE(l2->lower);
    FEATURE(r1->lower);
    FEATURE(r2->lower);
    FEATURE(l1->suffix[2]);
    FEATURE(r1->suffix[2]);
    FEATURE(r1->suffix[1]);
    FEATURE(r1->shape);
    FEATURE(mix(l1->lower, w->lower));
    FEATURE(mix(w->lower, r1->lower));
    FEATURE(mix(l1->lower, r1->lower));
    FEATURE(mix(w->suffix[2], r1->suffix[2]));
    FEATURE(t1);
    FEATURE(t2);
    FEATURE(t12);
    FEATURE(mix(t1, w->lower));
    FEATURE(mix(t1, w->suffix[2]));
    FEATURE(mix(t1, w->shape));
    FEATURE(mix(t12, w->lower));
    FEATURE(mix(t1, r1->lower));
    FEATURE(mix(t1, r1->suffix[1]));
    FEATURE(mix(t12, w->suffix[1]));
    FEATURE(mix(t1, mix(w->lower, r1->lower)));
#undef FEATURE
    _Static_assert(EL_TAG_FEATURES >= 11 + 25, "all places counted");
    return n;
}

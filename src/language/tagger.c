#include "language/tagger.h"

#include "language/same_language.h"
#include "base/checksum.h"
#include "language/tag_features.h"
#include "language/tag_rule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>

/* The tagger: a perceptron, averaged over its training (Collins 2002), greedy from left to right.
 */

struct el_tagger {
    struct el_tag_header header;
    struct el_tag_slot *slots;
};

static const uint32_t BYTE_ORDER_MARK = 0x01020304, MOST_SLOTS = 1 << 24;

static bool read_tagger(FILE *file, const char *path, struct el_tagger *tagger,
                        struct el_error *err) {
    struct el_tag_header *h = &tagger->header;
    if (fread(h, sizeof *h, 1, file) != 1 || memcmp(h->magic, EL_TAG_MAGIC, sizeof h->magic) != 0) {
        return el_fail(err, EL_ERR_FORMAT, "%s: not a file of tagger weights", path);
    }
    if (h->version != EL_TAG_VERSION || h->byte_order != BYTE_ORDER_MARK ||
        h->n_tags != EL_POS_COUNT) {
        return el_fail(err, EL_ERR_FORMAT,
                       "%s: tagger weights of format %u, and this program reads %d; make them "
                       "again with make models",
                       path, h->version, EL_TAG_VERSION);
    }
    if (h->n_slots < 2 || h->n_slots > MOST_SLOTS || (h->n_slots & (h->n_slots - 1)) != 0 ||
        memchr(h->languages, '\0', sizeof h->languages) == NULL) {
        return el_fail(err, EL_ERR_FORMAT, "%s: damaged tagger weights (header)", path);
    }
    size_t bytes = h->n_slots * sizeof *tagger->slots;
    tagger->slots = malloc(bytes);
    if (tagger->slots == NULL) {
        return el_fail_memory(err);
    }
    if (fread(tagger->slots, 1, bytes, file) != bytes || fgetc(file) != EOF) {
        return el_fail(err, EL_ERR_FORMAT, "%s: tagger weights cut short or too long", path);
    }
    if (el_checksum(tagger->slots, bytes) != h->checksum) {
        return el_fail(err, EL_ERR_FORMAT, "%s: damaged tagger weights (checksum)", path);
    }
    return true;
}

bool el_tagger_open(const char *path, struct el_tagger **out, struct el_error *err) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return el_fail(err, EL_ERR_IO, "cannot open %s: %s", path, strerror(errno));
    }
    struct el_tagger *tagger = calloc(1, sizeof *tagger);
    bool fine = tagger != NULL ? read_tagger(file, path, tagger, err) : el_fail_memory(err);
    fclose(file);
    if (!fine) {
        el_tagger_close(tagger);
        return false;
    }
    *out = tagger;
    return true;
}

void el_tagger_close(struct el_tagger *tagger) {
    if (tagger != NULL) {
        free(tagger->slots);
        free(tagger);
    }
}

/* At most n_slots steps, so that a hostile table without free slots ends too. */
static const struct el_tag_slot *find(const struct el_tagger *tagger, uint64_t feature) {
    uint32_t mask = tagger->header.n_slots - 1, key = el_tag_key(feature);
    uint32_t at = (uint32_t)feature & mask;
    for (uint32_t steps = 0; steps <= mask; steps++, at = (at + 1) & mask) {
        const struct el_tag_slot *slot = &tagger->slots[at];
        if (slot->key == key) {
            return slot;
        }
        if (slot->key == 0) {
            break;
        }
    }
    return NULL;
}

static enum el_pos best_tag(const struct el_tagger *tagger, const uint64_t *features, size_t n) {
    int32_t scores[EL_POS_COUNT] = {0};
    size_t best = 0;
    for (size_t f = 0; f < n; f++) {
        __builtin_prefetch(&tagger->slots[features[f] & (tagger->header.n_slots - 1)]);
    }
    for (size_t f = 0; f < n; f++) {
        const struct el_tag_slot *slot = find(tagger, features[f]);
        for (size_t t = 0; slot != NULL && t < EL_POS_COUNT; t++) {
            scores[t] += slot->weights[t];
        }
    }
    for (size_t t = 1; t < EL_POS_COUNT; t++) {
        best = scores[t] > scores[best] ? t : best;
    }
    return (enum el_pos)best;
}

static bool is_mostly_latin(const char *text, const struct el_span *words, size_t n_words) {
    size_t latin = 0, others = 0;
    for (size_t i = 0; i < n_words; i++) {
        for (size_t at = words[i].start; at < words[i].end;) {
            UChar32 c = (UChar32)el_utf8_next(text, words[i].end, &at);
            bool is_latin = c < 0x250 || (c >= 0x1E00 && c < 0x2000);
            if (u_isalpha(c)) {
                *(is_latin ? &latin : &others) += 1;
            }
        }
    }
    return latin >= others;
}

/* `lang` "en", "en-GB" or "eng" are covered by weights for "en". */
bool el_tagger_covers(const struct el_tagger *tagger, const char *lang) {
    if (tagger == NULL) {
        return false;
    }
    const char *at = tagger->header.languages;
    while (*at != '\0') {
        char code[sizeof tagger->header.languages];
        size_t known = strcspn(at, " ");
        memcpy(code, at, known);
        code[known] = '\0';
        if (el_language_code_same(code, lang)) {
            return true;
        }
        at += known + (at[known] == ' ');
    }
    return false;
}

bool el_tagger_tag(const struct el_tagger *tagger, const char *text, const char *lang,
                   const struct el_span *words, size_t n_words, enum el_pos *tags) {
    if (tagger == NULL ||
        (lang != NULL ? !el_tagger_covers(tagger, lang) : !is_mostly_latin(text, words, n_words))) {
        el_tag_by_rule(text, lang, words, n_words, tags);
        return true;
    }
    struct el_tag_word few[64], *made = few;
    if (n_words > sizeof few / sizeof *few) {
        made = n_words < SIZE_MAX / sizeof *made ? malloc(n_words * sizeof *made) : NULL;
        if (made == NULL) {
            return false;
        }
    }
    for (size_t i = 0; i < n_words; i++) {
        el_tag_word_make(text + words[i].start, words[i].end - words[i].start, &made[i]);
    }
    for (size_t i = 0; i < n_words; i++) {
        uint64_t features[EL_TAG_FEATURES];
        size_t n = el_tag_features(made, n_words, i, i >= 1 ? tags[i - 1] : EL_POS_COUNT,
                                   i >= 2 ? tags[i - 2] : EL_POS_COUNT, features);
        tags[i] = best_tag(tagger, features, n);
    }
    if (made != few) {
        free(made);
    }
    return true;
}

size_t el_noun_runs(const struct el_span *words, const enum el_pos *tags, size_t n_words,
                    struct el_span *runs) {
    size_t n = 0;
    for (size_t i = 0; i < n_words; i++) {
        bool noun = tags[i] == EL_POS_PROPN || tags[i] == EL_POS_NOUN;
        bool goes_on = i > 0 && (tags[i - 1] == EL_POS_PROPN || tags[i - 1] == EL_POS_NOUN);
        if (noun && goes_on) {
            runs[n - 1].end = words[i].end;
        } else if (noun) {
            runs[n++] = words[i];
        }
    }
    return n;
}

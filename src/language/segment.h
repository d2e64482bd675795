/* Sentence and word boundaries (ICU). Thread-safe. */
#ifndef EL_LANGUAGE_SEGMENT_H
#define EL_LANGUAGE_SEGMENT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

struct el_spans {
    struct el_span *items;
    size_t count;
};

/* Sentences of `text`, without surrounding white space; never empty spans. A line break that ends
 * a paragraph (blank line, or a line that ends without punctuation before a capital, e.g. a
 * headline) ends a sentence. `lang` may be NULL. */
bool el_segment_sentences(struct el_arena *arena, const char *text, size_t len, const char *lang,
                          struct el_spans *out, struct el_error *err);

/* Words: every maximal run ICU calls a word, number, ideograph run or symbol; punctuation marks are
 * words of their own, white space is none. Good as tokens for tagging and CoNLL output. */
bool el_segment_words(struct el_arena *arena, const char *text, size_t len, const char *lang,
                      struct el_spans *out, struct el_error *err);

#endif

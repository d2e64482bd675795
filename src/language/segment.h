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

/* Sentences of `text`, without surrounding white space; never empty spans.
 *
 * Borders are ICU's (UAX 29), less those after initials and common abbreviations ("J. K. Rowling",
 * "Dr. Weber", "3. Oktober" in German): a border inside a name costs an entity, a missing one only
 * makes a sentence longer. A blank line ends a sentence. A single line break does so only where the
 * line was broken on purpose, as after a headline or in a list: not before a small letter, and not
 * where the next word would have made the line longer than the longest of its paragraph.
 * `lang` may be NULL. */
bool el_segment_sentences(struct el_arena *arena, const char *text, size_t len, const char *lang,
                          struct el_spans *out, struct el_error *err);

/* Words: every maximal run ICU calls a word, number, ideograph run or symbol; punctuation marks are
 * words of their own, white space is none. Good as tokens for tagging and CoNLL output. */
bool el_segment_words(struct el_arena *arena, const char *text, size_t len, const char *lang,
                      struct el_spans *out, struct el_error *err);

#endif

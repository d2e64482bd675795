/* Grounding: where does a string that a model wrote stand in the sentence?
 *
 * Exact matches win. Only if there is none: white space, quotes, dashes and Unicode normal forms
 * are treated as equal; only if there is none of these either: letter case too. Where the script
 * separates words (ICU word breaks, not for Han, Kana, Thai, ...), a match must begin and end at
 * a word border. Linear in sentence length times the number of alternatives. */
#ifndef EL_CORPUS_ALIGN_H
#define EL_CORPUS_ALIGN_H

#include "base/arena.h"
#include "base/text.h"

enum el_aligned { EL_ALIGNED_NOT, EL_ALIGNED_EXACT, EL_ALIGNED_TOLERANT, EL_ALIGNED_CASE };

struct el_alignment {
    enum el_aligned how;
    struct el_span *spans; /* non-overlapping occurrences, left to right; in the arena */
    size_t count;
};

/* Occurrences of `wanted` in `text` (both valid UTF-8): all, or the first only. The reported spans
 * are bytes of `text` as it stands, so text[start..end) is the source's own spelling.
 * False only if memory is out. */
bool el_align(struct el_arena *arena, const char *text, size_t text_len, const char *wanted,
              size_t wanted_len, bool first_only, struct el_alignment *alignment);

#endif

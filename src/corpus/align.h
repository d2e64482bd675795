/* Grounding: where in the sentence is a string that a model wrote?
 *
 * Four looser and looser ways; a way is tried only if the one before found nothing:
 *   exact     byte for byte;
 *   tolerant  Unicode compatibility forms (NFKC: composed or not, full-width or not, ligatures),
 *             all quotes and all dashes alike, invisible characters left out, white space runs as
 *             one space, and none next to punctuation ("Obama 's" is "Obama's");
 *   case      also without regard to case. Not for short words where case makes another word: of
 *             up to three letters, neither "US" for a sentence's "us" or "Us" nor "us" for its
 *             "US"; of four letters not "AIDS" for "aids".
 *   marks     tolerant, and without the marks of letters, or with others: "Oyo" for "Ọ̀yọ́", "kofa"
 * for "ƙofa", "Sao" for "São". Of three letters or more, and only if the sentence has one word that
 * is like it: neither of "ọkọ̀" and "ọkọ́" for "oko".
 *
 * A match is whole words: where letters, digits or '_' meet, or a point or comma is between
 * digits, is no border. Scripts that don't set words (or their particles) apart have borders
 * everywhere: Han, Kana, Hangul, Thai, Lao, Khmer, Burmese. A match neither begins nor ends within
 * a character and its combining marks. Linear in the lengths of both strings. Thread-safe. */
#ifndef EL_CORPUS_ALIGN_H
#define EL_CORPUS_ALIGN_H

#include "base/arena.h"
#include "base/text.h"

enum el_aligned {
    EL_ALIGNED_NOT,
    EL_ALIGNED_EXACT,
    EL_ALIGNED_TOLERANT,
    EL_ALIGNED_CASE,
    EL_ALIGNED_MARKS
};

struct el_alignment {
    enum el_aligned how;
    struct el_span *spans; /* non-overlapping occurrences, left to right; in the arena */
    size_t count;
};

/* Occurrences of `wanted` in `text` (both valid UTF-8): all, or the first only. White space around
 * `wanted` is ignored; of occurrences that overlap the first one counts. The reported spans are
 * bytes of `text` as it is, so text[start..end) is the source's own spelling. False only if
 * out of memory. */
bool el_align(struct el_arena *arena, const char *text, size_t text_len, const char *wanted,
              size_t wanted_len, bool first_only, struct el_alignment *alignment);

#endif

/* What several parts of the program ask about a character: does its script put spaces between
 * words, and which quote or dash is it? Code points; pure and thread-safe. */
#ifndef EL_BASE_CHARACTERS_H
#define EL_BASE_CHARACTERS_H

#include <stdint.h>

enum el_spacing {
    EL_SPACED,           /* a space separates words */
    EL_SPACED_STEMS,     /* Hangul: it does, but particles follow a name without one */
    EL_UNSPACED_LETTERS, /* Thai, Lao, Khmer, Myanmar: it does not; lines break between words */
    EL_UNSPACED_SIGNS,   /* Han, kana, Bopomofo: it does not; lines break between any two signs */
};

enum el_spacing el_spacing_of(uint32_t c);

/* All quotes of one kind as ' or ", all dashes as -; other characters as they are. */
uint32_t el_plain_mark(uint32_t c);

#endif

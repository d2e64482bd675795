/* Universal part-of-speech tags (universaldependencies.org/u/pos). */
#ifndef EL_LANGUAGE_POS_H
#define EL_LANGUAGE_POS_H

#include <stdbool.h>

enum el_pos {
    EL_POS_ADJ,
    EL_POS_ADP,
    EL_POS_ADV,
    EL_POS_AUX,
    EL_POS_CCONJ,
    EL_POS_DET,
    EL_POS_INTJ,
    EL_POS_NOUN,
    EL_POS_NUM,
    EL_POS_PART,
    EL_POS_PRON,
    EL_POS_PROPN,
    EL_POS_PUNCT,
    EL_POS_SCONJ,
    EL_POS_SYM,
    EL_POS_VERB,
    EL_POS_X,
    EL_POS_COUNT
};

/* "ADJ" .. "X". */
const char *el_pos_name(enum el_pos pos);
bool el_pos_from_name(const char *name, enum el_pos *pos);

#endif

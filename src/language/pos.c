#include "language/pos.h"

#include <stddef.h>
#include <string.h>

static const char *const NAMES[EL_POS_COUNT] = {
    "ADJ",  "ADP",  "ADV",   "AUX",   "CCONJ", "DET", "INTJ", "NOUN", "NUM",
    "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X",
};

const char *el_pos_name(enum el_pos pos) {
    return (unsigned)pos < EL_POS_COUNT ? NAMES[pos] : NULL;
}

bool el_pos_from_name(const char *name, enum el_pos *pos) {
    for (size_t i = 0; i < EL_POS_COUNT; i++) {
        if (strcmp(name, NAMES[i]) == 0) {
            *pos = (enum el_pos)i;
            return true;
        }
    }
    return false;
}

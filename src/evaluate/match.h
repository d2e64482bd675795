/* Matching: which prediction answers which gold mention, and what that is worth.
 *
 * Every mode shares one pairing. Gold and predicted mentions are paired one to one; of all pairs
 * that overlap, the best goes first: same span and type, then same span, then same type, then any
 * overlap; among equals the larger overlap, then the earlier gold mention, then the earlier
 * prediction. (nervaluate walks the predictions in order and gives each the first free gold
 * mention it touches. It differs from ours only where one mention touches several.)
 *
 * Nested mentions are a set like any other. Pure functions. */
#ifndef EL_EVALUATE_MATCH_H
#define EL_EVALUATE_MATCH_H

#include "evaluate/tags.h"

enum el_match {
    EL_MATCH_STRICT,         /* span and type equal */
    EL_MATCH_EXACT,          /* span equal, type free (SemEval-2013) */
    EL_MATCH_PARTIAL,        /* span equal: 1; overlap: 1/2; type free (SemEval-2013) */
    EL_MATCH_TYPE,           /* any overlap, type equal (SemEval-2013) */
    EL_MATCH_CONLLEVAL,      /* strict, on tags read as conlleval reads them */
    EL_MATCH_SEQEVAL,        /* the same reading: seqeval's default */
    EL_MATCH_SEQEVAL_STRICT, /* strict, on tags as seqeval's strict mode reads them */
};

/* "strict", "exact", "partial", "type", "conlleval", "seqeval", "seqeval-strict". */
bool el_match_from_name(const char *name, enum el_match *match);
const char *el_match_name(enum el_match match);
/* Does the mode look at raw tags: conlleval, seqeval, seqeval-strict? */
bool el_match_reads_tags(enum el_match match);

/* What a gold mention and the prediction paired with it have in common. */
enum el_relation { EL_SAME, EL_SAME_SPAN, EL_OVERLAP_TYPE, EL_OVERLAP, EL_ALONE };

struct el_pairing {
    size_t *of_gold, *of_predicted; /* partner's index; SIZE_MAX = alone */
    unsigned char *relation;        /* enum el_relation, one a gold mention */
};

/* Spans must be sorted as a document's entities are (start, longer first). The arrays of *pairing
 * lie in `arena`. False only if out of memory. */
bool el_pair(struct el_arena *arena, const struct el_chunk *gold, size_t n_gold,
             const struct el_chunk *predicted, size_t n_predicted, struct el_pairing *pairing);

/* Counts as in SemEval-2013, and the credit they add up to. Over all types found == right; for one
 * type, `found` counts gold mentions of the type, `right` predictions of the type. */
struct el_tally {
    size_t gold, predicted;
    size_t correct, incorrect, partial, missed, spurious;
    double found, right; /* partial matches count 1/2 */
};

struct el_prf {
    double precision, recall, f1; /* fractions of 1; 0/0 is 0 */
};

struct el_prf el_tally_prf(const struct el_tally *tally);
void el_tally_add(struct el_tally *sum, const struct el_tally *tally);

/* The credit of a pair under `match`: 1, 1/2 or 0. */
double el_match_credit(enum el_match match, enum el_relation relation);

#endif

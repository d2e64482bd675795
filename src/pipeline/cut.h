/* Documents into sentences, and over-long sentences into overlapping pieces. */
#ifndef EL_PIPELINE_CUT_H
#define EL_PIPELINE_CUT_H

#include "corpus/document.h"

struct el_cut {
    struct el_span span; /* bytes of the document */
    struct el_span keep; /* bytes of the document: starts of the entities that count here */
};

struct el_cuts {
    struct el_cut *items; /* in the arena; in text order */
    size_t count;
};

/* A document with tokens, or one that its source has cut already, is one sentence; others are
 * segmented. Sentences of more than `max_tokens` (el_estimate_tokens; 0 = no limit) or `max_bytes`
 * (0 = no limit) are cut at word borders into pieces that overlap by about a quarter; in an
 * overlap an entity belongs to the piece on whose side of the middle it starts. Nothing of the
 * text is left out. */
bool el_cut_document(struct el_arena *arena, const struct el_document *document, const char *lang,
                     size_t max_tokens, size_t max_bytes, struct el_cuts *pieces,
                     struct el_error *err);

#endif

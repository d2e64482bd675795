/* The first stage by itself, for a sentence whose spans are given instead of asked for. */
#ifndef EL_PIPELINE_QUERY_H
#define EL_PIPELINE_QUERY_H

#include "pipeline/ensemble.h"
#include "pipeline/work.h"

/* Search the ensemble's pool. `spans` are strings, NULL = the runs of nouns of the text. Fills
 * *work: the spans with tags and weights, the demonstrations; free its arena, also on failure. */
bool el_query_pool(struct el_ensemble *ensemble, const char *text, size_t text_len,
                   const char *const *spans, size_t n_spans,
                   const struct el_search_options *options, struct el_work *work,
                   struct el_error *err);

/* Search again for the spans of a sentence that has been through the first stage, in another way.
 * *again is a copy with other demonstrations; free its arena, also on failure. */
bool el_query_again(struct el_ensemble *ensemble, const struct el_work *work,
                    const struct el_search_options *options, struct el_work *again,
                    struct el_error *err);

#endif

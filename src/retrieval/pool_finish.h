/* What the two passes of building a pool share, and the second pass. */
#ifndef EL_RETRIEVAL_POOL_FINISH_H
#define EL_RETRIEVAL_POOL_FINISH_H

#include "retrieval/intern.h"
#include "retrieval/ngram.h"
#include "retrieval/pool_map.h"
#include "retrieval/pool_write.h"

/* What the first pass has gathered. */
struct el_builder {
    const struct el_pool_build_options *options;
    const struct el_pool *base; /* the pool that is extended, or NULL */
    char *folder;               /* for spools; NULL = memory */
    struct el_output output;
    struct el_spool sentences, texts, mentions, words;
    struct el_intern strings;
    struct el_intern types;
    struct el_ngram_counts counts[2]; /* of span strings, of sentences */
    uint64_t n_sentences, n_mentions, words_total;
};

/* Pass two: vectors, and everything into the output. *fd: as el_output_finish. */
bool el_builder_finish(struct el_builder *builder, int *fd, struct el_error *err);

#endif

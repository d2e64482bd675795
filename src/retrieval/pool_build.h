/* Building a pool in two passes: what they share. Internal to src/retrieval. */
#ifndef EL_RETRIEVAL_POOL_BUILD_H
#define EL_RETRIEVAL_POOL_BUILD_H

#include "retrieval/intern.h"
#include "retrieval/pool_write.h"

struct el_builder {
    const struct el_pool_build_options *options;
    const struct el_pool *base; /* the pool that is extended, or NULL */
    char *folder;               /* for spools; NULL = memory */
    struct el_output output;
    struct el_spool sentences, texts, mentions, words;
    struct el_intern strings; /* uses: number of postings; last_used: last sentence */
    struct el_intern types;
    struct el_ngram_counts counts[2]; /* of span strings, of sentences */
    uint64_t n_sentences, n_mentions, words_total;
};

/* Build the index of a labelled file in memory; *fd is a memory file. */
bool el_pool_build_in_memory(const char *input, const struct el_pool_build_options *options,
                             int *fd, struct el_error *err);

/* Pass two: vectors, and everything into the output. *fd: as el_output_finish. */
bool el_builder_finish(struct el_builder *builder, int *fd, struct el_error *err);

#endif

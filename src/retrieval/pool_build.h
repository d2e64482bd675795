/* Building a pool; see pool.h for building into a file. */
#ifndef EL_RETRIEVAL_POOL_BUILD_H
#define EL_RETRIEVAL_POOL_BUILD_H

#include "retrieval/pool.h"

/* Build the index of a labelled file in memory; *fd is a memory file. */
bool el_pool_build_in_memory(const char *input, const struct el_pool_build_options *options,
                             int *fd, struct el_error *err);

/* The same of a pool, which may be NULL, and the documents of a reader; *fd is -1 if they have no
 * entity. */
bool el_pool_grow_in_memory(const struct el_pool *base, struct el_reader *more,
                            const struct el_pool_build_options *options, int *fd,
                            struct el_error *err);

#endif

/* Building a pool; see pool.h for building into a file. */
#ifndef EL_RETRIEVAL_POOL_BUILD_H
#define EL_RETRIEVAL_POOL_BUILD_H

#include "retrieval/pool.h"

/* Build the index of a labelled file in memory; *fd is a memory file. */
bool el_pool_build_in_memory(const char *input, const struct el_pool_build_options *options,
                             int *fd, struct el_error *err);

#endif

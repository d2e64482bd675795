/* Writing a pool file: spools that collect a section while it grows, and the output, which is
 * written from front to back with a checksum for each block.
 *
 * Spools and the output have no name while they are written (new_file.h), so a killed build leaves
 * nothing behind. */
#ifndef EL_RETRIEVAL_POOL_WRITE_H
#define EL_RETRIEVAL_POOL_WRITE_H

#include "base/buffer.h"
#include "base/new_file.h"
#include "retrieval/pool_format.h"

#include <stdio.h>

/* Where files go: a folder, or memory only (folder NULL). */
struct el_spool {
    FILE *file;
    uint64_t bytes;
    const void *map; /* after el_spool_map */
};

bool el_spool_open(struct el_spool *spool, const char *folder, struct el_error *err);
bool el_spool_add(struct el_spool *spool, const void *bytes, size_t len, struct el_error *err);
/* All that was added, readable until closed. Nothing may be added afterwards. */
bool el_spool_map(struct el_spool *spool, struct el_error *err);
void el_spool_close(struct el_spool *spool);

struct el_output {
    struct el_new_file file; /* without a path: in memory only */
    struct el_pool_header header;
    unsigned char *block;
    size_t fill;
    uint64_t offset; /* of the next byte */
    int section;     /* the one being written; -1 = none */
    struct el_buffer table;
};

/* `path` NULL = memory only. A path that is not an ordinary file is EL_ERR_CONFIG. */
bool el_output_open(struct el_output *output, const char *path, struct el_error *err);
bool el_output_section(struct el_output *output, enum el_section section, struct el_error *err);
bool el_output_add(struct el_output *output, const void *bytes, size_t len, struct el_error *err);
/* A whole section from a spool. */
bool el_output_spool(struct el_output *output, enum el_section section, struct el_spool *spool,
                     struct el_error *err);
/* Write checksum table and header, synchronise and rename. *fd gets the file where it stays in
 * memory. */
bool el_output_finish(struct el_output *output, int *fd, struct el_error *err);
void el_output_close(struct el_output *output);

#endif

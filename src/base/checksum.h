/* A fast 64-bit checksum for blocks of files: XXH64 with seed 0 (xxhash.com, specification
 * in its repository). It finds damage, not forgery; names and identities use SHA-256. Pure. */
#ifndef EL_BASE_CHECKSUM_H
#define EL_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint64_t el_checksum(const void *bytes, size_t len);

#endif

/* Hashes of files, remembered in the store. */
#ifndef EL_STORE_FILE_HASH_H
#define EL_STORE_FILE_HASH_H

#include "store/store.h"

/* The hash of a file's contents, remembered in the store by path, size and time of change, since
 * hashing a large model takes many seconds. `store` may be NULL. */
bool el_store_file_hash(struct el_store *store, const char *path, char hex[EL_SHA256_HEX],
                        struct el_error *err);

#endif

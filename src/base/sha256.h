/* SHA-256 (FIPS 180-4), for names of models, prompts and stored replies; not for secrets. */
#ifndef EL_BASE_SHA256_H
#define EL_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct el_sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    unsigned char block[64];
};

enum { EL_SHA256_HEX = 65 }; /* 64 digits and NUL */

void el_sha256_start(struct el_sha256 *hash);
void el_sha256_add(struct el_sha256 *hash, const void *bytes, size_t len);
/* Lower-case hex digits and NUL. The hash must be started again before further use. */
void el_sha256_finish(struct el_sha256 *hash, char hex[EL_SHA256_HEX]);

/* The same for bytes that are all there. */
void el_sha256_of(const void *bytes, size_t len, char hex[EL_SHA256_HEX]);

#endif

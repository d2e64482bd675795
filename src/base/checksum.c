#include "base/checksum.h"

#include <string.h>

#define PRIME1 0x9E3779B185EBCA87u
#define PRIME2 0xC2B2AE3D27D4EB4Fu
#define PRIME3 0x165667B19E3779F9u
#define PRIME4 0x85EBCA77C2B2AE63u
#define PRIME5 0x27D4EB2F165667C5u

static uint64_t rotate(uint64_t x, unsigned by) {
    return x << by | x >> (64 - by);
}

static uint64_t read64(const unsigned char *at) {
    uint64_t x;
    memcpy(&x, at, sizeof x);
    return x;
}

static uint64_t read32(const unsigned char *at) {
    uint32_t x;
    memcpy(&x, at, sizeof x);
    return x;
}

static uint64_t mix(uint64_t lane, uint64_t input) {
    return rotate(lane + input * PRIME2, 31) * PRIME1;
}

static uint64_t merge(uint64_t hash, uint64_t lane) {
    return (hash ^ mix(0, lane)) * PRIME1 + PRIME4;
}

uint64_t el_checksum(const void *bytes, size_t len) {
    const unsigned char *at = bytes, *end = at + len;
    uint64_t hash = PRIME5;
    if (len >= 32) {
        /* Four independent lanes keep the multiplier busy: about as fast as memory. */
        uint64_t a = PRIME1 + PRIME2, b = PRIME2, c = 0, d = 0 - PRIME1;
        for (; end - at >= 32; at += 32) {
            a = mix(a, read64(at));
            b = mix(b, read64(at + 8));
            c = mix(c, read64(at + 16));
            d = mix(d, read64(at + 24));
        }
        hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
        hash = merge(merge(merge(merge(hash, a), b), c), d);
    }
    hash += len;
    for (; end - at >= 8; at += 8) {
        hash = rotate(hash ^ mix(0, read64(at)), 27) * PRIME1 + PRIME4;
    }
    if (end - at >= 4) {
        hash = rotate(hash ^ read32(at) * PRIME1, 23) * PRIME2 + PRIME3;
        at += 4;
    }
    for (; at < end; at++) {
        hash = rotate(hash ^ *at * PRIME5, 11) * PRIME1;
    }
    hash = (hash ^ hash >> 33) * PRIME2;
    hash = (hash ^ hash >> 29) * PRIME3;
    return hash ^ hash >> 32;
}

/* Seeded random numbers: the same sequence everywhere. Pure but for the caller's state. */
#ifndef EL_BASE_RANDOM_H
#define EL_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* The generator (splitmix64): next number of the sequence that `*state` stands for. */
uint64_t el_random(uint64_t *state);

/* Uniform in [0, limit), without bias; limit > 0. */
size_t el_random_below(uint64_t *state, size_t limit);

#endif

/* Weights as GGUF files store them: blocks of quantised numbers. Sums and products are made one by
 * one in 32 bits, so that every machine gets the same bits. */
#ifndef EL_MODELS_WEIGHTS_H
#define EL_MODELS_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EL_WEIGHTS_Q4_0 = 2, EL_MOST_IN_BLOCK = 256 };

/* How many weights a block of this type of GGUF tensors holds, and how many bytes it takes. False
 * if the type is not known here. */
bool el_weights_block(uint32_t type, size_t *weights, size_t *bytes);

/* The weights of one block, of a known type. */
void el_weights_read(uint32_t type, const uint8_t *block, float *out);

/* 32 weights as a block of Q4_0, which takes 18 bytes: whole numbers from -8 to 7, times one scale.
 * Of the scales that are tried, the block has the one with the least squared error. */
void el_weights_write_q4_0(const float *weights, uint8_t *block);

#endif

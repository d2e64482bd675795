/* Tokens without a tokenizer. */
#ifndef EL_SERVING_TOKENS_H
#define EL_SERVING_TOKENS_H

#include <stddef.h>

/* The same tokenisation-free estimate everywhere: an upper-side guess of the tokens of a text. */
size_t el_estimate_tokens(const char *text, size_t len);

#endif

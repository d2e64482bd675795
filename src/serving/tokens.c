/* How many tokens a text will take, without its tokenizer. Sub-word vocabularies spend about one
 * token on three letters of rare words, one on a punctuation mark, and up to two on a character
 * outside ASCII; guessing high costs a demonstration, guessing low costs a refused call. */
#include "serving/tokens.h"

#include <stdbool.h>

static bool word_byte(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

size_t el_estimate_tokens(const char *text, size_t len) {
    size_t tokens = 0, run = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (word_byte(c)) {
            run++;
            continue;
        }
        tokens += (run + 2) / 3;
        run = 0;
        if (c >= 0xc0) {
            tokens += 2; /* the first byte of a character; those that follow count nothing */
        } else if (c < 0x80 && c > ' ') {
            tokens++;
        }
    }
    return tokens + (run + 2) / 3;
}

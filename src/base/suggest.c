#include "base/suggest.h"

#include "base/ascii.h"

#include <string.h>

enum { LONGEST = 48 };

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Optimal string alignment distance; three rows are enough for swaps of neighbours. */
static size_t distance(const char *a, const char *b) {
    size_t rows[3][LONGEST + 1];
    size_t len_a = strlen(a), len_b = strlen(b);
    for (size_t j = 0; j <= len_b; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= len_a; i++) {
        size_t *now = rows[i % 3], *before = rows[(i - 1) % 3], *earlier = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= len_b; j++) {
            char x = el_ascii_lower(a[i - 1]), y = el_ascii_lower(b[j - 1]);
            now[j] = least(least(before[j], now[j - 1]) + 1, before[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == el_ascii_lower(b[j - 2]) && el_ascii_lower(a[i - 2]) == y) {
                now[j] = least(now[j], earlier[j - 2] + 1);
            }
        }
    }
    return rows[len_a % 3][len_b];
}

const char *el_suggest(const char *word, const char *const *choices, size_t n_choices) {
    size_t len = strlen(word);
    if (len == 0 || len > LONGEST) {
        return NULL;
    }
    const char *best = NULL;
    size_t best_distance = len / 3 + (len < 6) + 1;
    for (size_t i = 0; i < n_choices; i++) {
        size_t choice_len = strlen(choices[i]);
        if (choice_len > LONGEST) {
            continue;
        }
        size_t d = distance(word, choices[i]);
        if (d < best_distance && d < choice_len) {
            best = choices[i];
            best_distance = d;
        }
    }
    return best;
}

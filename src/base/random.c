#include "base/random.h"

uint64_t el_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Lemire's method: the high half of a product is the number; the few low halves that would make
 * some numbers likelier are drawn again. A division is needed only then. */
size_t el_random_below(uint64_t *state, size_t limit) {
    if (limit > UINT32_MAX) { /* no set of documents is that large; kept right all the same */
        return (size_t)(el_random(state) % limit);
    }
    uint32_t n = (uint32_t)limit;
    uint64_t product = (el_random(state) >> 32) * n;
    if ((uint32_t)product < n) {
        uint32_t unfair = -n % n;
        while ((uint32_t)product < unfair) {
            product = (el_random(state) >> 32) * n;
        }
    }
    return (size_t)(product >> 32);
}

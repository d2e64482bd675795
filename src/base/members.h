/* Sets of members: the n-th bit is the n-th member in listed order. */
#ifndef EL_BASE_MEMBERS_H
#define EL_BASE_MEMBERS_H

#include <stddef.h>
#include <stdint.h>

typedef uint32_t el_member_set;

enum { EL_MAX_MEMBERS = 32 };

/* The first n members. */
static inline el_member_set el_first_members(size_t n) {
    return (el_member_set)((UINT64_C(1) << n) - 1);
}

/* The summed weight of the members in `set`; `weights` NULL = how many they are. */
static inline double el_member_set_weight(el_member_set set, const double *weights) {
    double sum = 0;
    for (unsigned member = 0; member < EL_MAX_MEMBERS; member++) {
        if (set >> member & 1u) {
            sum += weights != NULL ? weights[member] : 1;
        }
    }
    return sum;
}

#endif

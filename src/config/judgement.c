#include "config/judgement.h"

const char *const el_judge_trait_names[] = {"bias", "words", "capital", "digit", "name",
                                            "run",  "shown", "margin",  "pool"};

size_t el_judge_size(size_t n_members, size_t n_types) {
    return el_judge_of_type(n_members, n_types);
}

size_t el_judge_listed(size_t member) {
    return EL_JUDGE_TRAITS + member;
}

size_t el_judge_share(size_t n_members, size_t member) {
    return EL_JUDGE_TRAITS + n_members + member;
}

size_t el_judge_yes(size_t n_members, size_t member) {
    return EL_JUDGE_TRAITS + 2 * n_members + member;
}

size_t el_judge_of_type(size_t n_members, size_t type) {
    return EL_JUDGE_TRAITS + 3 * n_members + type;
}

struct el_judge *el_judge_new(struct el_arena *arena, size_t n_members, size_t n_types) {
    struct el_judge *judge = el_arena_alloc(arena, sizeof *judge);
    if (judge == NULL) {
        return NULL;
    }
    size_t n = el_judge_size(n_members, n_types);
    *judge = (struct el_judge){.n_members = n_members,
                               .n_types = n_types,
                               .trust = el_arena_array(arena, n_members, sizeof(double)),
                               .type_bias = el_arena_array(arena, n_types, sizeof(double)),
                               .weights = el_arena_array(arena, n, sizeof(double))};
    return judge->trust != NULL && judge->type_bias != NULL && judge->weights != NULL ? judge
                                                                                      : NULL;
}

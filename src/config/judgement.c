#include "config/judgement.h"

#include <string.h>

const char *const el_judge_kind_names[] = {"fitted", "general", "trained", "labels"};
const char *const el_judge_trait_names[] = {"bias", "words", "capital", "digit",  "name",
                                            "run",  "shown", "margin",  "single", "pool"};

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

bool el_judge_hears_members(const struct el_judge *judge) {
    bool hears = false;
    for (size_t m = 0; !hears && m < judge->n_members; m++) {
        hears = judge->trust[m] != 0 || judge->weights[el_judge_listed(m)] != 0 ||
                judge->weights[el_judge_share(judge->n_members, m)] != 0 ||
                judge->weights[el_judge_yes(judge->n_members, m)] != 0;
    }
    return hears;
}

enum el_judge_kind el_judge_unfitted(const struct el_judge *judge) {
    return judge != NULL && judge->kind == EL_JUDGE_TRAINED ? EL_JUDGE_TRAINED : EL_JUDGE_GENERAL;
}

struct numbers {
    double traits[EL_JUDGE_TRAITS];
    double listed; /* of each member */
    double share;  /* of all members together */
    double threshold;
};

/* bench/general-judge prints these: bias, words, capital, digit, name, run, shown, margin, single,
 * pool. */
static const struct numbers GENERAL = {{-0.86, 0.42, 0.1, -0.1, 0.71, 0.09, 0.7, 0.19, 0, 0.55},
                                       .listed = 0.46,
                                       .share = 0.19,
                                       .threshold = 0.25};
static const struct numbers TRAINED = {
    {0.27, -0.08, 0.13, -0.33, 0.12, 0.06, 0.26, 0.15, -0.66, 0.4},
    .listed = 1.39,
    .share = 0.16,
    .threshold = 0.25};
static const double LABELS_THRESHOLD = 0.2;
static const double TRUST = 1, TRUST_POOL = 1; /* of all members together */

struct el_judge *el_judge_of_kind(struct el_arena *arena, enum el_judge_kind kind, size_t n_members,
                                  size_t n_types) {
    struct el_judge *judge = el_judge_new(arena, n_members, n_types);
    if (judge == NULL) {
        return NULL;
    }
    judge->kind = kind;
    if (kind == EL_JUDGE_LABELS) {
        judge->threshold = LABELS_THRESHOLD;
        judge->trust_pool = 1;
        judge->weights[EL_JUDGE_POOL] = 1;
        return judge;
    }
    const struct numbers *numbers = kind == EL_JUDGE_TRAINED ? &TRAINED : &GENERAL;
    judge->threshold = numbers->threshold;
    judge->trust_pool = TRUST_POOL;
    memcpy(judge->weights, numbers->traits, sizeof numbers->traits);
    for (size_t m = 0; m < n_members; m++) {
        judge->trust[m] = TRUST / (double)n_members;
        judge->weights[el_judge_listed(m)] = numbers->listed;
        judge->weights[el_judge_share(n_members, m)] = numbers->share / (double)n_members;
    }
    return judge;
}

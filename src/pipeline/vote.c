#include "pipeline/vote.h"

#include "base/locale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Weights are sums of user-given decimals: 0.1 + 0.2 and 0.3 are meant to be a tie. */
static const double SAME = 1e-9;

static int by_weight(double a, double b) {
    return a > b + SAME ? -1 : a < b - SAME ? 1 : 0;
}

static unsigned earliest(el_member_set set) {
    return set == 0 ? EL_MAX_MEMBERS : (unsigned)__builtin_ctz(set);
}

bool el_keep_parse(const char *text, struct el_keep *keep) {
    if (strcmp(text, "majority") == 0) {
        *keep = (struct el_keep){.kind = EL_KEEP_MAJORITY};
        return true;
    }
    bool span = strncmp(text, "span:", 5) == 0;
    if (!span && strncmp(text, "pair:", 5) != 0) {
        return false;
    }
    const char *number = text + 5;
    if (*number < '0' || *number > '9') { /* el_number() would take " 2", "+2", "inf" and "nan" */
        return false;
    }
    char *end;
    double m = el_number(number, &end);
    if (*end != '\0' || !(m > 0) || !isfinite(m)) {
        return false;
    }
    *keep = (struct el_keep){.kind = span ? EL_KEEP_SPAN : EL_KEEP_PAIR, .m = m};
    return true;
}

static int compare_votes(const struct el_vote *a, const struct el_vote *b, const double *weights) {
    int order = by_weight(el_member_set_weight(a->voters, weights),
                          el_member_set_weight(b->voters, weights));
    if (order == 0) {
        unsigned first_a = earliest(a->voters), first_b = earliest(b->voters);
        order = (first_a > first_b) - (first_a < first_b);
    }
    return order != 0 ? order : strcmp(a->type, b->type);
}

/* An insertion sort, because qsort has no place for `weights`; a span has a handful of types. */
void el_votes_sort(struct el_vote *votes, size_t n_votes, const double *weights) {
    for (size_t i = 1; i < n_votes; i++) {
        struct el_vote vote = votes[i];
        size_t at = i;
        while (at > 0 && compare_votes(&vote, &votes[at - 1], weights) < 0) {
            votes[at] = votes[at - 1];
            at--;
        }
        votes[at] = vote;
    }
}

static void add_vote(struct el_vote *votes, size_t *n_votes, const char *type, unsigned member) {
    size_t i = 0;
    while (i < *n_votes && strcmp(votes[i].type, type) != 0) {
        i++;
    }
    if (i == *n_votes) {
        votes[(*n_votes)++] = (struct el_vote){.type = type};
    }
    votes[i].voters |= 1u << member;
}

bool el_votes_count(struct el_arena *arena, const char *const *choices, size_t n_members,
                    const double *weights, struct el_vote **votes, size_t *n_votes) {
    n_members = n_members < EL_MAX_MEMBERS ? n_members : EL_MAX_MEMBERS;
    *n_votes = 0;
    *votes = el_arena_array(arena, n_members, sizeof **votes);
    if (*votes == NULL) {
        return false;
    }
    for (unsigned member = 0; member < n_members; member++) {
        if (choices[member] != NULL) {
            add_vote(*votes, n_votes, choices[member], member);
        }
    }
    el_votes_sort(*votes, *n_votes, weights);
    return true;
}

/* The worst for the leader is that all pending members vote for one rival. Only then can the
 * rival reach a tie as well, so the tie rule needs no other case. */
bool el_votes_decided(const struct el_vote *votes, size_t n_votes, el_member_set pending,
                      const double *weights) {
    if (n_votes == 0) {
        return false;
    }
    double lead = el_member_set_weight(votes[0].voters, weights);
    for (size_t i = 1; i <= n_votes; i++) { /* i == n_votes: a type nobody named yet */
        el_member_set rival = (i < n_votes ? votes[i].voters : 0) | pending;
        int order = by_weight(lead, el_member_set_weight(rival, weights));
        if (order > 0 || (order == 0 && earliest(rival) < earliest(votes[0].voters))) {
            return false;
        }
    }
    return true;
}

bool el_votes_agree(el_member_set extracted_by, const struct el_vote *votes, size_t n_votes,
                    unsigned m) {
    return m > 0 && n_votes > 0 &&
           (unsigned)__builtin_popcount(extracted_by & votes[0].voters) >= m;
}

static int by_span(const void *left, const void *right) {
    const struct el_proposal *a = left, *b = right;
    return el_span_order(a->span, b->span);
}

bool el_keeps(struct el_keep keep, el_member_set proposers, el_member_set voters,
              el_member_set answered, const double *weights) {
    double span = el_member_set_weight(proposers, weights);
    switch (keep.kind) {
    case EL_KEEP_SPAN:
        return span >= keep.m - SAME;
    case EL_KEEP_PAIR:
        return el_member_set_weight(proposers & voters, weights) >= keep.m - SAME;
    case EL_KEEP_MAJORITY:
        return span > el_member_set_weight(answered, weights) / 2 + SAME;
    }
    return false;
}

bool el_combine(struct el_arena *arena, const struct el_proposal *proposals, size_t n_proposals,
                el_member_set answered, const double *weights, struct el_keep keep,
                struct el_entity **entities, size_t *n_entities) {
    *n_entities = 0;
    *entities = el_arena_array(arena, n_proposals, sizeof **entities);
    struct el_proposal *sorted = el_arena_array(arena, n_proposals, sizeof *sorted);
    if (*entities == NULL || sorted == NULL) {
        return false;
    }
    if (n_proposals > 0) {
        memcpy(sorted, proposals, n_proposals * sizeof *sorted);
        qsort(sorted, n_proposals, sizeof *sorted, by_span);
    }
    double all = el_member_set_weight(answered, weights);
    for (size_t begin = 0, end; begin < n_proposals; begin = end) {
        end = begin + 1;
        while (end < n_proposals && by_span(&sorted[begin], &sorted[end]) == 0) {
            end++;
        }
        struct el_entity entity = {.span = sorted[begin].span, .has_evidence = true};
        struct el_vote *votes = el_arena_array(arena, end - begin, sizeof *votes);
        if (votes == NULL) {
            return false;
        }
        for (size_t i = begin; i < end; i++) {
            entity.extracted_by |= 1u << sorted[i].member;
            if (sorted[i].type != NULL) {
                add_vote(votes, &entity.n_votes, sorted[i].type, sorted[i].member);
            }
        }
        el_votes_sort(votes, entity.n_votes, weights);
        entity.votes = votes;
        if (entity.n_votes > 0 &&
            el_keeps(keep, entity.extracted_by, votes[0].voters, answered, weights)) {
            entity.type = votes[0].type;
            entity.score =
                all > 0 ? el_member_set_weight(votes[0].voters, weights) / all : (double)NAN;
            (*entities)[(*n_entities)++] = entity;
        }
    }
    return true;
}

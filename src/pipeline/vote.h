/* Voting: what several members propose becomes one set of entities. The stages, `combine` and the
 * ablation count votes and keep spans by these functions, so that "span:2" means the same in all
 * of them. Verification counts verdicts by itself (verify.c).
 *
 * All functions are pure and deterministic: the result depends on the members' order (it decides
 * ties) and never on the order of the proposals. Thread-safe.
 *
 * Paper: stage 3 "majority vote"; rules for ties, weights and agreement are ours. */
#ifndef EL_PIPELINE_VOTE_H
#define EL_PIPELINE_VOTE_H

#include "corpus/document.h"
#include "corpus/flat.h"

/* One member's word: this span is of this type. */
struct el_proposal {
    struct el_span span; /* bytes */
    const char *type;    /* NULL = proposed without a type: counts for the span only */
    unsigned member;     /* < EL_MAX_MEMBERS */
};

enum el_keep_kind {
    EL_KEEP_SPAN,     /* span:m  at least m members propose exactly this span */
    EL_KEEP_PAIR,     /* pair:m  at least m members propose exactly this span with this type */
    EL_KEEP_MAJORITY, /* more than half of the members that answered propose exactly this span */
};

struct el_keep {
    enum el_keep_kind kind;
    double m; /* SPAN and PAIR; in members, or in summed weight where members have weights */
};

/* "span:2", "pair:3", "majority"; m is a number above 0. False for anything else. */
bool el_keep_parse(const char *text, struct el_keep *keep);

/* The one rule by which a span is kept, or not: `proposers` propose it, `voters` voted for its type
 * (they need not be the same), `answered` answered at all. `weights`: one for each member; NULL =
 * all 1. */
bool el_keeps(struct el_keep keep, el_member_set proposers, el_member_set voters,
              el_member_set answered, const double *weights);

/* Sort votes so that votes[0] holds the winning type: by weight of its voters, most first; a tie
 * goes to the type with the earliest listed voter, then to the smaller name in byte order.
 * `weights`: one a member, not negative; NULL = all 1. */
void el_votes_sort(struct el_vote *votes, size_t n_votes, const double *weights);

/* The votes of one span from each member's choice (NULL = abstained), sorted as above.
 * `choices` has n_members items; equal strings are one type. False only if out of memory. */
bool el_votes_count(struct el_arena *arena, const char *const *choices, size_t n_members,
                    const double *weights, struct el_vote **votes, size_t *n_votes);

/* True if no answers of the `pending` members can take the lead from votes[0] (sorted votes; with
 * none, false): they need not be asked. */
bool el_votes_decided(const struct el_vote *votes, size_t n_votes, el_member_set pending,
                      const double *weights);

/* True if at least `m` members both extracted the span and voted for its winning type: the rule
 * `agreement_skips` by which a pair needs no verification. m = 0 is never true. */
bool el_votes_agree(el_member_set extracted_by, const struct el_vote *votes, size_t n_votes,
                    unsigned m);

/* Combine the proposals for one sentence or document. Each span gives at most one entity, of the
 * type that el_votes_sort() puts first; it is kept if `keep` says so. A member that proposes the
 * same span twice counts once for the span, and once for each of the types. Overlapping spans all
 * stay (see el_flatten).
 *
 * `answered`: members that answered at all; only EL_KEEP_MAJORITY looks at it. A span:m or pair:m
 * above the number of answers keeps nothing, it is not lowered.
 *
 * *entities: in `arena`, sorted as in a document, with evidence (extracted_by = who proposed the
 * span); score = weight of the winning type's voters / weight of `answered`, NAN if that is 0.
 * Type strings are not copied. A span of typeless proposals only has no type to win and is left
 * out. False only if out of memory. */
bool el_combine(struct el_arena *arena, const struct el_proposal *proposals, size_t n_proposals,
                el_member_set answered, const double *weights, struct el_keep keep,
                struct el_entity **entities, size_t *n_entities);

#endif

/* The fitted judgement: which type a candidate has, and how probable it is that both are right.
 *
 * Type, a conditional logit (McFadden 1974, "Conditional logit analysis of qualitative choice
 * behavior") over the members' probabilities and those of the pool's labels (retrieval/prior.h),
 * with a bias for each type:
 *
 *     P(t) ~ exp(type_bias[t] + sum_m trust[m] * log P_m(t) + trust_pool * log P_pool(t))
 *
 * Right or not, a logistic regression over what is known of the candidate with this type:
 *
 *     P = 1 / (1 + exp(-w * x))
 *
 * Where a member gave only a word, the word counts as a probability of WORD. Where some members are
 * not asked about a sentence, because of its language, what those that are asked say of types
 * counts as much as all would, unless the numbers were fitted to these members. In the general
 * judgement a larger model counts more than a smaller one (docs/measurements.md). */
#ifndef EL_PIPELINE_JUDGE_H
#define EL_PIPELINE_JUDGE_H

#include "pipeline/work.h"

/* log P_m(t) of a mention, for each type: n_types numbers. Equal ones if the member gave no type.
 */
void el_judge_shares(const struct el_context *context, const struct el_mention *mention,
                     size_t member, double *logs);

/* The same for what the pool's labels say; zeros where they are not looked at. */
void el_judge_prior_shares(const struct el_context *context, const struct el_mention *mention,
                           double *logs);

/* How much a member counts beside the others of `members`, 1 in the mean, by a judgement of this
 * kind: in the general one by its size, where the sizes of all are known; else all alike. 0 if it
 * is not one of them. */
double el_judge_part(const struct el_context *context, enum el_judge_kind kind,
                     el_member_set members, size_t member);

/* The most probable type of a mention, the first of equal ones; *margin = log of its probability
 * over that of the next (a constant if there is no other). `scratch`: 2 * n_types numbers. */
int el_judge_type(const struct el_context *context, const struct el_judge *judge,
                  const struct el_work *work, const struct el_mention *mention, double *scratch,
                  double *margin);

/* x for a mention with its type: el_judge_size() numbers. `scratch` as above. */
void el_judge_features(const struct el_context *context, const struct el_judge *judge,
                       const struct el_work *work, const struct el_mention *mention,
                       double *scratch, double *x);

/* Before classification: would the mention be dropped whatever members and verifiers answer?
 * `scratch` as above, `x` as above. */
bool el_judge_rules_out(const struct el_context *context, const struct el_judge *judge,
                        const struct el_work *work, const struct el_mention *mention,
                        double *scratch, double *x);

/* For the stages: what need not be asked about, before classification; types after classification;
 * what is dropped after verification. */
bool el_judge_hopeless(const struct el_context *context, struct el_work *work,
                       struct el_error *err);
bool el_judge_types(const struct el_context *context, struct el_work *work, struct el_error *err);
bool el_judge_candidates(const struct el_context *context, struct el_work *work,
                         struct el_error *err);

#endif

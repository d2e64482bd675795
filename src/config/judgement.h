/* A fitted judgement of candidates, as `el4ner tune` writes it into the configuration under
 * `judge`. Numbers only; pipeline/judge.h says what they mean and applies them. */
#ifndef EL_CONFIG_JUDGEMENT_H
#define EL_CONFIG_JUDGEMENT_H

#include "base/arena.h"

#include <stdbool.h>

/* What is known of a candidate and its type, apart from what the members say. */
enum el_judge_trait {
    EL_JUDGE_BIAS,    /* 1 */
    EL_JUDGE_WORDS,   /* log of the number of its words */
    EL_JUDGE_CAPITAL, /* 1 if it begins with a capital letter */
    EL_JUDGE_DIGIT,   /* 1 if it holds a digit */
    EL_JUDGE_NAME,    /* 1 if a word of it is tagged as a name */
    EL_JUDGE_RUN,     /* 1 if it is a whole run of nouns and names, else -1 */
    EL_JUDGE_SHOWN,   /* 1 if a demonstration shows it with this type, -1 otherwise than so */
    EL_JUDGE_MARGIN,  /* log of the type's probability over that of the next */
    EL_JUDGE_SINGLE,  /* 1 if one member only was asked about the sentence */
    EL_JUDGE_POOL,    /* the logit of its probability by the pool's labels; 0 = not known */
    EL_JUDGE_TRAITS
};
extern const char *const el_judge_trait_names[EL_JUDGE_TRAITS];

/* Where the numbers are from. */
enum el_judge_kind {
    EL_JUDGE_FITTED,  /* to the ensemble and its pool; types that were unknown then are an error */
    EL_JUDGE_GENERAL, /* to several sets and ensembles at once */
    EL_JUDGE_TRAINED, /* the same, for members that were trained for el4ner's conversation */
    EL_JUDGE_LABELS,  /* what the pool's labels say, and nothing else */
    EL_JUDGE_KINDS
};
extern const char *const el_judge_kind_names[EL_JUDGE_KINDS];

struct el_judge {
    size_t n_members, n_types;
    enum el_judge_kind kind;
    double *trust;     /* by member: how much its type probabilities count ... */
    double trust_pool; /* ... and those of the pool's labels */
    double *type_bias; /* by type */
    double *weights;   /* el_judge_size() of them */
    double threshold;  /* a candidate less probable is dropped */
};

/* The weights: the traits, then by member whether it listed the span, its probability of the type
 * and its "yes", then the types. */
size_t el_judge_size(size_t n_members, size_t n_types);
size_t el_judge_listed(size_t member);
size_t el_judge_share(size_t n_members, size_t member);
size_t el_judge_yes(size_t n_members, size_t member);
size_t el_judge_of_type(size_t n_members, size_t type);

/* Does anything that a member says count? If not, none need be asked where the pool's labels name
 * the candidates. */
bool el_judge_hears_members(const struct el_judge *judge);

/* A judgement that is not fitted to the ensemble, alike for all members and types. The general one
 * and that of trained members are for ensembles that nobody has tuned: the numbers that fit several
 * sets at once (docs/measurements.md); a verifier may drop what they keep. Members that were
 * trained are believed more. That of the labels hears nobody (docs/languages.md). NULL if out of
 * memory. */
struct el_judge *el_judge_of_kind(struct el_arena *arena, enum el_judge_kind kind, size_t n_members,
                                  size_t n_types);

/* The kind of judgement for such members where there is none, or another: TRAINED or GENERAL. NULL
 * is allowed. */
enum el_judge_kind el_judge_unfitted(const struct el_judge *judge);

/* All numbers 0. NULL if out of memory. */
struct el_judge *el_judge_new(struct el_arena *arena, size_t n_members, size_t n_types);

#endif

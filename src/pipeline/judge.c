#include "pipeline/judge.h"

#include "base/ascii.h"
#include "base/logistic.h"

#include <math.h>
#include <string.h>
#include <unicode/uchar.h>

/* A word without a probability counts as this; no probability as less than LEAST, so that one
 * member alone cannot rule a type out; no logit as more than MOST. */
static const double WORD = 0.9, LEAST = 0.002, MOST = 5;

/* That a pool of few mentions does not know a span says little: what it says is drawn towards
 * UNKNOWN, a logit, and away from any type, as if it had FEW mentions more that say nothing. */
static const double FEW = 10, UNKNOWN = -1.5;

/* A model of HALF billion parameters counts half of what the largest could. */
static const double HALF = 1;

static double clipped_log(double p) {
    return log(p < LEAST ? LEAST : p > 1 ? 1 : p);
}

void el_judge_shares(const struct el_context *context, const struct el_mention *mention,
                     size_t member, double *logs) {
    size_t n = context->n_types;
    const float *told = mention->shares[member];
    const char *word = mention->choice[member];
    double rest = n > 1 ? (1 - WORD) / (double)(n - 1) : LEAST;
    for (size_t t = 0; t < n; t++) {
        bool chosen = word != NULL && strcmp(word, context->asked[t].name) == 0;
        double p = told != NULL   ? (double)told[t]
                   : word == NULL ? 1 / (double)n
                   : chosen       ? WORD
                                  : rest;
        logs[t] = clipped_log(p);
    }
}

void el_judge_prior_shares(const struct el_context *context, const struct el_mention *mention,
                           double *logs) {
    for (size_t t = 0; t < context->n_types; t++) {
        logs[t] = mention->prior_shares != NULL ? clipped_log((double)mention->prior_shares[t]) : 0;
    }
}

/* How much of what the pool's labels say is heard: all of it where nothing else is, beside members
 * that were trained, which list little that is wrong, and by numbers that were fitted with it. */
static double part_of_pool(const struct el_context *context, const struct el_judge *judge) {
    if (judge->kind != EL_JUDGE_GENERAL || context->pool == NULL) {
        return 1;
    }
    double mentions = (double)el_pool_get_info(context->pool)->n_spans;
    return mentions / (mentions + FEW);
}

/* In an ensemble that nobody has tuned or trained, a larger model counts more than a smaller one.
 * Beyond some billion parameters there is little between them. */
static double by_size(const struct el_context *context, size_t member) {
    double billions = context->capabilities[member]->parameters;
    return billions / (billions + HALF);
}

double el_judge_part(const struct el_context *context, enum el_judge_kind kind,
                     el_member_set members, size_t member) {
    if ((members >> member & 1) == 0) {
        return 0;
    }
    bool sized = kind == EL_JUDGE_GENERAL;
    double all = 0;
    for (size_t m = 0; sized && m < context->n_members; m++) {
        if ((members >> m & 1) != 0) {
            sized = context->capabilities[m]->parameters > 0;
            all += by_size(context, m);
        }
    }
    return sized ? by_size(context, member) * __builtin_popcount(members) / all : 1;
}

/* Are the numbers taken as they are, whoever is asked? */
static bool is_whole(const struct el_judge *judge, const struct el_work *work) {
    return judge->kind == EL_JUDGE_FITTED || work->members == 0;
}

/* How much of its number for what it lists a member has. */
static double part_of(const struct el_context *context, const struct el_judge *judge,
                      const struct el_work *work, size_t member) {
    return is_whole(judge, work) ? 1 : el_judge_part(context, judge->kind, work->members, member);
}

/* The same for types: there its number is a share of one for all members. */
static double part_of_all(const struct el_context *context, const struct el_judge *judge,
                          const struct el_work *work, size_t member) {
    double shares =
        is_whole(judge, work) ? 1 : (double)judge->n_members / __builtin_popcount(work->members);
    return shares * part_of(context, judge, work, member);
}

int el_judge_type(const struct el_context *context, const struct el_judge *judge,
                  const struct el_work *work, const struct el_mention *mention, double *scratch,
                  double *margin) {
    size_t n = context->n_types;
    double *sums = scratch, *logs = scratch + n;
    double trust_pool = judge->trust_pool * part_of_pool(context, judge);
    memcpy(sums, judge->type_bias, n * sizeof *sums);
    el_judge_prior_shares(context, mention, logs);
    for (size_t t = 0; t < n; t++) {
        sums[t] += trust_pool * logs[t];
    }
    for (size_t m = 0; m < context->n_members; m++) {
        double trust = judge->trust[m] * part_of_all(context, judge, work, m);
        el_judge_shares(context, mention, m, logs);
        for (size_t t = 0; t < n; t++) {
            sums[t] += trust * logs[t];
        }
    }
    size_t best = 0;
    for (size_t t = 1; t < n; t++) {
        best = sums[t] > sums[best] ? t : best;
    }
    double next = -INFINITY;
    for (size_t t = 0; t < n; t++) {
        next = t != best && sums[t] > next ? sums[t] : next;
    }
    *margin = sums[best] - next < MOST ? sums[best] - next : MOST;
    return (int)best;
}

/* 1 if a demonstration shows the string as a span of this type, -1 if as another or not as a span,
 * 0 if none holds it. The nearest that holds it decides. */
static double shown(const struct el_context *context, const struct el_work *work,
                    const struct el_mention *mention) {
    const char *type = context->types[mention->type].name;
    size_t len = strlen(mention->text);
    for (size_t d = 0; d < work->n_demonstrations; d++) {
        const struct el_demonstration *demonstration = &work->demonstrations[d];
        for (size_t s = 0; s < demonstration->n_spans; s++) {
            if (el_ascii_same(demonstration->spans[s].text, mention->text)) {
                return strcmp(demonstration->spans[s].type, type) == 0 ? 1 : -1;
            }
        }
        if (el_ascii_holds(demonstration->text, mention->text, len)) {
            return -1;
        }
    }
    return 0;
}

static void add_traits(const struct el_context *context, const struct el_work *work,
                       const struct el_mention *mention, double *x) {
    size_t len = strlen(mention->text), at = 0, words = 1;
    x[EL_JUDGE_CAPITAL] = u_isupper((UChar32)el_utf8_next(mention->text, len, &at)) ? 1 : 0;
    x[EL_JUDGE_DIGIT] = 0;
    for (const char *c = mention->text; *c != '\0'; c++) {
        words += *c == ' ';
        x[EL_JUDGE_DIGIT] = el_ascii_digit(*c) ? 1 : x[EL_JUDGE_DIGIT];
    }
    x[EL_JUDGE_BIAS] = 1;
    x[EL_JUDGE_WORDS] = log((double)words);
    x[EL_JUDGE_NAME] = mention->tag == EL_POS_PROPN ? 1 : 0;
    x[EL_JUDGE_RUN] = mention->noun_run ? 1 : -1;
    x[EL_JUDGE_SHOWN] = shown(context, work, mention);
    x[EL_JUDGE_SINGLE] = __builtin_popcount(work->members) == 1 ? 1 : 0;
}

static double clipped_logit(double p) {
    double logit = p >= 1 ? MOST : p <= 0 ? -MOST : log(p / (1 - p)); /* shares add up to about 1 */
    return logit > MOST ? MOST : logit < -MOST ? -MOST : logit;
}

/* The logit of what a verifier said; 0 if it said nothing. */
static double yes_logit(const struct el_mention *mention, size_t member) {
    if ((mention->verified_by >> member & 1) == 0) {
        return 0;
    }
    double p = mention->yes[member];
    if (isnan(p)) {
        p = mention->verdict[member] == EL_VERDICT_YES  ? WORD
            : mention->verdict[member] == EL_VERDICT_NO ? 1 - WORD
                                                        : 0.5;
    }
    return clipped_logit(p);
}

/* Of the pool's labels, with this type; 0 if they are not looked at or do not have it. */
static double prior_logit(const struct el_context *context, const struct el_judge *judge,
                          const struct el_mention *mention) {
    const float *shares = mention->prior_shares;
    if (shares == NULL || !context->prior_knows[mention->type]) {
        return 0;
    }
    double part = part_of_pool(context, judge);
    return part * clipped_logit(mention->prior * (double)shares[mention->type]) +
           (1 - part) * UNKNOWN;
}

void el_judge_features(const struct el_context *context, const struct el_judge *judge,
                       const struct el_work *work, const struct el_mention *mention,
                       double *scratch, double *x) {
    size_t n_members = context->n_members;
    memset(x, 0, el_judge_size(n_members, context->n_types) * sizeof *x);
    add_traits(context, work, mention, x);
    x[EL_JUDGE_POOL] = prior_logit(context, judge, mention);
    el_judge_type(context, judge, work, mention, scratch, &x[EL_JUDGE_MARGIN]);
    for (size_t m = 0; m < n_members; m++) {
        bool answered = (work->extract_answered >> m & 1) != 0;
        double listed = answered ? 2 * (double)mention->listed[m] - 1 : 0;
        x[el_judge_listed(m)] = listed * part_of(context, judge, work, m);
        el_judge_shares(context, mention, m, scratch);
        x[el_judge_share(n_members, m)] =
            scratch[mention->type] * part_of_all(context, judge, work, m);
        x[el_judge_yes(n_members, m)] = yes_logit(mention, m);
    }
    x[el_judge_of_type(n_members, (size_t)mention->type)] = 1;
}

/* The value in [least, most] that speaks most for a mention. */
static double best_of(double weight, double least, double most) {
    return weight > 0 ? most : least;
}

/* What an answer decides takes the value that is best for the mention; all else is known. The sum
 * is made in the same order, so that rounding cannot put it below the real one. */
bool el_judge_rules_out(const struct el_context *context, const struct el_judge *judge,
                        const struct el_work *work, const struct el_mention *mention,
                        double *scratch, double *x) {
    size_t n_members = context->n_members, n = el_judge_size(n_members, context->n_types);
    double verified = context->settings.verifier != EL_VERIFY_NONE ? MOST : 0;
    struct el_mention typed = *mention;
    for (size_t t = 0; t < context->n_types; t++) {
        typed.type = (int)t;
        el_judge_features(context, judge, work, &typed, scratch, x);
        x[EL_JUDGE_MARGIN] = best_of(judge->weights[EL_JUDGE_MARGIN], 0, MOST);
        for (size_t m = 0; m < n_members; m++) {
            size_t share = el_judge_share(n_members, m), yes = el_judge_yes(n_members, m);
            double least = log(LEAST) * part_of_all(context, judge, work, m);
            x[share] = best_of(judge->weights[share], least, 0);
            x[yes] = best_of(judge->weights[yes], -verified, verified);
        }
        if (!(el_logistic(judge->weights, x, n) < judge->threshold)) {
            return false;
        }
    }
    return true;
}

/* For the features of one candidate after another. */
static bool make_room(const struct el_context *context, struct el_work *work, double **scratch,
                      double **x, struct el_error *err) {
    size_t n = el_judge_size(context->n_members, context->n_types);
    *scratch = el_arena_array(&work->arena, 2 * context->n_types, sizeof **scratch);
    *x = el_arena_array(&work->arena, n, sizeof **x);
    return (*scratch != NULL && *x != NULL) || el_fail_memory(err);
}

bool el_judge_hopeless(const struct el_context *context, struct el_work *work,
                       struct el_error *err) {
    const struct el_judge *judge = context->settings.judge;
    double *scratch, *x;
    if (!make_room(context, work, &scratch, &x, err)) {
        return false;
    }
    for (size_t i = 0; i < work->mentions.count; i++) {
        struct el_mention *mention = &work->mentions.items[i];
        mention->dropped = el_judge_rules_out(context, judge, work, mention, scratch, x);
    }
    return true;
}

bool el_judge_types(const struct el_context *context, struct el_work *work, struct el_error *err) {
    const struct el_judge *judge = context->settings.judge;
    double margin, *scratch = el_arena_array(&work->arena, 2 * context->n_types, sizeof *scratch);
    if (scratch == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < work->mentions.count; i++) {
        struct el_mention *mention = &work->mentions.items[i];
        if (mention->n_votes > 0 || work->members == 0) {
            mention->type = el_judge_type(context, judge, work, mention, scratch, &margin);
        }
    }
    return true;
}

bool el_judge_candidates(const struct el_context *context, struct el_work *work,
                         struct el_error *err) {
    const struct el_judge *judge = context->settings.judge;
    double *scratch, *x;
    if (!make_room(context, work, &scratch, &x, err)) {
        return false;
    }
    for (size_t i = 0; i < work->mentions.count; i++) {
        struct el_mention *mention = &work->mentions.items[i];
        if (mention->type >= 0) {
            el_judge_features(context, judge, work, mention, scratch, x);
            mention->probability =
                el_logistic(judge->weights, x, el_judge_size(context->n_members, context->n_types));
            mention->dropped = mention->probability < judge->threshold;
        }
    }
    return true;
}

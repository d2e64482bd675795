/* Stage 4: a verifier is asked for each (span, type) whether the span in this sentence is of this
 * type; "no" drops it. An unreadable answer keeps it, and is counted.
 *
 * Settings decide who verifies: one member, all, or none; and whether a pair on which enough
 * members agreed (each extracted the span and voted for the type) is believed without being asked
 * about. A verifier's verdict is its probability of "yes", from one half on, where it is known,
 * else its word: the word is only the likeliest spelling of either, the probability has all of
 * them. Where all verify, the mean of their probabilities decides, or, where one is not known, the
 * majority of their verdicts; a tie keeps. In the paper profile only words count.
 *
 * A fitted judgement (judge.h) takes the verdicts as part of what it knows, and decides alone. The
 * general one was fitted without any: a verifier is asked what it keeps, and "no" drops it. */
#include "pipeline/judge.h"
#include "pipeline/vote.h"
#include "pipeline/work.h"

#include <math.h>

static bool needs_verification(const struct el_context *context, const struct el_mention *mention) {
    if (context->settings.judge != NULL) { /* it weighs all that is said of a candidate */
        return mention->type >= 0 && !mention->dropped;
    }
    unsigned skips = el_settings_skips(&context->settings, context->n_members);
    return mention->type >= 0 &&
           !el_votes_agree(mention->extracted_by, mention->votes, mention->n_votes, skips);
}

static void count_verdicts(const struct el_mention *mention, unsigned *yes, unsigned *no) {
    *yes = *no = 0;
    for (size_t m = 0; m < EL_MAX_MEMBERS; m++) {
        if ((mention->verified_by >> m & 1) != 0) {
            *yes += mention->verdict[m] == EL_VERDICT_YES;
            *no += mention->verdict[m] == EL_VERDICT_NO;
        }
    }
}

/* What one of three or more members listed is seldom an entity, and a verifier that is not sure is
 * seldom right: there "yes" counts from a higher probability on (docs/measurements.md). */
static double least_probability(const struct el_context *context, const struct el_work *work,
                                const struct el_mention *mention) {
    bool alone = __builtin_popcount(work->extract_answered) >= 3 &&
                 __builtin_popcount(mention->extracted_by) <= 1;
    return alone ? context->settings.alone : 0;
}

/* Is the mention kept, if `open` verifiers more all say `yes`, or all "no", and `tell` how sure
 * they are, or do not? */
static bool keeps(const struct el_context *context, const struct el_work *work,
                  const struct el_mention *mention, unsigned open, bool yes, bool tell) {
    unsigned asked = (unsigned)__builtin_popcount(mention->verified_by), n_yes, n_no;
    bool told = asked > 0 && mention->yes_told == asked && (open == 0 || tell);
    double mean = told ? (mention->yes_sum + (yes ? open : 0)) / (asked + open) : 1;
    double least = least_probability(context, work, mention);
    if (told && !context->settings.words_decide) {
        return mean >= fmax(least, 0.5);
    }
    count_verdicts(mention, &n_yes, &n_no);
    return n_yes + (yes ? open : 0) >= n_no + (yes ? 0 : open) && mean >= least;
}

/* Can `open` further answers still change whether the mention is kept? */
static bool undecided(const struct el_context *context, const struct el_work *work,
                      const struct el_mention *mention, unsigned open) {
    bool first = keeps(context, work, mention, open, true, true);
    return keeps(context, work, mention, open, true, false) != first ||
           keeps(context, work, mention, open, false, true) != first ||
           keeps(context, work, mention, open, false, false) != first;
}

size_t el_largest_member(const struct el_capabilities *const *capabilities, el_member_set members) {
    size_t best = EL_MAX_MEMBERS;
    for (size_t m = 0; m < EL_MAX_MEMBERS; m++) {
        if ((members >> m & 1) != 0 &&
            (best == EL_MAX_MEMBERS ||
             capabilities[m]->parameters > capabilities[best]->parameters)) {
            best = m;
        }
    }
    return best < EL_MAX_MEMBERS ? best : 0;
}

/* Where the one that verifies is not meant for the sentence's language, the largest that is does.
 * Where the judgement hears no member, all verify that are configured. */
static el_member_set who_verifies(const struct el_context *context, const struct el_work *work) {
    el_member_set one = (el_member_set)1 << context->verifier;
    switch (context->settings.verifier) {
    case EL_VERIFY_NONE:
        return 0;
    case EL_VERIFY_MEMBER:
        return (one & context->members & ~work->members) == 0
                   ? one
                   : (el_member_set)1 << el_largest_member(context->capabilities, work->members);
    default:
        return work->members != 0 ? work->members : el_first_members(context->n_members);
    }
}

static bool ask(const struct el_context *context, struct el_work *work,
                struct el_questions *questions, struct el_error *err) {
    const struct el_settings *settings = &context->settings;
    el_member_set verifiers = who_verifies(context, work);
    bool unfitted = settings->judge != NULL && settings->judge->kind != EL_JUDGE_FITTED;
    if (unfitted && work->round == 0 && !el_judge_candidates(context, work, err)) {
        return false;
    }
    /* Lazily, the members of "all" are asked one after another, each only for what is open. */
    bool lazy = settings->lazy_votes && settings->verifier == EL_VERIFY_ALL &&
                (settings->judge == NULL || unfitted);
    for (size_t m = 0; m < context->n_members; m++) {
        el_member_set open = verifiers & ~work->verify_asked;
        if ((open >> m & 1) == 0) {
            continue;
        }
        work->verify_asked |= (el_member_set)1 << m;
        size_t before = questions->count;
        for (size_t i = 0; i < work->mentions.count; i++) {
            struct el_mention *mention = &work->mentions.items[i];
            if (!needs_verification(context, mention)) {
                work->saved_calls += mention->type >= 0 || mention->dropped; /* or agreed on */
                continue;
            }
            if (lazy && !undecided(context, work, mention, (unsigned)__builtin_popcount(open))) {
                work->saved_calls++;
                continue;
            }
            mention->verified_by |= (el_member_set)1 << m;
            struct el_question question = {.stage = EL_STAGE_VERIFY,
                                           .kind = EL_PROMPT_VERIFY,
                                           .member = m,
                                           .first_mention = i,
                                           .n_mentions = 1,
                                           .n_demonstrations = work->n_demonstrations};
            if (!el_question_add(work, questions, question, err)) {
                return false;
            }
        }
        if (lazy && questions->count > before) {
            return true;
        }
    }
    /* Nothing more is asked: what is known of the candidates is complete. */
    bool judged = settings->judge != NULL && !unfitted && questions->count == 0;
    return !judged || el_judge_candidates(context, work, err);
}

static enum el_verdict verdict_of(const struct el_context *context,
                                  const struct el_answer *answer) {
    if (context->settings.words_decide || isnan(answer->yes_probability)) {
        return answer->word;
    }
    return answer->yes_probability >= 0.5 ? EL_VERDICT_YES : EL_VERDICT_NO;
}

static bool take(const struct el_context *context, struct el_work *work,
                 struct el_answer *const *answers, size_t n_answers, struct el_error *err) {
    (void)err;
    for (size_t i = 0; i < n_answers; i++) {
        struct el_answer *answer = answers[i];
        size_t member = answer->question.member;
        struct el_mention *mention = &work->mentions.items[answer->question.first_mention];
        answer->word = EL_VERDICT_UNREADABLE;
        if (answer->failure == EL_ANSWERED) {
            answer->word =
                el_parse_verdict(context->prompts[member], answer->text, answer->text_len);
        }
        enum el_verdict verdict = verdict_of(context, answer);
        el_note_answer(work, answer, verdict != EL_VERDICT_UNREADABLE);
        mention->verdict[member] = verdict;
        mention->yes[member] = answer->yes_probability;
        if (!isnan(answer->yes_probability)) {
            mention->yes_sum += answer->yes_probability;
            mention->yes_told++;
        }
    }
    for (size_t i = 0; i < work->mentions.count; i++) {
        struct el_mention *mention = &work->mentions.items[i];
        unsigned yes, no;
        count_verdicts(mention, &yes, &no);
        mention->verified = mention->verified_by == 0 ? EL_VERIFIED_NOT_ASKED
                            : yes + no == 0           ? EL_VERIFIED_UNREADABLE
                            : keeps(context, work, mention, 0, false, false) ? EL_VERIFIED_YES
                                                                             : EL_VERIFIED_NO;
        const struct el_judge *judge = context->settings.judge;
        if (judge == NULL || (judge->kind != EL_JUDGE_FITTED && mention->verified_by != 0)) {
            mention->dropped = mention->verified == EL_VERIFIED_NO;
        }
    }
    return true;
}

const struct el_stage_functions el_verify = {"verify", ask, take};

/* Stage 3: every member gives each candidate span one of the types; the majority decides:
 * precision first.
 *
 * A member is asked for all spans of the sentence in one call, or, where it can be given the
 * beginning of its answer, for each alone. With lazy votes the members are asked in listed order,
 * and no further one once no vote of theirs could change a type (or, where agreement skips
 * verification, the agreement). Where a judgement decides, none is asked alone for a span that it
 * would drop in any case. The outcome is the same, the calls are fewer. */
#include "pipeline/judge.h"
#include "pipeline/vote.h"
#include "pipeline/work.h"

#include <math.h>

static size_t spans_per_call(const struct el_context *context, size_t member) {
    return el_asks_one_by_one(context, member) ? 1 : EL_SPANS_PER_CALL;
}

static bool ask_member(const struct el_context *context, struct el_work *work, size_t member,
                       struct el_questions *questions, struct el_error *err) {
    size_t part = spans_per_call(context, member);
    work->classify_asked |= (el_member_set)1 << member;
    for (size_t i = 0; i < work->mentions.count; i += part) {
        size_t left = work->mentions.count - i;
        if (part == 1 && work->mentions.items[i].dropped) {
            work->saved_calls++;
            continue;
        }
        struct el_question question = {.stage = EL_STAGE_CLASSIFY,
                                       .kind = EL_PROMPT_CLASSIFY,
                                       .member = member,
                                       .first_mention = i,
                                       .n_mentions = left < part ? left : part,
                                       .n_demonstrations = work->n_demonstrations};
        if (!el_question_add(work, questions, question, err)) {
            return false;
        }
    }
    return true;
}

/* Can the members not asked yet still change what follows from this mention's votes? */
static bool decided(const struct el_context *context, const struct el_mention *mention,
                    el_member_set open) {
    const struct el_settings *settings = &context->settings;
    if (!el_votes_decided(mention->votes, mention->n_votes, open, settings->member_weights)) {
        return false;
    }
    unsigned skips =
        settings->verifier == EL_VERIFY_NONE ? 0 : el_settings_skips(settings, context->n_members);
    if (skips == 0 ||
        el_votes_agree(mention->extracted_by, mention->votes, mention->n_votes, skips)) {
        return true;
    }
    el_member_set agreeing = mention->extracted_by & mention->votes[0].voters;
    el_member_set possible = mention->extracted_by & open;
    return (unsigned)__builtin_popcount(agreeing | possible) < skips;
}

static bool ask_next(const struct el_context *context, struct el_work *work,
                     struct el_questions *questions, struct el_error *err) {
    for (size_t m = 0; m < context->n_members; m++) {
        el_member_set open = work->members & ~work->classify_asked;
        if ((open >> m & 1) == 0) {
            continue;
        }
        bool lazy = context->settings.lazy_votes && context->settings.judge == NULL;
        bool needed = !lazy;
        for (size_t i = 0; i < work->mentions.count && !needed; i++) {
            needed = !decided(context, &work->mentions.items[i], open);
        }
        if (!needed) {
            return true;
        }
        if (!ask_member(context, work, m, questions, err)) {
            return false;
        }
        /* The first members are asked together for as long as even their agreement could not
         * decide; after that, one at a time. */
        if (lazy) {
            el_member_set left = work->members & ~work->classify_asked;
            int asked = __builtin_popcount(work->classify_asked);
            if (asked > __builtin_popcount(left)) {
                return true;
            }
        }
    }
    return true;
}

static bool ask(const struct el_context *context, struct el_work *work,
                struct el_questions *questions, struct el_error *err) {
    if (work->mentions.count == 0) {
        return true;
    }
    const struct el_settings *settings = &context->settings;
    bool first = work->round == 0 && settings->lazy_votes && settings->judge != NULL;
    if ((first && !el_judge_hopeless(context, work, err)) ||
        !ask_next(context, work, questions, err)) {
        return false;
    }
    if (questions->count == 0) { /* the stage is over: who was not asked now never is */
        el_member_set never = work->members & ~work->classify_asked;
        for (size_t m = 0; m < context->n_members; m++) {
            size_t part = spans_per_call(context, m);
            work->saved_calls += (never >> m & 1) * ((work->mentions.count + part - 1) / part);
        }
    }
    return true;
}

static bool take_answer(const struct el_context *context, struct el_work *work,
                        struct el_answer *answer, struct el_error *err) {
    struct el_question question = answer->question;
    struct el_mention *mentions = work->mentions.items + question.first_mention;
    if (answer->failure != EL_ANSWERED) {
        el_note_answer(work, answer, false);
        return true;
    }
    const char **spans = el_arena_array(&work->arena, question.n_mentions, sizeof *spans);
    int *choice = el_arena_array(&work->arena, question.n_mentions, sizeof *choice);
    if (spans == NULL || choice == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < question.n_mentions; i++) {
        spans[i] = mentions[i].text;
    }
    enum el_readable readable = el_parse_types(
        &work->arena, context->prompts[question.member], answer->text, answer->text_len,
        answer->cut, spans, question.n_mentions, context->types, context->n_types, choice);
    if (readable == EL_READ_MEMORY) {
        return el_fail_memory(err);
    }
    el_note_answer(work, answer, readable == EL_READ_OK);
    for (size_t i = 0; i < question.n_mentions && readable == EL_READ_OK; i++) {
        const float *row = answer->shares != NULL ? answer->shares + i * context->n_types : NULL;
        mentions[i].choice[question.member] = choice[i] < 0 ? NULL : context->asked[choice[i]].name;
        mentions[i].shares[question.member] = row != NULL && !isnan(row[0]) ? row : NULL;
    }
    return true;
}

static bool take(const struct el_context *context, struct el_work *work,
                 struct el_answer *const *answers, size_t n_answers, struct el_error *err) {
    for (size_t i = 0; i < n_answers; i++) {
        if (!take_answer(context, work, answers[i], err)) {
            return false;
        }
    }
    for (size_t i = 0; i < work->mentions.count; i++) {
        struct el_mention *mention = &work->mentions.items[i];
        if (!el_votes_count(&work->arena, mention->choice, context->n_members,
                            context->settings.member_weights, &mention->votes, &mention->n_votes)) {
            return el_fail_memory(err);
        }
        mention->type = -1;
        for (size_t t = 0; t < context->n_types && mention->n_votes > 0; t++) {
            if (mention->votes[0].type == context->asked[t].name) {
                mention->type = (int)t;
            }
        }
    }
    return context->settings.judge == NULL || el_judge_types(context, work, err);
}

const struct el_stage_functions el_classify = {"classify", ask, take};

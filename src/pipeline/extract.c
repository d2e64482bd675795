/* Stage 2: every member, shown the demonstrations, lists the entity spans of the sentence. The
 * candidates are the union of the lists, recall first, unless more members than one are asked for.
 * Small models overlook much. Where a judgement can tell right candidates from wrong ones,
 * spans that the pool's labels make probable are candidates as well (settings.from_pool; ours). */
#include "pipeline/vote.h"
#include "pipeline/work.h"

#include <string.h>

static bool ask(const struct el_context *context, struct el_work *work,
                struct el_questions *questions, struct el_error *err) {
    for (size_t m = 0; work->round == 0 && m < context->n_members; m++) {
        struct el_question question = {.stage = EL_STAGE_EXTRACT,
                                       .kind = EL_PROMPT_EXTRACT,
                                       .member = m,
                                       .n_demonstrations = work->n_demonstrations};
        if ((work->members >> m & 1) != 0 && !el_question_add(work, questions, question, err)) {
            return false;
        }
    }
    return true;
}

/* What too few members list goes after the others, in its order; what the pool's labels make
 * probable does not need a member. */
static bool set_aside(struct el_work *work, unsigned least) {
    struct el_mentions *mentions = &work->mentions;
    size_t n = mentions->count, kept = 0, aside = 0;
    struct el_keep keep = {.kind = EL_KEEP_SPAN, .m = least};
    struct el_mention *few = el_arena_array(&work->arena, n, sizeof *few);
    if (few == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (mentions->items[i].from_pool ||
            el_keeps(keep, mentions->items[i].extracted_by, 0, work->extract_answered, NULL)) {
            mentions->items[kept++] = mentions->items[i];
        } else {
            few[aside++] = mentions->items[i];
        }
    }
    memcpy(mentions->items + kept, few, aside * sizeof *few);
    mentions->count = kept;
    mentions->n_aside = aside;
    return true;
}

static bool take(const struct el_context *context, struct el_work *work,
                 struct el_answer *const *answers, size_t n_answers, struct el_error *err) {
    struct el_spans more = {0};
    if (!el_spans_from_pool(context, work, &more, err) ||
        !el_take_mentions(context, work, answers, n_answers, more, &work->mentions,
                          &work->extract_answered, err)) {
        return false;
    }
    el_mark_from_pool(work, &more);
    if (context->settings.judge != NULL && !el_describe_candidates(context, work, err)) {
        return false;
    }
    unsigned lists = (unsigned)__builtin_popcount(work->extract_answered);
    unsigned least = context->settings.at_least < lists ? context->settings.at_least : lists;
    return least < 2 || set_aside(work, least) || el_fail_memory(err);
}

const struct el_stage_functions el_extract = {"extract", ask, take};

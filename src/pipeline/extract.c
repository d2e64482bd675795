/* Stage 2: every member, shown the demonstrations, lists the entity spans of the sentence. The
 * candidates are the union of the lists, recall first, unless more members than one are asked for.
 * Small models overlook much. Where a fitted judgement can tell right candidates from wrong ones,
 * runs of nouns and names that nobody listed are candidates as well (settings.noun_runs; ours). */
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
        if ((context->members >> m & 1) != 0 && !el_question_add(work, questions, question, err)) {
            return false;
        }
    }
    return true;
}

/* After the others, in their order. */
static bool set_aside(struct el_work *work, unsigned least) {
    struct el_mentions *mentions = &work->mentions;
    size_t n = mentions->count, kept = 0, aside = 0;
    struct el_keep keep = {.kind = EL_KEEP_SPAN, .m = least};
    struct el_mention *few = el_arena_array(&work->arena, n, sizeof *few);
    if (few == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (el_keeps(keep, mentions->items[i].extracted_by, 0, work->extract_answered, NULL)) {
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

/* For the judgement: tags, and which are runs of nouns and names. */
static bool describe(const struct el_context *context, struct el_work *work, struct el_spans runs,
                     struct el_error *err) {
    for (size_t i = 0; i < work->mentions.count; i++) {
        struct el_mention *mention = &work->mentions.items[i];
        for (size_t s = 0; s < mention->n_spans; s++) {
            for (size_t r = 0; r < runs.count; r++) {
                mention->noun_run |= runs.items[r].start == mention->spans[s].start &&
                                     runs.items[r].end == mention->spans[s].end;
            }
        }
    }
    return el_weigh_mentions(context, work, &work->mentions, err);
}

static bool take(const struct el_context *context, struct el_work *work,
                 struct el_answer *const *answers, size_t n_answers, struct el_error *err) {
    bool judged = context->settings.judge != NULL, wanted = context->settings.noun_runs;
    struct el_spans runs = {0};
    if ((judged || wanted) && !el_noun_run_spans(context, work, &runs, err)) {
        return false;
    }
    if (!el_take_mentions(context, work, answers, n_answers, wanted ? runs : (struct el_spans){0},
                          &work->mentions, &work->extract_answered, err) ||
        (judged && !describe(context, work, runs, err))) {
        return false;
    }
    unsigned lists = (unsigned)__builtin_popcount(work->extract_answered);
    unsigned least = context->settings.at_least < lists ? context->settings.at_least : lists;
    return least < 2 || set_aside(work, least) || el_fail_memory(err);
}

const struct el_stage_functions el_extract = {"extract", ask, take};

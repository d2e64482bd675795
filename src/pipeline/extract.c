/* Stage 2: every member, shown the demonstrations, lists the entity spans of the sentence. The
 * candidates are the union of the lists: recall first. */
#include "pipeline/work.h"

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

static bool take(const struct el_context *context, struct el_work *work,
                 struct el_answer *const *answers, size_t n_answers, struct el_error *err) {
    return el_take_mentions(context, work, answers, n_answers, &work->mentions,
                            &work->extract_answered, err);
}

const struct el_stage_functions el_extract = {"extract", ask, take};

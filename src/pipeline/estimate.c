/* What a run would cost: the stages ask their questions about every sentence, and nobody answers.
 * Made-up spans stand in for what the members would have found. */
#include "pipeline/cut.h"
#include "pipeline/ensemble_private.h"

#include <math.h>

static bool count_questions(const struct el_context *context, struct el_work *work,
                            const struct el_stage_functions *stage, struct el_estimate *estimate,
                            struct el_error *err) {
    struct el_questions questions = {0};
    if (!stage->ask(context, work, &questions, err)) {
        return false;
    }
    for (size_t i = 0; i < questions.count; i++) {
        struct el_question *question = &questions.items[i];
        struct el_call call;
        if (question->embed) {
            continue; /* of no member that the estimate lists, and cheap */
        }
        if (!el_question_render(context, work, question, &work->arena, &call, err)) {
            return false;
        }
        estimate->cells[question->member][question->stage].calls++;
        estimate->cells[question->member][question->stage].prompt_tokens += el_estimate_call(&call);
        estimate->cells[question->member][question->stage].answer_tokens += call.max_tokens;
    }
    return stage->take(context, work, NULL, 0, err);
}

/* `count` mentions, each as long as an average name. */
static bool invent_mentions(struct el_work *work, size_t count, struct el_error *err) {
    work->mentions.items = el_arena_array(&work->arena, count, sizeof *work->mentions.items);
    if (work->mentions.items == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        work->mentions.items[i].text = "Average Name";
        work->mentions.items[i].type = 0;
    }
    work->mentions.count = count;
    return true;
}

static bool estimate_sentence(const struct el_context *context, struct el_work *work, size_t spans,
                              struct el_estimate *estimate, struct el_error *err) {
    work->members = el_members_for(context, work);
    bool retrieved = count_questions(context, work, el_stages[EL_STAGE_RETRIEVE], estimate, err);
    if (context->embeds && context->settings.similarity == EL_SIMILARITY_SPAN) {
        work->round = 1; /* that of the vectors, which nobody gives */
        retrieved = retrieved &&
                    count_questions(context, work, el_stages[EL_STAGE_RETRIEVE], estimate, err);
        work->round = 0;
    }
    if (!retrieved || !count_questions(context, work, el_stages[EL_STAGE_EXTRACT], estimate, err) ||
        !invent_mentions(work, spans, err) ||
        !count_questions(context, work, el_stages[EL_STAGE_CLASSIFY], estimate, err)) {
        return false;
    }
    for (size_t i = 0; i < spans; i++) {
        work->mentions.items[i].type = 0; /* nobody voted; ask the verifier all the same */
    }
    return count_questions(context, work, el_stages[EL_STAGE_VERIFY], estimate, err);
}

static size_t spans_per_sentence(const struct el_pool *pool) {
    const struct el_pool_info *info = pool == NULL ? NULL : el_pool_get_info(pool);
    if (info == NULL || info->n_sentences == 0) {
        return 2;
    }
    return (size_t)ceil((double)info->n_spans / (double)info->n_sentences);
}

static bool estimate_document(struct el_ensemble *ensemble, const struct el_context *context,
                              const struct el_document *document, struct el_estimate *estimate,
                              struct el_error *err) {
    struct el_arena arena = {0};
    struct el_cuts pieces;
    const char *lang = document->lang != NULL ? document->lang : ensemble->config->lang;
    size_t spans = spans_per_sentence(context->pool);
    bool ok = el_cut_document(&arena, document, lang, el_ensemble_longest_sentence(ensemble),
                              context->settings.max_sentence, &pieces, err);
    for (size_t i = 0; ok && i < pieces.count; i++) {
        struct el_span span = pieces.items[i].span;
        struct el_work work = {.text_len = span.end - span.start, .lang = lang};
        work.text = el_arena_copy(&work.arena, document->text + span.start, work.text_len);
        ok = work.text != NULL ? estimate_sentence(context, &work, spans, estimate, err)
                               : el_fail_memory(err);
        el_arena_free(&work.arena);
        estimate->sentences++;
    }
    estimate->documents++;
    el_arena_free(&arena);
    return ok;
}

bool el_ensemble_estimate(struct el_ensemble *ensemble, const struct el_run *run,
                          struct el_estimate *estimate, struct el_error *err) {
    struct el_context context = el_ensemble_context(ensemble, run->settings, run->members);
    context.settings.lazy_votes = false; /* at most this many calls */
    *estimate = (struct el_estimate){0};
    for (;;) {
        struct el_document *document = NULL;
        int got = run->next(run->context, &document, err);
        if (got <= 0) {
            return got == 0;
        }
        bool ok = estimate_document(ensemble, &context, document, estimate, err);
        el_document_free(document);
        if (!ok) {
            return false;
        }
    }
}

/* Stage 1: retrieve demonstrations by span-level sentence similarity.
 *
 * Every member lists, without demonstrations, the spans of X that could be entities; S is their
 * union (paper eq. 1-2). Each span gets a weight by its part of speech. The k sentences of the
 * pool with the highest
 *
 *     SpanSim(X, Xc) = sum_s w(s) * max_s' sim(s, s') / sum_s w(s)
 *
 * become the demonstrations. Where members list nothing, or are not asked (settings.spans), runs of
 * nouns and names are taken for S; this is ours. Where the pool's vectors come from an embedding
 * member, a second round asks it for those of S. */
#include "pipeline/work.h"

static bool by_spans(const struct el_context *context) {
    return context->settings.similarity == EL_SIMILARITY_SPAN;
}

/* Whether the search needs vectors from the embedding member, and in which round they are asked
 * for: after the spans are known, or at once if the sentence alone counts. */
static bool wants_vectors(const struct el_context *context, unsigned round) {
    bool sentence = context->settings.similarity == EL_SIMILARITY_SENTENCE;
    return context->embeds && (by_spans(context) ? round == 1 : sentence && round == 0);
}

static bool is_asked(const struct el_context *context, const struct el_work *work, size_t member) {
    enum el_span_source source = context->settings.spans;
    bool worth = context->prompts[member]->head == NULL && work->lang != NULL &&
                 !el_tagger_covers(context->tagger, work->lang);
    return (work->members >> member & 1) != 0 &&
           (source == EL_SPANS_MEMBERS || (source == EL_SPANS_AUTO && worth));
}

static bool ask_for_spans(const struct el_context *context, struct el_work *work,
                          struct el_questions *questions, struct el_error *err) {
    for (size_t m = 0; m < context->n_members; m++) {
        struct el_question question = {
            .stage = EL_STAGE_RETRIEVE, .kind = EL_PROMPT_PREEXTRACT, .member = m};
        if (is_asked(context, work, m) && !el_question_add(work, questions, question, err)) {
            return false;
        }
    }
    return true;
}

/* The vectors of all spans; if none has weight, of the sentence, which the search then falls back
 * to. */
static bool ask_for_vectors(const struct el_context *context, struct el_work *work,
                            struct el_questions *questions, struct el_error *err) {
    const size_t most = 64; /* texts of one call */
    size_t n = el_any_weight(work) ? work->pre.count : 0;
    struct el_question question = {.stage = EL_STAGE_RETRIEVE,
                                   .kind = EL_PROMPT_PREEXTRACT,
                                   .member = context->embedder,
                                   .embed = true};
    do {
        size_t left = n - question.first_mention;
        question.n_mentions = left < most ? left : most;
        if (!el_question_add(work, questions, question, err)) {
            return false;
        }
        question.first_mention += question.n_mentions;
    } while (question.first_mention < n);
    return true;
}

/* Where no sentence of the pool has a mention of an asked type, all would show that there is
 * nothing to list. */
static bool wants_demonstrations(const struct el_context *context) {
    return context->pool != NULL && context->settings.demonstrations > 0 &&
           !context->pool_lacks_types;
}

static bool ask(const struct el_context *context, struct el_work *work,
                struct el_questions *questions, struct el_error *err) {
    if (!wants_demonstrations(context)) {
        return true;
    }
    if (work->round == 0 && by_spans(context)) {
        return ask_for_spans(context, work, questions, err);
    }
    return !wants_vectors(context, work->round) || ask_for_vectors(context, work, questions, err);
}

/* Put the vectors of the answers where they belong. False if one is missing. */
static bool place_vectors(const struct el_context *context, struct el_work *work,
                          struct el_answer *const *answers, size_t n_answers) {
    size_t dimensions = el_pool_get_info(context->pool)->dimensions;
    for (size_t i = 0; i < n_answers; i++) {
        const struct el_answer *answer = answers[i];
        if (answer->vectors == NULL || answer->dimensions != dimensions) {
            return false;
        }
        for (size_t j = 0; j < answer->question.n_mentions; j++) {
            work->pre.items[answer->question.first_mention + j].vector =
                answer->vectors + j * dimensions;
        }
        if (answer->question.n_mentions == 0) {
            work->vector = answer->vectors;
        }
    }
    return n_answers > 0;
}

/* `answers` hold the vectors if the pool's are of an embedding member. Without them neither spans
 * nor sentences can be compared; words can. */
static bool search(const struct el_context *context, struct el_work *work,
                   struct el_answer *const *answers, size_t n_answers, struct el_error *err) {
    struct el_search_options options = {.similarity = context->settings.similarity,
                                        .k = context->settings.demonstrations *
                                             el_hands(context, work)};
    if (wants_vectors(context, work->round) && !place_vectors(context, work, answers, n_answers)) {
        work->unembedded = true;
        options.similarity = EL_SIMILARITY_BM25;
    }
    return el_retrieve_search(context, work, &options, err);
}

static bool take(const struct el_context *context, struct el_work *work,
                 struct el_answer *const *answers, size_t n_answers, struct el_error *err) {
    el_member_set answered = 0;
    if (!wants_demonstrations(context)) {
        return true;
    }
    if (wants_vectors(context, work->round) || !by_spans(context)) {
        return search(context, work, answers, n_answers, err);
    }
    if (!el_take_mentions(context, work, answers, n_answers, (struct el_spans){0}, &work->pre,
                          &answered, err)) {
        return false;
    }
    bool none = work->pre.count == 0 && context->settings.spans != EL_SPANS_MEMBERS;
    return (!none || el_take_noun_runs(context, work, err)) &&
           el_weigh_mentions(context, work, &work->pre, err) &&
           (wants_vectors(context, 1) || search(context, work, NULL, 0, err));
}

const struct el_stage_functions el_retrieve = {"retrieve", ask, take};

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

#include "language/segment.h"
#include "retrieval/span_weight.h"

#include <stdlib.h>
#include <string.h>

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

static bool any_weight(const struct el_work *work) {
    for (size_t i = 0; i < work->pre.count; i++) {
        if (work->pre.items[i].weight > 0) {
            return true;
        }
    }
    return false;
}

/* The vectors of all spans; if none has weight, of the sentence, which the search then falls back
 * to. */
static bool ask_for_vectors(const struct el_context *context, struct el_work *work,
                            struct el_questions *questions, struct el_error *err) {
    const size_t most = 64; /* texts of one call */
    size_t n = any_weight(work) ? work->pre.count : 0;
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

static bool tag_words(const struct el_context *context, struct el_work *work, const char *text,
                      size_t len, struct el_spans *words, enum el_pos **tags,
                      struct el_error *err) {
    if (!el_segment_words(&work->arena, text, len, work->lang, words, err)) {
        return false;
    }
    *tags = el_arena_array(&work->arena, words->count, sizeof **tags);
    return (*tags != NULL &&
            el_tagger_tag(context->tagger, text, work->lang, words->items, words->count, *tags)) ||
           el_fail_memory(err);
}

bool el_tag_sentence(const struct el_context *context, struct el_work *work, struct el_error *err) {
    return work->tags != NULL ||
           tag_words(context, work, work->text, work->text_len, &work->words, &work->tags, err);
}

bool el_weigh_mentions(const struct el_context *context, struct el_work *work,
                       struct el_mentions *mentions, struct el_error *err) {
    struct el_spans own;
    enum el_pos *own_tags;
    const double *weights = context->settings.pos_weights;
    if (!el_tag_sentence(context, work, err)) {
        return false;
    }
    for (size_t i = 0; i < mentions->count; i++) {
        struct el_mention *mention = &mentions->items[i];
        mention->tag = EL_POS_X;
        for (size_t j = 0; j < mention->n_spans; j++) {
            enum el_pos tag = EL_POS_X;
            double weight = el_span_weight(work->words.items, work->tags, work->words.count,
                                           mention->spans[j], weights, &tag);
            if (j == 0 || weight > mention->weight) {
                mention->weight = weight;
                mention->tag = tag;
            }
        }
        if (mention->n_spans == 0) {
            size_t len = strlen(mention->text);
            if (!tag_words(context, work, mention->text, len, &own, &own_tags, err)) {
                return false;
            }
            mention->weight = el_span_weight(own.items, own_tags, own.count,
                                             (struct el_span){0, len}, weights, &mention->tag);
        }
    }
    return true;
}

bool el_noun_run_spans(const struct el_context *context, struct el_work *work,
                       struct el_spans *runs, struct el_error *err) {
    const struct el_spans *words = &work->words;
    if (!el_tag_sentence(context, work, err)) {
        return false;
    }
    runs->items = el_arena_array(&work->arena, words->count, sizeof *runs->items);
    runs->count =
        runs->items != NULL ? el_noun_runs(words->items, work->tags, words->count, runs->items) : 0;
    return runs->items != NULL || el_fail_memory(err);
}

bool el_take_noun_runs(const struct el_context *context, struct el_work *work,
                       struct el_error *err) {
    struct el_spans runs;
    return el_noun_run_spans(context, work, &runs, err) &&
           (el_make_mentions(work, runs.items, runs.count, &work->pre) || el_fail_memory(err));
}

/* A span similarity below this means that less than half of what the sentence names was found. */
static const double OWN_LANGUAGE_BELOW = 0.5;

static int by_start(const void *left, const void *right) {
    return el_span_order(*(const struct el_span *)left, *(const struct el_span *)right);
}

/* In the order of the text; a span with two types is marked once. */
static void sort_marks(struct el_demonstration *demonstration) {
    struct el_span *marks = demonstration->marks;
    size_t n = 0;
    qsort(marks, demonstration->n_marks, sizeof *marks, by_start);
    for (size_t i = 0; i < demonstration->n_marks; i++) {
        if (n == 0 || by_start(&marks[n - 1], &marks[i]) != 0) {
            marks[n++] = marks[i];
        }
    }
    demonstration->n_marks = n;
}

/* A pool sentence as a demonstration: its spans of the asked types, each string once. */
static bool demonstrate(const struct el_context *context, struct el_work *work,
                        const struct el_hit *hit, struct el_demonstration *out,
                        struct el_error *err) {
    struct el_pool_sentence sentence;
    if (!el_pool_get(context->pool, hit->sentence, &sentence, err)) {
        return false;
    }
    *out = (struct el_demonstration){.pool_index = hit->sentence,
                                     .score = hit->score,
                                     .lang = sentence.lang,
                                     .foreign = hit->foreign,
                                     .id = sentence.id,
                                     .text = sentence.text,
                                     .matches = hit->matches};
    out->spans = el_arena_array(&work->arena, sentence.n_entities, sizeof *out->spans);
    out->marks = el_arena_array(&work->arena, sentence.n_entities, sizeof *out->marks);
    if (out->spans == NULL || out->marks == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < sentence.n_entities; i++) {
        struct el_pool_entity entity = sentence.entities[i];
        int type = context->pool_types[entity.type];
        if (type < 0) {
            continue;
        }
        const char *text = el_arena_copy(&work->arena, sentence.text + entity.span.start,
                                         entity.span.end - entity.span.start);
        if (text == NULL) {
            return el_fail_memory(err);
        }
        out->marks[out->n_marks++] = entity.span;
        bool seen = false;
        for (size_t j = 0; j < out->n_spans && !seen; j++) {
            seen = strcmp(out->spans[j].text, text) == 0;
        }
        if (!seen) {
            out->spans[out->n_spans++] =
                (struct el_prompt_span){.text = text, .type = context->types[type].name};
        }
    }
    sort_marks(out);
    return true;
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

bool el_retrieve_search(const struct el_context *context, struct el_work *work,
                        const struct el_search_options *options, struct el_error *err) {
    size_t n = work->vector == NULL || any_weight(work) ? work->pre.count : 0;
    struct el_query_span *spans = el_arena_array(&work->arena, n, sizeof *spans);
    if (spans == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < n; i++) {
        const struct el_mention *mention = &work->pre.items[i];
        spans[i] = (struct el_query_span){.text = mention->text,
                                          .text_len = strlen(mention->text),
                                          .weight = mention->weight,
                                          .vector = mention->vector};
    }
    struct el_query query = {.lang = work->lang,
                             .text = work->text,
                             .text_len = work->text_len,
                             .spans = spans,
                             .n_spans = n,
                             .allowed_types = context->pool_allowed,
                             .vector = work->vector};
    struct el_hits hits = {0};
    struct el_search_options how = *options;
    how.apart = context->settings.apart;
    how.own_language_below = context->settings.profile == EL_PROFILE_PAPER ? 0 : OWN_LANGUAGE_BELOW;
    if (!el_pool_search(context->pool, &query, &how, &work->arena, &hits, err)) {
        return false;
    }
    work->fell_back = hits.fell_back;
    work->own_language = hits.own_language;
    work->n_demonstrations = 0;
    work->demonstrations = el_arena_array(&work->arena, hits.count, sizeof *work->demonstrations);
    if (work->demonstrations == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < hits.count; i++) {
        if (!demonstrate(context, work, &hits.items[i], &work->demonstrations[i], err)) {
            return false;
        }
        work->n_demonstrations++;
    }
    return true;
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

/* The search of the pool, and its hits as demonstrations. */
#include "pipeline/work.h"

#include <stdlib.h>
#include <string.h>

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

bool el_retrieve_search(const struct el_context *context, struct el_work *work,
                        const struct el_search_options *options, struct el_error *err) {
    size_t n = work->vector == NULL || el_any_weight(work) ? work->pre.count : 0;
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

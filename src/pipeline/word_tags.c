/* The words of a sentence with their parts of speech, and what follows from them: the weights of
 * spans, and runs of nouns and names. */
#include "pipeline/work.h"

#include "language/segment.h"
#include "retrieval/span_weight.h"

#include <string.h>

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

bool el_any_weight(const struct el_work *work) {
    for (size_t i = 0; i < work->pre.count; i++) {
        if (work->pre.items[i].weight > 0) {
            return true;
        }
    }
    return false;
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

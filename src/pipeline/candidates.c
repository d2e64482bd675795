/* Candidates that the pool's labels make probable, and what is known of each candidate before a
 * member is asked about it. For judgements (judge.h). */
#include "pipeline/work.h"

#include <string.h>

static bool is_among(const struct el_mention *mention, const struct el_spans *spans) {
    for (size_t i = 0; i < mention->n_spans; i++) {
        for (size_t s = 0; s < spans->count; s++) {
            if (el_span_order(spans->items[s], mention->spans[i]) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* Which mentions are runs of nouns and names. */
static bool mark_noun_runs(const struct el_context *context, struct el_work *work,
                           struct el_error *err) {
    struct el_spans runs;
    if (!el_noun_run_spans(context, work, &runs, err)) {
        return false;
    }
    for (size_t i = 0; i < work->mentions.count; i++) {
        work->mentions.items[i].noun_run = is_among(&work->mentions.items[i], &runs);
    }
    return true;
}

/* What the pool's labels say of a mention, in terms of the types that are asked for: of its
 * occurrence that is most probably one. A type that the pool does not label is as probable as
 * any. */
static void take_prior(const struct el_context *context, struct el_mention *mention,
                       const double *probability, const float *shares, float *asked, float *own) {
    size_t n_pool_types;
    (void)el_prior_types(context->prior, &n_pool_types);
    mention->prior_shares = own;
    for (size_t s = 0; s < mention->n_spans; s++) {
        float all = 0;
        memset(asked, 0, context->n_types * sizeof *asked);
        for (size_t p = 0; p < n_pool_types; p++) {
            if (context->prior_types[p] >= 0) {
                asked[context->prior_types[p]] += shares[s * n_pool_types + p];
                all += shares[s * n_pool_types + p];
            }
        }
        double prior = probability[s] * (double)all;
        if (s == 0 || prior > mention->prior) {
            mention->prior = prior;
            for (size_t t = 0; t < context->n_types; t++) {
                own[t] = all > 0 && context->prior_knows[t] ? asked[t] / all
                                                            : 1 / (float)context->n_types;
            }
        }
    }
}

/* What the pool's labels say of spans, in terms of the pool's types (el_prior_of). */
static bool ask_prior(const struct el_context *context, struct el_work *work,
                      const struct el_span *spans, size_t n, double **probability, float **shares,
                      struct el_error *err) {
    size_t n_pool_types;
    (void)el_prior_types(context->prior, &n_pool_types);
    *probability = el_arena_array(&work->arena, n, sizeof **probability);
    *shares = el_arena_array(&work->arena, n * n_pool_types, sizeof **shares);
    if (*probability == NULL || *shares == NULL) {
        return el_fail_memory(err);
    }
    return el_prior_of(context->prior, work->text, &work->words, spans, n, &work->arena,
                       *probability, *shares, err);
}

static bool look_up_prior(const struct el_context *context, struct el_work *work,
                          struct el_error *err) {
    size_t n = 0, n_pool_types, at = 0;
    (void)el_prior_types(context->prior, &n_pool_types);
    for (size_t i = 0; i < work->mentions.count; i++) {
        n += work->mentions.items[i].n_spans;
    }
    struct el_span *spans = el_arena_array(&work->arena, n, sizeof *spans);
    double *probability;
    float *shares;
    float *asked = el_arena_array(&work->arena, context->n_types, sizeof *asked);
    float *own = el_arena_array(&work->arena, work->mentions.count * context->n_types, sizeof *own);
    if (spans == NULL || asked == NULL || own == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < work->mentions.count; i++) {
        const struct el_mention *mention = &work->mentions.items[i];
        memcpy(spans + at, mention->spans, mention->n_spans * sizeof *spans);
        at += mention->n_spans;
    }
    if (!ask_prior(context, work, spans, n, &probability, &shares, err)) {
        return false;
    }
    at = 0;
    for (size_t i = 0; i < work->mentions.count; i++) {
        struct el_mention *mention = &work->mentions.items[i];
        take_prior(context, mention, probability + at, shares + at * n_pool_types, asked,
                   own + i * context->n_types);
        at += mention->n_spans;
    }
    return true;
}

/* Only what is probably of a type that is asked for. */
static bool keep_asked(const struct el_context *context, struct el_work *work,
                       struct el_spans *spans, struct el_error *err) {
    size_t n_pool_types, kept = 0;
    (void)el_prior_types(context->prior, &n_pool_types);
    bool all = true;
    for (size_t p = 0; p < n_pool_types; p++) {
        all = all && context->prior_types[p] >= 0;
    }
    if (all || spans->count == 0) {
        return true;
    }
    double *probability;
    float *shares;
    if (!ask_prior(context, work, spans->items, spans->count, &probability, &shares, err)) {
        return false;
    }
    for (size_t s = 0; s < spans->count; s++) {
        double asked = 0;
        for (size_t p = 0; p < n_pool_types; p++) {
            asked += context->prior_types[p] >= 0 ? (double)shares[s * n_pool_types + p] : 0;
        }
        if (probability[s] * asked >= context->settings.from_pool) {
            spans->items[kept++] = spans->items[s];
        }
    }
    spans->count = kept;
    return true;
}

bool el_spans_from_pool(const struct el_context *context, struct el_work *work,
                        struct el_spans *spans, struct el_error *err) {
    double least = context->settings.from_pool;
    return context->prior == NULL || least <= 0 ||
           (el_tag_sentence(context, work, err) &&
            el_prior_spans(context->prior, work->text, &work->words, least, &work->arena, spans,
                           err) &&
            keep_asked(context, work, spans, err));
}

void el_mark_from_pool(struct el_work *work, const struct el_spans *from_pool) {
    for (size_t i = 0; i < work->mentions.count; i++) {
        work->mentions.items[i].from_pool = is_among(&work->mentions.items[i], from_pool);
    }
}

bool el_describe_candidates(const struct el_context *context, struct el_work *work,
                            struct el_error *err) {
    return mark_noun_runs(context, work, err) &&
           el_weigh_mentions(context, work, &work->mentions, err) &&
           (context->prior == NULL || look_up_prior(context, work, err));
}

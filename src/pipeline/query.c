#include "pipeline/query.h"

#include "language/segment.h"
#include "pipeline/ensemble_private.h"

#include <string.h>

static bool add_mention(struct el_work *work, const char *text, size_t len,
                        const struct el_span *where) {
    struct el_mention *mention = &work->pre.items[work->pre.count++];
    mention->text = el_arena_copy(&work->arena, text, len);
    if (where != NULL) {
        mention->spans = el_arena_array(&work->arena, 1, sizeof *mention->spans);
        if (mention->spans == NULL) {
            return false;
        }
        mention->spans[mention->n_spans++] = *where;
    }
    return mention->text != NULL;
}

static bool take_given(struct el_work *work, const char *const *spans, size_t n_spans) {
    work->pre.items = el_arena_array(&work->arena, n_spans, sizeof *work->pre.items);
    bool fine = work->pre.items != NULL;
    for (size_t i = 0; fine && i < n_spans; i++) {
        size_t len = strlen(spans[i]);
        const char *at = memmem(work->text, work->text_len, spans[i], len);
        size_t start = at != NULL ? (size_t)(at - work->text) : 0;
        struct el_span where = {start, start + len};
        fine = add_mention(work, spans[i], len, at != NULL ? &where : NULL);
    }
    return fine;
}

/* The vectors of the sentence, then of its spans, where the pool's are not n-grams. */
static bool embed(struct el_embedder *embedder, struct el_work *work, struct el_error *err) {
    size_t n = work->pre.count + 1, len;
    const char **texts = el_arena_array(&work->arena, n, sizeof *texts);
    float *vectors = el_arena_array(&work->arena, n * embedder->dimensions, sizeof *vectors);
    if (texts == NULL || vectors == NULL) {
        return el_fail_memory(err);
    }
    texts[0] = work->text;
    work->vector = vectors;
    for (size_t i = 1; i < n; i++) {
        struct el_mention *mention = &work->pre.items[i - 1];
        texts[i] = el_text_fold(&work->arena, mention->text, strlen(mention->text), false, &len);
        mention->vector = vectors + i * embedder->dimensions;
        if (texts[i] == NULL) {
            return el_fail_memory(err);
        }
    }
    return el_embed(embedder, texts, n, vectors, err);
}

bool el_query_pool(struct el_ensemble *ensemble, const char *text, size_t text_len,
                   const char *const *spans, size_t n_spans,
                   const struct el_search_options *options, struct el_work *work,
                   struct el_error *err) {
    struct el_context context = el_ensemble_context(ensemble, NULL, 0);
    struct el_embedder *embedder = el_ensemble_embedder(ensemble);
    *work = (struct el_work){.text_len = text_len, .lang = ensemble->config->lang};
    work->text = el_arena_copy(&work->arena, text, text_len);
    if (work->text == NULL || (spans != NULL && !take_given(work, spans, n_spans))) {
        return el_fail_memory(err);
    }
    return (spans != NULL || el_take_noun_runs(&context, work, err)) &&
           el_weigh_mentions(&context, work, &work->pre, err) &&
           (embedder == NULL || embed(embedder, work, err)) &&
           el_retrieve_search(&context, work, options, err);
}

bool el_query_again(struct el_ensemble *ensemble, const struct el_work *work,
                    const struct el_search_options *options, struct el_work *again,
                    struct el_error *err) {
    struct el_context context = el_ensemble_context(ensemble, NULL, 0);
    *again = *work;
    again->arena = (struct el_arena){0}; /* the rest stays that of `work` */
    return el_retrieve_search(&context, again, options, err);
}

/* Pools of demonstrations: built and searched. */
#include "api/el4ner_private.h"

#include "pipeline/evidence.h"
#include "pipeline/query.h"

#include <stdlib.h>
#include <string.h>

struct el4ner_demonstrations {
    struct el_arena arena;
    struct el4ner_demonstration *items;
    size_t count;
};

/* ---- building ---- */

static bool build(const char *const *inputs, size_t n, const char *output,
                  const struct el4ner_pool_options *options, const struct reading *reading,
                  struct el_error *err) {
    struct el_pool_build_options how = {.read = reading->options, .log = &reading->log};
    struct el_pool *base = NULL;
    if (n == 0 && options->extend == NULL) {
        return el_fail(err, EL_ERR_CONFIG, "a pool is built of at least one labelled file");
    }
    if (options->extend == NULL) {
        return el_pool_build(inputs, n, output, &how, err);
    }
    bool ok = el_pool_open(options->extend, &reading->log, &base, err) &&
              el_pool_extend(base, inputs, n, output, &how, err);
    el_pool_close(base);
    return ok;
}

bool el4ner_pool_build(const char *const *inputs, size_t n, const char *output,
                       const struct el4ner_pool_options *given, struct el4ner_error *error) {
    const size_t first = offsetof(struct el4ner_pool_options, read) + sizeof given->read;
    struct el4ner_pool_options options;
    struct reading reading = {0};
    struct el_error err = {0};
    bool ok = take_struct(given, first, &options, sizeof options, "an option of the pool", &err) &&
              begin_reading(&reading, options.read, &err) &&
              build(inputs, n, output, &options, &reading, &err);
    end_reading(&reading);
    give_error(error, &err);
    return ok;
}

/* ---- searching ---- */

static bool copy_hits(const struct el_work *work, el4ner_demonstrations *out) {
    out->items = el_arena_array(&out->arena, work->n_demonstrations, sizeof *out->items);
    for (size_t i = 0; out->items != NULL && i < work->n_demonstrations; i++) {
        if (!el_copy_demonstration(&out->arena, &work->demonstrations[i], &out->items[i])) {
            return false;
        }
    }
    out->count = work->n_demonstrations;
    return out->items != NULL;
}

static bool check_query(const char *text, size_t length, const char *const *spans, size_t n_spans,
                        struct el_error *err) {
    bool fine = el_utf8_valid_prefix(text, length) == length;
    for (size_t i = 0; fine && i < n_spans; i++) {
        fine = el_utf8_valid_prefix(spans[i], strlen(spans[i])) == strlen(spans[i]);
    }
    return fine || el_fail(err, EL_ERR_FORMAT, "the query is not valid UTF-8");
}

static bool search(el4ner *engine, const char *text, size_t length, const char *const *spans,
                   size_t n_spans, size_t most, el4ner_demonstrations *out, struct el_error *err) {
    const struct el_settings *settings = &engine->config->settings;
    struct el_search_options how = {.similarity = settings->similarity,
                                    .k = most > 0 ? most : el_settings_k(settings)};
    struct el_work work = {0};
    if (el_ensemble_pool(engine->ensemble) == NULL) {
        return el_fail(err, EL_ERR_CONFIG, "there is no pool to search; name one");
    }
    if (el_ensemble_embedder(engine->ensemble) != NULL &&
        !check_idle(engine, "vectors cannot be asked for", err)) {
        return false;
    }
    bool ok = check_query(text, length, spans, n_spans, err) &&
              el_query_pool(engine->ensemble, text, length, spans, n_spans, &how, &work, err) &&
              (copy_hits(&work, out) || el_fail_memory(err));
    el_arena_free(&work.arena);
    return ok;
}

el4ner_demonstrations *el4ner_search(el4ner *engine, const char *text, size_t length,
                                     const char *const *spans, size_t n_spans, size_t most,
                                     struct el4ner_error *error) {
    struct el_error err = {0};
    el4ner_demonstrations *out = calloc(1, sizeof *out);
    bool ok = out != NULL || el_fail_memory(&err);
    if (!ok || !search(engine, text, length, spans, n_spans, most, out, &err)) {
        el4ner_demonstrations_free(out);
        return give_error(error, &err);
    }
    return out;
}

const struct el4ner_demonstration *
el4ner_get_demonstration(const el4ner_demonstrations *demonstrations, size_t index) {
    return index < demonstrations->count ? &demonstrations->items[index] : NULL;
}

void el4ner_demonstrations_free(el4ner_demonstrations *demonstrations) {
    if (demonstrations != NULL) {
        el_arena_free(&demonstrations->arena);
        free(demonstrations);
    }
}

#include "evaluate/tune_private.h"

#include "base/array.h"

#include <math.h>
#include <stdlib.h>

enum { FEWEST = 10 };

/* The judgement that nobody has tuned is where the fit begins. At the best F-beta F of true
 * probabilities, the threshold is F / (1 + beta^2): Lipton, Elkan and Naryanaswamy 2014, "Optimal
 * Thresholding of Classifiers to Maximize F1 Measure". The judgement's own is for F1. */
static bool begin_untuned(struct tune *t) {
    const struct el_config *config = t->config;
    t->untuned = el_judge_of_kind(&t->arena, el_judge_unfitted(config->settings.judge),
                                  config->n_members, config->n_types);
    if (t->untuned != NULL) {
        t->threshold = 2 * t->untuned->threshold / (1 + t->options->beta * t->options->beta);
    }
    return t->untuned != NULL;
}

static size_t best_by_pool(const struct el_mention *mention, size_t n_types, double *probability) {
    size_t best = 0;
    *probability = 0;
    if (mention->prior_shares != NULL) {
        for (size_t t = 1; t < n_types; t++) {
            best = mention->prior_shares[t] > mention->prior_shares[best] ? t : best;
        }
        *probability = mention->prior * (double)mention->prior_shares[best];
    }
    return best;
}

static void show_candidate(const struct tune *t, const struct el_mention *mention,
                           const struct sample *sample, const char *type) {
    struct el_tune_candidate candidate = {.sentence = sample->sentence,
                                          .text = mention->text,
                                          .type = type,
                                          .occurrences = sample->occurrences,
                                          .right = sample->right,
                                          .from_pool = sample->from_pool,
                                          .prior = sample->prior,
                                          .right_by_pool = sample->right_by_pool,
                                          .x = t->x + t->n_samples * t->d};
    if (t->options->candidate != NULL) {
        t->options->candidate(t->options->context, &candidate);
    }
}

static void see_candidates(void *user, const struct el_document *document,
                           const struct el_work *work) {
    struct tune *t = user;
    struct el_context context = *el_ensemble_view(t->ensemble);
    context.settings.judge = t->judge;
    for (size_t i = 0; i < work->mentions.count; i++) {
        const struct el_mention *mention = &work->mentions.items[i];
        if (mention->type < 0) {
            continue;
        }
        if (!EL_GROW(t->samples, t->samples_room, t->n_samples + 1) ||
            !EL_GROW(t->x, t->x_room, (t->n_samples + 1) * t->d)) {
            t->failed = true;
            return;
        }
        struct sample *sample = &t->samples[t->n_samples];
        *sample = (struct sample){.sentence = document->line,
                                  .occurrences = mention->n_spans,
                                  .extracted_by = mention->extracted_by,
                                  .from_pool = mention->from_pool};
        const char *type = t->config->types[mention->type].name;
        const char *by_pool =
            t->config->types[best_by_pool(mention, t->config->n_types, &sample->prior)].name;
        sample->right = tune_right(document, work, mention, type);
        sample->right_by_pool = tune_right(document, work, mention, by_pool);
        el_judge_features(&context, t->judge, work, mention, t->scratch,
                          t->x + t->n_samples * t->d);
        show_candidate(t, mention, sample, type);
        t->result->candidates += sample->occurrences;
        t->result->right += sample->right;
        t->n_samples++;
    }
}

static void see_labelled(void *user, const struct el_document *document,
                         const struct el_work *work) {
    tune_see_types(user, document, work);
    tune_see_untuned(user, document, work);
}

static bool enough(const struct tune *t) {
    size_t right = 0;
    for (size_t i = 0; i < t->n_samples; i++) {
        right += 2 * t->samples[i].right > t->samples[i].occurrences;
    }
    return right >= FEWEST && t->n_samples - right >= FEWEST;
}

static bool tune(struct tune *t) {
    if (el_ensemble_rests(t->ensemble)) {
        return el_fail(t->err, EL_ERR_CONFIG,
                       "no member was started, for the configured judgement hears none; "
                       "tune with a configuration without 'judge'");
    }
    if (!tune_count_mentions(t)) {
        return false;
    }
    if (t->result->mentions < FEWEST) { /* whatever members would say */
        t->result->too_few = t->result->too_few_labels = true;
        return true;
    }
    struct el_settings as_is = t->config->settings;
    el_settings_settle(&as_is);
    as_is.apart = el_pool_neighbours(el_ensemble_pool(t->ensemble));
    struct el_settings settings = as_is;
    if (!el_ensemble_open_prior(t->ensemble, t->err) ||
        (!t->options->quick && !tune_run(t, &as_is, 0, NULL, true))) {
        return false;
    }
    settings.judge = t->untuned;
    settings.lazy_votes = false;
    settings.from_pool = EL_FROM_POOL;
    if (!tune_run(t, &settings, EL_STAGE_CLASSIFY + 1, see_labelled, false)) {
        return false;
    }
    if (!t->options->quick) {
        t->result->before = tune_figures(t->kept_right, t->kept, t->result->mentions);
        t->result->before.calibration_error = el_reliability_error(&t->reliability);
    }
    if (!tune_fit_types(t)) {
        return el_fail_memory(t->err);
    }
    settings.judge = t->judge; /* no weights yet: every candidate has the probability 1 / 2 */
    settings.verifier = t->options->quick ? EL_VERIFY_NONE : EL_VERIFY_ALL;
    if (!tune_run(t, &settings, 0, see_candidates, false)) {
        return false;
    }
    t->result->too_few = !enough(t);
    return t->result->too_few || tune_fit_candidates(t) || el_fail_memory(t->err);
}

bool el_tune(struct el_config *config, struct el_ensemble *ensemble,
             const struct el_tune_options *options, struct el_tune_result *result,
             struct el_error *err) {
    struct tune t = {.config = config,
                     .ensemble = ensemble,
                     .options = options,
                     .result = result,
                     .err = err,
                     .d = el_judge_size(config->n_members, config->n_types)};
    *result = (struct el_tune_result){0};
    t.judge = el_judge_new(&config->arena, config->n_members, config->n_types);
    t.scratch = el_arena_array(&t.arena, 2 * config->n_types, sizeof *t.scratch);
    t.traits = el_arena_array(&t.arena, t.d, sizeof *t.traits);
    bool ok = (t.judge != NULL && t.scratch != NULL && t.traits != NULL && begin_untuned(&t) &&
               tune_draw(&t)) ||
              el_fail_memory(err);
    result->sentences = t.n_sentences;
    ok = ok && tune(&t);
    free(t.options_x);
    free(t.choice);
    free(t.samples);
    free(t.x);
    el_arena_free(&t.arena);
    return ok;
}

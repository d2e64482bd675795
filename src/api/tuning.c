/* The ensemble fitted to its own pool, and the configuration in force as a text. */
#include "api/el4ner_private.h"

#include "evaluate/tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct watch {
    const struct el4ner_tune_options *options;
    bool stop;
};

static enum el_tick tick(void *context) {
    return ((const struct watch *)context)->stop ? EL_STOP : EL_GO_ON;
}

static void note_progress(void *context, unsigned run, unsigned runs, size_t done, size_t all) {
    struct watch *watch = context;
    const struct el4ner_tune_options *options = watch->options;
    if (options->progress != NULL &&
        !options->progress(options->context, (run - 1) * all + done, runs * all)) {
        watch->stop = true;
    }
}

static bool take_options(const struct el4ner_tune_options *given,
                         struct el4ner_tune_options *options, struct el_error *err) {
    const size_t first = offsetof(struct el4ner_tune_options, context) + sizeof given->context;
    if (!take_struct(given, first, options, sizeof *options, "an option of tuning", err)) {
        return false;
    }
    options->sentences = options->sentences > 0 ? options->sentences : 200;
    options->seed = options->seed > 0 ? options->seed : 1;
    options->beta = options->beta != 0 ? options->beta : 1;
    return (options->beta > 0 && isfinite(options->beta)) ||
           el_fail(err, EL_ERR_CONFIG, "beta must be a number above 0");
}

static void give_tuning(const struct el_tune_result *result, struct el4ner_tuning *out) {
    struct el4ner_tuning tuning = {.sentences = result->sentences,
                                   .mentions = result->mentions,
                                   .candidates = result->candidates,
                                   .right = result->right,
                                   .precision_before = result->before.precision,
                                   .recall_before = result->before.recall,
                                   .f1_before = result->before.f1,
                                   .fitted = !result->too_few};
    if (tuning.fitted) {
        tuning.precision = result->after.precision;
        tuning.recall = result->after.recall;
        tuning.f1 = result->after.f1;
        tuning.pool_f1 = result->pool.f1;
        tuning.f1_untuned = result->untuned.f1;
        tuning.gain = result->gain.difference;
        tuning.gain_low = result->gain.interval.low;
        tuning.gain_high = result->gain.interval.high;
    }
    give_struct(&tuning, sizeof tuning, out);
}

bool el4ner_tune(el4ner *engine, const struct el4ner_tune_options *given,
                 struct el4ner_tuning *tuning, struct el4ner_error *error) {
    struct el4ner_tune_options options;
    struct el_error err = {0};
    struct watch watch = {.options = &options};
    struct el_tune_result result;
    bool ok = take_options(given, &options, &err) &&
              check_idle(engine, "the engine cannot be tuned", &err) &&
              (el_ensemble_pool(engine->ensemble) != NULL ||
               el_fail(&err, EL_ERR_CONFIG, "tuning needs a pool; name one"));
    if (ok) {
        struct el_tune_options how = {.sentences = options.sentences,
                                      .seed = options.seed,
                                      .beta = options.beta,
                                      .quick = options.quick,
                                      .tick = tick,
                                      .progress = note_progress,
                                      .context = &watch};
        ok = el_tune(engine->config, engine->ensemble, &how, &result, &err);
    }
    if (ok) {
        el_flow_renew(engine->flow);
        pthread_mutex_lock(&engine->mutex);
        forget_terms(engine, 0);
        pthread_mutex_unlock(&engine->mutex);
        give_tuning(&result, tuning);
    }
    give_error(error, &err);
    return ok;
}

char *el4ner_config(el4ner *engine, bool tuned, struct el4ner_error *error) {
    const struct el_config *config = engine->config;
    struct el_buffer text = {0};
    struct el_error err = {0};
    char *base = tuned && config->path[0] != '(' ? realpath(config->path, NULL) : NULL;
    char *pool = tuned && config->pool != NULL ? realpath(config->pool, NULL) : NULL;
    bool ok =
        tuned ? el_config_print_tuned(config, base, pool, &text) : el_config_print(config, &text);
    free(base);
    free(pool);
    if (!ok || text.failed) {
        el_buffer_free(&text);
        el_fail_memory(&err);
    }
    give_error(error, &err);
    return text.data;
}

void el4ner_text_free(char *text) {
    free(text);
}

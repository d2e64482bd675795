/* An engine: a configuration, its ensemble, and what comes and goes through it. */
#include "api/el4ner_private.h"
#include "api/within.h"

#include <stdlib.h>
#include <string.h>

const char *el4ner_version(void) {
    return EL4NER_VERSION;
}

void *give_error(struct el4ner_error *error, const struct el_error *err) {
    static const enum el4ner_code codes[] = {
        [EL_OK] = EL4NER_OK,
        [EL_ERR_MEMORY] = EL4NER_ERROR_MEMORY,
        [EL_ERR_IO] = EL4NER_ERROR_IO,
        [EL_ERR_FORMAT] = EL4NER_ERROR_FORMAT,
        [EL_ERR_CONFIG] = EL4NER_ERROR_CONFIG,
        [EL_ERR_UNREACHABLE] = EL4NER_ERROR_UNREACHABLE,
        [EL_ERR_INTERRUPTED] = EL4NER_ERROR_CANCELLED,
    };
    _Static_assert(sizeof error->message == sizeof err->message, "messages are copied whole");
    if (error != NULL) {
        error->code = codes[err->code];
        memcpy(error->message, err->message, sizeof error->message);
    }
    return NULL;
}

enum el4ner_level level_of(enum el_level level) {
    return level == EL_WARNING ? EL4NER_WARNING : level == EL_INFO ? EL4NER_INFO : EL4NER_DEBUG;
}

void pass_on(void *context, enum el_level level, const char *message) {
    el4ner *engine = context;
    if (engine->log != NULL) {
        engine->log(engine->log_context, level_of(level), message);
    }
}

/* A copy in the configuration's arena; the caller's string need not live on. */
static bool keep(struct el_config *config, const char *text, const char **field,
                 struct el_error *err) {
    if (text == NULL) {
        return true;
    }
    *field = el_arena_string(&config->arena, text);
    return *field != NULL || el_fail_memory(err);
}

static bool set_type_list(struct el_config *config, const struct el4ner_options *options,
                          struct el_error *err) {
    struct el_type *given = types_of(&config->arena, options->type_list, options->n_types), *types;
    const struct el_judge *judge;
    if (given == NULL) {
        return el_fail_memory(err);
    }
    if (!el_config_types(config, &config->arena, given, options->n_types, &types, &judge, err)) {
        return false;
    }
    config->types = types;
    config->n_types = options->n_types;
    config->settings.judge = judge;
    return true;
}

static bool apply(struct el_config *config, const struct el4ner_options *options,
                  struct el_error *err) {
    return (options->profile == NULL ||
            el_config_choose_profile(config, "profile", options->profile, err)) &&
           (options->types == NULL || el_config_set_types(config, options->types, err)) &&
           (options->type_list == NULL || set_type_list(config, options, err)) &&
           keep(config, options->pool, &config->pool, err) &&
           (options->lang == NULL || el_config_set_lang(config, options->lang, err));
}

bool take_struct(const void *given, size_t first, void *into, size_t known, const char *what,
                 struct el_error *err) {
    memset(into, 0, known);
    if (given == NULL) {
        return true;
    }
    size_t size;
    memcpy(&size, given, sizeof size); /* it is the first member of each */
    size = size == 0 ? first : size;
    for (size_t i = known; i < size; i++) {
        if (((const char *)given)[i] != 0) {
            return el_fail(err, EL_ERR_CONFIG,
                           "%s is set that libel4ner %s does not have; use the library that "
                           "the program was compiled for",
                           what, EL4NER_VERSION);
        }
    }
    memcpy(into, given, size < known ? size : known);
    return true;
}

void give_struct(const void *from, size_t known, void *into) {
    size_t size;
    memcpy(&size, into, sizeof size);
    memset(into, 0, size);
    memcpy(into, from, known < size ? known : size);
    memcpy(into, &size, sizeof size);
}

static bool check_options(const struct el4ner_options *options, struct el_error *err) {
    if (options->type_list == NULL && options->n_types > 0) {
        return el_fail(err, EL_ERR_CONFIG, "n_types of the options is %zu, but type_list is NULL",
                       options->n_types);
    }
    if (options->type_list != NULL && options->types != NULL) {
        return el_fail(err, EL_ERR_CONFIG, "types and type_list of the options are both set");
    }
    if ((unsigned)options->order > EL4NER_AS_READY) {
        return el_fail(err, EL_ERR_CONFIG, "order of the options is %d; see enum el4ner_order",
                       (int)options->order);
    }
    return true;
}

static const char *known(const char *text) {
    return text[0] != '\0' ? text : NULL;
}

static bool list_members(el4ner *engine, struct el_error *err) {
    const struct el_config *config = engine->config;
    engine->members = calloc(config->n_members + 1, sizeof *engine->members);
    engine->names = calloc(config->n_members + 1, sizeof *engine->names);
    bool ok = engine->members != NULL && engine->names != NULL;
    for (size_t m = 0; ok && m < config->n_members; m++) {
        engine->names[m] = config->members[m].name;
        const struct el_capabilities *can =
            el_client_capabilities(el_ensemble_client(engine->ensemble), m);
        engine->members[m] =
            (struct el4ner_member){.name = config->members[m].name,
                                   .model = can->model,
                                   .problem = can->reached ? NULL : known(can->problem)};
    }
    return ok || el_fail_memory(err);
}

/* Takes the configuration, which may be missing: then `err` says why. */
static el4ner *open_engine(bool loaded, struct el_config *config,
                           const struct el4ner_options *options, bool refresh,
                           struct el_error *err) {
    el4ner *engine = loaded ? calloc(1, sizeof *engine) : NULL;
    if (engine == NULL) {
        el_config_free(config);
        return loaded ? (el_fail_memory(err), NULL) : NULL;
    }
    engine->config = config;
    engine->log = options->log;
    engine->log_context = options->log_context;
    engine->order = options->order;
    engine->most_texts = options->most_texts;
    struct el_log log = {.write = pass_on, .context = engine};
    struct el_ensemble_options open = {
        .log = &log, .store_path = options->store, .refresh = refresh};
    if (!apply(config, options, err) || !el_ensemble_open(config, &open, &engine->ensemble, err) ||
        !list_members(engine, err) || !open_texts(engine, err)) {
        el4ner_close(engine);
        return NULL;
    }
    return engine;
}

static bool take_options(const struct el4ner_options *given, struct el4ner_options *options,
                         struct el_error *err) {
    const size_t first = offsetof(struct el4ner_options, log_context) + sizeof given->log_context;
    return take_struct(given, first, options, sizeof *options, "an option", err) &&
           check_options(options, err);
}

el4ner *el4ner_open(const char *configuration, const struct el4ner_options *given,
                    struct el4ner_error *error) {
    struct el4ner_options options;
    struct el_config *config = NULL;
    struct el_error err = {0};
    if (!take_options(given, &options, &err)) {
        return give_error(error, &err);
    }
    bool loaded = el_config_load_ensemble(configuration, options.ensemble, false, &config, &err);
    el4ner *engine = open_engine(loaded, config, &options, false, &err);
    return engine != NULL ? engine : give_error(error, &err);
}

el4ner *el4ner_open_yaml(const char *yaml, size_t length, const struct el4ner_options *given,
                         struct el4ner_error *error) {
    struct el4ner_options options;
    struct el_config *config = NULL;
    struct el_error err = {0};
    if (!take_options(given, &options, &err)) {
        return give_error(error, &err);
    }
    bool loaded = el_config_load_text(yaml, length, options.ensemble, &config, &err);
    el4ner *engine = open_engine(loaded, config, &options, false, &err);
    return engine != NULL ? engine : give_error(error, &err);
}

el4ner *el_engine_open(struct el_config *config, const struct el4ner_options *given, bool refresh,
                       struct el_error *err) {
    struct el4ner_options options;
    if (!take_options(given, &options, err)) {
        el_config_free(config);
        return NULL;
    }
    return open_engine(true, config, &options, refresh, err);
}

const struct el_counts *el_engine_counts(const el4ner *engine) {
    return el_ensemble_counts(engine->ensemble);
}

const struct el_pool *el_engine_pool(const el4ner *engine) {
    return el_ensemble_pool(engine->ensemble);
}

bool el_engine_use_pool(el4ner *engine, struct el_pool *pool, struct el_prior *prior,
                        struct el_error *err) {
    return el_ensemble_use_pool(engine->ensemble, pool, prior, err);
}

bool el_engine_counts_labels(const el4ner *engine) {
    return el_ensemble_counts_labels(engine->ensemble);
}

size_t el_engine_window(const el4ner *engine) {
    return el_flow_state(engine->flow).window;
}

void el4ner_close(el4ner *engine) {
    if (engine != NULL) {
        close_texts(engine);
        el_ensemble_close(engine->ensemble);
        el_config_free(engine->config);
        free(engine->members);
        free(engine->names);
        free(engine);
    }
}

const struct el4ner_member *el4ner_get_member(el4ner *engine, size_t index) {
    return index < engine->config->n_members ? &engine->members[index] : NULL;
}

bool el4ner_get_usage(el4ner *engine, size_t member, enum el4ner_stage stage,
                      struct el4ner_usage *usage) {
    const struct el_account *account =
        el_client_account(el_ensemble_client(engine->ensemble), member, (enum el_stage)stage);
    if (account == NULL || member >= engine->config->n_members) {
        return false;
    }
    *usage = (struct el4ner_usage){.calls = account->calls,
                                   .from_store = account->from_store,
                                   .prompt_tokens = account->prompt_tokens,
                                   .answer_tokens = account->answer_tokens,
                                   .cached_tokens = account->cached_tokens,
                                   .seconds = account->seconds};
    for (size_t i = 0; i < EL_FAILURES; i++) {
        usage->failed += account->failures[i];
    }
    return true;
}

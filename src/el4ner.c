/* The public library: el4ner.h in terms of the ensemble. */
#include "el4ner.h"

#include "base/print.h"
#include "pipeline/ensemble.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct el4ner {
    struct el_config *config;
    struct el_ensemble *ensemble;
    void (*log)(void *context, enum el4ner_level level, const char *message);
    void *log_context;
};

struct el4ner_result {
    struct el_document *document;
    struct el4ner_entity *entities; /* in the document's arena, as are the names */
    const char **members;
    size_t n_members;
};

const char *el4ner_version(void) {
    return EL4NER_VERSION;
}

static void *give_error(struct el4ner_error *error, const struct el_error *err) {
    static const enum el4ner_code codes[] = {
        [EL_OK] = EL4NER_OK,
        [EL_ERR_MEMORY] = EL4NER_ERROR_MEMORY,
        [EL_ERR_IO] = EL4NER_ERROR_IO,
        [EL_ERR_FORMAT] = EL4NER_ERROR_FORMAT,
        [EL_ERR_CONFIG] = EL4NER_ERROR_CONFIG,
        [EL_ERR_UNREACHABLE] = EL4NER_ERROR_UNREACHABLE,
        [EL_ERR_INTERRUPTED] = EL4NER_ERROR_INCOMPLETE, /* by nobody: runs have no `poll` here */
    };
    _Static_assert(sizeof error->message == sizeof err->message, "messages are copied whole");
    if (error != NULL) {
        error->code = codes[err->code];
        memcpy(error->message, err->message, sizeof error->message);
    }
    return NULL;
}

static void pass_on(void *context, enum el_level level, const char *message) {
    el4ner *engine = context;
    if (engine->log != NULL) {
        engine->log(engine->log_context,
                    level == EL_WARNING ? EL4NER_WARNING
                    : level == EL_INFO  ? EL4NER_INFO
                                        : EL4NER_DEBUG,
                    message);
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

static bool apply(struct el_config *config, const struct el4ner_options *options,
                  struct el_error *err) {
    enum el_profile profile;
    if (options->profile != NULL) {
        if (!el_profile_from_name(options->profile, &profile)) {
            return el_fail(err, EL_ERR_CONFIG, "profile must be default or paper, not \"%s\"",
                           options->profile);
        }
        el_settings_profile(&config->settings, profile);
    }
    return (options->types == NULL || el_config_set_types(config, options->types, err)) &&
           keep(config, options->pool, &config->pool, err) &&
           (options->lang == NULL || el_config_set_lang(config, options->lang, err));
}

/* The options of a program that may be older or newer than this library. What a newer one knows
 * besides must not be set. */
static bool take_options(const struct el4ner_options *given, struct el4ner_options *options,
                         struct el_error *err) {
    const size_t first = offsetof(struct el4ner_options, log_context) + sizeof given->log_context;
    *options = (struct el4ner_options){0};
    if (given == NULL) {
        return true;
    }
    size_t size = given->size == 0 ? first : given->size;
    for (size_t i = sizeof *options; i < size; i++) {
        if (((const char *)given)[i] != 0) {
            return el_fail(err, EL_ERR_CONFIG,
                           "an option is set that libel4ner %s does not have; use the library that "
                           "the program was compiled for",
                           EL4NER_VERSION);
        }
    }
    memcpy(options, given, size < sizeof *options ? size : sizeof *options);
    return true;
}

el4ner *el4ner_open(const char *configuration, const struct el4ner_options *given,
                    struct el4ner_error *error) {
    struct el4ner_options options;
    struct el_error err = {0};
    if (!take_options(given, &options, &err)) {
        return give_error(error, &err);
    }
    el4ner *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        el_fail_memory(&err);
        return give_error(error, &err);
    }
    engine->log = options.log;
    engine->log_context = options.log_context;
    struct el_log log = {.write = pass_on, .context = engine};
    struct el_ensemble_options open = {.log = &log, .store_path = options.store};
    if (!el_config_load(configuration, &engine->config, &err) ||
        !apply(engine->config, &options, &err) ||
        !el_ensemble_open(engine->config, &open, &engine->ensemble, &err)) {
        el4ner_close(engine);
        return give_error(error, &err);
    }
    return engine;
}

void el4ner_close(el4ner *engine) {
    if (engine != NULL) {
        el_ensemble_close(engine->ensemble);
        el_config_free(engine->config);
        free(engine);
    }
}

/* One document through the ensemble */

struct exchange {
    struct el_document *in, *out;
};

static int next_document(void *context, struct el_document **document, struct el_error *err) {
    (void)err;
    struct exchange *exchange = context;
    *document = exchange->in;
    exchange->in = NULL;
    return *document != NULL;
}

static bool done_document(void *context, struct el_document *document, struct el_error *err) {
    (void)err;
    struct exchange *exchange = context;
    exchange->out = document;
    return true;
}

static struct el_document *make_document(const char *text, size_t length, struct el_error *err) {
    size_t valid = el_utf8_valid_prefix(text, length);
    if (valid != length) {
        el_fail(err, EL_ERR_FORMAT, "the text is not valid UTF-8 at byte %zu", valid);
        return NULL;
    }
    const char *nul = length > 0 ? memchr(text, '\0', length) : NULL;
    if (nul != NULL) {
        el_fail(err, EL_ERR_FORMAT, "the text holds a NUL character at byte %zu",
                (size_t)(nul - text));
        return NULL;
    }
    struct el_document *document = el_document_new();
    if (document == NULL) {
        el_fail_memory(err);
        return NULL;
    }
    document->id = "text";
    document->text = el_arena_copy(&document->arena, length > 0 ? text : "", length);
    document->text_len = length;
    if (document->text == NULL) {
        el_document_free(document);
        el_fail_memory(err);
        return NULL;
    }
    return document;
}

static bool fill_entities(el4ner_result *result) {
    struct el_document *document = result->document;
    result->entities =
        el_arena_array(&document->arena, document->n_entities, sizeof *result->entities);
    for (size_t i = 0; result->entities != NULL && i < document->n_entities; i++) {
        const struct el_entity *from = &document->entities[i];
        struct el4ner_entity *to = &result->entities[i];
        to->start = from->span.start;
        to->end = from->span.end;
        to->text = el_arena_copy(&document->arena, document->text + from->span.start,
                                 from->span.end - from->span.start);
        to->type = el_arena_string(&document->arena, from->type);
        to->score = from->score;
        to->verdict = from->verified == EL_VERIFIED_YES          ? EL4NER_VERIFIED
                      : from->verified == EL_VERIFIED_UNREADABLE ? EL4NER_UNREADABLE
                                                                 : EL4NER_NOT_VERIFIED;
        if (to->text == NULL || to->type == NULL) {
            return false;
        }
    }
    return result->entities != NULL;
}

/* Names of members and voted types are the engine's, and a result may outlive it. */
static bool fill_evidence(el4ner_result *result, const struct el_config *config) {
    struct el_arena *arena = &result->document->arena;
    result->n_members = config->n_members;
    result->members = el_arena_array(arena, config->n_members, sizeof *result->members);
    for (size_t i = 0; result->members != NULL && i < config->n_members; i++) {
        result->members[i] = el_arena_string(arena, config->members[i].name);
        if (result->members[i] == NULL) {
            return false;
        }
    }
    return result->members != NULL;
}

/* Takes the document. */
static el4ner_result *make_result(struct el_document *document, const struct el_config *config,
                                  struct el_error *err) {
    el4ner_result *result = calloc(1, sizeof *result);
    if (result == NULL) {
        el_document_free(document);
        el_fail_memory(err);
        return NULL;
    }
    result->document = document;
    if (!fill_entities(result) || !fill_evidence(result, config)) {
        el4ner_result_free(result);
        el_fail_memory(err);
        return NULL;
    }
    return result;
}

/* Takes the document, which the members failed. */
static void *give_failure(struct el4ner_error *error, struct el_document *document) {
    if (error != NULL) {
        error->code = EL4NER_ERROR_INCOMPLETE;
        el_print(error->message, sizeof error->message, "%s", document->failure);
    }
    el_document_free(document);
    return NULL;
}

el4ner_result *el4ner_tag(el4ner *engine, const char *text, size_t length,
                          struct el4ner_error *error) {
    struct el_error err = {0};
    struct exchange exchange = {.in = make_document(text, length, &err)};
    if (exchange.in == NULL) {
        return give_error(error, &err);
    }
    struct el_run run = {.context = &exchange, .next = next_document, .done = done_document};
    bool ok = el_ensemble_run(engine->ensemble, &run, &err);
    el_document_free(exchange.in);
    if (!ok) {
        el_document_free(exchange.out);
        return give_error(error, &err);
    }
    if (exchange.out->failure != NULL) {
        return give_failure(error, exchange.out);
    }
    el4ner_result *result = make_result(exchange.out, engine->config, &err);
    return result != NULL ? result : give_error(error, &err);
}

void el4ner_result_free(el4ner_result *result) {
    if (result != NULL) {
        el_document_free(result->document);
        free(result);
    }
}

size_t el4ner_count(const el4ner_result *result) {
    return result->document->n_entities;
}

const struct el4ner_entity *el4ner_get(const el4ner_result *result, size_t index) {
    return index < result->document->n_entities ? &result->entities[index] : NULL;
}

size_t el4ner_abstained(const el4ner_result *result) {
    return result->document->abstained;
}

const char *el4ner_evidence(const el4ner_result *result, size_t index, int votes, size_t n) {
    if (index >= result->document->n_entities) {
        return NULL;
    }
    const struct el_entity *entity = &result->document->entities[index];
    el_member_set set = entity->extracted_by;
    if (votes) {
        set = entity->n_votes > 0 ? entity->votes[0].voters : 0; /* the winner is first */
    }
    for (size_t member = 0; member < result->n_members; member++) {
        if ((set >> member & 1) != 0 && n-- == 0) {
            return result->members[member];
        }
    }
    return NULL;
}

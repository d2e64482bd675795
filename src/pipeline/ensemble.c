/* Opening the ensemble: members, templates, pool, tagger, and how the pool's labels map to the
 * types that were asked for. */
#include "serving/gguf.h"
#include "pipeline/ensemble_private.h"
#include "pipeline/asked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What can be known of a member without reaching it. */
static bool offline_capabilities(struct el_ensemble *ensemble, size_t m, struct el_error *err) {
    const struct el_member_config *member = &ensemble->config->members[m];
    struct el_capabilities *can = el_arena_alloc(&ensemble->arena, sizeof *can);
    if (can == NULL) {
        return el_fail_memory(err);
    }
    *can = (struct el_capabilities){.context = member->context, .parameters = member->parameters};
    if (member->gguf != NULL) {
        struct el_gguf file;
        if (!el_gguf_read(member->gguf, &file, err)) {
            return el_error_prefix(err, "member %s", member->name);
        }
        can->compact = file.compact;
        can->context = can->context > 0 ? can->context : file.context;
        can->parameters = can->parameters > 0 ? can->parameters : file.parameters;
    }
    ensemble->capabilities[m] = can;
    return true;
}

static bool open_prompts(struct el_ensemble *ensemble, const struct el_ensemble_options *options,
                         struct el_error *err) {
    struct el_config *config = ensemble->config;
    size_t n = 0;
    while (config->data_folders != NULL && config->data_folders[n] != NULL) {
        n++;
    }
    const char **folders = el_arena_array(&ensemble->arena, n + 1, sizeof *folders);
    ensemble->prompts =
        el_arena_array(&ensemble->arena, config->n_members, sizeof *ensemble->prompts);
    ensemble->capabilities =
        el_arena_array(&ensemble->arena, config->n_members, sizeof *ensemble->capabilities);
    if (folders == NULL || ensemble->prompts == NULL || ensemble->capabilities == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < n; i++) {
        folders[i] = el_arena_printf(&ensemble->arena, "%s/prompts", config->data_folders[i]);
        if (folders[i] == NULL) {
            return el_fail_memory(err);
        }
    }
    for (size_t m = 0; m < config->n_members; m++) {
        if (!options->offline) {
            ensemble->capabilities[m] = el_client_capabilities(ensemble->client, m);
        } else if (!offline_capabilities(ensemble, m, err)) {
            return false;
        }
        const struct el_capabilities *can = ensemble->capabilities[m];
        if (!el_prompt_set_open(el_prompt_set_of(config, m, can), folders, &ensemble->prompts[m],
                                err)) {
            return el_error_prefix(err, "member %s", config->members[m].name);
        }
    }
    return true;
}

const char *el_prompt_set_of(const struct el_config *config, size_t member,
                             const struct el_capabilities *can) {
    if (config->members[member].prompts != NULL) {
        return config->members[member].prompts;
    }
    if (can->compact) {
        return "compact";
    }
    return config->settings.profile == EL_PROFILE_PAPER ? "chat" : "conversation";
}

/* The types, and which of the pool's labels mean them. */
static bool open_types(struct el_ensemble *ensemble, struct el_error *err) {
    const struct el_config *config = ensemble->config;
    ensemble->context.pool = ensemble->pool;
    if (!el_context_set_types(&ensemble->context, &ensemble->arena, config->types, config->n_types,
                              err)) {
        return false;
    }
    const char *warning = el_types_warning(&ensemble->context, &config->settings, &ensemble->arena);
    if (warning != NULL && *warning != '\0') {
        el_log(&ensemble->log, EL_WARNING, "%s", warning);
    }
    return warning != NULL || el_fail_memory(err);
}

static bool open_tagger(struct el_ensemble *ensemble, struct el_error *err) {
    struct el_config *config = ensemble->config;
    const char *tagger =
        config->tagger != NULL ? config->tagger : el_config_find(config, "models/tagger-en.bin");
    return tagger == NULL || el_tagger_open(tagger, &ensemble->tagger, err);
}

/* The path of the pool; NULL = work without one. */
static const char *find_pool(struct el_ensemble *ensemble,
                             const struct el_ensemble_options *options) {
    struct el_config *config = ensemble->config;
    if (options->no_pool) {
        return NULL;
    }
    const char *pool = options->pool_path != NULL ? options->pool_path : config->pool;
    pool = pool != NULL ? pool : el_config_find(config, "pools/default.jsonl");
    if (pool == NULL) {
        el_log(&ensemble->log, EL_WARNING,
               "no demonstration pool found: working without "
               "demonstrations; name one with --pool");
    }
    return pool;
}

/* Labelled files are indexed here, with vectors of the embedding member if there is one. */
static bool open_pool(struct el_ensemble *ensemble, const char *path, struct el_error *err) {
    struct el_pool_build_options options = {.log = &ensemble->log};
    bool embedder = ensemble->embedder.client != NULL;
    if (embedder) {
        el_embedder_options(&ensemble->embedder, &options);
    }
    if (!el_pool_open_with(path, &options, &ensemble->pool, err)) {
        return false;
    }
    const char *vectors = el_pool_get_info(ensemble->pool)->vectors;
    ensemble->context.embeds = strcmp(vectors, "ngram") != 0;
    enum el_similarity similarity = ensemble->config->settings.similarity;
    bool compares = similarity == EL_SIMILARITY_SPAN || similarity == EL_SIMILARITY_SENTENCE;
    if (compares && ensemble->context.embeds && ensemble->config->embedder == NULL) {
        return el_fail(err, EL_ERR_CONFIG,
                       "%s: this pool has vectors of %s; name that embedding model under retrieve: "
                       "vectors in the configuration, or build the pool without one",
                       path, vectors);
    }
    return true;
}

bool el_ensemble_rests(const struct el_ensemble *ensemble) {
    return ensemble->rests;
}

/* The members, and after them the embedding member where retrieval needs one. */
static bool start_client(struct el_ensemble *ensemble, const struct el_ensemble_options *options,
                         bool embed, struct el_error *err) {
    struct el_config *config = ensemble->config;
    struct el_client_options client = {.log = &ensemble->log,
                                       .store_path = options->store_path,
                                       .refresh = options->refresh,
                                       .constrain = config->settings.constrain,
                                       .rest = ensemble->rests,
                                       .llama_server = config->llama_server,
                                       .data_folders = config->data_folders};
    size_t n = options->offline ? 0 : config->n_members;
    struct el_member_config *members = el_arena_array(&ensemble->arena, n + 1, sizeof *members);
    if (members == NULL) {
        return el_fail_memory(err);
    }
    if (n > 0) {
        memcpy(members, config->members, n * sizeof *members);
    }
    if (embed) {
        members[n] = *config->embedder;
    }
    ensemble->context.embedder = n;
    return el_client_start(members, n + embed, &client, &ensemble->client, err) &&
           (!embed || el_embedder_init(&ensemble->embedder, ensemble->client, n, &members[n],
                                       &ensemble->log, err));
}

/* What is cheap and can fail by a user's mistake goes before what starts servers: the pool too,
 * unless it is in need of vectors. */
static bool open_all(struct el_ensemble *ensemble, const struct el_ensemble_options *options,
                     struct el_error *err) {
    const struct el_config *config = ensemble->config;
    ensemble->rests = !options->ask_anyway && el_settings_ask_nobody(&config->settings);
    if (!open_tagger(ensemble, err)) {
        return false;
    }
    const char *pool = find_pool(ensemble, options);
    bool embed = config->embedder != NULL && pool != NULL && (!options->offline || options->embed);
    if (pool != NULL && access(pool, R_OK) != 0 && strcmp(pool, "-") != 0) {
        return el_fail(err, EL_ERR_IO, "cannot open the pool %s: %s", pool, strerror(errno));
    }
    return (pool == NULL || embed || open_pool(ensemble, pool, err)) &&
           ((options->offline && !embed) || start_client(ensemble, options, embed, err)) &&
           (!embed || open_pool(ensemble, pool, err)) && open_types(ensemble, err) &&
           open_prompts(ensemble, options, err);
}

bool el_ensemble_open(struct el_config *config, const struct el_ensemble_options *options,
                      struct el_ensemble **out, struct el_error *err) {
    struct el_ensemble *ensemble = calloc(1, sizeof *ensemble);
    *out = NULL;
    if (ensemble == NULL) {
        return el_fail_memory(err);
    }
    ensemble->config = config;
    ensemble->trace = options->trace;
    ensemble->window = options->window;
    ensemble->answered = options->answered;
    ensemble->answered_context = options->context;
    if (options->log != NULL) {
        ensemble->log = *options->log;
    }
    bool ok = open_all(ensemble, options, err);
    if (!ok) {
        el_ensemble_close(ensemble);
        return false;
    }
    struct el_context *context = &ensemble->context;
    context->config = config;
    context->n_members = config->n_members;
    context->capabilities = (const struct el_capabilities *const *)ensemble->capabilities;
    context->prompts = ensemble->prompts;
    context->tagger = ensemble->tagger;
    if (el_ensemble_counts_labels(ensemble) && !el_ensemble_open_prior(ensemble, err)) {
        el_ensemble_close(ensemble);
        return false;
    }
    *out = ensemble;
    return true;
}

void el_ensemble_close(struct el_ensemble *ensemble) {
    if (ensemble == NULL) {
        return;
    }
    for (size_t m = 0; ensemble->prompts != NULL && m < ensemble->config->n_members; m++) {
        el_prompt_set_close(ensemble->prompts[m]);
    }
    el_client_stop(ensemble->client);
    el_grown_leave(ensemble->grown);
    el_prior_close(ensemble->context.prior);
    el_pool_close(ensemble->pool);
    el_tagger_close(ensemble->tagger);
    el_arena_free(&ensemble->arena);
    free(ensemble);
}

bool el_ensemble_counts_labels(const struct el_ensemble *ensemble) {
    return ensemble->config->settings.from_pool > 0;
}

bool el_ensemble_open_prior(struct el_ensemble *ensemble, struct el_error *err) {
    struct el_context *context = &ensemble->context;
    if (context->pool == NULL || context->prior != NULL) {
        return true;
    }
    return el_prior_open(context->pool, &context->prior, err) &&
           (context->prior == NULL || el_context_map_prior(context, &ensemble->arena, err));
}

/* The named verifier; without a name the largest member, else the first listed. */
size_t el_ensemble_verifier(const struct el_ensemble *ensemble,
                            const struct el_settings *settings) {
    const struct el_config *config = ensemble->config;
    if (settings->verifier_name != NULL) {
        size_t named = el_config_member(config, settings->verifier_name);
        return named < config->n_members ? named : 0;
    }
    return el_largest_member((const struct el_capabilities *const *)ensemble->capabilities,
                             el_first_members(config->n_members));
}

/* Sentences longer than this are cut: the smallest member's context must hold the sentence, its
 * spans again as an answer, and the instructions. */
size_t el_ensemble_longest_sentence(const struct el_ensemble *ensemble) {
    size_t context = 0;
    for (size_t m = 0; m < ensemble->config->n_members; m++) {
        size_t own = ensemble->capabilities[m]->context;
        context = own > 0 && (context == 0 || own < context) ? own : context;
    }
    size_t tokens = context * 2 / 5;
    return context == 0 ? 0 : tokens < 32 ? 32 : tokens;
}

struct el_context el_ensemble_context(const struct el_ensemble *ensemble,
                                      const struct el_settings *settings, el_member_set members) {
    struct el_context context = ensemble->context;
    el_member_set all = el_first_members(ensemble->config->n_members);
    context.configured = settings != NULL ? *settings : ensemble->config->settings;
    context.members = members != 0 ? members & all : all;
    if (el_settings_hear_nobody(&context.configured)) {
        context.members = 0;
    }
    el_context_settle(&context);
    context.verifier = el_ensemble_verifier(ensemble, &context.settings);
    return context;
}

const struct el_counts *el_ensemble_counts(const struct el_ensemble *ensemble) {
    return &ensemble->counts;
}

struct el_client *el_ensemble_client(struct el_ensemble *ensemble) {
    return ensemble->client;
}

struct el_embedder *el_ensemble_embedder(struct el_ensemble *ensemble) {
    return ensemble->embedder.client != NULL ? &ensemble->embedder : NULL;
}

const struct el_context *el_ensemble_view(const struct el_ensemble *ensemble) {
    return &ensemble->context;
}

const struct el_pool *el_ensemble_pool(const struct el_ensemble *ensemble) {
    return ensemble->pool;
}

bool el_ensemble_use_pool(struct el_ensemble *ensemble, struct el_pool *pool,
                          struct el_prior *prior, struct el_error *err) {
    return el_grown_replace(&ensemble->grown, pool, prior, err);
}

json_t *el_ensemble_manifest(const struct el_ensemble *ensemble) {
    struct el_config *config = ensemble->config;
    struct el_buffer text = {0};
    json_t *members = json_array(), *manifest = NULL;
    for (size_t m = 0; m < config->n_members; m++) {
        const struct el_capabilities *can = ensemble->capabilities[m];
        json_array_append_new(members, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name",
                                                 config->members[m].name, "model", can->model,
                                                 "identity", can->identity, "server", can->server,
                                                 "prompts", ensemble->prompts[m]->name,
                                                 "prompts_sha256", ensemble->prompts[m]->sha256));
    }
    if (el_config_print(config, &text)) {
        manifest = json_pack(
            "{s:s, s:s, s:O, s:s*, s:s*}", "el4ner", EL_VERSION, "configuration", text.data,
            "members", members, "pool_sha256",
            ensemble->pool == NULL ? NULL : el_pool_get_info(ensemble->pool)->sha256, "vectors",
            ensemble->pool == NULL ? NULL : el_pool_get_info(ensemble->pool)->vectors);
    }
    json_decref(members);
    el_buffer_free(&text);
    return manifest;
}

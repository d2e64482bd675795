/* Loading the configuration. The tables of keys here and in the files of the sections are the
 * schema: what is not in them is an error. Everything a key holds is checked when it is read, so
 * that the rest of the program can rely on it. */
#include "config/config.h"

#include "base/file.h"
#include "config/config_private.h"
#include "config/sections.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LARGEST_FILE = 4 << 20 };

#define SETTING(member) (FIELD(el_config, settings) + FIELD(el_settings, member))

static bool read_base(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field);
static bool read_ensemble(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                          void *field);

static const struct el_yaml_key root_keys[] = {
    {"base", read_base, 0, 0, 0},          /* first: this file refines that one */
    {"ensemble", read_ensemble, 0, 0, 0},  /* and this, the same */
    {"profile", el_read_profile, 0, 0, 0}, /* before the keys that refine it */
    {"members", el_read_members, 0, 0, 0},
    {"types", el_read_types, 0, 0, 0},
    {"pool", el_read_path, FIELD(el_config, pool), 0, 0},
    {"tagger", el_read_path, FIELD(el_config, tagger), 0, 0},
    {"lang", el_read_lang, FIELD(el_config, lang), 0, 0},
    {"llama_server", el_read_path, FIELD(el_config, llama_server), 0, 0},
    {"retrieve", el_read_retrieve, FIELD(el_config, settings), 0, 0},
    {"extract", el_read_extract, FIELD(el_config, settings), 0, 0},
    {"classify", el_read_classify, FIELD(el_config, settings), 0, 0},
    {"verify", el_read_verify, FIELD(el_config, settings), 0, 0},
    {"judge", el_keep_judge, 0, 0, 0},
    {"lazy_votes", el_read_bool, SETTING(lazy_votes), 0, 0},
    {"constrain", el_read_constrain, SETTING(constrain), 0, 0},
    {"strict", el_read_bool, SETTING(strict), 0, 0},
    {"max_sentence", el_read_size, SETTING(max_sentence), 64, 1 << 20},
};

static bool read_text(const char *path, struct el_buffer *text, struct el_error *err) {
    if (el_read_file(path, LARGEST_FILE, text, err)) {
        return true;
    }
    if (err != NULL && err->code == EL_ERR_IO) {
        err->code = EL_ERR_CONFIG;
    }
    return el_error_prefix(err, "cannot read the configuration");
}

/* ---- ensembles ---- */

enum { DEEPEST = 8 };

static bool read_file(struct el_config *config, const char *path, unsigned depth,
                      struct el_error *err);

/* Read an ensemble over what the configuration holds: its members, and not what was said about
 * others. */
static bool use_ensemble(struct el_config *config, const char *name, const char *path,
                         unsigned depth, struct el_error *err) {
    if (!el_config_forget_members(config, err) || !read_file(config, path, depth, err)) {
        return false;
    }
    config->ensemble = el_arena_string(&config->arena, name);
    return config->ensemble != NULL || el_fail_memory(err);
}

/* The ensemble if it is there and all its models are here; else *used is false and nothing has
 * changed. */
static bool try_ensemble(struct el_config *config, const char *name, unsigned depth, bool *used,
                         struct el_error *err) {
    const char *path = el_config_find_ensemble(config, name);
    struct el_config before = *config;
    *used = path != NULL;
    if (path == NULL) {
        return true;
    }
    if (!use_ensemble(config, name, path, depth, err)) {
        return false;
    }
    if (!el_config_find_missing(config)) {
        return el_fail_memory(err);
    }
    *used = config->n_missing == 0;
    if (!*used) {
        el_config_drop_members(config);
        if (config->embedder != before.embedder) {
            el_config_drop_embedder(config);
        }
        before.arena = config->arena;
        before.catalogue = config->catalogue;
        *config = before;
    }
    return true;
}

/* The members where none are configured. */
static bool use_default_ensemble(struct el_config *config, unsigned depth, struct el_error *err) {
    static const char *const names[] = {"starter", "nano"};
    const char *wanted = getenv("EL4NER_ENSEMBLE");
    bool named = wanted != NULL && wanted[0] != '\0', used = named;
    if (depth > DEEPEST) {
        return el_fail(err, EL_ERR_CONFIG, "an ensemble that is used by default names no members");
    }
    if (named) {
        const char *path = el_config_find_ensemble(config, wanted);
        if (path == NULL ? !el_config_no_ensemble(config, wanted, err)
                         : !use_ensemble(config, wanted, path, depth, err)) {
            return el_error_prefix(err, "EL4NER_ENSEMBLE");
        }
    }
    for (size_t i = 0; !used && i < sizeof names / sizeof *names; i++) {
        if (!try_ensemble(config, names[i], depth, &used, err)) {
            return false;
        }
    }
    config->ensemble_by_default = used && !named;
    return used ||
           el_fail(err, EL_ERR_CONFIG,
                   "%s names no members, and the shipped ones (ensembles/nano.yaml) are not "
                   "found; name members there, or set EL4NER_DATA to the folder with "
                   "ensembles/, models/ and prompts/",
                   config->path);
}

static bool read_ensemble(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                          void *field) {
    struct el_loader *l = context;
    struct el_config *config = l->config;
    const char *name = NULL;
    (void)field;
    if (!el_read_string(l, key, value, &name)) {
        return false;
    }
    l->ensemble_here = true;
    if (config->ensemble_is_given) { /* that one counts */
        return true;
    }
    const char *path = el_config_find_ensemble(config, name);
    if (path == NULL) {
        struct el_error none;
        el_config_no_ensemble(config, name, &none);
        return el_yaml_fail(&l->yaml, value, "%s", none.message);
    }
    if (l->depth >= DEEPEST) {
        return el_yaml_fail(&l->yaml, value, "'ensemble' leads through more than %d files",
                            DEEPEST);
    }
    bool ok = use_ensemble(config, name, path, l->depth + 1, l->err);
    l->base_members = config->members;
    l->base_types = config->types;
    return ok;
}

/* Does the file say nothing of where members come from? */
static bool names_no_members(struct el_yaml *yaml, yaml_node_t *root) {
    static const char *const keys[] = {"base", "ensemble", "members"};
    for (size_t i = 0; root != NULL && root->type == YAML_MAPPING_NODE && i < el_yaml_pairs(root);
         i++) {
        yaml_node_t *key, *value;
        const char *name = el_yaml_pair(yaml, root, i, &key, &value);
        for (size_t k = 0; name != NULL && k < EL_COUNT(keys); k++) {
            if (strcmp(name, keys[k]) == 0 && !el_yaml_is_null(value) &&
                !(value->type == YAML_SEQUENCE_NODE && el_yaml_items(value) == 0)) {
                return false;
            }
        }
    }
    return true;
}

/* ---- files ---- */

/* Read a text over what `config` holds; its data folders are set. `path` is where it comes from. */
static bool read_yaml(struct el_config *config, const char *path, const char *text, size_t len,
                      unsigned depth, struct el_error *err) {
    struct el_loader l = {.config = config, .arena = &config->arena, .depth = depth, .err = err};
    const char *slash = strrchr(path, '/');
    l.folder = slash == NULL   ? "."
               : slash == path ? "/"
                               : el_arena_copy(l.arena, path, (size_t)(slash - path));
    if (l.folder == NULL) {
        return el_fail_memory(err);
    }
    bool ok = el_yaml_parse(&l.yaml, path, text, len, "man el4ner.yaml", err);
    if (!ok) {
        return false;
    }
    l.yaml.synonyms = el_config_synonyms;
    yaml_node_t *root = el_yaml_root(&l.yaml);
    if (config->n_members == 0 && !config->ensemble_is_given && names_no_members(&l.yaml, root)) {
        ok = use_default_ensemble(config, depth + 1, err);
        l.base_members = config->members;
        l.base_types = config->types;
    }
    ok = ok && (root == NULL || el_yaml_read(&l.yaml, root, "the configuration", root_keys,
                                             EL_COUNT(root_keys), &l, config));
    ok = ok && el_config_complete(config, err);
    ok = ok && el_resolve_members(&l) && el_resolve_judge(&l);
    bool inherited = ok && config->settings.judge != NULL && l.judge == NULL;
    if (inherited && config->settings.judge->kind != EL_JUDGE_FITTED) {
        ok = el_config_set_judge(config, config->settings.judge->kind, err);
    } else if (inherited && (l.base_members != config->members || l.base_types != config->types)) {
        ok = el_fail(err, EL_ERR_CONFIG,
                     "%s: the base holds a 'judge' that was fitted to its own members and types; "
                     "run el4ner tune again, or take its base",
                     path);
    }
    el_yaml_close(&l.yaml);
    return ok;
}

static bool read_file(struct el_config *config, const char *path, unsigned depth,
                      struct el_error *err) {
    struct el_buffer text = {0};
    bool ok =
        read_text(path, &text, err) && read_yaml(config, path, text.data, text.len, depth, err);
    el_buffer_free(&text);
    return ok;
}

static bool read_base(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field) {
    struct el_loader *l = context;
    const char *path = NULL;
    (void)field;
    if (!el_read_path(l, key, value, &path)) {
        return false;
    }
    if (l->depth == DEEPEST) {
        return el_yaml_fail(&l->yaml, value, "'base' leads through more than %d files", DEEPEST);
    }
    struct el_buffer text = {0};
    struct el_error why = {0};
    if (!read_text(path, &text, &why)) {
        el_buffer_free(&text);
        return why.code == EL_ERR_MEMORY ? el_fail_memory(l->err)
                                         : el_yaml_fail(&l->yaml, value, "%s", why.message);
    }
    bool ok = read_yaml(l->config, path, text.data, text.len, l->depth + 1, l->err);
    el_buffer_free(&text);
    l->base_members = l->config->members;
    l->base_types = l->config->types;
    return ok;
}

/* `path`, which ends in .yaml, or the same in .yml, if it is there. NULL in *found if neither is;
 * both are an error, since one of them would be left out. */
static bool look_at(struct el_config *config, const char *path, const char **found,
                    struct el_error *err) {
    int stem = (int)(strlen(path) - strlen("yaml"));
    const char *other = el_arena_printf(&config->arena, "%.*syml", stem, path);
    *found = NULL;
    if (other == NULL) {
        return el_fail_memory(err);
    }
    bool here = access(path, F_OK) == 0, other_here = access(other, F_OK) == 0;
    if (here && other_here) {
        return el_fail(err, EL_ERR_CONFIG,
                       "%s and %s are both there; keep one of them, or name it with -c", path,
                       other);
    }
    *found = here ? path : other_here ? other : NULL;
    return true;
}

/* The first configuration that exists; NULL in *found if none does. */
static bool look_up(struct el_config *config, const char **found, struct el_error *err) {
    if (!look_at(config, "el4ner.yaml", found, err) || *found != NULL) {
        return *found != NULL;
    }
    const char *own =
        el_config_user_folder(config, "XDG_CONFIG_HOME", ".config", "el4ner/config.yaml");
    if (own == NULL) {
        return el_fail_memory(err);
    }
    if (own[0] != '\0' && (!look_at(config, own, found, err) || *found != NULL)) {
        return *found != NULL;
    }
    *found = el_config_find(config, "default.yaml");
    return true;
}

/* What to read: a text, else a file, else the first one that is there. */
struct source {
    const char *text, *path;
    size_t len;
};

static bool load_source(struct el_config *config, const struct source *source,
                        struct el_error *err) {
    if (!el_config_data_folders(config, err)) {
        return false;
    }
    config->settings.constrain = true;
    config->settings.max_sentence = 1000;
    if (!el_config_set_profile(config, EL_PROFILE_DEFAULT, err)) {
        return false;
    }
    if (source->text != NULL) {
        config->path = "(text)";
        return read_yaml(config, config->path, source->text, source->len, 0, err);
    }
    if (source->path != NULL) {
        config->path = el_arena_string(&config->arena, source->path);
        return config->path != NULL ? read_file(config, config->path, 0, err) : el_fail_memory(err);
    }
    if (!look_up(config, &config->path, err)) {
        return false;
    }
    if (config->path == NULL) {
        config->path = "(built in)";
        return (config->ensemble_is_given || use_default_ensemble(config, 1, err)) &&
               el_config_complete(config, err);
    }
    return read_file(config, config->path, 0, err);
}

static bool load(struct el_config *config, const struct source *source, const char *ensemble,
                 bool may_miss, struct el_error *err) {
    config->ensemble_is_given = ensemble != NULL;
    if (!load_source(config, source, err)) {
        return false;
    }
    if (ensemble != NULL) {
        const char *file = el_config_find_ensemble(config, ensemble);
        el_config_drop_members(config);
        config->ensemble_is_given = false;
        if (file == NULL ? !el_config_no_ensemble(config, ensemble, err)
                         : !use_ensemble(config, ensemble, file, 1, err)) {
            return false;
        }
    }
    if (!el_config_find_missing(config)) {
        return el_fail_memory(err);
    }
    return may_miss || config->n_missing == 0 || el_config_fail_missing(config, ensemble, err);
}

static bool load_new(const struct source *source, const char *ensemble, bool may_miss,
                     struct el_config **config, struct el_error *err) {
    *config = calloc(1, sizeof **config);
    if (*config == NULL) {
        return el_fail_memory(err);
    }
    if (!load(*config, source, ensemble, may_miss, err)) {
        el_config_free(*config);
        *config = NULL;
        return false;
    }
    return true;
}

bool el_config_load_ensemble(const char *path, const char *ensemble, bool may_miss,
                             struct el_config **config, struct el_error *err) {
    return load_new(&(struct source){.path = path}, ensemble, may_miss, config, err);
}

bool el_config_load_text(const char *text, size_t len, const char *ensemble,
                         struct el_config **config, struct el_error *err) {
    struct source source = {.text = text != NULL ? text : "", .len = len};
    return load_new(&source, ensemble, false, config, err);
}

bool el_config_load(const char *path, struct el_config **config, struct el_error *err) {
    return el_config_load_ensemble(path, NULL, false, config, err);
}

bool el_config_folders(struct el_config **config, struct el_error *err) {
    *config = calloc(1, sizeof **config);
    if (*config == NULL) {
        return el_fail_memory(err);
    }
    if (!el_config_data_folders(*config, err)) {
        el_config_free(*config);
        *config = NULL;
        return false;
    }
    return true;
}

void el_config_free(struct el_config *config) {
    if (config == NULL) {
        return;
    }
    el_config_drop_members(config);
    el_config_drop_embedder(config);
    el_catalogue_free(config->catalogue);
    el_arena_free(&config->arena);
    free(config);
}

/* Where the configuration is looked up, and what holds where it says nothing. */
#include "config/config.h"

#include "config/config_private.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const el_profile_names[] = {"default", "paper"};
const char *const el_similarity_names[] = {"span", "sentence", "bm25", "random"};

const struct el_member_config el_member_defaults = {.retries = 4};

enum { MOST_FOLDERS = 24 };

void el_settings_profile(struct el_settings *settings, enum el_profile profile) {
    settings->profile = profile;
    settings->demonstrations = 5;
    settings->similarity = EL_SIMILARITY_SPAN;
    memcpy(settings->pos_weights, el_published_weights, sizeof settings->pos_weights);
    settings->zero_shot_pretypes = true;
    settings->member_weights = NULL;
    settings->at_least = 1;
    settings->alone = profile == EL_PROFILE_DEFAULT ? 0.8 : 0;
    settings->agreement_skips = profile == EL_PROFILE_DEFAULT ? EL_SKIPS_UNANIMOUS : 0;
    if (settings->verifier == EL_VERIFY_NONE) {
        settings->verifier = EL_VERIFY_MEMBER;
        settings->verifier_name = NULL;
    }
    /* Lazy voting leaves out only calls that cannot change the outcome. The paper asks everybody.
     */
    settings->lazy_votes = profile == EL_PROFILE_DEFAULT;
}

unsigned el_settings_skips(const struct el_settings *settings, size_t n_members) {
    if (settings->agreement_skips != EL_SKIPS_UNANIMOUS) {
        return settings->agreement_skips;
    }
    return n_members >= 3 ? (unsigned)n_members : 0;
}

bool el_profile_from_name(const char *name, enum el_profile *profile) {
    for (size_t i = 0; i < EL_PROFILE_NAMES; i++) {
        if (strcmp(name, el_profile_names[i]) == 0) {
            *profile = (enum el_profile)i;
            return true;
        }
    }
    return false;
}

size_t el_config_member(const struct el_config *config, const char *name) {
    for (size_t i = 0; i < config->n_members; i++) {
        if (strcmp(config->members[i].name, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

bool el_config_set_verifier(struct el_config *config, const char *who, struct el_error *err) {
    struct el_settings *settings = &config->settings;
    const char *name = NULL;
    enum el_verifier verifier = EL_VERIFY_MEMBER;
    if (strcmp(who, "all") == 0) {
        verifier = EL_VERIFY_ALL;
    } else if (strcmp(who, "none") == 0) {
        verifier = EL_VERIFY_NONE;
    } else if (strcmp(who, "largest") != 0) {
        size_t member = el_config_member(config, who);
        if (member == SIZE_MAX) {
            return el_fail(err, EL_ERR_CONFIG,
                           "no member has the name '%s' to verify with; give a member, 'largest', "
                           "'all' or 'none'",
                           who);
        }
        name = config->members[member].name;
    }
    settings->verifier = verifier;
    settings->verifier_name = name;
    return true;
}

/* Places */

struct folders {
    struct el_config *config;
    const char **items;
    size_t count;
    bool failed;
};

/* Add a folder, in the arena, unless it is there already; it need not exist. */
static void add_folder(struct folders *folders, const char *path) {
    for (size_t i = 0; i < folders->count; i++) {
        if (path == NULL || strcmp(folders->items[i], path) == 0) {
            return;
        }
    }
    if (path == NULL || folders->count + 1 == MOST_FOLDERS) {
        folders->failed |= path == NULL;
        return;
    }
    folders->items[folders->count++] = path;
}

static void add_listed(struct folders *folders, const char *list) {
    while (list != NULL && *list != '\0') {
        size_t len = strcspn(list, ":");
        if (len > 0) {
            add_folder(folders, el_arena_copy(&folders->config->arena, list, len));
        }
        list += len + (list[len] == ':');
    }
}

static bool exists(const char *folder, const char *relative) {
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", folder, relative);
    return n > 0 && (size_t)n < sizeof path && access(path, R_OK) == 0;
}

/* A program that runs from its build folder finds the source tree above it; an installed one finds
 * share/el4ner beside its bin folder, wherever that was moved to. */
static void add_around_program(struct folders *folders) {
    struct el_arena *arena = &folders->config->arena;
    char place[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", place, sizeof place - 1);
    place[len < 0 ? 0 : len] = '\0';
    for (int level = 0; level < 4; level++) {
        char *slash = strrchr(place, '/');
        if (slash == NULL) {
            return;
        }
        *slash = '\0';
        if (level > 0 && exists(place, "prompts/compact") && exists(place, "models")) {
            add_folder(folders, el_arena_string(arena, place));
        }
        if (level == 1 && exists(place, "share/el4ner")) {
            add_folder(folders, el_arena_printf(arena, "%s/share/el4ner", place));
        }
    }
}

static const char *user_folder(struct el_config *config, const char *variable, const char *fallback,
                               const char *relative) {
    const char *base = getenv(variable), *home = getenv("HOME");
    if (base != NULL && base[0] == '/') { /* the XDG rule: others are ignored */
        return el_arena_printf(&config->arena, "%s/%s", base, relative);
    }
    return home != NULL ? el_arena_printf(&config->arena, "%s/%s/%s", home, fallback, relative)
                        : "";
}

bool el_config_data_folders(struct el_config *config, struct el_error *err) {
    struct folders folders = {
        .config = config,
        .items = el_arena_array(&config->arena, MOST_FOLDERS, sizeof *folders.items),
    };
    if (folders.items == NULL) {
        return el_fail_memory(err);
    }
    add_listed(&folders, getenv("EL4NER_DATA"));
    add_around_program(&folders);
    const char *own = user_folder(config, "XDG_DATA_HOME", ".local/share", "el4ner");
    if (own == NULL || own[0] != '\0') {
        add_folder(&folders, own);
    }
    add_folder(&folders, EL_PREFIX "/share/el4ner");
    config->data_folders = folders.items;
    return !folders.failed || el_fail_memory(err);
}

const char *el_config_find(struct el_config *config, const char *relative) {
    for (size_t i = 0; config->data_folders[i] != NULL; i++) {
        if (exists(config->data_folders[i], relative)) {
            return el_arena_printf(&config->arena, "%s/%s", config->data_folders[i], relative);
        }
    }
    return NULL;
}

/* Defaults */

static bool add_built_in_members(struct el_config *config, struct el_error *err) {
    static const char *const names[] = {"nano-a", "nano-b", "nano-c"};
    enum { NAMES = sizeof names / sizeof *names };
    config->members = el_arena_array(&config->arena, NAMES, sizeof *config->members);
    if (config->members == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < NAMES; i++) {
        char file[64];
        snprintf(file, sizeof file, "models/%s.gguf", names[i]);
        const char *gguf = el_config_find(config, file);
        if (gguf != NULL) {
            struct el_member_config *member = &config->members[config->n_members++];
            *member = el_member_defaults;
            member->name = names[i];
            member->gguf = gguf;
        }
    }
    config->built_in_members = true;
    if (config->n_members == 0) {
        return el_fail(err, EL_ERR_CONFIG,
                       "%s names no members, and the shipped models (models/nano-a.gguf) are not "
                       "found; name members there, or set EL4NER_DATA to the folder with models/ "
                       "and prompts/",
                       config->path);
    }
    return true;
}

bool el_config_complete(struct el_config *config, struct el_error *err) {
    if (config->n_members == 0 && !add_built_in_members(config, err)) {
        return false;
    }
    return config->n_types > 0 || el_config_set_types(config, "person,location,organization", err);
}

/* The first configuration that exists; NULL if none does or memory is out. */
static const char *look_up(struct el_config *config) {
    if (access("el4ner.yaml", F_OK) == 0) {
        return "el4ner.yaml";
    }
    const char *own = user_folder(config, "XDG_CONFIG_HOME", ".config", "el4ner/config.yaml");
    if (own != NULL && own[0] != '\0' && access(own, F_OK) == 0) {
        return own;
    }
    return el_config_find(config, "default.yaml");
}

static bool load(struct el_config *config, const char *path, struct el_error *err) {
    if (!el_config_data_folders(config, err)) {
        return false;
    }
    config->settings.constrain = true;
    config->settings.max_sentence = 1000;
    el_settings_profile(&config->settings, EL_PROFILE_DEFAULT);
    config->path = path != NULL ? el_arena_string(&config->arena, path) : look_up(config);
    if (config->path == NULL) {
        config->path = "(built in)";
        return el_config_complete(config, err);
    }
    return el_config_read_file(config, err);
}

bool el_config_load(const char *path, struct el_config **config, struct el_error *err) {
    *config = calloc(1, sizeof **config);
    if (*config == NULL) {
        return el_fail_memory(err);
    }
    if (!load(*config, path, err)) {
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
    for (size_t i = 0; i < config->n_members; i++) {
        json_decref(config->members[i].extra_body);
    }
    if (config->embedder != NULL) {
        json_decref(config->embedder->extra_body);
    }
    el_arena_free(&config->arena);
    free(config);
}

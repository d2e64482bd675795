/* Ensembles by name, and the models of the catalogue that members name. */
#include "base/array.h"
#include "base/ascii.h"
#include "base/suggest.h"
#include "config/config_private.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_ENSEMBLES = 200 };

/* ---- models ---- */

bool el_config_catalogue(struct el_config *config, const struct el_catalogue **catalogue,
                         struct el_error *err) {
    if (config->catalogue == NULL) {
        const char *own = el_config_user_folder(config, "XDG_DATA_HOME", ".local/share", "el4ner");
        const char *file =
            el_config_user_folder(config, "XDG_CONFIG_HOME", ".config", "el4ner/models.yaml");
        if (own == NULL || file == NULL) {
            return el_fail_memory(err);
        }
        if (!el_catalogue_read(config->data_folders, own[0] != '\0' ? own : NULL,
                               file[0] != '\0' ? file : NULL, &config->catalogue, err)) {
            return false;
        }
    }
    *catalogue = config->catalogue;
    return true;
}

static bool note_missing(struct el_config *config, const char *gguf) {
    const struct el_model *model = gguf != NULL ? el_catalogue_find(config->catalogue, gguf) : NULL;
    if (model == NULL || model->path != NULL || access(gguf, R_OK) == 0) {
        return true;
    }
    for (size_t i = 0; i < config->n_missing; i++) {
        if (config->missing[i] == model) {
            return true;
        }
    }
    if (config->missing == NULL) {
        config->missing = el_arena_array(&config->arena, EL_MAX_MEMBERS * (1 + EL_MOST_LORAS) + 1,
                                         sizeof *config->missing);
    }
    if (config->missing != NULL) {
        config->missing[config->n_missing++] = model;
    }
    return config->missing != NULL;
}

bool el_config_find_missing(struct el_config *config) {
    bool ok = true;
    config->n_missing = 0;
    for (size_t i = 0; ok && config->catalogue != NULL && i < config->n_members; i++) {
        const struct el_member_config *member = &config->members[i];
        ok = note_missing(config, member->gguf);
        for (size_t k = 0; ok && k < member->n_loras; k++) {
            ok = note_missing(config, member->loras[k].path);
        }
    }
    return ok && (config->catalogue == NULL || config->embedder == NULL ||
                  note_missing(config, config->embedder->gguf));
}

bool el_config_fail_missing(const struct el_config *config, const char *ensemble,
                            struct el_error *err) {
    struct el_buffer names = {0};
    uint64_t bytes = el_models_to_fetch(config->missing, config->n_missing);
    for (size_t i = 0; i < config->n_missing; i++) {
        el_buffer_printf(&names, " %s", config->missing[i]->name);
    }
    if (names.failed) {
        el_buffer_free(&names);
        return el_fail_memory(err);
    }
    bool one = config->n_missing == 1;
    char size[40] = "";
    if (bytes > 0) {
        snprintf(size, sizeof size, " (%.0f MB)", (double)bytes / 1e6);
    }
    el_fail(err, EL_ERR_CONFIG, "%s%s: the model%s%s %s not here; `el4ner models get%s` gets %s%s",
            ensemble != NULL ? "the ensemble " : "", ensemble != NULL ? ensemble : config->path,
            one ? "" : "s", names.data, one ? "is" : "are", names.data, one ? "it" : "them", size);
    el_buffer_free(&names);
    return false;
}

/* ---- ensembles ---- */

/* The folders that hold ensembles: the user's own, then those among the data. NULL if there are no
 * more, or memory is out. */
static const char *folder_number(struct el_config *config, size_t i) {
    if (i == 0) {
        return el_config_user_folder(config, "XDG_CONFIG_HOME", ".config", "el4ner/ensembles");
    }
    const char *data = config->data_folders[i - 1];
    return data != NULL ? el_arena_printf(&config->arena, "%s/ensembles", data) : NULL;
}

const char *el_config_find_ensemble(struct el_config *config, const char *name) {
    const char *folder;
    for (size_t i = 0; (folder = folder_number(config, i)) != NULL; i++) {
        const char *path = el_arena_printf(&config->arena, "%s/%s.yaml", folder, name);
        if (path != NULL && strchr(name, '/') == NULL && access(path, R_OK) == 0) {
            return path;
        }
    }
    return NULL;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool add_name(struct el_config *config, const char **names, size_t *n, const char *file) {
    size_t len = strlen(file);
    if (len <= 5 || strcmp(file + len - 5, ".yaml") != 0 || file[0] == '.') {
        return true;
    }
    const char *name = el_arena_copy(&config->arena, file, len - 5);
    for (size_t i = 0; name != NULL && i < *n; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    if (name != NULL && *n < MOST_ENSEMBLES) {
        names[(*n)++] = name;
    }
    return name != NULL;
}

bool el_config_ensembles(struct el_config *config, const char *const **names, size_t *n,
                         struct el_error *err) {
    const char **list = el_arena_array(&config->arena, MOST_ENSEMBLES, sizeof *list);
    const char *path;
    bool ok = list != NULL;
    *n = 0;
    for (size_t i = 0; ok && (path = folder_number(config, i)) != NULL; i++) {
        DIR *folder = opendir(path);
        for (const struct dirent *entry;
             ok && folder != NULL && (entry = readdir(folder)) != NULL;) {
            ok = add_name(config, list, n, entry->d_name);
        }
        if (folder != NULL) {
            closedir(folder);
        }
    }
    if (!ok) {
        return el_fail_memory(err);
    }
    qsort(list, *n, sizeof *list, by_name);
    *names = list;
    return true;
}

bool el_config_no_ensemble(struct el_config *config, const char *name, struct el_error *err) {
    const char *const *names;
    size_t n;
    struct el_buffer list = {0};
    if (!el_config_ensembles(config, &names, &n, err)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        el_buffer_printf(&list, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    const char *near = el_suggest(name, names, n);
    if (near != NULL) {
        el_fail(err, EL_ERR_CONFIG, "there is no ensemble '%s'; did you mean '%s'?", name, near);
    } else {
        el_fail(err, EL_ERR_CONFIG, "there is no ensemble '%s'; there are: %s", name,
                list.len > 0 ? list.data : "none");
    }
    el_buffer_free(&list);
    return false;
}

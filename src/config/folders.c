/* Where models/, pools/ and prompts/ are looked up. */
#include "config/config_private.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_FOLDERS = 24 };

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

/* The system's data folders, which other users and packages fill. */
static void add_system(struct folders *folders) {
    const char *list = getenv("XDG_DATA_DIRS");
    list = list != NULL && *list != '\0' ? list : "/usr/local/share:/usr/share";
    while (*list != '\0') {
        size_t len = strcspn(list, ":");
        if (list[0] == '/') { /* the XDG rule: others are ignored */
            add_folder(folders,
                       el_arena_printf(&folders->config->arena, "%.*s/el4ner", (int)len, list));
        }
        list += len + (list[len] == ':');
    }
}

static bool exists(const char *folder, const char *relative) {
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", folder, relative);
    return n > 0 && (size_t)n < sizeof path && access(path, R_OK) == 0;
}

/* What runs from its build folder finds the source tree above it; what is installed finds
 * share/el4ner beside its own bin or lib folder, wherever that was moved to. `place` is cut up. */
static void add_around(struct folders *folders, char *place) {
    struct el_arena *arena = &folders->config->arena;
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

static void add_around_program(struct folders *folders) {
    char place[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", place, sizeof place - 1);
    place[len < 0 ? 0 : len] = '\0';
    add_around(folders, place);
}

/* A program of another kind may have loaded the library from anywhere. Where the code is a part of
 * the program, the loader may know it by the name that it was started with, such as "el4ner". */
static void add_around_library(struct folders *folders) {
    char place[PATH_MAX];
    Dl_info self;
    if (dladdr(__func__, &self) != 0 && strchr(self.dli_fname, '/') != NULL &&
        realpath(self.dli_fname, place) != NULL) {
        add_around(folders, place);
    }
}

const char *el_config_user_folder(struct el_config *config, const char *variable,
                                  const char *fallback, const char *relative) {
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
    add_around_library(&folders);
    const char *own = el_config_user_folder(config, "XDG_DATA_HOME", ".local/share", "el4ner");
    if (own == NULL || own[0] != '\0') {
        add_folder(&folders, own);
    }
    add_folder(&folders, EL_PREFIX "/share/el4ner");
    add_system(&folders);
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

#include "config/values.h"

#include "config/config_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *el_keep(struct el_loader *l, const char *text) {
    const char *copy = text != NULL ? el_arena_string(l->arena, text) : NULL;
    if (text != NULL && copy == NULL) {
        el_fail_memory(l->err);
    }
    return copy;
}

bool el_read_string(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field) {
    struct el_loader *l = context;
    const char *text = el_yaml_text(&l->yaml, value, key->name);
    if (text != NULL && text[0] == '\0') {
        return el_yaml_fail(&l->yaml, value, "'%s' is empty", key->name);
    }
    return (*(const char **)field = el_keep(l, text)) != NULL;
}

/* A path as written, in the arena: "~/" is the home folder, relative ones start at the file. */
static const char *resolve(struct el_loader *l, const char *path) {
    const char *home = getenv("HOME");
    const char *full = NULL;
    if (path[0] == '~' && path[1] == '/' && home != NULL) {
        full = el_arena_printf(l->arena, "%s%s", home, path + 1);
    } else if (path[0] == '/' || strcmp(l->folder, ".") == 0) {
        full = el_arena_string(l->arena, path);
    } else {
        full = el_arena_printf(l->arena, "%s/%s", l->folder, path);
    }
    if (full == NULL) {
        el_fail_memory(l->err);
    }
    return full;
}

bool el_read_path(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field) {
    struct el_loader *l = context;
    const char *path = NULL;
    return el_read_string(l, key, value, &path) &&
           (*(const char **)field = resolve(l, path)) != NULL;
}

const char *el_locate_file(struct el_loader *l, const char *path) {
    const char *full = resolve(l, path);
    if (full != NULL && access(full, F_OK) != 0 && path[0] != '/' && path[0] != '~') {
        const char *shipped = el_config_find(l->config, path);
        full = shipped != NULL ? shipped : full;
    }
    return full;
}

bool el_read_file_path(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                       void *field) {
    struct el_loader *l = context;
    const char *path = NULL, *full = NULL;
    if (!el_read_string(l, key, value, &path) || (full = el_locate_file(l, path)) == NULL) {
        return false;
    }
    if (access(full, R_OK) != 0) {
        return el_yaml_fail(&l->yaml, value, "'%s': cannot read %s: %s", key->name, full,
                            strerror(errno));
    }
    *(const char **)field = full;
    return true;
}

/* The name of something shipped, or a path if it has a slash. */
bool el_read_name_or_path(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                          void *field) {
    struct el_loader *l = context;
    const char *name = NULL;
    if (!el_read_string(l, key, value, &name)) {
        return false;
    }
    *(const char **)field = strchr(name, '/') != NULL ? resolve(l, name) : name;
    return *(const char **)field != NULL;
}

bool el_read_double(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field) {
    struct el_loader *l = context;
    return el_yaml_number(&l->yaml, value, key->name, key->least, key->most, field);
}

bool el_read_size(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field) {
    struct el_loader *l = context;
    double number = 0;
    bool ok = el_yaml_whole(&l->yaml, value, key->name, key->least, key->most, &number);
    *(size_t *)field = (size_t)number;
    return ok;
}

bool el_read_unsigned(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field) {
    struct el_loader *l = context;
    double number = 0;
    bool ok = el_yaml_whole(&l->yaml, value, key->name, key->least, key->most, &number);
    *(unsigned *)field = (unsigned)number;
    return ok;
}

bool el_read_long(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field) {
    struct el_loader *l = context;
    double number = 0;
    bool ok = el_yaml_whole(&l->yaml, value, key->name, key->least, key->most, &number);
    *(long *)field = (long)number;
    return ok;
}

bool el_read_bool(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field) {
    struct el_loader *l = context;
    return el_yaml_bool(&l->yaml, value, key->name, field);
}

bool el_check_name(struct el_loader *l, const yaml_node_t *node, const char *what,
                   const char *name) {
    const char *problem = el_name_problem(name);
    return problem == NULL || el_yaml_fail(&l->yaml, node, "the name of %s %s", what, problem);
}

bool el_read_lang(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field) {
    struct el_loader *l = context;
    const char **lang = field;
    char problem[200];
    return el_read_string(l, key, value, lang) &&
           (el_lang_check(*lang, problem, sizeof problem) ||
            el_yaml_fail(&l->yaml, value, "'%s': %s", key->name, problem));
}

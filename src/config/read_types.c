/* The section `types`: a mapping with wordings and descriptions, or a list of names. */
#include "base/ascii.h"
#include "config/config_private.h"
#include "config/sections.h"

#include <string.h>

static bool read_aliases(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                         void *target) {
    struct el_loader *l = context;
    struct el_type *type = target;
    if (value->type != YAML_SEQUENCE_NODE) {
        return el_yaml_fail(&l->yaml, value, "'%s' must be a list of labels", key->name);
    }
    size_t n = el_yaml_items(value);
    const char **aliases = el_arena_array(l->arena, n, sizeof *aliases);
    if (aliases == NULL) {
        return el_fail_memory(l->err);
    }
    for (size_t i = 0; i < n; i++) {
        aliases[i] =
            el_keep(l, el_yaml_text(&l->yaml, el_yaml_item(&l->yaml, value, i), key->name));
        if (aliases[i] == NULL) {
            return false;
        }
    }
    type->aliases = aliases;
    type->n_aliases = n;
    return true;
}

static const struct el_yaml_key type_keys[] = {
    {"wording", el_read_string, FIELD(el_type, wording), 0, 0},
    {"description", el_read_string, FIELD(el_type, description), 0, 0},
    {"aliases", read_aliases, 0, 0, 0},
};

static bool read_type(struct el_loader *l, yaml_node_t *name_node, yaml_node_t *value,
                      struct el_type *type) {
    type->name = el_keep(l, el_yaml_text(&l->yaml, name_node, "a type"));
    if (type->name == NULL) {
        return false;
    }
    if (type->name[0] == '\0') {
        return el_yaml_fail(&l->yaml, name_node, "a type needs a name");
    }
    if (!el_check_name(l, name_node, "a type", type->name)) {
        return false;
    }
    if (value != NULL && value->type == YAML_MAPPING_NODE) {
        if (!el_yaml_read(&l->yaml, value, "a type", type_keys, EL_COUNT(type_keys), l, type)) {
            return false;
        }
    } else if (value != NULL && !el_yaml_is_null(value)) {
        static const struct el_yaml_key wording = {"wording", el_read_string, 0, 0, 0};
        if (!el_read_string(l, &wording, value, &type->wording)) {
            return false;
        }
    }
    return el_type_complete(l->arena, type, l->err);
}

static bool check_type(struct el_loader *l, const yaml_node_t *node, size_t number) {
    const struct el_type *type = &l->config->types[number];
    for (size_t i = 0; i < number; i++) {
        const struct el_type *other = &l->config->types[i];
        if (strcmp(other->name, type->name) == 0) {
            return el_yaml_fail(&l->yaml, node, "duplicate type '%s'", type->name);
        }
        if (el_ascii_same(other->wording, type->wording)) {
            return el_yaml_fail(&l->yaml, node,
                                "the types '%s' and '%s' have the same wording \"%s\", so no "
                                "answer could tell them apart",
                                other->name, type->name, type->wording);
        }
    }
    return true;
}

bool el_read_types(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field) {
    (void)field;
    struct el_loader *l = context;
    if (value->type == YAML_SCALAR_NODE) {
        return el_yaml_fail(
            &l->yaml, value,
            "'%s' must be a mapping (name: wording, or name: {description: ...}) or a list "
            "of names",
            key->name);
    }
    bool map = value->type == YAML_MAPPING_NODE;
    size_t n = map ? el_yaml_pairs(value) : el_yaml_items(value);
    if (n == 0) {
        return el_yaml_fail(
            &l->yaml, value,
            "'%s' is empty; name some, or leave it out for those of the base or the "
            "default ones",
            key->name);
    }
    if (n > EL_MOST_TYPES) {
        return el_yaml_fail(&l->yaml, value, "%zu types; at most %d are possible", n,
                            EL_MOST_TYPES);
    }
    l->config->types = el_arena_array(l->arena, n, sizeof *l->config->types);
    if (l->config->types == NULL) {
        return el_fail_memory(l->err);
    }
    for (size_t i = 0; i < n; i++) {
        yaml_node_t *name = NULL, *wording = NULL;
        if (map) {
            if (el_yaml_pair(&l->yaml, value, i, &name, &wording) == NULL) {
                return false;
            }
        } else {
            name = el_yaml_item(&l->yaml, value, i);
        }
        if (!read_type(l, name, wording, &l->config->types[i]) || !check_type(l, name, i)) {
            return false;
        }
    }
    l->config->n_types = n;
    return true;
}

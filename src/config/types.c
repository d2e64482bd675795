/* The entity types: their wordings, the list on the command line, and what labels of files mean. */
#include "base/ascii.h"
#include "base/text.h"
#include "config/config_private.h"

#include <string.h>

bool el_type_complete(struct el_arena *arena, struct el_type *type, struct el_error *err) {
    if (type->wording == NULL) {
        type->wording = el_label_wording(arena, type->name);
        if (type->description == NULL) {
            type->description = el_label_description(type->name);
        }
    }
    return type->wording != NULL || el_fail_memory(err);
}

/* The configured type of this name, else of this wording: "PER" has the description of "person". */
static const struct el_type *find_described(const struct el_config *config,
                                            const struct el_type *type) {
    const struct el_type *found = NULL;
    for (size_t i = 0; i < config->n_types; i++) {
        if (strcmp(config->types[i].name, type->name) == 0) {
            return &config->types[i];
        }
        if (found == NULL && el_ascii_same(config->types[i].wording, type->wording)) {
            found = &config->types[i];
        }
    }
    return found;
}

static bool add_type(struct el_config *config, struct el_type *types, size_t *n, const char *name,
                     size_t len, struct el_error *err) {
    struct el_type type = {.name = el_arena_copy(&config->arena, name, len)};
    const char *problem = type.name == NULL ? NULL : el_name_problem(type.name);
    if (problem != NULL) {
        return el_fail(err, EL_ERR_CONFIG, "the type name \"%.40s\" %s", type.name, problem);
    }
    if (type.name == NULL || !el_type_complete(&config->arena, &type, err)) {
        return el_fail_memory(err);
    }
    const struct el_type *described = find_described(config, &type);
    if (described != NULL) {
        const char *own_name = type.name;
        type = *described;
        type.name = own_name;
    }
    for (size_t i = 0; i < *n; i++) {
        if (strcmp(types[i].name, type.name) == 0) {
            return el_fail(err, EL_ERR_CONFIG, "the type '%s' is named twice", type.name);
        }
        if (el_ascii_same(types[i].wording, type.wording)) {
            return el_fail(err, EL_ERR_CONFIG,
                           "the types '%s' and '%s' have the same wording \"%s\", so no answer "
                           "could tell them apart; give one of them another 'wording' in the "
                           "configuration",
                           types[i].name, type.name, type.wording);
        }
    }
    types[(*n)++] = type;
    return true;
}

/* A fitted judgement goes over to the new list; a type that it was not fitted for is an error. */
static bool judge_of_types(struct el_config *config, const struct el_type *types, size_t n,
                           struct el_error *err) {
    const struct el_judge *old = config->settings.judge;
    if (old == NULL) {
        return true;
    }
    size_t members = old->n_members;
    struct el_judge *judge = el_judge_new(&config->arena, members, n);
    if (judge == NULL) {
        return el_fail_memory(err);
    }
    memcpy(judge->trust, old->trust, members * sizeof *judge->trust);
    memcpy(judge->weights, old->weights, el_judge_of_type(members, 0) * sizeof *judge->weights);
    judge->threshold = old->threshold;
    for (size_t i = 0; i < n; i++) {
        size_t t = 0;
        while (t < config->n_types && strcmp(config->types[t].name, types[i].name) != 0) {
            t++;
        }
        if (t == config->n_types) {
            return el_fail(err, EL_ERR_CONFIG,
                           "'judge' in %s was fitted without the type '%s'; run el4ner tune with "
                           "the types that are wanted",
                           config->path, types[i].name);
        }
        judge->type_bias[i] = old->type_bias[t];
        judge->weights[el_judge_of_type(members, i)] = old->weights[el_judge_of_type(members, t)];
    }
    config->settings.judge = judge;
    return true;
}

bool el_config_set_types(struct el_config *config, const char *list, struct el_error *err) {
    size_t room = 1, n = 0;
    for (const char *c = list; *c != '\0'; c++) {
        room += *c == ',';
    }
    if (room > EL_MOST_TYPES) {
        return el_fail(err, EL_ERR_CONFIG, "%zu types; at most %d are possible", room,
                       EL_MOST_TYPES);
    }
    if (el_utf8_valid_prefix(list, strlen(list)) != strlen(list)) {
        return el_fail(err, EL_ERR_CONFIG, "the list of types is not valid UTF-8");
    }
    struct el_type *types = el_arena_array(&config->arena, room, sizeof *types);
    if (types == NULL) {
        return el_fail_memory(err);
    }
    for (const char *at = list;; at++) {
        size_t len = strcspn(at, ",");
        const char *name = at;
        at += len;
        while (len > 0 && name[0] == ' ') {
            name++;
            len--;
        }
        while (len > 0 && name[len - 1] == ' ') {
            len--;
        }
        if (len == 0) {
            return el_fail(err, EL_ERR_CONFIG,
                           "an empty name in the list of types \"%s\"; it looks like "
                           "\"person,location\"",
                           list);
        }
        if (!add_type(config, types, &n, name, len, err)) {
            return false;
        }
        if (*at == '\0') {
            break;
        }
    }
    if (!judge_of_types(config, types, n, err)) {
        return false;
    }
    config->types = types;
    config->n_types = n;
    return true;
}

/* What a label of a file means */

/* Labels are compared case-folded, with '_' and '-' as spaces. */
static const char *fold(struct el_arena *arena, const char *label) {
    char *copy = label == NULL ? NULL : el_arena_string(arena, label);
    for (char *c = copy; c != NULL && *c != '\0'; c++) {
        *c = *c == '_' || *c == '-' ? ' ' : *c;
    }
    size_t len;
    return copy == NULL ? NULL : el_text_fold(arena, copy, strlen(copy), true, &len);
}

/* Does the label equal the name, the wording or an alias of the type? With `by_wording`, does it
 * have the wording of one of them, as "PER" and "person" have? Both are folded. */
static bool type_has_label(struct el_arena *arena, const struct el_type *type, const char *label,
                           bool by_wording, bool *matches) {
    size_t n = type->n_aliases + 2;
    *matches = false;
    for (size_t i = 0; i < n && !*matches; i++) {
        const char *name = i == 0 ? type->name : i == 1 ? type->wording : type->aliases[i - 2];
        const char *folded = fold(arena, by_wording ? el_label_wording(arena, name) : name);
        if (folded == NULL) {
            return false;
        }
        *matches = strcmp(folded, label) == 0;
    }
    return true;
}

static bool find_type(struct el_arena *scratch, const struct el_config *config, const char *label,
                      bool by_wording, int *type) {
    const char *folded = fold(scratch, by_wording ? el_label_wording(scratch, label) : label);
    bool ok = folded != NULL;
    for (size_t t = 0; ok && t < config->n_types && *type < 0; t++) {
        bool matches;
        ok = type_has_label(scratch, &config->types[t], folded, by_wording, &matches);
        *type = ok && matches ? (int)t : -1;
    }
    return ok;
}

bool el_config_type_of_label(const struct el_config *config, const char *label, int *type) {
    struct el_arena scratch = {0};
    *type = -1;
    bool ok = find_type(&scratch, config, label, false, type) &&
              (*type >= 0 || find_type(&scratch, config, label, true, type));
    el_arena_free(&scratch);
    return ok;
}

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

static bool keep_text(struct el_arena *arena, const char *text, const char **kept) {
    *kept = text == NULL ? NULL : el_arena_string(arena, text);
    return text == NULL || *kept != NULL;
}

/* A copy of a type as it was given. */
static bool copy_type(struct el_arena *arena, const struct el_type *given, struct el_type *type) {
    const char **aliases = el_arena_array(arena, given->n_aliases, sizeof *aliases);
    bool ok = aliases != NULL && keep_text(arena, given->name, &type->name) &&
              keep_text(arena, given->wording, &type->wording) &&
              keep_text(arena, given->description, &type->description);
    for (size_t i = 0; ok && i < given->n_aliases; i++) {
        ok = keep_text(arena, given->aliases[i], &aliases[i]);
    }
    type->aliases = aliases;
    type->n_aliases = given->n_aliases;
    return ok;
}

/* What is not given is taken from the configured type that is meant, else made up. */
static bool complete_type(const struct el_config *config, struct el_arena *arena,
                          const struct el_type *given, struct el_type *type, struct el_error *err) {
    if (!copy_type(arena, given, type) || !el_type_complete(arena, type, err)) {
        return el_fail_memory(err);
    }
    const struct el_type *described = find_described(config, type);
    if (described != NULL) {
        type->wording = given->wording != NULL ? type->wording : described->wording;
        type->description = given->description != NULL ? type->description : described->description;
        type->aliases = given->n_aliases > 0 ? type->aliases : described->aliases;
        type->n_aliases = given->n_aliases > 0 ? type->n_aliases : described->n_aliases;
    }
    return true;
}

static bool check_text(const char *text, const char *what, const char *name, struct el_error *err) {
    if (text != NULL && el_utf8_valid_prefix(text, strlen(text)) != strlen(text)) {
        return el_fail(err, EL_ERR_CONFIG, "the %s of a type (\"%.40s\") is not valid UTF-8", what,
                       name);
    }
    return true;
}

static bool add_type(const struct el_config *config, struct el_arena *arena, struct el_type *types,
                     size_t *n, const struct el_type *given, struct el_error *err) {
    if (!check_text(given->name, "name", "", err)) {
        return false;
    }
    const char *problem =
        given->name == NULL || given->name[0] == '\0' ? "is empty" : el_name_problem(given->name);
    if (problem != NULL) {
        return el_fail(err, EL_ERR_CONFIG, "the type name \"%.40s\" %s",
                       given->name != NULL ? given->name : "", problem);
    }
    struct el_type type = {0};
    if (!check_text(given->wording, "wording", given->name, err) ||
        !check_text(given->description, "description", given->name, err) ||
        !complete_type(config, arena, given, &type, err)) {
        return false;
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
static bool judge_of_types(const struct el_config *config, struct el_arena *arena,
                           const struct el_type *types, size_t n, const struct el_judge **out,
                           struct el_error *err) {
    const struct el_judge *old = config->settings.judge;
    *out = NULL;
    if (old == NULL) {
        return true;
    }
    size_t members = old->n_members;
    if (old->kind != EL_JUDGE_FITTED) {
        *out = el_judge_of_kind(arena, old->kind, members, n);
        return *out != NULL || el_fail_memory(err);
    }
    struct el_judge *judge = el_judge_new(arena, members, n);
    if (judge == NULL) {
        return el_fail_memory(err);
    }
    memcpy(judge->trust, old->trust, members * sizeof *judge->trust);
    memcpy(judge->weights, old->weights, el_judge_of_type(members, 0) * sizeof *judge->weights);
    judge->threshold = old->threshold;
    judge->trust_pool = old->trust_pool;
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
    *out = judge;
    return true;
}

bool el_config_types(const struct el_config *config, struct el_arena *arena,
                     const struct el_type *given, size_t n, struct el_type **types,
                     const struct el_judge **judge, struct el_error *err) {
    if (n == 0 || n > EL_MOST_TYPES) {
        return el_fail(err, EL_ERR_CONFIG,
                       "%zu types; at least one is needed, and at most %d are possible", n,
                       EL_MOST_TYPES);
    }
    struct el_type *list = el_arena_array(arena, n, sizeof *list);
    size_t added = 0;
    if (list == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < n; i++) {
        if (!add_type(config, arena, list, &added, &given[i], err)) {
            return false;
        }
    }
    *types = list;
    return judge_of_types(config, arena, list, n, judge, err);
}

/* The names of a comma-separated list. */
static bool split_list(struct el_arena *arena, const char *list, struct el_type *names, size_t *n,
                       struct el_error *err) {
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
        names[*n].name = el_arena_copy(arena, name, len);
        if (names[(*n)++].name == NULL) {
            return el_fail_memory(err);
        }
        if (*at == '\0') {
            return true;
        }
    }
}

bool el_config_set_types(struct el_config *config, const char *list, struct el_error *err) {
    size_t room = 1, n = 0;
    for (const char *c = list; *c != '\0'; c++) {
        room += *c == ',';
    }
    if (el_utf8_valid_prefix(list, strlen(list)) != strlen(list)) {
        return el_fail(err, EL_ERR_CONFIG, "the list of types is not valid UTF-8");
    }
    struct el_type *names = el_arena_array(&config->arena, room, sizeof *names);
    struct el_type *types;
    const struct el_judge *judge;
    if (names == NULL) {
        return el_fail_memory(err);
    }
    if (!split_list(&config->arena, list, names, &n, err) ||
        !el_config_types(config, &config->arena, names, n, &types, &judge, err)) {
        return false;
    }
    config->types = types;
    config->n_types = n;
    config->settings.judge = judge;
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

static bool find_type(struct el_arena *scratch, const struct el_type *types, size_t n,
                      const char *label, bool by_wording, int *type) {
    const char *folded = fold(scratch, by_wording ? el_label_wording(scratch, label) : label);
    bool ok = folded != NULL;
    for (size_t t = 0; ok && t < n && *type < 0; t++) {
        bool matches;
        ok = type_has_label(scratch, &types[t], folded, by_wording, &matches);
        *type = ok && matches ? (int)t : -1;
    }
    return ok;
}

bool el_type_of_label(const struct el_type *types, size_t n, const char *label, int *type) {
    struct el_arena scratch = {0};
    *type = -1;
    bool ok = find_type(&scratch, types, n, label, false, type) &&
              (*type >= 0 || find_type(&scratch, types, n, label, true, type));
    el_arena_free(&scratch);
    return ok;
}

bool el_config_type_of_label(const struct el_config *config, const char *label, int *type) {
    return el_type_of_label(config->types, config->n_types, label, type);
}

/* The section `judge`. */
#include "config/config_private.h"
#include "config/sections.h"

#include <stdint.h>
#include <string.h>

static const double MOST = 1e6;

static size_t find_type(const struct el_config *config, const char *name) {
    for (size_t t = 0; t < config->n_types; t++) {
        if (strcmp(config->types[t].name, name) == 0) {
            return t;
        }
    }
    return SIZE_MAX;
}

/* name: number, for members or types; those that are not named get 0. */
static bool read_numbers(struct el_loader *l, const char *what, yaml_node_t *node,
                         size_t (*find)(const struct el_config *config, const char *name),
                         double *numbers) {
    if (node->type != YAML_MAPPING_NODE) {
        return el_yaml_fail(&l->yaml, node, "'%s' must be a mapping (name: number)", what);
    }
    for (size_t i = 0; i < el_yaml_pairs(node); i++) {
        yaml_node_t *name_node = NULL, *value = NULL;
        const char *name = el_yaml_pair(&l->yaml, node, i, &name_node, &value);
        size_t at = name != NULL ? find(l->config, name) : SIZE_MAX;
        if (name == NULL) {
            return false;
        }
        if (at == SIZE_MAX) {
            return el_yaml_fail(&l->yaml, name_node,
                                "no %s has the name '%s'; run el4ner tune again",
                                find == find_type ? "type" : "member", name);
        }
        if (!el_yaml_number(&l->yaml, value, name, -MOST, MOST, &numbers[at])) {
            return false;
        }
    }
    return true;
}

static bool read_trust(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                       void *judge) {
    return read_numbers(context, key->name, value, el_config_member,
                        ((struct el_judge *)judge)->trust);
}

static bool read_type_bias(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                           void *judge) {
    return read_numbers(context, key->name, value, find_type,
                        ((struct el_judge *)judge)->type_bias);
}

static bool read_listed(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                        void *judge) {
    double *weights = ((struct el_judge *)judge)->weights;
    return read_numbers(context, key->name, value, el_config_member, weights + el_judge_listed(0));
}

static bool read_share(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                       void *target) {
    struct el_judge *judge = target;
    return read_numbers(context, key->name, value, el_config_member,
                        judge->weights + el_judge_share(judge->n_members, 0));
}

static bool read_yes(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                     void *target) {
    struct el_judge *judge = target;
    return read_numbers(context, key->name, value, el_config_member,
                        judge->weights + el_judge_yes(judge->n_members, 0));
}

static bool read_of_type(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                         void *target) {
    struct el_judge *judge = target;
    return read_numbers(context, key->name, value, find_type,
                        judge->weights + el_judge_of_type(judge->n_members, 0));
}

static bool read_trait(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                       void *judge) {
    struct el_loader *l = context;
    double *weights = ((struct el_judge *)judge)->weights;
    size_t trait = 0;
    while (strcmp(el_judge_trait_names[trait], key->name) != 0) {
        trait++;
    }
    return el_yaml_number(&l->yaml, value, key->name, -MOST, MOST, &weights[trait]);
}

bool el_keep_judge(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field) {
    struct el_loader *l = context;
    (void)key;
    (void)field;
    l->judge = value;
    return true;
}

bool el_resolve_judge(struct el_loader *l) {
    static const struct el_yaml_key keys[] = {
        {"threshold", el_read_double, FIELD(el_judge, threshold), 0, 1},
        {"trust", read_trust, 0, 0, 0},
        {"trust_pool", el_read_double, FIELD(el_judge, trust_pool), -MOST, MOST},
        {"type_bias", read_type_bias, 0, 0, 0},
        {"bias", read_trait, 0, 0, 0},
        {"words", read_trait, 0, 0, 0},
        {"capital", read_trait, 0, 0, 0},
        {"digit", read_trait, 0, 0, 0},
        {"name", read_trait, 0, 0, 0},
        {"run", read_trait, 0, 0, 0},
        {"shown", read_trait, 0, 0, 0},
        {"margin", read_trait, 0, 0, 0},
        {"single", read_trait, 0, 0, 0},
        {"pool", read_trait, 0, 0, 0},
        {"listed", read_listed, 0, 0, 0},
        {"probability", read_share, 0, 0, 0},
        {"yes", read_yes, 0, 0, 0},
        {"of_type", read_of_type, 0, 0, 0},
    };
    const char *const *words =
        el_judge_kind_names + EL_JUDGE_GENERAL; /* a mapping is a fitted one */
    size_t m = l->config->n_members, t = l->config->n_types;
    bool word = l->judge != NULL && l->judge->type == YAML_SCALAR_NODE;
    if (l->judge == NULL || (m == 0 && !word)) {
        return true;
    }
    int which =
        word ? el_yaml_word(&l->yaml, l->judge, "judge", words, EL_JUDGE_KINDS - EL_JUDGE_GENERAL)
             : 0;
    if (which < 0) {
        return false;
    }
    struct el_judge *judge =
        word ? el_judge_of_kind(l->arena, (enum el_judge_kind)(EL_JUDGE_GENERAL + which), m, t)
             : el_judge_new(l->arena, m, t);
    if (judge == NULL) {
        return el_fail_memory(l->err);
    }
    l->config->settings.judge = judge;
    return word || el_yaml_read(&l->yaml, l->judge, "judge", keys, EL_COUNT(keys), l, judge);
}

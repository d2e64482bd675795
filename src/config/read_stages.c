/* The sections of the stages and of the run: `profile`, `retrieve`, `extract`, `classify`,
 * `verify`, `constrain`. */
#include "config/config_private.h"
#include "config/sections.h"

#include <stdint.h>
#include <string.h>

bool el_read_profile(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                     void *field) {
    (void)field;
    struct el_loader *l = context;
    int profile = el_yaml_word(&l->yaml, value, key->name, el_profile_names, EL_PROFILE_NAMES);
    return profile >= 0 && el_config_set_profile(l->config, (enum el_profile)profile, l->err);
}

static bool read_similarity(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                            void *field) {
    struct el_loader *l = context;
    int word = el_yaml_word(&l->yaml, value, key->name, el_similarity_names, EL_SIMILARITY_NAMES);
    *(enum el_similarity *)field = word < 0 ? EL_SIMILARITY_SPAN : (enum el_similarity)word;
    return word >= 0;
}

static bool read_spans(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                       void *field) {
    struct el_loader *l = context;
    int word = el_yaml_word(&l->yaml, value, key->name, el_spans_names, EL_SPANS_NAMES);
    *(enum el_span_source *)field = word < 0 ? EL_SPANS_AUTO : (enum el_span_source)word;
    return word >= 0;
}

static bool read_pos_weights(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                             void *field) {
    struct el_loader *l = context;
    double *weights = field;
    if (value->type != YAML_MAPPING_NODE) {
        return el_yaml_fail(&l->yaml, value, "'%s' must be a mapping (PROPN: 4)", key->name);
    }
    for (size_t i = 0; i < EL_POS_COUNT; i++) {
        weights[i] = 0; /* a tag that is not named weighs nothing */
    }
    for (size_t i = 0; i < el_yaml_pairs(value); i++) {
        yaml_node_t *tag_node = NULL, *weight = NULL;
        const char *tag = el_yaml_pair(&l->yaml, value, i, &tag_node, &weight);
        enum el_pos pos;
        if (tag == NULL) {
            return false;
        }
        if (!el_pos_from_name(tag, &pos)) {
            return el_yaml_fail(&l->yaml, tag_node,
                                "\"%s\" is not a part-of-speech tag (PROPN, NOUN, PRON, VERB, ADJ, "
                                "NUM, ...; universaldependencies.org/u/pos)",
                                tag);
        }
        if (!el_yaml_number(&l->yaml, weight, tag, 0, 1e6, &weights[pos])) {
            return false;
        }
    }
    return true;
}

/* "ngram", or where the embedding member is. */
static bool read_vectors(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                         void *field) {
    (void)field;
    struct el_loader *l = context;
    const char *word =
        value->type == YAML_SCALAR_NODE ? (const char *)value->data.scalar.value : "";
    if (value->type == YAML_MAPPING_NODE) {
        return el_read_embedder(l, key->name, value);
    }
    if (strcmp(word, "ngram") != 0) {
        return el_yaml_fail(&l->yaml, value,
                            "'%s' must be ngram, or name an embedding model: {gguf: FILE} or "
                            "{url: SERVER, model: NAME}",
                            key->name);
    }
    el_config_drop_embedder(l->config); /* of the base */
    return true;
}

static bool read_k(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field) {
    struct el_loader *l = context;
    const char *text =
        value->type == YAML_SCALAR_NODE ? (const char *)value->data.scalar.value : "";
    if (strcmp(text, "auto") == 0) {
        *(size_t *)field = EL_K_AUTO;
        return true;
    }
    bool digit = *text >= '0' && *text <= '9';
    return digit || *text == '-'
               ? el_read_size(l, key, value, field)
               : el_yaml_fail(&l->yaml, value, "'%s' must be a whole number, or auto", key->name);
}

bool el_read_retrieve(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *settings) {
    static const struct el_yaml_key keys[] = {
        {"k", read_k, FIELD(el_settings, demonstrations), 0, 1000},
        {"deal", el_read_bool, FIELD(el_settings, deal), 0, 0},
        {"similarity", read_similarity, FIELD(el_settings, similarity), 0, 0},
        {"spans", read_spans, FIELD(el_settings, spans), 0, 0},
        {"weights", read_pos_weights, FIELD(el_settings, pos_weights), 0, 0},
        {"types", el_read_bool, FIELD(el_settings, zero_shot_pretypes), 0, 0},
        {"vectors", read_vectors, 0, 0, 0},
    };
    struct el_loader *l = context;
    return el_yaml_read(&l->yaml, value, key->name, keys, EL_COUNT(keys), l, settings);
}

static bool read_occurrences(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                             void *field) {
    static const char *const words[] = {"all", "first"};
    struct el_loader *l = context;
    int word = el_yaml_word(&l->yaml, value, key->name, words, EL_COUNT(words));
    *(bool *)field = word == 1;
    return word >= 0;
}

static bool read_some(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field) {
    struct el_loader *l = context;
    int word = el_yaml_word(&l->yaml, value, key->name, el_some_names, EL_SOME_OFF + 1);
    *(enum el_some *)field = word >= 0 ? (enum el_some)word : EL_SOME_AUTO;
    return word >= 0;
}

bool el_read_extract(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                     void *settings) {
    static const struct el_yaml_key keys[] = {
        {"occurrences", read_occurrences, FIELD(el_settings, first_occurrence_only), 0, 0},
        {"nested", el_read_bool, FIELD(el_settings, nested), 0, 0},
        {"from_pool", el_read_double, FIELD(el_settings, from_pool), 0, 1},
        {"some", read_some, FIELD(el_settings, some), 0, 0},
        {"at_least", el_read_unsigned, FIELD(el_settings, at_least), 1, EL_MAX_MEMBERS},
    };
    struct el_loader *l = context;
    return el_yaml_read(&l->yaml, value, key->name, keys, EL_COUNT(keys), l, settings);
}

/* Kept for later: the members may come further down in the file. */
static bool keep_weights(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                         void *field) {
    (void)field;
    struct el_loader *l = context;
    if (value->type != YAML_MAPPING_NODE) {
        return el_yaml_fail(&l->yaml, value, "'%s' must be a mapping (member: weight)", key->name);
    }
    l->weights = value;
    return true;
}

static bool keep_verifier(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                          void *field) {
    (void)field;
    struct el_loader *l = context;
    l->verifier = value;
    return el_yaml_text(&l->yaml, value, key->name) != NULL;
}

bool el_read_classify(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *settings) {
    static const struct el_yaml_key keys[] = {{"weights", keep_weights, 0, 0, 0}};
    struct el_loader *l = context;
    return el_yaml_read(&l->yaml, value, key->name, keys, EL_COUNT(keys), l, settings);
}

bool el_read_verify(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                    void *settings) {
    static const struct el_yaml_key keys[] = {
        {"by", keep_verifier, 0, 0, 0},
        {"agreement_skips", el_read_unsigned, FIELD(el_settings, agreement_skips), 0,
         EL_MAX_MEMBERS},
        {"alone", el_read_double, FIELD(el_settings, alone), 0, 1},
    };
    struct el_loader *l = context;
    return el_yaml_read(&l->yaml, value, key->name, keys, EL_COUNT(keys), l, settings);
}

bool el_read_constrain(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                       void *field) {
    static const char *const words[] = {"auto", "on", "off"};
    struct el_loader *l = context;
    int word = el_yaml_word(&l->yaml, value, key->name, words, EL_COUNT(words));
    *(bool *)field = word != 2;
    return word >= 0;
}

static bool resolve_weights(struct el_loader *l) {
    double *weights = el_arena_array(l->arena, l->config->n_members, sizeof *weights);
    if (weights == NULL) {
        return el_fail_memory(l->err);
    }
    for (size_t i = 0; i < l->config->n_members; i++) {
        weights[i] = 1;
    }
    for (size_t i = 0; i < el_yaml_pairs(l->weights); i++) {
        yaml_node_t *name_node = NULL, *value = NULL;
        const char *name = el_yaml_pair(&l->yaml, l->weights, i, &name_node, &value);
        if (name == NULL) {
            return false;
        }
        size_t member = el_config_member(l->config, name);
        if (member == SIZE_MAX) {
            return el_yaml_fail(&l->yaml, name_node, "no member has the name '%s'", name);
        }
        if (!el_yaml_number(&l->yaml, value, name, 0, 1e6, &weights[member])) {
            return false;
        }
    }
    l->config->settings.member_weights = weights;
    return true;
}

static bool resolve_verifier(struct el_loader *l) {
    const char *who = el_yaml_text(&l->yaml, l->verifier, "by");
    struct el_error why = {0};
    bool others = l->config->n_members == 0;
    return el_config_set_verifier(l->config, who, &why) || others ||
           el_yaml_fail(&l->yaml, l->verifier, "%s", why.message);
}

bool el_resolve_members(struct el_loader *l) {
    bool others = l->config->n_members == 0;
    return (l->weights == NULL || others || resolve_weights(l)) &&
           (l->verifier == NULL || resolve_verifier(l));
}

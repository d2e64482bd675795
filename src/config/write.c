/* The configuration in force, as YAML that can be loaded again (secrets left out). */
#include "config/config.h"

#include "base/ascii.h"
#include "base/json.h"
#include "config/config_private.h"

#include <stdlib.h>
#include <string.h>

static bool is_word(char c) {
    return el_ascii_letter(c) || el_ascii_digit(c);
}

/* Would YAML read these characters as the string they are? When in doubt: quotes. */
static bool is_plain(const char *text) {
    static const char *const words[] = {"true", "false", "yes", "no", "on",
                                        "off",  "null",  "y",   "n"};
    if (!el_ascii_letter(text[0]) && text[0] != '/' && text[0] != '_') {
        return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (el_ascii_same(text, words[i])) {
            return false;
        }
    }
    for (const char *c = text; *c != '\0'; c++) {
        bool inner = strchr("_-./+", *c) != NULL || (*c == ' ' && is_word(c[1])) ||
                     (*c == ':' && c[1] == '/');
        if (!is_word(*c) && !inner) {
            return false;
        }
    }
    return true;
}

/* A JSON string is a YAML string too. */
static void put_text(struct el_buffer *out, const char *text) {
    if (is_plain(text)) {
        el_buffer_string(out, text);
        return;
    }
    json_t *string = json_string(text);
    char *quoted = string != NULL ? el_json_dump(string, JSON_ENCODE_ANY) : NULL;
    if (quoted == NULL) {
        out->failed = true;
    } else {
        el_buffer_string(out, quoted);
    }
    free(quoted);
    json_decref(string);
}

static void put_line(struct el_buffer *out, const char *key, const char *value,
                     const char *otherwise) {
    if (value == NULL) {
        el_buffer_printf(out, "%s: null%s%s\n", key, otherwise != NULL ? "  # " : "",
                         otherwise != NULL ? otherwise : "");
        return;
    }
    el_buffer_printf(out, "%s: ", key);
    put_text(out, value);
    el_buffer_char(out, '\n');
}

static void put_number(struct el_buffer *out, const char *key, double value,
                       const char *otherwise) {
    if (value == 0 && otherwise != NULL) {
        el_buffer_printf(out, "    %s: null  # %s\n", key, otherwise);
    } else {
        el_buffer_printf(out, "    %s: %.12g\n", key, value);
    }
}

static double seconds(double told, double otherwise) {
    return told > 0 ? told : otherwise;
}

static void put_place(struct el_buffer *out, const struct el_member_config *member) {
    if (member->gguf != NULL) {
        put_line(out, "    gguf", member->gguf, NULL);
        for (size_t i = 0; i < member->n_loras; i++) {
            el_buffer_string(out, i == 0 ? "    lora:\n" : "");
            put_line(out, "      - file", member->loras[i].path, NULL);
            el_buffer_printf(out, "        scale: %.12g\n", member->loras[i].scale);
        }
        return;
    }
    el_buffer_string(out, "    urls:\n");
    for (size_t i = 0; i < member->n_urls; i++) {
        el_buffer_string(out, "      - ");
        put_text(out, member->urls[i]);
        el_buffer_char(out, '\n');
    }
    put_line(out, "    model", member->model, "what the server lists first");
}

static void put_secrets(struct el_buffer *out, const struct el_member_config *member) {
    if (member->api_key != NULL) {
        el_buffer_string(out, "    # key: (set)\n");
    }
    for (size_t i = 0; i < member->n_headers; i++) {
        el_buffer_printf(out, "    # header %s: (set)\n", member->headers[i].name);
    }
}

/* How a member is reached: under any key that is two blanks further left. */
static void put_reach(struct el_buffer *out, const struct el_member_config *member) {
    put_place(out, member);
    put_secrets(out, member);
    if (member->extra_body != NULL) {
        char *json = el_json_dump(member->extra_body, JSON_SORT_KEYS);
        out->failed |= json == NULL;
        el_buffer_printf(out, "    extra_body: %s\n", json != NULL ? json : "");
        free(json);
    }
    const char *optional[][2] = {{"    ca_file", member->ca_file},
                                 {"    proxy", member->proxy},
                                 {"    unix_socket", member->unix_socket}};
    for (size_t i = 0; i < 3; i++) {
        if (optional[i][1] != NULL) {
            put_line(out, optional[i][0], optional[i][1], NULL);
        }
    }
    put_number(out, "context", (double)member->context, "asked of the server or the file");
    put_number(out, "slots", (double)member->slots, "the server's slots, else 4");
    if (member->gguf != NULL) {
        put_number(out, "threads", (double)member->threads, "cores shared among the gguf members");
    }
    el_buffer_string(out, "    timeouts:\n");
    put_number(out, "  connect", seconds(member->connect_timeout, EL_CONNECT_SECONDS), NULL);
    put_number(out, "  first_byte", seconds(member->first_byte_timeout, EL_FIRST_BYTE_SECONDS),
               NULL);
    put_number(out, "  total", seconds(member->total_timeout, EL_TOTAL_SECONDS), NULL);
    put_number(out, "retries", member->retries, NULL);
    if (member->price_in != 0 || member->price_out != 0) {
        el_buffer_printf(out, "    price: {in: %.12g, out: %.12g}\n", member->price_in,
                         member->price_out);
    }
}

static void put_languages(struct el_buffer *out, const struct el_member_config *member) {
    for (size_t i = 0; i < member->n_languages; i++) {
        el_buffer_string(out, i > 0 ? ", " : "    languages: [");
        put_text(out, member->languages[i]);
    }
    el_buffer_string(out, member->n_languages > 0 ? "]\n" : "    # languages: any\n");
}

static void put_member(struct el_buffer *out, const struct el_member_config *member) {
    put_line(out, "  - name", member->name, NULL);
    put_languages(out, member);
    put_reach(out, member);
    el_buffer_printf(out, "    api: %s\n", el_api_name(member->api));
    put_line(out, "    prompts", member->prompts,
             "compact where the model has its markers, else conversation (paper: chat)");
    put_number(out, "temperature", member->temperature, NULL);
    put_number(out, "seed", (double)member->seed, NULL);
    put_number(out, "max_tokens", (double)member->max_tokens, "by stage and sentence length");
    put_number(out, "parameters", member->parameters, "in billions; from the file, else unknown");
}

static void put_type(struct el_buffer *out, const struct el_type *type) {
    el_buffer_string(out, "  ");
    put_text(out, type->name);
    el_buffer_string(out, ":\n");
    put_line(out, "    wording", type->wording, NULL);
    put_line(out, "    description", type->description, NULL);
    el_buffer_string(out, "    aliases: [");
    for (size_t i = 0; i < type->n_aliases; i++) {
        el_buffer_string(out, i > 0 ? ", " : "");
        put_text(out, type->aliases[i]);
    }
    el_buffer_string(out, "]\n");
}

static void put_verify(struct el_buffer *out, const struct el_config *config) {
    const struct el_settings *s = &config->settings;
    el_buffer_string(out, "verify:\n  by: ");
    put_text(out, s->verifier_name != NULL ? s->verifier_name : el_verifier_names[s->verifier]);
    el_buffer_printf(out, "\n  agreement_skips: %u  # 0: everything is verified\n",
                     el_settings_skips(s, config->n_members));
    el_buffer_printf(out, "  alone: %.12g\n", s->alone);
}

static void put_k(struct el_buffer *out, const struct el_settings *settings) {
    if (settings->demonstrations == EL_K_AUTO) {
        el_buffer_string(out, "  k: auto\n");
    } else {
        el_buffer_printf(out, "  k: %zu\n", settings->demonstrations);
    }
    el_buffer_printf(out, "  deal: %s\n", settings->deal ? "true" : "false");
}

static void put_stages(struct el_buffer *out, const struct el_config *config) {
    const struct el_settings *s = &config->settings;
    el_buffer_string(out, "retrieve:\n");
    put_k(out, s);
    el_buffer_printf(out, "  similarity: %s\n  spans: %s\n  weights: {",
                     el_similarity_names[s->similarity], el_spans_names[s->spans]);
    bool first = true;
    for (size_t i = 0; i < EL_POS_COUNT; i++) {
        if (s->pos_weights[i] != 0) {
            el_buffer_printf(out, "%s%s: %.12g", first ? "" : ", ", el_pos_name((enum el_pos)i),
                             s->pos_weights[i]);
            first = false;
        }
    }
    el_buffer_printf(out, "}  # other tags: 0\n  types: %s\n",
                     s->zero_shot_pretypes ? "true" : "false");
    if (config->embedder == NULL) {
        el_buffer_string(out, "  vectors: ngram\n");
    } else {
        el_buffer_string(out, "  vectors:\n");
        put_reach(out, config->embedder);
    }
    el_buffer_printf(out,
                     "extract:\n  occurrences: %s\n  nested: %s\n  from_pool: %.6g\n  some: %s\n  "
                     "at_least: %u\n",
                     s->first_occurrence_only ? "first" : "all", s->nested ? "true" : "false",
                     s->from_pool, el_some_names[s->some], s->at_least);
    el_buffer_string(out, "classify:\n  weights: {");
    for (size_t i = 0; i < config->n_members; i++) {
        el_buffer_string(out, i > 0 ? ", " : "");
        put_text(out, config->members[i].name);
        el_buffer_printf(out, ": %.12g", s->member_weights != NULL ? s->member_weights[i] : 1.0);
    }
    el_buffer_string(out, "}\n");
    put_verify(out, config);
}

static void put_named(struct el_buffer *out, bool *first, const char *name, double number) {
    if (number != 0) {
        el_buffer_string(out, *first ? "" : ", ");
        put_text(out, name);
        el_buffer_printf(out, ": %.6g", number);
        *first = false;
    }
}

static void put_by_member(struct el_buffer *out, const struct el_config *config, const char *key,
                          const double *numbers) {
    bool first = true;
    el_buffer_printf(out, "  %s: {", key);
    for (size_t m = 0; m < config->n_members; m++) {
        put_named(out, &first, config->members[m].name, numbers[m]);
    }
    el_buffer_string(out, "}\n");
}

static void put_by_type(struct el_buffer *out, const struct el_config *config, const char *key,
                        const double *numbers) {
    bool first = true;
    el_buffer_printf(out, "  %s: {", key);
    for (size_t t = 0; t < config->n_types; t++) {
        put_named(out, &first, config->types[t].name, numbers[t]);
    }
    el_buffer_string(out, "}\n");
}

static void put_judge(struct el_buffer *out, const struct el_config *config) {
    const struct el_judge *judge = config->settings.judge;
    const double *w = judge->weights;
    size_t m = judge->n_members;
    if (judge->kind != EL_JUDGE_FITTED) {
        el_buffer_printf(out, "judge: %s\n", el_judge_kind_names[judge->kind]);
        return;
    }
    el_buffer_printf(out, "judge:  # fitted by el4ner tune\n  threshold: %.6g\n", judge->threshold);
    put_by_member(out, config, "trust", judge->trust);
    el_buffer_printf(out, "  trust_pool: %.6g\n", judge->trust_pool);
    put_by_type(out, config, "type_bias", judge->type_bias);
    for (size_t i = 0; i < EL_JUDGE_TRAITS; i++) {
        el_buffer_printf(out, "  %s: %.6g\n", el_judge_trait_names[i], w[i]);
    }
    put_by_member(out, config, "listed", w + el_judge_listed(0));
    put_by_member(out, config, "probability", w + el_judge_share(m, 0));
    put_by_member(out, config, "yes", w + el_judge_yes(m, 0));
    put_by_type(out, config, "of_type", w + el_judge_of_type(m, 0));
}

bool el_config_print_tuned(const struct el_config *config, const char *base, const char *pool,
                           struct el_buffer *out) {
    if (base != NULL) {
        put_line(out, "base", base, NULL);
    }
    if (config->ensemble != NULL) {
        put_line(out, "ensemble", config->ensemble, NULL);
    }
    if (pool != NULL) {
        put_line(out, "pool", pool, NULL);
    }
    el_buffer_string(out, "types:\n");
    for (size_t i = 0; i < config->n_types; i++) {
        put_type(out, &config->types[i]);
    }
    el_buffer_string(out, "retrieve:\n");
    put_k(out, &config->settings);
    el_buffer_printf(out, "extract:\n  from_pool: %.6g\n  some: %s\n", config->settings.from_pool,
                     el_some_names[config->settings.some]);
    put_verify(out, config);
    put_judge(out, config);
    return !out->failed;
}

bool el_config_print(const struct el_config *config, struct el_buffer *out) {
    const struct el_settings *s = &config->settings;
    el_buffer_printf(out, "# from %s, every default filled in\n", config->path);
    el_buffer_printf(out, "profile: %s\n", el_profile_names[s->profile]);
    el_buffer_string(out, "members:");
    if (config->ensemble != NULL) {
        el_buffer_printf(out, "  # of the ensemble %s%s", config->ensemble,
                         config->ensemble_by_default ? ", as none are configured" : "");
    }
    el_buffer_char(out, '\n');
    for (size_t i = 0; i < config->n_members; i++) {
        put_member(out, &config->members[i]);
    }
    el_buffer_string(out, "types:\n");
    for (size_t i = 0; i < config->n_types; i++) {
        put_type(out, &config->types[i]);
    }
    put_line(out, "pool", config->pool, "the shipped pool");
    put_line(out, "tagger", config->tagger, "the shipped weights");
    put_line(out, "lang", config->lang, "unknown");
    put_line(out, "llama_server", config->llama_server, "looked up");
    put_stages(out, config);
    el_buffer_printf(out, "lazy_votes: %s\nconstrain: %s\nstrict: %s\nmax_sentence: %zu\n",
                     s->lazy_votes ? "true" : "false", s->constrain ? "auto" : "off",
                     s->strict ? "true" : "false", s->max_sentence);
    if (s->judge != NULL) {
        put_judge(out, config);
    }
    el_buffer_string(out, "# data folders:\n");
    for (size_t i = 0; config->data_folders[i] != NULL; i++) {
        el_buffer_printf(out, "#   %s\n", config->data_folders[i]);
    }
    return !out->failed;
}

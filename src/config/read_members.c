/* The section `members`: what is asked of each and how it is reached. */
#include "base/print.h"
#include "config/config_private.h"
#include "config/sections.h"
#include "language/same_language.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST_KEY = 16384, MOST_URLS = 64 };

static bool read_api(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                     void *field) {
    const char *names[EL_API_EMBEDDINGS]; /* which is never configured */
    struct el_loader *l = context;
    for (int i = 0; i < EL_API_EMBEDDINGS; i++) {
        names[i] = el_api_name((enum el_api)i);
    }
    int api = el_yaml_word(&l->yaml, value, key->name, names, EL_API_EMBEDDINGS);
    *(enum el_api *)field = api < 0 ? EL_API_AUTO : (enum el_api)api;
    return api >= 0;
}

/* What is wrong with the URL of a server, in `problem`; false if nothing is. */
static bool has_problem(const char *url, char *problem, size_t room) {
    size_t scheme = strncmp(url, "http://", 7) == 0 ? 7 : strncmp(url, "https://", 8) == 0 ? 8 : 0;
    if (scheme == 0 || url[scheme] == '\0' || url[scheme] == '/') {
        el_print(problem, room, "\"%s\" is not a server URL; it looks like http://127.0.0.1:8080",
                 url);
        return true;
    }
    for (const char *c = url; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ') {
            el_print(problem, room, "a URL holds no blanks and no control characters");
            return true;
        }
    }
    if (strchr(url, '@') != NULL) {
        el_print(problem, room,
                 "no user or password in a URL: use api_key_env, api_key_file or headers");
        return true;
    }
    return false;
}

static const char *read_url(struct el_loader *l, const yaml_node_t *value) {
    const char *url = el_yaml_text(&l->yaml, value, "url");
    char problem[1024];
    if (url != NULL && has_problem(url, problem, sizeof problem)) {
        el_yaml_fail(&l->yaml, value, "%s", problem);
        return NULL;
    }
    return url != NULL ? el_keep(l, url) : NULL;
}

static bool read_urls(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *target) {
    struct el_loader *l = context;
    struct el_member_config *member = target;
    bool list = value->type == YAML_SEQUENCE_NODE;
    size_t n = list ? el_yaml_items(value) : 1;
    if (member->n_urls > 0) {
        return el_yaml_fail(&l->yaml, value, "a member has 'url' or 'urls', not both");
    }
    if (n == 0 || n > MOST_URLS) {
        return el_yaml_fail(&l->yaml, value, "'%s' must name 1 to %d servers", key->name,
                            MOST_URLS);
    }
    const char **urls = el_arena_array(l->arena, n, sizeof *urls);
    if (urls == NULL) {
        return el_fail_memory(l->err);
    }
    for (size_t i = 0; i < n; i++) {
        urls[i] = read_url(l, list ? el_yaml_item(&l->yaml, value, i) : value);
        if (urls[i] == NULL) {
            return false;
        }
    }
    member->urls = urls;
    member->n_urls = n;
    return true;
}

/* Secrets go into request headers: a line break in one would smuggle in further headers. NULL if
 * nothing is wrong. */
static const char *secret_problem(const char *secret) {
    if (secret[0] == '\0') {
        return "holds no key";
    }
    for (const char *c = secret; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 127) {
            return "holds control characters";
        }
    }
    return NULL;
}

static bool check_secret(struct el_loader *l, const yaml_node_t *value, const char *where,
                         const char *secret) {
    const char *problem = secret_problem(secret);
    return problem == NULL || el_yaml_fail(&l->yaml, value, "%s %s", where, problem);
}

static const char *from_environment(struct el_loader *l, const yaml_node_t *value,
                                    const char *what) {
    const char *variable = el_yaml_text(&l->yaml, value, what);
    if (variable == NULL) {
        return NULL;
    }
    const char *secret = getenv(variable);
    if (secret == NULL) {
        el_yaml_fail(&l->yaml, value,
                     "the environment variable %s is not set; set it to the member's key",
                     variable);
        return NULL;
    }
    char where[256];
    el_print(where, sizeof where, "the environment variable %s", variable);
    return check_secret(l, value, where, secret) ? el_keep(l, secret) : NULL;
}

static bool read_key_env(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                         void *field) {
    struct el_loader *l = context;
    return (*(const char **)field = from_environment(l, value, key->name)) != NULL;
}

/* The key in a file, without white space at its end, in `secret`. */
static bool read_secret(struct el_loader *l, const yaml_node_t *value, const char *path,
                        char secret[LONGEST_KEY + 2]) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return el_yaml_fail(&l->yaml, value, "'api_key_file': cannot read %s: %s", path,
                            strerror(errno));
    }
    setvbuf(file, NULL, _IONBF, 0); /* no copy of the key stays behind in a buffer */
    errno = 0;
    size_t len = fread(secret, 1, LONGEST_KEY + 1, file);
    int trouble = ferror(file) ? errno : 0;
    fclose(file);
    if (trouble != 0) {
        return el_yaml_fail(&l->yaml, value, "'api_key_file': cannot read %s: %s", path,
                            strerror(trouble));
    }
    if (len > LONGEST_KEY) {
        return el_yaml_fail(&l->yaml, value,
                            "'api_key_file': %s is longer than %d bytes: it is not a key", path,
                            LONGEST_KEY);
    }
    while (len > 0 && isspace((unsigned char)secret[len - 1])) {
        len--;
    }
    secret[len] = '\0';
    return strlen(secret) == len
               ? check_secret(l, value, path, secret)
               : el_yaml_fail(&l->yaml, value, "%s holds control characters", path);
}

static bool read_key_file(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                          void *field) {
    struct el_loader *l = context;
    const char *path = NULL;
    if (*(const char **)field != NULL) {
        return el_yaml_fail(&l->yaml, value, "a member has api_key_env or api_key_file, not both");
    }
    if (!el_read_path(l, key, value, &path)) {
        return false;
    }
    char secret[LONGEST_KEY + 2];
    bool ok =
        read_secret(l, value, path, secret) && (*(const char **)field = el_keep(l, secret)) != NULL;
    explicit_bzero(secret, sizeof secret);
    return ok;
}

static const char *read_header_value(struct el_loader *l, const char *name, yaml_node_t *value) {
    if (value->type == YAML_MAPPING_NODE) {
        yaml_node_t *key = NULL, *variable = NULL;
        const char *word =
            el_yaml_pairs(value) == 1 ? el_yaml_pair(&l->yaml, value, 0, &key, &variable) : NULL;
        if (word == NULL || strcmp(word, "env") != 0) {
            el_yaml_fail(&l->yaml, value, "the header '%s' must be a text or {env: VARIABLE}",
                         name);
            return NULL;
        }
        return from_environment(l, variable, "env");
    }
    const char *text = el_yaml_text(&l->yaml, value, name);
    return text != NULL && check_secret(l, value, "the header", text) ? el_keep(l, text) : NULL;
}

static bool read_headers(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                         void *target) {
    struct el_loader *l = context;
    struct el_member_config *member = target;
    if (value->type != YAML_MAPPING_NODE) {
        return el_yaml_fail(&l->yaml, value, "'%s' must be a mapping (Name: value)", key->name);
    }
    size_t n = el_yaml_pairs(value);
    struct el_header *headers = el_arena_array(l->arena, n, sizeof *headers);
    if (headers == NULL) {
        return el_fail_memory(l->err);
    }
    for (size_t i = 0; i < n; i++) {
        yaml_node_t *name_node = NULL, *value_node = NULL;
        const char *name = el_yaml_pair(&l->yaml, value, i, &name_node, &value_node);
        if (name == NULL) {
            return false;
        }
        if (name[0] == '\0' ||
            strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                         "!#$%&'*+-.^_`|~") != strlen(name)) {
            return el_yaml_fail(&l->yaml, name_node, "\"%s\" is not the name of an HTTP header",
                                name);
        }
        headers[i].name = el_keep(l, name);
        headers[i].value = read_header_value(l, name, value_node);
        if (headers[i].name == NULL || headers[i].value == NULL) {
            return false;
        }
    }
    member->headers = headers;
    member->n_headers = n;
    return true;
}

/* A file, or the name of a model of the catalogue. One that is not here stays a name, which the end
 * of loading finds. */
static bool read_gguf(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field) {
    struct el_loader *l = context;
    const struct el_catalogue *catalogue;
    const char *name = NULL, *full = NULL;
    if (!el_read_string(l, key, value, &name) || (full = el_locate_file(l, name)) == NULL) {
        return false;
    }
    *(const char **)field = full;
    if (access(full, R_OK) == 0) {
        return true;
    }
    const char *trouble = strerror(errno);
    if (strchr(name, '/') != NULL) {
        return el_yaml_fail(&l->yaml, value, "'%s': cannot read %s: %s", key->name, full, trouble);
    }
    if (!el_config_catalogue(l->config, &catalogue, l->err)) {
        return false;
    }
    const struct el_model *model = el_catalogue_find(catalogue, name);
    if (model == NULL) {
        const char *near = el_catalogue_near(catalogue, name);
        return el_yaml_fail(&l->yaml, value, "'%s': cannot read %s: %s; %s%s%s", key->name, full,
                            trouble,
                            near != NULL ? "did you mean the model '"
                                         : "no model has this name either (el4ner models lists "
                                           "them)",
                            near != NULL ? near : "", near != NULL ? "'?" : "");
    }
    *(const char **)field = model->path != NULL ? el_keep(l, model->path) : name;
    return *(const char **)field != NULL;
}

static bool read_lora(struct el_loader *l, yaml_node_t *value, struct el_lora *lora) {
    static const struct el_yaml_key keys[] = {
        {"file", read_gguf, FIELD(el_lora, path), 0, 0},
        {"scale", el_read_double, FIELD(el_lora, scale), -100, 100},
    };
    static const struct el_yaml_key key = {.name = "lora"};
    lora->scale = 1;
    if (value->type != YAML_MAPPING_NODE) {
        return read_gguf(l, &key, value, &lora->path);
    }
    return el_yaml_read(&l->yaml, value, "an adapter", keys, EL_COUNT(keys), l, lora) &&
           (lora->path != NULL || el_yaml_fail(&l->yaml, value, "an adapter needs a 'file'"));
}

/* One adapter, or a list of them. */
static bool read_loras(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                       void *target) {
    struct el_loader *l = context;
    struct el_member_config *member = target;
    bool list = value->type == YAML_SEQUENCE_NODE;
    size_t n = list ? el_yaml_items(value) : 1;
    if (n > EL_MOST_LORAS) {
        return el_yaml_fail(&l->yaml, value, "'%s' must name at most %d adapters", key->name,
                            EL_MOST_LORAS);
    }
    struct el_lora *loras = el_arena_array(l->arena, n, sizeof *loras);
    if (loras == NULL) {
        return el_fail_memory(l->err);
    }
    for (size_t i = 0; i < n; i++) {
        yaml_node_t *node = list ? el_yaml_item(&l->yaml, value, i) : value;
        if (!read_lora(l, node, &loras[i])) {
            return false;
        }
        if (strchr(loras[i].path, ',') != NULL || strchr(loras[i].path, '"') != NULL) {
            return el_yaml_fail(&l->yaml, node,
                                "'%s': llama-server takes no path with a comma or a quotation mark",
                                key->name);
        }
    }
    member->loras = loras;
    member->n_loras = n;
    return true;
}

static bool read_extra_body(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                            void *field) {
    struct el_loader *l = context;
    if (value->type != YAML_MAPPING_NODE) {
        return el_yaml_fail(&l->yaml, value, "'%s' must be a mapping (key: value)", key->name);
    }
    return (*(json_t **)field = el_yaml_json(&l->yaml, value)) != NULL;
}

static bool read_timeouts(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                          void *target) {
    static const struct el_yaml_key keys[] = {
        {"connect", el_read_double, FIELD(el_member_config, connect_timeout), 0.001, 86400},
        {"first_byte", el_read_double, FIELD(el_member_config, first_byte_timeout), 0.001, 86400},
        {"total", el_read_double, FIELD(el_member_config, total_timeout), 0.001, 86400},
    };
    struct el_loader *l = context;
    return el_yaml_read(&l->yaml, value, key->name, keys, EL_COUNT(keys), l, target);
}

static bool read_price(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                       void *target) {
    static const struct el_yaml_key keys[] = {
        {"in", el_read_double, FIELD(el_member_config, price_in), 0, 1e9},
        {"out", el_read_double, FIELD(el_member_config, price_out), 0, 1e9},
    };
    struct el_loader *l = context;
    return el_yaml_read(&l->yaml, value, key->name, keys, EL_COUNT(keys), l, target);
}

static bool read_languages(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                           void *target) {
    struct el_loader *l = context;
    struct el_member_config *member = target;
    size_t n = value->type == YAML_SEQUENCE_NODE ? el_yaml_items(value) : 0;
    if (n == 0) {
        return el_yaml_fail(&l->yaml, value, "'%s' must be a list of codes, such as [en, de]",
                            key->name);
    }
    const char **list = el_arena_array(l->arena, n, sizeof *list);
    if (list == NULL) {
        return el_fail_memory(l->err);
    }
    for (size_t i = 0; i < n; i++) {
        yaml_node_t *item = el_yaml_item(&l->yaml, value, i);
        const char *code = item->type == YAML_SCALAR_NODE ? (char *)item->data.scalar.value : "";
        struct el_language language = el_language_by_code(code);
        bool script = language.code == NULL && language.script >= 0;
        if (script ? !el_read_string(l, key, item, &list[i])
                   : !el_read_lang(l, key, item, &list[i])) {
            return false;
        }
    }
    member->languages = list;
    member->n_languages = n;
    return true;
}

/* What is asked of a member, then how it is reached: an embedding member has only the latter. */
enum { ASKING_KEYS = 8 };
static const struct el_yaml_key member_keys[] = {
    {"name", el_read_string, FIELD(el_member_config, name), 0, 0},
    {"languages", read_languages, 0, 0, 0},
    {"api", read_api, FIELD(el_member_config, api), 0, 0},
    {"prompts", el_read_name_or_path, FIELD(el_member_config, prompts), 0, 0},
    {"temperature", el_read_double, FIELD(el_member_config, temperature), 0, 10},
    {"seed", el_read_long, FIELD(el_member_config, seed), 0, 4294967295.0},
    {"max_tokens", el_read_size, FIELD(el_member_config, max_tokens), 1, 1 << 20},
    {"parameters", el_read_double, FIELD(el_member_config, parameters), 0, 1e6},
    {"gguf", read_gguf, FIELD(el_member_config, gguf), 0, 0},
    {"lora", read_loras, 0, 0, 0},
    {"url", read_urls, 0, 0, 0},
    {"urls", read_urls, 0, 0, 0},
    {"model", el_read_string, FIELD(el_member_config, model), 0, 0},
    {"api_key_env", read_key_env, FIELD(el_member_config, api_key), 0, 0},
    {"api_key_file", read_key_file, FIELD(el_member_config, api_key), 0, 0},
    {"headers", read_headers, 0, 0, 0},
    {"extra_body", read_extra_body, FIELD(el_member_config, extra_body), 0, 0},
    {"ca_file", el_read_file_path, FIELD(el_member_config, ca_file), 0, 0},
    {"proxy", el_read_string, FIELD(el_member_config, proxy), 0, 0},
    {"unix_socket", el_read_path, FIELD(el_member_config, unix_socket), 0, 0},
    {"context", el_read_size, FIELD(el_member_config, context), 64, 1 << 24},
    {"slots", el_read_size, FIELD(el_member_config, slots), 1, 4096},
    {"threads", el_read_size, FIELD(el_member_config, threads), 1, 4096},
    {"timeouts", read_timeouts, 0, 0, 0},
    {"retries", el_read_unsigned, FIELD(el_member_config, retries), 0, 100},
    {"price", read_price, 0, 0, 0},
};

/* Words of verify: by. */
static bool is_reserved(const char *name) {
    for (size_t i = 0; i < EL_VERIFIER_NAMES; i++) {
        if (strcmp(name, el_verifier_names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_member(struct el_loader *l, const yaml_node_t *node, size_t number) {
    const struct el_member_config *member = &l->config->members[number];
    if (member->name == NULL) {
        return el_yaml_fail(&l->yaml, node, "a member needs a 'name'");
    }
    if (!el_check_name(l, node, "a member", member->name)) {
        return false;
    }
    if ((member->gguf != NULL) == (member->n_urls > 0)) {
        return el_yaml_fail(&l->yaml, node,
                            "the member '%s' needs either 'gguf' (a model file) or 'url' (a "
                            "server)",
                            member->name);
    }
    if (member->n_loras > 0 && member->gguf == NULL) {
        return el_yaml_fail(
            &l->yaml, node,
            "the member '%s': 'lora' goes with 'gguf'; a server is told of adapters "
            "by its own options, and in requests by extra_body",
            member->name);
    }
    for (size_t i = 0; i < number; i++) {
        if (strcmp(l->config->members[i].name, member->name) == 0) {
            return el_yaml_fail(&l->yaml, node, "two members have the name '%s'", member->name);
        }
    }
    if (is_reserved(member->name)) {
        return el_yaml_fail(&l->yaml, node, "a member cannot have the name '%s' (see verify: by)",
                            member->name);
    }
    return true;
}

void el_config_drop_embedder(struct el_config *config) {
    if (config->embedder != NULL) {
        json_decref(config->embedder->extra_body);
    }
    config->embedder = NULL;
}

void el_config_drop_members(struct el_config *config) {
    for (size_t i = 0; i < config->n_members; i++) {
        json_decref(config->members[i].extra_body);
    }
    config->members = NULL;
    config->n_members = 0;
    config->ensemble = NULL;
    config->ensemble_by_default = false;
}

bool el_read_members(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                     void *field) {
    (void)field;
    struct el_loader *l = context;
    if (value->type != YAML_SEQUENCE_NODE) {
        return el_yaml_fail(&l->yaml, value, "'%s' must be a list of members", key->name);
    }
    if (l->ensemble_here) {
        return el_yaml_fail(&l->yaml, value,
                            "'ensemble' gives the members already; keep one of 'ensemble' and "
                            "'members'");
    }
    size_t n = el_yaml_items(value);
    if (n == 0) { /* as if it were not there */
        return true;
    }
    if (n > EL_MAX_MEMBERS) {
        return el_yaml_fail(&l->yaml, value, "%zu members; at most %d can vote", n, EL_MAX_MEMBERS);
    }
    el_config_drop_members(l->config);
    l->config->members = el_arena_array(l->arena, n, sizeof *l->config->members);
    if (l->config->members == NULL) {
        return el_fail_memory(l->err);
    }
    for (size_t i = 0; i < n; i++) {
        yaml_node_t *node = el_yaml_item(&l->yaml, value, i);
        struct el_member_config *member = &l->config->members[i];
        *member = el_member_defaults;
        l->config->n_members = i + 1; /* so that a failure frees what this one holds */
        if (!el_yaml_read(&l->yaml, node, "a member", member_keys, EL_COUNT(member_keys), l,
                          member) ||
            !check_member(l, node, i)) {
            return false;
        }
    }
    return true;
}

bool el_read_embedder(struct el_loader *l, const char *what, yaml_node_t *value) {
    struct el_member_config *embedder = el_arena_alloc(l->arena, sizeof *embedder);
    if (embedder == NULL) {
        return el_fail_memory(l->err);
    }
    *embedder = el_member_defaults;
    embedder->name = "embedder";
    embedder->embedding = true;
    el_config_drop_embedder(l->config);
    l->config->embedder = embedder; /* so that a failure frees what it holds */
    if (!el_yaml_read(&l->yaml, value, "retrieve: vectors", member_keys + ASKING_KEYS,
                      EL_COUNT(member_keys) - ASKING_KEYS, l, embedder)) {
        return false;
    }
    if (embedder->n_loras > 0) {
        return el_yaml_fail(&l->yaml, value, "'%s': a model of vectors takes no 'lora'", what);
    }
    return (embedder->gguf != NULL) != (embedder->n_urls > 0) ||
           el_yaml_fail(&l->yaml, value,
                        "'%s' needs either 'gguf' (a model file) or 'url' (a server of "
                        "/v1/embeddings)",
                        what);
}

/* The key that an environment variable holds, in the configuration's arena. */
static bool set_key(struct el_config *config, const char *variable, const char **key,
                    struct el_error *err) {
    const char *secret = getenv(variable);
    const char *problem =
        secret == NULL ? "is not set; set it to the server's key" : secret_problem(secret);
    if (problem != NULL) {
        return el_fail(err, EL_ERR_CONFIG, "the environment variable %s %s", variable, problem);
    }
    *key = el_arena_string(&config->arena, secret);
    return *key != NULL || el_fail_memory(err);
}

bool el_config_set_member(struct el_config *config, const char *url, const char *model,
                          const char *key_env, struct el_error *err) {
    char problem[1024];
    if (has_problem(url, problem, sizeof problem)) {
        return el_fail(err, EL_ERR_CONFIG, "%s", problem);
    }
    bool named = model != NULL && el_name_problem(model) == NULL && !is_reserved(model);
    struct el_member_config *member = el_arena_alloc(&config->arena, sizeof *member);
    const char **urls = el_arena_array(&config->arena, 1, sizeof *urls);
    const char *copy = model != NULL ? el_arena_string(&config->arena, model) : NULL;
    if (member == NULL || urls == NULL || (model != NULL && copy == NULL) ||
        (urls[0] = el_arena_string(&config->arena, url)) == NULL) {
        return el_fail_memory(err);
    }
    *member = el_member_defaults;
    if (key_env != NULL && !set_key(config, key_env, &member->api_key, err)) {
        return false;
    }
    member->name = named ? copy : "model";
    member->model = copy;
    member->urls = urls;
    member->n_urls = 1;
    el_config_drop_members(config);
    config->members = member;
    config->n_members = 1;
    return el_config_forget_members(config, err);
}

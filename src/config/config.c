/* Loading the configuration. The tables of keys below are the schema: what is not in them is an
 * error. Everything a key holds is checked here, so that the rest of the program can rely on it. */
#include "config/config.h"

#include "base/ascii.h"
#include "base/file.h"
#include "base/print.h"
#include "base/yaml.h"
#include "config/config_private.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_TYPES = 512, LONGEST_NAME = 128, LONGEST_KEY = 16384, LARGEST_FILE = 4 << 20 };

struct loader {
    struct el_yaml yaml;
    struct el_config *config;
    struct el_arena *arena;
    const char *folder; /* of the file; relative paths start here */
    struct el_error *err;
    yaml_node_t *weights, *verifier; /* name members, so they are read after these */
};

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define FIELD(type, member) offsetof(struct type, member)

/* Values */

static const char *keep(struct loader *l, const char *text) {
    const char *copy = text != NULL ? el_arena_string(l->arena, text) : NULL;
    if (text != NULL && copy == NULL) {
        el_fail_memory(l->err);
    }
    return copy;
}

static bool read_string(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                        void *field) {
    struct loader *l = context;
    const char *text = el_yaml_text(&l->yaml, value, key->name);
    if (text != NULL && text[0] == '\0') {
        return el_yaml_fail(&l->yaml, value, "'%s' is empty", key->name);
    }
    return (*(const char **)field = keep(l, text)) != NULL;
}

/* A path as written, in the arena: "~/" is the home folder, relative ones start at the file. */
static const char *resolve(struct loader *l, const char *path) {
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

static bool read_path(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field) {
    struct loader *l = context;
    const char *path = NULL;
    return read_string(l, key, value, &path) && (*(const char **)field = resolve(l, path)) != NULL;
}

/* A file that must be there: relative to the configuration, else in a data folder. */
static bool read_file_path(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                           void *field) {
    struct loader *l = context;
    const char *path = NULL, *full = NULL;
    if (!read_string(l, key, value, &path) || (full = resolve(l, path)) == NULL) {
        return false;
    }
    if (access(full, F_OK) != 0 && path[0] != '/' && path[0] != '~') {
        const char *shipped = el_config_find(l->config, path);
        full = shipped != NULL ? shipped : full;
    }
    if (access(full, R_OK) != 0) {
        return el_yaml_fail(&l->yaml, value, "'%s': cannot read %s: %s", key->name, full,
                            strerror(errno));
    }
    *(const char **)field = full;
    return true;
}

/* The name of something shipped, or a path if it has a slash. */
static bool read_name_or_path(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                              void *field) {
    struct loader *l = context;
    const char *name = NULL;
    if (!read_string(l, key, value, &name)) {
        return false;
    }
    *(const char **)field = strchr(name, '/') != NULL ? resolve(l, name) : name;
    return *(const char **)field != NULL;
}

static bool read_double(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                        void *field) {
    struct loader *l = context;
    return el_yaml_number(&l->yaml, value, key->name, key->least, key->most, field);
}

static bool read_size(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field) {
    struct loader *l = context;
    double number = 0;
    bool ok = el_yaml_whole(&l->yaml, value, key->name, key->least, key->most, &number);
    *(size_t *)field = (size_t)number;
    return ok;
}

static bool read_unsigned(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                          void *field) {
    struct loader *l = context;
    double number = 0;
    bool ok = el_yaml_whole(&l->yaml, value, key->name, key->least, key->most, &number);
    *(unsigned *)field = (unsigned)number;
    return ok;
}

static bool read_long(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field) {
    struct loader *l = context;
    double number = 0;
    bool ok = el_yaml_whole(&l->yaml, value, key->name, key->least, key->most, &number);
    *(long *)field = (long)number;
    return ok;
}

static bool read_bool(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field) {
    struct loader *l = context;
    return el_yaml_bool(&l->yaml, value, key->name, field);
}

/* Members */

static bool read_api(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                     void *field) {
    const char *names[EL_API_EMBEDDINGS]; /* which is never configured */
    struct loader *l = context;
    for (int i = 0; i < EL_API_EMBEDDINGS; i++) {
        names[i] = el_api_name((enum el_api)i);
    }
    int api = el_yaml_word(&l->yaml, value, key->name, names, EL_API_EMBEDDINGS);
    *(enum el_api *)field = api < 0 ? EL_API_AUTO : (enum el_api)api;
    return api >= 0;
}

static const char *read_url(struct loader *l, const yaml_node_t *value) {
    const char *url = el_yaml_text(&l->yaml, value, "url");
    if (url == NULL) {
        return NULL;
    }
    size_t scheme = strncmp(url, "http://", 7) == 0 ? 7 : strncmp(url, "https://", 8) == 0 ? 8 : 0;
    if (scheme == 0 || url[scheme] == '\0' || url[scheme] == '/') {
        el_yaml_fail(&l->yaml, value,
                     "\"%s\" is no URL of a server; it looks like http://127.0.0.1:8080", url);
        return NULL;
    }
    for (const char *c = url; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ') {
            el_yaml_fail(&l->yaml, value, "a URL holds no blanks and no control characters");
            return NULL;
        }
    }
    if (strchr(url, '@') != NULL) {
        el_yaml_fail(&l->yaml, value,
                     "no user or password in a URL: use api_key_env, api_key_file or headers");
        return NULL;
    }
    return keep(l, url);
}

static bool read_urls(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *target) {
    struct loader *l = context;
    struct el_member_config *member = target;
    bool list = value->type == YAML_SEQUENCE_NODE;
    size_t n = list ? el_yaml_items(value) : 1;
    if (member->n_urls > 0) {
        return el_yaml_fail(&l->yaml, value, "a member has 'url' or 'urls', not both");
    }
    if (n == 0 || n > 64) {
        return el_yaml_fail(&l->yaml, value, "'%s' must name 1 to 64 servers", key->name);
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

/* Secrets go into request headers: a line break in one would smuggle in further headers. */
static bool check_secret(struct loader *l, const yaml_node_t *value, const char *where,
                         const char *secret) {
    if (secret[0] == '\0') {
        return el_yaml_fail(&l->yaml, value, "%s holds no key", where);
    }
    for (const char *c = secret; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 127) {
            return el_yaml_fail(&l->yaml, value, "%s holds control characters", where);
        }
    }
    return true;
}

static const char *from_environment(struct loader *l, const yaml_node_t *value, const char *what) {
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
    return check_secret(l, value, where, secret) ? keep(l, secret) : NULL;
}

static bool read_key_env(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                         void *field) {
    struct loader *l = context;
    return (*(const char **)field = from_environment(l, value, key->name)) != NULL;
}

static bool read_key_file(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                          void *field) {
    struct loader *l = context;
    const char *path = NULL;
    if (*(const char **)field != NULL) {
        return el_yaml_fail(&l->yaml, value, "a member has api_key_env or api_key_file, not both");
    }
    if (!read_path(l, key, value, &path)) {
        return false;
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return el_yaml_fail(&l->yaml, value, "'%s': cannot read %s: %s", key->name, path,
                            strerror(errno));
    }
    char secret[LONGEST_KEY + 1];
    size_t len = fread(secret, 1, sizeof secret - 1, file);
    fclose(file);
    while (len > 0 && isspace((unsigned char)secret[len - 1])) {
        len--;
    }
    secret[len] = '\0';
    return check_secret(l, value, path, secret) &&
           (*(const char **)field = keep(l, secret)) != NULL;
}

static const char *read_header_value(struct loader *l, const char *name, yaml_node_t *value) {
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
    return text != NULL && check_secret(l, value, "the header", text) ? keep(l, text) : NULL;
}

static bool read_headers(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                         void *target) {
    struct loader *l = context;
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
            return el_yaml_fail(&l->yaml, name_node, "\"%s\" is no name of an HTTP header", name);
        }
        headers[i].name = keep(l, name);
        headers[i].value = read_header_value(l, name, value_node);
        if (headers[i].name == NULL || headers[i].value == NULL) {
            return false;
        }
    }
    member->headers = headers;
    member->n_headers = n;
    return true;
}

static bool read_extra_body(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                            void *field) {
    struct loader *l = context;
    if (value->type != YAML_MAPPING_NODE) {
        return el_yaml_fail(&l->yaml, value, "'%s' must be a mapping (key: value)", key->name);
    }
    return (*(json_t **)field = el_yaml_json(&l->yaml, value)) != NULL;
}

static bool read_timeouts(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                          void *target) {
    static const struct el_yaml_key keys[] = {
        {"connect", read_double, FIELD(el_member_config, connect_timeout), 0.001, 86400},
        {"first_byte", read_double, FIELD(el_member_config, first_byte_timeout), 0.001, 86400},
        {"total", read_double, FIELD(el_member_config, total_timeout), 0.001, 86400},
    };
    struct loader *l = context;
    return el_yaml_read(&l->yaml, value, key->name, keys, COUNT(keys), l, target);
}

static bool read_price(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                       void *target) {
    static const struct el_yaml_key keys[] = {
        {"in", read_double, FIELD(el_member_config, price_in), 0, 1e9},
        {"out", read_double, FIELD(el_member_config, price_out), 0, 1e9},
    };
    struct loader *l = context;
    return el_yaml_read(&l->yaml, value, key->name, keys, COUNT(keys), l, target);
}

/* What is asked of a member, then how it is reached: an embedding member has only the latter. */
enum { ASKING_KEYS = 7 };
static const struct el_yaml_key member_keys[] = {
    {"name", read_string, FIELD(el_member_config, name), 0, 0},
    {"api", read_api, FIELD(el_member_config, api), 0, 0},
    {"prompts", read_name_or_path, FIELD(el_member_config, prompts), 0, 0},
    {"temperature", read_double, FIELD(el_member_config, temperature), 0, 10},
    {"seed", read_long, FIELD(el_member_config, seed), 0, 4294967295.0},
    {"max_tokens", read_size, FIELD(el_member_config, max_tokens), 1, 1 << 20},
    {"parameters", read_double, FIELD(el_member_config, parameters), 0, 1e6},
    {"gguf", read_file_path, FIELD(el_member_config, gguf), 0, 0},
    {"url", read_urls, 0, 0, 0},
    {"urls", read_urls, 0, 0, 0},
    {"model", read_string, FIELD(el_member_config, model), 0, 0},
    {"api_key_env", read_key_env, FIELD(el_member_config, api_key), 0, 0},
    {"api_key_file", read_key_file, FIELD(el_member_config, api_key), 0, 0},
    {"headers", read_headers, 0, 0, 0},
    {"extra_body", read_extra_body, FIELD(el_member_config, extra_body), 0, 0},
    {"ca_file", read_file_path, FIELD(el_member_config, ca_file), 0, 0},
    {"proxy", read_string, FIELD(el_member_config, proxy), 0, 0},
    {"unix_socket", read_path, FIELD(el_member_config, unix_socket), 0, 0},
    {"context", read_size, FIELD(el_member_config, context), 64, 1 << 24},
    {"slots", read_size, FIELD(el_member_config, slots), 1, 4096},
    {"threads", read_size, FIELD(el_member_config, threads), 1, 4096},
    {"timeouts", read_timeouts, 0, 0, 0},
    {"retries", read_unsigned, FIELD(el_member_config, retries), 0, 100},
    {"price", read_price, 0, 0, 0},
};

static bool check_name(struct loader *l, const yaml_node_t *node, const char *what,
                       const char *name) {
    if (strlen(name) > LONGEST_NAME) {
        return el_yaml_fail(&l->yaml, node, "the name of %s is longer than %d bytes", what,
                            LONGEST_NAME);
    }
    for (const char *c = name; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 127) {
            return el_yaml_fail(&l->yaml, node, "the name of %s holds control characters", what);
        }
    }
    return true;
}

static bool check_member(struct loader *l, const yaml_node_t *node, size_t number) {
    const struct el_member_config *member = &l->config->members[number];
    if (member->name == NULL) {
        return el_yaml_fail(&l->yaml, node, "a member needs a 'name'");
    }
    if (!check_name(l, node, "a member", member->name)) {
        return false;
    }
    if ((member->gguf != NULL) == (member->n_urls > 0)) {
        return el_yaml_fail(&l->yaml, node,
                            "the member '%s' needs either 'gguf' (a model file) or 'url' (a "
                            "server)",
                            member->name);
    }
    for (size_t i = 0; i < number; i++) {
        if (strcmp(l->config->members[i].name, member->name) == 0) {
            return el_yaml_fail(&l->yaml, node, "two members have the name '%s'", member->name);
        }
    }
    if (strcmp(member->name, "all") == 0 || strcmp(member->name, "none") == 0 ||
        strcmp(member->name, "largest") == 0) {
        return el_yaml_fail(&l->yaml, node, "a member cannot have the name '%s' (see verify: by)",
                            member->name);
    }
    return true;
}

static bool read_members(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                         void *field) {
    (void)field;
    struct loader *l = context;
    if (value->type != YAML_SEQUENCE_NODE) {
        return el_yaml_fail(&l->yaml, value, "'%s' must be a list of members", key->name);
    }
    size_t n = el_yaml_items(value);
    if (n > EL_MAX_MEMBERS) {
        return el_yaml_fail(&l->yaml, value, "%zu members; at most %d can vote", n, EL_MAX_MEMBERS);
    }
    l->config->members = el_arena_array(l->arena, n, sizeof *l->config->members);
    if (l->config->members == NULL) {
        return el_fail_memory(l->err);
    }
    for (size_t i = 0; i < n; i++) {
        yaml_node_t *node = el_yaml_item(&l->yaml, value, i);
        struct el_member_config *member = &l->config->members[i];
        *member = el_member_defaults;
        l->config->n_members = i + 1; /* so that a failure frees what this one holds */
        if (!el_yaml_read(&l->yaml, node, "a member", member_keys, COUNT(member_keys), l, member) ||
            !check_member(l, node, i)) {
            return false;
        }
    }
    return true;
}

/* Types */

static bool read_aliases(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                         void *target) {
    struct loader *l = context;
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
        aliases[i] = keep(l, el_yaml_text(&l->yaml, el_yaml_item(&l->yaml, value, i), key->name));
        if (aliases[i] == NULL) {
            return false;
        }
    }
    type->aliases = aliases;
    type->n_aliases = n;
    return true;
}

static const struct el_yaml_key type_keys[] = {
    {"wording", read_string, FIELD(el_type, wording), 0, 0},
    {"description", read_string, FIELD(el_type, description), 0, 0},
    {"aliases", read_aliases, 0, 0, 0},
};

static bool read_type(struct loader *l, yaml_node_t *name_node, yaml_node_t *value,
                      struct el_type *type) {
    type->name = keep(l, el_yaml_text(&l->yaml, name_node, "a type"));
    if (type->name == NULL) {
        return false;
    }
    if (type->name[0] == '\0') {
        return el_yaml_fail(&l->yaml, name_node, "a type needs a name");
    }
    if (!check_name(l, name_node, "a type", type->name)) {
        return false;
    }
    if (value != NULL && value->type == YAML_MAPPING_NODE) {
        if (!el_yaml_read(&l->yaml, value, "a type", type_keys, COUNT(type_keys), l, type)) {
            return false;
        }
    } else if (value != NULL && !el_yaml_is_null(value)) {
        static const struct el_yaml_key wording = {"wording", read_string, 0, 0, 0};
        if (!read_string(l, &wording, value, &type->wording)) {
            return false;
        }
    }
    return el_type_complete(l->arena, type, l->err);
}

static bool check_type(struct loader *l, const yaml_node_t *node, size_t number) {
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

static bool read_types(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                       void *field) {
    (void)field;
    struct loader *l = context;
    if (value->type == YAML_SCALAR_NODE) {
        return el_yaml_fail(
            &l->yaml, value,
            "'%s' must be a mapping (name: wording, or name: {description: ...}) or a list "
            "of names",
            key->name);
    }
    bool map = value->type == YAML_MAPPING_NODE;
    size_t n = map ? el_yaml_pairs(value) : el_yaml_items(value);
    if (n > MOST_TYPES) {
        return el_yaml_fail(&l->yaml, value, "%zu types; at most %d are possible", n, MOST_TYPES);
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

/* Settings of the stages */

static bool read_profile(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                         void *field) {
    (void)field;
    struct loader *l = context;
    int profile = el_yaml_word(&l->yaml, value, key->name, el_profile_names, EL_PROFILE_NAMES);
    if (profile >= 0) {
        el_settings_profile(&l->config->settings, (enum el_profile)profile);
    }
    return profile >= 0;
}

static bool read_similarity(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                            void *field) {
    struct loader *l = context;
    int word = el_yaml_word(&l->yaml, value, key->name, el_similarity_names, EL_SIMILARITY_NAMES);
    *(enum el_similarity *)field = word < 0 ? EL_SIMILARITY_SPAN : (enum el_similarity)word;
    return word >= 0;
}

static bool read_pos_weights(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                             void *field) {
    struct loader *l = context;
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
                                "\"%s\" is no part-of-speech tag (PROPN, NOUN, PRON, VERB, ADJ, "
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
    struct loader *l = context;
    const char *word =
        value->type == YAML_SCALAR_NODE ? (const char *)value->data.scalar.value : "";
    if (value->type != YAML_MAPPING_NODE) {
        return strcmp(word, "ngram") == 0 ||
               el_yaml_fail(&l->yaml, value,
                            "'%s' must be ngram, or name an embedding model: {gguf: FILE} or "
                            "{url: SERVER, model: NAME}",
                            key->name);
    }
    struct el_member_config *embedder = el_arena_alloc(l->arena, sizeof *embedder);
    if (embedder == NULL) {
        return el_fail_memory(l->err);
    }
    *embedder = el_member_defaults;
    embedder->name = "embedder";
    embedder->embedding = true;
    l->config->embedder = embedder;
    if (!el_yaml_read(&l->yaml, value, "retrieve: vectors", member_keys + ASKING_KEYS,
                      COUNT(member_keys) - ASKING_KEYS, l, embedder)) {
        return false;
    }
    return (embedder->gguf != NULL) != (embedder->n_urls > 0) ||
           el_yaml_fail(&l->yaml, value,
                        "'%s' needs either 'gguf' (a model file) or 'url' (a server of "
                        "/v1/embeddings)",
                        key->name);
}

static bool read_retrieve(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                          void *settings) {
    static const struct el_yaml_key keys[] = {
        {"k", read_size, FIELD(el_settings, demonstrations), 0, 1000},
        {"similarity", read_similarity, FIELD(el_settings, similarity), 0, 0},
        {"weights", read_pos_weights, FIELD(el_settings, pos_weights), 0, 0},
        {"types", read_bool, FIELD(el_settings, zero_shot_pretypes), 0, 0},
        {"vectors", read_vectors, 0, 0, 0},
    };
    struct loader *l = context;
    return el_yaml_read(&l->yaml, value, key->name, keys, COUNT(keys), l, settings);
}

static bool read_occurrences(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                             void *field) {
    static const char *const words[] = {"all", "first"};
    struct loader *l = context;
    int word = el_yaml_word(&l->yaml, value, key->name, words, COUNT(words));
    *(bool *)field = word == 1;
    return word >= 0;
}

static bool read_extract(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                         void *settings) {
    static const struct el_yaml_key keys[] = {
        {"occurrences", read_occurrences, FIELD(el_settings, first_occurrence_only), 0, 0},
        {"nested", read_bool, FIELD(el_settings, nested), 0, 0},
        {"at_least", read_unsigned, FIELD(el_settings, at_least), 1, EL_MAX_MEMBERS},
    };
    struct loader *l = context;
    return el_yaml_read(&l->yaml, value, key->name, keys, COUNT(keys), l, settings);
}

/* Kept for later: the members may stand further down in the file. */
static bool keep_weights(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                         void *field) {
    (void)field;
    struct loader *l = context;
    if (value->type != YAML_MAPPING_NODE) {
        return el_yaml_fail(&l->yaml, value, "'%s' must be a mapping (member: weight)", key->name);
    }
    l->weights = value;
    return true;
}

static bool keep_verifier(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                          void *field) {
    (void)field;
    struct loader *l = context;
    l->verifier = value;
    return el_yaml_text(&l->yaml, value, key->name) != NULL;
}

static bool read_classify(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                          void *settings) {
    static const struct el_yaml_key keys[] = {{"weights", keep_weights, 0, 0, 0}};
    struct loader *l = context;
    return el_yaml_read(&l->yaml, value, key->name, keys, COUNT(keys), l, settings);
}

static bool read_verify(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                        void *settings) {
    static const struct el_yaml_key keys[] = {
        {"by", keep_verifier, 0, 0, 0},
        {"agreement_skips", read_unsigned, FIELD(el_settings, agreement_skips), 0, EL_MAX_MEMBERS},
        {"alone", read_double, FIELD(el_settings, alone), 0, 1},
    };
    struct loader *l = context;
    return el_yaml_read(&l->yaml, value, key->name, keys, COUNT(keys), l, settings);
}

static bool read_constrain(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                           void *field) {
    static const char *const words[] = {"auto", "on", "off"};
    struct loader *l = context;
    int word = el_yaml_word(&l->yaml, value, key->name, words, COUNT(words));
    *(bool *)field = word != 2;
    return word >= 0;
}

#define SETTING(member) (FIELD(el_config, settings) + FIELD(el_settings, member))

static const struct el_yaml_key root_keys[] = {
    {"profile", read_profile, 0, 0, 0}, /* first: the keys below refine it */
    {"members", read_members, 0, 0, 0},
    {"types", read_types, 0, 0, 0},
    {"pool", read_path, FIELD(el_config, pool), 0, 0},
    {"tagger", read_path, FIELD(el_config, tagger), 0, 0},
    {"lang", read_string, FIELD(el_config, lang), 0, 0},
    {"llama_server", read_path, FIELD(el_config, llama_server), 0, 0},
    {"retrieve", read_retrieve, FIELD(el_config, settings), 0, 0},
    {"extract", read_extract, FIELD(el_config, settings), 0, 0},
    {"classify", read_classify, FIELD(el_config, settings), 0, 0},
    {"verify", read_verify, FIELD(el_config, settings), 0, 0},
    {"lazy_votes", read_bool, SETTING(lazy_votes), 0, 0},
    {"constrain", read_constrain, SETTING(constrain), 0, 0},
    {"strict", read_bool, SETTING(strict), 0, 0},
    {"max_sentence", read_size, SETTING(max_sentence), 64, 1 << 20},
};

static bool resolve_weights(struct loader *l) {
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

static bool resolve_verifier(struct loader *l) {
    const char *who = el_yaml_text(&l->yaml, l->verifier, "by");
    struct el_error why = {0};
    if (!el_config_set_verifier(l->config, who, &why)) {
        return el_yaml_fail(&l->yaml, l->verifier, "%s", why.message);
    }
    return true;
}

static bool read_text(const char *path, struct el_buffer *text, struct el_error *err) {
    if (el_read_file(path, LARGEST_FILE, text, err)) {
        return true;
    }
    if (err != NULL && err->code == EL_ERR_IO) {
        err->code = EL_ERR_CONFIG;
    }
    return el_error_prefix(err, "cannot read the configuration");
}

bool el_config_read_file(struct el_config *config, struct el_error *err) {
    struct loader l = {.config = config, .arena = &config->arena, .err = err};
    const char *slash = strrchr(config->path, '/');
    l.folder = slash == NULL ? "."
               : slash == config->path
                   ? "/"
                   : el_arena_copy(l.arena, config->path, (size_t)(slash - config->path));
    if (l.folder == NULL) {
        return el_fail_memory(err);
    }
    struct el_buffer text = {0};
    bool ok = read_text(config->path, &text, err) &&
              el_yaml_parse(&l.yaml, config->path, text.data, text.len, "man el4ner.yaml", err);
    el_buffer_free(&text);
    if (!ok) {
        return false;
    }
    yaml_node_t *root = el_yaml_root(&l.yaml);
    ok = root == NULL ||
         el_yaml_read(&l.yaml, root, "the configuration", root_keys, COUNT(root_keys), &l, config);
    ok = ok && el_config_complete(config, err);
    ok = ok && (l.weights == NULL || resolve_weights(&l));
    ok = ok && (l.verifier == NULL || resolve_verifier(&l));
    el_yaml_close(&l.yaml);
    return ok;
}

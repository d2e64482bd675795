#include "models/catalogue.h"

#include "base/array.h"
#include "base/ascii.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/suggest.h"
#include "base/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LARGEST_FILE = 1 << 20, MOST_MODELS = 1000, MOST_PARTS = 1000 };

struct reader {
    struct el_yaml yaml;
    struct el_catalogue *catalogue;
    size_t room; /* for models */
    struct el_error *err;
};

#define FIELD(member) offsetof(struct el_model, member)

static const char *keep(struct reader *r, const char *text) {
    const char *copy = el_arena_string(&r->catalogue->arena, text);
    if (copy == NULL) {
        el_fail_memory(r->err);
    }
    return copy;
}

static bool read_text(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field) {
    struct reader *r = context;
    const char *text = el_yaml_text(&r->yaml, value, key->name);
    if (text != NULL && text[0] == '\0') {
        return el_yaml_fail(&r->yaml, value, "'%s' is empty", key->name);
    }
    return text != NULL && (*(const char **)field = keep(r, text)) != NULL;
}

static bool read_double(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                        void *field) {
    struct reader *r = context;
    return el_yaml_number(&r->yaml, value, key->name, key->least, key->most, field);
}

static bool read_bytes(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                       void *field) {
    struct reader *r = context;
    double number = 0;
    bool ok = el_yaml_whole(&r->yaml, value, key->name, key->least, key->most, &number);
    *(uint64_t *)field = (uint64_t)number;
    return ok;
}

static bool read_size(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field) {
    uint64_t number = 0;
    bool ok = read_bytes(context, key, value, &number);
    *(size_t *)field = (size_t)number;
    return ok;
}

static bool read_bool(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field) {
    struct reader *r = context;
    return el_yaml_bool(&r->yaml, value, key->name, field);
}

static bool read_hash(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field) {
    struct reader *r = context;
    const char *text = el_yaml_text(&r->yaml, value, key->name);
    if (text != NULL &&
        (strlen(text) != EL_SHA256_HEX - 1 || strspn(text, "0123456789abcdef") != strlen(text))) {
        return el_yaml_fail(&r->yaml, value, "'%s' must be 64 digits of 0-9 and a-f", key->name);
    }
    return text != NULL && (*(const char **)field = keep(r, text)) != NULL;
}

static bool read_languages(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                           void *target) {
    struct reader *r = context;
    struct el_model *model = target;
    if (value->type != YAML_SEQUENCE_NODE) {
        return el_yaml_fail(&r->yaml, value, "'%s' must be a list of codes", key->name);
    }
    size_t n = el_yaml_items(value);
    const char **list = el_arena_array(&r->catalogue->arena, n, sizeof *list);
    if (list == NULL) {
        return el_fail_memory(r->err);
    }
    for (size_t i = 0; i < n; i++) {
        const char *code = el_yaml_text(&r->yaml, el_yaml_item(&r->yaml, value, i), key->name);
        if (code == NULL || (list[i] = keep(r, code)) == NULL) {
            return false;
        }
    }
    model->languages = list;
    model->n_languages = n;
    return true;
}

static bool read_licence(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                         void *target) {
    static const struct el_yaml_key keys[] = {
        {"name", read_text, FIELD(licence), 0, 0},
        {"url", read_text, FIELD(licence_url), 0, 0},
        {"accept", read_bool, FIELD(accept), 0, 0},
    };
    struct reader *r = context;
    struct el_model *model = target;
    if (value->type != YAML_MAPPING_NODE) {
        return read_text(context, key, value, &model->licence);
    }
    return el_yaml_read(&r->yaml, value, "a licence", keys, EL_COUNT(keys), r, target) &&
           (!model->accept || (model->licence != NULL && model->licence_url != NULL) ||
            el_yaml_fail(&r->yaml, value,
                         "a licence to accept needs its 'name' and the 'url' of its text"));
}

/* Parts of paths and of URLs: nothing that leads elsewhere. */
static bool is_plain(const char *text, const char *more) {
    if (!el_ascii_letter(text[0]) && !el_ascii_digit(text[0])) {
        return false;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (!el_ascii_letter(*c) && !el_ascii_digit(*c) && strchr(more, *c) == NULL) {
            return false;
        }
    }
    return strstr(text, "..") == NULL;
}

static bool read_hub(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                     void *target) {
    static const struct el_yaml_key keys[] = {
        {"repo", read_text, FIELD(repo), 0, 0},
        {"file", read_text, FIELD(file), 0, 0},
        {"revision", read_text, FIELD(revision), 0, 0},
    };
    struct reader *r = context;
    struct el_model *model = target;
    model->revision = "main";
    if (!el_yaml_read(&r->yaml, value, key->name, keys, EL_COUNT(keys), r, target)) {
        return false;
    }
    bool good = model->repo != NULL && model->file != NULL && is_plain(model->repo, "._-/") &&
                is_plain(model->file, "._-/") && is_plain(model->revision, "._-/");
    return good || el_yaml_fail(&r->yaml, value,
                                "'%s' needs a 'repo' (OWNER/NAME) and a 'file' in it", key->name);
}

static bool read_url(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                     void *field) {
    struct reader *r = context;
    const char *const *url = field;
    return read_text(context, key, value, field) &&
           (strncmp(*url, "http://", 7) == 0 || strncmp(*url, "https://", 8) == 0 ||
            el_yaml_fail(&r->yaml, value, "'%s' must begin with https:// or http://", key->name));
}

static bool read_packages(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                          void *target) {
    static const struct el_yaml_key keys[] = {
        {"name", read_text, FIELD(package), 0, 0},
        {"parts", read_size, FIELD(parts), 1, MOST_PARTS},
        {"file", read_text, FIELD(inside), 0, 0},
    };
    struct reader *r = context;
    struct el_model *model = target;
    model->parts = 1;
    if (!el_yaml_read(&r->yaml, value, key->name, keys, EL_COUNT(keys), r, target)) {
        return false;
    }
    if (model->package == NULL || model->inside == NULL || !is_plain(model->package, "._-={}+!")) {
        return el_yaml_fail(&r->yaml, value,
                            "'%s' needs a 'name' (such as some-model==1.0) and the 'file' in it",
                            key->name);
    }
    return model->parts == 1 || strstr(model->package, "{}") != NULL ||
           el_yaml_fail(&r->yaml, value, "'name' needs {} where the number of the part belongs");
}

static bool read_made_from(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                           void *target) {
    static const struct el_yaml_key keys[] = {
        {"base", read_text, FIELD(base_name), 0, 0},
        {"adapter", read_text, FIELD(adapter), 0, 0},
    };
    struct reader *r = context;
    struct el_model *model = target;
    if (!el_yaml_read(&r->yaml, value, key->name, keys, EL_COUNT(keys), r, target)) {
        return false;
    }
    return (model->base_name != NULL && model->adapter != NULL) ||
           el_yaml_fail(&r->yaml, value,
                        "'%s' needs a 'base' (a model of the catalogue) and an 'adapter' (a file "
                        "among the data)",
                        key->name);
}

static const struct el_yaml_key model_keys[] = {
    {"family", read_text, FIELD(family), 0, 0},
    {"parameters", read_double, FIELD(parameters), 0, 1e6},
    {"quantisation", read_text, FIELD(quantisation), 0, 0},
    {"bytes", read_bytes, FIELD(bytes), 1, 1e15},
    {"sha256", read_hash, FIELD(sha256), 0, 0},
    {"licence", read_licence, 0, 0, 0},
    {"languages", read_languages, 0, 0, 0},
    {"context", read_size, FIELD(context), 1, 1e9},
    {"hub", read_hub, 0, 0, 0},
    {"url", read_url, FIELD(url), 0, 0},
    {"packages", read_packages, 0, 0, 0},
    {"made_from", read_made_from, 0, 0, 0},
    {"note", read_text, FIELD(note), 0, 0},
};

static bool read_model(struct reader *r, const char *name, yaml_node_t *key, yaml_node_t *value) {
    struct el_catalogue *catalogue = r->catalogue;
    if (!is_plain(name, "._-")) {
        return el_yaml_fail(&r->yaml, key,
                            "a model's name holds letters, digits, '.', '_' and '-', not \"%s\"",
                            name);
    }
    if (catalogue->count == MOST_MODELS ||
        !EL_ARENA_GROW(&catalogue->arena, catalogue->models, r->room, catalogue->count + 1)) {
        return el_fail_memory(r->err);
    }
    struct el_model *model = &catalogue->models[catalogue->count];
    *model = (struct el_model){.name = keep(r, name), .defined = r->yaml.file};
    if (model->name == NULL ||
        !el_yaml_read(&r->yaml, value, "a model", model_keys, EL_COUNT(model_keys), r, model)) {
        return false;
    }
    catalogue->count++;
    return true;
}

static bool read_models(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                        void *field) {
    struct reader *r = context;
    size_t before = r->catalogue->count; /* what is there already wins */
    (void)field;
    if (value->type != YAML_MAPPING_NODE) {
        return el_yaml_fail(&r->yaml, value, "'%s' must be a mapping (name: what it is)",
                            key->name);
    }
    for (size_t i = 0; i < el_yaml_pairs(value); i++) {
        yaml_node_t *name_node = NULL, *model = NULL;
        const char *name = el_yaml_pair(&r->yaml, value, i, &name_node, &model);
        if (name == NULL) {
            return false;
        }
        const struct el_model *there = el_catalogue_find(r->catalogue, name);
        if (there != NULL && there >= r->catalogue->models + before) {
            return el_yaml_fail(&r->yaml, name_node, "two models have the name '%s'", name);
        }
        if (there == NULL && !read_model(r, name, name_node, model)) {
            return false;
        }
    }
    return true;
}

static bool read_catalogue(struct reader *r, const char *path, struct el_error *err) {
    static const struct el_yaml_key keys[] = {{"models", read_models, 0, 0, 0}};
    struct el_buffer text = {0};
    const char *name = keep(r, path);
    bool ok = name != NULL && el_read_file(path, LARGEST_FILE, &text, err) &&
              el_yaml_parse(&r->yaml, name, text.data, text.len, "man el4ner.yaml", err);
    el_buffer_free(&text);
    if (!ok) {
        if (err->code == EL_ERR_IO) {
            err->code = EL_ERR_CONFIG;
        }
        return false;
    }
    yaml_node_t *root = el_yaml_root(&r->yaml);
    ok = root == NULL ||
         el_yaml_read(&r->yaml, root, "the catalogue of models", keys, EL_COUNT(keys), r, r);
    el_yaml_close(&r->yaml);
    return ok;
}

char *el_model_note(const char *path) {
    char *note = NULL;
    return asprintf(&note, "%s.sha256", path) < 0 ? NULL : note;
}

void el_model_noted(const char *path, char hex[EL_SHA256_HEX]) {
    char *note = el_model_note(path);
    FILE *file = note != NULL ? fopen(note, "re") : NULL;
    if (file == NULL || fscanf(file, "%64[0-9a-f]", hex) != 1) {
        hex[0] = '\0';
    }
    if (file != NULL) {
        fclose(file);
    }
    free(note);
}

bool el_model_is_at(const struct el_model *model, const char *path) {
    char hex[EL_SHA256_HEX];
    if (access(path, R_OK) != 0) {
        return false;
    }
    if (model->base_name == NULL || model->sha256 == NULL) {
        return true;
    }
    el_model_noted(path, hex);
    return hex[0] == '\0' || strcmp(hex, model->sha256) == 0;
}

/* Where the file is, in the arena; false only if out of memory. */
static bool find_file(struct el_catalogue *catalogue, struct el_model *model, const char *own,
                      const char *const *folders) {
    for (size_t i = 0; i == 0 || folders[i - 1] != NULL; i++) {
        const char *folder = i == 0 ? own : folders[i - 1];
        if (folder == NULL) {
            continue;
        }
        const char *path =
            el_arena_printf(&catalogue->arena, "%s/models/%s.gguf", folder, model->name);
        if (path == NULL) {
            return false;
        }
        if (el_model_is_at(model, path)) {
            model->path = path;
            return true;
        }
    }
    return true;
}

static bool find_parts(struct el_catalogue *catalogue, struct el_model *model,
                       const char *const *folders, struct el_error *err) {
    if (model->base_name == NULL) {
        return true;
    }
    model->base = el_catalogue_find(catalogue, model->base_name);
    if (model->base == NULL || model->base->base_name != NULL) {
        return el_fail(err, EL_ERR_CONFIG, "%s: the base of '%s', '%s', %s", model->defined,
                       model->name, model->base_name,
                       model->base == NULL ? "is not in the catalogue" : "is itself made from one");
    }
    for (size_t i = 0; folders[i] != NULL; i++) {
        const char *path = el_arena_printf(&catalogue->arena, "%s/%s", folders[i], model->adapter);
        if (path == NULL) {
            return el_fail_memory(err);
        }
        if (access(path, R_OK) == 0) {
            model->adapter = path;
            return true;
        }
    }
    return true;
}

static bool read_all(struct reader *r, const char *const *folders, const char *user_file,
                     struct el_error *err) {
    if (user_file != NULL && access(user_file, F_OK) == 0 && !read_catalogue(r, user_file, err)) {
        return false;
    }
    for (size_t i = 0; folders[i] != NULL; i++) {
        const char *path =
            el_arena_printf(&r->catalogue->arena, "%s/models/catalogue.yaml", folders[i]);
        if (path == NULL) {
            return el_fail_memory(err);
        }
        if (access(path, R_OK) == 0) {
            return read_catalogue(r, path, err);
        }
    }
    return true;
}

bool el_catalogue_read(const char *const *folders, const char *own, const char *user_file,
                       struct el_catalogue **out, struct el_error *err) {
    struct el_catalogue *catalogue = calloc(1, sizeof *catalogue);
    *out = NULL;
    if (catalogue == NULL) {
        return el_fail_memory(err);
    }
    struct reader r = {.catalogue = catalogue, .err = err};
    catalogue->folder = own != NULL ? el_arena_printf(&catalogue->arena, "%s/models", own) : NULL;
    bool ok = (own == NULL || catalogue->folder != NULL || el_fail_memory(err)) &&
              read_all(&r, folders, user_file, err);
    for (size_t i = 0; ok && i < catalogue->count; i++) {
        struct el_model *model = &catalogue->models[i];
        ok = (find_file(catalogue, model, own, folders) || el_fail_memory(err)) &&
             find_parts(catalogue, model, folders, err);
    }
    if (!ok) {
        el_catalogue_free(catalogue);
        return false;
    }
    *out = catalogue;
    return true;
}

void el_catalogue_free(struct el_catalogue *catalogue) {
    if (catalogue != NULL) {
        el_arena_free(&catalogue->arena);
        free(catalogue);
    }
}

const struct el_model *el_catalogue_find(const struct el_catalogue *catalogue, const char *name) {
    for (size_t i = 0; i < catalogue->count; i++) {
        if (strcmp(catalogue->models[i].name, name) == 0) {
            return &catalogue->models[i];
        }
    }
    return NULL;
}

uint64_t el_models_to_fetch(const struct el_model *const *models, size_t n) {
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        const struct el_model *fetched = models[i]->base != NULL ? models[i]->base : models[i];
        bool counted = models[i]->path != NULL || fetched->path != NULL;
        for (size_t k = 0; !counted && k < i; k++) {
            counted = models[k] == fetched || models[k]->base == fetched;
        }
        if (!counted && fetched->bytes == 0) {
            return 0;
        }
        sum += counted ? 0 : fetched->bytes;
    }
    return sum;
}

const char *el_catalogue_near(const struct el_catalogue *catalogue, const char *name) {
    const char *names[MOST_MODELS];
    for (size_t i = 0; i < catalogue->count; i++) {
        names[i] = catalogue->models[i].name;
    }
    return el_suggest(name, names, catalogue->count);
}

#include "prompt/set.h"

#include "base/array.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/yaml.h"
#include "prompt/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST_FILE = 256 * 1024, LONGEST_LIST = 64 };

static const char *const TEMPLATE_FILES[EL_PROMPT_KINDS] = {
    [EL_PROMPT_PREEXTRACT] = "preextract.txt",
    [EL_PROMPT_EXTRACT] = "extract.txt",
    [EL_PROMPT_CLASSIFY] = "classify.txt",
    [EL_PROMPT_VERIFY] = "verify.txt",
};

/* ---- set.yaml ----------------------------------------------------------------------------- */

struct settings {
    struct el_yaml yaml;
    struct el_prompt_set *set;
    struct el_error *err;
};

static bool keep_text(struct settings *s, const char *what, const yaml_node_t *value,
                      char **field) {
    const char *text = el_yaml_text(&s->yaml, value, what);
    if (text == NULL) {
        return false;
    }
    if (text[0] == '\0') {
        return el_yaml_fail(&s->yaml, value, "'%s' is empty", what);
    }
    *field = strdup(text);
    return *field != NULL || el_fail_memory(s->err);
}

static bool read_text(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field) {
    return keep_text(context, key->name, value, field);
}

static bool read_bool(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field) {
    struct settings *s = context;
    return el_yaml_bool(&s->yaml, value, key->name, field);
}

static bool read_size(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field) {
    struct settings *s = context;
    double number = 0;
    bool fine = el_yaml_whole(&s->yaml, value, key->name, key->least, key->most, &number);
    *(size_t *)field = (size_t)number;
    return fine;
}

static bool read_form(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field) {
    static const char *const words[] = {"prompt", "chat"};
    struct settings *s = context;
    int word = el_yaml_word(&s->yaml, value, key->name, words, EL_COUNT(words));
    *(bool *)field = word == 1;
    return word >= 0;
}

static bool read_answer(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                        void *field) {
    static const char *const words[] = {[EL_ANSWER_MARKED] = "marked", [EL_ANSWER_JSON] = "json"};
    struct settings *s = context;
    int word = el_yaml_word(&s->yaml, value, key->name, words, EL_COUNT(words));
    *(enum el_answer_form *)field = word < 0 ? EL_ANSWER_MARKED : (enum el_answer_form)word;
    return word >= 0;
}

/* A list of texts of at least `shortest` bytes. */
static bool read_list(struct settings *s, const char *what, yaml_node_t *value, size_t shortest,
                      char ***field, size_t *count) {
    if (value->type != YAML_SEQUENCE_NODE) {
        return el_yaml_fail(&s->yaml, value, "'%s' must be a list of texts", what);
    }
    size_t n = el_yaml_items(value);
    if (n > LONGEST_LIST) {
        return el_yaml_fail(&s->yaml, value, "%zu items in '%s'; at most %d are possible", n, what,
                            LONGEST_LIST);
    }
    *field = calloc(n + 1, sizeof **field);
    if (*field == NULL) {
        return el_fail_memory(s->err);
    }
    for (size_t i = 0; i < n; i++) {
        const yaml_node_t *node = el_yaml_item(&s->yaml, value, i);
        if (!keep_text(s, what, node, &(*field)[i])) {
            return false;
        }
        *count = i + 1;
        if (strlen((*field)[i]) < shortest) {
            return el_yaml_fail(&s->yaml, node, "\"%s\" is too short for a marker", (*field)[i]);
        }
    }
    return true;
}

static bool read_stop(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *target) {
    struct el_prompt_set *set = target;
    return read_list(context, key->name, value, 1, &set->stop, &set->n_stop);
}

static bool read_markers(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                         void *target) {
    struct el_prompt_set *set = target;
    return read_list(context, key->name, value, 2, &set->markers, &set->n_markers);
}

#define FIELD(member) offsetof(struct el_prompt_set, member)

static const struct el_yaml_key keys[] = {
    {"form", read_form, FIELD(chat), 0, 0},
    {"answer", read_answer, FIELD(form), 0, 0},
    {"open", read_text, FIELD(open), 0, 0},
    {"close", read_text, FIELD(close), 0, 0},
    {"is", read_text, FIELD(is), 0, 0},
    {"separator", read_text, FIELD(separator), 0, 0},
    {"yes", read_text, FIELD(yes), 0, 0},
    {"no", read_text, FIELD(no), 0, 0},
    {"special_tokens", read_bool, FIELD(special_tokens), 0, 0},
    {"stop", read_stop, 0, 0, 0},
    {"markers", read_markers, 0, 0, 0},
    {"max_demonstrations", read_size, FIELD(max_demonstrations), 0, 999999},
};

/* Are the words there that an answer is read by? */
static bool check_words(struct settings *s, const yaml_node_t *root) {
    const struct el_prompt_set *set = s->set;
    bool marked = set->form == EL_ANSWER_MARKED;
    const struct {
        const char *name, *value;
        bool needed;
    } words[] = {{"yes", set->yes, true},     {"no", set->no, true},
                 {"open", set->open, marked}, {"close", set->close, marked},
                 {"is", set->is, marked},     {"separator", set->separator, marked}};
    for (size_t i = 0; i < EL_COUNT(words); i++) {
        if (words[i].needed && words[i].value == NULL) {
            return el_yaml_fail(&s->yaml, root, "'%s' is missing: %s", words[i].name,
                                i < 2 ? "the verifier needs its words" : "marked answers need it");
        }
    }
    return true;
}

static bool read_settings(struct el_prompt_set *set, const char *path, const char *text, size_t len,
                          struct el_error *err) {
    struct settings s = {.set = set, .err = err};
    if (!el_yaml_parse(&s.yaml, path, text, len, "docs/prompts.md", err)) {
        return false;
    }
    yaml_node_t *root = el_yaml_root(&s.yaml);
    bool fine = root != NULL
                    ? el_yaml_read(&s.yaml, root, "set.yaml", keys, EL_COUNT(keys), &s, set) &&
                          check_words(&s, root)
                    : el_fail(err, EL_ERR_CONFIG, "%s:1:1: holds no settings", path);
    el_yaml_close(&s.yaml);
    return fine;
}

/* ---- files -------------------------------------------------------------------------------- */

static bool read_file(const char *path, struct el_buffer *text, struct el_error *err) {
    if (!el_read_file(path, LARGEST_FILE, text, err)) {
        return el_error_prefix(err, "a prompt set needs this file");
    }
    size_t valid = el_utf8_valid_prefix(text->data, text->len);
    if (valid < text->len || strlen(text->data) < text->len) {
        valid = strlen(text->data) < valid ? strlen(text->data) : valid;
        return el_fail(err, EL_ERR_CONFIG, "%s: byte %zu is not valid UTF-8 text", path, valid + 1);
    }
    return true;
}

/* Read `folder`/`file` into `text`, its path into `path`, and add both to the hash. */
static bool read_part(const char *folder, const char *file, struct el_sha256 *hash,
                      struct el_buffer *path, struct el_buffer *text, struct el_error *err) {
    el_buffer_clear(path);
    el_buffer_printf(path, "%s/%s", folder, file);
    if (path->failed) {
        return el_fail_memory(err);
    }
    if (!read_file(path->data, text, err)) {
        return false;
    }
    el_sha256_add(hash, file, strlen(file) + 1);
    el_sha256_add(hash, text->data, text->len + 1);
    return true;
}

static size_t without_line_break(const struct el_buffer *text) {
    size_t len = text->len;
    if (len > 0 && text->data[len - 1] == '\n') {
        len--;
        len -= len > 0 && text->data[len - 1] == '\r';
    }
    return len;
}

/* A head ends with its line break, so that the part after it begins on a line of its own. */
static bool read_head(const char *folder, struct el_prompt_set *set, struct el_sha256 *hash,
                      struct el_buffer *path, struct el_buffer *text, struct el_error *err) {
    el_buffer_clear(path);
    el_buffer_printf(path, "%s/head.txt", folder);
    if (path->failed) {
        return el_fail_memory(err);
    }
    if (access(path->data, F_OK) != 0) {
        return true;
    }
    return read_part(folder, "head.txt", hash, path, text, err) &&
           el_template_parse(text->data, text->len, set->chat, false, path->data, &set->head, err);
}

static bool read_set(const char *folder, struct el_prompt_set *set, struct el_error *err) {
    struct el_buffer path = {0}, text = {0};
    struct el_sha256 hash;
    el_sha256_start(&hash);
    bool fine = read_part(folder, "set.yaml", &hash, &path, &text, err) &&
                read_settings(set, path.data, text.data, text.len, err);
    fine = fine && read_head(folder, set, &hash, &path, &text, err);
    for (int i = 0; fine && i < EL_PROMPT_KINDS; i++) {
        fine = read_part(folder, TEMPLATE_FILES[i], &hash, &path, &text, err) &&
               el_template_parse(text.data, without_line_break(&text), set->chat, set->head != NULL,
                                 path.data, &set->templates[i], err);
    }
    el_sha256_finish(&hash, set->sha256);
    el_buffer_free(&path);
    el_buffer_free(&text);
    return fine;
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The folder of the set, allocated; NULL with an error if there is none. */
static char *find_folder(const char *name, const char *const *folders, struct el_error *err) {
    char *path = NULL;
    if (strchr(name, '/') == NULL) {
        for (; folders != NULL && *folders != NULL; folders++) {
            if (asprintf(&path, "%s/%s", *folders, name) < 0) {
                el_fail_memory(err);
                return NULL;
            }
            if (is_folder(path)) {
                return path;
            }
            free(path);
        }
    }
    if (!is_folder(name)) {
        el_fail(err, EL_ERR_CONFIG,
                "prompts \"%s\": there is no such prompt set; name a folder that holds set.yaml",
                name);
        return NULL;
    }
    path = strdup(name);
    if (path == NULL) {
        el_fail_memory(err);
    }
    return path;
}

bool el_prompt_set_open(const char *name, const char *const *folders, struct el_prompt_set **set,
                        struct el_error *err) {
    char *folder = find_folder(name, folders, err);
    if (folder == NULL) {
        return false;
    }
    size_t len = strlen(folder);
    while (len > 1 && folder[len - 1] == '/') {
        folder[--len] = '\0';
    }
    struct el_prompt_set *fresh = calloc(1, sizeof *fresh);
    const char *slash = strrchr(folder, '/');
    bool fine =
        fresh != NULL &&
        (fresh->name = strdup(slash != NULL && slash[1] != '\0' ? slash + 1 : folder)) != NULL;
    if (!fine) {
        el_fail_memory(err);
    } else {
        fine = read_set(folder, fresh, err);
    }
    free(folder);
    if (!fine) {
        el_prompt_set_close(fresh);
        return false;
    }
    *set = fresh;
    return true;
}

static void free_list(char **list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(list[i]);
    }
    free(list);
}

void el_prompt_set_close(struct el_prompt_set *set) {
    if (set == NULL) {
        return;
    }
    el_template_free(set->head);
    for (int i = 0; i < EL_PROMPT_KINDS; i++) {
        el_template_free(set->templates[i]);
    }
    free_list(set->stop, set->n_stop);
    free_list(set->markers, set->n_markers);
    free(set->open);
    free(set->close);
    free(set->is);
    free(set->separator);
    free(set->yes);
    free(set->no);
    free(set->name);
    free(set);
}

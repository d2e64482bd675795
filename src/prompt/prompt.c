/* Prompt sets: a folder is read into an el_prompt_set, and calls are filled from it. */
#include "prompt/prompt.h"

#include "base/sha256.h"
#include "base/text.h"
#include "prompt/template.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

enum { LARGEST_FILE = 256 * 1024, LONGEST_LIST = 64 };

static const char *const TEMPLATE_FILES[EL_PROMPT_KINDS] = {
    [EL_PROMPT_PREEXTRACT] = "preextract.txt",
    [EL_PROMPT_EXTRACT] = "extract.txt",
    [EL_PROMPT_CLASSIFY] = "classify.txt",
    [EL_PROMPT_VERIFY] = "verify.txt",
};

/* ---- set.yaml ----------------------------------------------------------------------------- */

struct settings {
    const char *path;
    yaml_document_t *document;
    struct el_prompt_set *set;
    struct el_error *err;
};

static bool wrong(const struct settings *s, const yaml_node_t *node, const char *problem,
                  const char *word) {
    return el_fail(s->err, EL_ERR_CONFIG, "%s:%zu:%zu: \"%.60s\" %s", s->path,
                   node->start_mark.line + 1, node->start_mark.column + 1, word, problem);
}

static const char *scalar(const yaml_node_t *node) {
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static bool take_string(const struct settings *s, const yaml_node_t *key, const yaml_node_t *value,
                        char **field) {
    const char *text = scalar(value);
    if (text == NULL || text[0] == '\0' || strlen(text) != value->data.scalar.length) {
        return wrong(s, value, "needs a text that is not empty", scalar(key));
    }
    *field = strdup(text);
    return *field != NULL || el_fail_memory(s->err);
}

static bool take_bool(const struct settings *s, const yaml_node_t *key, const yaml_node_t *value,
                      bool *field) {
    const char *text = scalar(value);
    if (text == NULL || (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)) {
        return wrong(s, value, "needs true or false", scalar(key));
    }
    *field = strcmp(text, "true") == 0;
    return true;
}

static bool take_number(const struct settings *s, const yaml_node_t *key, const yaml_node_t *value,
                        size_t *field) {
    const char *text = scalar(value);
    size_t digits = text != NULL ? strspn(text, "0123456789") : 0;
    if (digits == 0 || digits > 6 || text[digits] != '\0') {
        return wrong(s, value, "needs a whole number, at most 6 digits", scalar(key));
    }
    *field = (size_t)strtoul(text, NULL, 10);
    return true;
}

/* One of two words; *field says whether it was the second. */
static bool take_word(const struct settings *s, const yaml_node_t *key, const yaml_node_t *value,
                      const char *first, const char *second, bool *field) {
    const char *text = scalar(value);
    if (text == NULL || (strcmp(text, first) != 0 && strcmp(text, second) != 0)) {
        char problem[80];
        snprintf(problem, sizeof problem, "is either %s or %s", first, second);
        return wrong(s, value, problem, scalar(key));
    }
    *field = strcmp(text, second) == 0;
    return true;
}

static bool take_list(const struct settings *s, const yaml_node_t *key, const yaml_node_t *value,
                      size_t shortest, char ***field, size_t *count) {
    if (value->type != YAML_SEQUENCE_NODE) {
        return wrong(s, value, "needs a list of texts", scalar(key));
    }
    const yaml_node_item_t *item = value->data.sequence.items.start;
    size_t n = (size_t)(value->data.sequence.items.top - item);
    if (n > LONGEST_LIST) {
        return wrong(s, value, "has too many items", scalar(key));
    }
    *field = calloc(n + 1, sizeof **field);
    if (*field == NULL) {
        return el_fail_memory(s->err);
    }
    for (; *count < n; item++) {
        const yaml_node_t *node = yaml_document_get_node(s->document, *item);
        if (!take_string(s, key, node, &(*field)[*count])) {
            return false;
        }
        (*count)++;
        if (strlen((*field)[*count - 1]) < shortest) {
            return wrong(s, node, "is too short for a marker", scalar(node));
        }
    }
    return true;
}

static bool take_setting(const struct settings *s, const yaml_node_t *key,
                         const yaml_node_t *value) {
    struct el_prompt_set *set = s->set;
    const char *name = scalar(key);
    bool json = false;
    if (strcmp(name, "form") == 0) {
        return take_word(s, key, value, "prompt", "chat", &set->chat);
    } else if (strcmp(name, "answer") == 0) {
        bool fine = take_word(s, key, value, "marked", "json", &json);
        set->form = json ? EL_ANSWER_JSON : EL_ANSWER_MARKED;
        return fine;
    } else if (strcmp(name, "open") == 0) {
        return take_string(s, key, value, &set->open);
    } else if (strcmp(name, "close") == 0) {
        return take_string(s, key, value, &set->close);
    } else if (strcmp(name, "is") == 0) {
        return take_string(s, key, value, &set->is);
    } else if (strcmp(name, "separator") == 0) {
        return take_string(s, key, value, &set->separator);
    } else if (strcmp(name, "yes") == 0) {
        return take_string(s, key, value, &set->yes);
    } else if (strcmp(name, "no") == 0) {
        return take_string(s, key, value, &set->no);
    } else if (strcmp(name, "special_tokens") == 0) {
        return take_bool(s, key, value, &set->special_tokens);
    } else if (strcmp(name, "stop") == 0) {
        return take_list(s, key, value, 1, &set->stop, &set->n_stop);
    } else if (strcmp(name, "markers") == 0) {
        return take_list(s, key, value, 2, &set->markers, &set->n_markers);
    } else if (strcmp(name, "max_demonstrations") == 0) {
        return take_number(s, key, value, &set->max_demonstrations);
    }
    return wrong(s, key,
                 "is no setting; there are form, answer, open, close, is, separator, yes, no, "
                 "special_tokens, stop, markers and max_demonstrations",
                 name);
}

static bool told_before(const struct settings *s, const yaml_node_t *root,
                        const yaml_node_pair_t *pair) {
    const char *name = scalar(yaml_document_get_node(s->document, pair->key));
    for (const yaml_node_pair_t *p = root->data.mapping.pairs.start; p < pair; p++) {
        if (strcmp(scalar(yaml_document_get_node(s->document, p->key)), name) == 0) {
            return true;
        }
    }
    return false;
}

static bool take_settings(const struct settings *s) {
    const yaml_node_t *root = yaml_document_get_root_node(s->document);
    if (root == NULL || root->type != YAML_MAPPING_NODE) {
        return el_fail(s->err, EL_ERR_CONFIG, "%s:1:1: \"set.yaml\" needs lines \"name: value\"",
                       s->path);
    }
    for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(s->document, pair->key);
        if (scalar(key) == NULL) {
            return wrong(s, key, "must be a plain name", "key");
        }
        if (told_before(s, root, pair)) {
            return wrong(s, key, "is said twice", scalar(key));
        }
        if (!take_setting(s, key, yaml_document_get_node(s->document, pair->value))) {
            return false;
        }
    }
    const struct el_prompt_set *set = s->set;
    if (set->yes == NULL || set->no == NULL) {
        return wrong(s, root, "is missing: the words of the verifier are needed",
                     set->yes == NULL ? "yes" : "no");
    }
    const struct {
        const char *name, *value;
    } marks[] = {
        {"open", set->open}, {"close", set->close}, {"is", set->is}, {"separator", set->separator}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (set->form == EL_ANSWER_MARKED && marks[i].value == NULL) {
            return wrong(s, root, "is missing: marked answers need it", marks[i].name);
        }
    }
    return true;
}

static bool read_settings(struct el_prompt_set *set, const char *path, const char *text, size_t len,
                          struct el_error *err) {
    yaml_parser_t parser;
    yaml_document_t document;
    if (!yaml_parser_initialize(&parser)) {
        return el_fail_memory(err);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    bool fine = yaml_parser_load(&parser, &document);
    if (!fine && parser.error == YAML_MEMORY_ERROR) {
        el_fail_memory(err);
    } else if (!fine) {
        el_fail(err, EL_ERR_CONFIG, "%s:%zu:%zu: this is not YAML: %s", path,
                parser.problem_mark.line + 1, parser.problem_mark.column + 1,
                parser.problem != NULL ? parser.problem : "unreadable");
    } else {
        struct settings s = {.path = path, .document = &document, .set = set, .err = err};
        fine = take_settings(&s);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return fine;
}

/* ---- files -------------------------------------------------------------------------------- */

static bool read_file(const char *path, struct el_buffer *text, struct el_error *err) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return el_fail(err, EL_ERR_IO, "%s: %s; a prompt set needs this file", path,
                       strerror(errno));
    }
    char piece[4096];
    size_t n;
    text->limit = LARGEST_FILE;
    el_buffer_clear(text);
    el_buffer_string(text, "");
    while (!text->failed && (n = fread(piece, 1, sizeof piece, file)) > 0) {
        el_buffer_append(text, piece, n);
    }
    bool broken = ferror(file) != 0;
    fclose(file);
    if (broken) {
        return el_fail(err, EL_ERR_IO, "%s: cannot be read", path);
    }
    if (text->failed) {
        return el_fail(err, EL_ERR_CONFIG, "%s: larger than the %d KiB a prompt file may have",
                       path, LARGEST_FILE / 1024);
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

static bool read_set(const char *folder, struct el_prompt_set *set, struct el_error *err) {
    struct el_buffer path = {0}, text = {0};
    struct el_sha256 hash;
    el_sha256_start(&hash);
    bool fine = read_part(folder, "set.yaml", &hash, &path, &text, err) &&
                read_settings(set, path.data, text.data, text.len, err);
    for (int i = 0; fine && i < EL_PROMPT_KINDS; i++) {
        fine = read_part(folder, TEMPLATE_FILES[i], &hash, &path, &text, err) &&
               el_template_parse(text.data, without_line_break(&text), set->chat, path.data,
                                 &set->templates[i], err);
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

/* ---- calls -------------------------------------------------------------------------------- */

static bool white(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool fill_messages(const struct el_buffer *text, const struct el_template_message *found,
                          size_t count, struct el_arena *arena, struct el_call *call) {
    struct el_message *messages = el_arena_array(arena, count, sizeof *messages);
    for (size_t i = 0; messages != NULL && i < count; i++) {
        size_t start = found[i].start, end = found[i].end;
        while (start < end && white(text->data[start])) {
            start++;
        }
        while (end > start && white(text->data[end - 1])) {
            end--;
        }
        messages[i].role = found[i].role;
        messages[i].content =
            el_arena_copy(arena, start < end ? text->data + start : "", end - start);
        if (messages[i].content == NULL) {
            return false;
        }
    }
    call->messages = messages;
    call->n_messages = count;
    return messages != NULL;
}

/* A copy of `text` as the prompt shows it. */
static const char *as_shown(const struct el_prompt_set *set, const char *text,
                            struct el_arena *arena) {
    struct el_buffer clean = {0};
    el_buffer_string(&clean, "");
    el_prompt_clean(set, text, false, &clean);
    const char *copy = clean.failed ? NULL : el_arena_copy(arena, clean.data, clean.len);
    el_buffer_free(&clean);
    return copy;
}

static bool fill_constraint(const struct el_prompt_set *set, enum el_prompt_kind kind,
                            const struct el_prompt_data *data, struct el_arena *arena,
                            struct el_constraint *constraint) {
    *constraint = (struct el_constraint){.kind = kind == EL_PROMPT_VERIFY     ? EL_YES_NO
                                                 : kind == EL_PROMPT_CLASSIFY ? EL_LIST_OF_TYPES
                                                                              : EL_LIST_OF_SPANS};
    if (set->form == EL_ANSWER_MARKED) {
        constraint->open = set->open;
        constraint->close = set->close;
        constraint->is = set->is;
        constraint->separator = set->separator;
    }
    if (constraint->kind == EL_LIST_OF_SPANS) {
        constraint->text = as_shown(set, data->text, arena);
        return constraint->text != NULL;
    }
    bool verdict = constraint->kind == EL_YES_NO;
    size_t n = verdict ? 2 : data->n_types;
    const char **choices = el_arena_array(arena, n, sizeof *choices);
    const char **spans = el_arena_array(arena, data->n_spans, sizeof *spans);
    if (choices == NULL || spans == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        choices[i] =
            verdict ? (i == 0 ? set->yes : set->no) : as_shown(set, data->types[i].name, arena);
        if (choices[i] == NULL) {
            return false;
        }
    }
    for (size_t i = 0; !verdict && i < data->n_spans; i++) {
        spans[i] = as_shown(set, data->spans[i].text, arena);
        if (spans[i] == NULL) {
            return false;
        }
    }
    constraint->choices = choices;
    constraint->n_choices = n;
    constraint->spans = verdict ? NULL : spans;
    constraint->n_items = verdict ? 0 : data->n_spans;
    return true;
}

bool el_prompt_render(const struct el_prompt_set *set, enum el_prompt_kind kind,
                      const struct el_prompt_data *data, struct el_arena *arena,
                      struct el_call *call, struct el_error *err) {
    struct el_prompt_data shown = *data;
    if (set->max_demonstrations > 0 && shown.n_demonstrations > set->max_demonstrations) {
        shown.demonstrations += shown.n_demonstrations - set->max_demonstrations;
        shown.n_demonstrations = set->max_demonstrations;
    }
    struct el_buffer text = {0};
    struct el_template_message *messages = NULL;
    size_t n_messages = 0;
    el_buffer_string(&text, "");
    bool fine = el_template_render(set->templates[kind], set, &shown, arena, &text, &messages,
                                   &n_messages, err);
    if (fine) {
        call->prompt = NULL;
        call->messages = NULL;
        call->n_messages = 0;
        fine = set->chat ? fill_messages(&text, messages, n_messages, arena, call)
                         : (call->prompt = el_arena_copy(arena, text.data, text.len)) != NULL;
        fine = fine && fill_constraint(set, kind, &shown, arena, &call->constraint);
        fine = fine || el_fail_memory(err);
    }
    el_buffer_free(&text);
    call->stop = (const char *const *)set->stop;
    call->n_stop = set->n_stop;
    call->special_tokens = set->special_tokens;
    return fine;
}

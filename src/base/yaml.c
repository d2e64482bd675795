#include "base/yaml.h"

#include "base/ascii.h"
#include "base/locale.h"
#include "base/print.h"
#include "base/suggest.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 24, MOST_NODES = 50000, MOST_KEYS = 64 };

static bool fail_at(const struct el_yaml *yaml, yaml_mark_t mark, const char *format,
                    va_list args) {
    char message[sizeof yaml->err->message];
    el_vprint(message, sizeof message, format, args);
    return el_fail(yaml->err, EL_ERR_CONFIG, "%s:%zu:%zu: %s", yaml->file, mark.line + 1,
                   mark.column + 1, message);
}

bool el_yaml_fail(const struct el_yaml *yaml, const yaml_node_t *node, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fail_at(yaml, node->start_mark, format, args);
    va_end(args);
    return false;
}

static bool fail_mark(const struct el_yaml *yaml, yaml_mark_t mark, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fail_at(yaml, mark, format, args);
    va_end(args);
    return false;
}

static bool fail_parse(const struct el_yaml *yaml, const yaml_parser_t *parser) {
    switch (parser->error) {
    case YAML_MEMORY_ERROR:
        return el_fail_memory(yaml->err);
    case YAML_READER_ERROR:
        return el_fail(yaml->err, EL_ERR_CONFIG, "%s: byte %zu: %s; the file must be UTF-8 text",
                       yaml->file, parser->problem_offset, parser->problem);
    default:
        break;
    }
    if (parser->context == NULL) {
        return fail_mark(yaml, parser->problem_mark, "broken YAML: %s", parser->problem);
    }
    return fail_mark(yaml, parser->problem_mark, "broken YAML: %s, %s from line %zu on",
                     parser->problem, parser->context, parser->context_mark.line + 1);
}

static const char *anchor_of(const yaml_event_t *event) {
    const yaml_char_t *anchor = NULL;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        break;
    case YAML_ALIAS_EVENT:
        anchor = event->data.alias.anchor;
        break;
    default:
        break;
    }
    return (const char *)anchor;
}

static const char *tag_of(const yaml_event_t *event) {
    const yaml_char_t *tag = NULL;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        tag = event->data.mapping_start.tag;
        break;
    default:
        break;
    }
    return (const char *)tag;
}

struct shape {
    size_t depth, nodes, documents;
};

static bool check_event(const struct el_yaml *yaml, const yaml_event_t *event,
                        struct shape *shape) {
    if (event->type == YAML_ALIAS_EVENT || anchor_of(event) != NULL) {
        return fail_mark(yaml, event->start_mark,
                         "anchors (&%s) and aliases (*%s) are not allowed here: write it out",
                         anchor_of(event), anchor_of(event));
    }
    if (tag_of(event) != NULL) {
        return fail_mark(yaml, event->start_mark, "tags (%s) are not allowed here: leave it out",
                         tag_of(event));
    }
    bool opens =
        event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT;
    bool closes = event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT;
    shape->depth += opens;
    shape->depth -= closes;
    shape->nodes += opens || event->type == YAML_SCALAR_EVENT;
    shape->documents += event->type == YAML_DOCUMENT_START_EVENT;
    if (shape->depth > DEEPEST) {
        return fail_mark(yaml, event->start_mark, "nested more than %d levels deep", DEEPEST);
    }
    if (shape->nodes > MOST_NODES) {
        return fail_mark(yaml, event->start_mark, "more than %d values in one file", MOST_NODES);
    }
    if (shape->documents > 1) {
        return fail_mark(yaml, event->start_mark,
                         "a second YAML document begins here: only one is allowed");
    }
    return true;
}

/* The document API resolves aliases silently (and so opens the door to exponential expansion), so
 * the events are checked first. */
static bool check_events(const struct el_yaml *yaml, const char *data, size_t len) {
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        return el_fail_memory(yaml->err);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)data, len);
    struct shape shape = {0};
    bool ok = true, end = false;
    while (ok && !end) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            ok = fail_parse(yaml, &parser);
            break;
        }
        ok = check_event(yaml, &event, &shape);
        end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return ok;
}

bool el_yaml_parse(struct el_yaml *yaml, const char *file, const char *text, size_t len,
                   const char *manual, struct el_error *err) {
    *yaml = (struct el_yaml){.file = file, .manual = manual, .err = err};
    yaml_parser_t parser;
    if (!check_events(yaml, text, len)) {
        return false;
    }
    if (!yaml_parser_initialize(&parser)) {
        return el_fail_memory(err);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    bool ok = yaml_parser_load(&parser, &yaml->document) || fail_parse(yaml, &parser);
    yaml_parser_delete(&parser);
    return ok;
}

void el_yaml_close(struct el_yaml *yaml) {
    yaml_document_delete(&yaml->document);
}

yaml_node_t *el_yaml_root(struct el_yaml *yaml) {
    return yaml_document_get_root_node(&yaml->document);
}

yaml_node_t *el_yaml_node(struct el_yaml *yaml, int index) {
    return yaml_document_get_node(&yaml->document, index);
}

bool el_yaml_is_null(const yaml_node_t *node) {
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return false;
    }
    const char *text = (const char *)node->data.scalar.value;
    return text[0] == '\0' || strcmp(text, "~") == 0 || el_ascii_same(text, "null");
}

const char *el_yaml_text(const struct el_yaml *yaml, const yaml_node_t *node, const char *what) {
    if (node->type != YAML_SCALAR_NODE) {
        el_yaml_fail(yaml, node, "'%s' must be a single value, not a %s", what,
                     node->type == YAML_MAPPING_NODE ? "mapping" : "list");
        return NULL;
    }
    const char *text = (const char *)node->data.scalar.value;
    if (strlen(text) != node->data.scalar.length) {
        el_yaml_fail(yaml, node, "'%s' holds a NUL character", what);
        return NULL;
    }
    return text;
}

bool el_yaml_number(const struct el_yaml *yaml, const yaml_node_t *node, const char *what,
                    double least, double most, double *value) {
    const char *text = el_yaml_text(yaml, node, what);
    if (text == NULL) {
        return false;
    }
    char *end = NULL;
    double number = el_number(text, &end);
    if (end == text || *end != '\0' || !isfinite(number)) {
        return el_yaml_fail(yaml, node, "'%s' must be a number, not \"%s\"", what, text);
    }
    if (number < least || number > most) {
        return el_yaml_fail(yaml, node, "'%s' must lie between %.12g and %.12g, not %s", what,
                            least, most, text);
    }
    *value = number;
    return true;
}

bool el_yaml_whole(const struct el_yaml *yaml, const yaml_node_t *node, const char *what,
                   double least, double most, double *value) {
    if (!el_yaml_number(yaml, node, what, least, most, value)) {
        return false;
    }
    return *value == (double)(long long)*value ||
           el_yaml_fail(yaml, node, "'%s' must be a whole number", what);
}

int el_yaml_word(const struct el_yaml *yaml, const yaml_node_t *node, const char *what,
                 const char *const *words, size_t n_words) {
    const char *text = el_yaml_text(yaml, node, what);
    if (text == NULL) {
        return -1;
    }
    char list[256] = "";
    for (size_t i = 0; i < n_words; i++) {
        if (strcmp(words[i], text) == 0) {
            return (int)i;
        }
        size_t at = strlen(list);
        el_print(list + at, sizeof list - at, "%s%s",
                 i == 0             ? ""
                 : i + 1 == n_words ? " or "
                                    : ", ",
                 words[i]);
    }
    el_yaml_fail(yaml, node, "'%s' must be %s, not \"%s\"", what, list, text);
    return -1;
}

bool el_yaml_bool(const struct el_yaml *yaml, const yaml_node_t *node, const char *what,
                  bool *value) {
    const char *text = el_yaml_text(yaml, node, what);
    if (text == NULL) {
        return false;
    }
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        return el_yaml_fail(yaml, node, "'%s' must be true or false, not \"%s\"", what, text);
    }
    *value = text[0] == 't';
    return true;
}

size_t el_yaml_pairs(const yaml_node_t *map) {
    return (size_t)(map->data.mapping.pairs.top - map->data.mapping.pairs.start);
}

const char *el_yaml_pair(struct el_yaml *yaml, const yaml_node_t *map, size_t i, yaml_node_t **key,
                         yaml_node_t **value) {
    yaml_node_pair_t *pair = map->data.mapping.pairs.start + i;
    *key = el_yaml_node(yaml, pair->key);
    *value = el_yaml_node(yaml, pair->value);
    return el_yaml_text(yaml, *key, "a key");
}

size_t el_yaml_items(const yaml_node_t *list) {
    return (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
}

yaml_node_t *el_yaml_item(struct el_yaml *yaml, const yaml_node_t *list, size_t i) {
    return el_yaml_node(yaml, list->data.sequence.items.start[i]);
}

/* JSON */

static json_t *no_memory(const struct el_yaml *yaml) {
    el_fail_memory(yaml->err);
    return NULL;
}

static json_t *scalar_json(const yaml_node_t *node) {
    const char *text = (const char *)node->data.scalar.value;
    size_t len = node->data.scalar.length;
    char *end = NULL;
    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return json_stringn(text, len);
    }
    if (el_yaml_is_null(node)) {
        return json_null();
    }
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        return json_boolean(text[0] == 't');
    }
    if (strspn(text, "+-.0123456789eE") == len && strpbrk(text, "0123456789") != NULL) {
        errno = 0;
        long long whole = strtoll(text, &end, 10);
        if (*end == '\0' && errno == 0) {
            return json_integer(whole);
        }
        double number = el_number(text, &end);
        if (*end == '\0' && isfinite(number)) {
            return json_real(number);
        }
    }
    return json_stringn(text, len);
}

static json_t *list_json(struct el_yaml *yaml, const yaml_node_t *node) {
    json_t *array = json_array();
    if (array == NULL) {
        return no_memory(yaml);
    }
    for (size_t i = 0; i < el_yaml_items(node); i++) {
        json_t *item = el_yaml_json(yaml, el_yaml_item(yaml, node, i));
        if (item == NULL) {
            json_decref(array);
            return NULL;
        }
        if (json_array_append_new(array, item) != 0) {
            json_decref(array);
            return no_memory(yaml);
        }
    }
    return array;
}

static json_t *map_json(struct el_yaml *yaml, const yaml_node_t *node) {
    json_t *object = json_object();
    if (object == NULL) {
        return no_memory(yaml);
    }
    for (size_t i = 0; i < el_yaml_pairs(node); i++) {
        yaml_node_t *key = NULL, *value = NULL;
        const char *name = el_yaml_pair(yaml, node, i, &key, &value);
        bool twice = name != NULL && json_object_get(object, name) != NULL;
        if (twice) {
            el_yaml_fail(yaml, key, "duplicate key '%s'", name);
        }
        json_t *item = name == NULL || twice ? NULL : el_yaml_json(yaml, value);
        if (item == NULL) {
            json_decref(object);
            return NULL;
        }
        if (json_object_set_new(object, name, item) != 0) {
            json_decref(object);
            return no_memory(yaml);
        }
    }
    return object;
}

json_t *el_yaml_json(struct el_yaml *yaml, const yaml_node_t *node) {
    if (node->type == YAML_MAPPING_NODE) {
        return map_json(yaml, node);
    }
    if (node->type == YAML_SEQUENCE_NODE) {
        return list_json(yaml, node);
    }
    json_t *scalar = scalar_json(node);
    return scalar != NULL ? scalar : no_memory(yaml);
}

/* Tables */

static bool fail_unknown(const struct el_yaml *yaml, const yaml_node_t *node, const char *name,
                         const char *what, const char *const *names, size_t n_names) {
    const struct el_yaml_synonym *synonym = yaml->synonyms;
    for (; synonym != NULL && synonym->word != NULL; synonym++) {
        for (size_t i = 0; i < n_names && strcmp(synonym->word, name) == 0; i++) {
            if (strcmp(synonym->key, names[i]) == 0) {
                return el_yaml_fail(yaml, node, "unknown key '%s' in %s; use '%s'%s%s", name, what,
                                    synonym->key, synonym->how != NULL ? ": " : "",
                                    synonym->how != NULL ? synonym->how : "");
            }
        }
    }
    const char *near = el_suggest(name, names, n_names);
    return near != NULL ? el_yaml_fail(yaml, node, "unknown key '%s' in %s; did you mean '%s'?",
                                       name, what, near)
                        : el_yaml_fail(yaml, node, "unknown key '%s' in %s (%s lists the keys)",
                                       name, what, yaml->manual);
}

static bool check_keys(struct el_yaml *yaml, const yaml_node_t *map, const char *what,
                       const struct el_yaml_key *keys, size_t n_keys) {
    bool seen[MOST_KEYS] = {false};
    const char *names[MOST_KEYS];
    for (size_t k = 0; k < n_keys; k++) {
        names[k] = keys[k].name;
    }
    for (size_t i = 0; i < el_yaml_pairs(map); i++) {
        yaml_node_t *key = NULL, *value = NULL;
        const char *name = el_yaml_pair(yaml, map, i, &key, &value);
        if (name == NULL) {
            return false;
        }
        size_t k = 0;
        while (k < n_keys && strcmp(name, names[k]) != 0) {
            k++;
        }
        if (k == n_keys) {
            return fail_unknown(yaml, key, name, what, names, n_keys);
        }
        if (seen[k]) {
            return el_yaml_fail(yaml, key, "duplicate key '%s' in %s", name, what);
        }
        seen[k] = true;
    }
    return true;
}

bool el_yaml_read(struct el_yaml *yaml, yaml_node_t *map, const char *what,
                  const struct el_yaml_key *keys, size_t n_keys, void *context, void *target) {
    if (map->type != YAML_MAPPING_NODE) {
        return el_yaml_fail(yaml, map, "%s must be a mapping (key: value)", what);
    }
    if (!check_keys(yaml, map, what, keys, n_keys)) {
        return false;
    }
    for (size_t k = 0; k < n_keys; k++) {
        for (size_t i = 0; i < el_yaml_pairs(map); i++) {
            yaml_node_t *key = NULL, *value = NULL;
            const char *name = el_yaml_pair(yaml, map, i, &key, &value);
            if (strcmp(name, keys[k].name) == 0 && !el_yaml_is_null(value) &&
                !keys[k].read(context, &keys[k], value, (char *)target + keys[k].offset)) {
                return false;
            }
        }
    }
    return true;
}

#include "corpus/label_names.h"

#include "base/json.h"
#include "corpus/input.h"

#include <stdlib.h>
#include <string.h>

enum { LARGEST = 4 << 20 };

static bool is_number(const char *text) {
    return *text != '\0' && strspn(text, "0123456789") == strlen(text) && strlen(text) < 18;
}

static bool add(json_t *names, json_int_t number, const char *name) {
    char key[24];
    snprintf(key, sizeof key, "%" JSON_INTEGER_FORMAT, number);
    return json_object_set_new(names, key, json_string(name)) == 0;
}

/* An element of an array: a name, or an object with number and name. */
static bool add_element(json_t *names, size_t position, const json_t *element) {
    static const char *const keys[] = {"text", "name", "label"};
    if (json_is_string(element)) {
        return add(names, (json_int_t)position, json_string_value(element));
    }
    const json_t *id = json_object_get(element, "id"), *name = NULL;
    for (size_t i = 0; name == NULL && i < sizeof keys / sizeof *keys; i++) {
        name = json_object_get(element, keys[i]);
    }
    return json_is_integer(id) && json_is_string(name) &&
           add(names, json_integer_value(id), json_string_value(name));
}

/* A member of an object, in one direction or the other. */
static bool add_member(json_t *names, const char *key, const json_t *value) {
    if (is_number(key) && json_is_string(value)) {
        return add(names, strtoll(key, NULL, 10), json_string_value(value));
    }
    return json_is_integer(value) && add(names, json_integer_value(value), key);
}

static bool add_json(json_t *names, json_t *root) {
    json_t *inner = json_object_get(root, "id2label"), *value;
    const char *key;
    size_t position;
    bool good = json_is_array(root) || json_is_object(root);
    root = json_is_object(inner) ? inner : root;
    json_array_foreach(root, position, value) {
        good = good && add_element(names, position, value);
    }
    json_object_foreach(root, key, value) {
        good = good && add_member(names, key, value);
    }
    return good && json_object_size(names) > 0;
}

/* "12 person" */
static bool add_line(json_t *names, char *line) {
    size_t digits = strspn(line, "0123456789");
    char *name = line + digits + strspn(line + digits, " \t:=,");
    if (digits == 0 || digits > 17 || name == line + digits || *name == '\0') {
        return false;
    }
    return add(names, strtoll(line, NULL, 10), name);
}

static bool add_lines(json_t *names, char *text, size_t *bad_line) {
    *bad_line = 1;
    for (char *line; (line = strsep(&text, "\n")) != NULL; ++*bad_line) {
        size_t len = strlen(line);
        while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL) {
            line[--len] = '\0';
        }
        if (len > 0 && !add_line(names, line)) {
            return false;
        }
    }
    return json_object_size(names) > 0;
}

json_t *el_label_names_read(const char *path, struct el_error *err) {
    struct el_input input = {.max_bytes = LARGEST};
    char *text;
    size_t len, line = 0;
    if (!el_input_open(&input, path, err)) {
        return NULL;
    }
    json_t *names = json_object();
    bool done = el_input_rest(&input, &text, &len, err);
    if (done && names == NULL) {
        done = el_fail_memory(err);
    } else if (done) {
        char first = text[strspn(text, " \t\r\n")];
        json_t *root = first == '{' || first == '[' ? el_json_load(text, len, 0, NULL) : NULL;
        done = root != NULL ? add_json(names, root) : add_lines(names, text, &line);
        json_decref(root);
        if (!done) {
            el_input_fail(&input, line, 0, err,
                          "names of labels are {\"1\": \"person\"}, [{\"id\": 1, \"text\": "
                          "\"person\"}], [\"O\", \"B-person\"], or lines \"1 person\"");
        }
    }
    el_input_close(&input);
    if (!done) {
        json_decref(names);
        return NULL;
    }
    return names;
}

const char *el_label_name(const json_t *names, json_int_t number) {
    char key[24];
    snprintf(key, sizeof key, "%" JSON_INTEGER_FORMAT, number);
    return json_string_value(json_object_get(names, key));
}

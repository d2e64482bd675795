/* Data-driven cases: blocks of text in files, for tests of formats, alignment and segmentation.
 *
 *     ### name; option other=value
 *     input, any number of lines
 *     ---
 *     expected, any number of lines
 *
 * Lines before the first ### are a comment. With the option `escapes`, \t \r \n \\ and \xNN in the
 * input stand for bytes, and the line feed that ends the input is left out. */
#ifndef EL_TESTS_CASES_H
#define EL_TESTS_CASES_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct case_text {
    char *name, *options;
    char *input;
    size_t input_len;
    char *expected;
};

static inline char *read_whole_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    size_t capacity = 1 << 20, len;
    char *text = malloc(capacity);
    len = text != NULL ? fread(text, 1, capacity - 1, file) : 0;
    if (text != NULL) {
        text[len] = '\0';
    }
    fclose(file);
    return text;
}

/* The value of `name=value` among the options, copied to `value`; or whether `name` stands there
 * alone. */
static inline bool case_option(const struct case_text *one, const char *name, char *value,
                               size_t size) {
    size_t len = strlen(name);
    for (const char *at = one->options; (at = strstr(at, name)) != NULL; at += len) {
        bool begins = at == one->options || at[-1] == ' ';
        if (begins && at[len] == '=' && value != NULL) {
            snprintf(value, size, "%.*s", (int)strcspn(at + len + 1, " "), at + len + 1);
            return true;
        }
        if (begins && value == NULL && (at[len] == ' ' || at[len] == '\0')) {
            return true;
        }
    }
    return false;
}

static inline size_t unescape(char *text) {
    char *out = text;
    for (char *at = text; *at != '\0'; at++) {
        if (*at != '\\') {
            *out++ = *at;
            continue;
        }
        at++;
        if (*at == 'x') {
            char digits[3] = {at[1], at[2], '\0'};
            *out++ = (char)strtol(digits, NULL, 16);
            at += 2;
        } else {
            *out++ = *at == 't' ? '\t' : *at == 'r' ? '\r' : *at == 'n' ? '\n' : *at;
        }
    }
    *out = '\0';
    return (size_t)(out - text);
}

static inline void free_case(struct case_text *one) {
    free(one->name);
    free(one->options);
    free(one->input);
    free(one->expected);
}

/* The next case from `*at` on, to be freed; false at the end. */
static inline bool next_case(const char **at, struct case_text *one) {
    const char *start = strncmp(*at, "### ", 4) == 0 ? *at : strstr(*at, "\n### ");
    if (start == NULL) {
        return false;
    }
    start += *start == '\n' ? 5 : 4;
    const char *title_end = strchr(start, '\n');
    const char *border = title_end != NULL ? strstr(title_end, "\n---\n") : NULL;
    if (border == NULL) {
        return false;
    }
    const char *input = title_end + 1, *expected = border + 5;
    const char *name_end = memchr(start, ';', (size_t)(title_end - start));
    const char *options = name_end != NULL ? name_end + 1 : title_end;
    const char *end = strncmp(expected, "### ", 4) == 0 ? expected : strstr(expected, "\n### ");
    end = end == NULL ? expected + strlen(expected) : end == expected ? end : end + 1;
    one->name = strndup(start, (size_t)((name_end != NULL ? name_end : title_end) - start));
    one->options = strndup(options, (size_t)(title_end - options));
    one->input = strndup(input, border + 1 > input ? (size_t)(border + 1 - input) : 0);
    one->expected = strndup(expected, (size_t)(end - expected));
    one->input_len = strlen(one->input);
    if (case_option(one, "escapes", NULL, 0)) {
        if (one->input_len > 0) {
            one->input[one->input_len - 1] = '\0';
        }
        one->input_len = unescape(one->input);
    }
    *at = end;
    return true;
}

#endif

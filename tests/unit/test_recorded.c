/* The reply parser on recorded replies of real models (EL4NER_SHARED or ../shared; skipped without
 * them). What a person reads is approximated by a second, strict reader that knows what was asked
 * for and the types, which the parser does not. Only what is in the sentence counts. */
#include "base/buffer.h"
#include "reply/reply.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cmocka.h>

enum { MOST_CLASSES = 32, MOST_SPANS = 4096 };

struct class_row {
    char name[64];
    size_t replies, read, lost;
};

static struct el_prompt_set *chat;
static struct class_row rows[MOST_CLASSES];
static size_t n_rows;

static const char *text_at(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static struct class_row *row_of(const char *name) {
    for (size_t i = 0; i < n_rows; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    assert_true(n_rows < MOST_CLASSES);
    snprintf(rows[n_rows].name, sizeof rows[n_rows].name, "%s", name);
    return &rows[n_rows++];
}

/* ---- the strict reader -------------------------------------------------------------------- */

struct reading {
    struct el_arena arena;
    const char *spans[MOST_SPANS];
    size_t count;
};

static void read_span(struct reading *reading, const char *start, const char *end) {
    while (start < end && *start == ' ') {
        start++;
    }
    while (end > start && strchr(" \r", end[-1]) != NULL) {
        end--;
    }
    char *span = el_arena_copy(&reading->arena, start, (size_t)(end - start));
    bool known = span == NULL || *span == '\0' || reading->count == MOST_SPANS;
    for (size_t i = 0; i < reading->count && !known; i++) {
        known = strcmp(reading->spans[i], span) == 0;
    }
    if (!known) {
        reading->spans[reading->count++] = span;
    }
}

/* "['span', 'TYPE'" */
static void read_literal(struct reading *reading, const char *reply) {
    while ((reply = strstr(reply, "['")) != NULL) {
        reply += 2;
        const char *end = strstr(reply, "', '");
        if (end != NULL && end == strchr(reply, '\'') && end[4] >= 'A' && end[4] <= 'Z') {
            read_span(reading, reply, end);
        }
    }
}

static void read_tagged(struct reading *reading, const char *reply) {
    while ((reply = strstr(reply, "<span")) != NULL) {
        const char *start = strchr(reply, '>');
        const char *end = start != NULL ? strstr(start, "</span>") : NULL;
        if (end == NULL) {
            return;
        }
        read_span(reading, start + 1, end);
        reply = end;
    }
}

static bool is_type(const json_t *types, const char *start, const char *end) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)types, name, value) {
        if (strlen(name) == (size_t)(end - start) && memcmp(name, start, strlen(name)) == 0) {
            return true;
        }
    }
    return false;
}

/* "span: TYPE" and "span (TYPE)", perhaps with a bullet or number. */
static void read_lines(struct reading *reading, const json_t *types, const char *reply) {
    for (const char *line = reply; *line != '\0';) {
        const char *next = strchr(line, '\n'), *end = next != NULL ? next : line + strlen(line);
        const char *start = line + strspn(line, " ");
        start += strncmp(start, "* ", 2) == 0 || strncmp(start, "- ", 2) == 0 ? 2 : 0;
        size_t digits = strspn(start, "0123456789");
        start += digits > 0 && strncmp(start + digits, ". ", 2) == 0 ? digits + 2 : 0;
        const char *stop = end;
        while (stop > start && strchr(" \r", stop[-1]) != NULL) {
            stop--;
        }
        bool bracket = stop > start && stop[-1] == ')';
        const char *sign = memrchr(start, bracket ? '(' : ':', (size_t)(stop - start));
        if (sign != NULL) {
            const char *type = sign + 1 + strspn(sign + 1, " ");
            if (type < stop && is_type(types, type, stop - bracket) &&
                !is_type(types, start, sign)) {
                read_span(reading, start, sign);
            }
        }
        line = next != NULL ? next + 1 : end;
    }
}

/* ---- comparison --------------------------------------------------------------------------- */

/* Without white space. */
static char *squeezed(struct el_arena *arena, const char *text) {
    char *copy = el_arena_string(arena, text), *out = copy;
    assert_non_null(copy);
    for (const char *at = copy; *at != '\0'; at++) {
        if (*at != ' ' && *at != '\n') {
            *out++ = *at;
        }
    }
    *out = '\0';
    return copy;
}

static void compare(const json_t *record, const json_t *types) {
    struct el_arena arena = {0};
    struct reading reading = {0};
    struct el_strings spans;
    const char *reply = text_at(record, "raw"), *sentence = text_at(record, "text");
    const char *asked = text_at(record, "asked_format");
    struct class_row *row = row_of(text_at(record, "category"));
    if (strncmp(asked, "lines", 5) == 0) {
        read_lines(&reading, json_object_get(types, text_at(record, "dataset")), reply);
    } else if (strncmp(asked, "python", 6) == 0) {
        read_literal(&reading, reply);
    } else if (strncmp(asked, "sentence", 8) == 0) {
        read_tagged(&reading, reply);
    }
    bool cut = json_is_true(json_object_get(record, "raw_truncated"));
    assert_int_not_equal(EL_READ_MEMORY,
                         el_parse_spans(&arena, chat, reply, strlen(reply), cut, sentence, &spans));
    const char *whole = squeezed(&arena, sentence);
    row->replies++;
    for (size_t i = 0; i < reading.count; i++) {
        const char *wanted = squeezed(&arena, reading.spans[i]);
        bool found = false;
        for (size_t k = 0; k < spans.count && !found; k++) {
            found = strcasecmp(squeezed(&arena, spans.items[k]), wanted) == 0;
        }
        if (strstr(whole, wanted) != NULL) {
            row->read++;
            row->lost += !found;
        }
    }
    el_arena_free(&reading.arena);
    el_arena_free(&arena);
}

/* All gold types by data set. */
static void add_types(json_t *types, const json_t *record) {
    json_t *gold = json_object_get(record, "gold"), *one;
    const char *dataset = text_at(record, "dataset");
    size_t i;
    if (json_object_get(types, dataset) == NULL) {
        json_object_set_new(types, dataset, json_object());
    }
    json_array_foreach(gold, i, one) {
        json_object_set_new(json_object_get(types, dataset), text_at(one, "type"), json_true());
    }
}

static void awkward(void **state) {
    (void)state;
    const char *shared = getenv("EL4NER_SHARED");
    char path[512], *line = NULL;
    size_t capacity = 0;
    snprintf(path, sizeof path, "%s/replies/awkward/replies.jsonl",
             shared != NULL ? shared : "../shared");
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        print_message("skipped: no %s\n", path);
        skip();
    }
    json_t *records = json_array(), *types = json_object(), *record;
    size_t i, read = 0, lost = 0;
    while (getline(&line, &capacity, file) > 0) {
        record = json_loads(line, 0, NULL);
        assert_non_null(record);
        add_types(types, record);
        json_array_append_new(records, record);
    }
    free(line);
    fclose(file);
    json_array_foreach(records, i, record) {
        compare(record, types);
    }
    print_message("%-30s %8s %8s %8s\n", "class", "replies", "spans", "lost");
    for (i = 0; i < n_rows; i++) {
        print_message("%-30s %8zu %8zu %8zu\n", rows[i].name, rows[i].replies, rows[i].read,
                      rows[i].lost);
        read += rows[i].read;
        lost += rows[i].lost;
    }
    print_message("%-30s %8zu %8zu %8zu\n", "all", json_array_size(records), read, lost);
    assert_true(read > 4000);
    assert_true(lost * 200 < read); /* under half a per cent, each of them looked at */
    json_decref(records);
    json_decref(types);
}

static int open_set(void **state) {
    static const char *const folders[] = {"prompts", NULL};
    struct el_error err;
    (void)state;
    return el_prompt_set_open("chat", folders, &chat, &err) ? 0 : -1;
}

static int close_set(void **state) {
    (void)state;
    el_prompt_set_close(chat);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(awkward)};
    return cmocka_run_group_tests(tests, open_set, close_set);
}

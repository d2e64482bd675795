#include "cli/summary.h"

#include "base/array.h"
#include "base/print.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_FREQUENT = 20, LONGEST = 300 };

/* The object of this name in `object`, made where it is missing. */
static json_t *member_of(json_t *object, const char *name) {
    json_t *member = json_object_get(object, name);
    if (member == NULL && json_object_set_new(object, name, json_object()) == 0) {
        member = json_object_get(object, name);
    }
    return member;
}

/* One more; documents come one after another, so the last that had it is enough to know. */
static bool count(json_t *texts, const char *text, size_t document) {
    json_t *old = json_object_get(texts, text);
    json_int_t n = json_integer_value(json_array_get(old, 0)),
               in = json_integer_value(json_array_get(old, 1)),
               last = json_integer_value(json_array_get(old, 2));
    in += last != (json_int_t)document;
    return json_object_set_new(texts, text,
                               json_pack("[I,I,I]", n + 1, in, (json_int_t)document)) == 0;
}

void cli_summary_add(struct cli_summary *summary, const struct el_document *document) {
    summary->documents++;
    if (summary->types == NULL) {
        summary->types = json_object();
    }
    for (size_t i = 0; i < document->n_entities && !summary->failed; i++) {
        const struct el_entity *entity = &document->entities[i];
        struct el_span span = entity->span;
        char text[LONGEST];
        el_print(text, sizeof text, "%.*s", (int)(span.end - span.start),
                 document->text + span.start);
        json_t *texts = member_of(summary->types, entity->type);
        summary->failed = texts == NULL || !count(texts, text, summary->documents);
    }
}

void cli_summary_free(struct cli_summary *summary) {
    json_decref(summary->types);
    *summary = (struct cli_summary){0};
}

struct line {
    const char *type, *text; /* of a type: NULL */
    size_t n, documents;     /* of a type: different texts */
};

/* More first, then by bytes. */
static int by_number(const void *left, const void *right) {
    const struct line *a = left, *b = right;
    if (a->n != b->n) {
        return a->n < b->n ? 1 : -1;
    }
    int order = a->text != NULL ? strcmp(a->text, b->text) : 0;
    return order != 0 ? order : strcmp(a->type, b->type);
}

struct lines {
    struct line *items;
    size_t count, capacity;
};

static bool add_line(struct lines *lines, struct line line) {
    if (!EL_GROW(lines->items, lines->capacity, lines->count + 1)) {
        return false;
    }
    lines->items[lines->count++] = line;
    return true;
}

static bool collect(const struct cli_summary *summary, struct lines *types, struct lines *texts) {
    const char *type, *text;
    json_t *found, *numbers;
    json_object_foreach(summary->types, type, found) {
        struct line sum = {.type = type, .documents = json_object_size(found)};
        json_object_foreach(found, text, numbers) {
            size_t n = (size_t)json_integer_value(json_array_get(numbers, 0));
            size_t in = (size_t)json_integer_value(json_array_get(numbers, 1));
            sum.n += n;
            if (!add_line(texts, (struct line){type, text, n, in})) {
                return false;
            }
        }
        if (!add_line(types, sum)) {
            return false;
        }
    }
    if (types->count > 0) {
        qsort(types->items, types->count, sizeof *types->items, by_number);
        qsort(texts->items, texts->count, sizeof *texts->items, by_number);
    }
    return true;
}

static void print(FILE *file, const struct lines *types, const struct lines *texts,
                  size_t documents) {
    size_t n = 0;
    for (size_t i = 0; i < types->count; i++) {
        n += types->items[i].n;
    }
    fprintf(file, "%zu entit%s of %zu type%s in %zu document%s\n", n, n == 1 ? "y" : "ies",
            types->count, types->count == 1 ? "" : "s", documents, documents == 1 ? "" : "s");
    for (size_t i = 0; i < types->count; i++) {
        const struct line *line = &types->items[i];
        fprintf(file, "%8zu  %s (%zu different)\n", line->n, line->type, line->documents);
    }
    if (texts->count > 0) {
        fprintf(file, "most frequent\n");
    }
    for (size_t i = 0; i < texts->count && i < MOST_FREQUENT; i++) {
        const struct line *line = &texts->items[i];
        fprintf(file, "%8zu  %s (%s, in %zu document%s)\n", line->n, line->text, line->type,
                line->documents, line->documents == 1 ? "" : "s");
    }
}

bool cli_summary_write(const struct cli_summary *summary, const char *path, struct el_error *err) {
    struct lines types = {0}, texts = {0};
    struct cli_output output = {0};
    bool screen = strcmp(path, "-") == 0;
    bool ok = (!summary->failed && collect(summary, &types, &texts)) || el_fail_memory(err);
    ok = ok && (screen || cli_output_open(&output, path, err));
    if (ok) {
        print(screen ? stderr : output.file, &types, &texts, summary->documents);
        ok = screen || cli_output_close(&output, true, err);
    }
    free(types.items);
    free(texts.items);
    return ok;
}

/* HTML, written only: one page without outside parts, entities as coloured boxes with their types,
 * nested ones inside each other; readable in light and dark, and by screen readers (<mark> with the
 * type as text). */
#include "base/array.h"
#include "base/ascii.h"
#include "base/html_text.h"
#include "corpus/format_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A type has the same hue on every page: the common ones have theirs by name, others by a hash.
 * Lightness comes from the style sheet. */
static const struct {
    const char *name;
    int hue;
} known[] = {{"person", 210},  {"per", 210},      {"organization", 30}, {"organisation", 30},
             {"org", 30},      {"location", 130}, {"loc", 130},         {"place", 130},
             {"gpe", 160},     {"date", 270},     {"time", 290},        {"event", 330},
             {"product", 185}, {"misc", 55},      {"miscellaneous", 55}};
enum { HASHED_HUES = 24, MOST_INDEXED = 2000 };

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>Entities</title>\n<style>\n"
    ":root { color-scheme: light dark; --box: 90%; --edge: 70%; --label: 26%; }\n"
    "@media (prefers-color-scheme: dark) { :root { --box: 24%; --edge: 42%; --label: 82%; } }\n"
    "body { font: 1.05rem/2 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto;"
    " padding: 0 1rem; display: flex; flex-direction: column; }\n"
    "h1 { font-size: 1.5rem; line-height: 1.3; margin: 0; order: -2; }\n"
    "#contents { order: -1; font-size: .9rem; line-height: 1.6; }\n"
    "#contents p { margin: .3rem 0; } #contents ul { list-style: none; padding: 0;"
    " margin: .3rem 0; }\n"
    ".legend { display: flex; flex-wrap: wrap; gap: .35rem .8rem; }\n"
    ".legend mark { padding: .05em .4em; } #contents a { overflow-wrap: anywhere; }\n"
    "main { min-width: 0; }\n"
    "article { margin: 0 0 1.5rem; white-space: pre-wrap; overflow-wrap: anywhere; }\n"
    "article.sentence { margin: 0 0 .4rem; }\n"
    "h2 { font-size: .8rem; font-weight: 500; opacity: .65; margin: 1.5rem 0 0; }\n"
    "mark { color: inherit; background: hsl(var(--hue) 75% var(--box));"
    " border: 1px solid hsl(var(--hue) 60% var(--edge)); border-radius: .3em;"
    " padding: .12em .25em; -webkit-box-decoration-break: clone; box-decoration-break: clone; }\n"
    "mark > b { font-size: .68em; font-weight: 600; letter-spacing: .02em; margin-left: .4em;"
    " color: hsl(var(--hue) 70% var(--label)); user-select: none; white-space: nowrap; }\n"
    ".failure { color: #b00020; font-size: .85rem; }\n"
    "</style>\n</head>\n<body>\n<h1>Entities</h1>\n<main>\n";

/* What the legend and the index need. They come last in the file, since counts are known then, and
 * first on the page, by the style sheet. */
struct type {
    const char *name;
    size_t count;
};

struct indexed {
    const char *id;
    size_t number, n_entities; /* of the document, from 1 */
};

struct contents {
    struct el_arena arena;
    struct type *types;
    size_t n_types, types_capacity;
    struct indexed *documents; /* the first MOST_INDEXED with a heading */
    size_t n_documents, documents_capacity;
    size_t n_headings, n_all, n_entities;
};

static int hue_of(const char *type) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (el_ascii_same(known[i].name, type)) {
            return known[i].hue;
        }
    }
    uint32_t hash = 2166136261u;
    for (const char *c = type; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    }
    return (int)((hash >> 8) % HASHED_HUES) * (360 / HASHED_HUES) + 7;
}

static bool count_type(struct contents *contents, const char *type) {
    for (size_t i = 0; i < contents->n_types; i++) {
        if (strcmp(contents->types[i].name, type) == 0) {
            contents->types[i].count++;
            return true;
        }
    }
    const char *name = el_arena_string(&contents->arena, type);
    if (name == NULL || !EL_ARENA_GROW(&contents->arena, contents->types, contents->types_capacity,
                                       contents->n_types + 1)) {
        return false;
    }
    contents->types[contents->n_types++] = (struct type){name, 1};
    return true;
}

static bool note_document(struct contents *contents, const struct el_document *document) {
    contents->n_all++;
    contents->n_entities += document->n_entities;
    for (size_t i = 0; i < document->n_entities; i++) {
        if (!count_type(contents, document->entities[i].type)) {
            return false;
        }
    }
    if (document->sentence_per_document || contents->n_headings++ >= MOST_INDEXED) {
        return true;
    }
    const char *id = el_arena_string(&contents->arena, document->id);
    if (id == NULL || !EL_ARENA_GROW(&contents->arena, contents->documents,
                                     contents->documents_capacity, contents->n_documents + 1)) {
        return false;
    }
    contents->documents[contents->n_documents++] =
        (struct indexed){id, contents->n_all, document->n_entities};
    return true;
}

static void open_box(struct el_writer *writer, const struct el_entity *entity) {
    el_buffer_printf(&writer->out, "<mark style=\"--hue: %d\" title=\"", hue_of(entity->type));
    el_html_string(&writer->out, entity->type);
    if (!isnan(entity->score)) {
        el_buffer_printf(&writer->out, ", score %d.%02d", (int)entity->score,
                         (int)(entity->score * 100) % 100);
    }
    el_buffer_string(&writer->out, "\">");
}

static void close_box(struct el_writer *writer, const struct el_entity *entity) {
    /* A word joiner: a name and its label stay together at the end of a line. */
    el_buffer_string(&writer->out, "<b>&#8288;");
    el_html_string(&writer->out, entity->type);
    el_buffer_string(&writer->out, "</b></mark>");
}

/* Boxes nest as elements do. An entity that crosses the end of the box it began in is cut there and
 * goes on in a second box. */
static bool write_text(struct el_writer *writer, const struct el_document *document) {
    const struct el_entity **open =
        el_arena_array(&writer->scratch, document->n_entities + 1, sizeof *open);
    const struct el_entity **again =
        el_arena_array(&writer->scratch, document->n_entities + 1, sizeof *again);
    if (open == NULL || again == NULL) {
        return false;
    }
    size_t n_open = 0, next = 0, at = 0;
    while (at < document->text_len || n_open > 0) {
        size_t stop =
            next < document->n_entities ? document->entities[next].span.start : document->text_len;
        for (size_t i = 0; i < n_open; i++) {
            stop = open[i]->span.end < stop ? open[i]->span.end : stop;
        }
        el_html_text(&writer->out, document->text + at, stop - at);
        at = stop;
        size_t lowest = n_open, n_again = 0;
        for (size_t i = n_open; i-- > 0;) {
            lowest = open[i]->span.end == at ? i : lowest;
        }
        while (n_open > lowest) {
            const struct el_entity *entity = open[--n_open];
            close_box(writer, entity);
            if (entity->span.end > at) {
                again[n_again++] = entity;
            }
        }
        while (n_again > 0) {
            open_box(writer, again[--n_again]);
            open[n_open++] = again[n_again];
        }
        while (next < document->n_entities && document->entities[next].span.start == at) {
            open_box(writer, &document->entities[next]);
            open[n_open++] = &document->entities[next++];
        }
    }
    return true;
}

static bool write(struct el_writer *writer, const struct el_document *document,
                  struct el_error *err) {
    struct el_buffer *out = &writer->out;
    bool sentence = document->sentence_per_document;
    struct contents *contents = writer->state;
    if (!note_document(contents, document)) {
        return el_fail_memory(err);
    }
    if (!sentence) {
        el_buffer_printf(out, "<h2 id=\"d%zu\">", contents->n_all);
        el_html_string(out, document->id);
        el_buffer_string(out, "</h2>\n");
    }
    el_buffer_string(out, sentence ? "<article class=\"sentence\"" : "<article");
    if (document->lang != NULL) {
        el_buffer_string(out, " lang=\"");
        el_html_string(out, document->lang);
        el_buffer_char(out, '"');
    }
    el_buffer_char(out, '>');
    if (!write_text(writer, document)) {
        return el_fail_memory(err);
    }
    if (document->failure != NULL) {
        el_buffer_string(out, " <span class=\"failure\">failed: ");
        el_html_string(out, document->failure);
        el_buffer_string(out, "</span>");
    }
    el_buffer_string(out, "</article>\n");
    return true;
}

static bool begin(struct el_writer *writer, struct el_error *err) {
    writer->state = calloc(1, sizeof(struct contents));
    el_buffer_string(&writer->out, head);
    return writer->state != NULL || el_fail_memory(err);
}

/* More first, then by name. */
static int by_count(const void *left, const void *right) {
    const struct type *a = left, *b = right;
    return a->count != b->count ? (a->count < b->count ? 1 : -1) : strcmp(a->name, b->name);
}

static void write_legend(struct el_buffer *out, struct contents *contents) {
    if (contents->n_types > 0) {
        qsort(contents->types, contents->n_types, sizeof *contents->types, by_count);
    }
    el_buffer_string(out, "<p class=\"legend\">");
    for (size_t i = 0; i < contents->n_types; i++) {
        el_buffer_printf(out, "<span><mark style=\"--hue: %d\">", hue_of(contents->types[i].name));
        el_html_string(out, contents->types[i].name);
        el_buffer_printf(out, "</mark> %zu</span>\n", contents->types[i].count);
    }
    el_buffer_string(out, "</p>\n");
}

static void write_index(struct el_buffer *out, const struct contents *contents) {
    if (contents->n_headings < 2) {
        return;
    }
    el_buffer_printf(out, "<details%s><summary>Documents</summary>\n<ul>\n",
                     contents->n_headings <= 20 ? " open" : "");
    for (size_t i = 0; i < contents->n_documents; i++) {
        const struct indexed *document = &contents->documents[i];
        el_buffer_printf(out, "<li><a href=\"#d%zu\">", document->number);
        el_html_string(out, document->id);
        el_buffer_printf(out, "</a> (%zu)</li>\n", document->n_entities);
    }
    el_buffer_string(out, "</ul>\n");
    if (contents->n_headings > contents->n_documents) {
        el_buffer_printf(out, "<p>and %zu more</p>\n",
                         contents->n_headings - contents->n_documents);
    }
    el_buffer_string(out, "</details>\n");
}

static bool end(struct el_writer *writer, struct el_error *err) {
    struct contents *contents = writer->state;
    struct el_buffer *out = &writer->out;
    (void)err;
    el_buffer_printf(out,
                     "</main>\n<nav id=\"contents\" aria-label=\"Contents\">\n"
                     "<p>%zu entit%s in %zu document%s</p>\n",
                     contents->n_entities, contents->n_entities == 1 ? "y" : "ies", contents->n_all,
                     contents->n_all == 1 ? "" : "s");
    write_legend(out, contents);
    write_index(out, contents);
    el_buffer_string(out, "</nav>\n</body>\n</html>\n");
    return true;
}

static void release(struct el_writer *writer) {
    struct contents *contents = writer->state;
    if (contents != NULL) {
        el_arena_free(&contents->arena);
        free(contents);
    }
}

const struct el_format_entry el_format_html = {.name = "html",
                                               .endings = ".html .htm",
                                               .begin = begin,
                                               .write = write,
                                               .end = end,
                                               .release = release};

/* HTML, written only: one page without outside parts, entities as coloured boxes with their types,
 * nested ones inside each other; readable in light and dark, and by screen readers (<mark> with the
 * type as text). */
#include "base/html_text.h"
#include "corpus/format_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Hues for types in the order of their appearance; lightness comes from the style sheet. */
static const int hues[] = {210, 130, 30, 330, 55, 270, 185, 5, 90, 240, 160, 300};
enum { N_HUES = sizeof hues / sizeof *hues };

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>Entities</title>\n<style>\n"
    ":root { color-scheme: light dark; --box: 90%; --edge: 70%; --label: 26%; }\n"
    "@media (prefers-color-scheme: dark) { :root { --box: 24%; --edge: 42%; --label: 82%; } }\n"
    "body { font: 1.05rem/2 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto;"
    " padding: 0 1rem; }\n"
    "article { margin: 0 0 1.5rem; white-space: pre-wrap; overflow-wrap: anywhere; }\n"
    "article.sentence { margin: 0 0 .4rem; }\n"
    "h2 { font-size: .8rem; font-weight: 500; opacity: .65; margin: 1.5rem 0 0; }\n"
    "mark { color: inherit; background: hsl(var(--hue) 75% var(--box));"
    " border: 1px solid hsl(var(--hue) 60% var(--edge)); border-radius: .3em;"
    " padding: .12em .25em; -webkit-box-decoration-break: clone; box-decoration-break: clone; }\n"
    "mark > b { font-size: .68em; font-weight: 600; letter-spacing: .02em; margin-left: .4em;"
    " color: hsl(var(--hue) 70% var(--label)); user-select: none; }\n"
    ".failure { color: #b00020; font-size: .85rem; }\n"
    "</style>\n</head>\n<body>\n<main>\n";

struct types {
    struct el_arena arena;
    const char *names[N_HUES];
    size_t count;
};

static int hue_of(struct el_writer *writer, const char *type) {
    struct types *types = writer->state;
    for (size_t i = 0; i < types->count; i++) {
        if (strcmp(types->names[i], type) == 0) {
            return hues[i];
        }
    }
    if (types->count < N_HUES) {
        const char *name = el_arena_string(&types->arena, type);
        writer->out.failed = writer->out.failed || name == NULL;
        if (name != NULL) {
            types->names[types->count++] = name;
            return hues[types->count - 1];
        }
    }
    unsigned sum = 0;
    for (const char *c = type; *c != '\0'; c++) {
        sum = sum * 31 + (unsigned char)*c;
    }
    return (int)(sum % 360);
}

static void open_box(struct el_writer *writer, const struct el_entity *entity) {
    el_buffer_printf(&writer->out, "<mark style=\"--hue: %d\" title=\"",
                     hue_of(writer, entity->type));
    el_html_string(&writer->out, entity->type);
    if (!isnan(entity->score)) {
        el_buffer_printf(&writer->out, ", score %d.%02d", (int)entity->score,
                         (int)(entity->score * 100) % 100);
    }
    el_buffer_string(&writer->out, "\">");
}

static void close_box(struct el_writer *writer, const struct el_entity *entity) {
    el_buffer_string(&writer->out, "<b>");
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
    if (!sentence) {
        el_buffer_string(out, "<h2>");
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
    writer->state = calloc(1, sizeof(struct types));
    el_buffer_string(&writer->out, head);
    return writer->state != NULL || el_fail_memory(err);
}

static bool end(struct el_writer *writer, struct el_error *err) {
    (void)err;
    el_buffer_string(&writer->out, "</main>\n</body>\n</html>\n");
    return true;
}

static void release(struct el_writer *writer) {
    struct types *types = writer->state;
    if (types != NULL) {
        el_arena_free(&types->arena);
        free(types);
    }
}

const struct el_format_entry el_format_html = {.name = "html",
                                               .endings = ".html .htm",
                                               .begin = begin,
                                               .write = write,
                                               .end = end,
                                               .release = release};

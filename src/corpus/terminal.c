/* The terminal: running text with its entities. With colours an entity is on the colour of its
 * type, the type's name after it; without, it reads [Angela Merkel](person). Text is wrapped at
 * ICU's line break opportunities, by display width; line breaks of the text stay. */
#include "corpus/format_private.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>

/* Light backgrounds of the 256-colour palette, on which black is read well whatever the colours
 * of the terminal are. Types take them in the order of their first appearance. */
static const int palette[] = {153, 157, 223, 219, 228, 189, 159, 217, 193, 186, 152, 182};
enum { N_COLORS = sizeof palette / sizeof *palette };

/* The types seen so far: state of the writer. */
struct types {
    struct el_arena arena;
    const char *names[N_COLORS];
    size_t count;
};

struct canvas {
    struct el_writer *writer;
    const struct el_document *document;
    size_t columns, column;

    struct el_buffer word; /* not yet placed: text, marks and labels up to a break opportunity */
    size_t word_width;
    size_t spaces;           /* between what is placed and the word */
    int placed_color, color; /* of the last placed character; of the next one; 0 = none */

    const struct el_entity **open; /* entities that have begun and not ended */
    size_t n_open, next_entity;
    size_t next_end; /* the nearest end of an open one */
};

/* ---- Characters ---- */

/* Text must not send commands to the terminal. */
static void put_character(struct canvas *canvas, const char *text, size_t len, uint32_t c) {
    bool control = el_is_control(c);
    if (control) {
        el_buffer_string(&canvas->word, "\xEF\xBF\xBD");
    } else {
        el_buffer_append(&canvas->word, text, len);
    }
    canvas->word_width += control ? 1 : el_columns(c);
}

static void put_string(struct canvas *canvas, const char *text) {
    size_t len = strlen(text);
    for (size_t at = 0; at < len;) {
        size_t start = at;
        uint32_t c = el_utf8_next(text, len, &at);
        put_character(canvas, text + start, at - start, c);
    }
}

/* ---- Colours ---- */

static int color_of(struct el_writer *writer, const char *type) {
    struct types *types = writer->state;
    for (size_t i = 0; i < types->count; i++) {
        if (strcmp(types->names[i], type) == 0) {
            return palette[i];
        }
    }
    if (types->count < N_COLORS) {
        const char *name = el_arena_string(&types->arena, type);
        writer->out.failed = writer->out.failed || name == NULL;
        if (name != NULL) {
            types->names[types->count++] = name;
            return palette[types->count - 1];
        }
    }
    unsigned sum = 0; /* more types than colours: some are shared */
    for (const char *c = type; *c != '\0'; c++) {
        sum = sum * 31 + (unsigned char)*c;
    }
    return palette[sum % N_COLORS];
}

static void set_color(struct el_buffer *out, int color) {
    if (color == 0) {
        el_buffer_string(out, "\x1B[0m");
    } else {
        el_buffer_printf(out, "\x1B[0;1;38;5;16;48;5;%dm", color);
    }
}

/* ---- Placing ---- */

static void break_line(struct canvas *canvas) {
    struct el_buffer *out = &canvas->writer->out;
    if (canvas->placed_color != 0) {
        set_color(out, 0);
    }
    el_buffer_char(out, '\n');
    if (canvas->placed_color != 0) {
        set_color(out, canvas->placed_color);
    }
    canvas->column = 0;
    canvas->spaces = 0;
}

static void place_word(struct canvas *canvas) {
    struct el_buffer *out = &canvas->writer->out;
    out->failed = out->failed || canvas->word.failed;
    if (canvas->word.len == 0) {
        return;
    }
    if (canvas->column > 0 &&
        canvas->column + canvas->spaces + canvas->word_width > canvas->columns) {
        break_line(canvas);
    }
    for (; canvas->spaces > 0; canvas->spaces--) {
        el_buffer_char(out, ' ');
        canvas->column++;
    }
    el_buffer_append(out, canvas->word.data, canvas->word.len);
    canvas->column += canvas->word_width;
    canvas->placed_color = canvas->color;
    el_buffer_clear(&canvas->word);
    canvas->word_width = 0;
}

/* ---- Entities ---- */

static void begin_entity(struct canvas *canvas, const struct el_entity *entity) {
    canvas->open[canvas->n_open++] = entity;
    if (entity->span.end < canvas->next_end) {
        canvas->next_end = entity->span.end;
    }
    if (canvas->writer->options.color) {
        canvas->color = color_of(canvas->writer, entity->type);
        set_color(&canvas->word, canvas->color);
    } else {
        put_string(canvas, "[");
    }
}

static void end_entity(struct canvas *canvas, size_t number) {
    const struct el_entity *entity = canvas->open[number];
    canvas->n_open--;
    memmove(canvas->open + number, canvas->open + number + 1,
            (canvas->n_open - number) * sizeof *canvas->open);
    if (!canvas->writer->options.color) {
        put_string(canvas, "](");
        put_string(canvas, entity->type);
        put_string(canvas, ")");
        return;
    }
    el_buffer_printf(&canvas->word, "\x1B[0;38;5;240;48;5;%dm",
                     color_of(canvas->writer, entity->type));
    put_string(canvas, " ");
    put_string(canvas, entity->type);
    canvas->color =
        canvas->n_open == 0 ? 0 : color_of(canvas->writer, canvas->open[canvas->n_open - 1]->type);
    set_color(&canvas->word, canvas->color);
}

/* The entities that end at `at`, the last begun first. */
static void end_entities(struct canvas *canvas, size_t at) {
    if (at < canvas->next_end) {
        return;
    }
    canvas->next_end = SIZE_MAX;
    for (size_t i = canvas->n_open; i-- > 0;) {
        if (canvas->open[i]->span.end <= at) {
            end_entity(canvas, i);
        } else if (canvas->open[i]->span.end < canvas->next_end) {
            canvas->next_end = canvas->open[i]->span.end;
        }
    }
}

static void begin_entities(struct canvas *canvas, size_t at) {
    const struct el_document *document = canvas->document;
    while (canvas->next_entity < document->n_entities &&
           document->entities[canvas->next_entity].span.start <= at) {
        begin_entity(canvas, &document->entities[canvas->next_entity++]);
    }
}

/* ---- Text ---- */

/* From one break opportunity to the next: characters, then white space. */
static void draw_piece(struct canvas *canvas, size_t start, size_t end) {
    const char *text = canvas->document->text;
    for (size_t at = start; at < end;) {
        size_t from = at;
        uint32_t c = el_utf8_next(text, end, &at);
        end_entities(canvas, from);
        begin_entities(canvas, from);
        if (c == '\n') {
            place_word(canvas);
            break_line(canvas);
        } else if (c == ' ' || c == '\t') {
            place_word(canvas);
            canvas->spaces++;
        } else if (c != '\r') {
            put_character(canvas, text + from, at - from, c);
        }
    }
}

static bool draw_text(struct canvas *canvas, size_t len, struct el_error *err) {
    UErrorCode status = U_ZERO_ERROR;
    const struct el_document *document = canvas->document;
    const char *lang = document->lang != NULL ? document->lang : "";
    UBreakIterator *breaks = ubrk_open(UBRK_LINE, lang, NULL, 0, &status);
    UText *utext = utext_openUTF8(NULL, document->text, (int64_t)len, &status);
    if (U_SUCCESS(status)) { /* it does not look by itself */
        ubrk_setUText(breaks, utext, &status);
    }
    bool done = U_SUCCESS(status) ||
                el_fail(err, EL_ERR_CONFIG, "ICU cannot find line breaks: %s", u_errorName(status));
    size_t start = 0;
    int32_t at;
    while (done && (at = ubrk_next(breaks)) != UBRK_DONE) {
        draw_piece(canvas, start, (size_t)at);
        start = (size_t)at;
        end_entities(canvas, start); /* a type stays with the last word of its entity */
        place_word(canvas);
    }
    ubrk_close(breaks);
    utext_close(utext);
    return done;
}

static bool begin(struct el_writer *writer, struct el_error *err) {
    writer->state = calloc(1, sizeof(struct types));
    return writer->state != NULL || el_fail_memory(err);
}

static void release(struct el_writer *writer) {
    struct types *types = writer->state;
    if (types != NULL) {
        el_arena_free(&types->arena);
        free(types);
    }
}

static bool write(struct el_writer *writer, const struct el_document *document,
                  struct el_error *err) {
    struct canvas canvas = {.writer = writer, .document = document, .next_end = SIZE_MAX};
    size_t len = document->text_len;
    canvas.columns = writer->options.columns > 0 ? (size_t)writer->options.columns : 80;
    canvas.open =
        el_arena_array(&writer->scratch, document->n_entities, sizeof(struct el_entity *));
    if (canvas.open == NULL || len > INT32_MAX) {
        return el_fail_memory(err);
    }
    while (len > 0 && strchr(" \t\r\n", document->text[len - 1]) != NULL) {
        len--;
    }
    if (writer->count > 0 && !document->sentence_per_document) {
        el_buffer_char(&writer->out, '\n');
    }
    bool done = draw_text(&canvas, len, err);
    el_buffer_char(&writer->out, '\n');
    if (document->failure != NULL) {
        el_buffer_printf(&writer->out, "(failed: %s)\n", document->failure);
    }
    el_buffer_free(&canvas.word);
    return done;
}

const struct el_format_entry el_format_terminal = {
    .name = "terminal", .endings = "", .begin = begin, .write = write, .release = release};

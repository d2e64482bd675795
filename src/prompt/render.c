/* Rendering walks the list of nodes; a chain of frames on the C stack says which type,
 * demonstration or span each open section is at. */
#include "prompt/render.h"

#include "base/array.h"
#include "prompt/clean.h"
#include "prompt/template_private.h"

#include <string.h>

struct frame {
    const struct frame *outer; /* NULL for the root */
    enum scope scope;
    const void *item; /* el_prompt_type, _demonstration or _span */
    bool first, last;
};

struct value {
    const char *string;                           /* NULL = none */
    const struct el_prompt_demonstration *marked; /* its text, with marks */
    bool of_set;                                  /* the set's own words, inserted as they are */
    bool truth;
    const void *items; /* lists */
    size_t count, item_size;
};

struct renderer {
    const struct el_template *t;
    const struct el_prompt_set *set;
    const struct el_prompt_data *data;
    struct el_buffer *out;
    struct el_arena *arena;
    struct el_template_message *messages;
    size_t n_messages, room;
    bool homeless; /* there is text before the first message */
    bool memory;
};

static struct value list(const void *items, size_t count, size_t item_size) {
    return (struct value){.items = items, .count = count, .item_size = item_size};
}

static const char *description_of(const struct el_prompt_data *data, const char *type) {
    for (size_t i = 0; type != NULL && i < data->n_types; i++) {
        if (strcmp(data->types[i].name, type) == 0) {
            return data->types[i].description;
        }
    }
    return NULL;
}

static struct value root_value(const struct renderer *r, enum name name) {
    const struct el_prompt_data *d = r->data;
    const struct el_prompt_span *one = d->n_spans > 0 ? d->spans : NULL;
    switch (name) {
    case NAME_TYPES:
        return list(d->types, d->n_types, sizeof *d->types);
    case NAME_DEMONSTRATIONS:
        return list(d->demonstrations, d->n_demonstrations, sizeof *d->demonstrations);
    case NAME_SPANS:
        return list(d->spans, d->n_spans, sizeof *d->spans);
    case NAME_CANDIDATES:
        return list(d->candidates, d->n_candidates, sizeof *d->candidates);
    case NAME_TEXT:
        return (struct value){.string = d->text};
    case NAME_SPAN:
        return (struct value){.string = one != NULL ? one->text : NULL};
    case NAME_TYPE:
        return (struct value){.string = one != NULL ? one->type : NULL};
    case NAME_TYPE_DESCRIPTION:
        return (struct value){.string = one != NULL ? description_of(d, one->type) : NULL};
    case NAME_SEPARATOR:
        return (struct value){.string = r->set->separator, .of_set = true};
    case NAME_YES:
        return (struct value){.string = r->set->yes, .of_set = true};
    case NAME_NO:
        return (struct value){.string = r->set->no, .of_set = true};
    default:
        return (struct value){0};
    }
}

static struct value item_value(const struct frame *frame, enum name name) {
    const struct el_prompt_type *type = frame->item;
    const struct el_prompt_demonstration *demonstration = frame->item;
    const struct el_prompt_span *span = frame->item;
    if (name == NAME_FIRST || name == NAME_LAST) {
        return (struct value){.truth = name == NAME_FIRST ? frame->first : frame->last};
    }
    switch (frame->scope) {
    case SCOPE_TYPE:
        return (struct value){.string = name == NAME_NAME ? type->name : type->description};
    case SCOPE_DEMONSTRATION:
        if (name == NAME_MARKED) {
            return (struct value){.string = demonstration->text, .marked = demonstration};
        }
        return name == NAME_SPANS ? list(demonstration->spans, demonstration->n_spans, sizeof *span)
                                  : (struct value){.string = demonstration->text};
    case SCOPE_SPAN:
        return (struct value){.string = name == NAME_TEXT ? span->text : span->type};
    default:
        return (struct value){0};
    }
}

static struct value look_up(const struct renderer *r, const struct frame *frame, enum name name) {
    while (frame != NULL && (el_template_words[name].scopes & IN(frame->scope)) == 0) {
        frame = frame->outer;
    }
    return frame == NULL ? root_value(r, name) : item_value(frame, name);
}

static void begin_message(struct renderer *r, const char *role) {
    if (!EL_ARENA_GROW(r->arena, r->messages, r->room, r->n_messages + 1)) {
        r->memory = true;
        return;
    }
    if (r->n_messages > 0) {
        r->messages[r->n_messages - 1].end = r->out->len;
    }
    r->messages[r->n_messages++] = (struct el_template_message){.role = role, .start = r->out->len};
}

/* Bytes [from, to) of a text, as a prompt may hold them; a space goes before the first of all. */
static void put_part(struct renderer *r, const char *text, size_t from, size_t to, bool *begun) {
    if (from == to) {
        return;
    }
    const char *part = el_arena_copy(r->arena, text + from, to - from);
    r->memory |= part == NULL;
    el_buffer_string(r->out, *begun ? "" : " ");
    el_prompt_clean(r->set, part != NULL ? part : "", false, r->out);
    *begun = true;
}

/* A space and the text, with marks around its spans. The space before a span is inside of its
 * marks, so that a sub-word vocabulary cuts its words as it does without marks. Spans that cross an
 * open one cannot be shown and are left out, as are those nested deeper than DEEPEST. */
static void put_marked(struct renderer *r, const struct el_prompt_demonstration *demonstration) {
    enum { DEEPEST = 8 };
    const char *text = demonstration->text;
    size_t ends[DEEPEST], depth = 0, at = 0, len = strlen(text);
    bool begun = false;
    for (size_t i = 0; i <= demonstration->n_marks; i++) {
        bool last = i == demonstration->n_marks;
        struct el_span span = last ? (struct el_span){len, len} : demonstration->marks[i];
        while (depth > 0 && ends[depth - 1] <= span.start) {
            put_part(r, text, at, ends[--depth], &begun);
            at = ends[depth];
            el_buffer_string(r->out, r->set->close != NULL ? r->set->close : "");
        }
        if (last || depth == DEEPEST || (depth > 0 && span.end > ends[depth - 1])) {
            continue;
        }
        size_t before = span.start - (span.start > at && text[span.start - 1] == ' ');
        put_part(r, text, at, before, &begun);
        at = before;
        el_buffer_string(r->out, r->set->open != NULL ? r->set->open : "");
        ends[depth++] = span.end;
    }
    put_part(r, text, at, len, &begun);
}

static void render(struct renderer *r, size_t from, size_t to, const struct frame *frame);

static void render_list(struct renderer *r, size_t from, const struct node *section,
                        const struct value *value, const struct frame *outer) {
    for (size_t i = 0; i < value->count && !r->out->failed && !r->memory; i++) {
        struct frame frame = {.outer = outer,
                              .scope = el_template_item_scope(section->name),
                              .item = (const char *)value->items + i * value->item_size,
                              .first = i == 0,
                              .last = i + 1 == value->count};
        render(r, from, section->end, &frame);
    }
}

static void render(struct renderer *r, size_t from, size_t to, const struct frame *frame) {
    for (size_t i = from; i < to; i++) {
        const struct node *node = &r->t->nodes[i];
        if (node->kind == NODE_MESSAGE) {
            begin_message(r, node->role);
            continue;
        }
        if (node->kind == NODE_TEXT || node->kind == NODE_VALUE) {
            r->homeless |= r->t->chat && r->n_messages == 0;
        }
        if (node->kind == NODE_TEXT) {
            el_buffer_append(r->out, r->t->source + node->start, node->len);
            continue;
        }
        struct value value = look_up(r, frame, node->name);
        bool something =
            value.truth || value.count > 0 || (value.string != NULL && value.string[0] != '\0');
        switch (node->kind) {
        case NODE_VALUE:
            if (value.marked != NULL && !node->json) {
                put_marked(r, value.marked);
            } else if (value.of_set && !node->json) {
                el_buffer_string(r->out, value.string != NULL ? value.string : "");
            } else {
                el_prompt_clean(r->set, value.string != NULL ? value.string : "", node->json,
                                r->out);
            }
            break;
        case NODE_SECTION:
            if (el_template_words[node->name].list) {
                render_list(r, i + 1, node, &value, frame);
            } else if (something) {
                render(r, i + 1, node->end, frame);
            }
            i = node->end;
            break;
        case NODE_INVERTED:
            if (!something) {
                render(r, i + 1, node->end, frame);
            }
            i = node->end;
            break;
        default:
            break;
        }
    }
}

bool el_template_render(const struct el_template *const *parts, size_t n_parts,
                        const struct el_prompt_set *set, const struct el_prompt_data *data,
                        struct el_arena *arena, struct el_buffer *out,
                        struct el_template_message **messages, size_t *n_messages,
                        struct el_error *err) {
    struct renderer r = {.set = set, .data = data, .out = out, .arena = arena};
    for (size_t i = 0; i < n_parts; i++) {
        r.t = parts[i];
        render(&r, 0, parts[i]->count, NULL);
    }
    if (out->failed || r.memory) {
        return el_fail_memory(err);
    }
    if (r.homeless) {
        return el_fail(err, EL_ERR_CONFIG,
                       "a template of the prompt set \"%s\" writes text before its first message; "
                       "begin it with a line @system or @user outside of any section",
                       set->name);
    }
    if (r.n_messages > 0) {
        r.messages[r.n_messages - 1].end = out->len;
    }
    *messages = r.messages;
    *n_messages = r.n_messages;
    return true;
}

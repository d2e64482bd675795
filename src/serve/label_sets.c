#include "serve/label_sets.h"

#include "base/array.h"
#include "base/ascii.h"

#include <expat.h>
#include <string.h>

enum { MOST_CONTROLS = 32, MOST_LABELS = 512 }; /* for the same reason */

struct text {
    const char *name, *field;
    const char *problem; /* why it cannot be labelled; NULL = it can */
};

struct control {
    const char *name, *to; /* `to`: names with commas between */
    struct el4ner_type *types;
    size_t n_types, room;
    int depth; /* of its tag */
};

struct reading {
    struct el_arena *arena;
    XML_Parser parser;
    struct text *texts;
    size_t n_texts, texts_room;
    struct control *controls;
    size_t n_controls, controls_room;
    struct control *open; /* the <Labels> that is being read; NULL = none */
    int depth;
    const char *other; /* the first tag that labels something else */
    bool no_memory;
    const char *refused; /* why reading was ended; NULL = it was not */
};

static void refuse(struct reading *r, const char *why) {
    r->refused = why;
    XML_StopParser(r->parser, XML_FALSE);
}

static void fail_memory(struct reading *r) {
    r->no_memory = true;
    XML_StopParser(r->parser, XML_FALSE);
}

/* NULL if it has none, or an empty one. */
static const char *attribute(const char *const *attributes, const char *name) {
    for (size_t i = 0; attributes[i] != NULL; i += 2) {
        if (strcmp(attributes[i], name) == 0) {
            return attributes[i + 1][0] != '\0' ? attributes[i + 1] : NULL;
        }
    }
    return NULL;
}

static const char *copy(struct reading *r, const char *text) {
    const char *kept = text != NULL ? el_arena_string(r->arena, text) : NULL;
    if (text != NULL && kept == NULL) {
        fail_memory(r);
    }
    return kept;
}

static void add_text(struct reading *r, const char *const *attributes) {
    const char *name = attribute(attributes, "name"), *value = attribute(attributes, "value");
    const char *kind = attribute(attributes, "valueType");
    const char *coding = attribute(attributes, "encoding");
    if (name == NULL || value == NULL) {
        return;
    }
    if (r->n_texts == LABEL_SETS_MOST) {
        refuse(r, "it has more than 16 <Text>");
        return;
    }
    if (!EL_ARENA_GROW(r->arena, r->texts, r->texts_room, r->n_texts + 1)) {
        fail_memory(r);
        return;
    }
    bool field = value[0] == '$' && value[1] != '\0' && strstr(value, "{{") == NULL;
    r->texts[r->n_texts++] = (struct text){
        .name = copy(r, name),
        .field = copy(r, value + field),
        .problem = !field ? "its value is not a field of the task, like \"$text\""
                   : kind != NULL && strcmp(kind, "url") == 0
                       ? "it has valueType=\"url\", and this service fetches no addresses"
                   : coding != NULL && strcmp(coding, "none") != 0
                       ? "it is encoded, and offsets would be of other characters"
                       : NULL};
}

static void add_control(struct reading *r, const char *const *attributes) {
    const char *name = attribute(attributes, "name"), *to = attribute(attributes, "toName");
    if (name == NULL || to == NULL || r->open != NULL) {
        return;
    }
    if (r->n_controls == MOST_CONTROLS) {
        refuse(r, "it has more than 32 <Labels>");
        return;
    }
    if (!EL_ARENA_GROW(r->arena, r->controls, r->controls_room, r->n_controls + 1)) {
        fail_memory(r);
        return;
    }
    r->open = &r->controls[r->n_controls++];
    *r->open = (struct control){.name = copy(r, name), .to = copy(r, to), .depth = r->depth};
}

/* Regions have the alias where there is one. */
static void add_label(struct reading *r, const char *const *attributes) {
    const char *value = attribute(attributes, "value"), *alias = attribute(attributes, "alias");
    struct control *control = r->open;
    if (control == NULL || (value == NULL && alias == NULL)) {
        return;
    }
    if (control->n_types == MOST_LABELS) {
        refuse(r, "it has more than 512 labels for a text");
        return;
    }
    if (!EL_ARENA_GROW(r->arena, control->types, control->room, control->n_types + 1)) {
        fail_memory(r);
        return;
    }
    struct el4ner_type *type = &control->types[control->n_types++];
    *type = (struct el4ner_type){.name = copy(r, alias != NULL ? alias : value),
                                 .wording = alias != NULL ? copy(r, value) : NULL,
                                 .description = copy(r, attribute(attributes, "hint"))};
}

static void begin_tag(void *context, const char *tag, const char **attributes) {
    struct reading *r = context;
    r->depth++;
    if (el_ascii_same(tag, "Text")) {
        add_text(r, attributes);
    } else if (el_ascii_same(tag, "Labels")) {
        add_control(r, attributes);
    } else if (el_ascii_same(tag, "Label")) {
        add_label(r, attributes);
    } else if (r->other == NULL && attribute(attributes, "toName") != NULL) {
        r->other = copy(r, tag);
    }
}

static void end_tag(void *context, const char *tag) {
    struct reading *r = context;
    (void)tag;
    if (r->open != NULL && r->open->depth == r->depth) {
        r->open = NULL;
    }
    r->depth--;
}

/* Entities of its own are what hostile files are made of, and no configuration has them. */
static void see_doctype(void *context, const char *name, const char *system, const char *public,
                        int has_subset) {
    (void)name, (void)system, (void)public, (void)has_subset;
    refuse(context, "it may have no document type");
}

static bool parse(struct reading *r, const char *xml, size_t len, struct el_error *err) {
    r->parser = len < INT32_MAX ? XML_ParserCreate("UTF-8") : NULL;
    if (r->parser == NULL) {
        return el_fail_memory(err);
    }
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, begin_tag, end_tag);
    XML_SetStartDoctypeDeclHandler(r->parser, see_doctype);
    bool ok = XML_Parse(r->parser, xml, (int)len, 1) == XML_STATUS_OK;
    if (!ok && !r->no_memory) {
        el_fail(err, EL_ERR_FORMAT, "the labelling configuration, line %lu, column %lu: %s",
                (unsigned long)XML_GetCurrentLineNumber(r->parser),
                (unsigned long)XML_GetCurrentColumnNumber(r->parser) + 1,
                r->refused != NULL ? r->refused : XML_ErrorString(XML_GetErrorCode(r->parser)));
    }
    XML_ParserFree(r->parser);
    return r->no_memory ? el_fail_memory(err) : ok;
}

/* Is `name` in the list? */
static bool is_named(const char *list, const char *name) {
    size_t len = strlen(name);
    for (const char *at = list;; at++) {
        at += strspn(at, " ");
        size_t n = strcspn(at, ",");
        size_t used = n;
        while (used > 0 && at[used - 1] == ' ') {
            used--;
        }
        if (used == len && memcmp(at, name, len) == 0) {
            return true;
        }
        at += n;
        if (*at == '\0') {
            return false;
        }
    }
}

static bool fill(struct label_set *set, const struct control *control, size_t *room,
                 struct el_arena *arena) {
    for (size_t i = 0; i < control->n_types; i++) {
        size_t before = *room;
        if (label_set_control(set, control->types[i].name) != NULL) {
            continue;
        }
        if (!EL_ARENA_GROW(arena, set->types, *room, set->n_types + 1) ||
            !EL_ARENA_GROW(arena, set->controls, before, set->n_types + 1)) {
            return false;
        }
        set->controls[set->n_types] = control->name;
        set->types[set->n_types++] = control->types[i];
    }
    return true;
}

static bool join(struct reading *r, struct label_sets *sets, const struct text **left_out,
                 struct el_error *err) {
    sets->items = el_arena_array(r->arena, r->n_texts, sizeof *sets->items);
    if (sets->items == NULL) {
        return el_fail_memory(err);
    }
    for (size_t t = 0; t < r->n_texts; t++) {
        const struct text *text = &r->texts[t];
        struct label_set set = {.text = text->name, .field = text->field};
        size_t room = 0;
        for (size_t c = 0; c < r->n_controls; c++) {
            if (is_named(r->controls[c].to, text->name) &&
                !fill(&set, &r->controls[c], &room, r->arena)) {
                return el_fail_memory(err);
            }
        }
        if (set.n_types > 0 && text->problem != NULL) {
            *left_out = text;
        } else if (set.n_types > 0) {
            sets->items[sets->n++] = set;
        }
    }
    return true;
}

bool label_sets_read(const char *xml, size_t len, struct el_arena *arena, struct label_sets *sets,
                     struct el_error *err) {
    struct reading r = {.arena = arena};
    const struct text *left_out = NULL;
    *sets = (struct label_sets){0};
    if (!parse(&r, xml, len, err) || !join(&r, sets, &left_out, err)) {
        return false;
    }
    if (sets->n > 0) {
        return true;
    }
    if (left_out != NULL) {
        return el_fail(err, EL_ERR_FORMAT,
                       "the labelling configuration: <Text name=\"%.100s\"> cannot be labelled "
                       "here: %s",
                       left_out->name, left_out->problem);
    }
    return el_fail(
        err, EL_ERR_FORMAT,
        "the labelling configuration has no <Labels> with a <Label> whose toName is that "
        "of a <Text>%s%.100s%s",
        r.other != NULL ? "; it has <" : "", r.other != NULL ? r.other : "",
        r.other != NULL ? ">, which is not for entities in plain text" : "");
}

json_t *label_set_value(const struct label_set *set, json_t *data) {
    json_t *whole = json_object_get(data, set->field);
    for (const char *at = set->field; whole == NULL; at++) {
        size_t n = strcspn(at, ".");
        data = json_object_getn(data, at, n);
        at += n;
        if (*at == '\0' || data == NULL) {
            return data;
        }
    }
    return whole;
}

const char *label_set_control(const struct label_set *set, const char *label) {
    for (size_t i = 0; i < set->n_types; i++) {
        if (strcmp(set->types[i].name, label) == 0) {
            return set->controls[i];
        }
    }
    return NULL;
}

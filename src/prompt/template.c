/* A template is parsed into a flat list of nodes; a section node knows the number of its closing
 * node. Rendering walks the list; a chain of frames on the C stack says which type, demonstration
 * or span each open section stands at. Depth is bounded by MAX_DEPTH when parsing. */
#include "prompt/template.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 8, MAX_NODES = 4096 };

/* ---- names: what may be said where ------------------------------------------------------- */

enum scope { SCOPE_ROOT, SCOPE_TYPE, SCOPE_DEMONSTRATION, SCOPE_SPAN, SCOPES };

enum name {
    NAME_TYPES,
    NAME_DEMONSTRATIONS,
    NAME_SPANS,
    NAME_TEXT,
    NAME_MARKED,
    NAME_SPAN,
    NAME_TYPE,
    NAME_TYPE_DESCRIPTION,
    NAME_SEPARATOR,
    NAME_YES,
    NAME_NO,
    NAME_NAME,
    NAME_DESCRIPTION,
    NAME_FIRST,
    NAME_LAST,
    NAMES
};

#define IN(scope) (1u << (scope))
#define ITEMS (IN(SCOPE_TYPE) | IN(SCOPE_DEMONSTRATION) | IN(SCOPE_SPAN))

static const struct {
    const char *word;
    unsigned scopes; /* where it is defined */
    bool list, truth;
} WORDS[NAMES] = {
    [NAME_TYPES] = {"types", IN(SCOPE_ROOT), true, false},
    [NAME_DEMONSTRATIONS] = {"demonstrations", IN(SCOPE_ROOT), true, false},
    [NAME_SPANS] = {"spans", IN(SCOPE_ROOT) | IN(SCOPE_DEMONSTRATION), true, false},
    [NAME_TEXT] = {"text", IN(SCOPE_ROOT) | IN(SCOPE_DEMONSTRATION) | IN(SCOPE_SPAN), false, false},
    [NAME_MARKED] = {"marked", IN(SCOPE_DEMONSTRATION), false, false},
    [NAME_SPAN] = {"span", IN(SCOPE_ROOT), false, false},
    [NAME_TYPE] = {"type", IN(SCOPE_ROOT) | IN(SCOPE_SPAN), false, false},
    [NAME_TYPE_DESCRIPTION] = {"type_description", IN(SCOPE_ROOT), false, false},
    [NAME_SEPARATOR] = {"separator", IN(SCOPE_ROOT), false, false},
    [NAME_YES] = {"yes", IN(SCOPE_ROOT), false, false},
    [NAME_NO] = {"no", IN(SCOPE_ROOT), false, false},
    [NAME_NAME] = {"name", IN(SCOPE_TYPE), false, false},
    [NAME_DESCRIPTION] = {"description", IN(SCOPE_TYPE), false, false},
    [NAME_FIRST] = {"first", ITEMS, false, true},
    [NAME_LAST] = {"last", ITEMS, false, true},
};

static enum scope scope_of_items(enum name name) {
    return name == NAME_TYPES ? SCOPE_TYPE : name == NAME_SPANS ? SCOPE_SPAN : SCOPE_DEMONSTRATION;
}

static const char *const ROLES[] = {"system", "user", "assistant"};

/* ---- parsing ------------------------------------------------------------------------------ */

enum kind { NODE_TEXT, NODE_VALUE, NODE_SECTION, NODE_INVERTED, NODE_END, NODE_MESSAGE };

struct node {
    enum kind kind;
    enum name name;    /* VALUE, SECTION, INVERTED, END */
    bool json;         /* VALUE */
    size_t start, len; /* TEXT: bytes of the source */
    size_t end;        /* SECTION, INVERTED: number of the END node */
    const char *role;  /* MESSAGE */
};

struct el_template {
    char *source;
    bool chat;
    struct node *nodes;
    size_t count;
};

struct parser {
    struct el_template *out;
    const char *file;
    size_t len, at;
    bool in_message; /* chat: something has begun a message */
    size_t open[MAX_DEPTH];
    size_t depth;
    struct el_error *err;
};

static bool complain(const struct parser *p, size_t at, const char *problem, const char *word,
                     size_t word_len) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        line += p->out->source[i] == '\n';
        column = p->out->source[i] == '\n' ? 1 : column + 1;
    }
    const char *line_break = memchr(word, '\n', word_len);
    word_len = line_break != NULL ? (size_t)(line_break - word) : word_len;
    if (word_len > 60) { /* quote whole characters only */
        word_len = 60;
        while (word_len > 0 && ((unsigned char)word[word_len] & 0xC0) == 0x80) {
            word_len--;
        }
    }
    return el_fail(p->err, EL_ERR_CONFIG, "%s:%zu:%zu: \"%.*s\" %s", p->file, line, column,
                   (int)word_len, word, problem);
}

static struct node *add(struct parser *p, enum kind kind) {
    struct el_template *t = p->out;
    if (t->count % 32 == 0) {
        struct node *more = realloc(t->nodes, (t->count + 32) * sizeof *more);
        if (more == NULL) {
            return NULL;
        }
        t->nodes = more;
    }
    t->nodes[t->count] = (struct node){.kind = kind};
    return &t->nodes[t->count++];
}

static bool blank(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (strchr(" \t\r\n", text[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static bool add_text(struct parser *p, size_t start, size_t end) {
    if (end <= start) {
        return true;
    }
    if (p->out->chat && !p->in_message) {
        if (!blank(p->out->source + start, end - start)) {
            return complain(p, start,
                            "stands before the first message; begin with a line @system, "
                            "@user or @assistant",
                            p->out->source + start, end - start);
        }
        return true;
    }
    struct node *node = add(p, NODE_TEXT);
    if (node == NULL) {
        return el_fail_memory(p->err);
    }
    node->start = start;
    node->len = end - start;
    return true;
}

/* The end of the blanks and the line break after `at`, or `at` if something else follows. */
static size_t rest_of_line(const struct parser *p, size_t at) {
    const char *s = p->out->source;
    size_t i = at;
    while (i < p->len && (s[i] == ' ' || s[i] == '\t' || s[i] == '\r')) {
        i++;
    }
    return i == p->len ? i : s[i] == '\n' ? i + 1 : at;
}

/* The start of the line of `at` if only blanks stand before it there, else `at`. */
static size_t start_of_line(const struct parser *p, size_t at) {
    size_t i = at;
    while (i > 0 && (p->out->source[i - 1] == ' ' || p->out->source[i - 1] == '\t')) {
        i--;
    }
    return i == 0 || p->out->source[i - 1] == '\n' ? i : at;
}

/* Is the name known here, in the scope of an open section or outside of all? */
static bool in_scope(const struct parser *p, enum name name) {
    unsigned here = IN(SCOPE_ROOT);
    for (size_t i = 0; i < p->depth; i++) {
        const struct node *open = &p->out->nodes[p->open[i]];
        if (open->kind == NODE_SECTION && WORDS[open->name].list) {
            here |= IN(scope_of_items(open->name));
        }
    }
    return (WORDS[name].scopes & here) != 0;
}

static bool find_name(const struct parser *p, const char *word, size_t len, size_t at,
                      struct node *node) {
    static const char ending[] = "_json";
    const size_t e = sizeof ending - 1;
    for (int i = 0; i < NAMES; i++) {
        size_t n = strlen(WORDS[i].word);
        bool json = len == n + e && memcmp(word + n, ending, e) == 0;
        if ((len == n || json) && memcmp(word, WORDS[i].word, n) == 0 &&
            !(json && (WORDS[i].list || WORDS[i].truth))) {
            node->name = (enum name)i;
            node->json = json;
            return in_scope(p, node->name) ||
                   complain(p, at, "means nothing here: it belongs into a section of a list", word,
                            len);
        }
    }
    return complain(p, at, "is no name that a template knows; docs/prompts.md lists them", word,
                    len);
}

static bool close_section(struct parser *p, const char *word, size_t len, size_t at) {
    struct node *open = p->depth > 0 ? &p->out->nodes[p->open[p->depth - 1]] : NULL;
    if (open == NULL || strlen(WORDS[open->name].word) != len ||
        memcmp(WORDS[open->name].word, word, len) != 0) {
        return complain(p, at, "closes a section that is not the last one opened", word, len);
    }
    open->end = p->out->count;
    enum name name = open->name;
    p->depth--;
    struct node *node = add(p, NODE_END);
    if (node == NULL) {
        return el_fail_memory(p->err);
    }
    node->name = name;
    return true;
}

static bool parse_tag(struct parser *p, char sigil, const char *word, size_t len, size_t at) {
    if (p->out->count >= MAX_NODES) {
        return complain(p, at, "is one tag too many for a template", word, len);
    }
    if (sigil == '/') {
        return close_section(p, word, len, at);
    }
    struct node found = {0};
    if (!find_name(p, word, len, at, &found)) {
        return false;
    }
    bool section = sigil == '#' || sigil == '^';
    found.kind = sigil == '#' ? NODE_SECTION : sigil == '^' ? NODE_INVERTED : NODE_VALUE;
    if (!section && (WORDS[found.name].list || WORDS[found.name].truth)) {
        return complain(p, at, "has no text of its own; write {{#...}} or {{^...}}", word, len);
    }
    if (section && found.json) {
        return complain(p, at, "opens no section; leave out _json", word, len);
    }
    if (!section && p->out->chat && !p->in_message) {
        return complain(p, at, "stands before the first message", word, len);
    }
    if (section && p->depth == MAX_DEPTH) {
        return complain(p, at, "is nested too deeply", word, len);
    }
    struct node *node = add(p, found.kind);
    if (node == NULL) {
        return el_fail_memory(p->err);
    }
    *node = found;
    if (section) {
        p->open[p->depth++] = p->out->count - 1;
    }
    return true;
}

/* A tag at p->at: the text before it from `from`, then the tag. A section, closing tag or comment
 * that has a line to itself takes the whole line away, as in Mustache. */
static bool tag(struct parser *p, size_t from) {
    const char *s = p->out->source;
    size_t at = p->at, start = at + 2;
    const char *close = memmem(s + start, p->len - start, "}}", 2);
    if (close == NULL) {
        return complain(p, at, "is not closed by }}", s + at, p->len - at);
    }
    size_t end = (size_t)(close - s), next = end + 2, text_end = at;
    char sigil = start < end && strchr("#^/!", s[start]) != NULL ? s[start] : ' ';
    if (sigil != ' ') {
        start++;
        size_t line = start_of_line(p, at), after = rest_of_line(p, next);
        if ((line < at || at == 0 || s[at - 1] == '\n') && (after > next || next == p->len)) {
            text_end = line > from ? line : from;
            next = after;
        }
    }
    while (start < end && s[start] == ' ') {
        start++;
    }
    while (end > start && s[end - 1] == ' ') {
        end--;
    }
    p->at = next;
    return add_text(p, from, text_end) &&
           (sigil == '!' || parse_tag(p, sigil, s + start, end - start, at));
}

/* "@word" alone on a line at p->at: 1 = it began a message, 0 = it is text, -1 = error. */
static int message(struct parser *p, size_t from) {
    const char *s = p->out->source;
    size_t end = p->at + 1;
    while (end < p->len && s[end] >= 'a' && s[end] <= 'z') {
        end++;
    }
    size_t next = rest_of_line(p, end);
    if (end == p->at + 1 || (next == end && end < p->len)) {
        return 0;
    }
    for (size_t i = 0; i < sizeof ROLES / sizeof *ROLES; i++) {
        size_t len = strlen(ROLES[i]);
        if (end - p->at - 1 == len && memcmp(s + p->at + 1, ROLES[i], len) == 0) {
            if (!add_text(p, from, p->at)) {
                return -1;
            }
            struct node *node = add(p, NODE_MESSAGE);
            if (node == NULL) {
                el_fail_memory(p->err);
                return -1;
            }
            node->role = ROLES[i];
            p->in_message = true;
            p->at = next;
            return 1;
        }
    }
    complain(p, p->at, "is no message; there are @system, @user and @assistant", s + p->at,
             end - p->at);
    return -1;
}

static bool parse(struct parser *p) {
    const char *s = p->out->source;
    size_t from = 0;
    while (p->at < p->len) {
        bool line = p->at == 0 || s[p->at - 1] == '\n';
        if (p->out->chat && s[p->at] == '@' && line) {
            int found = message(p, from);
            if (found < 0) {
                return false;
            }
            if (found > 0) {
                from = p->at;
                continue;
            }
        }
        if (p->len - p->at >= 2 && s[p->at] == '{' && s[p->at + 1] == '{') {
            if (!tag(p, from)) {
                return false;
            }
            from = p->at;
            continue;
        }
        p->at++;
    }
    if (p->depth > 0) {
        const char *word = WORDS[p->out->nodes[p->open[p->depth - 1]].name].word;
        return complain(p, p->len, "is opened but never closed", word, strlen(word));
    }
    if (!add_text(p, from, p->len)) {
        return false;
    }
    return !p->out->chat || p->in_message || complain(p, 0, "holds no message", "", 0);
}

bool el_template_parse(const char *text, size_t len, bool chat, const char *file,
                       struct el_template **parsed, struct el_error *err) {
    struct el_template *t = calloc(1, sizeof *t);
    char *source = malloc(len + 1);
    if (t == NULL || source == NULL) {
        free(t);
        free(source);
        return el_fail_memory(err);
    }
    memcpy(source, text, len);
    source[len] = '\0';
    t->source = source;
    t->chat = chat;
    struct parser p = {.out = t, .file = file, .len = len, .err = err};
    if (!parse(&p)) {
        el_template_free(t);
        return false;
    }
    *parsed = t;
    return true;
}

void el_template_free(struct el_template *parsed) {
    if (parsed != NULL) {
        free(parsed->source);
        free(parsed->nodes);
        free(parsed);
    }
}

/* ---- rendering ---------------------------------------------------------------------------- */

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
    bool homeless; /* something would have stood before the first message */
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
    while (frame != NULL && (WORDS[name].scopes & IN(frame->scope)) == 0) {
        frame = frame->outer;
    }
    return frame == NULL ? root_value(r, name) : item_value(frame, name);
}

static void begin_message(struct renderer *r, const char *role) {
    if (r->n_messages == r->room) {
        size_t room = r->room == 0 ? 16 : r->room * 2;
        struct el_template_message *more = el_arena_array(r->arena, room, sizeof *more);
        if (more == NULL) {
            r->memory = true;
            return;
        }
        if (r->n_messages > 0) {
            memcpy(more, r->messages, r->n_messages * sizeof *more);
        }
        r->messages = more;
        r->room = room;
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
                              .scope = scope_of_items(section->name),
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
            if (WORDS[node->name].list) {
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

bool el_template_render(const struct el_template *parsed, const struct el_prompt_set *set,
                        const struct el_prompt_data *data, struct el_arena *arena,
                        struct el_buffer *out, struct el_template_message **messages,
                        size_t *n_messages, struct el_error *err) {
    struct renderer r = {.t = parsed, .set = set, .data = data, .out = out, .arena = arena};
    render(&r, 0, parsed->count, NULL);
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

/* ---- user text ---------------------------------------------------------------------------- */

/* The length of the marker that `text` begins with, 0 = none. */
static size_t marker_at(const struct el_prompt_set *set, const char *text) {
    size_t longest = 0;
    for (size_t i = 0; i < set->n_markers; i++) {
        if (set->markers[i][0] != text[0]) {
            continue; /* nearly always: this runs at every character of every prompt */
        }
        size_t len = strlen(set->markers[i]);
        if (len > longest && strncmp(text, set->markers[i], len) == 0) {
            longest = len;
        }
    }
    return longest;
}

/* The length of the first UTF-8 character of `text`. */
static size_t character(const char *text) {
    size_t len = 1;
    while (((unsigned char)text[len] & 0xC0) == 0x80) {
        len++;
    }
    return len;
}

void el_prompt_clean(const struct el_prompt_set *set, const char *text, bool json,
                     struct el_buffer *out) {
    if (json) {
        el_buffer_char(out, '"');
    }
    while (*text != '\0') {
        size_t len = character(text);
        unsigned char c = (unsigned char)text[0];
        bool line_break = c == '\n' && set->chat;
        bool control = c < 0x20 || c == 0x7F || /* U+0080..9F, U+2028, U+2029: */
                       (c == 0xC2 && (unsigned char)text[1] < 0xA0) ||
                       strncmp(text, "\xE2\x80\xA8", 3) == 0 ||
                       strncmp(text, "\xE2\x80\xA9", 3) == 0;
        if (control && !line_break) {
            el_buffer_char(out, ' ');
        } else if (json && line_break) {
            el_buffer_string(out, "\\n");
        } else {
            if (json && (c == '"' || c == '\\')) {
                el_buffer_char(out, '\\');
            }
            el_buffer_append(out, text, len);
            if (marker_at(set, text) > 0) {
                el_buffer_char(out, ' ');
            }
        }
        text += len;
    }
    if (json) {
        el_buffer_char(out, '"');
    }
}

/* Reading a template. Depth is bounded by MAX_DEPTH. */
#include "prompt/template_private.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 8, MAX_NODES = 4096 };

#define ITEMS (IN(SCOPE_TYPE) | IN(SCOPE_DEMONSTRATION) | IN(SCOPE_SPAN))

const struct el_template_word el_template_words[NAMES] = {
    [NAME_TYPES] = {"types", IN(SCOPE_ROOT), true, false},
    [NAME_DEMONSTRATIONS] = {"demonstrations", IN(SCOPE_ROOT), true, false},
    [NAME_SPANS] = {"spans", IN(SCOPE_ROOT) | IN(SCOPE_DEMONSTRATION), true, false},
    [NAME_CANDIDATES] = {"candidates", IN(SCOPE_ROOT), true, false},
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

enum scope el_template_item_scope(enum name name) {
    switch (name) {
    case NAME_TYPES:
        return SCOPE_TYPE;
    case NAME_SPANS:
    case NAME_CANDIDATES:
        return SCOPE_SPAN;
    default:
        return SCOPE_DEMONSTRATION;
    }
}

static const char *const ROLES[] = {"system", "user", "assistant"};

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
    if (!EL_GROW(t->nodes, t->room, t->count + 1)) {
        return NULL;
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
                            "comes before the first message; begin with a line @system, "
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

/* The start of the line of `at` if only blanks come before it there, else `at`. */
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
        if (open->kind == NODE_SECTION && el_template_words[open->name].list) {
            here |= IN(el_template_item_scope(open->name));
        }
    }
    return (el_template_words[name].scopes & here) != 0;
}

static bool find_name(const struct parser *p, const char *word, size_t len, size_t at,
                      struct node *node) {
    static const char ending[] = "_json";
    const size_t e = sizeof ending - 1;
    for (int i = 0; i < NAMES; i++) {
        size_t n = strlen(el_template_words[i].word);
        bool json = len == n + e && memcmp(word + n, ending, e) == 0;
        if ((len == n || json) && memcmp(word, el_template_words[i].word, n) == 0 &&
            !(json && (el_template_words[i].list || el_template_words[i].truth))) {
            node->name = (enum name)i;
            node->json = json;
            return in_scope(p, node->name) ||
                   complain(p, at, "means nothing here: it belongs inside a section of a list",
                            word, len);
        }
    }
    return complain(p, at, "is not a name of templates; docs/prompts.md lists them", word, len);
}

static bool close_section(struct parser *p, const char *word, size_t len, size_t at) {
    struct node *open = p->depth > 0 ? &p->out->nodes[p->open[p->depth - 1]] : NULL;
    if (open == NULL || strlen(el_template_words[open->name].word) != len ||
        memcmp(el_template_words[open->name].word, word, len) != 0) {
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
    if (!section && (el_template_words[found.name].list || el_template_words[found.name].truth)) {
        return complain(p, at, "has no text of its own; write {{#...}} or {{^...}}", word, len);
    }
    if (section && found.json) {
        return complain(p, at, "opens no section; leave out _json", word, len);
    }
    if (!section && p->out->chat && !p->in_message) {
        return complain(p, at, "comes before the first message", word, len);
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
    complain(p, p->at, "is not a role; there are @system, @user and @assistant", s + p->at,
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
        bool braces = p->len - p->at >= 2 && s[p->at] == '{' && s[p->at + 1] == '{';
        if (braces && s[p->at + 2] != '{') { /* the source ends with a NUL */
            if (!tag(p, from)) {
                return false;
            }
            from = p->at;
            continue;
        }
        p->at++;
    }
    if (p->depth > 0) {
        const char *word = el_template_words[p->out->nodes[p->open[p->depth - 1]].name].word;
        return complain(p, p->len, "is opened but never closed", word, strlen(word));
    }
    if (!add_text(p, from, p->len)) {
        return false;
    }
    return !p->out->chat || p->in_message || complain(p, 0, "holds no message", "", 0);
}

bool el_template_parse(const char *text, size_t len, bool chat, bool begun, const char *file,
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
    struct parser p = {.out = t, .file = file, .len = len, .in_message = begun, .err = err};
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

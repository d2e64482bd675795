/* Tagged text: <tag>span</tag>, @@span##, [CLS]span[SEP]type[SEP]. */
#include "reply/readers.h"

#include <string.h>

enum { DEEPEST_TAG = 16, LONGEST_TAG = 400, LARGEST_GROUP = 256 };

static const struct el_piece NOTHING = {0};

struct tag {
    struct el_piece name, attributes;
    const char *inside; /* after the opening tag */
    size_t number;      /* among all tags: shows whether there are tags inside */
};

static bool name_sign(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* The type that an opening tag tells: the value of an attribute, or the tag's own name. */
static struct el_piece type_of_tag(const struct tag *tag) {
    static const char *const attributes[] = {"type=", "label=", "class=", "category="};
    static const char *const plain[] = {"span", "entity", "ent", "e", "mark", "b", "em", "i", "li"};
    const char *end = tag->attributes.text + tag->attributes.len;
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        size_t n = strlen(attributes[i]);
        const char *found = memmem(tag->attributes.text, tag->attributes.len, attributes[i], n);
        if (found != NULL) {
            const char *from = found + n, *to;
            char quote = from < end && strchr("\"'", *from) != NULL ? *from++ : ' ';
            to = memchr(from, quote, (size_t)(end - from));
            return el_piece_between(from, to != NULL ? to : end);
        }
    }
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (el_piece_is(tag->name, plain[i])) {
            return NOTHING;
        }
    }
    return tag->name;
}

/* A copy without the tags inside. */
static struct el_piece without_tags(struct el_items *items, struct el_piece text) {
    char *copy = el_arena_copy(items->arena, text.text, text.len);
    size_t n = 0;
    bool inside = false;
    items->memory |= copy == NULL;
    for (size_t i = 0; copy != NULL && i < text.len; i++) {
        inside |= text.text[i] == '<';
        if (!inside) {
            copy[n++] = text.text[i];
        }
        inside = inside && text.text[i] != '>';
    }
    return (struct el_piece){copy, copy != NULL ? n : 0};
}

static void add_tagged(struct el_items *items, const struct tag *tag, const char *end,
                       bool nested) {
    struct el_piece text = el_piece_between(tag->inside, end);
    bool type_tag = el_piece_is(tag->name, "type") || el_piece_is(tag->name, "label");
    if (nested) {
        text = without_tags(items, text);
    }
    if (text.len > 0) {
        text = el_piece_trim(text);
    }
    if (text.len == 0 || type_tag || el_is_sentence(items->known, text)) {
        return;
    }
    if (el_is_span(items->known, text) || (!nested && el_piece_words(text) <= 12)) {
        el_items_add(items, text, type_of_tag(tag));
    }
}

/* The tag at `at` ('<'): its name and attributes; the end of it, or NULL if it is none. */
static const char *parse_tag(const char *at, const char *end, bool *closing, struct tag *tag) {
    const char *from = at + 1, *limit = end - at > LONGEST_TAG ? at + LONGEST_TAG : end;
    *closing = from < limit && *from == '/';
    from += *closing;
    const char *to = from;
    while (to < limit && name_sign(*to)) {
        to++;
    }
    const char *close = to;
    while (close < limit && strchr("<>\n", *close) == NULL) {
        close++;
    }
    if (to == from || close == limit || *close != '>') {
        return NULL;
    }
    tag->name = el_piece_between(from, to);
    tag->attributes = el_piece_between(to, close);
    return close + 1;
}

static bool read_markup(struct el_items *items, struct el_piece reply) {
    struct tag open[DEEPEST_TAG];
    const char *at = reply.text, *end = at + reply.len;
    size_t depth = 0, tags = 0;
    bool any = false;
    while (at < end && (at = memchr(at, '<', (size_t)(end - at))) != NULL) {
        struct tag tag = {0};
        bool closing;
        const char *next = parse_tag(at, end, &closing, &tag);
        if (next == NULL) {
            at++;
            continue;
        }
        tag.inside = next;
        tag.number = tags++;
        if (!closing && depth < DEEPEST_TAG) {
            open[depth++] = tag;
        }
        size_t level = closing ? depth : 0;
        while (level > 0 &&
               !(open[level - 1].name.len == tag.name.len &&
                 memcmp(open[level - 1].name.text, tag.name.text, tag.name.len) == 0)) {
            level--;
        }
        if (level > 0) {
            add_tagged(items, &open[level - 1], at, tag.number > open[level - 1].number + 1);
            depth = level - 1;
            any = true;
        }
        at = next;
    }
    return any;
}

static bool read_at_signs(struct el_items *items, struct el_piece reply) {
    const char *at = reply.text, *end = at + reply.len, *open, *close;
    bool any = false;
    while ((open = memmem(at, (size_t)(end - at), "@@", 2)) != NULL &&
           (close = memmem(open + 2, (size_t)(end - open - 2), "##", 2)) != NULL) {
        struct el_piece span = el_piece_trim(el_piece_between(open + 2, close));
        if (span.len > 0 && el_piece_words(span) <= 12) {
            el_items_add(items, span, NOTHING);
        }
        any = true;
        at = close + 2;
    }
    return any;
}

/* ---- [CLS] and [SEP] ---------------------------------------------------------------------- */

static const char *next_mark(const char *at, const char *end, bool *begins) {
    while (at < end && (at = memchr(at, '[', (size_t)(end - at))) != NULL) {
        if (end - at >= 5 && (memcmp(at, "[CLS]", 5) == 0 || memcmp(at, "[SEP]", 5) == 0)) {
            *begins = at[1] == 'C';
            return at;
        }
        at++;
    }
    return NULL;
}

/* What is between two [CLS]: one span, a span and its type, or spans. */
static void add_group(struct el_items *items, const struct el_piece *parts, size_t count) {
    bool pair = count == 2 && (items->known->classify || !el_is_span(items->known, parts[1]));
    if (pair) {
        el_items_add_pair(items, parts[0], parts[1]);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (el_says_none(parts[i])) {
            items->says_none = true;
        } else if (items->known->classify) {
            el_items_add(items, NOTHING, parts[i]);
        } else {
            el_items_add(items, parts[i], NOTHING);
        }
    }
}

static bool read_marks(struct el_items *items, struct el_piece reply) {
    struct el_piece parts[LARGEST_GROUP];
    const char *end = reply.text + reply.len;
    bool begins = false;
    const char *at = next_mark(reply.text, end, &begins);
    if (at == NULL) {
        return false;
    }
    size_t count = 0;
    struct el_piece part = el_piece_trim(el_piece_between(reply.text, at));
    if (!begins && part.len > 0) {
        parts[count++] = part;
    }
    items->says_none = true; /* unless something follows */
    while (at != NULL) {
        bool group = begins;
        const char *next = next_mark(at + 5, end, &begins);
        part = el_piece_trim(el_piece_between(at + 5, next != NULL ? next : end));
        if (group || count == LARGEST_GROUP) {
            add_group(items, parts, count);
            count = 0;
        }
        /* After the last mark comes an item that was not finished, or chatter. */
        bool open = next == NULL && (items->cut || (!group && !el_is_span(items->known, part)));
        if (part.len > 0 && (!open || (items->known->classify && !items->cut))) {
            parts[count++] = part;
        }
        at = next;
    }
    add_group(items, parts, count);
    return true;
}

bool el_read_tags(struct el_items *items, struct el_piece reply) {
    return read_marks(items, reply) || read_at_signs(items, reply) || read_markup(items, reply);
}

#include "corpus/misc.h"

#include "base/ascii.h"

#include <math.h>
#include <string.h>

/* A stretch of a cell. */
struct piece {
    const char *text;
    size_t len;
};

/* Keys whose values are about entities in whatever form. Others are read too if they hold tags. */
static bool is_known_key(struct piece key) {
    static const char *const known[] = {"NER",    "NE",         "NamedEntity", "Named_Entity",
                                        "Entity", "EntityType", "Ent"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strlen(known[i]) == key.len && el_ascii_begins(known[i], key.text, key.len)) {
            return true;
        }
    }
    return false;
}

static bool next_pair(const char *cell, size_t len, size_t *at, struct piece *key,
                      struct piece *value) {
    while (*at < len) {
        const char *start = cell + *at, *bar = memchr(start, '|', len - *at);
        size_t n = bar != NULL ? (size_t)(bar - start) : len - *at;
        const char *equals = memchr(start, '=', n);
        *at += n + 1;
        if (equals != NULL && equals > start) {
            *key = (struct piece){start, (size_t)(equals - start)};
            *value = (struct piece){equals + 1, n - key->len - 1};
            return true;
        }
    }
    return false;
}

static bool is_none(struct piece value) {
    return value.len == 0 || (value.len == 1 && strchr("O_-", value.text[0]) != NULL);
}

static bool is_bracket(struct piece value) {
    return value.len > 1 && (value.text[0] == '(' || value.text[value.len - 1] == ')');
}

/* ---- Tags ---- */

static bool is_key(const struct el_misc *misc, struct piece key) {
    return strlen(misc->key) == key.len && memcmp(misc->key, key.text, key.len) == 0;
}

/* The first key with a tag is it. */
static bool settle_key(struct el_misc *misc, struct piece key) {
    if (misc->key[0] == '\0' && key.len < sizeof misc->key) {
        memcpy(misc->key, key.text, key.len);
        misc->key[key.len] = '\0';
    }
    return is_key(misc, key);
}

struct el_iob_tag el_misc_tag(struct el_misc *misc, struct el_reader *reader, const char *cell,
                              size_t len, size_t line) {
    struct el_iob_tag tag = {"O", 1};
    struct piece key, value;
    for (size_t at = 0; next_pair(cell, len, &at, &key, &value);) {
        bool is_tag =
            value.len > 2 && el_iob_is_valid(value.text, value.len, reader->options.scheme);
        if (is_tag && settle_key(misc, key)) {
            tag = (struct el_iob_tag){value.text, value.len};
        } else if (is_tag) {
            el_reader_notice(reader, NULL, line,
                             "MISC has tags under %.*s too, which are not read; those under %s are",
                             (int)key.len, key.text, misc->key);
        } else if ((is_known_key(key) || is_key(misc, key)) && !is_none(value) &&
                   !is_bracket(value)) {
            el_reader_notice(reader, NULL, line,
                             "%.*s=%.*s in MISC is neither a tag such as B-person nor a bracket, "
                             "and was not read",
                             (int)key.len, key.text, (int)(value.len < 40 ? value.len : 40),
                             value.text);
        }
    }
    return tag;
}

/* ---- Brackets ---- */

void el_misc_tell(struct el_misc *misc, const char *fields) {
    misc->told = true;
    misc->type_field = SIZE_MAX;
    misc->n_field = 0;
    for (;; misc->n_field++) {
        size_t len = strcspn(fields, "- ");
        if ((len == 5 && strncmp(fields, "etype", len) == 0) ||
            (len == 6 && strncmp(fields, "entity", len) == 0) ||
            (len == 4 && strncmp(fields, "type", len) == 0)) {
            misc->type_field = misc->n_field;
        }
        if (fields[len] != '-') {
            misc->n_field++;
            return;
        }
        fields += len + 1;
    }
}

/* Mentions between the two brackets of one, so that odd files take no quadratic time. */
enum { LOOK_BACK = 4096 };

/* "(content" that was met at a token, and where it ended. */
struct mention {
    struct piece content;
    struct el_span span;
    bool open;
    size_t part, parts; /* of a mention in pieces: "[2/3]" in its number */
};

struct brackets {
    const struct el_misc *misc;
    struct el_reader *reader;
    struct el_document *document;
    size_t line;
    struct mention *mentions;
    size_t count, capacity; /* of mentions */
    size_t entity_capacity;
    struct el_error *err;
};

static struct piece field(struct piece content, size_t number) {
    for (; number > 0; number--) {
        const char *hyphen = memchr(content.text, '-', content.len);
        size_t used = hyphen != NULL ? (size_t)(hyphen - content.text) + 1 : content.len;
        content.text += used;
        content.len -= used;
    }
    const char *hyphen = memchr(content.text, '-', content.len);
    content.len = hyphen != NULL ? (size_t)(hyphen - content.text) : content.len;
    return content;
}

/* "12", "e12", "e12[1/2]": a mention's number, where a type could be. */
static bool is_number(struct piece piece) {
    size_t at = piece.len > 1 && el_ascii_letter(piece.text[0]);
    size_t from = at;
    while (at < piece.len && el_ascii_digit(piece.text[at])) {
        at++;
    }
    return at > from && (at == piece.len || piece.text[at] == '[');
}

static struct piece type_of(const struct el_misc *misc, struct piece content) {
    return misc->told ? field(content, misc->type_field < misc->n_field ? misc->type_field : 64)
                      : field(content, is_number(field(content, 0)) ? 1 : 0);
}

/* "e12[1/2]-person": which part of how many. */
static void read_parts(struct mention *mention) {
    const char *text = mention->content.text;
    size_t at = 0, numbers[2] = {0};
    while (at < mention->content.len && text[at] != '[') {
        at++;
    }
    for (size_t i = 0; i < 2 && at < mention->content.len; i++) {
        for (at++; at < mention->content.len && el_ascii_digit(text[at]); at++) {
            numbers[i] = numbers[i] < 1000 ? numbers[i] * 10 + (size_t)(text[at] - '0') : 1000;
        }
    }
    bool good = numbers[0] > 0 && numbers[0] <= numbers[1];
    mention->part = good ? numbers[0] : 1;
    mention->parts = good ? numbers[1] : 1;
}

static void complain(struct brackets *b, struct piece what) {
    el_reader_notice(b->reader, NULL, b->line,
                     "the bracket \"%.*s\" in MISC was not read: it has no counterpart in its "
                     "sentence, or no type",
                     (int)(what.len < 60 ? what.len : 60), what.text);
}

static void open_mention(struct brackets *b, struct piece content, size_t token, bool closed) {
    struct mention *mention = &b->mentions[b->count++];
    *mention =
        (struct mention){.content = content, .span = b->document->tokens[token], .open = !closed};
    read_parts(mention);
}

/* Does ")" behind `closing` close it? The number alone, or all that the opening had. */
static bool is_closed_by(const struct mention *mention, struct piece closing) {
    struct piece content = mention->content;
    return mention->open && content.len >= closing.len &&
           memcmp(content.text, closing.text, closing.len) == 0 &&
           (content.len == closing.len || content.text[closing.len] == '-');
}

static void close_mention(struct brackets *b, struct piece closing, size_t token) {
    for (size_t i = b->count; i > 0 && b->count - i < LOOK_BACK; i--) {
        if (is_closed_by(&b->mentions[i - 1], closing)) {
            b->mentions[i - 1].open = false;
            b->mentions[i - 1].span.end = b->document->tokens[token].end;
            return;
        }
    }
    complain(b, closing);
}

static void read_value(struct brackets *b, struct piece value, size_t token) {
    for (size_t at = 0; at < value.len;) {
        bool opens = value.text[at] == '(';
        size_t from = at + opens, end = from;
        while (end < value.len && value.text[end] != '(' && value.text[end] != ')') {
            end++;
        }
        bool closes = end < value.len && value.text[end] == ')';
        struct piece content = {value.text + from, end - from};
        if (opens) {
            open_mention(b, content, token, closes);
        } else if (closes) {
            close_mention(b, content, token);
        } else {
            complain(b, content);
        }
        at = end + closes;
    }
}

/* The other parts of the mention whose first part is `first`; 0 unless all are there. */
static size_t gather_parts(const struct brackets *b, size_t first, struct el_span *spans) {
    const struct mention *mention = &b->mentions[first];
    const char *bracket = memchr(mention->content.text, '[', mention->content.len);
    size_t found = 0, len = bracket != NULL ? (size_t)(bracket - mention->content.text) : 0;
    for (size_t i = first; i < b->count && i - first < LOOK_BACK && found < mention->parts; i++) {
        const struct mention *other = &b->mentions[i];
        if (!other->open && other->parts == mention->parts && other->part == found + 1 &&
            other->content.len > len &&
            memcmp(other->content.text, mention->content.text, len + 1) == 0) {
            spans[found++] = other->span;
        }
    }
    return found == mention->parts ? found : 0;
}

static bool add_mention(struct brackets *b, struct el_arena *scratch, size_t number) {
    const struct mention *mention = &b->mentions[number];
    struct piece type = type_of(b->misc, mention->content);
    if (mention->part > 1 && !mention->open) {
        return true; /* comes with the first part */
    }
    struct el_span *spans = el_arena_array(scratch, mention->parts, sizeof *spans);
    if (spans == NULL) {
        return el_fail_memory(b->err);
    }
    size_t count = mention->open || type.len == 0 ? 0 : gather_parts(b, number, spans);
    if (count == 0) {
        complain(b, mention->content);
        return true;
    }
    struct el_entity entity = {.score = NAN};
    entity.type = el_arena_copy(&b->document->arena, type.text, type.len);
    return entity.type != NULL ? el_reader_add_pieces(b->reader, NULL, b->line, b->document, entity,
                                                      spans, count, &b->entity_capacity, b->err)
                               : el_fail_memory(b->err);
}

bool el_misc_add_brackets(const struct el_misc *misc, struct el_reader *reader, size_t line,
                          struct el_document *document, const struct el_iob_tag *cells,
                          struct el_error *err) {
    struct brackets b = {.misc = misc,
                         .reader = reader,
                         .document = document,
                         .line = line,
                         .entity_capacity = document->n_entities,
                         .err = err};
    struct el_arena scratch = {0};
    for (size_t i = 0; i < document->n_tokens; i++) {
        for (size_t k = 0; k < cells[i].len; k++) {
            b.capacity += cells[i].text[k] == '(';
        }
    }
    b.mentions = el_arena_array(&scratch, b.capacity, sizeof *b.mentions);
    bool done = b.mentions != NULL || el_fail_memory(err);
    for (size_t i = 0; done && i < document->n_tokens; i++) {
        struct piece key, value;
        for (size_t at = 0; next_pair(cells[i].text, cells[i].len, &at, &key, &value);) {
            if (is_known_key(key) && is_bracket(value)) {
                read_value(&b, value, i);
            }
        }
    }
    for (size_t i = 0; done && i < b.count; i++) {
        done = add_mention(&b, &scratch, i);
    }
    el_arena_free(&scratch);
    return done;
}

/* JSON form, nested. Rule sI is unit I followed by nothing or by the rest from I + 1, so that all
 * substrings of a sentence w0 w1 ... wn take n + 1 rules instead of n * n / 2 alternatives. Rule fI
 * is a list of spans that begin at unit I or later, gI one after a span that begins at I: a second
 * one may begin there too.
 *
 *     root ::= "[" f0? "]"
 *     f0 ::= "\"" s0 "\"" ( ", " g0 )? | f1
 *     g0 ::= "\"" s0 "\"" ( ", " f1 )? | f1
 *     f1 ::= "\"" s1 "\"" ( ", " g1 )?
 *     g1 ::= "\"" s1 "\""
 *     s0 ::= "New" ( " " s1 )?
 *     s1 ::= "York"
 *
 * White space between units is written as in the sentence. A list of one span at least lacks the
 * "?" of its root.
 *
 * JSON form, flat. Rule fI is a list of spans that begin at unit I or later; rule sI is unit I
 * within a span, and what may follow: the span's next unit, or its end and the spans after it.
 *
 *     root ::= "[" f0? "]"
 *     f0 ::= "\"" s0 | f1
 *     f1 ::= "\"" s1
 *     s0 ::= "New" ( " " s1 | "\"" ( ", " f1 )? )
 *     s1 ::= "York" "\""
 *
 * Marked form. The sentence itself, with marks around runs of units: rule bDuI is before unit I
 * inside of D marks, aDuI after it. White space before a unit belongs to it.
 *
 *     root ::= b0u0
 *     b0u0 ::= "<|mark|>" b1u0 | " New" a0u0
 *     a0u0 ::= b0u1
 *     b1u0 ::= "<|mark|>" b2u0 | " New" a1u0
 *     a1u0 ::= "<|/mark|>" a0u0 | b1u1 ... */
#include "serving/grammar.h"

#include "base/characters.h"
#include "base/json.h"
#include "base/text.h"

#include <string.h>
#include <unicode/uchar.h>

enum { MAX_UNITS = 512, MAX_NESTING = 3 };

/* A GBNF literal. With `json` the text is first quoted for the inside of a JSON string. */
static void literal(struct el_buffer *gbnf, const char *text, size_t len, bool json) {
    struct el_buffer quoted = {0};
    if (json) {
        el_json_string(&quoted, text, len);
        gbnf->failed = gbnf->failed || quoted.failed;
        text = quoted.failed ? "" : quoted.data + 1;
        len = quoted.failed ? 0 : quoted.len - 2;
    }
    el_buffer_char(gbnf, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            el_buffer_char(gbnf, '\\');
            el_buffer_char(gbnf, (char)c);
        } else if (c < ' ' || c == 0x7f) {
            el_buffer_printf(gbnf, "\\x%02X", c);
        } else {
            el_buffer_char(gbnf, (char)c);
        }
    }
    el_buffer_char(gbnf, '"');
    el_buffer_free(&quoted);
}

/* ---- the units of a sentence ---- */

/* Does it continue a word? Where words are not separated by spaces, a name may begin or end at any
 * character. */
static bool word_character(UChar32 c) {
    bool mark = u_charType(c) == U_NON_SPACING_MARK || u_charType(c) == U_COMBINING_SPACING_MARK;
    return (u_isalnum(c) || mark) && el_spacing_of((uint32_t)c) == EL_SPACED;
}

/* The unit that begins at `*at` (not white space); `*at` moves past it. */
static void next_unit(const char *text, size_t len, size_t *at) {
    bool word = word_character((UChar32)el_utf8_next(text, len, at));
    while (word && *at < len) {
        size_t next = *at;
        if (!word_character((UChar32)el_utf8_next(text, len, &next))) {
            break;
        }
        *at = next;
    }
}

static void skip_space(const char *text, size_t len, size_t *at) {
    while (*at < len) {
        size_t next = *at;
        if (!u_isUWhiteSpace((UChar32)el_utf8_next(text, len, &next))) {
            break;
        }
        *at = next;
    }
}

/* A unit and the white space around it: bytes of the sentence. */
struct unit {
    size_t before, start, end, next;
};

/* The units of a sentence; 0 if there are none or too many. */
static size_t find_units(const char *text, struct unit units[MAX_UNITS]) {
    size_t len = strlen(text), at = 0, n = 0;
    if (len >= 1 << 16 || el_utf8_valid_prefix(text, len) != len) {
        return 0;
    }
    skip_space(text, len, &at);
    for (size_t before = 0; at < len; before = units[n - 1].end) {
        if (n == MAX_UNITS) {
            return 0;
        }
        struct unit *unit = &units[n++];
        *unit = (struct unit){.before = before, .start = at};
        next_unit(text, len, &at);
        unit->end = at;
        skip_space(text, len, &at);
        unit->next = at;
    }
    return n;
}

/* The rules s0 .. sN. */
static void write_runs(const char *text, const struct unit *units, size_t n,
                       struct el_buffer *gbnf) {
    for (size_t i = 0; i < n; i++) {
        const struct unit *unit = &units[i];
        el_buffer_printf(gbnf, "s%zu ::= ", i);
        literal(gbnf, text + unit->start, unit->end - unit->start, true);
        if (i + 1 < n) {
            el_buffer_string(gbnf, " (");
            if (unit->next > unit->end) {
                el_buffer_char(gbnf, ' ');
                literal(gbnf, text + unit->end, unit->next - unit->end, true);
            }
            el_buffer_printf(gbnf, " s%zu )?", i + 1);
        }
        el_buffer_char(gbnf, '\n');
    }
}

/* The rules bDuI and aDuI. */
static void write_marked(const struct el_constraint *c, const struct unit *units, size_t n,
                         struct el_buffer *gbnf) {
    el_buffer_string(gbnf, "root ::= b0u0\n");
    for (size_t i = 0; i < n; i++) {
        const struct unit *unit = &units[i];
        for (int depth = 0; depth <= MAX_NESTING; depth++) {
            el_buffer_printf(gbnf, "b%du%zu ::= ", depth, i);
            if (depth < MAX_NESTING) {
                literal(gbnf, c->open, strlen(c->open), false);
                el_buffer_printf(gbnf, " b%du%zu | ", depth + 1, i);
            }
            if (i == 0) {
                el_buffer_string(gbnf, "\" \" "); /* as the prompt's text begins */
                literal(gbnf, c->text + unit->start, unit->end - unit->start, false);
            } else {
                literal(gbnf, c->text + unit->before, unit->end - unit->before, false);
            }
            el_buffer_printf(gbnf, " a%du%zu\na%du%zu ::= ", depth, i, depth, i);
            if (depth > 0) {
                literal(gbnf, c->close, strlen(c->close), false);
                el_buffer_printf(gbnf, " a%du%zu%s", depth - 1, i, i + 1 < n ? " | " : "");
            }
            if (i + 1 < n) {
                el_buffer_printf(gbnf, "b%du%zu", depth, i + 1);
            } else if (depth == 0) {
                el_buffer_string(gbnf, "\"\"");
            }
            el_buffer_char(gbnf, '\n');
        }
    }
}

/* ---- lists ---- */

static void write_choices(const struct el_constraint *c, bool json, struct el_buffer *gbnf) {
    for (size_t i = 0; i < c->n_choices; i++) {
        el_buffer_string(gbnf, i > 0 ? " | " : "");
        literal(gbnf, c->choices[i], strlen(c->choices[i]), json);
    }
    el_buffer_char(gbnf, '\n');
}

/* Each of the spans, in their order, with a type: the span is written for the model, which only
 * has to choose. */
static void write_typed_spans(const struct el_constraint *c, struct el_buffer *gbnf) {
    bool json = c->open == NULL;
    el_buffer_string(gbnf, json ? "root ::= \"{\"" : "root ::=");
    for (size_t i = 0; i < c->n_items; i++) {
        struct el_buffer key = {0};
        if (json) {
            el_buffer_string(&key, i > 0 ? ", " : "");
            el_json_string(&key, c->spans[i], strlen(c->spans[i]));
            el_buffer_string(&key, ": \"");
        } else {
            el_buffer_printf(&key, "%s %s%s ", i > 0 ? c->separator : "", c->spans[i], c->is);
        }
        el_buffer_char(gbnf, ' ');
        literal(gbnf, key.failed ? "" : key.data, key.failed ? 0 : key.len, false);
        el_buffer_string(gbnf, json ? " one \"\\\"\"" : " one");
        gbnf->failed = gbnf->failed || key.failed;
        el_buffer_free(&key);
    }
    el_buffer_string(gbnf, json ? " \"}\"\n" : "\n");
}

static bool write_types(const struct el_constraint *c, struct el_buffer *gbnf) {
    if (c->n_choices == 0 || c->n_items == 0 || c->n_items > 256) {
        return false;
    }
    el_buffer_string(gbnf, "one ::= ");
    write_choices(c, c->open == NULL, gbnf);
    if (c->begun != NULL) {
        el_buffer_string(gbnf, "root ::= one\n");
    } else {
        write_typed_spans(c, gbnf);
    }
    return true;
}

/* Between items. A model that was shown no list may begin each item on a line of its own; if it
 * cannot, the end of the list is likelier to it than an item. */
static const char *comma_of(const struct el_constraint *c) {
    return c->loose ? "comma" : "\", \"";
}

/* The root, whose spans are those of the rule f0. */
static void write_list(const struct el_constraint *c, struct el_buffer *gbnf) {
    const char *spans = c->some ? "f0" : "f0?";
    if (c->loose) {
        el_buffer_printf(gbnf,
                         "root ::= \"[\" space %s space \"]\"\n"
                         "space ::= ( \"\\x0A\" \" \"{0,4} )?\n"
                         "comma ::= \",\" ( \" \" | \"\\x0A\" \" \"{0,4} )\n",
                         spans);
    } else {
        el_buffer_printf(gbnf, "root ::= \"[\" %s \"]\"\n", spans);
    }
}

/* The flat list: the rules f0 .. fN and s0 .. sN. */
static void write_flat(const struct el_constraint *c, const struct unit *units, size_t n,
                       struct el_buffer *gbnf) {
    const char *text = c->text;
    for (size_t i = 0; i < n; i++) {
        const struct unit *unit = &units[i];
        el_buffer_printf(gbnf, "f%zu ::= \"\\\"\" s%zu", i, i);
        if (i + 1 < n) {
            el_buffer_printf(gbnf, " | f%zu", i + 1);
        }
        el_buffer_printf(gbnf, "\ns%zu ::= ", i);
        literal(gbnf, text + unit->start, unit->end - unit->start, true);
        if (i + 1 < n) {
            el_buffer_string(gbnf, " ( ");
            if (unit->next > unit->end) {
                literal(gbnf, text + unit->end, unit->next - unit->end, true);
                el_buffer_char(gbnf, ' ');
            }
            el_buffer_printf(gbnf, "s%zu | \"\\\"\" ( %s f%zu )? )\n", i + 1, comma_of(c), i + 1);
        } else {
            el_buffer_string(gbnf, " \"\\\"\"\n");
        }
    }
}

/* The nested list: the rules f0 .. fN and g0 .. gN; write_runs has those of the spans. */
static void write_nested(const struct el_constraint *c, size_t n, struct el_buffer *gbnf) {
    for (size_t i = 0; i < n; i++) {
        bool last = i + 1 == n;
        el_buffer_printf(gbnf, "f%zu ::= \"\\\"\" s%zu \"\\\"\" ( %s g%zu )?", i, i, comma_of(c),
                         i);
        if (!last) {
            el_buffer_printf(gbnf, " | f%zu", i + 1);
        }
        el_buffer_printf(gbnf, "\ng%zu ::= \"\\\"\" s%zu \"\\\"\"", i, i);
        if (!last) {
            el_buffer_printf(gbnf, " ( %s f%zu )? | f%zu", comma_of(c), i + 1, i + 1);
        }
        el_buffer_char(gbnf, '\n');
    }
}

static bool write_spans(const struct el_constraint *c, struct el_buffer *gbnf) {
    struct unit units[MAX_UNITS];
    size_t n = c->text != NULL ? find_units(c->text, units) : 0;
    if (n > 0 && c->open != NULL) {
        write_marked(c, units, n, gbnf);
    } else if (n > 0) {
        write_list(c, gbnf);
        if (c->nested) {
            write_nested(c, n, gbnf);
            write_runs(c->text, units, n, gbnf);
        } else {
            write_flat(c, units, n, gbnf);
        }
    }
    return n > 0;
}

bool el_grammar_write(const struct el_constraint *c, struct el_buffer *gbnf) {
    size_t before = gbnf->len;
    bool written = false;
    switch (c->kind) {
    case EL_FREE:
        break;
    case EL_LIST_OF_SPANS:
        written = write_spans(c, gbnf);
        break;
    case EL_LIST_OF_TYPES:
        written = write_types(c, gbnf);
        break;
    case EL_YES_NO:
        written = c->n_choices > 0;
        if (written) {
            el_buffer_string(gbnf, "root ::= \" \"? one\none ::= ");
            write_choices(c, false, gbnf);
        }
        break;
    }
    if (!written && gbnf->data != NULL && !gbnf->failed) {
        gbnf->len = before;
        gbnf->data[before] = '\0';
    }
    return written && !gbnf->failed;
}

/* {"type":"string","enum":[...]}: one of the choices. */
static void schema_choice(const struct el_constraint *c, struct el_buffer *schema) {
    el_buffer_string(schema, "{\"type\":\"string\",\"enum\":[");
    for (size_t i = 0; i < c->n_choices; i++) {
        el_buffer_string(schema, i > 0 ? "," : "");
        el_json_string(schema, c->choices[i], strlen(c->choices[i]));
    }
    el_buffer_string(schema, "]}");
}

static void schema_typed_spans(const struct el_constraint *c, struct el_buffer *schema) {
    el_buffer_string(schema, "{\"type\":\"object\",\"properties\":{");
    for (size_t i = 0; i < c->n_items; i++) {
        el_buffer_string(schema, i > 0 ? "," : "");
        el_json_string(schema, c->spans[i], strlen(c->spans[i]));
        el_buffer_char(schema, ':');
        schema_choice(c, schema);
    }
    el_buffer_string(schema, "},\"required\":[");
    for (size_t i = 0; i < c->n_items; i++) {
        el_buffer_string(schema, i > 0 ? "," : "");
        el_json_string(schema, c->spans[i], strlen(c->spans[i]));
    }
    el_buffer_string(schema, "],\"additionalProperties\":false}");
}

bool el_schema_write(const struct el_constraint *c, struct el_buffer *schema) {
    if (c->open != NULL) {
        return false;
    }
    if (c->kind == EL_LIST_OF_SPANS) {
        el_buffer_string(schema, "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}");
    } else if (c->kind == EL_LIST_OF_TYPES && c->n_choices > 0) {
        schema_typed_spans(c, schema);
    } else {
        return false;
    }
    return !schema->failed;
}

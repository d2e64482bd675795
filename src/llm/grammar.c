/* The grammar of all substrings of a sentence w0 w1 ... wn, in n + 1 rules instead of n * n / 2
 * alternatives: rule sI is unit I followed by nothing or by the rest from I + 1, and a span is any
 * of the sI.
 *
 *     root ::= ( span ( "<|sep|>" span ){0,63} )?
 *     span ::= " "? ( s0 | s1 | s2 )
 *     s0 ::= "New" ( " " s1 )?
 *     s1 ::= "York" ( "," s2x )? ...
 *
 * White space between units is written as in the sentence. Sub-word vocabularies put a blank
 * before an item that follows a marker, hence the optional one. */
#include "llm/grammar.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>
#include <unicode/uchar.h>

enum { MAX_UNITS = 512, MAX_ITEMS = 64 };

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

static bool word_character(UChar32 c) {
    if (!u_isalnum(c) && u_charType(c) != U_NON_SPACING_MARK &&
        u_charType(c) != U_COMBINING_SPACING_MARK) {
        return false;
    }
    switch (u_getIntPropertyValue(c, UCHAR_LINE_BREAK)) {
    case U_LB_IDEOGRAPHIC:
    case U_LB_COMPLEX_CONTEXT:
    case U_LB_CONDITIONAL_JAPANESE_STARTER:
    case U_LB_NONSTARTER:
    case U_LB_H2:
    case U_LB_H3:
        return false; /* a character can begin or end a name without white space */
    default:
        return true;
    }
}

/* The unit that begins at `*at` (not white space); `*at` moves behind it. */
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

/* The rules s0 .. sN; returns the number of units, 0 if there are none or too many. */
static size_t write_units(const char *text, bool json, struct el_buffer *gbnf) {
    size_t len = strlen(text), at = 0, units = 0;
    if (el_utf8_valid_prefix(text, len) != len) {
        return 0;
    }
    skip_space(text, len, &at);
    while (at < len) {
        size_t start = at, end;
        next_unit(text, len, &at);
        end = at;
        skip_space(text, len, &at);
        if (units == MAX_UNITS) {
            return 0;
        }
        el_buffer_printf(gbnf, "s%zu ::= ", units);
        literal(gbnf, text + start, end - start, json);
        if (at < len) {
            el_buffer_string(gbnf, " (");
            if (at > end) {
                el_buffer_char(gbnf, ' ');
                literal(gbnf, text + end, at - end, json);
            }
            el_buffer_printf(gbnf, " s%zu )?", units + 1);
        }
        el_buffer_char(gbnf, '\n');
        units++;
    }
    return units;
}

/* ---- lists ---- */

/* root for at least `least` and at most `most` of the rule `item`. */
static void write_list(const struct el_constraint *c, size_t least, size_t most,
                       struct el_buffer *gbnf) {
    bool json = c->separator == NULL;
    el_buffer_string(gbnf, "root ::= ");
    if (json) {
        el_buffer_string(gbnf, "\"[\" ");
    }
    if (most > 0) {
        el_buffer_string(gbnf, least == 0 ? "( item ( " : "item ( ");
        if (json) {
            el_buffer_string(gbnf, "\", \"");
        } else {
            literal(gbnf, c->separator, strlen(c->separator), false);
        }
        el_buffer_printf(gbnf, " item ){%zu,%zu}%s", least > 0 ? least - 1 : 0, most - 1,
                         least == 0 ? " )?" : "");
    }
    el_buffer_string(gbnf, json ? " \"]\"\n" : "\n");
    el_buffer_string(gbnf, json ? "item ::= \"\\\"\" one \"\\\"\"\n" : "item ::= \" \"? one\n");
}

static void write_choices(const struct el_constraint *c, bool json, struct el_buffer *gbnf) {
    for (size_t i = 0; i < c->n_choices; i++) {
        el_buffer_string(gbnf, i > 0 ? " | " : "");
        literal(gbnf, c->choices[i], strlen(c->choices[i]), json);
    }
    el_buffer_char(gbnf, '\n');
}

/* A JSON object from each of the spans, in their order, to a type: the span is written for the
 * model, which only has to choose. */
static void write_typed_spans(const struct el_constraint *c, struct el_buffer *gbnf) {
    el_buffer_string(gbnf, "root ::= \"{\"");
    for (size_t i = 0; i < c->n_items; i++) {
        struct el_buffer key = {0};
        el_buffer_string(&key, i > 0 ? ", " : "");
        el_json_string(&key, c->spans[i], strlen(c->spans[i]));
        el_buffer_string(&key, ": \"");
        el_buffer_char(gbnf, ' ');
        literal(gbnf, key.failed ? "" : key.data, key.failed ? 0 : key.len, false);
        el_buffer_string(gbnf, " one \"\\\"\"");
        gbnf->failed = gbnf->failed || key.failed;
        el_buffer_free(&key);
    }
    el_buffer_string(gbnf, " \"}\"\n");
}

static bool write_types(const struct el_constraint *c, struct el_buffer *gbnf) {
    if (c->n_choices == 0 || c->n_items == 0 || c->n_items > 256) {
        return false;
    }
    bool json = c->separator == NULL;
    el_buffer_string(gbnf, "one ::= ");
    write_choices(c, json, gbnf);
    if (json && c->spans != NULL) {
        write_typed_spans(c, gbnf);
    } else {
        write_list(c, c->n_items, c->n_items, gbnf);
    }
    return true;
}

static bool write_spans(const struct el_constraint *c, struct el_buffer *gbnf) {
    size_t units = c->text != NULL && strlen(c->text) < 1 << 16
                       ? write_units(c->text, c->separator == NULL, gbnf)
                       : 0;
    el_buffer_string(gbnf, "one ::= ");
    for (size_t i = 0; i < units; i++) {
        el_buffer_printf(gbnf, "%ss%zu", i > 0 ? " | " : "", i);
    }
    el_buffer_char(gbnf, '\n');
    write_list(c, 0, MAX_ITEMS, gbnf);
    return units > 0;
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
    if (c->separator != NULL) {
        return false;
    }
    if (c->kind == EL_LIST_OF_SPANS) {
        el_buffer_string(schema, "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}");
    } else if (c->kind == EL_LIST_OF_TYPES && c->n_choices > 0 && c->spans != NULL) {
        schema_typed_spans(c, schema);
    } else if (c->kind == EL_LIST_OF_TYPES && c->n_choices > 0) {
        el_buffer_string(schema, "{\"type\":\"array\",\"items\":");
        schema_choice(c, schema);
        el_buffer_printf(schema, ",\"minItems\":%zu,\"maxItems\":%zu}", c->n_items, c->n_items);
    } else {
        return false;
    }
    return !schema->failed;
}

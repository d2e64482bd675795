/* Constraints as GBNF: a small matcher of that language says which answers a grammar lets
 * through, so the tests speak of answers and not of rules. */
#include "serving/grammar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- the matcher: backtracking, for small grammars ---- */

enum { MAX_ENDS = 512 };

struct ends { /* places in the answer where a match may end */
    size_t at[MAX_ENDS], n;
};

static void add_end(struct ends *e, size_t at) {
    for (size_t i = 0; i < e->n; i++) {
        if (e->at[i] == at) {
            return;
        }
    }
    assert_true(e->n < MAX_ENDS);
    e->at[e->n++] = at;
}

static const char *rule(const char *gbnf, const char *name, size_t len) {
    for (const char *line = gbnf; line != NULL && *line != '\0';) {
        if (strncmp(line, name, len) == 0 && strncmp(line + len, " ::= ", 5) == 0) {
            return line + len + 5;
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    fail_msg("no rule %.*s", (int)len, name);
    return NULL;
}

static void alternatives(const char *gbnf, const char **at, const char *text, size_t from,
                         struct ends *ends);

static void literal(const char **at, const char *text, size_t from, struct ends *ends) {
    bool ok = true;
    for (++*at; **at != '"'; ++*at) {
        char c = **at;
        if (c == '\\' && (*at)[1] == 'x') {
            char hex[3] = {(*at)[2], (*at)[3], '\0'};
            c = (char)strtoul(hex, NULL, 16);
            *at += 3;
        } else if (c == '\\') {
            c = *++*at;
        }
        ok = ok && text[from] == c;
        from += ok;
    }
    ++*at;
    if (ok) {
        add_end(ends, from);
    }
}

static void atom(const char *gbnf, const char **at, const char *text, size_t from,
                 struct ends *ends) {
    if (**at == '"') {
        literal(at, text, from, ends);
    } else if (**at == '(') {
        ++*at;
        alternatives(gbnf, at, text, from, ends);
        assert_int_equal(**at, ')');
        ++*at;
    } else {
        size_t len = strcspn(*at, " \n)?{|");
        const char *body = rule(gbnf, *at, len);
        alternatives(gbnf, &body, text, from, ends);
        *at += len;
    }
}

static void repeat(const char *gbnf, const char *start, size_t least, size_t most, const char *text,
                   size_t from, struct ends *ends) {
    struct ends now = {.n = 0};
    add_end(&now, from);
    for (size_t i = 0; i <= most && now.n > 0; i++) {
        struct ends next = {.n = 0};
        for (size_t k = 0; k < now.n; k++) {
            const char *again = start;
            if (i >= least) {
                add_end(ends, now.at[k]);
            }
            if (i < most) {
                atom(gbnf, &again, text, now.at[k], &next);
            }
        }
        now = next;
    }
}

static void sequence(const char *gbnf, const char **at, const char *text, size_t from,
                     struct ends *ends) {
    struct ends now = {.n = 0};
    add_end(&now, from);
    while (*(*at += strspn(*at, " ")) != '\0' && strchr("\n)|", **at) == NULL) {
        const char *start = *at;
        struct ends ignored = {.n = 0}, next = {.n = 0};
        size_t least = 1, most = 1;
        /* Only to find the end of the atom; rules are not followed when nothing is to match. */
        if (**at == '"' || **at == '(') {
            atom(gbnf, at, "", 0, &ignored);
        } else {
            *at += strcspn(*at, " \n)?{|");
        }
        if (**at == '?') {
            least = 0;
            ++*at;
        } else if (**at == '{') {
            char *end;
            least = strtoul(*at + 1, &end, 10);
            most = strtoul(end + 1, &end, 10);
            *at = end + 1;
        }
        for (size_t i = 0; i < now.n; i++) {
            repeat(gbnf, start, least, most, text, now.at[i], &next);
        }
        now = next;
    }
    for (size_t i = 0; i < now.n; i++) {
        add_end(ends, now.at[i]);
    }
}

static void alternatives(const char *gbnf, const char **at, const char *text, size_t from,
                         struct ends *ends) {
    sequence(gbnf, at, text, from, ends);
    while (**at == '|') {
        ++*at;
        sequence(gbnf, at, text, from, ends);
    }
}

static bool lets(const char *gbnf, const char *text) {
    const char *at = rule(gbnf, "root", 4);
    struct ends ends = {.n = 0};
    alternatives(gbnf, &at, text, 0, &ends);
    for (size_t i = 0; i < ends.n; i++) {
        if (ends.at[i] == strlen(text)) {
            return true;
        }
    }
    return false;
}

/* ---- tests ---- */

struct expectation {
    const char *answer;
    bool let;
};

static void check(const struct el_constraint *c, const struct expectation *list) {
    struct el_buffer gbnf = {0};
    assert_true(el_grammar_write(c, &gbnf));
    for (; list->answer != NULL; list++) {
        if (lets(gbnf.data, list->answer) != list->let) {
            fail_msg("\"%s\" should%s be let through by\n%s", list->answer, list->let ? "" : " not",
                     gbnf.data);
        }
    }
    el_buffer_free(&gbnf);
}

/* With marks of one letter, for short expectations. */
static struct el_constraint marked(const char *text) {
    return (struct el_constraint){.kind = EL_LIST_OF_SPANS,
                                  .text = text,
                                  .open = "{",
                                  .close = "}",
                                  .is = "=",
                                  .separator = "|"};
}

static void marked_spans(void **state) {
    (void)state;
    struct el_constraint c = marked("Dr. Ann-Marie of  York");
    check(&c, (struct expectation[]){{" Dr. Ann-Marie of  York", true},
                                     {"Dr. Ann-Marie of  York", false},
                                     {"{ Dr.} Ann-Marie of{  York}", true},
                                     {"{ Dr. Ann}-Marie of  York", true},
                                     {" Dr. Ann-Marie of  {York}", false},
                                     {" Dr.{{ Ann}-Marie} of  York", true},
                                     {" Dr.{ Ann{-{Marie}}} of  York", true},
                                     {" Dr.{{{{ Ann}}}} of  York", false},
                                     {" Dr.{ Ann-Marie of  York", false},
                                     {" Dr.} Ann-Marie of  York", false},
                                     {" Dr.{} Ann-Marie of  York", false},
                                     {" Dr.{ An}n-Marie of  York", false},
                                     {" Dr. Ann-Marie of York", false},
                                     {" Dr. Ann-Marie of", false},
                                     {"", false},
                                     {NULL, false}});
}

static void spans_as_json(void **state) {
    (void)state;
    struct el_constraint c = {
        .kind = EL_LIST_OF_SPANS, .text = "the \"Red\\Blue\" band\tof Oslo", .nested = true};
    check(&c, (struct expectation[]){{"[]", true},
                                     {"[\"Oslo\"]", true},
                                     {"[\"Red\", \"Oslo\"]", true},
                                     {"[\"Oslo\", \"Red\"]", false},
                                     {"[\"\\\"Red\\\\Blue\\\"\"]", true},
                                     {"[\"band\\tof\"]", true},
                                     {"[\"Oslo\"", false},
                                     {"[\"Bergen\"]", false},
                                     {"Oslo", false},
                                     {NULL, false}});
}

/* Flat: in the order of the text, without overlap, each place once. */
static void spans_in_order(void **state) {
    (void)state;
    struct el_constraint c = {.kind = EL_LIST_OF_SPANS, .text = "Ann of New York saw Ann, twice"};
    check(&c, (struct expectation[]){{"[]", true},
                                     {"[\"Ann\"]", true},
                                     {"[\"twice\"]", true},
                                     {"[\"Ann\", \"New York\", \"Ann\"]", true},
                                     {"[\"Ann of New York saw Ann, twice\"]", true},
                                     {"[\"Ann\", \"Ann\", \"Ann\"]", false},
                                     {"[\"New York\", \"New York\"]", false},
                                     {"[\"twice\", \"Ann\"]", false},
                                     {"[\"New York\", \"York\"]", false},
                                     {"[\"New\", \"York\"]", true},
                                     {"[\"An\"]", false},
                                     {"[\"Ann of\"", false},
                                     {"[\"Ann\",]", false},
                                     {"[\"\"]", false},
                                     {NULL, false}});
    c.text = "Oslo";
    check(&c, (struct expectation[]){{"[]", true}, {"[\"Oslo\"]", true}, {NULL, false}});
}

/* Nested: in the order of the text by where they begin, twice at most at the same place. */
static void nested_spans_in_order(void **state) {
    (void)state;
    struct el_constraint c = {
        .kind = EL_LIST_OF_SPANS, .text = "Ann of New York saw Ann", .nested = true};
    check(&c,
          (struct expectation[]){{"[]", true},
                                 {"[\"Ann of New York\", \"Ann\", \"New York\", \"York\"]", true},
                                 {"[\"Ann\", \"Ann of New York\"]", true},
                                 {"[\"Ann of New\", \"New York\"]", true},
                                 {"[\"Ann\", \"Ann\", \"Ann\"]", true}, /* the last word */
                                 {"[\"Ann\", \"Ann\", \"Ann\", \"Ann\"]", true},
                                 {"[\"Ann\", \"Ann\", \"Ann\", \"Ann\", \"Ann\"]", false},
                                 {"[\"of\", \"of\"]", true},
                                 {"[\"of\", \"of\", \"of\"]", false},
                                 {"[\"New York\", \"New\", \"York\"]", true},
                                 {"[\"New York\", \"York\", \"New\"]", false},
                                 {"[\"saw\", \"New\"]", false},
                                 {"[\"Ann\",]", false},
                                 {NULL, false}});
    c.text = "Oslo";
    check(&c, (struct expectation[]){{"[\"Oslo\"]", true},
                                     {"[\"Oslo\", \"Oslo\"]", true},
                                     {"[\"Oslo\", \"Oslo\", \"Oslo\"]", false},
                                     {NULL, false}});
}

/* A model that was shown no list writes it as it likes. */
static void items_on_lines(void **state) {
    (void)state;
    const struct expectation wanted[] = {{"[]", true},
                                         {"[\"Ann\", \"Oslo\"]", true},
                                         {"[\n  \"Ann\",\n  \"Oslo\"\n]", true},
                                         {"[\n\"Ann\"\n]", true},
                                         {"[\n]", true},
                                         {"[\n\n\"Ann\"]", false},
                                         {"[\n  \"An\"]", false},
                                         {NULL, false}};
    struct el_constraint c = {.kind = EL_LIST_OF_SPANS, .text = "Ann saw Oslo", .loose = true};
    check(&c, wanted);
    c.nested = true;
    check(&c, wanted);
    c.loose = false;
    check(&c, (struct expectation[]){{"[\"Ann\"]", true}, {"[\n\"Ann\"]", false}, {NULL, false}});
}

static void one_span_at_least(void **state) {
    (void)state;
    const struct expectation wanted[] = {{"[]", false},
                                         {"[\"Ann\"]", true},
                                         {"[\"Oslo\"]", true},
                                         {"[\"Ann\", \"Oslo\"]", true},
                                         {NULL, false}};
    struct el_constraint c = {.kind = EL_LIST_OF_SPANS, .text = "Ann saw Oslo", .some = true};
    check(&c, wanted);
    c.nested = true;
    check(&c, wanted);
}

static void characters_where_words_are_not_separated(void **state) {
    (void)state;
    struct el_constraint c = marked("张伟在北京。ソニーのPS5は");
    check(&c, (struct expectation[]){{" 张伟在北京。ソニーのPS5は", true},
                                     {"{ 张伟}在{北京}。{ソニー}の{PS5}は", true},
                                     {" 张{伟在}北京。ソニーのPS5は", true},
                                     {" 张伟在北京。ソニーのP{S5}は", false},
                                     {NULL, false}});
    c.text = "서울에서 만난";
    check(&c, (struct expectation[]){{"{ 서울}에서 만난", true}, {NULL, false}});
    c = (struct el_constraint){.kind = EL_LIST_OF_SPANS, .text = "Zürich liegt 北京"};
    check(&c,
          (struct expectation[]){
              {"[\"Zürich\"]", true}, {"[\"rich\"]", false}, {"[\"京\"]", true}, {NULL, false}});
}

static void types(void **state) {
    (void)state;
    static const char *const choices[] = {"person", "work of art"};
    static const char *const spans[] = {"Ann \"Bo\" Lee", "Rome"};
    struct el_constraint c = {.kind = EL_LIST_OF_TYPES,
                              .choices = choices,
                              .n_choices = 2,
                              .n_items = 2,
                              .spans = spans,
                              .open = "{",
                              .close = "}",
                              .is = "=",
                              .separator = "|"};
    check(&c, (struct expectation[]){{" Ann \"Bo\" Lee= person| Rome= person", true},
                                     {" Ann \"Bo\" Lee= work of art| Rome= person", true},
                                     {" Ann \"Bo\" Lee= person", false},
                                     {" Rome= person", false},
                                     {" Ann \"Bo\" Lee= place| Rome= person", false},
                                     {"person", false},
                                     {NULL, false}});
    c.n_items = 1;
    check(&c,
          (struct expectation[]){{" Ann \"Bo\" Lee= person", true}, {"", false}, {NULL, false}});
    c.n_items = 2;
    c.open = NULL;
    check(&c, (struct expectation[]){
                  {"{\"Ann \\\"Bo\\\" Lee\": \"person\", \"Rome\": \"work of art\"}", true},
                  {"{\"Rome\": \"person\"}", false},
                  {"[\"person\", \"person\"]", false},
                  {NULL, false}});
}

static void yes_or_no(void **state) {
    (void)state;
    static const char *const choices[] = {"yes", "no"};
    struct el_constraint c = {.kind = EL_YES_NO, .choices = choices, .n_choices = 2};
    check(&c, (struct expectation[]){
                  {"yes", true}, {" no", true}, {"maybe", false}, {"yesno", false}, {NULL, false}});
}

static void nothing_to_enforce(void **state) {
    (void)state;
    struct el_buffer gbnf = {0};
    char *words = calloc(3000, 1);
    for (size_t i = 0; i + 2 < 3000; i += 2) {
        memcpy(words + i, "a ", 2);
    }
    struct el_constraint none[] = {{.kind = EL_FREE},
                                   {.kind = EL_LIST_OF_SPANS, .text = ""},
                                   {.kind = EL_LIST_OF_SPANS, .text = " \t"},
                                   {.kind = EL_LIST_OF_SPANS, .text = "\xff\xfe"},
                                   {.kind = EL_LIST_OF_SPANS, .text = words},
                                   {.kind = EL_LIST_OF_SPANS},
                                   {.kind = EL_LIST_OF_TYPES},
                                   {.kind = EL_YES_NO}};
    el_buffer_string(&gbnf, "before");
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_false(el_grammar_write(&none[i], &gbnf));
        assert_string_equal(gbnf.data, "before");
    }
    free(words);
    el_buffer_free(&gbnf);
}

static void schemas(void **state) {
    (void)state;
    static const char *const choices[] = {"a \"b\"", "c"};
    struct el_buffer schema = {0};
    static const char *const spans[] = {"x", "y"};
    struct el_constraint c = {
        .kind = EL_LIST_OF_TYPES, .choices = choices, .n_choices = 2, .spans = spans, .n_items = 1};
    assert_true(el_schema_write(&c, &schema));
    assert_string_equal(
        schema.data,
        "{\"type\":\"object\",\"properties\":{\"x\":{\"type\":\"string\",\"enum\":[\"a "
        "\\\"b\\\"\",\"c\"]}},\"required\":[\"x\"],\"additionalProperties\":false}");
    c.n_items = 2;
    c.n_choices = 1;
    el_buffer_clear(&schema);
    assert_true(el_schema_write(&c, &schema));
    assert_string_equal(
        schema.data,
        "{\"type\":\"object\",\"properties\":{\"x\":{\"type\":\"string\",\"enum\":[\"a "
        "\\\"b\\\"\"]},"
        "\"y\":{\"type\":\"string\",\"enum\":[\"a \\\"b\\\"\"]}},\"required\":[\"x\",\"y\"],"
        "\"additionalProperties\":false}");
    c.open = "<|mark|>";
    assert_false(el_schema_write(&c, &schema));
    el_buffer_free(&schema);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marked_spans),
        cmocka_unit_test(spans_as_json),
        cmocka_unit_test(spans_in_order),
        cmocka_unit_test(nested_spans_in_order),
        cmocka_unit_test(items_on_lines),
        cmocka_unit_test(one_span_at_least),
        cmocka_unit_test(characters_where_words_are_not_separated),
        cmocka_unit_test(types),
        cmocka_unit_test(yes_or_no),
        cmocka_unit_test(nothing_to_enforce),
        cmocka_unit_test(schemas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The probabilities of types, and of the items of a list, from tokens and their alternatives as
 * servers tell them. */
#include "serving/choices.h"
#include "serving/listed.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MOST = 32 };

static const char *const types[] = {"person", "place", "cell line", "cell"};
static const char *const spans[] = {"Ann \"A\"", "York"};

static struct el_constraint json_answer(void) {
    return (struct el_constraint){
        .kind = EL_LIST_OF_TYPES, .choices = types, .n_choices = 4, .spans = spans, .n_items = 2};
}

/* "token p alternative p alternative p ...", one token a line, '~' for a blank, in the chat shape.
 */
static json_t *tokens(const char *text) {
    json_t *list = json_array();
    char *copy = strdup(text), *line_end = NULL;
    for (char *line = strtok_r(copy, "\n", &line_end); line != NULL;
         line = strtok_r(NULL, "\n", &line_end)) {
        char *end = NULL;
        json_t *token = NULL, *top = json_array();
        for (char *word = strtok_r(line, " ", &end); word != NULL;
             word = strtok_r(NULL, " ", &end)) {
            char *p = strtok_r(NULL, " ", &end);
            for (char *c = word; *c != '\0'; c++) {
                *c = *c == '~' ? ' ' : *c;
            }
            json_t *one = json_pack("{s:s, s:f}", "token", word, "logprob", log(strtod(p, NULL)));
            assert_non_null(one);
            token = token == NULL ? json_deep_copy(one) : token;
            json_array_append_new(top, one);
        }
        json_object_set_new(token, "top_logprobs", top);
        json_array_append_new(list, token);
    }
    free(copy);
    return list;
}

static void check(const struct el_constraint *c, const char *text, const double *expected) {
    float out[MOST];
    bool any = false, wanted = false;
    json_t *list = tokens(text);
    assert_true(el_choice_probabilities(c, list, out, &any));
    for (size_t i = 0; i < c->n_items * c->n_choices; i++) {
        wanted = wanted || !isnan(expected[i]);
        if (isnan(expected[i]) != (isnan(out[i]) != 0) ||
            (!isnan(expected[i]) && fabs(expected[i] - (double)out[i]) > 1e-4)) {
            fail_msg("row %zu, choice %zu: %.6f, not %.6f", i / c->n_choices, i % c->n_choices,
                     (double)out[i], expected[i]);
        }
    }
    assert_int_equal(any, wanted);
    json_decref(list);
}

/* Whole types in one token: what is no type is left out, the rest is normalised. */
static void one_token_a_type(void **state) {
    (void)state;
    struct el_constraint c = json_answer();
    check(&c,
          "{ 1\n\"Ann~ 1\n\\\"A\\\"\": 1\n~\" 1\nperson 0.6 place 0.2 banana 0.2\n\", 1\n"
          "~\"York\" 1\n:~\" 1\nplace 0.5 person 0.1 pl 0.3 ce 0.1\n\"} 1\n",
          (double[]){0.75, 0.25, 0, 0, 0.1, 0.8, 0.05, 0.05});
}

/* "cell" and "cell line" part at their second token; a token may hold the quote before the type or
 * the one after it. */
static void several_tokens_a_type(void **state) {
    (void)state;
    struct el_constraint c = json_answer();
    check(&c,
          "{\"Ann~\\\"A\\\"\":~ 1\n\"cell 0.5 \"person 0.5 xx 0.9\n~line 0.8 \" "
          "0.2\n\",~\"York\":~\" "
          "1\np 0.9 cell 0.1\nlace 0.25 erson 0.75\n\"} 1\n",
          (double[]){0.5, 0, 0.4, 0.1, 0.675, 0.225, 0.05, 0.05});
}

/* The grammar forced a token that is not among the likeliest. */
static void a_token_outside_of_its_alternatives(void **state) {
    (void)state;
    struct el_constraint c = json_answer();
    c.n_items = 1;
    json_t *list = tokens("{\"Ann~\\\"A\\\"\":~\" 1\nplace 0.3 the 0.6\n\"} 1\n");
    json_t *token = json_array_get(list, 1);
    json_array_remove(json_object_get(token, "top_logprobs"), 0);
    float out[4];
    bool any;
    assert_true(el_choice_probabilities(&c, list, out, &any));
    assert_true(any && fabs((double)out[1] - 1) < 1e-6);
    json_decref(list);
}

static void what_is_not_told(void **state) {
    (void)state;
    struct el_constraint c = json_answer();
    double n = (double)NAN;
    check(&c, "", (double[]){n, n, n, n, n, n, n, n});
    check(&c, "no 1\n~json 1\n", (double[]){n, n, n, n, n, n, n, n});
    check(&c, "{\"York\":~\" 1\nplace 1\n", (double[]){n, n, n, n, 0, 1, 0, 0});
    check(&c, "{\"York\":~\" 1\nvegetable 1\n", (double[]){n, n, n, n, n, n, n, n});
    check(&c, "{\"York\"~ 1\n,\"place\" 1\n", (double[]){n, n, n, n, n, n, n, n});
    json_t *odd = json_pack("[i, {s:i}, [], {s:s, s:s}]", 3, "token", 4, "token",
                            "{\"York\":\"place", "top_logprobs", "none");
    float out[8];
    bool any;
    assert_true(el_choice_probabilities(&c, odd, out, &any));
    json_decref(odd);
    assert_true(el_choice_probabilities(&c, NULL, out, &any));
    assert_false(any);
}

static void marked_answers(void **state) {
    (void)state;
    struct el_constraint c = json_answer();
    static const char *const plain[] = {"Ann", "York"};
    c.spans = plain;
    c.open = "<m>";
    c.close = "</m>";
    c.is = "<is>";
    c.separator = "<sep>";
    check(
        &c,
        "~Ann 1\n<is> 1\n~ 1\nperson 0.9 place 0.1\n<sep> 1\n~York<is>~ 1\ncell 1\n~line 0.5 <sep> "
        "0.3 </s> 0.2\n",
        (double[]){0.9, 0.1, 0, 0, 0, 0, 0.625, 0.375});
}

/* The answer is begun for the model: its tokens are the type alone, unless the server did not take
 * the beginning. */
static void begun_answers(void **state) {
    (void)state;
    static const char *const plain[] = {"York"};
    struct el_constraint c = json_answer();
    c.spans = plain;
    c.n_items = 1;
    c.begun = "{\"York\": \"";
    check(&c, "place 0.6 person 0.2 the 0.2\n", (double[]){0.25, 0.75, 0, 0});
    check(&c, "cell 0.5 p 0.5\n", (double[]){0.25, 0.25, 0.25, 0.25});
    check(&c, "{\"York\":~\" 1\nplace 0.6 person 0.2\n\"} 1\n", (double[]){0.25, 0.75, 0, 0});
}

static void the_choice_that_is_meant(void **state) {
    (void)state;
    struct el_constraint c = json_answer();
    assert_ptr_equal(el_choice_of(&c, "person", false), types[0]);
    assert_ptr_equal(el_choice_of(&c, "pe", true), types[0]);
    assert_null(el_choice_of(&c, "pe", false));
    assert_null(el_choice_of(&c, "p", true)); /* two begin so */
    assert_null(el_choice_of(&c, "", true));
    assert_null(el_choice_of(&c, "cell", true)); /* it may go on */
    assert_ptr_equal(el_choice_of(&c, "cell", false), types[3]);
    assert_ptr_equal(el_choice_of(&c, "cell\"}", true), types[3]);
    assert_ptr_equal(el_choice_of(&c, "cell l", true), types[2]);
    assert_null(el_choice_of(&c, "vegetable", true));
}

/* Ends with a negative number. */
static void check_items(const struct el_constraint *c, const char *text, const double *expected) {
    json_t *list = tokens(text);
    float *out;
    size_t n, wanted = 0;
    assert_true(el_list_probabilities(c, list, &out, &n));
    while (expected[wanted] >= 0) {
        wanted++;
    }
    assert_int_equal(n, wanted);
    assert_int_equal(out == NULL, n == 0);
    for (size_t i = 0; i < n; i++) {
        if (fabs(expected[i] - (double)out[i]) > 1e-4) {
            fail_msg("item %zu: %.6f, not %.6f", i, (double)out[i], expected[i]);
        }
    }
    free(out);
    json_decref(list);
}

static const struct el_constraint LIST = {.kind = EL_LIST_OF_SPANS};

static void check_list(const char *text, const double *expected) {
    check_items(&LIST, text, expected);
}

/* That there is an item, that it is this one, and that it ends there, whatever follows. */
static void items_of_a_list(void **state) {
    (void)state;
    check_list(
        "[\" 0.7 [] 0.2\nAnn 0.9 A 0.1\n\", 0.3 \"] 0.6 ~Lee 0.1\n~\" 0.8\nYork 0.5\n\"] 0.9\n",
        (double[]){0.7 * 0.9 * 0.9, 0.3 * 0.8 * 0.5 * 0.9, -1});
    check_list("[] 0.9 [\" 0.1\n", (double[]){-1});
    check_list("[ 0.4 [] 0.6\n\" 1\nAnn~ 0.5\n\\\" 0.5\nA\\\" 1\n\" 0.9\n] 1\n", /* quotes within */
               (double[]){0.4 * 0.5 * 0.5 * 0.9, -1});
    check_list("[\"Ann\"] 0.4 [] 0.6\n", (double[]){0.4, -1});
    check_list("[\" 0.4\nAnn 1\n\", 1\n~\" 1\nYo 1\n", (double[]){0.4, -1}); /* cut */
    check_list(
        "[\" 0.6 [] 0.1\nAm 0.6 Amy 0.2 AM 0.1 A 0.1\ny 0.5 ie 0.2\n\"] 1\n", /* in other tokens */
        (double[]){0.6 * 0.9 * 0.5, -1});
    check_list("[\" 1\nam 0.1 Am 0.7 Amina 0.1 Amy 0.1\nina 1\n\"] 1\n", /* with a capital */
               (double[]){0.9, -1});
    check_list("", (double[]){-1});
    float *out;
    size_t n;
    assert_true(el_list_probabilities(&LIST, NULL, &out, &n));
    assert_null(out);
}

/* The token that was written need not be among its alternatives. */
static void an_item_outside_of_the_alternatives(void **state) {
    (void)state;
    float *out;
    size_t n;
    json_t *list =
        json_pack("[{s:s, s:f, s:[{s:s, s:f}]}, {s:s, s:f}, {s:s, s:f, s:[{s:s, s:f}]}]", "token",
                  "[\"", "logprob", log(0.01), "top_logprobs", "token", "[]", "logprob", log(0.9),
                  "token", "Ann", "logprob", log(0.5), "token", "\"]", "logprob", log(0.2),
                  "top_logprobs", "token", "\",", "logprob", log(0.3));
    assert_non_null(list);
    assert_true(el_list_probabilities(&LIST, list, &out, &n));
    assert_int_equal(n, 1);
    assert_true(fabs((double)out[0] - 0.01 * 0.5 * 0.5) < 1e-6);
    free(out);
    json_decref(list);
}

/* Of what a model would write, that counts which some span of the sentence allows. */
static void items_of_a_sentence(void **state) {
    (void)state;
    const struct el_constraint c = {
        .kind = EL_LIST_OF_SPANS,
        .text = "met amina of \"A\\B\" at\tOslo, 2 \xe5\x8c\x97\xe4\xba\xac"};
    /* "mina", "as" and an early end are misspellings; "amina" in one token is the same. */
    check_items(&c,
                "[\" 0.8 [] 0.2\namin 0.3 mina 0.4 amina 0.1 o 0.1\na 0.01 \", 0.6 as 0.2\n\"] 0.9 "
                "~of 0.1\n",
                (double[]){0.8 * 0.8 * 1 * 0.9, -1});
    check_items(&c, "[\" 1\nA 0.5 B 0.2 b 0.1\n\\\\ 0.5 \" 0.2 b 0.3\nB 1\n\" 0.7 ~ 0.1\n] 1\n",
                (double[]){0.5 / 0.8 * 0.5 / 0.7, -1});
    check_items(&c,
                "[\" 1\nat 0.5 a 0.1\n\\t 0.4 ~ 0.6\nOslo 1\n\", 0.8 , 0.1 x 0.1\n~\" "
                "1\n\xe5\x8c\x97 0.6 \xe4\xba\xac 0.3\n\"] 1\n",
                (double[]){0.5 / 0.6 * 1 * 0.8 / 0.9, 0.8 * 0.6 / 0.9, -1});
}

/* In the order in which they open. */
static void marked_items(void **state) {
    (void)state;
    const struct el_constraint c = {.kind = EL_LIST_OF_SPANS, .open = "{", .close = "}"};
    check_items(&c, "{ 0.5\n~Bank 0.9\n~of 1\n{ 0.4\n~Oslo 0.8\n} 0.7\n} 0.6\n~is 1\n{ 0.3\n~a 1\n",
                (double[]){0.5 * 0.9 * 0.4 * 0.8 * 0.7 * 0.6, 0.4 * 0.8 * 0.7, 0, -1});
    check_items(&c, "~none 1\n} 1\n", (double[]){-1});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_token_a_type),
        cmocka_unit_test(several_tokens_a_type),
        cmocka_unit_test(a_token_outside_of_its_alternatives),
        cmocka_unit_test(what_is_not_told),
        cmocka_unit_test(marked_answers),
        cmocka_unit_test(begun_answers),
        cmocka_unit_test(the_choice_that_is_meant),
        cmocka_unit_test(items_of_a_list),
        cmocka_unit_test(an_item_outside_of_the_alternatives),
        cmocka_unit_test(items_of_a_sentence),
        cmocka_unit_test(marked_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

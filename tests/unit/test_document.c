/* Documents: order of entities, overlap, tokens by position, text from tokens. */
#include "corpus/document.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void add(struct el_document *document, size_t *capacity, size_t start, size_t end,
                const char *type, double score) {
    struct el_entity entity = {.span = {start, end}, .type = type, .score = score};
    assert_true(el_document_add_entity(document, &entity, capacity));
}

static void entities_are_sorted_and_unique(void **state) {
    (void)state;
    struct el_document *document = el_document_new();
    size_t capacity = 0;
    add(document, &capacity, 5, 9, "b", 0.1);
    add(document, &capacity, 5, 9, "a", 0.2);
    add(document, &capacity, 0, 2, "z", 0.3);
    add(document, &capacity, 5, 12, "z", 0.4);
    add(document, &capacity, 5, 9, "b", 0.5);
    el_document_sort_entities(document);
    assert_int_equal(document->n_entities, 4);
    const struct el_entity *got = document->entities;
    assert_int_equal(got[0].span.start, 0);
    assert_int_equal(got[1].span.end, 12);
    assert_string_equal(got[2].type, "a");
    assert_string_equal(got[3].type, "b");
    assert_true(fabs(got[3].score - 0.1) < 1e-9); /* the first one added stays */
    el_document_free(document);
}

static void an_entity_is_found_by_span_and_type(void **state) {
    (void)state;
    const struct el_entity e[] = {{.span = {0, 2}, .type = "z"},
                                  {.span = {5, 12}, .type = "z"},
                                  {.span = {5, 9}, .type = "a"},
                                  {.span = {5, 9}, .type = "b"},
                                  {.span = {7, 9}, .type = "b"}};
    assert_ptr_equal(el_entity_find(e, 5, (struct el_span){0, 2}, "z"), &e[0]);
    assert_ptr_equal(el_entity_find(e, 5, (struct el_span){5, 9}, "b"), &e[3]);
    assert_ptr_equal(el_entity_find(e, 5, (struct el_span){5, 9}, NULL), &e[2]);
    assert_ptr_equal(el_entity_find(e, 5, (struct el_span){7, 9}, "b"), &e[4]);
    assert_null(el_entity_find(e, 5, (struct el_span){5, 9}, "z"));
    assert_null(el_entity_find(e, 5, (struct el_span){5, 10}, NULL));
    assert_null(el_entity_find(e, 5, (struct el_span){8, 9}, NULL));
    assert_null(el_entity_find(NULL, 0, (struct el_span){0, 2}, NULL));
}

static void many_entities_sort_like_few(void **state) {
    (void)state;
    struct el_document *document = el_document_new();
    size_t capacity = 0;
    unsigned random = 7;
    for (size_t i = 0; i < 1000; i++) {
        random = random * 1103515245u + 12345u;
        size_t start = random >> 16 & 63;
        add(document, &capacity, start, start + 1 + (random >> 8 & 7), i % 2 ? "a" : "b",
            (double)i);
    }
    el_document_sort_entities(document);
    assert_true(document->n_entities > 100);
    for (size_t i = 1; i < document->n_entities; i++) {
        const struct el_entity *a = &document->entities[i - 1], *b = a + 1;
        bool less = a->span.start < b->span.start ||
                    (a->span.start == b->span.start &&
                     (a->span.end > b->span.end ||
                      (a->span.end == b->span.end && strcmp(a->type, b->type) < 0)));
        assert_true(less);
    }
    el_document_free(document);
}

static void overlap_is_found_behind_a_long_entity(void **state) {
    (void)state;
    struct el_document *document = el_document_new();
    size_t capacity = 0;
    const struct el_entity *first, *second;
    add(document, &capacity, 0, 5, "a", NAN);
    add(document, &capacity, 5, 7, "a", NAN);
    assert_false(el_document_overlap(document, &first, &second));
    add(document, &capacity, 7, 30, "a", NAN);
    add(document, &capacity, 29, 31, "b", NAN);
    assert_true(el_document_overlap(document, &first, &second));
    assert_int_equal(first->span.start, 7);
    assert_int_equal(second->span.start, 29);
    el_document_free(document);
}

static void tokens_are_found_by_position(void **state) {
    (void)state;
    const struct el_span tokens[] = {{0, 3}, {4, 8}, {8, 9}};
    size_t first, end;
    bool exact;
    assert_true(el_tokens_cover(tokens, 3, (struct el_span){4, 9}, &first, &end, &exact));
    assert_int_equal(first, 1);
    assert_int_equal(end, 3);
    assert_true(exact);
    assert_true(el_tokens_cover(tokens, 3, (struct el_span){3, 5}, &first, &end, &exact));
    assert_int_equal(first, 1);
    assert_int_equal(end, 2);
    assert_false(exact);
    assert_false(el_tokens_cover(tokens, 3, (struct el_span){3, 4}, &first, &end, &exact));
    assert_false(el_tokens_cover(tokens, 0, (struct el_span){3, 4}, &first, &end, &exact));
}

static void tokens_join(void **state) {
    (void)state;
    struct el_document *document = el_document_new();
    const struct el_span pieces[] = {{0, 2}, {2, 3}};
    assert_true(el_document_join_tokens(document, pieces, 2, "Hi!"));
    assert_string_equal(document->text, "Hi !");
    assert_int_equal(document->tokens[1].start, 3);
    assert_int_equal(document->text_len, 4);
    /* An empty token, also between characters that need no spaces. */
    char *bytes = malloc(6); /* no byte before it, which a sanitizer sees */
    memcpy(bytes, "\xE6\x88\x91\xE7\x88\xB1", 6);
    const struct el_span holes[] = {{0, 3}, {0, 0}, {3, 6}, {6, 6}};
    assert_true(el_document_join_tokens(document, holes + 1, 2, bytes));
    assert_true(el_document_join_tokens(document, holes, 4, bytes));
    assert_string_equal(document->text, "\xE6\x88\x91\xE7\x88\xB1");
    assert_int_equal(document->tokens[1].start, document->tokens[1].end);
    free(bytes);
    assert_true(el_document_join_tokens(document, NULL, 0, ""));
    assert_string_equal(document->text, "");
    el_document_free(document);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entities_are_sorted_and_unique),
        cmocka_unit_test(an_entity_is_found_by_span_and_type),
        cmocka_unit_test(many_entities_sort_like_few),
        cmocka_unit_test(overlap_is_found_behind_a_long_entity),
        cmocka_unit_test(tokens_are_found_by_position),
        cmocka_unit_test(tokens_join),
    };
    return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}

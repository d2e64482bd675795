/* Projections, the stage budget and the report, from made-up records: no server needed. */
#include "evaluate/ablate.h"
#include "evaluate/report.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define assert_close(a, b, most) assert_true(fabs((double)(a) - (double)(b)) <= (most))

/* "Ada saw Rome and Ada Bay ." with gold PER, LOC, LOC. */
static const char TEXT[] = "Ada saw Rome and Ada Bay .";

static void add_document(struct el_labels *labels, const char *id, const char *text,
                         const struct el_chunk *chunks, size_t n) {
    struct el_document *document = el_document_new();
    size_t capacity = 0;
    document->id = id;
    document->text = text;
    document->text_len = strlen(text);
    document->labelled = true;
    for (size_t i = 0; i < n; i++) {
        struct el_entity entity = {.span = chunks[i].span, .type = chunks[i].type, .score = NAN};
        assert_true(el_document_add_entity(document, &entity, &capacity));
    }
    assert_true(el_labels_add(labels, document, NULL));
    el_document_free(document);
}

static const struct el_chunk GOLD[] = {{{0, 3}, "PER"}, {{8, 12}, "LOC"}, {{17, 24}, "LOC"}};

/* Three members. "Ada" (0-3): proposed by all, PER by two. "Rome": by the first, LOC by 2, ORG by
 * 1, the verifier says no. "Ada Bay": by two, PER by the first alone. "saw": by the third. */
static struct el_record make_record(const struct el_labels *gold) {
    static struct el_span ada = {0, 3}, rome = {8, 12}, bay = {17, 24}, saw = {4, 7};
    static struct el_recorded_mention mentions[4];
    static struct el_recorded_sentence sentence = {0, 0, mentions, 4};
    mentions[0] =
        (struct el_recorded_mention){&ada, 1, 7, {"PER", "PER", "LOC"}, "PER", EL_VERIFIED_YES};
    mentions[1] =
        (struct el_recorded_mention){&saw, 1, 4, {"PER", NULL, "PER"}, "PER", EL_VERIFIED_YES};
    mentions[2] =
        (struct el_recorded_mention){&rome, 1, 1, {"ORG", "LOC", "LOC"}, "LOC", EL_VERIFIED_NO};
    mentions[3] =
        (struct el_recorded_mention){&bay, 1, 3, {"PER", "LOC", "LOC"}, "LOC", EL_VERIFIED_NO};
    return (struct el_record){.gold = gold, .n_members = 3, .sentences = &sentence, .count = 1};
}

struct projected {
    struct el_projection rules;
    const char *expected; /* "start-end:TYPE ..." */
};

static void expect_projection(const struct el_record *record, const struct projected *test) {
    struct el_settings settings = {.nested = true};
    struct el_labels predicted;
    char got[200] = "";
    assert_true(el_project(record, &test->rules, &settings, &predicted, NULL));
    assert_int_equal(predicted.count, 1);
    for (size_t i = 0; i < predicted.items[0].n_entities; i++) {
        const struct el_entity *entity = &predicted.items[0].entities[i];
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%zu-%zu:%s", i > 0 ? " " : "",
                 entity->span.start, entity->span.end, entity->type);
    }
    assert_string_equal(got, test->expected);
    el_labels_free(&predicted);
}

static void projections(void **state) {
    (void)state;
    struct el_labels gold = {0};
    add_document(&gold, "a", TEXT, GOLD, COUNT(GOLD));
    struct el_record record = make_record(&gold);
    const struct projected tests[] = {
        {{0}, "0-3:PER 4-7:PER"}, /* as recorded */
        {{.no_verification = true}, "0-3:PER 4-7:PER 8-12:LOC 17-24:LOC"},
        {{.no_voting = true, .no_verification = true}, "0-3:PER 4-7:PER 8-12:ORG 17-24:PER"},
        {{.span_skips = 2}, "0-3:PER 4-7:PER 17-24:LOC"},
        {{.pair_skips = 2}, "0-3:PER 4-7:PER"}, /* two propose Ada Bay, one of them as LOC */
        {{.pair_skips = 1}, "0-3:PER 4-7:PER 17-24:LOC"}, /* Rome: its proposer says ORG */
        {{.no_verification = true, .keep = {EL_KEEP_SPAN, 2}}, "0-3:PER 17-24:LOC"},
        {{.no_verification = true, .keep = {EL_KEEP_PAIR, 2}}, "0-3:PER"},
        /* The first alone: its types are others than those that were refused, so they stay. */
        {{.members = 1}, "0-3:PER 8-12:ORG 17-24:PER"},
        {{.members = 2}, "0-3:PER"}, /* the verdict on Ada Bay as LOC holds */
        {{.members = 4}, "0-3:LOC 4-7:PER"},
        {{.members = 4, .no_verification = true}, "0-3:LOC 4-7:PER"},
    };
    for (size_t i = 0; i < COUNT(tests); i++) {
        expect_projection(&record, &tests[i]);
    }
    el_labels_free(&gold);
}

static void budget(void **state) {
    (void)state;
    const struct el_stage_figures figures = {.gold = 10,
                                             .found = 8,
                                             .typed_right = 6,
                                             .kept_right = 5,
                                             .kept_wrong = 5,
                                             .candidates = 32};
    struct el_budget b = el_stage_budget(&figures, 0.4);
    assert_close(b.after_extraction, 16.0 / 18, 1e-12);
    assert_close(b.after_classification, 12.0 / 16, 1e-12);
    assert_close(b.after_verification, 0.5, 1e-12);
    assert_close(b.final_f1, 0.4, 0);
    json_t *json = el_stage_json(&figures, 3, 0.4);
    assert_non_null(json);
    json_t *classify =
        json_object_get(json_object_get(json, "classify"), "accuracy_on_correct_spans");
    assert_close(json_number_value(json_object_get(classify, "share")), 0.75, 1e-12);
    json_t *precision = json_object_get(json_object_get(json, "extract"), "union_precision");
    assert_close(json_number_value(json_object_get(precision, "share")), 0.25, 1e-12);
    json_decref(json);
}

static void groups(void **state) {
    (void)state;
    unsigned groups_of;
    assert_true(el_ablate_parse("all", &groups_of));
    assert_int_equal(groups_of, 31);
    assert_true(el_ablate_parse("k,members", &groups_of));
    assert_int_equal(groups_of, EL_ABLATE_K | EL_ABLATE_MEMBERS);
    const char *bad[] = {"", "members,", "member", "membersk", ",k"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(el_ablate_parse(bad[i], &groups_of));
    }
}

static void mapped_types(void **state) {
    (void)state;
    const char *aliases[] = {"PER"};
    struct el_type types[] = {
        {.name = "person", .wording = "human being", .aliases = aliases, .n_aliases = 1}};
    struct el_config config = {.types = types, .n_types = 1};
    struct el_labels gold = {0};
    struct el_error err;
    size_t left_out;
    add_document(&gold, "a", TEXT, GOLD, COUNT(GOLD));
    assert_true(el_labels_map_types(&gold, &config, &left_out, &err));
    assert_int_equal(left_out, 2);
    assert_int_equal(gold.items[0].n_entities, 1);
    assert_string_equal(gold.items[0].entities[0].type, "person");
    types[0] = (struct el_type){.name = "city", .wording = "city"};
    assert_false(el_labels_map_types(&gold, &config, &left_out, &err));
    assert_non_null(strstr(err.message, "--types"));
    el_labels_free(&gold);
}

/* The page's data must survive whatever is in a text, and its kinds of error be right. */
static void make_report(struct el_labels *gold, struct el_labels *predicted, char **page) {
    struct el_arena arena = {0};
    struct el_score score;
    struct el_score_options options = {.bootstrap = {.samples = 20}};
    assert_true(el_score(gold, predicted, &options, &arena, &score, NULL));
    struct el_report report = {
        .title = "<b>&\"title\"", .gold = gold, .predicted = predicted, .score = &score};
    size_t len;
    FILE *file = open_memstream(page, &len);
    assert_true(el_report_write(&report, file, NULL));
    fclose(file);
    el_arena_free(&arena);
}

static json_t *page_data(const char *page) {
    static const char open[] = "<script type=\"application/json\" id=\"data\">";
    const char *begin = strstr(page, open);
    assert_non_null(begin);
    begin += sizeof open - 1;
    const char *end = strstr(begin, "</script>");
    assert_non_null(end);
    json_error_t error;
    json_t *json = json_loadb(begin, (size_t)(end - begin), 0, &error);
    if (json == NULL) {
        fail_msg("%s", error.text);
    }
    return json;
}

static void report(void **state) {
    (void)state;
    /* An emoji is one code point, two UTF-16 units and four bytes. */
    static const char text[] = "\xf0\x9f\x98\x80 Ada </script><!-- Rome";
    const struct el_chunk gold_chunks[] = {{{5, 8}, "PER"}, {{9, 18}, "X</script>"}};
    const struct el_chunk chunks[] = {{{5, 8}, "LOC"}, {{23, 27}, "LOC"}};
    struct el_labels gold = {0}, predicted = {0};
    add_document(&gold, "1", text, gold_chunks, COUNT(gold_chunks));
    add_document(&predicted, "1", text, chunks, COUNT(chunks));
    char *page = NULL;
    make_report(&gold, &predicted, &page);
    json_t *data = page_data(page);
    json_t *sentence = json_array_get(json_object_get(data, "sentences"), 0);
    assert_string_equal(json_string_value(json_object_get(sentence, "t")), text);
    json_t *g = json_object_get(sentence, "g"), *p = json_object_get(sentence, "p");
    assert_int_equal(json_integer_value(json_array_get(json_array_get(g, 0), 0)), 3);
    assert_int_equal(json_integer_value(json_array_get(json_array_get(g, 0), 3)), 0);
    assert_int_equal(json_integer_value(json_array_get(json_array_get(g, 1), 3)), -1);
    assert_string_equal(json_string_value(json_array_get(json_array_get(p, 0), 4)), "type");
    assert_string_equal(json_string_value(json_array_get(json_array_get(p, 1), 4)), "spurious");
    char *kinds = json_dumps(json_object_get(sentence, "k"), JSON_COMPACT);
    assert_string_equal(kinds, "[\"type\",\"missed\",\"spurious\"]");
    free(kinds);
    json_decref(data);
    assert_null(strstr(page, "<b>&\"title"));
    assert_non_null(strstr(page, "&lt;b&gt;&amp;&quot;title&quot;"));
    assert_null(strstr(page, "http://")); /* nothing from outside */
    assert_null(strstr(page, "https://"));
    free(page);
    el_labels_free(&gold);
    el_labels_free(&predicted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(projections),  cmocka_unit_test(budget), cmocka_unit_test(groups),
        cmocka_unit_test(mapped_types), cmocka_unit_test(report),
    };
    return cmocka_run_group_tests_name("evaluate", tests, NULL, NULL);
}

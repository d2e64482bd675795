/* Combining predictions; and every figure of the recorded answers of real systems. */
#include "evaluate/combine.h"
#include "evaluate/labels_read.h"
#include "evaluate/recorded.h"
#include "evaluate/score.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "golden.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
enum { MOST = 8 };

/* Micro-F1 in percent of `predicted` against `gold`; with `all_answered`, only over the documents
 * that all of `sets` answered. */
static double f1(const struct el_labels *gold, struct el_labels *predicted) {
    struct el_arena arena = {0};
    struct el_score score;
    struct el_score_options options = {.match = EL_MATCH_STRICT};
    struct el_error err = {0};
    if (!el_labels_align(gold, predicted, true, &err) ||
        !el_score(gold, predicted, &options, &arena, &score, &err)) {
        fail_msg("%s", err.message);
    }
    double result = 100 * el_tally_prf(&score.micro).f1;
    el_arena_free(&arena);
    return result;
}

static double combined_f1(const struct el_labels *gold, const struct el_labels *sets, size_t n,
                          const char *keep, bool complete_only) {
    struct el_combine_options options = {.complete_only = complete_only};
    struct el_labels combined;
    struct el_error err = {0};
    assert_true(el_keep_parse(keep, &options.keep));
    if (!el_combine_sets(sets, n, &options, &combined, &err)) {
        fail_msg("%s", err.message);
    }
    double result = f1(gold, &combined);
    el_labels_free(&combined);
    return result;
}

static int expect_figure(const char *what, double got, double expected) {
    bool same = fabs(got - expected) <= 0.05;
    print_message("  %-28s %6.2f  (published %6.2f)%s\n", what, got, expected,
                  same ? "" : "  DIFFERS");
    return !same;
}

struct figure {
    const char *keep;
    double f1;
};

static int expect_combinations(const struct el_labels *gold, const struct el_labels *sets, size_t n,
                               const struct figure *figures, size_t n_figures, bool complete) {
    int wrong = 0;
    for (size_t i = 0; i < n_figures; i++) {
        double got = combined_f1(gold, sets, n, figures[i].keep, complete);
        wrong += expect_figure(figures[i].keep, got, figures[i].f1);
    }
    return wrong;
}

static void free_sets(struct el_labels *sets, size_t n) {
    for (size_t i = 0; i < n; i++) {
        el_labels_free(&sets[i]);
    }
}

static void recorded(const char *relative, const char *const *models, size_t n_models,
                     const double *singles, size_t n_combined, const struct figure *figures,
                     size_t n_figures, bool complete) {
    const char *path = shared_path(relative);
    if (path == NULL) {
        skip();
    }
    print_message("%s\n", relative);
    struct el_labels gold, sets[MOST];
    struct el_error err = {0};
    if (!el_labels_read(path, NULL, true, &gold, &err) ||
        !el_labels_read_recorded(path, models, n_models, sets, &err)) {
        fail_msg("%s", err.message);
    }
    int wrong = expect_combinations(&gold, sets, n_combined, figures, n_figures, complete);
    for (size_t i = 0; i < n_models; i++) {
        double got = combined_f1(&gold, &sets[i], 1, "span:1", complete);
        wrong += expect_figure(models[i], got, singles[i]);
    }
    free_sets(sets, n_models);
    el_labels_free(&gold);
    assert_int_equal(wrong, 0);
}

static void fabner(void **state) {
    (void)state;
    const char *models[] = {"llama2chat7b", "llama2chat13b", "vicuna13b", "gpt3.5", "gpt4"};
    const double singles[] = {29.96, 38.13, 33.81, 34.60, 35.45};
    const struct figure figures[] = {{"span:1", 33.93},
                                     {"span:2", 37.01},
                                     {"span:3", 32.41},
                                     {"pair:2", 40.46},
                                     {"pair:3", 32.11}};
    recorded("replies/fabner-5-llms/replies.jsonl", models, 5, singles, 3, figures, COUNT(figures),
             false);
}

static void climate(void **state) {
    (void)state;
    const char *models[] = {"llama3.1-70b", "llama3.1-405b", "gpt-4o-mini", "gpt-4o",
                            "mistral-7b-v0.3"};
    const double singles[] = {38.45, 41.95, 36.99, 43.96, 25.48};
    const struct figure figures[] = {{"span:1", 33.13}, {"span:2", 43.44}, {"span:3", 47.33},
                                     {"span:4", 43.61}, {"pair:2", 45.39}, {"pair:3", 46.78}};
    recorded("replies/climate-5-llms/replies.jsonl", models, 5, singles, 5, figures, COUNT(figures),
             false);
}

static void masakhane(void **state) {
    (void)state;
    const char *models[] = {"afriberta", "afroxlmr", "mdeberta",
                            "rembert",   "xlmrbase", "xlmrlarge"};
    const double singles[] = {92.14, 92.45, 92.41, 92.21, 92.08, 92.81};
    const struct figure figures[] = {{"span:3", 93.31}, {"span:4", 93.35}, {"pair:4", 93.38}};
    recorded("replies/masakhane-6-systems/swa.jsonl", models, 6, singles, 6, figures,
             COUNT(figures), true);
}

static void wnut17(void **state) {
    (void)state;
    const char *names[] = {"uh_ritual", "spinningbytes", "sjtu_adapt", "arcada",
                           "flytxt",    "mic_cis",       "drexel_cci"};
    const double singles[] = {48.66, 41.33, 47.07, 45.52, 46.96, 43.38, 29.24};
    const struct figure figures[] = {{"span:1", 41.94}, {"span:2", 50.73}, {"span:3", 53.25},
                                     {"span:4", 52.18}, {"span:5", 48.79}, {"span:6", 42.13}};
    struct el_labels gold, sets[MOST] = {{{0}, NULL, NULL, 0, 0}};
    struct el_error err = {0};
    const char *path = shared_path("replies/wnut17-systems/gold.conll");
    if (path == NULL) {
        skip();
    }
    print_message("wnut17-systems\n");
    assert_true(el_labels_read(path, NULL, true, &gold, &err));
    assert_int_equal(gold.count, 643);
    int wrong = 0;
    for (size_t i = 0; i < COUNT(names); i++) {
        char relative[200];
        snprintf(relative, sizeof relative, "replies/wnut17-systems/%s.conll", names[i]);
        if (!el_labels_read(shared_path(relative), NULL, true, &sets[i], &err)) {
            fail_msg("%s", err.message);
        }
        wrong += expect_figure(names[i], f1(&gold, &sets[i]), singles[i]);
    }
    wrong += expect_combinations(&gold, sets, COUNT(names), figures, COUNT(figures), false);
    free_sets(sets, COUNT(names));
    el_labels_free(&gold);
    assert_int_equal(wrong, 0);
}

/* A file of our own, in all the shapes a line may have. */
static const char LINES[] =
    "{\"id\": \"x\", \"text\": \"Ω in Rome\", \"gold\": [{\"start\": 5, \"end\": 9, "
    "\"type\": \"LOC\"}], \"predictions\": {\"a\": {\"entities\": [{\"start\": 5, \"end\": 9, "
    "\"type\": \"LOC\"}]}, \"b\": [{\"start\": 5, \"end\": 9, \"type\": \"PER\"}]}}\n"
    "\n"
    "{\"id\": \"y\", \"tokens\": [\"New\", \"York\"], \"gold\": [], \"predictions\": {\"a\": "
    "{\"entities\": [{\"start\": 0, \"end\": 2, \"type\": \"LOC\"}]}}}\n";

static void write_file(char *path, const char *text) {
    int fd = mkstemps(path, 6);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void shapes(void **state) {
    (void)state;
    char path[] = "/tmp/el4ner-test-XXXXXX.jsonl";
    write_file(path, LINES);
    const char *models[] = {"a", "b"};
    struct el_labels sets[2], gold;
    struct el_error err = {0};
    assert_true(el_labels_read(path, NULL, true, &gold, &err));
    assert_int_equal(gold.count, 2);
    assert_int_equal(gold.items[0].entities[0].span.start, 6); /* Ω has two bytes */
    assert_true(el_labels_read_recorded(path, models, 2, sets, &err));
    assert_true(sets[0].items[1].answered);
    assert_false(sets[1].items[1].answered);
    assert_int_equal(sets[0].items[1].entities[0].span.end, 8);
    struct el_combine_options options = {.keep = {EL_KEEP_MAJORITY, 0}};
    struct el_labels combined;
    assert_true(el_combine_sets(sets, 2, &options, &combined, &err));
    assert_int_equal(combined.count, 2);
    assert_int_equal(combined.items[0].n_entities, 1);
    assert_string_equal(combined.items[0].entities[0].type, "LOC"); /* a tie: a is listed first */
    assert_int_equal(combined.items[1].n_entities, 1);              /* all that answered agree */
    el_labels_free(&combined);
    options.complete_only = true;
    assert_true(el_combine_sets(sets, 2, &options, &combined, &err));
    assert_int_equal(combined.count, 1);
    el_labels_free(&combined);
    free_sets(sets, 2);
    const char *unknown[] = {"a", "c"};
    assert_false(el_labels_read_recorded(path, unknown, 2, sets, &err));
    assert_non_null(strstr(err.message, "\"c\"; there are: a, b"));
    el_labels_free(&gold);
    unlink(path);
}

static void broken_lines(void **state) {
    (void)state;
    const char *broken[] = {
        "{\"gold\": [], \"text\": \"ab\"}\n{",
        "{\"gold\": [{\"start\": 1, \"end\": 3, \"type\": \"X\"}], \"text\": \"ab\"}\n",
        "{\"gold\": [{\"start\": 1, \"end\": 1, \"type\": \"X\"}], \"text\": \"ab\"}\n",
        "{\"gold\": [{\"start\": -1, \"end\": 1, \"type\": \"X\"}], \"text\": \"ab\"}\n",
        "{\"gold\": [{\"start\": 0, \"end\": 1, \"type\": 7}], \"text\": \"ab\"}\n",
        "{\"gold\": [{\"start\": 0, \"end\": 3, \"type\": \"X\"}], \"tokens\": [\"a\", \"b\"]}\n",
        "{\"gold\": [], \"tokens\": [\"a\", 7]}\n",
        "{\"gold\": []}\n",
        "{\"gold\": [], \"text\": \"ab\", \"offset_unit\": \"miles\"}\n",
    };
    for (size_t i = 0; i < COUNT(broken); i++) {
        char path[] = "/tmp/el4ner-test-XXXXXX.jsonl";
        struct el_labels labels;
        struct el_error err = {0};
        write_file(path, broken[i]);
        assert_false(el_labels_read(path, NULL, false, &labels, &err));
        assert_int_equal(err.code, EL_ERR_FORMAT);
        assert_non_null(strstr(err.message, ".jsonl:"));
        unlink(path);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes), cmocka_unit_test(broken_lines), cmocka_unit_test(wnut17),
        cmocka_unit_test(fabner), cmocka_unit_test(climate),      cmocka_unit_test(masakhane),
    };
    return cmocka_run_group_tests_name("combine", tests, NULL, NULL);
}

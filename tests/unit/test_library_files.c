/* Reading, writing, scoring and combining through the public header. */
#include "el4ner.h"
#include "scripted.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char LINES[] =
    "{\"id\": \"1\", \"text\": \"Anna Berg met Carlo.\", \"lang\": \"en\", \"source\": \"x\", "
    "\"entities\": [{\"start\": 0, \"end\": 9, \"type\": \"person\"}]}\n"
    "{\"id\": \"2\", \"text\": \"Zo\xc3\xab came.\", \"entities\": []}\n";

static el4ner_reader *open_bytes(const char *bytes, const struct el4ner_read_options *options) {
    struct el4ner_error error;
    el4ner_reader *reader =
        el4ner_reader_open_bytes(bytes, strlen(bytes), "bytes", options, &error);
    if (reader == NULL) {
        fail_msg("%s", error.message);
    }
    return reader;
}

static el4ner_writer *to_memory(const char *format) {
    struct el4ner_error error;
    struct el4ner_write_options options = {.size = sizeof options, .format = format};
    el4ner_writer *writer = el4ner_writer_open(NULL, &options, &error);
    if (writer == NULL) {
        fail_msg("%s", error.message);
    }
    return writer;
}

static void documents_are_read_and_written(void **state) {
    (void)state;
    struct el4ner_error error;
    el4ner_reader *reader = open_bytes(LINES, NULL);
    el4ner_writer *writer = to_memory("conll");
    el4ner_result *first = el4ner_read(reader, &error), *second = el4ner_read(reader, &error);
    assert_non_null(first);
    assert_non_null(second);
    assert_null(el4ner_read(reader, &error));
    assert_int_equal(error.code, EL4NER_OK);
    el4ner_reader_close(reader);
    assert_string_equal(el4ner_result_id(first), "1");
    assert_string_equal(el4ner_result_lang(first), "en");
    assert_null(el4ner_result_lang(second));
    assert_true(el4ner_result_labelled(second));
    assert_int_equal(el4ner_count(first), 1);
    assert_string_equal(el4ner_get(first, 0)->text, "Anna Berg");
    assert_null(el4ner_get(first, 0)->evidence);
    assert_true(el4ner_write(writer, first, &error));
    size_t length;
    const char *bytes = el4ner_writer_bytes(writer, &length);
    assert_int_equal(strlen(bytes), length);
    assert_non_null(strstr(bytes, "Anna\tB-person\nBerg\tI-person\n"));
    el4ner_writer_bytes(writer, &length);
    assert_int_equal(length, 0);
    assert_true(el4ner_write(writer, second, &error));
    bytes = el4ner_writer_bytes(writer, &length);
    assert_null(strstr(bytes, "Anna"));
    assert_non_null(strstr(bytes, "Zo\xc3\xab\tO\n"));
    assert_true(el4ner_writer_finish(writer, &error));
    assert_false(el4ner_write(writer, second, &error));
    assert_int_equal(error.code, EL4NER_ERROR_CONFIG);
    el4ner_writer_close(writer);
    el4ner_result_free(first);
    el4ner_result_free(second);
}

static void broken_lines_cost_themselves(void **state) {
    (void)state;
    struct el4ner_error error;
    el4ner_reader *reader =
        open_bytes("{\"text\": \"a\"}\n{\"text\": 7}\n{\"text\": \"c\"}\n", NULL);
    el4ner_result_free(el4ner_read(reader, &error));
    assert_null(el4ner_read(reader, &error));
    assert_int_equal(error.code, EL4NER_ERROR_FORMAT);
    assert_non_null(strstr(error.message, "bytes:2"));
    el4ner_result *third = el4ner_read(reader, &error);
    assert_non_null(third);
    assert_string_equal(el4ner_result_text(third, NULL), "c");
    el4ner_result_free(third);
    el4ner_reader_close(reader);
}

static void options_are_checked(void **state) {
    (void)state;
    struct el4ner_error error;
    struct el4ner_read_options read = {.format = "wordperfect"};
    assert_null(el4ner_reader_open_bytes("", 0, NULL, &read, &error));
    assert_non_null(strstr(error.message, "format must be one of text, jsonl"));
    read = (struct el4ner_read_options){.scheme = "iob7"};
    assert_null(el4ner_reader_open_bytes("", 0, NULL, &read, &error));
    assert_non_null(strstr(error.message, "scheme must be one of auto, iob1, iob2, bioes"));
    assert_null(el4ner_reader_open("no/such/file.jsonl", NULL, &error));
    assert_non_null(strstr(error.message, "no/such/file.jsonl"));
    struct el4ner_write_options write = {.format = "brat"};
    assert_null(el4ner_writer_open(NULL, &write, &error));
    assert_non_null(strstr(error.message, "give a path"));
    write = (struct el4ner_write_options){.offsets = "miles"};
    assert_null(el4ner_writer_open(NULL, &write, &error));
    assert_null(el4ner_writer_open("no/such/folder/x.jsonl", NULL, &error));
    el4ner_reader *reader = open_bytes("", &(struct el4ner_read_options){.format = "jsonl"});
    assert_null(el4ner_read(reader, &error));
    assert_int_equal(error.code, EL4NER_ERROR_FORMAT);
    assert_non_null(strstr(error.message, "empty"));
    el4ner_reader_close(reader);
}

/* A file appears when it is whole. */
static void files_are_written(void **state) {
    (void)state;
    char folder[] = "/tmp/el4ner-test-XXXXXX", path[64], read[256] = "";
    struct el4ner_error error;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/out.jsonl.gz", folder);
    for (int whole = 0; whole < 2; whole++) {
        el4ner_reader *reader = open_bytes(LINES, NULL);
        el4ner_writer *writer = el4ner_writer_open(path, NULL, &error);
        assert_non_null(writer);
        el4ner_result *document = el4ner_read(reader, &error);
        assert_true(el4ner_write(writer, document, &error));
        assert_true(!whole || el4ner_writer_finish(writer, &error));
        el4ner_writer_close(writer);
        el4ner_result_free(document);
        el4ner_reader_close(reader);
        assert_int_equal(access(path, F_OK) == 0, whole);
    }
    el4ner_reader *reader = el4ner_reader_open(path, NULL, &error);
    el4ner_result *document = el4ner_read(reader, &error);
    assert_non_null(document);
    snprintf(read, sizeof read, "%s", el4ner_result_text(document, NULL));
    assert_string_equal(read, "Anna Berg met Carlo.");
    el4ner_result_free(document);
    el4ner_reader_close(reader);
    unlink(path);
    rmdir(folder);
}

/* Other fields of a document come back, its labels do not. */
static void documents_are_tagged(void **state) {
    (void)state;
    char yaml[512];
    struct el4ner_error error;
    struct scripted server = scripted_start("");
    int n = snprintf(yaml, sizeof yaml,
                     "types: [place]\nmembers: [{name: a, url: \"%s\", prompts: compact}]\n",
                     server.url);
    el4ner *engine = el4ner_open_yaml(yaml, (size_t)n, NULL, &error);
    assert_non_null(engine);
    el4ner_reader *reader = open_bytes(LINES, NULL);
    el4ner_result *document = el4ner_read(reader, &error);
    assert_non_null(document);
    assert_int_not_equal(el4ner_submit_document(engine, document, reader, NULL, &error), 0);
    el4ner_result *result = el4ner_next(engine, -1, &error);
    assert_non_null(result);
    assert_ptr_equal(el4ner_result_user(result), reader);
    assert_string_equal(el4ner_result_id(result), "1");
    assert_true(el4ner_count(result) > 0);
    el4ner_close(engine);
    scripted_stop(&server);
    el4ner_writer *writer = to_memory("jsonl");
    assert_true(el4ner_write(writer, result, &error));
    assert_true(el4ner_writer_finish(writer, &error));
    size_t length;
    const char *bytes = el4ner_writer_bytes(writer, &length);
    assert_non_null(strstr(bytes, "\"source\": \"x\""));
    assert_non_null(strstr(bytes, "\"place\""));
    assert_non_null(strstr(bytes, "\"abstained\""));
    assert_null(strstr(bytes, "\"person\""));
    /* One that was read and not tagged goes with others of its kind. */
    el4ner_result *other = el4ner_read(reader, &error);
    el4ner_writer_close(writer);
    writer = to_memory("jsonl");
    assert_true(el4ner_write(writer, result, &error));
    assert_false(el4ner_write(writer, other, &error));
    assert_non_null(strstr(error.message, "use another writer"));
    el4ner_writer_close(writer);
    el4ner_result_free(other);
    el4ner_result_free(result);
    el4ner_reader_close(reader);
}

static el4ner *open_without_members(const struct el4ner_options *options) {
    static const char yaml[] = "judge: labels\n";
    struct el4ner_error error;
    el4ner *engine = el4ner_open_yaml(yaml, strlen(yaml), options, &error);
    if (engine == NULL) {
        fail_msg("%s", error.message);
    }
    return engine;
}

static void a_document_that_is_given_up_has_no_entities(void **state) {
    (void)state;
    struct el4ner_error error;
    el4ner *engine = open_without_members(NULL);
    el4ner_reader *reader = open_bytes(LINES, NULL);
    el4ner_result *document = el4ner_read(reader, &error);
    assert_int_equal(el4ner_count(document), 1);
    uint64_t number = el4ner_submit_document(engine, document, NULL, NULL, &error);
    el4ner_cancel(engine, number);
    el4ner_result *result = el4ner_next(engine, -1, &error);
    assert_int_equal(el4ner_result_status(result), EL4NER_CANCELLED);
    assert_int_equal(el4ner_count(result), 0);
    assert_false(el4ner_result_labelled(result));
    el4ner_result_free(result);
    el4ner_reader_close(reader);
    el4ner_close(engine);
}

static void a_document_that_is_not_taken_stays_as_it_was(void **state) {
    (void)state;
    struct el4ner_error error;
    const struct el4ner_options options = {.size = sizeof options, .most_texts = 1};
    const struct el4ner_request wanted = {.id = "other", .lang = "de"},
                                wrong = {.id = "other", .seconds = -1};
    el4ner *engine = open_without_members(&options);
    el4ner_reader *reader = open_bytes(LINES, NULL);
    el4ner_result *document = el4ner_read(reader, &error);
    assert_int_not_equal(el4ner_submit(engine, "Anna", 4, NULL, NULL, &error), 0);
    assert_int_equal(el4ner_submit_document(engine, document, NULL, &wrong, &error), 0);
    assert_int_equal(error.code, EL4NER_ERROR_CONFIG);
    assert_int_equal(el4ner_submit_document(engine, document, NULL, &wanted, &error), 0);
    assert_int_equal(error.code, EL4NER_ERROR_FULL);
    assert_string_equal(el4ner_result_id(document), "1");
    assert_string_equal(el4ner_result_lang(document), "en");
    assert_int_equal(el4ner_count(document), 1);
    el4ner_result_free(document);
    el4ner_reader_close(reader);
    el4ner_close(engine);
}

/* ---- sets ---- */

static el4ner_set *set_of(const char *name, const char *lines) {
    struct el4ner_error error;
    el4ner_set *set = el4ner_set_new(name, &error);
    el4ner_reader *reader = open_bytes(lines, NULL);
    el4ner_result *document;
    assert_non_null(set);
    while ((document = el4ner_read(reader, &error)) != NULL) {
        assert_true(el4ner_set_add(set, document, &error));
        el4ner_result_free(document);
    }
    assert_int_equal(error.code, EL4NER_OK);
    el4ner_reader_close(reader);
    return set;
}

#define LINE(id, entities)                                                                         \
    "{\"id\": \"" id "\", \"text\": \"Anna met Bob.\", \"entities\": [" entities "]}\n"
#define ANNA(type) "{\"start\": 0, \"end\": 4, \"type\": \"" type "\"}"
#define BOB(type) "{\"start\": 9, \"end\": 12, \"type\": \"" type "\"}"

static void sets_are_scored(void **state) {
    (void)state;
    struct el4ner_error error;
    el4ner_set *gold =
        set_of("gold", LINE("1", ANNA("person") ", " BOB("person")) LINE("2", ANNA("person")));
    el4ner_set *good = set_of("good", LINE("2", ANNA("person")) LINE("1", ANNA("person")));
    el4ner_set *bad = set_of("bad", LINE("1", ANNA("place")) LINE("2", ""));
    struct el4ner_score_options options = {.samples = 100, .seed = 1};
    el4ner_scores *a = el4ner_score_sets(gold, good, &options, &error);
    el4ner_scores *b = el4ner_score_sets(gold, bad, NULL, &error);
    assert_non_null(a);
    assert_non_null(b);
    const struct el4ner_score *micro = el4ner_get_score(a, EL4NER_OVERALL, 0);
    assert_string_equal(micro->name, "micro");
    assert_int_equal(micro->gold, 3);
    assert_int_equal(micro->correct, 2);
    assert_true(fabs(micro->recall - 2.0 / 3) < 1e-9);
    assert_true(micro->f1_low <= micro->f1 && micro->f1 <= micro->f1_high);
    assert_string_equal(el4ner_get_score(a, EL4NER_OVERALL, 1)->name, "macro");
    assert_null(el4ner_get_score(a, EL4NER_OVERALL, 2));
    assert_string_equal(el4ner_get_score(b, EL4NER_BY_TYPE, 1)->name, "place");
    assert_null(el4ner_get_score(b, EL4NER_BY_TYPE, 2));
    assert_int_equal(el4ner_get_score(a, EL4NER_BY_LENGTH, 0)->gold, 3);
    assert_true(isnan(el4ner_get_score(b, EL4NER_OVERALL, 0)->f1_low));
    assert_true(isnan(el4ner_accuracy(a)));
    double difference, p = el4ner_compare(a, b, 200, 1, &difference, &error);
    assert_true(fabs(difference - 0.8) < 1e-9);
    assert_true(p > 0 && p <= 1);
    assert_true(el4ner_compare(a, b, 0, 1, NULL, &error) < 0);
    options.match = "loose";
    assert_null(el4ner_score_sets(gold, good, &options, &error));
    assert_non_null(strstr(error.message, "match must be strict"));
    el4ner_set *other = set_of("other", LINE("7", "") LINE("8", "") LINE("9", ""));
    assert_null(el4ner_score_sets(gold, other, NULL, &error));
    assert_non_null(strstr(error.message, "other"));
    el4ner_scores_free(a);
    el4ner_scores_free(b);
    el4ner_set_free(gold);
    el4ner_set_free(good);
    el4ner_set_free(bad);
    el4ner_set_free(other);
}

/* What the set that was read second lacks is there as a document without labels. */
static void sets_with_documents_in_common_are_scored(void **state) {
    (void)state;
    struct el4ner_error error;
    el4ner_set *gold = set_of("gold", LINE("1", ANNA("person")) LINE("2", ANNA("person")));
    el4ner_set *some = set_of("some", LINE("7", "") LINE("2", ANNA("person") ", " BOB("person")));
    const struct el4ner_score_options common = {.common = true};
    for (int again = 0; again < 2; again++) {
        el4ner_scores *scores = el4ner_score_sets(gold, some, &common, &error);
        if (scores == NULL) {
            fail_msg("%s", error.message);
        }
        assert_int_equal(el4ner_get_score(scores, EL4NER_OVERALL, 0)->gold, 1);
        assert_int_equal(el4ner_get_score(scores, EL4NER_OVERALL, 0)->predicted, 2);
        el4ner_scores_free(scores);
    }
    assert_null(el4ner_score_sets(gold, some, NULL, &error));
    assert_non_null(strstr(error.message, "has no document \"1\""));
    el4ner_set_free(gold);
    assert_int_equal(el4ner_set_count(some), 2);
    el4ner_result *lacking = el4ner_set_get(some, 0, &error);
    assert_non_null(lacking);
    assert_string_equal(el4ner_result_id(lacking), "1");
    assert_string_equal(el4ner_result_text(lacking, NULL), "Anna met Bob.");
    assert_false(el4ner_result_labelled(lacking));
    el4ner_result_free(lacking);
    el4ner_set_free(some);
}

static void only_the_same_documents_are_compared(void **state) {
    (void)state;
    struct el4ner_error error;
    el4ner_set *gold = set_of("gold", LINE("1", ANNA("person")) LINE("2", ANNA("person")));
    el4ner_set *first = set_of("first", LINE("1", ANNA("person")));
    el4ner_set *second = set_of("second", LINE("2", ANNA("person")));
    const struct el4ner_score_options common = {.common = true};
    el4ner_scores *a = el4ner_score_sets(gold, first, &common, &error);
    el4ner_scores *b = el4ner_score_sets(gold, second, &common, &error);
    assert_non_null(a);
    assert_non_null(b);
    assert_true(el4ner_compare(a, a, 10, 1, NULL, &error) > 0);
    assert_true(el4ner_compare(a, b, 10, 1, NULL, &error) < 0);
    assert_non_null(strstr(error.message, "the same documents"));
    el4ner_scores_free(a);
    el4ner_scores_free(b);
    el4ner_set_free(gold);
    el4ner_set_free(first);
    el4ner_set_free(second);
}

/* Tokens may be joined to texts in two ways; then the second set takes over the text of the first,
 * as a copy. */
static void sets_outlive_each_other(void **state) {
    (void)state;
#define TOKENS "\"id\": \"x\", \"tokens\": [\"Anna\", \"met\", \"Bob\", \".\"], "
    static const char gold_lines[] =
        "{" TOKENS "\"entities\": [{\"start\": 2, \"end\": 3, \"type\": \"person\"}]}\n";
    static const char lines[] = "{" TOKENS "\"text\": \"Anna met Bob.\", \"offset_unit\": "
                                "\"codepoint\", \"entities\": [" BOB("person") "]}\n";
    struct el4ner_error error;
    el4ner_set *gold = set_of("gold", gold_lines), *other = set_of("other", lines);
    el4ner_scores *scores = el4ner_score_sets(gold, other, NULL, &error);
    if (scores == NULL) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(el4ner_get_score(scores, EL4NER_OVERALL, 0)->correct, 1);
    el4ner_scores_free(scores);
    el4ner_set_free(gold);
    el4ner_result *moved = el4ner_set_get(other, 0, &error);
    assert_non_null(moved);
    assert_string_equal(el4ner_result_text(moved, NULL), "Anna met Bob .");
    assert_string_equal(el4ner_get(moved, 0)->text, "Bob");
    el4ner_result_free(moved);
    el4ner_set_free(other);
}

static void sets_are_combined(void **state) {
    (void)state;
    struct el4ner_error error;
    el4ner_set *sets[] = {set_of("a", LINE("1", ANNA("person"))),
                          set_of("b", LINE("1", ANNA("person") ", " BOB("person"))),
                          set_of("c", LINE("1", ANNA("place")))};
    static const char *const names[] = {"one", "two", "three"};
    struct el4ner_combine_options options = {.keep = "most"};
    assert_null(el4ner_combine(sets, names, 3, &options, &error));
    assert_null(el4ner_combine(sets, names, 0, NULL, &error));
    options.keep = "span:2";
    el4ner_set *combined = el4ner_combine(sets, names, 3, &options, &error);
    assert_non_null(combined);
    assert_int_equal(el4ner_set_count(combined), 1);
    for (size_t i = 0; i < 3; i++) {
        el4ner_set_free(sets[i]);
    }
    el4ner_result *result = el4ner_set_get(combined, 0, &error);
    assert_non_null(result);
    assert_null(el4ner_set_get(combined, 1, &error));
    assert_int_equal(error.code, EL4NER_OK);
    el4ner_set_free(combined);
    assert_int_equal(el4ner_count(result), 1);
    assert_string_equal(el4ner_get(result, 0)->type, "person");
    assert_string_equal(el4ner_evidence(result, 0, 0, 2), "three");
    assert_string_equal(el4ner_evidence(result, 0, 1, 1), "two");
    assert_null(el4ner_evidence(result, 0, 1, 2));
    el4ner_writer *writer = to_memory("jsonl");
    assert_true(el4ner_write(writer, result, &error));
    size_t length;
    assert_non_null(strstr(el4ner_writer_bytes(writer, &length), "\"three\""));
    el4ner_writer_close(writer);
    el4ner_result_free(result);
}

/* ---- pools and tuning ---- */

static void write_lines(const char *path) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 40; i++) {
        fprintf(file,
                "{\"text\": \"Anna%d met Bob in town.\", \"entities\": [{\"start\": 0, "
                "\"end\": %d, \"type\": \"%s\"}]}\n",
                i, i < 10 ? 5 : 6, i % 2 == 0 ? "person" : "place");
    }
    fclose(file);
}

/* How many entities are of a type that nobody voted for. */
static size_t outvoted(const el4ner_result *result) {
    size_t count = 0;
    for (size_t i = 0; i < el4ner_count(result); i++) {
        const struct el4ner_entity *entity = el4ner_get(result, i);
        size_t n = 0;
        for (size_t v = 0; v < entity->evidence->n_votes; v++) {
            const struct el4ner_vote *vote = entity->evidence->votes[v];
            if (strcmp(vote->type, entity->type) == 0) {
                const char *member = el4ner_evidence(result, i, 1, n++);
                assert_non_null(member);
                assert_string_equal(member, vote->member);
            }
        }
        assert_null(el4ner_evidence(result, i, 1, n));
        count += n == 0;
    }
    return count;
}

/* A judgement may go against the votes. Whatever the member votes for, one of the pools does. */
static void votes_are_those_for_the_type(void **state) {
    (void)state;
    struct scripted server = scripted_start("");
    struct el4ner_request request = {.evidence = true};
    struct el4ner_error error;
    size_t count = 0;
    for (int label = 0; label < 2; label++) {
        char path[] = "/tmp/el4ner-test-XXXXXX.jsonl", yaml[512];
        int fd = mkstemps(path, 6);
        FILE *file = fdopen(fd, "w");
        assert_non_null(file);
        for (int i = 0; i < 40; i++) {
            fprintf(
                file,
                "{\"text\": \"Anna saw Bonn %d times.\", \"entities\": [{\"start\": 0, \"end\": "
                "4, \"type\": \"%s\"}, {\"start\": 9, \"end\": 13, \"type\": \"%s\"}]}\n",
                i, label == 0 ? "person" : "place", label == 0 ? "place" : "person");
        }
        fclose(file);
        int n = snprintf(yaml, sizeof yaml,
                         "types: [person, place]\npool: %s\n"
                         "members: [{name: a, url: \"%s\", prompts: compact}]\n",
                         path, server.url);
        el4ner *engine = el4ner_open_yaml(yaml, (size_t)n, NULL, &error);
        assert_non_null(engine);
        el4ner_result *result = el4ner_tag_with(engine, "Anna saw Bonn.", 14, &request, &error);
        assert_non_null(result);
        count += outvoted(result);
        el4ner_result_free(result);
        el4ner_close(engine);
        unlink(path);
    }
    scripted_stop(&server);
    assert_int_equal(count, 2);
}

static void pools_are_built_searched_and_tuned_to(void **state) {
    (void)state;
    char folder[] = "/tmp/el4ner-test-XXXXXX", lines[64], pool[64], yaml[512];
    struct el4ner_error error;
    assert_non_null(mkdtemp(folder));
    snprintf(lines, sizeof lines, "%s/lines.jsonl", folder);
    snprintf(pool, sizeof pool, "%s/pool.el4", folder);
    write_lines(lines);
    const char *inputs[] = {lines};
    assert_true(el4ner_pool_build(inputs, 1, pool, NULL, &error));
    struct el4ner_pool_options options = {.extend = pool};
    assert_true(el4ner_pool_build(inputs, 1, pool, &options, &error));
    assert_false(el4ner_pool_build(NULL, 0, pool, NULL, &error));
    assert_int_equal(error.code, EL4NER_ERROR_CONFIG);

    struct scripted server = scripted_start("");
    int n = snprintf(yaml, sizeof yaml,
                     "types: [person, place]\npool: %s\n"
                     "members:\n  - {name: a, url: \"%s\", prompts: compact}\n"
                     "  - {name: b, url: \"%s\", prompts: compact}\n",
                     pool, server.url, server.url);
    el4ner *engine = el4ner_open_yaml(yaml, (size_t)n, NULL, &error);
    assert_non_null(engine);
    static const char *const spans[] = {"Anna12"};
    el4ner_demonstrations *found =
        el4ner_search(engine, "Anna12 met him.", 15, spans, 1, 3, &error);
    assert_non_null(found);
    assert_string_equal(el4ner_get_demonstration(found, 0)->text, "Anna12 met Bob in town.");
    assert_non_null(el4ner_get_demonstration(found, 2));
    assert_null(el4ner_get_demonstration(found, 3));
    el4ner_demonstrations_free(found);

    struct el4ner_tuning tuning = {.size = sizeof tuning};
    struct el4ner_tune_options how = {.sentences = 40};
    assert_int_not_equal(el4ner_submit(engine, "Anna", 4, NULL, NULL, &error), 0);
    assert_false(el4ner_tune(engine, &how, &tuning, &error));
    assert_non_null(strstr(error.message, "take their results first"));
    el4ner_result_free(el4ner_next(engine, -1, &error));
    struct el4ner_tune_options few = {.sentences = 2};
    assert_true(el4ner_tune(engine, &few, &tuning, &error));
    assert_false(tuning.fitted);
    char *unchanged = el4ner_config(engine, false, &error);
    assert_non_null(strstr(unchanged, "k: auto"));
    assert_non_null(strstr(unchanged, "some: auto"));
    el4ner_text_free(unchanged);
    assert_true(el4ner_tune(engine, &how, &tuning, &error));
    assert_int_equal(tuning.sentences, 40);
    assert_int_equal(tuning.mentions, 40);
    assert_true(tuning.candidates > 0);
    el4ner_result *result = el4ner_tag(engine, "Anna met Bob.", 13, &error);
    assert_non_null(result);
    el4ner_result_free(result);
    for (int tuned = 0; tuned < 2; tuned++) {
        char *text = el4ner_config(engine, tuned, &error);
        assert_non_null(text);
        assert_true((strstr(text, "judge:") != NULL) == tuning.fitted);
        assert_true(tuned || strstr(text, server.url) != NULL);
        el4ner_text_free(text);
    }
    el4ner_close(engine);
    scripted_stop(&server);
    unlink(pool);
    unlink(lines);
    rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_read_and_written),
        cmocka_unit_test(broken_lines_cost_themselves),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(files_are_written),
        cmocka_unit_test(documents_are_tagged),
        cmocka_unit_test(a_document_that_is_given_up_has_no_entities),
        cmocka_unit_test(a_document_that_is_not_taken_stays_as_it_was),
        cmocka_unit_test(sets_are_scored),
        cmocka_unit_test(sets_with_documents_in_common_are_scored),
        cmocka_unit_test(only_the_same_documents_are_compared),
        cmocka_unit_test(sets_outlive_each_other),
        cmocka_unit_test(sets_are_combined),
        cmocka_unit_test(votes_are_those_for_the_type),
        cmocka_unit_test(pools_are_built_searched_and_tuned_to),
    };
    return cmocka_run_group_tests_name("library files", tests, NULL, NULL);
}

/* Reading, writing, scoring and combining through the public header. */
#include "el4ner.h"
#include "scripted.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_read_and_written),
        cmocka_unit_test(broken_lines_cost_themselves),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(files_are_written),
        cmocka_unit_test(documents_are_tagged),
    };
    return cmocka_run_group_tests_name("library files", tests, NULL, NULL);
}

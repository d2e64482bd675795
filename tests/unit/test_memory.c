/* Memory that runs out: the n-th allocation fails, alone or with all after it, for every n until
 * none does. Nothing breaks, and what is not reported as an error is the whole result. Each first
 * runs without failures, since what ICU loads once stays failed for good if it fails. Left out
 * under sanitizers, whose allocator cannot be stood in for. */
#include "corpus/align.h"
#include "corpus/format.h"
#include "language/segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static long countdown = -1; /* allocations until one fails; -1 = never; 0 = it came to that */
static bool only_one;       /* later ones succeed again */
static bool ran_through;    /* there were fewer allocations than that */

#if !SANITIZED
static bool fails(void) {
    if (countdown > 0 && --countdown == 0) {
        return true;
    }
    return countdown == 0 && !only_one;
}

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

/* Visible, so that libraries call them too. */
#pragma GCC visibility push(default)
void *malloc(size_t size) {
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    return fails() ? NULL : __libc_realloc(memory, size);
}
#pragma GCC visibility pop
#endif

static const struct {
    enum el_format format;
    const char *text;
} inputs[] = {
    {EL_FORMAT_TEXT, "Ada sleeps. Bob\ndreams of Oslo."},
    {EL_FORMAT_JSONL,
     "{\"text\": \"Ada \xC3\xBC\", \"tokens\": [\"Ada\", \"\xC3\xBC\"], \"x\": [1], "
     "\"entities\": [{\"start\": 0, \"end\": 1, \"type\": \"P\", \"y\": 1}]}\n"},
    {EL_FORMAT_CONLL, "Ada NNP B-P\nsleeps VBZ O\n\nBob NNP S-P\n"},
    {EL_FORMAT_CONLLU, "# global.columns = ID FORM UPOS NER\n# sent_id = a\n# text = Ada\n"
                       "1\tAda\tX\tB-P\n"},
    {EL_FORMAT_DOCCANO, "{\"text\": \"Ada\", \"label\": [[0, 3, \"P\"]]}\n"},
    {EL_FORMAT_SPACY, "{\"text\": \"Ada\", \"tokens\": [{\"start\": 0, \"end\": 3}], \"spans\": "
                      "[{\"start\": 0, \"end\": 3, \"label\": \"P\"}]}\n"},
    {EL_FORMAT_LABELSTUDIO, "[{\"data\": {\"text\": \"Ada\"}, \"annotations\": [{\"result\": "
                            "[{\"value\": {\"start\": 0, \"end\": 3, \"labels\": [\"P\"]}}]}]}]"},
    {EL_FORMAT_NESTED, "{\"sentences\": [[\"Ada\"], [\"Bo\"]], \"ner\": [[[0, 0, \"P\"]], []]}\n"},
    {EL_FORMAT_CONLLU, "1\tBank\t_\t_\t_\t_\t_\t_\t_\tEntity=(o-1(p-2)|NE=B-P\n"
                       "2\tOslo\t_\t_\t_\t_\t_\t_\t_\tEntity=o-1)\n"},
    {EL_FORMAT_JSONL, "{\"tokens\": [\"Ada\"], \"ner_tags\": [\"B-P\"]}\n"},
    {EL_FORMAT_CSV, "id,x,text,entities\n1,y,\"Ada\n\"\"Bo\"\"\",\"[[0, 3, \"\"P\"\"]]\"\n"},
    {EL_FORMAT_SPACY, "[[\"Ada\", {\"entities\": [[0, 3, \"P\"]]}]]"},
    {EL_FORMAT_WEBANNO, "#T_SP=x.NamedEntity|value\n#Text=Ada\n1-1\t0-3\tAda\tP[1]\n"},
};

/* True if all went well; false if an error was told. */
static bool convert(size_t number, enum el_format to, FILE *from, FILE *sink) {
    struct el_read_options read = {.format = inputs[number].format, .keep_tags = true};
    struct el_write_options write = {.format = to, .flat = true, .unit = EL_UNIT_TOKEN};
    struct el_reader *reader;
    struct el_writer *writer;
    struct el_document *document;
    struct el_error err = {0};
    bool good = true;
    int got;
    if (!el_reader_open_file(from, "in", &read, &reader, &err)) {
        return false;
    }
    if (!el_writer_open(sink, &write, &writer, &err)) {
        el_reader_close(reader);
        return false;
    }
    while ((got = el_reader_next(reader, &document, &err)) != 0) {
        good = got == 1 && el_writer_write(writer, document, &err) && good;
        if (got == 1) {
            el_document_free(document);
        }
    }
    good = el_writer_close(writer, &err) && good;
    el_reader_close(reader);
    return good;
}

/* The conversion with the n-th allocation failing; true if it said that all went well. What came
 * out is left in `out`. */
static bool convert_failing(size_t number, enum el_format to, long n, char *out, size_t size) {
    char *text = strdup(inputs[number].text);
    FILE *from = fmemopen(text, strlen(text), "rb"), *sink = fmemopen(out, size, "wb");
    assert_true(text != NULL && from != NULL && sink != NULL);
    memset(out, 0, size);
    setvbuf(sink, NULL, _IONBF, 0); /* no allocation by the stream */
    countdown = n > 0 ? n : -1;
    bool good = convert(number, to, from, sink);
    ran_through = countdown > 0;
    countdown = -1;
    fclose(from);
    fclose(sink);
    free(text);
    return good;
}

static void check_conversion(size_t number, enum el_format to) {
    static char reference[1 << 16], out[1 << 16];
    assert_true(convert_failing(number, to, 0, reference, sizeof reference));
    ran_through = false;
    for (long n = 1; !ran_through; n++) {
        assert_true(n < 5000);
        if (convert_failing(number, to, n, out, sizeof out)) {
            assert_string_equal(out, reference);
        }
    }
}

static void readers_and_writers(void **state) {
    (void)state;
    if (SANITIZED) {
        skip();
    }
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        for (enum el_format to = EL_FORMAT_TEXT; to < EL_FORMATS; to++) {
            if (el_format_can_write(to) && !el_format_is_folder(to)) {
                only_one = true;
                check_conversion(i, to);
                only_one = false;
                check_conversion(i, to);
            }
        }
    }
}

static void grounding_and_segmentation(void **state) {
    (void)state;
    if (SANITIZED) {
        skip();
    }
    static const char text[] = "Dr. Ada \xC3\x9C. sleeps\nin   Oslo. She dreams.";
    bool good = false;
    only_one = true;
    for (long n = 0; !good; n++) {
        struct el_arena arena = {0};
        struct el_alignment alignment;
        struct el_spans spans;
        struct el_error err = {0};
        size_t len;
        assert_true(n < 5000);
        countdown = n > 0 ? n : -1;
        good = el_align(&arena, text, sizeof text - 1, "IN oslo", 7, false, &alignment) &&
               el_segment_sentences(&arena, text, sizeof text - 1, "de", &spans, &err) &&
               el_segment_words(&arena, text, sizeof text - 1, NULL, &spans, &err) &&
               el_text_fold(&arena, text, sizeof text - 1, true, &len) != NULL && countdown > 0;
        countdown = -1;
        el_arena_free(&arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_and_writers),
        cmocka_unit_test(grounding_and_segmentation),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}

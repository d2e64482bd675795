/* What is written in one format and read again is the same: entities, text and tokens, as far as
 * the format holds them. Over texts of all kinds below, and over the development sets of a folder
 * with data where there is one (EL4NER_SHARED, else ../shared): the first 100 documents of each, or
 * all with EL4NER_EXHAUSTIVE=1. */
#include "corpus/format.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* What a format holds. */
struct way {
    enum el_format format;
    bool flat;   /* no overlaps */
    bool tokens; /* borders of tokens */
    bool ids;
    bool text; /* as it was; otherwise the tokens joined */
};

static const struct way ways[] = {
    {EL_FORMAT_JSONL, false, true, true, true},   {EL_FORMAT_CONLL, true, true, false, false},
    {EL_FORMAT_CONLLU, true, true, true, true},   {EL_FORMAT_DOCCANO, false, false, true, true},
    {EL_FORMAT_SPACY, false, true, true, true},   {EL_FORMAT_LABELSTUDIO, false, false, true, true},
    {EL_FORMAT_NESTED, false, true, true, false}, {EL_FORMAT_WEBANNO, false, true, false, true},
    {EL_FORMAT_BRAT, false, false, false, true}, /* ids become file names */
};

static struct el_reader *open_reader(const char *path, enum el_format format) {
    struct el_read_options options = {.format = format};
    struct el_reader *reader;
    struct el_error err = {0};
    if (!el_reader_open(path, &options, &reader, &err)) {
        fail_msg("%s", err.message);
    }
    return reader;
}

static struct el_document *next(struct el_reader *reader) {
    struct el_document *document = NULL;
    struct el_error err = {0};
    if (el_reader_next(reader, &document, &err) == -1) {
        fail_msg("%s", err.message);
    }
    return document;
}

static void write_all(const char *from, const struct way *way, enum el_unit unit, size_t limit,
                      const char *path) {
    struct el_write_options options = {
        .format = way->format, .flat = way->flat, .unit = unit, .path = path};
    FILE *file = el_format_is_folder(way->format) ? NULL : fopen(path, "wb");
    struct el_reader *reader = open_reader(from, EL_FORMAT_JSONL);
    struct el_writer *writer;
    struct el_document *document;
    struct el_error err = {0};
    assert_true(el_writer_open(file, &options, &writer, &err));
    for (size_t i = 0; i < limit && (document = next(reader)) != NULL; i++) {
        if (!el_writer_write(writer, document, &err)) {
            fail_msg("%s", err.message);
        }
        el_document_free(document);
    }
    assert_true(el_writer_close(writer, &err));
    el_reader_close(reader);
    if (file != NULL) {
        fclose(file);
    }
}

/* Positions in tokens, where the text may be joined anew; else in bytes. */
static struct el_span place(const struct way *way, const struct el_document *document,
                            const struct el_entity *entity) {
    if (way->text) {
        return entity->span;
    }
    struct el_span range = {0, 0};
    bool exact = false;
    assert_true(el_tokens_cover(document->tokens, document->n_tokens, entity->span, &range.start,
                                &range.end, &exact));
    assert_true(exact);
    return range;
}

static void compare_tokens(const struct el_document *a, const struct el_document *b) {
    assert_int_equal(a->n_tokens, b->n_tokens);
    for (size_t i = 0; i < a->n_tokens; i++) {
        size_t len = a->tokens[i].end - a->tokens[i].start;
        assert_int_equal(b->tokens[i].end - b->tokens[i].start, len);
        assert_memory_equal(a->text + a->tokens[i].start, b->text + b->tokens[i].start, len);
    }
}

static void compare_documents(const struct way *way, const struct el_document *a,
                              const struct el_document *b) {
    if (way->text) {
        assert_string_equal(a->text, b->text);
    }
    if (way->tokens) {
        compare_tokens(a, b);
    }
    if (way->ids) {
        assert_string_equal(a->id, b->id);
    }
    if (!way->flat) {
        assert_int_equal(a->n_entities, b->n_entities);
    }
    for (size_t i = 0, k = 0; i < b->n_entities; i++, k++) {
        struct el_span got = place(way, b, &b->entities[i]);
        struct el_span want = place(way, a, &a->entities[k]);
        while (way->flat && (want.start != got.start || want.end != got.end ||
                             strcmp(a->entities[k].type, b->entities[i].type) != 0)) {
            k++; /* dropped by the flat rule */
            assert_true(k < a->n_entities);
            want = place(way, a, &a->entities[k]);
        }
        assert_int_equal(got.start, want.start);
        assert_int_equal(got.end, want.end);
        assert_string_equal(a->entities[k].type, b->entities[i].type);
    }
}

static void remove_folder(const char *path) {
    DIR *folder = opendir(path);
    struct dirent *entry;
    char name[600];
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        unlink(name);
    }
    if (folder != NULL) {
        closedir(folder);
        rmdir(path);
    }
}

/* Empty documents have no place in columns. */
static struct el_document *next_to_compare(const struct way *way, struct el_reader *reader) {
    struct el_document *document = next(reader);
    while (document != NULL && way->tokens && document->n_tokens == 0 &&
           (way->format == EL_FORMAT_CONLL || way->format == EL_FORMAT_CONLLU ||
            way->format == EL_FORMAT_WEBANNO)) {
        el_document_free(document);
        document = next(reader);
    }
    return document;
}

static size_t check(const char *from, const struct way *way, enum el_unit unit, size_t limit) {
    char path[] = "/tmp/el4ner-roundtrip-XXXXXX";
    struct el_document *a, *b;
    size_t count = 0;
    assert_non_null(mkdtemp(path));
    char file[100];
    snprintf(file, sizeof file, "%s%s", path, el_format_is_folder(way->format) ? "" : "/out");
    write_all(from, way, unit, limit, file);
    struct el_reader *original = open_reader(from, EL_FORMAT_JSONL);
    struct el_reader *again = open_reader(file, way->format);
    /* A folder is read in the order of names. */
    for (; !el_format_is_folder(way->format) && count < limit &&
           (a = next_to_compare(way, original)) != NULL;
         count++) {
        b = next(again);
        assert_non_null(b);
        compare_documents(way, a, b);
        el_document_free(a);
        el_document_free(b);
    }
    if (!el_format_is_folder(way->format) && count < limit) {
        assert_null(next(again));
    }
    el_reader_close(original);
    el_reader_close(again);
    remove_folder(path);
    return count;
}

static void texts_of_all_kinds(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        for (enum el_unit unit = EL_UNIT_CODEPOINT; unit <= EL_UNIT_UTF16; unit++) {
            check("tests/cases/roundtrip.jsonl", &ways[i], unit, SIZE_MAX);
        }
    }
    check("tests/cases/roundtrip.jsonl", &ways[0], EL_UNIT_TOKEN, SIZE_MAX);
}

/* One document at a time, since a folder has its own order. */
static void brat_keeps_documents(void **state) {
    (void)state;
    const struct way *way = &ways[8];
    struct el_reader *original = open_reader("tests/cases/roundtrip.jsonl", EL_FORMAT_JSONL);
    struct el_document *a, *b;
    size_t count = 0;
    assert_int_equal(way->format, EL_FORMAT_BRAT);
    while ((a = next(original)) != NULL) {
        char path[] = "/tmp/el4ner-brat-XXXXXX";
        assert_non_null(mkdtemp(path));
        struct el_write_options options = {.format = EL_FORMAT_BRAT, .path = path};
        struct el_writer *writer;
        struct el_error err = {0};
        assert_true(el_writer_open(NULL, &options, &writer, &err));
        assert_true(el_writer_write(writer, a, &err));
        assert_true(el_writer_close(writer, &err));
        struct el_reader *again = open_reader(path, EL_FORMAT_AUTO);
        b = next(again);
        assert_non_null(b);
        compare_documents(way, a, b);
        assert_null(next(again));
        el_reader_close(again);
        el_document_free(a);
        el_document_free(b);
        remove_folder(path);
        count++;
    }
    assert_true(count > 5);
    el_reader_close(original);
}

static void development_sets(void **state) {
    (void)state;
    const char *shared = getenv("EL4NER_SHARED");
    char data[300], path[700];
    snprintf(data, sizeof data, "%s/data", shared != NULL ? shared : "../shared");
    struct dirent **sets;
    int n = scandir(data, &sets, NULL, alphasort);
    if (n < 0) {
        print_message("%s is not there: round trips over real data are left out\n", data);
        skip();
    }
    size_t count = 0, limit = getenv("EL4NER_EXHAUSTIVE") != NULL ? SIZE_MAX : 100;
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s/dev.jsonl", data, sets[i]->d_name);
        bool tagged = strncmp(sets[i]->d_name, "pos_", 4) != 0 && access(path, R_OK) == 0;
        for (size_t k = 0; tagged && k + 1 < sizeof ways / sizeof *ways; k++) {
            count += check(path, &ways[k], EL_UNIT_CODEPOINT, limit);
        }
        free(sets[i]);
    }
    free(sets);
    print_message("%zu documents there and back\n", count);
    assert_true(count > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_all_kinds),
        cmocka_unit_test(brat_keeps_documents),
        cmocka_unit_test(development_sets),
    };
    return cmocka_run_group_tests_name("roundtrip", tests, NULL, NULL);
}

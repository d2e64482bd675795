/* Reading brat folders: what is written as JSON lines of a text and its annotations, with warnings
 * and errors. */
#include "corpus/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const char *const endings[] = {"txt", "ann", "a1", "a2"};

struct variant {
    const char *name;
    const char *files[4]; /* by ending; NULL = not there */
    enum el_in_pieces pieces;
    const char *expected; /* entities as "type:text", then warnings and errors */
};

static void write_warning(void *context, enum el_level level, const char *message) {
    (void)level;
    fprintf(context, "warning %s\n", message);
}

static void write_document(FILE *to, const struct el_document *document) {
    fprintf(to, "%s%s", document->id, document->labelled ? "" : " unlabelled");
    for (size_t i = 0; i < document->n_entities; i++) {
        const struct el_entity *entity = &document->entities[i];
        fprintf(to, " %s:%.*s", entity->type, (int)(entity->span.end - entity->span.start),
                document->text + entity->span.start);
    }
    fputc('\n', to);
}

static char *read_folder(const char *folder, enum el_in_pieces pieces) {
    char *out = NULL;
    size_t out_len = 0;
    FILE *to = open_memstream(&out, &out_len);
    struct el_log log = {write_warning, to};
    struct el_read_options options = {.pieces = pieces, .log = &log, .format = EL_FORMAT_BRAT};
    struct el_reader *reader;
    struct el_document *document;
    struct el_error err = {0};
    int got;
    if (!el_reader_open(folder, &options, &reader, &err)) {
        fail_msg("%s", err.message);
    }
    while ((got = el_reader_next(reader, &document, &err)) != 0) {
        if (got == -1) {
            fprintf(to, "error %s\n", err.message);
        } else {
            write_document(to, document);
            el_document_free(document);
        }
    }
    el_reader_close(reader);
    fclose(to);
    return out;
}

/* Is it this text, but for the folder's name in messages? */
static bool is_same(const char *got, const char *folder, const char *expected) {
    while (*got != '\0') {
        if (strncmp(got, folder, strlen(folder)) == 0) {
            got += strlen(folder);
        } else if (*got++ != *expected++) {
            return false;
        }
    }
    return *expected == '\0';
}

static bool is_read(const struct variant *variant) {
    char folder[] = "/tmp/el4ner-brat-XXXXXX", path[100];
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < 4; i++) {
        if (variant->files[i] != NULL) {
            snprintf(path, sizeof path, "%s/x.%s", folder, endings[i]);
            FILE *file = fopen(path, "wb");
            assert_non_null(file);
            fputs(variant->files[i], file);
            fclose(file);
        }
    }
    char *got = read_folder(folder, variant->pieces);
    bool same = is_same(got, folder, variant->expected);
    if (!same) {
        fprintf(stderr, "%s\n  expected: %s\n  got:      %s\n", variant->name, variant->expected,
                got);
    }
    free(got);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/x.%s", folder, endings[i]);
        unlink(path);
    }
    rmdir(folder);
    return same;
}

static void check(const struct variant *variants, size_t count) {
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        failed += !is_read(&variants[i]);
    }
    assert_int_equal(failed, 0);
}

#define LUNGS "left and right lung\n"

static void mentions(void **state) {
    (void)state;
    static const struct variant variants[] = {
        {"pieces with white space between them are one; other lines are passed over",
         {"Ada\nmet Bo.", "R1\tknows Arg1:T1 Arg2:T1\nT1\tPER 0 3;4 7\tAda met\nA1\tx T1\n"},
         EL_PIECES_FAIL,
         "x PER:Ada\nmet\n"},
        {"code points, CR LF and a final line without end",
         {"Zo\xC3\xAB\r\nmet \xF0\x9F\x98\x80 Ada\r\n",
          "T1\tPER 11 14\tAda\r\nT2\tPER 0 3\tZo\xC3\xAB"},
         0,
         "x PER:Zo\xC3\xAB PER:Ada\n"},
        {"nested and equal spans",
         {"Bank of Oslo", "T1\tORG 0 12\tBank of Oslo\nT2\tLOC 8 12\tOslo\nT3\tX 8 12\tOslo\n"},
         0,
         "x ORG:Bank of Oslo LOC:Oslo X:Oslo\n"},
        {"blanks in the place of tabs",
         {"Ada met Bo", "T1 PER 0 3\nT2\tPER\t8\t10\tBo\nT3\tVERB  4  7\tmet\n"},
         0,
         "x PER:Ada VERB:met PER:Bo\n"},
        {"no text behind the offsets", {"Ada", "T1\tPER 0 3\n"}, 0, "x PER:Ada\n"},
        {"no annotations", {"Ada", ""}, 0, "x\n"},
        {"no file of annotations",
         {"Ada", NULL},
         0,
         "x unlabelled\nwarning : x.txt has no x.ann; it was read as a text without labels\n"},
        {"annotations of the BioNLP tasks",
         {"p53 binds", NULL, "T1\tProtein 0 3\tp53\n", "T2\tBinding 4 9\tbinds\nE1\tBinding:T2\n"},
         0,
         "x Protein:p53 Binding:binds\n"},
        {"an annotation of nothing costs itself",
         {"Ada met", "T1\tPER 0 0\t\nT2\tPER 0 3\tAda\n"},
         0,
         "x PER:Ada\nwarning /x.ann:1: an annotation that marks no text was left out\n"},
    };
    check(variants, sizeof variants / sizeof *variants);
}

static void mentions_in_pieces(void **state) {
    (void)state;
#define PIECES "T1\tPART 0 4;15 19\tleft lung\nT2\tPART 9 19\tright lung\n"
    static const struct variant variants[] = {
        {"left out",
         {LUNGS, PIECES},
         EL_PIECES_DROP,
         "x PART:right lung\nwarning /x.ann:1: \"left ... lung\" (PART) is a mention in 2 pieces "
         "and was left out; --pieces join or split keeps it\n"},
        {"joined",
         {LUNGS, PIECES},
         EL_PIECES_JOIN,
         "x PART:left and right lung PART:right lung\nwarning /x.ann:1: \"left ... lung\" (PART) "
         "is "
         "a mention in 2 pieces and was joined into one\n"},
        {"split",
         {LUNGS, PIECES},
         EL_PIECES_SPLIT,
         "x PART:left PART:right lung PART:lung\nwarning /x.ann:1: \"left ... lung\" (PART) is a "
         "mention in 2 pieces; each became an entity\n"},
        {"an error",
         {LUNGS, PIECES},
         EL_PIECES_FAIL,
         "error /x.ann:1: \"left ... lung\" (PART) is a mention in 2 pieces, an entity is one "
         "span; "
         "--pieces join, split or drop reads the document\n"},
        {"three pieces, two of them neighbours",
         {LUNGS, "T1\tPART 0 4;5 8;15 19\tleft and lung\n"},
         EL_PIECES_SPLIT,
         "x PART:left and PART:lung\nwarning /x.ann:1: \"left and ... lung\" (PART) is a mention "
         "in "
         "2 pieces; each became an entity\n"},
        {"several are counted",
         {LUNGS, PIECES "T3\tPART 0 4;15 19\tleft lung\n"},
         EL_PIECES_DROP,
         "x PART:right lung\nwarning /x.ann:1: \"left ... lung\" (PART) is a mention in 2 pieces "
         "and was left out; --pieces join or split keeps it (and 1 more like it)\n"},
    };
    check(variants, sizeof variants / sizeof *variants);
}

static void mistakes(void **state) {
    (void)state;
    static const struct variant variants[] = {
        {"behind the end",
         {"Ada", "#1\tnote\nT1\tPER 0 9999\tAda\n"},
         0,
         "error /x.ann:2: start and end must be code points within the text, start before end\n"},
        {"another text",
         {"Ada", "T1\tPER 0 3\tBob\n"},
         0,
         "error /x.ann:1: the line says \"Bob\", but its offsets hold \"Ada\" in the .txt\n"},
        {"another text of pieces",
         {LUNGS, "T1\tPART 0 4;15 19\tleft wing\n"},
         EL_PIECES_JOIN,
         "error /x.ann:1: the line says \"left wing\", but its offsets hold \"left and right "
         "lung\" "
         "in the .txt\n"},
        {"no offsets",
         {"Ada", "T1\tPER Ada\n"},
         0,
         "error /x.ann:1: an entity line must be \"T1<tab>type start end<tab>text\"\n"},
        {"end before start",
         {"Ada", "T1\tPER 3 0\tAda\n"},
         0,
         "error /x.ann:1: start and end must be code points within the text, start before end\n"},
        {"less than nothing",
         {"Ada", "T1\tPER -1 3\tAda\n"},
         0,
         "error /x.ann:1: an entity line must be \"T1<tab>type start end<tab>text\"\n"},
        {"no text",
         {NULL, "T1\tPER 0 3\tAda\n"},
         0,
         "error /x.txt is not there: brat is pairs of .txt and .ann (plain texts can be named one "
         "by one: /*.txt)\n"},
    };
    check(variants, sizeof variants / sizeof *variants);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mentions),
        cmocka_unit_test(mentions_in_pieces),
        cmocka_unit_test(mistakes),
    };
    return cmocka_run_group_tests_name("brat", tests, NULL, NULL);
}

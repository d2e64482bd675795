/* Readers and writers, by the cases in tests/cases/formats: what is read in one format is written
 * in another and compared; errors are lines "error: ...", warnings as "warning: ...". Options:
 * from= to= (default jsonl) unit= input= scheme= token-column= tag-column= pieces= labels=
 * text-column= id-column= max= replace flat members. */
#include "cases.h"
#include "corpus/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static char label_names[64], text_column[64], id_column[64];

static void fill_options(const struct case_text *one, struct el_read_options *read,
                         struct el_write_options *write) {
    static const char *const members[] = {"nano-a", "nano-b"};
    char value[64];
    *read = (struct el_read_options){0};
    *write = (struct el_write_options){.format = EL_FORMAT_JSONL};
    if (case_option(one, "from", value, sizeof value)) {
        assert_true(el_format_from_name(value, &read->format));
    }
    if (case_option(one, "to", value, sizeof value)) {
        assert_true(el_format_from_name(value, &write->format));
    }
    if (case_option(one, "unit", value, sizeof value)) {
        assert_true(el_unit_from_name(value, &write->unit));
    }
    if (case_option(one, "input", value, sizeof value)) {
        assert_true(el_unit_from_name(value, &read->input_unit));
        read->has_input_unit = true;
    }
    if (case_option(one, "scheme", value, sizeof value)) {
        read->scheme = strcmp(value, "iob1") == 0   ? EL_SCHEME_IOB1
                       : strcmp(value, "iob2") == 0 ? EL_SCHEME_IOB2
                                                    : EL_SCHEME_BIOES;
    }
    if (case_option(one, "token-column", value, sizeof value)) {
        read->token_column = (unsigned)atoi(value);
    }
    if (case_option(one, "tag-column", value, sizeof value)) {
        read->tag_column = (unsigned)atoi(value);
    }
    if (case_option(one, "max", value, sizeof value)) {
        read->max_document = (size_t)atoi(value);
    }
    if (case_option(one, "columns", value, sizeof value)) {
        write->columns = atoi(value);
    }
    if (case_option(one, "members", NULL, 0)) {
        write->members = members;
        write->n_members = 2;
    }
    if (case_option(one, "annotator", value, sizeof value)) {
        read->annotator = (unsigned)atoi(value);
    }
    if (case_option(one, "ends", value, sizeof value)) {
        read->ends = write->ends =
            strcmp(value, "inclusive") == 0 ? EL_ENDS_INCLUSIVE : EL_ENDS_EXCLUSIVE;
    }
    if (case_option(one, "labels", label_names, sizeof label_names)) {
        read->label_names = label_names;
    }
    if (case_option(one, "text-column", text_column, sizeof text_column)) {
        read->text_column = text_column;
    }
    if (case_option(one, "id-column", id_column, sizeof id_column)) {
        read->id_column = id_column;
    }
    if (case_option(one, "pieces", value, sizeof value)) {
        read->pieces = strcmp(value, "join") == 0    ? EL_PIECES_JOIN
                       : strcmp(value, "split") == 0 ? EL_PIECES_SPLIT
                                                     : EL_PIECES_FAIL;
    }
    read->replace_invalid = case_option(one, "replace", NULL, 0);
    write->flat = case_option(one, "flat", NULL, 0);
    write->color = case_option(one, "color", NULL, 0);
}

static void write_warning(void *context, enum el_level level, const char *message) {
    (void)level;
    fprintf(context, "warning: %s\n", message);
}

/* Everything that comes out, errors too; warnings last. */
static char *convert(const struct case_text *one) {
    struct el_read_options read;
    struct el_write_options write;
    struct el_error err = {0};
    struct el_reader *reader;
    struct el_writer *writer;
    char *out = NULL;
    size_t out_len = 0;
    fill_options(one, &read, &write);
    FILE *to = open_memstream(&out, &out_len);
    struct el_log log = {write_warning, to};
    read.log = write.log = &log;
    FILE *from =
        one->input_len > 0 ? fmemopen(one->input, one->input_len, "rb") : fopen("/dev/null", "rb");
    if (!el_reader_open_file(from, "in", &read, &reader, &err)) {
        fprintf(to, "error: %s\n", err.message);
    } else {
        assert_true(el_writer_open(to, &write, &writer, &err));
        struct el_document *document;
        int got;
        while ((got = el_reader_next(reader, &document, &err)) != 0) {
            if (got == -1) {
                fprintf(to, "error: %s\n", err.message);
                continue;
            }
            if (!el_writer_write(writer, document, &err)) {
                fprintf(to, "error: %s\n", err.message);
            }
            el_document_free(document);
        }
        if (!el_writer_close(writer, &err)) {
            fprintf(to, "error: %s\n", err.message);
        }
        el_reader_close(reader);
    }
    fclose(from);
    fclose(to);
    return out;
}

/* Escape sequences of the terminal writer in a form that can be read: <153> an entity on colour
 * 153, <153- its label, <> neither. */
static void show_colors(char *text) {
    char *out = text;
    for (char *at = text; *at != '\0';) {
        int color, used = 0;
        if (sscanf(at, "\x1B[0;1;38;5;16;48;5;%dm%n", &color, &used) == 1 && used > 0) {
            out += sprintf(out, "<%d>", color);
        } else if (sscanf(at, "\x1B[0;38;5;240;48;5;%dm%n", &color, &used) == 1 && used > 0) {
            out += sprintf(out, "<%d-", color);
        } else if (strncmp(at, "\x1B[0m", 4) == 0) {
            out += sprintf(out, "<>");
            used = 4;
        } else {
            used = 1;
            *out++ = *at;
        }
        at += used;
    }
    *out = '\0';
}

static void run_file(void **state) {
    const char *path = *state;
    char *text = read_whole_file(path);
    assert_non_null(text);
    const char *at = text;
    struct case_text one;
    size_t failed = 0, count = 0;
    while (next_case(&at, &one)) {
        char *got = convert(&one);
        show_colors(got);
        char *page = strstr(got, "<main>\n"); /* the style sheet is no matter for tests */
        if (page != NULL) {
            memmove(got, page, strlen(page) + 1);
        }
        if (strcmp(got, one.expected) != 0) {
            fprintf(stderr, "%s: %s\n  expected: %s\n  got:      %s\n", path, one.name,
                    one.expected, got);
            failed++;
        }
        free(got);
        free_case(&one);
        count++;
    }
    free(text);
    assert_true(count > 0);
    assert_int_equal(failed, 0);
}

static void names_and_endings(void **state) {
    (void)state;
    enum el_format format = EL_FORMAT_AUTO;
    assert_true(el_format_from_name("conll", &format));
    assert_int_equal(format, EL_FORMAT_CONLL);
    assert_false(el_format_from_name("word", &format));
    assert_int_equal(el_format_from_path("a/b.JSONL"), EL_FORMAT_JSONL);
    assert_int_equal(el_format_from_path("train.iob2"), EL_FORMAT_CONLL);
    assert_int_equal(el_format_from_path("train.io"), EL_FORMAT_AUTO);
    assert_int_equal(el_format_from_path("letter.txt"), EL_FORMAT_TEXT);
    assert_int_equal(el_format_from_path("a.txt/noending"), EL_FORMAT_AUTO);
    assert_int_equal(el_format_from_path("noending."), EL_FORMAT_AUTO);
    assert_string_equal(el_format_name(EL_FORMAT_CONLL), "conll");
}

static void missing_files_and_folders_are_named(void **state) {
    (void)state;
    struct el_read_options options = {0};
    struct el_reader *reader;
    struct el_error err = {0};
    assert_false(el_reader_open("tests/no-such-file", &options, &reader, &err));
    assert_string_equal(err.message, "tests/no-such-file: cannot open: No such file or directory");
    options.format = EL_FORMAT_HTML;
    assert_false(el_reader_open("Makefile", &options, &reader, &err));
    assert_string_equal(err.message, "Makefile: the format \"html\" cannot be read");
}

int main(void) {
    struct CMUnitTest tests[64] = {
        cmocka_unit_test(names_and_endings),
        cmocka_unit_test(missing_files_and_folders_are_named),
    };
    size_t count = 2;
    static char paths[62][300];
    struct dirent **found;
    int n = scandir("tests/cases/formats", &found, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (strstr(found[i]->d_name, ".txt") != NULL && count < 64) {
            char *path = paths[count - 2];
            snprintf(path, sizeof paths[0], "tests/cases/formats/%s", found[i]->d_name);
            tests[count++] = (struct CMUnitTest){path, run_file, NULL, NULL, path};
        }
        free(found[i]);
    }
    free(n >= 0 ? found : NULL);
    if (count == 2) {
        fprintf(stderr, "no cases in tests/cases/formats: run from the project's root\n");
        return 1;
    }
    return _cmocka_run_group_tests("formats", tests, count, NULL, NULL);
}

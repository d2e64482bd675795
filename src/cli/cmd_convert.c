/* el4ner convert: documents from one file format to another. */
#include "cli/labelling.h"

#include "base/array.h"
#include "corpus/format.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ID_TO = CLI_FIRST_ID,
    ID_OFFSETS,
    ID_FLAT,
    ID_SORT,
    ID_COLOR,
    ID_LABELLING,
};

static const struct cli_option options[] = {
    {'o', "output", "OUT", "write there: the same as the second argument"},
    {ID_TO, "to", "FORMAT", "of the output (default: by ending)"},
    {ID_OFFSETS, "offsets", "UNIT", "of jsonl output: codepoint (default), byte, utf16,\ntoken"},
    {ID_FLAT, "flat", NULL, "where OUT cannot hold overlaps, keep the better entity"},
    {ID_SORT, "sort", "ORDER", "disagreement: documents with the least sure entity\nfirst"},
    {ID_COLOR, "color", "WHEN", "of terminal output: auto (default), always, never"},
    CLI_LABELLING_OPTION(ID_LABELLING),
    CLI_READ_OPTIONS,
};

static const struct cli_help help = {
    .usage = "el4ner convert [options] IN OUT\n"
             "       el4ner convert [options] IN -o OUT",
    .text = "Converts labelled texts. IN and OUT may be - for standard input and output; brat has\n"
            "folders. Documents that cannot be read or written are named and left out.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .more =
        "Formats:\n"
        "  text         plain text, one document a file\n"
        "  jsonl        JSON lines: id, text, tokens, entities\n"
        "  conll        columns of tokens and IOB1, IOB2 or BIOES tags; written as IOB2\n"
        "  conllu       CoNLL-U Plus, # global.columns = ID FORM ... NER\n"
        "  doccano      JSON lines with label: [[start, end, type]]\n"
        "  spacy        spaCy and Prodigy: tokens, spans\n"
        "  labelstudio  tasks with annotations or predictions\n"
        "  brat         a folder of .txt and .ann\n"
        "  webanno      WebAnno TSV 3, INCEpTION\n"
        "  nested       JSON of nested-NER papers: tokens, entities by token numbers\n"
        "  csv, tsv     tables: a row a document, a column entities as JSON\n"
        "  table        output only: a row an entity, tabs, or commas where OUT ends in .csv\n"
        "  html         output only: a page to look at\n"
        "  terminal     output only: entities in the text\n"
        "\n"
        "Examples:\n"
        "  el4ner convert train.conll train.jsonl\n"
        "  el4ner convert out.jsonl tasks.json --to labelstudio --sort disagreement\n"
        "  el4ner convert annotated/ gold.jsonl\n"
        "\n"
        "Exit status: 0 all well; 1 some documents were left out; 2 command line, or a file that\n"
        "cannot be opened.",
};

struct convert {
    struct el_read_options read;
    struct el_write_options write;
    enum cli_color color;
    const char *out; /* -o */
    const char *labelling_path;
    struct cli_labelling labelling;
    bool sort;

    struct el_reader *reader;
    struct el_writer *writer;
    struct cli_output output;
    bool has_output; /* an open cli_output */
    uint64_t written, left_out;
    uint64_t unwritten; /* entities that a format without entities cannot hold */
    bool broken;        /* the output cannot be written; that is reported */

    /* --sort */
    struct el_document **documents;
    size_t count, capacity;
};

/* ---- Options ---- */

static bool take_option(struct convert *convert, int id, const char *value) {
    static const char *const orders[] = {"none", "disagreement", NULL};
    unsigned number = 0;
    bool good = true;
    int status = CLI_OK;
    switch (id) {
    case 'o':
        convert->out = value;
        return true;
    case ID_LABELLING:
        convert->labelling_path = value;
        return true;
    case ID_TO:
        return cli_format("convert", "--to", value, true, &convert->write.format);
    case ID_OFFSETS:
        return cli_unit("convert", "--offsets", value, &convert->write.unit);
    case ID_SORT:
        good = cli_word("convert", "--sort", value, orders, &number);
        convert->sort = number == 1;
        return good;
    case ID_COLOR:
        good = cli_color_from_name(value, &convert->color);
        if (!good) {
            cli_usage("convert", "--color must be auto, always or never, not \"%s\"", value);
        }
        return good;
    case ID_FLAT:
        convert->write.flat = true;
        return true;
    default:
        cli_read_option(&convert->read, "convert", id, value, &status);
        convert->write.ends = convert->read.ends;
        return status == CLI_OK;
    }
}

/* ---- The run ---- */

static bool open_output(struct convert *convert, const char *path, struct el_error *err) {
    struct el_write_options *write = &convert->write;
    write->path = path;
    if (!el_format_is_folder(write->format)) {
        if (!cli_output_open(&convert->output, path, err)) {
            return false;
        }
        convert->has_output = true;
        write->color = cli_colored(convert->color, convert->output.file);
        write->columns = cli_columns(convert->output.file);
    }
    return el_writer_open(convert->output.file, write, &convert->writer, err);
}

/* False only if it makes no sense to go on. */
static bool write_document(struct convert *convert, const struct el_document *document) {
    struct el_error err = {0};
    if (el_writer_write(convert->writer, document, &err)) {
        convert->written++;
        for (size_t i = 0; convert->labelling_path != NULL && i < document->n_entities; i++) {
            cli_labelling_add(&convert->labelling, document->entities[i].type);
        }
        convert->unwritten += convert->write.format == EL_FORMAT_TEXT ? document->n_entities : 0;
        return true;
    }
    cli_say("%s", err.message);
    convert->broken = err.code != EL_ERR_FORMAT;
    convert->left_out += !convert->broken;
    return !convert->broken;
}

/* How little sure the least sure entity is; documents without scores come last. */
static double doubt(const struct el_document *document) {
    double most = -1;
    for (size_t i = 0; i < document->n_entities; i++) {
        double here = 1 - document->entities[i].score;
        most = here > most ? here : most;
    }
    return most;
}

static bool keep_document(struct convert *convert, struct el_document *document) {
    if (!EL_GROW(convert->documents, convert->capacity, convert->count + 1)) {
        cli_say("out of memory: --sort holds all documents, and only the first %zu fit",
                convert->count);
        el_document_free(document);
        return false;
    }
    convert->documents[convert->count++] = document;
    return true;
}

struct sorted {
    double doubt;
    size_t number;
};

static int by_doubt(const void *left, const void *right) {
    const struct sorted *a = left, *b = right;
    if (a->doubt != b->doubt) {
        return a->doubt > b->doubt ? -1 : 1;
    }
    return a->number < b->number ? -1 : 1;
}

static bool write_sorted(struct convert *convert) {
    struct sorted *order = calloc(convert->count + 1, sizeof *order);
    bool going = order != NULL;
    for (size_t i = 0; going && i < convert->count; i++) {
        order[i] = (struct sorted){doubt(convert->documents[i]), i};
    }
    if (going && convert->count > 1) {
        qsort(order, convert->count, sizeof *order, by_doubt);
    }
    for (size_t i = 0; going && i < convert->count; i++) {
        going = write_document(convert, convert->documents[order[i].number]);
    }
    if (order == NULL) {
        cli_say("out of memory: nothing was written");
    }
    free(order);
    for (size_t i = 0; i < convert->count; i++) {
        el_document_free(convert->documents[i]);
    }
    free(convert->documents);
    return going;
}

/* False if the run cannot go on; that is reported. */
static bool convert_all(struct convert *convert) {
    struct el_document *document;
    struct el_error err = {0};
    int got;
    bool going = true;
    while (going && (got = el_reader_next(convert->reader, &document, &err)) != 0) {
        if (got == -1) {
            cli_say("%s", err.message);
            convert->left_out++;
            going = err.code == EL_ERR_FORMAT;
        } else if (convert->sort) {
            going = keep_document(convert, document);
        } else {
            going = write_document(convert, document);
            el_document_free(document);
        }
    }
    return (!convert->sort || write_sorted(convert)) && going;
}

static void report(const struct convert *convert) {
    size_t widened, dropped;
    el_writer_account(convert->writer, &widened, &dropped);
    if (widened > 0) {
        cli_say("%zu entities that began or ended within a token were widened to whole tokens",
                widened);
    }
    if (dropped > 0) {
        cli_say("%zu entities that overlap better ones were dropped (--flat)", dropped);
    }
    if (convert->unwritten > 0) {
        cli_say("plain text cannot hold entities: %llu are not in the output",
                (unsigned long long)convert->unwritten);
    }
    if (convert->left_out > 0) {
        cli_say("%llu document%s left out, %llu written", (unsigned long long)convert->left_out,
                convert->left_out == 1 ? " was" : "s were", (unsigned long long)convert->written);
    }
}

static int run(struct convert *convert, const char *in, const char *out) {
    struct el_error err = {0};
    char *const input = (char *)in;
    int status = cli_check_inputs(&input, 1);
    status = status == CLI_OK ? cli_check_output(out, &input, 1) : status;
    status = status == CLI_OK ? cli_check_output(convert->labelling_path, &input, 1) : status;
    if (status != CLI_OK) {
        return status;
    }
    if (!el_reader_open(in, &convert->read, &convert->reader, &err)) {
        return cli_fail(&err);
    }
    if (!open_output(convert, out, &err)) {
        status = cli_fail(&err);
    } else {
        bool through = convert_all(convert);
        report(convert);
        status = through && convert->left_out == 0 ? CLI_OK : CLI_FAILED;
        if (!el_writer_close(convert->writer, &err) && !convert->broken) {
            status = cli_fail(&err);
            convert->broken = true;
        }
    }
    bool keep = status == CLI_OK || (convert->written > 0 && !convert->broken);
    if (convert->has_output && !cli_output_close(&convert->output, keep, &err) &&
        !convert->broken) {
        status = cli_fail(&err);
    }
    if (convert->labelling_path != NULL && keep &&
        !cli_labelling_write(&convert->labelling, convert->labelling_path, &err)) {
        status = cli_fail(&err);
    }
    cli_labelling_free(&convert->labelling);
    el_reader_close(convert->reader);
    if (convert->write.format == EL_FORMAT_NESTED) { /* --ends is for what is written, too */
        *convert->read.formats |= 1U << EL_FORMAT_NESTED;
    }
    cli_warn_unused(&convert->read);
    return status;
}

int cmd_convert(int argc, char **argv) {
    struct convert convert = {
        .color = CLI_COLOR_AUTO, .read = CLI_READ_INIT, .write.log = cli_warnings()};
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &help};
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
        if (!take_option(&convert, id, parser.value)) {
            return CLI_USAGE;
        }
    }
    int wanted = convert.out != NULL ? 1 : 2;
    if (argc - parser.first != wanted) {
        return cli_usage("convert", convert.out != NULL
                                        ? "give IN, and OUT by -o alone"
                                        : "give IN and OUT (- is standard input and output)");
    }
    const char *out = convert.out != NULL ? convert.out : argv[parser.first + 1];
    if (!cli_output_format("convert", out, false, &convert.write.format)) {
        return CLI_USAGE;
    }
    if (convert.labelling_path != NULL && convert.write.format != EL_FORMAT_LABELSTUDIO) {
        return cli_usage("convert", CLI_LABELLING_ALONE);
    }
    return run(&convert, argv[parser.first], out);
}

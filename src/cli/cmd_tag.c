/* el4ner tag: documents in, documents with entities out. */
#include "cli/labelling.h"
#include "cli/tag.h"

#include "pipeline/ensemble.h"

#include <stdlib.h>
#include <string.h>

enum {
    ID_TO = CLI_FIRST_ID,
    ID_OFFSETS,
    ID_MIN_SCORE,
    ID_TRACE,
    ID_MANIFEST,
    ID_ACCOUNT,
    ID_COLOR,
    ID_WINDOW,
    ID_DRY_RUN,
    ID_SUMMARY,
    ID_LABELLING,
};

static const struct cli_option options[] = {
    CLI_COMMON_OPTIONS,
    {'o', "output", "FILE", "write there; appears complete, by rename"},
    {ID_TO, "to", "FORMAT",
     "of the output: terminal, jsonl, conll, labelstudio,\ndoccano, brat, html, csv, ... (default: "
     "by the ending of\n-o; terminal on a terminal; else jsonl)"},
    {ID_OFFSETS, "offsets", "UNIT", "of the output: codepoint (default), byte, utf16, token"},
    CLI_LABELLING_OPTION(ID_LABELLING),
    {ID_MIN_SCORE, "min-score", "X", "leave out entities whose score is below X (0 to 1)"},
    {ID_SUMMARY, "summary", "FILE",
     "entities by type and the most frequent ones, as text;\n- is standard error"},
    {ID_TRACE, "trace", "FILE", "every prompt, reply, alignment and vote, as JSON lines"},
    {ID_MANIFEST, "manifest", "FILE", "version, configuration, hashes of models, prompts and pool"},
    {ID_ACCOUNT, "account", "FILE", "calls, tokens and failures by member and stage, as JSON"},
    {ID_DRY_RUN, "dry-run", NULL, "estimate calls, tokens and cost; nothing is sent"},
    {ID_WINDOW, "window", "N", "sentences in work at a time (default: by the members' slots)"},
    {ID_COLOR, "color", "WHEN", "auto (default), always or never"},
    CLI_PROGRESS_OPTION,
    {'q', "quiet", NULL, "no progress, no summary; warnings stay"},
    CLI_READ_OPTIONS,
};

static const struct cli_help help = {
    .usage = "el4ner tag [options] FILE...",
    .text = "Finds the entities of texts. FILE may be - for standard input, or a folder; several\n"
            "are one stream. A terminal shows the entities in the text, a pipe or file gets JSON\n"
            "lines. Results come in input order, each as soon as it is ready.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .more =
        "Examples:\n"
        "  el4ner tag letter.txt\n"
        "  echo \"Ada Lovelace lived in London.\" | el4ner tag - --types person,location\n"
        "  el4ner tag -c my.yaml --types auto corpus.conll -o out.jsonl --trace trace.jsonl\n"
        "  el4ner tag --profile paper --pool train.jsonl dev.jsonl --offsets token > out.jsonl\n"
        "\n"
        "Ctrl-C finishes the documents in work, for 5 seconds at most, and leaves valid output;\n"
        "twice stops at once. Of a long document, what is done is written, marked as cut short.\n"
        "\n"
        "Exit status: 0 all well; 1 some documents failed or a member was silent all through;\n"
        "2 command line or configuration; 3 no member could be reached.",
};

static void take_output_format(struct tag *tag, const char *command, const char *value,
                               int *status) {
    if (!cli_format(command, "--to", value, true, &tag->write.format)) {
        *status = CLI_USAGE;
    } else if (tag->write.format == EL_FORMAT_TEXT) {
        *status =
            cli_usage(command, "plain text cannot hold entities; --to terminal, jsonl, conll, ...");
    }
}

static void take_option(struct tag *tag, const char *command, int id, const char *value,
                        int *status) {
    long number = 0;
    switch (id) {
    case 'o':
        tag->output_path = value;
        break;
    case ID_TO:
        take_output_format(tag, command, value, status);
        break;
    case ID_OFFSETS:
        if (!cli_unit(command, "--offsets", value, &tag->write.unit)) {
            *status = CLI_USAGE;
        }
        break;
    case ID_LABELLING:
        tag->labelling_path = value;
        break;
    case ID_SUMMARY:
        tag->summary_path = value;
        break;
    case ID_MIN_SCORE:
        if (!cli_share(command, "--min-score", value, &tag->min_score)) {
            *status = CLI_USAGE;
        }
        break;
    case ID_TRACE:
        tag->trace_path = value;
        break;
    case ID_MANIFEST:
        tag->manifest_path = value;
        break;
    case ID_ACCOUNT:
        tag->account_path = value;
        break;
    case ID_DRY_RUN:
        tag->dry_run = true;
        break;
    case ID_WINDOW:
        if (!cli_number(command, "--window", value, 1, 100000, &number)) {
            *status = CLI_USAGE;
        }
        tag->window = (size_t)number;
        break;
    case ID_COLOR:
        if (!cli_color_from_name(value, &tag->color)) {
            *status =
                cli_usage(command, "--color must be auto, always or never, not \"%s\"", value);
        }
        break;
    default:
        if (!cli_read_option(&tag->read, command, id, value, status)) {
            cli_common(&tag->settings, command, id, value, status);
        }
    }
}

/* Mistakes that can be seen at once are reported before any model is started, and outputs are
 * opened late, so that a run that does not begin leaves all as it was. */
static int check_files(struct tag *tag, const char *command) {
    const char *const outputs[] = {tag->output_path,  tag->trace_path,   tag->manifest_path,
                                   tag->account_path, tag->summary_path, tag->labelling_path};
    if (tag->n_inputs == 0) {
        return cli_usage(command, "give the files to tag, or - for standard input");
    }
    if (!cli_output_format(command, tag->output_path, true, &tag->write.format)) {
        return CLI_USAGE;
    }
    if (tag->labelling_path != NULL && tag->write.format != EL_FORMAT_LABELSTUDIO) {
        return cli_usage(command, CLI_LABELLING_ALONE);
    }
    int status = cli_check_inputs(tag->inputs, tag->n_inputs);
    for (size_t i = 0; status == CLI_OK && i < sizeof outputs / sizeof *outputs; i++) {
        status = cli_check_output(outputs[i], tag->inputs, tag->n_inputs);
    }
    return status;
}

static bool open_outputs(struct tag *tag, struct el_error *err) {
    tag->write.path = tag->output_path; /* of a format that is a folder; it has no one file */
    if (!el_format_is_folder(tag->write.format) &&
        !cli_output_open(&tag->output, tag->output_path, err)) {
        return false;
    }
    FILE *file = tag->output.file != NULL ? tag->output.file : stdout;
    tag->write.color = cli_colored(tag->color, file);
    tag->write.columns = cli_columns(file);
    tag->write.flat = true;
    tag->names = calloc(tag->config->n_members, sizeof *tag->names);
    if (tag->names == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < tag->config->n_members; i++) {
        tag->names[i] = tag->config->members[i].name;
    }
    tag->write.members = tag->names;
    tag->write.n_members = tag->config->n_members;
    return el_writer_open(tag->output.file, &tag->write, &tag->writer, err);
}

static bool open_ensemble(struct tag *tag, struct el_error *err) {
    if (tag->trace_path != NULL && !cli_output_open(&tag->trace, tag->trace_path, err)) {
        return false;
    }
    tag->log = cli_log(tag->settings.quiet);
    tag->store = cli_store_path(&tag->settings);
    struct el_ensemble_options open = {.log = &tag->log,
                                       .store_path = tag->store,
                                       .refresh = tag->settings.refresh,
                                       .window = tag->window,
                                       .trace = tag->trace.file,
                                       .answered = cli_watch_answer,
                                       .context = &tag->watch};
    bool ok = el_ensemble_open(tag->config, &open, &tag->ensemble, err);
    tag->watch = (struct cli_watch){
        .settings = &tag->settings, .config = tag->config, .ensemble = tag->ensemble};
    return ok;
}

/* Everything that is to be put in place at the end, whether the run came through or was stopped. */
static int finish(struct tag *tag, bool ran, struct el_error *err) {
    bool lost = !ran && err->code == EL_ERR_IO; /* said already, and files say it once more */
    int status = ran ? CLI_OK : lost && cli_reader_gone() ? CLI_FAILED : cli_fail(err);
    struct el_error more = {0};
    cli_progress(NULL);
    if (tag->writer != NULL && !el_writer_close(tag->writer, &more) && !lost) {
        status = cli_fail(&more);
    }
    /* An empty output replaces nothing, unless it is the whole of an input without documents. */
    bool whole = ran && tag->failed_inputs == 0 && cli_interrupted() == 0;
    bool keep = whole || tag->written > 0;
    if (!cli_output_close(&tag->output, keep, &more) && !lost) {
        status = cli_fail(&more);
    }
    if (!cli_output_close(&tag->trace, keep, &more) && !lost) {
        status = cli_fail(&more);
    }
    if (tag->ensemble != NULL && tag->manifest_path != NULL &&
        !cli_write_json(tag->manifest_path, el_ensemble_manifest(tag->ensemble), 0, &more)) {
        status = cli_fail(&more);
    }
    if (tag->ensemble != NULL && tag->account_path != NULL &&
        !cli_write_json(tag->account_path, tag_account(tag), 0, &more)) {
        status = cli_fail(&more);
    }
    if (tag->summary_path != NULL && !cli_summary_write(&tag->summary, tag->summary_path, &more)) {
        status = cli_fail(&more);
    }
    return status;
}

static void release(struct tag *tag) {
    cli_summary_free(&tag->summary);
    el_reader_close(tag->reader);
    el_ensemble_close(tag->ensemble);
    el_config_free(tag->config);
    cli_type_list_free(&tag->types);
    free(tag->store);
    free(tag->names);
}

/* For all types that are asked for, found or not. */
static bool write_labelling(const struct tag *tag, struct el_error *err) {
    struct cli_labelling labelling = {0};
    for (size_t i = 0; tag->labelling_path != NULL && i < tag->config->n_types; i++) {
        cli_labelling_add(&labelling, tag->config->types[i].name);
    }
    bool ok =
        tag->labelling_path == NULL || cli_labelling_write(&labelling, tag->labelling_path, err);
    cli_labelling_free(&labelling);
    return ok;
}

static int run(struct tag *tag) {
    struct el_error err = {0};
    bool ok = open_ensemble(tag, &err) && open_outputs(tag, &err) && write_labelling(tag, &err);
    if (!ok) {
        /* A pool, a prompt or a tagger that cannot be read is a mistake of the configuration. */
        bool broken = err.code == EL_ERR_IO || err.code == EL_ERR_FORMAT;
        int status = finish(tag, false, &err);
        return broken ? CLI_USAGE : status;
    }
    cli_tell_ensemble(tag->config);
    cli_catch_interrupt();
    struct el_run run = {.context = tag,
                         .next = tag_next,
                         .done = tag_done,
                         .tick = tag_tick,
                         .sentence = tag_sentence};
    cli_watch_begin(&tag->watch);
    ok = el_ensemble_run(tag->ensemble, &run, &err);
    int status = finish(tag, ok, &err);
    int judged = cli_reader_gone() ? status : tag_report(tag);
    return status != CLI_OK ? status : judged;
}

/* With --types auto the types are those of the input, where it has labels and can be read twice. */
static int load(struct tag *tag) {
    if (tag->settings.types != NULL && strcmp(tag->settings.types, "auto") == 0) {
        cli_type_list_read(&tag->types, tag->inputs, tag->n_inputs, &tag->read);
        if (tag->types.names.failed) {
            struct el_error err = {0};
            el_fail_memory(&err);
            return cli_fail(&err);
        }
        if (tag->types.names.len > 0) {
            tag->settings.types = tag->types.names.data;
        }
    }
    return cli_load(&tag->settings, &tag->config);
}

int cmd_tag(int argc, char **argv) {
    struct tag tag = {
        .settings = CLI_SETTINGS_INIT, .read = CLI_READ_INIT, .write.log = cli_warnings()};
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &help};
    int status = CLI_OK;
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
        take_option(&tag, argv[0], id, parser.value, &status);
        if (status != CLI_OK) {
            return status;
        }
    }
    tag.inputs = argv + parser.first;
    tag.n_inputs = (size_t)(argc - parser.first);
    status = check_files(&tag, argv[0]);
    status = status == CLI_OK ? load(&tag) : status;
    if (status == CLI_OK) {
        status = tag.dry_run ? tag_dry_run(&tag) : run(&tag);
        cli_warn_unused(&tag.read);
    }
    release(&tag);
    return status;
}

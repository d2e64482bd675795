/* el4ner combine: predictions that exist already become one, by the pipeline's voting rules. */
#include "cli/cli.h"

#include "base/locale.h"
#include "evaluate/combine.h"
#include "evaluate/labels_read.h"
#include "evaluate/recorded.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ID_KEEP = CLI_FIRST_ID,
    ID_WEIGHTS,
    ID_FLAT,
    ID_MODELS,
    ID_TO,
    ID_COMPLETE,
    ID_UNIT,
};

static const struct cli_option options[] = {
    {ID_KEEP, "keep", "RULE",
     "span:M  spans that M predictions have\npair:M  spans that M have with the same type\n"
     "majority  spans that more than half have\n(default: pair:M with M half of the "
     "predictions,\nat least 2)"},
    {ID_WEIGHTS, "weights", "LIST", "e.g. a=2,b=0.5; the others weigh 1"},
    {ID_FLAT, "flat", NULL, "resolve overlaps: most voters, then longest, then first"},
    {ID_MODELS, "models", "LIST", "FILE holds recorded predictions of several models:\nthese"},
    {ID_COMPLETE, "complete", NULL, "leave out documents that not all predictions answer"},
    {'o', "output", "FILE", "where to write (default: standard output)"},
    {ID_TO, "to", "FORMAT",
     "of the output, e.g. jsonl, conll, html (default: by the\nending of -o FILE, else jsonl)"},
    {ID_UNIT, "offsets", "UNIT", "of JSON lines: codepoint (default), byte, utf16, token"},
    CLI_READ_OPTIONS,
};

static const struct cli_help help = {
    .usage = "el4ner combine [options] FILE FILE...\n"
             "       el4ner combine [options] --models a,b,c FILE.jsonl",
    .text = "Combines predictions of any systems for the same documents by voting. A span's type\n"
            "is the one most predictions give it; ties go to the file (or model) listed first.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .more = "Files are named in --weights and in the output by their names without folder and\n"
            "ending, or by their paths if those names are not distinct.\n"
            "\n"
            "Examples:\n"
            "  el4ner combine a.jsonl b.conll c.jsonl --keep span:2 -o all.jsonl\n"
            "  el4ner combine a.conll b.conll c.conll --keep majority --flat -o all.conll",
};

struct combine {
    struct el_combine_options options;
    struct el_read_options read;
    struct el_write_options write;
    bool has_keep;
    const char *weights, *models, *output;
    struct el_arena arena;
    const char *names[EL_MAX_MEMBERS];
    size_t n;
    double weight[EL_MAX_MEMBERS];
    struct el_labels sets[EL_MAX_MEMBERS];
};

static bool add_name(struct combine *combine, const char *name, size_t len, struct el_error *err) {
    if (combine->n == EL_MAX_MEMBERS) {
        return el_fail(err, EL_ERR_CONFIG, "combine: at most %d predictions", EL_MAX_MEMBERS);
    }
    const char *copy = el_arena_copy(&combine->arena, name, len);
    combine->names[combine->n++] = copy;
    return copy != NULL || el_fail_memory(err);
}

static bool names_from_list(struct combine *combine, struct el_error *err) {
    for (const char *at = combine->models;; at++) {
        size_t len = strcspn(at, ",");
        if (len == 0) {
            return el_fail(err, EL_ERR_CONFIG, "combine: an empty name in --models");
        }
        if (!add_name(combine, at, len, err)) {
            return false;
        }
        at += len;
        if (*at == '\0') {
            return true;
        }
    }
}

static bool has_name(const struct combine *combine, const char *name, size_t len) {
    for (size_t i = 0; i < combine->n; i++) {
        if (strlen(combine->names[i]) == len && memcmp(combine->names[i], name, len) == 0) {
            return true;
        }
    }
    return false;
}

/* Files are told apart by their names without folder and ending, or else by their paths. */
static bool names_from_paths(struct combine *combine, char **files, size_t n,
                             struct el_error *err) {
    bool distinct = true;
    for (size_t i = 0; distinct && i < n; i++) {
        const char *slash = strrchr(files[i], '/');
        const char *base = slash != NULL ? slash + 1 : files[i];
        const char *dot = strrchr(base, '.');
        size_t len = dot != NULL && dot > base ? (size_t)(dot - base) : strlen(base);
        distinct = !has_name(combine, base, len);
        if (distinct && !add_name(combine, base, len, err)) {
            return false;
        }
    }
    combine->n = distinct ? combine->n : 0;
    for (size_t i = 0; !distinct && i < n; i++) {
        if (has_name(combine, files[i], strlen(files[i]))) {
            return el_fail(err, EL_ERR_CONFIG, "combine: %s is given twice", files[i]);
        }
        if (!add_name(combine, files[i], strlen(files[i]), err)) {
            return false;
        }
    }
    return true;
}

static bool parse_weights(struct combine *combine, struct el_error *err) {
    for (size_t i = 0; i < combine->n; i++) {
        combine->weight[i] = 1;
    }
    for (const char *at = combine->weights; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, ","), name_len = strcspn(at, "=,");
        char *end = NULL;
        double weight = at[name_len] == '=' ? el_number(at + name_len + 1, &end) : -1;
        if (end != at + len || !(weight >= 0) || !isfinite(weight) || name_len + 1 == len) {
            return el_fail(err, EL_ERR_CONFIG,
                           "combine: --weights: \"%.*s\" is not NAME=NUMBER with a number from 0",
                           (int)len, at);
        }
        bool found = false;
        for (size_t i = 0; i < combine->n; i++) {
            if (strlen(combine->names[i]) == name_len &&
                memcmp(combine->names[i], at, name_len) == 0) {
                combine->weight[i] = weight;
                found = true;
            }
        }
        if (!found) {
            return el_fail(err, EL_ERR_CONFIG, "combine: --weights: nothing is named \"%.*s\"",
                           (int)name_len, at);
        }
        at += len + (at[len] == ',');
    }
    combine->options.weights = combine->weights != NULL ? combine->weight : NULL;
    return true;
}

static bool read_sets(struct combine *combine, char **files, size_t n_files, struct el_error *err) {
    if (combine->models != NULL) {
        return names_from_list(combine, err) && parse_weights(combine, err) &&
               el_labels_read_recorded(files[0], combine->names, combine->n, combine->sets, err);
    }
    if (!names_from_paths(combine, files, n_files, err) || !parse_weights(combine, err)) {
        return false;
    }
    for (size_t i = 0; i < n_files; i++) {
        if (!el_labels_read(files[i], &combine->read, false, &combine->sets[i], err) ||
            (i > 0 && !el_labels_align(&combine->sets[0], &combine->sets[i], false, err))) {
            return false;
        }
    }
    return true;
}

static bool run(struct combine *combine, char **files, size_t n_files, struct el_error *err) {
    if (!read_sets(combine, files, n_files, err)) {
        return false;
    }
    struct el_keep *keep = &combine->options.keep;
    double most = 0;
    for (size_t i = 0; i < combine->n; i++) {
        most += combine->weight[i];
    }
    if (!combine->has_keep) {
        *keep = el_keep_default(combine->n);
    } else if (keep->kind != EL_KEEP_MAJORITY && keep->m > most) {
        return el_fail(err, EL_ERR_CONFIG,
                       "combine: --keep asks for %g votes, and all predictions together have %g",
                       keep->m, most);
    }
    struct el_labels combined;
    if (!el_combine_sets(combine->sets, combine->n, &combine->options, &combined, err)) {
        return false;
    }
    combine->write.members = combine->names;
    combine->write.n_members = combine->n;
    bool ok = cli_write_labels(combine->output, &combined, combine->write, err);
    el_labels_free(&combined);
    return ok;
}

/* False with a message if the value makes no sense. */
static bool set_option(struct combine *combine, int id, const char *value) {
    int status = CLI_OK;
    switch (id) {
    case ID_KEEP:
        combine->has_keep = el_keep_parse(value, &combine->options.keep);
        if (!combine->has_keep) {
            cli_usage("combine", "--keep must be span:M, pair:M or majority, not \"%s\"", value);
        }
        return combine->has_keep;
    case ID_TO:
        return cli_format("combine", "--to", value, true, &combine->write.format) &&
               (combine->write.format != EL_FORMAT_TEXT ||
                cli_usage("combine", "plain text cannot hold entities") == CLI_OK);
    case ID_UNIT:
        return cli_unit("combine", "--offsets", value, &combine->write.unit);
    case ID_WEIGHTS:
        combine->weights = value;
        return true;
    case ID_MODELS:
        combine->models = value;
        return true;
    case 'o':
        combine->output = value;
        return true;
    default:
        combine->options.flat |= id == ID_FLAT;
        combine->options.complete_only |= id == ID_COMPLETE;
        cli_read_option(&combine->read, "combine", id, value, &status);
        return status == CLI_OK;
    }
}

int cmd_combine(int argc, char **argv) {
    struct combine combine = {.read = CLI_READ_INIT, .write.log = cli_warnings()};
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &help};
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
        if (!set_option(&combine, id, parser.value)) {
            return CLI_USAGE;
        }
    }
    size_t n_files = (size_t)(argc - parser.first);
    if (combine.models != NULL && n_files != 1) {
        return cli_usage("combine", "--models goes with one file");
    }
    if (combine.models == NULL && n_files < 2) {
        return cli_usage("combine", "give at least two files, or --models with one");
    }
    if (!cli_output_format("combine", combine.output, true, &combine.write.format)) {
        return CLI_USAGE;
    }
    int status = cli_check_inputs(argv + parser.first, n_files);
    if (status == CLI_OK) {
        status = cli_check_output(combine.output, argv + parser.first, n_files);
    }
    if (status != CLI_OK) {
        return status;
    }
    struct el_error err = {0};
    status = run(&combine, argv + parser.first, n_files, &err) ? CLI_OK : cli_fail(&err);
    cli_warn_unused(&combine.read);
    for (size_t i = 0; i < EL_MAX_MEMBERS; i++) {
        el_labels_free(&combine.sets[i]);
    }
    el_arena_free(&combine.arena);
    return status;
}

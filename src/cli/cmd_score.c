/* el4ner score: predictions against gold labels. */
#include "cli/figures.h"

#include "base/buffer.h"
#include "base/print.h"
#include "evaluate/labels_read.h"
#include "evaluate/report.h"
#include "el4ner.h"

#include <stdlib.h>
#include <string.h>

enum {
    ID_MATCH = CLI_FIRST_ID,
    ID_BY_TYPE,
    ID_BY_LENGTH,
    ID_JSON,
    ID_REPORT,
    ID_POOL,
    ID_COMMON,
    ID_COMPARE,
    ID_SAMPLES,
    ID_SEED,
    ID_TO,
};

static const struct cli_option options[] = {
    CLI_CONFIG_OPTION,
    {CLI_ID_TYPES, "types", "LIST",
     "score only these; labels of both files are read as\nnames, wordings or aliases of types, as "
     "eval reads\nthem"},
    {ID_MATCH, "match", "HOW",
     "strict (default), exact, partial, type, conlleval,\nseqeval or seqeval-strict"},
    {ID_BY_TYPE, "by-type", NULL, "a line for each type, too"},
    {ID_BY_LENGTH, "by-length", NULL, "a line for each length of mentions in words, too"},
    {ID_POOL, "pool", "FILE", "labelled file: also tell mentions seen there from unseen ones"},
    {ID_COMMON, "common", NULL, "score the documents that both files have"},
    {ID_COMPARE, "compare", NULL, "two predictions: is the first better? (paired bootstrap)"},
    {ID_SAMPLES, "samples", "N", "draws of the bootstrap (default 1000; 0: no intervals)"},
    {ID_SEED, "seed", "N", "of the bootstrap (default 1)"},
    CLI_TABLE_OPTION(ID_TO),
    {ID_JSON, "json", NULL, "as JSON"},
    {ID_REPORT, "report", "FILE", "of the first prediction, as one HTML page"},
    CLI_READ_OPTIONS,
};

static const struct cli_help help = {
    .usage = "el4ner score [options] GOLD PREDICTED...",
    .text = "Precision, recall and F1 of predictions, with 95 % bootstrap intervals over\n"
            "documents. Files are labelled (CoNLL, JSON lines, ...); documents are matched by id,\n"
            "else by position, and must have the same text. With -c or --types labels are read as\n"
            "the types of the configuration (PER as person, say), else they must be equal.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .more = "Examples:\n"
            "  el4ner score gold.conll system.conll --by-type\n"
            "  el4ner score gold.jsonl a.jsonl b.jsonl --compare\n"
            "  el4ner score gold.conll system.conll --match seqeval-strict --scheme bioes\n"
            "  el4ner score gold.conll tagged.jsonl --types person,location,organization",
};

struct score {
    struct el_score_options options;
    struct el_read_options read;
    struct cli_settings settings; /* -c and --types */
    struct el_config *config;     /* NULL = labels are compared as they are */
    const char *pool, *report;
    bool by_type, by_length, json, common, compare;
    enum cli_table_format format;
    struct el_surfaces *surfaces;
    struct el_labels gold;
    struct el_labels *predicted;
    struct el_score *scores;
    char **files;
    size_t n_files;
    struct el_comparison comparison;
    struct el_arena arena;
};

/* False with a message if the value makes no sense. */
static bool set_option(struct score *score, int id, const char *value) {
    int status = CLI_OK;
    long number;
    switch (id) {
    case ID_MATCH:
        if (!el_match_from_name(value, &score->options.match)) {
            cli_usage("score",
                      "--match must be strict, exact, partial, type, conlleval, seqeval or "
                      "seqeval-strict, not \"%s\"",
                      value);
            return false;
        }
        score->read.keep_tags = el_match_reads_tags(score->options.match);
        return true;
    case ID_SAMPLES:
        if (!cli_number("score", "--samples", value, 0, 1000000, &number)) {
            return false;
        }
        score->options.bootstrap.samples = (size_t)number;
        return true;
    case ID_SEED:
        if (!cli_number("score", "--seed", value, 0, 2147483647, &number)) {
            return false;
        }
        score->options.bootstrap.seed = (uint64_t)number;
        return true;
    case ID_TO:
        return cli_table_format("score", value, &score->format);
    case ID_POOL:
        score->pool = value;
        return true;
    case ID_REPORT:
        score->report = value;
        return true;
    case 'c':
        score->settings.config = value;
        return true;
    case CLI_ID_TYPES:
        score->settings.types = value;
        return true;
    default:
        score->by_type |= id == ID_BY_TYPE;
        score->by_length |= id == ID_BY_LENGTH;
        score->json |= id == ID_JSON;
        score->common |= id == ID_COMMON;
        score->compare |= id == ID_COMPARE;
        cli_read_option(&score->read, "score", id, value, &status);
        score->options.scheme = score->read.scheme;
        return status == CLI_OK;
    }
}

static bool read_labels(struct score *score, const char *path, bool must_have_labels,
                        struct el_labels *labels, struct el_error *err) {
    size_t left_out = 0;
    if (!el_labels_read(path, &score->read, must_have_labels, labels, err)) {
        return false;
    }
    if (score->config != NULL && !el_labels_map_types(labels, score->config, &left_out, err)) {
        el_labels_free(labels);
        return false;
    }
    if (left_out > 0) {
        cli_say("warning: %zu entities of %s are of types that are not asked for; they do not "
                "count",
                left_out, path);
    }
    return true;
}

static bool read_pool(struct score *score, struct el_error *err) {
    struct el_labels pool;
    if (!read_labels(score, score->pool, true, &pool, err)) {
        return false;
    }
    score->surfaces = el_surfaces_new();
    bool ok = score->surfaces != NULL && el_surfaces_add_labels(score->surfaces, &pool);
    el_labels_free(&pool);
    score->options.pool = score->surfaces;
    return ok || el_fail_memory(err);
}

/* Where a mode that reads tags does not find what it looks for. */
static void warn_of_tags(const struct score *score, const struct el_labels *predicted) {
    const char *gold = score->gold.path, *mode = el_match_name(score->options.match);
    enum el_tagging g = el_labels_tagging(&score->gold), p = el_labels_tagging(predicted);
    if (g == EL_TAGGING_NONE && p == EL_TAGGING_NONE) {
        cli_say("warning: neither %s nor %s has tags; --match %s compares their entities, as "
                "strict does",
                gold, predicted->path, mode);
    } else if (g == EL_TAGGING_NONE || p == EL_TAGGING_NONE) {
        cli_say("warning: %s has no tags; --match %s takes its entities as they are, and the "
                "accuracy compares entities",
                g == EL_TAGGING_NONE ? gold : predicted->path, mode);
    } else if (g >= EL_TAGGING_IOB && p >= EL_TAGGING_IOB && g != p) {
        cli_say("warning: %s has tags of BIOES, %s has not; --match %s compares them as they are "
                "(el4ner convert writes either as IOB2)",
                g == EL_TAGGING_BIOES ? gold : predicted->path,
                g == EL_TAGGING_BIOES ? predicted->path : gold, mode);
    }
}

/* "PER, LOC": the types that one side has. */
static void list_types(const struct el_score *score, bool gold, struct el_buffer *list) {
    enum { MOST = 10 };
    size_t n = 0;
    for (size_t i = 0; i < score->n_types; i++) {
        const struct el_tally *tally = &score->types[i].tally;
        if ((gold ? tally->gold : tally->predicted) > 0 && n++ < MOST) {
            el_buffer_printf(list, "%s%s", n > 1 ? ", " : "", score->types[i].type);
        }
    }
    el_buffer_string(list, n > MOST ? ", ..." : "");
}

/* Both sides have entities, but each under types of its own: every figure is then 0. */
static void warn_of_types(const struct score *score, const struct el_score *result,
                          const char *file) {
    bool common = result->micro.gold == 0 || result->micro.predicted == 0;
    for (size_t i = 0; i < result->n_types; i++) {
        const struct el_tally *tally = &result->types[i].tally;
        common |= tally->gold > 0 && tally->predicted > 0;
    }
    if (common) {
        return;
    }
    struct el_buffer gold = {0}, predicted = {0};
    list_types(result, true, &gold);
    list_types(result, false, &predicted);
    if (!gold.failed && !predicted.failed) {
        cli_say("warning: no type in common: gold (%s) has %s; predicted (%s) has %s%s",
                score->gold.path, gold.data, file, predicted.data,
                score->config != NULL
                    ? ""
                    : "; --types (or -c) reads both by the names and aliases of a configuration");
    }
    el_buffer_free(&gold);
    el_buffer_free(&predicted);
}

static bool score_file(struct score *score, size_t number, struct el_error *err) {
    struct el_labels *predicted = &score->predicted[number];
    struct el_score *result = &score->scores[number];
    const char *file = score->files[number];
    if (!read_labels(score, file, false, predicted, err) ||
        !el_labels_align(&score->gold, predicted, score->common, err)) {
        return false;
    }
    if (score->read.keep_tags) {
        warn_of_tags(score, predicted);
    }
    if (!el_score(&score->gold, predicted, &score->options, &score->arena, result, err)) {
        return false;
    }
    warn_of_types(score, result, file);
    return true;
}

static bool compare(struct score *score, struct el_error *err) {
    const struct el_score *a = &score->scores[0], *b = &score->scores[1];
    for (size_t i = 0; i < score->gold.count; i++) {
        if (score->predicted[0].items[i].missing != score->predicted[1].items[i].missing) {
            return el_fail(err, EL_ERR_FORMAT,
                           "--compare: %s and %s do not hold the same documents (\"%.80s\" is in "
                           "only one of them)",
                           score->files[0], score->files[1], score->gold.items[i].id);
        }
    }
    return el_compare(a->by_document, b->by_document, a->documents, &score->options.bootstrap,
                      &score->arena, &score->comparison) ||
           el_fail_memory(err);
}

static bool score_all(struct score *score, const char *gold, struct el_error *err) {
    score->predicted = calloc(score->n_files, sizeof *score->predicted);
    score->scores = calloc(score->n_files, sizeof *score->scores);
    if (score->predicted == NULL || score->scores == NULL) {
        return el_fail_memory(err);
    }
    if (!read_labels(score, gold, true, &score->gold, err) ||
        (score->pool != NULL && !read_pool(score, err))) {
        return false;
    }
    for (size_t i = 0; i < score->n_files; i++) {
        if (!score_file(score, i, err)) {
            return false;
        }
    }
    return !score->compare || compare(score, err);
}

/* Output for people */

static void print_row(int width, const char *name, const struct el_tally *tally) {
    struct el_prf prf = el_tally_prf(tally);
    cli_put_string(name, width);
    printf("  %9.2f  %6.2f  %6.2f  %7zu  %9zu  %7zu\n", 100 * prf.precision, 100 * prf.recall,
           100 * prf.f1, tally->gold, tally->predicted, tally->correct);
}

static void print_intervals(int width, const struct el_intervals *intervals) {
    const struct el_interval parts[] = {intervals->precision, intervals->recall, intervals->f1};
    static const char *const names[] = {"precision", "recall", "F1"};
    printf("%-*s  %.0f %%:", width, "", 100 * intervals->level);
    for (int i = 0; i < 3; i++) {
        printf("  %s %.2f to %.2f%s", names[i], 100 * parts[i].low, 100 * parts[i].high,
               i < 2 ? ";" : "\n");
    }
}

static void print_groups(const struct score *score, const struct el_score *result, int width) {
    static const char *const lengths[EL_LENGTHS] = {"  1 word", "  2 words", "  3 words",
                                                    "  4 words", "  5 words or more"};
    static const char *const novelties[EL_NOVELTIES] = {"  seen in the pool",
                                                        "  seen with other type", "  unseen"};
    for (size_t i = 0; score->by_type && i < result->n_types; i++) {
        char name[256];
        el_print(name, sizeof name, "  %s", result->types[i].type);
        print_row(width, name, &result->types[i].tally);
    }
    for (size_t i = 0; score->by_length && i < EL_LENGTHS; i++) {
        print_row(width, lengths[i], &result->lengths[i]);
    }
    for (size_t i = 0; result->has_novelty && i < EL_NOVELTIES; i++) {
        print_row(width, novelties[i], &result->novelty[i]);
    }
}

static int name_width(const struct score *score) {
    size_t width = score->options.pool != NULL ? 22 : 16;
    for (size_t i = 0; i < score->n_files; i++) {
        size_t len = strlen(score->files[i]);
        width = len > width ? len : width;
        for (size_t t = 0; score->by_type && t < score->scores[i].n_types; t++) {
            len = 2 + strlen(score->scores[i].types[t].type);
            width = len > width ? len : width;
        }
    }
    return width > 60 ? 60 : (int)width;
}

static void print_text(const struct score *score) {
    int width = name_width(score);
    printf("%-*s  precision  recall      F1     gold  predicted  correct\n", width,
           el_match_name(score->options.match));
    for (size_t i = 0; i < score->n_files; i++) {
        const struct el_score *result = &score->scores[i];
        print_row(width, score->files[i], &result->micro);
        if (result->has_intervals) {
            print_intervals(width, &result->intervals);
        }
        printf("%-*s  %9.2f  %6.2f  %6.2f\n", width, "  macro", 100 * result->macro.precision,
               100 * result->macro.recall, 100 * result->macro.f1);
        if (result->tokens > 0) {
            printf("%-*s  %.2f %% of %zu tokens\n", width, "  accuracy",
                   100.0 * (double)result->tokens_right / (double)result->tokens, result->tokens);
        }
        if (result->reliability.total > 0) {
            printf("%-*s  scores of %zu entities: ", width, "  calibration",
                   result->reliability.total);
            cli_print_calibration(&result->reliability);
        }
        print_groups(score, result, width);
    }
    if (score->compare) {
        const struct el_comparison *c = &score->comparison;
        printf("\n%s - %s: %+.2f F1, %.0f %% interval %+.2f to %+.2f, p = %.4f (paired bootstrap, "
               "%zu draws of %zu documents)\n",
               score->files[0], score->files[1], 100 * c->difference, 100 * c->level,
               100 * c->interval.low, 100 * c->interval.high, c->p, c->samples, c->documents);
    }
}

/* For other texts */

static void add_tally(struct cli_table *table, const char *file, const char *name,
                      const struct el_tally *tally, const struct el_intervals *intervals) {
    struct el_prf prf = el_tally_prf(tally);
    cli_table_add(table, "%s", file);
    cli_table_add(table, "%s", name);
    cli_table_add(table, "%.2f", 100 * prf.precision);
    cli_table_add(table, "%.2f", 100 * prf.recall);
    cli_table_add(table, "%.2f", 100 * prf.f1);
    if (intervals != NULL) {
        cli_table_add(table, "%.2f", 100 * intervals->f1.low);
        cli_table_add(table, "%.2f", 100 * intervals->f1.high);
    } else {
        cli_table_skip(table, 2);
    }
    cli_table_skip(table, 1);
    cli_table_add(table, "%zu", tally->gold);
    cli_table_add(table, "%zu", tally->predicted);
    cli_table_add(table, "%zu", tally->correct);
}

static void add_file(struct cli_table *table, const struct score *score, size_t number) {
    static const char *const lengths[EL_LENGTHS] = {"1 word", "2 words", "3 words", "4 words",
                                                    "5 words or more"};
    static const char *const novelties[EL_NOVELTIES] = {"seen in the pool", "seen with other type",
                                                        "unseen"};
    const struct el_score *result = &score->scores[number];
    const char *file = score->files[number];
    add_tally(table, file, "micro", &result->micro,
              result->has_intervals ? &result->intervals : NULL);
    cli_table_add(table, "%s", file);
    cli_table_add(table, "macro");
    cli_table_add(table, "%.2f", 100 * result->macro.precision);
    cli_table_add(table, "%.2f", 100 * result->macro.recall);
    cli_table_add(table, "%.2f", 100 * result->macro.f1);
    cli_table_skip(table, 6);
    for (size_t i = 0; score->by_type && i < result->n_types; i++) {
        add_tally(table, file, result->types[i].type, &result->types[i].tally, NULL);
    }
    for (size_t i = 0; score->by_length && i < EL_LENGTHS; i++) {
        add_tally(table, file, lengths[i], &result->lengths[i], NULL);
    }
    for (size_t i = 0; result->has_novelty && i < EL_NOVELTIES; i++) {
        add_tally(table, file, novelties[i], &result->novelty[i], NULL);
    }
}

static bool print_table(const struct score *score, struct el_error *err) {
    static const char *const columns[] = {"file", "row", "P",    "R",         "F1",     "low",
                                          "high", "p",   "gold", "predicted", "correct"};
    struct cli_table table = {.columns = columns, .n_columns = sizeof columns / sizeof *columns};
    for (size_t i = 0; i < score->n_files; i++) {
        add_file(&table, score, i);
    }
    if (score->compare) {
        const struct el_comparison *c = &score->comparison;
        cli_table_add(&table, "%s - %s", score->files[0], score->files[1]);
        cli_table_add(&table, "difference");
        cli_table_skip(&table, 2);
        cli_table_add(&table, "%+.2f", 100 * c->difference);
        cli_table_add(&table, "%+.2f", 100 * c->interval.low);
        cli_table_add(&table, "%+.2f", 100 * c->interval.high);
        cli_table_add(&table, "%.4f", c->p);
        cli_table_skip(&table, 3);
    }
    bool ok = cli_table_print(&table, score->format, err);
    cli_table_free(&table);
    return ok;
}

/* JSON */

static int print_json(const struct score *score) {
    json_t *files = json_array(), *root = json_object();
    int bad = files == NULL || root == NULL;
    for (size_t i = 0; i < score->n_files; i++) {
        bad |= json_array_append_new(files, el_score_json(&score->scores[i], score->files[i]));
    }
    bad |= json_object_set_new(root, "files", files);
    if (score->compare) {
        const struct el_comparison *c = &score->comparison;
        bad |= json_object_set_new(
            root, "comparison",
            json_pack("{s:s,s:s,s:f,s:[f,f],s:f,s:f,s:I,s:I}", "a", score->files[0], "b",
                      score->files[1], "f1_difference", c->difference, "interval", c->interval.low,
                      c->interval.high, "level", c->level, "p", c->p, "samples",
                      (json_int_t)c->samples, "documents", (json_int_t)c->documents));
    }
    if (bad == 0) {
        bad = json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(10)) != 0;
        putchar('\n');
    }
    json_decref(root);
    if (bad != 0) {
        cli_say("score: cannot write the JSON: out of memory, or standard output is closed");
        return CLI_FAILED;
    }
    return CLI_OK;
}

static bool write_report(const struct score *score, struct el_error *err) {
    struct cli_output output;
    struct el_report report = {.version = EL4NER_VERSION,
                               .title = score->files[0],
                               .gold = &score->gold,
                               .predicted = &score->predicted[0],
                               .score = &score->scores[0]};
    if (!cli_output_open(&output, score->report, err)) {
        return false;
    }
    bool ok = el_report_write(&report, output.file, err);
    struct el_error ignored;
    return cli_output_close(&output, ok, ok ? err : &ignored) && ok;
}

static void release(struct score *score) {
    for (size_t i = 0; score->predicted != NULL && i < score->n_files; i++) {
        el_labels_free(&score->predicted[i]);
    }
    free(score->predicted);
    free(score->scores);
    el_labels_free(&score->gold);
    el_config_free(score->config);
    el_surfaces_free(score->surfaces);
    el_arena_free(&score->arena);
}

/* `files`: the gold file, then the predictions. */
static int check_files(const struct score *score, char **files) {
    char *const pool = (char *)score->pool;
    int status = cli_check_inputs(files, score->n_files + 1);
    if (status == CLI_OK && pool != NULL) {
        status = cli_check_inputs(&pool, 1);
        size_t len = strlen(pool);
        if (len > 4 && strcmp(pool + len - 4, ".el4") == 0) {
            status = cli_usage("score",
                               "--pool: %s is an index; give the labelled file that it was built "
                               "from",
                               pool);
        }
    }
    return status == CLI_OK ? cli_check_output(score->report, files, score->n_files + 1) : status;
}

int cmd_score(int argc, char **argv) {
    struct score score = {.options.bootstrap = {.samples = 1000, .seed = 1},
                          .settings = CLI_SETTINGS_INIT,
                          .settings.no_members = true,
                          .read = CLI_READ_INIT};
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &help};
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
        if (!set_option(&score, id, parser.value)) {
            return CLI_USAGE;
        }
    }
    if (argc - parser.first < 2) {
        return cli_usage("score", "give the gold file and one or more files with predictions");
    }
    score.files = argv + parser.first + 1;
    score.n_files = (size_t)(argc - parser.first - 1);
    if (score.compare && (score.n_files != 2 || score.options.bootstrap.samples == 0)) {
        return cli_usage("score",
                         "--compare needs two files with predictions, and --samples above 0");
    }
    if (score.json && score.format != CLI_TABLE_TEXT) {
        return cli_usage("score", "--json and --to exclude each other");
    }
    struct el_error err = {0};
    int status = check_files(&score, argv + parser.first);
    if (status == CLI_OK && (score.settings.config != NULL || score.settings.types != NULL)) {
        status = cli_load(&score.settings, &score.config);
    }
    if (status != CLI_OK) {
        return status;
    }
    if (!score_all(&score, argv[parser.first], &err) ||
        (score.report != NULL && !write_report(&score, &err))) {
        status = cli_fail(&err);
    } else if (score.json) {
        status = print_json(&score);
    } else if (score.format != CLI_TABLE_TEXT) {
        status = print_table(&score, &err) ? CLI_OK : cli_fail(&err);
    } else {
        print_text(&score);
    }
    if (score.options.match == EL_MATCH_SEQEVAL_STRICT) { /* --scheme is for the count, too */
        *score.read.formats |= 1U << EL_FORMAT_CONLL;
    }
    cli_warn_unused(&score.read);
    release(&score);
    return status;
}

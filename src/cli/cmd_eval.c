/* el4ner eval: the ensemble on a labelled file: scores, ablation, stage figures, report. */
#include "cli/figures.h"
#include "cli/type_list.h"
#include "cli/watch.h"

#include "base/random.h"
#include "base/print.h"
#include "evaluate/ablate.h"
#include "base/buffer.h"
#include "evaluate/labels_read.h"
#include "evaluate/report.h"
#include "pipeline/abstention_report.h"
#include "el4ner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ID_ABLATE = CLI_FIRST_ID,
    ID_KS,
    ID_DRAW,
    ID_MATCH,
    ID_SAMPLES,
    ID_SEED,
    ID_JSON,
    ID_REPORT,
    ID_PREDICTIONS,
    ID_BY_TYPE,
    ID_TRACE,
    ID_TO,
};

static const struct cli_option options[] = {
    CLI_COMMON_OPTIONS,
    {ID_ABLATE, "ablate", "LIST", "rows to add: members, verifier, voting, retrieval, k;\nor all"},
    {ID_KS, "ks", "LIST", "numbers of demonstrations for --ablate k\n(default 0,1,2,5,10)"},
    {ID_DRAW, "draw", "N", "only N documents, drawn by --seed"},
    {ID_MATCH, "match", "HOW", "strict (default), exact, partial or type"},
    {ID_BY_TYPE, "by-type", NULL, "a line for each type, too"},
    {ID_SAMPLES, "samples", "N", "draws of the bootstrap (default 1000; 0: no intervals)"},
    {ID_SEED, "seed", "N", "of bootstrap and --draw (default 1)"},
    CLI_TABLE_OPTION(ID_TO),
    {ID_JSON, "json", NULL, "as JSON, in place of the tables"},
    {'o', "output", "FILE", "write the JSON there, beside the tables"},
    {ID_PREDICTIONS, "predictions", "FILE",
     "what the configured ensemble found, e.g. as JSON\nlines (format by ending)"},
    {ID_REPORT, "report", "FILE", "everything as one HTML page"},
    {ID_TRACE, "trace", "FILE", "every prompt, reply, alignment and vote, as JSON lines"},
    CLI_PROGRESS_OPTION,
    {'q', "quiet", NULL, "no progress"},
    CLI_READ_OPTIONS,
};

static const struct cli_help help = {
    .usage = "el4ner eval [options] TEST",
    .text = "Runs the ensemble on a labelled file and scores it, with 95 % bootstrap intervals;\n"
            "shows where F1 is lost, stage by stage; and, with --ablate, what each part of the\n"
            "method is worth. Replies are stored, so rows share their calls and a run that was\n"
            "stopped goes on where it was.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .more = "In the table, \"exact\" rows asked their own prompts; \"projected\" ones count the\n"
            "votes and verdicts of one full run in another way, and cost no call.\n"
            "With --types auto the types are those of TEST.\n"
            "\n"
            "Examples:\n"
            "  el4ner eval --pool train.conll test.conll --types auto\n"
            "  el4ner eval -c my.yaml test.jsonl --ablate members,retrieval --report report.html\n"
            "  el4ner score --common --compare test.jsonl a.jsonl b.jsonl  # of two --predictions",
};

struct eval {
    struct cli_settings settings;
    struct el_ablation_options options;
    struct el_read_options read;
    const char *test, *output, *report, *predictions, *trace_path;
    enum el_format predictions_format;
    bool as_json;
    enum cli_table_format format;
    long draw;
    bool by_type;
    size_t ks[32];

    struct el_labels gold;
    struct cli_type_list types; /* of the test file, for --types auto */
    struct el_config *config;
    struct el_ensemble *ensemble;
    struct el_ablation ablation;
    struct el_log log;
    char *store;
    char *temporary; /* a store of our own, for rows to share calls without the user's */
    size_t left_out;

    struct cli_watch watch;
    char row[300]; /* "row 2 of 17, ..."; empty if there is one */
    struct {
        uint64_t documents, sentences, text;
    } before; /* the row */
    uint64_t text_all;

    FILE *trace; /* for the report, and to be copied to trace_path */
    struct el_arena arena;
    const char **traces;
    size_t n_traces;
};

/* ---- The command line ---- */

static bool parse_ks(struct eval *eval, const char *list) {
    for (const char *at = list;;) {
        char *end;
        unsigned long k = strtoul(at, &end, 10);
        if (end == at || at[0] == '-' || k > 1000 || (*end != ',' && *end != '\0') ||
            eval->options.n_ks == sizeof eval->ks / sizeof *eval->ks) {
            cli_usage("eval", "--ks must be up to 32 whole numbers up to 1000, e.g. 0,2,5");
            return false;
        }
        eval->ks[eval->options.n_ks++] = k;
        if (*end == '\0') {
            eval->options.ks = eval->ks;
            return true;
        }
        at = end + 1;
    }
}

static bool set_number(struct eval *eval, int id, const char *value) {
    long number;
    const char *name = id == ID_DRAW ? "--draw" : id == ID_SAMPLES ? "--samples" : "--seed";
    if (!cli_number("eval", name, value, id == ID_DRAW, 2147483647, &number)) {
        return false;
    }
    if (id == ID_DRAW) {
        eval->draw = number;
    } else if (id == ID_SAMPLES) {
        eval->options.score.bootstrap.samples = (size_t)number;
    } else {
        eval->options.score.bootstrap.seed = (uint64_t)number;
    }
    return true;
}

static bool set_option(struct eval *eval, int id, const char *value) {
    int status = CLI_OK;
    switch (id) {
    case ID_ABLATE:
        if (!el_ablate_parse(value, &eval->options.groups)) {
            cli_usage("eval",
                      "--ablate must be a list of members, verifier, voting, retrieval, k, or all, "
                      "not \"%s\"",
                      value);
            return false;
        }
        return true;
    case ID_KS:
        return parse_ks(eval, value);
    case ID_MATCH:
        if (!el_match_from_name(value, &eval->options.score.match) ||
            eval->options.score.match > EL_MATCH_TYPE) {
            cli_usage("eval", "--match must be strict, exact, partial or type, not \"%s\"", value);
            return false;
        }
        return true;
    case ID_DRAW:
    case ID_SAMPLES:
    case ID_SEED:
        return set_number(eval, id, value);
    case ID_JSON:
        eval->as_json = true;
        return true;
    case 'o':
        eval->output = value;
        return true;
    case ID_REPORT:
        eval->report = value;
        return true;
    case ID_PREDICTIONS:
        eval->predictions = value;
        return cli_output_format("eval", value, true, &eval->predictions_format);
    case ID_TO:
        return cli_table_format("eval", value, &eval->format);
    case ID_TRACE:
        eval->trace_path = value;
        return true;
    case ID_BY_TYPE:
        eval->by_type = true;
        return true;
    default:
        return (cli_read_option(&eval->read, "eval", id, value, &status) ||
                cli_common(&eval->settings, "eval", id, value, &status)) &&
               status == CLI_OK;
    }
}

/* ---- Preparing ---- */

/* Keep `n` documents, drawn without replacement, in their order. */
static void draw(struct el_labels *labels, size_t n, uint64_t seed) {
    size_t kept = 0, left = labels->count;
    uint64_t state = seed;
    n = n < left ? n : left;
    for (size_t i = 0; kept < n; i++, left--) {
        if (el_random_below(&state, left) < n - kept) {
            labels->items[kept++] = labels->items[i];
        }
    }
    labels->count = kept;
}

static int check_files(struct eval *eval) {
    char *const test = (char *)eval->test;
    int status = cli_check_inputs(&test, 1);
    status = status == CLI_OK ? cli_check_output(eval->output, &test, 1) : status;
    status = status == CLI_OK ? cli_check_output(eval->report, &test, 1) : status;
    status = status == CLI_OK ? cli_check_output(eval->predictions, &test, 1) : status;
    return status == CLI_OK ? cli_check_output(eval->trace_path, &test, 1) : status;
}

static int prepare(struct eval *eval, struct el_error *err) {
    int status = check_files(eval);
    if (status != CLI_OK) {
        return status;
    }
    if (!el_labels_read(eval->test, &eval->read, true, &eval->gold, err)) {
        return cli_fail(err);
    }
    if (eval->settings.types != NULL && strcmp(eval->settings.types, "auto") == 0) {
        for (size_t i = 0; i < eval->gold.count; i++) {
            const struct el_labelled *document = &eval->gold.items[i];
            cli_type_list_add(&eval->types, document->entities, document->n_entities);
        }
        if (eval->types.names.failed) {
            el_fail_memory(err);
            return cli_fail(err);
        }
        eval->settings.types = eval->types.names.data;
    }
    status = cli_load(&eval->settings, &eval->config);
    if (status != CLI_OK) {
        return status;
    }
    if (!el_labels_map_types(&eval->gold, eval->config, &eval->left_out, err)) {
        return cli_fail(err);
    }
    if (eval->left_out > 0) {
        cli_say("warning: %zu entities of %s are of types that are not asked for; they do not "
                "count",
                eval->left_out, eval->test);
    }
    if (eval->draw > 0) {
        draw(&eval->gold, (size_t)eval->draw, eval->options.score.bootstrap.seed);
    }
    for (size_t i = 0; i < eval->gold.count; i++) {
        eval->text_all += eval->gold.items[i].text_len;
    }
    return CLI_OK;
}

/* A file without a name. */
static bool open_trace(struct eval *eval, struct el_error *err) {
    char *path = cli_temporary(err);
    if (path == NULL) {
        return false;
    }
    eval->trace = fopen(path, "w+b");
    if (eval->trace == NULL) {
        el_fail(err, EL_ERR_IO, "cannot open %s: %s", path, strerror(errno));
    }
    unlink(path);
    free(path);
    return eval->trace != NULL;
}

static int open_ensemble(struct eval *eval, struct el_error *err) {
    eval->store = cli_store_path(&eval->settings);
    eval->log = cli_log(eval->settings.quiet);
    /* Rows share their calls through the store, and the report shows what the trace says. */
    if (eval->store == NULL && (eval->temporary = cli_temporary(err)) == NULL) {
        return cli_fail(err);
    }
    if ((eval->report != NULL || eval->trace_path != NULL) && !open_trace(eval, err)) {
        return cli_fail(err);
    }
    eval->watch = (struct cli_watch){.settings = &eval->settings, .config = eval->config};
    struct el_ensemble_options how = {
        .log = &eval->log,
        .trace = eval->trace,
        .store_path = eval->store != NULL ? eval->store : eval->temporary,
        .answered = cli_watch_answer,
        .context = &eval->watch,
        .refresh = eval->settings.refresh,
        .ask_anyway = (eval->options.groups & (EL_ABLATE_VOTING | EL_ABLATE_VERIFIER)) != 0,
    };
    if (el_ensemble_open(eval->config, &how, &eval->ensemble, err)) {
        eval->watch.ensemble = eval->ensemble;
        return CLI_OK;
    }
    /* A pool, a prompt or a tagger that cannot be read is a mistake of the configuration. */
    bool broken = err->code == EL_ERR_IO || err->code == EL_ERR_FORMAT;
    int status = cli_fail(err);
    return broken ? CLI_USAGE : status;
}

/* Counts of the ensemble add up over rows. */
static void begin_row(void *context, size_t row, size_t n_rows, const char *name) {
    struct eval *eval = context;
    const struct el_counts *counts = el_ensemble_counts(eval->ensemble);
    if (n_rows > 1) {
        el_print(eval->row, sizeof eval->row, "row %zu of %zu, %s", row + 1, n_rows, name);
    }
    eval->before.documents = counts->documents;
    eval->before.sentences = counts->sentences;
    eval->before.text = counts->text;
    cli_watch_begin(&eval->watch);
}

static void show_progress(struct eval *eval) {
    const struct el_counts *counts = el_ensemble_counts(eval->ensemble);
    double part = eval->text_all > 0
                      ? (double)(counts->text - eval->before.text) / (double)eval->text_all
                      : 0;
    cli_watch_show(&eval->watch,
                   &(struct cli_stand){.what = eval->row[0] != '\0' ? eval->row : NULL,
                                       .documents = counts->documents - eval->before.documents,
                                       .of = eval->gold.count,
                                       .sentences = counts->sentences - eval->before.sentences,
                                       .part = part < 1 ? part : 1});
}

static bool stop(void *context) {
    struct eval *eval = context;
    if (cli_watch_due(&eval->watch)) {
        show_progress(eval);
    }
    return cli_interrupted() > 0;
}

/* ---- Tables ---- */

static const char *const COLUMNS[] = {"group", "row",  "figures",   "P",      "R",
                                      "F1",    "low",  "high",      "p",      "calls",
                                      "made",  "gold", "predicted", "correct"};
enum { N_COLUMNS = sizeof COLUMNS / sizeof *COLUMNS, TEXT_COLUMNS = N_COLUMNS - 3 };

static void add_prf(struct cli_table *table, const struct el_tally *tally) {
    struct el_prf prf = el_tally_prf(tally);
    cli_table_add(table, "%.2f", 100 * prf.precision);
    cli_table_add(table, "%.2f", 100 * prf.recall);
    cli_table_add(table, "%.2f", 100 * prf.f1);
}

static void add_counts(struct cli_table *table, const struct el_tally *tally) {
    if (table->n_columns == N_COLUMNS) {
        cli_table_add(table, "%zu", tally->gold);
        cli_table_add(table, "%zu", tally->predicted);
        cli_table_add(table, "%zu", tally->correct);
    }
}

/* Of a row's own run, or of a projection, which makes no calls. */
static void add_score(struct cli_table *table, const struct el_score *score,
                      const struct el_comparison *against, const struct el_ablation_row *run) {
    add_prf(table, &score->micro);
    if (score->has_intervals) {
        cli_table_add(table, "%.2f", 100 * score->intervals.f1.low);
        cli_table_add(table, "%.2f", 100 * score->intervals.f1.high);
    } else {
        cli_table_skip(table, 2);
    }
    if (score->has_intervals && against != NULL) {
        cli_table_add(table, "%.3f", against->p);
    } else {
        cli_table_skip(table, 1);
    }
    if (run != NULL) {
        cli_table_add(table, "%llu", (unsigned long long)run->calls);
        cli_table_add(table, "%llu", (unsigned long long)run->made);
    } else {
        cli_table_skip(table, 2);
    }
    add_counts(table, &score->micro);
}

/* On a terminal the name of a row stands before the first of its lines. */
static void add_rows(struct cli_table *table, const struct el_ablation *ablation, bool text) {
    bool projects = false;
    for (size_t i = 0; i < ablation->n_rows; i++) {
        projects = projects || ablation->rows[i].has_projected;
    }
    for (size_t i = 0; i < ablation->n_rows; i++) {
        const struct el_ablation_row *row = &ablation->rows[i];
        if (row->has_exact) {
            cli_table_add(table, "%s", row->group);
            cli_table_add(table, "%s", row->name);
            cli_table_add(table, "%s", projects || !text ? "exact" : "");
            add_score(table, &row->exact, i > 0 ? &row->exact_against : NULL, row);
        }
        if (row->has_projected) {
            cli_table_add(table, "%s", row->group);
            cli_table_add(table, "%s", text && row->has_exact ? "" : row->name);
            cli_table_add(table, "projected");
            add_score(table, &row->projected, &row->projected_against, NULL);
        }
    }
}

static void add_types(struct cli_table *table, const struct el_score *score) {
    for (size_t i = 0; i < score->n_types; i++) {
        cli_table_add(table, "types");
        cli_table_add(table, "%s", score->types[i].type);
        cli_table_add(table, "exact");
        add_prf(table, &score->types[i].tally);
        cli_table_skip(table, 5);
        add_counts(table, &score->types[i].tally);
    }
}

static bool print_table(const struct eval *eval, struct el_error *err) {
    bool text = eval->format == CLI_TABLE_TEXT;
    struct cli_table table = {.columns = COLUMNS, .n_columns = text ? TEXT_COLUMNS : N_COLUMNS};
    add_rows(&table, &eval->ablation, text);
    if (eval->by_type && !text) {
        add_types(&table, &eval->ablation.rows[0].exact);
    }
    bool ok = cli_table_print(&table, eval->format, err);
    cli_table_free(&table);
    return ok;
}

static void print_notes(const struct el_ablation *ablation) {
    printf("\nCalls made: %llu; separate runs of each exact row would have made %llu.\n",
           (unsigned long long)ablation->made, (unsigned long long)ablation->calls);
    if (ablation->rows[0].exact.has_intervals) {
        printf("low, high: 95 %% interval of F1%s\n",
               ablation->n_rows > 1 ? "; p: paired bootstrap against the configured ensemble" : "");
    }
}

static void print_share(const char *what, size_t part, size_t whole) {
    if (whole > 0) {
        printf("  %-44s %6.2f %%  (%zu of %zu)\n", what, 100.0 * (double)part / (double)whole, part,
               whole);
    }
}

static void print_stages(const struct el_ablation *ablation) {
    const struct el_stage_figures *f = &ablation->record.figures;
    struct el_budget budget = el_stage_budget(f, el_tally_prf(&ablation->rows[0].exact.micro).f1);
    printf("\nStages\n");
    print_share("retrieve: gold mentions pre-extracted", f->pre_found, f->gold);
    print_share("retrieve: gold types among demonstrations", f->types_shown, f->gold_types);
    print_share("retrieve: gold mentions among demonstrations", f->mentions_shown, f->gold);
    print_share("extract: gold mentions among the candidates", f->found, f->gold);
    print_share("extract: right of those nobody listed", f->right_by[0], f->proposed_by[0]);
    for (size_t k = 1; k <= ablation->record.n_members; k++) {
        char what[80];
        el_print(what, sizeof what, "extract: right of those proposed by %zu", k);
        print_share(what, f->right_by[k], f->proposed_by[k]);
    }
    print_share("extract: strings not in the sentence", f->ungrounded, f->strings);
    print_share("classify: right type on right spans", f->typed_right, f->found);
    size_t yes = EL_VERIFIED_YES, no = EL_VERIFIED_NO;
    print_share("verify: right pairs kept", f->verdict_right[yes],
                f->verdict_right[yes] + f->verdict_right[no]);
    print_share("verify: wrong pairs dropped", f->verdict_wrong[no],
                f->verdict_wrong[yes] + f->verdict_wrong[no]);
    printf("\nWhere F1 is lost (F1 if all later stages were perfect)\n"
           "  after extraction      %6.2f\n  after classification  %6.2f\n"
           "  after verification    %6.2f\n  final                 %6.2f\n",
           100 * budget.after_extraction, 100 * budget.after_classification,
           100 * budget.after_verification, 100 * budget.final_f1);
    const struct el_reliability *scores = &ablation->rows[0].exact.reliability;
    if (scores->total > 0) {
        printf("\nScores of %zu entities: ", scores->total);
        cli_print_calibration(scores);
    }
}

static void print_types(const struct el_score *score) {
    printf("\n%-22s  precision  recall      F1     gold  predicted  correct\n", "Types");
    for (size_t i = 0; i < score->n_types; i++) {
        const struct el_tally *tally = &score->types[i].tally;
        struct el_prf prf = el_tally_prf(tally);
        printf("  ");
        cli_put_string(score->types[i].type, 20);
        printf("  %9.2f  %6.2f  %6.2f  %7zu  %9zu  %7zu\n", 100 * prf.precision, 100 * prf.recall,
               100 * prf.f1, tally->gold, tally->predicted, tally->correct);
    }
}

/* ---- Files ---- */

static json_t *make_json(const struct eval *eval) {
    json_t *json = el_ablation_json(&eval->ablation);
    int bad = json == NULL;
    bad |= json_object_set_new(json, "test", json_string(eval->test));
    bad |= json_object_set_new(json, "left_out_entities", json_integer((json_int_t)eval->left_out));
    bad |= json_object_set_new(json, "manifest", el_ensemble_manifest(eval->ensemble));
    bad |= json_object_set_new(json, "abstentions",
                               el_abstentions_json(&eval->ablation.abstentions, eval->config,
                                                   el_ensemble_client(eval->ensemble)));
    if (bad != 0) {
        json_decref(json);
        return NULL;
    }
    return json;
}

/* The configured run came first, so its sentences are the first lines of the trace. */
static bool read_traces(struct eval *eval, struct el_error *err) {
    size_t most = eval->ablation.record.count, capacity = 0;
    char *line = NULL;
    ssize_t len;
    eval->traces = el_arena_array(&eval->arena, most, sizeof *eval->traces);
    rewind(eval->trace);
    while (eval->traces != NULL && eval->n_traces < most &&
           (len = getline(&line, &capacity, eval->trace)) > 0) {
        const char *copy = el_arena_copy(&eval->arena, line, (size_t)len);
        if (copy == NULL) {
            break;
        }
        eval->traces[eval->n_traces++] = copy;
    }
    free(line);
    if (eval->n_traces == most) {
        return true;
    }
    return feof(eval->trace)
               ? el_fail(err, EL_ERR_IO,
                         "the report lacks the traces of %zu of %zu sentences; is the disk full?",
                         most - eval->n_traces, most)
               : el_fail_memory(err);
}

/* What the trace holds of all rows, whether they came to their end or not. */
static bool write_trace(struct eval *eval, struct el_error *err) {
    struct cli_output output;
    char block[1 << 16];
    bool ok = true;
    if (!cli_output_open(&output, eval->trace_path, err)) {
        return false;
    }
    rewind(eval->trace);
    for (size_t n; ok && (n = fread(block, 1, sizeof block, eval->trace)) > 0;) {
        ok = fwrite(block, 1, n, output.file) == n;
    }
    return cli_output_close(&output, ok, err) && ok;
}

static void name_members(const struct eval *eval, const char **names) {
    for (size_t m = 0; m < eval->config->n_members; m++) {
        names[m] = eval->config->members[m].name;
    }
}

static bool write_predictions(struct eval *eval, struct el_error *err) {
    const char *names[EL_MAX_MEMBERS];
    name_members(eval, names);
    return cli_write_labels(eval->predictions, &eval->ablation.predicted,
                            (struct el_write_options){.format = eval->predictions_format,
                                                      .members = names,
                                                      .n_members = eval->config->n_members,
                                                      .log = &eval->log},
                            err);
}

/* What each member turned out to be. */
static void describe_members(const struct eval *eval, char (*texts)[400], const char **list) {
    struct el_client *client = el_ensemble_client(eval->ensemble);
    for (size_t m = 0; m < eval->config->n_members; m++) {
        const struct el_capabilities *can = el_client_capabilities(client, m);
        bool both = can->server[0] != '\0' && can->model[0] != '\0';
        el_print(texts[m], sizeof texts[m], "%s%s%s", can->model, both ? ", " : "", can->server);
        if (!can->reached) {
            el_print(texts[m], sizeof texts[m], "not reached");
        }
        list[m] = texts[m];
    }
}

static bool write_report(struct eval *eval, struct el_error *err) {
    struct cli_output output;
    const char *names[EL_MAX_MEMBERS];
    name_members(eval, names);
    if (eval->trace != NULL && !read_traces(eval, err)) {
        return false;
    }
    struct el_buffer abstentions = {0}, configuration = {0};
    char models[EL_MAX_MEMBERS][400];
    const char *model_texts[EL_MAX_MEMBERS];
    describe_members(eval, models, model_texts);
    if (!el_config_print(eval->config, &configuration) || configuration.failed) {
        el_buffer_free(&configuration);
        return el_fail_memory(err);
    }
    el_abstentions_write(&eval->ablation.abstentions, eval->config,
                         el_ensemble_client(eval->ensemble), &abstentions);
    struct el_report report = {.title = eval->test,
                               .gold = &eval->gold,
                               .predicted = &eval->ablation.predicted,
                               .score = &eval->ablation.rows[0].exact,
                               .ablation = &eval->ablation,
                               .members = names,
                               .n_members = eval->config->n_members,
                               .models = model_texts,
                               .version = EL4NER_VERSION,
                               .pool = eval->config->pool,
                               .configuration = configuration.data,
                               .traces = eval->traces,
                               .n_traces = eval->n_traces,
                               .abstentions = abstentions.data};
    if (!cli_output_open(&output, eval->report, err)) {
        el_buffer_free(&abstentions);
        el_buffer_free(&configuration);
        return false;
    }
    bool ok = el_report_write(&report, output.file, err);
    el_buffer_free(&abstentions);
    el_buffer_free(&configuration);
    struct el_error ignored;
    return cli_output_close(&output, ok, ok ? err : &ignored) && ok;
}

static int evaluate(struct eval *eval, struct el_error *err) {
    cli_tell_ensemble(eval->config);
    cli_catch_interrupt();
    bool ok =
        el_ablate(eval->ensemble, eval->config, &eval->gold, &eval->options, &eval->ablation, err);
    cli_progress(NULL);
    struct el_error more = {0};
    bool traced = eval->trace_path == NULL || write_trace(eval, &more);
    if (!ok || !traced) {
        return cli_fail(ok ? &more : err);
    }
    if (!eval->as_json && !print_table(eval, err)) {
        return cli_fail(err);
    }
    if (!eval->as_json && eval->format == CLI_TABLE_TEXT) {
        print_notes(&eval->ablation);
        print_stages(&eval->ablation);
        if (eval->by_type) {
            print_types(&eval->ablation.rows[0].exact);
        }
    }
    if (((eval->as_json || eval->output != NULL) &&
         !cli_write_json(eval->output, make_json(eval), JSON_REAL_PRECISION(10), err)) ||
        (eval->predictions != NULL && !write_predictions(eval, err)) ||
        (eval->report != NULL && !write_report(eval, err))) {
        return cli_fail(err);
    }
    uint64_t failed = eval->ablation.rows[0].failed_documents;
    if (failed > 0) {
        cli_say("%llu document%s failed; a failed document counts as having no entities",
                (unsigned long long)failed, failed == 1 ? "" : "s");
    }
    if (!eval->settings.quiet) {
        const struct el_ablation_row *first = &eval->ablation.rows[0];
        cli_report_stored(first->calls - first->made, first->calls,
                          eval->ablation.n_rows > 1 ? " of the configured ensemble" : "");
        cli_report_abstentions(&eval->ablation.abstentions, eval->ensemble, eval->config);
    }
    bool silent = cli_report_silent(eval->ensemble, eval->config);
    return failed > 0 || silent ? CLI_FAILED : CLI_OK;
}

static void release(struct eval *eval) {
    el_ablation_free(&eval->ablation);
    el_ensemble_close(eval->ensemble);
    el_config_free(eval->config);
    el_labels_free(&eval->gold);
    cli_type_list_free(&eval->types);
    if (eval->trace != NULL) {
        fclose(eval->trace);
    }
    el_arena_free(&eval->arena);
    free(eval->store);
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; eval->temporary != NULL && i < sizeof endings / sizeof *endings; i++) {
        char *beside = NULL;
        if (asprintf(&beside, "%s%s", eval->temporary, endings[i]) >= 0) {
            unlink(beside);
            free(beside);
        }
    }
    free(eval->temporary);
}

int cmd_eval(int argc, char **argv) {
    struct eval eval = {.settings = CLI_SETTINGS_INIT,
                        .read = CLI_READ_INIT,
                        .options = {.score.bootstrap = {.samples = 1000, .seed = 1},
                                    .progress = begin_row,
                                    .stop = stop}};
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &help};
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
        if (!set_option(&eval, id, parser.value)) {
            return CLI_USAGE;
        }
    }
    if (argc - parser.first != 1) {
        return cli_usage("eval", "give one labelled file");
    }
    if (eval.as_json && eval.format != CLI_TABLE_TEXT) {
        return cli_usage("eval",
                         "--json and --to exclude each other; -o writes the JSON to a file");
    }
    eval.test = argv[parser.first];
    eval.options.context = &eval;
    struct el_error err = {0};
    int status = prepare(&eval, &err);
    if (status == CLI_OK) {
        status = open_ensemble(&eval, &err);
    }
    if (status == CLI_OK) {
        status = evaluate(&eval, &err);
    }
    cli_warn_unused(&eval.read);
    release(&eval);
    return status;
}

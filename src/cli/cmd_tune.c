/* el4ner tune: fit the ensemble's judgement to its own pool. */
#include "cli/watch.h"

#include "base/buffer.h"
#include "base/print.h"
#include "evaluate/tune.h"
#include "pipeline/work.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ID_SENTENCES = CLI_FIRST_ID,
    ID_QUICK,
    ID_SEED,
    ID_FOR,
    ID_DRY_RUN,
    ID_JSON,
    ID_TABLE,
    ID_TRACE
};

static const struct cli_option options[] = {
    {'o', "output", "FILE", "the tuned configuration (default: only the figures)"},
    {ID_SENTENCES, "sentences", "N", "of the pool to be run (default 200)"},
    {ID_QUICK, "quick", NULL,
     "a third of the calls: the ensemble is not\nmeasured as it is, and nobody is to verify"},
    {ID_FOR, "for", "AIM", "f1 (default), precision or recall"},
    {ID_SEED, "seed", "N", "of the sample (default 1)"},
    {ID_DRY_RUN, "dry-run", NULL, "what it would cost; nothing is sent"},
    {ID_JSON, "json", NULL, "the figures as JSON"},
    {ID_TABLE, "table", "FILE", "what was fitted on: each candidate, as tab-separated values"},
    CLI_COMMON_OPTIONS,
    {ID_TRACE, "trace", "FILE", "every prompt, reply, alignment and vote, as JSON lines"},
    CLI_PROGRESS_OPTION,
    {'q', "quiet", NULL, "no progress"},
};

static const struct cli_help help = {
    .usage = "el4ner tune [options] -o TUNED.yaml",
    .text = "Fits the ensemble to your own models, without training any: runs a sample of the\n"
            "pool's sentences, sets what the members said against the labels, and learns how much\n"
            "each of them is to be trusted. The result is a small configuration on top of the one\n"
            "in force; scores become probabilities.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .more =
        "Replies are stored, so a run that was stopped goes on where it was. With --types auto\n"
        "the types are those of the pool.\n"
        "\n"
        "Examples:\n"
        "  el4ner tune -c my.yaml --pool train.conll --types auto -o tuned.yaml\n"
        "  el4ner tag -c tuned.yaml letter.txt",
};

struct command {
    struct cli_settings settings;
    struct el_tune_options options;
    const char *output, *trace_path, *table_path;
    bool as_json;
    bool dry_run;
    struct cli_output trace, table;
    struct cli_watch watch;
    unsigned run;
    char what[32];   /* "run 1 of 2"; "" before anything is done */
    size_t done, of; /* sentences of this run */

    struct el_config *config;
    struct el_ensemble *ensemble;
    struct el_tune_result result;
};

static enum el_tick tick(void *context) {
    struct command *c = context;
    if (cli_watch_due(&c->watch)) {
        double part = c->of > 0 ? (double)c->done / (double)c->of : 0;
        cli_watch_show(&c->watch, &(struct cli_stand){.what = c->what[0] != '\0' ? c->what : NULL,
                                                      .no_documents = true,
                                                      .sentences = c->done,
                                                      .of_sentences = c->of,
                                                      .part = part});
    }
    return cli_interrupted() > 0 ? EL_STOP : EL_GO_ON;
}

static void note_progress(void *context, unsigned run, unsigned runs, size_t done, size_t all) {
    struct command *c = context;
    if (run != c->run) {
        el_print(c->what, sizeof c->what, "run %u of %u", run, runs);
        if (run > 1) { /* the first has begun with the command */
            cli_watch_begin(&c->watch);
        }
    }
    c->run = run;
    c->done = done;
    c->of = all;
}

static int set_option(struct command *c, int id, const char *value) {
    static const char *const aims[] = {"f1", "precision", "recall", NULL};
    static const double betas[] = {1, 0.5, 2};
    int status = CLI_OK;
    unsigned aim;
    long number;
    switch (id) {
    case 'o':
        c->output = value;
        return CLI_OK;
    case ID_JSON:
        c->as_json = true;
        return CLI_OK;
    case ID_TABLE:
        c->table_path = value;
        return CLI_OK;
    case ID_TRACE:
        c->trace_path = value;
        return CLI_OK;
    case ID_QUICK:
        c->options.quick = true;
        return CLI_OK;
    case ID_DRY_RUN:
        c->dry_run = true;
        return CLI_OK;
    case ID_FOR:
        if (!cli_word("tune", "--for", value, aims, &aim)) {
            return CLI_USAGE;
        }
        c->options.beta = betas[aim];
        return CLI_OK;
    case ID_SENTENCES:
    case ID_SEED:
        if (!cli_number("tune", id == ID_SEED ? "--seed" : "--sentences", value,
                        id == ID_SEED ? 0 : 10, 1000000, &number)) {
            return CLI_USAGE;
        }
        if (id == ID_SEED) {
            c->options.seed = (uint64_t)number;
        } else {
            c->options.sentences = (size_t)number;
        }
        return CLI_OK;
    default:
        cli_common(&c->settings, "tune", id, value, &status);
        return status;
    }
}

/* ---- the table ---- */

static void put_heads(FILE *file, const char *what, const struct el_config *config, bool types) {
    for (size_t i = 0; i < (types ? config->n_types : config->n_members); i++) {
        fprintf(file, "\t%s.%s", what, types ? config->types[i].name : config->members[i].name);
    }
}

static void put_head(FILE *file, const struct el_config *config) {
    fputs("sentence\ttext\ttype\toccurrences\tright\tfrom_pool\tpool_alone\tright_by_pool", file);
    for (size_t i = 0; i < EL_JUDGE_TRAITS; i++) {
        fprintf(file, "\t%s", el_judge_trait_names[i]);
    }
    put_heads(file, "listed", config, false);
    put_heads(file, "probability", config, false);
    put_heads(file, "yes", config, false);
    put_heads(file, "of_type", config, true);
    fputc('\n', file);
}

static void put_candidate(void *context, const struct el_tune_candidate *candidate) {
    struct command *c = context;
    FILE *file = c->table.file;
    size_t d = el_judge_size(c->config->n_members, c->config->n_types);
    if (file == NULL) {
        return;
    }
    fprintf(file, "%zu\t", candidate->sentence);
    for (const char *at = candidate->text; *at != '\0'; at++) {
        fputc(*at == '\t' || *at == '\n' || *at == '\r' ? ' ' : *at, file);
    }
    fprintf(file, "\t%s\t%zu\t%zu\t%d\t%.6g\t%zu", candidate->type, candidate->occurrences,
            candidate->right, candidate->from_pool, candidate->prior, candidate->right_by_pool);
    for (size_t i = 0; i < d; i++) {
        fprintf(file, "\t%.6g", candidate->x[i]);
    }
    fputc('\n', file);
}

/* ---- what it would cost ---- */

struct sampled { /* the first sentences of the pool, as documents */
    const struct el_pool *pool;
    size_t next, wanted;
};

static int next_sentence(void *context, struct el_document **document, struct el_error *err) {
    struct sampled *s = context;
    struct el_pool_sentence sentence;
    if (s->next == s->wanted) {
        return 0;
    }
    if (!el_pool_get(s->pool, s->next, &sentence, err)) {
        return -1;
    }
    *document = el_document_new();
    if (*document == NULL) {
        el_fail_memory(err);
        return -1;
    }
    (*document)->id = sentence.id;
    (*document)->text = sentence.text;
    (*document)->text_len = sentence.text_len;
    (*document)->sentence_per_document = true;
    s->next++;
    return 1;
}

static int estimate(struct command *c, struct el_error *err) {
    const struct el_pool *pool = el_ensemble_pool(c->ensemble);
    size_t n = el_pool_get_info(pool)->n_sentences;
    struct sampled sampled = {pool, 0, c->options.sentences < n ? c->options.sentences : n};
    struct el_run run = {.context = &sampled, .next = next_sentence};
    struct el_estimate cost;
    c->config->settings.verifier = c->options.quick ? EL_VERIFY_NONE : EL_VERIFY_ALL;
    c->config->settings.agreement_skips = 0;
    if (!el_ensemble_estimate(c->ensemble, &run, &cost, err)) {
        return cli_fail(err);
    }
    printf("%zu sentences\n%-16s %10s %14s %14s\n", sampled.wanted, "member", "calls",
           "prompt tokens", "answer, most");
    for (size_t m = 0; m < c->config->n_members; m++) {
        uint64_t calls = 0, prompt = 0, answer = 0;
        for (size_t s = 0; s < EL_STAGES; s++) {
            calls += cost.cells[m][s].calls;
            prompt += cost.cells[m][s].prompt_tokens;
            answer += cost.cells[m][s].answer_tokens;
        }
        cli_put_string(c->config->members[m].name, 16);
        printf(" %10llu %14llu %14llu\n", (unsigned long long)calls, (unsigned long long)prompt,
               (unsigned long long)answer);
    }
    printf(
        "\nAn estimate. What a server keeps of a prompt, and stored replies, save most of it.\n");
    return fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

/* ---- figures ---- */

static void print_row(const char *name, const struct el_tune_figures *f) {
    printf("  %-28s %6.2f %6.2f %6.2f %12.2f\n", name, 100 * f->precision, 100 * f->recall,
           100 * f->f1, 100 * f->calibration_error);
}

/* Is it worth having? */
static void print_gain(const struct el_comparison *gain) {
    printf("Tuned less untuned: %+.2f F1, %.0f %% interval %+.2f to %+.2f, p = %.4f\n",
           100 * gain->difference, 100 * gain->level, 100 * gain->interval.low,
           100 * gain->interval.high, gain->p);
    if (gain->difference <= 0) {
        printf("By these sentences it is no better: leave the configuration as it is\n");
    } else if (gain->interval.low <= 0) {
        printf("This may be chance: compare both on labelled sentences of your own texts\n");
    }
}

static void print_verifiers(const struct command *c) {
    const struct el_tune_result *r = &c->result;
    const struct el_settings *s = &c->config->settings;
    printf("Verified by: nobody %.2f", 100 * r->by_nobody);
    for (size_t m = 0; m < c->config->n_members; m++) {
        printf(", ");
        cli_put_string(c->config->members[m].name, 0);
        printf(" %.2f", 100 * r->by_member[m]);
    }
    printf(", all %.2f; chosen: ", 100 * r->by_all);
    cli_put_string(s->verifier == EL_VERIFY_NONE  ? "nobody"
                   : s->verifier == EL_VERIFY_ALL ? "all"
                                                  : s->verifier_name,
                   0);
    putchar('\n');
}

static void print_figures(const struct command *c) {
    const struct el_tune_result *r = &c->result;
    printf("%zu sentences with %zu mentions; %zu candidates, %zu of them right\n\n", r->sentences,
           r->mentions, r->candidates, r->right);
    bool ran_as_configured = !c->options.quick && !r->too_few_labels;
    if (ran_as_configured || !r->too_few) {
        printf("  %-28s %6s %6s %6s %12s\n", "", "P", "R", "F1", "calibration");
    }
    if (ran_as_configured) {
        print_row("as configured", &r->before);
    }
    if (r->too_few) {
        return;
    }
    print_row("the pool's labels alone", &r->pool);
    print_row("untuned", &r->untuned);
    print_row("tuned, cross-validated", &r->after);
    putchar('\n');
    print_gain(&r->gain);
    if (r->pool.f1 >= r->after.f1 && r->pool.f1 >= r->untuned.f1) {
        printf("The pool's labels alone are as good: 'judge: labels' makes no call\n");
    }
    if (!c->options.quick) {
        print_verifiers(c);
    }
    for (size_t m = 0; m < c->config->n_members; m++) {
        if (!isnan(r->without[m])) {
            printf("Without ");
            cli_put_string(c->config->members[m].name, 0);
            printf(": %.2f%s\n", 100 * r->without[m],
                   r->without[m] >= r->after.f1 - 0.003 ? "; it could be left out" : "");
        }
    }
}

static json_t *figures_json(const struct el_tune_figures *f) {
    json_t *json =
        json_pack("{s:f, s:f, s:f}", "precision", f->precision, "recall", f->recall, "f1", f->f1);
    if (json != NULL && !isnan(f->calibration_error)) {
        json_object_set_new(json, "calibration_error", json_real(f->calibration_error));
    }
    if (json != NULL && !isnan(f->threshold)) {
        json_object_set_new(json, "threshold", json_real(f->threshold));
    }
    return json;
}

static json_t *gain_json(const struct el_comparison *gain) {
    return json_pack("{s:f, s:[f, f], s:f, s:f}", "f1_difference", gain->difference, "interval",
                     gain->interval.low, gain->interval.high, "level", gain->level, "p", gain->p);
}

static json_t *make_json(const struct command *c) {
    const struct el_tune_result *r = &c->result;
    json_t *members = json_object();
    for (size_t m = 0; m < c->config->n_members && !r->too_few; m++) {
        json_t *one = json_object();
        if (!c->options.quick) {
            json_object_set_new(one, "f1_if_it_verifies", json_real(r->by_member[m]));
        }
        if (!isnan(r->without[m])) {
            json_object_set_new(one, "f1_without_it", json_real(r->without[m]));
        }
        json_object_set_new(members, c->config->members[m].name, one);
    }
    json_t *json =
        json_pack("{s:I, s:I, s:I, s:I, s:b, s:o}", "sentences", (json_int_t)r->sentences,
                  "mentions", (json_int_t)r->mentions, "candidates", (json_int_t)r->candidates,
                  "right", (json_int_t)r->right, "too_few", r->too_few, "members", members);
    if (json != NULL && !c->options.quick && !r->too_few_labels) {
        json_object_set_new(json, "as_configured", figures_json(&r->before));
    }
    if (json != NULL && !r->too_few) {
        json_object_set_new(json, "tuned", figures_json(&r->after));
        json_object_set_new(json, "untuned", figures_json(&r->untuned));
        json_object_set_new(json, "tuned_less_untuned", gain_json(&r->gain));
        json_object_set_new(json, "pool_alone", figures_json(&r->pool));
        json_object_set_new(json, "f1_if_nobody_verifies", json_real(r->by_nobody));
        if (!c->options.quick) {
            json_object_set_new(json, "f1_if_all_verify", json_real(r->by_all));
        }
    }
    return json;
}

/* ---- the tuned configuration ---- */

/* Absolute, so that the new file may be anywhere; NULL of NULL, or if out of memory. */
static char *absolute(const char *path) {
    return path != NULL ? realpath(path, NULL) : NULL;
}

static bool write_tuned(const struct command *c, struct el_error *err) {
    const char *path = c->config->path;
    char *base = path[0] != '(' ? absolute(path) : NULL, *pool = absolute(c->config->pool);
    struct el_buffer text = {0};
    struct cli_output output;
    bool ok = el_config_print_tuned(c->config, base, pool, &text) || el_fail_memory(err);
    if (ok && cli_output_open(&output, c->output, err)) {
        const struct el_tune_result *r = &c->result;
        fprintf(output.file,
                "# Fitted by el4ner tune to %zu sentences of the pool: F1 %.2f, cross-validated; "
                "untuned %.2f.\n",
                r->sentences, 100 * r->after.f1, 100 * r->untuned.f1);
        bool written = fwrite(text.data, 1, text.len, output.file) == text.len;
        ok = cli_output_close(&output, written, err) && written;
    } else {
        ok = false;
    }
    el_buffer_free(&text);
    free(base);
    free(pool);
    return ok;
}

static int tune(struct command *c, struct el_error *err) {
    c->watch.ensemble = c->ensemble;
    cli_tell_ensemble(c->config);
    cli_catch_interrupt();
    cli_watch_begin(&c->watch);
    bool ok = el_tune(c->config, c->ensemble, &c->options, &c->result, err);
    uint64_t stored, calls;
    cli_count_stored(c->ensemble, c->config, &stored, &calls);
    cli_progress(NULL);
    if (!c->settings.quiet) {
        cli_report_stored(stored, calls, "");
        cli_report_abstentions(&el_ensemble_counts(c->ensemble)->abstentions, c->ensemble,
                               c->config);
    }
    return ok ? CLI_OK : cli_fail(err);
}

static int run(struct command *c) {
    struct el_error err = {0};
    struct el_log log = cli_log(c->settings.quiet);
    char *store = cli_store_path(&c->settings);
    if (!c->dry_run && c->trace_path != NULL && !cli_output_open(&c->trace, c->trace_path, &err)) {
        free(store);
        return cli_fail(&err);
    }
    if (!c->dry_run && c->table_path != NULL) {
        if (!cli_output_open(&c->table, c->table_path, &err)) {
            (void)cli_output_close(&c->trace, false, &err);
            free(store);
            return cli_fail(&err);
        }
        put_head(c->table.file, c->config);
    }
    c->watch = (struct cli_watch){.settings = &c->settings, .config = c->config};
    struct el_ensemble_options open = {.log = &log,
                                       .store_path = store,
                                       .refresh = c->settings.refresh,
                                       .offline = c->dry_run,
                                       .ask_anyway = true,
                                       .embed = c->dry_run,
                                       .trace = c->trace.file,
                                       .answered = cli_watch_answer,
                                       .context = &c->watch};
    int status = CLI_OK;
    if (!el_ensemble_open(c->config, &open, &c->ensemble, &err)) {
        status = cli_fail(&err);
    } else if (el_ensemble_pool(c->ensemble) == NULL) {
        status = cli_usage("tune", "a pool is needed; name one with --pool");
    } else if (c->dry_run) {
        status = estimate(c, &err);
    } else {
        status = tune(c, &err);
    }
    if (!cli_output_close(&c->trace, true, &err)) {
        status = cli_fail(&err);
    }
    if (!cli_output_close(&c->table, status == CLI_OK, &err)) {
        status = cli_fail(&err);
    }
    free(store);
    return status;
}

static int finish(struct command *c) {
    struct el_error err = {0};
    if (c->as_json && !cli_write_json(NULL, make_json(c), 0, &err)) {
        return cli_fail(&err);
    }
    if (!c->as_json) {
        print_figures(c);
    }
    if (c->result.too_few_labels) {
        cli_say("too few mentions of the types to fit anything: take more sentences (--sentences), "
                "or a "
                "pool with more labels of these types. No member was asked, nothing was written");
        return CLI_FAILED;
    }
    if (c->result.too_few) {
        cli_say("too few right or wrong candidates to fit anything; take more sentences "
                "(--sentences), or models that find more. Nothing was written");
        return CLI_FAILED;
    }
    if (c->output == NULL) {
        return CLI_OK;
    }
    if (!write_tuned(c, &err)) {
        return cli_fail(&err);
    }
    cli_say("%s is written; use it with -c %s", c->output, c->output);
    return CLI_OK;
}

int cmd_tune(int argc, char **argv) {
    struct command c = {
        .settings = CLI_SETTINGS_INIT,
        .options = {.sentences = 200,
                    .seed = 1,
                    .beta = 1,
                    .tick = tick,
                    .progress = note_progress,
                    .candidate = put_candidate},
    };
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &help};
    int status = CLI_OK;
    for (int id; status == CLI_OK && (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
        status = set_option(&c, id, parser.value);
    }
    if (status == CLI_OK && parser.first < argc) {
        status = cli_usage("tune", "takes no operand, but got '%s'; the sentences are the pool's",
                           argv[parser.first]);
    }
    if (status == CLI_OK && c.output != NULL && c.settings.url != NULL) {
        status = cli_usage(
            "tune", "-o writes what is fitted on top of a configuration with the members, and "
                    "--url is in none; write one first: el4ner config --url ... > my.yaml");
    }
    status = status == CLI_OK ? cli_check_output(c.output, NULL, 0) : status;
    status = status == CLI_OK ? cli_check_output(c.trace_path, NULL, 0) : status;
    status = status == CLI_OK ? cli_check_output(c.table_path, NULL, 0) : status;
    status = status == CLI_OK ? cli_load(&c.settings, &c.config) : status;
    if (status == CLI_OK) {
        c.options.context = &c;
        status = run(&c);
    }
    if (status == CLI_OK && !c.dry_run) {
        status = finish(&c);
    }
    el_ensemble_close(c.ensemble);
    el_config_free(c.config);
    return status;
}

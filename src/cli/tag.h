/* A run of `el4ner tag`: the command (cmd_tag.c) and what happens while it runs (tag_run.c). */
#ifndef EL_CLI_TAG_H
#define EL_CLI_TAG_H

#include "cli/summary.h"
#include "cli/type_list.h"
#include "cli/watch.h"
#include "pipeline/ensemble.h"

struct tag {
    struct cli_settings settings;
    const char *output_path, *trace_path, *manifest_path, *account_path, *summary_path,
        *labelling_path;
    struct el_read_options read;
    struct el_write_options write;
    enum cli_color color;
    size_t window;
    double min_score; /* entities with a lower score are not written */

    struct el_config *config;
    struct el_ensemble *ensemble;
    struct el_log log;
    char *store;
    const char **names; /* of members */
    struct cli_output output, trace;
    struct el_writer *writer;

    /* Input */
    char **inputs;
    size_t n_inputs, at;              /* `at`: the next to open */
    struct el_reader *reader;         /* of inputs[at - 1] */
    uint64_t bytes_before, bytes_all; /* of finished inputs; of all, 0 = unknown */
    bool bytes_known;

    /* Counts */
    uint64_t documents_read, text_read, sentences, text_done;
    struct cli_type_list types; /* of the input, for --types auto */
    size_t empty_inputs;        /* files without a byte */
    uint64_t failed_inputs;     /* documents or files that could not be read */
    uint64_t written;
    uint64_t unsure; /* entities left out by min_score */
    struct cli_watch watch;
    struct cli_summary summary;
    bool dry_run;
    bool told; /* that Ctrl-C was noticed */
};

/* The callbacks of el_run. */
int tag_next(void *context, struct el_document **document, struct el_error *err);
bool tag_done(void *context, struct el_document *document, struct el_error *err);
enum el_tick tag_tick(void *context);
void tag_sentence(void *context, const struct el_document *document, const struct el_work *work);

/* --dry-run: print what the run would cost. Gives the exit status. */
int tag_dry_run(struct tag *tag);

/* Calls, tokens and failures by member and stage. NULL if out of memory. */
json_t *tag_account(const struct tag *tag);

/* The summary, and failures and silent members by name; gives the exit status. */
int tag_report(const struct tag *tag);

#endif

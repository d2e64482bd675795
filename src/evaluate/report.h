/* The report: one HTML file without outside parts, for reading in any browser.
 *
 * Score table with intervals, ablation as table and plot, confusion between types, stage budget,
 * and every sentence with its gold and predicted entities, to be filtered by kind of error. The
 * sentences travel as JSON inside the page and are drawn as they scroll into view, so that
 * thousands of them open at once. */
#ifndef EL_EVALUATE_REPORT_H
#define EL_EVALUATE_REPORT_H

#include "evaluate/ablate.h"

struct el_report {
    const char *title;
    const struct el_labels *gold, *predicted; /* aligned */
    const struct el_score *score;
    const struct el_ablation *ablation; /* NULL = scores only */
    const char *const *members;         /* names by bit, for the evidence; may be NULL */
    size_t n_members;
    /* JSON of el_work_trace(), one a sentence, in the order of ablation->record; NULL = none. */
    const char *const *traces;
    size_t n_traces;
    const char *version;       /* of the program */
    const char *configuration; /* in force, as text; NULL = none was used */
    /* What each member is: "llama.cpp b6123, qwen3-4b"; NULL = not known. */
    const char *const *models;
    const char *pool;        /* NULL = none */
    const char *abstentions; /* of el_abstentions_write(); NULL or "" = none */
};

/* `file` stays the caller's. */
bool el_report_write(const struct el_report *report, FILE *file, struct el_error *err);

#endif

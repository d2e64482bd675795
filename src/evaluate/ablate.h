/* The whole ablation from one command: rows of a table, each one variation of the configured
 * ensemble on the same documents.
 *
 * A row is *exact* where its own prompts were asked (calls that rows have in common are made once
 * and come from the reply store after that), and *projected* where the votes of one full run are
 * only counted differently. A subset of the members shows the difference: fewer members propose
 * fewer spans, so other demonstrations are retrieved and the remaining members are prompted
 * differently; the projection keeps the prompts of the full ensemble. The two never share a
 * column. */
#ifndef EL_EVALUATE_ABLATE_H
#define EL_EVALUATE_ABLATE_H

#include "evaluate/record.h"
#include "evaluate/score.h"

enum el_ablate {
    EL_ABLATE_MEMBERS = 1,
    EL_ABLATE_VERIFIER = 2,
    EL_ABLATE_VOTING = 4,
    EL_ABLATE_RETRIEVAL = 8,
    EL_ABLATE_K = 16,
};

/* "members,verifier,..." or "all"; false if a word is none of them. */
bool el_ablate_parse(const char *list, unsigned *groups);

struct el_ablation_options {
    unsigned groups; /* enum el_ablate; 0 = only the configured ensemble */
    const size_t *ks;
    size_t n_ks; /* 0 = 0, 1, 2, 5, 10 */
    struct el_score_options score;
    void (*progress)(void *context, size_t row, size_t n_rows, const char *name);
    bool (*stop)(void *context);
    void *context;
};

struct el_ablation_row {
    const char *group, *name;
    bool has_exact, has_projected;
    struct el_score exact, projected;
    struct el_comparison exact_against, projected_against; /* row - configured ensemble */
    uint64_t calls, made; /* of the exact run: needed if it were alone; made now */
    uint64_t failed_documents;
};

struct el_ablation {
    struct el_arena arena;
    struct el_labels predicted;        /* of the configured ensemble, with evidence */
    struct el_record record;           /* of the same run */
    struct el_abstentions abstentions; /* of the same run */
    struct el_ablation_row *rows;      /* rows[0]: as configured */
    size_t n_rows;
    uint64_t calls, made; /* all rows run separately; this time */
};

/* `gold` has only asked types (el_labels_map_types) and outlives the result. All members vote and
 * nothing is skipped lazily, so that `calls` is what the method itself needs. */
bool el_ablate(struct el_ensemble *ensemble, const struct el_config *config,
               const struct el_labels *gold, const struct el_ablation_options *options,
               struct el_ablation *ablation, struct el_error *err);
void el_ablation_free(struct el_ablation *ablation);

/* {"result": score of rows[0], "rows": [...], "calls": {...}, "stages": {...}}; NULL if memory is
 * out. */
json_t *el_ablation_json(const struct el_ablation *ablation);

#endif

/* What a run found, over all documents: entities by type, and the most frequent. */
#ifndef EL_CLI_SUMMARY_H
#define EL_CLI_SUMMARY_H

#include "cli/cli.h"

/* {0} is empty. */
struct cli_summary {
    json_t *types;    /* {type: {text: [occurrences, documents]}} */
    size_t documents; /* with or without entities */
    bool failed;      /* memory ran out */
};
void cli_summary_add(struct cli_summary *summary, const struct el_document *document);

/* As text; "-" is standard error. */
bool cli_summary_write(const struct cli_summary *summary, const char *path, struct el_error *err);
void cli_summary_free(struct cli_summary *summary);

#endif

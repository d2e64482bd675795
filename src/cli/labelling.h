/* The labelling configuration of Label Studio for a set of types. */
#ifndef EL_CLI_LABELLING_H
#define EL_CLI_LABELLING_H

#include "cli/cli.h"

#define CLI_LABELLING_OPTION(id)                                                                   \
    {                                                                                              \
        id, "labelstudio-config", "FILE",                                                          \
            "with --to labelstudio: the labelling configuration for\nthe tasks"                    \
    }

/* Of tag and convert, where another format is written. */
#define CLI_LABELLING_ALONE "--labelstudio-config belongs to --to labelstudio"

/* Types in the order in which they were added, each once. {0} is empty. */
struct cli_labelling {
    json_t *types;
    bool failed; /* memory ran out */
};
void cli_labelling_add(struct cli_labelling *labelling, const char *type);
bool cli_labelling_write(const struct cli_labelling *labelling, const char *path,
                         struct el_error *err);
void cli_labelling_free(struct cli_labelling *labelling);

#endif

/* The parts of el4ner pool. */
#ifndef EL_CLI_POOL_COMMANDS_H
#define EL_CLI_POOL_COMMANDS_H

#include "cli/cli.h"

struct el_work;

/* argv[0] is "pool search" or so. */
cli_command cmd_pool_build, cmd_pool_add, cmd_pool_search, cmd_pool_info;

/* What a search found, for people. */
void pool_print(const struct el_work *work);
/* Append one object. */
void pool_json(struct el_buffer *out, const struct el_work *work);

#endif

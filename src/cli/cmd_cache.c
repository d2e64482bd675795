/* el4ner cache: what the reply store holds; drop what is old, too much or of one model; write it
 * out. */
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "store/manage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ID_JSON = CLI_FIRST_ID, ID_OLDER, ID_SIZE, ID_MODEL, ID_ALL };

#define CACHE_OPTION                                                                               \
    {                                                                                              \
        CLI_ID_CACHE, "cache", "FILE",                                                             \
            "the reply store (default:\n$XDG_CACHE_HOME/el4ner/replies.sqlite)"                    \
    }

static const struct cli_option show_options[] = {{ID_JSON, "json", NULL, "as JSON"}, CACHE_OPTION};
static const struct cli_help show_help = {
    .usage = "el4ner cache [options]\n"
             "       el4ner cache prune [options]\n"
             "       el4ner cache export [options]",
    .text = "Shows the reply store, from which an interrupted run goes on and a second run takes\n"
            "its answers: path, size, replies by model, and when they were written.\n"
            "  prune   drop replies\n"
            "  export  write replies as JSON lines",
    .options = show_options,
    .n_options = sizeof show_options / sizeof *show_options,
    .more = "More: el4ner cache prune --help, el4ner cache export --help",
};

static const struct cli_option prune_options[] = {
    {ID_OLDER, "older-than", "AGE", "those written longer ago: 12h, 30d, 8w"},
    {ID_SIZE, "max-size", "SIZE", "the oldest, until the file is no larger: 500M, 1G"},
    {ID_MODEL, "model", "NAME", "only those of this model (as el4ner cache names it)"},
    {ID_ALL, "all", NULL, "all of them"},
    CACHE_OPTION,
    {'q', "quiet", NULL, "do not say how many"}};
static const struct cli_help prune_help = {
    .usage = "el4ner cache prune [options]",
    .text = "Drops replies and gives their room back. What is dropped is asked again when it is\n"
            "needed; results do not change. Runs that use the store at the same time go on.",
    .options = prune_options,
    .n_options = sizeof prune_options / sizeof *prune_options,
    .more = "Examples:\n"
            "  el4ner cache prune --older-than 30d\n"
            "  el4ner cache prune --max-size 1G\n"
            "  el4ner cache prune --model qwen2.5-7b-instruct --older-than 2w",
};

static const struct cli_option export_options[] = {
    {'o', "output", "FILE", "write there; the file appears when it is complete"}, CACHE_OPTION};
static const struct cli_help export_help = {
    .usage = "el4ner cache export [options]",
    .text = "Writes every reply as a line of JSON, ordered by key. The key is the SHA-256 of API,\n"
            "model and request; prompts are not in the store.",
    .options = export_options,
    .n_options = sizeof export_options / sizeof *export_options,
    .more = "Fields: key, model, text, cut, yes_probability (null = not known), seconds,\n"
            "prompt_tokens, answer_tokens, cached_tokens (-1 = not said), written (seconds since\n"
            "1970).",
};

/* Opens a store that is there; *store NULL if there is none at the default place. */
static int open_store(const char *named, const struct el_log *log, char **path,
                      struct el_store **store) {
    struct cli_settings settings = CLI_SETTINGS_INIT;
    struct el_error err = {0};
    settings.cache = named;
    *store = NULL;
    *path = cli_store_path(&settings);
    if (*path == NULL) {
        return CLI_FAILED;
    }
    if (access(*path, F_OK) != 0) {
        if (named == NULL && errno == ENOENT) {
            return CLI_OK;
        }
        el_fail(&err, EL_ERR_IO, "%s: no reply store there: %s", *path, strerror(errno));
        return cli_fail(&err);
    }
    return el_store_open(*path, log, store, &err) ? CLI_OK : cli_fail(&err);
}

/* ---- show ---- */

static void print_time(int64_t seconds) {
    time_t at = (time_t)seconds;
    struct tm parts;
    char text[32];
    if (localtime_r(&at, &parts) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts) == 0) {
        strcpy(text, "?");
    }
    printf("%-16s", text);
}

static void print_model(void *context, const char *model, const struct el_store_summary *summary) {
    (void)context;
    printf("%10" PRIu64 "  ", summary->replies);
    print_time(summary->oldest);
    printf("  ");
    print_time(summary->newest);
    printf("  ");
    /* A server chooses this name. */
    cli_put_string(model[0] != '\0' ? model : "(not known)", 0);
    putchar('\n');
}

static bool show_text(const char *path, struct el_store *store, struct el_error *err) {
    struct el_store_summary summary = {0};
    char size[CLI_SIZE];
    if (store != NULL && !el_store_summarise(store, &summary, err)) {
        return false;
    }
    printf("path     %s%s\n", path, store == NULL ? " (not there yet)" : "");
    printf("size     %s\n", cli_size(summary.file_bytes, size));
    printf("replies  %" PRIu64 "\n", summary.replies);
    if (summary.replies == 0) {
        return true;
    }
    printf("\n%10s  %-16s  %-16s  %s\n", "replies", "oldest", "newest", "model");
    return el_store_models(store, print_model, NULL, err);
}

static void add_model(void *context, const char *model, const struct el_store_summary *summary) {
    /* jansson refuses names that are no UTF-8; such a row counts as unknown. */
    json_t *name = json_string(model);
    json_array_append_new(context, json_pack("{s:o, s:I, s:I, s:I, s:I}", "model",
                                             name != NULL ? name : json_string(""), "replies",
                                             (json_int_t)summary->replies, "text_bytes",
                                             (json_int_t)summary->text_bytes, "oldest",
                                             (json_int_t)summary->oldest, "newest",
                                             (json_int_t)summary->newest));
}

static bool show_json(const char *path, struct el_store *store, struct el_error *err) {
    struct el_store_summary summary = {0};
    json_t *models = json_array();
    bool ok = models != NULL || el_fail_memory(err);
    ok = ok && (store == NULL || (el_store_summarise(store, &summary, err) &&
                                  el_store_models(store, add_model, models, err)));
    json_t *all =
        !ok ? NULL
            : json_pack("{s:s, s:I, s:I, s:I, s:O}", "path", path, "file_bytes",
                        (json_int_t)summary.file_bytes, "replies", (json_int_t)summary.replies,
                        "text_bytes", (json_int_t)summary.text_bytes, "models", models);
    if (ok && (all == NULL || json_dumpf(all, stdout, JSON_INDENT(2)) != 0 || putchar('\n') < 0)) {
        ok = el_fail(err, EL_ERR_IO, "cannot write to standard output");
    }
    json_decref(all);
    json_decref(models);
    return ok;
}

static int show(int argc, char **argv) {
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &show_help};
    struct el_log log = cli_log(true);
    struct el_error err = {0};
    struct el_store *store;
    const char *named = NULL;
    char *path;
    bool json = false;
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
        json |= id == ID_JSON;
        named = id == CLI_ID_CACHE ? parser.value : named;
    }
    if (parser.first < argc) {
        return cli_usage("cache", "'%s' is not prune or export", argv[parser.first]);
    }
    int status = open_store(named, &log, &path, &store);
    if (status == CLI_OK) {
        bool ok = json ? show_json(path, store, &err) : show_text(path, store, &err);
        ok = ok &&
             (fflush(stdout) == 0 || el_fail(&err, EL_ERR_IO, "cannot write to standard output"));
        status = ok ? CLI_OK : cli_fail(&err);
    }
    el_store_close(store);
    free(path);
    return status;
}

/* ---- prune ---- */

struct unit {
    char letter;
    uint64_t factor;
};

/* A whole number with one of these letters after it; 0 if it is not one. */
static uint64_t read_amount(const char *text, const struct unit *units, size_t n_units) {
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || errno != 0 || *end == '\0' || end[1] != '\0') {
        return 0;
    }
    for (size_t i = 0; i < n_units; i++) {
        if (units[i].letter == *end && number <= INT64_MAX / units[i].factor) {
            return number * units[i].factor;
        }
    }
    return 0;
}

struct prune {
    struct el_store_prune what;
    const char *cache;
    bool quiet, all, older;
};

static int prune_option(struct prune *prune, const char *command, int id, const char *value) {
    static const struct unit ages[] = {
        {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', UINT64_C(7) * 86400}};
    static const struct unit sizes[] = {
        {'K', 1 << 10}, {'M', 1 << 20}, {'G', 1 << 30}, {'T', UINT64_C(1) << 40}};
    uint64_t amount;
    switch (id) {
    case ID_OLDER:
        amount = read_amount(value, ages, sizeof ages / sizeof *ages);
        prune->older = true;
        prune->what.before = (int64_t)time(NULL) - (int64_t)amount;
        return amount > 0 ? CLI_OK
                          : cli_usage(command,
                                      "--older-than takes an age such as 12h, 30d or 8w, "
                                      "not \"%s\"",
                                      value);
    case ID_SIZE:
        prune->what.max_bytes = read_amount(value, sizes, sizeof sizes / sizeof *sizes);
        return prune->what.max_bytes > 0
                   ? CLI_OK
                   : cli_usage(command, "--max-size takes a size such as 500M or 1G, not \"%s\"",
                               value);
    case ID_MODEL:
        prune->what.model = value;
        return CLI_OK;
    case ID_ALL:
        prune->all = true;
        return CLI_OK;
    case CLI_ID_CACHE:
        prune->cache = value;
        return CLI_OK;
    default:
        prune->quiet = true;
        return CLI_OK;
    }
}

/* What the options mean together. */
static int settle(struct prune *prune, const char *command) {
    bool sized = prune->what.max_bytes > 0, named = prune->what.model != NULL;
    if (prune->all && (prune->older || sized || named)) {
        return cli_usage(command, "--all stands alone");
    }
    if (!prune->all && !prune->older && !sized && !named) {
        return cli_usage(command, "say what to drop: --older-than, --max-size, --model or --all");
    }
    if (!prune->older) {
        prune->what.before = sized ? INT64_MIN : INT64_MAX;
    }
    return CLI_OK;
}

static int prune(int argc, char **argv) {
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &prune_help};
    struct prune prune = {0};
    struct el_log log = cli_log(true);
    struct el_error err = {0};
    struct el_store *store;
    uint64_t dropped = 0;
    char *path;
    int status = CLI_OK;
    for (int id; status == CLI_OK && (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
        status = prune_option(&prune, argv[0], id, parser.value);
    }
    if (status == CLI_OK && parser.first < argc) {
        status = cli_usage(argv[0], "takes no operand, but got '%s'", argv[parser.first]);
    }
    status = status == CLI_OK ? settle(&prune, argv[0]) : status;
    if (status != CLI_OK) {
        return status;
    }
    status = open_store(prune.cache, &log, &path, &store);
    if (store != NULL && !el_store_prune(store, &prune.what, &dropped, &err)) {
        status = cli_fail(&err);
    }
    if (status == CLI_OK && !prune.quiet) {
        cli_say("%" PRIu64 " repl%s dropped", dropped, dropped == 1 ? "y" : "ies");
    }
    el_store_close(store);
    free(path);
    return status;
}

/* ---- export ---- */

struct export {
    FILE *file;
    struct el_buffer line;
    bool failed;
};

static void put_text(struct el_buffer *line, const char *name, const char *text) {
    el_buffer_printf(line, "\"%s\": ", name);
    /* The store may be of another's making; what is no UTF-8 is cut off there. */
    el_json_string(line, text, el_utf8_valid_prefix(text, strlen(text)));
    el_buffer_string(line, ", ");
}

static bool write_reply(void *context, const char key[EL_SHA256_HEX],
                        const struct el_stored *stored, int64_t written) {
    struct export *export = context;
    struct el_buffer *line = &export->line;
    el_buffer_clear(line);
    el_buffer_char(line, '{');
    put_text(line, "key", key);
    put_text(line, "model", stored->model);
    put_text(line, "text", stored->text);
    el_buffer_printf(line, "\"cut\": %s, \"yes_probability\": ", stored->cut ? "true" : "false");
    el_json_real(line, stored->yes_probability);
    el_buffer_string(line, ", \"seconds\": ");
    el_json_real(line, stored->seconds);
    el_buffer_printf(line,
                     ", \"prompt_tokens\": %ld, \"answer_tokens\": %ld, \"cached_tokens\": %ld, "
                     "\"written\": %" PRId64 "}\n",
                     stored->prompt_tokens, stored->answer_tokens, stored->cached_tokens, written);
    export->failed = line->failed || fwrite(line->data, 1, line->len, export->file) != line->len;
    return !export->failed;
}

static bool write_all(struct el_store *store, const char *output_path, struct el_error *err) {
    struct cli_output output;
    if (!cli_output_open(&output, output_path, err)) {
        return false;
    }
    struct export export = {.file = output.file};
    bool ok = store == NULL || el_store_each(store, write_reply, &export, err);
    if (export.failed) {
        ok = export.line.failed
                 ? el_fail_memory(err)
                 : el_fail(err, EL_ERR_IO, "%s: cannot write: %s",
                           output_path != NULL ? output_path : "standard output", strerror(errno));
    }
    el_buffer_free(&export.line);
    struct el_error ignored;
    return cli_output_close(&output, ok, ok ? err : &ignored) && ok;
}

static int export_replies(int argc, char **argv) {
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &export_help};
    struct el_log log = cli_log(true);
    struct el_error err = {0};
    struct el_store *store;
    const char *named = NULL, *output = NULL;
    char *path;
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
        named = id == CLI_ID_CACHE ? parser.value : named;
        output = id == 'o' ? parser.value : output;
    }
    if (parser.first < argc) {
        return cli_usage(argv[0], "takes no operand, but got '%s'", argv[parser.first]);
    }
    int status = open_store(named, &log, &path, &store);
    if (status == CLI_OK && !write_all(store, output, &err)) {
        status = cli_fail(&err);
    }
    el_store_close(store);
    free(path);
    return status;
}

int cmd_cache(int argc, char **argv) {
    static char prune_name[] = "cache prune", export_name[] = "cache export";
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "prune") == 0) {
        argv[1] = prune_name;
        return prune(argc - 1, argv + 1);
    }
    if (strcmp(name, "export") == 0) {
        argv[1] = export_name;
        return export_replies(argc - 1, argv + 1);
    }
    return show(argc, argv);
}

/* el4ner pool: build, extend and look into a pool of demonstrations. */
#include "cli/pool_commands.h"

#include "pipeline/embedder.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ID_VECTORS = CLI_FIRST_ID, ID_DIMENSIONS, ID_THREADS };

static const struct cli_option build_options[] = {
    {'o', "output", "FILE", "the pool to write, e.g. pool.el4"},
    {ID_VECTORS, "vectors", "HOW",
     "small (8 bits, default), float (32 bits)\nor both; results are the same"},
    {ID_DIMENSIONS, "dimensions", "N", "of the vectors (default 384)"},
    {ID_THREADS, "threads", "N", "default: all processors"},
    {'c', "config", "FILE",
     "configuration; its retrieve: vectors may name an\nembedding model (without: n-grams)"},
    {CLI_ID_CACHE, "cache", "FILE", "the reply store, for vectors"},
    {CLI_ID_NO_CACHE, "no-cache", NULL, "no reply store"},
    {'q', "quiet", NULL, "no progress"},
    CLI_READ_OPTIONS,
};
static const struct cli_help build_help = {
    .usage = "el4ner pool build [options] LABELLED... -o POOL.el4",
    .text = "Builds a pool of demonstrations with its index from labelled files. The new pool\n"
            "takes its place by rename when complete, so a broken build leaves nothing behind.",
    .options = build_options,
    .n_options = sizeof build_options / sizeof *build_options,
    .more = "Examples:\n"
            "  el4ner pool build train.conll -o pool.el4\n"
            "  el4ner pool build news.jsonl web.jsonl -o pool.el4\n"
            "  el4ner pool build -c el4ner.yaml train.conll -o pool.el4",
};
static const struct cli_help add_help = {
    .usage = "el4ner pool add [options] POOL.el4 LABELLED...",
    .text = "Adds the sentences of labelled files after those of a pool. Without -o the pool is\n"
            "replaced, by rename: programs that have it open keep the old one.",
    .options = build_options,
    .n_options = sizeof build_options / sizeof *build_options,
    .more = "Example:\n"
            "  el4ner pool add pool.el4 corrected.jsonl",
};

struct build {
    struct el_pool_build_options options;
    struct cli_settings settings;
    const char *output;
    bool quiet;

    /* Vectors from an embedding member. */
    struct el_config *config;
    struct el_log log;
    struct el_client *client;
    struct el_embedder embedder;
};

static int set_option(struct build *build, const char *command, int id, const char *value) {
    static const char *const storages[] = {"small", "float", "both", NULL};
    unsigned word;
    long number;
    int status = CLI_OK;
    switch (id) {
    case 'o':
        build->output = value;
        return CLI_OK;
    case 'q':
        build->quiet = true;
        return CLI_OK;
    case 'c':
        build->settings.config = value;
        return CLI_OK;
    case CLI_ID_CACHE:
        build->settings.cache = value;
        return CLI_OK;
    case CLI_ID_NO_CACHE:
        build->settings.no_cache = true;
        return CLI_OK;
    case ID_VECTORS:
        if (!cli_word(command, "--vectors", value, storages, &word)) {
            return CLI_USAGE;
        }
        build->options.storage = (enum el_storage)word;
        return CLI_OK;
    case ID_DIMENSIONS:
        if (!cli_number(command, "--dimensions", value, 32, 4096, &number)) {
            return CLI_USAGE;
        }
        build->options.dimensions = (size_t)number;
        return CLI_OK;
    case ID_THREADS:
        if (!cli_number(command, "--threads", value, 1, 64, &number)) {
            return CLI_USAGE;
        }
        build->options.threads = (size_t)number;
        return CLI_OK;
    default:
        cli_read_option(&build->options.read, command, id, value, &status);
        return status;
    }
}

static void show_progress(void *context, uint64_t sentences, uint64_t done, uint64_t total) {
    char line[160];
    (void)context;
    if (total > 0) {
        snprintf(line, sizeof line, "%llu sentences, %.0f %% read", (unsigned long long)sentences,
                 100.0 * (double)done / (double)total);
    } else {
        snprintf(line, sizeof line, "%llu sentences", (unsigned long long)sentences);
    }
    cli_progress(line);
}

static int by_text(const void *a, const void *b) {
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

/* How many sentences have the text of one before them. */
static bool count_repeated(const struct el_pool *pool, size_t *repeated, struct el_error *err) {
    size_t n = el_pool_get_info(pool)->n_sentences;
    const char **texts = calloc(n + 1, sizeof *texts);
    bool ok = texts != NULL || el_fail_memory(err);
    *repeated = 0;
    for (size_t i = 0; ok && i < n; i++) {
        struct el_pool_sentence sentence;
        ok = el_pool_get(pool, i, &sentence, err);
        texts[i] = sentence.text;
    }
    if (ok && n > 1) {
        qsort(texts, n, sizeof *texts, by_text);
        for (size_t i = 1; i < n; i++) {
            *repeated += strcmp(texts[i - 1], texts[i]) == 0;
        }
    }
    free(texts);
    return ok;
}

static void print_built(const char *path) {
    struct el_pool *pool;
    struct el_error err;
    if (!el_pool_open(path, NULL, &pool, &err)) {
        cli_fail(&err);
        return;
    }
    const struct el_pool_info *info = el_pool_get_info(pool);
    cli_say("%s: %zu sentences, %zu spans (%zu distinct) of %zu types, %.1f MB", path,
            info->n_sentences, info->n_spans, info->n_distinct_spans, info->n_types,
            (double)info->file_bytes / 1e6);
    size_t repeated;
    if (!count_repeated(pool, &repeated, &err)) {
        cli_fail(&err);
    } else if (repeated > 0) {
        cli_say("%zu of these sentences repeat another; where both are shown, one is wasted. Was a "
                "file added twice?",
                repeated);
    }
    el_pool_close(pool);
}

/* Start the embedding member that the configuration names, if it does. */
static int start_embedder(struct build *build) {
    struct el_error err = {0};
    int status = cli_load(&build->settings, &build->config);
    if (status != CLI_OK || build->config->embedder == NULL) {
        return status;
    }
    if (build->options.dimensions != 0) {
        return cli_usage("pool build", "--dimensions is for n-grams; the embedding model has its "
                                       "own");
    }
    build->log = cli_log(build->quiet);
    char *store = cli_store_path(&build->settings);
    struct el_client_options options = {.log = &build->log,
                                        .store_path = store,
                                        .llama_server = build->config->llama_server,
                                        .data_folders = build->config->data_folders};
    bool ok = el_client_start(build->config->embedder, 1, &options, &build->client, &err) &&
              el_embedder_init(&build->embedder, build->client, 0, build->config->embedder,
                               &build->log, &err);
    free(store);
    if (!ok) {
        return cli_fail(&err);
    }
    el_embedder_options(&build->embedder, &build->options);
    return CLI_OK;
}

/* With `base` the sentences of that pool come first. */
static int run_build_now(struct build *build, const struct el_pool *base, char **inputs, int n) {
    struct el_error err = {0};
    const char *const *files = (const char *const *)inputs;
    if (!build->quiet) {
        build->options.progress = show_progress;
    }
    bool ok = base == NULL
                  ? el_pool_build(files, (size_t)n, build->output, &build->options, &err)
                  : el_pool_extend(base, files, (size_t)n, build->output, &build->options, &err);
    cli_progress(NULL);
    if (!ok) {
        return cli_fail(&err);
    }
    cli_warn_unused(&build->options.read);
    if (!build->quiet) {
        print_built(build->output);
    }
    return CLI_OK;
}

static int run_build(struct build *build, const struct el_pool *base, char **inputs, int n) {
    int status = cli_check_inputs(inputs, (size_t)n);
    status = status == CLI_OK ? cli_check_output(build->output, inputs, (size_t)n) : status;
    if (status == CLI_OK && build->settings.config != NULL) {
        status = start_embedder(build);
    }
    if (status == CLI_OK) {
        status = run_build_now(build, base, inputs, n);
    }
    el_client_stop(build->client);
    el_config_free(build->config);
    return status;
}

int cmd_pool_build(int argc, char **argv) {
    struct build build = {
        .settings = CLI_SETTINGS_INIT, .settings.no_members = true, .options.read = CLI_READ_INIT};
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &build_help};
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
        int status = set_option(&build, argv[0], id, parser.value);
        if (status != CLI_OK) {
            return status;
        }
    }
    if (parser.first >= argc) {
        return cli_usage(argv[0], "give at least one labelled file");
    }
    if (build.output == NULL) {
        return cli_usage(argv[0], "say where the pool goes, with -o POOL.el4");
    }
    return run_build(&build, NULL, argv + parser.first, argc - parser.first);
}

int cmd_pool_add(int argc, char **argv) {
    struct build build = {
        .settings = CLI_SETTINGS_INIT, .settings.no_members = true, .options.read = CLI_READ_INIT};
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &add_help};
    struct el_pool *base;
    struct el_error err = {0};
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
        int status = set_option(&build, argv[0], id, parser.value);
        if (status != CLI_OK) {
            return status;
        }
    }
    if (parser.first + 2 > argc) {
        return cli_usage(argv[0], "give a pool and at least one labelled file");
    }
    const char *pool = argv[parser.first];
    build.output = build.output != NULL ? build.output : pool;
    int status = cli_check_inputs(argv + parser.first, 1);
    if (status != CLI_OK) {
        return status;
    }
    if (!el_pool_open(pool, NULL, &base, &err)) {
        return cli_fail(&err);
    }
    status = el_pool_get_info(base)->in_memory && build.output == pool
                 ? cli_usage(argv[0],
                             "%s is a labelled file, not a pool; say where the pool goes, "
                             "with -o POOL.el4",
                             pool)
                 : run_build(&build, base, argv + parser.first + 1, argc - parser.first - 1);
    el_pool_close(base);
    return status;
}

static const struct cli_help info_help = {
    .usage = "el4ner pool info POOL",
    .text = "What a pool holds.",
};

static int print_info(const struct el_pool *pool) {
    const struct el_pool_info *info = el_pool_get_info(pool);
    struct el_error err = {0};
    size_t *counts = calloc(info->n_types + 1, sizeof *counts), empty = 0, repeated = 0;
    bool ok = (counts != NULL || el_fail_memory(&err)) && count_repeated(pool, &repeated, &err);
    for (size_t i = 0; ok && i < info->n_sentences; i++) {
        struct el_pool_sentence sentence;
        ok = el_pool_get(pool, i, &sentence, &err);
        for (size_t e = 0; ok && e < sentence.n_entities; e++) {
            counts[sentence.entities[e].type]++;
        }
        empty += ok && sentence.n_entities == 0;
    }
    if (ok) {
        printf("sentences   %zu (%zu without a span, %zu that repeat another)\n", info->n_sentences,
               empty, repeated);
        printf("spans       %zu (%zu distinct)\n", info->n_spans, info->n_distinct_spans);
        printf("vectors     ");
        cli_put_string(info->vectors, 0);
        printf(", %zu dimensions, %s\n", info->dimensions,
               !info->quantised     ? "32 bits"
               : info->exact_stored ? "8 bits, and 32 bits"
                                    : "8 bits");
        printf("size        %.1f MB%s\n", (double)info->file_bytes / 1e6,
               info->in_memory ? " (indexed in memory)" : "");
        printf("sha256      %s\n", info->sha256);
        for (size_t t = 0; t < info->n_types; t++) {
            printf("%-11s %8zu  ", t == 0 ? "types" : "", counts[t]);
            cli_put_string(info->types[t], 0);
            putchar('\n');
        }
    }
    free(counts);
    return ok ? CLI_OK : cli_fail(&err);
}

int cmd_pool_info(int argc, char **argv) {
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &info_help};
    struct el_error err = {0};
    struct el_pool *pool;
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
    }
    if (parser.first + 1 != argc) {
        return cli_usage(argv[0], "give one pool");
    }
    int status = cli_check_inputs(argv + parser.first, 1);
    if (status != CLI_OK) {
        return status;
    }
    if (!el_pool_open(argv[parser.first], NULL, &pool, &err)) {
        return cli_fail(&err);
    }
    status = print_info(pool);
    el_pool_close(pool);
    return status;
}

static const struct {
    const char *name, *full_name;
    cli_command *run;
    const char *summary;
} parts[] = {
    {"build", "pool build", cmd_pool_build, "index labelled files"},
    {"add", "pool add", cmd_pool_add, "add labelled files to a pool"},
    {"search", "pool search", cmd_pool_search, "which demonstrations would be taken, and why"},
    {"info", "pool info", cmd_pool_info, "what a pool holds"},
};
enum { PARTS = sizeof parts / sizeof *parts };

int cmd_pool(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < PARTS; i++) {
        if (strcmp(name, parts[i].name) == 0) {
            argv[1] = (char *)parts[i].full_name;
            return parts[i].run(argc - 1, argv + 1);
        }
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        printf(
            "Usage: el4ner pool PART [options]\n\n"
            "A pool is a set of labelled sentences from which the demonstrations in prompts are\n"
            "taken: those most like the sentence at hand.\n\nParts:\n");
        for (size_t i = 0; i < PARTS; i++) {
            printf("  %-8s %s\n", parts[i].name, parts[i].summary);
        }
        printf("\nMore: el4ner pool PART --help\n");
        return CLI_OK;
    }
    return cli_usage("pool",
                     name[0] == '\0' ? "say build, add, search or info"
                                     : "'%s' is not build, add, search or info",
                     name);
}

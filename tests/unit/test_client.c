/* The client against the scripted server: every fault costs the one call it strikes, or nothing
 * where trying again helps. */
#include "serving/client_private.h"
#include "scripted.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <cmocka.h>

static const char CANARY[] = "sk-canary-0123456789abcdef";
enum { MOST = 4096 };

/* What a test saw. */
struct seen {
    char log[1 << 16];
    size_t log_len;
    size_t delivered, answered, from_store, failures[EL_FAILURES];
    char texts[MOST][64], details[MOST][256];
    enum el_failure failure[MOST];
    double yes[MOST];
    size_t order[MOST];
};

static struct seen *seen; /* of the running test */

static void take_log(void *context, enum el_level level, const char *message) {
    struct seen *s = context;
    size_t len = strlen(message);
    (void)level;
    if (s->log_len + len + 2 < sizeof s->log) {
        memcpy(s->log + s->log_len, message, len);
        s->log_len += len;
        s->log[s->log_len++] = '\n';
    }
}

static void take_reply(void *context, const struct el_call *call, const struct el_reply *reply) {
    struct seen *s = context;
    size_t i = (size_t)call->order;
    assert_true(i < MOST);
    assert_int_equal(strlen(reply->text), reply->text_len);
    s->order[s->delivered++] = i;
    s->answered += reply->failure == EL_ANSWERED;
    s->from_store += reply->from_store;
    s->failures[reply->failure]++;
    s->failure[i] = reply->failure;
    s->yes[i] = reply->yes_probability;
    snprintf(s->texts[i], sizeof s->texts[i], "%s", reply->text);
    snprintf(s->details[i], sizeof s->details[i], "%s", reply->detail);
}

static int begin_test(void **state) {
    seen = calloc(1, sizeof *seen);
    *state = seen;
    return seen == NULL;
}

static int end_test(void **state) {
    free(*state);
    return 0;
}

struct set_up {
    const char *server; /* its arguments */
    const char *store;
    enum el_api api;
    unsigned retries;
    size_t slots, calls, distinct; /* distinct prompts, 0 = all */
    double first_byte, total;
    size_t budget;
    const char *key;
    bool constrain;
};

static struct el_log logger(void) {
    return (struct el_log){take_log, seen};
}

static void ask_all(struct el_client *client, size_t calls, size_t distinct) {
    static char prompts[MOST][128];
    struct el_error err;
    for (size_t i = 0; i < calls; i++) {
        size_t number = distinct != 0 ? i % distinct : i;
        snprintf(prompts[i], sizeof prompts[i],
                 "<|extract|><|types|>person<|text|>word Name%zu word<|answer|>", number);
        struct el_call call = {
            .stage = EL_STAGE_EXTRACT, .order = i, .prompt = prompts[i], .max_tokens = 20};
        assert_true(el_client_submit(client, &call, &err));
    }
    while (el_client_pending(client) > 0) {
        assert_true(el_client_run(client, 1000, take_reply, seen, &err));
    }
}

/* Start, ask, stop; the account of the only stage is handed out. */
static struct el_account go(const struct set_up *u) {
    struct scripted server = scripted_start(u->server);
    const char *urls[] = {server.url};
    struct el_member_config member = {.name = "m",
                                      .urls = urls,
                                      .n_urls = 1,
                                      .api = u->api,
                                      .model = u->api == EL_API_OLLAMA ? "scripted" : NULL,
                                      .retries = u->retries,
                                      .slots = u->slots,
                                      .api_key = u->key,
                                      .first_byte_timeout = u->first_byte,
                                      .total_timeout = u->total};
    struct el_log log = logger();
    struct el_client_options options = {
        .log = &log, .store_path = u->store, .retry_budget = u->budget, .constrain = u->constrain};
    struct el_client *client;
    struct el_error err = {0};
    if (!el_client_start(&member, 1, &options, &client, &err)) {
        fail_msg("%s", err.message);
    }
    ask_all(client, u->calls, u->distinct);
    struct el_account account = *el_client_account(client, 0, EL_STAGE_EXTRACT);
    el_client_stop(client);
    scripted_stop(&server);
    return account;
}

static void expect_intact(size_t calls, size_t but) {
    char want[64];
    for (size_t i = 0; i < calls; i++) {
        snprintf(want, sizeof want, " word <|mark|>Name%zu<|/mark|> word", i);
        if (i != but) {
            assert_int_equal(seen->failure[i], EL_ANSWERED);
            assert_string_equal(seen->texts[i], want);
        }
    }
}

/* ---- faults ---- */

struct fault_case {
    const char *fault;
    enum el_failure failure;
    bool again; /* another try helps */
    const char *detail;
};

static const struct fault_case FAULTS[] = {
    {"cut@3-4", EL_FAILED_CONNECT, true, ""}, /* curl itself tries once more */
    {"half@3", EL_FAILED_MALFORMED, true, ""},
    {"halfjson@3", EL_FAILED_MALFORMED, true, "no JSON"},
    {"status=500@3", EL_FAILED_STATUS, true, "HTTP 500: scripted status 500"},
    {"status=503@3", EL_FAILED_STATUS, true, "HTTP 503"},
    {"status=429@3", EL_FAILED_STATUS, true, "HTTP 429"},
    {"status=408@3", EL_FAILED_STATUS, true, "HTTP 408"},
    {"status=400@3", EL_FAILED_STATUS, false, "HTTP 400"},
    {"status=401@3", EL_FAILED_STATUS, false, "HTTP 401"},
    {"status=404@3", EL_FAILED_STATUS, false, "HTTP 404"},
    {"retry=0.2@3", EL_FAILED_STATUS, true, "slow down"},
    {"context@3", EL_FAILED_CONTEXT, false, "context size"},
    {"html@3", EL_FAILED_MALFORMED, true, "no JSON"},
    {"endless@3", EL_FAILED_MALFORMED, false, "larger than allowed"},
    {"headers@3", EL_FAILED_MALFORMED, false, "larger than allowed"},
    {"chunks@3", EL_FAILED_MALFORMED, true, ""},
    {"garbage@3", EL_FAILED_MALFORMED, true, ""},
    {"empty@3", EL_FAILED_MALFORMED, true, "no llama answer"},
    {"list@3", EL_FAILED_MALFORMED, true, "no llama answer"},
    {"redirect=http://127.0.0.1:1/@3", EL_FAILED_STATUS, false, "redirects are not followed"},
    {"utf8@3", EL_FAILED_MALFORMED, true, "no JSON"},
    {"hang@3", EL_FAILED_TIMEOUT, true, "first-byte"},
    {"drip=50@3", EL_FAILED_TIMEOUT, true, ""},
};

static void fault_costs_one_call(void **state) {
    for (size_t i = 0; i < sizeof FAULTS / sizeof *FAULTS; i++) {
        const struct fault_case *c = &FAULTS[i];
        char arguments[128];
        memset(*state, 0, sizeof *seen);
        snprintf(arguments, sizeof arguments, "--fault %s", c->fault);
        struct set_up u = {
            .server = arguments, .slots = 1, .calls = 6, .first_byte = 1, .total = 2};
        print_message("fault %s\n", c->fault);
        struct el_account account = go(&u);
        assert_int_equal(seen->delivered, 6);
        assert_int_equal(seen->failure[2], c->failure);
        assert_non_null(strstr(seen->details[2], c->detail));
        expect_intact(6, 2);
        assert_int_equal(account.calls, 6);
        assert_int_equal(account.failures[c->failure], 1);
    }
}

static void another_try_helps(void **state) {
    for (size_t i = 0; i < sizeof FAULTS / sizeof *FAULTS; i++) {
        const struct fault_case *c = &FAULTS[i];
        char arguments[128];
        memset(*state, 0, sizeof *seen);
        snprintf(arguments, sizeof arguments, "--fault %s", c->fault);
        struct set_up u = {
            .server = arguments, .slots = 1, .calls = 6, .retries = 2, .first_byte = 1, .total = 2};
        struct el_account account = go(&u);
        if (c->again) {
            print_message("tried again after %s\n", c->fault);
            expect_intact(6, MOST);
            assert_int_equal(account.retries, 1);
        } else {
            assert_int_equal(account.retries, 0);
            assert_int_equal(account.failures[c->failure], 1);
        }
    }
}

static void control_characters_are_kept_and_nul_is_not(void **state) {
    (void)state;
    struct set_up u = {.server = "--fault nul@1", .slots = 1, .calls = 1};
    go(&u);
    assert_int_equal(seen->answered, 1);
    assert_string_equal(seen->texts[0], "A\x1f");
}

static void retry_after_is_obeyed(void **state) {
    struct timespec a, b;
    (void)state;
    struct set_up u = {.server = "--fault retry=1@1", .slots = 1, .calls = 2, .retries = 1};
    clock_gettime(CLOCK_MONOTONIC, &a);
    go(&u);
    clock_gettime(CLOCK_MONOTONIC, &b);
    expect_intact(2, MOST);
    double seconds = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
    assert_true(seconds >= 1);
}

static void dead_endpoint_is_given_up(void **state) {
    (void)state;
    struct set_up u = {
        .server = "--fault status=500", .slots = 4, .calls = 300, .retries = 2, .budget = 8};
    struct el_account account = go(&u);
    assert_int_equal(seen->delivered, 300);
    assert_int_equal(seen->answered, 0);
    assert_true(account.failures[EL_FAILED_DEAD] > 200);
    assert_non_null(strstr(seen->log, "again and again"));
}

static void endpoint_comes_back(void **state) {
    (void)state;
    struct set_up u = {.server = "--fault status=500@1-8", .slots = 2, .calls = 40, .retries = 8};
    go(&u);
    expect_intact(40, MOST);
}

/* Memory that ran out is said once; the client can be cleared and used again. */
static void lack_of_memory_is_said_once(void **state) {
    (void)state;
    struct scripted server = scripted_start("");
    const char *urls[] = {server.url};
    struct el_member_config member = {.name = "m", .urls = urls, .n_urls = 1};
    struct el_client *client;
    struct el_error err;
    struct el_call call = {.prompt = "word Name0"};
    assert_true(el_client_start(&member, 1, NULL, &client, &err));
    assert_true(el_client_submit(client, &call, &err));
    client->out_of_memory = true;
    assert_false(el_client_run(client, 1000, take_reply, seen, &err));
    assert_int_equal(err.code, EL_ERR_MEMORY);
    assert_int_equal(el_client_pending(client), 1);
    el_client_cancel(client);
    assert_true(el_client_run(client, 1000, take_reply, seen, &err));
    assert_int_equal(el_client_pending(client), 0);
    ask_all(client, 5, 0);
    expect_intact(5, MOST);
    el_client_stop(client);
    scripted_stop(&server);
}

static bool is_odd(void *context, const struct el_call *call) {
    ++*(size_t *)context;
    return call->order % 2 == 1;
}

/* Sent, queued, and identical to one of somebody else: whoever does not cancel gets the answer. */
static void some_calls_are_cancelled(void **state) {
    (void)state;
    struct scripted server = scripted_start("--latency 50");
    const char *urls[] = {server.url};
    struct el_member_config member = {.name = "m", .urls = urls, .n_urls = 1, .slots = 3};
    struct el_client *client;
    struct el_error err;
    char prompts[12][128];
    size_t asked = 0;
    assert_true(el_client_start(&member, 1, NULL, &client, &err));
    for (size_t i = 0; i < 12; i++) { /* 9 asks what 8 does; 10 and 11 what 1 does */
        size_t number = i == 11 ? 1 : i == 10 ? 1 : i == 9 ? 8 : i;
        snprintf(prompts[i], sizeof prompts[i],
                 "<|extract|><|types|>person<|text|>word Name%zu word<|answer|>", number);
        struct el_call call = {
            .stage = EL_STAGE_EXTRACT, .order = i, .prompt = prompts[i], .max_tokens = 20};
        assert_true(el_client_submit(client, &call, &err));
    }
    assert_true(el_client_run(client, 20, take_reply, seen, &err));
    assert_int_equal(seen->delivered, 0);
    assert_int_equal(el_client_in_flight(client, NULL), 3);
    el_client_cancel_some(client, is_odd, &asked);
    assert_true(asked >= 12);
    assert_int_equal(el_client_in_flight(client, NULL), 3); /* 1 goes on for 10 */
    while (el_client_pending(client) > 0) {
        assert_true(el_client_run(client, 1000, take_reply, seen, &err));
    }
    assert_int_equal(seen->delivered, 12);
    assert_int_equal(seen->failures[EL_FAILED_CANCELLED], 6);
    for (size_t i = 0; i < 12; i += 2) {
        char name[16];
        snprintf(name, sizeof name, "Name%zu", i == 10 ? 1 : i);
        assert_int_equal(seen->failure[i], EL_ANSWERED);
        assert_non_null(strstr(seen->texts[i], name));
    }
    el_client_stop(client);
    scripted_stop(&server);
}

static void *wake(void *client) {
    el_client_wake(client);
    return NULL;
}

/* The waits would last for hours. */
static void another_thread_wakes_the_client(void **state) {
    (void)state;
    struct scripted server = scripted_start("--fault hang");
    const char *urls[] = {server.url};
    struct el_member_config member = {.name = "m", .urls = urls, .n_urls = 1};
    struct el_client *client;
    struct el_error err;
    struct el_call call = {.stage = EL_STAGE_EXTRACT, .prompt = "word Name0"};
    pthread_t thread;
    assert_true(el_client_start(&member, 1, NULL, &client, &err));
    assert_int_equal(pthread_create(&thread, NULL, wake, client), 0);
    el_client_rest(client, 10000000);
    pthread_join(thread, NULL);
    assert_true(el_client_submit(client, &call, &err));
    assert_int_equal(pthread_create(&thread, NULL, wake, client), 0);
    assert_true(el_client_run(client, 10000000, take_reply, seen, &err));
    pthread_join(thread, NULL);
    assert_int_equal(el_client_pending(client), 1);
    el_client_stop(client);
    scripted_stop(&server);
}

/* Every call of epoll fails from now on: the set is another file. */
static void break_epoll(void) {
    for (int fd = 3; fd < 64; fd++) {
        char link[64], name[64] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (readlink(link, name, sizeof name - 1) > 0 && strstr(name, "eventpoll") != NULL) {
            int null = open("/dev/null", O_RDWR | O_CLOEXEC);
            assert_true(dup2(null, fd) == fd);
            close(null);
        }
    }
}

/* A socket that cannot be watched would hang until its time-out, which may be minutes. */
static void sockets_that_cannot_be_watched_fail_at_once(void **state) {
    (void)state;
    struct scripted server = scripted_start("--latency 100"); /* not there before it is watched */
    const char *urls[] = {server.url};
    struct el_member_config member = {.name = "m", .urls = urls, .n_urls = 1};
    struct el_client *client;
    struct el_error err;
    assert_true(el_client_start(&member, 1, NULL, &client, &err));
    break_epoll();
    struct el_call call = {.prompt = "word Name0"};
    assert_true(el_client_submit(client, &call, &err));
    while (el_client_pending(client) > 0) {
        assert_true(el_client_run(client, 1000, take_reply, seen, &err));
    }
    assert_int_equal(seen->failure[0], EL_FAILED_CONNECT);
    assert_non_null(strstr(seen->details[0], "its socket cannot be watched"));
    el_client_stop(client);
    scripted_stop(&server);
}

/* ---- shapes, slots, order ---- */

static void all_apis_answer(void **state) {
    static const struct {
        const char *server;
        enum el_api api;
    } cases[] = {{"--api llama", EL_API_AUTO},        {"--api llama", EL_API_CHAT},
                 {"--api llama", EL_API_COMPLETIONS}, {"--api openai", EL_API_AUTO},
                 {"--api vllm", EL_API_AUTO},         {"--api ollama", EL_API_AUTO},
                 {"--api ollama", EL_API_OLLAMA},     {"--loading 2", EL_API_AUTO}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(*state, 0, sizeof *seen);
        struct set_up u = {
            .server = cases[i].server, .api = i == 5 ? EL_API_OLLAMA : cases[i].api, .calls = 20};
        struct el_account account = go(&u);
        expect_intact(20, MOST);
        assert_true(account.prompt_tokens > 0);
        assert_true(account.answer_tokens > 0);
    }
}

static void capabilities_are_probed(void **state) {
    (void)state;
    struct scripted servers[4] = {scripted_start("--api llama --slots 3 --context 777"),
                                  scripted_start("--api vllm"), scripted_start("--api ollama"),
                                  scripted_start("--api openai --key k")};
    const char *urls[4];
    char v1[80];
    struct el_member_config members[5];
    for (size_t i = 0; i < 4; i++) {
        urls[i] = servers[i].url;
        members[i] = (struct el_member_config){.name = "m", .urls = &urls[i], .n_urls = 1};
    }
    snprintf(v1, sizeof v1, "%s/v1/", servers[1].url);
    urls[1] = v1;
    members[2].model = "scripted";
    const char *nobody = "http://127.0.0.1:1";
    members[4] = (struct el_member_config){.name = "n", .urls = &nobody, .n_urls = 1};
    struct el_client *client;
    struct el_error err;
    assert_true(el_client_start(members, 5, NULL, &client, &err));
    const struct el_capabilities *c = el_client_capabilities(client, 0);
    assert_true(c->reached && c->grammar && c->logprobs && c->compact && c->prefix_cache);
    assert_int_equal(c->api, EL_API_LLAMA);
    assert_int_equal(c->slots, 3);
    assert_int_equal(c->context, 777);
    c = el_client_capabilities(client, 1);
    assert_true(c->reached && c->choice && c->json_schema && c->logprobs && !c->grammar);
    assert_int_equal(c->api, EL_API_CHAT);
    assert_string_equal(c->server, "vllm");
    c = el_client_capabilities(client, 2);
    assert_true(c->reached && c->json_schema);
    assert_int_equal(c->api, EL_API_OLLAMA);
    assert_int_equal(c->context, 4096);
    assert_true(fabs(c->parameters - 7) < 1e-9);
    c = el_client_capabilities(client, 3);
    assert_false(c->reached);
    assert_non_null(strstr(c->problem, "401"));
    assert_non_null(strstr(c->problem, "api_key_env"));
    c = el_client_capabilities(client, 4);
    assert_false(c->reached);
    assert_non_null(strstr(c->problem, nobody));
    assert_null(el_client_capabilities(client, 5));

    /* A member that was not reached answers every call with a failure. */
    struct el_call call = {.member = 4, .prompt = "x"};
    assert_true(el_client_submit(client, &call, &err));
    assert_true(el_client_run(client, 1000, take_reply, seen, &err));
    assert_int_equal(seen->failure[0], EL_FAILED_DEAD);
    el_client_stop(client);
    for (size_t i = 0; i < 4; i++) {
        scripted_stop(&servers[i]);
    }
}

static void none_reached_is_an_error(void **state) {
    (void)state;
    const char *url = "http://127.0.0.1:1", *file = "file:///etc/passwd";
    struct el_member_config members[2] = {{.name = "one", .urls = &url, .n_urls = 1},
                                          {.name = "two", .urls = &file, .n_urls = 1}};
    struct el_client *client;
    struct el_error err;
    assert_false(el_client_start(members, 2, NULL, &client, &err));
    assert_int_equal(err.code, EL_ERR_UNREACHABLE);
    assert_non_null(strstr(err.message, "one: http://127.0.0.1:1"));
    assert_non_null(strstr(err.message, "two: "));
}

static void slots_are_kept_full_but_not_passed(void **state) {
    (void)state;
    struct scripted server = scripted_start("--slots 5 --latency 40");
    const char *urls[] = {server.url};
    struct el_member_config member = {.name = "m", .urls = urls, .n_urls = 1};
    struct el_client *client;
    struct el_error err;
    struct timespec a, b;
    assert_true(el_client_start(&member, 1, NULL, &client, &err));
    assert_int_equal(el_client_slots(client), 5);
    clock_gettime(CLOCK_MONOTONIC, &a);
    ask_all(client, 50, 0);
    clock_gettime(CLOCK_MONOTONIC, &b);
    double seconds = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
    assert_true(seconds >= 0.4); /* 50 calls, 5 at a time, 40 ms each */
    assert_true(seconds < 0.8);
    expect_intact(50, MOST);
    el_client_stop(client);
    scripted_stop(&server);
}

static void lower_order_goes_first(void **state) {
    (void)state;
    struct scripted server = scripted_start("");
    const char *urls[] = {server.url};
    struct el_member_config member = {.name = "m", .urls = urls, .n_urls = 1, .slots = 1};
    struct el_client *client;
    struct el_error err;
    static char prompts[10][64];
    assert_true(el_client_start(&member, 1, NULL, &client, &err));
    for (size_t i = 0; i < 10; i++) {
        snprintf(prompts[i], sizeof prompts[i], "word Name%zu", i);
        struct el_call call = {.order = 9 - i, .prompt = prompts[i]};
        assert_true(el_client_submit(client, &call, &err));
    }
    while (el_client_pending(client) > 0) {
        assert_true(el_client_run(client, 1000, take_reply, seen, &err));
    }
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(seen->order[i], i);
    }
    el_client_stop(client);
    scripted_stop(&server);
}

static void identical_calls_are_sent_once(void **state) {
    (void)state;
    struct set_up u = {.server = "--latency 30", .calls = 200, .distinct = 4};
    struct el_account account = go(&u);
    assert_int_equal(seen->answered, 200);
    assert_int_equal(account.calls, 200);
    assert_int_equal(account.from_store, 196);
    assert_string_equal(seen->texts[7], " word <|mark|>Name3<|/mark|> word");
}

static void cancelled_calls_are_delivered(void **state) {
    (void)state;
    struct scripted server = scripted_start("--latency 5000");
    const char *urls[] = {server.url};
    struct el_member_config member = {.name = "m", .urls = urls, .n_urls = 1};
    struct el_client *client;
    struct el_error err;
    assert_true(el_client_start(&member, 1, NULL, &client, &err));
    for (size_t i = 0; i < 30; i++) {
        struct el_call call = {.order = i, .prompt = i < 20 ? "same" : "other"};
        assert_true(el_client_submit(client, &call, &err));
    }
    assert_true(el_client_run(client, 20, take_reply, seen, &err));
    assert_int_equal(seen->delivered, 0);
    el_client_cancel(client);
    while (el_client_pending(client) > 0) {
        assert_true(el_client_run(client, 1000, take_reply, seen, &err));
    }
    assert_int_equal(seen->failures[EL_FAILED_CANCELLED], 30);
    el_client_stop(client);
    scripted_stop(&server);
}

static void replicas_share_and_stand_in(void **state) {
    (void)state;
    struct scripted good = scripted_start("--latency 2"), bad = scripted_start("--fault cut@3-");
    const char *urls[] = {good.url, bad.url, "http://127.0.0.1:1"};
    struct el_member_config member = {
        .name = "m", .urls = urls, .n_urls = 3, .slots = 2, .retries = 4};
    struct el_log log = logger();
    struct el_client_options options = {.log = &log};
    struct el_client *client;
    struct el_error err;
    assert_true(el_client_start(&member, 1, &options, &client, &err));
    assert_int_equal(el_client_slots(client), 4);
    assert_non_null(strstr(seen->log, "going on without http://127.0.0.1:1"));
    ask_all(client, 100, 0);
    expect_intact(100, MOST);
    el_client_stop(client);
    scripted_stop(&good);
    scripted_stop(&bad);
}

static void unix_socket_and_extra_body(void **state) {
    (void)state;
    char folder[] = "/tmp/el4ner-unix-XXXXXX", path[64], record[64], arguments[192];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s", folder);
    snprintf(record, sizeof record, "%s/r", folder);
    snprintf(arguments, sizeof arguments, "--api openai --unix %s --record %s", path, record);
    struct scripted server = scripted_start(arguments);
    const char *urls[] = {"http://localhost"};
    json_t *extra =
        json_pack("{s:n, s:i, s:{s:b}}", "seed", "max_completion_tokens", 9, "think", "on", 0);
    struct el_member_config member = {
        .name = "m", .urls = urls, .n_urls = 1, .unix_socket = path, .extra_body = extra};
    struct el_client *client;
    struct el_error err;
    assert_true(el_client_start(&member, 1, NULL, &client, &err));
    ask_all(client, 5, 0);
    expect_intact(5, MOST);
    el_client_stop(client);
    scripted_stop(&server);
    json_decref(extra);
    char line[4096] = "";
    FILE *file = fopen(record, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) { /* the last call */
    }
    fclose(file);
    assert_null(strstr(line, "seed"));
    assert_null(strstr(line, "max_tokens"));
    assert_non_null(strstr(line, "\"max_completion_tokens\":9"));
    assert_non_null(strstr(line, "\"think\":{\"on\":false}"));
    unlink(path);
    unlink(record);
    rmdir(folder);
}

static void yes_has_a_probability(void **state) {
    static const char *const servers[] = {"--api llama", "--api openai", "--api ollama"};
    static const char *const words[] = {"yes", "no"};
    for (size_t i = 0; i < 3; i++) {
        memset(*state, 0, sizeof *seen);
        struct scripted server = scripted_start(servers[i]);
        const char *urls[] = {server.url};
        struct el_member_config member = {
            .name = "m", .urls = urls, .n_urls = 1, .model = "scripted"};
        struct el_client *client;
        struct el_error err;
        static char prompts[16][128];
        assert_true(el_client_start(&member, 1, NULL, &client, &err));
        for (size_t k = 0; k < 16; k++) {
            snprintf(prompts[k], sizeof prompts[k],
                     "<|verify|><|text|>x<|spans|>N%zu<|types|>t<|answer|>", k);
            struct el_call call = {
                .order = k,
                .prompt = prompts[k],
                .want_yes_probability = true,
                .constraint = {.kind = EL_YES_NO, .choices = words, .n_choices = 2}};
            assert_true(el_client_submit(client, &call, &err));
        }
        while (el_client_pending(client) > 0) {
            assert_true(el_client_run(client, 1000, take_reply, seen, &err));
        }
        for (size_t k = 0; k < 16; k++) {
            double want = strcmp(seen->texts[k], "yes") == 0 ? 0.8 : 0.2;
            assert_true(fabs(seen->yes[k] - want) < 1e-3);
        }
        el_client_stop(client);
        scripted_stop(&server);
    }
}

/* ---- store ---- */

static void fresh_store(char path[64]) {
    strcpy(path, "/tmp/el4ner-test-XXXXXX");
    assert_non_null(mkdtemp(path));
    strcat(path, "/a/replies.db");
}

static void remove_store(char *path) {
    char command[128];
    *strstr(path, "/a/") = '\0';
    snprintf(command, sizeof command, "rm -rf %s", path);
    assert_int_equal(system(command), 0);
}

static void stored_replies_cost_no_call(void **state) {
    char path[64];
    fresh_store(path);
    struct set_up u = {.server = "", .store = path, .calls = 100};
    struct el_account first = go(&u);
    assert_int_equal(first.from_store, 0);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    memset(*state, 0, sizeof *seen);
    u.server = "--fault status=500"; /* another port, and nothing to be had from it */
    struct el_account second = go(&u);
    assert_int_equal(second.from_store, 100);
    expect_intact(100, MOST);
    remove_store(path);
}

static void failures_are_not_stored(void **state) {
    char path[64];
    fresh_store(path);
    struct set_up u = {.server = "--fault status=400@2", .store = path, .calls = 4, .slots = 1};
    go(&u);
    assert_int_equal(seen->failures[EL_FAILED_STATUS], 1);
    memset(*state, 0, sizeof *seen);
    u.server = "";
    struct el_account second = go(&u);
    assert_int_equal(second.from_store, 3);
    expect_intact(4, MOST);
    remove_store(path);
}

static void broken_store_is_passed_over(void **state) {
    char path[64];
    (void)state;
    fresh_store(path);
    *strstr(path, "/replies") = '\0';
    assert_int_equal(mkdir(path, 0700), 0);
    strcat(path, "/replies.db");
    FILE *file = fopen(path, "w");
    fputs("this is no database, but it is long enough to be looked at as one: ", file);
    fclose(file);
    struct set_up u = {.server = "", .store = path, .calls = 5};
    go(&u);
    expect_intact(5, MOST);
    assert_non_null(strstr(seen->log, "going on without a reply store"));
    remove_store(path);
}

/* ---- secrets ---- */

static bool file_holds(const char *path, const char *what) {
    static char data[1 << 20];
    FILE *file = fopen(path, "rb");
    size_t len = file != NULL ? fread(data, 1, sizeof data, file) : 0;
    if (file != NULL) {
        fclose(file);
    }
    return memmem(data, len, what, strlen(what)) != NULL;
}

static void keys_never_show(void **state) {
    char path[64];
    (void)state;
    fresh_store(path);
    char arguments[128];
    snprintf(arguments, sizeof arguments, "--key %s --fault echo@2", CANARY);
    struct set_up u = {.server = arguments, .store = path, .calls = 5, .slots = 1, .key = CANARY};
    go(&u);
    assert_int_equal(seen->failure[1], EL_FAILED_STATUS);
    assert_non_null(strstr(seen->details[1], "bad credentials: Bearer ****"));
    assert_null(strstr(seen->details[1], CANARY));
    assert_null(strstr(seen->log, CANARY));
    assert_true(file_holds(path, "Name0"));
    assert_false(file_holds(path, CANARY));
    remove_store(path);
}

/* ---- children; the scripted server stands in for llama-server ---- */

static const char *a_model(void) {
    return access("models/nano-a.gguf", R_OK) == 0 ? "models/nano-a.gguf" : NULL;
}

static struct el_client *child_client(const char *faults, const struct el_log *log,
                                      struct el_error *err) {
    static char path[4096];
    static struct el_member_config member;
    member = (struct el_member_config){.name = "m", .gguf = a_model(), .retries = 2};
    struct el_client_options options = {.log = log, .llama_server = path};
    struct el_client *client;
    scripted_path(path, sizeof path);
    setenv("SCRIPTED_FAULTS", faults, 1);
    bool ok = el_client_start(&member, 1, &options, &client, err);
    return ok ? client : NULL;
}

static void child_that_dies_is_started_again(void **state) {
    struct el_error err;
    struct el_log log = logger();
    (void)state;
    if (a_model() == NULL) {
        skip();
    }
    struct el_client *client = child_client("die@31", &log, &err);
    assert_non_null(client);
    assert_true(el_client_capabilities(client, 0)->compact);
    setenv("SCRIPTED_FAULTS", "", 1); /* for the second child */
    ask_all(client, 100, 0);
    expect_intact(100, MOST);
    assert_int_equal(el_client_account(client, 0, EL_STAGE_EXTRACT)->retries, 0);
    assert_non_null(strstr(seen->log, "started again"));
    el_client_stop(client);
}

static void child_that_dies_twice_is_given_up(void **state) {
    struct el_error err;
    struct el_log log = logger();
    (void)state;
    if (a_model() == NULL) {
        skip();
    }
    struct el_client *client = child_client("die@31", &log, &err);
    assert_non_null(client);
    ask_all(client, 200, 0);
    assert_true(seen->answered >= 52 && seen->answered <= 60);
    assert_int_equal(seen->failures[EL_FAILED_DEAD], 200 - seen->answered);
    el_client_stop(client);
}

static void child_that_does_not_start_says_why(void **state) {
    struct el_error err;
    (void)state;
    if (a_model() == NULL) {
        skip();
    }
    assert_null(child_client("nonsense=@@", NULL, &err));
    assert_int_equal(err.code, EL_ERR_UNREACHABLE);
    assert_non_null(strstr(err.message, "cannot read the fault nonsense"));
    setenv("SCRIPTED_FAULTS", "", 1);
}

/* All processes whose parent is this one. */
static size_t children(char *command_lines, size_t room) {
    char path[64];
    size_t n = 0;
    command_lines[0] = '\0';
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *list = fopen(path, "r");
    for (int pid; list != NULL && fscanf(list, "%d", &pid) == 1; n++) {
        char name[64];
        snprintf(name, sizeof name, "/proc/%d/cmdline", pid);
        FILE *file = fopen(name, "r");
        size_t len = file != NULL ? fread(command_lines, 1, room - 1, file) : 0;
        for (size_t i = 0; i < len; i++) {
            command_lines[i] = command_lines[i] == '\0' ? ' ' : command_lines[i];
        }
        command_lines[len] = '\0';
        if (file != NULL) {
            fclose(file);
        }
    }
    if (list != NULL) {
        fclose(list);
    }
    return n;
}

static void child_shows_no_key_and_ends_with_the_client(void **state) {
    struct el_error err;
    char lines[4096];
    (void)state;
    if (a_model() == NULL) {
        skip();
    }
    struct el_client *client = child_client("", NULL, &err);
    assert_non_null(client);
    assert_int_equal(children(lines, sizeof lines), 1);
    assert_non_null(strstr(lines, "--host 127.0.0.1"));
    for (const char *c = lines; *c != '\0'; c++) { /* the key is 32 hex digits */
        assert_true(strspn(c, "0123456789abcdef") < 32);
    }
    el_client_stop(client);
    assert_int_equal(children(lines, sizeof lines), 0);
}

static void estimate_of_tokens(void **state) {
    (void)state;
    assert_int_equal(el_estimate_tokens("", 0), 0);
    assert_int_equal(el_estimate_tokens("abc", 3), 1);
    assert_int_equal(el_estimate_tokens("abcd, e", 7), 2 + 1 + 1);
    assert_int_equal(el_estimate_tokens("\xe5\x8c\x97\xe4\xba\xac", 6), 4);
    assert_int_equal(el_estimate_tokens("a\xc3\xa9z", 4), 1 + 2 + 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(estimate_of_tokens),
        TEST(all_apis_answer),
        TEST(some_calls_are_cancelled),
        TEST(another_thread_wakes_the_client),
        TEST(lack_of_memory_is_said_once),
        TEST(sockets_that_cannot_be_watched_fail_at_once),
        TEST(capabilities_are_probed),
        TEST(none_reached_is_an_error),
        TEST(slots_are_kept_full_but_not_passed),
        TEST(lower_order_goes_first),
        TEST(identical_calls_are_sent_once),
        TEST(cancelled_calls_are_delivered),
        TEST(replicas_share_and_stand_in),
        TEST(unix_socket_and_extra_body),
        TEST(yes_has_a_probability),
        TEST(fault_costs_one_call),
        TEST(another_try_helps),
        TEST(control_characters_are_kept_and_nul_is_not),
        TEST(retry_after_is_obeyed),
        TEST(dead_endpoint_is_given_up),
        TEST(endpoint_comes_back),
        TEST(stored_replies_cost_no_call),
        TEST(failures_are_not_stored),
        TEST(broken_store_is_passed_over),
        TEST(keys_never_show),
        TEST(child_that_dies_is_started_again),
        TEST(child_that_dies_twice_is_given_up),
        TEST(child_that_does_not_start_says_why),
        TEST(child_shows_no_key_and_ends_with_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

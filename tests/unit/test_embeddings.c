/* Vectors of texts: their replies, their form in the store, and calls against the scripted
 * server. */
#include "base/base64.h"
#include "serving/client.h"
#include "serving/embeddings.h"
#include "scripted.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- Base64 ---- */

static void base64_there_and_back(void **state) {
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct el_buffer out = {0};
        char back[16] = "";
        size_t n;
        el_base64_write(&out, pairs[i][0], strlen(pairs[i][0]));
        assert_string_equal(out.data != NULL ? out.data : "", pairs[i][1]);
        assert_true(el_base64_read(pairs[i][1], strlen(pairs[i][1]), back, sizeof back, &n));
        assert_int_equal(n, strlen(pairs[i][0]));
        assert_memory_equal(back, pairs[i][0], n);
        el_buffer_free(&out);
    }
}

static void base64_refuses(void **state) {
    (void)state;
    static const char *const wrong[] = {"Z",        "Zg",   "Zg=",  "=",    "====", "Z===",
                                        "Zg==Zg==", "Zh==", "Zm9=", "Zm!v", "Zm v", "Zm9v\n"};
    char back[16];
    size_t n;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (el_base64_read(wrong[i], strlen(wrong[i]), back, sizeof back, &n)) {
            fail_msg("took %s", wrong[i]);
        }
    }
    assert_false(el_base64_read("Zm9v", 4, back, 2, &n)); /* no room */
}

/* ---- replies ---- */

static bool read_reply(const char *json, size_t n, char **text, size_t *len, char why[200]) {
    json_t *root = json_loads(json, 0, NULL);
    assert_non_null(root);
    bool ok = el_embeddings_read(root, n, text, len, why, 200);
    json_decref(root);
    return ok;
}

static void replies_are_ordered_and_normalised(void **state) {
    (void)state;
    char *text, why[200];
    size_t len, dimensions;
    assert_true(read_reply("{\"data\":[{\"index\":1,\"embedding\":[0,-2]},"
                           "{\"index\":0,\"embedding\":[3,4.0]},"
                           "{\"index\":2,\"embedding\":[0,0]}]}",
                           3, &text, &len, why));
    float *rows = el_embeddings_decode(text, len, 3, &dimensions);
    static const float expected[] = {0.6f, 0.8f, 0, -1, 0, 0};
    assert_non_null(rows);
    assert_int_equal(dimensions, 2);
    for (size_t i = 0; i < 6; i++) {
        assert_true(fabsf(rows[i] - expected[i]) < 1e-6f);
    }
    free(rows);
    assert_null(el_embeddings_decode(text, len, 4, &dimensions)); /* of another call */
    assert_null(el_embeddings_decode(text, len - 4, 3, &dimensions));
    assert_null(el_embeddings_decode("", 0, 3, &dimensions));
    free(text);
    assert_null(el_embeddings_decode("AABAQAAAQEA=", 12, 1, &dimensions)); /* not of length 1 */
}

static void replies_without_index_are_in_order(void **state) {
    (void)state;
    char *text, why[200];
    size_t len, dimensions;
    assert_true(read_reply("{\"data\":[{\"embedding\":[1,0]},{\"embedding\":[0,1]}]}", 2, &text,
                           &len, why));
    float *rows = el_embeddings_decode(text, len, 2, &dimensions);
    assert_non_null(rows);
    assert_true(rows[0] == 1 && rows[3] == 1);
    free(rows);
    free(text);
}

static void broken_replies_say_what(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"{}", "no embeddings"},
        {"[]", "no embeddings"},
        {"{\"data\":{\"embedding\":[1]}}", "no embeddings"},
        {"{\"data\":[]}", "0 embeddings for 2"},
        {"{\"data\":[{\"embedding\":[1]}]}", "1 embeddings for 2"},
        {"{\"data\":[{\"embedding\":[]},{\"embedding\":[]}]}", "of 0 numbers"},
        {"{\"data\":[{\"embedding\":[1,2]},{\"embedding\":[1]}]}", "of 2 and of 1"},
        {"{\"data\":[{\"embedding\":[1]},{\"embedding\":[null]}]}", "not a finite number"},
        {"{\"data\":[{\"embedding\":[1]},{\"embedding\":[1e300]}]}", "not a finite number"},
        {"{\"data\":[{\"embedding\":[1]},{\"embedding\":[\"1\"]}]}", "not a finite number"},
        {"{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":0,\"embedding\":[1]}]}", "twice"},
        {"{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":-1,\"embedding\":[1]}]}", "range"},
        {"{\"data\":[{\"index\":2,\"embedding\":[1]},{\"index\":1,\"embedding\":[1]}]}", "range"},
        {"{\"data\":[1,2]}", "of 0 numbers"},
        {"{\"data\":[{\"embedding\":\"AAAA\"},{\"embedding\":[1]}]}", "of 0 numbers"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text, why[200] = "";
        size_t len;
        assert_false(read_reply(cases[i][0], 2, &text, &len, why));
        if (strstr(why, cases[i][1]) == NULL) {
            fail_msg("%s: %s", cases[i][0], why);
        }
    }
}

static void long_texts_are_cut(void **state) {
    (void)state;
    char text[4001];
    for (size_t i = 0; i < 4000; i += 2) {
        memcpy(text + i, "\xc3\xa4", 2);
    }
    text[4000] = '\0';
    size_t len = el_embeddings_fit(text, 100);
    assert_true(len > 25 && len < 4000 && len % 2 == 0);
    assert_true(el_estimate_tokens(text, len) <= 48); /* half: the estimate can be low */
    assert_int_equal(el_embeddings_fit(text, 0), 4000);
    assert_int_equal(el_embeddings_fit("short", 100), 5);
    assert_int_equal(el_embeddings_fit("", 100), 0);
}

/* ---- calls ---- */

enum { TEXTS = 3 };
static const char *const texts[TEXTS] = {"Elspeth Marlowe", "Carrick Bay", "Elspeth Marlow"};

struct seen {
    size_t delivered, from_store;
    enum el_failure failure;
    char detail[256];
    size_t dimensions;
    float vectors[TEXTS][32];
};

static void take_reply(void *context, const struct el_call *call, const struct el_reply *reply) {
    struct seen *seen = context;
    seen->delivered++;
    seen->from_store += reply->from_store;
    seen->failure = reply->failure;
    snprintf(seen->detail, sizeof seen->detail, "%s", reply->detail);
    assert_int_equal(reply->text_len, 0);
    assert_int_equal(call->n_inputs, TEXTS);
    if (reply->failure == EL_ANSWERED) {
        seen->dimensions = reply->dimensions;
        assert_int_equal(reply->dimensions, 32);
        memcpy(seen->vectors, reply->vectors, sizeof seen->vectors);
    } else {
        assert_null(reply->vectors);
    }
}

/* One call with the texts, sent `times` times at once; *problem gets why nothing was reached. */
static bool ask(const char *server_arguments, const char *store, size_t times, struct seen *seen,
                struct el_error *err) {
    struct scripted server = scripted_start(server_arguments);
    const char *urls[] = {server.url};
    struct el_member_config member = {
        .name = "embedder", .embedding = true, .urls = urls, .n_urls = 1, .retries = 1};
    struct el_client_options options = {.store_path = store};
    struct el_call call = {.stage = EL_STAGE_RETRIEVE, .inputs = texts, .n_inputs = TEXTS};
    struct el_client *client;
    *seen = (struct seen){0};
    bool ok = el_client_start(&member, 1, &options, &client, err);
    if (ok) {
        assert_int_equal(el_client_capabilities(client, 0)->dimensions, 32);
        for (size_t i = 0; i < times; i++) {
            assert_true(el_client_submit(client, &call, err));
        }
        while (el_client_pending(client) > 0) {
            assert_true(el_client_run(client, 1000, take_reply, seen, err));
        }
        el_client_stop(client);
    }
    scripted_stop(&server);
    return ok;
}

static double cosine(const struct seen *seen, size_t a, size_t b) {
    double sum = 0;
    for (size_t i = 0; i < 32; i++) {
        sum += (double)seen->vectors[a][i] * seen->vectors[b][i];
    }
    return sum;
}

static void servers_of_every_kind(void **state) {
    (void)state;
    static const char *const servers[] = {"--api llama", "--api openai", "--api vllm"};
    for (size_t i = 0; i < 3; i++) {
        struct seen seen;
        struct el_error err = {0};
        if (!ask(servers[i], NULL, 2, &seen, &err)) {
            fail_msg("%s: %s", servers[i], err.message);
        }
        assert_int_equal(seen.delivered, 2);
        assert_int_equal(seen.failure, EL_ANSWERED);
        for (size_t t = 0; t < TEXTS; t++) {
            assert_true(fabs(cosine(&seen, t, t) - 1) < 1e-5);
        }
        assert_true(cosine(&seen, 0, 2) > 0.7 && cosine(&seen, 0, 1) < 0.5);
    }
}

static void rows_in_any_order(void **state) {
    (void)state;
    struct seen straight, backwards;
    struct el_error err = {0};
    assert_true(ask("", NULL, 1, &straight, &err));
    assert_true(ask("--fault backwards", NULL, 1, &backwards, &err));
    assert_memory_equal(straight.vectors, backwards.vectors, sizeof straight.vectors);
}

static void faults_are_tried_again_and_told(void **state) {
    (void)state;
    static const char *const kinds[][2] = {{"count", "2 embeddings for 3"},
                                           {"null", "not a finite number"},
                                           {"dims", "of 32 and of 31"},
                                           {"huge", "not a finite number"},
                                           {"empty", "no embeddings"},
                                           {"list", "no embeddings"},
                                           {"html", "no JSON"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char arguments[64];
        struct seen seen;
        struct el_error err = {0};
        snprintf(arguments, sizeof arguments, "--fault %s@2", kinds[i][0]); /* 1 is the probe */
        assert_true(ask(arguments, NULL, 1, &seen, &err));
        assert_int_equal(seen.failure, EL_ANSWERED);
        snprintf(arguments, sizeof arguments, "--fault %s@2-", kinds[i][0]);
        assert_true(ask(arguments, NULL, 1, &seen, &err));
        assert_int_equal(seen.failure, EL_FAILED_MALFORMED);
        if (strstr(seen.detail, kinds[i][1]) == NULL) {
            fail_msg("%s: %s", kinds[i][0], seen.detail);
        }
    }
}

static void a_server_without_embeddings(void **state) {
    (void)state;
    struct seen seen;
    struct el_error err = {0};
    assert_false(ask("--fault status=501", NULL, 1, &seen, &err));
    assert_int_equal(err.code, EL_ERR_UNREACHABLE);
    assert_non_null(strstr(err.message, "--embedding"));
}

static void vectors_are_stored(void **state) {
    (void)state;
    char folder[] = "/tmp/el4ner-test-XXXXXX", store[64], command[96];
    struct seen first, second;
    struct el_error err = {0};
    assert_non_null(mkdtemp(folder));
    snprintf(store, sizeof store, "%s/replies.sqlite", folder);
    assert_true(ask("", store, 1, &first, &err));
    assert_int_equal(first.from_store, 0);
    /* Only the probe is answered: what comes after it must come from the store. */
    assert_true(ask("--fault status=500@2-", store, 1, &second, &err));
    assert_int_equal(second.from_store, 1);
    assert_memory_equal(first.vectors, second.vectors, sizeof first.vectors);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_there_and_back),
        cmocka_unit_test(base64_refuses),
        cmocka_unit_test(replies_are_ordered_and_normalised),
        cmocka_unit_test(replies_without_index_are_in_order),
        cmocka_unit_test(broken_replies_say_what),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(servers_of_every_kind),
        cmocka_unit_test(rows_in_any_order),
        cmocka_unit_test(faults_are_tried_again_and_told),
        cmocka_unit_test(a_server_without_embeddings),
        cmocka_unit_test(vectors_are_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

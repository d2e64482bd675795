/* Transfers when curl itself runs out of memory: each ends, by an answer or by a failure that may
 * be tried again, and none waits for a time-out. */
#include "serving/http.h"
#include "scripted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { TRANSFERS = 4, MOST_ALLOCATIONS = 4000 };

/* ---- curl's allocator: the one that brings `left` to 0 fails ---- */

static long left; /* 0 = none fails */

static bool fails(void) {
    return left > 0 && --left == 0;
}

static void *take(size_t size) {
    return fails() ? NULL : malloc(size);
}

static void *take_cleared(size_t count, size_t size) {
    return fails() ? NULL : calloc(count, size);
}

static void *take_more(void *memory, size_t size) {
    return fails() ? NULL : realloc(memory, size);
}

static char *take_copy(const char *text) {
    return fails() ? NULL : strdup(text);
}

/* ---- */

struct outcome {
    size_t ended, answered, failures[EL_FAILURES];
};

static void take_outcome(struct el_http *http, struct el_http_transfer *t) {
    struct outcome *outcome = t->user;
    (void)http;
    outcome->ended++;
    outcome->answered += t->failure == EL_ANSWERED && t->status == 200;
    outcome->failures[t->failure]++;
}

static void memory_runs_out(void **state) {
    (void)state;
    struct scripted server = scripted_start("");
    const char *urls[] = {server.url};
    struct el_member_config member = {
        .name = "m", .urls = urls, .n_urls = 1, .first_byte_timeout = 10, .total_timeout = 20};
    size_t failed = 0, unsent = 0;
    long allocation = 0;
    do {
        struct el_error err;
        struct el_http *http;
        struct el_http_target target;
        struct outcome outcome = {0};
        size_t sent = 0;
        assert_true(el_http_new(&http, &err));
        assert_true(el_http_target_init(&target, &member, server.url, NULL, &err));
        left = ++allocation;
        for (size_t i = 0; i < TRANSFERS; i++) {
            sent += el_http_send(http, &target, "/health", NULL, 0, take_outcome, &outcome) != NULL;
        }
        while (outcome.ended < sent) {
            el_http_step(http, 1);
        }
        if (outcome.failures[EL_FAILED_TIMEOUT] > 0) {
            fail_msg("allocation %ld: %zu of %zu transfers stood still", allocation,
                     outcome.failures[EL_FAILED_TIMEOUT], sent);
        }
        assert_int_equal(outcome.answered + outcome.failures[EL_FAILED_CONNECT], sent);
        failed += sent - outcome.answered;
        unsent += TRANSFERS - sent;
        el_http_target_free(&target);
        el_http_free(http);
    } while (left == 0 && allocation < MOST_ALLOCATIONS);
    assert_true(left > 0); /* all there are have failed once */
    assert_true(failed > 0 && unsent > 0);
    left = 0;
    scripted_stop(&server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_runs_out),
    };
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, take, free, take_more, take_copy, take_cleared) !=
        CURLE_OK) {
        return 1;
    }
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return status;
}

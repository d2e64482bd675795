/* What follows from refusals in the words of servers that are in use. */
#include "serving/adapt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const char SENT[] =
    "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"x\"},{\"role\":\"user\","
    "\"content\":\"\\\"format\\\": \\\"num_ctx\\\":\"}],\"max_tokens\":9,\"temperature\":0,"
    "\"seed\":0,\"stop\":[\"x\"],\"logprobs\":true,\"top_logprobs\":10,\"response_format\":{}}";

static const struct {
    long status;
    const char *reply, *changes; /* changes: NULL = it stays a failure */
} CASES[] = {
    {400,
     "{\"error\":{\"message\":\"Unsupported parameter: 'max_tokens' is not supported with this "
     "model. Use 'max_completion_tokens' instead.\",\"param\":\"max_tokens\",\"code\":"
     "\"unsupported_parameter\"}}",
     "max_tokens as max_completion_tokens"},
    {400,
     "{\"error\":{\"message\":\"Unsupported value: 'temperature' does not support 0 with this "
     "model. Only the default (1) value is supported.\",\"param\":\"temperature\"}}",
     "without temperature"},
    {422, "{\"error\":\"Input validation error: `temperature` must be strictly positive\"}",
     "without temperature"},
    {422,
     "{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"seed\"],\"msg\":\"Extra "
     "inputs "
     "are not permitted\",\"input\":0},{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"stop\"],"
     "\"msg\":\"Extra inputs are not permitted\",\"input\":[\"temperature\"]}]}",
     "without seed, without stop"},
    {422,
     "{\"object\":\"error\",\"message\":{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":["
     "\"body\","
     "\"seed\"],\"msg\":\"Extra inputs are not permitted\",\"input\":0}]}}",
     "without seed"},
    {422, "{\"detail\":[{\"loc\":[\"body\",\"seed\"],\"msg\":\"extra fields not permitted\"}]}",
     "without seed"},
    {400,
     "{\"message\":\"[{'type': 'extra_forbidden', 'loc': ('body', 'seed'), 'msg': 'Extra inputs "
     "are "
     "not permitted', 'input': 0}]\",\"param\":null,\"code\":400}",
     "without seed"},
    {400, "{\"object\":\"error\",\"message\":\"System role not supported\",\"code\":400}",
     "system text in the first user turn"},
    {500, "{\"error\":{\"code\":500,\"message\":\"Jinja Exception: System role not supported\"}}",
     "system text in the first user turn"},
    {400, "{\"message\":\"Conversation roles must alternate user/assistant/user/assistant/...\"}",
     "system text in the first user turn"},
    {400, "{\"error\":{\"message\":\"Developer instruction is not enabled for this model\"}}",
     "system text in the first user turn"},
    {400,
     "{\"error\":{\"message\":\"Unsupported value: 'messages[0].role' does not support 'system' "
     "with this model.\",\"param\":\"messages[0].role\",\"code\":\"unsupported_value\"}}",
     "system text in the first user turn"},
    {400,
     "{\"error\":{\"message\":\"This model does not support response format `json_schema`.\"}}",
     "without response_format"},
    {400, "{\"error\":{\"message\":\"This response_format type is unavailable now\"}}",
     "without response_format"},
    {403, "{\"error\":{\"message\":\"You are not allowed to request logprobs from this model.\"}}",
     "without logprobs, without top_logprobs"},
    {400, "{\"error\":{\"message\":\"top_logprobs must be at most 5\"}}", "without top_logprobs"},
    {400, "Argument not supported on this model: stop", "without stop"},

    /* Not a refusal of something that can go. */
    {400, "{\"error\":{\"message\":\"the server had to stop; not supported\"}}", NULL},
    {400, "{\"error\":{\"message\":\"scripted status 400\"}}", NULL},
    {400, "{\"error\":{\"message\":\"grammar is not supported\"}}", NULL},
    {400, "{\"error\":{\"message\":\"num_ctx is not supported\"}}", NULL},
    {404, "{\"error\":{\"message\":\"the model 'm' does not exist\",\"param\":\"model\"}}", NULL},
    {400, "{\"error\":{\"message\":\"Failed to parse grammar\"}}", NULL},
    {401, "{\"error\":{\"message\":\"'seed' is not supported\"}}", NULL},
    {429, "{\"error\":{\"message\":\"'seed' is not supported\"}}", NULL},
    {503, "{\"error\":{\"message\":\"'seed' is not supported\"}}", NULL},
    {400, "", NULL},
    {400, "[[[[[[[[[[[[[\"'seed' is not supported\"]]]]]]]]]]]]]", NULL},
};

static void refusals_name_their_field(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct el_adaptation adaptation = {0};
        char what[200] = "";
        const char *reply = CASES[i].reply;
        size_t len = strlen(reply);
        bool changed =
            el_adapt(&adaptation, NULL, SENT, CASES[i].status, reply, len, what, sizeof what);
        print_message("%s\n", reply);
        assert_int_equal(changed, CASES[i].changes != NULL);
        assert_string_equal(what, changed ? CASES[i].changes : "");
        assert_int_equal(adaptation.count, changed);
    }
}

static void what_the_user_set_stays(void **state) {
    static const char reply[] = "{\"error\":\"'seed' is not supported\"}";
    struct el_adaptation adaptation = {0};
    char what[200];
    (void)state;
    json_t *extra = json_pack("{s:i}", "seed", 7);
    assert_false(el_adapt(&adaptation, extra, SENT, 400, reply, sizeof reply - 1, what, 200));
    json_decref(extra);
    extra = json_pack("{s:{s:i}}", "options", "seed", 7);
    assert_false(el_adapt(&adaptation, extra, SENT, 400, reply, sizeof reply - 1, what, 200));
    json_decref(extra);
    assert_true(el_adapt(&adaptation, NULL, SENT, 400, reply, sizeof reply - 1, what, 200));
}

/* Each refusal changes something, once: a server that refuses all ends. */
static void a_refusal_counts_once(void **state) {
    static const char reply[] = "{\"error\":\"'seed' is not supported\"}";
    struct el_adaptation adaptation = {0};
    char what[200];
    (void)state;
    assert_true(el_adapt(&adaptation, NULL, SENT, 400, reply, sizeof reply - 1, what, 200));
    assert_true(el_leaves_out(&adaptation, "seed"));
    assert_false(el_leaves_out(&adaptation, "model"));
    assert_false(el_leaves_out(NULL, "seed"));
    assert_false(el_adapt(&adaptation, NULL, SENT, 400, reply, sizeof reply - 1, what, 200));
    assert_int_equal(adaptation.count, 1);
}

/* Only a request that begins the answer can do without its beginning. */
static void answers_that_cannot_be_begun(void **state) {
    static const char reply[] =
        "{\"error\":{\"code\":400,\"message\":\"Assistant response prefill is "
        "incompatible with enable_thinking.\"}}";
    static const char begun[] = "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":"
                                "\"assistant\",\"content\":\"{\\\"x\\\": \\\"\"}],\"seed\":0}";
    static const char asked[] =
        "{\"messages\":[{\"role\":\"assistant\",\"content\":\"x\"},{\"role\":"
        "\"user\",\"content\":\"x\"}],\"seed\":0}";
    struct el_adaptation adaptation = {0};
    char what[200];
    (void)state;
    assert_false(el_adapt(&adaptation, NULL, asked, 400, reply, sizeof reply - 1, what, 200));
    assert_true(el_adapt(&adaptation, NULL, begun, 400, reply, sizeof reply - 1, what, 200));
    assert_string_equal(what, "without the beginning of answers");
    assert_true(adaptation.whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_name_their_field),
        cmocka_unit_test(what_the_user_set_stays),
        cmocka_unit_test(a_refusal_counts_once),
        cmocka_unit_test(answers_that_cannot_be_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

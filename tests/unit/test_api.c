/* Replies of servers, read by their API. */
#include "reply/unreadable.h"
#include "serving/api.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct el_api_answer read_reply(enum el_api api, const char *body) {
    static const char *const words[] = {"yes", "no"};
    struct el_call call = {.want_yes_probability = true,
                           .constraint = {.kind = EL_YES_NO, .choices = words, .n_choices = 2}};
    struct el_api_answer answer;
    char why[200] = "";
    if (!el_api_read(api, &call, body, strlen(body), &answer, why, sizeof why)) {
        fail_msg("%s: %s", body, why);
    }
    return answer;
}

/* ---- begun answers ---- */

static const struct {
    const char *content, *text;
    bool length, cut;
} BEGUN[] = {
    {"pla", "{\"York\": \"place\"}", true, false},
    {"place", "{\"York\": \"place\"}", false, false},
    {"{\\\"York\\\": \\\"pla", "{\"York\": \"place\"}", true, false}, /* the beginning repeated */
    {"place\\\"}", "{\"York\": \"place\"}", false, false},
    {"p", "{\"York\": \"p", true, true}, /* may be either */
    {"town", "{\"York\": \"town", false, false},
    {"", "{\"York\": \"", false, false},
};

static void begun_answers_are_completed(void **state) {
    static const char *const types[] = {"person", "place"}, *const spans[] = {"York"};
    struct el_call call = {.constraint = {.kind = EL_LIST_OF_TYPES,
                                          .choices = types,
                                          .n_choices = 2,
                                          .spans = spans,
                                          .n_items = 1,
                                          .begun = "{\"York\": \""}};
    (void)state;
    for (size_t i = 0; i < sizeof BEGUN / sizeof *BEGUN; i++) {
        struct el_api_answer answer;
        char why[200] = "", body[400];
        snprintf(body, sizeof body,
                 "{\"choices\":[{\"message\":{\"content\":\"%s\"},\"finish_reason\":\"%s\"}]}",
                 BEGUN[i].content, BEGUN[i].length ? "length" : "stop");
        assert_true(el_api_read(EL_API_CHAT, &call, body, strlen(body), &answer, why, sizeof why));
        assert_string_equal(answer.text, BEGUN[i].text);
        assert_int_equal(answer.cut, BEGUN[i].cut);
        free(answer.text);
    }
}

/* The beginning is the last message, of the assistant, and the grammar is that of the rest; where
 * an endpoint does not take it, neither. */
static void begun_answers_are_sent(void **state) {
    static const char *const types[] = {"person", "place"}, *const spans[] = {"York"};
    static const struct el_message messages[] = {{"user", "Types?"}};
    struct el_call call = {.messages = messages,
                           .n_messages = 1,
                           .max_tokens = 1,
                           .constraint = {.kind = EL_LIST_OF_TYPES,
                                          .choices = types,
                                          .n_choices = 2,
                                          .spans = spans,
                                          .n_items = 1,
                                          .begun = "{\"York\": \""}};
    struct el_capabilities caps = {
        .api = EL_API_LLAMA, .grammar = true, .chat_template = true, .begins = true};
    struct el_member_config config = {.name = "m"};
    struct el_adaptation whole = {.whole = true};
    struct el_buffer body = {0};
    (void)state;
    assert_true(el_api_write(&config, &caps, &call, true, NULL, &body));
    assert_non_null(
        strstr(body.data, "{\"role\":\"assistant\",\"content\":\"{\\\"York\\\": \\\"\"}]"));
    assert_non_null(strstr(body.data, "root ::= one\\n"));
    el_buffer_clear(&body);
    assert_true(el_api_write(&config, &caps, &call, true, &whole, &body));
    assert_null(strstr(body.data, "assistant"));
    assert_non_null(strstr(body.data, "root ::= \\\"{"));
    el_buffer_free(&body);
}

/* ---- thoughts ---- */

static const struct {
    enum el_api api;
    const char *body, *text;
} THOUGHTS[] = {
    {EL_API_CHAT,
     "{\"choices\":[{\"message\":{\"content\":null,\"reasoning_content\":\"[\\\"Ines Vale\\\"]\"},"
     "\"finish_reason\":\"stop\"}]}",
     "[\"Ines Vale\"]"},
    {EL_API_CHAT,
     "{\"choices\":[{\"message\":{\"content\":\"\",\"reasoning\":\"Two names [sic].\\n\\n{\\n  "
     "\\\"A\\\": "
     "[1]\\n}\\n\"},\"finish_reason\":\"stop\"}]}",
     "{\n  \"A\": [1]\n}\n"},
    {EL_API_CHAT,
     "{\"choices\":[{\"message\":{\"reasoning_content\":\"Hm.</"
     "think>\\n\\nyes\"},\"finish_reason\":"
     "\"stop\"}]}",
     "yes"},
    {EL_API_CHAT,
     "{\"choices\":[{\"message\":{\"content\":null,\"reasoning_content\":\"No\"},\"finish_reason\":"
     "\"stop\"}]}",
     "No"},
    {EL_API_CHAT, /* cut: what comes last is not meant as the answer */
     "{\"choices\":[{\"message\":{\"content\":null,\"reasoning_content\":\"Maybe\\n[\\\"A\\\"]\"},"
     "\"finish_reason\":\"length\"}]}",
     "<think>Maybe\n[\"A\"]"},
    {EL_API_CHAT,
     "{\"choices\":[{\"message\":{\"content\":null,\"reasoning_content\":\"It is a name.\"},"
     "\"finish_reason\":\"stop\"}]}",
     "<think>It is a name."},
    {EL_API_CHAT,
     "{\"choices\":[{\"message\":{\"content\":\"[]\",\"reasoning_content\":\"[\\\"A\\\"]\"},"
     "\"finish_reason\":\"stop\"}]}",
     "[]"},
    {EL_API_CHAT,
     "{\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"I can't assist with that.\"},"
     "\"finish_reason\":\"stop\"}]}",
     "I can't assist with that."},
    {EL_API_CHAT, "{\"choices\":[{\"message\":{\"content\":null},\"finish_reason\":\"length\"}]}",
     ""},
    {EL_API_OLLAMA,
     "{\"message\":{\"content\":\"\",\"thinking\":\"[\\\"A\\\"]\"},\"done_reason\":\"stop\"}",
     "[\"A\"]"},
    {EL_API_OLLAMA,
     "{\"message\":{\"content\":\"\",\"thinking\":\"Well\"},\"done_reason\":\"length\"}",
     "<think>Well"},
};

static void thoughts_are_told_from_answers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof THOUGHTS / sizeof *THOUGHTS; i++) {
        struct el_api_answer answer = read_reply(THOUGHTS[i].api, THOUGHTS[i].body);
        assert_string_equal(answer.text, THOUGHTS[i].text);
        free(answer.text);
    }
}

static void what_cannot_be_read_has_a_cause(void **state) {
    static const struct {
        const char *reply;
        bool cut;
        enum el_unreadable why;
    } cases[] = {
        {"", false, EL_UNREADABLE_EMPTY},
        {" \n", false, EL_UNREADABLE_EMPTY},
        {"", true, EL_UNREADABLE_THINKING},
        {"<think>Well", true, EL_UNREADABLE_THINKING},
        {"<think>Well", false, EL_UNREADABLE_THINKING},
        {"<think>Well</think>\n", false, EL_UNREADABLE_THINKING},
        {"The names are", true, EL_UNREADABLE_CUT},
        {"I'm sorry, but I can't help with that.", false, EL_UNREADABLE_REFUSED},
        {"As an AI language model I do not know.", false, EL_UNREADABLE_REFUSED},
        {"Here they are!", false, EL_UNREADABLE_OTHER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *reply = cases[i].reply;
        assert_int_equal(el_why_unreadable(reply, strlen(reply), cases[i].cut), cases[i].why);
    }
}

/* ---- yes and no ---- */

static const struct {
    enum el_api api;
    const char *body;
    double p; /* NAN = not known */
} SURE[] = {
    /* "no" is the likeliest token, but "yes" has more spellings. */
    {EL_API_CHAT,
     "{\"choices\":[{\"message\":{\"content\":\"no\"},\"logprobs\":{\"content\":[{\"token\":\"no\","
     "\"logprob\":-0.9163,\"top_logprobs\":[{\"token\":\"no\",\"logprob\":-0.9163},{\"token\":"
     "\"Yes\",\"logprob\":-1.204},{\"token\":\" yes\",\"logprob\":-1.6094},{\"token\":\"YES\","
     "\"logprob\":-2.3026}]}]}}]}",
     0.6},
    /* White space and markup come first; their alternatives do not count. */
    {EL_API_CHAT,
     "{\"choices\":[{\"message\":{\"content\":\"\\n**No**\"},\"logprobs\":{\"content\":["
     "{\"token\":\"\\n\",\"logprob\":-0.1,\"top_logprobs\":[{\"token\":\"\\n\",\"logprob\":-0.1},"
     "{\"token\":\"yes\",\"logprob\":-2.3}]},"
     "{\"token\":\"**\",\"logprob\":-0.1,\"top_logprobs\":[{\"token\":\"**\",\"logprob\":-0.1},"
     "{\"token\":\"yes\",\"logprob\":-2.3}]},"
     "{\"token\":\"No\",\"logprob\":-0.2231,\"top_logprobs\":[{\"token\":\"No\",\"logprob\":"
     "-0.2231},{\"token\":\"**yes.\",\"logprob\":-1.6094}]}]}}]}",
     0.2},
    /* The answer begins with another word: its word decides. */
    {EL_API_CHAT,
     "{\"choices\":[{\"message\":{\"content\":\"The answer: yes\"},\"logprobs\":{\"content\":["
     "{\"token\":\"The\",\"logprob\":-0.01,\"top_logprobs\":[{\"token\":\"The\",\"logprob\":-0.01}"
     "]},{\"token\":\"yes\",\"logprob\":-0.01,\"top_logprobs\":[{\"token\":\"yes\",\"logprob\":"
     "-0.01}]}]}}]}",
     (double)NAN},
    /* No alternatives. */
    {EL_API_CHAT,
     "{\"choices\":[{\"message\":{\"content\":\"no\"},\"logprobs\":{\"content\":[{\"token\":\"no\","
     "\"logprob\":-0.2231,\"top_logprobs\":[]}]}}]}",
     0.2},
    {EL_API_CHAT,
     "{\"choices\":[{\"message\":{\"content\":\"no\"},\"logprobs\":{\"content\":[{\"token\":\"no\","
     "\"logprob\":-1.2}]}}]}",
     (double)NAN},
    {EL_API_COMPLETIONS,
     "{\"choices\":[{\"text\":\"\\n yes\",\"logprobs\":{\"top_logprobs\":[{\"\\n\":-0.1,\"no\":-3},"
     "{\" yes\":-0.2231,\"\u2581No\":-1.6094}]}}]}",
     0.8},
    {EL_API_LLAMA,
     "{\"content\":\"yes\",\"completion_probabilities\":[{\"content\":\"yes\",\"probs\":["
     "{\"tok_str\":\"yes\",\"prob\":0.5},{\"tok_str\":\"no\",\"prob\":0.3},{\"tok_str\":\"N\","
     "\"prob\":0.2}]}]}",
     0.5},
    {EL_API_OLLAMA,
     "{\"message\":{\"content\":\"yes\"},\"logprobs\":[{\"token\":\"yes\",\"logprob\":-0.2231,"
     "\"top_logprobs\":[{\"token\":\"yes\",\"logprob\":-0.2231},{\"token\":\"nope\",\"logprob\":-3}"
     ","
     "{\"token\":\"no\",\"logprob\":-1.6094}]}]}",
     0.8},
    {EL_API_CHAT, "{\"choices\":[{\"message\":{\"content\":\"yes\"}}]}", (double)NAN},
};

static void all_spellings_of_yes_and_no_count(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof SURE / sizeof *SURE; i++) {
        struct el_api_answer answer = read_reply(SURE[i].api, SURE[i].body);
        if (isnan(SURE[i].p) ? !isnan(answer.yes_probability)
                             : !(fabs(answer.yes_probability - SURE[i].p) < 1e-3)) {
            fail_msg("%s: %f, not %f", SURE[i].body, answer.yes_probability, SURE[i].p);
        }
        free(answer.text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begun_answers_are_completed),
        cmocka_unit_test(begun_answers_are_sent),
        cmocka_unit_test(thoughts_are_told_from_answers),
        cmocka_unit_test(what_cannot_be_read_has_a_cause),
        cmocka_unit_test(all_spellings_of_yes_and_no_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

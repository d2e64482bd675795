/* Many texts in one engine, against the scripted server. */
#include "el4ner.h"
#include "scripted.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char SENTENCE[] = "Anna Berg met Carlo Dias in Eden. ";

/* Two members at servers that were started with these arguments. */
struct fixture {
    struct scripted servers[2];
    el4ner *engine;
    char log[4096];
};

static void keep_log(void *context, enum el4ner_level level, const char *message) {
    struct fixture *f = context;
    if (level == EL4NER_WARNING && strlen(f->log) + strlen(message) + 2 < sizeof f->log) {
        strcat(strcat(f->log, message), "\n");
    }
}

static void open_with(struct fixture *f, const char *first, const char *second,
                      const char *more_yaml, struct el4ner_options options) {
    char yaml[1024];
    struct el4ner_error error;
    f->servers[0] = scripted_start(first);
    f->servers[1] = scripted_start(second);
    int n = snprintf(yaml, sizeof yaml,
                     "profile: votes\ntypes: [person, location]\n"
                     "members:\n"
                     "  - {name: a, url: \"%s\", prompts: compact}\n"
                     "  - {name: b, url: \"%s\", prompts: compact}\n"
                     "verify: {by: all}\n%s",
                     f->servers[0].url, f->servers[1].url, more_yaml);
    options.size = sizeof options;
    options.log = keep_log;
    options.log_context = f;
    f->engine = el4ner_open_yaml(yaml, (size_t)n, &options, &error);
    if (f->engine == NULL) {
        fail_msg("%s", error.message);
    }
}

static void open_plain(struct fixture *f) {
    *f = (struct fixture){0};
    open_with(f, "", "", "", (struct el4ner_options){0});
}

static void close_all(struct fixture *f) {
    el4ner_close(f->engine);
    scripted_stop(&f->servers[0]);
    scripted_stop(&f->servers[1]);
}

/* "n" sentences, to be freed. Each is another one, so that nothing is asked twice. */
static char *long_text(size_t n, const char *name) {
    char *text = malloc(n * 64 + 1);
    size_t len = 0;
    assert_non_null(text);
    for (size_t i = 0; i < n; i++) {
        len += (size_t)sprintf(text + len, "%s%zu Berg met Carlo%zu Dias. ", name, i, i);
    }
    return text;
}

static uint64_t submit(struct fixture *f, const char *text, void *user,
                       const struct el4ner_request *request) {
    struct el4ner_error error;
    uint64_t number = el4ner_submit(f->engine, text, strlen(text), user, request, &error);
    if (number == 0) {
        fail_msg("%s", error.message);
    }
    return number;
}

static el4ner_result *next(struct fixture *f) {
    struct el4ner_error error;
    el4ner_result *result = el4ner_next(f->engine, -1, &error);
    assert_int_equal(error.code, EL4NER_OK);
    return result;
}

/* All that is said of the entities, as one text. */
static void print(const el4ner_result *result, char *text, size_t room) {
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < el4ner_count(result); i++) {
        const struct el4ner_entity *e = el4ner_get(result, i);
        len += (size_t)snprintf(text + len, room - len, "%zu-%zu %s %s %.17g %d;", e->start, e->end,
                                e->text, e->type, e->score, (int)e->verdict);
        assert_true(len < room);
    }
}

static void texts_come_back_in_order(void **state) {
    (void)state;
    enum { TEXTS = 200 };
    static char texts[TEXTS][128], alone[TEXTS][1024], got[1024];
    struct fixture f;
    struct el4ner_error error;
    open_plain(&f);
    for (size_t i = 0; i < TEXTS; i++) {
        snprintf(texts[i], sizeof texts[i], "Anna%zu Berg met Carlo Dias. %s", i,
                 i % 3 == 0 ? "Then Dora came. Then Emil went to Eden." : "");
        el4ner_result *result = el4ner_tag(f.engine, texts[i], strlen(texts[i]), &error);
        assert_non_null(result);
        print(result, alone[i], sizeof alone[i]);
        assert_true(el4ner_count(result) > 0);
        el4ner_result_free(result);
    }
    size_t taken = 0;
    for (size_t i = 0; i < TEXTS || taken < TEXTS;) {
        uint64_t number = 0;
        if (i < TEXTS) {
            number = el4ner_submit(f.engine, texts[i], strlen(texts[i]), texts[i], NULL, &error);
            assert_true(number != 0 || error.code == EL4NER_ERROR_FULL);
            i += number != 0;
        }
        if (number == 0) {
            el4ner_result *result = next(&f);
            assert_non_null(result);
            assert_ptr_equal(el4ner_result_user(result), texts[taken]);
            assert_string_equal(el4ner_result_text(result, NULL), texts[taken]);
            assert_int_equal(el4ner_result_status(result), EL4NER_DONE);
            assert_int_equal(el4ner_result_error(result)->code, EL4NER_OK);
            print(result, got, sizeof got);
            assert_string_equal(got, alone[taken++]);
            el4ner_result_free(result);
        }
    }
    assert_null(next(&f)); /* nothing is in work */
    close_all(&f);
}

/* A long text is sent first; of the short ones none waits for all of it. */
static void short_texts_overtake(void **state) {
    (void)state;
    enum { SHORT = 5 };
    struct fixture f = {0};
    char *text = long_text(300, "Anna"), *short_text[SHORT];
    open_with(&f, "--latency 1 --slots 2", "--latency 1 --slots 2", "",
              (struct el4ner_options){.order = EL4NER_AS_READY});
    submit(&f, text, text, NULL);
    for (size_t i = 0; i < SHORT; i++) {
        short_text[i] = long_text(2, i == 0 ? "Bert" : i == 1 ? "Cleo" : i == 2 ? "Dora" : "Emil");
        submit(&f, short_text[i], short_text[i], NULL);
    }
    for (size_t i = 0; i < SHORT; i++) {
        struct el4ner_progress progress = {.size = sizeof progress};
        el4ner_result *result = next(&f);
        assert_non_null(result);
        assert_ptr_not_equal(el4ner_result_user(result), text);
        el4ner_get_progress(f.engine, &progress);
        assert_true(progress.sentences < 150);
        assert_int_equal(progress.texts, 1 + SHORT);
        assert_int_equal(progress.finished, i + 1);
        assert_true(progress.sentences_due > 100);
        assert_true(progress.window >= 4);
        el4ner_result_free(result);
    }
    el4ner_result *result = next(&f);
    assert_ptr_equal(el4ner_result_user(result), text);
    assert_int_equal(el4ner_result_status(result), EL4NER_DONE);
    el4ner_result_free(result);
    close_all(&f);
    free(text);
    for (size_t i = 0; i < SHORT; i++) {
        free(short_text[i]);
    }
}

static void a_cancelled_text_harms_no_other(void **state) {
    (void)state;
    struct fixture f = {0};
    char *text = long_text(100, "Anna");
    open_with(&f, "--latency 5", "--latency 5", "", (struct el4ner_options){0});
    uint64_t first = submit(&f, text, NULL, NULL), second = submit(&f, text, NULL, NULL);
    struct el4ner_error error;
    assert_null(el4ner_next(f.engine, 30, &error)); /* calls of both are under way, the same ones */
    assert_int_equal(error.code, EL4NER_OK);
    uint64_t third = submit(&f, SENTENCE, NULL, NULL);
    el4ner_cancel(f.engine, first);
    el4ner_cancel(f.engine, third); /* still in the inbox */
    el4ner_cancel(f.engine, 12345); /* nobody's */
    el4ner_result *result = next(&f);
    assert_int_equal(el4ner_result_number(result), first);
    assert_int_equal(el4ner_result_status(result), EL4NER_CANCELLED);
    assert_int_equal(el4ner_result_error(result)->code, EL4NER_ERROR_CANCELLED);
    assert_int_equal(el4ner_count(result), 0);
    el4ner_result_free(result);
    result = next(&f);
    assert_int_equal(el4ner_result_number(result), second);
    assert_int_equal(el4ner_result_status(result), EL4NER_DONE);
    assert_int_equal(el4ner_abstained(result), 0);
    assert_true(el4ner_count(result) >= 100);
    el4ner_cancel(f.engine, second); /* too late */
    el4ner_result_free(result);
    result = next(&f);
    assert_int_equal(el4ner_result_number(result), third);
    assert_int_equal(el4ner_result_status(result), EL4NER_CANCELLED);
    el4ner_result_free(result);
    assert_null(next(&f));
    close_all(&f);
    free(text);
}

/* Where no member is asked, sentences are done as soon as they are started. */
static void a_text_without_calls_can_be_cancelled(void **state) {
    (void)state;
    struct el4ner_error error;
    static const char yaml[] = "judge: labels\n";
    char *text = long_text(100, "Anna");
    el4ner *engine = el4ner_open_yaml(yaml, strlen(yaml), NULL, &error);
    if (engine == NULL) {
        fail_msg("%s", error.message);
    }
    uint64_t number = el4ner_submit(engine, text, strlen(text), NULL, NULL, &error);
    struct pollfd more = {.fd = el4ner_fd(engine), .events = POLLIN};
    assert_null(el4ner_next(engine, 0, &error));
    assert_int_equal(poll(&more, 1, 0), 1);
    el4ner_cancel(engine, number);
    el4ner_result *result = el4ner_next(engine, -1, &error);
    assert_int_equal(el4ner_result_status(result), EL4NER_CANCELLED);
    el4ner_result_free(result);
    result = el4ner_tag(engine, text, strlen(text), &error);
    assert_int_equal(el4ner_result_status(result), EL4NER_DONE);
    el4ner_result_free(result);
    el4ner_close(engine);
    free(text);
}

/* Servers that answer the first calls only. */
static void time_limits_cut_short(void **state) {
    (void)state;
    struct fixture f = {0};
    open_with(&f, "--slots 1 --fault hang@30-9999", "--slots 1", "", (struct el4ner_options){0});
    char *text = long_text(40, "Anna");
    struct el4ner_request request = {.seconds = 0.5, .evidence = true};
    submit(&f, text, NULL, &request);
    el4ner_result *result = next(&f);
    assert_int_equal(el4ner_result_status(result), EL4NER_CUT_SHORT);
    assert_int_equal(el4ner_result_error(result)->code, EL4NER_ERROR_TIME);
    assert_non_null(strstr(el4ner_result_error(result)->message, "of 40 sentences are done"));
    assert_true(el4ner_count(result) > 0);
    assert_true(el4ner_count(result) < 80);
    el4ner_result_free(result);
    struct el4ner_error error;
    assert_null(el4ner_tag_with(f.engine, SENTENCE, strlen(SENTENCE), &request, &error));
    assert_int_equal(error.code, EL4NER_ERROR_TIME);
    close_all(&f);
    free(text);
}

static void a_full_engine_says_so(void **state) {
    (void)state;
    struct fixture f = {0};
    struct el4ner_error error;
    open_with(&f, "", "", "", (struct el4ner_options){.most_texts = 3});
    for (size_t i = 0; i < 3; i++) {
        submit(&f, SENTENCE, NULL, NULL);
    }
    assert_int_equal(el4ner_submit(f.engine, "x", 1, NULL, NULL, &error), 0);
    assert_int_equal(error.code, EL4NER_ERROR_FULL);
    assert_non_null(strstr(error.message, "3 texts"));
    el4ner_result *result = el4ner_tag(f.engine, SENTENCE, strlen(SENTENCE), &error);
    assert_non_null(result); /* this has room of its own, and waits for nobody */
    el4ner_result_free(result);
    el4ner_result_free(next(&f));
    submit(&f, SENTENCE, NULL, NULL);
    for (size_t i = 0; i < 3; i++) {
        result = next(&f);
        assert_int_equal(el4ner_result_status(result), EL4NER_DONE);
        el4ner_result_free(result);
    }
    close_all(&f);
}

static void each_text_has_its_own_types(void **state) {
    (void)state;
    struct fixture f;
    struct el4ner_error error;
    static const char *const aliases[] = {"location"};
    const struct el4ner_type places[] = {{.name = "PLACE",
                                          .wording = "place",
                                          .description = "towns",
                                          .aliases = aliases,
                                          .n_aliases = 1}};
    const struct el4ner_type other[] = {{.name = "ship"}, {.name = "star"}};
    struct el4ner_request of_places = {.types = places, .n_types = 1, .nested = EL4NER_YES};
    struct el4ner_request of_others = {.types = other, .n_types = 2};
    open_plain(&f);
    for (size_t i = 0; i < 30; i++) {
        submit(&f, SENTENCE, NULL, i % 3 == 0 ? NULL : i % 3 == 1 ? &of_places : &of_others);
    }
    for (size_t i = 0; i < 30; i++) {
        el4ner_result *result = next(&f);
        assert_true(el4ner_count(result) > 0);
        for (size_t e = 0; e < el4ner_count(result); e++) {
            const char *type = el4ner_get(result, e)->type;
            if (i % 3 == 0) {
                assert_true(strcmp(type, "person") == 0 || strcmp(type, "location") == 0);
            } else if (i % 3 == 1) {
                assert_string_equal(type, "PLACE");
            } else {
                assert_true(strcmp(type, "ship") == 0 || strcmp(type, "star") == 0);
            }
        }
        el4ner_result_free(result);
    }
    assert_non_null(strstr(f.log, "the pool has none of the requested types"));
    struct el4ner_request wrong = {.types = other, .n_types = 0};
    assert_int_equal(el4ner_submit(f.engine, "x", 1, NULL, &wrong, &error), 0);
    assert_int_equal(error.code, EL4NER_ERROR_CONFIG);
    const struct el4ner_type twice[] = {{.name = "ship"}, {.name = "ship"}};
    wrong = (struct el4ner_request){.types = twice, .n_types = 2};
    assert_int_equal(el4ner_submit(f.engine, "x", 1, NULL, &wrong, &error), 0);
    assert_non_null(strstr(error.message, "'ship' is named twice"));
    wrong = (struct el4ner_request){.lang = "german"};
    assert_int_equal(el4ner_submit(f.engine, "x", 1, NULL, &wrong, &error), 0);
    assert_non_null(strstr(error.message, "use \"de\""));
    wrong = (struct el4ner_request){.seconds = (double)NAN};
    assert_int_equal(el4ner_submit(f.engine, "x", 1, NULL, &wrong, &error), 0);
    assert_int_equal(el4ner_submit(f.engine, "\xff", 1, NULL, NULL, &error), 0);
    assert_int_equal(error.code, EL4NER_ERROR_FORMAT);
    close_all(&f);
}

static void evidence_is_complete(void **state) {
    (void)state;
    struct fixture f;
    struct el4ner_request request = {.evidence = true, .trace = true, .id = "first", .lang = "en"};
    struct el4ner_error error;
    open_plain(&f);
    el4ner_result *result = el4ner_tag_with(f.engine, SENTENCE, strlen(SENTENCE), &request, &error);
    assert_non_null(result);
    const struct el4ner_usage *usage = el4ner_result_usage(result);
    struct el4ner_usage part, sum = {0};
    for (size_t m = 0; el4ner_get_member(f.engine, m) != NULL; m++) {
        assert_null(el4ner_get_member(f.engine, m)->problem);
        for (int stage = EL4NER_RETRIEVE; stage <= EL4NER_VERIFY; stage++) {
            assert_true(el4ner_get_usage(f.engine, m, (enum el4ner_stage)stage, &part));
            sum.calls += part.calls;
            sum.prompt_tokens += part.prompt_tokens;
        }
    }
    assert_false(el4ner_get_usage(f.engine, 2, EL4NER_EXTRACT, &part));
    assert_int_equal(usage->calls, sum.calls);
    assert_int_equal(usage->prompt_tokens, sum.prompt_tokens);
    assert_true(usage->calls >= 4 && usage->failed == 0);
    el4ner_close(f.engine); /* a result outlives its engine */
    f.engine = NULL;
    assert_non_null(strstr(el4ner_result_trace(result), "\"id\":\"first\""));
    assert_true(el4ner_count(result) > 0);
    for (size_t i = 0; i < el4ner_count(result); i++) {
        const struct el4ner_entity *entity = el4ner_get(result, i);
        const struct el4ner_evidence *evidence = entity->evidence;
        assert_non_null(evidence);
        assert_int_equal(evidence->sentence_start, 0);
        assert_int_equal(evidence->n_extracted_by, 2);
        assert_string_equal(evidence->extracted_by[1], "b");
        assert_int_equal(evidence->n_votes, 2);
        assert_string_equal(evidence->votes[0]->member, "a");
        assert_string_equal(evidence->votes[0]->type, entity->type);
        assert_int_equal(evidence->n_checks, 2);
        assert_string_equal(evidence->checks[1]->member, "b");
        assert_true(evidence->checks[0]->answer == EL4NER_SAID_YES ||
                    evidence->checks[1]->answer == EL4NER_SAID_YES);
        assert_int_equal(evidence->n_demonstrations, 5);
        for (size_t d = 0; d < 5; d++) {
            const struct el4ner_demonstration *shown = evidence->demonstrations[d];
            assert_true(shown->text[0] != '\0' && shown->id != NULL);
            assert_true(d == 0 || shown->similarity <= evidence->demonstrations[d - 1]->similarity);
        }
    }
    assert_null(el4ner_get_abstention(result, 0));
    el4ner_result_free(result);
    close_all(&f);
}

static void abstentions_have_causes(void **state) {
    (void)state;
    struct fixture f = {0};
    struct el4ner_request request = {.evidence = true};
    struct el4ner_error error;
    open_with(&f, "--fault mute", "", "", (struct el4ner_options){0});
    char *text = long_text(3, "Anna");
    el4ner_result *result = el4ner_tag_with(f.engine, text, strlen(text), &request, &error);
    assert_non_null(result);
    size_t n = el4ner_abstained(result), before = 0;
    assert_true(n >= 6);
    for (size_t i = 0; i < n; i++) {
        const struct el4ner_abstention *abstention = el4ner_get_abstention(result, i);
        assert_string_equal(abstention->member, "a");
        assert_string_equal(abstention->cause, "empty");
        assert_true(abstention->sentence_start >= before);
        assert_true(abstention->sentence_end > abstention->sentence_start);
        before = abstention->sentence_start;
    }
    assert_null(el4ner_get_abstention(result, n));
    el4ner_result_free(result);
    free(text);
    close_all(&f);
}

/* ---- threads ---- */

struct thread {
    struct fixture *fixture;
    size_t n, first;
};

static char thread_texts[4][50][64];

static void *hand_over(void *context) {
    struct thread *t = context;
    for (size_t i = 0; i < t->n; i++) {
        char *text = thread_texts[t->first][i];
        struct el4ner_error error;
        snprintf(text, sizeof thread_texts[0][0], "Anna%zu met Carlo%zu in Eden.", i, t->first);
        const struct el4ner_type type = {.name = i % 2 == 0 ? "ship" : "star"};
        struct el4ner_request request = {.types = &type, .n_types = 1};
        uint64_t number =
            el4ner_submit(t->fixture->engine, text, strlen(text), text, &request, &error);
        assert_true(number != 0);
        if (i % 10 == 9) {
            struct el4ner_progress progress = {.size = sizeof progress};
            el4ner_get_progress(t->fixture->engine, &progress);
            assert_true(progress.texts >= i);
            el4ner_cancel(t->fixture->engine, number);
        }
    }
    return NULL;
}

static void *wake(void *context) {
    el4ner_wake(((struct fixture *)context)->engine);
    return NULL;
}

/* Four threads hand over, this one waits; the waits would last for hours. */
static void threads_hand_over(void **state) {
    (void)state;
    struct fixture f = {0};
    pthread_t ids[4];
    struct thread threads[4];
    open_with(&f, "", "", "",
              (struct el4ner_options){.order = EL4NER_AS_READY, .most_texts = 1000});
    for (size_t i = 0; i < 4; i++) {
        threads[i] = (struct thread){&f, 50, i};
        assert_int_equal(pthread_create(&ids[i], NULL, hand_over, &threads[i]), 0);
    }
    for (size_t i = 0; i < 200; i++) {
        struct el4ner_error error;
        el4ner_result *result = el4ner_next(f.engine, 10000000, &error);
        assert_non_null(result);
        const char *text = el4ner_result_user(result);
        assert_string_equal(el4ner_result_text(result, NULL), text);
        if (el4ner_result_status(result) == EL4NER_DONE) {
            size_t number = (size_t)(text - thread_texts[0][0]) / sizeof thread_texts[0][0];
            assert_true(el4ner_count(result) > 0);
            assert_string_equal(el4ner_get(result, 0)->type, number % 2 == 0 ? "ship" : "star");
        } else {
            assert_int_equal(el4ner_result_status(result), EL4NER_CANCELLED);
        }
        el4ner_result_free(result);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(ids[i], NULL);
    }
    struct el4ner_error error;
    assert_int_equal(pthread_create(&ids[0], NULL, wake, &f), 0);
    assert_null(el4ner_next(f.engine, 10000000, &error));
    assert_int_equal(error.code, EL4NER_OK);
    pthread_join(ids[0], NULL);
    close_all(&f);
}

static void work_can_be_left(void **state) {
    (void)state;
    struct fixture f = {0};
    struct el4ner_error error;
    open_with(&f, "--fault hang", "", "", (struct el4ner_options){0});
    submit(&f, SENTENCE, NULL, NULL);
    assert_null(el4ner_next(f.engine, 50, &error));
    submit(&f, SENTENCE, NULL, NULL); /* never seen by the flow */
    close_all(&f);
}

/* A loop of the program's own: the descriptor tells when there is something to do. */
static void a_descriptor_can_be_polled(void **state) {
    (void)state;
    struct fixture f = {0};
    struct el4ner_error error;
    open_with(&f, "--latency 20", "--latency 20", "", (struct el4ner_options){0});
    struct pollfd poll_fd = {.fd = el4ner_fd(f.engine), .events = POLLIN};
    while (poll(&poll_fd, 1, 0) > 0) { /* what opening has left */
        assert_null(el4ner_next(f.engine, 0, &error));
    }
    submit(&f, SENTENCE, NULL, NULL);
    assert_int_equal(poll(&poll_fd, 1, 10000000), 1); /* the text itself */
    el4ner_result *result = NULL;
    for (size_t i = 0; i < 1000 && result == NULL; i++) {
        poll(&poll_fd, 1, 100);
        result = el4ner_next(f.engine, 0, &error);
        assert_int_equal(error.code, EL4NER_OK);
    }
    assert_non_null(result);
    el4ner_result_free(result);
    close_all(&f);
}

/* ---- offsets ---- */

static void offsets_convert(void **state) {
    (void)state;
    static const char text[] = "a\xc3\xa4\xf0\x9f\x98\x80z"; /* 1, 2, 4, 1 bytes */
    size_t offsets[] = {8, 0, 1, 3, 7};
    struct el4ner_error error;
    assert_true(el4ner_convert_offsets(text, 8, EL4NER_BYTES, EL4NER_UTF16, offsets, 5, &error));
    const size_t utf16[] = {5, 0, 1, 2, 4};
    assert_memory_equal(offsets, utf16, sizeof utf16);
    assert_true(
        el4ner_convert_offsets(text, 8, EL4NER_UTF16, EL4NER_CODE_POINTS, offsets, 5, &error));
    const size_t points[] = {4, 0, 1, 2, 3};
    assert_memory_equal(offsets, points, sizeof points);
    size_t within[] = {0, 2};
    assert_false(el4ner_convert_offsets(text, 8, EL4NER_BYTES, EL4NER_UTF16, within, 2, &error));
    assert_int_equal(error.code, EL4NER_ERROR_FORMAT);
    assert_int_equal(within[1], 2);
    within[1] = 9;
    assert_false(el4ner_convert_offsets(text, 8, EL4NER_BYTES, EL4NER_UTF16, within, 2, NULL));
    assert_true(el4ner_convert_offsets(NULL, 0, EL4NER_BYTES, EL4NER_UTF16, NULL, 0, &error));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_come_back_in_order),
        cmocka_unit_test(short_texts_overtake),
        cmocka_unit_test(a_cancelled_text_harms_no_other),
        cmocka_unit_test(a_text_without_calls_can_be_cancelled),
        cmocka_unit_test(time_limits_cut_short),
        cmocka_unit_test(a_full_engine_says_so),
        cmocka_unit_test(each_text_has_its_own_types),
        cmocka_unit_test(evidence_is_complete),
        cmocka_unit_test(abstentions_have_causes),
        cmocka_unit_test(threads_hand_over),
        cmocka_unit_test(work_can_be_left),
        cmocka_unit_test(a_descriptor_can_be_polled),
        cmocka_unit_test(offsets_convert),
    };
    return cmocka_run_group_tests_name("texts", tests, NULL, NULL);
}

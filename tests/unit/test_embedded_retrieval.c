/* Retrieval with vectors from an embedding member: pools, and the second round of the stage. */
#include "pipeline/work.h"
#include "pipeline/embedder.h"
#include "serving/client_private.h"
#include "scripted.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { D = 32 };

static const char POOL[] =
    "{\"id\":\"a\",\"text\":\"Marlowe sailed home.\",\"entities\":[{\"start\":0,\"end\":7,"
    "\"type\":\"person\"}]}\n"
    "{\"id\":\"b\",\"text\":\"Rain fell on Bonn.\",\"entities\":[{\"start\":13,\"end\":17,"
    "\"type\":\"location\"}]}\n"
    "{\"id\":\"c\",\"text\":\"Zorg met Qux.\",\"entities\":[{\"start\":0,\"end\":4,\"type\":"
    "\"person\"},{\"start\":9,\"end\":12,\"type\":\"person\"}]}\n";

struct place {
    char folder[64], jsonl[96], pool[96];
};

static int set_up(void **state) {
    struct place *place = calloc(1, sizeof *place);
    strcpy(place->folder, "/tmp/el4ner-embedded-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->jsonl, sizeof place->jsonl, "%s/pool.jsonl", place->folder);
    snprintf(place->pool, sizeof place->pool, "%s/pool.el4", place->folder);
    FILE *file = fopen(place->jsonl, "w");
    assert_non_null(file);
    fputs(POOL, file);
    assert_int_equal(fclose(file), 0);
    *state = place;
    return 0;
}

static int tear_down(void **state) {
    struct place *place = *state;
    unlink(place->jsonl);
    unlink(place->pool);
    int status = rmdir(place->folder);
    free(place);
    return status;
}

/* A model of its own: how often each letter stands in the text, not normalised. */
static void letters(const char *text, float *vector) {
    memset(vector, 0, D * sizeof *vector);
    for (; *text != '\0'; text++) {
        vector[(unsigned char)*text % D] += 1;
    }
}

static void normal_letters(const char *text, float *vector) {
    double squares = 0;
    letters(text, vector);
    for (size_t i = 0; i < D; i++) {
        squares += (double)vector[i] * vector[i];
    }
    for (size_t i = 0; i < D; i++) {
        vector[i] = (float)(vector[i] / sqrt(squares));
    }
}

static bool embed_letters(void *context, const char *const *texts, size_t n, float *vectors,
                          struct el_error *err) {
    (void)err;
    *(size_t *)context += n;
    for (size_t i = 0; i < n; i++) {
        letters(texts[i], vectors + i * D);
    }
    return true;
}

static bool embed_nothing(void *context, const char *const *texts, size_t n, float *vectors,
                          struct el_error *err) {
    (void)context, (void)texts, (void)n, (void)vectors;
    return el_fail(err, EL_ERR_UNREACHABLE, "no vectors today");
}

static struct el_pool_build_options options_of(size_t *n_embedded) {
    return (struct el_pool_build_options){.dimensions = D,
                                          .embed = embed_letters,
                                          .embed_context = n_embedded,
                                          .embed_name = "letters sha256:12"};
}

/* ---- pools ---- */

static void a_labelled_file_is_embedded_when_opened(void **state) {
    struct place *place = *state;
    size_t n = 0;
    struct el_pool_build_options options = options_of(&n);
    struct el_pool *pool = NULL;
    struct el_error err = {0};
    assert_true(el_pool_open_with(place->jsonl, &options, &pool, &err));
    assert_int_equal(n, 4 + 3); /* distinct spans, sentences */
    const struct el_pool_info *info = el_pool_get_info(pool);
    assert_string_equal(info->vectors, "letters sha256:12");
    assert_int_equal(info->dimensions, D);
    assert_true(info->exact_stored && info->in_memory);
    el_pool_close(pool);
    pool = NULL;
    options.embed = embed_nothing;
    assert_false(el_pool_open_with(place->jsonl, &options, &pool, &err));
    assert_non_null(strstr(err.message, "no vectors today"));
    assert_null(pool);
}

static void a_pool_of_another_model_is_refused(void **state) {
    struct place *place = *state;
    size_t n = 0;
    struct el_pool_build_options options = options_of(&n);
    struct el_pool *pool = NULL;
    struct el_error err = {0};
    const char *inputs[] = {place->jsonl};
    assert_true(el_pool_build(inputs, 1, place->pool, &options, &err));
    assert_int_equal(n, 7);
    options.embed_name = "renamed sha256:12"; /* the same file */
    assert_true(el_pool_open_with(place->pool, &options, &pool, &err));
    assert_int_equal(n, 7);
    el_pool_close(pool);
    pool = NULL;
    options.embed_name = "letters sha256:13";
    assert_false(el_pool_open_with(place->pool, &options, &pool, &err));
    assert_int_equal(err.code, EL_ERR_CONFIG);
    assert_non_null(strstr(err.message, "letters sha256:12"));
    assert_non_null(strstr(err.message, "letters sha256:13"));
    assert_non_null(strstr(err.message, "pool build"));
    assert_null(pool);
    options.embed_name = "letters sha256:12";
    options.dimensions = 64;
    assert_false(el_pool_open_with(place->pool, &options, &pool, &err));
    /* Without a model it opens: for its texts, and for searches by words. */
    assert_true(el_pool_open(place->pool, NULL, &pool, &err));
    el_pool_close(pool);
    /* And a pool of n-grams is none of a model. */
    assert_true(el_pool_build(inputs, 1, place->pool, NULL, &err));
    options = options_of(&n);
    pool = NULL;
    assert_false(el_pool_open_with(place->pool, &options, &pool, &err));
    assert_non_null(strstr(err.message, "ngram"));
}

static void a_pool_from_a_server(void **state) {
    struct place *place = *state;
    const char *inputs[] = {place->jsonl};
    for (int broken = 0; broken < 2; broken++) {
        struct scripted server = scripted_start(broken ? "--fault dims@2-" : "--api openai");
        const char *urls[] = {server.url};
        struct el_member_config member = {
            .name = "embedder", .embedding = true, .urls = urls, .n_urls = 1, .model = "scripted"};
        struct el_client *client;
        struct el_embedder embedder;
        struct el_error err = {0};
        assert_true(el_client_start(&member, 1, NULL, &client, &err));
        assert_true(el_embedder_init(&embedder, client, 0, &member, NULL, &err));
        assert_string_equal(embedder.name, "scripted");
        struct el_pool_build_options options = {0};
        el_embedder_options(&embedder, &options);
        if (broken) {
            assert_false(el_pool_build(inputs, 1, place->pool, &options, &err));
            assert_non_null(strstr(err.message, "of 32 and of 31"));
        } else {
            assert_true(el_pool_build(inputs, 1, place->pool, &options, &err));
        }
        /* 100 texts are four calls; each row is its text's. */
        char texts[100][16];
        const char *list[100];
        static float vectors[100 * D], again[D];
        for (size_t i = 0; i < 100 && !broken; i++) {
            snprintf(texts[i], sizeof texts[i], "Name %zu", i);
            list[i] = texts[i];
        }
        if (!broken) {
            assert_true(el_embed(&embedder, list, 100, vectors, &err));
            for (size_t i = 0; i < 100; i += 33) {
                assert_true(el_embed(&embedder, &list[i], 1, again, &err));
                assert_memory_equal(again, vectors + i * D, sizeof again);
            }
            /* A run that fails leaves no call behind, which another run would get. */
            client->out_of_memory = true;
            assert_false(el_embed(&embedder, list, 100, vectors, &err));
            assert_int_equal(el_client_pending(client), 0);
            assert_true(el_embed(&embedder, list, 1, again, &err));
        }
        el_client_stop(client);
        scripted_stop(&server);
    }
}

/* ---- the stage ---- */

struct fixture {
    struct el_config config;
    struct el_member_config member;
    struct el_prompt_type types[2];
    struct el_type config_types[2];
    struct el_capabilities can;
    const struct el_capabilities *capabilities[1];
    struct el_prompt_set *prompts[1];
    int pool_types[2];
    bool allowed[2];
    struct el_pool *pool;
    struct el_context context;
    struct el_work work;
    struct el_answer answers[4], *asked[4];
    float vectors[4 * D];
};

static void open_fixture(struct fixture *f, const struct place *place, const char *text) {
    static const char *const folders[] = {"prompts", NULL};
    size_t n = 0;
    struct el_pool_build_options options = options_of(&n);
    struct el_error err = {0};
    *f = (struct fixture){.allowed = {true, true}, .pool_types = {0, 1}};
    assert_true(el_prompt_set_open("compact", folders, &f->prompts[0], &err));
    assert_true(el_pool_open_with(place->jsonl, &options, &f->pool, &err));
    f->member.name = "a";
    f->types[0].name = f->config_types[0].name = "person";
    f->types[1].name = f->config_types[1].name = "location";
    f->config = (struct el_config){
        .members = &f->member, .n_members = 1, .types = f->config_types, .n_types = 2};
    f->capabilities[0] = &f->can;
    f->context = (struct el_context){.config = &f->config,
                                     .members = 1,
                                     .n_members = 1,
                                     .capabilities = f->capabilities,
                                     .prompts = f->prompts,
                                     .asked = f->config_types,
                                     .types = f->types,
                                     .n_types = 2,
                                     .pool = f->pool,
                                     .pool_types = f->pool_types,
                                     .pool_allowed = f->allowed,
                                     .embeds = true,
                                     .embedder = 1};
    el_settings_profile(&f->context.settings, EL_PROFILE_PAPER);
    f->context.settings.demonstrations = 2;
    f->work.members = f->context.members;
    f->work.text = text;
    f->work.text_len = strlen(text);
}

static void close_fixture(struct fixture *f) {
    el_prompt_set_close(f->prompts[0]);
    el_pool_close(f->pool);
    el_arena_free(&f->work.arena);
}

/* What the member lists in the round of the spans. */
static void list_spans(struct fixture *f, const char *reply) {
    struct el_questions questions = {0};
    struct el_error err;
    assert_true(el_stages[EL_STAGE_RETRIEVE]->ask(&f->context, &f->work, &questions, &err));
    assert_int_equal(questions.count, 1);
    assert_false(questions.items[0].embed);
    f->answers[0] = (struct el_answer){
        .question = questions.items[0], .text = reply, .text_len = strlen(reply)};
    f->asked[0] = &f->answers[0];
    assert_true(el_stages[EL_STAGE_RETRIEVE]->take(&f->context, &f->work, f->asked, 1, &err));
    assert_int_equal(f->work.n_demonstrations, 0); /* not without vectors */
    f->work.round++;
}

/* The round of the vectors; `dimensions` 0 = the embedding member fails. Returns the number of
 * texts that were asked for. */
static size_t give_vectors(struct fixture *f, size_t dimensions) {
    struct el_questions questions = {0};
    struct el_error err;
    struct el_call call;
    assert_true(el_stages[EL_STAGE_RETRIEVE]->ask(&f->context, &f->work, &questions, &err));
    assert_int_equal(questions.count, 1);
    struct el_question *question = &questions.items[0];
    assert_true(question->embed);
    assert_int_equal(question->member, 1);
    assert_true(el_question_render(&f->context, &f->work, question, &f->work.arena, &call, &err));
    assert_true(call.prompt == NULL && call.messages == NULL && call.n_inputs <= 4);
    for (size_t i = 0; i < call.n_inputs; i++) {
        normal_letters(call.inputs[i], f->vectors + i * D);
    }
    f->answers[0] = (struct el_answer){.question = *question,
                                       .failure = dimensions == 0 ? EL_FAILED_TIMEOUT : EL_ANSWERED,
                                       .vectors = dimensions == 0 ? NULL : f->vectors,
                                       .dimensions = dimensions};
    assert_true(el_stages[EL_STAGE_RETRIEVE]->take(&f->context, &f->work, f->asked, 1, &err));
    f->work.round++;
    questions.count = 0;
    assert_true(el_stages[EL_STAGE_RETRIEVE]->ask(&f->context, &f->work, &questions, &err));
    assert_int_equal(questions.count, 0);
    return call.n_inputs;
}

static void spans_are_compared_by_their_vectors(void **state) {
    struct fixture f;
    open_fixture(&f, *state, "Later Marlow met Malow.");
    list_spans(&f, "<|mark|>Marlow<|/mark|><|mark|>Malow<|/mark|>");
    assert_int_equal(give_vectors(&f, D), 2);
    assert_int_equal(f.work.n_demonstrations, 2);
    assert_false(f.work.unembedded || f.work.fell_back);
    assert_string_equal(f.work.demonstrations[0].id, "a");
    assert_string_equal(f.work.demonstrations[1].id, "c");
    /* The cosine, from the letters themselves. */
    float a[D], b[D];
    double cosine = 0;
    normal_letters("Marlow", a);
    normal_letters("Marlowe", b);
    for (size_t i = 0; i < D; i++) {
        cosine += (double)a[i] * b[i];
    }
    assert_true(fabs(f.work.demonstrations[0].matches[0].cosine - cosine) < 1e-5);
    close_fixture(&f);
}

static void without_spans_the_sentence_is_compared(void **state) {
    struct fixture f;
    open_fixture(&f, *state, "Rain fell, and fell on.");
    list_spans(&f, "");
    assert_int_equal(give_vectors(&f, D), 1);
    assert_true(f.work.fell_back && !f.work.unembedded);
    assert_string_equal(f.work.demonstrations[0].id, "b");
    close_fixture(&f);
}

static void sentence_similarity_asks_one_round(void **state) {
    struct fixture f;
    open_fixture(&f, *state, "Rain fell, and fell on.");
    f.context.settings.similarity = EL_SIMILARITY_SENTENCE;
    f.asked[0] = &f.answers[0];
    assert_int_equal(give_vectors(&f, D), 1);
    assert_false(f.work.unembedded);
    assert_string_equal(f.work.demonstrations[0].id, "b");
    close_fixture(&f);
}

static void words_decide_where_vectors_fail(void **state) {
    struct fixture f;
    for (size_t wrong = 0; wrong < 2; wrong++) {
        open_fixture(&f, *state, "Marlowe looked at the rain in Bonn.");
        list_spans(&f, "<|mark|>Marlowe<|/mark|>");
        give_vectors(&f, wrong * (D + 1)); /* failed, or of another length */
        assert_true(f.work.unembedded);
        assert_int_equal(f.work.n_demonstrations, 2);
        assert_string_equal(f.work.demonstrations[0].id, "b"); /* two words in common */
        assert_null(f.work.demonstrations[0].matches);
        json_t *trace = el_work_trace(&f.context, &f.work, "x");
        assert_true(json_is_true(
            json_object_get(json_object_get(trace, "retrieve"), "no_vectors_so_bm25")));
        json_decref(trace);
        close_fixture(&f);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_labelled_file_is_embedded_when_opened),
        TEST(a_pool_of_another_model_is_refused),
        TEST(a_pool_from_a_server),
        TEST(spans_are_compared_by_their_vectors),
        TEST(without_spans_the_sentence_is_compared),
        TEST(sentence_similarity_asks_one_round),
        TEST(words_decide_where_vectors_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

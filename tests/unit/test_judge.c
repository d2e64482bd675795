/* The fitted judgement: types and probabilities worked out by hand. */
#include "pipeline/judge.h"

#include "base/logistic.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "made_pool.h"

enum { MEMBERS = 2, TYPES = 3, SIZE = EL_JUDGE_TRAITS + 3 * MEMBERS + TYPES };

static struct el_type types[TYPES] = {{.name = "PER", .wording = "person"},
                                      {.name = "LOC", .wording = "location"},
                                      {.name = "ORG", .wording = "organization"}};
static const struct el_prompt_type shown_types[TYPES] = {
    {.name = "person"}, {.name = "location"}, {.name = "organization"}};
static struct el_config config = {.types = types, .n_types = TYPES, .n_members = MEMBERS};
static double trust[MEMBERS], bias[TYPES], weights[SIZE];
static struct el_judge judge = {
    .n_members = MEMBERS, .n_types = TYPES, .trust = trust, .type_bias = bias, .weights = weights};

static struct el_capabilities sizes[MEMBERS];
static const struct el_capabilities *const capabilities[MEMBERS] = {&sizes[0], &sizes[1]};

static struct el_context context(void) {
    struct el_context c = {.config = &config,
                           .n_members = MEMBERS,
                           .capabilities = capabilities,
                           .asked = types,
                           .types = shown_types,
                           .n_types = TYPES};
    c.settings.judge = &judge;
    return c;
}

static void set_sizes(double first, double second) {
    sizes[0].parameters = first;
    sizes[1].parameters = second;
}

static void near(double is, double should) {
    if (fabs(is - should) > 1e-6) {
        fail_msg("%.8f, not %.8f", is, should);
    }
}

/* A probability that is told, a word alone, and nothing. */
static void what_members_say(void **state) {
    (void)state;
    struct el_context c = context();
    static const float told[] = {0.7F, 0.3F, 0};
    struct el_mention mention = {.choice = {"PER", "LOC"}, .shares = {told, NULL}};
    double logs[TYPES];
    el_judge_shares(&c, &mention, 0, logs);
    near(logs[0], log((double)told[0]));
    near(logs[2], log(0.002)); /* no member rules a type out */
    el_judge_shares(&c, &mention, 1, logs);
    near(logs[1], log(0.9));
    near(logs[0], log(0.05));
    mention.choice[1] = NULL;
    el_judge_shares(&c, &mention, 1, logs);
    near(logs[0], log(1.0 / 3));
    near(logs[0], logs[2]);
}

static void types_by_trust_and_bias(void **state) {
    (void)state;
    struct el_context c = context();
    static const float first[] = {0.6F, 0.3F, 0.1F}, second[] = {0.05F, 0.9F, 0.05F};
    struct el_mention mention = {.choice = {"PER", "LOC"}, .shares = {first, second}};
    double scratch[2 * TYPES], margin;
    trust[0] = 1;
    trust[1] = 0;
    struct el_work work = {.members = 3};
    assert_int_equal(el_judge_type(&c, &judge, &work, &mention, scratch, &margin), 0);
    near(margin, log(0.6 / 0.3));
    trust[1] = 1;
    assert_int_equal(el_judge_type(&c, &judge, &work, &mention, scratch, &margin), 1);
    near(margin, log(0.3 * 0.9) - log(0.6 * 0.05));
    trust[1] = 0; /* a member that says "location" to everything is answered by a bias */
    bias[1] = 1;
    assert_int_equal(el_judge_type(&c, &judge, &work, &mention, scratch, &margin), 1);
    near(margin, 1 + log(0.3 / 0.6));
    bias[1] = 0;
    trust[0] = 100;
    el_judge_type(&c, &judge, &work, &mention, scratch, &margin);
    near(margin, 5); /* and no more */
    trust[0] = 1;
}

static void features_of_a_candidate(void **state) {
    (void)state;
    struct el_context c = context();
    static const float first[] = {0.6F, 0.3F, 0.1F};
    struct el_mention mention = {.text = "Unit 5 of Turku",
                                 .extracted_by = 1,
                                 .listed = {0.9F, 0},
                                 .choice = {"PER", NULL},
                                 .shares = {first, NULL},
                                 .type = 0,
                                 .tag = EL_POS_PROPN,
                                 .verified_by = 3,
                                 .verdict = {EL_VERDICT_YES, EL_VERDICT_NO},
                                 .yes = {0.8, (double)NAN}};
    struct el_prompt_span spans[] = {{"unit 5 OF turku", "person"}};
    struct el_demonstration demonstration = {
        .text = "It was Unit 5 of Turku.", .spans = spans, .n_spans = 1};
    struct el_work work = {
        .extract_answered = 3, .demonstrations = &demonstration, .n_demonstrations = 1};
    double scratch[2 * TYPES], x[SIZE];
    el_judge_features(&c, &judge, &work, &mention, scratch, x);
    near(x[EL_JUDGE_BIAS], 1);
    near(x[EL_JUDGE_WORDS], log(4));
    near(x[EL_JUDGE_CAPITAL], 1);
    near(x[EL_JUDGE_DIGIT], 1);
    near(x[EL_JUDGE_NAME], 1);
    near(x[EL_JUDGE_RUN], -1);
    near(x[EL_JUDGE_SHOWN], 1);
    near(x[EL_JUDGE_MARGIN], log(2));
    near(x[el_judge_listed(0)], 0.8);
    near(x[el_judge_listed(1)], -1);
    near(x[el_judge_share(MEMBERS, 0)], log(0.6));
    near(x[el_judge_share(MEMBERS, 1)], log(1.0 / 3));
    near(x[el_judge_yes(MEMBERS, 0)], log(4));
    near(x[el_judge_yes(MEMBERS, 1)], log(0.1 / 0.9));
    near(x[el_judge_of_type(MEMBERS, 0)], 1);
    near(x[el_judge_of_type(MEMBERS, 1)], 0);
    assert_int_equal(el_judge_size(MEMBERS, TYPES), SIZE);
    spans[0].type = "location"; /* shown, but as something else */
    el_judge_features(&c, &judge, &work, &mention, scratch, x);
    near(x[EL_JUDGE_SHOWN], -1);
    demonstration.n_spans = 0; /* not as a span */
    el_judge_features(&c, &judge, &work, &mention, scratch, x);
    near(x[EL_JUDGE_SHOWN], -1);
    demonstration.text = "It rained.";
    mention.tag = EL_POS_NOUN;
    mention.noun_run = true;
    work.extract_answered = 1; /* a member that did not answer listed nothing */
    mention.verified_by = 0;
    el_judge_features(&c, &judge, &work, &mention, scratch, x);
    near(x[EL_JUDGE_NAME], 0);
    near(x[EL_JUDGE_RUN], 1);
    near(x[EL_JUDGE_SHOWN], 0);
    near(x[el_judge_listed(1)], 0);
    near(x[el_judge_yes(MEMBERS, 0)], 0);
}

static void the_threshold_drops(void **state) {
    (void)state;
    struct el_context c = context();
    struct el_mention mentions[] = {{.text = "A", .type = 0, .choice = {"PER"}, .n_votes = 1},
                                    {.text = "b", .type = 0, .choice = {"PER"}, .n_votes = 1},
                                    {.text = "c", .type = -1}};
    struct el_work work = {.mentions = {.items = mentions, .count = 3}};
    struct el_error err;
    weights[EL_JUDGE_BIAS] = -1;
    weights[EL_JUDGE_CAPITAL] = 2;
    judge.threshold = 0.5;
    assert_true(el_judge_candidates(&c, &work, &err));
    near(mentions[0].probability, 1 / (1 + exp(-1)));
    near(mentions[1].probability, 1 / (1 + exp(1)));
    assert_false(mentions[0].dropped);
    assert_true(mentions[1].dropped);
    assert_false(mentions[2].dropped); /* it has no type and is no entity anyway */
    el_arena_free(&work.arena);
}

static uint32_t state_of_random = 1;

/* From `least` to `most`. */
static double random_in(double least, double most) {
    state_of_random = state_of_random * 1664525u + 1013904223u;
    return least + (most - least) * (double)(state_of_random >> 8) / 0x1p24;
}

/* Members tell probabilities, words, or nothing; verifiers the same. */
static void answer_at_random(struct el_mention *mention, float told[MEMBERS][TYPES]) {
    mention->verified_by = (el_member_set)random_in(0, 4);
    for (size_t m = 0; m < MEMBERS; m++) {
        double first = random_in(0, 1), second = random_in(0, 1 - first);
        told[m][0] = (float)first;
        told[m][1] = (float)second;
        told[m][2] = (float)(1 - first - second);
        mention->shares[m] = random_in(0, 1) < 0.7 ? told[m] : NULL;
        mention->choice[m] = random_in(0, 1) < 0.7 ? types[(int)random_in(0, TYPES)].name : NULL;
        mention->yes[m] = random_in(0, 1) < 0.7 ? random_in(0, 1) : (double)NAN;
        mention->verdict[m] = random_in(0, 1) < 0.5 ? EL_VERDICT_YES : EL_VERDICT_NO;
    }
}

/* What is ruled out before anything is asked is dropped after any answer. */
static void what_is_ruled_out_stays_out(void **state) {
    (void)state;
    struct el_context c = context();
    static const bool knows[TYPES] = {true, true, false};
    struct el_prompt_span span = {"Turku", "location"};
    struct el_demonstration demonstration = {.text = "In Turku.", .spans = &span, .n_spans = 1};
    struct el_work work = {
        .extract_answered = 3, .demonstrations = &demonstration, .n_demonstrations = 1};
    double scratch[2 * TYPES], x[SIZE], margin;
    float told[MEMBERS][TYPES];
    size_t out = 0, kept = 0;
    c.prior_knows = knows;
    for (size_t round = 0; round < 4000; round++) {
        float prior[TYPES] = {0.2F, 0.5F, 0.3F};
        struct el_mention mention = {.text = round % 2 == 0 ? "Turku" : "Unit 5",
                                     .listed = {(float)random_in(0, 1), (float)random_in(0, 1)},
                                     .prior = random_in(0, 1),
                                     .prior_shares = round % 3 == 0 ? NULL : prior};
        for (size_t i = 0; i < SIZE; i++) {
            weights[i] = random_in(-0.6, 0.6);
        }
        judge.threshold = random_in(0.2, 0.8);
        judge.kind = round % 5 == 0 ? EL_JUDGE_FITTED : EL_JUDGE_GENERAL;
        trust[0] = random_in(0, 1);
        work.members = (el_member_set)(round / 5 % 3 + 1);
        work.extract_answered = work.members;
        c.settings.verifier = round % 4 == 0 ? EL_VERIFY_ALL : EL_VERIFY_NONE;
        bool ruled_out = el_judge_rules_out(&c, &judge, &work, &mention, scratch, x), any = false;
        for (size_t answer = 0; answer < 20; answer++) {
            answer_at_random(&mention, told);
            mention.verified_by *= c.settings.verifier == EL_VERIFY_ALL;
            mention.type = el_judge_type(&c, &judge, &work, &mention, scratch, &margin);
            el_judge_features(&c, &judge, &work, &mention, scratch, x);
            any = any || el_logistic(weights, x, SIZE) >= judge.threshold;
        }
        assert_false(ruled_out && any);
        out += ruled_out;
        kept += any;
    }
    assert_true(out > 100 && kept > 1000);
}

/* Two members of whom one is asked are judged as that one alone. */
static void as_if_alone(void **state) {
    (void)state;
    struct el_arena arena = {0};
    struct el_context two = context(), one = context();
    static const float told[] = {0.6F, 0.3F, 0.1F};
    double scratch[2 * TYPES], x[SIZE], y[SIZE], margin_of_two, margin_of_one;
    one.n_members = 1;
    set_sizes(0.25, 1);
    for (enum el_judge_kind kind = EL_JUDGE_GENERAL; kind <= EL_JUDGE_TRAINED; kind++) {
        struct el_judge *of_two = el_judge_of_kind(&arena, kind, 2, TYPES);
        struct el_judge *of_one = el_judge_of_kind(&arena, kind, 1, TYPES);
        assert_non_null(of_two);
        assert_non_null(of_one);
        for (size_t m = 0; m < 2; m++) {
            struct el_mention in_two = {.text = "Turku"}, in_one = {.text = "Turku"};
            struct el_work work = {.members = 1U << m, .extract_answered = 1U << m};
            struct el_work alone = {.members = 1, .extract_answered = 1};
            in_two.listed[m] = in_one.listed[0] = 0.8F;
            in_two.shares[m] = in_one.shares[0] = told;
            in_two.type = el_judge_type(&two, of_two, &work, &in_two, scratch, &margin_of_two);
            in_one.type = el_judge_type(&one, of_one, &alone, &in_one, scratch, &margin_of_one);
            assert_int_equal(in_two.type, in_one.type);
            near(margin_of_two, margin_of_one);
            el_judge_features(&two, of_two, &work, &in_two, scratch, x);
            el_judge_features(&one, of_one, &alone, &in_one, scratch, y);
            near(el_logistic(of_two->weights, x, el_judge_size(2, TYPES)),
                 el_logistic(of_one->weights, y, el_judge_size(1, TYPES)));
            near(x[EL_JUDGE_SINGLE], 1);
        }
    }
    set_sizes(0, 0);
    el_arena_free(&arena);
}

/* A quarter of a billion parameters and one: 0.2 and 0.5 of what the largest model could count. */
static void larger_members_count_more(void **state) {
    (void)state;
    struct el_arena arena = {0};
    static const float place[] = {0.2F, 0.7F, 0.1F}, person[] = {0.7F, 0.2F, 0.1F};
    struct el_context c = context();
    struct el_work work = {.members = 3, .extract_answered = 3};
    struct el_mention mention = {.text = "Turku", .shares = {person, place}, .listed = {1, 0}};
    struct el_judge *general = el_judge_of_kind(&arena, EL_JUDGE_GENERAL, MEMBERS, TYPES);
    double scratch[2 * TYPES], x[SIZE], margin, small = 2 * 0.2 / 0.7, large = 2 * 0.5 / 0.7;
    assert_non_null(general);
    set_sizes(0.25, 1);
    near(el_judge_part(&c, EL_JUDGE_GENERAL, 3, 0), small);
    near(el_judge_part(&c, EL_JUDGE_GENERAL, 3, 1), large);
    near(el_judge_part(&c, EL_JUDGE_TRAINED, 3, 0), 1);
    near(el_judge_part(&c, EL_JUDGE_GENERAL, 1, 0), 1);
    near(el_judge_part(&c, EL_JUDGE_GENERAL, 1, 1), 0);
    mention.type = el_judge_type(&c, general, &work, &mention, scratch, &margin);
    assert_int_equal(mention.type, 1);
    near(margin, (large - small) / 2 * (log((double)place[1]) - log((double)place[0])));
    el_judge_features(&c, general, &work, &mention, scratch, x);
    near(x[el_judge_listed(0)], small);
    near(x[el_judge_listed(1)], -large);
    near(x[el_judge_share(MEMBERS, 0)], small * log((double)person[1]));
    set_sizes(0.25, 0); /* unknown */
    near(el_judge_part(&c, EL_JUDGE_GENERAL, 3, 0), 1);
    near(el_judge_part(&c, EL_JUDGE_GENERAL, 3, 1), 1);
    set_sizes(0, 0);
    el_arena_free(&arena);
}

static void write_mentions(FILE *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        fprintf(out,
                "{\"text\": \"Turku %zu\", \"entities\": [{\"start\": 0, \"end\": 5, \"type\": "
                "\"LOC\"}]}\n",
                i);
    }
}

/* A pool of ten mentions is heard half, and one of 990 all but a hundredth; but whole where nobody
 * else is, or members that were trained. */
static void few_mentions_say_little(void **state) {
    (void)state;
    struct el_arena arena = {0};
    static const float prior[] = {0.1F, 0.8F, 0.1F};
    static const bool knows[TYPES] = {true, true, true};
    struct el_mention mention = {.text = "Turku", .type = 1, .prior = 0.01, .prior_shares = prior};
    struct el_work work = {.members = 3};
    struct el_judge *general = el_judge_of_kind(&arena, EL_JUDGE_GENERAL, MEMBERS, TYPES);
    struct el_judge *trained = el_judge_of_kind(&arena, EL_JUDGE_TRAINED, MEMBERS, TYPES);
    struct el_judge *labels = el_judge_of_kind(&arena, EL_JUDGE_LABELS, MEMBERS, TYPES);
    double scratch[2 * TYPES], x[SIZE], margin, told = log(0.008 / 0.992);
    assert_non_null(general);
    assert_non_null(trained);
    assert_non_null(labels);
    for (size_t mentions = 10; mentions <= 990; mentions += 980) {
        struct el_context c = context();
        double part = (double)mentions / (double)(mentions + 10);
        struct el_pool *pool = make_pool_of(write_mentions, mentions);
        c.pool = pool;
        c.prior_knows = knows;
        el_judge_features(&c, general, &work, &mention, scratch, x);
        near(x[EL_JUDGE_POOL], part * told - (1 - part) * 1.5);
        assert_int_equal(el_judge_type(&c, general, &work, &mention, scratch, &margin), 1);
        near(margin, part * log(8));
        el_judge_features(&c, trained, &work, &mention, scratch, x);
        near(x[EL_JUDGE_POOL], told);
        el_judge_features(&c, labels, &work, &mention, scratch, x);
        near(x[EL_JUDGE_POOL], told);
        el_judge_type(&c, labels, &work, &mention, scratch, &margin);
        near(margin, log(8));
        el_pool_close(pool);
    }
    el_arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_members_say),
        cmocka_unit_test(types_by_trust_and_bias),
        cmocka_unit_test(features_of_a_candidate),
        cmocka_unit_test(the_threshold_drops),
        cmocka_unit_test(as_if_alone),
        cmocka_unit_test(larger_members_count_more),
        cmocka_unit_test(what_is_ruled_out_stays_out),
        cmocka_unit_test(few_mentions_say_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The stages without any server: questions out, answers in. */
#include "pipeline/cut.h"
#include "pipeline/work.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MEMBERS = 3 };

struct fixture {
    double yes[MEMBERS]; /* the probability that each member's answers tell */
    bool sure;           /* instead, one that fits the word and differs from answer to answer */
    struct el_config config;
    struct el_member_config members[MEMBERS];
    struct el_type types[3];
    struct el_prompt_type wordings[3];
    struct el_capabilities can[MEMBERS];
    const struct el_capabilities *capabilities[MEMBERS];
    struct el_prompt_set *prompts[MEMBERS];
    struct el_context context;
    struct el_work work;
    struct el_answer answers[64], *asked[64];
    size_t n_asked;
};

static void set_up(struct fixture *f, const char *text) {
    static const char *const names[] = {"a", "b", "c"};
    static const char *const types[] = {"person", "location", "organization"};
    static const char *const folders[] = {"prompts", NULL};
    struct el_error err;
    *f = (struct fixture){0};
    for (size_t i = 0; i < MEMBERS; i++) {
        f->members[i].name = names[i];
        f->yes[i] = NAN;
        f->types[i] = (struct el_type){.name = types[i], .wording = types[i]};
        f->wordings[i].name = types[i];
        f->capabilities[i] = &f->can[i];
        assert_true(el_prompt_set_open("compact", folders, &f->prompts[i], &err));
    }
    f->config.members = f->members;
    f->config.n_members = MEMBERS;
    f->config.types = f->types;
    f->config.n_types = 3;
    f->context = (struct el_context){.config = &f->config,
                                     .members = 7,
                                     .n_members = MEMBERS,
                                     .capabilities = f->capabilities,
                                     .prompts = f->prompts,
                                     .asked = f->types,
                                     .types = f->wordings,
                                     .n_types = 3};
    el_settings_profile(&f->context.settings, EL_PROFILE_PAPER);
    f->context.settings.verifier = EL_VERIFY_MEMBER;
    f->work.members = 7;
    f->work.text = text;
    f->work.text_len = strlen(text);
    f->work.keep = (struct el_span){0, strlen(text)};
}

static void tear_down(struct fixture *f) {
    for (size_t i = 0; i < MEMBERS; i++) {
        el_prompt_set_close(f->prompts[i]);
    }
    el_arena_free(&f->work.arena);
}

/* Ask a stage, and give each question the reply that `reply` finds for it (NULL = a failure).
 * Returns how many were asked. */
typedef const char *reply_function(void *context, const struct el_question *question);

static double how_sure(const struct el_question *question, const char *text) {
    double more = (double)((question->first_mention * 5 + question->member * 3) % 7) / 14;
    return text == NULL || strcmp(text, "?") == 0 ? NAN : more + (text[0] == 'y' ? 0.45 : 0.15);
}

static size_t round_of(struct fixture *f, const struct el_stage_functions *stage,
                       reply_function *reply, void *context) {
    struct el_questions questions = {0};
    struct el_error err;
    assert_true(stage->ask(&f->context, &f->work, &questions, &err));
    assert_true(questions.count <= 64);
    for (size_t i = 0; i < questions.count; i++) {
        const char *text = reply(context, &questions.items[i]);
        f->answers[i] =
            (struct el_answer){.question = questions.items[i],
                               .failure = text == NULL ? EL_FAILED_TIMEOUT : EL_ANSWERED,
                               .text = text == NULL ? "" : text,
                               .text_len = text == NULL ? 0 : strlen(text),
                               .yes_probability = f->sure ? how_sure(&questions.items[i], text)
                                                          : f->yes[questions.items[i].member]};
        f->asked[i] = &f->answers[i];
    }
    if (questions.count > 0 || f->work.round == 0) {
        assert_true(stage->take(&f->context, &f->work, f->asked, questions.count, &err));
    }
    f->work.round++;
    return questions.count;
}

static size_t run_stage(struct fixture *f, const struct el_stage_functions *stage,
                        reply_function *reply, void *context) {
    size_t asked = 0, now;
    f->work.round = 0;
    do {
        now = round_of(f, stage, reply, context);
        asked += now;
    } while (now > 0);
    return asked;
}

static const char *always_yes(void *context, const struct el_question *question) {
    (void)context;
    (void)question;
    return "yes";
}

static const char *by_member(void *context, const struct el_question *question) {
    return ((const char *const *)context)[question->member];
}

static const struct el_mention *mention(const struct fixture *f, const char *text) {
    for (size_t i = 0; i < f->work.mentions.count; i++) {
        if (strcmp(f->work.mentions.items[i].text, text) == 0) {
            return &f->work.mentions.items[i];
        }
    }
    fail_msg("no mention %s", text);
    return NULL;
}

static void extraction_is_a_union(void **state) {
    (void)state;
    struct fixture f;
    set_up(&f, "Anna Berg met Bo in Bonn, and Bo left Bonn.");
    const char *replies[] = {"<|mark|>Anna Berg<|/mark|><|mark|>Bonn<|/mark|>",
                             "<|mark|>Bo<|/mark|><|mark|>Oslo<|/mark|>", NULL};
    assert_int_equal(run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, replies), 3);
    assert_int_equal(f.work.mentions.count, 3);
    assert_int_equal(mention(&f, "Bonn")->n_spans, 2);
    assert_int_equal(mention(&f, "Bo")->n_spans, 2); /* not inside "Bonn" */
    assert_int_equal(mention(&f, "Bo")->extracted_by, 2);
    assert_int_equal(f.work.extract_answered, 3);
    assert_int_equal(f.work.ungrounded, 1);
    assert_int_equal(f.work.abstained[2][EL_STAGE_EXTRACT], 1);
    assert_int_equal(f.work.answered[0][EL_STAGE_EXTRACT], 1);
    tear_down(&f);
}

static void what_two_members_list_counts(void **state) {
    (void)state;
    struct fixture f;
    set_up(&f, "Anna Berg met Bo in Bonn.");
    f.context.settings.at_least = 2;
    const char *lists[] = {"<|mark|>Anna Berg<|/mark|><|mark|>Bo<|/mark|>",
                           "<|mark|>Bo<|/mark|><|mark|>Bonn<|/mark|>",
                           "<|mark|>Bonn<|/mark|><|mark|>Anna<|/mark|>"};
    run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, lists);
    assert_int_equal(f.work.mentions.count, 2);
    assert_string_equal(f.work.mentions.items[0].text, "Bo");
    assert_string_equal(f.work.mentions.items[1].text, "Bonn");
    assert_int_equal(f.work.mentions.n_aside, 2);
    assert_string_equal(f.work.mentions.items[2].text, "Anna Berg");
    assert_string_equal(f.work.mentions.items[3].text, "Anna");
    tear_down(&f);

    set_up(&f, "Anna Berg met Bo in Bonn."); /* only one list could be read: that one counts */
    f.context.settings.at_least = 2;
    lists[1] = lists[2] = NULL;
    run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, lists);
    assert_int_equal(f.work.mentions.count, 2);
    assert_int_equal(f.work.mentions.n_aside, 0);
    tear_down(&f);
}

static void majority_and_ties(void **state) {
    (void)state;
    struct fixture f;
    set_up(&f, "Anna Berg met Bo in Bonn.");
    const char *lists[] = {"<|mark|>Anna Berg<|/mark|><|mark|>Bo<|/mark|><|mark|>Bonn<|/mark|>",
                           "<|mark|>Bo<|/mark|>", ""};
    const char *types[] = {"person<|sep|>person<|sep|>location",
                           "organization<|sep|>organization<|sep|>location",
                           "organization<|sep|>location<|sep|>weather"};
    run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, lists);
    assert_int_equal(run_stage(&f, el_stages[EL_STAGE_CLASSIFY], by_member, types), 3);
    assert_int_equal(mention(&f, "Anna Berg")->type, 2); /* two of three */
    assert_int_equal(mention(&f, "Bo")->type, 0);        /* three-way tie: the first member's */
    assert_int_equal(mention(&f, "Bonn")->type, 1);
    assert_int_equal(mention(&f, "Bonn")->n_votes, 1); /* an unknown type is no vote */
    tear_down(&f);
}

static void a_hesitant_yes_to_one_of_three_is_none(void **state) {
    (void)state;
    for (int run = 0; run < 4; run++) {
        struct fixture f;
        double known[] = {0.7, 0.9, NAN, 0.7};
        const char *list[] = {"<|mark|>Anna Berg<|/mark|><|mark|>Bo<|/mark|>",
                              "<|mark|>Anna Berg<|/mark|>", run == 3 ? NULL : ""};
        const char *types[] = {"person<|sep|>person", "person<|sep|>person", "person<|sep|>person"};
        set_up(&f, "Anna Berg met Bo in Bonn.");
        f.context.settings.alone = 0.8;
        f.yes[0] = known[run]; /* the verifier's */
        run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, list);
        run_stage(&f, el_stages[EL_STAGE_CLASSIFY], by_member, types);
        run_stage(&f, el_stages[EL_STAGE_VERIFY], always_yes, NULL);
        assert_false(mention(&f, "Anna Berg")->dropped); /* two listed it */
        /* Sure, unknown, or one of only two lists: it stays. */
        assert_int_equal(mention(&f, "Bo")->dropped, run == 0);
        tear_down(&f);
    }
}

static const char *verdict(void *context, const struct el_question *question) {
    const char *const(*table)[MEMBERS] = context;
    return table[question->first_mention][question->member];
}

static void verification_drops(void **state) {
    (void)state;
    struct fixture f;
    set_up(&f, "Anna Berg met Bo in Bonn.");
    const char *list[] = {"<|mark|>Anna Berg<|/mark|><|mark|>Bo<|/mark|><|mark|>Bonn<|/mark|>",
                          "<|mark|>Anna Berg<|/mark|>", ""};
    const char *types[] = {"person<|sep|>person<|sep|>location", "person<|sep|>person<|sep|>person",
                           NULL};
    const char *const verdicts[][MEMBERS] = {
        {"yes", "no", "no"}, {"no", "yes", "yes"}, {"maybe", "no", "yes"}};
    run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, list);
    run_stage(&f, el_stages[EL_STAGE_CLASSIFY], by_member, types);
    f.context.settings.verifier = EL_VERIFY_MEMBER;
    assert_int_equal(run_stage(&f, el_stages[EL_STAGE_VERIFY], verdict, (void *)verdicts), 3);
    assert_false(mention(&f, "Anna Berg")->dropped);
    assert_true(mention(&f, "Bo")->dropped);
    assert_false(mention(&f, "Bonn")->dropped); /* unreadable keeps */
    assert_int_equal(mention(&f, "Bonn")->verified, EL_VERIFIED_UNREADABLE);
    assert_int_equal(f.work.abstained[0][EL_STAGE_VERIFY], 1);
    tear_down(&f);

    set_up(&f, "Anna Berg met Bo in Bonn.");
    run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, list);
    run_stage(&f, el_stages[EL_STAGE_CLASSIFY], by_member, types);
    f.context.settings.verifier = EL_VERIFY_ALL;
    assert_int_equal(run_stage(&f, el_stages[EL_STAGE_VERIFY], verdict, (void *)verdicts), 9);
    assert_true(mention(&f, "Anna Berg")->dropped);
    assert_false(mention(&f, "Bo")->dropped);
    assert_false(mention(&f, "Bonn")->dropped); /* one each: a tie keeps */
    tear_down(&f);

    set_up(&f, "Anna Berg met Bo in Bonn.");
    run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, list);
    run_stage(&f, el_stages[EL_STAGE_CLASSIFY], by_member, types);
    f.context.settings.agreement_skips = 2; /* a and b both proposed and typed Anna Berg */
    assert_int_equal(run_stage(&f, el_stages[EL_STAGE_VERIFY], verdict, (void *)verdicts), 2);
    assert_int_equal(mention(&f, "Anna Berg")->verified, EL_VERIFIED_NOT_ASKED);
    tear_down(&f);
}

/* The general judgement was fitted without verifiers: one that is named is asked about what it
 * keeps, and "no" drops that. What it has dropped no verifier brings back. */
static void a_verifier_follows_the_general_judgement(void **state) {
    (void)state;
    struct fixture f;
    set_up(&f, "Anna Berg met Bo in Bonn.");
    const char *list[] = {"<|mark|>Anna Berg<|/mark|><|mark|>Bo<|/mark|><|mark|>Bonn<|/mark|>",
                          "<|mark|>Anna Berg<|/mark|><|mark|>Bonn<|/mark|>", ""};
    const char *types[] = {"person<|sep|>person<|sep|>person", "person<|sep|>person<|sep|>person",
                           "person<|sep|>person<|sep|>person"};
    const char *const verdicts[][MEMBERS] = {{"no"}, {"yes"}, {"yes"}};
    run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, list);
    run_stage(&f, el_stages[EL_STAGE_CLASSIFY], by_member, types);
    struct el_judge *judge = el_judge_of_kind(&f.work.arena, EL_JUDGE_GENERAL, MEMBERS, 3);
    assert_non_null(judge);
    memset(judge->weights, 0, el_judge_size(MEMBERS, 3) * sizeof *judge->weights);
    for (size_t m = 0; m < MEMBERS; m++) {
        judge->weights[el_judge_listed(m)] = 1; /* two of three are kept, one of three is not */
    }
    judge->threshold = 0.5;
    f.context.settings.judge = judge;
    f.context.settings.verifier = EL_VERIFY_MEMBER;
    assert_int_equal(run_stage(&f, el_stages[EL_STAGE_VERIFY], verdict, (void *)verdicts), 2);
    assert_true(mention(&f, "Anna Berg")->dropped);
    assert_true(mention(&f, "Bo")->dropped);
    assert_int_equal(mention(&f, "Bo")->verified, EL_VERIFIED_NOT_ASKED);
    assert_false(mention(&f, "Bonn")->dropped);
    tear_down(&f);
}

static void verifiers_are_averaged(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double p[MEMBERS];
        bool dropped;
    } cases[] = {
        {"one is sure, two doubt a little", {0.95, 0.4, 0.4}, false},
        {"two lean to yes, one is sure that it is not", {0.6, 0.55, 0.05}, true},
        {"exactly half keeps", {0.5, 0.75, 0.25}, false},
        {"one does not tell: their words count", {0.6, 0.55, NAN}, false},
    };
    const char *list[] = {"<|mark|>Bo<|/mark|>", "<|mark|>Bo<|/mark|>", ""};
    const char *types[] = {"person", "person", "person"};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct fixture f;
        const char *words[MEMBERS];
        set_up(&f, "Anna Berg met Bo in Bonn.");
        f.context.settings.verifier = EL_VERIFY_ALL;
        f.context.settings.words_decide = false;
        for (size_t m = 0; m < MEMBERS; m++) {
            f.yes[m] = cases[c].p[m];
            words[m] = cases[c].p[m] < 0.5 ? "no" : "yes";
        }
        run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, list);
        run_stage(&f, el_stages[EL_STAGE_CLASSIFY], by_member, types);
        assert_int_equal(run_stage(&f, el_stages[EL_STAGE_VERIFY], by_member, words), MEMBERS);
        if (mention(&f, "Bo")->dropped != cases[c].dropped) {
            fail_msg("%s", cases[c].text);
        }
        tear_down(&f);
    }
}

/* "yes" is a third of what the verifier might have said in as many spellings; "no" is one. */
static void probability_decides_over_the_word(void **state) {
    (void)state;
    static const struct {
        const char *word;
        double p;
        bool words_decide, dropped;
    } cases[] = {{"no", 0.6, false, false},        {"yes", 0.4, false, true},
                 {"no", 0.6, true, true},          {"yes", 0.4, true, false},
                 {"no", (double)NAN, false, true}, {"hm", 0.4, false, true},
                 {"yes", 0.5, false, false}};
    const char *list[] = {"<|mark|>Bo<|/mark|>", "<|mark|>Bo<|/mark|>", ""};
    const char *types[] = {"person", "person", "person"};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct fixture f;
        const char *words[MEMBERS] = {cases[c].word, "", ""};
        set_up(&f, "Anna Berg met Bo in Bonn.");
        f.context.settings.words_decide = cases[c].words_decide;
        f.yes[0] = cases[c].p;
        run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, list);
        run_stage(&f, el_stages[EL_STAGE_CLASSIFY], by_member, types);
        run_stage(&f, el_stages[EL_STAGE_VERIFY], by_member, words);
        assert_int_equal(mention(&f, "Bo")->dropped, cases[c].dropped);
        tear_down(&f);
    }
}

/* ---- lazy votes change nothing but the number of calls ---- */

struct votes {
    char types[MEMBERS][256];
    const char *verdicts[8];
    bool silent[MEMBERS];
};

static const char *random_types(void *context, const struct el_question *question) {
    const struct votes *votes = context;
    return votes->silent[question->member] ? NULL : votes->types[question->member];
}

static const char *random_verdict(void *context, const struct el_question *question) {
    const struct votes *votes = context;
    return votes->verdicts[(question->first_mention * 3 + question->member) % 8];
}

static unsigned next_random(unsigned *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

static void random_votes(struct votes *votes, unsigned *seed) {
    static const char *const types[] = {"person", "location", "organization", "none"};
    static const char *const answers[] = {"yes", "no", "?"};
    for (size_t m = 0; m < MEMBERS; m++) {
        votes->types[m][0] = '\0';
        votes->silent[m] = next_random(seed) % 8 == 0;
        for (size_t i = 0; i < 3; i++) {
            strcat(votes->types[m], i == 0 ? "" : "<|sep|>");
            strcat(votes->types[m], types[next_random(seed) % 4]);
        }
    }
    for (size_t i = 0; i < 8; i++) {
        votes->verdicts[i] = answers[next_random(seed) % 3];
    }
}

static void lazy_votes_are_exact(void **state) {
    (void)state;
    static const double weights[] = {1.0, 2.0, 1.5};
    static const char *const strings[] = {"Anna Berg", "Bo", "Bonn"};
    unsigned seed = 7;
    size_t full_calls = 0, lazy_calls = 0;
    for (int trial = 0; trial < 400; trial++) {
        struct fixture f[2];
        struct votes votes;
        char lists[MEMBERS][128];
        const char *list[MEMBERS];
        random_votes(&votes, &seed);
        for (size_t m = 0; m < MEMBERS; m++) {
            lists[m][0] = '\0';
            for (size_t i = 0; i < 3; i++) {
                if (m == 0 || next_random(&seed) % 2 == 0) {
                    strcat(strcat(strcat(lists[m], "<|mark|>"), strings[i]), "<|/mark|>");
                }
            }
            list[m] = lists[m];
        }
        unsigned skips = next_random(&seed) % 4;
        bool all = next_random(&seed) % 2, weighted = next_random(&seed) % 2;
        bool sure = next_random(&seed) % 2, words = next_random(&seed) % 2;
        size_t wanted[2]; /* calls made and saved: the same sum either way */
        for (int lazy = 0; lazy < 2; lazy++) {
            set_up(&f[lazy], "Anna Berg met Bo in Bonn.");
            struct el_settings *settings = &f[lazy].context.settings;
            settings->lazy_votes = lazy == 1;
            settings->agreement_skips = skips;
            settings->member_weights = weighted ? weights : NULL;
            settings->verifier = all ? EL_VERIFY_ALL : EL_VERIFY_MEMBER;
            settings->alone = sure ? 0.6 : 0;
            settings->words_decide = words;
            f[lazy].sure = sure;
            run_stage(&f[lazy], el_stages[EL_STAGE_EXTRACT], by_member, list);
            size_t calls = run_stage(&f[lazy], el_stages[EL_STAGE_CLASSIFY], random_types, &votes);
            calls += run_stage(&f[lazy], el_stages[EL_STAGE_VERIFY], random_verdict, &votes);
            *(lazy ? &lazy_calls : &full_calls) += calls;
            wanted[lazy] = calls + f[lazy].work.saved_calls;
            assert_true(lazy || skips > 0 || f[0].work.saved_calls == 0);
        }
        assert_int_equal(wanted[0], wanted[1]);
        struct el_entity *full, *thin;
        size_t n_full, n_thin;
        struct el_error err;
        assert_true(
            el_work_entities(&f[0].context, &f[0].work, &f[0].work.arena, &full, &n_full, &err));
        assert_true(
            el_work_entities(&f[1].context, &f[1].work, &f[1].work.arena, &thin, &n_thin, &err));
        assert_int_equal(n_full, n_thin);
        for (size_t i = 0; i < n_full; i++) {
            assert_int_equal(full[i].span.start, thin[i].span.start);
            assert_int_equal(full[i].span.end, thin[i].span.end);
            assert_string_equal(full[i].type, thin[i].type);
            assert_int_equal(full[i].verified, thin[i].verified);
            assert_true(full[i].score == thin[i].score);
        }
        tear_down(&f[0]);
        tear_down(&f[1]);
    }
    assert_true(lazy_calls < full_calls);
}

static void saved_calls_are_counted(void **state) {
    (void)state;
    struct fixture f;
    const char *lists[] = {"<|mark|>Anna Berg<|/mark|><|mark|>Bo<|/mark|>",
                           "<|mark|>Anna Berg<|/mark|>", "<|mark|>Bo<|/mark|>"};
    const char *agreed[] = {"person<|sep|>person", "person<|sep|>person", "location"};
    const char *torn[] = {"person<|sep|>person", "person<|sep|>location", "person<|sep|>location"};
    set_up(&f, "Anna Berg met Bo in Bonn.");
    f.context.settings.lazy_votes = true;
    f.context.settings.verifier = EL_VERIFY_NONE;
    run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, lists);
    assert_int_equal(run_stage(&f, el_stages[EL_STAGE_CLASSIFY], by_member, agreed), 2);
    assert_int_equal(f.work.saved_calls, 1); /* c is never asked */
    assert_int_equal(run_stage(&f, el_stages[EL_STAGE_VERIFY], by_member, agreed), 0);
    assert_int_equal(f.work.saved_calls, 1); /* no verifier would have been asked */
    tear_down(&f);

    set_up(&f, "Anna Berg met Bo in Bonn.");
    f.context.settings.lazy_votes = true;
    run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, lists);
    assert_int_equal(run_stage(&f, el_stages[EL_STAGE_CLASSIFY], by_member, torn), 3);
    assert_int_equal(f.work.saved_calls, 0);
    tear_down(&f);

    const char *yes[] = {"yes", "yes", "yes"};
    set_up(&f, "Anna Berg met Bo in Bonn.");
    f.context.settings.agreement_skips = 2; /* of a and b on Anna Berg */
    f.context.settings.verifier = EL_VERIFY_ALL;
    run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, lists);
    run_stage(&f, el_stages[EL_STAGE_CLASSIFY], by_member, agreed);
    assert_int_equal(f.work.saved_calls, 0);
    assert_int_equal(run_stage(&f, el_stages[EL_STAGE_VERIFY], by_member, yes), 3); /* Bo */
    assert_int_equal(f.work.saved_calls, 3);                                        /* Anna Berg */
    tear_down(&f);

    set_up(&f, "Nobody.");
    f.context.settings.lazy_votes = true;
    const char *nothing[] = {"", "", ""};
    run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, nothing);
    run_stage(&f, el_stages[EL_STAGE_CLASSIFY], by_member, nothing);
    assert_int_equal(f.work.saved_calls, 0); /* without a span nobody is ever asked */
    tear_down(&f);

    static char text[600], list[2000], types[1200]; /* 40 spans are two calls a member */
    for (int i = 0; i < 40; i++) {
        sprintf(text + strlen(text), "N%d ", i);
        sprintf(list + strlen(list), "<|mark|>N%d<|/mark|>", i);
    }
    for (int i = 0; i < 32; i++) {
        sprintf(types + strlen(types), "%sperson", i > 0 ? "<|sep|>" : "");
    }
    const char *long_lists[] = {list, list, list}, *long_types[] = {types, types, types};
    set_up(&f, text);
    f.context.settings.lazy_votes = true;
    run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, long_lists);
    assert_int_equal(f.work.mentions.count, 40);
    size_t calls = run_stage(&f, el_stages[EL_STAGE_CLASSIFY], by_member, long_types);
    assert_int_equal(calls + f.work.saved_calls, 6);
    assert_true(f.work.saved_calls % 2 == 0);
    tear_down(&f);
}

static void overlaps(void **state) {
    (void)state;
    struct fixture f;
    set_up(&f, "Bank of Ireland rose.");
    const char *lists[] = {"<|mark|>Bank of Ireland<|/mark|><|mark|>Ireland<|/mark|>",
                           "<|mark|>Ireland<|/mark|>", ""};
    const char *types[] = {"organization<|sep|>location", "organization<|sep|>location", ""};
    struct el_entity *entities;
    size_t n;
    struct el_error err;
    f.context.settings.verifier = EL_VERIFY_NONE;
    run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, lists);
    run_stage(&f, el_stages[EL_STAGE_CLASSIFY], by_member, types);
    assert_true(el_work_entities(&f.context, &f.work, &f.work.arena, &entities, &n, &err));
    assert_int_equal(n, 1); /* more members proposed "Ireland" */
    assert_int_equal(entities[0].span.start, 8);
    f.context.settings.nested = true;
    assert_true(el_work_entities(&f.context, &f.work, &f.work.arena, &entities, &n, &err));
    assert_int_equal(n, 2);
    assert_int_equal(entities[0].span.end, 15);
    f.work.keep = (struct el_span){5, 30};
    assert_true(el_work_entities(&f.context, &f.work, &f.work.arena, &entities, &n, &err));
    assert_int_equal(n, 1);
    tear_down(&f);
}

static void demonstrations_fit(void **state) {
    (void)state;
    struct fixture f;
    struct el_prompt_span span = {"Oslo", "location"};
    struct el_span mark = {5, 9};
    struct el_demonstration demonstrations[2] = {
        {.id = "near",
         .text = "Near Oslo.",
         .spans = &span,
         .n_spans = 1,
         .marks = &mark,
         .n_marks = 1},
        {.id = "far", .text = "Nothing.", .spans = NULL, .n_spans = 0}};
    struct el_question question = {
        .stage = EL_STAGE_EXTRACT, .kind = EL_PROMPT_EXTRACT, .n_demonstrations = 2};
    struct el_call call;
    struct el_error err;
    set_up(&f, "Bo in Bonn.");
    f.work.demonstrations = demonstrations;
    f.work.n_demonstrations = 2;
    assert_true(el_question_render(&f.context, &f.work, &question, &f.work.arena, &call, &err));
    assert_string_equal(call.prompt,
                        "<|extract|><|types|> person<|sep|> location<|sep|> organization"
                        "<|text|> Nothing.<|answer|> Nothing.<|end|>"
                        "<|text|> Near Oslo.<|answer|> Near<|mark|> Oslo<|/mark|>.<|end|>"
                        "<|text|> Bo in Bonn.<|answer|>");
    f.can[0].context = el_estimate_call(&call) + call.max_tokens - 1; /* no room for both */
    assert_true(el_question_render(&f.context, &f.work, &question, &f.work.arena, &call, &err));
    assert_int_equal(question.n_demonstrations, 1);
    assert_null(strstr(call.prompt, "Nothing."));
    assert_non_null(strstr(call.prompt, "Near Oslo."));
    tear_down(&f);
}

/* ---- languages ---- */

static el_member_set asked_about(struct fixture *f, const char *text, const char *lang) {
    f->work.text = text;
    f->work.text_len = strlen(text);
    f->work.lang = lang;
    return el_members_for(&f->context, &f->work);
}

static void members_are_asked_about_their_languages(void **state) {
    (void)state;
    static const char *const first[] = {"en", "de"}, *const third[] = {"hi"};
    const char *second[] = {"zh"};
    static const char chinese[] = "\xe5\x8c\x97\xe4\xba\xac",
                      japanese[] = "\xe3\x81\x8b\xe3\x81\xaa";
    struct fixture f;
    set_up(&f, "");
    assert_int_equal(asked_about(&f, "Bonn", "de"), 7); /* nobody says which are theirs */
    f.members[0].languages = first;
    f.members[0].n_languages = 2;
    f.members[1].languages = second;
    f.members[1].n_languages = 1;
    assert_int_equal(asked_about(&f, "Bonn", "de"), 1 | 4);
    assert_int_equal(asked_about(&f, "Bonn", "deu"), 1 | 4);
    assert_int_equal(asked_about(&f, "Bonn", "de-AT"), 1 | 4);
    assert_int_equal(asked_about(&f, "Bonn", "fi"), 4);
    assert_int_equal(asked_about(&f, chinese, "zh"), 2 | 4);
    assert_int_equal(asked_about(&f, "Bonn", NULL), 1 | 4); /* by its script */
    assert_int_equal(asked_about(&f, chinese, NULL), 2 | 4);
    assert_int_equal(asked_about(&f, japanese, "ja"), 4);
    assert_int_equal(asked_about(&f, "1914", NULL), 7);
    second[0] = "und-Latn"; /* whatever is written in this script */
    assert_int_equal(asked_about(&f, "Bonn", "fi"), 2 | 4);
    assert_int_equal(asked_about(&f, chinese, "zh"), 4);
    second[0] = "zh";
    f.members[2].languages = third;
    f.members[2].n_languages = 1;
    assert_int_equal(asked_about(&f, "Bonn", "fi"), 7); /* nobody's: all are asked */
    f.context.members = 1 | 2;
    assert_int_equal(asked_about(&f, "Bonn", "fi"), 1 | 2);
    assert_int_equal(asked_about(&f, "Bonn", "en"), 1);
    f.can[1].reached = true; /* who is meant cannot be reached: others are better than none */
    assert_int_equal(asked_about(&f, "Bonn", "en"), 1 | 2);
    f.can[0].reached = true;
    assert_int_equal(asked_about(&f, "Bonn", "en"), 1);
    tear_down(&f);
}

static void a_member_is_not_asked_about_other_languages(void **state) {
    (void)state;
    struct fixture f;
    const char *lists[] = {"", "<|mark|>Bonn<|/mark|>", "<|mark|>Bonn<|/mark|>"};
    const char *types[] = {"", "location<|sep|>", "location<|sep|>"};
    set_up(&f, "Bonn");
    f.work.members = 2 | 4;
    assert_int_equal(run_stage(&f, el_stages[EL_STAGE_EXTRACT], by_member, lists), 2);
    assert_int_equal(run_stage(&f, el_stages[EL_STAGE_CLASSIFY], by_member, types), 2);
    assert_int_equal(f.work.mentions.items[0].type, 1);
    f.context.verifier = 0; /* not meant for the language: the largest that is verifies */
    f.can[2].parameters = 1;
    assert_int_equal(run_stage(&f, el_stages[EL_STAGE_VERIFY], always_yes, NULL), 1);
    assert_int_equal(f.work.mentions.items[0].verified_by, 4);
    tear_down(&f);
}

/* Which of four demonstrations, "d0." to "d3.", a member's prompt shows, in order. */
static void check_hand(struct fixture *f, size_t member, const char *shown) {
    struct el_question question = {.stage = EL_STAGE_EXTRACT,
                                   .kind = EL_PROMPT_EXTRACT,
                                   .member = member,
                                   .n_demonstrations = 4};
    struct el_call call;
    struct el_error err;
    char seen[16] = "";
    assert_true(el_question_render(&f->context, &f->work, &question, &f->work.arena, &call, &err));
    const char *at = call.prompt;
    while ((at = strstr(at, "<|text|> d")) != NULL) {
        at += strlen("<|text|> d");
        strncat(seen, at, 1);
    }
    assert_string_equal(seen, shown);
    assert_int_equal(question.n_demonstrations, strlen(shown));
    assert_int_equal(question.n_dropped, 0);
}

static void demonstrations_are_dealt(void **state) {
    (void)state;
    struct fixture f;
    struct el_demonstration demonstrations[4] = {
        {.text = "d0."}, {.text = "d1."}, {.text = "d2."}, {.text = "d3."}};
    set_up(&f, "Bo in Bonn.");
    f.work.demonstrations = demonstrations;
    f.work.n_demonstrations = 4;
    check_hand(&f, 1, "3210");
    f.context.settings.deal = true;
    check_hand(&f, 0, "30");
    check_hand(&f, 1, "1");
    check_hand(&f, 2, "2");
    f.work.members = 1 | 4; /* nobody is dealt those of a member that is not asked */
    check_hand(&f, 0, "20");
    check_hand(&f, 2, "31");
    tear_down(&f);
}

/* ---- cutting ---- */

static void pieces_cover_the_text(void **state) {
    (void)state;
    unsigned seed = 3;
    for (int trial = 0; trial < 200; trial++) {
        char text[1200];
        size_t len = 0;
        while (len < 1000) {
            static const char *const words[] = {
                "a", "Berlin",     "\xe6\x9d\xb1\xe4\xba\xac", "of", "\xc3\xa9t\xc3\xa9", "123",
                "-", "immediately"};
            const char *word = words[next_random(&seed) % 8];
            memcpy(text + len, word, strlen(word));
            len += strlen(word);
            if (next_random(&seed) % 5 > 0) {
                text[len++] = ' ';
            }
        }
        text[len] = '\0';
        struct el_document *document = el_document_new();
        struct el_arena arena = {0};
        struct el_cuts pieces;
        struct el_error err;
        document->text = text;
        document->text_len = len;
        document->sentence_per_document = true;
        size_t max_tokens = 16 + next_random(&seed) % 100;
        assert_true(el_cut_document(&arena, document, NULL, max_tokens, 0, &pieces, &err));
        assert_true(pieces.count > 1);
        assert_int_equal(pieces.items[0].span.start, 0);
        assert_int_equal(pieces.items[pieces.count - 1].span.end, len);
        for (size_t i = 0; i < pieces.count; i++) {
            struct el_cut piece = pieces.items[i];
            size_t keep_start = i == 0 ? 0 : pieces.items[i - 1].keep.end;
            assert_int_equal(piece.keep.start, keep_start);
            assert_true(piece.keep.start >= piece.span.start && piece.keep.end <= piece.span.end);
            assert_true(piece.span.end - piece.span.start <= max_tokens * 16);
            assert_true(el_estimate_tokens(text + piece.span.start,
                                           piece.span.end - piece.span.start) <= max_tokens);
            assert_true(((unsigned char)text[piece.span.start] & 0xC0) != 0x80);
            assert_true(((unsigned char)text[piece.span.end] & 0xC0) != 0x80);
        }
        assert_int_equal(pieces.items[pieces.count - 1].keep.end, len);
        el_arena_free(&arena);
        el_document_free(document);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extraction_is_a_union),
        cmocka_unit_test(what_two_members_list_counts),
        cmocka_unit_test(majority_and_ties),
        cmocka_unit_test(a_hesitant_yes_to_one_of_three_is_none),
        cmocka_unit_test(verification_drops),
        cmocka_unit_test(a_verifier_follows_the_general_judgement),
        cmocka_unit_test(verifiers_are_averaged),
        cmocka_unit_test(probability_decides_over_the_word),
        cmocka_unit_test(lazy_votes_are_exact),
        cmocka_unit_test(saved_calls_are_counted),
        cmocka_unit_test(overlaps),
        cmocka_unit_test(demonstrations_fit),
        cmocka_unit_test(demonstrations_are_dealt),
        cmocka_unit_test(members_are_asked_about_their_languages),
        cmocka_unit_test(a_member_is_not_asked_about_other_languages),
        cmocka_unit_test(pieces_cover_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

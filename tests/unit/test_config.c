/* The configuration: errors name their place, values arrive, what is printed can be read again. */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char folder[64];
    char file[96];
};

static void write_text(const char *path, const char *text, size_t len) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state) {
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    strcpy(place->folder, "/tmp/el4ner-config-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->file, sizeof place->file, "%s/el4ner.yaml", place->folder);
    char path[160];
    snprintf(path, sizeof path, "%s/models", place->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/models/nano-a.gguf", place->folder);
    write_text(path, "GGUF", 4);
    snprintf(path, sizeof path, "%s/key", place->folder);
    write_text(path, "k-file \n", 8);
    setenv("EL4NER_DATA", place->folder, 1);
    setenv("EL4NER_TEST_KEY", "k-environment", 1);
    setenv("EL4NER_TEST_BAD_KEY", "a\nb", 1);
    unsetenv("EL4NER_TEST_NOT_SET");
    *state = place;
    return 0;
}

static int tear_down(void **state) {
    struct place *place = *state;
    static const char *const files[] = {"el4ner.yaml", "key", "models/nano-a.gguf", "models", ""};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/%s", place->folder, files[i]);
        remove(path);
    }
    free(place);
    return 0;
}

static struct el_config *load(const struct place *place, const char *text) {
    struct el_config *config = NULL;
    struct el_error err = {0};
    write_text(place->file, text, strlen(text));
    if (!el_config_load(place->file, &config, &err)) {
        fail_msg("%s", err.message);
    }
    return config;
}

static char *read_cases(void) {
    FILE *file = fopen("tests/cases/config/errors.txt", "rb");
    assert_non_null(file);
    char *text = calloc(1, 65536);
    assert_non_null(text);
    assert_in_range(fread(text, 1, 65535, file), 1, 65534);
    fclose(file);
    return text;
}

static void check_error_case(const struct place *place, char *yaml) {
    char *wanted = strstr(yaml, "\n----\n");
    assert_non_null(wanted);
    size_t len = (size_t)(wanted - yaml) + 1;
    wanted += 6;
    wanted[strcspn(wanted, "\n")] = '\0';
    write_text(place->file, yaml, len);
    char message[1200];
    bool has_place = strncmp(wanted, "FILE", 4) == 0;
    snprintf(message, sizeof message, "%s%s", has_place ? place->file : "",
             wanted + (has_place ? 4 : 0));
    struct el_config *config = NULL;
    struct el_error err = {0};
    if (el_config_load(place->file, &config, &err)) {
        fail_msg("loaded though it should not:\n%.*s", (int)len, yaml);
    }
    assert_null(config);
    assert_int_equal(err.code, EL_ERR_CONFIG);
    if (strstr(err.message, message) == NULL) {
        fail_msg("\n%.*s\nwanted: %s\ngot:    %s", (int)len, yaml, message, err.message);
    }
}

static void errors_name_their_place(void **state) {
    char *cases = read_cases();
    char *at = strstr(cases, "====\n");
    size_t n = 0;
    while (at != NULL) {
        char *yaml = at + 5;
        at = strstr(yaml, "\n====\n");
        if (at != NULL) {
            *at++ = '\0';
        }
        check_error_case(*state, yaml);
        n++;
    }
    assert_in_range(n, 50, 500);
    free(cases);
}

static void nothing_gives_the_shipped_members_and_types(void **state) {
    struct el_config *config = load(*state, "# nothing\n");
    assert_string_equal(config->ensemble, "nano");
    assert_in_range(config->n_members, 1, 3); /* those that the source tree has, too */
    assert_string_equal(config->members[0].name, "nano-a");
    const struct place *place = *state;
    assert_int_equal(strncmp(config->members[0].gguf, place->folder, strlen(place->folder)), 0);
    assert_int_equal(config->n_types, 3);
    assert_string_equal(config->types[2].name, "organization");
    int type;
    assert_true(el_config_type_of_label(config, "PER", &type));
    assert_int_equal(type, 0);
    assert_int_equal(config->settings.demonstrations, EL_K_AUTO);
    assert_int_equal(el_settings_k(&config->settings), 2);
    assert_int_equal(config->settings.verifier, EL_VERIFY_AUTO);
    assert_non_null(config->settings.judge);
    assert_true(config->settings.judge->kind == EL_JUDGE_GENERAL);
    assert_int_equal(config->settings.judge->n_members, config->n_members);
    assert_int_equal(config->settings.judge->n_types, config->n_types);
    assert_true(config->settings.from_pool > 0);
    assert_true(config->settings.lazy_votes);
    assert_float_equal(config->settings.pos_weights[EL_POS_PROPN], 4, 0);
    el_config_free(config);
}

static const char everything[] =
    "classify: {weights: {big: 2.5}}\n"
    "verify: {by: big, agreement_skips: 2, alone: 0.75}\n"
    "profile: paper\n"
    "members:\n"
    "  - name: small\n"
    "    gguf: models/nano-a.gguf\n"
    "    prompts: mine/set\n"
    "    threads: 3\n"
    "    seed: 7\n"
    "  - name: big\n"
    "    urls: [http://127.0.0.1:8080, \"https://[::1]:8081/v1\"]\n"
    "    model: phi-4\n"
    "    api: chat\n"
    "    api_key_env: EL4NER_TEST_KEY\n"
    "    headers: {X-One: plain, X-Two: {env: EL4NER_TEST_KEY}}\n"
    "    extra_body: {top_k: 1, deep: [1.5, null, true, \"1\", text], min_p: -0.5}\n"
    "    timeouts: {connect: 1.5, total: 60}\n"
    "    price: {in: 0.1, out: 0.4}\n"
    "    retries: 0\n"
    "    slots: 16\n"
    "    languages: [de, und-Cyrl]\n"
    "  - {name: third, url: \"http://127.0.0.1:8082\", api_key_file: key}\n"
    "types:\n"
    "  creative-work: {description: 'a title: of a work', aliases: [work, WORK]}\n"
    "  person:\n"
    "  ORG: organisation\n"
    "pool: pools/mine.el4\n"
    "lang: de\n"
    "retrieve:\n"
    "  vectors: {url: \"http://127.0.0.1:8083/v1\", model: minilm, slots: 2, context: 256,\n"
    "    api_key_env: EL4NER_TEST_KEY, extra_body: {dimensions: 64}, price: {in: 0.02}}\n"
    "  k: 3\n"
    "  deal: true\n"
    "  similarity: bm25\n"
    "  weights: {NOUN: 1}\n"
    "  types: false\n"
    "extract: {occurrences: first, nested: true, at_least: 2}\n"
    "lazy_votes: true\n"
    "constrain: off\n"
    "strict: true\n"
    "max_sentence: 500\n";

static void check_everything(const struct el_config *config, const struct place *place) {
    char path[160];
    assert_int_equal(config->n_members, 3);
    assert_null(config->ensemble);
    const struct el_member_config *small = &config->members[0], *big = &config->members[1];
    snprintf(path, sizeof path, "%s/models/nano-a.gguf", place->folder);
    assert_string_equal(small->gguf, path);
    snprintf(path, sizeof path, "%s/mine/set", place->folder);
    assert_string_equal(small->prompts, path);
    assert_int_equal(small->threads, 3);
    assert_int_equal(small->seed, 7);
    assert_int_equal(small->retries, 4);
    assert_int_equal(big->n_urls, 2);
    assert_string_equal(big->urls[1], "https://[::1]:8081/v1");
    assert_int_equal(big->api, EL_API_CHAT);
    assert_int_equal(big->retries, 0);
    assert_int_equal(big->slots, 16);
    assert_int_equal(small->n_languages, 0);
    assert_int_equal(big->n_languages, 2);
    assert_string_equal(big->languages[1], "und-Cyrl");
    assert_float_equal(big->connect_timeout, 1.5, 0);
    assert_float_equal(big->total_timeout, 60, 0);
    assert_float_equal(big->price_out, 0.4, 0);
    char *body = json_dumps(big->extra_body, JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(body,
                        "{\"deep\":[1.5,null,true,\"1\",\"text\"],\"min_p\":-0.5,\"top_k\":1}");
    free(body);
    assert_string_equal(config->types[0].wording, "creative work");
    assert_string_equal(config->types[0].description, "a title: of a work");
    assert_string_equal(config->types[0].aliases[1], "WORK");
    assert_string_equal(config->types[2].wording, "organisation");
    snprintf(path, sizeof path, "%s/pools/mine.el4", place->folder);
    assert_string_equal(config->pool, path);
    const struct el_member_config *embedder = config->embedder;
    assert_non_null(embedder);
    assert_true(embedder->embedding && !small->embedding);
    assert_string_equal(embedder->urls[0], "http://127.0.0.1:8083/v1");
    assert_string_equal(embedder->model, "minilm");
    assert_int_equal(embedder->slots, 2);
    assert_int_equal(embedder->context, 256);
    assert_int_equal(embedder->retries, 4);
    assert_float_equal(embedder->price_in, 0.02, 0);
    assert_int_equal(json_integer_value(json_object_get(embedder->extra_body, "dimensions")), 64);
    const struct el_settings *s = &config->settings;
    assert_int_equal(s->profile, EL_PROFILE_PAPER);
    assert_int_equal(s->demonstrations, 3);
    assert_true(s->deal);
    assert_int_equal(s->similarity, EL_SIMILARITY_BM25);
    assert_float_equal(s->pos_weights[EL_POS_NOUN], 1, 0);
    assert_float_equal(s->pos_weights[EL_POS_PROPN], 0, 0);
    assert_false(s->zero_shot_pretypes);
    assert_true(s->first_occurrence_only && s->nested && s->lazy_votes && s->strict);
    assert_false(s->constrain);
    assert_string_equal(s->verifier_name, "big");
    assert_int_equal(s->agreement_skips, 2);
    assert_int_equal(s->at_least, 2);
    assert_float_equal(s->alone, 0.75, 0);
    assert_float_equal(s->member_weights[0], 1, 0);
    assert_float_equal(s->member_weights[1], 2.5, 0);
    assert_int_equal(s->max_sentence, 500);
}

static void every_key_arrives(void **state) {
    struct el_config *config = load(*state, everything);
    check_everything(config, *state);
    assert_string_equal(config->members[1].api_key, "k-environment");
    assert_string_equal(config->members[1].headers[1].value, "k-environment");
    assert_string_equal(config->members[2].api_key, "k-file");
    assert_string_equal(config->embedder->api_key, "k-environment");
    el_config_free(config);
}

static void the_print_is_a_configuration_without_secrets(void **state) {
    struct el_config *config = load(*state, everything);
    struct el_buffer first = {0}, second = {0};
    assert_true(el_config_print(config, &first));
    el_config_free(config);
    assert_null(strstr(first.data, "k-environment"));
    assert_null(strstr(first.data, "k-file"));
    assert_non_null(strstr(first.data, "# key: (set)"));
    config = load(*state, first.data);
    check_everything(config, *state);
    assert_true(el_config_print(config, &second));
    el_config_free(config);
    /* Equal but for the secrets, which are gone. */
    assert_null(strstr(second.data, "(set)"));
    el_buffer_free(&first);
    el_buffer_free(&second);
}

static void vectors_come_from_ngrams_or_a_file(void **state) {
    struct el_config *config = load(*state, "retrieve: {vectors: ngram}\n");
    assert_null(config->embedder);
    el_config_free(config);
    config = load(*state, "retrieve: {vectors: {gguf: models/nano-a.gguf, threads: 2}}\n");
    struct el_buffer text = {0};
    assert_true(el_config_print(config, &text));
    el_config_free(config);
    config = load(*state, text.data);
    assert_non_null(strstr(config->embedder->gguf, "models/nano-a.gguf"));
    assert_int_equal(config->embedder->threads, 2);
    el_config_free(config);
    el_buffer_free(&text);
}

/* Labels of the styles that data sets use, and the words that models read. */
static void labels_become_plain_words(void **state) {
    static const char *const cases[][2] = {
        {"Chemical", "chemical"},
        {"CHEMICAL", "chemical"},
        {"chemical", "chemical"},
        {"CHEM", "chemical"},
        {"B-cell_line", "B-cell line"},
        {"cell_line", "cell line"},
        {"CellLine", "cell line"},
        {"creative-work", "creative work"},
        {"CreativeWork", "creative work"},
        {"creativeWork", "creative work"},
        {"creativework", "creative work"},
        {"CREATIVE_WORK", "creative work"},
        {"creative work", "creative work"},
        {"WORK_OF_ART", "work of art"},
        {"GPE", "geo-political entity"},
        {"NORP", "nationality, religious or political group"},
        {"FAC", "facility"},
        {"MISC", "miscellaneous"},
        {"Misc", "miscellaneous"},
        {"PER", "person"},
        {"PERSON", "person"},
        {"Organisation", "organization"},
        {"MilitaryPlatform", "military platform"},
        {"HTML_XML_Tag", "HTML XML tag"},
        {"HTMLTag", "HTML tag"},
        {"Keyboard_IP", "keyboard IP"},
        {"GENE_OR_GENE_PRODUCT", "gene or gene product"},
        {"DNA", "DNA"},
        {"dna", "DNA"},
        {"mRNA", "mRNA"},
        {"DNA_domain", "DNA domain"},
        {"programlang", "programming language"},
        {"LOCderiv", "word derived from a location"},
        {"PERCENT", "percentage"},
        {"PRD", "PRD"},
        {"LAW", "law"},
        {"_odd__name_", "odd name"},
        {"__", "__"},
        {"art-broadcastprogram", "art broadcastprogram"},
        {"\xe7\x96\xbe\xe7\x97\x85", "\xe7\x96\xbe\xe7\x97\x85"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct el_config *config = load(*state, "types: [unused]\n");
        struct el_error err = {0};
        assert_true(el_config_set_types(config, cases[i][0], &err));
        assert_string_equal(config->types[0].name, cases[i][0]);
        assert_string_equal(config->types[0].wording, cases[i][1]);
        el_config_free(config);
    }
}

/* A label of a file means the type that has its wording, but an equal name comes first. */
static void labels_of_files_mean_types(void **state) {
    struct el_config *config =
        load(*state, "types: {person: human being, location: , FAC: , place: {aliases: [LOC]}}\n");
    static const struct {
        const char *label;
        int type;
    } cases[] = {
        {"PER", 0},      {"Person", 0},   {"human_being", 0}, {"location", 1}, {"LOC", 3},
        {"facility", 2}, {"Facility", 2}, {"ORG", -1},        {"", -1},        {"GPE", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int type;
        assert_true(el_config_type_of_label(config, cases[i].label, &type));
        assert_int_equal(type, cases[i].type);
    }
    el_config_free(config);
}

/* Types asked for by another label keep what the configuration says of them. */
static void asked_labels_keep_descriptions(void **state) {
    struct el_config *config = load(*state, "types: {person: {description: a human}}\n");
    struct el_error err = {0};
    assert_true(el_config_set_types(config, "PER,GPE", &err));
    assert_string_equal(config->types[0].name, "PER");
    assert_string_equal(config->types[0].description, "a human");
    assert_non_null(strstr(config->types[1].description, "cities"));
    el_config_free(config);
}

static void types_on_the_command_line(void **state) {
    struct el_config *config =
        load(*state, "types: {work_of-art: {description: d}, person: human, city: }\n");
    struct el_error err = {0};
    assert_true(el_config_set_types(config, " event, work_of-art,person", &err));
    assert_int_equal(config->n_types, 3);
    assert_string_equal(config->types[0].wording, "event");
    assert_string_equal(config->types[1].description, "d");
    assert_string_equal(config->types[1].wording, "work of art");
    assert_string_equal(config->types[2].wording, "human");
    assert_false(el_config_set_types(config, "a,,b", &err));
    assert_false(el_config_set_types(config, "", &err));
    assert_false(el_config_set_types(config, "a,a", &err));
    assert_false(el_config_set_types(config, "a-b,a_b", &err));
    assert_false(el_config_set_types(config, "a\xff", &err));
    assert_false(el_config_set_types(config, "person,a\tb", &err));
    assert_non_null(strstr(err.message, "control characters"));
    assert_false(el_config_set_types(config, "a\x1b[31m", &err));
    assert_false(el_config_set_types(config,
                                     "a\xc2\x9b"
                                     "31m",
                                     &err));
    char longest[130];
    memset(longest, 'x', 129);
    longest[129] = '\0';
    assert_false(el_config_set_types(config, longest, &err));
    assert_non_null(strstr(err.message, "longer than 128"));
    longest[128] = '\0';
    assert_true(el_config_set_types(config, longest, &err));
    assert_true(el_config_set_types(config, "event,work_of-art,person", &err));
    assert_int_equal(config->n_types, 3);
    el_config_free(config);
}

static void common_labels_are_worded(void **state) {
    struct el_config *config = load(*state, "types: {LOC: }\n");
    struct el_error err = {0};
    assert_string_equal(config->types[0].name, "LOC");
    assert_string_equal(config->types[0].wording, "location");
    assert_true(el_config_set_types(config, "PER,ORG,PERIOD", &err));
    assert_string_equal(config->types[0].wording, "person");
    assert_string_equal(config->types[1].wording, "organization");
    assert_string_equal(config->types[2].wording, "period");
    assert_false(el_config_set_types(config, "PER,person", &err));
    el_config_free(config);
}

/* Unanimity takes three members or more. */
static void unanimous_pairs_need_no_verification(void **state) {
    struct el_config *config = load(*state, "retrieve: {k: 3}\n");
    assert_int_equal(el_settings_skips(&config->settings, 1), 0);
    assert_int_equal(el_settings_skips(&config->settings, 2), 0);
    assert_int_equal(el_settings_skips(&config->settings, 3), 3);
    assert_int_equal(el_settings_skips(&config->settings, 5), 5);
    config->settings.agreement_skips = 2;
    assert_int_equal(el_settings_skips(&config->settings, 5), 2);
    el_config_free(config);
}

static void the_default_profile_judges_by_the_pool(void **state) {
    struct el_config *config =
        load(*state, "members:\n  - {name: a, url: 'http://a'}\ntypes: [drug, gene]\n"
                     "verify: {by: a}\nextract: {from_pool: 0.2}\n");
    const struct el_settings *s = &config->settings;
    assert_int_equal(s->profile, EL_PROFILE_DEFAULT);
    assert_true(s->judge != NULL && s->judge->kind == EL_JUDGE_GENERAL);
    assert_int_equal(s->judge->n_members, 1);
    assert_int_equal(s->judge->n_types, 2);
    assert_int_equal(s->verifier, EL_VERIFY_MEMBER); /* the keys refine the profile */
    assert_true(s->from_pool == 0.2);
    struct el_error err;
    assert_true(el_config_set_profile(config, EL_PROFILE_VOTES, &err));
    assert_null(s->judge);
    assert_true(s->from_pool == 0);
    assert_true(el_config_set_profile(config, EL_PROFILE_DEFAULT, &err));
    assert_int_equal(s->judge->n_types, 2);
    assert_true(s->from_pool == EL_FROM_POOL);
    assert_int_equal(s->verifier, EL_VERIFY_AUTO);
    el_config_free(config);
}

static void another_member_is_judged_as_the_profile_says(void **state) {
    static const char *const profiles[] = {"default", "votes", "paper"};
    for (size_t i = 0; i < 3; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "profile: %s\nmembers:\n  - {name: a, url: 'http://a'}\n  - {name: b, url: "
                 "'http://b'}\ntypes: [drug]\nverify: {by: a}\njudge: {trust: {a: 1, b: 2}}\n",
                 profiles[i]);
        struct el_config *config = load(*state, text);
        const struct el_settings *s = &config->settings;
        struct el_error err;
        assert_int_equal(s->judge->kind, EL_JUDGE_FITTED);
        assert_true(el_config_set_member(config, "http://c", NULL, NULL, &err));
        assert_null(s->verifier_name);
        assert_int_equal(s->verifier, EL_VERIFY_AUTO);
        assert_true(s->from_pool == (i == 0 ? EL_FROM_POOL : 0));
        if (i == 0) {
            assert_int_equal(s->judge->kind, EL_JUDGE_GENERAL);
            assert_int_equal(s->judge->n_members, 1);
        } else {
            assert_null(s->judge);
        }
        el_config_free(config);
    }
}

static void a_judgement_is_shown_less(void **state) {
    struct el_config *config = load(*state, "judge: trained\n");
    assert_int_equal(el_settings_k(&config->settings), 2);
    el_settings_settle(&config->settings);
    assert_int_equal(config->settings.demonstrations, 2);
    assert_int_equal(config->settings.some, EL_SOME_ON);
    el_config_free(config);
    config = load(*state, "judge: trained\nretrieve: {k: 4}\n");
    assert_int_equal(el_settings_k(&config->settings), 4);
    el_config_free(config);
    config = load(*state, "profile: votes\nretrieve: {k: auto}\n");
    assert_int_equal(el_settings_k(&config->settings), 5);
    el_config_free(config);
    config = load(*state, "profile: default\n");
    assert_int_equal(el_settings_k(&config->settings), 2);
    el_config_free(config);
}

static void the_paper_profile_asks_everybody(void **state) {
    struct el_config *config =
        load(*state, "verify: {by: none, agreement_skips: 2}\nretrieve: {k: 9}\n");
    el_settings_profile(&config->settings, EL_PROFILE_PAPER);
    assert_int_equal(config->settings.verifier, EL_VERIFY_AUTO);
    assert_int_equal(config->settings.agreement_skips, 0);
    assert_int_equal(config->settings.demonstrations, 5);
    assert_false(config->settings.lazy_votes);
    assert_true(config->settings.alone == 0);
    assert_int_equal(config->settings.at_least, 1);
    el_config_free(config);
}

static void a_missing_file_is_an_error(void **state) {
    (void)state;
    struct el_config *config = NULL;
    struct el_error err = {0};
    assert_false(el_config_load("/tmp/no-such-configuration.yaml", &config, &err));
    assert_int_equal(err.code, EL_ERR_CONFIG);
    assert_non_null(strstr(err.message, "/tmp/no-such-configuration.yaml"));
    assert_false(el_config_load("/tmp", &config, &err));
    assert_non_null(strstr(err.message, "folder"));
}

static void types_are_some(void **state) {
    const struct place *place = *state;
    static const char *const none[] = {"types: []\n", "types: {}\n"};
    for (size_t i = 0; i < 2; i++) {
        struct el_config *config = NULL;
        struct el_error err = {0};
        write_text(place->file, none[i], strlen(none[i]));
        assert_false(el_config_load(place->file, &config, &err));
        assert_int_equal(err.code, EL_ERR_CONFIG);
        assert_non_null(strstr(err.message, ":1:8: 'types' is empty"));
    }
}

static void a_language_is_a_code(void **state) {
    const struct place *place = *state;
    struct el_config *config = NULL;
    struct el_error err = {0};
    write_text(place->file, "strict: true\nlang: english\n", 27);
    assert_false(el_config_load(place->file, &config, &err));
    assert_non_null(strstr(err.message, ":2:7: 'lang': \"english\""));
    assert_non_null(strstr(err.message, "\"en\""));
    write_text(place->file, "lang: pt-BR\n", 12);
    assert_true(el_config_load(place->file, &config, &err));
    assert_false(el_config_set_lang(config, "xx", &err));
    assert_int_equal(err.code, EL_ERR_CONFIG);
    assert_string_equal(config->lang, "pt-BR");
    assert_true(el_config_set_lang(config, "de", &err));
    assert_string_equal(config->lang, "de");
    el_config_free(config);
}

static void invalid_utf8_is_an_error(void **state) {
    const struct place *place = *state;
    struct el_config *config = NULL;
    struct el_error err = {0};
    write_text(place->file, "lang: \xff\xfe\n", 9);
    assert_false(el_config_load(place->file, &config, &err));
    assert_non_null(strstr(err.message, "UTF-8"));
}

static void expect_key_error(const struct place *place, const char *key, size_t len,
                             const char *says) {
    static const char text[] =
        "members:\n  - {name: a, url: \"http://127.0.0.1:1\", api_key_file: key}\n";
    char path[160];
    struct el_config *config;
    struct el_error err = {0};
    snprintf(path, sizeof path, "%s/key", place->folder);
    write_text(path, key, len);
    write_text(place->file, text, sizeof text - 1);
    assert_false(el_config_load(place->file, &config, &err));
    if (strstr(err.message, says) == NULL) {
        fail_msg("%s", err.message);
    }
}

/* A key that is cut would only be refused by the server, for no reason that anyone sees. */
static void a_key_file_is_read_whole_or_not(void **state) {
    enum { LONG = 16385 };
    const struct place *place = *state;
    char *key = malloc(LONG);
    assert_non_null(key);
    memset(key, 'k', LONG);
    expect_key_error(place, key, LONG, "is longer than 16384 bytes: it is not a key");
    free(key);
    expect_key_error(place, "k\0k", 3, "holds control characters");
    expect_key_error(place, " \n", 2, "holds no key");
    char path[160];
    snprintf(path, sizeof path, "%s/models", place->folder); /* a folder opens, but is not read */
    char text[400];
    snprintf(text, sizeof text,
             "members:\n  - {name: a, url: \"http://127.0.0.1:1\", api_key_file: %s}\n", path);
    struct el_config *config;
    struct el_error err = {0};
    write_text(place->file, text, strlen(text));
    assert_false(el_config_load(place->file, &config, &err));
    assert_non_null(strstr(err.message, "'api_key_file': cannot read"));
    snprintf(path, sizeof path, "%s/key", place->folder);
    write_text(path, "k-file \n", 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_name_their_place),
        cmocka_unit_test(a_key_file_is_read_whole_or_not),
        cmocka_unit_test(nothing_gives_the_shipped_members_and_types),
        cmocka_unit_test(every_key_arrives),
        cmocka_unit_test(the_print_is_a_configuration_without_secrets),
        cmocka_unit_test(vectors_come_from_ngrams_or_a_file),
        cmocka_unit_test(labels_become_plain_words),
        cmocka_unit_test(labels_of_files_mean_types),
        cmocka_unit_test(asked_labels_keep_descriptions),
        cmocka_unit_test(types_on_the_command_line),
        cmocka_unit_test(common_labels_are_worded),
        cmocka_unit_test(unanimous_pairs_need_no_verification),
        cmocka_unit_test(the_paper_profile_asks_everybody),
        cmocka_unit_test(a_judgement_is_shown_less),
        cmocka_unit_test(the_default_profile_judges_by_the_pool),
        cmocka_unit_test(another_member_is_judged_as_the_profile_says),
        cmocka_unit_test(a_missing_file_is_an_error),
        cmocka_unit_test(types_are_some),
        cmocka_unit_test(a_language_is_a_code),
        cmocka_unit_test(invalid_utf8_is_an_error),
    };
    return cmocka_run_group_tests_name("config", tests, set_up, tear_down);
}

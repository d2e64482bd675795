/* The index against a slow reference: the formula of the paper's stage 1 in double precision, one
 * sentence after another, without index, blocks, bounds or 8-bit numbers. */
#include "retrieval/ngram.h"
#include "retrieval/pool.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST = 4096, K = 5 };

struct folder {
    char path[64], jsonl[96], pool[96];
};

static struct folder *folder_of(void **state) {
    return *state;
}

static int make_folder(void **state) {
    struct folder *f = calloc(1, sizeof *f);
    strcpy(f->path, "/tmp/el4ner-pool-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    snprintf(f->jsonl, sizeof f->jsonl, "%s/pool.jsonl", f->path);
    snprintf(f->pool, sizeof f->pool, "%s/pool.el4", f->path);
    *state = f;
    return 0;
}

static int remove_folder(void **state) {
    struct folder *f = *state;
    unlink(f->jsonl);
    unlink(f->pool);
    /* Fails if anything else was left behind. */
    int status = rmdir(f->path);
    free(f);
    return status;
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void must(bool fine, const struct el_error *err) {
    if (!fine) {
        fail_msg("%s", err->message);
    }
}

static struct el_pool *build(struct folder *f, enum el_storage storage) {
    struct el_pool_build_options options = {.storage = storage};
    const char *input = f->jsonl;
    struct el_pool *pool;
    struct el_error err;
    must(el_pool_build(&input, 1, f->pool, &options, &err), &err);
    must(el_pool_open(f->pool, NULL, &pool, &err), &err);
    return pool;
}

/* ---- the reference ---- */

struct reference {
    double score;
    size_t sentence;
};

/* Document frequencies are those of the pool, as the header of ngram.h states the formula. */
static void reference_idf(const struct el_pool *pool, bool sentences, float *idf) {
    struct el_ngram_counts counts;
    const struct el_pool_info *info = el_pool_get_info(pool);
    assert_true(el_ngram_counts_init(&counts));
    size_t n = sentences ? info->n_sentences : info->n_distinct_spans;
    for (size_t i = 0; i < n; i++) {
        struct el_pool_sentence s;
        const char *text;
        size_t len;
        if (sentences) {
            assert_true(el_pool_get(pool, i, &s, NULL));
            assert_true(el_ngram_count(&counts, s.text, s.text_len));
        } else {
            assert_true(el_pool_string(pool, i, &text, &len, NULL));
            assert_true(el_ngram_count(&counts, text, len));
        }
    }
    el_ngram_idf(&counts, idf);
    el_ngram_counts_free(&counts);
}

static double reference_cosine(const float *idf, const char *a, size_t a_len, const char *b,
                               size_t b_len) {
    float x[EL_NGRAM_DIMENSIONS], y[EL_NGRAM_DIMENSIONS];
    double sum = 0;
    assert_true(el_ngram_vector(idf, a, a_len, x, EL_NGRAM_DIMENSIONS));
    assert_true(el_ngram_vector(idf, b, b_len, y, EL_NGRAM_DIMENSIONS));
    for (size_t i = 0; i < EL_NGRAM_DIMENSIONS; i++) {
        sum += (double)x[i] * y[i];
    }
    return sum;
}

/* SpanSim(X, Xc) = sum of w(s) * max of cos(s, s') / sum of w(s) */
static double reference_score(const float *idf, const struct el_query *query,
                              const struct el_pool_sentence *s) {
    double sum = 0, weights = 0;
    for (size_t i = 0; i < query->n_spans; i++) {
        double best = -INFINITY;
        for (size_t j = 0; j < s->n_entities; j++) {
            struct el_span span = s->entities[j].span;
            if (query->allowed_types == NULL || query->allowed_types[s->entities[j].type]) {
                double cosine =
                    reference_cosine(idf, query->spans[i].text, query->spans[i].text_len,
                                     s->text + span.start, span.end - span.start);
                best = cosine > best ? cosine : best;
            }
        }
        sum += best == -INFINITY ? 0 : query->spans[i].weight * best;
        weights += query->spans[i].weight;
    }
    return sum / weights;
}

/* The mean with the other direction: the candidate's spans, weight 1 each. */
static double reference_symmetric(const float *idf, const struct el_query *query,
                                  const struct el_pool_sentence *s) {
    double sum = 0;
    for (size_t j = 0; j < s->n_entities; j++) {
        struct el_span span = s->entities[j].span;
        double best = -INFINITY;
        for (size_t i = 0; i < query->n_spans; i++) {
            double cosine = reference_cosine(idf, query->spans[i].text, query->spans[i].text_len,
                                             s->text + span.start, span.end - span.start);
            best = cosine > best ? cosine : best;
        }
        sum += best;
    }
    double back = s->n_entities > 0 ? sum / (double)s->n_entities : 0;
    return (reference_score(idf, query, s) + back) / 2;
}

static bool same_text(const struct el_query *query, const struct el_pool_sentence *s) {
    struct el_arena arena = {0};
    size_t a, b;
    char *x = el_text_fold(&arena, query->text, query->text_len, false, &a);
    char *y = el_text_fold(&arena, s->text, s->text_len, false, &b);
    bool same = a == b && memcmp(x, y, a) == 0;
    el_arena_free(&arena);
    return same;
}

static int best_first(const void *a, const void *b) {
    const struct reference *x = a, *y = b;
    if (fabs(x->score - y->score) > 1e-9) {
        return x->score < y->score ? 1 : -1;
    }
    return (x->sentence > y->sentence) - (x->sentence < y->sentence);
}

static size_t reference_search(const struct el_pool *pool, const struct el_query *query,
                               bool by_sentence, struct reference *out) {
    static float idf[EL_NGRAM_BUCKETS];
    size_t n = 0;
    reference_idf(pool, by_sentence, idf);
    for (size_t i = 0; i < el_pool_get_info(pool)->n_sentences; i++) {
        struct el_pool_sentence s;
        struct el_error err;
        must(el_pool_get(pool, i, &s, &err), &err);
        if (!same_text(query, &s)) {
            out[n].sentence = i;
            out[n++].score = by_sentence ? reference_cosine(idf, query->text, query->text_len,
                                                            s.text, s.text_len)
                                         : reference_score(idf, query, &s);
        }
    }
    qsort(out, n, sizeof *out, best_first);
    return n;
}

static void agree(const struct el_pool *pool, const struct el_query *query, bool by_sentence,
                  size_t k) {
    static struct reference expected[MOST];
    struct el_search_options options = {
        .similarity = by_sentence ? EL_SIMILARITY_SENTENCE : EL_SIMILARITY_SPAN, .k = k};
    struct el_arena arena = {0};
    struct el_hits hits;
    struct el_error err;
    size_t n = reference_search(pool, query, by_sentence, expected);
    must(el_pool_search(pool, query, &options, &arena, &hits, &err), &err);
    assert_int_equal(hits.count, n < k ? n : k);
    assert_false(hits.fell_back);
    for (size_t i = 0; i < hits.count; i++) {
        assert_int_equal(hits.items[i].sentence, expected[i].sentence);
        assert_true(fabs(hits.items[i].score - expected[i].score) < 1e-5);
    }
    el_arena_free(&arena);
}

/* ---- random pools ---- */

static uint64_t random_next(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* Span strings from a small stock of syllables, so that many are alike and some are equal. */
static void random_span(uint64_t *seed, char *out) {
    static const char *const parts[] = {"ba",  "lo", "Ner", "vik", "ost", "Mar", "ti", "-7",
                                        "3.5", "!",  " ",   "zé",  "北",  "京",  "ß",  "X"};
    size_t n = 1 + random_next(seed) % 5;
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        strcat(out, parts[random_next(seed) % (sizeof parts / sizeof *parts)]);
    }
    if (out[strspn(out, " ")] == '\0') {
        strcat(out, "o");
    }
}

static void write_random_pool(const char *path, size_t n, uint64_t seed) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < n; i++) {
        size_t spans = random_next(&seed) % 4;
        char text[512] = "w", entities[512] = "";
        for (size_t j = 0; j < spans; j++) {
            char span[64], entity[96];
            random_span(&seed, span);
            strcat(text, " ");
            size_t start = strlen(text);
            strcat(text, span);
            snprintf(entity, sizeof entity, "%s{\"start\":%zu,\"end\":%zu,\"type\":\"t%d\"}",
                     j == 0 ? "" : ",", start, strlen(text), (int)(random_next(&seed) % 3));
            strcat(entities, entity);
        }
        fprintf(file,
                "{\"id\":\"s%zu\",\"text\":\"%s\",\"offset_unit\":\"byte\",\"entities\":[%s]}\n", i,
                text, entities);
    }
    assert_int_equal(fclose(file), 0);
}

static void random_pools(void **state) {
    struct folder *f = folder_of(state);
    for (uint64_t seed = 1; seed <= 6; seed++) {
        write_random_pool(f->jsonl, seed == 1 ? 1 : 40 * seed, seed);
        for (int storage = EL_STORAGE_AUTO; storage <= EL_STORAGE_BOTH; storage++) {
            if (seed == 1) {
                write_file(f->jsonl, "{\"id\":\"only\",\"text\":\"Oslo\",\"offset_unit\":\"byte\","
                                     "\"entities\":[{\"start\":0,\"end\":4,\"type\":\"t\"}]}\n");
            }
            struct el_pool *pool = build(f, (enum el_storage)storage);
            uint64_t random = seed * 77;
            bool allowed[3] = {true, false, true};
            for (size_t q = 0; q < 8; q++) {
                char texts[6][96];
                struct el_query_span spans[6];
                struct el_query query = {.text = "w Oslo", .text_len = 6, .spans = spans};
                query.n_spans = 1 + q % 6;
                query.allowed_types = q % 3 == 2 && seed > 1 ? allowed : NULL;
                for (size_t i = 0; i < query.n_spans; i++) {
                    random_span(&random, texts[i]);
                    snprintf(texts[i] + strlen(texts[i]), 24, "%zu", i); /* distinct */
                    spans[i] = (struct el_query_span){texts[i], strlen(texts[i]),
                                                      (double)(1 + random_next(&random) % 4), NULL};
                }
                agree(pool, &query, false, K);
                agree(pool, &query, true, K);
                agree(pool, &query, false, 1000);
            }
            el_pool_close(pool);
        }
    }
}

/* ---- corner cases ---- */

static const char *const CORNERS =
    "{\"id\":\"a\",\"text\":\"Maria moved to Lisbon\",\"offset_unit\":\"byte\",\"entities\":"
    "[{\"start\":0,\"end\":5,\"type\":\"person\"},{\"start\":15,\"end\":21,\"type\":\"place\"}]}\n"
    "{\"id\":\"b\",\"text\":\"nothing to see\",\"entities\":[]}\n"
    "{\"id\":\"c\",\"text\":\"In Lisbon it rained\",\"offset_unit\":\"byte\",\"entities\":"
    "[{\"start\":3,\"end\":9,\"type\":\"place\"}]}\n"
    "{\"id\":\"d\",\"text\":\"In Lisbon  it rained \",\"offset_unit\":\"byte\",\"entities\":"
    "[{\"start\":3,\"end\":9,\"type\":\"place\"}]}\n"
    "{\"id\":\"e\",\"text\":\"Lisbon won\",\"offset_unit\":\"byte\",\"entities\":"
    "[{\"start\":0,\"end\":6,\"type\":\"team\"},{\"start\":0,\"end\":6,\"type\":\"place\"}]}\n"
    "{\"id\":\"f\",\"text\":\"--- 42\",\"offset_unit\":\"byte\",\"entities\":"
    "[{\"start\":0,\"end\":3,\"type\":\"place\"},{\"start\":4,\"end\":6,\"type\":\"place\"}]}\n";

static struct el_query_span span_of(const char *text, double weight) {
    return (struct el_query_span){text, strlen(text), weight, NULL};
}

static void search(const struct el_pool *pool, const struct el_query *query,
                   enum el_similarity similarity, size_t k, struct el_arena *arena,
                   struct el_hits *hits) {
    struct el_search_options options = {.similarity = similarity, .k = k, .seed = 1};
    struct el_error err;
    must(el_pool_search(pool, query, &options, arena, hits, &err), &err);
}

static void corners(void **state) {
    struct folder *f = folder_of(state);
    struct el_arena arena = {0};
    struct el_hits hits;
    write_file(f->jsonl, CORNERS);
    struct el_pool *pool = build(f, EL_STORAGE_AUTO);
    struct el_query_span spans[4] = {span_of("Lisbon", 4)};
    struct el_query query = {.text = "Lisbon", .text_len = 6, .spans = spans, .n_spans = 1};

    /* Ties by pool order; the same string under two types is one span string. */
    search(pool, &query, EL_SIMILARITY_SPAN, 3, &arena, &hits);
    assert_int_equal(hits.count, 3);
    assert_int_equal(hits.items[0].sentence, 0);
    assert_int_equal(hits.items[1].sentence, 2);
    assert_int_equal(hits.items[2].sentence, 3);
    assert_true(fabs(hits.items[0].score - 1) < 1e-6);
    assert_string_equal(hits.items[0].matches[0].with, "Lisbon");

    /* The query itself, up to white space, is left out: c and d. */
    query.text = " In  Lisbon it rained";
    query.text_len = strlen(query.text);
    search(pool, &query, EL_SIMILARITY_SPAN, 10, &arena, &hits);
    assert_int_equal(hits.count, 4);
    assert_int_equal(hits.items[0].sentence, 0);
    assert_int_equal(hits.items[1].sentence, 4);
    for (int similarity = 0; similarity <= EL_SIMILARITY_RANDOM; similarity++) {
        search(pool, &query, (enum el_similarity)similarity, 10, &arena, &hits);
        assert_int_equal(hits.count, 4);
        for (size_t i = 0; i < hits.count; i++) {
            assert_true(hits.items[i].sentence != 2 && hits.items[i].sentence != 3);
        }
    }

    /* A masked type is unseen; who has nothing else scores 0 and is explained as such. */
    const struct el_pool_info *info = el_pool_get_info(pool);
    bool allowed[3] = {false};
    for (size_t i = 0; i < info->n_types; i++) {
        allowed[i] = strcmp(info->types[i], "team") == 0;
    }
    query.allowed_types = allowed;
    search(pool, &query, EL_SIMILARITY_SPAN, 2, &arena, &hits);
    assert_int_equal(hits.items[0].sentence, 4);
    assert_int_equal(hits.items[1].sentence, 0);
    assert_true(hits.items[1].score == 0);
    assert_false(hits.items[1].matches[0].found);
    query.allowed_types = NULL;

    /* Equal strings count once, however they are spaced; the larger weight holds. */
    spans[0] = span_of("Maria", 4);
    spans[1] = span_of("Lisbon", 1);
    spans[2] = span_of(" Lisbon ", 4);
    query.n_spans = 3;
    search(pool, &query, EL_SIMILARITY_SPAN, 2, &arena, &hits);
    assert_int_equal(hits.items[0].sentence, 0);
    assert_true(fabs(hits.items[0].score - 1) < 1e-6);
    struct el_hit_match *matches = hits.items[1].matches;
    assert_true(fabs(hits.items[1].score - (matches[0].cosine + matches[1].cosine) / 2) < 1e-6);

    /* Weights summing to 0, and no spans at all: sentence similarity, and it says so. */
    spans[0].weight = spans[1].weight = spans[2].weight = 0;
    query.text = "Maria moved";
    query.text_len = strlen(query.text);
    struct el_hits other;
    search(pool, &query, EL_SIMILARITY_SENTENCE, 3, &arena, &other);
    for (query.n_spans = 0; query.n_spans <= 3; query.n_spans += 3) {
        search(pool, &query, EL_SIMILARITY_SPAN, 3, &arena, &hits);
        assert_true(hits.fell_back);
        assert_int_equal(hits.count, 3);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(hits.items[i].sentence, other.items[i].sentence);
        }
    }
    assert_int_equal(hits.items[0].sentence, 0);

    /* Spans without letters, and an empty one. */
    spans[0] = span_of("---", 1);
    spans[1] = span_of("42", 1);
    spans[2] = span_of("", 1);
    query.n_spans = 3;
    search(pool, &query, EL_SIMILARITY_SPAN, 1, &arena, &hits);
    assert_int_equal(hits.items[0].sentence, 5);
    assert_true(fabs(hits.items[0].score - 2.0 / 3) < 1e-6);

    search(pool, &query, EL_SIMILARITY_SPAN, 0, &arena, &hits);
    assert_int_equal(hits.count, 0);
    el_arena_free(&arena);
    el_pool_close(pool);
}

static void records(void **state) {
    struct folder *f = folder_of(state);
    struct el_pool_sentence s;
    struct el_error err;
    write_file(f->jsonl, CORNERS);
    struct el_pool *pool = build(f, EL_STORAGE_AUTO), *memory;
    must(el_pool_open(f->jsonl, NULL, &memory, &err), &err);
    assert_string_equal(el_pool_get_info(pool)->sha256, el_pool_get_info(memory)->sha256);
    const struct el_pool_info *info = el_pool_get_info(pool);
    assert_int_equal(info->n_sentences, 6);
    assert_int_equal(info->n_spans, 8);
    assert_int_equal(info->n_distinct_spans, 4);
    assert_int_equal(info->n_types, 3);
    assert_string_equal(info->types[0], "person");
    assert_string_equal(info->vectors, "ngram");
    must(el_pool_get(pool, 0, &s, &err), &err);
    assert_string_equal(s.id, "a");
    assert_string_equal(s.text, "Maria moved to Lisbon");
    assert_int_equal(s.n_entities, 2);
    assert_int_equal(s.entities[1].span.start, 15);
    assert_false(el_pool_get(pool, 6, &s, &err));
    el_pool_close(memory);
    el_pool_close(pool);
}

static void baselines(void **state) {
    struct folder *f = folder_of(state);
    struct el_arena arena = {0};
    struct el_hits hits, again;
    write_file(f->jsonl, CORNERS);
    struct el_pool *pool = build(f, EL_STORAGE_AUTO);
    struct el_query query = {.text = "Maria rained", .text_len = 12};
    search(pool, &query, EL_SIMILARITY_BM25, 6, &arena, &hits);
    /* By hand: 6 sentences of 4, 3, 4, 4, 2 and 1 words, 3 on the average. "Maria" is in one,
     * "rained" in two; all of these have 4 words. */
    double norm = 2.2 / (1 + 1.2 * (0.25 + 0.75 * 4 / 3));
    assert_int_equal(hits.items[0].sentence, 0);
    assert_true(fabs(hits.items[0].score - log(1 + 5.5 / 1.5) * norm) < 1e-6);
    assert_int_equal(hits.items[1].sentence, 2);
    assert_true(fabs(hits.items[1].score - log(1 + 4.5 / 2.5) * norm) < 1e-6);
    assert_int_equal(hits.items[2].sentence, 3);
    assert_true(hits.items[3].score == 0);

    search(pool, &query, EL_SIMILARITY_RANDOM, 6, &arena, &hits);
    search(pool, &query, EL_SIMILARITY_RANDOM, 6, &arena, &again);
    struct el_search_options options = {.similarity = EL_SIMILARITY_RANDOM, .k = 6, .seed = 2};
    struct el_hits seeded;
    assert_true(el_pool_search(pool, &query, &options, &arena, &seeded, NULL));
    size_t moved = 0;
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(hits.items[i].sentence, again.items[i].sentence);
        moved += hits.items[i].sentence != seeded.items[i].sentence;
    }
    assert_true(moved > 0);
    el_arena_free(&arena);
    el_pool_close(pool);
}

/* ---- variants ---- */

static void variants(void **state) {
    struct folder *f = folder_of(state);
    static float idf[EL_NGRAM_BUCKETS], of_sentences[EL_NGRAM_BUCKETS];
    static struct reference expected[MOST];
    write_random_pool(f->jsonl, 120, 5);
    struct el_pool *pool = build(f, EL_STORAGE_AUTO);
    struct el_query_span spans[2] = {{"Nerlo", 5, 4, NULL}, {"Marvik", 6, 1, NULL}};
    struct el_query query = {.text = "w lo Mar", .text_len = 8, .spans = spans, .n_spans = 2};
    reference_idf(pool, false, idf);
    reference_idf(pool, true, of_sentences);
    for (int variant = 0; variant < 3; variant++) {
        struct el_search_options options = {.k = 7, .symmetric = variant != 1};
        options.sentence_mix = variant == 0 ? 0 : 0.3;
        size_t n = 0;
        for (size_t i = 0; i < 120; i++) {
            struct el_pool_sentence s;
            assert_true(el_pool_get(pool, i, &s, NULL));
            double score = options.symmetric ? reference_symmetric(idf, &query, &s)
                                             : reference_score(idf, &query, &s);
            double other =
                reference_cosine(of_sentences, query.text, query.text_len, s.text, s.text_len);
            expected[n].score = (1 - options.sentence_mix) * score + options.sentence_mix * other;
            expected[n++].sentence = i;
        }
        qsort(expected, n, sizeof *expected, best_first);
        struct el_arena arena = {0};
        struct el_hits hits;
        assert_true(el_pool_search(pool, &query, &options, &arena, &hits, NULL));
        assert_int_equal(hits.count, 7);
        for (size_t i = 0; i < 7; i++) {
            assert_int_equal(hits.items[i].sentence, expected[i].sentence);
            assert_true(fabs(hits.items[i].score - expected[i].score) < 1e-5);
        }
        el_arena_free(&arena);
    }
    struct el_search_options wrong = {.k = 1, .sentence_mix = 1};
    struct el_arena arena = {0};
    struct el_hits hits;
    assert_false(el_pool_search(pool, &query, &wrong, &arena, &hits, NULL));
    el_pool_close(pool);
}

/* Of the corner pool: a, c, d and e hold Lisbon; c and d are the same text but for spaces. */
static void selection(void **state) {
    struct folder *f = folder_of(state);
    struct el_arena arena = {0};
    struct el_hits hits;
    write_file(f->jsonl, CORNERS);
    struct el_pool *pool = build(f, EL_STORAGE_AUTO);
    struct el_query_span span = span_of("Lisbon", 4);
    struct el_query query = {.text = "Lisbon", .text_len = 6, .spans = &span, .n_spans = 1};

    /* Alike sentences are not taken twice: d falls behind e. */
    struct el_search_options options = {.k = 3, .selection = EL_SELECT_DIVERSE, .diversity = 0.5};
    assert_true(el_pool_search(pool, &query, &options, &arena, &hits, NULL));
    assert_int_equal(hits.count, 3);
    assert_int_equal(hits.items[0].sentence, 0);
    assert_int_equal(hits.items[1].sentence, 2);
    assert_int_equal(hits.items[2].sentence, 4);
    assert_string_equal(hits.items[2].matches[0].with, "Lisbon");

    /* Without diversity it is the plain order. */
    options.diversity = 0;
    assert_true(el_pool_search(pool, &query, &options, &arena, &hits, NULL));
    assert_int_equal(hits.items[2].sentence, 3);

    /* a shows person and place; team comes next, with e. */
    options.selection = EL_SELECT_BALANCED;
    options.k = 2;
    assert_true(el_pool_search(pool, &query, &options, &arena, &hits, NULL));
    assert_int_equal(hits.count, 2);
    assert_int_equal(hits.items[0].sentence, 0);
    assert_int_equal(hits.items[1].sentence, 4);
    el_arena_free(&arena);
    el_pool_close(pool);
}

/* ---- threads ---- */

struct searcher {
    const struct el_pool *pool;
    size_t found[20], rounds;
};

static void *search_often(void *argument) {
    struct searcher *searcher = argument;
    for (size_t i = 0; i < 20; i++) {
        char text[16];
        snprintf(text, sizeof text, "Mar%zu", i * 137);
        struct el_query_span span = {text, strlen(text), 4, NULL};
        struct el_query query = {.text = "q", .text_len = 1, .spans = &span, .n_spans = 1};
        struct el_search_options options = {.k = 3, .threads = 3};
        struct el_arena arena = {0};
        struct el_hits hits;
        if (el_pool_search(searcher->pool, &query, &options, &arena, &hits, NULL)) {
            searcher->found[i] = hits.items[0].sentence;
            searcher->rounds++;
        }
        el_arena_free(&arena);
    }
    return NULL;
}

/* Several threads search one freshly opened pool, each with threads of its own. */
static void threads(void **state) {
    struct folder *f = folder_of(state);
    FILE *file = fopen(f->jsonl, "w");
    for (size_t i = 0; i < 3000; i++) {
        fprintf(file,
                "{\"text\":\"Mar%zu\",\"offset_unit\":\"byte\",\"entities\":[{\"start\":0,\"end\":"
                "%d,\"type\":\"t\"}]}\n",
                i,
                i < 10     ? 4
                : i < 100  ? 5
                : i < 1000 ? 6
                           : 7);
    }
    fclose(file);
    struct el_pool *pool = build(f, EL_STORAGE_AUTO);
    struct searcher searchers[3] = {{pool, {0}, 0}, {pool, {0}, 0}, {pool, {0}, 0}};
    pthread_t ids[3];
    for (size_t t = 0; t < 3; t++) {
        assert_int_equal(pthread_create(&ids[t], NULL, search_often, &searchers[t]), 0);
    }
    for (size_t t = 0; t < 3; t++) {
        pthread_join(ids[t], NULL);
        assert_int_equal(searchers[t].rounds, 20);
        for (size_t i = 0; i < 20; i++) {
            assert_int_equal(searchers[t].found[i], i * 137);
        }
    }
    el_pool_close(pool);
}

/* ---- a real pool, where the data sets are at hand ---- */

static void real_pool(void **state) {
    struct folder *f = folder_of(state);
    const char *shared = getenv("EL4NER_SHARED");
    char path[512];
    snprintf(path, sizeof path, "%s/data/wnut17/dev.jsonl", shared == NULL ? "../shared" : shared);
    if (access(path, R_OK) != 0) {
        print_message("no %s: skipped\n", path);
        skip();
    }
    const char *input = path;
    struct el_error err;
    struct el_pool *pool;
    struct el_pool_build_options options = {0};
    must(el_pool_build(&input, 1, f->pool, &options, &err), &err);
    must(el_pool_open(f->pool, NULL, &pool, &err), &err);
    size_t tried = 0;
    for (size_t i = 0; i < el_pool_get_info(pool)->n_sentences && tried < 10; i += 7) {
        struct el_pool_sentence s;
        struct el_query_span spans[8];
        must(el_pool_get(pool, i, &s, &err), &err);
        struct el_query query = {.text = s.text, .text_len = s.text_len, .spans = spans};
        for (size_t e = 0; e < s.n_entities && query.n_spans < 8; e++) {
            struct el_span span = s.entities[e].span;
            bool seen = false;
            for (size_t j = 0; j < query.n_spans; j++) {
                seen = seen || (spans[j].text_len == span.end - span.start &&
                                memcmp(spans[j].text, s.text + span.start, spans[j].text_len) == 0);
            }
            if (!seen) {
                spans[query.n_spans++] = (struct el_query_span){
                    s.text + span.start, span.end - span.start, e % 2 == 0 ? 4 : 1, NULL};
            }
        }
        if (query.n_spans > 0) {
            agree(pool, &query, false, K);
            tried++;
        }
    }
    assert_int_equal(tried, 10);
    el_pool_close(pool);
}

int main(void) {
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(random_pools), WITH_FOLDER(corners),   WITH_FOLDER(records),
        WITH_FOLDER(baselines),    WITH_FOLDER(threads),   WITH_FOLDER(variants),
        WITH_FOLDER(selection),    WITH_FOLDER(real_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

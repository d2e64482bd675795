/* How good are the demonstrations, before any language model sees them?
 *
 *     retrieval_quality POOL LABELLED [K [CONFIG]]
 *
 * For each labelled sentence with entities: K demonstrations (default 5) from the pool by each kind
 * of retrieval, then two coverages, averaged over sentences:
 *
 *     types     part of the sentence's gold types that some demonstration shows
 *     mentions  part of its gold mentions whose string (case folded) some demonstration shows
 *
 * "span (gold)" takes the gold spans as the query's spans, which is the best that pre-extraction
 * could do. With CONFIG the vectors are those of its embedding member (retrieve: vectors), without
 * it n-grams. "span (nouns)" takes runs of nouns by the tagger, which needs no model. */
#include "corpus/format.h"
#include "config/config.h"
#include "pipeline/embedder.h"
#include "retrieval/pool.h"
#include "retrieval/span_weight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum method { RANDOM, BM25, SENTENCE, SPAN_GOLD, SPAN_NOUNS, METHODS };
static const char *const NAMES[METHODS] = {"random", "BM25", "sentence", "span (gold)",
                                           "span (nouns)"};
static const enum el_similarity SIMILARITY[METHODS] = {EL_SIMILARITY_RANDOM, EL_SIMILARITY_BM25,
                                                       EL_SIMILARITY_SENTENCE, EL_SIMILARITY_SPAN,
                                                       EL_SIMILARITY_SPAN};

struct bench {
    struct el_pool *pool;
    struct el_tagger *tagger;
    double types[METHODS], mentions[METHODS];
    size_t sentences, fell_back[METHODS], k;
    struct el_config *config;
    struct el_client *client; /* NULL = n-grams */
    struct el_embedder embedder;
};

static void die(const char *message) {
    fprintf(stderr, "retrieval_quality: %s\n", message);
    exit(1);
}

static char *fold(struct el_arena *arena, const char *text, struct el_span span) {
    size_t len;
    char *folded = el_text_fold(arena, text + span.start, span.end - span.start, true, &len);
    if (folded == NULL) {
        die("out of memory");
    }
    return folded;
}

/* Which gold types and gold mentions the hits show. */
static void cover(struct bench *bench, const struct el_document *d, const struct el_hits *hits,
                  struct el_arena *arena, enum method method) {
    const struct el_pool_info *info = el_pool_get_info(bench->pool);
    bool *shown = el_arena_array(arena, d->n_entities * 2, sizeof *shown);
    bool *shown_type = shown + d->n_entities;
    for (size_t h = 0; h < hits->count; h++) {
        struct el_pool_sentence s;
        if (!el_pool_get(bench->pool, hits->items[h].sentence, &s, NULL)) {
            die("damaged pool");
        }
        for (size_t e = 0; e < s.n_entities; e++) {
            char *string = fold(arena, s.text, s.entities[e].span);
            for (size_t g = 0; g < d->n_entities; g++) {
                shown_type[g] |= strcmp(info->types[s.entities[e].type], d->entities[g].type) == 0;
                shown[g] |= strcmp(string, fold(arena, d->text, d->entities[g].span)) == 0;
            }
        }
    }
    size_t mentions = 0, types = 0, n_types = 0;
    for (size_t g = 0; g < d->n_entities; g++) {
        bool first = true;
        for (size_t i = 0; i < g; i++) {
            first = first && strcmp(d->entities[i].type, d->entities[g].type) != 0;
        }
        mentions += shown[g];
        n_types += first;
        types += first && shown_type[g];
    }
    bench->mentions[method] += (double)mentions / (double)d->n_entities;
    bench->types[method] += (double)types / (double)n_types;
}

static void open_pool(struct bench *bench, const char *path, const char *config) {
    struct el_pool_build_options options = {0};
    struct el_error err;
    if (config != NULL) {
        if (!el_config_load(config, &bench->config, &err)) {
            die(err.message);
        }
        const struct el_member_config *member = bench->config->embedder;
        if (member == NULL) {
            die("the configuration has no embedding member (retrieve: vectors)");
        }
        if (!el_client_start(member, 1, NULL, &bench->client, &err) ||
            !el_embedder_init(&bench->embedder, bench->client, 0, member, NULL, &err)) {
            die(err.message);
        }
        el_embedder_options(&bench->embedder, &options);
    }
    if (!el_pool_open_with(path, &options, &bench->pool, &err)) {
        die(err.message);
    }
}

/* Vectors of the query's spans and of its sentence. */
static void embed(struct bench *bench, struct el_query *query, struct el_query_span *spans,
                  struct el_arena *arena) {
    size_t d = bench->embedder.dimensions, n = query->n_spans + 1, len;
    const char **texts = el_arena_array(arena, n, sizeof *texts);
    float *vectors = el_arena_array(arena, n * d, sizeof *vectors);
    struct el_error err;
    if (texts == NULL || vectors == NULL) {
        die("out of memory");
    }
    for (size_t i = 0; i + 1 < n; i++) {
        texts[i] = el_text_fold(arena, spans[i].text, spans[i].text_len, false, &len);
        spans[i].vector = vectors + i * d;
    }
    texts[n - 1] = query->text;
    query->vector = vectors + (n - 1) * d;
    if (!el_embed(&bench->embedder, texts, n, vectors, &err)) {
        die(err.message);
    }
}

static void try_sentence(struct bench *bench, const struct el_document *d) {
    struct el_arena arena = {0};
    size_t room = d->n_tokens + d->n_entities;
    enum el_pos *tags = el_arena_array(&arena, d->n_tokens, sizeof *tags);
    struct el_span *runs = el_arena_array(&arena, room, sizeof *runs);
    struct el_query_span *spans = el_arena_array(&arena, room, sizeof *spans);
    if (tags == NULL || runs == NULL || spans == NULL ||
        !el_tagger_tag(bench->tagger, d->text, d->lang, d->tokens, d->n_tokens, tags)) {
        die("out of memory");
    }
    for (enum method m = 0; m < METHODS; m++) {
        size_t n = 0;
        if (m == SPAN_NOUNS) {
            n = el_noun_runs(d->tokens, tags, d->n_tokens, runs);
        } else if (m == SPAN_GOLD) {
            for (; n < d->n_entities; n++) {
                runs[n] = d->entities[n].span;
            }
        }
        for (size_t i = 0; i < n; i++) {
            spans[i] = (struct el_query_span){
                d->text + runs[i].start, runs[i].end - runs[i].start,
                el_span_weight(d->tokens, tags, d->n_tokens, runs[i], el_published_weights, NULL),
                NULL};
        }
        struct el_query query = {
            .text = d->text, .text_len = d->text_len, .spans = spans, .n_spans = n};
        struct el_search_options options = {.similarity = SIMILARITY[m], .k = bench->k, .seed = 1};
        struct el_hits hits;
        struct el_error err;
        if (bench->client != NULL && m >= SENTENCE) {
            embed(bench, &query, spans, &arena);
        }
        if (!el_pool_search(bench->pool, &query, &options, &arena, &hits, &err)) {
            die(err.message);
        }
        bench->fell_back[m] += hits.fell_back;
        cover(bench, d, &hits, &arena, m);
    }
    bench->sentences++;
    el_arena_free(&arena);
}

int main(int argc, char **argv) {
    struct bench bench = {.k = argc > 3 ? (size_t)strtoul(argv[3], NULL, 10) : 5};
    struct el_read_options read = {0};
    struct el_reader *reader;
    struct el_document *document;
    struct el_error err;
    if (argc < 3) {
        die("usage: retrieval_quality POOL LABELLED [K [CONFIG]]");
    }
    open_pool(&bench, argv[1], argc > 4 ? argv[4] : NULL);
    if (!el_tagger_open("models/tagger-en.bin", &bench.tagger, &err) ||
        !el_reader_open(argv[2], &read, &reader, &err)) {
        die(err.message);
    }
    for (int got; (got = el_reader_next(reader, &document, &err)) != 0;) {
        if (got < 0) {
            die(err.message);
        }
        if (document->n_entities > 0) {
            try_sentence(&bench, document);
        }
        el_document_free(document);
    }
    printf("%-13s %8s %8s  (%zu sentences, k = %zu)\n", "retrieval", "types", "mentions",
           bench.sentences, bench.k);
    for (enum method m = 0; m < METHODS; m++) {
        printf("%-13s %6.1f %% %6.1f %%", NAMES[m], 100 * bench.types[m] / (double)bench.sentences,
               100 * bench.mentions[m] / (double)bench.sentences);
        printf(bench.fell_back[m] > 0 ? "  %zu fell back\n" : "\n", bench.fell_back[m]);
    }
    el_reader_close(reader);
    el_pool_close(bench.pool);
    el_client_stop(bench.client);
    el_config_free(bench.config);
    el_tagger_close(bench.tagger);
    return 0;
}

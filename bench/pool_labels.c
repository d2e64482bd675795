/* What the pool's labels say alone, without any model.
 *
 *     pool_labels POOL LABELLED [THRESHOLD]
 *
 * POOL and LABELLED are labelled files or pools. For each sentence of LABELLED what a judgement
 * keeps that weighs the labels of POOL and nothing else (trust_pool: 1, pool: 1, threshold:
 * THRESHOLD, by default 0.25): one JSON line with its id, its text and its entities, offsets in
 * code points. */
#include "base/text.h"
#include "language/segment.h"
#include "retrieval/prior.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As in extract: {from_pool: 0.03}: what is less probable is no candidate. */
static const double CANDIDATE = 0.03;

static void die(const char *message) {
    fprintf(stderr, "pool_labels: %s\n", message);
    exit(1);
}

static struct el_pool *open_pool(const char *path) {
    struct el_pool *pool;
    struct el_error err = {0};
    if (!el_pool_open(path, NULL, &pool, &err)) {
        die(err.message);
    }
    return pool;
}

struct found {
    struct el_span span;
    size_t type;
    double probability;
};

static int more_probable(const void *a, const void *b) {
    const struct found *left = a, *right = b;
    if (left->probability != right->probability) {
        return left->probability > right->probability ? -1 : 1;
    }
    return el_span_order(left->span, right->span);
}

static int by_place(const void *a, const void *b) {
    return el_span_order(((const struct found *)a)->span, ((const struct found *)b)->span);
}

/* Of those that overlap the more probable stays. */
static size_t flatten(struct found *found, size_t n) {
    size_t kept = 0;
    qsort(found, n, sizeof *found, more_probable);
    for (size_t i = 0; i < n; i++) {
        bool overlaps = false;
        for (size_t k = 0; k < kept && !overlaps; k++) {
            overlaps =
                found[i].span.start < found[k].span.end && found[k].span.start < found[i].span.end;
        }
        if (!overlaps) {
            found[kept++] = found[i];
        }
    }
    qsort(found, kept, sizeof *found, by_place);
    return kept;
}

static size_t look(struct el_prior *prior, const struct el_pool_sentence *s, double threshold,
                   struct el_arena *arena, struct found **found) {
    struct el_spans words, spans;
    struct el_error err = {0};
    size_t n_types, n = 0;
    (void)el_prior_types(prior, &n_types);
    if (!el_segment_words(arena, s->text, s->text_len, s->lang, &words, &err) ||
        !el_prior_spans(prior, s->text, &words, CANDIDATE, arena, &spans, &err)) {
        die(err.message);
    }
    double *mention = el_arena_array(arena, spans.count, sizeof *mention);
    float *shares = el_arena_array(arena, spans.count * n_types, sizeof *shares);
    *found = el_arena_array(arena, spans.count + 1, sizeof **found);
    if (mention == NULL || shares == NULL || *found == NULL ||
        !el_prior_of(prior, s->text, &words, spans.items, spans.count, arena, mention, shares,
                     &err)) {
        die("out of memory");
    }
    for (size_t i = 0; i < spans.count; i++) {
        const float *own = shares + i * n_types;
        size_t type = 0;
        for (size_t t = 1; t < n_types; t++) {
            type = own[t] > own[type] ? t : type;
        }
        double probability = mention[i] * (double)own[type];
        if (probability >= threshold) {
            (*found)[n++] = (struct found){spans.items[i], type, probability};
        }
    }
    return flatten(*found, n);
}

static void print(const struct el_pool_sentence *s, const struct found *found, size_t n,
                  const char *const *types) {
    json_t *entities = json_array();
    for (size_t i = 0; i < n; i++) {
        size_t at[] = {found[i].span.start, found[i].span.end};
        el_offsets_from_bytes(s->text, s->text_len, EL_UNIT_CODEPOINT, at, 2);
        json_array_append_new(entities,
                              json_pack("{sI sI ss sf}", "start", (json_int_t)at[0], "end",
                                        (json_int_t)at[1], "type", types[found[i].type], "score",
                                        found[i].probability));
    }
    json_t *line = json_pack("{ss ss so}", "id", s->id, "text", s->text, "entities", entities);
    char *text = json_dumps(line, JSON_COMPACT);
    if (text == NULL) {
        die("out of memory");
    }
    puts(text);
    free(text);
    json_decref(line);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        die("usage: pool_labels POOL LABELLED [THRESHOLD]");
    }
    struct el_pool *pool = open_pool(argv[1]), *labelled = open_pool(argv[2]);
    double threshold = argc > 3 ? atof(argv[3]) : 0.25;
    struct el_prior *prior;
    struct el_error err = {0};
    if (!el_prior_open(pool, &prior, &err)) {
        die(err.message);
    }
    for (size_t i = 0; i < el_pool_get_info(labelled)->n_sentences; i++) {
        struct el_pool_sentence s;
        struct el_arena arena = {0};
        struct found *found = NULL;
        if (!el_pool_get(labelled, i, &s, &err)) {
            die(err.message);
        }
        size_t n = prior != NULL ? look(prior, &s, threshold, &arena, &found) : 0;
        print(&s, found, n, el_pool_get_info(pool)->types);
        el_arena_free(&arena);
    }
    el_prior_close(prior);
    el_pool_close(pool);
    el_pool_close(labelled);
}

/* Train the part-of-speech tagger and write its weights.
 *
 *     train-tagger OUT LANGUAGES EPOCHS TRAIN.jsonl... [-- DEV.jsonl]
 *     train-tagger --evaluate WEIGHTS DEV.jsonl
 *
 * A line of a training file is {"tokens": [...], "upos": [...]}; a token without a known universal
 * tag is not trained on. With a DEV file (never trained on), prints accuracy and speed of the
 * weights as written. */
#include "base/checksum.h"
#include "language/tag_features.h"
#include "language/tagger.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The weights as shipped: 3 MB, and 8 steps to a weight of 1 (averaged weights are seldom above
 * 15). Twice the slots were 0.1 % better. */
enum { SLOTS = 1 << 17, STEPS = 8 };

struct sentence {
    char *text; /* tokens joined by a space */
    struct el_span *words;
    enum el_pos *tags; /* EL_POS_COUNT = not known */
    size_t n;
};

struct corpus {
    struct sentence *items;
    size_t n, capacity;
};

static void die(const char *what) {
    fprintf(stderr, "train-tagger: %s\n", what);
    exit(1);
}

static void *must(void *memory) {
    if (memory == NULL) {
        die("out of memory");
    }
    return memory;
}

static struct sentence make_sentence(const json_t *line) {
    const json_t *tokens = json_object_get(line, "tokens"), *upos = json_object_get(line, "upos");
    struct sentence s = {.n = json_array_size(tokens)};
    size_t bytes = 1, at = 0;
    for (size_t i = 0; i < s.n; i++) {
        bytes += json_string_length(json_array_get(tokens, i)) + 1;
    }
    s.text = must(calloc(bytes, 1));
    s.words = must(calloc(s.n + 1, sizeof *s.words));
    s.tags = must(calloc(s.n + 1, sizeof *s.tags));
    for (size_t i = 0; i < s.n; i++) {
        const json_t *token = json_array_get(tokens, i);
        size_t len = json_string_length(token);
        memcpy(s.text + at, json_string_value(token), len);
        s.words[i] = (struct el_span){at, at + len};
        at += len;
        s.text[at++] = ' ';
        const char *name = json_string_value(json_array_get(upos, i));
        if (name == NULL || !el_pos_from_name(name, &s.tags[i])) {
            s.tags[i] = EL_POS_COUNT;
        }
    }
    return s;
}

static void read_corpus(const char *path, struct corpus *corpus) {
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    while (getline(&line, &room, file) > 0) {
        json_t *object = json_loads(line, 0, NULL);
        if (object == NULL) {
            die("a line that is no JSON");
        }
        if (corpus->n == corpus->capacity) {
            corpus->capacity = corpus->capacity == 0 ? 1024 : corpus->capacity * 2;
            corpus->items = must(realloc(corpus->items, corpus->capacity * sizeof *corpus->items));
        }
        corpus->items[corpus->n++] = make_sentence(object);
        json_decref(object);
    }
    free(line);
    fclose(file);
}

/* Weights in training: an open hash table from feature to a row of numbers. */
struct row {
    uint64_t feature;
    uint32_t seen; /* how often it was updated */
    float weights[EL_POS_COUNT];
    float sums[EL_POS_COUNT]; /* of step * change, for the average */
};

struct model {
    struct row *rows;
    size_t n, n_slots;
    float step;
};

static struct row *row_of(struct model *model, uint64_t feature, int add) {
    size_t at = feature & (model->n_slots - 1);
    while (model->rows[at].feature != 0 && model->rows[at].feature != feature) {
        at = (at + 1) & (model->n_slots - 1);
    }
    if (model->rows[at].feature == 0) {
        if (!add) {
            return NULL;
        }
        if (++model->n * 4 > model->n_slots * 3) {
            die("more features than the table has room for");
        }
        model->rows[at].feature = feature;
    }
    return &model->rows[at];
}

static void score(struct model *model, const uint64_t *features, size_t n, float *scores) {
    memset(scores, 0, EL_POS_COUNT * sizeof *scores);
    for (size_t f = 0; f < n; f++) {
        const struct row *row = row_of(model, features[f], 0);
        for (size_t t = 0; row != NULL && t < EL_POS_COUNT; t++) {
            scores[t] += row->weights[t];
        }
    }
}

static size_t best_of(const float *scores) {
    size_t best = 0;
    for (size_t t = 1; t < EL_POS_COUNT; t++) {
        best = scores[t] > scores[best] ? t : best;
    }
    return best;
}

static void update(struct model *model, const uint64_t *features, size_t n, size_t right,
                   size_t wrong) {
    for (size_t f = 0; f < n; f++) {
        struct row *row = row_of(model, features[f], 1);
        row->seen++;
        row->weights[right] += 1;
        row->weights[wrong] -= 1;
        row->sums[right] += model->step;
        row->sums[wrong] -= model->step;
    }
}

static size_t train_sentence(struct model *model, const struct sentence *s) {
    struct el_tag_word *words = must(calloc(s->n + 1, sizeof *words));
    enum el_pos before = EL_POS_COUNT, before2 = EL_POS_COUNT;
    size_t wrong = 0;
    for (size_t i = 0; i < s->n; i++) {
        el_tag_word_make(s->text + s->words[i].start, s->words[i].end - s->words[i].start,
                         &words[i]);
    }
    for (size_t i = 0; i < s->n; i++) {
        uint64_t features[EL_TAG_FEATURES];
        float scores[EL_POS_COUNT];
        size_t n = el_tag_features(words, s->n, i, before, before2, features);
        score(model, features, n, scores);
        size_t guess = best_of(scores);
        if (s->tags[i] != EL_POS_COUNT && s->tags[i] != guess) {
            update(model, features, n, s->tags[i], guess);
            wrong++;
        }
        model->step += 1e-3f;
        /* What the tagger said, not what is right, stands to the left when it is used. */
        before2 = before;
        before = (enum el_pos)guess;
    }
    free(words);
    return wrong;
}

static void shuffle(size_t *order, size_t n, uint64_t seed) {
    for (size_t i = n; i > 1; i--) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        size_t j = (size_t)((seed >> 33) % i), swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}

static void train(struct model *model, const struct corpus *corpus, size_t epochs) {
    size_t *order = must(calloc(corpus->n + 1, sizeof *order));
    for (size_t i = 0; i < corpus->n; i++) {
        order[i] = i;
    }
    for (size_t epoch = 0; epoch < epochs; epoch++) {
        size_t wrong = 0;
        shuffle(order, corpus->n, epoch + 1);
        for (size_t i = 0; i < corpus->n; i++) {
            wrong += train_sentence(model, &corpus->items[order[i]]);
        }
        printf("epoch %zu: %zu errors, %zu features\n", epoch + 1, wrong, model->n);
        fflush(stdout);
    }
    free(order);
}

/* The average of the weights over all steps: w - sum(step * change) / steps. */
static float average(const struct model *model, const struct row *row, size_t t) {
    return row->weights[t] - row->sums[t] / model->step;
}

/* Keep the rows with the largest weights, at most 7 of 10 slots; scale to 8 bits. */
static float norm_of(const struct model *model, const struct row *row) {
    float largest = 0;
    for (size_t t = 0; t < EL_POS_COUNT; t++) {
        float w = average(model, row, t);
        largest = w > largest ? w : -w > largest ? -w : largest;
    }
    return largest;
}

static int larger_first(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

static void write_weights(const struct model *model, const char *path, const char *languages,
                          size_t n_slots, double unit) {
    struct el_tag_header header = {.version = EL_TAG_VERSION,
                                   .byte_order = 0x01020304,
                                   .n_tags = EL_POS_COUNT,
                                   .n_slots = (uint32_t)n_slots};
    struct el_tag_slot *slots = must(calloc(n_slots, sizeof *slots));
    float *norms = must(calloc(model->n + 1, sizeof *norms));
    size_t n = 0, room = n_slots * 7 / 10, kept = 0, clashes = 0;
    memcpy(header.magic, EL_TAG_MAGIC, sizeof header.magic);
    snprintf(header.languages, sizeof header.languages, "%s", languages);
    for (size_t i = 0; i < model->n_slots; i++) {
        if (model->rows[i].feature != 0) {
            norms[n++] = norm_of(model, &model->rows[i]);
        }
    }
    qsort(norms, n, sizeof *norms, larger_first);
    float least = n > room ? norms[room] : 0;
    for (size_t i = 0; i < model->n_slots; i++) {
        const struct row *row = &model->rows[i];
        if (row->feature == 0 || norm_of(model, row) <= least) {
            continue;
        }
        uint32_t key = el_tag_key(row->feature);
        size_t at = row->feature & (n_slots - 1);
        while (slots[at].key != 0 && slots[at].key != key) {
            at = (at + 1) & (n_slots - 1);
        }
        clashes += slots[at].key == key;
        slots[at].key = key;
        for (size_t t = 0; t < EL_POS_COUNT; t++) {
            double w = average(model, row, t) * unit;
            w = w > 127 ? 127 : w < -127 ? -127 : w;
            slots[at].weights[t] = (int8_t)(w < 0 ? w - 0.5 : w + 0.5);
        }
        kept++;
    }
    header.checksum = el_checksum(slots, n_slots * sizeof *slots);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(&header, sizeof header, 1, file) != 1 ||
        fwrite(slots, sizeof *slots, n_slots, file) != n_slots || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
    printf("%s: %zu of %zu features kept (least weight %.3f, %zu clashes), %zu bytes\n", path, kept,
           model->n, (double)least, clashes, sizeof header + n_slots * sizeof *slots);
    free(slots);
    free(norms);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void evaluate(const char *weights, const char *path) {
    struct corpus corpus = {0};
    struct el_tagger *tagger = NULL;
    struct el_error err;
    enum el_pos tags[4096];
    size_t right = 0, total = 0, rule = 0, times = 20, known[3] = {0};
    read_corpus(path, &corpus);
    if (!el_tagger_open(weights, &tagger, &err)) {
        die(err.message);
    }
    for (size_t s = 0; s < corpus.n; s++) {
        const struct sentence *it = &corpus.items[s];
        size_t n = it->n < 4096 ? it->n : 4096;
        el_tagger_tag(tagger, it->text, "en", it->words, n, tags);
        for (size_t i = 0; i < n; i++) {
            bool propn = it->tags[i] == EL_POS_PROPN;
            right += it->tags[i] == tags[i];
            known[0] += propn && tags[i] == EL_POS_PROPN;
            known[1] += propn;
            known[2] += tags[i] == EL_POS_PROPN;
        }
        total += n;
        el_tagger_tag(NULL, it->text, "en", it->words, n, tags);
        for (size_t i = 0; i < n; i++) {
            rule += it->tags[i] == tags[i];
        }
    }
    double start = now();
    for (size_t k = 0; k < times; k++) {
        for (size_t s = 0; s < corpus.n; s++) {
            const struct sentence *it = &corpus.items[s];
            el_tagger_tag(tagger, it->text, "en", it->words, it->n < 4096 ? it->n : 4096, tags);
        }
    }
    double seconds = now() - start;
    printf("%s: %zu of %zu words right, %.2f %%; PROPN precision %.2f %%, recall %.2f %%; "
           "rule alone %.2f %%; %.0f words/s on one core\n",
           path, right, total, 100.0 * (double)right / (double)total,
           100.0 * (double)known[0] / (double)known[2], 100.0 * (double)known[0] / (double)known[1],
           100.0 * (double)rule / (double)total, (double)(times * total) / seconds);
    el_tagger_close(tagger);
}

int main(int argc, char **argv) {
    struct corpus corpus = {0};
    struct model model = {.n_slots = 1 << 23};
    int i = 4;
    if (argc == 4 && strcmp(argv[1], "--evaluate") == 0) {
        evaluate(argv[2], argv[3]);
        return 0;
    }
    if (argc < 5) {
        die("usage: train-tagger OUT LANGUAGES EPOCHS TRAIN.jsonl... [-- DEV.jsonl]");
    }
    model.rows = must(calloc(model.n_slots, sizeof *model.rows));
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        read_corpus(argv[i], &corpus);
    }
    train(&model, &corpus, (size_t)strtoul(argv[3], NULL, 10));
    write_weights(&model, argv[1], argv[2], SLOTS, STEPS);
    if (i + 1 < argc) {
        evaluate(argv[1], argv[i + 1]);
    }
    return 0;
}

#include "retrieval/prior.h"

#include "base/array.h"
#include "base/logistic.h"
#include "base/random.h"
#include "corpus/document.h"
#include "retrieval/label_counts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COUNTED = 20000, MOST_FITTED = 1500, NEGATIVE_EVERY = 4, SMALL = 500 };

/* What is known of a span. Numbers are log-odds against the average. */
enum known {
    BIAS,
    STRING,                        /* labelled where it occurs */
    LABELLED,                      /* 1 if it is labelled anywhere */
    FIRST,                         /* word and its parts begin a mention */
    LAST = FIRST + EL_WORD_PARTS,  /* ... end one */
    INSIDE = LAST + EL_WORD_PARTS, /* the words are inside of one: the mean */
    INSIDE_ENDING,                 /* their endings are */
    INSIDE_SHAPE,
    LEAST_INSIDE,                          /* the least of words, and of each part */
    BEFORE = LEAST_INSIDE + EL_WORD_PARTS, /* the word before goes before one */
    AFTER,
    BEFORE_ENDING, /* its ending does */
    AFTER_ENDING,
    BEFORE_SHAPE,
    AFTER_SHAPE,
    SECOND_BEFORE, /* the word before that does so */
    SECOND_AFTER,
    BEFORE_INSIDE, /* the word before is inside of one */
    AFTER_INSIDE,
    BEFORE_SHAPE_INSIDE, /* its shape is */
    AFTER_SHAPE_INSIDE,
    WORDS, /* log of their number */
    AT_START,
    N_KNOWN
};

/* What is known of a type, if the span is a mention. */
enum known_of_type {
    SHARE,       /* of the mentions */
    STRING_TYPE, /* the string's, against the type's share; so the others */
    FIRST_TYPE,
    LAST_TYPE,
    FIRST_BEGINNING_TYPE, /* of the first word's first letters */
    FIRST_ENDING_TYPE,
    FIRST_SHAPE_TYPE,
    LAST_BEGINNING_TYPE,
    LAST_ENDING_TYPE,
    LAST_SHAPE_TYPE,
    BEFORE_TYPE,
    AFTER_TYPE,
    SECOND_BEFORE_TYPE,
    SECOND_AFTER_TYPE,
    INSIDE_TYPE,
    N_KNOWN_OF_TYPE
};

struct el_prior {
    struct el_arena arena;
    struct el_label_counts counts;
    struct el_counted_sentence *sentences; /* in pool order */
    size_t n_sentences, n_types;
    size_t block;             /* sentences of a neighbourhood; one begins at each multiple */
    const char *const *types; /* the pool's */
    double mention[N_KNOWN], type[N_KNOWN_OF_TYPE]; /* the weights */
};

/* ---- what is known ---- */

static double log_odds(double p) {
    return log(p / (1 - p));
}

/* That a word is at this place, against the average of words. */
static double at_place(const struct el_prior *prior, uint64_t key, enum el_place place) {
    static const double PSEUDO = 2, LEAST = 1e-4;
    const struct el_label_counts *counts = &prior->counts;
    double average =
        counts->words > 0 ? (double)counts->at_place[place] / (double)counts->words : 0;
    average = fmin(fmax(average, LEAST), 0.5);
    double p = ((double)el_count_at(counts, key, place) + PSEUDO * average) /
               ((double)el_count_of(counts, key) + PSEUDO);
    return log_odds(fmin(fmax(p, LEAST), 1 - LEAST)) - log_odds(average);
}

static double word_at(const struct el_prior *prior, const struct el_counted_sentence *sentence,
                      ptrdiff_t at, enum el_word_part part, enum el_place place) {
    return at_place(prior, el_word_key(sentence, at, part), place);
}

static bool is_border(const struct el_counted_sentence *sentence, ptrdiff_t at) {
    return at < 0 || (size_t)at >= sentence->n_words;
}

/* A word beside the span that is inside of a mention says that the span is only a part. */
static double inside_beside(const struct el_prior *prior,
                            const struct el_counted_sentence *sentence, ptrdiff_t at,
                            enum el_word_part part) {
    return is_border(sentence, at) ? -2 : word_at(prior, sentence, at, part, EL_INSIDE);
}

/* The ending or the shape of a word beside the span; the border has none. */
static double part_beside(const struct el_prior *prior, const struct el_counted_sentence *sentence,
                          ptrdiff_t at, enum el_word_part part, enum el_place place) {
    return is_border(sentence, at) ? 0 : word_at(prior, sentence, at, part, place);
}

static void know_span(const struct el_prior *prior, const struct el_counted_sentence *sentence,
                      size_t first, size_t end, double *x) {
    static const double PSEUDO = 0.3;
    uint64_t string = el_string_key(sentence, first, end);
    double labelled = (double)el_string_labelled(&prior->counts, string);
    double occurs = (double)el_string_occurs(&prior->counts, string);
    ptrdiff_t before = (ptrdiff_t)first - 1, after = (ptrdiff_t)end;
    double mean[EL_WORD_PARTS];
    memset(x, 0, N_KNOWN * sizeof *x);
    x[BIAS] = 1;
    x[STRING] = log((labelled + PSEUDO) / (fmax(occurs - labelled, 0) + PSEUDO));
    x[LABELLED] = labelled > 0;
    for (size_t part = 0; part < EL_WORD_PARTS; part++) {
        enum el_word_part which = (enum el_word_part)part;
        x[FIRST + part] = word_at(prior, sentence, (ptrdiff_t)first, which, EL_FIRST);
        x[LAST + part] = word_at(prior, sentence, (ptrdiff_t)end - 1, which, EL_LAST);
        double least = INFINITY, sum = 0;
        for (size_t i = first; i < end; i++) {
            double inside = word_at(prior, sentence, (ptrdiff_t)i, which, EL_INSIDE);
            least = fmin(least, inside);
            sum += inside;
        }
        x[LEAST_INSIDE + part] = least;
        mean[part] = sum / (double)(end - first);
    }
    x[INSIDE] = mean[EL_WORD];
    x[INSIDE_ENDING] = mean[EL_ENDING];
    x[INSIDE_SHAPE] = mean[EL_SHAPE];
    x[BEFORE] = word_at(prior, sentence, before, EL_WORD, EL_BEFORE);
    x[AFTER] = word_at(prior, sentence, after, EL_WORD, EL_AFTER);
    x[BEFORE_ENDING] = part_beside(prior, sentence, before, EL_ENDING, EL_BEFORE);
    x[AFTER_ENDING] = part_beside(prior, sentence, after, EL_ENDING, EL_AFTER);
    x[BEFORE_SHAPE] = part_beside(prior, sentence, before, EL_SHAPE, EL_BEFORE);
    x[AFTER_SHAPE] = part_beside(prior, sentence, after, EL_SHAPE, EL_AFTER);
    x[SECOND_BEFORE] = word_at(prior, sentence, before - 1, EL_WORD, EL_SECOND_BEFORE);
    x[SECOND_AFTER] = word_at(prior, sentence, after + 1, EL_WORD, EL_SECOND_AFTER);
    x[BEFORE_INSIDE] = inside_beside(prior, sentence, before, EL_WORD);
    x[AFTER_INSIDE] = inside_beside(prior, sentence, after, EL_WORD);
    x[BEFORE_SHAPE_INSIDE] = inside_beside(prior, sentence, before, EL_SHAPE);
    x[AFTER_SHAPE_INSIDE] = inside_beside(prior, sentence, after, EL_SHAPE);
    x[WORDS] = log((double)(end - first));
    x[AT_START] = first == 0;
}

/* log of the type's share among `all` mentions, of which it has `own`, over its share of all. */
static double of_type(int64_t own, int64_t all, double share, double pseudo) {
    return log(((double)own + pseudo * share) / ((double)all + pseudo) / share);
}

static double word_of_type(const struct el_prior *prior, uint64_t key, enum el_place place,
                           size_t type, double share) {
    return of_type(el_count_typed(&prior->counts, key, place, type),
                   el_count_at(&prior->counts, key, place), share, 1);
}

/* A row for each type. */
static void know_types(const struct el_prior *prior, const struct el_counted_sentence *sentence,
                       size_t first, size_t end, double *rows) {
    const struct el_label_counts *counts = &prior->counts;
    uint64_t string = el_string_key(sentence, first, end);
    ptrdiff_t begin = (ptrdiff_t)first, last = (ptrdiff_t)end - 1;
    for (size_t t = 0; t < prior->n_types; t++) {
        double *z = rows + t * N_KNOWN_OF_TYPE;
        double share = ((double)counts->of_type[t] + 0.5) /
                       ((double)counts->mentions + 0.5 * (double)prior->n_types);
        z[SHARE] = log(share);
        z[STRING_TYPE] = of_type(el_string_typed(counts, string, t),
                                 el_string_labelled(counts, string), share, 0.5);
        struct {
            enum known_of_type what;
            ptrdiff_t at;
            enum el_word_part part;
            enum el_place place;
        } words[] = {
            {FIRST_TYPE, begin, EL_WORD, EL_FIRST},
            {LAST_TYPE, last, EL_WORD, EL_LAST},
            {FIRST_BEGINNING_TYPE, begin, EL_BEGINNING, EL_FIRST},
            {FIRST_ENDING_TYPE, begin, EL_ENDING, EL_FIRST},
            {FIRST_SHAPE_TYPE, begin, EL_SHAPE, EL_FIRST},
            {LAST_BEGINNING_TYPE, last, EL_BEGINNING, EL_LAST},
            {LAST_ENDING_TYPE, last, EL_ENDING, EL_LAST},
            {LAST_SHAPE_TYPE, last, EL_SHAPE, EL_LAST},
            {BEFORE_TYPE, begin - 1, EL_WORD, EL_BEFORE},
            {AFTER_TYPE, last + 1, EL_WORD, EL_AFTER},
            {SECOND_BEFORE_TYPE, begin - 2, EL_WORD, EL_SECOND_BEFORE},
            {SECOND_AFTER_TYPE, last + 2, EL_WORD, EL_SECOND_AFTER},
        };
        for (size_t i = 0; i < EL_COUNT(words); i++) {
            z[words[i].what] = word_of_type(
                prior, el_word_key(sentence, words[i].at, words[i].part), words[i].place, t, share);
        }
        z[INSIDE_TYPE] = 0;
        for (size_t i = first; i < end; i++) {
            uint64_t key = el_word_key(sentence, (ptrdiff_t)i, EL_WORD);
            z[INSIDE_TYPE] += word_of_type(prior, key, EL_INSIDE, t, share) / (double)(end - first);
        }
    }
}

/* ---- counting ---- */

/* Words and mentions of a pool sentence. Labels that end inside of words are left out. */
static bool read_sentence(struct el_prior *prior, const struct el_pool *pool, size_t number,
                          struct el_counted_sentence *out, struct el_error *err) {
    struct el_pool_sentence sentence;
    struct el_spans words;
    struct el_arena scratch = {0};
    bool fine =
        el_pool_get(pool, number, &sentence, err) &&
        el_segment_words(&scratch, sentence.text, sentence.text_len, sentence.lang, &words, err);
    if (fine) {
        fine = el_word_keys_of(&prior->arena, sentence.text, &words, out);
        out->mentions = el_arena_array(&prior->arena, sentence.n_entities, sizeof *out->mentions);
        fine = (fine && out->mentions != NULL) || el_fail_memory(err);
    }
    for (size_t i = 0; fine && i < sentence.n_entities; i++) {
        const struct el_pool_entity *entity = &sentence.entities[i];
        struct el_labelled_words *mention = &out->mentions[out->n_mentions];
        bool exact;
        if (el_tokens_cover(words.items, words.count, entity->span, &mention->first, &mention->end,
                            &exact) &&
            exact) {
            mention->type = entity->type;
            out->n_mentions++;
        }
    }
    out->number = number;
    el_arena_free(&scratch);
    return fine;
}

static bool count_pool(struct el_prior *prior, const struct el_pool *pool, struct el_error *err) {
    size_t n = el_pool_get_info(pool)->n_sentences, step = n / MOST_COUNTED + 1;
    prior->block = el_pool_neighbours(pool);
    prior->sentences =
        el_arena_array(&prior->arena, n / step + prior->block, sizeof *prior->sentences);
    if (prior->sentences == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < n; i++) { /* whole blocks */
        if (i / prior->block % step == 0 &&
            !read_sentence(prior, pool, i, &prior->sentences[prior->n_sentences++], err)) {
            return false;
        }
    }
    bool fine = true;
    for (size_t i = 0; fine && i < prior->n_sentences; i++) {
        fine = el_count_labels(&prior->counts, &prior->sentences[i], 1);
    }
    for (size_t i = 0; fine && i < prior->n_sentences; i++) {
        fine = el_count_strings(&prior->counts, &prior->sentences[i], 1);
    }
    return fine || el_fail_memory(err);
}

/* The counts with the block of a sentence, or without it; a text that the pool does not have is in
 * none. */
static void count_block(struct el_prior *prior, size_t sentence, int times) {
    if (sentence >= prior->n_sentences) {
        return;
    }
    size_t first = sentence - sentence % prior->block;
    for (size_t i = first; i < prior->n_sentences && i < first + prior->block; i++) {
        (void)el_count_labels(&prior->counts, &prior->sentences[i], times);
        (void)el_count_strings(&prior->counts, &prior->sentences[i], times);
    }
}

/* ---- fitting ---- */

struct samples {
    double *x, *z; /* rows */
    bool *y;
    size_t *choice;
    size_t n, n_choices, x_room, y_room, z_room, choice_room;
    uint64_t random;
    size_t negative_every;
};

static const struct el_labelled_words *labelled(const struct el_counted_sentence *sentence,
                                                size_t first, size_t end) {
    for (size_t i = 0; i < sentence->n_mentions; i++) {
        if (sentence->mentions[i].first == first && sentence->mentions[i].end == end) {
            return &sentence->mentions[i];
        }
    }
    return NULL;
}

static bool add_span(const struct el_prior *prior, struct samples *s,
                     const struct el_counted_sentence *sentence, size_t first, size_t end) {
    const struct el_labelled_words *mention = labelled(sentence, first, end);
    if (mention == NULL && el_random_below(&s->random, s->negative_every) != 0) {
        return true;
    }
    if (!EL_GROW(s->x, s->x_room, (s->n + 1) * N_KNOWN) || !EL_GROW(s->y, s->y_room, s->n + 1)) {
        return false;
    }
    know_span(prior, sentence, first, end, s->x + s->n * N_KNOWN);
    s->y[s->n++] = mention != NULL;
    if (mention == NULL) {
        return true;
    }
    size_t row = prior->n_types * N_KNOWN_OF_TYPE;
    if (!EL_GROW(s->z, s->z_room, (s->n_choices + 1) * row) ||
        !EL_GROW(s->choice, s->choice_room, s->n_choices + 1)) {
        return false;
    }
    know_types(prior, sentence, first, end, s->z + s->n_choices * row);
    s->choice[s->n_choices++] = mention->type;
    return true;
}

static bool add_sentence(const struct el_prior *prior, struct samples *s,
                         const struct el_counted_sentence *sentence) {
    for (size_t first = 0; first < sentence->n_words; first++) {
        for (size_t end = first + 1; end <= sentence->n_words && end <= first + EL_SPAN_WORDS;
             end++) {
            if (!add_span(prior, s, sentence, first, end)) {
                return false;
            }
        }
    }
    return true;
}

static bool fit(struct el_prior *prior) {
    static const double PENALTY = 1, BIAS_PENALTY = 1e-6; /* which keeps the Hessian definite */
    static const double TYPE_PENALTY = 3, TYPE_WEIGHT = 0.3;
    struct samples s = {.negative_every = prior->n_sentences <= SMALL ? 1 : NEGATIVE_EVERY};
    double start[N_KNOWN_OF_TYPE], penalty_of_type[N_KNOWN_OF_TYPE], penalty[N_KNOWN];
    size_t block = prior->block, blocks = (prior->n_sentences + block - 1) / block;
    size_t step = blocks * block / MOST_FITTED + 1;
    bool fine = true;
    for (size_t b = 0; fine && b < blocks; b += step) {
        count_block(prior, b * block, -1);
        for (size_t i = b * block; fine && i < prior->n_sentences && i < (b + 1) * block; i++) {
            fine = add_sentence(prior, &s, &prior->sentences[i]);
        }
        count_block(prior, b * block, 1);
    }
    for (size_t i = 0; i < N_KNOWN_OF_TYPE; i++) {
        start[i] = i == SHARE ? 1 : TYPE_WEIGHT;
        penalty_of_type[i] = TYPE_PENALTY;
    }
    for (size_t i = 0; i < N_KNOWN; i++) {
        penalty[i] = i == BIAS ? BIAS_PENALTY : PENALTY;
    }
    fine = fine && el_logistic_fit(s.x, s.y, NULL, s.n, N_KNOWN, penalty, NULL, prior->mention) &&
           el_choice_fit(s.z, s.choice, s.n_choices, prior->n_types, N_KNOWN_OF_TYPE,
                         penalty_of_type, start, prior->type);
    prior->mention[BIAS] -= log((double)s.negative_every);
    free(s.x);
    free(s.z);
    free(s.y);
    free(s.choice);
    return fine;
}

bool el_prior_open(const struct el_pool *pool, struct el_prior **out, struct el_error *err) {
    struct el_prior *prior = calloc(1, sizeof *prior);
    *out = NULL;
    if (prior == NULL) {
        return el_fail_memory(err);
    }
    prior->n_types = el_pool_get_info(pool)->n_types;
    prior->types = el_pool_get_info(pool)->types;
    bool fine = (el_label_counts_init(&prior->counts, prior->n_types) || el_fail_memory(err)) &&
                count_pool(prior, pool, err);
    bool knows = fine && prior->counts.mentions > 0;
    fine = fine && (!knows || fit(prior) || el_fail_memory(err));
    if (!fine || !knows) {
        el_prior_close(prior);
        return fine;
    }
    *out = prior;
    return true;
}

const char *const *el_prior_types(const struct el_prior *prior, size_t *n) {
    *n = prior->n_types;
    return prior->types;
}

void el_prior_close(struct el_prior *prior) {
    if (prior != NULL) {
        el_label_counts_free(&prior->counts);
        el_arena_free(&prior->arena);
        free(prior);
    }
}

/* ---- looking ---- */

/* The pool's sentence with the same words, or n_sentences. */
static size_t find_itself(const struct el_prior *prior,
                          const struct el_counted_sentence *sentence) {
    size_t i = 0;
    while (i < prior->n_sentences && (prior->sentences[i].hash != sentence->hash ||
                                      prior->sentences[i].n_words != sentence->n_words)) {
        i++;
    }
    return i;
}

static double probability(const struct el_prior *prior, const struct el_counted_sentence *sentence,
                          size_t first, size_t end) {
    double x[N_KNOWN];
    know_span(prior, sentence, first, end, x);
    return el_logistic(prior->mention, x, N_KNOWN);
}

bool el_prior_spans(struct el_prior *prior, const char *text, const struct el_spans *words,
                    double least, struct el_arena *arena, struct el_spans *spans,
                    struct el_error *err) {
    struct el_counted_sentence sentence;
    *spans = (struct el_spans){
        .items = el_arena_array(arena, words->count * EL_SPAN_WORDS, sizeof *spans->items)};
    if (spans->items == NULL || !el_word_keys_of(arena, text, words, &sentence)) {
        return el_fail_memory(err);
    }
    size_t itself = find_itself(prior, &sentence);
    count_block(prior, itself, -1);
    for (size_t first = 0; first < words->count; first++) {
        for (size_t end = first + 1; end <= words->count && end <= first + EL_SPAN_WORDS; end++) {
            if (probability(prior, &sentence, first, end) >= least) {
                spans->items[spans->count++] =
                    (struct el_span){words->items[first].start, words->items[end - 1].end};
            }
        }
    }
    count_block(prior, itself, 1);
    return true;
}

bool el_prior_of(struct el_prior *prior, const char *text, const struct el_spans *words,
                 const struct el_span *spans, size_t n_spans, struct el_arena *arena,
                 double *mention, float *shares, struct el_error *err) {
    struct el_counted_sentence sentence;
    double *rows = el_arena_array(arena, prior->n_types * N_KNOWN_OF_TYPE, sizeof *rows);
    double *p = el_arena_array(arena, prior->n_types, sizeof *p);
    if (rows == NULL || p == NULL || !el_word_keys_of(arena, text, words, &sentence)) {
        return el_fail_memory(err);
    }
    size_t itself = find_itself(prior, &sentence);
    count_block(prior, itself, -1);
    for (size_t i = 0; i < n_spans; i++) {
        size_t first = 0, end = 0;
        bool exact;
        mention[i] = 0;
        for (size_t t = 0; t < prior->n_types; t++) {
            shares[i * prior->n_types + t] = 1 / (float)prior->n_types;
        }
        if (el_tokens_cover(words->items, words->count, spans[i], &first, &end, &exact)) {
            mention[i] = probability(prior, &sentence, first, end);
            know_types(prior, &sentence, first, end, rows);
            el_choice(prior->type, rows, prior->n_types, N_KNOWN_OF_TYPE, p);
            for (size_t t = 0; t < prior->n_types; t++) {
                shares[i * prior->n_types + t] = (float)p[t];
            }
        }
    }
    count_block(prior, itself, 1);
    return true;
}

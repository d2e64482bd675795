#include "evaluate/score.h"

#include "base/array.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum el_tagging el_labels_tagging(const struct el_labels *labels) {
    enum el_tagging tagging = EL_TAGGING_NONE;
    for (size_t i = 0; i < labels->count; i++) {
        const struct el_labelled *document = &labels->items[i];
        for (size_t t = 0; document->tags != NULL && t < document->n_tokens; t++) {
            char prefix = document->tags[t][0];
            enum el_tagging here = strchr("ESLU", prefix) != NULL ? EL_TAGGING_BIOES
                                   : prefix == 'O'                ? EL_TAGGING_OUTSIDE
                                                                  : EL_TAGGING_IOB;
            tagging = here > tagging ? here : tagging;
        }
    }
    return tagging;
}

bool el_score_view(struct el_arena *arena, const struct el_labelled *document, enum el_match match,
                   enum el_scheme scheme, struct el_labelled *view) {
    *view = *document;
    if (!el_match_reads_tags(match) || document->tags == NULL) {
        return true;
    }
    struct el_chunk *chunks = el_arena_array(arena, document->n_tokens, sizeof *chunks);
    struct el_entity *entities = el_arena_array(arena, document->n_tokens, sizeof *entities);
    if (chunks == NULL || entities == NULL) {
        return false;
    }
    enum el_decoder decoder =
        match == EL_MATCH_SEQEVAL_STRICT ? EL_DECODE_STRICT : EL_DECODE_LENIENT;
    size_t count = el_tags_decode(document->tags, document->n_tokens, decoder, scheme, chunks);
    for (size_t i = 0; i < count; i++) {
        size_t first = chunks[i].span.start, last = chunks[i].span.end - 1;
        entities[i] =
            (struct el_entity){.span = {document->tokens[first].start, document->tokens[last].end},
                               .type = chunks[i].type,
                               .score = NAN};
    }
    view->entities = entities;
    view->n_entities = count;
    return true;
}

/* Chunks of one document in bytes, as the mode sees them. */
struct chunks {
    struct el_chunk *items;
    size_t count;
};

static bool get_chunks(struct el_arena *arena, const struct el_labelled *document,
                       enum el_match match, enum el_scheme scheme, struct chunks *chunks) {
    struct el_labelled view;
    if (!el_score_view(arena, document, match, scheme, &view)) {
        return false;
    }
    chunks->count = view.n_entities;
    chunks->items = el_arena_array(arena, chunks->count, sizeof *chunks->items);
    for (size_t i = 0; chunks->items != NULL && i < chunks->count; i++) {
        chunks->items[i] = (struct el_chunk){view.entities[i].span, view.entities[i].type};
    }
    return chunks->items != NULL;
}

/* Types by number; jansson's hash table, because types come from data and may be many. */
struct type_table {
    json_t *numbers;
    struct el_arena *arena;
    struct el_type_score *items;
    size_t count, capacity;
};

static struct el_tally *tally_of(struct type_table *table, const char *type) {
    json_t *number = json_object_get(table->numbers, type);
    if (number != NULL) {
        return &table->items[json_integer_value(number)].tally;
    }
    if (!EL_ARENA_GROW(table->arena, table->items, table->capacity, table->count + 1)) {
        return NULL;
    }
    if (json_object_set_new(table->numbers, type, json_integer((json_int_t)table->count)) != 0) {
        return NULL;
    }
    table->items[table->count] = (struct el_type_score){.type = type};
    return &table->items[table->count++].tally;
}

/* How one gold mention or one prediction counts; `side` picks which half of the tally it feeds. */
enum side { GOLD, PREDICTED };

static void count_one(struct el_tally *tally, enum side side, enum el_match match,
                      enum el_relation relation) {
    double credit = el_match_credit(match, relation);
    if (side == PREDICTED) {
        tally->predicted++;
        tally->right += credit;
        tally->spurious += relation == EL_ALONE;
        return;
    }
    tally->gold++;
    tally->found += credit;
    tally->correct += credit == 1;
    tally->partial += credit == 0.5;
    tally->incorrect += credit == 0 && relation != EL_ALONE;
    tally->missed += relation == EL_ALONE;
}

/* Length in tokens if there are any and the span lies on their borders, else in words. */
static size_t words_in(const struct el_labelled *document, struct el_span span) {
    size_t low = 0, high = document->n_tokens;
    while (low < high) { /* first token that ends after the span's start */
        size_t middle = low + (high - low) / 2;
        if (document->tokens[middle].end <= span.start) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    size_t words = 0;
    for (; low < document->n_tokens && document->tokens[low].start < span.end; low++) {
        words++;
    }
    if (words > 0) {
        return words;
    }
    bool inside = false;
    for (size_t i = span.start; i < span.end; i++) {
        bool space = strchr(" \t\r\n", document->text[i]) != NULL;
        words += !space && !inside;
        inside = !space;
    }
    return words;
}

struct run {
    const struct el_score_options *options;
    struct el_arena *arena;
    struct el_score *score;
    struct type_table types;
};

static bool novelty_of(const struct el_surfaces *pool, const char *text, struct el_chunk chunk,
                       enum el_novelty *novelty);

static bool count_chunk(struct run *run, const struct el_labelled *document, struct el_chunk chunk,
                        enum side side, enum el_relation relation, struct el_tally *whole) {
    enum el_match match = run->options->match;
    struct el_tally *type = tally_of(&run->types, chunk.type);
    if (type == NULL) {
        return false;
    }
    size_t words = words_in(document, chunk.span);
    count_one(whole, side, match, relation);
    count_one(type, side, match, relation);
    count_one(&run->score->lengths[words == 0           ? 0
                                   : words > EL_LENGTHS ? EL_LENGTHS - 1
                                                        : words - 1],
              side, match, relation);
    if (run->options->pool != NULL) {
        enum el_novelty novelty;
        if (!novelty_of(run->options->pool, document->text, chunk, &novelty)) {
            return false;
        }
        count_one(&run->score->novelty[novelty], side, match, relation);
    }
    return true;
}

/* IOB2 tags made from entities: the outer or earlier of overlapping ones wins. NULL = O. */
struct derived {
    const char *type;
    bool first;
};

static bool derive_tags(struct el_arena *arena, const struct el_labelled *document,
                        const struct el_labelled *tokens_of, struct derived **tags) {
    size_t n = tokens_of->n_tokens;
    *tags = el_arena_array(arena, n, sizeof **tags);
    if (*tags == NULL) {
        return false;
    }
    size_t token = 0;
    for (size_t i = 0; i < document->n_entities; i++) {
        struct el_span span = document->entities[i].span;
        while (token < n && tokens_of->tokens[token].end <= span.start) {
            token++;
        }
        for (size_t t = token; t < n && tokens_of->tokens[t].start < span.end; t++) {
            if ((*tags)[t].type != NULL) {
                break;
            }
            (*tags)[t] = (struct derived){document->entities[i].type, t == token};
        }
    }
    return true;
}

static bool same_tokens(const struct el_labelled *a, const struct el_labelled *b) {
    bool same = a->n_tokens == b->n_tokens;
    for (size_t i = 0; same && i < a->n_tokens; i++) {
        same = a->tokens[i].start == b->tokens[i].start && a->tokens[i].end == b->tokens[i].end;
    }
    return same;
}

static bool count_tokens(struct run *run, const struct el_labelled *gold,
                         const struct el_labelled *predicted) {
    size_t n = gold->n_tokens;
    run->score->tokens += n;
    if (el_match_reads_tags(run->options->match) && gold->tags != NULL && predicted->tags != NULL &&
        same_tokens(gold, predicted)) {
        for (size_t i = 0; i < n; i++) {
            run->score->tokens_right += strcmp(gold->tags[i], predicted->tags[i]) == 0;
        }
        return true;
    }
    struct derived *a, *b;
    if (!derive_tags(run->arena, gold, gold, &a) || !derive_tags(run->arena, predicted, gold, &b)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        bool outside = a[i].type == NULL && b[i].type == NULL;
        bool same = a[i].type != NULL && b[i].type != NULL && a[i].first == b[i].first &&
                    strcmp(a[i].type, b[i].type) == 0;
        run->score->tokens_right += outside || same;
    }
    return true;
}

static bool score_document(struct run *run, const struct el_labelled *gold,
                           const struct el_labelled *predicted, struct el_tally *whole) {
    struct chunks g, p;
    struct el_pairing pairing;
    enum el_match match = run->options->match;
    enum el_scheme scheme = run->score->scheme;
    if (!get_chunks(run->arena, gold, match, scheme, &g) ||
        !get_chunks(run->arena, predicted, match, scheme, &p) ||
        !el_pair(run->arena, g.items, g.count, p.items, p.count, &pairing)) {
        return false;
    }
    for (size_t i = 0; i < g.count; i++) {
        if (!count_chunk(run, gold, g.items[i], GOLD, pairing.relation[i], whole)) {
            return false;
        }
    }
    for (size_t j = 0; j < p.count; j++) {
        size_t partner = pairing.of_predicted[j];
        enum el_relation relation = partner == SIZE_MAX ? EL_ALONE : pairing.relation[partner];
        if (!count_chunk(run, gold, p.items[j], PREDICTED, relation, whole)) {
            return false;
        }
    }
    return count_tokens(run, gold, predicted);
}

static int by_type_name(const void *left, const void *right) {
    const struct el_type_score *a = left, *b = right;
    return strcmp(a->type, b->type);
}

static void finish_types(struct run *run) {
    struct el_score *score = run->score;
    score->types = run->types.items;
    score->n_types = run->types.count;
    if (score->n_types > 1) {
        qsort(score->types, score->n_types, sizeof *score->types, by_type_name);
    }
    for (size_t i = 0; i < score->n_types; i++) {
        struct el_prf prf = el_tally_prf(&score->types[i].tally);
        score->macro.precision += prf.precision / (double)score->n_types;
        score->macro.recall += prf.recall / (double)score->n_types;
        score->macro.f1 += prf.f1 / (double)score->n_types;
    }
}

static bool score_all(struct run *run, const struct el_labels *gold,
                      const struct el_labels *predicted) {
    struct el_score *score = run->score;
    score->by_document = el_arena_array(run->arena, gold->count, sizeof *score->by_document);
    if (score->by_document == NULL) {
        return false;
    }
    struct el_arena *keep = run->arena;
    struct el_arena scratch = {0};
    bool ok = true;
    run->arena = &scratch;
    for (size_t i = 0; ok && i < gold->count; i++) {
        if (!predicted->items[i].missing) {
            struct el_tally *whole = &score->by_document[score->documents++];
            ok = score_document(run, &gold->items[i], &predicted->items[i], whole);
            el_tally_add(&score->micro, whole);
        }
        if (scratch.used > 1 << 20) {
            el_arena_free(&scratch);
        }
    }
    el_arena_free(&scratch);
    run->arena = keep;
    return ok;
}

bool el_score(const struct el_labels *gold, const struct el_labels *predicted,
              const struct el_score_options *options, struct el_arena *arena,
              struct el_score *score, struct el_error *err) {
    *score = (struct el_score){
        .match = options->match, .scheme = options->scheme, .has_novelty = options->pool != NULL};
    struct run run = {.options = options,
                      .arena = arena,
                      .score = score,
                      .types = {.numbers = json_object(), .arena = arena}};
    if (score->scheme == EL_SCHEME_AUTO) {
        bool bioes = el_labels_tagging(gold) == EL_TAGGING_BIOES ||
                     el_labels_tagging(predicted) == EL_TAGGING_BIOES;
        score->scheme = bioes ? EL_SCHEME_BIOES : EL_SCHEME_IOB2;
    }
    bool ok = run.types.numbers != NULL && score_all(&run, gold, predicted);
    if (ok) {
        finish_types(&run);
        score->reliability = el_reliability_of(gold, predicted);
        if (options->bootstrap.samples > 0) {
            score->has_intervals = true;
            ok = el_bootstrap(score->by_document, score->documents, &options->bootstrap, arena,
                              &score->intervals);
        }
    }
    json_decref(run.types.numbers);
    return ok || el_fail_memory(err);
}

/* Novelty: a set of texts (value: object of the types they were seen with). */

struct el_surfaces {
    json_t *texts;
};

struct el_surfaces *el_surfaces_new(void) {
    struct el_surfaces *surfaces = malloc(sizeof *surfaces);
    if (surfaces != NULL && (surfaces->texts = json_object()) == NULL) {
        free(surfaces);
        surfaces = NULL;
    }
    return surfaces;
}

void el_surfaces_free(struct el_surfaces *surfaces) {
    if (surfaces != NULL) {
        json_decref(surfaces->texts);
        free(surfaces);
    }
}

bool el_surfaces_add(struct el_surfaces *surfaces, const char *text, size_t len, const char *type) {
    struct el_arena arena = {0};
    size_t folded_len;
    const char *folded = el_text_fold(&arena, text, len, false, &folded_len);
    json_t *types = folded != NULL ? json_object_get(surfaces->texts, folded) : NULL;
    bool ok = folded != NULL;
    if (ok && types == NULL) {
        types = json_object();
        ok = types != NULL && json_object_set_new(surfaces->texts, folded, types) == 0;
    }
    ok = ok && json_object_set_new(types, type, json_true()) == 0;
    el_arena_free(&arena);
    return ok;
}

bool el_surfaces_add_labels(struct el_surfaces *surfaces, const struct el_labels *labels) {
    for (size_t i = 0; i < labels->count; i++) {
        const struct el_labelled *document = &labels->items[i];
        for (size_t j = 0; j < document->n_entities; j++) {
            struct el_span span = document->entities[j].span;
            if (!el_surfaces_add(surfaces, document->text + span.start, span.end - span.start,
                                 document->entities[j].type)) {
                return false;
            }
        }
    }
    return true;
}

static bool novelty_of(const struct el_surfaces *pool, const char *text, struct el_chunk chunk,
                       enum el_novelty *novelty) {
    struct el_arena arena = {0};
    size_t len;
    const char *folded = el_text_fold(&arena, text + chunk.span.start,
                                      chunk.span.end - chunk.span.start, false, &len);
    bool ok = folded != NULL;
    if (ok) {
        json_t *types = json_object_get(pool->texts, folded);
        *novelty = types == NULL                                ? EL_UNSEEN
                   : json_object_get(types, chunk.type) == NULL ? EL_SEEN_OTHER_TYPE
                                                                : EL_SEEN;
    }
    el_arena_free(&arena);
    return ok;
}

/* Confusion between types. */

static size_t type_number(const json_t *numbers, const char *type) {
    return (size_t)json_integer_value(json_object_get(numbers, type));
}

static bool confuse_document(const struct el_labelled *gold, const struct el_labelled *predicted,
                             const struct el_score *score, const json_t *numbers,
                             struct el_confusion *confusion) {
    struct el_arena scratch = {0};
    struct chunks g, p;
    struct el_pairing pairing;
    size_t none = confusion->n_types, width = none + 1;
    bool ok = get_chunks(&scratch, gold, score->match, score->scheme, &g) &&
              get_chunks(&scratch, predicted, score->match, score->scheme, &p) &&
              el_pair(&scratch, g.items, g.count, p.items, p.count, &pairing);
    for (size_t i = 0; ok && i < g.count; i++) {
        size_t row = type_number(numbers, g.items[i].type), column = none;
        if (pairing.relation[i] <= EL_SAME_SPAN) {
            column = type_number(numbers, p.items[pairing.of_gold[i]].type);
        }
        confusion->counts[row * width + column]++;
    }
    for (size_t j = 0; ok && j < p.count; j++) {
        size_t partner = pairing.of_predicted[j];
        if (partner == SIZE_MAX || pairing.relation[partner] > EL_SAME_SPAN) {
            confusion->counts[none * width + type_number(numbers, p.items[j].type)]++;
        }
    }
    el_arena_free(&scratch);
    return ok;
}

bool el_confuse(const struct el_labels *gold, const struct el_labels *predicted,
                const struct el_score *score, struct el_arena *arena,
                struct el_confusion *confusion, struct el_error *err) {
    json_t *numbers = json_object();
    size_t n = score->n_types;
    *confusion = (struct el_confusion){.n_types = n};
    bool ok =
        numbers != NULL && (confusion->types = el_arena_array(arena, n, sizeof(char *))) != NULL &&
        (confusion->counts = el_arena_array(arena, (n + 1) * (n + 1), sizeof(size_t))) != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        confusion->types[i] = score->types[i].type;
        ok = json_object_set_new(numbers, confusion->types[i], json_integer((json_int_t)i)) == 0;
    }
    for (size_t i = 0; ok && i < gold->count; i++) {
        if (!predicted->items[i].missing) {
            ok = confuse_document(&gold->items[i], &predicted->items[i], score, numbers, confusion);
        }
    }
    json_decref(numbers);
    return ok || el_fail_memory(err);
}

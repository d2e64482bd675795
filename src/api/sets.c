/* Sets of labelled documents: scored and combined. */
#include "api/el4ner_private.h"

#include "evaluate/combine.h"
#include "evaluate/labels_read.h"
#include "evaluate/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct el4ner_set {
    struct el_labels labels;
    struct reading reading;
    const char **members; /* of a combination: the names of its sets */
    size_t n_members;
};

struct el4ner_scores {
    struct el_arena arena;
    struct el_score score;
    struct el4ner_score overall[2], lengths[EL_LENGTHS], *types;
    bool *scored; /* which of the gold documents */
    size_t n_gold;
};

static el4ner_set *new_set(struct el_error *err) {
    el4ner_set *set = calloc(1, sizeof *set);
    return set != NULL ? set : (el_fail_memory(err), NULL);
}

el4ner_set *el4ner_set_read(const char *path, const struct el4ner_read_options *options,
                            struct el4ner_error *error) {
    struct el_error err = {0};
    el4ner_set *set = new_set(&err);
    bool ok = set != NULL && begin_reading(&set->reading, options, &err);
    if (ok) {
        set->reading.options.keep_tags = true;
        ok = el_labels_read(path, &set->reading.options, false, &set->labels, &err);
        const char *name = ok ? el_arena_string(&set->reading.arena, path) : NULL;
        ok = ok && (name != NULL || el_fail_memory(&err));
        set->labels.path = name;
    }
    if (!ok) {
        el4ner_set_free(set);
        return give_error(error, &err);
    }
    return set;
}

el4ner_set *el4ner_set_new(const char *name, struct el4ner_error *error) {
    struct el_error err = {0};
    el4ner_set *set = new_set(&err);
    if (set != NULL) {
        set->labels.path = el_arena_string(&set->reading.arena, name != NULL ? name : "the set");
    }
    if (set == NULL || set->labels.path == NULL) {
        el4ner_set_free(set);
        el_fail_memory(&err);
        return give_error(error, &err);
    }
    return set;
}

bool el4ner_set_add(el4ner_set *set, const el4ner_result *result, struct el4ner_error *error) {
    struct el_error err = {0};
    bool ok = el_labels_add(&set->labels, result->document, &err);
    give_error(error, &err);
    return ok;
}

size_t el4ner_set_count(const el4ner_set *set) {
    return set->labels.count;
}

/* A document of its own; NULL if out of memory. */
static struct el_document *copy_document(const struct el_labelled *item) {
    struct el_document *document = el_document_new();
    struct el_arena *arena = document != NULL ? &document->arena : NULL;
    if (document == NULL) {
        return NULL;
    }
    struct el_span *tokens = el_arena_array(arena, item->n_tokens, sizeof *tokens);
    struct el_entity *entities = el_arena_array(arena, item->n_entities, sizeof *entities);
    document->id = el_arena_string(arena, item->id);
    document->text = el_arena_copy(arena, item->text, item->text_len);
    document->lang = item->lang != NULL ? el_arena_string(arena, item->lang) : NULL;
    if (tokens == NULL || entities == NULL || document->id == NULL || document->text == NULL ||
        (item->lang != NULL && document->lang == NULL)) {
        el_document_free(document);
        return NULL;
    }
    if (item->n_tokens > 0) {
        memcpy(tokens, item->tokens, item->n_tokens * sizeof *tokens);
    }
    if (item->n_entities > 0) { /* their names are copied by result_of() */
        memcpy(entities, item->entities, item->n_entities * sizeof *entities);
    }
    document->text_len = item->text_len;
    document->tokens = tokens;
    document->n_tokens = item->n_tokens;
    document->entities = entities;
    document->n_entities = item->n_entities;
    document->labelled = item->answered;
    document->abstained = item->abstained;
    document->sentence_per_document = item->sentence_per_document;
    return document;
}

el4ner_result *el4ner_set_get(const el4ner_set *set, size_t index, struct el4ner_error *error) {
    struct el_error err = {0};
    el4ner_result *result = NULL;
    if (index < set->labels.count) {
        struct el_document *document = copy_document(&set->labels.items[index]);
        result = document != NULL ? result_of(document, set->members, set->n_members) : NULL;
        if (result == NULL) {
            el_fail_memory(&err);
        }
    }
    give_error(error, &err);
    return result;
}

void el4ner_set_free(el4ner_set *set) {
    if (set != NULL) {
        el_labels_free(&set->labels);
        end_reading(&set->reading);
        free(set);
    }
}

/* ---- scores ---- */

static struct el4ner_score row(const char *name, const struct el_tally *tally) {
    struct el_prf prf = el_tally_prf(tally);
    return (struct el4ner_score){.name = name,
                                 .precision = prf.precision,
                                 .recall = prf.recall,
                                 .f1 = prf.f1,
                                 .f1_low = (double)NAN,
                                 .f1_high = (double)NAN,
                                 .gold = tally->gold,
                                 .predicted = tally->predicted,
                                 .correct = tally->correct};
}

static bool make_rows(el4ner_scores *scores) {
    static const char *const lengths[EL_LENGTHS] = {"1 word", "2 words", "3 words", "4 words",
                                                    "5 words or more"};
    const struct el_score *score = &scores->score;
    scores->overall[0] = row("micro", &score->micro);
    if (score->has_intervals) {
        scores->overall[0].f1_low = score->intervals.f1.low;
        scores->overall[0].f1_high = score->intervals.f1.high;
    }
    scores->overall[1] = (struct el4ner_score){.name = "macro",
                                               .precision = score->macro.precision,
                                               .recall = score->macro.recall,
                                               .f1 = score->macro.f1,
                                               .f1_low = (double)NAN,
                                               .f1_high = (double)NAN};
    for (size_t i = 0; i < EL_LENGTHS; i++) {
        scores->lengths[i] = row(lengths[i], &score->lengths[i]);
    }
    scores->types = el_arena_array(&scores->arena, score->n_types, sizeof *scores->types);
    for (size_t i = 0; scores->types != NULL && i < score->n_types; i++) {
        const char *name = el_arena_string(&scores->arena, score->types[i].type);
        scores->types[i] = row(name, &score->types[i].tally);
        if (name == NULL) {
            return false;
        }
    }
    return scores->types != NULL;
}

static bool note_scored(const struct el_labels *predicted, el4ner_scores *scores) {
    scores->n_gold = predicted->count;
    scores->scored = el_arena_array(&scores->arena, predicted->count, sizeof *scores->scored);
    for (size_t i = 0; scores->scored != NULL && i < predicted->count; i++) {
        scores->scored[i] = !predicted->items[i].missing;
    }
    return scores->scored != NULL;
}

static bool take_score_options(const struct el4ner_score_options *given, bool *common,
                               struct el_score_options *out, struct el_error *err) {
    const size_t first = offsetof(struct el4ner_score_options, common) + sizeof given->common;
    struct el4ner_score_options options;
    if (!take_struct(given, first, &options, sizeof options, "an option of scoring", err)) {
        return false;
    }
    *common = options.common;
    *out =
        (struct el_score_options){.bootstrap = {.samples = options.samples, .seed = options.seed}};
    if (options.match != NULL && !el_match_from_name(options.match, &out->match)) {
        return el_fail(err, EL_ERR_CONFIG,
                       "match must be strict, exact, partial, type, conlleval, seqeval or "
                       "seqeval-strict, not \"%s\"",
                       options.match);
    }
    return take_scheme(options.scheme, &out->scheme, err);
}

el4ner_scores *el4ner_score_sets(const el4ner_set *gold, el4ner_set *predicted,
                                 const struct el4ner_score_options *given,
                                 struct el4ner_error *error) {
    struct el_error err = {0};
    struct el_score_options options;
    bool common;
    el4ner_scores *scores = NULL;
    bool ok =
        take_score_options(given, &common, &options, &err) &&
        ((scores = calloc(1, sizeof *scores)) != NULL || el_fail_memory(&err)) &&
        el_labels_align(&gold->labels, &predicted->labels, common, &err) &&
        el_score(&gold->labels, &predicted->labels, &options, &scores->arena, &scores->score,
                 &err) &&
        ((make_rows(scores) && note_scored(&predicted->labels, scores)) || el_fail_memory(&err));
    if (!ok) {
        el4ner_scores_free(scores);
        return give_error(error, &err);
    }
    return scores;
}

const struct el4ner_score *el4ner_get_score(const el4ner_scores *scores, enum el4ner_rows rows,
                                            size_t index) {
    switch (rows) {
    case EL4NER_OVERALL:
        return index < 2 ? &scores->overall[index] : NULL;
    case EL4NER_BY_TYPE:
        return index < scores->score.n_types ? &scores->types[index] : NULL;
    case EL4NER_BY_LENGTH:
        return index < EL_LENGTHS ? &scores->lengths[index] : NULL;
    }
    return NULL;
}

double el4ner_accuracy(const el4ner_scores *scores) {
    const struct el_score *score = &scores->score;
    return score->tokens > 0 ? (double)score->tokens_right / (double)score->tokens : (double)NAN;
}

static bool are_of_same_documents(const el4ner_scores *a, const el4ner_scores *b) {
    return a->n_gold == b->n_gold &&
           memcmp(a->scored, b->scored, a->n_gold * sizeof *a->scored) == 0;
}

double el4ner_compare(const el4ner_scores *a, const el4ner_scores *b, size_t samples, uint64_t seed,
                      double *difference, struct el4ner_error *error) {
    struct el_error err = {0};
    struct el_arena arena = {0};
    struct el_comparison comparison = {.p = -1};
    const struct el_bootstrap_options options = {.samples = samples, .seed = seed};
    bool ok = (are_of_same_documents(a, b) && samples > 0) ||
              el_fail(&err, EL_ERR_CONFIG,
                      "scores are compared over the same documents, with samples above 0");
    ok = ok && (el_compare(a->score.by_document, b->score.by_document, a->score.documents, &options,
                           &arena, &comparison) ||
                el_fail_memory(&err));
    if (difference != NULL) {
        *difference = comparison.difference;
    }
    el_arena_free(&arena);
    give_error(error, &err);
    return ok ? comparison.p : -1;
}

void el4ner_scores_free(el4ner_scores *scores) {
    if (scores != NULL) {
        el_arena_free(&scores->arena);
        free(scores);
    }
}

/* ---- combining ---- */

static bool take_combine_options(const struct el4ner_combine_options *given, size_t n,
                                 struct el_combine_options *out, struct el_error *err) {
    const size_t first =
        offsetof(struct el4ner_combine_options, complete_only) + sizeof given->complete_only;
    struct el4ner_combine_options options;
    if (!take_struct(given, first, &options, sizeof options, "an option of combining", err)) {
        return false;
    }
    if (n == 0 || n > EL_MAX_MEMBERS) {
        return el_fail(err, EL_ERR_CONFIG, "%zu sets; 1 to %d can be combined", n, EL_MAX_MEMBERS);
    }
    *out = (struct el_combine_options){.keep = el_keep_default(n),
                                       .weights = options.weights,
                                       .flat = options.flat,
                                       .complete_only = options.complete_only};
    for (size_t i = 0; options.weights != NULL && i < n; i++) {
        if (!(options.weights[i] >= 0) || !isfinite(options.weights[i])) {
            return el_fail(err, EL_ERR_CONFIG, "weights must be numbers from 0");
        }
    }
    if (options.keep != NULL && !el_keep_parse(options.keep, &out->keep)) {
        return el_fail(err, EL_ERR_CONFIG, "keep must be span:M, pair:M or majority, not \"%s\"",
                       options.keep);
    }
    return true;
}

static bool name_members(el4ner_set *set, const char *const *names, size_t n) {
    struct el_arena *arena = &set->reading.arena;
    set->members = el_arena_array(arena, n, sizeof *set->members);
    set->n_members = n;
    for (size_t i = 0; set->members != NULL && i < n; i++) {
        set->members[i] = names != NULL ? el_arena_string(arena, names[i])
                                        : el_arena_printf(arena, "set %zu", i + 1);
        if (set->members[i] == NULL) {
            return false;
        }
    }
    return set->members != NULL;
}

/* Sets are given by their labels, one after another; what is aligned goes back into them. */
static bool combine(el4ner_set *const *sets, size_t n, const struct el_combine_options *options,
                    struct el_labels *combined, struct el_error *err) {
    struct el_labels *labels = calloc(n, sizeof *labels);
    bool ok = labels != NULL || el_fail_memory(err);
    for (size_t i = 1; ok && i < n; i++) {
        ok = el_labels_align(&sets[0]->labels, &sets[i]->labels, false, err);
    }
    for (size_t i = 0; ok && i < n; i++) {
        labels[i] = sets[i]->labels;
    }
    ok = ok && el_combine_sets(labels, n, options, combined, err);
    free(labels);
    return ok;
}

el4ner_set *el4ner_combine(el4ner_set *const *sets, const char *const *names, size_t n,
                           const struct el4ner_combine_options *given, struct el4ner_error *error) {
    struct el_error err = {0};
    struct el_combine_options options;
    el4ner_set *set = NULL;
    bool ok = take_combine_options(given, n, &options, &err) && (set = new_set(&err)) != NULL &&
              (name_members(set, names, n) || el_fail_memory(&err)) &&
              combine(sets, n, &options, &set->labels, &err);
    if (!ok) {
        el4ner_set_free(set);
        return give_error(error, &err);
    }
    set->labels.path = "the combination";
    return set;
}

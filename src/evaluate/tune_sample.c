/* Tuning: the sample of the pool, and runs of it. */
#include "evaluate/tune_private.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>

enum { RUNS = 3, QUICK_RUNS = 2 };

struct drawn {
    uint64_t lot;
    size_t sentence;
};

static int by_lot(const void *a, const void *b) {
    const struct drawn *left = a, *right = b;
    return left->lot != right->lot
               ? (left->lot > right->lot) - (left->lot < right->lot)
               : (left->sentence > right->sentence) - (left->sentence < right->sentence);
}

static int by_number(const void *a, const void *b) {
    const size_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* Each sentence draws a lot, and the lowest are taken, in pool order: a larger sample holds the
 * smaller one, whose replies are stored. */
bool tune_draw(struct tune *t) {
    size_t n = el_pool_get_info(el_ensemble_pool(t->ensemble))->n_sentences;
    size_t wanted = t->options->sentences < n ? t->options->sentences : n;
    uint64_t state = t->options->seed;
    struct drawn *lots = calloc(n, sizeof *lots);
    t->sentences = el_arena_array(&t->arena, wanted, sizeof *t->sentences);
    t->by_untuned = el_arena_array(&t->arena, wanted, sizeof *t->by_untuned);
    bool fine = lots != NULL && t->sentences != NULL && t->by_untuned != NULL;
    for (size_t i = 0; fine && i < n; i++) {
        lots[i] = (struct drawn){el_random(&state), i};
    }
    if (fine && n > 1) {
        qsort(lots, n, sizeof *lots, by_lot);
    }
    for (; fine && t->n_sentences < wanted; t->n_sentences++) {
        t->sentences[t->n_sentences] = lots[t->n_sentences].sentence;
    }
    if (t->n_sentences > 1) {
        qsort(t->sentences, t->n_sentences, sizeof *t->sentences, by_number);
    }
    free(lots);
    return fine;
}

bool tune_count_mentions(struct tune *t) {
    const struct el_context *context = el_ensemble_view(t->ensemble);
    for (size_t s = 0; s < t->n_sentences; s++) {
        struct el_pool_sentence sentence;
        if (!el_pool_get(el_ensemble_pool(t->ensemble), t->sentences[s], &sentence, t->err)) {
            return false;
        }
        for (size_t i = 0; i < sentence.n_entities; i++) {
            t->by_untuned[s].gold += context->pool_types[sentence.entities[i].type] >= 0;
        }
        t->result->mentions += t->by_untuned[s].gold;
    }
    return true;
}

/* The labels of the pool sentence that mean asked types become the document's entities. */
static bool label(struct tune *t, const struct el_pool_sentence *sentence,
                  struct el_document *document) {
    const struct el_context *context = el_ensemble_view(t->ensemble);
    document->entities =
        el_arena_array(&document->arena, sentence->n_entities, sizeof *document->entities);
    for (size_t i = 0; document->entities != NULL && i < sentence->n_entities; i++) {
        int type = context->pool_types[sentence->entities[i].type];
        if (type >= 0) {
            document->entities[document->n_entities++] =
                (struct el_entity){.span = sentence->entities[i].span,
                                   .type = t->config->types[type].name,
                                   .score = (double)NAN};
        }
    }
    return document->entities != NULL;
}

static int next_document(void *user, struct el_document **document, struct el_error *err) {
    struct tune *t = user;
    struct el_pool_sentence sentence;
    if (t->next == t->n_sentences) {
        return 0;
    }
    if (!el_pool_get(el_ensemble_pool(t->ensemble), t->sentences[t->next], &sentence, err)) {
        return -1;
    }
    struct el_document *fresh = el_document_new();
    if (fresh == NULL || !label(t, &sentence, fresh)) {
        el_document_free(fresh);
        el_fail_memory(err);
        return -1;
    }
    fresh->id = sentence.id;
    fresh->text = sentence.text;
    fresh->text_len = sentence.text_len;
    fresh->lang = sentence.lang;
    fresh->sentence_per_document = true;
    fresh->line = ++t->next;
    *document = fresh;
    return 1;
}

/* The label that has exactly this span, and this type if that is not NULL. */
const struct el_entity *tune_label(const struct el_document *document, struct el_span span,
                                   const char *type) {
    return el_entity_find(document->entities, document->n_entities, span, type);
}

size_t tune_right(const struct el_document *document, const struct el_work *work,
                  const struct el_mention *mention, const char *type) {
    size_t right = 0;
    for (size_t s = 0; s < mention->n_spans; s++) {
        right += tune_label(document, el_in_document(work, mention->spans[s]), type) != NULL;
    }
    return right;
}

/* The document comes with its new entities; the labels are read from the pool again. */
static bool count_document(void *user, struct el_document *document, struct el_error *err) {
    struct tune *t = user;
    struct el_pool_sentence sentence;
    struct el_document *gold = el_document_new();
    bool ok = gold != NULL &&
              el_pool_get(el_ensemble_pool(t->ensemble), t->sentences[document->line - 1],
                          &sentence, err) &&
              (label(t, &sentence, gold) || el_fail_memory(err));
    for (size_t i = 0; ok && i < document->n_entities; i++) {
        const struct el_entity *entity = &document->entities[i];
        bool right = tune_label(gold, entity->span, entity->type) != NULL;
        t->kept++;
        t->kept_right += right;
        el_reliability_add(&t->reliability, isnan(entity->score) ? 1 : entity->score, right);
    }
    el_document_free(gold);
    el_document_free(document);
    return ok;
}

static bool drop_document(void *user, struct el_document *document, struct el_error *err) {
    (void)user;
    (void)err;
    el_document_free(document);
    return true;
}

static enum el_tick tick(void *user) {
    const struct tune *t = user;
    return t->options->tick != NULL ? t->options->tick(t->options->context) : EL_GO_ON;
}

static void see_sentence(void *user, const struct el_document *document,
                         const struct el_work *work) {
    struct tune *t = user;
    if (t->see != NULL) {
        t->see(t, document, work);
    }
    t->done++;
    if (t->options->progress != NULL) {
        t->options->progress(t->options->context, t->run, t->options->quick ? QUICK_RUNS : RUNS,
                             t->done, t->n_sentences);
    }
}

/* Run the sample under these settings. `count`: count what comes out. */
bool tune_run(struct tune *t, const struct el_settings *settings, unsigned stages,
              see_function *see, bool count) {
    struct el_run run = {.context = t,
                         .next = next_document,
                         .done = count ? count_document : drop_document,
                         .tick = tick,
                         .sentence = see_sentence,
                         .settings = settings,
                         .stages = stages};
    t->next = t->done = 0;
    t->run++;
    t->see = see;
    if (!el_ensemble_run(t->ensemble, &run, t->err)) {
        return false;
    }
    if (t->next < t->n_sentences) {
        return el_fail(t->err, EL_ERR_INTERRUPTED, "stopped after %zu of %zu sentences", t->next,
                       t->n_sentences);
    }
    return !t->failed || el_fail_memory(t->err);
}

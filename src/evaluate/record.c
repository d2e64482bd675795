#include "evaluate/record.h"

#include "base/array.h"
#include "base/ascii.h"

#include <stdlib.h>
#include <string.h>

void el_record_free(struct el_record *record) {
    free(record->sentences);
    el_arena_free(&record->arena);
    *record = (struct el_record){0};
}

/* ---- Recording one sentence ---- */

/* What the hook needs to know of a sentence: its gold mentions and where it lies. */
struct scene {
    const struct el_labelled *gold;
    const struct el_work *work;
    struct el_span keep; /* bytes of the document whose mentions belong to this piece */
};

static bool belongs(const struct scene *scene, struct el_span span) {
    return span.start >= scene->keep.start && span.start < scene->keep.end;
}

/* The gold mention with this span and, unless `type` is NULL, this type. */
static const struct el_entity *find_gold(const struct scene *scene, struct el_span span,
                                         const char *type) {
    return el_entity_find(scene->gold->entities, scene->gold->n_entities, span, type);
}

/* How many gold mentions of the sentence lie on a span of `mentions`. */
static size_t count_found(const struct scene *scene, const struct el_mentions *mentions) {
    size_t found = 0;
    for (size_t g = 0; g < scene->gold->n_entities; g++) {
        struct el_span gold = scene->gold->entities[g].span;
        bool hit = false;
        for (size_t i = 0; belongs(scene, gold) && !hit && i < mentions->count; i++) {
            for (size_t s = 0; !hit && s < mentions->items[i].n_spans; s++) {
                struct el_span span = el_in_document(scene->work, mentions->items[i].spans[s]);
                hit = span.start == gold.start && span.end == gold.end;
            }
        }
        found += hit;
    }
    return found;
}

static size_t count_occurrences(const struct scene *scene, const struct el_mentions *mentions) {
    size_t count = 0;
    for (size_t i = 0; i < mentions->count; i++) {
        for (size_t s = 0; s < mentions->items[i].n_spans; s++) {
            count += belongs(scene, el_in_document(scene->work, mentions->items[i].spans[s]));
        }
    }
    return count;
}

static const char *wording_of(const struct el_config *config, const char *type) {
    for (size_t t = 0; t < config->n_types; t++) {
        if (strcmp(config->types[t].name, type) == 0) {
            return config->types[t].wording;
        }
    }
    return type;
}

static bool shows_type(const struct el_work *work, const char *wording) {
    for (size_t d = 0; d < work->n_demonstrations; d++) {
        for (size_t s = 0; s < work->demonstrations[d].n_spans; s++) {
            const char *type = work->demonstrations[d].spans[s].type;
            if (type != NULL && strcmp(type, wording) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool shows_text(const struct el_work *work, const char *text, size_t len) {
    for (size_t d = 0; d < work->n_demonstrations; d++) {
        for (size_t s = 0; s < work->demonstrations[d].n_spans; s++) {
            const char *span = work->demonstrations[d].spans[s].text;
            if (strlen(span) == len && el_ascii_begins(span, text, len)) {
                return true;
            }
        }
    }
    return false;
}

static void count_demonstrations(const struct scene *scene, const struct el_config *config,
                                 struct el_stage_figures *figures) {
    const struct el_labelled *gold = scene->gold;
    for (size_t g = 0; g < gold->n_entities; g++) {
        const struct el_entity *entity = &gold->entities[g];
        if (!belongs(scene, entity->span)) {
            continue;
        }
        bool first = true; /* of its type in this sentence */
        for (size_t h = 0; first && h < g; h++) {
            first = !belongs(scene, gold->entities[h].span) ||
                    strcmp(gold->entities[h].type, entity->type) != 0;
        }
        figures->gold++;
        figures->mentions_shown += shows_text(scene->work, gold->text + entity->span.start,
                                              entity->span.end - entity->span.start);
        figures->gold_types += first;
        figures->types_shown += first && shows_type(scene->work, wording_of(config, entity->type));
    }
}

static void count_candidate(const struct scene *scene, struct el_span span,
                            const struct el_recorded_mention *mention, bool dropped,
                            struct el_stage_figures *figures) {
    unsigned proposers = (unsigned)__builtin_popcount(mention->extracted_by);
    figures->proposed_by[proposers]++;
    figures->right_by[proposers] += find_gold(scene, span, NULL) != NULL;
    if (mention->type == NULL) {
        return;
    }
    bool right = find_gold(scene, span, mention->type) != NULL;
    figures->typed++;
    figures->typed_right += right;
    if (right) {
        figures->verdict_right[mention->verified]++;
        figures->kept_right += !dropped;
    } else {
        figures->verdict_wrong[mention->verified]++;
        figures->kept_wrong += !dropped;
    }
}

/* A span that too few members listed: what it was, is counted; it is not a candidate. */
static void count_aside(const struct scene *scene, const struct el_mention *mention,
                        struct el_stage_figures *figures) {
    struct el_recorded_mention untyped = {.extracted_by = mention->extracted_by};
    for (size_t s = 0; s < mention->n_spans; s++) {
        struct el_span span = el_in_document(scene->work, mention->spans[s]);
        if (belongs(scene, span)) {
            count_candidate(scene, span, &untyped, true, figures);
        }
    }
}

static bool record_mention(struct el_record *record, const struct scene *scene,
                           const struct el_mention *from, const struct el_config *config,
                           struct el_recorded_mention *to) {
    *to = (struct el_recorded_mention){.extracted_by = from->extracted_by,
                                       .verified = from->verified};
    to->type = from->type >= 0 ? config->types[from->type].name : NULL;
    memcpy(to->choice, from->choice, sizeof to->choice);
    to->spans = el_arena_array(&record->arena, from->n_spans, sizeof *to->spans);
    if (to->spans == NULL) {
        return false;
    }
    for (size_t s = 0; s < from->n_spans; s++) {
        struct el_span span = el_in_document(scene->work, from->spans[s]);
        if (belongs(scene, span)) {
            to->spans[to->n_spans++] = span;
            record->figures.candidates++;
            count_candidate(scene, span, to, from->dropped, &record->figures);
        }
    }
    return true;
}

static struct el_recorded_sentence *add_sentence(struct el_record *record) {
    if (!EL_GROW(record->sentences, record->capacity, record->count + 1)) {
        return NULL;
    }
    return &record->sentences[record->count++];
}

static bool record_sentence(struct el_record *record, const struct scene *scene,
                            const struct el_config *config, size_t document) {
    const struct el_work *work = scene->work;
    struct el_stage_figures *figures = &record->figures;
    struct el_recorded_sentence *sentence = add_sentence(record);
    if (sentence == NULL) {
        return false;
    }
    *sentence = (struct el_recorded_sentence){.document = document, .begin = work->begin};
    sentence->mentions =
        el_arena_array(&record->arena, work->mentions.count, sizeof *sentence->mentions);
    if (sentence->mentions == NULL) {
        return false;
    }
    figures->sentences++;
    figures->fell_back += work->fell_back;
    figures->pre_found += count_found(scene, &work->pre);
    figures->pre_listed += count_occurrences(scene, &work->pre);
    figures->found += count_found(scene, &work->mentions);
    figures->strings += work->proposed;
    figures->ungrounded += work->ungrounded;
    count_demonstrations(scene, config, figures);
    for (size_t i = 0; i < work->mentions.count; i++) {
        if (!record_mention(record, scene, &work->mentions.items[i], config,
                            &sentence->mentions[sentence->n_mentions++])) {
            return false;
        }
    }
    for (size_t i = 0; i < work->mentions.n_aside; i++) {
        count_aside(scene, &work->mentions.items[work->mentions.count + i], figures);
    }
    return true;
}

/* ---- A run ---- */

struct run {
    const struct el_labels *gold;
    const struct el_run_request *request;
    const struct el_config *config;
    struct el_labels *predicted;
    size_t next;
};

static int next_document(void *context, struct el_document **document, struct el_error *err) {
    struct run *run = context;
    if (run->next == run->gold->count) {
        return 0;
    }
    const struct el_labelled *gold = &run->gold->items[run->next++];
    struct el_document *fresh = el_document_new();
    if (fresh == NULL) {
        el_fail_memory(err);
        return -1;
    }
    fresh->id = gold->id;
    fresh->text = gold->text;
    fresh->text_len = gold->text_len;
    fresh->lang = gold->lang;
    fresh->tokens = gold->tokens;
    fresh->n_tokens = gold->n_tokens;
    fresh->sentence_per_document = gold->sentence_per_document;
    fresh->line = run->next; /* by this the sentence hook finds the gold document again */
    *document = fresh;
    return 1;
}

static bool document_done(void *context, struct el_document *document, struct el_error *err) {
    struct run *run = context;
    document->labelled = true;
    bool ok = el_labels_add(run->predicted, document, err);
    el_document_free(document);
    return ok;
}

static enum el_tick tick(void *context) {
    const struct el_run_request *request = ((struct run *)context)->request;
    return request->stop != NULL && request->stop(request->context) ? EL_STOP : EL_GO_ON;
}

static void see_sentence(void *context, const struct el_document *document,
                         const struct el_work *work) {
    struct run *run = context;
    struct el_record *record = run->request->record;
    struct scene scene = {.gold = &run->gold->items[document->line - 1],
                          .work = work,
                          .keep = el_in_document(work, work->keep)};
    record->failed =
        record->failed || !record_sentence(record, &scene, run->config, document->line - 1);
}

static int by_place(const void *left, const void *right) {
    const struct el_recorded_sentence *a = left, *b = right;
    if (a->document != b->document) {
        return a->document < b->document ? -1 : 1;
    }
    return (a->begin > b->begin) - (a->begin < b->begin);
}

static void count_calls(struct el_client *client, size_t n_members, uint64_t *calls,
                        uint64_t *made) {
    *calls = *made = 0;
    for (size_t m = 0; m < n_members; m++) {
        for (enum el_stage stage = EL_STAGE_RETRIEVE; stage < EL_STAGES; stage++) {
            const struct el_account *account = el_client_account(client, m, stage);
            *calls += account->calls;
            *made += account->calls - account->from_store;
        }
    }
}

bool el_evaluate_run(struct el_ensemble *ensemble, const struct el_labels *gold,
                     const struct el_run_request *request, struct el_run_result *result,
                     struct el_error *err) {
    const struct el_config *config = request->config;
    struct el_client *client = el_ensemble_client(ensemble);
    *result = (struct el_run_result){.predicted = {.path = "run"}};
    struct run state = {
        .gold = gold, .request = request, .config = config, .predicted = &result->predicted};
    struct el_run run = {.context = &state,
                         .next = next_document,
                         .done = document_done,
                         .tick = tick,
                         .sentence = request->record != NULL ? see_sentence : NULL,
                         .settings = request->settings,
                         .members = request->members};
    uint64_t calls, made, failed = el_ensemble_counts(ensemble)->failed_documents;
    count_calls(client, config->n_members, &calls, &made);
    if (request->record != NULL) {
        *request->record = (struct el_record){.gold = gold, .n_members = config->n_members};
    }
    bool ok = el_ensemble_run(ensemble, &run, err);
    if (ok && result->predicted.count < gold->count) {
        ok = el_fail(err, EL_ERR_INTERRUPTED, "stopped after %zu of %zu documents",
                     result->predicted.count, gold->count);
    }
    if (ok && request->record != NULL && request->record->failed) {
        ok = el_fail_memory(err);
    }
    if (!ok) {
        el_labels_free(&result->predicted);
        if (request->record != NULL) {
            el_record_free(request->record);
        }
        return false;
    }
    if (request->record != NULL && request->record->count > 1) {
        qsort(request->record->sentences, request->record->count,
              sizeof *request->record->sentences, by_place);
    }
    count_calls(client, config->n_members, &result->calls, &result->made);
    result->calls -= calls;
    result->made -= made;
    result->failed_documents = el_ensemble_counts(ensemble)->failed_documents - failed;
    return true;
}

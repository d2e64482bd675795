/* What if? Entities from recorded votes under other rules, without a call. */
#include "evaluate/record.h"

#include <math.h>
#include <string.h>

/* The type of the earliest listed member that gave one. */
static const char *first_choice(const char *const *choices, el_member_set members) {
    for (size_t m = 0; m < EL_MAX_MEMBERS; m++) {
        if ((members >> m & 1) != 0 && choices[m] != NULL) {
            return choices[m];
        }
    }
    return NULL;
}

struct view {
    const struct el_projection *rules;
    const struct el_settings *settings;
    el_member_set members;
    size_t n_members;
    struct el_arena *arena;
};

/* Does the candidate stay, and as what? `entity` gets all but the span. */
static bool decide(const struct view *view, const struct el_recorded_mention *mention,
                   struct el_entity *entity, bool *memory) {
    const struct el_projection *rules = view->rules;
    const double *weights = view->settings->member_weights;
    const char *choices[EL_MAX_MEMBERS] = {NULL};
    struct el_vote *votes;
    *memory = true;
    *entity = (struct el_entity){
        .score = NAN, .has_evidence = true, .extracted_by = mention->extracted_by & view->members};
    for (size_t m = 0; m < view->n_members; m++) {
        choices[m] = (view->members >> m & 1) != 0 ? mention->choice[m] : NULL;
    }
    if (!el_votes_count(view->arena, choices, view->n_members, weights, &votes, &entity->n_votes)) {
        *memory = false;
        return false;
    }
    entity->votes = votes;
    if (entity->extracted_by == 0 || entity->n_votes == 0) {
        return false;
    }
    entity->type = rules->no_voting ? first_choice(choices, view->members) : votes[0].type;
    if (!el_keeps(rules->keep, entity->extracted_by, votes[0].voters, view->members, weights)) {
        return false;
    }
    if (rules->no_verification || mention->verified != EL_VERIFIED_NO || mention->type == NULL ||
        strcmp(mention->type, entity->type) != 0) {
        return true;
    }
    unsigned span = (unsigned)__builtin_popcount(entity->extracted_by);
    return (rules->span_skips > 0 && span >= rules->span_skips) ||
           el_votes_agree(entity->extracted_by, votes, entity->n_votes, rules->pair_skips);
}

static bool project_sentence(const struct view *view, const struct el_recorded_sentence *sentence,
                             struct el_entity *entities, size_t *count) {
    for (size_t i = 0; i < sentence->n_mentions; i++) {
        struct el_entity entity;
        bool memory;
        bool stays = decide(view, &sentence->mentions[i], &entity, &memory);
        if (!memory) {
            return false;
        }
        for (size_t s = 0; stays && s < sentence->mentions[i].n_spans; s++) {
            entity.span = sentence->mentions[i].spans[s];
            entities[(*count)++] = entity;
        }
    }
    return true;
}

static size_t count_spans(const struct el_recorded_sentence *sentences, size_t n) {
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < sentences[i].n_mentions; j++) {
            most += sentences[i].mentions[j].n_spans;
        }
    }
    return most;
}

/* One document: sentences [first, end) of the record. */
static bool project_document(struct view *view, const struct el_record *record, size_t document,
                             size_t first, size_t end, struct el_labels *predicted,
                             struct el_error *err) {
    const struct el_labelled *gold = &record->gold->items[document];
    struct el_arena scratch = {0};
    struct el_document made = {.id = gold->id,
                               .text = gold->text,
                               .text_len = gold->text_len,
                               .tokens = gold->tokens,
                               .n_tokens = gold->n_tokens,
                               .lang = gold->lang,
                               .labelled = true};
    view->arena = &scratch;
    size_t most = count_spans(record->sentences + first, end - first);
    made.entities = el_arena_array(&scratch, most, sizeof *made.entities);
    bool ok = made.entities != NULL;
    for (size_t i = first; ok && i < end; i++) {
        ok = project_sentence(view, &record->sentences[i], made.entities, &made.n_entities);
    }
    if (ok && !view->settings->nested) {
        ok = el_flatten(&scratch, made.entities, &made.n_entities, view->settings->member_weights);
    }
    if (!ok) {
        el_fail_memory(err);
    } else {
        el_document_sort_entities(&made);
        ok = el_labels_add(predicted, &made, err);
    }
    el_arena_free(&scratch);
    return ok;
}

bool el_project(const struct el_record *record, const struct el_projection *projection,
                const struct el_settings *settings, struct el_labels *predicted,
                struct el_error *err) {
    struct view view = {.rules = projection,
                        .settings = settings,
                        .members = projection->members,
                        .n_members = record->n_members};
    if (view.members == 0) {
        view.members = ~(el_member_set)0;
    }
    *predicted = (struct el_labels){.path = "projection"};
    size_t first = 0;
    for (size_t document = 0; document < record->gold->count; document++) {
        size_t end = first;
        while (end < record->count && record->sentences[end].document == document) {
            end++;
        }
        if (!project_document(&view, record, document, first, end, predicted, err)) {
            el_labels_free(predicted);
            return false;
        }
        first = end;
    }
    return true;
}

/* ---- Figures of the stages ---- */

static double share(size_t part, size_t whole) {
    return whole > 0 ? (double)part / (double)whole : 0;
}

static double f1(size_t right, size_t predicted, size_t gold) {
    return gold + predicted > 0 ? 2.0 * (double)right / (double)(gold + predicted) : 0;
}

struct el_budget el_stage_budget(const struct el_stage_figures *figures, double final_f1) {
    return (struct el_budget){
        .after_extraction = f1(figures->found, figures->found, figures->gold),
        .after_classification = f1(figures->typed_right, figures->typed_right, figures->gold),
        .after_verification =
            f1(figures->kept_right, figures->kept_right + figures->kept_wrong, figures->gold),
        .final_f1 = final_f1,
    };
}

static json_t *number(size_t value) {
    return json_integer((json_int_t)value);
}

/* {"share": part / whole, "part": .., "whole": ..}; 0 / 0 is null. */
static json_t *share_json(size_t part, size_t whole) {
    return json_pack("{s:o,s:o,s:o}", "share",
                     whole > 0 ? json_real(share(part, whole)) : json_null(), "part", number(part),
                     "whole", number(whole));
}

static json_t *proposers_json(const struct el_stage_figures *figures, size_t n_members) {
    json_t *list = json_array();
    for (size_t k = 1; list != NULL && k <= n_members; k++) {
        if (json_array_append_new(
                list, json_pack("{s:o,s:o,s:o,s:o}", "proposers", number(k), "candidates",
                                number(figures->proposed_by[k]), "precision",
                                share_json(figures->right_by[k], figures->proposed_by[k]), "recall",
                                share_json(figures->right_by[k], figures->gold))) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *verifier_json(const struct el_stage_figures *f) {
    size_t yes_right = f->verdict_right[EL_VERIFIED_YES],
           no_right = f->verdict_right[EL_VERIFIED_NO];
    size_t yes_wrong = f->verdict_wrong[EL_VERIFIED_YES],
           no_wrong = f->verdict_wrong[EL_VERIFIED_NO];
    return json_pack(
        "{s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "asked",
        number(yes_right + no_right + yes_wrong + no_wrong), "unreadable",
        number(f->verdict_right[EL_VERIFIED_UNREADABLE] + f->verdict_wrong[EL_VERIFIED_UNREADABLE]),
        "not_asked",
        number(f->verdict_right[EL_VERIFIED_NOT_ASKED] + f->verdict_wrong[EL_VERIFIED_NOT_ASKED]),
        "precision_of_yes", share_json(yes_right, yes_right + yes_wrong), "right_kept",
        share_json(yes_right, yes_right + no_right), "precision_of_no",
        share_json(no_wrong, no_right + no_wrong), "wrong_dropped",
        share_json(no_wrong, yes_wrong + no_wrong));
}

json_t *el_stage_json(const struct el_stage_figures *figures, size_t n_members, double final_f1) {
    const struct el_stage_figures *f = figures;
    struct el_budget budget = el_stage_budget(f, final_f1);
    return json_pack(
        "{s:o,s:o,s:{s:o,s:o,s:o,s:o,s:o},s:{s:o,s:o,s:o,s:o},s:{s:o},s:o,s:{s:f,s:f,s:f,s:f}}",
        "sentences", number(f->sentences), "gold_mentions", number(f->gold), "retrieve",
        "pre_extraction_recall", share_json(f->pre_found, f->gold), "pre_extraction_precision",
        share_json(f->pre_found, f->pre_listed), "gold_types_shown",
        share_json(f->types_shown, f->gold_types), "gold_mentions_shown",
        share_json(f->mentions_shown, f->gold), "fell_back_to_sentence_similarity",
        share_json(f->fell_back, f->sentences), "extract", "union_recall",
        share_json(f->found, f->gold), "union_precision", share_json(f->found, f->candidates),
        "by_proposers", proposers_json(f, n_members), "ungrounded_strings",
        share_json(f->ungrounded, f->strings), "classify", "accuracy_on_correct_spans",
        share_json(f->typed_right, f->found), "verify", verifier_json(f), "budget",
        "after_extraction", budget.after_extraction, "after_classification",
        budget.after_classification, "after_verification", budget.after_verification, "final",
        budget.final_f1);
}

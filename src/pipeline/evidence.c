#include "pipeline/evidence.h"

#include "el4ner.h"

#include <math.h>
#include <string.h>

bool el_copy_demonstration(struct el_arena *arena, const struct el_demonstration *shown,
                           struct el4ner_demonstration *copy) {
    *copy = (struct el4ner_demonstration){
        .index = shown->pool_index,
        .id = el_arena_string(arena, shown->id),
        .text = el_arena_string(arena, shown->text),
        .lang = shown->lang != NULL ? el_arena_string(arena, shown->lang) : NULL,
        .similarity = shown->score};
    return copy->id != NULL && copy->text != NULL && (shown->lang == NULL || copy->lang != NULL);
}

/* Each behind a pointer: programs of an older version must find the next one. */
static bool add_demonstration(struct el_arena *arena, const struct el_demonstration *shown,
                              const struct el4ner_demonstration **out) {
    struct el4ner_demonstration *copy = el_arena_alloc(arena, sizeof *copy);
    *out = copy;
    return copy != NULL && el_copy_demonstration(arena, shown, copy);
}

bool el_evidence_begin(const struct el_context *context, const struct el_work *work,
                       struct el_arena *arena, struct el_common_evidence *common) {
    const struct el4ner_demonstration **list =
        el_arena_array(arena, work->n_demonstrations, sizeof *list);
    bool ok = list != NULL;
    *common = (struct el_common_evidence){.sentence = {work->begin, work->begin + work->text_len},
                                          .demonstrations = list,
                                          .n_demonstrations = work->n_demonstrations};
    for (size_t i = 0; ok && i < work->n_demonstrations; i++) {
        ok = add_demonstration(arena, &work->demonstrations[i], &list[i]);
    }
    for (size_t m = 0; ok && m < context->n_members; m++) {
        common->names[m] = el_arena_string(arena, context->config->members[m].name);
        ok = common->names[m] != NULL;
    }
    return ok;
}

static bool add_votes(const struct el_context *context, const struct el_mention *mention,
                      const struct el_common_evidence *common, struct el_arena *arena,
                      struct el4ner_evidence *evidence) {
    const struct el4ner_vote **votes = el_arena_array(arena, context->n_members, sizeof *votes);
    evidence->votes = votes;
    for (size_t m = 0; votes != NULL && m < context->n_members; m++) {
        if (mention->choice[m] == NULL) {
            continue;
        }
        struct el4ner_vote *vote = el_arena_alloc(arena, sizeof *vote);
        char *type = el_arena_string(arena, mention->choice[m]);
        if (vote == NULL || type == NULL) {
            return false;
        }
        *vote = (struct el4ner_vote){
            .member = common->names[m], .type = type, .probability = (double)NAN};
        for (size_t t = 0; mention->shares[m] != NULL && t < context->n_types; t++) {
            if (strcmp(context->asked[t].name, type) == 0) {
                vote->probability = (double)mention->shares[m][t];
            }
        }
        votes[evidence->n_votes++] = vote;
    }
    return votes != NULL;
}

static enum el4ner_answer answer_of(enum el_verdict verdict) {
    return verdict == EL_VERDICT_YES  ? EL4NER_SAID_YES
           : verdict == EL_VERDICT_NO ? EL4NER_SAID_NO
                                      : EL4NER_SAID_NOTHING;
}

static bool add_checks(const struct el_context *context, const struct el_mention *mention,
                       const struct el_common_evidence *common, struct el_arena *arena,
                       struct el4ner_evidence *evidence) {
    const struct el4ner_check **checks = el_arena_array(arena, context->n_members, sizeof *checks);
    evidence->checks = checks;
    for (size_t m = 0; checks != NULL && m < context->n_members; m++) {
        if ((mention->verified_by >> m & 1) == 0) {
            continue;
        }
        struct el4ner_check *check = el_arena_alloc(arena, sizeof *check);
        if (check == NULL) {
            return false;
        }
        *check = (struct el4ner_check){.member = common->names[m],
                                       .answer = answer_of(mention->verdict[m]),
                                       .yes = mention->yes[m]};
        checks[evidence->n_checks++] = check;
    }
    return checks != NULL;
}

const struct el4ner_evidence *el_evidence_of(const struct el_context *context,
                                             const struct el_mention *mention,
                                             const struct el_common_evidence *common,
                                             struct el_arena *arena) {
    struct el4ner_evidence *evidence = el_arena_alloc(arena, sizeof *evidence);
    const char **extracted_by = el_arena_array(arena, context->n_members, sizeof *extracted_by);
    if (evidence == NULL || extracted_by == NULL) {
        return NULL;
    }
    *evidence = (struct el4ner_evidence){.sentence_start = common->sentence.start,
                                         .sentence_end = common->sentence.end,
                                         .extracted_by = extracted_by,
                                         .demonstrations = common->demonstrations,
                                         .n_demonstrations = common->n_demonstrations};
    for (size_t m = 0; m < context->n_members; m++) {
        if (mention->extracted_by >> m & 1) {
            extracted_by[evidence->n_extracted_by++] = common->names[m];
        }
    }
    bool ok = add_votes(context, mention, common, arena, evidence) &&
              add_checks(context, mention, common, arena, evidence);
    return ok ? evidence : NULL;
}

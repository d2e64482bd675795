/* The end of the pipeline for one sentence: mentions with types become entities with evidence. */
#include "corpus/flat.h"
#include "pipeline/evidence.h"
#include "pipeline/vote.h"
#include "pipeline/work.h"

#include <stdlib.h>
#include <string.h>

/* The score says how sure the ensemble is that this is an entity: the share of members that
 * extracted the span, of those whose lists could be read; averaged with the
 * probability of "yes" where a single verifier told it. Only answers that are always asked for
 * count, so that lazy votes do not change it. With a fitted judgement, its probability. */
static double score(const struct el_context *context, const struct el_work *work,
                    const struct el_mention *mention) {
    if (context->settings.judge != NULL) {
        return mention->probability;
    }
    int asked = __builtin_popcount(work->extract_answered);
    double share =
        asked == 0 ? 0.0 : (double)__builtin_popcount(mention->extracted_by) / (double)asked;
    bool told = context->settings.verifier == EL_VERIFY_MEMBER && mention->yes_told == 1;
    return told ? (share + mention->yes_sum) / 2.0 : share;
}

static int compare_entities(const void *a, const void *b) {
    return el_span_order(((const struct el_entity *)a)->span, ((const struct el_entity *)b)->span);
}

bool el_resolve_overlaps(const struct el_settings *settings, struct el_arena *arena,
                         struct el_entity *list, size_t *count) {
    return settings->nested ||
           (settings->judge != NULL ? el_flatten_by_score(arena, list, count)
                                    : el_flatten(arena, list, count, settings->member_weights));
}

bool el_work_entities(const struct el_context *context, const struct el_work *work,
                      struct el_arena *arena, struct el_entity **entities, size_t *count,
                      struct el_error *err) {
    size_t most = 0;
    for (size_t i = 0; i < work->mentions.count; i++) {
        most += work->mentions.items[i].n_spans;
    }
    struct el_entity *list = el_arena_array(arena, most, sizeof *list);
    if (list == NULL) {
        return el_fail_memory(err);
    }
    size_t n = 0;
    struct el_common_evidence common;
    if (work->evidence && !el_evidence_begin(context, work, arena, &common)) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < work->mentions.count; i++) {
        const struct el_mention *mention = &work->mentions.items[i];
        if (mention->type < 0 || mention->dropped) {
            continue;
        }
        const struct el4ner_evidence *evidence = NULL;
        if (work->evidence &&
            (evidence = el_evidence_of(context, mention, &common, arena)) == NULL) {
            return el_fail_memory(err);
        }
        struct el_vote *votes = el_arena_array(arena, mention->n_votes, sizeof *votes);
        if (votes == NULL) {
            return el_fail_memory(err);
        }
        memcpy(votes, mention->votes, mention->n_votes * sizeof *votes);
        for (size_t j = 0; j < mention->n_spans; j++) {
            list[n++] = (struct el_entity){.span = mention->spans[j],
                                           .type = context->asked[mention->type].name,
                                           .score = score(context, work, mention),
                                           .has_evidence = true,
                                           .extracted_by = mention->extracted_by,
                                           .votes = votes,
                                           .n_votes = mention->n_votes,
                                           .verified = mention->verified,
                                           .evidence = evidence};
        }
    }
    if (!el_resolve_overlaps(&context->settings, arena, list, &n)) {
        return el_fail_memory(err);
    }
    if (n > 1) {
        qsort(list, n, sizeof *list, compare_entities);
    }
    /* In the overlap of two pieces of an over-long sentence, each entity belongs to one. */
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (list[i].span.start >= work->keep.start && list[i].span.start < work->keep.end) {
            list[kept++] = list[i];
        }
    }
    *entities = list;
    *count = kept;
    return true;
}

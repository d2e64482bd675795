#include "evaluate/combine.h"

#include <string.h>

/* Half of the members, but at least two, must agree on span and type. */
struct el_keep el_keep_default(size_t n_members) {
    size_t half = (n_members + 1) / 2;
    double m = n_members < 2 ? 1 : half < 2 ? 2 : (double)half;
    return (struct el_keep){EL_KEEP_PAIR, m};
}

static size_t count_entities(const struct el_labels *sets, size_t n_sets, size_t number) {
    size_t total = 0;
    for (size_t s = 0; s < n_sets; s++) {
        total += sets[s].items[number].n_entities;
    }
    return total;
}

/* The proposals for one document, and who answered there. */
static bool gather(const struct el_labels *sets, size_t n_sets, size_t number,
                   struct el_arena *arena, struct el_proposal **proposals, size_t *n_proposals,
                   el_member_set *answered) {
    *proposals = el_arena_array(arena, count_entities(sets, n_sets, number), sizeof **proposals);
    *n_proposals = 0;
    *answered = 0;
    if (*proposals == NULL) {
        return false;
    }
    for (unsigned s = 0; s < n_sets; s++) {
        const struct el_labelled *document = &sets[s].items[number];
        if (document->missing || !document->answered) {
            continue;
        }
        *answered |= 1u << s;
        for (size_t i = 0; i < document->n_entities; i++) {
            (*proposals)[(*n_proposals)++] =
                (struct el_proposal){document->entities[i].span, document->entities[i].type, s};
        }
    }
    return true;
}

static bool combine_document(const struct el_labels *sets, size_t n_sets, size_t number,
                             const struct el_combine_options *options, struct el_labels *combined,
                             struct el_error *err) {
    struct el_arena scratch = {0};
    struct el_proposal *proposals;
    size_t n_proposals;
    el_member_set answered;
    const struct el_labelled *first = &sets[0].items[number];
    struct el_document document = {
        .id = first->id,
        .text = first->text,
        .text_len = first->text_len,
        .tokens = first->tokens,
        .n_tokens = first->n_tokens,
        .lang = first->lang,
        .sentence_per_document = first->sentence_per_document,
        .line = first->line,
    };
    bool ok = gather(sets, n_sets, number, &scratch, &proposals, &n_proposals, &answered) &&
              el_combine(&scratch, proposals, n_proposals, answered, options->weights,
                         options->keep, &document.entities, &document.n_entities);
    if (ok && options->flat) {
        ok = el_flatten(&scratch, document.entities, &document.n_entities, options->weights);
    }
    document.labelled = answered != 0;
    document.abstained = n_sets - (size_t)__builtin_popcount(answered);
    if (!ok) {
        el_fail_memory(err);
    } else if (document.abstained == 0 || !options->complete_only) {
        ok = el_labels_add(combined, &document, err);
    }
    el_arena_free(&scratch);
    return ok;
}

bool el_combine_sets(const struct el_labels *sets, size_t n_sets,
                     const struct el_combine_options *options, struct el_labels *combined,
                     struct el_error *err) {
    *combined = (struct el_labels){.path = "combination"};
    for (size_t i = 0; i < sets[0].count; i++) {
        if (!combine_document(sets, n_sets, i, options, combined, err)) {
            el_labels_free(combined);
            return false;
        }
    }
    return true;
}

/* Tuning: how much each member is believed about types, and how it leans to each, by a conditional
 * logit of what it said of the labelled spans. */
#include "evaluate/tune_private.h"

#include "base/array.h"
#include "base/logistic.h"

#include <string.h>

static const double PENALTY = 3;

static size_t type_number(const struct tune *t, const char *name) {
    size_t type = 0;
    while (strcmp(t->config->types[type].name, name) != 0) {
        type++;
    }
    return type;
}

/* One sample of the conditional logit: for each type what the members say of it, and which it is.
 */
static bool add_choice(struct tune *t, const struct el_mention *mention, size_t right) {
    const struct el_context *context = el_ensemble_view(t->ensemble);
    size_t members = t->config->n_members, types = t->config->n_types;
    size_t d = members + 1 + types;
    size_t rows = (t->n_choices + 1) * types * d;
    if (!EL_GROW(t->options_x, t->options_room, rows) ||
        !EL_GROW(t->choice, t->choice_room, t->n_choices + 1)) {
        return false;
    }
    double *x = t->options_x + t->n_choices * types * d;
    memset(x, 0, types * d * sizeof *x);
    for (size_t m = 0; m < members; m++) {
        el_judge_shares(context, mention, m, t->scratch);
        for (size_t k = 0; k < types; k++) {
            x[k * d + m] = t->scratch[k];
        }
    }
    el_judge_prior_shares(context, mention, t->scratch);
    for (size_t k = 0; k < types; k++) {
        x[k * d + members] = t->scratch[k];
        x[k * d + members + 1 + k] = 1;
    }
    t->choice[t->n_choices++] = right;
    return true;
}

void tune_see_types(void *user, const struct el_document *document, const struct el_work *work) {
    struct tune *t = user;
    for (size_t i = 0; i < work->mentions.count; i++) {
        const struct el_mention *mention = &work->mentions.items[i];
        const struct el_entity *gold = NULL;
        for (size_t s = 0; s < mention->n_spans && gold == NULL; s++) {
            gold = tune_label(document, el_in_document(work, mention->spans[s]), NULL);
        }
        if (gold != NULL) {
            size_t right = type_number(t, gold->type);
            t->failed |= !add_choice(t, mention, right);
        }
    }
}

/* Drawn to how much the members count untuned, and to no bias; the pool's labels count as untuned.
 */
bool tune_fit_types(struct tune *t) {
    size_t members = t->config->n_members, types = t->config->n_types, d = members + 1 + types;
    double *prior = el_arena_array(&t->arena, d, sizeof *prior);
    double *penalty = el_arena_array(&t->arena, d, sizeof *penalty);
    double *w = el_arena_array(&t->arena, d, sizeof *w);
    if (prior == NULL || penalty == NULL || w == NULL) {
        return false;
    }
    for (size_t k = 0; k < d; k++) {
        penalty[k] = k == members ? TUNE_HELD : PENALTY;
    }
    for (size_t m = 0; m < members; m++) {
        prior[m] = t->untuned->trust[m] * tune_part(t, m);
    }
    prior[members] = t->untuned->trust_pool;
    if (!el_choice_fit(t->options_x, t->choice, t->n_choices, types, d, penalty, prior, w)) {
        return false;
    }
    memcpy(t->judge->trust, w, members * sizeof *w);
    t->judge->trust_pool = w[members];
    memcpy(t->judge->type_bias, w + members + 1, types * sizeof *w);
    return true;
}

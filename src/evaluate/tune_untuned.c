/* Tuning: what the judgement that nobody has tuned makes of the same candidates, of what members
 * say in the run for types. */
#include "evaluate/tune_private.h"

#include "base/logistic.h"

void tune_see_untuned(void *user, const struct el_document *document, const struct el_work *work) {
    struct tune *t = user;
    const struct el_context *context = el_ensemble_view(t->ensemble);
    for (size_t i = 0; i < work->mentions.count; i++) {
        const struct el_mention *mention = &work->mentions.items[i];
        if (mention->type < 0) {
            continue;
        }
        el_judge_features(context, t->untuned, work, mention, t->scratch, t->traits);
        double p = el_logistic(t->untuned->weights, t->traits, t->d);
        size_t right = tune_right(document, work, mention, t->config->types[mention->type].name);
        tune_add_reliability(&t->of_untuned, p, mention->n_spans, right);
        if (p >= t->threshold) {
            tune_keep(&t->by_untuned[document->line - 1], mention->n_spans, right);
        }
    }
}

/* Tuning: what the judgement that nobody has tuned makes of the same candidates, of what members
 * say in the run for types. */
#include "evaluate/tune_private.h"

#include "base/logistic.h"

static size_t right_ones(const struct tune *t, const struct el_document *document,
                         const struct el_work *work, const struct el_mention *mention) {
    size_t right = 0;
    for (size_t s = 0; s < mention->n_spans; s++) {
        struct el_span span = el_in_document(work, mention->spans[s]);
        right += tune_label(document, span, t->config->types[mention->type].name) != NULL;
    }
    return right;
}

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
        size_t right = right_ones(t, document, work, mention);
        tune_add_reliability(&t->of_untuned, p, mention->n_spans, right);
        if (p >= t->threshold) {
            tune_keep(&t->by_untuned[document->line - 1], mention->n_spans, right);
        }
    }
}

struct el_tune_figures tune_untuned(const struct tune *t) {
    struct el_tally all = {0};
    for (size_t s = 0; s < t->n_sentences; s++) {
        el_tally_add(&all, &t->by_untuned[s]);
    }
    struct el_tune_figures figures = tune_figures((size_t)all.right, all.predicted, all.gold);
    figures.threshold = t->threshold;
    figures.calibration_error = el_reliability_error(&t->of_untuned);
    return figures;
}

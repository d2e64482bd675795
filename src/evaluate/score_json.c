#include "evaluate/score.h"

/* jansson's *_new functions take NULL for "out of memory" and pass it on as a failure, so the
 * result is checked once at the end. */

static json_t *prf_json(struct el_prf prf) {
    return json_pack("{s:f,s:f,s:f}", "precision", prf.precision, "recall", prf.recall, "f1",
                     prf.f1);
}

static json_t *tally_json(const struct el_tally *tally, enum el_match match) {
    json_t *json = prf_json(el_tally_prf(tally));
    int bad = json == NULL;
    bad |= json_object_set_new(json, "gold", json_integer((json_int_t)tally->gold));
    bad |= json_object_set_new(json, "predicted", json_integer((json_int_t)tally->predicted));
    bad |= json_object_set_new(json, "correct", json_integer((json_int_t)tally->correct));
    if (!el_match_reads_tags(match)) {
        bad |= json_object_set_new(json, "incorrect", json_integer((json_int_t)tally->incorrect));
        bad |= json_object_set_new(json, "partial", json_integer((json_int_t)tally->partial));
        bad |= json_object_set_new(json, "missed", json_integer((json_int_t)tally->missed));
        bad |= json_object_set_new(json, "spurious", json_integer((json_int_t)tally->spurious));
    }
    if (bad != 0) {
        json_decref(json);
        return NULL;
    }
    return json;
}

static json_t *interval_json(struct el_interval interval) {
    return json_pack("[f,f]", interval.low, interval.high);
}

static json_t *intervals_json(const struct el_intervals *intervals) {
    return json_pack("{s:f,s:I,s:o,s:o,s:o}", "level", intervals->level, "samples",
                     (json_int_t)intervals->samples, "precision",
                     interval_json(intervals->precision), "recall",
                     interval_json(intervals->recall), "f1", interval_json(intervals->f1));
}

static json_t *types_json(const struct el_score *score) {
    json_t *json = json_object();
    for (size_t i = 0; json != NULL && i < score->n_types; i++) {
        if (json_object_set_new(json, score->types[i].type,
                                tally_json(&score->types[i].tally, score->match)) != 0) {
            json_decref(json);
            return NULL;
        }
    }
    return json;
}

static json_t *groups_json(const struct el_tally *tallies, const char *const *names, size_t n,
                           enum el_match match) {
    json_t *json = json_object();
    for (size_t i = 0; json != NULL && i < n; i++) {
        if (json_object_set_new(json, names[i], tally_json(&tallies[i], match)) != 0) {
            json_decref(json);
            return NULL;
        }
    }
    return json;
}

static json_t *calibration_json(const struct el_reliability *reliability) {
    return reliability->total > 0
               ? json_pack("{s:I,s:f,s:f}", "entities", (json_int_t)reliability->total, "error",
                           el_reliability_error(reliability), "error_by_chance",
                           el_reliability_chance(reliability))
               : json_null();
}

json_t *el_score_json(const struct el_score *score, const char *file) {
    static const char *const lengths[EL_LENGTHS] = {"1", "2", "3", "4", "5+"};
    static const char *const novelties[EL_NOVELTIES] = {"seen", "seen_with_other_type", "unseen"};
    json_t *json = json_object();
    int bad = json == NULL;
    bad |= json_object_set_new(json, "file", json_string(file));
    bad |= json_object_set_new(json, "match", json_string(el_match_name(score->match)));
    bad |= json_object_set_new(json, "documents", json_integer((json_int_t)score->documents));
    bad |= json_object_set_new(json, "micro", tally_json(&score->micro, score->match));
    bad |= json_object_set_new(json, "macro", prf_json(score->macro));
    bad |= json_object_set_new(json, "by_type", types_json(score));
    bad |= json_object_set_new(json, "accuracy",
                               score->tokens > 0
                                   ? json_real((double)score->tokens_right / (double)score->tokens)
                                   : json_null());
    bad |= json_object_set_new(json, "tokens", json_integer((json_int_t)score->tokens));
    bad |= json_object_set_new(json, "by_length",
                               groups_json(score->lengths, lengths, EL_LENGTHS, score->match));
    if (score->has_novelty) {
        bad |= json_object_set_new(
            json, "by_novelty", groups_json(score->novelty, novelties, EL_NOVELTIES, score->match));
    }
    if (score->has_intervals) {
        bad |= json_object_set_new(json, "intervals", intervals_json(&score->intervals));
    }
    bad |= json_object_set_new(json, "calibration", calibration_json(&score->reliability));
    if (bad != 0) {
        json_decref(json);
        return NULL;
    }
    return json;
}

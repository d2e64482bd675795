/* The trace: what happened to one sentence, stage by stage, for a person to read. */
#include "pipeline/work.h"

#include <math.h>
#include <string.h>

static json_t *text(const char *string) {
    return json_string(string == NULL ? "" : string);
}

static json_t *members(const struct el_context *context, el_member_set set) {
    json_t *list = json_array();
    for (size_t m = 0; m < context->n_members; m++) {
        if ((set >> m & 1) != 0) {
            json_array_append_new(list, text(context->config->members[m].name));
        }
    }
    return list;
}

static const char *const verdicts[] = {
    [EL_VERDICT_YES] = "yes", [EL_VERDICT_NO] = "no", [EL_VERDICT_UNREADABLE] = "unreadable"};

/* All calls of one stage, in the order they were asked. */
static json_t *calls(const struct el_context *context, const struct el_work *work,
                     enum el_stage stage) {
    json_t *list = json_array();
    for (size_t i = 0; i < work->n_log; i++) {
        const struct el_answer *answer = work->log[i];
        if (answer->question.stage != stage) {
            continue;
        }
        json_t *call = json_object();
        bool embed = answer->question.embed;
        json_object_set_new(
            call, "member",
            text(embed ? "embedder" : context->config->members[answer->question.member].name));
        if (stage != EL_STAGE_RETRIEVE && stage != EL_STAGE_VERIFY) {
            json_object_set_new(call, "demonstrations",
                                json_integer((json_int_t)answer->question.n_demonstrations));
        }
        json_object_set_new(call, embed ? "texts" : "prompt", text(answer->prompt));
        if (answer->failure != EL_ANSWERED) {
            json_object_set_new(call, "failure", text(el_failure_name(answer->failure)));
            json_object_set_new(call, "detail", text(answer->detail));
        } else if (embed) {
            json_object_set_new(call, "dimensions", json_integer((json_int_t)answer->dimensions));
        } else {
            json_object_set_new(call, "reply", text(answer->text));
        }
        if (!isnan(answer->yes_probability)) {
            json_object_set_new(call, "yes_probability", json_real(answer->yes_probability));
        }
        if (stage == EL_STAGE_VERIFY && answer->failure == EL_ANSWERED) {
            json_object_set_new(call, "word", text(verdicts[answer->word]));
        }
        if (answer->unreadable) {
            json_object_set_new(call, "abstained", json_true());
            json_object_set_new(call, "cause", text(el_cause_name(answer->cause)));
        }
        if (answer->ungrounded.count > 0) {
            json_t *strings = json_array();
            for (size_t j = 0; j < answer->ungrounded.count; j++) {
                json_array_append_new(strings, text(answer->ungrounded.items[j]));
            }
            json_object_set_new(call, "not_in_sentence", strings);
        }
        json_array_append_new(list, call);
    }
    return list;
}

static json_t *demonstration(const struct el_work *work, const struct el_demonstration *source) {
    json_t *spans = json_array(), *matches = json_array();
    for (size_t i = 0; i < source->n_spans; i++) {
        json_array_append_new(spans, json_pack("{s:s, s:s}", "text", source->spans[i].text, "type",
                                               source->spans[i].type));
    }
    for (size_t i = 0; source->matches != NULL && !work->fell_back && i < work->pre.count; i++) {
        if (source->matches[i].found) {
            json_array_append_new(
                matches, json_pack("{s:s, s:s, s:f}", "span", work->pre.items[i].text, "with",
                                   source->matches[i].with, "cosine", source->matches[i].cosine));
        }
    }
    return json_pack("{s:s, s:f, s:s*, s:s, s:o, s:o}", "id", source->id, "score", source->score,
                     "lang", source->lang, "text", source->text, "spans", spans, "matches",
                     matches);
}

static json_t *retrieval(const struct el_context *context, const struct el_work *work) {
    json_t *spans = json_array(), *demonstrations = json_array();
    for (size_t i = 0; i < work->pre.count; i++) {
        const struct el_mention *mention = &work->pre.items[i];
        json_array_append_new(spans,
                              json_pack("{s:s, s:o, s:s, s:f}", "text", mention->text, "listed_by",
                                        members(context, mention->extracted_by), "tag",
                                        el_pos_name(mention->tag), "weight", mention->weight));
    }
    for (size_t i = 0; i < work->n_demonstrations; i++) {
        json_array_append_new(demonstrations, demonstration(work, &work->demonstrations[i]));
    }
    return json_pack("{s:o, s:o, s:b, s:b, s:b, s:o}", "calls",
                     calls(context, work, EL_STAGE_RETRIEVE), "spans", spans,
                     "fell_back_to_sentence_similarity", work->fell_back, "no_vectors_so_bm25",
                     work->unembedded, "low_scores_so_own_language", work->own_language,
                     "demonstrations", demonstrations);
}

static json_t *mention_spans(const struct el_work *work, const struct el_mention *mention) {
    json_t *spans = json_array();
    for (size_t i = 0; i < mention->n_spans; i++) {
        json_array_append_new(spans, json_pack("[I, I]",
                                               (json_int_t)(work->begin + mention->spans[i].start),
                                               (json_int_t)(work->begin + mention->spans[i].end)));
    }
    return spans;
}

/* {type: probability} */
static json_t *by_type(const struct el_context *context, const float *probabilities) {
    json_t *types = json_object();
    for (size_t t = 0; t < context->n_types; t++) {
        json_object_set_new(types, context->asked[t].name, json_real((double)probabilities[t]));
    }
    return types;
}

/* {member: {type: probability}}, of the members that told it. */
static json_t *shares(const struct el_context *context, const struct el_mention *mention) {
    json_t *all = json_object();
    for (size_t m = 0; m < context->n_members; m++) {
        if (mention->shares[m] == NULL) {
            continue;
        }
        json_object_set_new(all, context->config->members[m].name,
                            by_type(context, mention->shares[m]));
    }
    return all;
}

/* {member: how probable it was in its list}, of the members that listed it. */
static json_t *listed(const struct el_context *context, const struct el_mention *mention) {
    json_t *all = json_object();
    for (size_t m = 0; m < context->n_members; m++) {
        if ((mention->extracted_by >> m & 1) != 0) {
            json_object_set_new(all, context->config->members[m].name,
                                json_real((double)mention->listed[m]));
        }
    }
    return all;
}

/* What the pool's labels say of it: that it is a mention of an asked type, and of which. */
static json_t *by_pool(const struct el_context *context, const struct el_mention *mention) {
    return json_pack("{s:f, s:o}", "mention", mention->prior, "types",
                     by_type(context, mention->prior_shares));
}

static json_t *candidates(const struct el_context *context, const struct el_work *work) {
    static const char *const verified[] = {"not asked", "yes", "no", "unreadable"};
    json_t *list = json_array();
    for (size_t i = 0; i < work->mentions.count + work->mentions.n_aside; i++) {
        const struct el_mention *mention = &work->mentions.items[i];
        json_t *votes = json_object();
        for (size_t v = 0; v < mention->n_votes; v++) {
            json_object_set_new(votes, mention->votes[v].type,
                                members(context, mention->votes[v].voters));
        }
        json_t *item = json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:b}", "text", mention->text,
                                 "spans_in_bytes", mention_spans(work, mention), "extracted_by",
                                 members(context, mention->extracted_by), "votes", votes,
                                 "probabilities", shares(context, mention), "verified",
                                 verified[mention->verified], "dropped", mention->dropped);
        if (mention->dropped && mention->type < 0) {
            json_object_set_new(item, "ruled_out", json_true()); /* whatever would be answered */
        }
        if (context->settings.judge != NULL && mention->type >= 0) {
            json_object_set_new(item, "probability", json_real(mention->probability));
        }
        if (context->settings.some == EL_SOME_ON) {
            json_object_set_new(item, "listed", listed(context, mention));
        }
        if (mention->prior_shares != NULL) {
            json_object_set_new(item, "by_pool", by_pool(context, mention));
        }
        if (i >= work->mentions.count) {
            json_object_set_new(item, "too_few_listed_it", json_true());
        }
        if (mention->yes_told > 0) {
            json_object_set_new(item, "yes_probability",
                                json_real(mention->yes_sum / mention->yes_told));
        }
        if (mention->type >= 0) {
            json_object_set_new(item, "type", text(context->asked[mention->type].name));
        }
        json_array_append_new(list, item);
    }
    return list;
}

json_t *el_work_trace(const struct el_context *context, const struct el_work *work,
                      const char *document_id) {
    json_t *trace = json_pack("{s:s, s:I, s:s, s:o}", "id", document_id, "begin_in_bytes",
                              (json_int_t)work->begin, "text", work->text, "retrieve",
                              retrieval(context, work));
    for (enum el_stage stage = EL_STAGE_EXTRACT; stage < EL_STAGES && trace != NULL; stage++) {
        json_object_set_new(trace, el_stages[stage]->name,
                            json_pack("{s:o}", "calls", calls(context, work, stage)));
    }
    if (trace != NULL) {
        json_object_set_new(trace, "candidates", candidates(context, work));
    }
    return trace;
}

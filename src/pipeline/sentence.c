/* The way of one sentence: its stages put questions, the client answers them, and what comes out
 * goes to its document. */
#include "base/array.h"
#include "base/json.h"
#include "pipeline/flow_private.h"

#include <stdlib.h>
#include <string.h>

struct pending {
    struct el_task *task;
    struct el_answer *answer;
    struct el_call call;
    bool longer; /* asked again with more room; `answer` holds the one that was cut */
};

/* ---- finishing a sentence ---- */

static void count_work(struct el_flow *flow, const struct el_work *work) {
    struct el_counts *counts = &flow->ensemble->counts;
    counts->sentences++;
    counts->text += work->text_len;
    counts->proposed += work->proposed;
    counts->ungrounded += work->ungrounded;
    counts->saved_calls += work->saved_calls;
    counts->demonstrations_dropped += work->demonstrations_dropped;
    counts->unembedded += work->unembedded;
    counts->asked_longer += work->asked_longer;
    counts->still_cut += work->still_cut;
    for (size_t i = 0; i < work->mentions.count; i++) {
        const struct el_mention *mention = &work->mentions.items[i];
        bool refused = mention->dropped && mention->verified == EL_VERIFIED_NO;
        counts->candidates += mention->n_spans;
        counts->verified_no += refused ? mention->n_spans : 0;
    }
    for (const struct el_answer *a = work->abstentions; a != NULL; a = a->next_abstention) {
        el_abstentions_add(&counts->abstentions, a->question.member, a->question.stage, a->cause,
                           a->detail);
    }
    for (size_t m = 0; m < flow->context.n_members; m++) {
        for (size_t s = 0; s < EL_STAGES; s++) {
            counts->abstained[m][s] += work->abstained[m][s];
            counts->answered[m][s] += work->answered[m][s];
        }
    }
}

static bool append_entities(struct el_tagging *tagging, const struct el_entity *entities,
                            size_t count, size_t offset) {
    if (!EL_GROW(tagging->entities, tagging->capacity, tagging->n_entities + count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct el_entity *entity = &tagging->entities[tagging->n_entities++];
        *entity = entities[i];
        entity->span.start += offset;
        entity->span.end += offset;
    }
    return true;
}

static void fail_document(struct el_document *document, const char *why) {
    if (document->failure == NULL) {
        document->failure = why;
    }
}

/* For people who ask why: who gave no usable answer about this sentence. */
static bool note_abstentions(struct el_tagging *tagging, const struct el_work *work) {
    struct el_arena *arena = &tagging->document->arena;
    struct el_span sentence = {work->begin, work->begin + work->text_len};
    for (const struct el_answer *a = work->abstentions; a != NULL; a = a->next_abstention) {
        if (!EL_ARENA_GROW(arena, tagging->abstentions, tagging->abstentions_room,
                           tagging->n_abstentions + 1)) {
            return false;
        }
        struct el_abstained abstained = {
            .member = a->question.member,
            .stage = a->question.stage,
            .cause = a->cause,
            .detail = el_arena_string(arena, a->detail != NULL ? a->detail : ""),
            .sentence = sentence};
        if (abstained.detail == NULL) {
            return false;
        }
        tagging->abstentions[tagging->n_abstentions++] = abstained;
    }
    return true;
}

static bool note_trace(const struct el_task *task, struct el_error *err) {
    const struct el_tagging *tagging = task->tagging;
    json_t *trace = el_work_trace(tagging->context, &task->work, tagging->document->id);
    tagging->traces[task->piece] = trace == NULL ? NULL : el_json_dump(trace, JSON_COMPACT);
    json_decref(trace);
    /* Without it later ones would be taken for it. */
    return tagging->traces[task->piece] != NULL || el_fail_memory(err);
}

static bool finish_task(struct el_task *task, struct el_error *err) {
    struct el_tagging *tagging = task->tagging;
    struct el_flow *flow = tagging->flow;
    const struct el_context *context = tagging->context;
    struct el_work *work = &task->work;
    struct el_document *document = tagging->document;
    struct el_entity *entities;
    size_t count, abstained = 0;
    if (!el_work_entities(context, work, &document->arena, &entities, &count, err)) {
        return false;
    }
    if (!append_entities(tagging, entities, count, work->begin) ||
        (tagging->wish.evidence && !note_abstentions(tagging, work))) {
        return el_fail_memory(err);
    }
    for (size_t m = 0; m < context->n_members; m++) {
        for (size_t s = 0; s < EL_STAGES; s++) {
            abstained += work->abstained[m][s];
        }
    }
    document->abstained += abstained;
    if (flow->stages > EL_STAGE_EXTRACT && work->members != 0 && work->extract_answered == 0) {
        fail_document(document, "no member listed spans for at least one of its sentences");
    } else if (context->settings.strict && abstained > 0) {
        fail_document(document, "a member abstained (strict)");
    }
    if (flow->options.sentence != NULL) {
        flow->options.sentence(flow->options.context, document, work);
    }
    if (tagging->traces != NULL && !note_trace(task, err)) {
        return false;
    }
    count_work(flow, work);
    flow->n_done++;
    tagging->finished++;
    tagging->done[task->piece] = true;
    return true;
}

void el_task_free(struct el_task *task) {
    struct el_flow *flow = task->tagging->flow;
    el_client_forget(flow->ensemble->client, task->work.order);
    flow->n_tasks--;
    task->tagging->running--;
    if (task->previous != NULL) {
        task->previous->next = task->next;
    } else {
        flow->tasks = task->next;
    }
    if (task->next != NULL) {
        task->next->previous = task->previous;
    }
    el_arena_free(&task->work.arena);
    free(task);
}

/* ---- asking ---- */

static bool log_answer(struct el_task *task, struct el_answer *answer) {
    struct el_work *work = &task->work;
    if (task->tagging->traces == NULL) {
        return true;
    }
    if (!EL_ARENA_GROW(&work->arena, work->log, work->log_capacity, work->n_log + 1)) {
        return false;
    }
    work->log[work->n_log++] = answer;
    return true;
}

/* The prompt as a person would read it, for the trace. */
static const char *prompt_text(struct el_arena *arena, const struct el_call *call) {
    if (call->prompt != NULL) {
        return call->prompt;
    }
    const char *text = "";
    for (size_t i = 0; i < call->n_inputs && text != NULL; i++) {
        text = el_arena_printf(arena, "%s%s\n", text, call->inputs[i]);
    }
    for (size_t i = 0; i < call->n_messages && text != NULL; i++) {
        text = el_arena_printf(arena, "%s@%s\n%s\n", text, call->messages[i].role,
                               call->messages[i].content);
    }
    return text;
}

static bool submit(struct pending *pending, struct el_error *err) {
    struct el_task *task = pending->task;
    struct el_tagging *tagging = task->tagging;
    struct el_answer *answer = pending->answer;
    struct el_arena *arena = &task->work.arena;
    if (!el_question_render(tagging->context, &task->work, &answer->question, arena, &pending->call,
                            err)) {
        return false;
    }
    pending->call.user = pending;
    if (tagging->traces != NULL) {
        answer->prompt = prompt_text(arena, &pending->call);
    }
    if (!el_client_submit(tagging->flow->ensemble->client, &pending->call, err)) {
        return false;
    }
    task->waiting++;
    return true;
}

static bool put_questions(struct el_task *task, const struct el_questions *questions,
                          struct el_error *err) {
    struct el_arena *arena = &task->work.arena;
    task->answers = el_arena_array(arena, questions->count, sizeof *task->answers);
    if (task->answers == NULL) {
        return el_fail_memory(err);
    }
    task->n_answers = questions->count;
    for (size_t i = 0; i < questions->count; i++) {
        struct pending *pending = el_arena_alloc(arena, sizeof *pending);
        struct el_answer *answer = el_arena_alloc(arena, sizeof *answer);
        if (pending == NULL || answer == NULL) {
            return el_fail_memory(err);
        }
        answer->question = questions->items[i];
        *pending = (struct pending){.task = task, .answer = answer};
        task->answers[i] = answer;
        if (!log_answer(task, answer)) {
            return el_fail_memory(err);
        }
        if (!submit(pending, err)) {
            return false;
        }
    }
    return true;
}

/* Move a sentence on until it waits for answers or is done. */
static bool advance(struct el_task *task, struct el_error *err) {
    struct el_tagging *tagging = task->tagging;
    struct el_work *work = &task->work;
    while (work->stage < tagging->flow->stages) {
        const struct el_stage_functions *stage = el_stages[work->stage];
        struct el_questions questions = {0};
        if (!stage->ask(tagging->context, work, &questions, err)) {
            return false;
        }
        if (questions.count > 0) {
            return put_questions(task, &questions, err);
        }
        if (work->round == 0) { /* what nobody was asked may still lead to a further question */
            if (!stage->take(tagging->context, work, NULL, 0, err)) {
                return false;
            }
            work->round++;
        } else {
            work->stage++;
            work->round = 0;
        }
    }
    if (!finish_task(task, err)) {
        return false;
    }
    el_task_free(task);
    el_tagging_settle(tagging);
    return true;
}

void el_task_start(struct el_tagging *tagging) {
    struct el_flow *flow = tagging->flow;
    struct el_error err = {0};
    struct el_task *task = calloc(1, sizeof *task);
    if (task == NULL) {
        el_fail_memory(&err);
        el_tagging_stop(tagging, EL_OUTCOME_FAILED, &err);
        return;
    }
    const struct el_document *document = tagging->document;
    size_t piece = tagging->started++;
    const struct el_cut *cut = &tagging->pieces.items[piece];
    size_t begin = cut->span.start, len = cut->span.end - begin;
    task->tagging = tagging;
    task->piece = piece;
    task->work = (struct el_work){.order = flow->n_sentences++,
                                  .text_len = len,
                                  .begin = begin,
                                  .lang = document->lang != NULL ? document->lang
                                                                 : flow->ensemble->config->lang,
                                  .keep = {cut->keep.start - begin, cut->keep.end - begin},
                                  .evidence = tagging->wish.evidence};
    flow->n_tasks++;
    flow->n_waiting--;
    tagging->running++;
    task->next = flow->tasks;
    if (flow->tasks != NULL) {
        flow->tasks->previous = task;
    }
    flow->tasks = task;
    task->work.text = el_arena_copy(&task->work.arena, document->text + begin, len);
    if (task->work.text != NULL) {
        task->work.members = el_members_for(tagging->context, &task->work);
    }
    if (task->work.text == NULL ? !el_fail_memory(&err) : !advance(task, &err)) {
        el_tagging_stop(tagging, EL_OUTCOME_FAILED, &err);
    }
}

/* ---- answers ---- */

static bool keep_vectors(struct el_arena *arena, struct el_answer *answer,
                         const struct el_reply *reply) {
    size_t n = answer->question.n_mentions > 0 ? answer->question.n_mentions : 1;
    float *copy = el_arena_array(arena, n * reply->dimensions, sizeof *copy);
    if (copy != NULL) {
        memcpy(copy, reply->vectors, n * reply->dimensions * sizeof *copy);
    }
    answer->vectors = copy;
    answer->dimensions = reply->dimensions;
    return copy != NULL;
}

static bool keep_reply(struct el_arena *arena, struct el_answer *answer,
                       const struct el_reply *reply) {
    if (reply->vectors != NULL && !keep_vectors(arena, answer, reply)) {
        return false;
    }
    answer->shares = NULL;
    answer->n_shares = 0;
    if (reply->shares != NULL) {
        float *copy = el_arena_array(arena, reply->n_shares, sizeof *copy);
        if (copy == NULL) {
            return false;
        }
        answer->shares = memcpy(copy, reply->shares, reply->n_shares * sizeof *copy);
        answer->n_shares = reply->n_shares;
    }
    answer->failure = reply->failure;
    answer->cut = reply->cut;
    answer->yes_probability = reply->yes_probability;
    answer->detail = reply->detail == NULL ? "" : el_arena_string(arena, reply->detail);
    answer->text = el_arena_copy(arena, reply->text == NULL ? "" : reply->text, reply->text_len);
    answer->text_len = reply->text_len;
    return answer->detail != NULL && answer->text != NULL;
}

/* Does the member's configuration set the limit of answers? It is kept then. */
static bool limit_is_set(const struct el_member_config *member) {
    static const char *const names[] = {"max_tokens", "max_completion_tokens", "n_predict"};
    bool set = member->max_tokens > 0 ||
               json_object_get(json_object_get(member->extra_body, "options"), "num_predict");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        set = set || json_object_get(member->extra_body, names[i]) != NULL;
    }
    return set;
}

/* Twice the room of a call that was cut, as far as the context goes; 0 if there is no more. */
static size_t longer_limit(const struct el_context *context, const struct el_call *call) {
    size_t room = context->capabilities[call->member]->context;
    enum { HELD = 16 }; /* of one choice, where the first token left several */
    size_t wanted = call->max_tokens > 1 ? call->max_tokens * 2 : HELD;
    if (room > 0) {
        size_t prompt = el_estimate_call(call);
        room = room > prompt ? room - prompt : 0;
        wanted = wanted < room ? wanted : room;
    }
    return wanted > call->max_tokens ? wanted : 0;
}

/* An answer that was cut by its limit is worth another call, unless it said all that is wanted of
 * it: a verdict mostly comes first. */
static bool wants_longer(const struct el_context *context, const struct pending *pending) {
    const struct el_answer *answer = pending->answer;
    size_t member = answer->question.member;
    if (!answer->cut || answer->failure != EL_ANSWERED || answer->question.embed ||
        pending->longer || limit_is_set(&context->config->members[member])) {
        return false;
    }
    return answer->question.kind != EL_PROMPT_VERIFY ||
           el_parse_verdict(context->prompts[member], answer->text, answer->text_len) ==
               EL_VERDICT_UNREADABLE;
}

/* Ask again with more room, if that makes sense; *asked says so. A failure of that call leaves the
 * cut answer. */
static bool ask_longer(struct pending *pending, bool *asked, struct el_error *err) {
    struct el_task *task = pending->task;
    const struct el_context *context = task->tagging->context;
    size_t limit = wants_longer(context, pending) ? longer_limit(context, &pending->call) : 0;
    *asked = limit > 0;
    if (limit == 0) {
        return true;
    }
    pending->longer = true;
    pending->call.max_tokens = limit;
    task->work.asked_longer++;
    task->waiting++;
    return el_client_submit(task->tagging->flow->ensemble->client, &pending->call, err) ||
           (task->waiting--, false);
}

static void show_answers(const struct el_task *task) {
    const struct el_ensemble *ensemble = task->tagging->flow->ensemble;
    for (size_t i = 0; ensemble->answered != NULL && i < task->n_answers; i++) {
        ensemble->answered(ensemble->answered_context, task->answers[i]);
    }
}

/* All answers of a round are there. */
static bool end_round(struct el_task *task, struct el_error *err) {
    const struct el_stage_functions *stage = el_stages[task->work.stage];
    if (!stage->take(task->tagging->context, &task->work, task->answers, task->n_answers, err)) {
        return false;
    }
    show_answers(task);
    task->work.round++;
    return advance(task, err);
}

static bool take_reply(struct pending *pending, const struct el_reply *reply,
                       struct el_error *err) {
    struct el_task *task = pending->task;
    struct el_answer *answer = pending->answer;
    if (reply->failure == EL_FAILED_CONTEXT && !pending->longer &&
        answer->question.n_demonstrations > 0) {
        answer->question.n_demonstrations--;
        answer->question.n_dropped++;
        return submit(pending, err);
    }
    bool keep = !pending->longer || reply->failure == EL_ANSWERED;
    if (keep && !keep_reply(&task->work.arena, answer, reply)) {
        return el_fail_memory(err);
    }
    bool asked;
    if (!ask_longer(pending, &asked, err) || asked) {
        return asked;
    }
    task->work.still_cut += pending->longer && answer->cut;
    if (answer->question.kind == EL_PROMPT_EXTRACT) {
        task->work.demonstrations_dropped += answer->question.n_dropped;
    }
    return task->waiting > 0 || end_round(task, err);
}

static void count_reply(struct el_usage *usage, const struct el_reply *reply) {
    usage->calls++;
    usage->from_store += reply->from_store;
    usage->failed += reply->failure != EL_ANSWERED;
    if (!reply->from_store) {
        usage->prompt_tokens += reply->prompt_tokens > 0 ? (uint64_t)reply->prompt_tokens : 0;
        usage->answer_tokens += reply->answer_tokens > 0 ? (uint64_t)reply->answer_tokens : 0;
        usage->cached_tokens += reply->cached_tokens > 0 ? (uint64_t)reply->cached_tokens : 0;
        usage->seconds += reply->seconds;
    }
}

struct el_task *el_task_of(const struct el_call *call) {
    return ((const struct pending *)call->user)->task;
}

void el_task_take_reply(void *context, const struct el_call *call, const struct el_reply *reply) {
    (void)context;
    struct pending *pending = call->user;
    struct el_task *task = pending->task;
    struct el_tagging *tagging = task->tagging;
    struct el_error err;
    task->waiting--;
    count_reply(&tagging->usage, reply);
    if (tagging->stopped) {
        if (task->waiting == 0) {
            el_task_free(task);
            el_tagging_settle(tagging);
        }
    } else if (!take_reply(pending, reply, &err)) {
        el_tagging_stop(tagging, EL_OUTCOME_FAILED, &err);
    }
}

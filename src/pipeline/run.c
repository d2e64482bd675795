/* The one loop: pull documents, cut them into sentences, drive each sentence through the stages,
 * keep every endpoint filled, and hand documents back in input order.
 *
 * Sentences in work are bounded by the window, documents that wait for an earlier one by a
 * multiple of it: memory does not grow with the input. */
#include "base/array.h"
#include "base/clock.h"
#include "base/json.h"
#include "corpus/flat.h"
#include "pipeline/cut.h"
#include "pipeline/ensemble_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A document in work. */
struct job {
    struct job *next; /* in input order */
    uint64_t number;  /* in input order */
    struct el_document *document;
    struct el_arena arena;
    struct el_cuts pieces;
    size_t started, finished; /* pieces */
    bool *done;               /* by piece */
    struct el_entity *entities;
    size_t n_entities, capacity;
    char **traces; /* by piece; NULL without a trace */
};

/* A sentence in work. */
struct task {
    struct el_work work;
    struct task *previous, *next; /* in the run's list */
    struct run *run;
    struct job *job;
    size_t piece;
    struct el_answer **answers; /* of the round */
    size_t n_answers, waiting;
};

struct pending {
    struct task *task;
    struct el_answer *answer;
    struct el_call call;
    bool longer; /* asked again with more room; `answer` holds the one that was cut */
};

struct run {
    struct el_ensemble *ensemble;
    const struct el_run *order;
    struct el_context context;
    unsigned stages;
    size_t window, max_tokens;
    struct job *first, *last;
    struct task *tasks;
    size_t n_jobs, n_tasks;
    uint64_t n_sentences, n_documents;
    uint64_t end;    /* documents from this number on are not wanted any more */
    double deadline; /* of el_now(), when what is done is all there will be; INFINITY = none */
    bool input_ended, stopping;
    bool failed; /* `error` says why; set from inside reply handlers too */
    struct el_error error;
};

static void run_fail_memory(struct run *run) {
    if (!run->failed) {
        run->failed = true;
        el_fail_memory(&run->error);
    }
}

/* ---- finishing a sentence ---- */

static void count_work(struct run *run, const struct el_work *work) {
    struct el_counts *counts = &run->ensemble->counts;
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
        counts->candidates += work->mentions.items[i].n_spans;
        counts->verified_no += work->mentions.items[i].dropped;
    }
    for (const struct el_answer *a = work->abstentions; a != NULL; a = a->next_abstention) {
        el_abstentions_add(&counts->abstentions, a->question.member, a->question.stage, a->cause,
                           a->detail);
    }
    for (size_t m = 0; m < run->context.n_members; m++) {
        for (size_t s = 0; s < EL_STAGES; s++) {
            counts->abstained[m][s] += work->abstained[m][s];
            counts->answered[m][s] += work->answered[m][s];
        }
    }
}

static bool append_entities(struct job *job, const struct el_entity *entities, size_t count,
                            size_t offset) {
    if (!EL_GROW(job->entities, job->capacity, job->n_entities + count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct el_entity *entity = &job->entities[job->n_entities++];
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

static bool finish_task(struct task *task, struct el_error *err) {
    struct run *run = task->run;
    struct job *job = task->job;
    struct el_work *work = &task->work;
    struct el_document *document = job->document;
    struct el_entity *entities;
    size_t count, abstained = 0;
    el_client_forget(run->ensemble->client, work->order);
    if (!el_work_entities(&run->context, work, &document->arena, &entities, &count, err)) {
        return false;
    }
    if (!append_entities(job, entities, count, work->begin)) {
        return el_fail_memory(err);
    }
    for (size_t m = 0; m < run->context.n_members; m++) {
        for (size_t s = 0; s < EL_STAGES; s++) {
            abstained += work->abstained[m][s];
        }
    }
    document->abstained += abstained;
    if (run->stages > EL_STAGE_EXTRACT && work->extract_answered == 0) {
        fail_document(document, "no member listed spans for at least one of its sentences");
    } else if (run->context.settings.strict && abstained > 0) {
        fail_document(document, "a member abstained (strict)");
    }
    if (run->order->sentence != NULL) {
        run->order->sentence(run->order->context, document, work);
    }
    if (run->ensemble->trace != NULL) {
        json_t *trace = el_work_trace(&run->context, work, document->id);
        job->traces[task->piece] = trace == NULL ? NULL : el_json_dump(trace, JSON_COMPACT);
        json_decref(trace);
        if (job->traces[task->piece] == NULL) { /* later ones would be taken for it */
            return el_fail_memory(err);
        }
    }
    count_work(run, work);
    job->finished++;
    job->done[task->piece] = true;
    return true;
}

static void free_task(struct task *task) {
    struct run *run = task->run;
    run->n_tasks--;
    if (task->previous != NULL) {
        task->previous->next = task->next;
    } else {
        run->tasks = task->next;
    }
    if (task->next != NULL) {
        task->next->previous = task->previous;
    }
    el_arena_free(&task->work.arena);
    free(task);
}

/* ---- asking ---- */

static bool log_answer(struct task *task, struct el_answer *answer) {
    struct el_work *work = &task->work;
    if (task->run->ensemble->trace == NULL) {
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
    struct task *task = pending->task;
    struct el_answer *answer = pending->answer;
    struct el_arena *arena = &task->work.arena;
    if (!el_question_render(&task->run->context, &task->work, &answer->question, arena,
                            &pending->call, err)) {
        return false;
    }
    pending->call.user = pending;
    if (task->run->ensemble->trace != NULL) {
        answer->prompt = prompt_text(arena, &pending->call);
    }
    return el_client_submit(task->run->ensemble->client, &pending->call, err);
}

static bool put_questions(struct task *task, const struct el_questions *questions,
                          struct el_error *err) {
    struct el_arena *arena = &task->work.arena;
    task->answers = el_arena_array(arena, questions->count, sizeof *task->answers);
    if (task->answers == NULL) {
        return el_fail_memory(err);
    }
    task->n_answers = task->waiting = questions->count;
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
static bool advance(struct task *task, struct el_error *err) {
    struct run *run = task->run;
    struct el_work *work = &task->work;
    while (work->stage < run->stages) {
        const struct el_stage_functions *stage = el_stages[work->stage];
        struct el_questions questions = {0};
        if (!stage->ask(&run->context, work, &questions, err)) {
            return false;
        }
        if (questions.count > 0) {
            return put_questions(task, &questions, err);
        }
        if (work->round == 0 && !stage->take(&run->context, work, NULL, 0, err)) {
            return false;
        }
        work->stage++;
        work->round = 0;
    }
    if (!finish_task(task, err)) {
        return false;
    }
    free_task(task);
    return true;
}

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

static const float *keep_shares(struct el_arena *arena, const struct el_call *call,
                                const float *shares) {
    size_t n = call->constraint.n_items * call->constraint.n_choices;
    float *copy = el_arena_array(arena, n, sizeof *copy);
    return copy == NULL ? NULL : memcpy(copy, shares, n * sizeof *copy);
}

static bool keep_reply(struct el_arena *arena, struct el_answer *answer, const struct el_call *call,
                       const struct el_reply *reply) {
    if (reply->vectors != NULL && !keep_vectors(arena, answer, reply)) {
        return false;
    }
    if (reply->shares != NULL) {
        answer->shares = keep_shares(arena, call, reply->shares);
        if (answer->shares == NULL) {
            return false;
        }
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
static size_t longer_limit(const struct run *run, const struct el_call *call) {
    size_t context = run->context.capabilities[call->member]->context;
    size_t wanted = call->max_tokens * 2;
    if (context > 0) {
        size_t prompt = el_estimate_call(call);
        size_t room = context > prompt ? context - prompt : 0;
        wanted = wanted < room ? wanted : room;
    }
    return wanted > call->max_tokens ? wanted : 0;
}

/* An answer that was cut by its limit is worth another call, unless it said all that is wanted of
 * it: a verdict mostly comes first. */
static bool wants_longer(const struct run *run, const struct pending *pending) {
    const struct el_answer *answer = pending->answer;
    size_t member = answer->question.member;
    if (!answer->cut || answer->failure != EL_ANSWERED || answer->question.embed ||
        pending->longer || limit_is_set(&run->ensemble->config->members[member])) {
        return false;
    }
    return answer->question.kind != EL_PROMPT_VERIFY ||
           el_parse_verdict(run->context.prompts[member], answer->text, answer->text_len) ==
               EL_VERDICT_UNREADABLE;
}

/* Ask again with more room, if that makes sense. A failure of this call leaves the cut answer. */
static bool ask_longer(struct run *run, struct pending *pending) {
    size_t limit = wants_longer(run, pending) ? longer_limit(run, &pending->call) : 0;
    if (limit == 0) {
        return false;
    }
    pending->longer = true;
    pending->call.max_tokens = limit;
    pending->task->work.asked_longer++;
    run->failed = !el_client_submit(run->ensemble->client, &pending->call, &run->error);
    return true;
}

static void show_answers(const struct run *run, const struct task *task) {
    const struct el_ensemble *ensemble = run->ensemble;
    for (size_t i = 0; ensemble->answered != NULL && !run->failed && i < task->n_answers; i++) {
        ensemble->answered(ensemble->answered_context, task->answers[i]);
    }
}

static void handle_reply(void *context, const struct el_call *call, const struct el_reply *reply) {
    struct run *run = context;
    struct pending *pending = call->user;
    struct task *task = pending->task;
    struct el_answer *answer = pending->answer;
    if (run->failed || run->stopping) {
        return; /* the tasks are freed in one go when the client has let go of them */
    }
    if (reply->failure == EL_FAILED_CONTEXT && !pending->longer &&
        answer->question.n_demonstrations > 0) {
        answer->question.n_demonstrations--;
        answer->question.n_dropped++;
        run->failed = !submit(pending, &run->error);
        return;
    }
    bool keep = !pending->longer || reply->failure == EL_ANSWERED;
    if (keep && !keep_reply(&task->work.arena, answer, call, reply)) {
        run_fail_memory(run);
        return;
    }
    if (ask_longer(run, pending)) {
        return;
    }
    task->work.still_cut += pending->longer && answer->cut;
    if (answer->question.kind == EL_PROMPT_EXTRACT) {
        task->work.demonstrations_dropped += answer->question.n_dropped;
    }
    if (--task->waiting > 0) {
        return;
    }
    const struct el_stage_functions *stage = el_stages[task->work.stage];
    run->failed =
        !stage->take(&run->context, &task->work, task->answers, task->n_answers, &run->error);
    show_answers(run, task);
    task->work.round++;
    if (!run->failed) {
        run->failed = !advance(task, &run->error);
    }
}

/* ---- input ---- */

static bool start_task(struct run *run, struct job *job, struct el_error *err) {
    struct task *task = calloc(1, sizeof *task);
    if (task == NULL) {
        return el_fail_memory(err);
    }
    size_t piece = job->started++;
    const struct el_cut *cut = &job->pieces.items[piece];
    size_t begin = cut->span.start, len = cut->span.end - begin;
    const struct el_config *config = run->ensemble->config;
    task->run = run;
    task->job = job;
    task->piece = piece;
    task->work =
        (struct el_work){.order = run->n_sentences++,
                         .text_len = len,
                         .begin = begin,
                         .lang = job->document->lang != NULL ? job->document->lang : config->lang,
                         .keep = {cut->keep.start - begin, cut->keep.end - begin}};
    run->n_tasks++;
    task->next = run->tasks;
    if (run->tasks != NULL) {
        run->tasks->previous = task;
    }
    run->tasks = task;
    task->work.text = el_arena_copy(&task->work.arena, job->document->text + begin, len);
    return task->work.text == NULL ? el_fail_memory(err) : advance(task, err);
}

static bool pull_document(struct run *run, struct el_error *err) {
    struct el_document *document = NULL;
    int got = run->order->next(run->order->context, &document, err);
    if (got <= 0) {
        run->input_ended = true;
        return got == 0;
    }
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        el_document_free(document);
        return el_fail_memory(err);
    }
    job->document = document;
    job->number = run->n_documents++;
    if (run->last == NULL) {
        run->first = job;
    } else {
        run->last->next = job;
    }
    run->last = job;
    run->n_jobs++;
    const struct el_config *config = run->ensemble->config;
    if (!el_cut_document(&job->arena, document,
                         document->lang != NULL ? document->lang : config->lang, run->max_tokens,
                         run->context.settings.max_sentence, &job->pieces, err)) {
        return false;
    }
    job->done = el_arena_array(&job->arena, job->pieces.count, sizeof *job->done);
    if (job->done == NULL) {
        return el_fail_memory(err);
    }
    if (run->ensemble->trace != NULL && job->pieces.count > 0) {
        job->traces = calloc(job->pieces.count, sizeof *job->traces);
        if (job->traces == NULL) {
            return el_fail_memory(err);
        }
    }
    return true;
}

/* Take in work until the window is full. */
static bool fill(struct run *run, struct el_error *err) {
    const size_t waiting_jobs = 4;
    while (run->n_tasks < run->window && !run->failed) {
        if (run->last != NULL && run->last->number < run->end &&
            run->last->started < run->last->pieces.count) {
            if (!start_task(run, run->last, err)) {
                return false;
            }
        } else if (!run->input_ended && run->n_jobs < waiting_jobs * run->window) {
            if (!pull_document(run, err)) {
                return false;
            }
        } else {
            break;
        }
    }
    return true;
}

/* ---- output ---- */

static void free_job(struct job *job) {
    for (size_t i = 0; job->traces != NULL && i < job->pieces.count; i++) {
        free(job->traces[i]);
    }
    free(job->traces);
    free(job->entities);
    el_arena_free(&job->arena);
    el_document_free(job->document);
    free(job);
}

static bool write_traces(struct run *run, const struct job *job, struct el_error *err) {
    FILE *file = run->ensemble->trace;
    for (size_t i = 0; job->traces != NULL && i < job->pieces.count; i++) {
        if (job->traces[i] != NULL && fprintf(file, "%s\n", job->traces[i]) < 0) {
            return el_fail(err, EL_ERR_IO, "cannot write the trace: %s", strerror(errno));
        }
    }
    return true;
}

static bool hand_over(struct run *run, struct job *job, struct el_error *err) {
    struct el_document *document = job->document;
    struct el_entity *list =
        el_arena_array(&document->arena, job->n_entities, sizeof *document->entities);
    if (list == NULL) {
        return el_fail_memory(err);
    }
    if (job->n_entities > 0) {
        memcpy(list, job->entities, job->n_entities * sizeof *list);
    }
    document->entities = list;
    document->n_entities = job->n_entities;
    document->labelled = true;
    el_document_sort_entities(document);
    /* Two overlapping pieces of an over-long sentence may each have kept one that the other's
     * overlaps. */
    const struct el_settings *settings = &run->context.settings;
    const struct el_entity *first, *second;
    if (!settings->nested && el_document_overlap(document, &first, &second) &&
        !el_flatten(&job->arena, list, &document->n_entities, settings->member_weights)) {
        return el_fail_memory(err);
    }
    struct el_counts *counts = &run->ensemble->counts;
    counts->documents++;
    counts->entities += document->n_entities;
    counts->failed_documents += document->failure != NULL;
    if (!write_traces(run, job, err)) {
        return false;
    }
    job->document = NULL; /* the receiver's now */
    return run->order->done(run->order->context, document, err);
}

static bool hand_over_first(struct run *run, struct el_error *err) {
    struct job *job = run->first;
    run->first = job->next;
    run->last = run->first == NULL ? NULL : run->last;
    run->n_jobs--;
    bool ok = hand_over(run, job, err);
    free_job(job);
    return ok;
}

/* Hand over finished documents from the head of the line. */
static bool drain(struct run *run, struct el_error *err) {
    while (run->first != NULL && run->first->number < run->end &&
           run->first->finished == run->first->pieces.count) {
        if (!hand_over_first(run, err)) {
            return false;
        }
    }
    return true;
}

/* Leave of a document what its first `n` pieces brought, fewer than all, and say so in it. */
static bool cut_short(struct job *job, size_t n, struct el_error *err) {
    struct el_document *document = job->document;
    size_t border = job->pieces.items[n].keep.start, kept = 0;
    for (size_t i = 0; i < job->n_entities; i++) {
        if (job->entities[i].span.start < border) {
            job->entities[kept++] = job->entities[i];
        }
    }
    job->n_entities = kept;
    for (size_t i = n; job->traces != NULL && i < job->pieces.count; i++) {
        free(job->traces[i]);
        job->traces[i] = NULL;
    }
    document->failure =
        el_arena_printf(&document->arena, "cut short: only its first %zu of %zu sentences are done",
                        n, job->pieces.count);
    return document->failure != NULL || el_fail_memory(err);
}

/* The end, whatever is in work: documents with something done are handed over, up to the first
 * without. */
static bool hand_over_what_is_done(struct run *run, struct el_error *err) {
    while (run->first != NULL && run->first->number < run->end) {
        struct job *job = run->first;
        size_t n = 0;
        while (n < job->pieces.count && job->done[n]) {
            n++;
        }
        bool whole = n == job->pieces.count;
        if (!whole && n == 0) {
            break;
        }
        if ((!whole && !cut_short(job, n, err)) || !hand_over_first(run, err)) {
            return false;
        }
    }
    return true;
}

/* ---- the loop ---- */

/* The caller wants an end: documents up to the last one that has come as far as classification, and
 * the first in any case, may be finished within some seconds; later ones are given up. */
static void wind_up(struct run *run) {
    run->input_ended = true;
    run->deadline = el_now() + EL_FINISH_SECONDS;
    run->end = run->first == NULL ? 0 : run->first->number + 1;
    for (const struct task *task = run->tasks; task != NULL; task = task->next) {
        if (task->work.stage >= EL_STAGE_CLASSIFY && task->job->number >= run->end) {
            run->end = task->job->number + 1;
        }
    }
}

static bool loop(struct run *run, struct el_error *err) {
    const int tick_milliseconds = 100;
    bool finishing = false;
    for (;;) {
        if (run->order->tick != NULL) {
            enum el_tick tick = run->order->tick(run->order->context);
            if (tick == EL_STOP) {
                return hand_over_what_is_done(run, err) &&
                       el_fail(err, EL_ERR_INTERRUPTED, "interrupted");
            }
            if (tick == EL_FINISH && !finishing) {
                finishing = true;
                wind_up(run);
            }
        }
        if (!fill(run, err) || !drain(run, err)) {
            return false;
        }
        if (run->input_ended && (run->first == NULL || run->first->number >= run->end)) {
            return true;
        }
        if (el_now() >= run->deadline) {
            return hand_over_what_is_done(run, err);
        }
        if (run->n_tasks > 0 &&
            !el_client_run(run->ensemble->client, tick_milliseconds, handle_reply, run, err)) {
            return false;
        }
        if (run->failed) {
            *err = run->error;
            return false;
        }
    }
}

/* Take back what the client still holds, then free everything. */
static void abandon(struct run *run) {
    struct el_error ignored;
    run->stopping = true;
    el_client_cancel(run->ensemble->client);
    while (el_client_pending(run->ensemble->client) > 0) {
        el_client_run(run->ensemble->client, 100, handle_reply, run, &ignored);
    }
    while (run->tasks != NULL) {
        free_task(run->tasks);
    }
    while (run->first != NULL) {
        struct job *job = run->first;
        run->first = job->next;
        free_job(job);
    }
}

/* Where prompts share their beginning and members have slots that keep it: no more sentences in
 * work than these keep, or a sentence would lose its slot to another before its last stage. Else 0.
 */
static size_t kept_sentences(const struct el_ensemble *ensemble) {
    bool shared = false;
    for (size_t m = 0; m < ensemble->config->n_members; m++) {
        shared = shared || ensemble->prompts[m]->head != NULL;
    }
    return shared ? el_client_kept_sentences(ensemble->client) : 0;
}

bool el_ensemble_run(struct el_ensemble *ensemble, const struct el_run *order,
                     struct el_error *err) {
    struct run run = {
        .ensemble = ensemble, .order = order, .context = el_ensemble_context(ensemble, order)};
    size_t slots = el_client_slots(ensemble->client);
    run.stages = order->stages > 0 && order->stages < EL_STAGES ? order->stages : EL_STAGES;
    size_t usual = slots * 4 < 16 ? 16 : slots * 4, kept = kept_sentences(ensemble);
    run.window = ensemble->window > 0 ? ensemble->window : kept > 0 ? kept : usual;
    run.max_tokens = el_ensemble_longest_sentence(ensemble);
    run.end = UINT64_MAX;
    run.deadline = INFINITY;
    bool ok = loop(&run, err);
    abandon(&run);
    return ok;
}

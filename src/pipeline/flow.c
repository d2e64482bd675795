/* Memory: sentences in work are bounded by the window; documents by who submits them. */
#include "pipeline/flow_private.h"

#include "base/clock.h"
#include "pipeline/asked.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines ---- */

static void stand_behind(struct el_line *line, struct el_tagging *tagging) {
    tagging->behind = NULL;
    if (line->last != NULL) {
        line->last->behind = tagging;
    } else {
        line->first = tagging;
    }
    line->last = tagging;
}

static struct el_tagging *take_first(struct el_line *line) {
    struct el_tagging *tagging = line->first;
    if (tagging != NULL) {
        line->first = tagging->behind;
        line->last = line->first == NULL ? NULL : line->last;
    }
    return tagging;
}

static void leave(struct el_line *line, const struct el_tagging *tagging) {
    struct el_tagging *before = NULL;
    for (struct el_tagging *t = line->first; t != NULL; before = t, t = t->behind) {
        if (t == tagging) {
            *(before != NULL ? &before->behind : &line->first) = t->behind;
            line->last = line->last == t ? before : line->last;
            return;
        }
    }
}

/* ---- a document ---- */

static void free_tagging(struct el_tagging *tagging) {
    el_grown_leave(tagging->grown);
    for (size_t i = 0; tagging->traces != NULL && i < tagging->pieces.count; i++) {
        free(tagging->traces[i]);
    }
    free(tagging->traces);
    free(tagging->entities);
    el_arena_free(&tagging->arena);
    el_document_free(tagging->document);
    free(tagging);
}

static void make_ready(struct el_tagging *tagging) {
    struct el_flow *flow = tagging->flow;
    *(tagging->previous != NULL ? &tagging->previous->next : &flow->first) = tagging->next;
    *(tagging->next != NULL ? &tagging->next->previous : &flow->last) = tagging->previous;
    stand_behind(&flow->ready, tagging);
}

void el_tagging_settle(struct el_tagging *tagging) {
    struct el_flow *flow = tagging->flow;
    if (tagging->complete || tagging->running > 0 ||
        (!tagging->stopped && tagging->finished < tagging->pieces.count)) {
        return;
    }
    tagging->complete = true;
    if (flow->options.as_ready || tagging->wish.apart) {
        make_ready(tagging);
    }
    while (!flow->options.as_ready && flow->first != NULL && flow->first->complete) {
        make_ready(flow->first);
    }
}

static bool belongs_to(void *context, const struct el_call *call) {
    return el_task_of(call)->tagging == context;
}

void el_tagging_stop(struct el_tagging *tagging, enum el_outcome outcome,
                     const struct el_error *err) {
    struct el_flow *flow = tagging->flow;
    if (tagging->stopped || tagging->complete) {
        return;
    }
    tagging->stopped = true;
    tagging->outcome = outcome;
    if (err != NULL) {
        tagging->error = *err;
    }
    leave(&flow->startable, tagging);
    flow->n_waiting -= tagging->pieces.count - tagging->started;
    el_client_cancel_some(flow->ensemble->client, belongs_to, tagging);
    for (struct el_task *task = flow->tasks, *next; task != NULL; task = next) {
        next = task->next;
        if (task->tagging == tagging && task->waiting == 0) {
            el_task_free(task);
        }
    }
    el_tagging_settle(tagging);
}

/* ---- input ---- */

static bool take_in(struct el_tagging *tagging, struct el_error *err) {
    struct el_flow *flow = tagging->flow;
    const struct el_document *document = tagging->document;
    const char *lang = document->lang != NULL ? document->lang : flow->ensemble->config->lang;
    if (!el_cut_document(&tagging->arena, document, lang, flow->max_tokens,
                         tagging->context->settings.max_sentence, &tagging->pieces, err)) {
        return false;
    }
    struct el_grown *grown = flow->ensemble->grown;
    if (grown != NULL) {
        if (!el_grown_use(grown, tagging->context, &tagging->arena, &tagging->context, err)) {
            return false;
        }
        tagging->grown = grown;
    }
    size_t n = tagging->pieces.count;
    tagging->done = el_arena_array(&tagging->arena, n, sizeof *tagging->done);
    if (tagging->wish.trace) {
        tagging->traces = calloc(n > 0 ? n : 1, sizeof *tagging->traces);
        if (tagging->traces == NULL) {
            return el_fail_memory(err);
        }
    }
    return tagging->done != NULL || el_fail_memory(err);
}

bool el_flow_submit(struct el_flow *flow, const struct el_wish *wish, uint64_t *number,
                    struct el_error *err) {
    struct el_tagging *tagging = calloc(1, sizeof *tagging);
    struct el_error error;
    if (tagging == NULL) {
        return el_fail_memory(err);
    }
    tagging->flow = flow;
    tagging->wish = *wish;
    tagging->document = wish->document;
    tagging->context = wish->context != NULL ? wish->context : &flow->context;
    bool taken = take_in(tagging, &error);
    tagging->number = ++flow->n_documents;
    if (number != NULL) {
        *number = tagging->number;
    }
    tagging->previous = flow->last;
    *(flow->last != NULL ? &flow->last->next : &flow->first) = tagging;
    flow->last = tagging;
    flow->n_taggings++;
    flow->n_waiting += tagging->pieces.count;
    if (wish->deadline > 0 && wish->deadline < flow->next_deadline) {
        flow->next_deadline = wish->deadline;
    }
    if (tagging->pieces.count > 0) {
        stand_behind(&flow->startable, tagging);
    }
    if (!taken) {
        el_tagging_stop(tagging, EL_OUTCOME_FAILED, &error);
    }
    el_tagging_settle(tagging);
    return true;
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

static size_t window(const struct el_ensemble *ensemble) {
    size_t slots = el_client_slots(ensemble->client);
    size_t usual = slots * 4 < 16 ? 16 : slots * 4, kept = kept_sentences(ensemble);
    return ensemble->window > 0 ? ensemble->window : kept > 0 ? kept : usual;
}

static bool can_start(const struct el_flow *flow) {
    return flow->n_tasks < flow->window && flow->startable.first != NULL;
}

/* Start sentences until the window is full, one of each document in turn. Those for which no member
 * is asked are done at once: no more than a window of them, so that time limits and whoever wants
 * to stop get their turn. */
static void fill(struct el_flow *flow) {
    for (size_t n = 0; n < flow->window && can_start(flow); n++) {
        struct el_tagging *tagging = take_first(&flow->startable);
        if (tagging->started + 1 < tagging->pieces.count) {
            stand_behind(&flow->startable, tagging);
        }
        el_task_start(tagging);
    }
}

bool el_flow_is_hungry(struct el_flow *flow) {
    const size_t waiting_documents = 4;
    fill(flow);
    return flow->n_tasks < flow->window && flow->startable.first == NULL &&
           flow->n_taggings < waiting_documents * flow->window;
}

/* ---- output ---- */

/* Leave of a document what its first `n` pieces brought, fewer than all, and say so in it. */
static bool cut_short(struct el_tagging *tagging, size_t n, struct el_error *err) {
    struct el_document *document = tagging->document;
    size_t border = tagging->pieces.items[n].keep.start, kept = 0;
    for (size_t i = 0; i < tagging->n_entities; i++) {
        if (tagging->entities[i].span.start < border) {
            tagging->entities[kept++] = tagging->entities[i];
        }
    }
    tagging->n_entities = kept;
    for (size_t i = n; tagging->traces != NULL && i < tagging->pieces.count; i++) {
        free(tagging->traces[i]);
        tagging->traces[i] = NULL;
    }
    document->failure =
        el_arena_printf(&document->arena, "cut short: only its first %zu of %zu sentences are done",
                        n, tagging->pieces.count);
    return document->failure != NULL || el_fail_memory(err);
}

static bool set_entities(struct el_tagging *tagging, struct el_error *err) {
    struct el_document *document = tagging->document;
    struct el_entity *list =
        el_arena_array(&document->arena, tagging->n_entities, sizeof *document->entities);
    if (list == NULL) {
        return el_fail_memory(err);
    }
    if (tagging->n_entities > 0) {
        memcpy(list, tagging->entities, tagging->n_entities * sizeof *list);
    }
    document->entities = list;
    document->n_entities = tagging->n_entities;
    document->labelled = true;
    el_document_sort_entities(document);
    /* Two overlapping pieces of an over-long sentence may each have kept one that the other's
     * overlaps. */
    const struct el_entity *first, *second;
    if (el_document_overlap(document, &first, &second) &&
        !el_resolve_overlaps(&tagging->context->settings, &tagging->arena, list,
                             &document->n_entities)) {
        return el_fail_memory(err);
    }
    return true;
}

static int by_place(const void *left, const void *right) {
    const struct el_abstained *a = left, *b = right;
    if (a->sentence.start != b->sentence.start) {
        return a->sentence.start < b->sentence.start ? -1 : 1;
    }
    if (a->stage != b->stage) {
        return a->stage < b->stage ? -1 : 1;
    }
    return (a->member > b->member) - (a->member < b->member);
}

/* The lines of a trace in one text. */
static char *join_traces(const struct el_tagging *tagging) {
    struct el_buffer text = {0};
    el_buffer_append(&text, "", 0);
    for (size_t i = 0; i < tagging->pieces.count; i++) {
        if (tagging->traces[i] != NULL) {
            el_buffer_printf(&text, "%s\n", tagging->traces[i]);
        }
    }
    if (text.failed) {
        el_buffer_free(&text);
    }
    return text.data;
}

static bool give_result(struct el_tagging *tagging, struct el_delivery *delivery,
                        struct el_error *err) {
    size_t n = delivery->n_done;
    bool whole = n == tagging->pieces.count;
    if ((!whole && !cut_short(tagging, n, err)) || !set_entities(tagging, err)) {
        return false;
    }
    delivery->outcome = whole ? EL_OUTCOME_DONE : EL_OUTCOME_CUT_SHORT;
    delivery->abstentions = tagging->abstentions;
    delivery->n_abstentions = tagging->n_abstentions;
    if (tagging->n_abstentions > 1) {
        qsort(tagging->abstentions, tagging->n_abstentions, sizeof *tagging->abstentions, by_place);
    }
    if (tagging->wish.context != NULL) {
        delivery->warning = el_types_warning(tagging->context, &tagging->context->configured,
                                             &tagging->document->arena);
        if (delivery->warning == NULL) {
            return el_fail_memory(err);
        }
    }
    delivery->trace = tagging->wish.trace ? join_traces(tagging) : NULL;
    return !tagging->wish.trace || delivery->trace != NULL || el_fail_memory(err);
}

bool el_flow_take(struct el_flow *flow, struct el_delivery *delivery) {
    struct el_tagging *tagging = take_first(&flow->ready);
    if (tagging == NULL) {
        return false;
    }
    *delivery = (struct el_delivery){.user = tagging->wish.user,
                                     .number = tagging->number,
                                     .outcome = tagging->outcome,
                                     .error = tagging->error,
                                     .n_sentences = tagging->pieces.count,
                                     .usage = tagging->usage};
    while (tagging->done != NULL && delivery->n_done < tagging->pieces.count &&
           tagging->done[delivery->n_done]) {
        delivery->n_done++;
    }
    tagging->document->n_entities = 0; /* those that it came with */
    tagging->document->labelled = false;
    bool wanted = delivery->outcome == EL_OUTCOME_DONE || delivery->outcome == EL_OUTCOME_CUT_SHORT;
    if (wanted && !give_result(tagging, delivery, &delivery->error)) {
        delivery->outcome = EL_OUTCOME_FAILED;
    }
    delivery->document = tagging->document;
    tagging->document = NULL;
    flow->n_taggings--;
    free_tagging(tagging);
    return true;
}

/* ---- ends ---- */

void el_flow_end(struct el_flow *flow, uint64_t number, enum el_outcome outcome) {
    struct el_tagging *tagging = flow->first;
    while (tagging != NULL && tagging->number < number) {
        tagging = tagging->next;
    }
    if (tagging != NULL && tagging->number == number) {
        el_tagging_stop(tagging, outcome, NULL);
    }
}

/* From the last to the first: what is stopped may leave the list, with what comes after it. */
void el_flow_end_after(struct el_flow *flow, uint64_t number, enum el_outcome outcome) {
    if (number == 0) {
        el_client_cancel(flow->ensemble->client); /* at once, instead of one after another */
    }
    for (struct el_tagging *t = flow->last, *previous; t != NULL && t->number > number;
         t = previous) {
        previous = t->previous;
        el_tagging_stop(t, outcome, NULL);
    }
}

void el_flow_end_all(struct el_flow *flow, enum el_outcome outcome) {
    el_flow_end_after(flow, 0, outcome);
}

static void end_late(struct el_flow *flow, double now) {
    flow->next_deadline = INFINITY;
    for (struct el_tagging *t = flow->last, *previous; t != NULL; t = previous) {
        previous = t->previous;
        double deadline = t->wish.deadline;
        if (deadline > 0 && deadline <= now) {
            el_tagging_stop(t, EL_OUTCOME_CUT_SHORT, NULL);
        } else if (deadline > 0 && deadline < flow->next_deadline) {
            flow->next_deadline = deadline;
        }
    }
}

uint64_t el_flow_well_under_way(const struct el_flow *flow) {
    uint64_t number = flow->first != NULL ? flow->first->number : 0;
    for (const struct el_task *task = flow->tasks; task != NULL; task = task->next) {
        if (task->work.stage >= EL_STAGE_CLASSIFY && task->tagging->number > number) {
            number = task->tagging->number;
        }
    }
    return number;
}

/* ---- the loop ---- */

bool el_flow_step(struct el_flow *flow, int milliseconds, struct el_error *err) {
    struct el_client *client = flow->ensemble->client;
    double now = flow->next_deadline < INFINITY ? el_now() : 0;
    if (flow->next_deadline <= now) {
        end_late(flow, now);
    }
    flow->window = window(flow->ensemble);
    fill(flow);
    if (flow->ready.first != NULL || can_start(flow)) {
        milliseconds = 0;
    } else if (flow->next_deadline < INFINITY) {
        double left = fmin(ceil((flow->next_deadline - now) * 1000), INT_MAX);
        milliseconds = milliseconds < 0 || left < milliseconds ? (int)left : milliseconds;
    }
    bool ok = true;
    if (el_client_pending(client) > 0) {
        ok = el_client_run(client, milliseconds, el_task_take_reply, flow, err);
    } else {
        el_client_rest(client, milliseconds);
    }
    if (can_start(flow)) {
        el_client_wake(client); /* a poll() of the caller's own is not to wait either */
    }
    return ok;
}

struct el_flow_state el_flow_state(const struct el_flow *flow) {
    return (struct el_flow_state){.documents = flow->n_taggings,
                                  .sentences = flow->n_tasks,
                                  .window = flow->window,
                                  .waiting = flow->n_waiting,
                                  .done = flow->n_done};
}

void el_flow_renew(struct el_flow *flow) {
    flow->context =
        el_ensemble_context(flow->ensemble, flow->options.settings, flow->options.members);
}

bool el_flow_open(struct el_ensemble *ensemble, const struct el_flow_options *options,
                  struct el_flow **out, struct el_error *err) {
    struct el_flow *flow = calloc(1, sizeof *flow);
    *out = flow;
    if (flow == NULL) {
        return el_fail_memory(err);
    }
    flow->ensemble = ensemble;
    flow->options = *options;
    el_flow_renew(flow);
    flow->stages = options->stages > 0 && options->stages < EL_STAGES ? options->stages : EL_STAGES;
    flow->window = window(ensemble);
    flow->max_tokens = el_ensemble_longest_sentence(ensemble);
    flow->next_deadline = INFINITY;
    return true;
}

void el_flow_close(struct el_flow *flow) {
    struct el_error ignored;
    struct el_tagging *tagging;
    if (flow == NULL) {
        return;
    }
    el_flow_end_all(flow, EL_OUTCOME_CANCELLED);
    while (el_client_pending(flow->ensemble->client) > 0) {
        el_client_run(flow->ensemble->client, 100, el_task_take_reply, flow, &ignored);
    }
    while ((tagging = take_first(&flow->ready)) != NULL) {
        free_tagging(tagging);
    }
    free(flow);
}

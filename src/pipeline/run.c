/* Documents from a source to a receiver: pulled as there is room for them, handed over in input
 * order. Memory does not grow with the input. */
#include "base/clock.h"
#include "pipeline/ensemble_private.h"
#include "pipeline/flow.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct run {
    struct el_ensemble *ensemble;
    struct el_flow *flow;
    const struct el_run *order;
    bool input_ended;
    bool stopped;    /* by the caller, at once */
    bool ending;     /* what is done is all there will be ... */
    bool ended;      /* ... up to the first document without anything */
    double deadline; /* of el_now(), when that is so; INFINITY = none */
};

/* Take in work until the window is full. */
static bool pull(struct run *run, struct el_error *err) {
    while (!run->input_ended && el_flow_is_hungry(run->flow)) {
        struct el_wish wish = {.trace = run->ensemble->trace != NULL};
        int got = run->order->next(run->order->context, &wish.document, err);
        run->input_ended = got <= 0;
        if (got > 0 && !el_flow_submit(run->flow, &wish, NULL, err)) {
            el_document_free(wish.document);
            return false;
        }
        if (got < 0) {
            return false;
        }
    }
    return true;
}

static bool give(struct run *run, const struct el_delivery *delivery, struct el_error *err) {
    struct el_counts *counts = &run->ensemble->counts;
    struct el_document *document = delivery->document;
    counts->documents++;
    counts->entities += document->n_entities;
    counts->failed_documents += document->failure != NULL;
    if (delivery->trace != NULL && fputs(delivery->trace, run->ensemble->trace) < 0) {
        el_document_free(document);
        return el_fail(err, EL_ERR_IO, "cannot write the trace: %s", strerror(errno));
    }
    return run->order->done(run->order->context, document, err);
}

/* Hand over what is finished. */
static bool drain(struct run *run, struct el_error *err) {
    struct el_delivery delivery;
    bool ok = true;
    while (ok && el_flow_take(run->flow, &delivery)) {
        bool nothing = delivery.n_done == 0 && delivery.n_sentences > 0;
        run->ended = run->ended || (run->ending && nothing);
        if (delivery.outcome == EL_OUTCOME_FAILED) {
            *err = delivery.error;
            ok = false;
        }
        if (!ok || run->ended || delivery.outcome == EL_OUTCOME_CANCELLED) {
            el_document_free(delivery.document);
        } else {
            ok = give(run, &delivery, err);
        }
        free(delivery.trace);
    }
    return ok;
}

static void end_now(struct run *run) {
    run->input_ended = run->ending = true;
    run->deadline = INFINITY;
    el_flow_end_all(run->flow, EL_OUTCOME_CUT_SHORT);
}

/* The caller wants an end: documents up to the last one that has come as far as classification, and
 * the first in any case, may be finished within some seconds; later ones are given up. */
static void wind_up(struct run *run) {
    run->input_ended = true;
    run->deadline = el_now() + EL_FINISH_SECONDS;
    el_flow_end_after(run->flow, el_flow_well_under_way(run->flow), EL_OUTCOME_CANCELLED);
}

static void look_at_tick(struct run *run) {
    enum el_tick tick = run->order->tick == NULL ? EL_GO_ON : run->order->tick(run->order->context);
    if (tick == EL_STOP && !run->stopped) {
        run->stopped = true;
        end_now(run);
    }
    if (tick == EL_FINISH && !run->ending && run->deadline == INFINITY) {
        wind_up(run);
    }
    if (el_now() >= run->deadline) {
        end_now(run);
    }
}

static bool loop(struct run *run, struct el_error *err) {
    const int tick_milliseconds = 100;
    for (;;) {
        look_at_tick(run);
        if (!pull(run, err) || !drain(run, err)) {
            return false;
        }
        if (run->input_ended && el_flow_state(run->flow).documents == 0) {
            return !run->stopped || el_fail(err, EL_ERR_INTERRUPTED, "interrupted");
        }
        bool more = !run->input_ended && el_flow_is_hungry(run->flow);
        if (!more && !el_flow_step(run->flow, tick_milliseconds, err)) {
            return false;
        }
    }
}

bool el_ensemble_run(struct el_ensemble *ensemble, const struct el_run *order,
                     struct el_error *err) {
    struct run run = {.ensemble = ensemble, .order = order, .deadline = INFINITY};
    struct el_flow_options options = {.context = order->context,
                                      .sentence = order->sentence,
                                      .settings = order->settings,
                                      .members = order->members,
                                      .stages = order->stages};
    bool ok = el_flow_open(ensemble, &options, &run.flow, err) && loop(&run, err);
    el_flow_close(run.flow);
    return ok;
}

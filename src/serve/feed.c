/* Texts of all requests to the engine and back. Each request's first text goes at once; the others
 * take turns, so that the engine never has much more than it can work on, and a small request need
 * not wait for a large one. */
#include "base/clock.h"
#include "serve/service_private.h"

#include <stdlib.h>

static void queue(struct call *call) {
    struct keeper *keeper = call->keeper;
    call->next_waiting = NULL;
    *keeper->waiting_last = call;
    keeper->waiting_last = &call->next_waiting;
}

static void unqueue(struct call *call) {
    struct keeper *keeper = call->keeper;
    for (struct call **at = &keeper->waiting; *at != NULL; at = &(*at)->next_waiting) {
        if (*at == call) {
            *at = call->next_waiting;
            if (*at == NULL) {
                keeper->waiting_last = at;
            }
            return;
        }
    }
}

static void leave(struct call *call) {
    if (call->in_work) {
        call->in_work = false;
        call->service->in_work--;
        unqueue(call);
    }
}

static void refuse(struct call *call, const struct el4ner_error *error) {
    bool mistake = error->code == EL4NER_ERROR_CONFIG || error->code == EL4NER_ERROR_FORMAT;
    answer_error(call, mistake ? 400 : 503, NULL, "%s", error->message);
    call->retry_after = mistake ? 0 : 1;
}

/* Hand over the next text. */
static bool hand_over(struct call *call) {
    struct piece *piece = &call->pieces[call->handed++];
    double left = call->deadline - el_now();
    struct el4ner_request request = {
        .size = sizeof request,
        .types = piece->set != NULL ? piece->set->types : call->wish.types,
        .n_types = piece->set != NULL ? piece->set->n_types : call->wish.n_types,
        .nested = call->wish.nested,
        .evidence = call->wish.evidence,
        .trace = call->wish.trace,
        .lang = call->wish.lang,
        .seconds = left > 0.001 ? left : 0.001};
    struct el4ner_error error = {0};
    struct el_document *document = piece->document;
    piece->document = NULL;
    if (document->lang != NULL) {
        request.lang = document->lang; /* its own goes before that of the request */
    }
    piece->number = el_engine_submit(call->keeper->engine, document, piece, &request, &error);
    if (piece->number == 0) {
        refuse(call, &error);
        return false;
    }
    call->in_engine++;
    call->keeper->in_engine++;
    return true;
}

void feed_cancel(struct call *call) {
    leave(call);
    for (size_t i = 0; i < call->n_pieces; i++) {
        struct piece *piece = &call->pieces[i];
        el_document_free(piece->document);
        piece->document = NULL;
        if (piece->number != 0 && piece->result == NULL) {
            el4ner_cancel(call->keeper->engine, piece->number);
        }
    }
}

/* Twice the window keeps it full while results are on their way. */
static size_t most(const struct keeper *keeper) {
    size_t window = keeper->window;
    return 2 * window < 8 ? 8 : 2 * window > 4096 ? 4096 : 2 * window;
}

static void feed(struct keeper *keeper) {
    while (keeper->waiting != NULL && keeper->in_engine < most(keeper)) {
        struct call *call = keeper->waiting;
        unqueue(call);
        if (!hand_over(call)) {
            feed_cancel(call);
            answer_end(call);
            call->gone = call->wish.stream; /* what is sent already says that all is well */
            handle_resume(call);
        } else if (call->handed < call->n_pieces) {
            queue(call);
        }
    }
}

bool feed_begin(struct call *call) {
    struct service *service = call->service;
    if (!answer_begin(call)) {
        return false;
    }
    if (call->n_pieces == 0) {
        answer_end(call);
        return true;
    }
    call->deadline = el_now() + call->wish.seconds;
    call->in_work = true;
    service->in_work++;
    if (!hand_over(call)) {
        leave(call);
        answer_end(call);
        return false;
    }
    if (call->handed < call->n_pieces) {
        queue(call);
        feed(call->keeper);
    }
    return true;
}

static void write_ready(struct call *call) {
    size_t before = call->out.len;
    while (call->written < call->n_pieces && call->pieces[call->written].result != NULL) {
        struct piece *piece = &call->pieces[call->written];
        answer_document(call, piece->result);
        el4ner_result_free(piece->result);
        piece->result = NULL;
        piece->number = 0;
        call->written++;
    }
    if (call->written == call->n_pieces) {
        leave(call);
        answer_end(call);
    }
    if (call->complete || (call->wish.stream && call->out.len > before)) {
        handle_resume(call);
    }
}

static void take_result(el4ner_result *result) {
    struct piece *piece = el4ner_result_user(result);
    struct call *call = piece->call;
    call->in_engine--;
    call->keeper->in_engine--;
    if (call->in_work && !call->gone) {
        piece->result = result;
        write_ready(call);
        return;
    }
    piece->number = 0;
    el4ner_result_free(result);
    if (call->connection == NULL && call->in_engine == 0) {
        call_free(call);
    }
}

void feed_take(struct service *service) {
    for (size_t k = 0; k < service->n_keepers; k++) {
        struct keeper *keeper = &service->keepers[k];
        size_t n;
        el4ner_result **results = keeper_take(keeper, &n);
        for (size_t i = 0; i < n; i++) {
            take_result(results[i]);
        }
        free(results);
        if (n > 0) {
            feed(keeper);
        }
    }
}

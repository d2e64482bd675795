/* Many texts in one flow: an inbox that any thread may put texts into, and the one thread that
 * moves them on. */
#include "api/el4ner_private.h"
#include "api/within.h"

#include "base/array.h"
#include "base/clock.h"
#include "base/print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the inbox ---- */

/* With the mutex held. */
static void put_in(el4ner *engine, struct ticket *ticket) {
    ticket->number = ++engine->n_numbers;
    *engine->inbox_last = ticket;
    engine->inbox_last = &ticket->next;
}

/* Texts whose results are to be taken. */
static size_t due(const el4ner *engine) {
    return (size_t)(engine->progress.texts - engine->progress.finished);
}

static void give_full(el4ner *engine, struct el4ner_error *error) {
    if (error != NULL) {
        error->code = EL4NER_ERROR_FULL;
        el_print(error->message, sizeof error->message,
                 "%zu texts are in work, and no more are taken in until a result is taken by "
                 "el4ner_next(); most_texts sets how many",
                 engine->most_texts);
    }
}

/* A ticket for the inbox; 0 if the engine is full, and the ticket is the caller's still. */
static uint64_t hand_over(el4ner *engine, struct ticket *ticket, void *user,
                          struct el4ner_error *error) {
    uint64_t number = 0;
    ticket->user = user;
    pthread_mutex_lock(&engine->mutex);
    bool first = engine->inbox == NULL && (engine->waits || engine->polled);
    if (due(engine) < engine->most_texts) {
        put_in(engine, ticket);
        number = ticket->number;
        engine->progress.texts++;
    }
    pthread_mutex_unlock(&engine->mutex);
    if (number == 0) {
        give_full(engine, error);
    } else if (first) {
        el_client_wake(el_ensemble_client(engine->ensemble));
    }
    return number;
}

static void drop_ticket(el4ner *engine, struct ticket *ticket) {
    pthread_mutex_lock(&engine->mutex);
    free_ticket(engine, ticket);
    pthread_mutex_unlock(&engine->mutex);
}

/* Hand over a ticket, which is gone if it is not taken, or give the error for which there is none.
 */
static uint64_t submit(el4ner *engine, struct ticket *ticket, void *user,
                       const struct el_error *err, struct el4ner_error *error) {
    if (ticket == NULL) {
        give_error(error, err);
        return 0;
    }
    uint64_t number = hand_over(engine, ticket, user, error);
    if (number == 0) {
        drop_ticket(engine, ticket);
    }
    return number;
}

uint64_t el4ner_submit(el4ner *engine, const char *text, size_t length, void *user,
                       const struct el4ner_request *request, struct el4ner_error *error) {
    struct el_error err = {0};
    struct ticket *ticket = make_ticket(engine, text, length, request, &err);
    return submit(engine, ticket, user, &err, error);
}

uint64_t el4ner_submit_document(el4ner *engine, el4ner_result *document, void *user,
                                const struct el4ner_request *request, struct el4ner_error *error) {
    struct el_error err = {0};
    const struct el_document before = *document->document;
    struct ticket *ticket = make_document_ticket(engine, document->document, request, &err);
    uint64_t number = 0;
    if (ticket == NULL) {
        give_error(error, &err);
    } else if ((number = hand_over(engine, ticket, user, error)) == 0) {
        ticket->wish.document = NULL;
        drop_ticket(engine, ticket);
    } else {
        document->document = NULL;
        el4ner_result_free(document);
        return number;
    }
    /* It is the caller's still, and as it was. */
    document->document->id = before.id;
    document->document->lang = before.lang;
    document->document->failure = before.failure;
    document->document->abstained = before.abstained;
    return 0;
}

uint64_t el_engine_submit(el4ner *engine, struct el_document *document, void *user,
                          const struct el4ner_request *request, struct el4ner_error *error) {
    struct el_error err = {0};
    struct ticket *ticket = make_document_ticket(engine, document, request, &err);
    if (ticket == NULL) {
        el_document_free(document);
    }
    return submit(engine, ticket, user, &err, error);
}

void el4ner_cancel(el4ner *engine, uint64_t number) {
    pthread_mutex_lock(&engine->mutex);
    /* Without memory the text is finished instead. */
    if (EL_GROW(engine->cancelled, engine->cancelled_room, engine->n_cancelled + 1)) {
        engine->cancelled[engine->n_cancelled++] = number;
    }
    pthread_mutex_unlock(&engine->mutex);
    el_client_wake(el_ensemble_client(engine->ensemble));
}

void el4ner_wake(el4ner *engine) {
    atomic_store(&engine->woken, true);
    el_client_wake(el_ensemble_client(engine->ensemble));
}

int el4ner_fd(el4ner *engine) {
    pthread_mutex_lock(&engine->mutex);
    engine->polled = true;
    pthread_mutex_unlock(&engine->mutex);
    return el_client_fd(el_ensemble_client(engine->ensemble));
}

/* What others have put in, taken out of their reach. */
struct news {
    struct ticket *tickets;
    uint64_t *cancelled;
    size_t n_cancelled;
};

static struct news take_news(el4ner *engine) {
    pthread_mutex_lock(&engine->mutex);
    struct news news = {engine->inbox, engine->cancelled, engine->n_cancelled};
    engine->inbox = NULL;
    engine->inbox_last = &engine->inbox;
    engine->cancelled = NULL;
    engine->n_cancelled = engine->cancelled_room = 0;
    pthread_mutex_unlock(&engine->mutex);
    return news;
}

/* Tickets that found no memory wait at the head of the inbox. */
static void put_back(el4ner *engine, struct ticket *tickets) {
    struct ticket **last = &tickets;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    pthread_mutex_lock(&engine->mutex);
    *last = engine->inbox;
    if (engine->inbox == NULL) {
        engine->inbox_last = last;
    }
    engine->inbox = tickets;
    pthread_mutex_unlock(&engine->mutex);
}

static bool submit_all(el4ner *engine, struct ticket *ticket, struct el_error *err) {
    struct el_log log = {.write = pass_on, .context = engine};
    for (struct ticket *next; ticket != NULL; ticket = next) {
        next = ticket->next;
        if (ticket->terms != NULL && !ticket->terms->told) {
            ticket->terms->told = true;
            if (*ticket->terms->warning != '\0') {
                el_log(&log, EL_WARNING, "%s", ticket->terms->warning);
            }
        }
        if (!el_flow_submit(engine->flow, &ticket->wish, NULL, err)) {
            put_back(engine, ticket);
            return false;
        }
        ticket->next = NULL;
        ticket->wish.document = NULL;
    }
    return true;
}

/* The numbers of texts are those of the flow: both count in the order of the inbox. */
static bool take_in(el4ner *engine, struct el_error *err) {
    struct news news = take_news(engine);
    bool ok = submit_all(engine, news.tickets, err);
    for (size_t i = 0; i < news.n_cancelled; i++) {
        if (ok) {
            el_flow_end(engine->flow, news.cancelled[i], EL_OUTCOME_CANCELLED);
        } else {
            el4ner_cancel(engine, news.cancelled[i]);
        }
    }
    free(news.cancelled);
    return ok;
}

/* ---- results ---- */

/* The next that is finished; NULL if there is none. */
static el4ner_result *finish_one(el4ner *engine) {
    struct el_delivery delivery;
    el4ner_result *result = NULL;
    while (result == NULL && el_flow_take(engine->flow, &delivery)) {
        struct ticket *ticket = delivery.user;
        if (!ticket->unwanted) {
            result = ticket->result;
            ticket->result = NULL;
        }
        if (result != NULL) {
            fill_result(engine, &delivery, result);
        }
        el_document_free(delivery.document);
        free(delivery.trace);
        drop_ticket(engine, ticket);
    }
    return result;
}

static el4ner_result *first_finished(el4ner *engine) {
    el4ner_result *result = engine->finished;
    if (result != NULL) {
        engine->finished = result->next;
        if (engine->finished == NULL) {
            engine->finished_last = &engine->finished;
        }
        result->next = NULL;
    }
    return result;
}

/* False if there is something in the inbox, so that this is no time to wait. */
static bool begin_wait(el4ner *engine) {
    pthread_mutex_lock(&engine->mutex);
    bool waits = engine->inbox == NULL && engine->n_cancelled == 0;
    engine->waits = waits;
    pthread_mutex_unlock(&engine->mutex);
    return waits;
}

static void end_wait(el4ner *engine) {
    struct el_flow_state state = el_flow_state(engine->flow);
    size_t calls = el_client_in_flight(el_ensemble_client(engine->ensemble), NULL);
    pthread_mutex_lock(&engine->mutex);
    engine->waits = false;
    engine->progress.sentences = state.done;
    engine->progress.sentences_due = state.sentences + state.waiting;
    engine->progress.calls_in_flight = calls;
    pthread_mutex_unlock(&engine->mutex);
}

void el4ner_get_progress(el4ner *engine, struct el4ner_progress *progress) {
    pthread_mutex_lock(&engine->mutex);
    struct el4ner_progress known = engine->progress;
    pthread_mutex_unlock(&engine->mutex);
    give_struct(&known, sizeof known, progress);
}

/* Move on for at most so long; -1 = until something comes of it. */
static bool step(el4ner *engine, double seconds, struct el_error *err) {
    int milliseconds = seconds > 1e6 ? -1 : (int)ceil(seconds * 1000);
    milliseconds = begin_wait(engine) ? milliseconds : 0;
    bool ok = el_flow_step(engine->flow, milliseconds, err);
    end_wait(engine);
    return ok;
}

static bool is_idle(el4ner *engine) {
    pthread_mutex_lock(&engine->mutex);
    bool idle = due(engine) == 0;
    pthread_mutex_unlock(&engine->mutex);
    return idle;
}

/* The next result, until then or until woken. */
static bool wait_for_one(el4ner *engine, double until, bool while_busy, el4ner_result **result,
                         struct el_error *err) {
    for (bool stepped = false;; stepped = true) {
        if (!take_in(engine, err)) {
            return false;
        }
        *result = first_finished(engine);
        *result = *result != NULL ? *result : finish_one(engine);
        double now = el_now();
        if (*result != NULL || atomic_load(&engine->woken) || (stepped && now >= until) ||
            (while_busy && is_idle(engine))) {
            return true;
        }
        if (!step(engine, until > now ? until - now : 0, err)) {
            return false;
        }
    }
}

el4ner_result *el4ner_next(el4ner *engine, int milliseconds, struct el4ner_error *error) {
    struct el_error err = {0};
    double until = milliseconds < 0 ? (double)INFINITY : el_now() + milliseconds / 1000.0;
    el4ner_result *result = NULL;
    wait_for_one(engine, until, milliseconds < 0, &result, &err);
    atomic_store(&engine->woken, false);
    if (result != NULL) {
        pthread_mutex_lock(&engine->mutex);
        engine->progress.finished++;
        pthread_mutex_unlock(&engine->mutex);
    }
    give_error(error, &err);
    return result;
}

/* ---- one text ---- */

/* Results of others are kept for el4ner_next(). NULL only where memory is out. */
static el4ner_result *wait_for(el4ner *engine, uint64_t number, struct el_error *err) {
    for (;;) {
        if (!take_in(engine, err)) {
            return NULL;
        }
        el4ner_result *result = finish_one(engine);
        if (result != NULL && result->number == number) {
            return result;
        }
        if (result != NULL) {
            *engine->finished_last = result;
            engine->finished_last = &result->next;
        } else {
            step(engine, (double)INFINITY, err); /* what fails is said in the results */
        }
    }
}

el4ner_result *el4ner_tag_with(el4ner *engine, const char *text, size_t length,
                               const struct el4ner_request *request, struct el4ner_error *error) {
    struct el_error err = {0};
    struct ticket *ticket = make_ticket(engine, text, length, request, &err);
    if (ticket == NULL) {
        return give_error(error, &err);
    }
    ticket->wish.apart = true;
    pthread_mutex_lock(&engine->mutex);
    put_in(engine, ticket);
    pthread_mutex_unlock(&engine->mutex);
    el4ner_result *result = wait_for(engine, ticket->number, &err);
    if (result == NULL) {
        ticket->unwanted = true; /* it is in the inbox still */
        return give_error(error, &err);
    }
    if (result->status != EL4NER_DONE) {
        if (error != NULL) {
            *error = result->error;
        }
        el4ner_result_free(result);
        return NULL;
    }
    return result;
}

el4ner_result *el4ner_tag(el4ner *engine, const char *text, size_t length,
                          struct el4ner_error *error) {
    return el4ner_tag_with(engine, text, length, NULL, error);
}

/* ---- beginning and end ---- */

bool check_idle(el4ner *engine, const char *what, struct el_error *err) {
    pthread_mutex_lock(&engine->mutex);
    bool busy = engine->inbox != NULL || el_flow_state(engine->flow).documents > 0;
    pthread_mutex_unlock(&engine->mutex);
    return !busy || el_fail(err, EL_ERR_CONFIG,
                            "%s while texts are in work; take their results first", what);
}

bool open_texts(el4ner *engine, struct el_error *err) {
    const size_t fewest = 64, of_each = 4;
    struct el_flow_options options = {.as_ready = engine->order == EL4NER_AS_READY};
    engine->inbox_last = &engine->inbox;
    engine->finished_last = &engine->finished;
    engine->locked = pthread_mutex_init(&engine->mutex, NULL) == 0;
    if (!engine->locked) {
        return el_fail_memory(err);
    }
    if (!el_flow_open(engine->ensemble, &options, &engine->flow, err)) {
        return false;
    }
    size_t window = el_flow_state(engine->flow).window;
    engine->progress.window = window;
    if (engine->most_texts == 0) {
        engine->most_texts = of_each * window > fewest ? of_each * window : fewest;
    }
    return true;
}

void close_texts(el4ner *engine) {
    struct ticket *ticket;
    if (engine->flow != NULL) {
        el_flow_end_all(engine->flow, EL_OUTCOME_CANCELLED);
        for (el4ner_result *result; el_flow_state(engine->flow).documents > 0;) {
            struct el_error ignored;
            result = finish_one(engine);
            el4ner_result_free(result);
            if (result == NULL) {
                el_flow_step(engine->flow, 100, &ignored);
            }
        }
    }
    el_flow_close(engine->flow);
    while ((ticket = engine->inbox) != NULL) {
        engine->inbox = ticket->next;
        free_ticket(engine, ticket);
    }
    for (el4ner_result *result; (result = first_finished(engine)) != NULL;) {
        el4ner_result_free(result);
    }
    forget_terms(engine, 0);
    free(engine->cancelled);
    if (engine->locked) {
        pthread_mutex_destroy(&engine->mutex);
    }
}

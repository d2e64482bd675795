/* A text and what is wanted of it. */
#include "api/el4ner_private.h"

#include "base/clock.h"
#include "pipeline/terms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_TERMS = 32 };

static struct el_document *make_document(const char *text, size_t length, struct el_error *err) {
    size_t valid = el_utf8_valid_prefix(text, length);
    if (valid != length) {
        el_fail(err, EL_ERR_FORMAT, "the text is not valid UTF-8 at byte %zu", valid);
        return NULL;
    }
    const char *nul = length > 0 ? memchr(text, '\0', length) : NULL;
    if (nul != NULL) {
        el_fail(err, EL_ERR_FORMAT, "the text holds a NUL character at byte %zu",
                (size_t)(nul - text));
        return NULL;
    }
    struct el_document *document = el_document_new();
    if (document == NULL) {
        el_fail_memory(err);
        return NULL;
    }
    document->id = "text";
    document->text = el_arena_copy(&document->arena, length > 0 ? text : "", length);
    document->text_len = length;
    if (document->text == NULL) {
        el_document_free(document);
        el_fail_memory(err);
        return NULL;
    }
    return document;
}

static bool name_document(struct el_document *document, const struct el4ner_request *request,
                          struct el_error *err) {
    if (request->lang != NULL) {
        if (!el_config_check_lang(request->lang, err)) {
            return false;
        }
        document->lang = el_arena_string(&document->arena, request->lang);
    }
    if (request->id != NULL) {
        if (el_utf8_valid_prefix(request->id, strlen(request->id)) != strlen(request->id)) {
            return el_fail(err, EL_ERR_FORMAT, "the id is not valid UTF-8");
        }
        document->id = el_arena_string(&document->arena, request->id);
    }
    bool kept = document->id != NULL && (request->lang == NULL || document->lang != NULL);
    return kept || el_fail_memory(err);
}

/* ---- terms ---- */

struct el_type *types_of(struct el_arena *arena, const struct el4ner_type *types, size_t n) {
    struct el_type *list = el_arena_array(arena, n, sizeof *list);
    for (size_t i = 0; list != NULL && i < n; i++) {
        list[i] = (struct el_type){.name = types[i].name,
                                   .wording = types[i].wording,
                                   .description = types[i].description,
                                   .aliases = types[i].aliases,
                                   .n_aliases = types[i].n_aliases};
    }
    return list;
}

static void add_text(struct el_buffer *key, const char *text) {
    el_buffer_append(key, text != NULL ? "=" : "-", 1);
    el_buffer_append(key, text != NULL ? text : "", text != NULL ? strlen(text) + 1 : 0);
}

/* All that makes a difference, so that equal keys are equal terms. */
static bool make_key(const struct el4ner_request *request, struct el_buffer *key,
                     struct el_error *err) {
    el_buffer_printf(key, "%d ", (int)request->nested);
    for (size_t i = 0; i < request->n_types; i++) {
        const struct el4ner_type *type = &request->types[i];
        add_text(key, type->name);
        add_text(key, type->wording);
        add_text(key, type->description);
        el_buffer_printf(key, "%zu ", type->n_aliases);
        for (size_t j = 0; j < type->n_aliases; j++) {
            add_text(key, type->aliases[j]);
        }
    }
    return !key->failed || el_fail_memory(err);
}

static void free_terms(struct terms *terms) {
    if (terms != NULL) {
        el_buffer_free(&terms->key);
        el_arena_free(&terms->arena);
        free(terms);
    }
}

static bool fill_terms(const el4ner *engine, const struct el4ner_request *request,
                       struct terms *terms, struct el_error *err) {
    bool nested = request->nested == EL4NER_YES;
    struct el_terms wanted = {.n_types = request->n_types,
                              .nested = request->nested != EL4NER_AS_CONFIGURED ? &nested : NULL};
    if (request->types != NULL) {
        wanted.types = types_of(&terms->arena, request->types, request->n_types);
        if (wanted.types == NULL) {
            return el_fail_memory(err);
        }
    }
    return el_terms_context(engine->ensemble, &wanted, &terms->arena, &terms->context,
                            &terms->warning, err);
}

/* Terms that nobody uses go, but for the `kept` used last. */
void forget_terms(el4ner *engine, size_t kept) {
    size_t n = 0;
    for (struct terms **at = &engine->terms; *at != NULL;) {
        struct terms *terms = *at;
        if (++n > kept && terms->users == 0) {
            *at = terms->next;
            free_terms(terms);
        } else {
            at = &terms->next;
        }
    }
}

static struct terms *find_terms(el4ner *engine, const struct el_buffer *key) {
    for (struct terms **at = &engine->terms; *at != NULL; at = &(*at)->next) {
        struct terms *terms = *at;
        if (terms->key.len == key->len && memcmp(terms->key.data, key->data, key->len) == 0) {
            *at = terms->next;
            return terms;
        }
    }
    return NULL;
}

/* NULL in *out for the engine's own. */
static bool get_terms(el4ner *engine, const struct el4ner_request *request, struct terms **out,
                      struct el_error *err) {
    struct el_buffer key = {0};
    *out = NULL;
    if (request->types == NULL && request->nested == EL4NER_AS_CONFIGURED) {
        return true;
    }
    if (!make_key(request, &key, err)) {
        el_buffer_free(&key);
        return false;
    }
    struct terms *terms = find_terms(engine, &key);
    if (terms != NULL) {
        el_buffer_free(&key);
    } else {
        terms = calloc(1, sizeof *terms);
        if (terms == NULL) {
            el_buffer_free(&key);
            return el_fail_memory(err);
        }
        terms->key = key;
        if (!fill_terms(engine, request, terms, err)) {
            free_terms(terms);
            return false;
        }
    }
    terms->next = engine->terms;
    engine->terms = terms;
    terms->users++;
    forget_terms(engine, KEPT_TERMS);
    *out = terms;
    return true;
}

/* ---- tickets ---- */

static bool check_request(const struct el4ner_request *request, struct el_error *err) {
    if (request->types == NULL && request->n_types > 0) {
        return el_fail(err, EL_ERR_CONFIG, "n_types of a request is %zu, but types is NULL",
                       request->n_types);
    }
    if ((unsigned)request->nested > EL4NER_NO) {
        return el_fail(err, EL_ERR_CONFIG, "nested of a request is %d; see enum el4ner_choice",
                       (int)request->nested);
    }
    if (!(request->seconds >= 0)) {
        return el_fail(err, EL_ERR_CONFIG, "seconds of a request must be 0 or more");
    }
    return true;
}

struct ticket *make_document_ticket(el4ner *engine, struct el_document *document,
                                    const struct el4ner_request *given, struct el_error *err) {
    const size_t first = offsetof(struct el4ner_request, seconds) + sizeof given->seconds;
    struct el4ner_request request;
    if (!take_struct(given, first, &request, sizeof request, "a request", err) ||
        !check_request(&request, err)) {
        return NULL;
    }
    struct ticket *ticket = calloc(1, sizeof *ticket);
    el4ner_result *result = calloc(1, sizeof *result);
    bool ok = (ticket != NULL && result != NULL) || el_fail_memory(err);
    ok = ok && name_document(document, &request, err);
    if (ok) {
        pthread_mutex_lock(&engine->mutex);
        ok = get_terms(engine, &request, &ticket->terms, err);
        pthread_mutex_unlock(&engine->mutex);
    }
    if (!ok) {
        free(result);
        free(ticket);
        return NULL;
    }
    document->failure = NULL; /* of an earlier engine */
    document->abstained = 0;
    ticket->result = result;
    ticket->wish =
        (struct el_wish){.document = document,
                         .context = ticket->terms != NULL ? ticket->terms->context : NULL,
                         .deadline = request.seconds > 0 ? el_now() + request.seconds : 0,
                         .evidence = request.evidence,
                         .trace = request.trace,
                         .user = ticket};
    return ticket;
}

struct ticket *make_ticket(el4ner *engine, const char *text, size_t length,
                           const struct el4ner_request *request, struct el_error *err) {
    struct el_document *document = make_document(text, length, err);
    struct ticket *ticket =
        document != NULL ? make_document_ticket(engine, document, request, err) : NULL;
    if (ticket == NULL) {
        el_document_free(document);
    }
    return ticket;
}

void free_ticket(el4ner *engine, struct ticket *ticket) {
    if (ticket->terms != NULL) {
        ticket->terms->users--;
        forget_terms(engine, KEPT_TERMS);
    }
    el_document_free(ticket->wish.document);
    free(ticket->result);
    free(ticket);
}

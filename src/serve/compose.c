/* Answers: documents as writers write them, and errors. */
#include "base/json.h"
#include "base/print.h"
#include "serve/service_private.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void answer_error(struct call *call, unsigned status, const char *where, const char *format, ...) {
    char message[1200];
    va_list args;
    va_start(args, format);
    el_vprint(message, sizeof message, format, args);
    va_end(args);
    el_buffer_clear(&call->out);
    el_buffer_printf(&call->out, "{\"error\": {\"status\": %u", status);
    if (where != NULL) {
        el_buffer_string(&call->out, ", \"where\": ");
        el_json_string(&call->out, where, strlen(where));
    }
    el_buffer_string(&call->out, ", \"message\": ");
    el_json_string(&call->out, message, strlen(message));
    el_buffer_string(&call->out, "}}\n");
    call->status = status;
    call->type = "application/json";
    call->complete = true;
    call->problem = el_arena_string(&call->arena, message);
}

void answer_note(struct call *call, const char *message) {
    enum { MOST = 2000 };
    bool said = call->notes.len > 0 && strstr(call->notes.data, message) != NULL;
    if (!said && call->notes.len < MOST) {
        el_buffer_string(&call->notes, call->notes.len > 0 ? "; " : "");
        el_buffer_string(&call->notes, message);
    }
}

/* ---- evidence ---- */

static json_t *real_or_null(double number) {
    return isnan(number) ? json_null() : json_real(round(number * 1e4) / 1e4);
}

static json_t *evidence_json(const struct el4ner_evidence *from, const char *text) {
    static const char *const answers[] = {
        [EL4NER_SAID_YES] = "yes", [EL4NER_SAID_NO] = "no", [EL4NER_SAID_NOTHING] = "nothing"};
    json_t *votes = json_array(), *checks = json_array(), *shown = json_array();
    for (size_t i = 0; i < from->n_votes; i++) {
        json_array_append_new(votes, json_pack("{s:s, s:s, s:o}", "member", from->votes[i]->member,
                                               "type", from->votes[i]->type, "probability",
                                               real_or_null(from->votes[i]->probability)));
    }
    for (size_t i = 0; i < from->n_checks; i++) {
        json_array_append_new(checks,
                              json_pack("{s:s, s:s, s:o}", "member", from->checks[i]->member,
                                        "answer", answers[from->checks[i]->answer], "yes",
                                        real_or_null(from->checks[i]->yes)));
    }
    for (size_t i = 0; i < from->n_demonstrations; i++) {
        const struct el4ner_demonstration *d = from->demonstrations[i];
        json_array_append_new(shown, json_pack("{s:s*, s:s, s:s*, s:o}", "id", d->id, "text",
                                               d->text, "lang", d->lang, "similarity",
                                               real_or_null(d->similarity)));
    }
    return json_pack("{s:s%, s:o, s:o, s:o}", "sentence", text + from->sentence_start,
                     from->sentence_end - from->sentence_start, "votes", votes, "checks", checks,
                     "demonstrations", shown);
}

static void add_abstentions(struct el_document *document, el4ner_result *result) {
    const struct el4ner_abstention *one;
    json_t *list = json_array();
    for (size_t i = 0; (one = el4ner_get_abstention(result, i)) != NULL; i++) {
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "member", one->member,
                                              "stage", el_stage_name((enum el_stage)one->stage),
                                              "cause", one->cause, "detail", one->detail));
    }
    json_object_set_new(document->extra, "abstentions", list);
}

static void add_trace(struct el_document *document, const char *trace) {
    json_t *list = json_array();
    for (const char *line = trace; line != NULL && *line != '\0';) {
        size_t n = strcspn(line, "\n");
        json_array_append_new(list, el_json_load(line, n, 0, NULL));
        line += n + (line[n] == '\n');
    }
    json_object_set_new(document->extra, "trace", list);
}

/* As fields that are carried through. */
static void add_evidence(const struct wish *wish, struct el_document *document,
                         el4ner_result *result) {
    json_t *kept = json_array();
    document->extra = document->extra != NULL ? document->extra : json_object();
    for (size_t i = 0; wish->evidence && i < document->n_entities; i++) {
        struct el_entity *entity = &document->entities[i];
        if (entity->evidence != NULL) {
            json_t *extra =
                json_pack("{s:o}", "evidence", evidence_json(entity->evidence, document->text));
            json_array_append_new(kept, extra);
            entity->extra = extra;
        }
    }
    if (wish->evidence) {
        add_abstentions(document, result);
    }
    if (wish->trace) {
        add_trace(document, el4ner_result_trace(result));
    }
    json_decref(document->kept); /* of the entities that it came with */
    document->kept = kept;
}

/* ---- documents ---- */

static ssize_t write_out(void *context, const char *bytes, size_t n) {
    struct call *call = context;
    el_buffer_append(&call->out, bytes, n);
    return call->out.failed ? -1 : (ssize_t)n;
}

static void note(void *context, enum el_level level, const char *message) {
    if (level == EL_WARNING) {
        answer_note(context, message);
    }
}

bool answer_is_lines(enum el_format format) {
    return format == EL_FORMAT_JSONL || format == EL_FORMAT_DOCCANO || format == EL_FORMAT_SPACY;
}

static const char *media_of(enum el_format format) {
    if (answer_is_lines(format)) {
        return "application/x-ndjson";
    }
    switch (format) {
    case EL_FORMAT_LABELSTUDIO:
    case EL_FORMAT_NESTED:
        return "application/json";
    case EL_FORMAT_HTML:
        return "text/html; charset=utf-8";
    case EL_FORMAT_CSV:
        return "text/csv; charset=utf-8";
    case EL_FORMAT_TSV:
    case EL_FORMAT_ENTITIES:
        return "text/tab-separated-values; charset=utf-8";
    default:
        return "text/plain; charset=utf-8";
    }
}

bool answer_begin(struct call *call) {
    if (call->shape == SHAPE_TASKS) {
        studio_begin(call);
        return true;
    }
    struct keeper *keeper = call->keeper;
    struct el_log *log = el_arena_alloc(&call->arena, sizeof *log);
    struct el_error err = {0};
    cookie_io_functions_t functions = {.write = write_out};
    call->file = log != NULL ? fopencookie(call, "w", functions) : NULL;
    if (call->file == NULL) {
        answer_error(call, 503, NULL, "out of memory");
        return false;
    }
    *log = (struct el_log){.write = note, .context = call};
    struct el_write_options options = {.format = call->wish.to,
                                       .unit = call->wish.unit,
                                       .members = keeper->names,
                                       .n_members = keeper->n_members,
                                       .log = log,
                                       .flat = true};
    if (!el_writer_open(call->file, &options, &call->writer, &err)) {
        fclose(call->file);
        call->file = NULL;
        answer_error(call, 400, "to", "%s", err.message);
        return false;
    }
    call->status = 200;
    call->type = call->shape == SHAPE_FORMAT ? media_of(call->wish.to) : "application/json";
    if (call->shape == SHAPE_DOCUMENTS) {
        el_buffer_string(&call->out, "{\"documents\": [");
    }
    return true;
}

static void write_failure(struct call *call, const struct el_document *document,
                          const char *message) {
    if (answer_is_lines(call->wish.to)) {
        el_buffer_string(&call->out, "{\"id\": ");
        el_json_string(&call->out, document->id, strlen(document->id));
        el_buffer_string(&call->out, ", \"failure\": ");
        el_json_string(&call->out, message, strlen(message));
        el_buffer_string(&call->out, "}\n");
    } else {
        answer_note(call, message);
    }
}

void answer_document(struct call *call, el4ner_result *result) {
    struct el_document *document = el_engine_document(result);
    struct el_error err = {0};
    call->failed += el4ner_result_status(result) == EL4NER_FAILED;
    call->cut_short += el4ner_result_status(result) == EL4NER_CUT_SHORT;
    if (document->failure == NULL && el4ner_result_status(result) != EL4NER_DONE) {
        document->failure = el4ner_result_error(result)->message;
    }
    if (el_engine_warning(result) != NULL) {
        answer_note(call, el_engine_warning(result));
    }
    call->service->texts++;
    call->service->entities += document->n_entities;
    if (call->shape == SHAPE_TASKS) {
        studio_document(call, document, el4ner_result_status(result) == EL4NER_DONE);
        return;
    }
    if (call->wish.evidence || call->wish.trace) {
        add_evidence(&call->wish, document, result);
    }
    if (call->shape == SHAPE_DOCUMENTS && call->written > 0) {
        el_buffer_string(&call->out, ",\n");
    }
    if (document->failure != NULL && call->wish.to != EL_FORMAT_JSONL &&
        answer_is_lines(call->wish.to)) {
        document->extra = document->extra != NULL ? document->extra : json_object();
        json_object_set_new(document->extra, "failure", json_string(document->failure));
    }
    if (!el_writer_write(call->writer, document, &err)) {
        call->left_out++;
        write_failure(call, document, err.message);
    }
    if (call->shape != SHAPE_FORMAT && call->out.len > 0 &&
        call->out.data[call->out.len - 1] == '\n') {
        call->out.data[--call->out.len] = '\0';
    }
}

/* All texts failed: then it is not a success, whatever has been found. */
static void set_status(struct call *call) {
    if (call->written > 0 && call->failed + call->cut_short == call->written) {
        call->status = call->failed > 0 ? 502 : 504;
    }
    if (call->written > 0 && call->left_out == call->written) {
        char message[1000];
        el_print(message, sizeof message, "%s",
                 call->notes.data != NULL ? call->notes.data : "cannot be written in this format");
        if (!answer_is_lines(call->wish.to)) {
            answer_error(call, 422, "to", "%s", message);
        } else {
            call->status = 422;
        }
    }
}

void answer_end(struct call *call) {
    struct el_error err = {0};
    if (call->writer != NULL && !el_writer_close(call->writer, &err)) {
        answer_note(call, err.message);
    }
    call->writer = NULL;
    if (call->file != NULL) {
        fclose(call->file);
        call->file = NULL;
    }
    if (call->complete) {
        return; /* an error */
    }
    if (call->shape == SHAPE_DOCUMENTS) {
        el_buffer_string(&call->out, "]}");
    }
    if (call->shape == SHAPE_TASKS) {
        studio_end(call);
    }
    if (call->shape != SHAPE_FORMAT) {
        el_buffer_char(&call->out, '\n');
    }
    if (!call->wish.stream) {
        set_status(call);
    }
    if (call->out.failed) {
        answer_error(call, 503, NULL, "out of memory");
    }
    call->complete = true;
}

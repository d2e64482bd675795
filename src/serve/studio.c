/* Label Studio: its requests to an ML backend, as label-studio-ml answers them. Tasks become texts
 * of a request like any other; what annotators have finished is learned. */
#include "base/json.h"
#include "base/print.h"
#include "corpus/labelstudio.h"
#include "serve/learn.h"
#include "serve/service_private.h"

#include <math.h>
#include <string.h>

/* Label Studio waits for 100 seconds, and drops all that comes later. What is not ready by then it
 * asks for again. */
static const double PREDICT_SECONDS = 95;

static void finish(struct call *call) {
    call->status = call->out.failed ? 503 : 200;
    call->type = "application/json";
    call->complete = true;
}

/* ---- the model ---- */

/* Label Studio keeps predictions by it: another configuration, of the service or for labelling, is
 * another model. */
static bool set_version(struct call *call, const char *labelling) {
    const struct keeper *keeper = call->keeper;
    struct el_sha256 hash;
    char hex[EL_SHA256_HEX];
    if (!handle_loaded(call)) {
        return false;
    }
    el_sha256_start(&hash);
    el_sha256_add(&hash, keeper->config_hash, sizeof keeper->config_hash);
    el_sha256_add(&hash, labelling, strlen(labelling));
    el_sha256_finish(&hash, hex);
    el_print(call->version, sizeof call->version, "el4ner-%.16s", hex);
    return true;
}

/* The labelling configuration in this field; it is kept in the call's arena. */
static bool read_labelling(struct call *call, json_t *from, const char *key,
                           struct label_sets *sets) {
    json_t *labelling = json_object_get(from, key);
    struct el_error err;
    if (!json_is_string(labelling)) {
        answer_error(call, 400, key, "is missing, the labelling configuration as a string");
        return false;
    }
    if (!label_sets_read(json_string_value(labelling), json_string_length(labelling), &call->arena,
                         sets, &err)) {
        if (err.code == EL_ERR_MEMORY) {
            return ask_fail_memory(call);
        }
        answer_error(call, 400, key, "%s", err.message);
        return false;
    }
    return true;
}

void studio_health(struct call *call) {
    about_health(call);
    if (call->status == 200) {
        el_buffer_clear(&call->out);
        el_buffer_string(&call->out, "{\"status\": \"UP\", \"model_class\": \"el4ner\"}\n");
    }
}

bool studio_setup(struct call *call) {
    struct label_sets sets;
    json_t *root = ask_object(call, "\"schema\"");
    if (root != NULL && read_labelling(call, root, "schema", &sets) &&
        set_version(call, json_string_value(json_object_get(root, "schema")))) {
        el_buffer_printf(&call->out, "{\"model_version\": \"%s\"}\n", call->version);
        finish(call);
    }
    json_decref(root);
    return false;
}

/* ---- predictions ---- */

/* A text of a task as a document; an empty one where `text` is NULL. */
static bool add_text(struct call *call, size_t task, const struct label_set *set, json_t *text,
                     bool task_end) {
    struct el_document *document = el_document_new();
    if (document == NULL) {
        return ask_fail_memory(call);
    }
    document->text_len = text != NULL ? json_string_length(text) : 0;
    document->text = el_arena_copy(&document->arena, text != NULL ? json_string_value(text) : "",
                                   document->text_len);
    document->id = el_arena_printf(&document->arena, "%zu", task + 1);
    if (document->text == NULL || document->id == NULL) {
        el_document_free(document);
        return ask_fail_memory(call);
    }
    if (!ask_add_document(call, document)) {
        return false;
    }
    struct piece *piece = &call->pieces[call->n_pieces - 1];
    piece->set = text != NULL ? set : NULL;
    piece->task_end = task_end;
    return true;
}

static bool add_task(struct call *call, size_t number, json_t *task, const struct label_sets *sets,
                     size_t *found) {
    json_t *data = json_object_get(task, "data");
    if (!json_is_object(data)) {
        char where[40];
        el_print(where, sizeof where, "tasks[%zu]", number);
        answer_error(call, 400, where, "needs an object \"data\"");
        return false;
    }
    for (size_t i = 0; i < sets->n; i++) {
        json_t *text = label_set_value(&sets->items[i], data);
        text = json_is_string(text) ? text : NULL;
        if (!add_text(call, number, &sets->items[i], text, i + 1 == sets->n)) {
            return false;
        }
        *found += text != NULL;
        if (text == NULL) {
            char message[300];
            el_print(message, sizeof message, "tasks[%zu] has no text in its field \"%.100s\"",
                     number, sets->items[i].field);
            answer_note(call, message);
        }
    }
    return true;
}

static bool take_tasks(struct call *call, json_t *root) {
    struct label_sets *sets = el_arena_alloc(&call->arena, sizeof *sets);
    json_t *tasks = json_object_get(root, "tasks"), *task;
    size_t i, found = 0;
    if (sets == NULL) {
        return ask_fail_memory(call);
    }
    if (!read_labelling(call, root, "label_config", sets) ||
        !set_version(call, json_string_value(json_object_get(root, "label_config")))) {
        return false;
    }
    if (!json_is_array(tasks)) {
        answer_error(call, 400, "tasks", "must be an array of tasks");
        return false;
    }
    json_array_foreach(tasks, i, task) {
        if (!add_task(call, i, task, sets, &found)) {
            return false;
        }
    }
    if (found == 0 && json_array_size(tasks) > 0) {
        answer_error(call, 400, "tasks", "%s", call->notes.data);
        return false;
    }
    return true;
}

bool studio_tasks(struct call *call) {
    json_t *root = ask_object(call, "\"tasks\" and \"label_config\"");
    double most = call->service->options->max_seconds;
    bool ok = root != NULL && take_tasks(call, root);
    json_decref(root);
    call->shape = SHAPE_TASKS;
    call->wish.seconds = fmin(most, PREDICT_SECONDS);
    return ok;
}

void studio_begin(struct call *call) {
    call->status = 200;
    call->type = "application/json";
    call->score = NAN;
    el_buffer_string(&call->out, "{\"results\": [");
}

/* A task without all of its texts gets no prediction, an empty list: Label Studio would keep one,
 * and never ask again. */
static void end_task(struct call *call) {
    struct el_buffer *out = &call->out;
    el_buffer_string(out, call->n_tasks++ > 0 ? ",\n" : "\n");
    if (call->incomplete) {
        el_buffer_string(out, "[]");
    } else {
        el_buffer_printf(out, "{\"model_version\": \"%s\", ", call->version);
        if (!isnan(call->score)) {
            el_buffer_string(out, "\"score\": ");
            el_json_real(out, round(call->score * 1e4) / 1e4);
            el_buffer_string(out, ", ");
        }
        el_buffer_string(out, "\"result\": [");
        el_buffer_append(out, call->task.len > 0 ? call->task.data : "", call->task.len);
        el_buffer_string(out, "]}");
    }
    out->failed |= call->task.failed;
    el_buffer_clear(&call->task);
    call->n_regions = 0;
    call->score = NAN;
    call->incomplete = false;
}

void studio_document(struct call *call, const struct el_document *document, bool done) {
    const struct piece *piece = &call->pieces[call->written];
    struct el_arena arena = {0};
    struct el_offsets offsets;
    if (piece->set == NULL || !done) {
        call->incomplete = true;
        call->failed += piece->set == NULL;
    } else if (el_offsets_open(&offsets, &arena, document->text, document->text_len,
                               EL_UNIT_CODEPOINT)) {
        for (size_t i = 0; i < document->n_entities; i++) {
            const struct el_entity *entity = &document->entities[i];
            const char *control = label_set_control(piece->set, entity->type);
            if (control != NULL) {
                el_labelstudio_region(&call->task, document, entity, &offsets, call->n_regions++,
                                      control, piece->set->text);
            }
        }
        call->score = fmin(call->score, el_labelstudio_score(document));
    } else {
        call->task.failed = true;
    }
    el_arena_free(&arena);
    if (piece->task_end) {
        end_task(call);
    }
}

void studio_end(struct call *call) {
    el_buffer_printf(&call->out, "], \"model_version\": \"%s\"}", call->version);
}

/* ---- what annotators have finished ---- */

static void ignore(struct call *call, const char *why) {
    el_buffer_string(&call->out, "{\"status\": \"ignored\", \"reason\": ");
    el_json_string(&call->out, why, strlen(why));
    el_buffer_string(&call->out, "}\n");
    finish(call);
}

/* The regions of one text. */
static json_t *regions_of(json_t *result, const struct label_set *set) {
    json_t *regions = json_array(), *region;
    size_t i;
    json_array_foreach(result, i, region) {
        const char *to = json_string_value(json_object_get(region, "to_name"));
        json_t *value = json_object_get(region, "value");
        if (to != NULL && strcmp(to, set->text) == 0 && json_is_object(value)) {
            json_array_append_new(regions, json_pack("{s:O}", "value", value));
        }
    }
    return regions;
}

static void note(void *context, enum el_level level, const char *message) {
    if (level == EL_WARNING) {
        answer_note(context, message);
    }
}

/* A text with what was labelled in it, read as a file of Label Studio's is. NULL with an answer. */
static struct el_document *read_text(struct call *call, const char *id, json_t *text, json_t *lang,
                                     json_t *regions) {
    struct el_log log = {.write = note, .context = call};
    struct el_read_options options = {.format = EL_FORMAT_LABELSTUDIO, .log = &log};
    struct el_document *document = NULL;
    struct el_reader *reader;
    struct el_error err = {.message = "there is no text"};
    json_t *task = json_pack("{s:{s:s, s:O, s:O*}, s:[{s:O}]}", "data", "id", id, "text", text,
                             "lang", lang, "annotations", "result", regions);
    char *bytes = task != NULL ? el_json_dump(task, JSON_COMPACT) : NULL;
    FILE *file = bytes != NULL ? fmemopen(bytes, strlen(bytes), "rb") : NULL;
    if (file == NULL) {
        ask_fail_memory(call);
    } else if (!el_reader_open_file(file, "annotation", &options, &reader, &err)) {
        answer_error(call, 400, "annotation", "%s", err.message);
    } else {
        if (el_reader_next(reader, &document, &err) != 1) {
            document = NULL;
            answer_error(call, 400, "annotation", "%s", err.message);
        }
        el_reader_close(reader);
    }
    if (file != NULL) {
        fclose(file);
    }
    free(bytes);
    json_decref(task);
    return document;
}

/* An annotation and its task: a document for each text, up to *n. */
static bool read_annotation(struct call *call, json_t *annotation, json_t *task,
                            const struct label_sets *sets, struct learn_origin origin,
                            struct el_document **documents, size_t *n) {
    json_t *data = json_object_get(task, "data"), *result = json_object_get(annotation, "result");
    json_t *lang = json_object_get(data, "lang"), *id = json_object_get(task, "id");
    if (!json_is_object(data) || !json_is_array(result)) {
        answer_error(call, 400, json_is_array(result) ? "task" : "annotation", "needs %s",
                     json_is_array(result) ? "an object \"data\"" : "an array \"result\"");
        return false;
    }
    for (size_t i = 0; i < sets->n; i++) {
        const struct label_set *set = &sets->items[i];
        json_t *text = label_set_value(set, data);
        if (!json_is_string(text) || json_string_length(text) == 0) {
            continue; /* a task may lack one of several */
        }
        const char *name = el_arena_printf(
            &call->arena, "labelstudio-%" JSON_INTEGER_FORMAT "-%" JSON_INTEGER_FORMAT "%s%s",
            origin.project, json_integer_value(id), sets->n > 1 ? "-" : "",
            sets->n > 1 ? set->text : "");
        json_t *regions = regions_of(result, set);
        struct el_document *document =
            name != NULL ? read_text(call, name, text, json_is_string(lang) ? lang : NULL, regions)
                         : NULL;
        json_decref(regions);
        if (document == NULL) {
            return name != NULL ? false : ask_fail_memory(call);
        }
        documents[(*n)++] = document;
        document->extra = document->extra != NULL ? document->extra : json_object();
        json_object_set_new(
            document->extra, "labelstudio",
            json_pack("{s:I, s:I}", "project", origin.project, "annotation", origin.annotation));
    }
    return true;
}

/* `annotation` is one, with its task, unless it was deleted. */
static bool learn(struct call *call, json_t *annotation, json_t *task, json_t *project,
                  const struct label_sets *sets, size_t *held) {
    struct learn_origin origin = {json_integer_value(json_object_get(project, "id")),
                                  json_integer_value(json_object_get(annotation, "id"))};
    struct el_document *documents[LABEL_SETS_MOST];
    struct el_error err;
    size_t n = 0;
    if (origin.annotation <= 0) {
        answer_error(call, 400, "annotation", "needs a whole number \"id\" above 0");
        return false;
    }
    bool finished = task != NULL && !json_is_true(json_object_get(annotation, "was_cancelled"));
    bool ok = !finished || read_annotation(call, annotation, task, sets, origin, documents, &n);
    if (ok && !learner_take(call->service->learner, origin, documents, n, held, &err)) {
        answer_error(call, 500, NULL, "%s", err.message);
        ok = false;
    }
    for (size_t i = 0; i < n; i++) {
        el_document_free(documents[i]);
    }
    return ok;
}

/* What may be one or many, each with what is at its place in `others`. */
static bool learn_all(struct call *call, json_t *annotations, json_t *tasks, json_t *project,
                      const struct label_sets *sets, size_t *held) {
    json_t *annotation;
    size_t i;
    if (!json_is_array(annotations)) {
        return learn(call, annotations, tasks, project, sets, held);
    }
    json_array_foreach(annotations, i, annotation) {
        json_t *task = json_is_array(tasks) ? json_array_get(tasks, i) : tasks;
        if (!learn(call, annotation, task, project, sets, held)) {
            return false;
        }
    }
    return true;
}

static void take_event(struct call *call, json_t *root) {
    static const char *const made[] = {"ANNOTATION_CREATED", "ANNOTATIONS_CREATED",
                                       "ANNOTATION_UPDATED"};
    static const char *const deleted[] = {"ANNOTATIONS_DELETED", "ANNOTATION_DELETED"};
    const char *action = json_string_value(json_object_get(root, "action"));
    json_t *project = json_object_get(root, "project");
    json_t *annotation = json_object_get(root, "annotation"), *task = json_object_get(root, "task");
    struct label_sets sets = {0};
    size_t held = 0;
    bool is_made = false, is_deleted = false;
    if (action == NULL) {
        answer_error(call, 400, "action", "is missing, the name of what has happened");
        return;
    }
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        is_made |= strcmp(action, made[i]) == 0;
    }
    for (size_t i = 0; i < sizeof deleted / sizeof *deleted; i++) {
        is_deleted |= strcmp(action, deleted[i]) == 0;
    }
    if (!is_made && !is_deleted) {
        ignore(call, "nothing is learned from this");
        return;
    }
    if (call->service->learner == NULL) {
        ignore(call, "the service was started without --learn");
        return;
    }
    if (is_deleted) {
        json_t *many = json_object_get(root, "annotations");
        annotation = many != NULL ? many : annotation;
        task = NULL;
    } else if (task == NULL || !(json_is_object(task) || json_is_array(task))) {
        answer_error(call, 400, "task", "is missing; have the webhook send its payload");
        return;
    }
    if (!json_is_object(annotation) && !json_is_array(annotation)) {
        answer_error(call, 400, "annotation", "is missing; have the webhook send its payload");
        return;
    }
    if ((is_made && !read_labelling(call, project, "label_config", &sets)) ||
        !learn_all(call, annotation, task, project, &sets, &held)) {
        return;
    }
    el_buffer_printf(&call->out, "{\"status\": \"learned\", \"sentences\": %zu}\n", held);
    finish(call);
}

bool studio_event(struct call *call) {
    json_t *root = ask_object(call, "\"action\"");
    if (root != NULL) {
        take_event(call, root);
    }
    json_decref(root);
    return false;
}

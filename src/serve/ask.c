/* What a request asks for: options in its address, and a body that is an object of JSON or a file
 * of any format. */
#include "base/ascii.h"
#include "base/array.h"
#include "base/json.h"
#include "base/locale.h"
#include "base/print.h"
#include "base/suggest.h"
#include "serve/service_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool ask_fail_memory(struct call *call) {
    answer_error(call, 503, NULL, "out of memory");
    call->retry_after = 1;
    return false;
}

static const char *keep(struct call *call, const char *text) {
    return el_arena_string(&call->arena, text);
}

/* ---- options that are words ---- */

static bool take_unit(struct call *call, const char *value) {
    if (!el_unit_from_name(value, &call->wish.unit)) {
        answer_error(call, 400, "offsets", "must be codepoint, byte, utf16 or token, not \"%s\"",
                     value);
        return false;
    }
    return true;
}

static bool take_format(struct call *call, const char *where, const char *value, bool output,
                        enum el_format *format) {
    char names[200];
    bool good = (!output && strcmp(value, "auto") == 0) || el_format_from_name(value, format);
    good = good && (*format == EL_FORMAT_AUTO ||
                    (output ? el_format_can_write(*format) : el_format_can_read(*format)));
    if (good && (*format == EL_FORMAT_BRAT || (output && *format == EL_FORMAT_TEXT))) {
        answer_error(call, 400, where,
                     *format == EL_FORMAT_BRAT ? "brat is a folder of files, not one body"
                                               : "plain text cannot hold entities");
        return false;
    }
    if (!good) {
        el_format_names(output, names, sizeof names);
        answer_error(call, 400, where, "must be one of %s, not \"%s\"", names, value);
    }
    return good;
}

static bool take_seconds(struct call *call, double seconds) {
    if (!(seconds > 0)) {
        answer_error(call, 400, "seconds", "must be a number above 0");
        return false;
    }
    call->wish.seconds = fmin(seconds, call->wish.seconds);
    return true;
}

static bool grow_types(struct call *call, size_t n) {
    call->wish.types = el_arena_array(&call->arena, n, sizeof *call->wish.types);
    call->wish.n_types = 0;
    return call->wish.types != NULL || ask_fail_memory(call);
}

/* "person, location" */
static bool take_type_list(struct call *call, const char *list) {
    size_t n = 1;
    for (const char *at = list; *at != '\0'; at++) {
        n += *at == ',';
    }
    if (!grow_types(call, n)) {
        return false;
    }
    for (const char *at = list;;) {
        size_t length = strcspn(at, ","), from = strspn(at, " \t");
        from = from < length ? from : length;
        size_t to = length;
        while (to > from && (at[to - 1] == ' ' || at[to - 1] == '\t')) {
            to--;
        }
        if (to == from) {
            answer_error(call, 400, "types", "a name is missing in \"%s\"", list);
            return false;
        }
        const char *name = el_arena_copy(&call->arena, at + from, to - from);
        if (name == NULL) {
            return ask_fail_memory(call);
        }
        call->wish.types[call->wish.n_types++] = (struct el4ner_type){.name = name};
        if (at[length] == '\0') {
            return true;
        }
        at += length + 1;
    }
}

bool ask_ensemble(struct call *call, const char *name) {
    struct service *service = call->service;
    char names[300] = "";
    size_t len = 0;
    for (size_t k = 0; k < service->n_keepers; k++) {
        const char *known = service->keepers[k].name;
        if (strcmp(known, name) == 0) {
            call->keeper = &service->keepers[k];
            return handle_loaded(call);
        }
        len += el_print(names + len, sizeof names - len, "%s%s", k > 0 ? ", " : "", known);
    }
    answer_error(call, 400, "ensemble", "must be one that is served, %s, not \"%s\"", names, name);
    return false;
}

/* ---- options in the address ---- */

static bool take_switch(struct call *call, const char *name, const char *value, bool *on) {
    static const char *const yes[] = {"1", "true", "yes", "on", ""};
    static const char *const no[] = {"0", "false", "no", "off"};
    for (size_t i = 0; i < EL_COUNT(yes); i++) {
        if (strcmp(value, yes[i]) == 0) {
            *on = true;
            return true;
        }
    }
    for (size_t i = 0; i < EL_COUNT(no); i++) {
        if (strcmp(value, no[i]) == 0) {
            *on = false;
            return true;
        }
    }
    answer_error(call, 400, name, "must be true or false, not \"%s\"", value);
    return false;
}

static bool take_argument(struct call *call, const char *name, const char *value) {
    static const char *const known[] = {"from",     "to",    "types", "offsets", "nested",
                                        "evidence", "trace", "lang",  "seconds", "ensemble"};
    struct wish *wish = &call->wish;
    bool on = false;
    if (strcmp(name, "from") == 0) {
        wish->has_from = true;
        return take_format(call, "from", value, false, &wish->from);
    }
    if (strcmp(name, "to") == 0) {
        wish->has_to = true;
        return take_format(call, "to", value, true, &wish->to);
    }
    if (strcmp(name, "types") == 0) {
        return take_type_list(call, value);
    }
    if (strcmp(name, "offsets") == 0) {
        return take_unit(call, value);
    }
    if (strcmp(name, "nested") == 0) {
        bool good = take_switch(call, name, value, &on);
        wish->nested = on ? EL4NER_YES : EL4NER_NO;
        return good;
    }
    if (strcmp(name, "evidence") == 0) {
        return take_switch(call, name, value, &wish->evidence);
    }
    if (strcmp(name, "trace") == 0) {
        return take_switch(call, name, value, &wish->trace);
    }
    if (strcmp(name, "lang") == 0) {
        wish->lang = keep(call, value);
        return wish->lang != NULL || ask_fail_memory(call);
    }
    if (strcmp(name, "seconds") == 0) {
        char *end = NULL;
        double seconds = el_number(value, &end);
        return take_seconds(call, *end == '\0' && end != value ? seconds : NAN);
    }
    if (strcmp(name, "ensemble") == 0) {
        return ask_ensemble(call, value);
    }
    const char *near = el_suggest(name, known, EL_COUNT(known));
    answer_error(call, 400, name,
                 near != NULL ? "is not an option; did you mean %s?"
                              : "is not an option; there is no such one%.0s",
                 near != NULL ? near : "");
    return false;
}

static enum MHD_Result see_argument(void *context, enum MHD_ValueKind kind, const char *name,
                                    const char *value) {
    (void)kind;
    struct call *call = context;
    if (el_utf8_valid_prefix(name, strlen(name)) != strlen(name) ||
        (value != NULL && el_utf8_valid_prefix(value, strlen(value)) != strlen(value))) {
        answer_error(call, 400, NULL, "an option in the address is not valid UTF-8");
        return MHD_NO;
    }
    return take_argument(call, name, value != NULL ? value : "") ? MHD_YES : MHD_NO;
}

/* ---- what the headers say ---- */

/* Is `type` the media type of the header, whatever its parameters? */
static bool is_media(const char *given, const char *type) {
    size_t n = strcspn(given, "; \t,");
    return n == strlen(type) && el_ascii_begins(given, type, n);
}

static bool is_utf8(const char *type) {
    static const char name[] = "charset=";
    const char *charset = type;
    while (*charset != '\0' && !el_ascii_begins(charset, name, sizeof name - 1)) {
        charset++;
    }
    if (*charset == '\0') {
        return true;
    }
    charset += sizeof name - 1;
    charset += *charset == '"';
    return el_ascii_begins(charset, "utf-8", 5) || el_ascii_begins(charset, "utf8", 4) ||
           el_ascii_begins(charset, "us-ascii", 8);
}

/* The format by the Content-Type; AUTO for an object of JSON. */
static bool choose_input(struct call *call) {
    static const struct {
        const char *type;
        enum el_format format;
    } known[] = {
        {"application/json", EL_FORMAT_AUTO},
        {"application/x-ndjson", EL_FORMAT_JSONL},
        {"application/ndjson", EL_FORMAT_JSONL},
        {"application/jsonl", EL_FORMAT_JSONL},
        {"application/x-jsonlines", EL_FORMAT_JSONL},
        {"text/plain", EL_FORMAT_TEXT},
        {"text/csv", EL_FORMAT_CSV},
        {"text/tab-separated-values", EL_FORMAT_TSV},
    };
    const char *type = handle_header(call, MHD_HTTP_HEADER_CONTENT_TYPE);
    if (type != NULL && !is_utf8(type)) {
        answer_error(call, 415, "Content-Type", "texts must be UTF-8, not %s", type);
        return false;
    }
    if (call->wish.has_from) {
        return true;
    }
    for (size_t i = 0; type != NULL && i < EL_COUNT(known); i++) {
        if (is_media(type, known[i].type)) {
            call->wish.from = known[i].format;
            call->wish.has_from = known[i].format != EL_FORMAT_AUTO;
            return true;
        }
    }
    /* curl -d without a header */
    size_t blank = call->body.len > 0 ? strspn(call->body.data, " \t\r\n") : 0;
    if ((type == NULL || is_media(type, "application/x-www-form-urlencoded")) &&
        blank < call->body.len && call->body.data[blank] == '{') {
        return true;
    }
    answer_error(call, 415, "Content-Type",
                 "must be application/json, application/x-ndjson, text/plain, text/csv or "
                 "text/tab-separated-values, or name the format with ?from=");
    return false;
}

bool ask_options(struct call *call) {
    call->wish.seconds = call->service->options->max_seconds;
    MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND, see_argument, call);
    if (call->status >= 400) {
        return false;
    }
    const char *accept = handle_header(call, MHD_HTTP_HEADER_ACCEPT);
    call->wish.lines = accept != NULL && (is_media(accept, "application/x-ndjson") ||
                                          is_media(accept, "application/ndjson") ||
                                          is_media(accept, "application/jsonl"));
    if (call->wish.lines && !call->wish.has_to) {
        call->wish.to = EL_FORMAT_JSONL;
        call->wish.has_to = true;
    }
    return true;
}

/* ---- documents ---- */

bool ask_add_document(struct call *call, struct el_document *document) {
    if (!EL_GROW(call->pieces, call->room, call->n_pieces + 1)) {
        el_document_free(document);
        return ask_fail_memory(call);
    }
    call->pieces[call->n_pieces++] = (struct piece){.call = call, .document = document};
    if (call->n_pieces > call->service->options->max_texts) {
        answer_error(call, 413, "body", "has more than %zu texts; send them in several requests",
                     call->service->options->max_texts);
        return false;
    }
    return true;
}

static void note(void *context, enum el_level level, const char *message) {
    if (level == EL_WARNING) {
        answer_note(context, message);
    }
}

static bool read_all(struct call *call, struct el_reader *reader) {
    struct el_document *document;
    struct el_error err = {0};
    size_t text = 0;
    for (int got; (got = el_reader_next(reader, &document, &err)) != 0;) {
        if (got < 0) {
            answer_error(call, 400, NULL, "%s", err.message);
            return false;
        }
        text += document->text_len;
        if (!ask_add_document(call, document)) {
            return false;
        }
        if (text > 2 * call->service->options->max_body) { /* it was packed */
            answer_error(call, 413, "body", "holds more text than a request may");
            return false;
        }
    }
    return true;
}

static bool read_file(struct call *call) {
    struct el_log log = {.write = note, .context = call};
    struct el_read_options options = {
        .format = call->wish.from, .max_document = call->service->options->max_body, .log = &log};
    struct el_reader *reader;
    struct el_error err = {0};
    if (call->body.len == 0) {
        answer_error(call, 400, "body", "is empty");
        return false;
    }
    FILE *file = fmemopen(call->body.data, call->body.len, "rb");
    if (file == NULL) {
        return ask_fail_memory(call);
    }
    bool ok = el_reader_open_file(file, "body", &options, &reader, &err);
    if (ok) {
        bool is_text = el_reader_format(reader) == EL_FORMAT_TEXT;
        ok = read_all(call, reader);
        el_reader_close(reader);
        if (ok && is_text) {
            call->pieces[0].document->id = "text";
        }
    } else {
        answer_error(call, err.code == EL_ERR_MEMORY ? 413 : 400, NULL, "%s", err.message);
    }
    fclose(file);
    return ok;
}

/* ---- an object of JSON ---- */

static bool add_text(struct call *call, const char *where, json_t *text, json_t *id, json_t *lang) {
    struct el_document *document = el_document_new();
    if (document == NULL) {
        return ask_fail_memory(call);
    }
    document->text_len = json_string_length(text);
    document->text = el_arena_copy(&document->arena, json_string_value(text), document->text_len);
    document->position = call->n_pieces + 1;
    document->id =
        json_is_string(id) ? el_arena_string(&document->arena, json_string_value(id))
        : json_is_integer(id)
            ? el_arena_printf(&document->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(id))
        : where[0] != '\0' ? el_arena_printf(&document->arena, "%zu", document->position)
                           : "text";
    if (lang != NULL) {
        document->lang = el_arena_string(&document->arena, json_string_value(lang));
    }
    if (document->text == NULL || document->id == NULL ||
        (lang != NULL && document->lang == NULL)) {
        el_document_free(document);
        return ask_fail_memory(call);
    }
    return ask_add_document(call, document);
}

static bool check_fields(struct call *call, const char *where, json_t *object,
                         const char *const *known, size_t n) {
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        bool found = false;
        for (size_t i = 0; i < n; i++) {
            found |= strcmp(known[i], name) == 0;
        }
        if (!found) {
            const char *near = el_suggest(name, known, n);
            answer_error(call, 400, where != NULL ? where : "body",
                         "has a field \"%s\" that is not known%s%s%s", name,
                         near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
                         near != NULL ? "\"?" : "");
            return false;
        }
    }
    return true;
}

/* A text with its own id and language. */
static bool add_item(struct call *call, size_t index, json_t *item) {
    static const char *const known[] = {"text", "id", "lang"};
    char where[40];
    el_print(where, sizeof where, "texts[%zu]", index);
    if (json_is_string(item)) {
        return add_text(call, where, item, NULL, NULL);
    }
    json_t *text = json_object_get(item, "text"), *id = json_object_get(item, "id");
    json_t *lang = json_object_get(item, "lang");
    if (!json_is_object(item)) {
        answer_error(call, 400, where, "must be a string, or an object with \"text\"");
        return false;
    }
    if (!check_fields(call, where, item, known, EL_COUNT(known))) {
        return false;
    }
    if (!json_is_string(text)) {
        answer_error(call, 400, where, "needs a string \"text\"");
        return false;
    }
    if ((id != NULL && !json_is_string(id) && !json_is_integer(id)) ||
        (lang != NULL && !json_is_string(lang))) {
        answer_error(call, 400, where,
                     "\"id\" must be a string or a whole number, \"lang\" a string");
        return false;
    }
    return add_text(call, where, text, id, lang);
}

static bool take_texts(struct call *call, json_t *root) {
    json_t *text = json_object_get(root, "text"), *texts = json_object_get(root, "texts"), *item;
    json_t *id = json_object_get(root, "id");
    size_t i;
    if ((text != NULL) == (texts != NULL)) {
        answer_error(call, 400, "body",
                     text != NULL ? "has both \"text\" and \"texts\"; give one of them"
                                  : "needs \"text\", a string, or \"texts\", an array");
        return false;
    }
    if (text != NULL) {
        if (!json_is_string(text) || (id != NULL && !json_is_string(id) && !json_is_integer(id))) {
            answer_error(call, 400, json_is_string(text) ? "id" : "text",
                         json_is_string(text) ? "must be a string or a whole number"
                                              : "must be a string");
            return false;
        }
        call->shape = SHAPE_OBJECT;
        return add_text(call, "", text, id, NULL);
    }
    if (!json_is_array(texts) || id != NULL) {
        answer_error(call, 400, json_is_array(texts) ? "id" : "texts",
                     json_is_array(texts) ? "is for one text; texts have theirs as objects"
                                          : "must be an array");
        return false;
    }
    call->shape = SHAPE_DOCUMENTS;
    json_array_foreach(texts, i, item) {
        if (!add_item(call, i, item)) {
            return false;
        }
    }
    return true;
}

static bool take_string(struct call *call, json_t *object, const char *where, const char *key,
                        const char **field) {
    json_t *value = json_object_get(object, key);
    if (value == NULL || json_is_null(value)) {
        return true;
    }
    if (!json_is_string(value)) {
        answer_error(call, 400, where, "\"%s\" must be a string", key);
        return false;
    }
    *field = keep(call, json_string_value(value));
    return *field != NULL || ask_fail_memory(call);
}

static bool take_aliases(struct call *call, json_t *list, const char *where,
                         struct el4ner_type *type) {
    json_t *item;
    size_t i;
    const char **aliases = el_arena_array(&call->arena, json_array_size(list), sizeof *aliases);
    if (aliases == NULL) {
        return ask_fail_memory(call);
    }
    json_array_foreach(list, i, item) {
        aliases[i] = json_is_string(item) ? keep(call, json_string_value(item)) : NULL;
        if (aliases[i] == NULL) {
            answer_error(call, 400, where, "\"aliases\" must be an array of strings");
            return false;
        }
    }
    type->aliases = aliases;
    type->n_aliases = json_array_size(list);
    return true;
}

static bool take_type(struct call *call, size_t index, json_t *item) {
    static const char *const known[] = {"name", "wording", "description", "aliases"};
    struct el4ner_type *type = &call->wish.types[call->wish.n_types++];
    char where[40];
    el_print(where, sizeof where, "types[%zu]", index);
    *type = (struct el4ner_type){0};
    if (json_is_string(item)) {
        type->name = keep(call, json_string_value(item));
        return type->name != NULL || ask_fail_memory(call);
    }
    if (!json_is_object(item)) {
        answer_error(call, 400, where, "must be a name, or an object with \"name\"");
        return false;
    }
    json_t *aliases = json_object_get(item, "aliases");
    if (!check_fields(call, where, item, known, EL_COUNT(known)) ||
        !take_string(call, item, where, "name", &type->name) ||
        !take_string(call, item, where, "wording", &type->wording) ||
        !take_string(call, item, where, "description", &type->description)) {
        return false;
    }
    if (type->name == NULL) {
        answer_error(call, 400, where, "needs a string \"name\"");
        return false;
    }
    return aliases == NULL || take_aliases(call, aliases, where, type);
}

static bool take_types(struct call *call, json_t *types) {
    json_t *item;
    size_t i;
    if (types == NULL || json_is_null(types)) {
        return true;
    }
    if (json_is_string(types)) {
        return take_type_list(call, json_string_value(types));
    }
    if (!json_is_array(types) || json_array_size(types) == 0) {
        answer_error(call, 400, "types", "must be names with commas between, or an array of types");
        return false;
    }
    if (!grow_types(call, json_array_size(types))) {
        return false;
    }
    json_array_foreach(types, i, item) {
        if (!take_type(call, i, item)) {
            return false;
        }
    }
    return true;
}

static bool take_boolean(struct call *call, json_t *root, const char *key, bool *given, bool *on) {
    json_t *value = json_object_get(root, key);
    *given = value != NULL && !json_is_null(value);
    if (*given && !json_is_boolean(value)) {
        answer_error(call, 400, key, "must be true or false");
        return false;
    }
    *on = *given ? json_is_true(value) : *on;
    return true;
}

static bool take_object(struct call *call, json_t *root) {
    static const char *const known[] = {"text",    "texts",   "id",       "types",
                                        "offsets", "nested",  "evidence", "trace",
                                        "lang",    "seconds", "to",       "ensemble"};
    struct wish *wish = &call->wish;
    const char *offsets = NULL, *to = NULL, *ensemble = NULL;
    bool given, nested = false;
    if (!check_fields(call, NULL, root, known, EL_COUNT(known)) ||
        !take_boolean(call, root, "evidence", &given, &wish->evidence) ||
        !take_boolean(call, root, "trace", &given, &wish->trace) ||
        !take_boolean(call, root, "nested", &given, &nested) ||
        !take_string(call, root, NULL, "lang", &wish->lang) ||
        !take_string(call, root, NULL, "offsets", &offsets) ||
        !take_string(call, root, NULL, "to", &to) ||
        !take_string(call, root, NULL, "ensemble", &ensemble) ||
        (ensemble != NULL && !ask_ensemble(call, ensemble)) ||
        !take_types(call, json_object_get(root, "types"))) {
        return false;
    }
    wish->nested = !given ? wish->nested : nested ? EL4NER_YES : EL4NER_NO;
    json_t *seconds = json_object_get(root, "seconds");
    if (seconds != NULL &&
        !take_seconds(call, json_is_number(seconds) ? json_number_value(seconds) : NAN)) {
        return false;
    }
    if (to != NULL) {
        wish->has_to = true;
        if (!take_format(call, "to", to, true, &wish->to)) {
            return false;
        }
    }
    return (offsets == NULL || take_unit(call, offsets)) && take_texts(call, root);
}

json_t *ask_object(struct call *call, const char *what) {
    json_error_t error;
    json_t *root = el_json_load(call->body.data != NULL ? call->body.data : "", call->body.len,
                                JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        answer_error(call, 400, "body", "line %d, column %d: %s", error.line, error.column,
                     error.text);
    } else if (!json_is_object(root)) {
        answer_error(call, 400, "body", "must be an object with %s", what);
        json_decref(root);
        root = NULL;
    }
    return root;
}

static bool read_object(struct call *call) {
    json_t *root = ask_object(call, "\"text\" or \"texts\"; JSON lines have the type "
                                    "application/x-ndjson");
    bool ok = root != NULL && take_object(call, root);
    json_decref(root);
    return ok;
}

bool ask_documents(struct call *call) {
    call->shape = SHAPE_FORMAT;
    if (!choose_input(call) || !(call->wish.has_from ? read_file(call) : read_object(call))) {
        return false;
    }
    struct wish *wish = &call->wish;
    if (!wish->has_to) {
        wish->to = EL_FORMAT_JSONL;
        call->shape = call->shape == SHAPE_FORMAT ? SHAPE_DOCUMENTS : call->shape;
    } else {
        call->shape = SHAPE_FORMAT;
    }
    wish->stream =
        wish->has_to && (wish->to == EL_FORMAT_JSONL || (wish->lines && answer_is_lines(wish->to)));
    return true;
}

#include "cli/type_list.h"

#include <string.h>

void cli_type_list_add(struct cli_type_list *list, const struct el_entity *entities, size_t n) {
    if (list->seen == NULL) {
        list->seen = json_object();
    }
    for (size_t i = 0; i < n; i++) {
        const char *type = entities[i].type;
        if (json_object_get(list->seen, type) == NULL) {
            el_buffer_printf(&list->names, "%s%s", list->names.len > 0 ? "," : "", type);
            list->names.failed |= json_object_set_new(list->seen, type, json_true()) != 0;
        }
    }
}

static void read_one(struct cli_type_list *list, const char *path,
                     const struct el_read_options *read) {
    struct el_reader *reader;
    struct el_document *document;
    struct el_error err = {0};
    int got;
    if (!el_reader_open(path, read, &reader, &err)) {
        return;
    }
    while ((got = el_reader_next(reader, &document, &err)) != 0) {
        if (got > 0) {
            cli_type_list_add(list, document->entities, document->n_entities);
            el_document_free(document);
        } else if (err.code != EL_ERR_FORMAT) {
            break;
        }
    }
    el_reader_close(reader);
}

void cli_type_list_read(struct cli_type_list *list, char *const *paths, size_t n,
                        const struct el_read_options *read) {
    struct el_read_options silent = *read;
    silent.log = NULL;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(paths[i], "-") == 0) {
            return;
        }
    }
    for (size_t i = 0; i < n; i++) {
        read_one(list, paths[i], &silent);
    }
}

void cli_type_list_free(struct cli_type_list *list) {
    el_buffer_free(&list->names);
    json_decref(list->seen);
    *list = (struct cli_type_list){0};
}

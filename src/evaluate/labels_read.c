#include "evaluate/labels_read.h"

#include "evaluate/recorded.h"

static bool read_documents(const char *path, const struct el_read_options *options,
                           struct el_labels *labels, struct el_error *err) {
    const struct el_read_options defaults = {0};
    struct el_reader *reader;
    if (!el_reader_open(path, options != NULL ? options : &defaults, &reader, err)) {
        return false;
    }
    struct el_document *document;
    int more;
    while ((more = el_reader_next(reader, &document, err)) == 1) {
        bool ok = el_labels_add(labels, document, err);
        el_document_free(document);
        if (!ok) {
            more = -1;
            break;
        }
    }
    el_reader_close(reader);
    return more == 0;
}

static bool any_answer(const struct el_labels *labels) {
    for (size_t i = 0; i < labels->count; i++) {
        if (labels->items[i].answered) {
            return true;
        }
    }
    return false;
}

bool el_labels_read(const char *path, const struct el_read_options *options, bool must_have_labels,
                    struct el_labels *labels, struct el_error *err) {
    *labels = (struct el_labels){0};
    bool recorded;
    if (!el_labels_are_recorded(path, &recorded, err)) {
        return false;
    }
    bool ok = recorded ? el_labels_read_recorded(path, NULL, 0, labels, err)
                       : read_documents(path, options, labels, err);
    labels->path = ok ? el_arena_string(&labels->arena, path) : NULL;
    ok = ok && (labels->path != NULL || el_fail_memory(err));
    if (ok && must_have_labels && !any_answer(labels)) {
        ok = el_fail(err, EL_ERR_FORMAT,
                     "%s: no document has entities; give a file with labels (CoNLL, or JSON lines "
                     "with \"entities\")",
                     path);
    }
    if (!ok) {
        el_labels_free(labels);
    }
    return ok;
}

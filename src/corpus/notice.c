/* What a reader has to say of a file that it can read: gathered by kind, told when it is closed. */
#include "corpus/format_private.h"

#include "base/print.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void el_reader_notice(struct el_reader *reader, const struct el_input *input, size_t line,
                      const char *format, ...) {
    for (size_t i = 0; i < reader->n_notices; i++) {
        if (reader->notices[i].kind == format) {
            reader->notices[i].count++;
            return;
        }
    }
    if (reader->n_notices == EL_MOST_NOTICES) {
        return;
    }
    char message[600], *first = NULL;
    const char *name = input != NULL ? input->name : reader->input.name;
    va_list args;
    va_start(args, format);
    el_vprint(message, sizeof message, format, args);
    va_end(args);
    int n = line > 0 ? asprintf(&first, "%s:%zu: %s", name, line, message)
                     : asprintf(&first, "%s: %s", name, message);
    reader->notices[reader->n_notices++] =
        (struct el_notice){.kind = format, .first = n >= 0 ? first : NULL, .count = 1};
}

void el_reader_give_notice(struct el_reader *reader) {
    for (size_t i = 0; i < reader->n_notices; i++) {
        struct el_notice *notice = &reader->notices[i];
        const char *first = notice->first != NULL ? notice->first : reader->input.name;
        if (notice->count > 1) {
            el_log(reader->options.log, EL_WARNING, "%s (and %zu more like it)", first,
                   notice->count - 1);
        } else {
            el_log(reader->options.log, EL_WARNING, "%s", first);
        }
        free(notice->first);
    }
    reader->n_notices = 0;
}

/* ---- Mentions in pieces ---- */

/* "left ... lung" of the first and the last piece. */
static const char *show(struct el_arena *scratch, const struct el_document *document,
                        const struct el_span *pieces, size_t count) {
    struct el_span first = pieces[0], last = pieces[count - 1];
    const char *shown =
        el_arena_printf(scratch, "%s ... %s",
                        el_excerpt(scratch, document->text + first.start, first.end - first.start),
                        el_excerpt(scratch, document->text + last.start, last.end - last.start));
    return shown != NULL ? shown : "";
}

bool el_reader_add_pieces(struct el_reader *reader, const struct el_input *input, size_t line,
                          struct el_document *document, struct el_entity entity,
                          const struct el_span *pieces, size_t count, size_t *capacity,
                          struct el_error *err) {
    enum el_in_pieces how = count < 2 ? EL_PIECES_JOIN : reader->options.pieces;
    struct el_arena scratch = {0};
    const char *shown = count < 2 ? "" : show(&scratch, document, pieces, count);
    bool done = true;
    if (how == EL_PIECES_FAIL) {
        done = el_input_fail(input != NULL ? input : &reader->input, line, 0, err,
                             "\"%s\" (%s) is a mention in %zu pieces, an entity is one span; "
                             "--pieces join, split or drop reads the document",
                             shown, entity.type, count);
    } else if (how == EL_PIECES_DROP) {
        el_reader_notice(reader, input, line,
                         "\"%s\" (%s) is a mention in %zu pieces and was left out; --pieces join "
                         "or split keeps it",
                         shown, entity.type, count);
    } else if (how == EL_PIECES_JOIN) {
        entity.span = (struct el_span){pieces[0].start, pieces[count - 1].end};
        done = el_document_add_entity(document, &entity, capacity) || el_fail_memory(err);
        if (count > 1) {
            el_reader_notice(reader, input, line,
                             "\"%s\" (%s) is a mention in %zu pieces and was joined into one",
                             shown, entity.type, count);
        }
    } else {
        for (size_t i = 0; done && i < count; i++) {
            entity.span = pieces[i];
            done = el_document_add_entity(document, &entity, capacity) || el_fail_memory(err);
        }
        el_reader_notice(reader, input, line,
                         "\"%s\" (%s) is a mention in %zu pieces; each became an entity", shown,
                         entity.type, count);
    }
    el_arena_free(&scratch);
    return done;
}

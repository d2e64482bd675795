/* What the JSON formats share: one object that becomes a document, field by field. Functions return
 * false with a message that names file and line. */
#ifndef EL_CORPUS_JSON_LINE_H
#define EL_CORPUS_JSON_LINE_H

#include "corpus/format_private.h"

struct el_json_line {
    struct el_reader *reader;
    struct el_document *document;
    json_t *root; /* taken apart while it is read; what is left is carried through */
    enum el_unit unit;
    struct el_offsets offsets; /* unless unit is TOKEN */
    size_t capacity;           /* of document->entities */
    size_t unnamed;            /* entities whose types are numbers without a name */
    struct el_error *err;
};

#define EL_JSON_FAIL(line, ...)                                                                    \
    el_input_fail(&(line)->reader->input, (line)->document->line, 0, (line)->err, __VA_ARGS__)

/* Parse `text`, which begins in line `number`; NULL with a message if it is not an object. */
json_t *el_json_parse(struct el_reader *reader, const char *text, size_t len, size_t number,
                      struct el_error *err);

typedef bool el_json_fill(struct el_json_line *line);

/* el_reader_next for formats with an object a line (blank lines are passed over), and for formats
 * with objects one after another, be it in an array, in lines or over several. `fill` makes the
 * document. */
int el_json_next_line(struct el_reader *reader, el_json_fill *fill, struct el_document **document,
                      struct el_error *err);
int el_json_next_object(struct el_reader *reader, el_json_fill *fill, struct el_document **document,
                        struct el_error *err);

/* The object without what the format reads by itself, in a buffer of the reader's; NULL to have all
 * of it parsed, which happens too where the rest is broken. */
typedef const struct el_buffer *el_json_cut(struct el_reader *reader, const char *text, size_t len);

/* el_json_next_object, but the parser gets what `cut` leaves. */
int el_json_next_cut(struct el_reader *reader, el_json_cut *cut, el_json_fill *fill,
                     struct el_document **document, struct el_error *err);

/* A copy in the document's arena; NULL if out of memory or `value` is not a string. */
const char *el_json_copy(struct el_json_line *line, const json_t *value);

/* "id" (or another key): a string or a whole number; the document keeps its default without. */
bool el_json_read_id(struct el_json_line *line, const json_t *id);
bool el_json_read_lang(struct el_json_line *line);
/* "text" and "tokens", an array of strings; either may be missing. */
bool el_json_read_text(struct el_json_line *line, const json_t *text, const json_t *tokens);

/* Set line->unit for the spans that follow. */
bool el_json_use_unit(struct el_json_line *line, enum el_unit unit);

/* Add an entity, `number` (from 0) in the messages; ends are exclusive. `quote` is NULL or the
 * string that must be there. `rest` is NULL or unknown fields, owned by document->kept. A type
 * may be a number if the options name it; without names such an entity is left out, counted and
 * noted, and so is one that marks nothing. */
bool el_json_add_entity(struct el_json_line *line, size_t number, json_int_t start, json_int_t end,
                        const json_t *type, const json_t *quote, double score, json_t *rest);

/* What el_json_add_entity() makes of a span and a type, for mentions that need it in parts: false
 * with a message; *type is NULL where the entity is to be left out. */
bool el_json_entity_span(struct el_json_line *line, size_t number, json_int_t start, json_int_t end,
                         struct el_span *span);
bool el_json_entity_type(struct el_json_line *line, size_t number, const json_t *given,
                         const char **type);

/* Sort the entities, and carry through the fields of `root` that are not in `known` (which ends
 * with NULL). */
void el_json_finish(struct el_json_line *line, const char *const *known);

/* The first of `keys` (which ends with NULL) that the object has, or NULL. */
json_t *el_json_first(const json_t *object, const char *const *keys);

/* The same as el_json_finish() for an object of any kind: what is left is returned, NULL if
 * nothing. */
json_t *el_json_rest(json_t *object, const char *const *known);

/* What a line of JSON lines says, of an object that has been parsed. */
el_json_fill el_jsonl_fill;

/* Writing: the entities, or the tokens (or words), of a document as JSON lines have them, "[...]".
 */
bool el_jsonl_write_entities(struct el_writer *writer, const struct el_document *document,
                             struct el_error *err);
bool el_jsonl_write_tokens(struct el_writer *writer, const struct el_document *document,
                           struct el_error *err);

/* Writing: `, "key": value` for each member of `extra` (may be NULL) that is not in `written`. */
void el_json_write_extra(struct el_buffer *out, json_t *extra, const char *const *written);

#endif

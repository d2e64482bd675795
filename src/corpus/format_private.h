/* What the formats share: the reader, the writer, and one entry for each format. */
#ifndef EL_CORPUS_FORMAT_PRIVATE_H
#define EL_CORPUS_FORMAT_PRIVATE_H

#include "base/buffer.h"
#include "corpus/format.h"
#include "corpus/input.h"
#include "language/segment.h"

/* How a format is read and written. NULL = it cannot, or there is nothing to do. */
struct el_format_entry {
    const char *name;
    const char *endings; /* ".a .b" */
    bool many_files;     /* it opens files by itself: input.name and options.path are their path */

    bool (*open)(struct el_reader *reader, struct el_error *err);
    /* As el_reader_next. */
    int (*next)(struct el_reader *reader, struct el_document **document, struct el_error *err);
    void (*close)(struct el_reader *reader); /* releases `state` */

    /* They append to writer->out. */
    bool (*begin)(struct el_writer *writer, struct el_error *err);
    bool (*write)(struct el_writer *writer, const struct el_document *document,
                  struct el_error *err);
    bool (*end)(struct el_writer *writer, struct el_error *err);
    void (*release)(struct el_writer *writer); /* releases `state` */
};

/* One kind of thing that a reader met and the user should know. */
struct el_notice {
    const char *kind; /* the format string, by its address */
    char *first;      /* the message about the first one; owned */
    size_t count;
};
enum { EL_MOST_NOTICES = 16 };

struct el_reader {
    struct el_input input;
    struct el_read_options options; /* format is never AUTO here, but for a folder */
    const struct el_format_entry *entry;
    size_t count; /* documents begun so far: position gives the default id */
    bool ended;
    void *state;         /* the format's own */
    json_t *label_names; /* as in the options' file; NULL = none */
    struct el_notice notices[EL_MOST_NOTICES];
    size_t n_notices;
};

struct el_writer {
    FILE *file;
    struct el_write_options options;
    const struct el_format_entry *entry;
    struct el_buffer out;
    struct el_arena scratch; /* emptied after each document */
    size_t count;            /* documents written */
    size_t widened, dropped;
    void *state;     /* the format's own */
    size_t n_layers; /* CoNLL: columns between token and tag */
    bool untagged;   /* CoNLL: the first document had no entity layer */
    size_t n_raw;    /* CoNLL: columns of the first document's own rows; 0 = it had none */
    bool open_end;   /* CoNLL: no blank line behind the last document so far */
};

/* A reader of all files in a folder and below (folder.c), unless that is of brat only and is read
 * as such: annotations, and no folders within. */
bool el_folder_is_brat(const char *path, enum el_format told);
bool el_folder_open(const char *path, const struct el_read_options *options,
                    struct el_reader **reader, struct el_error *err);

/* The format of an opened input of which nothing has been read. `ending` is what the file's name
 * says, AUTO if nothing; never AUTO. */
enum el_format el_recognise(const struct el_input *input, enum el_format ending);

/* `text` shortened to about 60 bytes at a character's border, for messages; in the arena, or ""
 * if out of memory. */
const char *el_excerpt(struct el_arena *arena, const char *text, size_t len);

/* Note something for the warnings that are given when the reader is closed: the first of each
 * `format` with its place, the others by their number. `input` is NULL for the reader's own, `line`
 * 0 for none. */
void el_reader_notice(struct el_reader *reader, const struct el_input *input, size_t line,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Warn of all that was noted, once. */
void el_reader_give_notice(struct el_reader *reader);

/* Add a mention in pieces, sorted and without overlap, as the options say; `entity` has all but the
 * span. `input` and `line` as above. False where the options make it an error, or if memory is
 * out. */
bool el_reader_add_pieces(struct el_reader *reader, const struct el_input *input, size_t line,
                          struct el_document *document, struct el_entity entity,
                          const struct el_span *pieces, size_t count, size_t *capacity,
                          struct el_error *err);

/* A fresh document with the default id of its position. */
struct el_document *el_reader_document(struct el_reader *reader, size_t line);

/* The document's tokens, or the words of its text where the source had none. */
bool el_writer_tokens(struct el_writer *writer, const struct el_document *document,
                      struct el_spans *tokens, struct el_error *err);

/* The entities to write: all, or what the flat rule leaves (counted). An error where entities
 * overlap and the options don't allow to drop any. `format` names the format in the message. */
bool el_writer_flat_entities(struct el_writer *writer, const struct el_document *document,
                             const char *format, const struct el_entity **entities, size_t *count,
                             struct el_error *err);

/* Where the entities of a document are in the unit of the output (jsonl.c). In the writer's scratch
 * arena. */
struct el_places {
    struct el_spans tokens;
    struct el_offsets offsets;
};
bool el_places_open(struct el_writer *writer, const struct el_document *document,
                    struct el_places *places, struct el_error *err);
/* [*start, *end) in the unit, *span in bytes. In tokens an entity is the fewest that cover it:
 * *span is theirs, and *exact false if it is wider than the entity. */
bool el_places_find(struct el_writer *writer, const struct el_document *document,
                    const struct el_places *places, const struct el_entity *entity,
                    struct el_span *span, size_t *start, size_t *end, bool *exact,
                    struct el_error *err);

/* A cell of a table (table.c), quoted where it must be. A cell that begins or ends with a blank is
 * quoted too, since many programs cut those. */
void el_append_cell(struct el_buffer *out, char separator, const char *text, size_t len);

/* Is there an entity layer to show? Not in a document that nobody has labelled. */
bool el_writer_has_labels(const struct el_writer *writer, const struct el_document *document);

#endif

/* Readers and writers. A reader gives one document after another from a file of any size, in
 * bounded memory; a writer takes them. One source file per format; this is what they share. */
#ifndef EL_CORPUS_FORMAT_H
#define EL_CORPUS_FORMAT_H

#include "base/log.h"
#include "corpus/document.h"

#include <stdio.h>

enum el_format {
    EL_FORMAT_AUTO, /* by file name ending, else by the first bytes */
    EL_FORMAT_TEXT,
    EL_FORMAT_JSONL,
    EL_FORMAT_CONLL,
    EL_FORMAT_CONLLU, /* CoNLL-U Plus */
    EL_FORMAT_DOCCANO,
    EL_FORMAT_SPACY, /* and Prodigy */
    EL_FORMAT_LABELSTUDIO,
    EL_FORMAT_BRAT, /* a folder of .txt and .ann */
    EL_FORMAT_WEBANNO,
    EL_FORMAT_HTML,   /* output only */
    EL_FORMAT_NESTED, /* the JSON of nested-NER papers */
    EL_FORMAT_CSV,    /* tables */
    EL_FORMAT_TSV,
    EL_FORMAT_ENTITIES, /* a table of entities; output only */
    EL_FORMAT_TERMINAL, /* output only */
    EL_FORMATS          /* how many there are */
};

/* "text", "jsonl", "conll", ...; false if unknown. */
bool el_format_from_name(const char *name, enum el_format *format);
const char *el_format_name(enum el_format format);
/* By the ending of `path` (.txt .jsonl .conll .tsv .bio ...); EL_FORMAT_AUTO if it says nothing. */
enum el_format el_format_from_path(const char *path);

bool el_format_can_read(enum el_format format);
bool el_format_can_write(enum el_format format);
/* The names of those that can be read (or written), "text, jsonl, ...", for messages and help. */
void el_format_names(bool writable, char *names, size_t size);
/* The endings of those that can be written and are known by them, ".txt .jsonl ...", one a format.
 */
void el_format_endings(char *endings, size_t size);
/* Is it written as a folder of files (el_write_options.path)? */
bool el_format_is_folder(enum el_format format);

enum el_scheme { EL_SCHEME_AUTO, EL_SCHEME_IOB1, EL_SCHEME_IOB2, EL_SCHEME_BIOES };

/* Of token ranges in nested JSON: by the form that the entities have (see nested.c), or told. */
enum el_ends { EL_ENDS_BY_FORM, EL_ENDS_EXCLUSIVE, EL_ENDS_INCLUSIVE };

/* Of a mention in several pieces (brat, CoNLL-U, nested JSON), since an entity is one span: leave
 * it out, take all from the first piece to the last, make an entity of each piece, or fail the
 * document. */
enum el_in_pieces { EL_PIECES_DROP, EL_PIECES_JOIN, EL_PIECES_SPLIT, EL_PIECES_FAIL };

struct el_read_options {
    enum el_format format;
    enum el_scheme scheme;
    bool has_input_unit;
    enum el_unit input_unit; /* for lines without "offset_unit"; see has_input_unit */
    bool keep_tags;          /* CoNLL: the documents have the raw tags too (el_document.tags) */
    unsigned token_column, tag_column;   /* CoNLL, from 1; 0 = the first and the last */
    const char *text_column, *id_column; /* tables, fields of JSON lines; NULL = "text" and "id" */
    enum el_ends ends;                   /* nested JSON */
    unsigned annotator;                  /* Label Studio: the n-th annotation, from 1; 0 = first */
    enum el_in_pieces pieces;
    const char *label_names;  /* path of a file with the names of labels that are numbers in the
                                 input (label_names.h); NULL = none */
    bool replace_invalid;     /* U+FFFD for invalid UTF-8 instead of an error */
    size_t max_document;      /* bytes; 0 = 256 MiB */
    const struct el_log *log; /* warned, when the reader is closed, of what was left out or read in
                                 a way that may surprise; NULL = nobody */
    unsigned *formats;        /* optional: gets the bit 1 << format of each format that is read */
};

struct el_reader;

/* `path` "-" = standard input (then `file_name` in errors is "standard input"). A folder means
 * all files in it and below, read in the order of their names; ids are then paths.
 * Text: the whole file is one document, its id the path. */
bool el_reader_open(const char *path, const struct el_read_options *options,
                    struct el_reader **reader, struct el_error *err);

/* The same from a stream that stays the caller's; nothing may have been read from it before.
 * `name` is for errors. */
bool el_reader_open_file(FILE *file, const char *name, const struct el_read_options *options,
                         struct el_reader **reader, struct el_error *err);

/* The format that is read: what EL_FORMAT_AUTO turned out to be. */
enum el_format el_reader_format(const struct el_reader *reader);

/* 1 = *document filled (caller frees), 0 = end, -1 = error. After EL_ERR_FORMAT in a line-based
 * format the next call goes on with the next document; after other errors it does not. */
int el_reader_next(struct el_reader *reader, struct el_document **document, struct el_error *err);

/* Bytes consumed so far and in all (0 if unknown), for progress. */
void el_reader_progress(const struct el_reader *reader, uint64_t *done, uint64_t *total);
void el_reader_close(struct el_reader *reader);

struct el_write_options {
    enum el_format format;
    const char *path;  /* brat: the folder to write, made if missing; `file` is not used then. A
                          table of entities: its name, which says what separates columns */
    enum el_unit unit; /* of offsets in JSON lines */
    const char *const *members; /* names by member bit, for the evidence; NULL = the documents do
                                   not come from the pipeline ("abstained" is then not written) */
    size_t n_members;
    bool color;               /* terminal: escape sequences allowed */
    int columns;              /* terminal: where lines are broken; 0 = 80, INT_MAX = nowhere */
    enum el_ends ends;        /* nested JSON; BY_FORM = exclusive */
    const struct el_log *log; /* warned of what the format cannot hold; NULL = nobody */
    bool flat; /* CoNLL: drop overlapping entities by the flat rule instead of failing */
};

struct el_writer;

/* `file` stays the caller's. */
bool el_writer_open(FILE *file, const struct el_write_options *options, struct el_writer **writer,
                    struct el_error *err);
/* Written and flushed when it returns. */
bool el_writer_write(struct el_writer *writer, const struct el_document *document,
                     struct el_error *err);
/* Entities so far that did not begin and end at tokens and were widened to whole tokens, and
 * entities that were dropped by the flat rule. */
void el_writer_account(const struct el_writer *writer, size_t *widened, size_t *dropped);
/* Writes what the format needs at the end; the writer is released in any case. */
bool el_writer_close(struct el_writer *writer, struct el_error *err);

#endif

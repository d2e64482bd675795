/* What the commands share: options with help, the configuration in force, messages, Ctrl-C, files,
 * output by rename. A command is one function and one line in the table of main.c.
 *
 * Everything for people goes to standard error, results go to standard output. */
#ifndef EL_CLI_CLI_H
#define EL_CLI_CLI_H

#include "base/log.h"
#include "base/new_file.h"
#include "corpus/format.h"
#include "config/config.h"

#include <stdio.h>

enum cli_status {
    CLI_OK = 0,
    CLI_FAILED = 1,      /* some documents failed, or a member was silent all through */
    CLI_USAGE = 2,       /* command line or configuration */
    CLI_UNREACHABLE = 3, /* no member could be reached */
};

typedef int cli_command(int argc, char **argv); /* argv[0] is the command's name */

cli_command cmd_tag, cmd_eval, cmd_score, cmd_combine, cmd_convert, cmd_pool, cmd_members,
    cmd_config, cmd_cache, cmd_tune, cmd_setup, cmd_models, cmd_serve;

/* Options */

struct cli_option {
    int id;               /* a letter is the short option too; others from CLI_FIRST_ID on */
    const char *name;     /* long, without "--" */
    const char *argument; /* e.g. "FILE"; NULL = takes none */
    const char *help;     /* lines are broken as they are; NULL = not shown */
};
enum {
    CLI_FIRST_ID = 256,
    CLI_COMMON_ID = 512,
    CLI_READ_ID = 768,
    CLI_OPERANDS = 0,
    CLI_STOP = -1
};

struct cli_help {
    const char *usage; /* "el4ner tag [options] FILE..." ; further forms on further lines */
    const char *text;  /* what the command does */
    const struct cli_option *options;
    size_t n_options;
    const char *more; /* examples, formats, exit status */
};

/* A walk over the options of a command line:
 *
 *     struct cli_parser parser = {.argc = argc, .argv = argv, .help = &help};
 *     for (int id; (id = cli_next(&parser)) != CLI_OPERANDS;) {
 *         if (id == CLI_STOP) return parser.status;    (--help, or a mistake already reported)
 *         ... parser.value ...
 *     }
 *     operands: argv[parser.first] .. argv[argc - 1] */
struct cli_parser {
    int argc;
    char **argv;
    const struct cli_help *help;
    const char *value; /* of the option just returned */
    int first;         /* first operand, once CLI_OPERANDS came */
    int status;        /* exit status, once CLI_STOP came */
    bool started;
};
int cli_next(struct cli_parser *parser);

/* "el4ner COMMAND: message; try ..." and CLI_USAGE. */
int cli_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A whole number in [least, most]; false and a message otherwise. */
bool cli_number(const char *command, const char *option, const char *value, long least, long most,
                long *number);

/* A number from 0 to 1; false and a message otherwise. */
bool cli_share(const char *command, const char *option, const char *value, double *number);

/* The position of `value` in `words`, which ends with NULL; false and a message if it is not there.
 */
bool cli_word(const char *command, const char *option, const char *value, const char *const *words,
              unsigned *number);

/* A unit of offsets; false and a message otherwise. */
bool cli_unit(const char *command, const char *option, const char *value, enum el_unit *unit);

/* The value of --scheme; false and a message if there is no such scheme. */
bool cli_scheme(const char *command, const char *value, enum el_scheme *scheme);

/* The format of this name, if it can be written (`output`) or read; false and a message otherwise.
 */
bool cli_format(const char *command, const char *option, const char *value, bool output,
                enum el_format *format);

/* Options about configuration and models that several commands have. Put CLI_COMMON_OPTIONS into
 * the option table, call cli_common() for ids the command does not know, then cli_load(). */
struct cli_settings {
    const char *config, *types, *pool, *profile, *verifier, *constrain, *lang, *cache, *url, *model,
        *key_env, *ensemble;
    long k;        /* -1 = not given */
    long progress; /* seconds between lines of progress where there is no terminal; 0 = none */
    bool no_cache, refresh, strict, nested, quiet;
    bool no_members; /* models that are not here are no error */
};
#define CLI_SETTINGS_INIT                                                                          \
    { .k = -1, .progress = 60 }

enum {
    CLI_ID_TYPES = CLI_COMMON_ID,
    CLI_ID_POOL,
    CLI_ID_PROFILE,
    CLI_ID_K,
    CLI_ID_VERIFIER,
    CLI_ID_CONSTRAIN,
    CLI_ID_LANG,
    CLI_ID_NESTED,
    CLI_ID_STRICT,
    CLI_ID_CACHE,
    CLI_ID_NO_CACHE,
    CLI_ID_PROGRESS,
    CLI_ID_REFRESH,
    CLI_ID_URL,
    CLI_ID_MODEL,
    CLI_ID_KEY_ENV,
    CLI_ID_ENSEMBLE,
};
#define CLI_CONFIG_OPTION                                                                          \
    {                                                                                              \
        'c', "config", "FILE",                                                                     \
            "configuration (default: ./el4ner.yaml, then\n$XDG_CONFIG_HOME/el4ner/config.yaml, "   \
            "then "                                                                                \
            "the shipped one)"                                                                     \
    }
#define CLI_URL_OPTIONS                                                                            \
    {CLI_ID_ENSEMBLE, "ensemble", "NAME",                                                          \
     "members by name, instead of the configured ones:\nnano, starter ... (el4ner models)"},       \
        {CLI_ID_URL, "url", "URL", "one server, instead of the configured members"},               \
        {CLI_ID_MODEL, "model", "NAME", "which of that server's models"}, {                        \
        CLI_ID_KEY_ENV, "key-env", "NAME", "the environment variable that holds its key"           \
    }
#define CLI_COMMON_OPTIONS                                                                         \
    CLI_CONFIG_OPTION, CLI_URL_OPTIONS,                                                            \
        {CLI_ID_TYPES, "types", "LIST", "entity types, e.g. \"person,location\", or auto"},        \
        {CLI_ID_POOL, "pool", "FILE", "demonstrations: an .el4 pool or a labelled file"},          \
        {CLI_ID_PROFILE, "profile", "NAME",                                                        \
         "default; votes: the members decide alone;\npaper: as published"},                        \
        {CLI_ID_K, "k", "N", "demonstrations in a prompt"},                                        \
        {CLI_ID_VERIFIER, "verifier", "WHO", "a member's name, auto, largest, all or none"},       \
        {CLI_ID_CONSTRAIN, "constrain", "HOW",                                                     \
         "answers held to what is possible: auto (where a\nserver can), on or off"},               \
        {CLI_ID_LANG, "lang", "CODE", "language of the input, e.g. de"},                           \
        {CLI_ID_NESTED, "nested", NULL, "keep entities that overlap"},                             \
        {CLI_ID_STRICT, "strict", NULL, "a call without an answer fails its document"},            \
        {CLI_ID_CACHE, "cache", "FILE",                                                            \
         "the reply store (default:\n$XDG_CACHE_HOME/el4ner/replies.sqlite)"},                     \
        {CLI_ID_REFRESH, "refresh", NULL, "ask anew what the store has, and replace it"}, {        \
        CLI_ID_NO_CACHE, "no-cache", NULL, "no reply store"                                        \
    }

/* Of commands that run long; cli_common() takes it. */
#define CLI_PROGRESS_OPTION                                                                        \
    {                                                                                              \
        CLI_ID_PROGRESS, "progress", "N",                                                          \
            "seconds between lines of progress where standard\nerror is no terminal (default 60; " \
            "0: none)"                                                                             \
    }

/* True if `id` is one of CLI_COMMON_OPTIONS, CLI_PROGRESS_OPTION or 'q'; a bad value sets *status
 * and is reported. */
bool cli_common(struct cli_settings *settings, const char *command, int id, const char *value,
                int *status);

/* Load the configuration and apply the settings. CLI_OK, or the status to exit with (reported). */
int cli_load(const struct cli_settings *settings, struct el_config **config);

/* Where replies are stored; the folder is made. NULL with --no-cache, or if there is no place for
 * it (reported). Free with free(). */
char *cli_store_path(const struct cli_settings *settings);

/* How inputs are read: options of all commands that read documents. Put CLI_READ_OPTIONS into the
 * option table, begin with CLI_READ_INIT, and call cli_read_option() for ids that the command does
 * not know. */
enum {
    CLI_ID_FROM = CLI_READ_ID,
    CLI_ID_TEXT_COLUMN,
    CLI_ID_ID_COLUMN,
    CLI_ID_SCHEME,
    CLI_ID_TOKEN_COLUMN,
    CLI_ID_TAG_COLUMN,
    CLI_ID_INPUT_OFFSETS,
    CLI_ID_ENDS,
    CLI_ID_ANNOTATOR,
    CLI_ID_PIECES,
    CLI_ID_LABELS,
    CLI_ID_REPLACE_INVALID,
};
#define CLI_READ_OPTIONS                                                                           \
    {CLI_ID_FROM, "from", "FORMAT",                                                                \
     "of the input, e.g. text, jsonl, conll (default: by\nending and content)"},                   \
        {CLI_ID_TEXT_COLUMN, "text-field", "NAME", "of JSON lines (default: text)"},               \
        {CLI_ID_ID_COLUMN, "id-field", "NAME", "of JSON lines (default: id)"},                     \
        {CLI_ID_TEXT_COLUMN, "text-column", "NAME", "of tables (default: text)"},                  \
        {CLI_ID_ID_COLUMN, "id-column", "NAME", "of tables (default: id)"},                        \
        {CLI_ID_SCHEME, "scheme", "NAME", "of CoNLL tags: auto (default), iob1, iob2, bioes"},     \
        {CLI_ID_TOKEN_COLUMN, "token-column", "N", "of CoNLL input, from 1 (default: the first)"}, \
        {CLI_ID_TAG_COLUMN, "tag-column", "N", "of CoNLL input, from 1 (default: the last)"},      \
        {CLI_ID_INPUT_OFFSETS, "input-offsets", "UNIT",                                            \
         "of JSON lines that do not name theirs: codepoint,\nbyte, utf16, token"},                 \
        {CLI_ID_ENDS, "ends", "KIND", "of token ranges in nested JSON: exclusive, inclusive"},     \
        {CLI_ID_ANNOTATOR, "annotator", "N",                                                       \
         "of Label Studio tasks, from 1 (default: the first)"},                                    \
        {CLI_ID_PIECES, "pieces", "HOW", "mentions in pieces: drop (default), join, split, fail"}, \
        {CLI_ID_LABELS, "labels", "FILE", "names of labels that are numbers in the input"}, {      \
        CLI_ID_REPLACE_INVALID, "replace-invalid", NULL,                                           \
            "put U+FFFD for invalid UTF-8 instead of failing"                                      \
    }
#define CLI_READ_INIT                                                                              \
    {                                                                                              \
        .log = cli_warnings(), .formats = &(unsigned) {                                            \
            0                                                                                      \
        }                                                                                          \
    }

/* True if `id` is one of CLI_READ_OPTIONS; a bad value sets *status and is reported. */
bool cli_read_option(struct el_read_options *read, const char *command, int id, const char *value,
                     int *status);
/* Warns of options that made no difference, for no input had the format that they are for. Once all
 * is read; nothing is said where nothing was. */
void cli_warn_unused(const struct el_read_options *read);

/* Messages */

/* "el4ner: ..." on standard error, after taking the progress line away. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A text from a file or a server on standard output, harmless to a terminal (el_clean), and filled
 * up with blanks to `width` columns. */
void cli_put(const char *text, size_t len, int width);
void cli_put_string(const char *text, int width);
/* Columns that it takes so. */
int cli_width(const char *text, size_t len);

/* Bytes for people: "98.4 MB". Gives `text`. */
enum { CLI_SIZE = 32 };
const char *cli_size(uint64_t bytes, char text[CLI_SIZE]);

/* Report an error; gives the exit status that fits its code. */
int cli_fail(const struct el_error *err);

/* Name the members that gave no answer all through the run; true if there are any. */
struct el_ensemble;
bool cli_report_silent(struct el_ensemble *ensemble, const struct el_config *config);

/* Which ensemble is used where nobody has named members; a quiet run says it too. */
void cli_tell_ensemble(struct el_config *config);

/* How many replies, of `whom`, came from the store; nothing if none did. */
void cli_report_stored(uint64_t stored, uint64_t replies, const char *whom);
/* Both numbers of a run, over all members and stages. */
void cli_count_stored(struct el_ensemble *ensemble, const struct el_config *config,
                      uint64_t *stored, uint64_t *replies);

/* A line for each cause for which members abstained: how often, and what helps. */
struct el_abstentions;
void cli_report_abstentions(const struct el_abstentions *abstentions, struct el_ensemble *ensemble,
                            const struct el_config *config);

/* For the library: warnings, and with `quiet` false also information. */
struct el_log cli_log(bool quiet);
/* The same with `quiet` true, to be pointed to. */
const struct el_log *cli_warnings(void);

/* A line on standard error that is overwritten by the next; nothing if that is not a terminal. Cut
 * to the width of the terminal, between characters. NULL takes it away. */
void cli_progress(const char *line);
bool cli_progress_shown(void); /* is standard error a terminal? */
int cli_columns(FILE *file);   /* width of a terminal, 80 if unknown; of others INT_MAX */

enum cli_color { CLI_COLOR_AUTO, CLI_COLOR_ALWAYS, CLI_COLOR_NEVER };
bool cli_color_from_name(const char *name, enum cli_color *color);
/* AUTO: a terminal, TERM is not "dumb", and NO_COLOR is unset or empty. */
bool cli_colored(enum cli_color color, FILE *file);

/* Ctrl-C: from cli_catch_interrupt() on, how often it came; the third time ends the program
 * whatever it does. SIGTERM and SIGHUP count as Ctrl-C. Signals that were ignored when the program
 * began stay ignored. Until then signals end the program. */
void cli_catch_interrupt(void);
int cli_interrupted(void);

/* Has writing to standard output failed because nobody reads it any more, as behind `| head`? Then
 * nothing is said of it, and at the end main() lets the signal SIGPIPE end the program, as it ends
 * others. Where SIGPIPE was ignored from the start, it is an error like others. */
bool cli_reader_gone(void);
void cli_end_by_pipe(void);

/* Files */

/* An empty file of a name of its own among the temporary files (TMPDIR, else /tmp). Its path, which
 * the caller removes and frees; NULL with an error. */
char *cli_temporary(struct el_error *err);

/* Before anything is started: can all of these be read? "-", once, is standard input. CLI_OK, or
 * CLI_USAGE and the first that cannot is reported. */
int cli_check_inputs(char *const *paths, size_t n);

/* Can `path` be written, and is it none of the files that are read? NULL and "-" can. The same
 * result. */
int cli_check_output(const char *path, char *const *inputs, size_t n_inputs);

/* The format of an output if *format is AUTO: by the ending of `path`, brat for a folder, JSON
 * lines for a pipe or device, and on standard output (NULL, "-") the terminal's or JSON lines.
 * `entities`: it must be able to hold them. False and a message where the ending says nothing. */
bool cli_output_format(const char *command, const char *path, bool entities,
                       enum el_format *format);

/* A file that appears under its name only when complete (new_file.h). "-" or NULL is standard
 * output; devices and pipes are written directly. */
struct cli_output {
    FILE *file;
    const char *path;       /* the caller's; NULL = standard output */
    struct el_new_file new; /* of no use for standard output and direct writing */
};
bool cli_output_open(struct cli_output *output, const char *path, struct el_error *err);
/* Flush, then put in place (`keep`), or remove; a file that was there before stays then, which is
 * said. */
bool cli_output_close(struct cli_output *output, bool keep, struct el_error *err);
/* A labelled set as such a file, or a folder, in the format and units of `how`. */
struct el_labels;
bool cli_write_labels(const char *path, const struct el_labels *labels, struct el_write_options how,
                      struct el_error *err);
/* `json` as such a file, indented, with further flags of json_dumpf(). Takes it over; NULL means
 * that memory was out. */
bool cli_write_json(const char *path, json_t *json, size_t flags, struct el_error *err);

#endif

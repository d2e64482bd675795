/* How inputs are read: options that mean the same in all commands that read documents. */
#include "cli/cli.h"

const struct el_log *cli_warnings(void) {
    static struct el_log log;
    log = cli_log(true);
    return &log;
}

static bool take_count(const char *command, const char *option, const char *value,
                       unsigned *count) {
    long number;
    bool good = cli_number(command, option, value, 1, 1000, &number);
    *count = good ? (unsigned)number : 0;
    return good;
}

/* The position of `value` in a list of words; false and a message if it is not there. */
static bool take_word(const char *command, int id, const char *value,
                      struct el_read_options *read) {
    static const char *const ends[] = {"auto", "exclusive", "inclusive", NULL};
    static const char *const pieces[] = {"drop", "join", "split", "fail", NULL};
    unsigned number = 0;
    if (id == CLI_ID_ENDS) {
        bool good = cli_word(command, "--ends", value, ends, &number);
        read->ends = (enum el_ends)number;
        return good;
    }
    bool good = cli_word(command, "--pieces", value, pieces, &number);
    read->pieces = (enum el_in_pieces)number;
    return good;
}

static bool take(struct el_read_options *read, const char *command, int id, const char *value) {
    switch (id) {
    case CLI_ID_FROM:
        return cli_format(command, "--from", value, false, &read->format);
    case CLI_ID_INPUT_OFFSETS:
        read->has_input_unit = true;
        return cli_unit(command, "--input-offsets", value, &read->input_unit);
    case CLI_ID_SCHEME:
        return cli_scheme(command, value, &read->scheme);
    case CLI_ID_TOKEN_COLUMN:
        return take_count(command, "--token-column", value, &read->token_column);
    case CLI_ID_TAG_COLUMN:
        return take_count(command, "--tag-column", value, &read->tag_column);
    case CLI_ID_ANNOTATOR:
        return take_count(command, "--annotator", value, &read->annotator);
    case CLI_ID_TEXT_COLUMN:
        read->text_column = value;
        return true;
    case CLI_ID_ID_COLUMN:
        read->id_column = value;
        return true;
    case CLI_ID_LABELS:
        read->label_names = value;
        return true;
    case CLI_ID_REPLACE_INVALID:
        read->replace_invalid = true;
        return true;
    default:
        return take_word(command, id, value, read);
    }
}

bool cli_read_option(struct el_read_options *read, const char *command, int id, const char *value,
                     int *status) {
    if (id < CLI_ID_FROM || id > CLI_ID_REPLACE_INVALID) {
        return false;
    }
    if (!take(read, command, id, value)) {
        *status = CLI_USAGE;
    }
    return true;
}

static void warn_unused(bool given, const char *option, const char *whose, unsigned fits,
                        unsigned read) {
    if (given && read != 0 && (read & fits) == 0) {
        el_log(cli_warnings(), EL_WARNING,
               "%s is for %s, and no input is that: it made no difference", option, whose);
    }
}

void cli_warn_unused(const struct el_read_options *read) {
    static const unsigned lines = 1U << EL_FORMAT_JSONL,
                          tables = 1U << EL_FORMAT_CSV | 1U << EL_FORMAT_TSV,
                          conll = 1U << EL_FORMAT_CONLL, conllu = 1U << EL_FORMAT_CONLLU,
                          nested = 1U << EL_FORMAT_NESTED, studio = 1U << EL_FORMAT_LABELSTUDIO;
    unsigned got = *read->formats;
    warn_unused(read->text_column != NULL, "--text-field (--text-column)", "JSON lines and tables",
                lines | tables, got);
    warn_unused(read->id_column != NULL, "--id-field (--id-column)", "JSON lines and tables",
                lines | tables, got);
    warn_unused(read->scheme != EL_SCHEME_AUTO, "--scheme", "CoNLL", conll | conllu, got);
    warn_unused(read->token_column != 0, "--token-column", "CoNLL", conll, got);
    warn_unused(read->tag_column != 0, "--tag-column", "CoNLL", conll, got);
    warn_unused(read->has_input_unit, "--input-offsets", "JSON lines and tables", lines | tables,
                got);
    warn_unused(read->ends != EL_ENDS_BY_FORM, "--ends", "nested JSON", nested, got);
    warn_unused(read->annotator != 0, "--annotator", "Label Studio", studio, got);
}

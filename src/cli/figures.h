/* A table of figures: for a terminal, or as Markdown, CSV or LaTeX to be taken over into a text. */
#ifndef EL_CLI_FIGURES_H
#define EL_CLI_FIGURES_H

#include "base/arena.h"
#include "cli/cli.h"
#include "evaluate/reliability.h"

enum cli_table_format { CLI_TABLE_TEXT, CLI_TABLE_MARKDOWN, CLI_TABLE_CSV, CLI_TABLE_LATEX };

#define CLI_TABLE_OPTION(id)                                                                       \
    { id, "to", "FORMAT", "of the table: text (default), markdown, csv or latex" }

/* The value of --to; false and a message if there is no such format. */
bool cli_table_format(const char *command, const char *value, enum cli_table_format *format);

/* The first column groups rows, the second names them, the others hold figures or short words. */
struct cli_table {
    const char *const *columns; /* their heads */
    size_t n_columns;
    struct el_arena arena;
    const char **cells; /* n_columns a row */
    size_t n_cells, capacity;
    bool failed; /* memory ran out */
};

/* The next cell; without characters it is empty. */
void cli_table_add(struct cli_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void cli_table_skip(struct cli_table *table, size_t n); /* empty cells */

/* To standard output. Columns without any entry are left out, except of CSV, whose columns are
 * always the same. Text takes at most CLI_TABLE_WIDTH columns of a terminal: a name that is too
 * long has a line of its own. */
enum { CLI_TABLE_WIDTH = 100 };
bool cli_table_print(const struct cli_table *table, enum cli_table_format format,
                     struct el_error *err);
void cli_table_free(struct cli_table *table);

/* How far scores can be believed, as the end of a line. */
void cli_print_calibration(const struct el_reliability *reliability);

#endif

#include "cli/figures.h"

#include "base/array.h"
#include "base/print.h"

#include <stdarg.h>
#include <string.h>

enum { GROUP, NAME, FIGURES };

bool cli_table_format(const char *command, const char *value, enum cli_table_format *format) {
    static const char *const names[] = {"text", "markdown", "csv", "latex", NULL};
    unsigned number = 0;
    bool good = cli_word(command, "--to", value, names, &number);
    *format = (enum cli_table_format)number;
    return good;
}

static void add(struct cli_table *table, const char *cell) {
    table->failed =
        table->failed || cell == NULL ||
        !EL_ARENA_GROW(&table->arena, table->cells, table->capacity, table->n_cells + 1);
    if (!table->failed) {
        table->cells[table->n_cells++] = cell;
    }
}

void cli_table_add(struct cli_table *table, const char *format, ...) {
    char cell[1000];
    va_list args;
    va_start(args, format);
    el_vprint(cell, sizeof cell, format, args);
    va_end(args);
    add(table, el_arena_string(&table->arena, cell));
}

void cli_table_skip(struct cli_table *table, size_t n) {
    while (n-- > 0) {
        add(table, "");
    }
}

void cli_table_free(struct cli_table *table) {
    el_arena_free(&table->arena);
    *table = (struct cli_table){0};
}

static const char *cell(const struct cli_table *table, size_t row, size_t column) {
    return table->cells[row * table->n_columns + column];
}

static size_t n_rows(const struct cli_table *table) {
    return table->n_cells / table->n_columns;
}

/* The widest entry of a column; 0 = it is empty. The head does not count. */
static int widest(const struct cli_table *table, size_t column) {
    int most = 0;
    for (size_t row = 0; row < n_rows(table); row++) {
        int width = cli_width(cell(table, row, column), strlen(cell(table, row, column)));
        most = width > most ? width : most;
    }
    return most;
}

/* Words are set to the left, figures to the right. */
static bool holds_words(const struct cli_table *table, size_t column) {
    for (size_t row = 0; row < n_rows(table); row++) {
        if (strspn(cell(table, row, column), "+-.0123456789 ") < strlen(cell(table, row, column))) {
            return true;
        }
    }
    return column < FIGURES;
}

static bool begins_group(const struct cli_table *table, size_t row) {
    return row == 0 || strcmp(cell(table, row, GROUP), cell(table, row - 1, GROUP)) != 0;
}

/* ---- for a terminal: a group is a heading ---- */

static int column_width(const struct cli_table *table, size_t column) {
    int entries = widest(table, column), head = (int)strlen(table->columns[column]);
    return entries == 0 ? 0 : entries > head ? entries : head;
}

/* Blanks behind the last entry of a line are left out. */
static void put_figures(const struct cli_table *table, const char *const *cells) {
    int blanks = 0;
    for (size_t c = FIGURES; c < table->n_columns; c++) {
        int width = column_width(table, c), entry = cli_width(cells[c], strlen(cells[c]));
        if (width == 0) {
            continue;
        }
        bool words = holds_words(table, c);
        blanks += 2 + (words ? 0 : width - entry);
        if (entry > 0) {
            printf("%*s", blanks, "");
            cli_put_string(cells[c], 0);
            blanks = 0;
        }
        blanks += words ? width - entry : 0;
    }
    printf("\n");
}

static void print_text(const struct cli_table *table) {
    int figures = 0, names = 2 + widest(table, NAME);
    for (size_t c = FIGURES; c < table->n_columns; c++) {
        int width = column_width(table, c);
        figures += width > 0 ? width + 2 : 0;
    }
    if (names > CLI_TABLE_WIDTH - figures) {
        names = CLI_TABLE_WIDTH - figures > 20 ? CLI_TABLE_WIDTH - figures : 20;
    }
    printf("%*s", names, "");
    put_figures(table, table->columns);
    for (size_t row = 0; row < n_rows(table); row++) {
        const char *name = cell(table, row, NAME);
        if (begins_group(table, row)) {
            cli_put_string(cell(table, row, GROUP), 0);
            printf("\n");
        }
        printf("  ");
        if (cli_width(name, strlen(name)) > names - 2) {
            cli_put_string(name, 0);
            printf("\n%*s", names, "");
        } else {
            cli_put_string(name, names - 2);
        }
        put_figures(table, &table->cells[row * table->n_columns]);
    }
}

/* ---- for other programs ---- */

static void put_csv(const char *text) {
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            putchar('"');
        }
        putchar(*text);
    }
    putchar('"');
}

static void put_markdown(const char *text) {
    for (; *text != '\0'; text++) {
        if (strchr("|\\*_`<[", *text) != NULL) {
            putchar('\\');
        }
        putchar(*text);
    }
}

static void put_latex(const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '\\') {
            fputs("\\textbackslash{}", stdout);
        } else if (*text == '~' || *text == '^') {
            printf("\\%c{}", *text);
        } else if (strchr("&%$#_{}", *text) != NULL) {
            printf("\\%c", *text);
        } else {
            putchar(*text);
        }
    }
}

static void print_csv(const struct cli_table *table) {
    for (size_t i = 0; i < table->n_columns + table->n_cells; i++) {
        put_csv(i < table->n_columns ? table->columns[i] : table->cells[i - table->n_columns]);
        putchar((i + 1) % table->n_columns == 0 ? '\n' : ',');
    }
}

static void put_row(const struct cli_table *table, const char *const *cells,
                    enum cli_table_format format) {
    bool markdown = format == CLI_TABLE_MARKDOWN, first = true;
    for (size_t c = 0; c < table->n_columns; c++) {
        if (widest(table, c) == 0) {
            continue;
        }
        fputs(markdown ? "| " : first ? "" : " & ", stdout);
        (markdown ? put_markdown : put_latex)(cells[c]);
        fputs(markdown ? " " : "", stdout);
        first = false;
    }
    fputs(markdown ? "|\n" : " \\\\\n", stdout);
}

static void print_marked(const struct cli_table *table, enum cli_table_format format) {
    bool markdown = format == CLI_TABLE_MARKDOWN;
    if (!markdown) {
        fputs("\\begin{tabular}{", stdout);
        for (size_t c = 0; c < table->n_columns; c++) {
            fputs(widest(table, c) == 0 ? "" : holds_words(table, c) ? "l" : "r", stdout);
        }
        fputs("}\n\\hline\n", stdout);
    }
    put_row(table, table->columns, format);
    for (size_t c = 0; markdown && c < table->n_columns; c++) {
        fputs(widest(table, c) == 0 ? "" : holds_words(table, c) ? "|---" : "|---:", stdout);
    }
    fputs(markdown ? "|\n" : "\\hline\n", stdout);
    for (size_t row = 0; row < n_rows(table); row++) {
        put_row(table, &table->cells[row * table->n_columns], format);
    }
    fputs(markdown ? "" : "\\hline\n\\end{tabular}\n", stdout);
}

bool cli_table_print(const struct cli_table *table, enum cli_table_format format,
                     struct el_error *err) {
    if (table->failed) {
        return el_fail_memory(err);
    }
    if (format == CLI_TABLE_TEXT) {
        print_text(table);
    } else if (format == CLI_TABLE_CSV) {
        print_csv(table);
    } else {
        print_marked(table, format);
    }
    return true;
}

void cli_print_calibration(const struct el_reliability *reliability) {
    printf("expected calibration error %.2f %% (true scores would show about %.2f %% by chance)\n",
           100 * el_reliability_error(reliability), 100 * el_reliability_chance(reliability));
}

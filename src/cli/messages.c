/* Messages, the progress line, colours, Ctrl-C. */
#include "cli/cli.h"

#include "base/buffer.h"
#include "base/print.h"
#include "base/text.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The state of the terminal and of Ctrl-C belongs to the process, so it is kept by the process. */
static bool line_is_shown;
static bool pipes_were_ignored; /* SIGPIPE, before cli_catch_interrupt() */
static volatile sig_atomic_t interrupts;

bool cli_progress_shown(void) {
    return isatty(STDERR_FILENO) != 0;
}

int cli_columns(FILE *file) {
    struct winsize size;
    if (!isatty(fileno(file))) {
        return INT_MAX;
    }
    return ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* The length of the part of a line that takes at most so many columns. */
static size_t fit(const char *line, int columns) {
    size_t len = strlen(line), fits = 0;
    for (size_t at = 0; fits < len; fits = at) {
        columns -= (int)el_columns(el_utf8_next(line, len, &at));
        if (columns < 0) {
            break;
        }
    }
    return fits;
}

void cli_progress(const char *line) {
    if (!cli_progress_shown() || (line == NULL && !line_is_shown)) {
        return;
    }
    if (line == NULL) {
        fputs("\r\033[K", stderr);
    } else {
        fprintf(stderr, "\r\033[K%.*s", (int)fit(line, cli_columns(stderr) - 1), line);
    }
    fflush(stderr);
    line_is_shown = line != NULL;
}

void cli_say(const char *format, ...) {
    char message[2048];
    va_list args;
    va_start(args, format);
    el_vprint(message, sizeof message, format, args);
    va_end(args);
    cli_progress(NULL);
    fprintf(stderr, "el4ner: %s\n", message);
}

int cli_width(const char *text, size_t len) {
    int width = 0;
    for (size_t at = 0; at < len;) {
        uint32_t c = el_utf8_next(text, len, &at);
        width += el_is_control(c) ? 1 : (int)el_columns(c);
    }
    return width;
}

void cli_put(const char *text, size_t len, int width) {
    struct el_buffer line = {0};
    int pad = width - cli_width(text, len);
    el_buffer_append(&line, text, len);
    if (line.failed) {
        cli_say("out of memory: a text of %zu bytes is not shown", len);
    } else {
        fwrite(line.data, 1, el_clean(line.data, line.len), stdout);
    }
    el_buffer_free(&line);
    printf("%*s", pad > 0 ? pad : 0, "");
}

void cli_put_string(const char *text, int width) {
    cli_put(text, strlen(text), width);
}

const char *cli_size(uint64_t bytes, char text[CLI_SIZE]) {
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    double size = (double)bytes;
    size_t unit = 0;
    while (size >= 1000 && unit + 1 < sizeof units / sizeof *units) {
        size /= 1000;
        unit++;
    }
    el_print(text, CLI_SIZE, "%.*f %s", unit == 0 ? 0 : 1, size, units[unit]);
    return text;
}

int cli_fail(const struct el_error *err) {
    cli_say("%s", err->message);
    switch (err->code) {
    case EL_ERR_CONFIG:
        return CLI_USAGE;
    case EL_ERR_UNREACHABLE:
        return CLI_UNREACHABLE;
    default:
        return CLI_FAILED;
    }
}

static void write_all(void *context, enum el_level level, const char *message) {
    (void)context;
    if (level != EL_DEBUG) {
        cli_say("%s%s", level == EL_WARNING ? "warning: " : "", message);
    }
}

static void write_warnings(void *context, enum el_level level, const char *message) {
    if (level == EL_WARNING) {
        write_all(context, level, message);
    }
}

struct el_log cli_log(bool quiet) {
    return (struct el_log){.write = quiet ? write_warnings : write_all};
}

bool cli_color_from_name(const char *name, enum cli_color *color) {
    static const char *const names[] = {"auto", "always", "never"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(name, names[i]) == 0) {
            *color = (enum cli_color)i;
            return true;
        }
    }
    return false;
}

bool cli_colored(enum cli_color color, FILE *file) {
    if (color != CLI_COLOR_AUTO) {
        return color == CLI_COLOR_ALWAYS;
    }
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fileno(file)) && (none == NULL || none[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

static void on_interrupt(int signal_number) {
    if (++interrupts > 2) {
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    }
}

void cli_catch_interrupt(void) {
    /* SA_RESTART, because reading and writing go on after the first. */
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction before;
        /* What is ignored from the start stays so, as nohup and "&" in scripts want it. */
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            sigaction(signals[i], &action, NULL);
        }
    }
    /* A closed pipe is a failed write, and children are ended in order. */
    pipes_were_ignored = signal(SIGPIPE, SIG_IGN) == SIG_IGN;
}

bool cli_reader_gone(void) {
    struct pollfd output = {.fd = STDOUT_FILENO};
    return !pipes_were_ignored && ferror(stdout) && poll(&output, 1, 0) == 1 &&
           (output.revents & POLLERR) != 0;
}

void cli_end_by_pipe(void) {
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}

int cli_interrupted(void) {
    return interrupts;
}

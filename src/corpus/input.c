#include "corpus/input.h"

#include "base/arena.h"
#include "base/packed.h"
#include "base/array.h"
#include "base/print.h"
#include "base/text.h"
#include "corpus/not_text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 16 };

bool el_input_fail(const struct el_input *input, size_t line, size_t column, struct el_error *err,
                   const char *format, ...) {
    char message[800];
    va_list args;
    va_start(args, format);
    el_vprint(message, sizeof message, format, args);
    va_end(args);
    if (line == 0) {
        return el_fail(err, EL_ERR_FORMAT, "%s: %s", input->name, message);
    }
    if (column == 0) {
        return el_fail(err, EL_ERR_FORMAT, "%s:%zu: %s", input->name, line, message);
    }
    return el_fail(err, EL_ERR_FORMAT, "%s:%zu:%zu: %s", input->name, line, column, message);
}

/* From a pipe, take what is there: a line is handed on when it was written, not when 64 KiB are
 * full. Streams without a descriptor (memory) go through stdio. */
static bool read_some(struct el_input *input, char *to, size_t room, size_t *n,
                      struct el_error *err) {
    int descriptor = fileno(input->file);
    ssize_t got;
    if (descriptor < 0) {
        got = (ssize_t)fread(to, 1, room, input->file);
        got = ferror(input->file) ? -1 : got;
    } else {
        do {
            got = read(descriptor, to, room);
        } while (got < 0 && errno == EINTR);
    }
    *n = got > 0 ? (size_t)got : 0;
    return got >= 0 || el_fail(err, EL_ERR_IO, "%s: cannot read: %s", input->name, strerror(errno));
}

/* The same of what is packed in the file. */
static bool unpack_some(struct el_input *input, char *to, size_t room, size_t *n,
                        struct el_error *err) {
    char bytes[CHUNK];
    for (size_t got = 1;;) {
        if (!el_unpack(input->unpacker, to, room, n, err)) {
            return el_error_prefix(err, "%s", input->name);
        }
        if (*n > 0 || got == 0) {
            return true;
        }
        if (!read_some(input, bytes, sizeof bytes, &got, err) ||
            !el_unpacker_give(input->unpacker, bytes, got, err)) {
            return false;
        }
        input->packed += got;
    }
}

/* Read one more chunk after what is there. */
static bool fill(struct el_input *input, struct el_error *err) {
    if (input->begin > 0) {
        memmove(input->buffer, input->buffer + input->begin, input->end - input->begin);
        input->end -= input->begin;
        input->begin = 0;
    }
    if (!EL_GROW(input->buffer, input->capacity, input->end + CHUNK + 1)) {
        return el_fail_memory(err);
    }
    size_t n;
    char *to = input->buffer + input->end;
    size_t room = input->capacity - input->end - 1;
    if (!(input->unpacker != NULL ? unpack_some(input, to, room, &n, err)
                                  : read_some(input, to, room, &n, err))) {
        return false;
    }
    input->at_end = n == 0;
    input->end += n;
    input->buffer[input->end] = '\0';
    return true;
}

static bool starts_with(const struct el_input *input, const char *magic, size_t len) {
    return input->end >= len && memcmp(input->buffer, magic, len) == 0;
}

/* Say early and plainly that a file is not text, instead of in terms of its first odd byte. */
static bool check_beginning(struct el_input *input, struct el_error *err) {
    if (starts_with(input, "\xEF\xBB\xBF", 3)) {
        input->begin = 3;
    }
    char what[EL_UNREADABLE_ROOM];
    if (el_unreadable(input->buffer, input->end, input->name, false, what, sizeof what)) {
        return el_fail(err, EL_ERR_CONFIG, "%s: %s", input->name, what);
    }
    const char *nul = memchr(input->buffer, '\0', input->end);
    if (nul != NULL && !input->replace_invalid) {
        return el_fail(err, EL_ERR_CONFIG,
                       "%s: looks like a binary file (NUL byte at position %zu); UTF-8 text is "
                       "needed",
                       input->name, (size_t)(nul - input->buffer));
    }
    return true;
}

/* Enough for the format to be recognised: a chunk, a line, or all there is. */
static bool fill_beginning(struct el_input *input, struct el_error *err) {
    do {
        if (!fill(input, err)) {
            return false;
        }
    } while (!input->at_end && input->end < CHUNK &&
             memchr(input->buffer, '\n', input->end) == NULL);
    return true;
}

/* What was read is packed: it is given to an unpacker, and the beginning is read again from it. */
static bool start_unpacking(struct el_input *input, enum el_packing packing, struct el_error *err) {
    input->unpacker = el_unpacker_open(packing, err);
    if (input->unpacker == NULL ||
        !el_unpacker_give(input->unpacker, input->buffer, input->end, err)) {
        return false;
    }
    input->packed = input->end;
    input->end = 0;
    input->at_end = false;
    return fill_beginning(input, err);
}

bool el_input_open_file(struct el_input *input, FILE *file, const char *name,
                        struct el_error *err) {
    input->file = file;
    struct stat info;
    bool known = fileno(file) >= 0 && fstat(fileno(file), &info) == 0;
    input->name = strdup(name);
    bool done = input->name != NULL || el_fail_memory(err);
    if (done && known && S_ISDIR(info.st_mode)) {
        done = el_fail(err, EL_ERR_IO, "%s: is a folder, not a file", name);
    }
    if (done && known && S_ISREG(info.st_mode)) {
        input->total = (uint64_t)info.st_size;
    }
    done = done && fill_beginning(input, err);
    enum el_packing packing =
        done ? el_packing_of_bytes(input->buffer, input->end) : EL_PACKING_NONE;
    done = done && (packing == EL_PACKING_NONE || start_unpacking(input, packing, err));
    done = done && check_beginning(input, err);
    if (!done) {
        el_input_close(input);
    }
    return done;
}

bool el_input_open(struct el_input *input, const char *path, struct el_error *err) {
    if (strcmp(path, "-") == 0) {
        return el_input_open_file(input, stdin, "standard input", err);
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return el_fail(err, EL_ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    }
    input->owns_file = true;
    return el_input_open_file(input, file, path, err);
}

void el_input_close(struct el_input *input) {
    if (input->owns_file && input->file != NULL) {
        fclose(input->file);
    }
    el_unpacker_close(input->unpacker);
    free(input->name);
    free(input->buffer);
    free(input->repaired);
    *input = (struct el_input){0};
}

void el_input_progress(const struct el_input *input, uint64_t *done, uint64_t *total) {
    *done = input->unpacker != NULL ? input->packed : input->done;
    *total = input->total;
}

const char *el_input_peek(const struct el_input *input, size_t *len) {
    *len = input->end - input->begin;
    return input->buffer + input->begin;
}

/* Replace what is invalid, NUL bytes too; the result belongs to the input. */
static bool repair(struct el_input *input, char **text, size_t *len, struct el_error *err) {
    struct el_arena arena = {0};
    for (size_t i = 0; i < *len; i++) {
        if ((*text)[i] == '\0') {
            (*text)[i] = '\xFF';
        }
    }
    size_t n = 0;
    char *copy = el_utf8_replace_invalid(&arena, *text, *len, &n);
    char *kept = copy == NULL ? NULL : realloc(input->repaired, n + 1);
    if (kept == NULL) {
        el_arena_free(&arena);
        return el_fail_memory(err);
    }
    memcpy(kept, copy, n + 1);
    el_arena_free(&arena);
    input->repaired = *text = kept;
    *len = n;
    return true;
}

/* `line` is the number of the first line of `text`. */
static bool check_text(struct el_input *input, size_t line, char **text, size_t *len,
                       struct el_error *err) {
    const char *nul = memchr(*text, '\0', *len);
    size_t valid = el_utf8_valid_prefix(*text, *len);
    size_t bad = nul != NULL && (size_t)(nul - *text) < valid ? (size_t)(nul - *text) : valid;
    if (bad == *len) {
        return true;
    }
    if (input->replace_invalid) {
        return repair(input, text, len, err);
    }
    size_t line_start = 0;
    for (size_t i = 0; i < bad; i++) {
        if ((*text)[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    }
    unsigned byte = (unsigned char)(*text)[bad];
    return el_input_fail(
        input, line, bad - line_start + 1, err,
        "%s (byte 0x%02X); is the file in another encoding? Convert it with iconv, "
        "or use --replace-invalid",
        byte == 0 ? "NUL byte" : "invalid UTF-8", byte);
}

/* The rest of a line that is too long is read and forgotten. */
static bool skip_line(struct el_input *input, struct el_error *err) {
    for (;;) {
        const char *stop = memchr(input->buffer + input->begin, '\n', input->end - input->begin);
        if (stop != NULL) {
            input->done += (size_t)(stop + 1 - (input->buffer + input->begin));
            input->begin = (size_t)(stop + 1 - input->buffer);
            return true;
        }
        input->done += input->end - input->begin;
        input->begin = input->end = 0;
        if (input->at_end) {
            return true;
        }
        if (!fill(input, err)) {
            return false;
        }
    }
}

int el_input_line(struct el_input *input, char **line, size_t *len, struct el_error *err) {
    size_t searched = 0;
    char *stop;
    while ((stop = memchr(input->buffer + input->begin + searched, '\n',
                          input->end - input->begin - searched)) == NULL &&
           !input->at_end) {
        searched = input->end - input->begin;
        if (searched > input->max_bytes) {
            break;
        }
        if (!fill(input, err)) {
            return -1;
        }
    }
    char *from = input->buffer + input->begin;
    size_t n = stop != NULL ? (size_t)(stop - from) : input->end - input->begin;
    if (stop == NULL && n == 0) {
        return 0;
    }
    input->line++;
    if (n > input->max_bytes) {
        if (skip_line(input, err)) {
            el_input_fail(input, input->line, 0, err, "the line is longer than %zu bytes",
                          input->max_bytes);
        }
        return -1;
    }
    size_t whole = n + (stop != NULL);
    input->begin += whole;
    input->done += whole;
    input->crlf = stop != NULL && n > 0 && from[n - 1] == '\r';
    n -= input->crlf;
    from[n] = '\0';
    *line = from;
    *len = n;
    return check_text(input, input->line, line, len, err) ? 1 : -1;
}

bool el_input_put_back(struct el_input *input, const char *bytes, size_t len) {
    size_t rest = input->end - input->begin, need = len + rest + CHUNK + 1;
    if (need > input->capacity) {
        char *buffer = realloc(input->buffer, need);
        if (buffer == NULL) {
            return false;
        }
        input->buffer = buffer;
        input->capacity = need;
    }
    memmove(input->buffer + len, input->buffer + input->begin, rest);
    memcpy(input->buffer, bytes, len);
    input->begin = 0;
    input->end = len + rest;
    input->buffer[input->end] = '\0';
    input->done -= len < input->done ? len : input->done;
    return true;
}

/* Where in an object is the scan? */
struct scan {
    size_t depth, indent; /* indent: blanks that the present line begins with */
    uint64_t arrays;      /* by depth: is it an array? As far as there are bits. */
    bool in_string, escaped, line_begins;
    bool broken; /* a bracket was closed by one of the other kind */
    char before; /* the last byte that is not white space, outside of strings */
};

/* Does another object begin at `c`, within one that has no end? No JSON has a line feed within a
 * string, nor an object behind anything but a bracket, a comma or a colon; and in a broken one, a
 * line that begins like that of the object itself begins the next. */
static bool begins_anew(struct scan *scan, char c, size_t indent) {
    bool line_begins = scan->line_begins;
    if (c == '\n') {
        scan->line_begins = true;
        scan->indent = 0;
    } else if (line_begins && (c == ' ' || c == '\t')) {
        scan->indent++;
    } else {
        scan->line_begins = false;
    }
    return line_begins && c == '{' &&
           (scan->in_string || (scan->broken && scan->indent == indent) ||
            (scan->before != '\0' && strchr("[,:", scan->before) == NULL));
}

static void scan_string(struct scan *scan, char c) {
    if (scan->escaped) {
        scan->escaped = false;
    } else if (c == '\\') {
        scan->escaped = true;
    } else if (c == '"') {
        scan->in_string = false;
    }
}

/* True if `c` closes the object. Brackets count like braces: whether they match is the parser's
 * business. */
static bool scan_byte(struct scan *scan, char c) {
    if (scan->in_string) {
        scan_string(scan, c);
        return false;
    }
    if (strchr(" \t\r\n", c) == NULL) {
        scan->before = c;
    }
    if (c == '"') {
        scan->in_string = true;
    } else if (c == '{' || c == '[') {
        uint64_t bit = scan->depth < 64 ? (uint64_t)1 << scan->depth : 0;
        scan->arrays = c == '[' ? scan->arrays | bit : scan->arrays & ~bit;
        scan->depth++;
    } else if (c == '}' || c == ']') {
        scan->depth--;
        bool array = scan->depth < 64 && (scan->arrays >> scan->depth & 1) != 0;
        scan->broken = scan->broken || (scan->depth < 64 && array != (c == ']'));
        return scan->depth == 0;
    }
    return false;
}

static void consume(struct el_input *input, size_t n) {
    for (size_t i = 0; i < n; i++) {
        bool line_end = input->buffer[input->begin + i] == '\n';
        input->line += line_end;
        input->column = line_end ? 0 : input->column + 1;
    }
    input->begin += n;
    input->done += n;
}

/* Behind a mistake: on to the next line that begins with an object. */
static bool skip_to_object(struct el_input *input, struct el_error *err) {
    bool line_begins = false;
    for (;;) {
        while (input->begin < input->end) {
            char c = input->buffer[input->begin];
            if (c == '{' && line_begins) {
                return true;
            }
            line_begins = c == '\n' || (line_begins && (c == ' ' || c == '\t'));
            consume(input, 1);
        }
        if (input->at_end) {
            return true;
        }
        if (!fill(input, err)) {
            return false;
        }
    }
}

/* To the beginning of the next object. 1 = there, 0 = end, -1 = something else is there. */
static int find_object(struct el_input *input, struct el_error *err) {
    if (input->line == 0) {
        input->line = 1;
    }
    for (;;) {
        while (input->begin < input->end) {
            char c = input->buffer[input->begin];
            if (c == '{') {
                return 1;
            }
            if (c == '\0' || strchr(" \t\r\n,[]", c) == NULL) {
                el_input_fail(input, input->line, 0, err, "an object { } is expected%s%.*s%s",
                              c == '"' ? ", such as {\"text\": ...}, not a string" : ", not \"",
                              c > ' ' && c < 0x7F && c != '"' ? 1 : 0, &input->buffer[input->begin],
                              c == '"' ? "" : "\"");
                skip_to_object(input, err);
                return -1;
            }
            consume(input, 1);
        }
        if (input->at_end) {
            return 0;
        }
        if (!fill(input, err)) {
            return -1;
        }
    }
}

int el_input_object(struct el_input *input, char **text, size_t *len, size_t *line,
                    struct el_error *err) {
    if (input->has_borrowed) {
        input->buffer[input->begin] = input->borrowed;
        input->has_borrowed = false;
    }
    int found = find_object(input, err);
    *line = input->line;
    if (found != 1) {
        return found;
    }
    struct scan scan = {0};
    size_t indent = input->column;
    for (size_t at = 0;; at++) {
        if (at > input->max_bytes) {
            consume(input, at);
            if (skip_to_object(input, err)) {
                el_input_fail(input, *line, 0, err, "the object that begins here is too long");
            }
            return -1;
        }
        if (input->begin + at == input->end && input->at_end) {
            consume(input, at);
            el_input_fail(input, *line, 0, err, "the object that begins here has no end");
            return -1;
        }
        if (input->begin + at == input->end) {
            if (!fill(input, err)) {
                return -1;
            }
            if (input->begin + at == input->end) {
                at--;
                continue;
            }
        }
        char c = input->buffer[input->begin + at];
        if (at > 0 && begins_anew(&scan, c, indent)) {
            *len = at; /* the parser says what is missing */
            while (strchr(" \t\r\n", input->buffer[input->begin + *len - 1]) != NULL) {
                --*len;
            }
            break;
        }
        if (scan_byte(&scan, c)) {
            *len = at + 1;
            break;
        }
    }
    *text = input->buffer + input->begin;
    consume(input, *len);
    input->borrowed = input->buffer[input->begin];
    input->has_borrowed = true;
    input->buffer[input->begin] = '\0';
    return check_text(input, *line, text, len, err) ? 1 : -1;
}

bool el_input_rest(struct el_input *input, char **text, size_t *len, struct el_error *err) {
    while (!input->at_end) {
        if (input->end - input->begin > input->max_bytes) {
            return el_input_fail(input, 0, 0, err, "is larger than %zu bytes; cut it into parts",
                                 input->max_bytes);
        }
        if (!fill(input, err)) {
            return false;
        }
    }
    *text = input->buffer + input->begin;
    *len = input->end - input->begin;
    input->done += *len;
    input->begin = input->end;
    if (*len > input->max_bytes) {
        return el_input_fail(input, 0, 0, err, "is larger than %zu bytes; cut it into parts",
                             input->max_bytes);
    }
    return check_text(input, input->line + 1, text, len, err);
}

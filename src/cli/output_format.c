/* The format of an output: the one asked for, else by the name's ending, else by where it goes. */
#include "cli/cli.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_folder(const char *path) {
    struct stat info;
    size_t len = strlen(path);
    return (len > 0 && path[len - 1] == '/') || (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
}

/* A device or pipe, whose name says nothing. */
static bool is_special(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

static bool holds_something(const char *path) {
    DIR *folder = opendir(path);
    size_t names = 0;
    while (folder != NULL && readdir(folder) != NULL) {
        names++;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return names > 2; /* . and .. */
}

/* Several formats share it, but none of them is written by that ending alone. */
static bool is_json(const char *path) {
    size_t len = strlen(path);
    return len > 5 && strcmp(path + len - 5, ".json") == 0;
}

static bool unknown_ending(const char *command, const char *path) {
    char text[300];
    if (is_json(path)) {
        el_format_names(true, text, sizeof text);
        cli_usage(command, "%s: several formats end in .json; say --to, one of %s", path, text);
    } else {
        el_format_endings(text, sizeof text);
        cli_usage(command, "%s: the ending names no format; known are %s; or say --to", path, text);
    }
    return false;
}

bool cli_output_format(const char *command, const char *path, bool entities,
                       enum el_format *format) {
    if (*format != EL_FORMAT_AUTO || (path != NULL && path[0] == '\0')) {
        return true; /* an empty name is refused with the other outputs */
    }
    if (path == NULL || strcmp(path, "-") == 0) {
        *format = isatty(STDOUT_FILENO) ? EL_FORMAT_TERMINAL : EL_FORMAT_JSONL;
        return true;
    }
    if (is_special(path)) {
        *format = EL_FORMAT_JSONL;
        return true;
    }
    *format = is_folder(path) ? EL_FORMAT_BRAT : el_format_from_path(path);
    if (*format == EL_FORMAT_BRAT && holds_something(path)) {
        cli_usage(command,
                  "%s is a folder that holds files already; --to brat writes into it, and over "
                  "files of the same names",
                  path);
        return false;
    }
    if (*format == EL_FORMAT_TEXT && entities) {
        cli_usage(command,
                  "plain text (%s) cannot hold entities; end the name in .jsonl, .conll, ... or "
                  "say --to",
                  path);
        return false;
    }
    return (el_format_can_write(*format) && !is_json(path)) || unknown_ending(command, path);
}

/* Files of a command: checked before anything is started, and output by rename. */
#include "cli/cli.h"

#include "base/packed.h"
#include "evaluate/labels_read.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *cli_temporary(struct el_error *err) {
    const char *folder = getenv("TMPDIR");
    char *path = NULL;
    folder = folder != NULL && folder[0] != '\0' ? folder : "/tmp";
    if (asprintf(&path, "%s/el4ner-XXXXXX", folder) < 0) {
        el_fail_memory(err);
        return NULL;
    }
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        el_fail(err, EL_ERR_IO, "cannot make a temporary file in %s: %s; set TMPDIR", folder,
                strerror(errno));
        free(path);
        return NULL;
    }
    close(fd);
    return path;
}

int cli_check_inputs(char *const *paths, size_t n) {
    size_t standard = 0;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(paths[i], "-") == 0) {
            standard++;
        } else if (access(paths[i], R_OK) != 0) {
            cli_say("cannot read %s: %s", paths[i], strerror(errno));
            return CLI_USAGE;
        }
    }
    if (standard > 1) {
        cli_say("standard input (-) can be read only once");
        return CLI_USAGE;
    }
    return CLI_OK;
}

/* Is the file one of those that are read of the folder? Hidden ones are not. */
static bool lies_in(const char *path, const char *folder) {
    char *file = realpath(path, NULL), *root = realpath(folder, NULL);
    size_t len = root != NULL ? strlen(root) : 0;
    len -= len == 1; /* that of the root is all slash */
    bool in = file != NULL && root != NULL && strncmp(file, root, len) == 0 && file[len] == '/' &&
              strstr(file + len, "/.") == NULL;
    free(file);
    free(root);
    return in;
}

int cli_check_output(const char *path, char *const *inputs, size_t n_inputs) {
    struct stat there, input;
    if (path == NULL || strcmp(path, "-") == 0) {
        return CLI_OK;
    }
    if (path[0] == '\0') {
        cli_say("the name of an output is empty");
        return CLI_USAGE;
    }
    bool exists = stat(path, &there) == 0;
    char *copy = strdup(path); /* dirname() cuts it */
    bool ok =
        copy != NULL && (exists ? access(path, W_OK) : access(dirname(copy), W_OK | X_OK)) == 0;
    if (!ok) {
        cli_say("cannot write %s: %s", path, strerror(errno));
    }
    free(copy);
    if (!ok) {
        return CLI_USAGE;
    }
    for (size_t i = 0; exists && S_ISREG(there.st_mode) && i < n_inputs; i++) {
        bool found = stat(inputs[i], &input) == 0;
        if (found && input.st_dev == there.st_dev && input.st_ino == there.st_ino) {
            cli_say("%s is read and would be written over; name another file for the output", path);
            return CLI_USAGE;
        }
        if (found && S_ISDIR(input.st_mode) && lies_in(path, inputs[i])) {
            cli_say("%s lies in the folder %s, which is read; write the output elsewhere", path,
                    inputs[i]);
            return CLI_USAGE;
        }
    }
    return CLI_OK;
}

/* The stream that is written through: to a descriptor of its own, packed where the name ends in .gz
 * or .zst. NULL with an error. */
static FILE *open_stream(int fd, const char *path, struct el_error *err) {
    size_t len;
    enum el_packing packing = el_packing_of_name(path, &len);
    int own = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    FILE *file = fd < 0 ? fopen(path, "wb") : own >= 0 ? fdopen(own, "wb") : NULL;
    if (file == NULL) {
        el_fail(err, EL_ERR_CONFIG, "cannot write %s: %s", path, strerror(errno));
        if (own >= 0) {
            close(own);
        }
        return NULL;
    }
    return packing == EL_PACKING_NONE ? file : el_pack_file(file, packing, err);
}

bool cli_output_open(struct cli_output *output, const char *path, struct el_error *err) {
    struct stat there;
    *output = (struct cli_output){.new.fd = -1};
    if (path == NULL || strcmp(path, "-") == 0) {
        output->file = stdout;
        return true;
    }
    bool direct = stat(path, &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode);
    if (!direct && !el_new_file_open(&output->new, path, err)) {
        err->code = err->code == EL_ERR_IO ? EL_ERR_CONFIG : err->code;
        return false;
    }
    output->path = path;
    output->file = open_stream(output->new.fd, path, err);
    if (output->file == NULL) {
        el_new_file_close(&output->new);
        return false;
    }
    return true;
}

bool cli_output_close(struct cli_output *output, bool keep, struct el_error *err) {
    if (output->file == NULL) {
        return true;
    }
    const char *name = output->path != NULL ? output->path : "standard output";
    bool failed = ferror(output->file) != 0, ok = fflush(output->file) == 0;
    if (output->file != stdout) {
        ok = fclose(output->file) == 0 && ok;
    }
    if (failed) { /* the reason is not known any more */
        ok = el_fail(err, EL_ERR_IO, "cannot write %s to its end", name);
    } else if (!ok) {
        el_fail(err, EL_ERR_IO, "cannot write %s: %s", name, strerror(errno));
    }
    if (output->new.fd >= 0) {
        bool published = keep && ok && el_new_file_publish(&output->new, err);
        ok = ok && (published || !keep);
        if (!published && access(name, F_OK) == 0) {
            cli_say("%s stays as it was", name);
        }
        el_new_file_close(&output->new);
    }
    *output = (struct cli_output){0};
    return ok;
}

bool cli_write_labels(const char *path, const struct el_labels *labels, struct el_write_options how,
                      struct el_error *err) {
    struct cli_output output = {0};
    how.path = path;
    if (!el_format_is_folder(how.format) && !cli_output_open(&output, path, err)) {
        return false;
    }
    bool ok = el_labels_write(labels, output.file, &how, err);
    struct el_error ignored;
    return cli_output_close(&output, ok, ok ? err : &ignored) && ok;
}

bool cli_write_json(const char *path, json_t *json, size_t flags, struct el_error *err) {
    struct cli_output output;
    if (json == NULL) {
        return el_fail_memory(err);
    }
    bool ok = cli_output_open(&output, path, err);
    if (ok) {
        errno = 0;
        ok = json_dumpf(json, output.file, JSON_INDENT(2) | flags) == 0 &&
             fputc('\n', output.file) != EOF;
        const char *why = errno != 0 ? strerror(errno) : "it has no form as JSON";
        struct el_error ignored;
        bool closed = cli_output_close(&output, ok, ok ? err : &ignored);
        ok = ok ? closed : el_fail(err, EL_ERR_IO, "cannot write %s: %s", path, why);
    }
    json_decref(json);
    return ok;
}

/* Where the shared material lies, for tests that skip without it. */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* "<shared>/<relative>" in a static buffer, or NULL if there is no such file. */
static inline const char *shared_path(const char *relative) {
    static char path[4096];
    const char *folder = getenv("EL4NER_SHARED");
    snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : "../shared", relative);
    if (access(path, R_OK) != 0) {
        print_message("skipped: no %s (set EL4NER_SHARED)\n", path);
        return NULL;
    }
    return path;
}

#endif

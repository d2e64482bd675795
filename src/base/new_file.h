/* A file that appears under its name only when it is whole. Until then it has no name at all, so
 * that whatever ends the program leaves nothing behind; where the file system has no such files, it
 * has a temporary name, ".el4ner-...", and what a killed program left under one is removed by the
 * next that writes into the folder. */
#ifndef EL_BASE_NEW_FILE_H
#define EL_BASE_NEW_FILE_H

#include "base/error.h"

struct el_new_file {
    int fd;          /* for writing; -1 = none */
    char *path;      /* the name it gets; links followed */
    char *temporary; /* its name until then; NULL = none */
};

/* `path` may be there, as a regular file: it is replaced, and its permissions are kept. Anything
 * else that is there is EL_ERR_CONFIG, other failures are EL_ERR_IO. */
bool el_new_file_open(struct el_new_file *file, const char *path, struct el_error *err);

/* Synchronise it with the disk and give it its name. What was written through a FILE must have been
 * flushed. */
bool el_new_file_publish(struct el_new_file *file, struct el_error *err);

/* Closes it, and unless it was published, removes it. */
void el_new_file_close(struct el_new_file *file);

/* A file in a folder that never gets a name. -1 and errno on failure. */
int el_unnamed_file(const char *folder);

/* The folder that a path lies in ("." for a name without a slash); malloc'ed, NULL if memory is
 * out. */
char *el_folder_of(const char *path);

#endif

/* Small files as a whole, and folders. */
#ifndef EL_BASE_FILE_H
#define EL_BASE_FILE_H

#include "base/buffer.h"
#include "base/error.h"

/* Read a file of at most `most` bytes into `text`, in place of what it holds; text->data is never
 * NULL then. Errors are EL_ERR_IO, "PATH: what", or EL_ERR_MEMORY. */
bool el_read_file(const char *path, size_t most, struct el_buffer *text, struct el_error *err);

/* Write all bytes, however many goes it takes. False and errno if that fails. */
bool el_write_all(int fd, const void *bytes, size_t len);

/* The folder `path` and those above it, as far as they are missing. False and errno if one cannot
 * be made. */
bool el_make_folders(const char *path, unsigned mode);

#endif

/* What the header of a GGUF file tells of its model. The file is hostile until proven otherwise:
 * every length is checked against the file's size before anything is read or allocated. */
#ifndef EL_SERVING_GGUF_H
#define EL_SERVING_GGUF_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct el_gguf {
    char name[256];        /* general.name, "" if it has none */
    char architecture[64]; /* general.architecture */
    size_t context;        /* tokens the model was trained for, 0 = not said */
    size_t vocabulary;     /* tokens */
    double parameters;     /* in billions, counted over the tensors */
    bool compact;          /* the vocabulary holds <|extract|> */
    bool chat_template;
    bool pooling; /* it says how states are pooled into one vector */
};

/* EL_ERR_IO if the file cannot be read, EL_ERR_FORMAT if it is no GGUF file or a broken one. */
bool el_gguf_read(const char *path, struct el_gguf *info, struct el_error *err);

/* The same from a seekable stream of `size` bytes; messages do not name the file. */
bool el_gguf_read_stream(FILE *stream, uint64_t size, struct el_gguf *info, struct el_error *err);

#endif

/* The header of a GGUF file. */
#include "serving/gguf.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct el_gguf info;
    struct el_error err;
    union {
        const uint8_t *from;
        void *to; /* fmemopen takes no const, but "r" does not write */
    } memory = {.from = data};
    FILE *stream = size > 0 ? fmemopen(memory.to, size, "r") : NULL;
    if (stream != NULL) {
        el_gguf_read_stream(stream, size, &info, &err);
        fclose(stream);
    }
    return 0;
}

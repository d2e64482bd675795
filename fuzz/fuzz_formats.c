/* libFuzzer: all formats; the first byte chooses one, or leaves it to be recognised. */
#include "formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct el_read_options options = {.max_document = 1 << 16};
    if (size > 0) {
        options.format = (enum el_format)((*data & 31) % EL_FORMATS);
        options.replace_invalid = *data & 32;
        options.ends = (enum el_ends)(*data >> 6 & 1);
        options.annotator = *data >> 7;
        fuzz_bytes(data + 1, size - 1, &options);
    }
    return 0;
}

/* libFuzzer: JSON lines into documents and out by every writer. */
#include "formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct el_read_options options = {.format = EL_FORMAT_JSONL, .max_document = 1 << 16};
    fuzz_bytes(data, size, &options);
    options.has_input_unit = options.replace_invalid = true;
    options.input_unit = EL_UNIT_UTF16;
    fuzz_bytes(data, size, &options);
    return 0;
}

/* libFuzzer: CoNLL columns and CoNLL-U Plus, in all schemes. */
#include "formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct el_read_options options = {.format = EL_FORMAT_CONLL, .max_document = 1 << 16};
    fuzz_bytes(data, size, &options);
    options.keep_tags = options.replace_invalid = true;
    options.scheme = size % 2 == 0 ? EL_SCHEME_BIOES : EL_SCHEME_IOB2;
    options.tag_column = 2;
    fuzz_bytes(data, size, &options);
    options = (struct el_read_options){.format = EL_FORMAT_CONLLU};
    fuzz_bytes(data, size, &options);
    return 0;
}

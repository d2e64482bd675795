/* Merge a LoRA adapter into its model:
 *
 *     merge-adapter BASE.gguf ADAPTER.gguf OUT.gguf
 *
 * The matrices that the adapter changes are written as Q4_0, all else as it is in BASE; the same
 * files give the same bytes on every machine. */
#include "models/merge.h"

#include <stdio.h>

int main(int argc, char **argv) {
    struct el_error err = {0};
    if (argc != 4) {
        fprintf(stderr, "usage: merge-adapter BASE.gguf ADAPTER.gguf OUT.gguf\n");
        return 2;
    }
    if (!el_merge_adapter(argv[1], argv[2], argv[3], &err)) {
        fprintf(stderr, "merge-adapter: error: %s\n", err.message);
        return 1;
    }
    return 0;
}

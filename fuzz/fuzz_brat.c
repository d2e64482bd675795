/* libFuzzer: brat standoff; the text, a NUL byte, the annotations. Files lie in a folder of their
 * own in memory. */
#include "formats.h"

#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/dev/shm/el4ner-fuzz-XXXXXX", path_text[64], path_lines[64];

static void remove_files(void) {
    unlink(path_text);
    unlink(path_lines);
    rmdir(folder);
}

static void put(const char *path, const uint8_t *data, size_t size) {
    FILE *file = fopen(path, "wb");
    must(file != NULL && (size == 0 || fwrite(data, 1, size, file) == size) && fclose(file) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (path_text[0] == '\0') {
        must(mkdtemp(folder) != NULL);
        snprintf(path_text, sizeof path_text, "%s/x.txt", folder);
        snprintf(path_lines, sizeof path_lines, "%s/x.ann", folder);
        atexit(remove_files);
    }
    const uint8_t *border = size > 0 ? memchr(data, '\0', size) : NULL;
    if (border == NULL) {
        return 0;
    }
    put(path_text, data, (size_t)(border - data));
    put(path_lines, border + 1, size - (size_t)(border + 1 - data));
    struct el_read_options options = {.format = EL_FORMAT_BRAT};
    struct el_reader *reader = NULL;
    struct el_error err = {0};
    FILE *sink = fopen("/dev/null", "wb");
    must(sink != NULL && el_reader_open(folder, &options, &reader, &err));
    read_and_write(reader, sink);
    el_reader_close(reader);
    fclose(sink);
    return 0;
}

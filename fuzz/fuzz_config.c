/* The configuration: any bytes are a configuration or an error with its place. What loads can be
 * printed, and what is printed loads again. */
#include "config/config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct el_config *load(const void *bytes, size_t len, struct el_error *err) {
    char path[64];
    int fd = memfd_create("configuration", 0);
    if (fd < 0 || write(fd, bytes, len) != (ssize_t)len) {
        abort();
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct el_config *config = NULL;
    if (!el_config_load(path, &config, err) && config != NULL) {
        abort();
    }
    close(fd);
    return config;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct el_error err = {0};
    struct el_config *config = load(data, size, &err);
    if (config == NULL) {
        if (err.code != EL_ERR_CONFIG || err.message[0] == '\0') {
            abort();
        }
        return 0;
    }
    struct el_buffer text = {0};
    if (!el_config_print(config, &text)) {
        abort();
    }
    el_config_free(config);
    struct el_config *again = load(text.data, text.len, &err);
    if (again == NULL) {
        fprintf(stderr, "%s\n%s\n", err.message, text.data);
        abort();
    }
    el_config_free(again);
    el_buffer_free(&text);
    return 0;
}

/* Memory that runs out in the program under test: load it with LD_PRELOAD.
 *
 * FAIL_REALLOC=BYTES: the first realloc() to that size fails. FAIL_DUMPS=N: the N-th json_dumps()
 * of a trace fails. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <jansson.h>
#include <stdlib.h>

static long asked_for(const char *name) {
    const char *value = getenv(name);
    return value != NULL ? atol(value) : -1;
}

void *realloc(void *memory, size_t size) {
    static int failed;
    static void *(*next)(void *, size_t);
    if (next == NULL) {
        next = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    }
    if (!failed && (long)size == asked_for("FAIL_REALLOC")) {
        failed = 1;
        return NULL;
    }
    return next(memory, size);
}

char *json_dumps(const json_t *json, size_t flags) {
    static long count;
    static char *(*next)(const json_t *, size_t);
    if (next == NULL) {
        next = (char *(*)(const json_t *, size_t))dlsym(RTLD_NEXT, "json_dumps");
    }
    if (json_object_get(json, "begin_in_bytes") != NULL && ++count == asked_for("FAIL_DUMPS")) {
        return NULL;
    }
    return next(json, flags);
}

/* Memory that runs out once, in a program that uses the library: load it with LD_PRELOAD.
 *
 * FAIL_ALLOCATION=N: from the first el4ner_submit() on, the N-th allocation fails. A text is tagged
 * before that: what is done once only, such as ICU's choice of a locale, may not be able to fail.
 */
#define _GNU_SOURCE
#include "el4ner.h"

#include <dlfcn.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

static long left = -1;

static int fails(void) {
    return left > 0 && --left == 0;
}

void *malloc(size_t size) {
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    return fails() ? NULL : __libc_realloc(memory, size);
}

uint64_t el4ner_submit(el4ner *engine, const char *text, size_t length, void *user,
                       const struct el4ner_request *request, struct el4ner_error *error) {
    static uint64_t (*next)(el4ner *, const char *, size_t, void *, const struct el4ner_request *,
                            struct el4ner_error *);
    if (next == NULL) {
        const char *wanted = getenv("FAIL_ALLOCATION");
        *(void **)&next = dlsym(RTLD_NEXT, "el4ner_submit");
        el4ner_result_free(el4ner_tag(engine, "Warm up.", 8, error));
        left = wanted != NULL ? atol(wanted) : -1;
    }
    return next(engine, text, length, user, request, error);
}

#include "base/error.h"

#include "base/print.h"

#include <stdarg.h>
#include <string.h>

bool el_fail(struct el_error *err, enum el_code code, const char *format, ...) {
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        err->code = code;
        el_vprint(err->message, sizeof err->message, format, args);
        va_end(args);
    }
    return false;
}

bool el_fail_memory(struct el_error *err) {
    return el_fail(err, EL_ERR_MEMORY, "out of memory");
}

bool el_error_prefix(struct el_error *err, const char *format, ...) {
    if (err != NULL) {
        char old[sizeof err->message];
        memcpy(old, err->message, sizeof old);
        va_list args;
        va_start(args, format);
        size_t n = el_vprint(err->message, sizeof err->message, format, args);
        va_end(args);
        el_print(err->message + n, sizeof err->message - n, ": %s", old);
    }
    return false;
}

#include "base/log.h"

#include "base/print.h"

#include <stdarg.h>

void el_log(const struct el_log *log, enum el_level level, const char *format, ...) {
    if (log == NULL || log->write == NULL) {
        return;
    }
    char message[1024];
    va_list args;
    va_start(args, format);
    el_vprint(message, sizeof message, format, args);
    va_end(args);
    log->write(log->context, level, message);
}

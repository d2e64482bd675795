/* Messages for the user go through a callback: the library itself never prints. */
#ifndef EL_BASE_LOG_H
#define EL_BASE_LOG_H

enum el_level { EL_DEBUG, EL_INFO, EL_WARNING };

struct el_log {
    void (*write)(void *context, enum el_level level, const char *message);
    void *context;
};

/* Does nothing if `log` or its callback is NULL. Never called with a key in the message. */
void el_log(const struct el_log *log, enum el_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

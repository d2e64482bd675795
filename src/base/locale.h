/* Formatted text and numbers, the same in every locale of the host program: the decimal sign is a
 * point in both directions. Thread-safe. printf() with %f, %e or %g and strtod() follow the locale
 * and have no place in the library. */
#ifndef EL_BASE_LOCALE_H
#define EL_BASE_LOCALE_H

#include <locale.h>
#include <stdarg.h>
#include <stddef.h>

/* For functions of other libraries that read or write numbers: the "C" locale in this thread, from
 * begin to end. */
struct el_plain {
    locale_t plain, before;
};
struct el_plain el_plain_begin(void);
void el_plain_end(struct el_plain scope);

/* vsnprintf() and strtod() */
int el_vsnprintf(char *text, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
double el_number(const char *text, char **end);

#endif

/* Messages and names in rooms of fixed size: always valid UTF-8, the same in every locale. */
#ifndef EL_BASE_PRINT_H
#define EL_BASE_PRINT_H

#include <stdarg.h>
#include <stddef.h>

/* Formats into a room of `size` bytes. A character that does not fit is left out as a whole, bytes
 * that are not UTF-8 become '?'. Gives the length. */
size_t el_vprint(char *text, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
size_t el_print(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

/* Messages and names in rooms of fixed size: always one line of valid UTF-8, harmless to a
 * terminal, and the same in every locale. */
#ifndef EL_BASE_PRINT_H
#define EL_BASE_PRINT_H

#include <stdarg.h>
#include <stddef.h>

/* In place: tabs and line breaks become blanks, other control characters, which could steer the
 * terminal, and bytes that are not UTF-8 become '?'. text[len] must be writable and becomes NUL.
 * Gives the new length, which is not greater. */
size_t el_clean(char *text, size_t len);

/* Formats into a room of `size` bytes and cleans the result. A character that does not fit is left
 * out as a whole. Gives the length. */
size_t el_vprint(char *text, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
size_t el_print(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

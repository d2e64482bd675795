#include "base/locale.h"

#include <stdio.h>
#include <stdlib.h>

/* The "C" locale costs nothing: the C library has it as a constant. */
struct el_plain el_plain_begin(void) {
    struct el_plain scope = {.plain = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
    scope.before = uselocale(scope.plain);
    return scope;
}

void el_plain_end(struct el_plain scope) {
    uselocale(scope.before);
    if (scope.plain != (locale_t)0) {
        freelocale(scope.plain);
    }
}

int el_vsnprintf(char *text, size_t size, const char *format, va_list args) {
    struct el_plain scope = el_plain_begin();
    int n = vsnprintf(text, size, format, args);
    el_plain_end(scope);
    return n;
}

double el_number(const char *text, char **end) {
    struct el_plain scope = el_plain_begin();
    double number = strtod(text, end);
    el_plain_end(scope);
    return number;
}

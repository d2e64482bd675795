#include "base/html_text.h"

#include <string.h>

void el_html_text(struct el_buffer *out, const char *text, size_t len) {
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        const char *entity = text[i] == '&'   ? "&amp;"
                             : text[i] == '<' ? "&lt;"
                             : text[i] == '>' ? "&gt;"
                             : text[i] == '"' ? "&quot;"
                                              : NULL;
        if (entity != NULL) {
            el_buffer_append(out, text + from, i - from);
            el_buffer_string(out, entity);
            from = i + 1;
        }
    }
    el_buffer_append(out, text + from, len - from);
}

void el_html_string(struct el_buffer *out, const char *text) {
    el_html_text(out, text, strlen(text));
}

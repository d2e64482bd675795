/* Files that hold text, but not as text: what they are, and how their text is got out. */
#ifndef EL_CORPUS_NOT_TEXT_H
#define EL_CORPUS_NOT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* "is a PDF; take the text out first: pdftotext IN OUT.txt", or NULL. By the first bytes of the
 * file and the ending of its name. Markup counts if `markup`: unlike the others it can be read as
 * it stands. */
const char *el_unreadable(const char *bytes, size_t len, const char *name, bool markup);

#endif

/* Files that hold text, but not as text: what they are, and how their text is got out. */
#ifndef EL_CORPUS_NOT_TEXT_H
#define EL_CORPUS_NOT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

enum { EL_UNREADABLE_ROOM = 1400 };

/* "is a PDF; take the text out first: pdftotext report.pdf OUT.txt" in `text`; false if it is none
 * of these. By the first bytes of the file and the ending of its name. Markup counts if `markup`:
 * unlike the others it can be read as it stands. */
bool el_unreadable(const char *bytes, size_t len, const char *name, bool markup, char *text,
                   size_t room);

#endif

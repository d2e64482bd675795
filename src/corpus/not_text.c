#include "corpus/not_text.h"

#include "base/ascii.h"
#include "base/print.h"

#include <string.h>

#define PANDOC "; take the text out first: pandoc -t plain IN -o OUT.txt"

static bool ends_in(const char *name, const char *ending) {
    size_t len = strlen(name), n = strlen(ending);
    return len > n && el_ascii_same(name + len - n, ending);
}

/* Office files are zip archives: their endings tell them apart. */
static const char *zipped(const char *name) {
    static const struct {
        const char *ending, *message;
    } kinds[] = {
        {".docx", "is a Word document" PANDOC},
        {".odt", "is an OpenDocument text" PANDOC},
        {".epub", "is an e-book" PANDOC},
        {".xlsx", "is an Excel table; save it as CSV first"},
        {".ods", "is an OpenDocument table; save it as CSV first"},
        {".pptx", "is a presentation; save its text first"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (ends_in(name, kinds[i].ending)) {
            return kinds[i].message;
        }
    }
    return "is a zip archive; unpack it first: unzip IN";
}

static const char *binary(const char *bytes, size_t len, const char *name) {
    static const struct {
        const char *magic;
        size_t len;
        const char *message;
    } kinds[] = {
        {"\xFF\xFE", 2, "is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8 IN > OUT"},
        {"\xFE\xFF", 2, "is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8 IN > OUT"},
        {"%PDF-", 5, "is a PDF; take the text out first: pdftotext IN OUT.txt"},
        {"%!PS", 4, "is PostScript; take the text out first: ps2ascii IN OUT.txt"},
        {"\xD0\xCF\x11\xE0", 4,
         "is a file of an old Office program; save it as plain text (or CSV) first"},
        {"BZh", 3, "is packed by bzip2; unpack it first: bunzip2 -k IN"},
        {"\xFD"
         "7zXZ",
         5, "is packed by xz; unpack it first: unxz -k IN"},
        {"7z\xBC\xAF", 4, "is a 7z archive; unpack it first"},
        {"\x89PNG", 4, "is a picture; text in it needs OCR, such as tesseract"},
        {"\xFF\xD8\xFF", 3, "is a picture; text in it needs OCR, such as tesseract"},
        {"GIF8", 4, "is a picture; text in it needs OCR, such as tesseract"},
        {"PAR1", 4, "is a Parquet table; save it as CSV or JSON lines first"},
        {"SQLite format 3", 15, "is a SQLite database; save what you need as CSV first"},
    };
    if (len >= 4 && memcmp(bytes, "PK\x03\x04", 4) == 0) {
        return zipped(name);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (len >= kinds[i].len && memcmp(bytes, kinds[i].magic, kinds[i].len) == 0) {
            return kinds[i].message;
        }
    }
    if (ends_in(name, ".spacy") && len > 0 && bytes[0] == 'x') { /* zlib */
        return "is spaCy's binary format; write it as JSON lines first: Doc.to_json()";
    }
    return NULL;
}

/* Does the text begin with these, behind white space and in any case? */
static bool begins(const char *bytes, size_t len, const char *word) {
    size_t at = 0, n = strlen(word);
    while (at < len && strchr(" \t\r\n", bytes[at]) != NULL && bytes[at] != '\0') {
        at++;
    }
    return len - at >= n && el_ascii_begins(bytes + at, word, n);
}

static const char *describe(const char *bytes, size_t len, const char *name, bool markup) {
    const char *message = binary(bytes, len, name);
    if (message != NULL || !markup) {
        return message;
    }
    if (begins(bytes, len, "<!doctype html") || begins(bytes, len, "<html") ||
        ends_in(name, ".html") || ends_in(name, ".htm")) {
        return "is HTML; take the text out first: pandoc -f html -t plain IN -o OUT.txt";
    }
    if (begins(bytes, len, "{\\rtf")) {
        return "is RTF" PANDOC;
    }
    if (begins(bytes, len, "<?xml") || ends_in(name, ".xml")) {
        return "is XML; take the text out first, or export JSON lines, CoNLL or WebAnno TSV from "
               "the "
               "program that made it";
    }
    return ends_in(name, ".tex") ? "is LaTeX" PANDOC : NULL;
}

/* The name as one word of a shell. */
static void quote(const char *name, char *word, size_t room) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_./,:@%+-";
    if (strspn(name, plain) == strlen(name) && name[0] != '-') {
        el_print(word, room, "%s", name);
        return;
    }
    size_t len = el_print(word, room, "%s", name[0] == '-' ? "'./" : "'");
    for (const char *at = name; *at != '\0';) {
        size_t run = strcspn(at, "'");
        len += el_print(word + len, room - len, "%.*s%s", (int)run, at,
                        at[run] != '\0' ? "'\\''" : "");
        at += run + (at[run] != '\0');
    }
    el_print(word + len, room - len, "'");
}

bool el_unreadable(const char *bytes, size_t len, const char *name, bool markup, char *text,
                   size_t room) {
    char word[1024];
    const char *message = describe(bytes, len, name, markup);
    const char *in = message != NULL ? strstr(message, " IN") : NULL;
    if (in != NULL && strcmp(name, "standard input") != 0 && strlen(name) < sizeof word / 5) {
        quote(name, word, sizeof word);
        el_print(text, room, "%.*s %s%s", (int)(in - message), message, word, in + 3);
    } else if (message != NULL) {
        el_print(text, room, "%s", message);
    }
    return message != NULL;
}

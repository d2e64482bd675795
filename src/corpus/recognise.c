/* What format is a file in? By its name's ending and its first bytes. Several formats share an
 * ending: .json and .jsonl; .tsv; and CoNLL files are often named .txt. */
#include "corpus/format_private.h"

#include <string.h>

/* "O", or a prefix, a hyphen and a type. */
static bool looks_like_tag(const char *tag, size_t len) {
    return (len == 1 && tag[0] == 'O') ||
           (len > 2 && strchr("BIESLUM", tag[0]) != NULL && tag[1] == '-');
}

/* Rows among the first lines that end in a tag, and the others: comments and blank lines count as
 * neither. */
struct rows {
    size_t tagged, others, blank;
};

/* `len` bytes of the beginning; the last line may be cut. */
static struct rows count_rows(const char *text, size_t len) {
    struct rows rows = {0};
    size_t lines = 0;
    for (size_t at = 0; at < len && lines < 200; lines++) {
        const char *stop = memchr(text + at, '\n', len - at);
        size_t end = stop != NULL ? (size_t)(stop - text) : len, next = end + 1;
        while (end > at && strchr(" \t\r", text[end - 1]) != NULL) {
            end--;
        }
        size_t from = end;
        while (from > at && text[from - 1] != ' ' && text[from - 1] != '\t') {
            from--;
        }
        bool skip = end == at || text[at] == '#' || (stop == NULL && rows.tagged > 0);
        bool tagged = from > at && looks_like_tag(text + from, end - from);
        rows.tagged += !skip && tagged;
        rows.others += !skip && !tagged;
        rows.blank += end == at;
        at = next;
    }
    return rows;
}

static bool looks_like_conll(const char *text, size_t len) {
    struct rows rows = count_rows(text, len);
    return rows.tagged > 0 && rows.others == 0;
}

/* A .tsv may be a table or columns: these end in tags, or have blank lines between sentences. */
static enum el_format recognise_tsv(const char *text, size_t len) {
    struct rows rows = count_rows(text, len);
    return rows.tagged > rows.others || rows.blank > 0 ? EL_FORMAT_CONLL : EL_FORMAT_TSV;
}

/* ---- JSON ---- */

struct beginning {
    const char *text;
    size_t len;
    bool array;
};

/* Is `"key": ` there with a value that begins with one of `first`, and, where that is '[',
 * an element that begins with one of `second` (NULL = any, or none)? A quoted key in a text has its
 * quotes escaped, so it is not taken for one. */
static bool has(const struct beginning *b, const char *key, const char *first, const char *second) {
    static const char blank[] = " \t\r\n";
    const char *at = b->text, *end = b->text + b->len;
    while ((at = memmem(at, (size_t)(end - at), key, strlen(key))) != NULL) {
        at += strlen(key);
        const char *value = at + strspn(at, blank);
        value += *value == ':' ? 1 + strspn(value + 1, blank) : 0;
        const char *inner = value < end ? value + 1 + strspn(value + 1, blank) : end;
        if (value < end && value > at && strchr(first, *value) != NULL &&
            (second == NULL || (inner < end && strchr(second, *inner) != NULL))) {
            return true;
        }
    }
    return false;
}

static bool has_array(const struct beginning *b, const char *key) {
    return has(b, key, "[", NULL);
}

/* The format that keys of the beginning speak for; AUTO if none does. */
static enum el_format decide(const struct beginning *b) {
    bool text = has(b, "\"text\"", "\"", NULL), tokens = has_array(b, "\"tokens\"");
    if (memmem(b->text, b->len, "\"start_offset\"", 14) != NULL) {
        return EL_FORMAT_DOCCANO;
    }
    if (has(b, "\"data\"", "{", NULL) ||
        (text && has(b, "\"labels\"", "[", "\"") && has(b, "\"start\"", "0123456789", NULL))) {
        return EL_FORMAT_LABELSTUDIO;
    }
    if (has(b, "\"annotations\"", "[", "[")) {
        return EL_FORMAT_SPACY;
    }
    if (has_array(b, "\"entities\"")) {
        bool nested = tokens || has_array(b, "\"sentence\"") || has_array(b, "\"sentences\"");
        return b->array && (nested || !text) ? EL_FORMAT_NESTED : EL_FORMAT_JSONL;
    }
    if (has(b, "\"spans\"", "[{", NULL) || has_array(b, "\"ents\"")) {
        return EL_FORMAT_SPACY;
    }
    if (has_array(b, "\"label\"") || has_array(b, "\"labels\"")) {
        return tokens ? EL_FORMAT_JSONL : EL_FORMAT_DOCCANO;
    }
    if (has(b, "\"ner\"", "[", "[{]") || has_array(b, "\"tokenized_text\"") ||
        has_array(b, "\"entity_mentions\"")) {
        return EL_FORMAT_NESTED;
    }
    return EL_FORMAT_AUTO;
}

/* By the first line, or, where that says nothing or is not a whole object, by all there is. */
static enum el_format recognise_json(const char *text, size_t len) {
    const char *line_end = memchr(text, '\n', len);
    struct beginning all = {text, len, text[0] == '['}, line = all;
    line.len = line_end != NULL ? (size_t)(line_end - text) : len;
    enum el_format format = all.array ? EL_FORMAT_AUTO : decide(&line);
    format = format == EL_FORMAT_AUTO ? decide(&all) : format;
    bool plain =
        !all.array || (has(&all, "\"text\"", "\"", NULL) && !has_array(&all, "\"tokens\""));
    return format != EL_FORMAT_AUTO ? format : plain ? EL_FORMAT_JSONL : EL_FORMAT_NESTED;
}

enum el_format el_recognise(const struct el_input *input, enum el_format ending) {
    static const char blank[] = " \t\r\n", webanno[] = "#FORMAT=WebAnno TSV";
    size_t len;
    const char *text = el_input_peek(input, &len);
    size_t at = strspn(text, blank), second = at + (text[at] == '[');
    second += strspn(text + second, blank);
    bool json = ending == EL_FORMAT_JSONL || ending == EL_FORMAT_AUTO;
    if (json && text[second] == '{') {
        return recognise_json(text + at, len - at);
    }
    if (json && second > at && text[second] == '[' &&
        memmem(text, len, "\"entities\"", 10) != NULL) {
        return EL_FORMAT_SPACY; /* [["text", {"entities": [...]}], ...] */
    }
    if (strncmp(text + at, webanno, sizeof webanno - 1) == 0 && ending != EL_FORMAT_TEXT) {
        return EL_FORMAT_WEBANNO;
    }
    if (ending == EL_FORMAT_TSV) {
        return recognise_tsv(text, len);
    }
    if (ending != EL_FORMAT_AUTO && ending != EL_FORMAT_TEXT) {
        return ending;
    }
    return looks_like_conll(text, len) ? EL_FORMAT_CONLL : EL_FORMAT_TEXT;
}

/* Types told in whole sentences. */
#include "reply/readers.h"

#include <string.h>

enum { MOST_SPANS = 64 };

static bool word_sign(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80;
}

/* The next word of `text` from `*at` on. */
static struct el_piece next_word(struct el_piece text, size_t *at) {
    while (*at < text.len && !word_sign(text.text[*at])) {
        ++*at;
    }
    size_t from = *at;
    while (*at < text.len &&
           (word_sign(text.text[*at]) || text.text[*at] == '_' ||
            (text.text[*at] == '-' && *at + 1 < text.len && word_sign(text.text[*at + 1])))) {
        ++*at;
    }
    return (struct el_piece){text.text + from, *at - from};
}

/* The type named at a word, in one to three words; -1 = none. */
static int type_at(struct el_known *known, struct el_piece clause, struct el_piece word) {
    int found = -1;
    size_t at = (size_t)(word.text - clause.text);
    for (int words = 0; words < 3; words++) {
        struct el_piece last = next_word(clause, &at);
        if (last.len == 0) {
            break;
        }
        struct el_piece name = el_piece_between(word.text, last.text + last.len);
        if (memchr(name.text, ',', name.len) != NULL || memchr(name.text, ':', name.len) != NULL) {
            break;
        }
        int type = el_which_type(known, name);
        found = type >= 0 ? type : found;
    }
    return found;
}

/* The last type that is named outside of `span`; *several = there are different ones. */
static int last_type(struct el_known *known, struct el_piece clause, struct el_piece span,
                     bool *several) {
    int found = -1;
    *several = false;
    for (size_t at = 0; at < clause.len;) {
        struct el_piece word = next_word(clause, &at);
        bool in_span =
            span.text != NULL && word.text >= span.text && word.text < span.text + span.len;
        int type = word.len == 0 || in_span ? -1 : type_at(known, clause, word);
        if (type >= 0) {
            *several |= found >= 0 && found != type;
            found = type;
        }
    }
    return found;
}

/* A clause ends at a line break or at a full stop before white space. */
static struct el_piece next_clause(struct el_piece *rest) {
    size_t at = 0;
    while (at < rest->len && rest->text[at] != '\n' &&
           !(strchr(".;", rest->text[at]) != NULL &&
             (at + 1 == rest->len || strchr(" \n", rest->text[at + 1]) != NULL))) {
        at++;
    }
    struct el_piece clause = {rest->text, at};
    at += at < rest->len;
    *rest = (struct el_piece){rest->text + at, rest->len - at};
    return clause;
}

static bool read_clause(struct el_known *known, struct el_piece clause, const char *const *spans,
                        size_t n_spans, int *choice) {
    struct el_piece found = {0};
    size_t which = 0, hits = 0;
    if (memmem(clause.text, clause.len, " not ", 5) != NULL) {
        return false; /* what it is not does not answer */
    }
    for (size_t i = 0; i < n_spans; i++) {
        const char *at = memmem(clause.text, clause.len, spans[i], strlen(spans[i]));
        /* "New York" hides "York". */
        bool inside = at != NULL && found.text != NULL && at >= found.text &&
                      at + strlen(spans[i]) <= found.text + found.len;
        if (at != NULL && !inside) {
            bool around = found.text != NULL && found.text >= at &&
                          found.text + found.len <= at + strlen(spans[i]);
            hits += !around;
            found = (struct el_piece){at, strlen(spans[i])};
            which = i;
        }
    }
    bool several;
    int type = hits == 1 ? last_type(known, clause, found, &several) : -1;
    if (type < 0 || several || choice[which] >= 0) {
        return false;
    }
    choice[which] = type;
    return true;
}

/* "Therefore, it is a location": what is concluded last about the only span. */
static bool read_conclusion(struct el_known *known, struct el_piece reply, int *choice) {
    static const char *const words[] = {"therefore",     "thus",    "so ",   "so,",       "hence",
                                        "in conclusion", "overall", "final", "in summary"};
    bool found = false;
    for (struct el_piece rest = reply; rest.len > 0 && !known->memory;) {
        struct el_piece clause = el_piece_trim(next_clause(&rest));
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            bool several;
            int type = el_piece_begins(clause, words[i])
                           ? last_type(known, clause, (struct el_piece){0}, &several)
                           : -1;
            found |= type >= 0;
            *choice = type >= 0 ? type : *choice;
        }
    }
    return found;
}

bool el_read_prose_types(struct el_known *known, struct el_piece reply, const char *const *spans,
                         size_t n_spans, int *choice) {
    bool any = false;
    if (n_spans > MOST_SPANS || (n_spans == 1 && choice[0] >= 0)) {
        return false;
    }
    if (n_spans == 1 && read_conclusion(known, reply, choice)) {
        return true;
    }
    for (struct el_piece rest = reply; rest.len > 0 && !known->memory;) {
        any |= read_clause(known, next_clause(&rest), spans, n_spans, choice);
    }
    if (!any && n_spans == 1) {
        bool several;
        choice[0] = last_type(known, reply, (struct el_piece){0}, &several);
        any = choice[0] >= 0;
    }
    return any;
}

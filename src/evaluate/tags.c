#include "evaluate/tags.h"

#include <string.h>

/* Two readings of a tag sequence.
 *
 * The lenient one is the state machine of the Perl script conlleval, which seqeval's default mode
 * took over: a chunk ends where the prefixes or the types say that it cannot go on, and begins
 * where a tag cannot continue what came before. Each sequence gets a reading.
 *
 * The strict one is seqeval's: an automaton of allowed steps for each scheme. What begins well and
 * ends in a step that the scheme does not know (B-PER O in BIOES) is not an entity at all. */

struct tag {
    char prefix; /* 'O', 'B', 'I', 'E', 'S' */
    const char *type;
};

static struct tag split(const char *text) {
    if (text[0] == '\0' || strcmp(text, "O") == 0) {
        return (struct tag){'O', ""};
    }
    const char *hyphen = strchr(text, '-');
    struct tag tag = {text[0], hyphen != NULL ? hyphen + 1 : ""};
    tag.prefix = tag.prefix == 'L'   ? 'E'
                 : tag.prefix == 'U' ? 'S'
                 : tag.prefix == 'M' ? 'I'
                                     : tag.prefix;
    return tag;
}

static bool one_of(char prefix, const char *set) {
    return strchr(set, prefix) != NULL;
}

static bool ends_chunk(struct tag last, struct tag tag) {
    if (last.prefix == 'O') {
        return false;
    }
    return one_of(last.prefix, "ES") || one_of(tag.prefix, "BSO") ||
           strcmp(last.type, tag.type) != 0;
}

static bool begins_chunk(struct tag last, struct tag tag) {
    if (tag.prefix == 'O') {
        return false;
    }
    return one_of(tag.prefix, "BS") || one_of(last.prefix, "OES") ||
           strcmp(last.type, tag.type) != 0;
}

static size_t decode_lenient(const char *const *tags, size_t n_tags, struct el_chunk *chunks) {
    struct tag last = {'O', ""};
    size_t n = 0, begin = 0;
    for (size_t i = 0; i <= n_tags; i++) {
        struct tag tag = i < n_tags ? split(tags[i]) : (struct tag){'O', ""};
        if (ends_chunk(last, tag)) {
            chunks[n++] = (struct el_chunk){{begin, i}, last.type};
        }
        if (begins_chunk(last, tag)) {
            begin = i;
        }
        last = tag;
    }
    return n;
}

/* A step from one tag to the next; `same`: '=' equal types, '!' different ones, '*' either. */
struct step {
    const char *from, *to;
    char same;
};

struct automaton {
    struct step start[5], inside[4], end[6]; /* unused ones have from == NULL */
};

static const struct automaton IOB1 = {
    .start = {{"O", "I", '*'}, {"I", "I", '!'}, {"B", "I", '*'}, {"I", "B", '='}, {"B", "B", '='}},
    .inside = {{"BI", "I", '='}},
    .end = {{"BI", "I", '!'}, {"BI", "O", '*'}, {"I", "B", '*'}, {"B", "B", '='}},
};
static const struct automaton IOB2 = {
    .start = {{"OBI", "B", '*'}},
    .inside = {{"BI", "I", '='}},
    .end = {{"BI", "OB", '*'}, {"BI", "I", '!'}},
};
static const struct automaton BIOES = {
    .start = {{"OBIES", "BS", '*'}},
    .inside = {{"BI", "IE", '='}},
    .end = {{"SE", "OBIES", '*'}},
};

static bool allowed(const struct step *steps, size_t n_steps, struct tag last, struct tag tag) {
    bool same = strcmp(last.type, tag.type) == 0;
    for (size_t i = 0; i < n_steps && steps[i].from != NULL; i++) {
        if (one_of(last.prefix, steps[i].from) && one_of(tag.prefix, steps[i].to) &&
            (steps[i].same == '*' || (steps[i].same == '=') == same)) {
            return true;
        }
    }
    return false;
}

static struct tag tag_at(const char *const *tags, size_t n_tags, size_t i) {
    return i < n_tags ? split(tags[i]) : (struct tag){'O', ""};
}

static size_t decode_strict(const char *const *tags, size_t n_tags, const struct automaton *by,
                            struct el_chunk *chunks) {
    struct tag last = {'O', ""};
    size_t n = 0, i = 0;
    while (i < n_tags) {
        struct tag tag = tag_at(tags, n_tags, i);
        size_t begin = i++;
        if (allowed(by->start, 5, last, tag)) {
            struct tag inner = tag, next = tag_at(tags, n_tags, i);
            while (i < n_tags && allowed(by->inside, 4, inner, next)) {
                inner = next;
                next = tag_at(tags, n_tags, ++i);
            }
            if (allowed(by->end, 6, inner, next)) {
                chunks[n++] = (struct el_chunk){{begin, i}, tag.type};
            }
        }
        last = tag_at(tags, n_tags, i - 1);
    }
    return n;
}

size_t el_tags_decode(const char *const *tags, size_t n_tags, enum el_decoder decoder,
                      enum el_scheme scheme, struct el_chunk *chunks) {
    if (decoder == EL_DECODE_LENIENT) {
        return decode_lenient(tags, n_tags, chunks);
    }
    const struct automaton *by = scheme == EL_SCHEME_BIOES  ? &BIOES
                                 : scheme == EL_SCHEME_IOB1 ? &IOB1
                                                            : &IOB2;
    return decode_strict(tags, n_tags, by, chunks);
}

/* Internal to the reply parser: what its readers hand to each other.
 *
 * Readers turn a reply into items. What tells an item from chatter, or the surface of an item from
 * its type, is a question to `struct el_known`: for extraction the words of the sentence are known,
 * for classification the spans and the types that were asked for. */
#ifndef EL_REPLY_ITEMS_H
#define EL_REPLY_ITEMS_H

#include "base/arena.h"
#include "prompt/data.h"
#include "prompt/set.h"

#include <jansson.h>

/* A piece of text, not NUL-terminated. */
struct el_piece {
    const char *text; /* NULL = none */
    size_t len;
};

/* One answer: a span, a type, or both. */
struct el_item {
    struct el_piece span, type;
};

/* A text to be found again, by its plain form. */
struct el_entry {
    struct el_piece plain, raw;
    int number;
};

struct el_known {
    struct el_arena *arena;
    struct el_piece sentence; /* extraction: its plain form */
    const bool *borders;      /* where in it a word may begin or end */
    size_t sentence_words;
    bool classify;                  /* spans and types are known instead of the sentence */
    struct el_entry *spans, *types; /* sorted by plain form */
    size_t n_spans, n_types;
    bool memory; /* an allocation failed, answers may be wrong */
};

/* Items in the order of the reply. Pieces point into the reply or into the arena. */
struct el_items {
    struct el_arena *arena;
    struct el_known *known;
    bool cut;        /* the end of the reply is missing */
    const char *end; /* where it was cut; NULL = it was not, or not inside of an item */
    bool type_first; /* lines are "TYPE: span" */
    size_t nested;   /* enumerations being read */
    size_t pairs;    /* lines "span: TYPE" so far */
    struct el_item *list;
    size_t count, room;
    bool marked;    /* read as a compact answer */
    bool says_none; /* an empty list, or words for one, were seen */
    bool memory;    /* an allocation failed */
};

void el_items_add(struct el_items *items, struct el_piece span, struct el_piece type);
/* The same with copies. */
void el_items_copy(struct el_items *items, struct el_piece span, struct el_piece type);

/* ---- pieces (text.c) ---------------------------------------------------------------- */

struct el_piece el_piece_of(const char *text);
struct el_piece el_piece_between(const char *start, const char *end);

/* Without white space at the ends (ASCII, U+00A0, U+3000, U+FEFF). */
struct el_piece el_piece_trim(struct el_piece piece);
bool el_piece_is(struct el_piece piece, const char *word); /* ASCII case is ignored */
bool el_piece_begins(struct el_piece piece, const char *word);
size_t el_piece_words(struct el_piece piece); /* parts between white space */

/* The length of the quotation mark that a text begins with, 0 = none, and its kind: a string may
 * end with another sign of the kind it began with. */
enum el_quote { EL_QUOTE_NONE, EL_QUOTE_SINGLE, EL_QUOTE_DOUBLE, EL_QUOTE_OTHER };
size_t el_quote_at(const char *text, size_t len, enum el_quote *kind);

/* Without one pair of quotation marks, emphasis or brackets around the whole, and so on. */
struct el_piece el_piece_bare(struct el_piece piece);

/* "none", "no entities", "-", "N/A" and the like. */
bool el_says_none(struct el_piece piece);

/* ---- what is known ------------------------------------------------------------------------ */

/* False if memory is out. */
bool el_known_sentence(struct el_known *known, struct el_arena *arena, const char *sentence);
bool el_known_types(struct el_known *known, struct el_arena *arena, const char *const *spans,
                    size_t n_spans, const struct el_prompt_type *types, size_t n_types);

/* Was the reply cut at the end of this piece? */
bool el_is_unfinished(const struct el_items *items, struct el_piece piece);

/* Does it stand in the sentence (on word borders), or is it one of the spans? Letter case, white
 * space and the forms of quotes and dashes do not count. */
bool el_is_span(struct el_known *known, struct el_piece piece);
/* The number of the span, -1 = none; classification only. Of several that are the same but for
 * letter case and white space, the one that is written so, or else the first. */
int el_which_span(struct el_known *known, struct el_piece piece);
/* Spans that are the same but for letter case and white space share the type that one of them was
 * given, where the others were given none. */
void el_share_choices(const struct el_known *known, int *choice);
/* The number of the type, -1 = none; extraction knows none. */
int el_which_type(struct el_known *known, struct el_piece piece);
/* Is it the whole sentence said again? */
bool el_is_sentence(struct el_known *known, struct el_piece piece);

/* ---- readers ------------------------------------------------------------------------------ */

/* Where the answer ends: at the first stop string or marker that is no sign of answers. A model
 * that was not stopped goes on inventing examples there. */
size_t el_end_of_answer(const struct el_prompt_set *set, struct el_piece reply);

/* What was thought aloud is no answer. A thought that never ends leaves none. */
struct el_piece el_without_thoughts(struct el_piece reply);

/* The answer proper of a reply. */
struct el_piece el_answer_of(const struct el_prompt_set *set, struct el_piece reply);

/* Does it hold any of the signs of a compact answer? */
bool el_has_marks(const struct el_prompt_set *set, struct el_piece reply);

/* The marked spans of the sentence; a reply without marks has none. In classification "span is
 * type" between separators, or types alone: then empty ones are kept, so that positions stay true.
 */
void el_read_marked(struct el_items *items, const struct el_prompt_set *set, struct el_piece reply);

/* Anything else: JSON and its broken kin, tagged text, lists in lines, prose. */
void el_read_any(struct el_items *items, struct el_piece reply);

/* JSON and Python literals, strict or broken. True if one was found that says something. */
bool el_read_literals(struct el_items *items, struct el_piece reply);

/* <tag>span</tag>, @@span##, [CLS]span[SEP]type. True if there was any. */
bool el_read_tags(struct el_items *items, struct el_piece reply);

/* Lists in lines: bullets, numbers, tables, "span: TYPE", "TYPE: span, span", "span (TYPE)". */
void el_read_lines(struct el_items *items, struct el_piece reply);

/* One line or string: a span, a pair, or an enumeration. `type` is used where it says none itself.
 * False, and nothing added, if it is none of these. */
bool el_read_phrase(struct el_items *items, struct el_piece phrase, struct el_piece type);

/* "a, b and c": its parts, with `type`. Nothing is added unless enough of them are spans;
 * then the number of spans added is returned. */
size_t el_read_enumeration(struct el_items *items, struct el_piece list, struct el_piece type);

/* Types told in prose: "Oslo is a city, that is, a location." A clause with one of the spans and
 * one type, or, if there is but one span, the type named last. Only spans without a choice get one.
 * True if any choice was made. */
bool el_read_prose_types(struct el_known *known, struct el_piece reply, const char *const *spans,
                         size_t n_spans, int *choice);

/* A pair whose order is not known: the one that is a span comes first. Says the second that there
 * is none, the first is no item. */
void el_items_add_pair(struct el_items *items, struct el_piece a, struct el_piece b);

#endif

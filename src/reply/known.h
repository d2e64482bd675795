/* What is known before a reply is read: for extraction the words of the sentence, for
 * classification the spans and the types that were asked for. It tells an item from chatter, and
 * the surface of an item from its type. */
#ifndef EL_REPLY_KNOWN_H
#define EL_REPLY_KNOWN_H

#include "base/arena.h"
#include "prompt/data.h"
#include "reply/piece.h"

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
    bool classify;                         /* spans and types are known instead of the sentence */
    struct el_entry *spans, *types, *also; /* sorted by plain form; also: other names of types */
    size_t n_spans, n_types, n_also;
    bool memory; /* an allocation failed, answers may be wrong */
};

/* False if out of memory. */
bool el_known_sentence(struct el_known *known, struct el_arena *arena, const char *sentence);
bool el_known_types(struct el_known *known, struct el_arena *arena, const char *const *spans,
                    size_t n_spans, const struct el_prompt_type *types, size_t n_types);

/* Is it in the sentence (on word borders), or is it one of the spans? Letter case, white
 * space and the forms of quotes and dashes do not count. */
bool el_is_span(struct el_known *known, struct el_piece piece);
/* The number of the span, -1 = none; classification only. Of several that are the same but for
 * letter case and white space, the one that is written so, or else the first. */
int el_which_span(struct el_known *known, struct el_piece piece);
/* Spans that are the same but for letter case and white space share the type that one of them was
 * given, where the others were given none. */
void el_share_choices(const struct el_known *known, int *choice);
/* The number of the type, -1 = none; extraction knows none. By its name in the prompt, or else by
 * another one of its names. */
int el_which_type(struct el_known *known, struct el_piece piece);
/* Is it the whole sentence said again? */
bool el_is_sentence(struct el_known *known, struct el_piece piece);

#endif

/* What a reply says: a tolerant parser for lists of spans, types and verdicts. Linear in the
 * reply's length; never trusts it. */
#ifndef EL_REPLY_REPLY_H
#define EL_REPLY_REPLY_H

#include "prompt/data.h"
#include "prompt/set.h"

struct el_strings {
    const char **items; /* NUL-terminated, in the arena; trimmed, not empty */
    size_t count;
};

enum el_readable {
    EL_READ_OK,      /* items, or plainly an empty list */
    EL_READ_NOTHING, /* not readable as an answer: an abstention */
    EL_READ_MEMORY,
};

/* Extraction: the strings that the reply offers as spans. `sentence` helps to tell items from
 * chatter. `cut` = the reply was cut: its last, unfinished item is dropped. */
enum el_readable el_parse_spans(struct el_arena *arena, const struct el_prompt_set *set,
                                const char *reply, size_t reply_len, bool cut, const char *sentence,
                                struct el_strings *spans);

/* Classification: choice[i] = index into `types` for spans[i], or -1 where the reply gives none of
 * them. Types are compared after case folding and trimming, '_' and '-' as spaces; plural 's' is
 * forgiven. Items are matched to spans by their text where the reply has it, else by position. */
enum el_readable el_parse_types(struct el_arena *arena, const struct el_prompt_set *set,
                                const char *reply, size_t reply_len, bool cut,
                                const char *const *spans, size_t n_spans,
                                const struct el_prompt_type *types, size_t n_types, int *choice);

enum el_verdict { EL_VERDICT_YES, EL_VERDICT_NO, EL_VERDICT_UNREADABLE };

/* Verification: yes/true/correct, no/false/incorrect (in any case, with chatter around), also in
 * the set's own words. */
enum el_verdict el_parse_verdict(const struct el_prompt_set *set, const char *reply,
                                 size_t reply_len);

#endif

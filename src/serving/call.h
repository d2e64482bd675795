/* A request to a member: what the prompts fill, and what the client sends. */
#ifndef EL_SERVING_CALL_H
#define EL_SERVING_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum el_stage {
    EL_STAGE_RETRIEVE,
    EL_STAGE_EXTRACT,
    EL_STAGE_CLASSIFY,
    EL_STAGE_VERIFY,
    EL_STAGES
};

struct el_message {
    const char *role; /* "system", "user", "assistant" */
    const char *content;
};

enum el_constraint_kind { EL_FREE, EL_LIST_OF_SPANS, EL_LIST_OF_TYPES, EL_YES_NO };

/* What the answer may be, for servers that can enforce it. */
struct el_constraint {
    enum el_constraint_kind kind;
    const char *text;           /* LIST_OF_SPANS: the sentence */
    bool nested;                /* LIST_OF_SPANS: spans may overlap */
    bool loose;                 /* LIST_OF_SPANS in JSON: line breaks between items are allowed */
    bool some;                  /* LIST_OF_SPANS in JSON: one span at least, with a grammar */
    const char *const *choices; /* LIST_OF_TYPES: the type names; YES_NO: the yes and no words */
    size_t n_choices;
    size_t n_items;           /* LIST_OF_TYPES: how many spans */
    const char *const *spans; /* LIST_OF_TYPES: the span of each answer, distinct; never NULL */
    /* LIST_OF_TYPES of one span in JSON: the answer up to its type, which the model is given as
     * begun, so that the type is all it writes. NULL = nothing is given. */
    const char *begun;
    /* Compact sets: the sentence with marks around its spans, and "span is type" between
     * separators. NULL = JSON: an array of strings for LIST_OF_SPANS, an object span -> type for
     * LIST_OF_TYPES. */
    const char *open, *close, *is, *separator;
};

/* One request. Everything it points to stays the caller's and must live until its reply. */
struct el_call {
    size_t member; /* number in listed order */
    enum el_stage stage;
    uint64_t order; /* lower is sent first; e.g. the sentence number */

    /* Exactly one of the three. Chat APIs send a prompt as one user message. Inputs are texts
     * whose vectors are wanted; one that is longer than the model's context is cut to it. */
    const char *prompt;
    const struct el_message *messages;
    size_t n_messages;
    const char *const *inputs;
    size_t n_inputs;

    bool special_tokens; /* compact sets: markers are tokens, keep them in the answer */
    const char *const *stop;
    size_t n_stop;
    size_t max_tokens;
    struct el_constraint constraint;
    bool want_yes_probability;
    bool want_shares; /* LIST_OF_TYPES: how probable each type is for each span; LIST_OF_SPANS: how
                         probable each item is */
    bool shared;      /* begins as other calls of this order do */
    void *user;       /* handed back with the reply */
};

#endif

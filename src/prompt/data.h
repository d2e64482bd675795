/* What a template is filled with. */
#ifndef EL_PROMPT_DATA_H
#define EL_PROMPT_DATA_H

#include "base/text.h"

/* Types, demonstrations and the question, as a template sees them:
 *   types          list of {name, description}
 *   demonstrations list of {text, marked, spans: list of {text, type}}; marked is a
 *                  space and the text with the set's marks around its spans, the space before a
 *                  span inside of them
 *   text           the sentence
 *   spans          list of {text} (classify)
 *   candidates     list of {text, type}: all that is known of the sentence (verify)
 *   span, type, type_description: what is asked about (verify)
 *   separator, yes, no
 * plus *_json variants of strings, quoted as JSON: text_json, name_json, type_json, span_json.
 * The spans of a sentence or demonstration should differ in their text. */
struct el_prompt_type {
    const char *name, *description; /* description may be NULL */
    const char *const *also;        /* other names that an answer may give it; prompts do not */
    size_t n_also;
};
struct el_prompt_span {
    const char *text, *type; /* type NULL where not known */
};
struct el_prompt_demonstration {
    const char *text;
    const struct el_prompt_span *spans;
    size_t n_spans;
    const struct el_span *marks; /* where they are: bytes of the text, by start, longer first */
    size_t n_marks;
};
struct el_prompt_data {
    const struct el_prompt_type *types;
    size_t n_types;
    const struct el_prompt_demonstration *demonstrations; /* nearest last */
    size_t n_demonstrations;
    const char *text;
    const struct el_prompt_span *spans; /* CLASSIFY: all; VERIFY: one, with its type */
    size_t n_spans;
    const struct el_prompt_span *asked; /* CLASSIFY: which of the spans, with the answer begun for
                                           it; NULL = all */
    const struct el_prompt_span *candidates; /* VERIFY: with their types */
    size_t n_candidates;
};

#endif

/* Prompt templates: text files a user can read and edit, rendered with the sentence, the types and
 * the demonstrations. The language is a small subset of Mustache:
 *
 *     {{name}}  {{#list}}...{{/list}}  {{^list}}...{{/list}} (if empty or false)  {{! comment}}
 *
 * Inside a list, {{#first}} and {{#last}} are true for the first and last item; {{#name}} of a
 * text is true if it is not empty. Names are looked up outwards. A section, closing tag or comment
 * that stands alone on its line takes the line away. No escaping: texts are inserted as they are,
 * after the set's markers in them were made harmless (see template.h).
 *
 * A set is a folder with set.yaml, extract.txt, classify.txt, verify.txt, preextract.txt
 * (docs/prompts.md describes them). In a chat set a line "@system", "@user" or "@assistant" begins
 * a message; white space around a message is cut off. The last line break of a file does not
 * belong to the prompt.
 *
 * A set is read-only once open and may be shared by threads. */
#ifndef EL_PROMPT_PROMPT_H
#define EL_PROMPT_PROMPT_H

#include "base/error.h"
#include "base/text.h"
#include "serving/call.h"

enum el_answer_form {
    EL_ANSWER_MARKED, /* spans: the sentence again, with marks around them; types: pairs "span is
                         type" between separators (compact sets) */
    EL_ANSWER_JSON,   /* a JSON array of strings; types: a JSON object span -> type */
};

enum el_prompt_kind {
    EL_PROMPT_PREEXTRACT,
    EL_PROMPT_EXTRACT,
    EL_PROMPT_CLASSIFY,
    EL_PROMPT_VERIFY,
    EL_PROMPT_KINDS
};

struct el_template;

struct el_prompt_set {
    char *name; /* last part of the folder's path */
    bool chat;  /* messages, not one prompt */
    enum el_answer_form form;
    char *open, *close;   /* MARKED: around a span */
    char *is, *separator; /* MARKED: between span and type, between pairs */
    char *yes, *no;       /* the verifier's words */
    bool special_tokens;
    char **stop;
    size_t n_stop;
    char **markers; /* strings neutralised in user text */
    size_t n_markers;
    size_t max_demonstrations; /* 0 = no limit of the set's own */
    struct el_template *templates[EL_PROMPT_KINDS];
    char sha256[65]; /* of all the files, for the manifest */
};

/* `name` is a folder, or a set below one of `folders` (NULL-terminated list, first hit wins).
 * Errors are EL_ERR_CONFIG with file, line and column, EL_ERR_IO or EL_ERR_MEMORY. */
bool el_prompt_set_open(const char *name, const char *const *folders, struct el_prompt_set **set,
                        struct el_error *err);
void el_prompt_set_close(struct el_prompt_set *set); /* NULL is allowed */

/* Types, demonstrations and the question, as a template sees them:
 *   types          list of {name, description}
 *   demonstrations list of {text, marked, spans: list of {text, type}}; marked is a
 *                  space and the text with the set's marks around its spans, the space before a
 *                  span inside of them
 *   text           the sentence
 *   spans          list of {text} (classify), span (verify), type, type_description (verify)
 *   separator, yes, no
 * plus *_json variants of strings, quoted as JSON: text_json, name_json, type_json, span_json.
 * The spans of a sentence or demonstration should differ in their text. */
struct el_prompt_type {
    const char *name, *description; /* description may be NULL */
};
struct el_prompt_span {
    const char *text, *type; /* type NULL where not known */
};
struct el_prompt_demonstration {
    const char *text;
    const struct el_prompt_span *spans;
    size_t n_spans;
    const struct el_span *marks; /* where they stand: bytes of the text, by start, longer first */
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
};

/* Fill the prompt (or messages), stop, special_tokens and constraint of `call`, in `arena`; its
 * other fields stay as they are. `set` and `data` must outlive the call. Only the last
 * max_demonstrations of the demonstrations are shown. */
bool el_prompt_render(const struct el_prompt_set *set, enum el_prompt_kind kind,
                      const struct el_prompt_data *data, struct el_arena *arena,
                      struct el_call *call, struct el_error *err);

#endif

/* Prompt sets: a folder with set.yaml and the templates extract.txt, classify.txt, verify.txt and
 * preextract.txt, text files a user can read and edit (docs/prompts.md). In a chat set a line
 * "@system", "@user" or "@assistant" begins a message; white space around a message is cut off.
 * The last line break of a file does not belong to the prompt.
 *
 * A set may have a head.txt, which begins all its prompts: instructions, demonstrations and the
 * sentence. All stages then show the same demonstrations, so that a server reads the head of a
 * sentence once, and of each question only what differs.
 *
 * A set is read-only once open and may be shared by threads. */
#ifndef EL_PROMPT_SET_H
#define EL_PROMPT_SET_H

#include "base/error.h"

#include <stddef.h>

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
    struct el_template *head;  /* NULL = none */
    struct el_template *templates[EL_PROMPT_KINDS];
    char sha256[65]; /* of all the files, for the manifest */
};

/* `name` is a folder, or a set below one of `folders` (NULL-terminated list, first hit wins).
 * Errors are EL_ERR_CONFIG with file, line and column, EL_ERR_IO or EL_ERR_MEMORY. */
bool el_prompt_set_open(const char *name, const char *const *folders, struct el_prompt_set **set,
                        struct el_error *err);
void el_prompt_set_close(struct el_prompt_set *set); /* NULL is allowed */

#endif

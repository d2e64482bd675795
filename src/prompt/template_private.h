/* A parsed template: a flat list of nodes, where a section knows the number of its closing node.
 * And the names that a template may use, with the scopes that know them. */
#ifndef EL_PROMPT_TEMPLATE_PRIVATE_H
#define EL_PROMPT_TEMPLATE_PRIVATE_H

#include "prompt/template.h"

enum scope { SCOPE_ROOT, SCOPE_TYPE, SCOPE_DEMONSTRATION, SCOPE_SPAN, SCOPES };

enum name {
    NAME_TYPES,
    NAME_DEMONSTRATIONS,
    NAME_SPANS,
    NAME_CANDIDATES,
    NAME_TEXT,
    NAME_MARKED,
    NAME_SPAN,
    NAME_TYPE,
    NAME_TYPE_DESCRIPTION,
    NAME_SEPARATOR,
    NAME_YES,
    NAME_NO,
    NAME_NAME,
    NAME_DESCRIPTION,
    NAME_FIRST,
    NAME_LAST,
    NAMES
};

#define IN(scope) (1u << (scope))

struct el_template_word {
    const char *word;
    unsigned scopes; /* where it is defined */
    bool list, truth;
};
extern const struct el_template_word el_template_words[NAMES];

/* The scope of the items of a list. */
enum scope el_template_item_scope(enum name name);

enum kind { NODE_TEXT, NODE_VALUE, NODE_SECTION, NODE_INVERTED, NODE_END, NODE_MESSAGE };

struct node {
    enum kind kind;
    enum name name;    /* VALUE, SECTION, INVERTED, END */
    bool json;         /* VALUE */
    size_t start, len; /* TEXT: bytes of the source */
    size_t end;        /* SECTION, INVERTED: number of the END node */
    const char *role;  /* MESSAGE */
};

struct el_template {
    char *source;
    bool chat;
    struct node *nodes;
    size_t count, room;
};

#endif

/* Why a reply that the parsers could not read says nothing. */
#ifndef EL_REPLY_UNREADABLE_H
#define EL_REPLY_UNREADABLE_H

#include <stdbool.h>
#include <stddef.h>

enum el_unreadable {
    EL_UNREADABLE_EMPTY,
    EL_UNREADABLE_THINKING, /* nothing but thoughts */
    EL_UNREADABLE_CUT,      /* the length limit came before anything that can be read */
    EL_UNREADABLE_REFUSED,  /* the model says that it will not or cannot */
    EL_UNREADABLE_OTHER,    /* text without what was asked for */
};

/* `cut` = the reply was ended by the length limit. An empty one then is all thoughts, which some
 * servers keep to themselves. */
enum el_unreadable el_why_unreadable(const char *reply, size_t reply_len, bool cut);

#endif

/* Which part of a reply is the answer. */
#ifndef EL_REPLY_ANSWER_H
#define EL_REPLY_ANSWER_H

#include "prompt/set.h"
#include "reply/piece.h"

/* Without what was thought aloud. A thought that never ends leaves no answer. */
struct el_piece el_without_thoughts(struct el_piece reply);

/* Without what a server should have taken away: thoughts, the markers of its chat template in
 * front, and all from the next marker on. */
struct el_piece el_answer_of(const struct el_prompt_set *set, struct el_piece reply);

#endif

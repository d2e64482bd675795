/* A call's constraint in the languages that servers enforce: GBNF (llama.cpp), JSON schema. */
#ifndef EL_SERVING_GRAMMAR_H
#define EL_SERVING_GRAMMAR_H

#include "base/json.h"
#include "serving/call.h"

/* Appends GBNF. For EL_LIST_OF_SPANS a span is any run of consecutive units of the sentence, a
 * unit being a word, a sign, or (in scripts that do not separate words) a character: what is not
 * in the sentence cannot be written. Spans are listed in the order of the text and do not overlap;
 * with `nested` they may, and two may begin at the same unit. So a list always ends, though a
 * nested one may be longer than an answer may be. Marked spans nest three deep at most. False, with
 * `gbnf` unchanged, if there is nothing to enforce or the sentence is too long for it; gbnf->failed
 * if memory ran out. */
bool el_grammar_write(const struct el_constraint *constraint, struct el_buffer *gbnf);

/* Appends a JSON schema. The sentence's substrings are too many for one, so a list of spans is
 * only held to be a list of strings. Only constraints of JSON form (open NULL) have one. */
bool el_schema_write(const struct el_constraint *constraint, struct el_buffer *schema);

#endif

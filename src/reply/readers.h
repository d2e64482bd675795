/* Readers of replies, one file for each kind of answer. */
#ifndef EL_REPLY_READERS_H
#define EL_REPLY_READERS_H

#include "prompt/set.h"
#include "reply/items.h"

#include <jansson.h>

/* marked.c: where the answer ends, at the first stop string or marker that is not a sign of
 * answers. A model that was not stopped goes on inventing examples there. */
size_t el_end_of_answer(const struct el_prompt_set *set, struct el_piece reply);

/* Does it hold any of the signs of a compact answer? */
bool el_has_marks(const struct el_prompt_set *set, struct el_piece reply);

/* The marked spans of the sentence; a reply without marks has none. In classification "span is
 * type" between separators, or types alone: then empty ones are kept, so that positions stay true.
 */
void el_read_marked(struct el_items *items, const struct el_prompt_set *set, struct el_piece reply);

/* any.c: all else, JSON and its broken kin, tagged text, lists in lines, prose. */
void el_read_any(struct el_items *items, struct el_piece reply);

/* json_values.c: what a JSON value says. */
void el_read_json(struct el_items *items, const json_t *value);

/* literals.c: JSON and Python literals, strict or broken. True if one was found that says
 * something.
 */
bool el_read_literals(struct el_items *items, struct el_piece reply);

/* tagged.c: <tag>span</tag>, @@span##, [CLS]span[SEP]type. True if there was any. */
bool el_read_tags(struct el_items *items, struct el_piece reply);

/* lines.c: lists in lines: bullets, numbers, tables, "span: TYPE", "TYPE: span, span", "span
 * (TYPE)". */
void el_read_lines(struct el_items *items, struct el_piece reply);

/* One line or string: a span, a pair, or an enumeration. `type` is used where it says none itself.
 * False, and nothing added, if it is none of these. */
bool el_read_phrase(struct el_items *items, struct el_piece phrase, struct el_piece type);

/* "a, b and c": its parts, with `type`. Nothing is added unless enough of them are spans;
 * then the number of spans added is returned. */
size_t el_read_enumeration(struct el_items *items, struct el_piece list, struct el_piece type);

/* prose.c: types in sentences: "Oslo is a city, that is, a location." A clause with one of the
 * spans and one type, or, if there is but one span, the type named last. Only spans without a
 * choice get one. True if any choice was made. */
bool el_read_prose_types(struct el_known *known, struct el_piece reply, const char *const *spans,
                         size_t n_spans, int *choice);

#endif

/* Parts of what Label Studio takes in, for more than whole files. */
#ifndef EL_CORPUS_LABELSTUDIO_H
#define EL_CORPUS_LABELSTUDIO_H

#include "base/buffer.h"
#include "corpus/document.h"

/* An entity as region `number` (from 0) of a result, with a comma before it unless it is the first.
 * `offsets` count in code points; `control` and `text` are the names of <Labels> and <Text>. */
void el_labelstudio_region(struct el_buffer *out, const struct el_document *document,
                           const struct el_entity *entity, const struct el_offsets *offsets,
                           size_t number, const char *control, const char *text);

/* The least sure entity speaks for the task, so that Label Studio can sort by it; NAN if none has a
 * score. */
double el_labelstudio_score(const struct el_document *document);

#endif

/* Recorded predictions: JSON lines with what each of several models said of a text. */
#ifndef EL_EVALUATE_RECORDED_H
#define EL_EVALUATE_RECORDED_H

#include "evaluate/labels.h"

/* Recorded predictions: JSON lines with {"text" or "tokens", "predictions": {model: {"entities":
 * [{start, end, type}]}}}. Fills one set a model, all parallel; a model that a line does not have
 * has not answered there. With n_models 0, the line's `gold` fills sets[0]. Offsets: the line's
 * "offset_unit", else code points if it has "text", else tokens. A model that no line has is an
 * error that lists those there are. */
bool el_labels_read_recorded(const char *path, const char *const *models, size_t n_models,
                             struct el_labels *sets, struct el_error *err);

/* Whether the first line of a .jsonl file looks like recorded predictions (or has `gold` in place
 * of `entities`). */
bool el_labels_are_recorded(const char *path, bool *recorded, struct el_error *err);

#endif

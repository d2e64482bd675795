/* Labelled files as sets. */
#ifndef EL_EVALUATE_LABELS_READ_H
#define EL_EVALUATE_LABELS_READ_H

#include "evaluate/labels.h"

/* Read all of `path`; `options` NULL = the defaults. Where a line has no `entities` but an array
 * `gold`, that is read. A set in which no document has labels is an error if `must_have_labels`. */
bool el_labels_read(const char *path, const struct el_read_options *options, bool must_have_labels,
                    struct el_labels *labels, struct el_error *err);

#endif

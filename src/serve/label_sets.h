/* The labelling configuration of Label Studio: which texts of a task are labelled, with what. Of
 * its tags <Text> and <Labels> with their <Label> are read; others are passed over, as a project
 * may ask for more than entities. */
#ifndef EL_SERVE_LABEL_SETS_H
#define EL_SERVE_LABEL_SETS_H

#include "base/arena.h"
#include "base/error.h"
#include "el4ner.h"

#include <jansson.h>

/* More than any project has, and few enough that each can be compared with each. */
enum { LABEL_SETS_MOST = 16 };

/* A <Text> that at least one <Labels> points to. */
struct label_set {
    const char *text;          /* its name: "to_name" of regions */
    const char *field;         /* of the task's data that it shows, without "$" */
    struct el4ner_type *types; /* the labels of all its <Labels>, each once, in their order */
    const char **controls;     /* by type: the name of its <Labels>, "from_name" of regions */
    size_t n_types;
};

struct label_sets {
    struct label_set *items;
    size_t n;
};

/* All of it is in `arena`. EL_ERR_FORMAT if this is not XML, or has no <Labels> for a <Text>: the
 * message says what there is instead. */
bool label_sets_read(const char *xml, size_t len, struct el_arena *arena, struct label_sets *sets,
                     struct el_error *err);

/* What the text shows of a task's data: "a.b" is a field, or one in an object. NULL if it is not
 * there. */
json_t *label_set_value(const struct label_set *set, json_t *data);

/* The name of the <Labels> that has this label. */
const char *label_set_control(const struct label_set *set, const char *label);

#endif

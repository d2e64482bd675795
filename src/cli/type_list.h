/* The entity types that files hold, for --types auto. */
#ifndef EL_CLI_TYPE_LIST_H
#define EL_CLI_TYPE_LIST_H

#include "base/buffer.h"
#include "corpus/format.h"

#include <jansson.h>

/* In the order in which they come. {0} is an empty one. */
struct cli_type_list {
    struct el_buffer names; /* separated by commas, as --types takes them; NULL data = none */
    json_t *seen;
};

void cli_type_list_add(struct cli_type_list *list, const struct el_entity *entities, size_t n);

/* Of all files that can be read, which are then read a second time. Standard input cannot be: where
 * it is among them, the list stays empty. What is wrong with a file is left to its proper reading
 * to say. */
void cli_type_list_read(struct cli_type_list *list, char *const *paths, size_t n,
                        const struct el_read_options *read);

void cli_type_list_free(struct cli_type_list *list);

#endif

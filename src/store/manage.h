/* Looking into a store and pruning it, for `el4ner cache`. */
#ifndef EL_STORE_MANAGE_H
#define EL_STORE_MANAGE_H

#include "store/store.h"

struct el_store_summary {
    uint64_t replies, text_bytes;
    uint64_t file_bytes;    /* with the log beside it; 0 in the summary of a model */
    int64_t oldest, newest; /* seconds since 1970 of the commits; 0 if empty */
};
bool el_store_summarise(struct el_store *store, struct el_store_summary *summary,
                        struct el_error *err);
/* Calls `each` for every model, the one with most replies first; "" = not known. */
typedef void el_store_model_visitor(void *context, const char *model,
                                    const struct el_store_summary *summary);
bool el_store_models(struct el_store *store, el_store_model_visitor *each, void *context,
                     struct el_error *err);

struct el_store_prune {
    const char *model;  /* only replies of this model; NULL = of any */
    int64_t before;     /* those committed before, in seconds since 1970, are dropped */
    uint64_t max_bytes; /* then the oldest, until the file is no larger; 0 = no limit */
};
/* Drops replies and gives the room back; *dropped gets their number, also on failure. */
bool el_store_prune(struct el_store *store, const struct el_store_prune *what, uint64_t *dropped,
                    struct el_error *err);
/* Calls `each` for every reply, ordered by key; it returns false to stop. */
typedef bool el_store_visitor(void *context, const char key[EL_SHA256_HEX],
                              const struct el_stored *stored, int64_t written);
bool el_store_each(struct el_store *store, el_store_visitor *each, void *context,
                   struct el_error *err);

#endif

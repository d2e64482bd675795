/* What the sources of models share. */
#ifndef EL_MODELS_FETCH_PRIVATE_H
#define EL_MODELS_FETCH_PRIVATE_H

#include "models/fetch.h"

#include <stdio.h>

struct el_fetch {
    const struct el_model *model;
    const struct el_fetch_options *options;
    char *part; /* path of the file that grows */
    int fd;     /* of it, for writing; -1 = not open */
    uint64_t had;
    char told[EL_SHA256_HEX]; /* the hash that the hub tells; "" = none */
    struct el_error *err;
};

/* Tell the caller; false, with the error, if it wants to stop. */
bool el_fetch_moved(struct el_fetch *fetch, const struct el_fetch_stand *stand);

/* Wait so many seconds, which the caller may end. */
bool el_fetch_pause(struct el_fetch *fetch, double seconds);

/* Is there room for so many more bytes? False, with the error, if there is not. */
bool el_fetch_room(struct el_fetch *fetch, uint64_t bytes);

/* Of a failed write. */
bool el_fetch_write_failed(struct el_fetch *fetch, int trouble);

/* hub.c: GET what `url` names into the part, on from where it ends. `hub`: the token goes with it,
 * and what a hub says in its headers counts. */
bool el_fetch_url(struct el_fetch *fetch, const char *url, bool hub);

/* packages.c: the contents of the packages, one after the other, into the part. */
bool el_fetch_packages(struct el_fetch *fetch);
/* A folder and all in it; nothing if there is none. */
void el_fetch_remove_folder(const char *folder);

#endif

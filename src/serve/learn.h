/* What people have labelled, as demonstrations of the texts that come after: a file of JSON lines
 * that grows, and a pool of the engine's own demonstrations with it.
 *
 * Each text is there once. The file is what counts: it can be read, changed and used like any
 * labelled file, also while the service runs. Pools are built in a thread of their own. */
#ifndef EL_SERVE_LEARN_H
#define EL_SERVE_LEARN_H

#include "api/within.h"
#include "base/log.h"
#include "corpus/document.h"

struct learner;

/* Where sentences are from; they are replaced and taken out by it. */
struct learn_origin {
    json_int_t project, annotation;
};

/* `path` need not be there yet; what is there must be JSON lines. `log` is called in its thread. */
bool learner_open(const char *path, const struct el_log *log, struct learner **learner,
                  struct el_error *err);
void learner_close(struct learner *learner); /* NULL is allowed */

/* The texts of an annotation, in place of what it had before; none: it is taken out. They are in
 * the file when this returns; false if it could not be read or written, and all is as before. *n:
 * the sentences of the file. */
bool learner_take(struct learner *learner, struct learn_origin origin,
                  struct el_document *const *documents, size_t n_documents, size_t *n,
                  struct el_error *err);

/* Sentences in the file, and those of them that demonstrations are taken from by now. */
void learner_counts(struct learner *learner, size_t *learned, size_t *used);

/* In the engine's thread: the first pool, and the beginning and the end of building others; take
 * over one that is ready. */
bool learner_begin(struct learner *learner, el4ner *engine, struct el_error *err);
void learner_apply(struct learner *learner);
void learner_end(struct learner *learner);

#endif

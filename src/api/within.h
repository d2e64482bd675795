/* What the program's own parts may use besides el4ner.h: a configuration that is loaded already,
 * and documents of the corpus in place of texts. */
#ifndef EL_API_WITHIN_H
#define EL_API_WITHIN_H

#include "config/config.h"
#include "el4ner.h"
#include "pipeline/ensemble.h"

/* el4ner_open() with a configuration, which is taken in any case, and all stored replies asked for
 * anew with `refresh`. */
el4ner *el_engine_open(struct el_config *config, const struct el4ner_options *options, bool refresh,
                       struct el_error *err);

/* el4ner_submit() of a document, which is taken in any case; its entities make way for those that
 * are found. From any thread. */
uint64_t el_engine_submit(el4ner *engine, struct el_document *document, void *user,
                          const struct el4ner_request *request, struct el4ner_error *error);

/* The document of a result, with its entities and its failure, as writers take it. It belongs to
 * the result. */
struct el_document *el_engine_document(el4ner_result *result);

/* What the pool that was used lacks of the types of its request, if it had any of its own; NULL =
 * nothing. It belongs to the result. */
const char *el_engine_warning(const el4ner_result *result);

/* Of all texts so far. */
const struct el_counts *el_engine_counts(const el4ner *engine);

/* The pool that it was opened with, NULL if there is none: it lives as long as the engine, and any
 * thread may read it. */
const struct el_pool *el_engine_pool(const el4ner *engine);
/* Texts that it takes in from now on are shown demonstrations of this pool, which has vectors of
 * its own, and are judged by its labels; those in work keep theirs. NULL: its own again. Both are
 * taken in any case. In the engine's thread. */
bool el_engine_use_pool(el4ner *engine, struct el_pool *pool, struct el_prior *prior,
                        struct el_error *err);
/* Does it want to know what the labels of such a pool say? */
bool el_engine_counts_labels(const el4ner *engine);

/* How many sentences it has in work at a time. */
size_t el_engine_window(const el4ner *engine);

#endif

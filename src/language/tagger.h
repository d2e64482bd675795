/* Part-of-speech tagger: averaged perceptron for universal tags.
 * A loaded tagger is read-only and may be shared by threads. */
#ifndef EL_LANGUAGE_TAGGER_H
#define EL_LANGUAGE_TAGGER_H

#include "base/error.h"
#include "base/text.h"
#include "language/pos.h"

struct el_tagger;

/* Load trained weights (checked, bounded). */
bool el_tagger_open(const char *path, struct el_tagger **tagger, struct el_error *err);
void el_tagger_close(struct el_tagger *tagger);

/* Tag the words of one sentence: tags[i] for words[i] (byte spans of `text`). Languages that the
 * weights do not cover (by `lang`, or by script where it is NULL) are tagged by a rule of script,
 * capitalisation and length. `tagger` NULL = always the rule. False only if out of memory. */
bool el_tagger_tag(const struct el_tagger *tagger, const char *text, const char *lang,
                   const struct el_span *words, size_t n_words, enum el_pos *tags);

/* Do the weights cover this language? False without a tagger. */
bool el_tagger_covers(const struct el_tagger *tagger, const char *lang);

/* Maximal runs of words tagged PROPN or NOUN, as byte spans: a stand-in for spans that a model
 * would propose. `runs` has room for n_words; returns how many there are. */
size_t el_noun_runs(const struct el_span *words, const enum el_pos *tags, size_t n_words,
                    struct el_span *runs);

#endif

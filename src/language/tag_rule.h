/* Part-of-speech by rule, for languages without weights: script, capitalisation, length and short
 * lists of closed-class words. Rough, but it keeps names above common words and common words above
 * pronouns, which is what span weights need. Internal to src/language. */
#ifndef EL_LANGUAGE_TAG_RULE_H
#define EL_LANGUAGE_TAG_RULE_H

#include "base/text.h"
#include "language/pos.h"

/* Pure; words as in el_tagger_tag. */
void el_tag_by_rule(const char *text, const char *lang, const struct el_span *words, size_t n_words,
                    enum el_pos *tags);

#endif

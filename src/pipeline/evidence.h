/* What speaks for an entity, member by member, as the public header has it. */
#ifndef EL_PIPELINE_EVIDENCE_H
#define EL_PIPELINE_EVIDENCE_H

#include "pipeline/work.h"

struct el4ner_evidence;
struct el4ner_demonstration;

/* What the entities of a sentence have in common: made once, and used for each. */
struct el_common_evidence {
    struct el_span sentence;
    const char *names[EL_MAX_MEMBERS]; /* of the members */
    const struct el4ner_demonstration *const *demonstrations;
    size_t n_demonstrations;
};

/* All copy into `arena` what they need: nothing of the work or the context is referred to. False,
 * or NULL, if out of memory. */
bool el_evidence_begin(const struct el_context *context, const struct el_work *work,
                       struct el_arena *arena, struct el_common_evidence *common);
const struct el4ner_evidence *el_evidence_of(const struct el_context *context,
                                             const struct el_mention *mention,
                                             const struct el_common_evidence *common,
                                             struct el_arena *arena);

bool el_copy_demonstration(struct el_arena *arena, const struct el_demonstration *shown,
                           struct el4ner_demonstration *copy);

#endif

/* All abstentions of a run, for people and programs. */
#ifndef EL_PIPELINE_ABSTENTION_REPORT_H
#define EL_PIPELINE_ABSTENTION_REPORT_H

#include "pipeline/ensemble.h"

/* A line for each member, stage and cause, in this order: "q extract 6: empty answer, ...\n". */
void el_abstentions_write(const struct el_abstentions *abstentions, const struct el_config *config,
                          const struct el_client *client, struct el_buffer *out);

/* [{"member", "stage", "cause", "count", "explanation"}]; NULL if out of memory. */
json_t *el_abstentions_json(const struct el_abstentions *abstentions,
                            const struct el_config *config, const struct el_client *client);

#endif

/* The parts of the report page, one for each file report*.c. */
#ifndef EL_EVALUATE_REPORT_PRIVATE_H
#define EL_EVALUATE_REPORT_PRIVATE_H

#include "base/html_text.h"
#include "evaluate/report.h"

/* "<h2>..." and what belongs under it. */
void el_report_ablation(struct el_buffer *out, const struct el_ablation *ablation);
void el_report_stages(struct el_buffer *out, const struct el_ablation *ablation);
void el_report_reliability(struct el_buffer *out, const struct el_report *report);
void el_report_abstentions(struct el_buffer *out, const char *lines);

/* The data of the sentences as JSON that may be put inside <script>. False if out of memory. */
bool el_report_sentences(struct el_buffer *out, const struct el_report *report);

#endif

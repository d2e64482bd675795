/* The parts of the report page, one for each file report*.c. */
#ifndef EL_EVALUATE_REPORT_PRIVATE_H
#define EL_EVALUATE_REPORT_PRIVATE_H

#include "base/buffer.h"
#include "evaluate/report.h"

/* Text for an element or an attribute in double quotes. */
void el_html_text(struct el_buffer *out, const char *text);

/* "<h2>..." and what belongs under it. */
void el_report_ablation(struct el_buffer *out, const struct el_ablation *ablation);
void el_report_stages(struct el_buffer *out, const struct el_ablation *ablation);

/* The data of the sentences as JSON that may stand inside <script>. False if memory is out. */
bool el_report_sentences(struct el_buffer *out, const struct el_report *report);

#endif

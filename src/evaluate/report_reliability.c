/* The reliability diagram of the report: the share of right entities by score. */
#include "evaluate/reliability.h"
#include "evaluate/report_private.h"

enum { SIDE = 260, LEFT = 44, TOP = 12, BOTTOM = 40 };

static double across(double share) {
    return LEFT + share * SIDE;
}

static double up(double share) {
    return TOP + (1 - share) * SIDE;
}

static void put_axes(struct el_buffer *out) {
    for (int tick = 0; tick <= 100; tick += 25) {
        double share = tick / 100.0;
        el_buffer_printf(out,
                         "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" "
                         "stroke=\"var(--line)\"/><line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
                         "y2=\"%.1f\" stroke=\"var(--line)\"/>"
                         "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.2f</text>"
                         "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%d %%</text>\n",
                         across(0), across(1), up(share), up(share), across(share), across(share),
                         up(0), up(1), across(share), up(0) + 16, share, across(0) - 6,
                         up(share) + 4, tick);
    }
    el_buffer_printf(out,
                     "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"var(--soft)\" "
                     "stroke-dasharray=\"4 3\"/><text x=\"%.1f\" y=\"%.1f\" "
                     "text-anchor=\"middle\">score</text>\n",
                     across(0), across(1), up(0), up(1), across(0.5), up(0) + 34);
}

static void put_diagram(struct el_buffer *out, const struct el_reliability *r) {
    int width = LEFT + SIDE + 24, height = TOP + SIDE + BOTTOM;
    el_buffer_printf(out,
                     "<svg role=\"img\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                     "aria-label=\"Share of right entities by score; the figures are in the table "
                     "beside it\">\n",
                     width, height, width, height);
    put_axes(out);
    for (size_t b = 0; b < EL_RELIABILITY_BINS; b++) {
        if (r->count[b] > 0) {
            double n = (double)r->count[b];
            el_buffer_printf(out,
                             "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"var(--accent)\"/>\n",
                             across(r->sum[b] / n), up((double)r->right[b] / n));
        }
    }
    el_buffer_string(out, "</svg>\n");
}

static void put_bins(struct el_buffer *out, const struct el_reliability *r) {
    el_buffer_string(out, "<table><thead><tr><th scope=\"col\">Score</th><th scope=\"col\">"
                          "Entities</th><th scope=\"col\">Mean score</th><th scope=\"col\">"
                          "Right, %</th></tr></thead>\n<tbody>\n");
    for (size_t b = 0; b < EL_RELIABILITY_BINS; b++) {
        if (r->count[b] > 0) {
            double n = (double)r->count[b];
            el_buffer_printf(out,
                             "<tr><th scope=\"row\">%.1f to %.1f</th><td>%zu</td><td>%.2f</td>"
                             "<td>%.1f</td></tr>\n",
                             (double)b / EL_RELIABILITY_BINS, (double)(b + 1) / EL_RELIABILITY_BINS,
                             r->count[b], r->sum[b] / n, 100 * (double)r->right[b] / n);
        }
    }
    el_buffer_string(out, "</tbody></table>\n");
}

void el_report_reliability(struct el_buffer *out, const struct el_report *report) {
    const struct el_reliability *r = &report->score->reliability;
    if (r->total == 0) {
        return;
    }
    el_buffer_printf(out,
                     "<section aria-labelledby=\"reliability\">\n<h2 id=\"reliability\">How far "
                     "the score can be believed</h2>\n<p class=\"note\">Of entities with scores "
                     "about 0.8, 80 %% should be right: points on the dashed line. Right means the "
                     "span and the type of a gold mention. %zu entities have a score; expected "
                     "calibration error %.2f %%, where true scores would show about %.2f %% by "
                     "chance. <code>el4ner tune</code> makes scores "
                     "probabilities.</p>\n<div class=\"scroll beside\" tabindex=\"0\" "
                     "role=\"region\" aria-label=\"Reliability diagram\">\n",
                     r->total, 100 * el_reliability_error(r), 100 * el_reliability_chance(r));
    put_diagram(out, r);
    put_bins(out, r);
    el_buffer_string(out, "</div>\n</section>\n");
}

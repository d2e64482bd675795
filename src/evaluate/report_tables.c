/* Ablation and stages in the report. */
#include "evaluate/report_private.h"

#include <math.h>
#include <string.h>

/* ---- Ablation ---- */

static void put_half(struct el_buffer *out, bool has, const struct el_score *score,
                     const struct el_comparison *against, bool configured) {
    if (!has) {
        el_buffer_string(out,
                         "<td class=\"none edge\" colspan=\"4\"><span class=\"hidden\">no such "
                         "figure</span></td>");
        return;
    }
    struct el_prf prf = el_tally_prf(&score->micro);
    el_buffer_printf(out, "<td class=\"edge\">%.2f</td><td>%.2f</td><td><b>%.2f</b>",
                     100 * prf.precision, 100 * prf.recall, 100 * prf.f1);
    if (score->has_intervals) {
        el_buffer_printf(out, " <span class=\"note\">%.1f&#8211;%.1f</span>",
                         100 * score->intervals.f1.low, 100 * score->intervals.f1.high);
    }
    if (configured || !score->has_intervals) {
        el_buffer_string(out, "</td><td></td>");
    } else {
        el_buffer_printf(out, "</td><td>%+.2f <span class=\"note\">p %.3f</span></td>",
                         100 * against->difference, against->p);
    }
}

static void put_table_row(struct el_buffer *out, const struct el_ablation_row *row, bool first) {
    el_buffer_string(out, "<tr><th scope=\"row\">");
    el_html_string(out, row->name);
    el_buffer_string(out, "</th>");
    put_half(out, row->has_exact, &row->exact, &row->exact_against, first);
    put_half(out, row->has_projected, &row->projected, &row->projected_against, first);
    if (row->has_exact) {
        el_buffer_printf(out, "<td class=\"edge\">%llu</td></tr>\n",
                         (unsigned long long)row->calls);
    } else {
        el_buffer_string(out, "<td class=\"edge\"></td></tr>\n");
    }
}

static void put_table(struct el_buffer *out, const struct el_ablation *ablation) {
    el_buffer_string(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Ablation table\"><table>"
        "<thead><tr><th class=\"l\" rowspan=\"2\" scope=\"col\">Row</th><th colspan=\"4\" "
        "class=\"edge\" scope=\"colgroup\">exact</th><th colspan=\"4\" class=\"edge\" "
        "scope=\"colgroup\">projected</th><th rowspan=\"2\" class=\"edge\" scope=\"col\">Calls</th>"
        "</tr><tr>");
    for (int i = 0; i < 2; i++) {
        el_buffer_string(out, "<th class=\"edge\" scope=\"col\">P</th><th scope=\"col\">R</th><th "
                              "scope=\"col\">F1</th><th scope=\"col\">difference</th>");
    }
    el_buffer_string(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < ablation->n_rows; i++) {
        const struct el_ablation_row *row = &ablation->rows[i];
        if (i == 0 || strcmp(row->group, ablation->rows[i - 1].group) != 0) {
            el_buffer_printf(
                out, "<tr class=\"group\"><th colspan=\"10\" scope=\"rowgroup\">%s</th></tr>\n",
                row->group);
        }
        put_table_row(out, row, i == 0);
    }
    el_buffer_string(out, "</tbody></table></div>\n");
}

/* The plot: a line for each row, F1 as a mark on its interval. Exact and projected figures have
 * panels of their own, as they have columns of their own in the table. */
enum { LINE = 20, LABELS = 300, PANEL = 320, GAP = 48, TOP = 40 };

struct scale {
    double low, high; /* fractions */
};

static double place(struct scale scale, double value) {
    return (value - scale.low) / (scale.high - scale.low) * PANEL;
}

static void widen(struct scale *scale, bool has, const struct el_score *score) {
    if (has) {
        double f1 = el_tally_prf(&score->micro).f1;
        double low = score->has_intervals ? score->intervals.f1.low : f1;
        double high = score->has_intervals ? score->intervals.f1.high : f1;
        scale->low = low < scale->low ? low : scale->low;
        scale->high = high > scale->high ? high : scale->high;
    }
}

static struct scale find_scale(const struct el_ablation *ablation) {
    struct scale scale = {1, 0};
    for (size_t i = 0; i < ablation->n_rows; i++) {
        widen(&scale, ablation->rows[i].has_exact, &ablation->rows[i].exact);
        widen(&scale, ablation->rows[i].has_projected, &ablation->rows[i].projected);
    }
    scale.low = floor(scale.low * 20) / 20;
    scale.high = ceil(scale.high * 20) / 20;
    if (scale.high - scale.low < 0.05) {
        scale.high = scale.low + 0.05;
    }
    return scale;
}

static void put_mark(struct el_buffer *out, struct scale scale, double left, double y, bool has,
                     const struct el_score *score, bool filled) {
    if (!has) {
        return;
    }
    double x = left + place(scale, el_tally_prf(&score->micro).f1);
    if (score->has_intervals) {
        el_buffer_printf(out,
                         "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" "
                         "stroke=\"var(--accent)\" stroke-width=\"2\" opacity=\".55\"/>",
                         left + place(scale, score->intervals.f1.low),
                         left + place(scale, score->intervals.f1.high), y, y);
    }
    el_buffer_printf(out,
                     "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\" fill=\"%s\" "
                     "stroke=\"var(--accent)\" stroke-width=\"2\"/>\n",
                     x, y, filled ? "var(--accent)" : "var(--bg)");
}

static void put_axis(struct el_buffer *out, struct scale scale, double left, double bottom,
                     const char *title, double configured) {
    double step = scale.high - scale.low > 0.35 ? 0.1 : 0.05;
    el_buffer_printf(out, "<text x=\"%.1f\" y=\"14\" font-weight=\"600\">%s</text>\n", left, title);
    for (double tick = scale.low; tick <= scale.high + 1e-9; tick += step) {
        double x = left + place(scale, tick);
        el_buffer_printf(out,
                         "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%.1f\" "
                         "stroke=\"var(--line)\"/><text x=\"%.1f\" y=\"30\" "
                         "text-anchor=\"middle\">%.0f</text>\n",
                         x, x, TOP - 4, bottom, x, 100 * tick);
    }
    double x = left + place(scale, configured);
    el_buffer_printf(out,
                     "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%.1f\" stroke=\"var(--soft)\" "
                     "stroke-dasharray=\"4 3\"/>\n",
                     x, x, TOP - 4, bottom);
}

static void put_plot(struct el_buffer *out, const struct el_ablation *ablation) {
    struct scale scale = find_scale(ablation);
    double bottom = TOP + (double)ablation->n_rows * LINE;
    double second = LABELS + PANEL + GAP;
    double configured = el_tally_prf(&ablation->rows[0].exact.micro).f1;
    int width = LABELS + 2 * PANEL + GAP + 20;
    el_buffer_printf(out,
                     "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Ablation "
                     "plot\"><svg role=\"img\" width=\"%d\" height=\"%.0f\" viewBox=\"0 0 %d "
                     "%.0f\" aria-label=\"F1 of each row with its interval; the figures are in "
                     "the table below\">\n",
                     width, bottom + 8, width, bottom + 8);
    put_axis(out, scale, LABELS, bottom, "F1, exact", configured);
    put_axis(out, scale, second, bottom, "F1, projected", configured);
    for (size_t i = 0; i < ablation->n_rows; i++) {
        const struct el_ablation_row *row = &ablation->rows[i];
        double y = TOP + ((double)i + 0.5) * LINE;
        el_buffer_printf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LABELS - 12, y + 4);
        el_html_string(out, row->name);
        el_buffer_string(out, "</text>");
        put_mark(out, scale, LABELS, y, row->has_exact, &row->exact, true);
        put_mark(out, scale, second, y, row->has_projected, &row->projected, false);
    }
    el_buffer_string(out, "</svg></div>\n");
}

void el_report_ablation(struct el_buffer *out, const struct el_ablation *ablation) {
    el_buffer_printf(out,
                     "<section aria-labelledby=\"ablation\">\n<h2 id=\"ablation\">Ablation</h2>\n"
                     "<p class=\"note\">Exact rows asked their own prompts. Projected rows count "
                     "the votes and verdicts of one full run in another way and cost no call. The "
                     "difference is to the configured ensemble, p from a paired bootstrap. "
                     "Separate runs of all exact rows would have made %llu calls; %llu were made."
                     "</p>\n",
                     (unsigned long long)ablation->calls, (unsigned long long)ablation->made);
    put_plot(out, ablation);
    put_table(out, ablation);
    el_buffer_string(out, "</section>\n");
}

/* ---- Stages ---- */

static void put_budget(struct el_buffer *out, const char *name, double f1, double before,
                       bool has_gold) {
    if (!has_gold) {
        el_buffer_printf(out,
                         "<tr><th scope=\"row\">%s</th><td class=\"none\">&#8211;</td>"
                         "<td class=\"none\">&#8211;</td><td></td></tr>\n",
                         name);
        return;
    }
    double change = 100 * (f1 - before);
    change = fabs(change) < 0.005 ? 0 : change; /* not "-0.00" */
    el_buffer_printf(
        out,
        "<tr><th scope=\"row\">%s</th><td>%.2f</td><td>%+.2f</td><td class=\"w\"><span "
        "class=\"bar\" style=\"width:%.1f%%\"></span></td></tr>\n",
        name, 100 * f1, change, 100 * f1);
}

static void put_share(struct el_buffer *out, const char *stage, const char *what, size_t part,
                      size_t whole) {
    el_buffer_printf(out, "<tr><td class=\"l\">%s</td><th scope=\"row\">%s</th>", stage, what);
    if (whole == 0) {
        el_buffer_string(out, "<td class=\"none\">&#8211;</td><td></td></tr>\n");
    } else {
        el_buffer_printf(out, "<td>%.2f %%</td><td>%zu of %zu</td></tr>\n",
                         100.0 * (double)part / (double)whole, part, whole);
    }
}

static void put_figures(struct el_buffer *out, const struct el_stage_figures *f, size_t n_members) {
    el_buffer_string(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Stage "
                          "figures\"><table><caption>What each stage did</caption><thead><tr><th "
                          "class=\"l\" scope=\"col\">Stage</th><th class=\"l\" scope=\"col\">Share"
                          "</th><th scope=\"col\"></th><th scope=\"col\">Count</th></tr></thead>"
                          "<tbody>\n");
    put_share(out, "retrieve", "gold mentions that pre-extraction listed", f->pre_found, f->gold);
    put_share(out, "retrieve", "gold types that the demonstrations show", f->types_shown,
              f->gold_types);
    put_share(out, "retrieve", "gold mentions that the demonstrations show", f->mentions_shown,
              f->gold);
    put_share(out, "extract", "gold mentions in the union", f->found, f->gold);
    if (f->proposed_by[0] > 0) {
        put_share(out, "extract", "right spans of those that only the pool's labels gave",
                  f->right_by[0], f->proposed_by[0]);
    }
    for (size_t k = 1; k <= n_members; k++) {
        char what[96];
        snprintf(what, sizeof what, "right spans of those that %zu member%s proposed", k,
                 k == 1 ? "" : "s");
        put_share(out, "extract", what, f->right_by[k], f->proposed_by[k]);
    }
    put_share(out, "extract", "strings not found in the sentence, dropped", f->ungrounded,
              f->strings);
    put_share(out, "classify", "right types on right spans", f->typed_right, f->found);
    size_t yes = EL_VERIFIED_YES, no = EL_VERIFIED_NO;
    put_share(out, "verify", "right pairs kept", f->verdict_right[yes],
              f->verdict_right[yes] + f->verdict_right[no]);
    put_share(out, "verify", "wrong pairs dropped", f->verdict_wrong[no],
              f->verdict_wrong[yes] + f->verdict_wrong[no]);
    el_buffer_string(out, "</tbody></table></div>\n");
}

void el_report_stages(struct el_buffer *out, const struct el_ablation *ablation) {
    const struct el_stage_figures *figures = &ablation->record.figures;
    double final_f1 = el_tally_prf(&ablation->rows[0].exact.micro).f1;
    struct el_budget budget = el_stage_budget(figures, final_f1);
    el_buffer_string(
        out,
        "<section aria-labelledby=\"stages\">\n<h2 id=\"stages\">Where F1 is lost</h2>\n"
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Stage budget\">"
        "<table><caption>F1 that would be reached if everything after a stage were perfect"
        "</caption><thead><tr><th class=\"l\" scope=\"col\">After</th><th scope=\"col\">F1</th>"
        "<th scope=\"col\">lost or won</th><th class=\"l\" scope=\"col\"></th></tr></thead>"
        "<tbody>\n");
    put_budget(out, "extraction", budget.after_extraction, 1, figures->gold > 0);
    put_budget(out, "classification", budget.after_classification, budget.after_extraction,
               figures->gold > 0);
    put_budget(out, "verification", budget.after_verification, budget.after_classification,
               figures->gold > 0);
    put_budget(out, "resolving overlaps: the result", budget.final_f1, budget.after_verification,
               figures->gold > 0);
    el_buffer_string(out, "</tbody></table></div>\n");
    put_figures(out, figures, ablation->record.n_members);
    el_buffer_string(out, "</section>\n");
}

void el_report_abstentions(struct el_buffer *out, const char *lines) {
    el_buffer_string(out,
                     "<section aria-labelledby=\"abstentions\">\n<h2 id=\"abstentions\">Abstentions"
                     "</h2>\n<p>Calls of the configured ensemble that brought no usable answer, by "
                     "member, stage and cause.</p>\n<ul>\n");
    for (const char *end; (end = strchr(lines, '\n')) != NULL; lines = end + 1) {
        el_buffer_string(out, "<li>");
        el_html_text(out, lines, (size_t)(end - lines));
        el_buffer_string(out, "</li>\n");
    }
    el_buffer_string(out, "</ul>\n</section>\n");
}

#include "evaluate/report_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

extern const char el_report_css[], el_report_css_end[], el_report_js[], el_report_js_end[];

/* When and by what the report was made. SOURCE_DATE_EPOCH stands for the clock where it is set, as
 * for other programs whose output is to be the same again. */
static void put_date(struct el_buffer *out) {
    const char *fixed = getenv("SOURCE_DATE_EPOCH");
    time_t now = fixed != NULL && fixed[0] != '\0' ? (time_t)strtoll(fixed, NULL, 10) : time(NULL);
    char date[40] = "";
    struct tm parts;
    if (gmtime_r(&now, &parts) != NULL) {
        strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &parts);
    }
    el_buffer_printf(out, "<dt>Date</dt><dd>%s</dd>\n", date);
}

static void put_fact(struct el_buffer *out, const char *name, const char *value) {
    if (value != NULL) {
        el_buffer_printf(out, "<dt>%s</dt><dd>", name);
        el_html_string(out, value);
        el_buffer_string(out, "</dd>\n");
    }
}

static void put_about(struct el_buffer *out, const struct el_report *report) {
    el_buffer_string(out, "<dl class=\"about\">\n");
    put_date(out);
    put_fact(out, "el4ner", report->version);
    if (report->n_members > 0 && report->models != NULL) {
        el_buffer_string(out, "<dt>Members</dt><dd><ul>\n");
        for (size_t m = 0; m < report->n_members; m++) {
            el_buffer_string(out, "<li>");
            el_html_string(out, report->members[m]);
            if (report->models[m] != NULL && report->models[m][0] != '\0') {
                el_buffer_string(out, " <span class=\"note\">");
                el_html_string(out, report->models[m]);
                el_buffer_string(out, "</span>");
            }
            el_buffer_string(out, "</li>\n");
        }
        el_buffer_string(out, "</ul></dd>\n");
    }
    put_fact(out, "Pool", report->pool);
    el_buffer_string(out, "</dl>\n");
    if (report->configuration != NULL) {
        el_buffer_string(out, "<details><summary>Configuration</summary><pre>");
        el_html_string(out, report->configuration);
        el_buffer_string(out, "</pre></details>\n");
    }
}

static void put_head(struct el_buffer *out, const struct el_report *report) {
    el_buffer_string(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                          "<meta name=\"viewport\" content=\"width=device-width, "
                          "initial-scale=1\">\n<title>el4ner: ");
    el_html_string(out, report->title);
    el_buffer_string(out, "</title>\n<style>\n");
    el_buffer_append(out, el_report_css, (size_t)(el_report_css_end - el_report_css));
    el_buffer_string(out,
                     "</style>\n</head>\n<body>\n"
                     "<a class=\"skip\" href=\"#texts\">Skip to the texts</a>\n<header>\n<h1>");
    el_html_string(out, report->title);
    el_buffer_printf(out,
                     "</h1>\n<p class=\"note\">%zu texts, %zu gold mentions, %zu predicted; "
                     "matching: %s</p>\n<nav aria-label=\"Parts of the report\">",
                     report->score->documents, report->score->micro.gold,
                     report->score->micro.predicted, el_match_name(report->score->match));
    el_buffer_string(out, "<a href=\"#scores\">Scores</a>");
    if (report->ablation != NULL) {
        el_buffer_string(out, "<a href=\"#stages\">Stages</a>");
        if (report->ablation->n_rows > 1) {
            el_buffer_string(out, "<a href=\"#ablation\">Ablation</a>");
        }
    }
    el_buffer_string(out,
                     "<a href=\"#confusion\">Confusion</a><a href=\"#texts\">Texts</a></nav>\n");
    put_about(out, report);
    el_buffer_string(out, "</header>\n<main>\n");
}

/* ---- Scores ---- */

/* A value of NAN is a dash. */
static void put_card(struct el_buffer *out, const char *name, double value, bool has_interval,
                     struct el_interval interval) {
    el_buffer_printf(out, "<div class=\"card\"><span>%s</span>", name);
    if (isnan(value)) {
        el_buffer_string(out, "<b>&#8211;</b></div>\n");
        return;
    }
    el_buffer_printf(out, "<b>%.2f</b>", 100 * value);
    if (has_interval) {
        el_buffer_printf(out, "<span>%.2f to %.2f</span>", 100 * interval.low, 100 * interval.high);
    }
    el_buffer_string(out, "</div>\n");
}

static void put_percent(struct el_buffer *out, bool is_known, double value) {
    if (is_known) {
        el_buffer_printf(out, "<td>%.2f</td>", 100 * value);
    } else {
        el_buffer_string(out, "<td class=\"none\">&#8211;</td>");
    }
}

/* Where there is no gold mention there is nothing to be found: recall and F1 say nothing. */
static void put_cells(struct el_buffer *out, const struct el_tally *tally) {
    struct el_prf prf = el_tally_prf(tally);
    put_percent(out, tally->gold > 0 || tally->predicted > 0, prf.precision);
    put_percent(out, tally->gold > 0, prf.recall);
    put_percent(out, tally->gold > 0, prf.f1);
    el_buffer_printf(out, "<td>%zu</td><td>%zu</td><td>%zu</td></tr>\n", tally->gold,
                     tally->predicted, tally->correct);
}

static void put_row(struct el_buffer *out, const char *name, const struct el_tally *tally) {
    el_buffer_string(out, "<tr><th scope=\"row\">");
    el_html_string(out, name);
    el_buffer_string(out, "</th>");
    put_cells(out, tally);
}

static void put_group(struct el_buffer *out, const char *name) {
    el_buffer_printf(out, "<tr class=\"group\"><th colspan=\"7\" scope=\"rowgroup\">%s</th></tr>\n",
                     name);
}

static void put_scores(struct el_buffer *out, const struct el_score *score) {
    static const char *const lengths[EL_LENGTHS] = {"1 word", "2 words", "3 words", "4 words",
                                                    "5 words or more"};
    static const char *const novelties[EL_NOVELTIES] = {"seen with this type",
                                                        "seen with another type only", "unseen"};
    struct el_prf prf = el_tally_prf(&score->micro);
    const struct el_intervals *intervals = &score->intervals;
    bool has = score->has_intervals;
    struct el_interval none = {0, 0};
    el_buffer_string(out, "<section aria-labelledby=\"scores\">\n<h2 id=\"scores\">Scores</h2>\n"
                          "<div class=\"cards\">\n");
    bool gold = score->micro.gold > 0, any = gold || score->micro.predicted > 0;
    put_card(out, "Precision", any ? prf.precision : (double)NAN, has, intervals->precision);
    put_card(out, "Recall", gold ? prf.recall : (double)NAN, has, intervals->recall);
    put_card(out, "F1", gold ? prf.f1 : (double)NAN, has, intervals->f1);
    put_card(out, "Macro F1", gold ? score->macro.f1 : (double)NAN, false, none);
    if (score->tokens > 0) {
        put_card(out, "Token accuracy", (double)score->tokens_right / (double)score->tokens, false,
                 none);
    }
    el_buffer_string(out, "</div>\n");
    if (has) {
        el_buffer_printf(out,
                         "<p class=\"note\">Percent. Ranges are %.0f %% bootstrap intervals over "
                         "texts (%zu draws).</p>\n",
                         100 * intervals->level, intervals->samples);
    }
    el_buffer_string(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
                          "aria-label=\"Scores by group\"><table>\n<thead><tr><th class=\"l\" "
                          "scope=\"col\">Group</th><th scope=\"col\">Precision</th><th "
                          "scope=\"col\">Recall</th><th scope=\"col\">F1</th><th scope=\"col\">"
                          "Gold</th><th scope=\"col\">Predicted</th><th scope=\"col\">Correct</th>"
                          "</tr></thead>\n<tbody>\n<tr class=\"all\"><th scope=\"row\">all</th>");
    put_cells(out, &score->micro);
    put_group(out, "Type");
    for (size_t i = 0; i < score->n_types; i++) {
        put_row(out, score->types[i].type, &score->types[i].tally);
    }
    put_group(out, "Length");
    for (size_t i = 0; i < EL_LENGTHS; i++) {
        put_row(out, lengths[i], &score->lengths[i]);
    }
    if (score->has_novelty) {
        put_group(out, "In the pool");
        for (size_t i = 0; i < EL_NOVELTIES; i++) {
            put_row(out, novelties[i], &score->novelty[i]);
        }
    }
    el_buffer_string(out, "</tbody></table></div>\n</section>\n");
}

/* ---- Confusion ---- */

static void put_confusion_row(struct el_buffer *out, const struct el_confusion *table, size_t row) {
    size_t width = table->n_types + 1, sum = 0;
    for (size_t column = 0; column < width; column++) {
        sum += table->counts[row * width + column];
    }
    el_buffer_string(out, "<tr><th scope=\"row\">");
    el_html_string(out, row < table->n_types ? table->types[row] : "(nothing)");
    el_buffer_string(out, "</th>");
    for (size_t column = 0; column < width; column++) {
        size_t count = table->counts[row * width + column];
        bool corner = row == table->n_types && column == table->n_types;
        double share = sum > 0 ? (double)count / (double)sum : 0;
        el_buffer_printf(out,
                         "<td%s style=\"background:color-mix(in srgb,var(--%s) %.0f%%,"
                         "transparent)\">",
                         row == column && !corner ? " class=\"same\"" : "",
                         row == column ? "good" : "bad", 55 * share);
        if (corner) {
            el_buffer_string(out, "<span class=\"note\">&#8211;</span></td>");
        } else {
            el_buffer_printf(out, "%zu</td>", count);
        }
    }
    el_buffer_string(out, "</tr>\n");
}

static void put_confusion(struct el_buffer *out, const struct el_confusion *table) {
    el_buffer_string(out, "<section aria-labelledby=\"confusion\">\n<h2 id=\"confusion\">Confusion "
                          "between types</h2>\n<p class=\"note\">Rows are gold types, columns what "
                          "stands on the same span in the prediction. A mention with another span "
                          "counts under (nothing). The tint is the share of the row.</p>\n"
                          "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
                          "aria-label=\"Confusion between types\"><table class=\"matrix\">\n<thead>"
                          "<tr><th class=\"l\" scope=\"col\">gold \\ predicted</th>");
    for (size_t column = 0; column <= table->n_types; column++) {
        el_buffer_string(out, "<th scope=\"col\">");
        el_html_string(out, column < table->n_types ? table->types[column] : "(nothing)");
        el_buffer_string(out, "</th>");
    }
    el_buffer_string(out, "</tr></thead>\n<tbody>\n");
    for (size_t row = 0; row <= table->n_types; row++) {
        put_confusion_row(out, table, row);
    }
    el_buffer_string(out, "</tbody></table></div>\n</section>\n");
}

/* ---- Texts ---- */

static void put_filter(struct el_buffer *out, const struct el_confusion *types) {
    el_buffer_string(
        out, "<section aria-labelledby=\"texts\">\n<h2 id=\"texts\">Texts</h2>\n"
             "<p class=\"legend\"><span><i style=\"border-bottom:3px solid\"></i>above: gold</span>"
             "<span><i style=\"border-top:3px solid\"></i>below: predicted, correct</span>"
             "<span><i style=\"border-top:3px dashed\"></i>below: predicted, wrong</span></p>\n"
             "<form class=\"filter\" role=\"search\" aria-label=\"Choose texts\">\n"
             "<label>Show<select id=\"kind\"><option value=\"\">all texts</option>"
             "<option value=\"errors\">with any error</option>"
             "<option value=\"missed\">with a missed mention</option>"
             "<option value=\"spurious\">with a spurious one</option>"
             "<option value=\"type\">with a wrong type</option>"
             "<option value=\"boundary\">with a wrong boundary</option>"
             "<option value=\"both\">with wrong boundary and type</option>"
             "<option value=\"perfect\">without error</option></select></label>\n"
             "<label>Type<select id=\"type\"><option value=\"\">any</option>");
    for (size_t i = 0; i < types->n_types; i++) {
        el_buffer_string(out, "<option>");
        el_html_string(out, types->types[i]);
        el_buffer_string(out, "</option>");
    }
    el_buffer_string(out,
                     "</select></label>\n<label>Holding<input id=\"find\" type=\"search\" "
                     "placeholder=\"text or id\"></label>\n"
                     "<span id=\"count\" role=\"status\" aria-live=\"polite\"></span>\n</form>\n"
                     "<noscript><p>The texts are drawn by the script in this page, which is "
                     "switched off.</p></noscript>\n"
                     "<ol class=\"sentences\" id=\"sentences\"></ol>\n"
                     "<button id=\"more\" type=\"button\">Show more</button>\n</section>\n");
}

static bool put_page(struct el_buffer *out, const struct el_report *report,
                     const struct el_confusion *confusion) {
    put_head(out, report);
    put_scores(out, report->score);
    if (report->ablation != NULL) {
        el_report_stages(out, report->ablation);
        if (report->abstentions != NULL && report->abstentions[0] != '\0') {
            el_report_abstentions(out, report->abstentions);
        }
        if (report->ablation->n_rows > 1) {
            el_report_ablation(out, report->ablation);
        }
    }
    el_report_reliability(out, report);
    put_confusion(out, confusion);
    put_filter(out, confusion);
    el_buffer_string(out, "</main>\n<script type=\"application/json\" id=\"data\">");
    bool ok = el_report_sentences(out, report);
    el_buffer_string(out, "</script>\n<script>\n");
    el_buffer_append(out, el_report_js, (size_t)(el_report_js_end - el_report_js));
    el_buffer_string(out, "</script>\n</body>\n</html>\n");
    return ok && !out->failed;
}

bool el_report_write(const struct el_report *report, FILE *file, struct el_error *err) {
    struct el_arena arena = {0};
    struct el_buffer out = {0};
    struct el_confusion confusion;
    bool ok = el_confuse(report->gold, report->predicted, report->score, &arena, &confusion, err);
    if (ok) {
        ok = put_page(&out, report, &confusion) || el_fail_memory(err);
    }
    if (ok && fwrite(out.data, 1, out.len, file) != out.len) {
        ok = el_fail(err, EL_ERR_IO, "the report could not be written; is the disk full?");
    }
    el_buffer_free(&out);
    el_arena_free(&arena);
    return ok;
}

/* How el4ner pool search shows what it found. */
#include "cli/pool_commands.h"

#include "base/json.h"
#include "pipeline/work.h"

#include <math.h>
#include <string.h>

static int width_of(const char *text) {
    return cli_width(text, strlen(text));
}

void pool_print(const struct el_work *work) {
    int spans = 4, with = 10;
    for (size_t i = 0; i < work->pre.count; i++) {
        int width = width_of(work->pre.items[i].text);
        spans = width > spans ? width : spans;
        for (size_t d = 0; d < work->n_demonstrations && work->demonstrations[d].matches != NULL;
             d++) {
            const struct el_hit_match *match = &work->demonstrations[d].matches[i];
            width = match->found ? width_of(match->with) : 1;
            with = width > with ? width : with;
        }
    }
    cli_put(work->text, work->text_len, 0);
    putchar('\n');
    if (work->pre.count > 0) {
        printf("\n   ");
        cli_put_string("span", spans);
        printf("  tag    weight\n");
    }
    for (size_t i = 0; i < work->pre.count; i++) {
        printf("   ");
        cli_put_string(work->pre.items[i].text, spans);
        printf("  %-5s  %6g\n", el_pos_name(work->pre.items[i].tag), work->pre.items[i].weight);
    }
    if (work->fell_back) {
        printf("   (no span has a weight: by sentence similarity)\n");
    }
    if (work->own_language) {
        printf(
            "   (low scores: sentences of its own language or script take the places of others)\n");
    }
    for (size_t d = 0; d < work->n_demonstrations; d++) {
        printf("\n%2zu %.4f  ", d + 1, work->demonstrations[d].score);
        cli_put_string(work->demonstrations[d].id, 0);
        printf("  ");
        cli_put_string(work->demonstrations[d].text, 0);
        putchar('\n');
        for (size_t i = 0; i < work->pre.count && work->demonstrations[d].matches != NULL; i++) {
            const struct el_hit_match *match = &work->demonstrations[d].matches[i];
            printf("   ");
            cli_put_string(work->pre.items[i].text, spans);
            printf("  ");
            cli_put_string(match->found ? match->with : "-", with);
            if (match->found) {
                printf("  %7.4f", match->cosine);
            }
            putchar('\n');
        }
    }
}

static void add_string(struct el_buffer *out, const char *before, const char *text) {
    el_buffer_string(out, before);
    el_json_string(out, text, strlen(text));
}

static void add_number(struct el_buffer *out, const char *before, double number) {
    el_buffer_string(out, before);
    el_json_real(out, number);
}

void pool_json(struct el_buffer *out, const struct el_work *work) {
    el_buffer_string(out, "{\"query\": ");
    el_json_string(out, work->text, work->text_len);
    el_buffer_string(out, ", \"spans\": [");
    for (size_t i = 0; i < work->pre.count; i++) {
        add_string(out, i == 0 ? "{\"text\": " : ", {\"text\": ", work->pre.items[i].text);
        add_string(out, ", \"tag\": ", el_pos_name(work->pre.items[i].tag));
        add_number(out, ", \"weight\": ", work->pre.items[i].weight);
        el_buffer_char(out, '}');
    }
    el_buffer_printf(out, "], \"fell_back\": %s, \"own_language\": %s, \"demonstrations\": [",
                     work->fell_back ? "true" : "false", work->own_language ? "true" : "false");
    for (size_t d = 0; d < work->n_demonstrations; d++) {
        el_buffer_printf(out, "%s{\"rank\": %zu", d == 0 ? "" : ", ", d + 1);
        add_number(out, ", \"score\": ", work->demonstrations[d].score);
        add_string(out, ", \"id\": ", work->demonstrations[d].id);
        add_string(out, ", \"text\": ", work->demonstrations[d].text);
        el_buffer_string(out, ", \"matches\": [");
        for (size_t i = 0, n = 0; i < work->pre.count && work->demonstrations[d].matches != NULL;
             i++) {
            const struct el_hit_match *match = &work->demonstrations[d].matches[i];
            if (match->found) {
                add_string(out,
                           n++ == 0 ? "{\"span\": " : ", {\"span\": ", work->pre.items[i].text);
                add_string(out, ", \"with\": ", match->with);
                add_number(out, ", \"cosine\": ", match->cosine);
                el_buffer_char(out, '}');
            }
        }
        el_buffer_string(out, "]}");
    }
    el_buffer_string(out, "]}");
}

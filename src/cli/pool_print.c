/* How el4ner pool search shows what it found. */
#include "cli/pool_commands.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

static int width_of(const char *text) {
    return cli_width(text, strlen(text));
}

void pool_print(const struct pool_result *r) {
    int spans = 4, with = 10;
    for (size_t i = 0; i < r->n_spans; i++) {
        int width = width_of(r->spans[i].text);
        spans = width > spans ? width : spans;
        for (size_t d = 0; d < r->n_demonstrations && r->demonstrations[d].matches != NULL; d++) {
            const struct el_hit_match *match = &r->demonstrations[d].matches[i];
            width = match->found ? width_of(match->with) : 1;
            with = width > with ? width : with;
        }
    }
    cli_put(r->query, r->query_len, 0);
    putchar('\n');
    if (r->n_spans > 0) {
        printf("\n   ");
        cli_put_string("span", spans);
        printf("  tag    weight\n");
    }
    for (size_t i = 0; i < r->n_spans; i++) {
        printf("   ");
        cli_put_string(r->spans[i].text, spans);
        printf("  %-5s  %6g\n", r->spans[i].tag, r->spans[i].weight);
    }
    if (r->fell_back) {
        printf("   (no span has a weight: by sentence similarity)\n");
    }
    for (size_t d = 0; d < r->n_demonstrations; d++) {
        printf("\n%2zu %.4f  ", d + 1, r->demonstrations[d].score);
        cli_put_string(r->demonstrations[d].id, 0);
        printf("  ");
        cli_put_string(r->demonstrations[d].text, 0);
        putchar('\n');
        for (size_t i = 0; i < r->n_spans && r->demonstrations[d].matches != NULL; i++) {
            const struct el_hit_match *match = &r->demonstrations[d].matches[i];
            printf("   ");
            cli_put_string(r->spans[i].text, spans);
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

void pool_json(struct el_buffer *out, const struct pool_result *r) {
    el_buffer_string(out, "{\"query\": ");
    el_json_string(out, r->query, r->query_len);
    el_buffer_string(out, ", \"spans\": [");
    for (size_t i = 0; i < r->n_spans; i++) {
        add_string(out, i == 0 ? "{\"text\": " : ", {\"text\": ", r->spans[i].text);
        add_string(out, ", \"tag\": ", r->spans[i].tag);
        add_number(out, ", \"weight\": ", r->spans[i].weight);
        el_buffer_char(out, '}');
    }
    el_buffer_printf(out, "], \"fell_back\": %s, \"demonstrations\": [",
                     r->fell_back ? "true" : "false");
    for (size_t d = 0; d < r->n_demonstrations; d++) {
        el_buffer_printf(out, "%s{\"rank\": %zu", d == 0 ? "" : ", ", d + 1);
        add_number(out, ", \"score\": ", r->demonstrations[d].score);
        add_string(out, ", \"id\": ", r->demonstrations[d].id);
        add_string(out, ", \"text\": ", r->demonstrations[d].text);
        el_buffer_string(out, ", \"matches\": [");
        for (size_t i = 0, n = 0; i < r->n_spans && r->demonstrations[d].matches != NULL; i++) {
            const struct el_hit_match *match = &r->demonstrations[d].matches[i];
            if (match->found) {
                add_string(out, n++ == 0 ? "{\"span\": " : ", {\"span\": ", r->spans[i].text);
                add_string(out, ", \"with\": ", match->with);
                add_number(out, ", \"cosine\": ", match->cosine);
                el_buffer_char(out, '}');
            }
        }
        el_buffer_string(out, "]}");
    }
    el_buffer_string(out, "]}");
}

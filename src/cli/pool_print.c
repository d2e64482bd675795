/* How el4ner pool search shows what it found. */
#include "cli/pool.h"

#include "base/json.h"

#include <math.h>
#include <string.h>
#include <unicode/uchar.h>

/* Columns that a text takes on a terminal. */
static int width_of(const char *text) {
    int width = 0;
    for (size_t at = 0, len = strlen(text); at < len;) {
        UChar32 c = (UChar32)el_utf8_next(text, len, &at);
        int32_t east_asian = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
        bool wide = east_asian == U_EA_WIDE || east_asian == U_EA_FULLWIDTH;
        bool mark = (U_GET_GC_MASK(c) & (U_GC_MN_MASK | U_GC_ME_MASK | U_GC_CF_MASK)) != 0;
        width += mark ? 0 : wide ? 2 : 1;
    }
    return width;
}

static void print_padded(const char *text, int width) {
    int pad = width - width_of(text);
    printf("%s%*s", text, pad > 0 ? pad : 0, "");
}

/* Control characters of a text would do as they like with the terminal. */
static void print_plain(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        putchar((unsigned char)text[i] < ' ' || text[i] == 127 ? ' ' : text[i]);
    }
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
    print_plain(r->query, r->query_len);
    putchar('\n');
    if (r->n_spans > 0) {
        printf("\n   ");
        print_padded("span", spans);
        printf("  tag    weight\n");
    }
    for (size_t i = 0; i < r->n_spans; i++) {
        printf("   ");
        print_padded(r->spans[i].text, spans);
        printf("  %-5s  %6g\n", r->spans[i].tag, r->spans[i].weight);
    }
    if (r->fell_back) {
        printf("   (no span has a weight: by sentence similarity)\n");
    }
    for (size_t d = 0; d < r->n_demonstrations; d++) {
        printf("\n%2zu %.4f  %s  ", d + 1, r->demonstrations[d].score, r->demonstrations[d].id);
        print_plain(r->demonstrations[d].text, strlen(r->demonstrations[d].text));
        putchar('\n');
        for (size_t i = 0; i < r->n_spans && r->demonstrations[d].matches != NULL; i++) {
            const struct el_hit_match *match = &r->demonstrations[d].matches[i];
            printf("   ");
            print_padded(r->spans[i].text, spans);
            printf("  ");
            print_padded(match->found ? match->with : "-", with);
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

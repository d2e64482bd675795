#include "serving/choices.h"

#include "base/buffer.h"
#include "base/json.h"
#include "serving/logprobs.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What ends a written choice: the quote in JSON, the separator else. "" = the end of the answer. */
static const char *end_of_choice(const struct el_constraint *c) {
    return c->open == NULL ? "\"" : c->separator;
}

/* Where the type of span `item` begins in the text, after what is written before it; the search
 * begins at *at, which is moved. SIZE_MAX if the span is not there. */
static size_t find_value(const struct el_constraint *c, const struct el_told *a, size_t item,
                         struct el_buffer *key, size_t *at) {
    bool json = c->open == NULL;
    el_buffer_clear(key);
    if (c->begun != NULL) {
        size_t len = strlen(c->begun);
        return strncmp(a->text.data, c->begun, len) == 0 ? len : 0;
    }
    if (json) {
        el_json_string(key, c->spans[item], strlen(c->spans[item]));
    } else {
        el_buffer_string(key, c->spans[item]);
        el_buffer_string(key, c->is);
    }
    const char *text = a->text.data;
    const char *found = key->failed ? NULL : strstr(text + *at, key->data);
    if (found == NULL) {
        return SIZE_MAX;
    }
    const char *value = found + key->len;
    value += strspn(value, " \n\t");
    if (json) {
        if (*value != ':') {
            return SIZE_MAX;
        }
        value += 1 + strspn(value + 1, " \n\t");
        if (*value != '"') {
            return SIZE_MAX;
        }
        value++;
    }
    *at = (size_t)(value - text);
    return *at;
}

/* The choices as they are written, each with its end. */
struct written {
    struct el_buffer text;
    size_t *starts;
};

static const char *choice_text(const struct written *w, size_t choice) {
    return w->text.data + w->starts[choice];
}

static bool write_choices(const struct el_constraint *c, struct written *w) {
    w->starts = calloc(c->n_choices, sizeof *w->starts);
    for (size_t i = 0; w->starts != NULL && i < c->n_choices; i++) {
        struct el_buffer quoted = {0};
        el_json_string(&quoted, c->choices[i], strlen(c->choices[i]));
        w->starts[i] = w->text.len;
        if (c->open != NULL) {
            el_buffer_string(&w->text, c->choices[i]);
        } else if (!quoted.failed) {
            el_buffer_append(&w->text, quoted.data + 1, quoted.len - 2);
        }
        el_buffer_string(&w->text, end_of_choice(c));
        el_buffer_append(&w->text, "", 1);
        w->text.failed = w->text.failed || quoted.failed;
        el_buffer_free(&quoted);
    }
    return w->starts != NULL && !w->text.failed;
}

/* Could `rest` be the next piece of a choice of which `left` is still to be written? It may go
 * beyond the choice's end. */
static bool continues(const char *left, const char *rest) {
    size_t n = strlen(left), m = strlen(rest);
    return m > 0 && n > 0 && strncmp(left, rest, n < m ? n : m) == 0;
}

/* One step of the walk: the token at `t`, of which `before` bytes are no part of the choice. The
 * choices in `open` have `done` bytes written. Their shares of the token's alternatives go into
 * `share`, those that the token itself leaves open stay in `open`; returns the share of the token.
 */
static double step(const struct written *w, size_t n_choices, json_t *token, size_t before,
                   size_t done, bool *open, double *share) {
    const char *taken = el_told_text(token);
    double total = 0, own = 0;
    bool seen = false;
    json_t *list = el_told_alternatives(token);
    size_t n = json_array_size(list);
    memset(share, 0, n_choices * sizeof *share);
    for (size_t i = 0; i <= n; i++) { /* the token itself last, if the list lacks it */
        json_t *one = i < n ? json_array_get(list, i) : token;
        const char *text = el_told_text(one);
        bool self = strcmp(text, taken) == 0;
        if ((i == n && seen) || strncmp(text, taken, before) != 0 || strlen(text) < before) {
            continue;
        }
        seen = seen || self;
        double p = el_told_probability(one);
        size_t fits = 0;
        for (size_t k = 0; k < n_choices; k++) {
            fits += open[k] && continues(choice_text(w, k) + done, text + before);
        }
        for (size_t k = 0; !self && k < n_choices; k++) {
            if (open[k] && continues(choice_text(w, k) + done, text + before)) {
                share[k] += p / (double)fits;
            }
        }
        own += self && fits > 0 ? p : 0;
        total += fits > 0 ? p : 0;
    }
    for (size_t k = 0; k < n_choices; k++) {
        share[k] = total > 0 ? share[k] / total : 0;
        open[k] = open[k] && continues(choice_text(w, k) + done, taken + before);
    }
    return total > 0 ? own / total : 1;
}

/* Fill the row of a type that begins at byte `at`. False if it is none of the choices. */
static bool fill_row(const struct written *w, size_t n_choices, const struct el_told *a, size_t at,
                     bool *open, double *share, float *row) {
    size_t t = 0, n_open = n_choices;
    while (t < a->count && a->starts[t + 1] <= at) {
        t++;
    }
    double branch = 1;
    for (size_t k = 0; k < n_choices; k++) {
        open[k] = true;
        row[k] = 0;
    }
    for (; t < a->count && n_open > 1; t++) {
        size_t before = at > a->starts[t] ? at - a->starts[t] : 0;
        size_t done = a->starts[t] > at ? a->starts[t] - at : 0;
        if (a->starts[t + 1] == a->starts[t]) {
            continue; /* an empty token, such as the half of a character */
        }
        double own = step(w, n_choices, json_array_get(a->tokens, t), before, done, open, share);
        n_open = 0;
        for (size_t k = 0; k < n_choices; k++) {
            row[k] += (float)(branch * share[k]);
            n_open += open[k];
        }
        branch *= own;
    }
    for (size_t k = 0; k < n_choices && n_open > 0; k++) {
        row[k] += open[k] ? (float)(branch / (double)n_open) : 0;
    }
    return n_open > 0;
}

const char *el_choice_of(const struct el_constraint *c, const char *rest, bool cut) {
    size_t len = strcspn(rest, "\"");
    bool ended = rest[len] == '"' || !cut;
    const char *found = NULL;
    for (size_t i = 0; i < c->n_choices && len > 0; i++) {
        const char *choice = c->choices[i];
        if (strncmp(choice, rest, len) != 0 || (ended && choice[len] != '\0')) {
            continue;
        }
        if (found != NULL) {
            return NULL;
        }
        found = choice;
    }
    return found;
}

bool el_choice_probabilities(const struct el_constraint *c, json_t *tokens, float *out, bool *any) {
    struct el_told a;
    struct written w = {0};
    struct el_buffer key = {0};
    bool *open = calloc(c->n_choices + 1, sizeof *open);
    double *share = calloc(c->n_choices + 1, sizeof *share);
    bool ok = el_told_open(tokens, &a) && write_choices(c, &w) && open != NULL && share != NULL;
    size_t at = 0;
    *any = false;
    for (size_t i = 0; ok && i < c->n_items; i++) {
        float *row = out + i * c->n_choices;
        size_t value = find_value(c, &a, i, &key, &at);
        bool told = value != SIZE_MAX && fill_row(&w, c->n_choices, &a, value, open, share, row);
        for (size_t k = 0; !told && k < c->n_choices; k++) {
            row[k] = NAN;
        }
        *any = *any || told;
    }
    ok = ok && !key.failed;
    el_buffer_free(&key);
    el_buffer_free(&w.text);
    free(w.starts);
    free(open);
    free(share);
    el_told_close(&a);
    return ok;
}

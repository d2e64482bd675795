#include "serving/listed.h"

#include "base/ascii.h"
#include "serving/logprobs.h"

#include <stdlib.h>
#include <string.h>

/* The next string at `at` or later: *end is behind its closing quote. False if no whole one is
 * left. */
static bool next_string(const char *text, size_t at, size_t *end) {
    const char *open = strchr(text + at, '"');
    for (const char *c = open != NULL ? open + 1 : ""; *c != '\0'; c++) {
        if (*c == '\\' && c[1] != '\0') {
            c++;
        } else if (*c == '"') {
            *end = (size_t)(c + 1 - text);
            return true;
        }
    }
    return false;
}

/* Does it write what `own` does, as far as the item goes, which has `left` bytes of `rest` left? It
 * may write more of it. Models would rather write names with capital letters, where the grammar
 * holds them to the sentence's small ones: case does not count. */
static bool writes(const char *text, const char *own, const char *rest, size_t left) {
    size_t len = strlen(text), least = strlen(own);
    least = least < left ? least : left;
    return len > 0 && len >= least && el_ascii_begins(text, rest, len < left ? len : left);
}

/* What writes the same in another token counts as well. */
static double token_probability(const struct el_told *told, size_t t, size_t end) {
    json_t *token = json_array_get(told->tokens, t), *list = el_told_alternatives(token), *one;
    const char *own = el_told_text(token), *rest = told->text.data + told->starts[t];
    double sum = el_told_probability(token);
    size_t i;
    json_array_foreach(list, i, one) {
        const char *text = el_told_text(one);
        if (strcmp(text, own) != 0 && writes(text, own, rest, end - told->starts[t])) {
            sum += el_told_probability(one);
        }
    }
    return sum < 1 ? sum : 1;
}

/* Of the tokens that write from `from` to `end`, which is behind a closing quote or mark. */
static double probability(const struct el_told *told, size_t from, size_t end) {
    double p = 1;
    for (size_t t = 0; t < told->count && told->starts[t] < end; t++) {
        p *= told->starts[t + 1] > from ? token_probability(told, t, end) : 1;
    }
    return p;
}

static bool add(float **out, size_t *n, double p) {
    float *more = realloc(*out, (*n + 1) * sizeof **out);
    if (more == NULL) {
        return false;
    }
    *out = more;
    more[(*n)++] = (float)p;
    return true;
}

static bool strings(const struct el_told *told, float **out, size_t *n) {
    bool ok = true;
    for (size_t from = 0, end; ok && next_string(told->text.data, from, &end); from = end) {
        ok = add(out, n, probability(told, from, end));
    }
    return ok;
}

static bool marks(const struct el_constraint *c, const struct el_told *told, float **out,
                  size_t *n) {
    enum { DEEPEST = 16 };
    struct {
        size_t item, start;
    } opened[DEEPEST];
    size_t depth = 0, open = strlen(c->open), close = strlen(c->close);
    for (const char *at = told->text.data; *at != '\0'; at++) {
        size_t start = (size_t)(at - told->text.data);
        if (strncmp(at, c->open, open) == 0 && depth < DEEPEST) {
            opened[depth].item = *n;
            opened[depth++].start = start;
            if (!add(out, n, 0)) {
                return false;
            }
        } else if (strncmp(at, c->close, close) == 0 && depth > 0) {
            depth--;
            (*out)[opened[depth].item] =
                (float)probability(told, opened[depth].start, start + close);
        }
    }
    return true;
}

bool el_list_probabilities(const struct el_constraint *c, json_t *tokens, float **out, size_t *n) {
    struct el_told told;
    *out = NULL;
    *n = 0;
    bool ok = el_told_open(tokens, &told) &&
              (c->open == NULL ? strings(&told, out, n) : marks(c, &told, out, n));
    if (!ok) {
        free(*out);
        *out = NULL;
        *n = 0;
    }
    el_told_close(&told);
    return ok;
}

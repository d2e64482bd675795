#include "serving/listed.h"

#include "base/ascii.h"
#include "serving/logprobs.h"

#include <stdlib.h>
#include <string.h>

/* A part of the answer. */
struct written {
    const char *text;
    size_t len;
};

/* The next string at `at` or later: *begin is behind its opening quote, *end behind its closing
 * one. False if no whole one is left. */
static bool next_string(const char *text, size_t at, size_t *begin, size_t *end) {
    const char *open = strchr(text + at, '"');
    for (const char *c = open != NULL ? open + 1 : ""; *c != '\0'; c++) {
        if (*c == '\\' && c[1] != '\0') {
            c++;
        } else if (*c == '"') {
            *begin = (size_t)(open + 1 - text);
            *end = (size_t)(c + 1 - text);
            return true;
        }
    }
    return false;
}

static bool alphanumeric(char c) {
    return el_ascii_letter(c) || el_ascii_digit(c);
}

/* No word of a script that separates words goes on here. */
static bool is_border(const char *sentence, const char *at) {
    return at == sentence || !alphanumeric(at[-1]) || !alphanumeric(*at);
}

/* Does the sentence go on at `at` as the item does: with what is `begun` of it and then `text`, up
 * to a closing quote? */
static bool follows(const char *sentence, const char *at, struct written begun, const char *text) {
    size_t n = begun.len + strlen(text);
    for (size_t i = 0; i < n; i++, at++) {
        char c = i < begun.len ? begun.text[i] : text[i - begun.len];
        if (c == '"') {
            return is_border(sentence, at);
        }
        if (c == '\\' && ++i < n) {
            c = i < begun.len ? begun.text[i] : text[i - begun.len];
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        if (*at == '\0' || el_ascii_lower(*at) != el_ascii_lower(c)) {
            return false;
        }
    }
    return true;
}

/* Could a span of the sentence go on so? */
static bool is_possible(const char *sentence, struct written begun, const char *text) {
    bool found = false;
    for (const char *at = sentence; !found && *at != '\0'; at++) {
        found = is_border(sentence, at) && follows(sentence, at, begun, text);
    }
    return found;
}

/* Does it write what `own` does, as far as the item goes, which has `left` bytes of `rest` left? It
 * may write more of it. Models would rather write names with capital letters, where the grammar
 * holds them to the sentence's small ones: case does not count. */
static bool writes(const char *text, const char *own, const char *rest, size_t left) {
    size_t len = strlen(text), least = strlen(own);
    least = least < left ? least : left;
    return len > 0 && len >= least && el_ascii_begins(text, rest, len < left ? len : left);
}

/* Of an item: the tokens that write from `from` to `end`, which is behind a closing quote or mark.
 */
struct item {
    const char *sentence; /* its spans are what can be written from `begin` on; NULL = anything */
    size_t from, begin, end;
};

/* What writes the same in another token counts as well. Within an item only what spans of the
 * sentence allow is weighed: a name that the model would have misspelt is meant all the same. */
static double token_probability(const struct el_told *told, size_t t, const struct item *item) {
    json_t *token = json_array_get(told->tokens, t), *list = el_told_alternatives(token), *one;
    const char *own = el_told_text(token), *answer = told->text.data;
    size_t start = told->starts[t], i;
    double same = el_told_probability(token), all = same;
    bool within = item->sentence != NULL && start >= item->begin;
    json_array_foreach(list, i, one) {
        const char *text = el_told_text(one);
        double p = strcmp(text, own) != 0 ? el_told_probability(one) : 0;
        struct written begun = {answer + item->begin, within ? start - item->begin : 0};
        same += writes(text, own, answer + start, item->end - start) ? p : 0;
        all += within && is_possible(item->sentence, begun, text) ? p : 0;
    }
    all = within ? all : 1;
    return all <= 0 ? 0 : same < all ? same / all : 1;
}

static double probability(const struct el_told *told, const struct item *item) {
    double p = 1;
    for (size_t t = 0; t < told->count && told->starts[t] < item->end; t++) {
        p *= told->starts[t + 1] > item->from ? token_probability(told, t, item) : 1;
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

static bool strings(const struct el_constraint *c, const struct el_told *told, float **out,
                    size_t *n) {
    struct item item = {.sentence = c->text};
    bool ok = true;
    for (; ok && next_string(told->text.data, item.from, &item.begin, &item.end);
         item.from = item.end) {
        ok = add(out, n, probability(told, &item));
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
            struct item item = {.from = opened[depth].start, .end = start + close};
            (*out)[opened[depth].item] = (float)probability(told, &item);
        }
    }
    return true;
}

bool el_list_probabilities(const struct el_constraint *c, json_t *tokens, float **out, size_t *n) {
    struct el_told told;
    *out = NULL;
    *n = 0;
    bool ok = el_told_open(tokens, &told) &&
              (c->open == NULL ? strings(c, &told, out, n) : marks(c, &told, out, n));
    if (!ok) {
        free(*out);
        *out = NULL;
        *n = 0;
    }
    el_told_close(&told);
    return ok;
}

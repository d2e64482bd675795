/* How probable "yes" is, from the alternatives of the answer's first token: all spellings of both
 * words count, " Yes" as well as "YES" or "**yes". */
#include "base/ascii.h"
#include "serving/api_private.h"
#include "serving/logprobs.h"

#include <math.h>
#include <string.h>

/* White space, SentencePiece's mark for it, quotes, and the markup that models put around a word.
 */
static size_t padding_at(const char *text, size_t len) {
    static const char *const pads[] = {"\u2581", "\u0120", "\u010a", "\u201c", "\u201d",
                                       "\u2018", "\u2019", "\u00a0", "\u3000"};
    for (size_t i = 0; i < sizeof pads / sizeof *pads; i++) {
        size_t n = strlen(pads[i]);
        if (n <= len && memcmp(text, pads[i], n) == 0) {
            return n;
        }
    }
    return len > 0 && text[0] != '\0' && strchr(" \t\r\n*_`\"'#>([{-", text[0]) != NULL;
}

struct token {
    const char *text;
    size_t len;
};

static struct token bare(const char *text) {
    struct token token = {text, strlen(text)};
    for (size_t n; (n = padding_at(token.text, token.len)) > 0;) {
        token.text += n;
        token.len -= n;
    }
    while (token.len > 0 && strchr(" \t\r\n*_`\"'.,:;!)]}", token.text[token.len - 1]) != NULL) {
        token.len--;
    }
    return token;
}

/* Is the token the word, or its beginning? */
static bool says(struct token token, const char *word) {
    return token.len > 0 && token.len <= strlen(word) &&
           el_ascii_begins(token.text, word, token.len);
}

struct weights {
    const char *yes, *no;
    double p_yes, p_no;
    const char *likeliest; /* token */
    double most;
};

static void weigh(struct weights *w, const char *text, double probability) {
    if (text == NULL || !(probability >= 0 && probability <= 1.000001)) {
        return;
    }
    if (probability > w->most) {
        w->most = probability;
        w->likeliest = text;
    }
    struct token token = bare(text);
    bool yes = says(token, w->yes), no = says(token, w->no);
    if (yes && !no) {
        w->p_yes += probability;
    } else if (no && !yes) {
        w->p_no += probability;
    }
}

/* {token, logprob}; llama-server also {token, prob} and the older {tok_str, prob}. */
static void weigh_item(struct weights *w, json_t *item) {
    const char *token = el_reply_text(item, "token");
    weigh(w, token != NULL ? token : el_reply_text(item, "tok_str"), el_told_probability(item));
}

/* OpenAI's completions: an object token -> logprob. */
static void weigh_object(struct weights *w, json_t *object) {
    const char *token;
    json_t *logprob;
    json_object_foreach(object, token, logprob) {
        if (json_is_number(logprob)) {
            weigh(w, token, exp(json_number_value(logprob)));
        }
    }
}

/* The token that was written; NULL where only alternatives are told. */
static const char *written(json_t *token) {
    const char *text = el_reply_text(token, "token");
    return text != NULL ? text : el_reply_text(token, "content");
}

/* Without alternatives, what the token has not is taken for the other word's. That much is known
 * if it has most of it. */
static double from_one(struct weights *w) {
    return w->p_yes >= 0.5 ? w->p_yes : w->p_no >= 0.5 ? 1 - w->p_no : NAN;
}

double el_probability_of_yes(const struct el_call *call, json_t *tokens) {
    enum { FAR = 8 };               /* tokens of white space and markup */
    const double too_little = 0.01; /* for both words: the answer begins otherwise */
    const struct el_constraint *c = &call->constraint;
    bool own = c->kind == EL_YES_NO && c->n_choices == 2;
    for (size_t i = 0; i < json_array_size(tokens) && i < FAR; i++) {
        struct weights w = {.yes = own ? c->choices[0] : "yes", .no = own ? c->choices[1] : "no"};
        json_t *token = json_array_get(tokens, i), *list = el_told_alternatives(token), *item;
        size_t k;
        json_array_foreach(list, k, item) {
            weigh_item(&w, item);
        }
        const char *text = written(token);
        if (list == NULL && text != NULL) {
            weigh_item(&w, token);
        } else if (list == NULL) {
            weigh_object(&w, token);
        }
        text = text != NULL ? text : w.likeliest;
        if (text == NULL || bare(text).len == 0) {
            continue;
        }
        if (list == NULL && written(token) != NULL) {
            return from_one(&w);
        }
        double both = w.p_yes + w.p_no;
        return both > too_little ? w.p_yes / both : NAN;
    }
    return NAN;
}

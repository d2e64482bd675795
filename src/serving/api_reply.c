/* The parts of which replies are read: every field's type is checked. */
#include "serving/api_private.h"

#include "base/ascii.h"
#include "serving/choices.h"
#include "serving/listed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *el_reply_text(json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

long el_reply_count(json_t *object, const char *name) {
    json_t *value = json_object_get(object, name);
    double n = json_is_number(value) ? json_number_value(value) : -1;
    return n >= 0 && n < 1e15 ? (long)n : -1;
}

bool el_keep_shares(const struct el_call *call, json_t *tokens, struct el_api_answer *answer) {
    const struct el_constraint *c = &call->constraint;
    size_t n = c->n_items * c->n_choices;
    if (!call->want_shares || !json_is_array(tokens)) {
        return true;
    }
    if (c->kind == EL_LIST_OF_SPANS) {
        return el_list_probabilities(c, tokens, &answer->shares, &answer->n_shares);
    }
    if (c->kind != EL_LIST_OF_TYPES || n == 0) {
        return true;
    }
    bool any = false;
    answer->n_shares = n;
    answer->shares = malloc(n * sizeof *answer->shares);
    if (answer->shares == NULL || !el_choice_probabilities(c, tokens, answer->shares, &any)) {
        return false;
    }
    if (!any) {
        free(answer->shares);
        answer->shares = NULL;
        answer->n_shares = 0;
    }
    return true;
}

bool el_keep_text(struct el_api_answer *answer, const char *text, size_t len) {
    answer->text = malloc(len + 1);
    if (answer->text == NULL) {
        return false;
    }
    size_t kept = 0;
    for (size_t i = 0; i < len; i++) { /* a NUL inside would end the text for every reader */
        if (text[i] != '\0') {
            answer->text[kept++] = text[i];
        }
    }
    answer->text[kept] = '\0';
    answer->text_len = kept;
    return true;
}

bool el_keep_json_text(struct el_api_answer *answer, json_t *value) {
    return el_keep_text(answer, json_string_value(value), json_string_length(value));
}

/* White space, and the fence of a code block at the end. */
static size_t trimmed(const char *text, size_t len) {
    while (len > 0 && strchr(" \t\r\n`", text[len - 1]) != NULL) {
        len--;
    }
    return len;
}

/* The last line that begins with a bracket, if a bracket ends the text. */
static const char *json_at_end(const char *text, size_t len) {
    if (len == 0 || strchr("]}", text[len - 1]) == NULL) {
        return NULL;
    }
    for (const char *at = text + len - 1; at >= text; at--) {
        if ((*at == '[' || *at == '{') && (at == text || at[-1] == '\n')) {
            return at;
        }
    }
    return NULL;
}

bool el_keep_thoughts(struct el_api_answer *answer, json_t *thoughts) {
    static const char open[] = "<think>", close[] = "</think>";
    const char *text = json_string_value(thoughts);
    size_t len = json_string_length(thoughts);
    const char *behind = memmem(text, len, close, sizeof close - 1);
    const char *from = behind != NULL ? behind + sizeof close - 1 : text, *end = text + len;
    while (from < end && strchr(" \t\r\n", *from) != NULL) {
        from++;
    }
    size_t rest = trimmed(from, (size_t)(end - from));
    bool word = rest > 0 && rest < 40;
    for (size_t i = 0; i < rest && word; i++) {
        word = strchr(" \t\r\n", from[i]) == NULL;
    }
    const char *json = json_at_end(from, rest);
    if (!answer->cut && (behind != NULL || word || json != NULL)) {
        from = behind == NULL && json != NULL ? json : from;
        return el_keep_text(answer, from, (size_t)(end - from));
    }
    struct el_buffer marked = {0};
    el_buffer_string(&marked, open);
    el_buffer_append(&marked, text, len);
    bool ok = !marked.failed && el_keep_text(answer, marked.data, marked.len);
    el_buffer_free(&marked);
    return ok;
}

void el_read_usage(json_t *root, struct el_api_answer *answer) {
    json_t *usage = json_object_get(root, "usage");
    json_t *details = json_object_get(usage, "prompt_tokens_details");
    answer->prompt_tokens = el_reply_count(usage, "prompt_tokens");
    answer->answer_tokens = el_reply_count(usage, "completion_tokens");
    answer->cached_tokens = el_reply_count(details, "cached_tokens");
    if (answer->cached_tokens < 0) {
        answer->cached_tokens = el_reply_count(json_object_get(root, "timings"), "cache_n");
    }
}

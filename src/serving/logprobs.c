#include "serving/logprobs.h"

#include <math.h>
#include <stdlib.h>

const char *el_told_text(json_t *token) {
    const char *text = json_string_value(json_object_get(token, "token"));
    text = text != NULL ? text : json_string_value(json_object_get(token, "tok_str"));
    return text != NULL ? text : "";
}

double el_told_probability(json_t *token) {
    json_t *logprob = json_object_get(token, "logprob");
    double p = json_is_number(logprob) ? exp(json_number_value(logprob))
                                       : json_number_value(json_object_get(token, "prob"));
    return p >= 0 && p <= 1.000001 ? p : 0;
}

json_t *el_told_alternatives(json_t *token) {
    static const char *const names[] = {"top_logprobs", "top_probs", "probs"};
    json_t *list = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && json_array_size(list) == 0; i++) {
        list = json_object_get(token, names[i]);
    }
    return json_array_size(list) > 0 ? list : NULL;
}

bool el_told_open(json_t *tokens, struct el_told *told) {
    *told = (struct el_told){.tokens = tokens, .count = json_array_size(tokens)};
    told->starts = calloc(told->count + 1, sizeof *told->starts);
    el_buffer_string(&told->text, "");
    for (size_t i = 0; told->starts != NULL && i < told->count; i++) {
        told->starts[i] = told->text.len;
        el_buffer_string(&told->text, el_told_text(json_array_get(tokens, i)));
    }
    if (told->starts != NULL) {
        told->starts[told->count] = told->text.len;
    }
    return told->starts != NULL && !told->text.failed;
}

void el_told_close(struct el_told *told) {
    free(told->starts);
    el_buffer_free(&told->text);
}

/* Reply bodies of all APIs, and their error bodies. The first byte chooses the API. */
#include "base/text.h"
#include "serving/api.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const words[] = {"yes", "no"};
    struct el_call call = {
        .want_yes_probability = true,
        .constraint = {.kind = EL_YES_NO, .choices = words, .n_choices = 2},
    };
    struct el_api_answer answer;
    char why[128];
    bool context;
    if (size == 0) {
        return 0;
    }
    const char *body = (const char *)data + 1;
    enum el_api api = (enum el_api)(EL_API_AUTO + 1 + data[0] % (EL_API_EMBEDDINGS - 1));
    if (el_api_read(api, &call, body, size - 1, &answer, why, sizeof why)) {
        if (strlen(answer.text) != answer.text_len ||
            el_utf8_valid_prefix(answer.text, answer.text_len) != answer.text_len ||
            answer.yes_probability < 0 || answer.yes_probability > 1) {
            abort();
        }
        free(answer.text);
    }
    el_api_read_error(body, size - 1, why, sizeof why, &context);
    if (el_utf8_valid_prefix(why, strlen(why)) != strlen(why)) {
        abort();
    }
    struct el_adaptation adaptation = {0};
    const char *sent = "{\"max_tokens\":1,\"seed\":0,\"logprobs\":true,\"top_logprobs\":5}";
    while (el_adapt(&adaptation, NULL, sent, 400, body, size - 1, why, sizeof why)) {
    }
    return 0;
}

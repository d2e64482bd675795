/* libFuzzer: the reply parser and the template renderer. Input: a line of the sentence, a line of
 * spans and types, then the reply; the same bytes serve as a template and as the texts in it. */
#include "base/buffer.h"
#include "base/text.h"
#include "reply/reply.h"
#include "prompt/clean.h"
#include "prompt/render.h"
#include "prompt/template.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *markers[] = {"<|sep|>", "<|mark|>", "<|/mark|>", "<|is|>", "<|end|>", "<think>"},
            *stop[] = {"<|end|>"};

static struct el_prompt_set set_of(bool chat) {
    return (struct el_prompt_set){.name = "fuzz",
                                  .chat = chat,
                                  .form = chat ? EL_ANSWER_JSON : EL_ANSWER_MARKED,
                                  .open = "<|mark|>",
                                  .close = "<|/mark|>",
                                  .is = "<|is|>",
                                  .separator = "<|sep|>",
                                  .yes = "yes",
                                  .no = "no",
                                  .stop = stop,
                                  .n_stop = 1,
                                  .markers = markers,
                                  .n_markers = 6};
}

static void parse_all(const struct el_prompt_set *set, const char *sentence, const char *span,
                      const char *reply, bool cut) {
    struct el_arena arena = {0};
    struct el_strings spans;
    const char *asked[] = {span, "Graz", sentence};
    const struct el_prompt_type types[] = {
        {.name = "person"}, {.name = span}, {.name = "creative work"}};
    int choice[3];
    enum el_readable readable =
        el_parse_spans(&arena, set, reply, strlen(reply), cut, sentence, &spans);
    if (readable == EL_READ_MEMORY || (readable == EL_READ_NOTHING && spans.count > 0)) {
        abort();
    }
    for (size_t i = 0; i < spans.count; i++) {
        if (spans.items[i][0] == '\0' ||
            el_utf8_valid_prefix(spans.items[i], strlen(spans.items[i])) < strlen(spans.items[i])) {
            abort();
        }
    }
    readable = el_parse_types(&arena, set, reply, strlen(reply), cut, asked, 3, types, 3, choice);
    for (size_t i = 0; i < 3; i++) {
        if (choice[i] < -1 || choice[i] > 2) {
            abort();
        }
    }
    el_parse_verdict(set, reply, strlen(reply));
    el_arena_free(&arena);
}

/* No marker of the set may be in a text once it was cleaned. */
static void clean(const struct el_prompt_set *set, const char *text, bool json) {
    struct el_buffer out = {0};
    el_buffer_string(&out, "");
    el_prompt_clean(set, text, json, &out);
    for (size_t i = 0; i < set->n_markers; i++) {
        if (strstr(out.data, set->markers[i]) != NULL) {
            abort();
        }
    }
    el_buffer_free(&out);
}

static void render(const struct el_prompt_set *set, const char *source, const char *text) {
    struct el_template *parsed;
    if (!el_template_parse(source, strlen(source), set->chat, false, "fuzz", &parsed, NULL)) {
        return;
    }
    struct el_arena arena = {0};
    struct el_buffer out = {.limit = 1 << 20};
    struct el_template_message *messages;
    size_t n_messages;
    const struct el_prompt_type types[] = {{.name = "person", .description = text}, {.name = text}};
    const struct el_prompt_span spans[] = {{text, "person"}, {"Graz", NULL}};
    size_t len = strlen(text);
    const struct el_span marks[] = {{0, len}, {0, len / 2}, {len / 3, len}};
    const struct el_prompt_demonstration demonstrations[] = {{text, spans, 2, marks, 3},
                                                             {.text = "a"}};
    const struct el_prompt_data data = {.types = types,
                                        .n_types = 2,
                                        .demonstrations = demonstrations,
                                        .n_demonstrations = 2,
                                        .text = text,
                                        .spans = spans,
                                        .n_spans = 2};
    const struct el_template *only = parsed;
    el_template_render(&only, 1, set, &data, &arena, &out, &messages, &n_messages, NULL);
    el_buffer_free(&out);
    el_arena_free(&arena);
    el_template_free(parsed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct el_arena arena = {0};
    size_t len;
    char *text = el_utf8_replace_invalid(&arena, (const char *)data, size, &len);
    char *first = text != NULL ? memchr(text, '\n', len) : NULL;
    char *second = first != NULL ? strchr(first + 1, '\n') : NULL;
    if (second != NULL && strlen(text) == len) {
        *first = *second = '\0';
        bool cut = size % 2 == 1;
        for (int chat = 0; chat < 2; chat++) {
            struct el_prompt_set set = set_of(chat != 0);
            parse_all(&set, text, first + 1, second + 1, cut);
            clean(&set, second + 1, cut);
            render(&set, second + 1, text);
        }
    }
    el_arena_free(&arena);
    return 0;
}

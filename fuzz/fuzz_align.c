/* libFuzzer: grounding, segmentation and folding; the first line is what is wanted, the rest the
 * text. */
#include "base/text.h"
#include "corpus/align.h"
#include "language/segment.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_spans(const char *text, size_t len, const struct el_span *spans, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bool good = spans[i].start < spans[i].end && spans[i].end <= len &&
                    (i == 0 || spans[i - 1].end <= spans[i].start) &&
                    (text[spans[i].start] & 0xC0) != 0x80 && (text[spans[i].end] & 0xC0) != 0x80;
        if (!good) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct el_arena arena = {0};
    struct el_error err = {0};
    size_t len = 0, folded_len = 0;
    char *text = el_utf8_replace_invalid(&arena, (const char *)data, size, &len);
    char *line_end = text != NULL ? memchr(text, '\n', len) : NULL;
    if (line_end != NULL && el_utf8_valid_prefix(text, len) == len) {
        const char *rest = line_end + 1;
        size_t wanted_len = (size_t)(line_end - text), rest_len = len - wanted_len - 1;
        struct el_alignment alignment;
        struct el_spans spans;
        for (int first = 0; first < 2; first++) {
            if (!el_align(&arena, rest, rest_len, text, wanted_len, first, &alignment) ||
                (alignment.count > 0) != (alignment.how != EL_ALIGNED_NOT)) {
                abort();
            }
            check_spans(rest, rest_len, alignment.spans, alignment.count);
        }
        if (el_segment_sentences(&arena, rest, rest_len, "de", &spans, &err)) {
            check_spans(rest, rest_len, spans.items, spans.count);
        }
        if (el_segment_words(&arena, rest, rest_len, NULL, &spans, &err)) {
            check_spans(rest, rest_len, spans.items, spans.count);
        }
        const char *folded = el_text_fold(&arena, rest, rest_len, true, &folded_len);
        if (folded == NULL || el_utf8_valid_prefix(folded, folded_len) != folded_len) {
            abort();
        }
    }
    el_arena_free(&arena);
    return 0;
}

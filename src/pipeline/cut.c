#include "pipeline/cut.h"

#include "base/array.h"
#include "language/segment.h"
#include "serving/client.h"

#include <string.h>

enum { MOST_BYTES_PER_TOKEN = 16 };

static bool add_piece(struct el_arena *arena, struct el_cuts *pieces, size_t *capacity,
                      struct el_cut piece) {
    if (!EL_ARENA_GROW(arena, pieces->items, *capacity, pieces->count + 1)) {
        return false;
    }
    pieces->items[pieces->count++] = piece;
    return true;
}

/* The last word border at or before `limit`, but past `after`; `limit` itself (moved to a
 * character border) if a single word is longer than a piece. */
static size_t border(const struct el_document *document, const struct el_spans *words, size_t after,
                     size_t limit) {
    size_t low = 0, high = words->count; /* first word that ends past the limit */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (words->items[middle].end > limit) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    if (low > 0 && words->items[low - 1].end > after) {
        return words->items[low - 1].end;
    }
    while (limit > after + 1 && ((unsigned char)document->text[limit] & 0xC0) == 0x80) {
        limit--;
    }
    return limit;
}

/* The farthest end such that the text from `start` stays within both limits. */
static size_t reach(const struct el_document *document, size_t start, size_t end, size_t max_tokens,
                    size_t max_bytes) {
    size_t length = end - start;
    if (max_bytes == 0 && max_tokens > 0) {
        max_bytes = max_tokens * MOST_BYTES_PER_TOKEN; /* bounds the work of the loop below */
    }
    if (max_bytes > 0 && length > max_bytes) {
        length = max_bytes;
    }
    while (max_tokens > 0 && length > 1 &&
           el_estimate_tokens(document->text + start, length) > max_tokens) {
        length -= (length + 7) / 8;
    }
    return start + length;
}

static bool cut_sentence(struct el_arena *arena, const struct el_document *document,
                         const char *lang, struct el_span sentence, size_t max_tokens,
                         size_t max_bytes, struct el_cuts *pieces, size_t *capacity,
                         struct el_error *err) {
    size_t far = reach(document, sentence.start, sentence.end, max_tokens, max_bytes);
    if (far >= sentence.end) {
        struct el_cut whole = {sentence, sentence};
        return add_piece(arena, pieces, capacity, whole) || el_fail_memory(err);
    }
    struct el_spans words;
    if (!el_segment_words(arena, document->text + sentence.start, sentence.end - sentence.start,
                          lang, &words, err)) {
        return false;
    }
    for (size_t i = 0; i < words.count; i++) {
        words.items[i].start += sentence.start;
        words.items[i].end += sentence.start;
    }
    size_t start = sentence.start, keep = sentence.start;
    for (;;) {
        far = reach(document, start, sentence.end, max_tokens, max_bytes);
        if (far >= sentence.end) {
            struct el_cut last = {{start, sentence.end}, {keep, sentence.end}};
            return add_piece(arena, pieces, capacity, last) || el_fail_memory(err);
        }
        size_t end = border(document, &words, start, far);
        size_t next = border(document, &words, start, end - (end - start) / 4);
        next = next < end ? next : end;
        size_t middle = next + (end - next) / 2;
        struct el_cut piece = {{start, end}, {keep, middle}};
        if (!add_piece(arena, pieces, capacity, piece)) {
            return el_fail_memory(err);
        }
        keep = middle;
        start = next;
        while (start < middle && document->text[start] == ' ') {
            start++;
        }
    }
}

bool el_cut_document(struct el_arena *arena, const struct el_document *document, const char *lang,
                     size_t max_tokens, size_t max_bytes, struct el_cuts *pieces,
                     struct el_error *err) {
    *pieces = (struct el_cuts){0};
    size_t capacity = 0;
    struct el_span whole = {0, document->text_len};
    struct el_spans sentences = {&whole, document->text_len > 0};
    bool cut_already = document->sentence_per_document || document->n_tokens > 0;
    if (!cut_already &&
        !el_segment_sentences(arena, document->text, document->text_len, lang, &sentences, err)) {
        return false;
    }
    for (size_t i = 0; i < sentences.count; i++) {
        if (!cut_sentence(arena, document, lang, sentences.items[i], max_tokens, max_bytes, pieces,
                          &capacity, err)) {
            return false;
        }
    }
    return true;
}

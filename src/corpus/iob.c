#include "corpus/iob.h"

#include <math.h>
#include <string.h>

static bool is_prefix(enum el_scheme scheme, char c) {
    const char *prefixes = scheme == EL_SCHEME_IOB1 || scheme == EL_SCHEME_IOB2 ? "BI" : "BIESLUM";
    return c != '\0' && strchr(prefixes, c) != NULL;
}

bool el_iob_is_valid(const char *tag, size_t len, enum el_scheme scheme) {
    return (len == 1 && tag[0] == 'O') || (len > 2 && tag[1] == '-' && is_prefix(scheme, tag[0]));
}

bool el_iob_refuse(struct el_reader *reader, const char *tag, size_t len, size_t column,
                   struct el_error *err) {
    static const char *const known[] = {[EL_SCHEME_AUTO] = "IOB1, IOB2 or BIOES",
                                        [EL_SCHEME_IOB1] = "IOB1",
                                        [EL_SCHEME_IOB2] = "IOB2",
                                        [EL_SCHEME_BIOES] = "BIOES"};
    struct el_arena scratch = {0};
    el_input_fail(
        &reader->input, reader->input.line, column, err,
        "\"%s\" is not a tag of %s (such as O, B-person, I-person); is it the right column "
        "(--tag-column)?",
        el_excerpt(&scratch, tag, len), known[reader->options.scheme]);
    el_arena_free(&scratch);
    return false;
}

/* ---- Tags to entities ---- */

struct decoder {
    struct el_document *document;
    const struct el_iob_tag *tags;
    bool is_open;
    struct el_entity entity; /* that is open */
    size_t capacity;
};

static bool close_entity(struct decoder *decoder) {
    bool was_open = decoder->is_open;
    decoder->is_open = false;
    return !was_open ||
           el_document_add_entity(decoder->document, &decoder->entity, &decoder->capacity);
}

static bool open_entity(struct decoder *decoder, struct el_span token, const char *type,
                        size_t len) {
    decoder->is_open = true;
    decoder->entity = (struct el_entity){.span = token, .score = NAN};
    decoder->entity.type = el_arena_copy(&decoder->document->arena, type, len);
    return decoder->entity.type != NULL;
}

static bool decode_tag(struct decoder *decoder, size_t number) {
    const char *tag = decoder->tags[number].text;
    size_t len = decoder->tags[number].len;
    struct el_span token = decoder->document->tokens[number];
    if (len < 3) { /* O */
        return close_entity(decoder);
    }
    char prefix = tag[0] == 'U' ? 'S' : tag[0] == 'L' ? 'E' : tag[0] == 'M' ? 'I' : tag[0];
    const char *type = tag + 2, *open_type = decoder->entity.type;
    len -= 2;
    bool goes_on = (prefix == 'I' || prefix == 'E') && decoder->is_open &&
                   strncmp(open_type, type, len) == 0 && open_type[len] == '\0';
    if (goes_on) {
        decoder->entity.span.end = token.end;
    } else if (!close_entity(decoder) || !open_entity(decoder, token, type, len)) {
        return false;
    }
    return (prefix != 'S' && prefix != 'E') || close_entity(decoder);
}

bool el_iob_decode(struct el_document *document, const struct el_iob_tag *tags) {
    struct decoder decoder = {.document = document, .tags = tags};
    for (size_t i = 0; i < document->n_tokens; i++) {
        if (!decode_tag(&decoder, i)) {
            return false;
        }
    }
    document->labelled = true;
    return close_entity(&decoder);
}

bool el_iob_keep(struct el_document *document, const struct el_iob_tag *from) {
    const char **tags = el_arena_array(&document->arena, document->n_tokens, sizeof *tags);
    for (size_t i = 0; tags != NULL && i < document->n_tokens; i++) {
        tags[i] = el_arena_copy(&document->arena, from[i].text, from[i].len);
        if (tags[i] == NULL) {
            return false;
        }
    }
    document->tags = tags;
    return tags != NULL;
}

/* ---- Entities to tags ---- */

static bool fill_tags(struct el_writer *writer, const struct el_document *document,
                      const char *format, const struct el_spans *tokens, struct el_iob2 *tags,
                      struct el_error *err) {
    const struct el_entity *entities;
    size_t count;
    if (!el_writer_flat_entities(writer, document, format, &entities, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        size_t first, end;
        bool exact;
        if (!el_tokens_cover(tokens->items, tokens->count, entities[i].span, &first, &end,
                             &exact)) {
            return el_fail(err, EL_ERR_FORMAT,
                           "document \"%s\": an entity of type %s at byte %zu touches no token, so "
                           "%s cannot hold it; use a format with offsets (jsonl)",
                           document->id, entities[i].type, entities[i].span.start, format);
        }
        writer->widened += !exact;
        if (tags[first].type != NULL && !writer->options.flat) {
            return el_fail(err, EL_ERR_FORMAT,
                           "document \"%s\": two entities share the token \"%s\", which %s "
                           "cannot say; use --flat to keep the first, or a format with offsets "
                           "(jsonl)",
                           document->id,
                           el_excerpt(&writer->scratch, document->text + tokens->items[first].start,
                                      tokens->items[first].end - tokens->items[first].start),
                           format);
        }
        if (tags[first].type != NULL) {
            writer->dropped++;
            continue;
        }
        for (size_t k = first; k < end; k++) {
            tags[k] = (struct el_iob2){entities[i].type, k == first};
        }
    }
    return true;
}

bool el_writer_iob2(struct el_writer *writer, const struct el_document *document,
                    const char *format, struct el_spans *tokens, struct el_iob2 **tags,
                    struct el_error *err) {
    if (!el_writer_tokens(writer, document, tokens, err)) {
        return false;
    }
    *tags = el_arena_array(&writer->scratch, tokens->count, sizeof **tags);
    return *tags != NULL ? fill_tags(writer, document, format, tokens, *tags, err)
                         : el_fail_memory(err);
}

bool el_writer_sentences(struct el_writer *writer, const struct el_document *document,
                         struct el_spans *sentences, struct el_error *err) {
    *sentences = (struct el_spans){0};
    return document->sentence_per_document ||
           el_segment_sentences(&writer->scratch, document->text, document->text_len,
                                document->lang, sentences, err);
}

bool el_sentence_begins(const struct el_spans *sentences, size_t *sentence,
                        const struct el_spans *tokens, const struct el_iob2 *tags, size_t number) {
    bool border = false;
    while (*sentence < sentences->count &&
           tokens->items[number].start >= sentences->items[*sentence].end) {
        ++*sentence;
        border = true;
    }
    return number == 0 || (border && (tags[number].type == NULL || tags[number].begins));
}

void el_append_clean(struct el_buffer *out, const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        el_buffer_char(out, strchr("\t\r\n", text[i]) != NULL ? ' ' : text[i]);
    }
}

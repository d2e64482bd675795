/* First pass: stream the sentences into spools, number their distinct span strings and count
 * n-grams. Second pass (pool_finish.c): with the frequencies known, compute the vectors. */
#include "retrieval/pool_build.h"

#include "base/checksum.h"
#include "language/segment.h"
#include "retrieval/pool_finish.h"

#include <stdlib.h>
#include <string.h>

static const size_t LONGEST_UNCUT = 1000; /* bytes of a document taken as one sentence */

struct labelled {
    struct el_span span;
    const char *type;
};

static void close_builder(struct el_builder *b) {
    el_spool_close(&b->sentences);
    el_spool_close(&b->texts);
    el_spool_close(&b->mentions);
    el_spool_close(&b->words);
    el_output_close(&b->output);
    el_intern_free(&b->strings);
    el_intern_free(&b->types);
    el_ngram_counts_free(&b->counts[0]);
    el_ngram_counts_free(&b->counts[1]);
    free(b->folder);
    free(b);
}

static bool open_builder(const char *output, const struct el_pool_build_options *options,
                         const struct el_pool *base, struct el_builder **builder,
                         struct el_error *err) {
    struct el_builder *b = calloc(1, sizeof *b);
    if (b == NULL) {
        return el_fail_memory(err);
    }
    b->options = options;
    b->base = base;
    b->output.file.fd = -1;
    b->folder = output == NULL ? NULL : el_folder_of(output);
    if (!el_ngram_counts_init(&b->counts[0]) || !el_ngram_counts_init(&b->counts[1]) ||
        (output != NULL && b->folder == NULL)) {
        el_fail_memory(err);
        close_builder(b);
        return false;
    }
    if (!el_output_open(&b->output, output, err) || !el_spool_open(&b->sentences, b->folder, err) ||
        !el_spool_open(&b->texts, b->folder, err) || !el_spool_open(&b->mentions, b->folder, err) ||
        !el_spool_open(&b->words, b->folder, err)) {
        close_builder(b);
        return false;
    }
    *builder = b;
    return true;
}

static bool add_mention(struct el_builder *b, struct el_arena *scratch, const char *text,
                        const struct labelled *labelled, struct el_error *err) {
    size_t len;
    const char *from = text + labelled->span.start;
    char *folded =
        el_text_fold(scratch, from, labelled->span.end - labelled->span.start, false, &len);
    struct el_pool_entity mention = {.span = labelled->span};
    size_t known = b->strings.count;
    if (folded == NULL || !el_intern_put(&b->strings, folded, len, &mention.string) ||
        !el_intern_put(&b->types, labelled->type, strlen(labelled->type), &mention.type)) {
        return el_fail_memory(err);
    }
    if (b->types.count > EL_POOL_MAX_TYPES) {
        return el_fail(err, EL_ERR_FORMAT, "more than %d entity types: are these labels?",
                       EL_POOL_MAX_TYPES);
    }
    if (b->strings.count > known && !el_ngram_count(&b->counts[0], folded, len)) {
        return el_fail_memory(err);
    }
    b->n_mentions++;
    return el_spool_add(&b->mentions, &mention, sizeof mention, err);
}

struct word_sink {
    struct el_spool *spool;
    struct el_error *err;
    uint32_t count;
    bool failed;
};

static void take_word(void *context, uint32_t hash) {
    struct word_sink *sink = context;
    sink->failed = sink->failed || !el_spool_add(sink->spool, &hash, sizeof hash, sink->err);
    sink->count++;
}

static bool add_sentence(struct el_builder *b, const char *id, const char *lang, const char *text,
                         size_t text_len, const struct labelled *labelled, size_t n,
                         struct el_error *err) {
    struct el_arena scratch = {0};
    size_t id_len = strlen(id), lang_len = lang == NULL ? 0 : strlen(lang), folded_len, kept = 0;
    if (text_len > UINT32_MAX / 4 || id_len > UINT32_MAX / 4 || lang_len > UINT32_MAX / 4 ||
        b->n_sentences >= UINT32_MAX - 1) {
        return el_fail(err, EL_ERR_FORMAT, "sentence %s is too long, or the pool too large", id);
    }
    char *folded = el_text_fold(&scratch, text, text_len, false, &folded_len);
    struct word_sink sink = {&b->words, err, 0, false};
    if (folded == NULL || !el_ngram_count(&b->counts[1], text, text_len) ||
        !el_ngram_words(text, text_len, take_word, &sink)) {
        el_arena_free(&scratch);
        return el_fail_memory(err);
    }
    struct el_sentence_record record = {
        .text = b->texts.bytes,
        .mention = b->n_mentions,
        .word = b->words_total,
        .folded = el_checksum(folded, folded_len),
        .id_len = (uint32_t)id_len,
        .lang_len = (uint32_t)lang_len,
        .text_len = (uint32_t)text_len,
        .n_words = sink.count,
    };
    bool fine = !sink.failed;
    for (size_t i = 0; fine && i < n; i++) {
        if (labelled[i].span.start < labelled[i].span.end) {
            fine = add_mention(b, &scratch, text, &labelled[i], err);
            kept++;
        }
    }
    el_arena_free(&scratch);
    record.n_mentions = (uint32_t)kept;
    fine = fine && el_spool_add(&b->texts, id, id_len + 1, err) &&
           el_spool_add(&b->texts, lang == NULL ? "" : lang, lang_len + 1, err) &&
           el_spool_add(&b->texts, text, text_len, err) && el_spool_add(&b->texts, "", 1, err) &&
           el_spool_add(&b->sentences, &record, sizeof record, err);
    b->words_total += sink.count;
    b->n_sentences++;
    return fine;
}

/* The part [from, to) of a document as a sentence of its own. Entities are sorted by start: *next
 * is the first that may belong to it, and then to the part that follows. */
static bool add_part(struct el_builder *b, const struct el_document *d, size_t from, size_t to,
                     size_t part, size_t *next, struct el_error *err) {
    struct el_arena arena = {0};
    size_t first = *next, behind;
    while (first < d->n_entities && d->entities[first].span.start < from) {
        first++;
    }
    for (behind = first; behind < d->n_entities && d->entities[behind].span.start < to;) {
        behind++;
    }
    *next = behind;
    struct labelled *labelled = el_arena_array(&arena, behind - first, sizeof *labelled);
    const char *id = part == 0 ? d->id : el_arena_printf(&arena, "%s#%zu", d->id, part);
    size_t n = 0;
    if (labelled == NULL || id == NULL) {
        el_arena_free(&arena);
        return el_fail_memory(err);
    }
    for (size_t i = first; i < behind; i++) {
        struct el_span span = d->entities[i].span;
        if (span.end <= to) {
            labelled[n++] =
                (struct labelled){{span.start - from, span.end - from}, d->entities[i].type};
        }
    }
    bool fine = add_sentence(b, id, d->lang, d->text + from, to - from, labelled, n, err);
    el_arena_free(&arena);
    return fine;
}

/* Sentences that an entity crosses are one sentence. */
static size_t join_crossed(const struct el_document *d, struct el_span *items, size_t count) {
    size_t kept = 0, next = 0, farthest = 0; /* end of those that begin before items[i] */
    for (size_t i = 0; i < count; i++) {
        for (; next < d->n_entities && d->entities[next].span.start < items[i].start; next++) {
            size_t end = d->entities[next].span.end;
            farthest = end > farthest ? end : farthest;
        }
        if (kept > 0 && farthest > items[kept - 1].end) {
            items[kept - 1].end = items[i].end;
        } else {
            items[kept++] = items[i];
        }
    }
    return kept;
}

static bool add_document(struct el_builder *b, const struct el_document *d, struct el_error *err) {
    size_t next = 0;
    if (d->sentence_per_document ||
        (d->text_len <= LONGEST_UNCUT && memchr(d->text, '\n', d->text_len) == NULL)) {
        return add_part(b, d, 0, d->text_len, 0, &next, err);
    }
    struct el_arena arena = {0};
    struct el_spans sentences = {0};
    bool fine = el_segment_sentences(&arena, d->text, d->text_len, d->lang, &sentences, err);
    size_t count = fine ? join_crossed(d, sentences.items, sentences.count) : 0;
    for (size_t i = 0; fine && i < count; i++) {
        fine = add_part(b, d, sentences.items[i].start, sentences.items[i].end, i + 1, &next, err);
    }
    el_arena_free(&arena);
    return fine;
}

static void report(struct el_builder *b, const struct el_reader *reader) {
    uint64_t done = 0, total = 0;
    if (b->options->progress != NULL) {
        el_reader_progress(reader, &done, &total);
        b->options->progress(b->options->progress_context, b->n_sentences, done, total);
    }
}

static bool add_documents(struct el_builder *b, struct el_reader *reader, const char *name,
                          struct el_error *err) {
    struct el_document *document;
    int got;
    while ((got = el_reader_next(reader, &document, err)) > 0) {
        bool fine = add_document(b, document, err);
        el_document_free(document);
        if (!fine) {
            return el_error_prefix(err, "%s", name);
        }
        if (b->n_sentences % 1024 == 0) {
            report(b, reader);
        }
    }
    report(b, reader);
    return got == 0;
}

static bool read_input(struct el_builder *b, const char *input, struct el_error *err) {
    struct el_reader *reader;
    if (!el_reader_open(input, &b->options->read, &reader, err)) {
        return false;
    }
    bool fine = add_documents(b, reader, input, err);
    el_reader_close(reader);
    return fine;
}

/* The sentences of the pool that is extended, first and in their order, so that its strings keep
 * their numbers. */
static bool add_base(struct el_builder *b, struct el_error *err) {
    const struct el_pool_info *info = el_pool_get_info(b->base);
    for (size_t i = 0; i < info->n_sentences; i++) {
        struct el_pool_sentence s;
        struct el_arena arena = {0};
        if (!el_pool_get(b->base, i, &s, err)) {
            return false;
        }
        struct labelled *labelled = el_arena_array(&arena, s.n_entities, sizeof *labelled);
        for (size_t e = 0; labelled != NULL && e < s.n_entities; e++) {
            labelled[e] = (struct labelled){s.entities[e].span, info->types[s.entities[e].type]};
        }
        bool fine = labelled == NULL ? el_fail_memory(err)
                                     : add_sentence(b, s.id, s.lang, s.text, s.text_len, labelled,
                                                    s.n_entities, err);
        el_arena_free(&arena);
        if (!fine) {
            return false;
        }
    }
    return true;
}

static bool build(const struct el_pool *base, const char *const *inputs, size_t n_inputs,
                  const char *output, const struct el_pool_build_options *options, int *fd,
                  struct el_error *err) {
    static const struct el_pool_build_options none;
    struct el_builder *builder = NULL;
    if (!open_builder(output, options == NULL ? &none : options, base, &builder, err)) {
        return false;
    }
    bool fine = base == NULL || add_base(builder, err);
    for (size_t i = 0; fine && i < n_inputs; i++) {
        fine = read_input(builder, inputs[i], err);
    }
    if (fine && builder->n_mentions == 0) {
        fine = el_fail(err, EL_ERR_FORMAT,
                       "%s: no labelled entity in %zu sentences; a demonstration pool needs JSON "
                       "lines with \"entities\" or CoNLL columns with tags",
                       n_inputs > 0 ? inputs[0] : "pool", (size_t)builder->n_sentences);
    }
    fine = fine && el_builder_finish(builder, fd, err);
    close_builder(builder);
    return fine;
}

bool el_pool_build(const char *const *inputs, size_t n_inputs, const char *output,
                   const struct el_pool_build_options *options, struct el_error *err) {
    return build(NULL, inputs, n_inputs, output, options, NULL, err);
}

bool el_pool_extend(const struct el_pool *base, const char *const *inputs, size_t n_inputs,
                    const char *output, const struct el_pool_build_options *options,
                    struct el_error *err) {
    return build(base, inputs, n_inputs, output, options, NULL, err);
}

bool el_pool_build_in_memory(const char *input, const struct el_pool_build_options *options,
                             int *fd, struct el_error *err) {
    return build(NULL, &input, 1, NULL, options, fd, err);
}

bool el_pool_grow_in_memory(const struct el_pool *base, struct el_reader *more,
                            const struct el_pool_build_options *options, int *fd,
                            struct el_error *err) {
    struct el_builder *builder = NULL;
    *fd = -1;
    if (!open_builder(NULL, options, base, &builder, err)) {
        return false;
    }
    bool fine = (base == NULL || add_base(builder, err)) &&
                add_documents(builder, more, "what was added", err) &&
                (builder->n_mentions == 0 || el_builder_finish(builder, fd, err));
    close_builder(builder);
    return fine;
}

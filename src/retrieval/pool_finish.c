/* Second pass of building: everything that needs to have seen all sentences. */
#include "retrieval/pool_finish.h"

#include "retrieval/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 1024, EMBED_BATCH = 256 };

/* One kind of vector to be computed: of the distinct span strings, or of the sentences. */
struct vector_job {
    struct el_builder *builder;
    bool of_sentences;
    size_t count, dimensions, stride;
    bool want_float, want_small;
    const float *idf;
    const float *known; /* exact rows of the pool that is extended, or NULL */
    size_t n_known;

    /* The batch at hand. */
    size_t first;
    const char **texts;
    float *rows;
    int8_t *small;
    struct el_small_scale *scales;
    bool out_of_memory; /* written by any thread, read after they have ended */
};

static const char *text_of(const struct vector_job *job, size_t i) {
    if (!job->of_sentences) {
        return job->builder->strings.items[i].text;
    }
    const struct el_sentence_record *record =
        (const struct el_sentence_record *)job->builder->sentences.map + i;
    const char *texts = job->builder->texts.map;
    return texts + record->text + record->id_len + 1 + record->lang_len + 1;
}

static size_t length_of(const struct vector_job *job, size_t i) {
    return job->of_sentences
               ? ((const struct el_sentence_record *)job->builder->sentences.map)[i].text_len
               : job->builder->strings.items[i].len;
}

static void one_ngram_vector(void *context, size_t i) {
    struct vector_job *job = context;
    size_t number = job->first + i;
    float *row = job->rows + i * job->stride;
    memset(row, 0, job->stride * sizeof *row);
    if (!el_ngram_vector(job->idf, text_of(job, number), length_of(job, number), row,
                         job->dimensions)) {
        __atomic_store_n(&job->out_of_memory, true, __ATOMIC_RELAXED);
    }
}

static void quantise_one(void *context, size_t i) {
    struct vector_job *job = context;
    job->scales[i] =
        el_quantise(job->rows + i * job->stride, job->stride, job->small + i * job->stride);
}

static bool normalise(float *row, size_t dimensions, const char *text, struct el_error *err) {
    double squares = 0;
    for (size_t i = 0; i < dimensions; i++) {
        squares += (double)row[i] * row[i];
    }
    if (!isfinite(squares)) {
        return el_fail(err, EL_ERR_FORMAT, "the embedding of \"%.60s\" is not finite", text);
    }
    double scale = squares > 0 ? 1 / sqrt(squares) : 0;
    for (size_t i = 0; i < dimensions; i++) {
        row[i] = (float)(row[i] * scale);
    }
    return true;
}

/* `n` rows from the embedding callback, spread out from `dimensions` to `stride`. */
static bool embed(struct vector_job *job, size_t at, size_t n, struct el_error *err) {
    const struct el_pool_build_options *options = job->builder->options;
    float *packed = malloc(n * job->dimensions * sizeof *packed);
    if (packed == NULL) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < n; i++) {
        job->texts[i] = text_of(job, job->first + at + i);
    }
    bool fine = options->embed(options->embed_context, job->texts, n, packed, err);
    for (size_t i = 0; fine && i < n; i++) {
        float *row = job->rows + (at + i) * job->stride;
        memset(row, 0, job->stride * sizeof *row);
        memcpy(row, packed + i * job->dimensions, job->dimensions * sizeof *row);
        fine = normalise(row, job->dimensions, job->texts[i], err);
    }
    free(packed);
    return fine;
}

static bool compute_batch(struct vector_job *job, size_t n, struct el_error *err) {
    size_t threads = el_thread_count(job->builder->options->threads);
    if (job->builder->options->embed != NULL) {
        size_t i = 0;
        for (; i < n && job->first + i < job->n_known; i++) {
            memcpy(job->rows + i * job->stride, job->known + (job->first + i) * job->stride,
                   job->stride * sizeof *job->rows);
        }
        for (; i < n; i += EMBED_BATCH) {
            if (!embed(job, i, n - i < EMBED_BATCH ? n - i : EMBED_BATCH, err)) {
                return false;
            }
        }
    } else {
        el_parallel(threads, n, one_ngram_vector, job);
        if (job->out_of_memory) {
            return el_fail_memory(err);
        }
    }
    if (job->want_small) {
        el_parallel(threads, n, quantise_one, job);
    }
    return true;
}

static bool write_batches(struct vector_job *job, struct el_spool *small, struct el_spool *scales,
                          struct el_error *err) {
    for (job->first = 0; job->first < job->count; job->first += BATCH) {
        size_t n = job->count - job->first < BATCH ? job->count - job->first : BATCH;
        if (!compute_batch(job, n, err) ||
            (job->want_float && !el_output_add(&job->builder->output, job->rows,
                                               n * job->stride * sizeof *job->rows, err)) ||
            (job->want_small &&
             (!el_spool_add(small, job->small, n * job->stride, err) ||
              !el_spool_add(scales, job->scales, n * sizeof *job->scales, err)))) {
            return false;
        }
    }
    return true;
}

/* Exact rows go straight into the output; the 8-bit ones wait in a spool, since they come after.
 */
static bool write_vectors(struct vector_job *job, enum el_section first, struct el_error *err) {
    struct el_builder *b = job->builder;
    struct el_spool small = {0}, scales = {0};
    job->texts = malloc(EMBED_BATCH * sizeof *job->texts);
    job->rows = malloc(BATCH * job->stride * sizeof *job->rows);
    job->small = malloc(BATCH * job->stride);
    job->scales = malloc(BATCH * sizeof *job->scales);
    bool fine =
        job->texts != NULL && job->rows != NULL && job->small != NULL && job->scales != NULL;
    fine = fine || el_fail_memory(err);
    fine = fine && el_spool_open(&small, b->folder, err) &&
           el_spool_open(&scales, b->folder, err) && el_output_section(&b->output, first, err) &&
           write_batches(job, &small, &scales, err) &&
           el_output_spool(&b->output, first + 1, &small, err) &&
           el_output_spool(&b->output, first + 2, &scales, err);
    el_spool_close(&small);
    el_spool_close(&scales);
    free(job->texts);
    free(job->rows);
    free(job->small);
    free(job->scales);
    return fine;
}

static bool write_names(struct el_builder *b, struct el_error *err) {
    const char *name = b->options->embed == NULL        ? "ngram"
                       : b->options->embed_name != NULL ? b->options->embed_name
                                                        : "embedding";
    bool fine = el_output_section(&b->output, EL_SECTION_NAMES, err) &&
                el_output_add(&b->output, name, strlen(name) + 1, err);
    for (size_t i = 0; fine && i < b->types.count; i++) {
        fine = el_output_add(&b->output, b->types.items[i].text, b->types.items[i].len + 1, err);
    }
    return fine;
}

static bool write_spans(struct el_builder *b, struct el_error *err) {
    uint64_t text = 0;
    bool fine = el_output_section(&b->output, EL_SECTION_SPANS, err);
    for (size_t i = 0; fine && i < b->strings.count; i++) {
        const struct el_interned *item = &b->strings.items[i];
        struct el_span_record record = {.text = text, .len = item->len};
        fine = el_output_add(&b->output, &record, sizeof record, err);
        text += item->len + 1;
    }
    fine = fine && el_output_section(&b->output, EL_SECTION_STRINGS, err);
    for (size_t i = 0; fine && i < b->strings.count; i++) {
        fine =
            el_output_add(&b->output, b->strings.items[i].text, b->strings.items[i].len + 1, err);
    }
    return fine;
}

/* Set up sizes and storage; with a base pool, what it has is kept. */
static bool choose_storage(struct el_builder *b, struct vector_job *job, struct el_error *err) {
    const struct el_pool_build_options *options = b->options;
    bool embedded = options->embed != NULL;
    size_t dimensions = options->dimensions != 0 ? options->dimensions : EL_NGRAM_DIMENSIONS;
    enum el_storage storage = options->storage;
    if (b->base != NULL) {
        const struct el_pool_header *header = &b->base->header;
        if (!(header->flags & EL_POOL_NGRAM) && !embedded) {
            return el_fail(err, EL_ERR_CONFIG,
                           "this pool has vectors of %s: adding to it needs that embedding member",
                           b->base->info.vectors);
        }
        dimensions = options->dimensions != 0 ? dimensions : header->dimensions;
        if (storage == EL_STORAGE_AUTO && b->base->spans.small == NULL) {
            storage = EL_STORAGE_FLOAT;
        }
    }
    if (dimensions > EL_POOL_MAX_DIMENSIONS) {
        return el_fail(err, EL_ERR_CONFIG, "vectors of %zu dimensions: at most %d", dimensions,
                       EL_POOL_MAX_DIMENSIONS);
    }
    job->dimensions = dimensions;
    job->stride = (dimensions + EL_VECTOR_ALIGN - 1) / EL_VECTOR_ALIGN * EL_VECTOR_ALIGN;
    job->want_small = storage != EL_STORAGE_FLOAT;
    job->want_float = storage != EL_STORAGE_AUTO || embedded;
    return true;
}

/* Vectors of the same embedding member need not be asked for again. */
static bool take_known(struct vector_job *job, struct el_error *err) {
    const struct el_pool *base = job->builder->base;
    const struct el_pool_build_options *options = job->builder->options;
    const struct el_vector_set *set = NULL;
    job->known = NULL;
    job->n_known = 0;
    if (base != NULL && options->embed != NULL && options->embed_name != NULL) {
        set = job->of_sentences ? &base->sentences : &base->spans;
    }
    if (set == NULL || set->exact == NULL || base->header.stride != job->stride ||
        base->header.dimensions != job->dimensions ||
        !el_pool_same_vectors(base->info.vectors, options->embed_name)) {
        return true;
    }
    enum el_section section = job->of_sentences ? EL_SECTION_SENTENCE_FLOAT : EL_SECTION_SPAN_FLOAT;
    job->known = set->exact;
    job->n_known = set->count;
    return el_pool_ensure(base, section, 0, set->count * job->stride * sizeof(float), err);
}

static bool write_both_vectors(struct el_builder *b, struct vector_job *job, struct el_error *err) {
    bool fine = el_output_section(&b->output, EL_SECTION_IDF, err);
    float *idf = malloc(2 * EL_NGRAM_BUCKETS * sizeof *idf);
    if (idf == NULL) {
        return el_fail_memory(err);
    }
    el_ngram_idf(&b->counts[0], idf);
    el_ngram_idf(&b->counts[1], idf + EL_NGRAM_BUCKETS);
    fine = fine && el_output_add(&b->output, idf, 2 * EL_NGRAM_BUCKETS * sizeof *idf, err);
    job->idf = idf;
    job->count = b->strings.count;
    fine = fine && take_known(job, err) && write_vectors(job, EL_SECTION_SPAN_FLOAT, err);
    job->of_sentences = true;
    job->idf = idf + EL_NGRAM_BUCKETS;
    job->count = b->n_sentences;
    fine = fine && take_known(job, err) && write_vectors(job, EL_SECTION_SENTENCE_FLOAT, err);
    free(idf);
    return fine;
}

bool el_builder_finish(struct el_builder *b, int *fd, struct el_error *err) {
    struct vector_job job = {.builder = b};
    struct el_output *output = &b->output;
    if (!choose_storage(b, &job, err) || !write_names(b, err) ||
        !el_output_spool(output, EL_SECTION_SENTENCES, &b->sentences, err) ||
        !el_output_spool(output, EL_SECTION_TEXTS, &b->texts, err) ||
        !el_output_spool(output, EL_SECTION_MENTIONS, &b->mentions, err) || !write_spans(b, err) ||
        !el_output_spool(output, EL_SECTION_WORDS, &b->words, err) ||
        !write_both_vectors(b, &job, err)) {
        return false;
    }
    struct el_pool_header *header = &output->header;
    header->n_sentences = b->n_sentences;
    header->n_mentions = b->n_mentions;
    header->n_spans = b->strings.count;
    header->dimensions = (uint32_t)job.dimensions;
    header->stride = (uint32_t)job.stride;
    header->n_types = (uint32_t)b->types.count;
    header->flags = b->options->embed == NULL ? EL_POOL_NGRAM : 0;
    header->words_total = b->words_total;
    return el_output_finish(output, fd, err);
}

/* A pool file: mapping, checking, reading records. */
#include "retrieval/pool_map.h"

#include "base/checksum.h"
#include "base/sha256.h"
#include "retrieval/ngram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool damaged(const struct el_pool *pool, struct el_error *err, const char *what) {
    return el_fail(err, EL_ERR_FORMAT,
                   "%s: the pool file is damaged (%s); build it again with el4ner pool build",
                   pool->path, what);
}

const void *el_pool_section(const struct el_pool *pool, enum el_section section) {
    return pool->map + pool->header.sections[section].offset;
}

bool el_pool_ensure(const struct el_pool *pool, enum el_section section, uint64_t at,
                    uint64_t bytes, struct el_error *err) {
    uint64_t size = pool->header.sections[section].bytes;
    if (at > size || bytes > size - at) {
        return damaged(pool, err, "something lies outside of its section");
    }
    if (bytes == 0) {
        return true;
    }
    uint64_t from = pool->header.sections[section].offset + at - EL_POOL_HEADER;
    uint64_t data = pool->header.table_offset - EL_POOL_HEADER;
    for (uint64_t b = from / EL_POOL_BLOCK; b <= (from + bytes - 1) / EL_POOL_BLOCK; b++) {
        if (atomic_load_explicit(&pool->checked[b], memory_order_relaxed) != 0) {
            continue;
        }
        /* Two threads may check the same block: wasteful, and harmless. */
        uint64_t start = b * EL_POOL_BLOCK;
        uint64_t len = data - start < EL_POOL_BLOCK ? data - start : EL_POOL_BLOCK;
        if (el_checksum(pool->map + EL_POOL_HEADER + start, len) != pool->table[b]) {
            char what[64];
            snprintf(what, sizeof what, "checksum of bytes %llu to %llu",
                     (unsigned long long)(start + EL_POOL_HEADER),
                     (unsigned long long)(start + EL_POOL_HEADER + len));
            return damaged(pool, err, what);
        }
        atomic_store_explicit(&pool->checked[b], 1, memory_order_relaxed);
    }
    return true;
}

/* Product without overflow; the factors are bounded by the header check. */
static bool section_holds(const struct el_pool *pool, enum el_section section, uint64_t count,
                          uint64_t size) {
    uint64_t bytes = pool->header.sections[section].bytes;
    return bytes / size == count && bytes % size == 0;
}

static bool section_is_empty(const struct el_pool *pool, enum el_section section) {
    return pool->header.sections[section].bytes == 0;
}

/* Sections of vectors come in two forms, either of which may be missing. */
static bool check_vectors(struct el_pool *pool, enum el_section first, uint64_t count,
                          struct el_vector_set *set) {
    const struct el_pool_header *header = &pool->header;
    bool exact = !section_is_empty(pool, first), small = !section_is_empty(pool, first + 1);
    set->count = count;
    if (exact) {
        if (!section_holds(pool, first, count, header->stride * sizeof(float))) {
            return false;
        }
        set->exact = el_pool_section(pool, first);
    }
    if (small) {
        if (!section_holds(pool, first + 1, count, header->stride) ||
            !section_holds(pool, first + 2, count, sizeof(struct el_small_scale))) {
            return false;
        }
        set->small = el_pool_section(pool, first + 1);
        set->scales = el_pool_section(pool, first + 2);
    }
    return count == 0 || exact || (small && (header->flags & EL_POOL_NGRAM));
}

static bool check_header(struct el_pool *pool, struct el_error *err) {
    struct el_pool_header *h = &pool->header;
    if (memcmp(h->magic, EL_POOL_MAGIC, sizeof h->magic) != 0) {
        return el_fail(err, EL_ERR_FORMAT, "%s: not a pool file", pool->path);
    }
    if (h->byte_order != EL_POOL_ORDER) {
        return el_fail(err, EL_ERR_FORMAT, "%s: built on a machine with another byte order",
                       pool->path);
    }
    if (h->version != EL_POOL_VERSION) {
        return el_fail(err, EL_ERR_FORMAT,
                       "%s: pool format %u, and this program reads %d; build it again with el4ner "
                       "pool build, or use the program that wrote it",
                       pool->path, h->version, EL_POOL_VERSION);
    }
    if (el_checksum(h, offsetof(struct el_pool_header, checksum)) != h->checksum) {
        return damaged(pool, err, "checksum of the header");
    }
    if (h->file_bytes != pool->map_bytes) {
        return el_fail(err, EL_ERR_FORMAT,
                       "%s: %zu bytes where the pool has %llu: cut short in copying?", pool->path,
                       pool->map_bytes, (unsigned long long)h->file_bytes);
    }
    uint64_t data = h->table_offset - EL_POOL_HEADER;
    if (h->table_offset < EL_POOL_HEADER || h->table_offset > h->file_bytes ||
        h->table_offset % 8 != 0 || h->n_blocks != (data + EL_POOL_BLOCK - 1) / EL_POOL_BLOCK ||
        h->n_blocks > (h->file_bytes - h->table_offset) / 8 ||
        el_checksum(pool->map + h->table_offset, h->n_blocks * 8) != h->table_checksum) {
        return damaged(pool, err, "checksum table");
    }
    for (size_t i = 0; i < EL_SECTION_COUNT; i++) {
        uint64_t offset = h->sections[i].offset, bytes = h->sections[i].bytes;
        if (offset < EL_POOL_HEADER || offset % EL_POOL_ALIGN != 0 || offset > h->table_offset ||
            bytes > h->table_offset - offset) {
            return damaged(pool, err, "section table");
        }
    }
    if (h->stride == 0 || h->stride % EL_VECTOR_ALIGN != 0 || h->stride > EL_POOL_MAX_DIMENSIONS ||
        h->dimensions == 0 || h->dimensions > h->stride || h->n_sentences >= UINT32_MAX ||
        h->n_spans >= UINT32_MAX || h->n_types > EL_POOL_MAX_TYPES ||
        !section_holds(pool, EL_SECTION_SENTENCES, h->n_sentences,
                       sizeof(struct el_sentence_record)) ||
        !section_holds(pool, EL_SECTION_MENTIONS, h->n_mentions, sizeof(struct el_pool_entity)) ||
        !section_holds(pool, EL_SECTION_SPANS, h->n_spans, sizeof(struct el_span_record)) ||
        !section_holds(pool, EL_SECTION_WORDS, h->words_total, sizeof(uint32_t)) ||
        !section_holds(pool, EL_SECTION_IDF, 2 * EL_NGRAM_BUCKETS, sizeof(float)) ||
        !check_vectors(pool, EL_SECTION_SPAN_FLOAT, h->n_spans, &pool->spans) ||
        !check_vectors(pool, EL_SECTION_SENTENCE_FLOAT, h->n_sentences, &pool->sentences)) {
        return damaged(pool, err, "sizes");
    }
    return true;
}

static bool read_names(struct el_pool *pool, struct el_error *err) {
    uint64_t bytes = pool->header.sections[EL_SECTION_NAMES].bytes;
    size_t n = pool->header.n_types;
    const char **types = el_arena_array(&pool->arena, n + 1, sizeof *types);
    if (types == NULL) {
        return el_fail_memory(err);
    }
    if (!el_pool_ensure(pool, EL_SECTION_NAMES, 0, bytes, err)) {
        return false;
    }
    const char *at = el_pool_section(pool, EL_SECTION_NAMES), *end = at + bytes;
    if (el_utf8_valid_prefix(at, bytes) != bytes) {
        return damaged(pool, err, "type names");
    }
    for (size_t i = 0; i <= n; i++) {
        const char *nul = memchr(at, '\0', (size_t)(end - at));
        if (nul == NULL) {
            return damaged(pool, err, "type names");
        }
        *(i == 0 ? &pool->info.vectors : &types[i - 1]) = at;
        at = nul + 1;
    }
    pool->info.types = types;
    return true;
}

static bool fill_info(struct el_pool *pool, struct el_error *err) {
    struct el_sha256 hash;
    char hex[EL_SHA256_HEX];
    el_sha256_start(&hash);
    el_sha256_add(&hash, &pool->header, sizeof pool->header);
    el_sha256_add(&hash, pool->table, pool->header.n_blocks * sizeof *pool->table);
    el_sha256_finish(&hash, hex);
    pool->info.sha256 = el_arena_string(&pool->arena, hex);
    pool->info.n_sentences = pool->header.n_sentences;
    pool->info.n_spans = pool->header.n_mentions;
    pool->info.n_distinct_spans = pool->header.n_spans;
    pool->info.dimensions = pool->header.dimensions;
    pool->info.n_types = pool->header.n_types;
    pool->info.file_bytes = pool->header.file_bytes;
    pool->info.quantised = pool->spans.small != NULL;
    pool->info.exact_stored = pool->spans.exact != NULL;
    return pool->info.sha256 != NULL || el_fail_memory(err);
}

static bool map_file(struct el_pool *pool, int fd, struct el_error *err) {
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return el_fail(err, EL_ERR_IO, "%s: %s", pool->path, strerror(errno));
    }
    if (status.st_size < EL_POOL_HEADER) {
        return el_fail(err, EL_ERR_FORMAT, "%s: not a pool file, or cut short (%lld bytes)",
                       pool->path, (long long)status.st_size);
    }
    pool->map_bytes = (size_t)status.st_size;
    void *map = mmap(NULL, pool->map_bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        return el_fail(err, EL_ERR_IO, "%s: cannot map: %s", pool->path, strerror(errno));
    }
    pool->map = map;
    memcpy(&pool->header, map, sizeof pool->header);
    return true;
}

bool el_pool_map(int fd, const char *path, struct el_pool **out, struct el_error *err) {
    struct el_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        close(fd);
        return el_fail_memory(err);
    }
    pthread_mutex_init(&pool->scratch_lock, NULL);
    pool->path = el_arena_string(&pool->arena, path);
    bool fine = pool->path != NULL || el_fail_memory(err);
    fine = fine && map_file(pool, fd, err);
    close(fd);
    fine = fine && check_header(pool, err);
    if (fine) {
        pool->table = (const uint64_t *)(const void *)(pool->map + pool->header.table_offset);
        pool->checked = calloc(pool->header.n_blocks + 1, sizeof *pool->checked);
        fine = pool->checked != NULL || el_fail_memory(err);
    }
    if (!fine || !read_names(pool, err) || !fill_info(pool, err)) {
        el_pool_close(pool);
        return false;
    }
    *out = pool;
    return true;
}

void el_pool_close(struct el_pool *pool) {
    if (pool == NULL) {
        return;
    }
    while (pool->scratch != NULL) {
        struct el_scratch *next = pool->scratch->next;
        free(pool->scratch);
        pool->scratch = next;
    }
    if (pool->map != NULL) {
        munmap((void *)pool->map, pool->map_bytes);
    }
    pthread_mutex_destroy(&pool->scratch_lock);
    free(pool->checked);
    el_arena_free(&pool->arena);
    free(pool);
}

const struct el_pool_info *el_pool_get_info(const struct el_pool *pool) {
    return &pool->info;
}

size_t el_pool_neighbours(const struct el_pool *pool) {
    const size_t most = 32, share = 20;
    size_t n = pool->info.n_sentences / share;
    return n < 1 ? 1 : n > most ? most : n;
}

bool el_pool_sentence_at(const struct el_pool *pool, size_t index,
                         const struct el_sentence_record **record, struct el_error *err) {
    const struct el_sentence_record *records = el_pool_section(pool, EL_SECTION_SENTENCES);
    if (index >= pool->header.n_sentences) {
        return el_fail(err, EL_ERR_CONFIG, "%s: there is no sentence %zu", pool->path, index);
    }
    *record = records + index;
    return el_pool_ensure(pool, EL_SECTION_SENTENCES, index * sizeof *records, sizeof *records,
                          err);
}

bool el_pool_mentions_at(const struct el_pool *pool, const struct el_sentence_record *record,
                         const struct el_pool_entity **mentions, struct el_error *err) {
    const struct el_pool_entity *all = el_pool_section(pool, EL_SECTION_MENTIONS);
    if (record->mention > pool->header.n_mentions ||
        !el_pool_ensure(pool, EL_SECTION_MENTIONS, record->mention * sizeof *all,
                        record->n_mentions * sizeof *all, err)) {
        return damaged(pool, err, "mentions of a sentence");
    }
    *mentions = all + record->mention;
    for (size_t i = 0; i < record->n_mentions; i++) {
        const struct el_pool_entity *m = *mentions + i;
        if (m->span.start > m->span.end || m->span.end > record->text_len ||
            m->type >= pool->header.n_types || m->string >= pool->header.n_spans) {
            return damaged(pool, err, "a mention");
        }
    }
    return true;
}

bool el_pool_string(const struct el_pool *pool, size_t span, const char **text, size_t *len,
                    struct el_error *err) {
    const struct el_span_record *record = el_pool_section(pool, EL_SECTION_SPANS);
    if (span >= pool->header.n_spans) {
        return el_fail(err, EL_ERR_CONFIG, "%s: there is no span string %zu", pool->path, span);
    }
    record += span;
    if (!el_pool_ensure(pool, EL_SECTION_SPANS, span * sizeof *record, sizeof *record, err) ||
        !el_pool_ensure(pool, EL_SECTION_STRINGS, record->text, (uint64_t)record->len + 1, err)) {
        return false;
    }
    *text = (const char *)el_pool_section(pool, EL_SECTION_STRINGS) + record->text;
    *len = record->len;
    if ((*text)[*len] != '\0' || el_utf8_valid_prefix(*text, *len) != *len) {
        return damaged(pool, err, "a span string");
    }
    return true;
}

bool el_pool_get(const struct el_pool *pool, size_t index, struct el_pool_sentence *sentence,
                 struct el_error *err) {
    const struct el_sentence_record *record;
    const struct el_pool_entity *mentions;
    if (!el_pool_sentence_at(pool, index, &record, err) ||
        !el_pool_mentions_at(pool, record, &mentions, err)) {
        return false;
    }
    uint64_t bytes = (uint64_t)record->id_len + record->lang_len + record->text_len + 3;
    if (!el_pool_ensure(pool, EL_SECTION_TEXTS, record->text, bytes, err)) {
        return false;
    }
    const char *id = (const char *)el_pool_section(pool, EL_SECTION_TEXTS) + record->text;
    const char *lang = id + record->id_len + 1;
    const char *text = lang + record->lang_len + 1;
    if (id[record->id_len] != '\0' || lang[record->lang_len] != '\0' ||
        text[record->text_len] != '\0' || el_utf8_valid_prefix(id, bytes) != bytes) {
        return damaged(pool, err, "text of a sentence");
    }
    *sentence = (struct el_pool_sentence){
        .id = id,
        .text = text,
        .text_len = record->text_len,
        .lang = record->lang_len == 0 ? NULL : lang,
        .entities = mentions,
        .n_entities = record->n_mentions,
    };
    return true;
}

/* A GGUF file is: "GGUF", version, number of tensors, number of key-value pairs, the pairs, a
 * description of each tensor, then their data, each at a multiple of the alignment. The pairs are
 * copied as they are, but for the one that names the quantisation. */
#include "models/merge.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/new_file.h"
#include "models/weights.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TYPE_UINT32 = 4, TYPE_FLOAT32 = 6, TYPE_STRING = 8, TYPE_ARRAY = 9, TYPES = 13 };
static const uint8_t TYPE_SIZE[TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

enum { MOST_DEPTH = 3, MOST_DIMENSIONS = 4, MOST_RANK = 1024 };
enum { IN_BLOCK = 32, BLOCK_BYTES = 18, MOSTLY_Q4_0 = 2 }; /* of Q4_0 */

struct text {
    const char *data;
    size_t len;
};

struct tensor {
    struct text name;
    uint32_t n_dimensions, type;
    uint64_t dimensions[MOST_DIMENSIONS]; /* the shortest stride first */
    const uint8_t *data;
    size_t size;                /* bytes */
    const struct tensor *a, *b; /* of a base: what changes it; NULL = nothing */
};

struct model {
    const char *path;
    const uint8_t *data; /* mapped; NULL = not */
    size_t size, at;
    size_t pairs, pairs_end; /* where the pairs are */
    size_t file_type;        /* where the value of general.file_type is; 0 = nowhere */
    uint64_t n_pairs, n_tensors;
    struct text architecture, adapter_type;
    float alpha;
    size_t alignment;
    struct tensor *tensors;
    struct el_error *err;
};

static bool broken(const struct model *m, const char *what) {
    return el_fail(m->err, EL_ERR_FORMAT, "%s: broken GGUF file: %s near byte %zu; fetch it again",
                   m->path, what, m->at);
}

static bool skip(struct model *m, uint64_t len) {
    if (len > m->size - m->at) {
        return broken(m, "it ends too early");
    }
    m->at += (size_t)len;
    return true;
}

static bool number(struct model *m, int bytes, uint64_t *value) {
    size_t at = m->at;
    if (!skip(m, (uint64_t)bytes)) {
        return false;
    }
    *value = 0;
    for (int i = bytes; i-- > 0;) {
        *value = *value << 8 | m->data[at + (size_t)i];
    }
    return true;
}

static bool string(struct model *m, struct text *text) {
    uint64_t len;
    if (!number(m, 8, &len)) {
        return false;
    }
    *text = (struct text){(const char *)m->data + m->at, (size_t)len};
    return skip(m, len);
}

static bool is(struct text text, const char *word) {
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

static bool skip_value(struct model *m, uint64_t type, int depth) {
    struct text text;
    uint64_t inner, count;
    if (type < TYPES && TYPE_SIZE[type] > 0) {
        return skip(m, TYPE_SIZE[type]);
    }
    if (type == TYPE_STRING) {
        return string(m, &text);
    }
    if (type != TYPE_ARRAY || depth == MOST_DEPTH) {
        return broken(m, "a value of an unknown type");
    }
    if (!number(m, 4, &inner) || !number(m, 8, &count)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) { /* each takes bytes, so the file's end ends it */
        if (!skip_value(m, inner, depth + 1)) {
            return false;
        }
    }
    return true;
}

static bool read_pair(struct model *m) {
    struct text key;
    uint64_t type, value = 0;
    if (!string(m, &key) || !number(m, 4, &type)) {
        return false;
    }
    if (type == TYPE_STRING && is(key, "general.architecture")) {
        return string(m, &m->architecture);
    }
    if (type == TYPE_STRING && is(key, "adapter.type")) {
        return string(m, &m->adapter_type);
    }
    if (type == TYPE_UINT32 && is(key, "general.file_type")) {
        m->file_type = m->at;
    } else if (type == TYPE_FLOAT32 && is(key, "adapter.lora.alpha")) {
        bool fine = number(m, 4, &value);
        uint32_t bits = (uint32_t)value;
        memcpy(&m->alpha, &bits, sizeof m->alpha);
        return fine;
    } else if (type == TYPE_UINT32 && is(key, "general.alignment")) {
        if (!number(m, 4, &value)) {
            return false;
        }
        m->alignment = (size_t)value;
        return (value > 0 && value <= 1 << 16) || broken(m, "an impossible alignment");
    }
    return skip_value(m, type, 0);
}

static bool read_tensor(struct model *m, struct tensor *tensor, uint64_t *offset) {
    uint64_t count, type, weights = 1;
    size_t of_block, bytes;
    if (!string(m, &tensor->name) || !number(m, 4, &count)) {
        return false;
    }
    if (count == 0 || count > MOST_DIMENSIONS) {
        return broken(m, "a tensor of too many dimensions");
    }
    tensor->n_dimensions = (uint32_t)count;
    for (uint64_t i = 0; i < count; i++) {
        if (!number(m, 8, &tensor->dimensions[i])) {
            return false;
        }
        uint64_t n = tensor->dimensions[i];
        if (n == 0 || n > (uint64_t)1 << 40 || weights > ((uint64_t)1 << 40) / n) {
            return broken(m, "a tensor of an impossible size");
        }
        weights *= n;
    }
    if (!number(m, 4, &type) || !number(m, 8, offset)) {
        return false;
    }
    tensor->type = (uint32_t)type;
    if (!el_weights_block(tensor->type, &of_block, &bytes)) {
        return el_fail(m->err, EL_ERR_FORMAT,
                       "%s: %.*s has weights of type %u, which cannot be read here; take a file in "
                       "Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K_M or F16",
                       m->path, (int)tensor->name.len, tensor->name.data, tensor->type);
    }
    if (tensor->dimensions[0] % of_block != 0) {
        return broken(m, "rows that are no whole blocks");
    }
    tensor->size = (size_t)(weights / of_block * bytes);
    return true;
}

static size_t aligned(size_t at, size_t alignment) {
    return (at + alignment - 1) / alignment * alignment;
}

static bool read_header(struct model *m, struct el_arena *arena) {
    uint64_t version;
    if (m->size < 24 || memcmp(m->data, "GGUF", 4) != 0) {
        return el_fail(m->err, EL_ERR_FORMAT, "%s is not a GGUF file", m->path);
    }
    m->at = 4;
    if (!number(m, 4, &version) || !number(m, 8, &m->n_tensors) || !number(m, 8, &m->n_pairs)) {
        return false;
    }
    if (version < 2 || version > 3) {
        return el_fail(m->err, EL_ERR_FORMAT, "%s: GGUF version %u is not supported (2 and 3 are)",
                       m->path, (unsigned)version);
    }
    m->pairs = m->at;
    for (uint64_t i = 0; i < m->n_pairs; i++) {
        if (!read_pair(m)) {
            return false;
        }
    }
    m->pairs_end = m->at;
    if (m->n_tensors > m->size / 24) { /* the least that a description takes */
        return broken(m, "an impossible number of tensors");
    }
    m->tensors = el_arena_array(arena, (size_t)m->n_tensors, sizeof *m->tensors);
    uint64_t *offsets = el_arena_array(arena, (size_t)m->n_tensors, sizeof *offsets);
    if (m->tensors == NULL || offsets == NULL) {
        return el_fail_memory(m->err);
    }
    for (uint64_t i = 0; i < m->n_tensors; i++) {
        m->tensors[i] = (struct tensor){0};
        if (!read_tensor(m, &m->tensors[i], &offsets[i])) {
            return false;
        }
    }
    size_t start = aligned(m->at, m->alignment);
    for (uint64_t i = 0; i < m->n_tensors; i++) {
        struct tensor *tensor = &m->tensors[i];
        if (start > m->size || offsets[i] > m->size - start ||
            tensor->size > m->size - start - offsets[i]) {
            return broken(m, "it ends before its tensors do");
        }
        tensor->data = m->data + start + offsets[i];
    }
    return true;
}

static bool open_model(struct model *m, const char *path, struct el_arena *arena,
                       struct el_error *err) {
    *m = (struct model){.path = path, .alignment = 32, .err = err};
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool fine = fd >= 0 && fstat(fd, &status) == 0;
    if (fine && status.st_size > 0) {
        void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        fine = data != MAP_FAILED;
        m->data = fine ? data : NULL;
        m->size = fine ? (size_t)status.st_size : 0;
    }
    if (!fine) {
        el_fail(err, EL_ERR_IO, "%s: %s", path, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    return fine && read_header(m, arena);
}

static void close_model(struct model *m) {
    if (m->data != NULL) {
        munmap((void *)m->data, m->size);
    }
}

/* ---- which tensors are changed ---- */

static bool ends_with(struct text name, const char *end) {
    size_t len = strlen(end);
    return name.len >= len && memcmp(name.data + name.len - len, end, len) == 0;
}

static bool fits(const struct tensor *base, const struct tensor *a, const struct tensor *b) {
    return base->n_dimensions == 2 && a->n_dimensions == 2 && b->n_dimensions == 2 &&
           a->dimensions[0] == base->dimensions[0] && b->dimensions[1] == base->dimensions[1] &&
           a->dimensions[1] == b->dimensions[0] && a->dimensions[1] <= MOST_RANK &&
           base->dimensions[0] % IN_BLOCK == 0;
}

/* Every part of the adapter must have its tensor, and its other part. */
static bool match(struct model *base, const struct model *adapter, struct el_error *err) {
    for (uint64_t i = 0; i < adapter->n_tensors; i++) {
        const struct tensor *part = &adapter->tensors[i];
        bool a = ends_with(part->name, ".lora_a");
        struct tensor *found = NULL;
        for (uint64_t j = 0; (a || ends_with(part->name, ".lora_b")) && j < base->n_tensors; j++) {
            struct text name = base->tensors[j].name;
            if (name.len + 7 == part->name.len &&
                memcmp(name.data, part->name.data, name.len) == 0) {
                found = &base->tensors[j];
            }
        }
        if (found == NULL) {
            return el_fail(err, EL_ERR_FORMAT,
                           "%s was made for another model than %s, which has no %.*s",
                           adapter->path, base->path, (int)part->name.len, part->name.data);
        }
        *(a ? &found->a : &found->b) = part;
    }
    for (uint64_t j = 0; j < base->n_tensors; j++) {
        const struct tensor *tensor = &base->tensors[j];
        bool whole = tensor->a != NULL && tensor->b != NULL;
        if ((tensor->a != NULL || tensor->b != NULL) &&
            !(whole && fits(tensor, tensor->a, tensor->b))) {
            return el_fail(err, EL_ERR_FORMAT,
                           "%s was made for another model than %s: its change of %.*s does not fit",
                           adapter->path, base->path, (int)tensor->name.len, tensor->name.data);
        }
    }
    return true;
}

/* ---- the new file ---- */

static void put_number(struct el_buffer *out, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) {
        el_buffer_char(out, (char)(value >> 8 * i & 255));
    }
}

static size_t new_size(const struct tensor *tensor) {
    return tensor->a == NULL
               ? tensor->size
               : (size_t)(tensor->dimensions[0] / IN_BLOCK * tensor->dimensions[1] * BLOCK_BYTES);
}

static void write_header(const struct model *base, struct el_buffer *out) {
    el_buffer_string(out, "GGUF");
    put_number(out, 3, 4);
    put_number(out, base->n_tensors, 8);
    put_number(out, base->n_pairs, 8);
    size_t shift = out->len;
    el_buffer_append(out, (const char *)base->data + base->pairs, base->pairs_end - base->pairs);
    if (base->file_type > 0 && !out->failed) {
        out->data[shift + base->file_type - base->pairs] = MOSTLY_Q4_0;
    }
    size_t at = 0;
    for (uint64_t i = 0; i < base->n_tensors; i++) {
        const struct tensor *tensor = &base->tensors[i];
        put_number(out, tensor->name.len, 8);
        el_buffer_append(out, tensor->name.data, tensor->name.len);
        put_number(out, tensor->n_dimensions, 4);
        for (uint32_t d = 0; d < tensor->n_dimensions; d++) {
            put_number(out, tensor->dimensions[d], 8);
        }
        put_number(out, tensor->a != NULL ? EL_WEIGHTS_Q4_0 : tensor->type, 4);
        put_number(out, at, 8);
        at = aligned(at + new_size(tensor), base->alignment);
    }
    while (out->len % base->alignment != 0 && !out->failed) {
        el_buffer_char(out, '\0');
    }
}

static void read_row(const struct tensor *tensor, uint64_t row, float *out) {
    size_t weights, bytes;
    el_weights_block(tensor->type, &weights, &bytes);
    size_t blocks = (size_t)tensor->dimensions[0] / weights;
    const uint8_t *from = tensor->data + (size_t)row * blocks * bytes;
    for (size_t i = 0; i < blocks; i++) {
        el_weights_read(tensor->type, from + i * bytes, out + i * weights);
    }
}

/* Row by row: the base's, plus the rows of A, each times its number in the row of B. */
static bool write_changed(const struct tensor *tensor, float alpha, FILE *out) {
    size_t width = (size_t)tensor->dimensions[0], rank = (size_t)tensor->a->dimensions[1];
    float scale = (float)((double)alpha / (double)rank);
    float *a = malloc(rank * width * sizeof *a), *b = malloc(rank * sizeof *b);
    float *row = malloc(width * sizeof *row);
    uint8_t *blocks = malloc(width / IN_BLOCK * BLOCK_BYTES);
    bool fine = a != NULL && b != NULL && row != NULL && blocks != NULL;
    for (size_t r = 0; fine && r < rank; r++) {
        read_row(tensor->a, r, a + r * width);
    }
    for (uint64_t y = 0; fine && y < tensor->dimensions[1]; y++) {
        read_row(tensor, y, row);
        read_row(tensor->b, y, b);
        for (size_t r = 0; r < rank; r++) {
            float by = b[r] * scale;
            for (size_t i = 0; i < width; i++) {
                float product = by * a[r * width + i];
                row[i] += product;
            }
        }
        for (size_t i = 0; i < width / IN_BLOCK; i++) {
            el_weights_write_q4_0(row + i * IN_BLOCK, blocks + i * BLOCK_BYTES);
        }
        fine = fwrite(blocks, BLOCK_BYTES, width / IN_BLOCK, out) == width / IN_BLOCK;
    }
    free(a);
    free(b);
    free(row);
    free(blocks);
    return fine;
}

static bool write_tensors(const struct model *base, float alpha, FILE *out) {
    static const char zeros[1 << 10];
    for (uint64_t i = 0; i < base->n_tensors; i++) {
        const struct tensor *tensor = &base->tensors[i];
        bool fine = tensor->a != NULL ? write_changed(tensor, alpha, out)
                                      : fwrite(tensor->data, 1, tensor->size, out) == tensor->size;
        size_t size = new_size(tensor), gap = aligned(size, base->alignment) - size;
        for (size_t part; fine && gap > 0; gap -= part) {
            part = gap < sizeof zeros ? gap : sizeof zeros;
            fine = fwrite(zeros, 1, part, out) == part;
        }
        if (!fine) {
            return false;
        }
    }
    return true;
}

static bool write_model(const struct model *base, float alpha, const char *path,
                        struct el_error *err) {
    struct el_buffer header = {0};
    struct el_new_file file;
    if (!el_new_file_open(&file, path, err)) {
        return false;
    }
    write_header(base, &header);
    bool fine = !header.failed || el_fail_memory(err);
    if (fine) {
        int fd = dup(file.fd);
        FILE *out = fd >= 0 ? fdopen(fd, "wb") : NULL;
        errno = 0;
        fine = out != NULL && fwrite(header.data, 1, header.len, out) == header.len &&
               write_tensors(base, alpha, out);
        fine = out != NULL ? (fclose(out) == 0) & fine : fine;
        if (!fine) {
            el_fail(err, EL_ERR_IO, "%s: cannot write it: %s", path, strerror(errno));
        }
    }
    fine = fine && el_new_file_publish(&file, err);
    el_new_file_close(&file);
    el_buffer_free(&header);
    return fine;
}

bool el_merge_adapter(const char *base, const char *adapter, const char *out,
                      struct el_error *err) {
    struct el_arena arena = {0};
    struct model model = {0}, change = {0};
    bool fine = open_model(&model, base, &arena, err) && open_model(&change, adapter, &arena, err);
    if (fine && !is(change.adapter_type, "lora")) {
        fine = el_fail(err, EL_ERR_FORMAT, "%s is not a LoRA adapter", adapter);
    }
    if (fine &&
        (model.architecture.len != change.architecture.len ||
         memcmp(model.architecture.data, change.architecture.data, model.architecture.len) != 0)) {
        fine =
            el_fail(err, EL_ERR_FORMAT, "%s is for models of the kind %.*s, %s is of the kind %.*s",
                    adapter, (int)change.architecture.len, change.architecture.data, base,
                    (int)model.architecture.len, model.architecture.data);
    }
    fine = fine && match(&model, &change, err) && write_model(&model, change.alpha, out, err);
    close_model(&model);
    close_model(&change);
    el_arena_free(&arena);
    return fine;
}

/* A GGUF file is: "GGUF", version, number of tensors, number of key-value pairs, the pairs, a
 * description of each tensor, then the tensors' data, which is not read here. All numbers are
 * little-endian; strings are a 64-bit length and bytes.
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
#include "serving/gguf.h"

#include <errno.h>
#include <string.h>

enum { MAX_PAIRS = 1 << 16, MAX_TENSORS = 1 << 18, MAX_KEY = 1 << 16, MAX_DEPTH = 3 };

enum { TYPE_STRING = 8, TYPE_ARRAY = 9, TYPES = 13 };
static const uint8_t TYPE_SIZE[TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

struct reader {
    FILE *stream;
    uint64_t size, at; /* bytes */
    struct el_error *err;
};

static bool broken(struct reader *r, const char *what) {
    return el_fail(r->err, EL_ERR_FORMAT,
                   "broken GGUF header: %s near byte %llu; copy the file again", what,
                   (unsigned long long)r->at);
}

static bool take(struct reader *r, void *into, uint64_t len) {
    if (len > r->size - r->at) {
        return broken(r, "the file ends too early");
    }
    if (fread(into, 1, (size_t)len, r->stream) != len) {
        return el_fail(r->err, EL_ERR_IO, "cannot read the GGUF header: %s",
                       ferror(r->stream) ? strerror(errno) : "the file shrank");
    }
    r->at += len;
    return true;
}

static bool skip(struct reader *r, uint64_t len) {
    if (len > r->size - r->at) {
        return broken(r, "a length passes the end of the file");
    }
    char scratch[512];
    while (len > 0 && len <= 4096) { /* short ones stay inside stdio's buffer */
        uint64_t part = len < sizeof scratch ? len : sizeof scratch;
        if (!take(r, scratch, part)) {
            return false;
        }
        len -= part;
    }
    if (len > 0) {
        if (fseeko(r->stream, (off_t)(r->at + len), SEEK_SET) != 0) {
            return el_fail(r->err, EL_ERR_IO, "cannot read the GGUF header: %s", strerror(errno));
        }
        r->at += len;
    }
    return true;
}

static bool number(struct reader *r, int bytes, uint64_t *value) {
    uint8_t raw[8];
    if (!take(r, raw, (uint64_t)bytes)) {
        return false;
    }
    *value = 0;
    for (int i = bytes; i-- > 0;) {
        *value = *value << 8 | raw[i];
    }
    return true;
}

/* A string, cut to the room there is; the rest is skipped. */
static bool string(struct reader *r, char *into, size_t room, uint64_t *full_len) {
    uint64_t len;
    if (!number(r, 8, &len)) {
        return false;
    }
    uint64_t keep = len < room - 1 ? len : room - 1;
    *full_len = len;
    if (len > r->size - r->at) {
        return broken(r, "a string passes the end of the file");
    }
    if (!take(r, into, keep)) {
        return false;
    }
    into[keep] = '\0';
    return skip(r, len - keep);
}

static bool skip_value(struct reader *r, uint64_t type, int depth);

static bool skip_array(struct reader *r, int depth) {
    uint64_t type, count;
    if (!number(r, 4, &type) || !number(r, 8, &count)) {
        return false;
    }
    if (depth >= MAX_DEPTH || type >= TYPES) {
        return broken(r, "an array of an unknown type");
    }
    if (TYPE_SIZE[type] != 0) {
        return count <= r->size / TYPE_SIZE[type] ? skip(r, count * TYPE_SIZE[type])
                                                  : broken(r, "an array is too long");
    }
    for (uint64_t i = 0; i < count; i++) { /* each item takes bytes, so the file's end ends it */
        if (!skip_value(r, type, depth + 1)) {
            return false;
        }
    }
    return true;
}

static bool skip_value(struct reader *r, uint64_t type, int depth) {
    if (type == TYPE_ARRAY) {
        return skip_array(r, depth);
    }
    if (type == TYPE_STRING) {
        uint64_t len;
        return number(r, 8, &len) && skip(r, len);
    }
    return type < TYPES ? skip(r, TYPE_SIZE[type]) : broken(r, "a value of an unknown type");
}

static bool read_vocabulary(struct reader *r, struct el_gguf *info) {
    uint64_t type, count, len;
    if (!number(r, 4, &type) || !number(r, 8, &count)) {
        return false;
    }
    if (type != TYPE_STRING || count > r->size / 8) {
        return broken(r, "the vocabulary is not a list of strings");
    }
    info->vocabulary = (size_t)count;
    for (uint64_t i = 0; i < count; i++) {
        char token[16];
        if (!string(r, token, sizeof token, &len)) {
            return false;
        }
        info->compact = info->compact || (len == 11 && strcmp(token, "<|extract|>") == 0);
    }
    return true;
}

/* "llama.context_length" and the like: the key's first part is the architecture. */
static bool is_model_key(const char *key, const char *what) {
    const char *dot = strchr(key, '.');
    return dot != NULL && strcmp(dot, what) == 0;
}

static bool read_pair(struct reader *r, struct el_gguf *info) {
    char key[128];
    uint64_t key_len, type, len, value;
    if (!string(r, key, sizeof key, &key_len) || !number(r, 4, &type)) {
        return false;
    }
    if (key_len > MAX_KEY) {
        return broken(r, "a key is too long");
    }
    if (type == TYPE_STRING && strcmp(key, "general.name") == 0) {
        return string(r, info->name, sizeof info->name, &len);
    }
    if (type == TYPE_STRING && strcmp(key, "general.architecture") == 0) {
        return string(r, info->architecture, sizeof info->architecture, &len);
    }
    if (type == TYPE_ARRAY && strcmp(key, "tokenizer.ggml.tokens") == 0) {
        return read_vocabulary(r, info);
    }
    if ((type == 4 || type == 5 || type == 10) && is_model_key(key, ".context_length")) {
        bool ok = number(r, TYPE_SIZE[type], &value);
        info->context = ok && value <= 1u << 30 ? (size_t)value : 0;
        return ok;
    }
    if (type == 4 && is_model_key(key, ".pooling_type")) {
        bool ok = number(r, TYPE_SIZE[type], &value);
        info->pooling = ok && value != 0; /* 0 = none: a vector a token */
        return ok;
    }
    info->chat_template = info->chat_template || strcmp(key, "tokenizer.chat_template") == 0;
    return skip_value(r, type, 0);
}

static bool read_tensor(struct reader *r, double *weights) {
    uint64_t len, dims, size;
    char name[8];
    if (!string(r, name, sizeof name, &len) || !number(r, 4, &dims)) {
        return false;
    }
    if (len > MAX_KEY || dims > 8) {
        return broken(r, "a tensor has too many dimensions");
    }
    double product = 1;
    for (uint64_t d = 0; d < dims; d++) {
        if (!number(r, 8, &size)) {
            return false;
        }
        product *= (double)size;
    }
    *weights += product;
    return skip(r, 4 + 8); /* type, offset */
}

bool el_gguf_read_stream(FILE *stream, uint64_t size, struct el_gguf *info, struct el_error *err) {
    struct reader r = {.stream = stream, .size = size, .err = err};
    uint64_t version, tensors, pairs;
    char magic[4];
    *info = (struct el_gguf){0};
    if (size < 24 || !take(&r, magic, 4) || memcmp(magic, "GGUF", 4) != 0) {
        return el_fail(err, EL_ERR_FORMAT, "not a GGUF file; name a model in llama.cpp's format");
    }
    if (!number(&r, 4, &version)) {
        return false;
    }
    if (version < 2 || version > 3) {
        return el_fail(err, EL_ERR_FORMAT,
                       "GGUF version %llu is not supported (2 and 3 are, little-endian)",
                       (unsigned long long)version);
    }
    if (!number(&r, 8, &tensors) || !number(&r, 8, &pairs)) {
        return false;
    }
    if (tensors > MAX_TENSORS || pairs > MAX_PAIRS) {
        return broken(&r, "impossible counts");
    }
    for (uint64_t i = 0; i < pairs; i++) {
        if (!read_pair(&r, info)) {
            return false;
        }
    }
    double weights = 0;
    for (uint64_t i = 0; i < tensors; i++) {
        if (!read_tensor(&r, &weights)) {
            return false;
        }
    }
    info->parameters = weights / 1e9;
    return true;
}

bool el_gguf_read(const char *path, struct el_gguf *info, struct el_error *err) {
    FILE *stream = fopen(path, "rbe");
    if (stream == NULL) {
        return el_fail(err, EL_ERR_IO, "%s: %s", path, strerror(errno));
    }
    bool ok = false;
    if (fseeko(stream, 0, SEEK_END) != 0 || ftello(stream) < 0) {
        el_fail(err, EL_ERR_IO, "cannot find its size: %s", strerror(errno));
    } else {
        uint64_t size = (uint64_t)ftello(stream);
        rewind(stream);
        ok = el_gguf_read_stream(stream, size, info, err);
    }
    fclose(stream);
    return ok || el_error_prefix(err, "%s", path);
}

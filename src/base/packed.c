#include "base/packed.h"

#include "base/ascii.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { CHUNK = 1 << 16, GZIP_BITS = 15 + 16, GZIP_LEVEL = 6, GZIP_MEMORY = 8, ZSTD_LEVEL = 3 };

enum el_packing el_packing_of_name(const char *name, size_t *len) {
    static const struct {
        const char *ending;
        enum el_packing packing;
    } known[] = {{".gz", EL_PACKING_GZIP}, {".zst", EL_PACKING_ZSTD}};
    size_t all = strlen(name);
    *len = all;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t n = strlen(known[i].ending);
        if (all > n && el_ascii_same(name + all - n, known[i].ending)) {
            *len = all - n;
            return known[i].packing;
        }
    }
    return EL_PACKING_NONE;
}

enum el_packing el_packing_of_bytes(const char *bytes, size_t len) {
    if (len >= 3 && memcmp(bytes, "\x1F\x8B\x08", 3) == 0) {
        return EL_PACKING_GZIP;
    }
    return len >= 4 && memcmp(bytes, "\x28\xB5\x2F\xFD", 4) == 0 ? EL_PACKING_ZSTD
                                                                 : EL_PACKING_NONE;
}

/* ---- Reading ---- */

struct el_unpacker {
    enum el_packing packing;
    z_stream gzip;
    ZSTD_DStream *zstd;
    char *bytes; /* given and not yet used: begin..end */
    size_t begin, end, capacity;
    bool given_all; /* the end of the file is known */
    bool in_frame;  /* within a member of gzip or a frame of zstd, of which there may be several */
    bool any;       /* at least one of them is complete */
};

struct el_unpacker *el_unpacker_open(enum el_packing packing, struct el_error *err) {
    struct el_unpacker *unpacker = calloc(1, sizeof *unpacker);
    bool done = unpacker != NULL;
    if (done && packing == EL_PACKING_GZIP) {
        done = inflateInit2(&unpacker->gzip, GZIP_BITS) == Z_OK;
    } else if (done) {
        unpacker->zstd = ZSTD_createDStream();
        done = unpacker->zstd != NULL;
    }
    if (!done) {
        free(unpacker);
        el_fail_memory(err);
        return NULL;
    }
    unpacker->packing = packing;
    return unpacker;
}

void el_unpacker_close(struct el_unpacker *unpacker) {
    if (unpacker == NULL) {
        return;
    }
    if (unpacker->packing == EL_PACKING_GZIP) {
        inflateEnd(&unpacker->gzip);
    }
    ZSTD_freeDStream(unpacker->zstd);
    free(unpacker->bytes);
    free(unpacker);
}

bool el_unpacker_give(struct el_unpacker *unpacker, const char *bytes, size_t len,
                      struct el_error *err) {
    if (len > unpacker->capacity) {
        char *larger = realloc(unpacker->bytes, len);
        if (larger == NULL) {
            return el_fail_memory(err);
        }
        unpacker->bytes = larger;
        unpacker->capacity = len;
    }
    if (len > 0) {
        memcpy(unpacker->bytes, bytes, len);
    }
    unpacker->begin = 0;
    unpacker->end = len;
    unpacker->given_all = len == 0;
    return true;
}

static bool damaged(struct el_error *err, const char *what) {
    return el_fail(err, EL_ERR_IO, "is damaged: it cannot be unpacked (%s)", what);
}

static bool unpack_gzip(struct el_unpacker *unpacker, char *to, size_t room, size_t *n,
                        struct el_error *err) {
    z_stream *gzip = &unpacker->gzip;
    gzip->next_in = (unsigned char *)unpacker->bytes + unpacker->begin;
    gzip->avail_in = (unsigned)(unpacker->end - unpacker->begin);
    gzip->next_out = (unsigned char *)to;
    gzip->avail_out = (unsigned)room;
    int result = inflate(gzip, Z_NO_FLUSH);
    unpacker->begin = unpacker->end - gzip->avail_in;
    *n = room - gzip->avail_out;
    if (result == Z_STREAM_END) {
        unpacker->in_frame = false;
        unpacker->any = true;
        inflateReset(gzip);
    } else if (result == Z_MEM_ERROR) {
        return el_fail_memory(err);
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
        return damaged(err, gzip->msg != NULL ? gzip->msg : "not gzip");
    }
    return true;
}

static bool unpack_zstd(struct el_unpacker *unpacker, char *to, size_t room, size_t *n,
                        struct el_error *err) {
    ZSTD_inBuffer in = {unpacker->bytes, unpacker->end, unpacker->begin};
    ZSTD_outBuffer out = {to, room, 0};
    size_t result = ZSTD_decompressStream(unpacker->zstd, &out, &in);
    if (ZSTD_isError(result)) {
        return damaged(err, ZSTD_getErrorName(result));
    }
    unpacker->begin = in.pos;
    *n = out.pos;
    unpacker->any = unpacker->any || result == 0;
    unpacker->in_frame = result != 0;
    return true;
}

/* Zeros after the last member of gzip fill blocks of tapes and are none. */
static void skip_filling(struct el_unpacker *unpacker) {
    while (unpacker->packing == EL_PACKING_GZIP && unpacker->any && !unpacker->in_frame &&
           unpacker->begin < unpacker->end && unpacker->bytes[unpacker->begin] == '\0') {
        unpacker->begin++;
    }
}

bool el_unpack(struct el_unpacker *unpacker, char *to, size_t room, size_t *n,
               struct el_error *err) {
    *n = 0;
    room = room < CHUNK ? room : CHUNK;
    for (;;) {
        size_t before = unpacker->begin;
        skip_filling(unpacker);
        bool pending = unpacker->in_frame; /* output may be left that had no room */
        if (unpacker->begin == unpacker->end && !pending) {
            break;
        }
        unpacker->in_frame = true;
        bool done = unpacker->packing == EL_PACKING_GZIP ? unpack_gzip(unpacker, to, room, n, err)
                                                         : unpack_zstd(unpacker, to, room, n, err);
        if (!done || *n > 0) {
            return done;
        }
        if (unpacker->begin == before) {
            break; /* nothing went in or out: more is needed */
        }
    }
    return !unpacker->given_all || !unpacker->in_frame ||
           el_fail(err, EL_ERR_IO, "is cut off: the packed data has no end");
}

/* ---- Writing ---- */

struct packer {
    FILE *file;
    enum el_packing packing;
    z_stream gzip;
    ZSTD_CStream *zstd;
    char room[CHUNK];
};

static bool put(struct packer *packer, size_t n) {
    return n == 0 || fwrite(packer->room, 1, n, packer->file) == n;
}

/* Pack `len` bytes; `last` also writes the end. */
static bool pack_gzip(struct packer *packer, const char *bytes, size_t len, bool last) {
    z_stream *gzip = &packer->gzip;
    gzip->next_in = (unsigned char *)bytes;
    gzip->avail_in = (unsigned)len;
    do {
        gzip->next_out = (unsigned char *)packer->room;
        gzip->avail_out = sizeof packer->room;
        deflate(gzip, last ? Z_FINISH : Z_NO_FLUSH);
        if (!put(packer, sizeof packer->room - gzip->avail_out)) {
            return false;
        }
    } while (gzip->avail_out == 0);
    return true;
}

static bool pack_zstd(struct packer *packer, const char *bytes, size_t len, bool last) {
    ZSTD_inBuffer in = {bytes, len, 0};
    size_t left;
    do {
        ZSTD_outBuffer out = {packer->room, sizeof packer->room, 0};
        left = ZSTD_compressStream2(packer->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left)) {
            errno = ENOMEM;
            return false;
        }
        if (!put(packer, out.pos)) {
            return false;
        }
    } while (last ? left != 0 : in.pos < in.size);
    return true;
}

static bool pack(struct packer *packer, const char *bytes, size_t len, bool last) {
    return packer->packing == EL_PACKING_GZIP ? pack_gzip(packer, bytes, len, last)
                                              : pack_zstd(packer, bytes, len, last);
}

static ssize_t write_cookie(void *cookie, const char *bytes, size_t len) {
    for (size_t at = 0; at < len; at += CHUNK) {
        size_t n = len - at < CHUNK ? len - at : CHUNK;
        if (!pack(cookie, bytes + at, n, false)) {
            return 0; /* an error, says fopencookie(3) */
        }
    }
    return (ssize_t)len;
}

static void release(struct packer *packer) {
    if (packer->packing == EL_PACKING_GZIP) {
        deflateEnd(&packer->gzip);
    }
    ZSTD_freeCStream(packer->zstd);
    free(packer);
}

static int close_cookie(void *cookie) {
    struct packer *packer = cookie;
    bool done = pack(packer, "", 0, true);
    int problem = errno;
    if (fclose(packer->file) != 0 && done) {
        problem = errno;
        done = false;
    }
    release(packer);
    errno = problem;
    return done ? 0 : -1;
}

FILE *el_pack_file(FILE *file, enum el_packing packing, struct el_error *err) {
    struct packer *packer = calloc(1, sizeof *packer);
    bool done = packer != NULL;
    if (done) {
        packer->file = file;
        packer->packing = packing;
    }
    if (done && packing == EL_PACKING_GZIP) {
        done = deflateInit2(&packer->gzip, GZIP_LEVEL, Z_DEFLATED, GZIP_BITS, GZIP_MEMORY,
                            Z_DEFAULT_STRATEGY) == Z_OK;
    } else if (done) {
        packer->zstd = ZSTD_createCStream();
        done = packer->zstd != NULL &&
               !ZSTD_isError(
                   ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL)) &&
               !ZSTD_isError(ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_checksumFlag, 1));
    }
    FILE *packed =
        done ? fopencookie(packer, "w",
                           (cookie_io_functions_t){.write = write_cookie, .close = close_cookie})
             : NULL;
    if (packed == NULL) {
        if (packer != NULL) {
            release(packer);
        }
        fclose(file);
        el_fail_memory(err);
    }
    return packed;
}

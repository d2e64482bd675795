/* The layouts are those of ggml:
 * https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h */
#include "models/weights.h"

#include <math.h>
#include <string.h>

enum {
    F32 = 0,
    F16 = 1,
    Q4_0 = EL_WEIGHTS_Q4_0,
    Q4_1 = 3,
    Q5_0 = 6,
    Q5_1 = 7,
    Q8_0 = 8,
    Q4_K = 12,
    Q6_K = 14,
    BF16 = 30,
};

bool el_weights_block(uint32_t type, size_t *weights, size_t *bytes) {
    static const struct {
        uint32_t type;
        size_t weights, bytes;
    } known[] = {{F32, 1, 4},      {F16, 1, 2},     {BF16, 1, 2},   {Q4_0, 32, 18},
                 {Q4_1, 32, 20},   {Q5_0, 32, 22},  {Q5_1, 32, 24}, {Q8_0, 32, 34},
                 {Q4_K, 256, 144}, {Q6_K, 256, 210}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].type == type) {
            *weights = known[i].weights;
            *bytes = known[i].bytes;
            return true;
        }
    }
    return false;
}

static uint32_t number(const uint8_t *at, int bytes) {
    uint32_t value = 0;
    for (int i = bytes; i-- > 0;) {
        value = value << 8 | at[i];
    }
    return value;
}

static float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t to_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* A number of 16 bits. */
static float half(const uint8_t *at) {
    uint32_t raw = number(at, 2);
    uint32_t sign = (raw & 0x8000) << 16, exponent = raw >> 10 & 31, mantissa = raw & 1023;
    if (exponent == 0) {
        float small = (float)mantissa * 0x1p-24f;
        return sign != 0 ? -small : small;
    }
    exponent = exponent == 31 ? 255 : exponent + 112;
    return from_bits(sign | exponent << 23 | mantissa << 13);
}

/* Rounded to the nearest, to the even one of two. */
static void put_half(float value, uint8_t *at) {
    uint32_t bits = to_bits(value), sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff, raw;
    if (size >= 0x47800000) {
        raw = size > 0x7f800000 ? 0x7e00 : 0x7c00;
    } else if (size < 0x38800000) {
        raw = to_bits(from_bits(size) + 0.5f) - 0x3f000000;
    } else {
        raw = (size - 0x38000000 + 0xfff + (size >> 13 & 1)) >> 13;
    }
    raw |= sign;
    at[0] = (uint8_t)raw;
    at[1] = (uint8_t)(raw >> 8);
}

/* Q4_0 to Q5_1: `high` is where the fifth bits are, NULL = there are none. */
static void read_small(float scale, float least, int zero, const uint8_t *high, const uint8_t *low,
                       float *out) {
    uint32_t fifth = high != NULL ? number(high, 4) : 0;
    for (int i = 0; i < 32; i++) {
        int q = i < 16 ? low[i] & 15 : low[i - 16] >> 4;
        q |= (int)(fifth >> i & 1) << 4;
        float product = scale * (float)(q - zero);
        out[i] = product + least;
    }
}

static void read_q4_k(const uint8_t *block, float *out) {
    float scale = half(block), least = half(block + 2);
    const uint8_t *s = block + 4, *q = block + 16;
    for (int part = 0; part < 8; part++) {
        int factor = part < 4 ? s[part] & 63 : (s[part + 4] & 15) | (s[part - 4] >> 6) << 4;
        int offset = part < 4 ? s[part + 4] & 63 : (s[part + 4] >> 4) | (s[part] >> 6) << 4;
        float by = scale * (float)factor, minus = least * (float)offset;
        const uint8_t *from = q + part / 2 * 32;
        for (int i = 0; i < 32; i++) {
            float product = by * (float)(part % 2 == 0 ? from[i] & 15 : from[i] >> 4);
            out[part * 32 + i] = product - minus;
        }
    }
}

static void read_q6_k(const uint8_t *block, float *out) {
    const uint8_t *low = block, *high = block + 128, *scales = block + 192;
    float scale = half(block + 208);
    for (int i = 0; i < 256; i++) {
        int side = i / 128, quarter = i % 128 / 32, at = i % 32;
        int l = low[side * 64 + quarter % 2 * 32 + at];
        int q = (quarter < 2 ? l & 15 : l >> 4) | (high[side * 32 + at] >> 2 * quarter & 3) << 4;
        float by = scale * (float)(int8_t)scales[i / 16];
        out[i] = by * (float)(q - 32);
    }
}

void el_weights_read(uint32_t type, const uint8_t *block, float *out) {
    switch (type) {
    case F32:
        *out = from_bits(number(block, 4));
        break;
    case F16:
        *out = half(block);
        break;
    case BF16:
        *out = from_bits(number(block, 2) << 16);
        break;
    case Q4_0:
        read_small(half(block), 0, 8, NULL, block + 2, out);
        break;
    case Q4_1:
        read_small(half(block), half(block + 2), 0, NULL, block + 4, out);
        break;
    case Q5_0:
        read_small(half(block), 0, 16, block + 2, block + 6, out);
        break;
    case Q5_1:
        read_small(half(block), half(block + 2), 0, block + 4, block + 8, out);
        break;
    case Q8_0:
        for (int i = 0; i < 32; i++) {
            out[i] = half(block) * (float)(int8_t)block[2 + i];
        }
        break;
    case Q4_K:
        read_q4_k(block, out);
        break;
    case Q6_K:
        read_q6_k(block, out);
        break;
    default:
        break;
    }
}

/* What the weights become where the largest of them is to be `top`, which may be beyond -8. The
 * scale is the one that fits them best (least squares). Returns the squared error. One operation a
 * statement: of two, some compilers make one, with other bits. */
static float try_q4_0(const float *weights, float largest, float top, uint8_t *block) {
    /* What is less is 0 in 16 bits, and its inverse could overflow. */
    float inverse = fabsf(largest) < 1e-20f ? 0 : top / largest, product = 0, square = 0, error = 0;
    float levels[32];
    for (int i = 0; i < 32; i++) {
        levels[i] = fminf(fmaxf(rintf(weights[i] * inverse), -8), 7);
        float part = weights[i] * levels[i];
        product += part;
        square += levels[i] * levels[i]; /* whole numbers: exact */
    }
    put_half(square > 0 ? product / square : 0, block);
    float scale = half(block);
    for (int i = 0; i < 32; i++) {
        float part = scale * levels[i];
        float off = weights[i] - part, squared = off * off;
        error += squared;
    }
    for (int i = 0; i < 16; i++) {
        block[2 + i] = (uint8_t)((int)levels[i] + 8 + ((int)levels[i + 16] + 8) * 16);
    }
    return error;
}

void el_weights_write_q4_0(const float *weights, uint8_t *block) {
    static const float tops[] = {-8, -8.5f, -7.5f, -7};
    float largest = 0, least = INFINITY;
    for (int i = 0; i < 32; i++) {
        largest = fabsf(weights[i]) > fabsf(largest) ? weights[i] : largest;
    }
    for (size_t t = 0; t < sizeof tops / sizeof *tops; t++) {
        uint8_t other[18];
        float error = try_q4_0(weights, largest, tops[t], other);
        if (t == 0 || error < least) {
            least = error;
            memcpy(block, other, sizeof other);
        }
    }
}

#include "retrieval/vectors.h"

#include <cblas.h>
#include <math.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__x86_64__)
/* The number of queries is a constant in each copy and the loops over them are unrolled, so that
 * the sums stay in registers: this halves the time. */
#define UNROLL _Pragma("GCC unroll 8")
#define WITH_CONSTANT(call)                                                                        \
    switch (n_queries) {                                                                           \
    case 1:                                                                                        \
        call(1);                                                                                   \
        break;                                                                                     \
    case 2:                                                                                        \
        call(2);                                                                                   \
        break;                                                                                     \
    case 3:                                                                                        \
        call(3);                                                                                   \
        break;                                                                                     \
    default:                                                                                       \
        call(4);                                                                                   \
        break;                                                                                     \
    }

__attribute__((target("avx2,fma"))) static inline float sum_float(__m256 v) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

__attribute__((target("avx2,fma"), always_inline)) static inline void
scan_float_with(const float *rows, size_t n_rows, size_t stride, const float *queries, int n,
                float *out) {
    for (size_t row = 0; row < n_rows; row++, rows += stride, out += n) {
        __m256 sums[EL_SCAN_QUERIES];
        UNROLL
        for (int q = 0; q < n; q++) {
            sums[q] = _mm256_setzero_ps();
        }
        for (size_t i = 0; i < stride; i += 8) {
            __m256 x = _mm256_loadu_ps(rows + i);
            UNROLL
            for (int q = 0; q < n; q++) {
                __m256 y = _mm256_loadu_ps(queries + (size_t)q * stride + i);
                sums[q] = _mm256_fmadd_ps(x, y, sums[q]);
            }
        }
        UNROLL
        for (int q = 0; q < n; q++) {
            out[q] = sum_float(sums[q]);
        }
    }
}

__attribute__((target("avx2,fma"))) static void scan_float_avx2(const float *rows, size_t n_rows,
                                                                size_t stride, const float *queries,
                                                                size_t n_queries, float *out) {
#define CALL(n) scan_float_with(rows, n_rows, stride, queries, n, out)
    WITH_CONSTANT(CALL)
#undef CALL
}

__attribute__((target("avx2"))) static inline int32_t sum_int(__m256i v) {
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1)));
}

/* ROWS rows at a time share each load of a query: with one row the loads would be the limit. (Rows
 * of floats are four times as long; there memory is the limit, and two rows at a time are slower.)
 */
enum { ROWS = 2 };

__attribute__((target("avx2"), always_inline)) static inline void
multiply_small(const int8_t *row, const struct el_small_scale *scales, size_t stride,
               const int16_t *queries, const float *query_scales, int rows, int n, float *out) {
    __m256i sums[ROWS][EL_SCAN_QUERIES], x[ROWS];
    UNROLL
    for (int i = 0; i < rows * n; i++) {
        sums[i / n][i % n] = _mm256_setzero_si256();
    }
    for (size_t i = 0; i < stride; i += 16) {
        UNROLL
        for (int r = 0; r < rows; r++) {
            const int8_t *bytes = row + (size_t)r * stride + i;
            x[r] = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)bytes));
        }
        UNROLL
        for (int q = 0; q < n; q++) {
            const int16_t *query = queries + (size_t)q * stride + i;
            __m256i y = _mm256_loadu_si256((const __m256i *)query);
            UNROLL
            for (int r = 0; r < rows; r++) {
                sums[r][q] = _mm256_add_epi32(sums[r][q], _mm256_madd_epi16(x[r], y));
            }
        }
    }
    UNROLL
    for (int i = 0; i < rows * n; i++) {
        out[i] = (float)sum_int(sums[i / n][i % n]) * (scales[i / n].scale * query_scales[i % n]);
    }
}

__attribute__((target("avx2"), always_inline)) static inline void
scan_small_with(const int8_t *rows, const struct el_small_scale *scales, size_t n_rows,
                size_t stride, const int16_t *queries, const float *query_scales, int n,
                float *out) {
    size_t row = 0;
    for (; row + ROWS <= n_rows; row += ROWS) {
        multiply_small(rows + row * stride, scales + row, stride, queries, query_scales, ROWS, n,
                       out + row * (size_t)n);
    }
    for (; row < n_rows; row++) {
        multiply_small(rows + row * stride, scales + row, stride, queries, query_scales, 1, n,
                       out + row * (size_t)n);
    }
}

__attribute__((target("avx2"))) static void
scan_small_avx2(const int8_t *rows, const struct el_small_scale *scales, size_t n_rows,
                size_t stride, const int16_t *queries, const float *query_scales, size_t n_queries,
                float *out) {
#define CALL(n) scan_small_with(rows, scales, n_rows, stride, queries, query_scales, n, out)
    WITH_CONSTANT(CALL)
#undef CALL
}
#endif

/* OpenBLAS keeps a product of at most this many multiplications on the calling thread, which is
 * what we want: the threads are ours. */
enum { LARGEST_PRODUCT = 1 << 18 };

void el_scan_float(const float *rows, size_t n_rows, size_t stride, const float *queries,
                   size_t n_queries, float *out) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        scan_float_avx2(rows, n_rows, stride, queries, n_queries, out);
        return;
    }
#endif
    size_t block = LARGEST_PRODUCT / (stride * n_queries);
    block = block == 0 ? 1 : block;
    for (size_t row = 0; row < n_rows; row += block) {
        size_t n = n_rows - row < block ? n_rows - row : block;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)n_queries, (int)stride, 1,
                    rows + row * stride, (int)stride, queries, (int)stride, 0,
                    out + row * n_queries, (int)n_queries);
    }
}

void el_scan_small(const int8_t *rows, const struct el_small_scale *scales, size_t n_rows,
                   size_t stride, const int16_t *queries, const float *query_scales,
                   size_t n_queries, float *out) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        scan_small_avx2(rows, scales, n_rows, stride, queries, query_scales, n_queries, out);
        return;
    }
#endif
    for (size_t row = 0; row < n_rows; row++) {
        for (size_t q = 0; q < n_queries; q++) {
            int64_t sum = 0;
            for (size_t i = 0; i < stride; i++) {
                sum += rows[row * stride + i] * queries[q * stride + i];
            }
            out[row * n_queries + q] = (float)sum * (scales[row].scale * query_scales[q]);
        }
    }
}

static float largest_of(const float *vector, size_t stride) {
    float largest = 0;
    for (size_t i = 0; i < stride; i++) {
        largest = fabsf(vector[i]) > largest ? fabsf(vector[i]) : largest;
    }
    return largest;
}

/* Rounding to whole multiples of `scale`, at most `steps` of them either side of zero. The error is
 * taken against the scale as stored (a float), so that the bound holds exactly. */
struct rounding {
    float scale;
    double steps, squares; /* of the errors so far */
};

static struct rounding round_to(const float *vector, size_t stride, double steps) {
    return (struct rounding){(float)(largest_of(vector, stride) / steps), steps, 0};
}

static double round_one(struct rounding *rounding, float value) {
    double x = rounding->scale > 0 ? rint((double)value / rounding->scale) : 0;
    x = fmax(-rounding->steps, fmin(rounding->steps, x));
    double off = value - x * rounding->scale;
    rounding->squares += off * off;
    return x;
}

static struct el_small_scale rounded(const struct rounding *rounding) {
    return (struct el_small_scale){rounding->scale,
                                   nextafterf((float)sqrt(rounding->squares), INFINITY)};
}

struct el_small_scale el_quantise(const float *vector, size_t stride, int8_t *small) {
    struct rounding rounding = round_to(vector, stride, 127);
    for (size_t i = 0; i < stride; i++) {
        small[i] = (int8_t)round_one(&rounding, vector[i]);
    }
    return rounded(&rounding);
}

/* 127 * 4095 * 4096 dimensions is the largest product that 32 bits can hold. */
struct el_small_scale el_quantise_query(const float *vector, size_t stride, int16_t *small) {
    struct rounding rounding = round_to(vector, stride, 4095);
    for (size_t i = 0; i < stride; i++) {
        small[i] = (int16_t)round_one(&rounding, vector[i]);
    }
    return rounded(&rounding);
}

double el_dot(const float *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)a[i] * b[i];
    }
    return sum;
}

int el_vector_is_normal(const float *vector, size_t n) {
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(vector[i])) {
            return 0;
        }
        squares += (double)vector[i] * vector[i];
    }
    return squares == 0 || fabs(sqrt(squares) - 1) <= 1e-3;
}

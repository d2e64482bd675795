/* Products of a few query vectors with very many rows, at the speed of memory.
 *
 * A search has one to a few dozen query vectors, so each row is read once and multiplied with up
 * to EL_SCAN_QUERIES of them while it is in registers. cblas_sgemm does the same work at a third
 * of the speed (it copies the large matrix into its own layout first), so it serves only where the
 * processor lacks AVX2. Rows and queries are `stride` elements long, a multiple of
 * EL_VECTOR_ALIGN, padded with zeros. All functions are pure. */
#ifndef EL_RETRIEVAL_VECTORS_H
#define EL_RETRIEVAL_VECTORS_H

#include <stddef.h>
#include <stdint.h>

enum { EL_VECTOR_ALIGN = 32, EL_SCAN_QUERIES = 4 };

/* out[row * n_queries + query] = rows[row] . queries[query]; n_queries <= EL_SCAN_QUERIES */
void el_scan_float(const float *rows, size_t n_rows, size_t stride, const float *queries,
                   size_t n_queries, float *out);

/* The 8-bit form v' = scale * small of a vector v, with error = |v - v'| (rounded up), so that
 * |q.v - q.v'| <= |q| * error by Cauchy and Schwarz. */
struct el_small_scale {
    float scale, error;
};
struct el_small_scale el_quantise(const float *vector, size_t stride, int8_t *small);

/* A query as 16-bit numbers; same meaning. */
struct el_small_scale el_quantise_query(const float *vector, size_t stride, int16_t *small);

/* out[row * n_queries + query] = scale of row * scale of query * the integer product, all exact
 * but for the rounding of that one float. */
void el_scan_small(const int8_t *rows, const struct el_small_scale *scales, size_t n_rows,
                   size_t stride, const int16_t *queries, const float *query_scales,
                   size_t n_queries, float *out);

/* In double precision. */
double el_dot(const float *a, const float *b, size_t n);

/* Whether every number is finite and the length is 1 within 1e-3, or 0. */
int el_vector_is_normal(const float *vector, size_t n);

#endif

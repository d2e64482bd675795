/* Blocks of weights: what each type of GGUF tensors says, and what is written as Q4_0. */
#include "models/weights.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* Bytes 11, 48, 85, ... with 0.125 where the type has its scales (and -1.5 where it has one
 * weight); the weights are those that the gguf package (0.19) reads from them. */
static const struct {
    uint32_t type;
    size_t bytes, weights;
    int scale, least; /* where these are; -1 = nowhere */
    float first, third, last;
    double sum;
} blocks[] = {
    {0, 4, 1, -1, -1, -1.5f, -1.5f, -1.5f, -1.5},
    {1, 2, 1, -1, -1, -1.5f, -1.5f, -1.5f, -1.5},
    {30, 2, 1, -1, -1, -1.5f, -1.5f, -1.5f, -1.5},
    {2, 18, 32, 0, -1, -0.375f, -0.125f, 0, -2.625},
    {3, 20, 32, 0, 2, 2, 0.25f, 1.625f, 34.625},
    {6, 22, 32, 0, -1, 1.125f, -0.625f, 0.125f, 1.875},
    {7, 24, 32, 0, 2, 2.5f, 2.75f, 0.75f, 67.125},
    {8, 34, 32, 0, -1, 10.625f, -7.125f, -6, -22},
    {12, 144, 256, 0, 2, 36.25f, 12.875f, 3.875f, 6277},
    {14, 210, 256, 208, -1, -178.875f, 232.5f, -7.5f, 576.5},
};

static void put_eighth(uint8_t *block, int at) {
    if (at >= 0) {
        block[at] = 0x00;
        block[at + 1] = 0x30;
    }
}

static void test_read(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) {
        uint8_t block[256];
        float out[EL_MOST_IN_BLOCK];
        size_t weights = 0, bytes = 0;
        assert_true(el_weights_block(blocks[k].type, &weights, &bytes));
        assert_int_equal(weights, blocks[k].weights);
        assert_int_equal(bytes, blocks[k].bytes);
        for (size_t i = 0; i < bytes; i++) {
            block[i] = (uint8_t)(i * 37 + 11);
        }
        if (weights == 1) {
            static const uint8_t minus[3][4] = {{0, 0, 0xc0, 0xbf}, {0, 0xbe}, {0xc0, 0xbf}};
            memcpy(block, minus[k], bytes);
        }
        put_eighth(block, blocks[k].scale);
        put_eighth(block, blocks[k].least);
        el_weights_read(blocks[k].type, block, out);
        double sum = 0;
        for (size_t i = 0; i < weights; i++) {
            sum += (double)out[i];
        }
        assert_true(out[0] == blocks[k].first);
        assert_true(out[weights / 3] == blocks[k].third);
        assert_true(out[weights - 1] == blocks[k].last);
        assert_true(sum == blocks[k].sum);
    }
}

static void test_unknown(void **state) {
    (void)state;
    size_t weights, bytes;
    assert_false(el_weights_block(4, &weights, &bytes));
    assert_false(el_weights_block(1000, &weights, &bytes));
}

static void write_and_read(const float *weights, float *out) {
    uint8_t block[18];
    el_weights_write_q4_0(weights, block);
    el_weights_read(EL_WEIGHTS_Q4_0, block, out);
}

/* What a block can say comes back as it was. */
static void test_write(void **state) {
    (void)state;
    float weights[32] = {-8, 7, 1, 0, -3}, out[32];
    weights[16] = -7;
    weights[31] = 5;
    write_and_read(weights, out);
    assert_memory_equal(out, weights, sizeof out);
    for (size_t i = 0; i < 32; i++) {
        weights[i] = -weights[i] / 4;
    }
    write_and_read(weights, out);
    for (size_t i = 0; i < 32; i++) {
        assert_true(out[i] == weights[i]);
    }
}

static float error_of(const float *weights, const float *other) {
    float error = 0;
    for (size_t i = 0; i < 32; i++) {
        error += (weights[i] - other[i]) * (weights[i] - other[i]);
    }
    return error;
}

/* No block is worse than with the scale that makes the largest weight -8, as ggml writes it. Blocks
 * with as much on either side are better by a good deal. */
static void test_scales(void **state) {
    (void)state;
    uint32_t random = 1;
    float ours = 0, plain = 0;
    for (size_t block = 0; block < 200; block++) {
        float weights[32], out[32], simple[32], largest = 0;
        for (size_t i = 0; i < 32; i++) {
            weights[i] = 0;
            for (size_t k = 0; k < 4; k++) {
                random = random * 1664525u + 1013904223u;
                weights[i] += (float)(random >> 16) / 65536 - 0.5f;
            }
            largest = fabsf(weights[i]) > fabsf(largest) ? weights[i] : largest;
        }
        for (size_t i = 0; i < 32; i++) {
            float level = rintf(weights[i] / largest * -8);
            simple[i] = largest / -8 * (level > 7 ? 7 : level);
        }
        write_and_read(weights, out);
        assert_true(error_of(weights, out) <= error_of(weights, simple) * 1.001f);
        ours += error_of(weights, out);
        plain += error_of(weights, simple);
    }
    assert_true(ours < 0.9f * plain);
}

/* Scales that a number of 16 bits can only just hold, or cannot, and what is no number. */
static void test_small_and_large(void **state) {
    (void)state;
    static const struct {
        float weight;
        unsigned scale; /* as it is stored */
    } cases[] = {
        {0, 0},
        {-8 * 0x1p-24f, 1},          /* the smallest */
        {-8 * 0x1p-27f, 0},          /* rounded to nothing */
        {-8 * 0x1p-14f, 0x0400},     /* the smallest that is whole */
        {-8 * 65504.0f, 0x7bff},     /* the largest */
        {-8 * 65536.0f * 2, 0x7c00}, /* infinite */
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        float weights[32] = {cases[k].weight};
        uint8_t block[18];
        el_weights_write_q4_0(weights, block);
        assert_int_equal(block[0] | block[1] << 8, cases[k].scale);
    }
    static const struct {
        float by;
        unsigned scale;
    } halves[] = {{1 + 0x1p-11f, 0x3c00}, {1 + 0x3p-11f, 0x3c02}}; /* rounded to the even one */
    uint8_t block[18];
    for (size_t k = 0; k < 2; k++) {
        float weights[32] = {-8, 7, 5, 3, 1};
        for (size_t i = 0; i < 5; i++) {
            weights[i] *= halves[k].by;
        }
        el_weights_write_q4_0(weights, block);
        assert_int_equal(block[0] | block[1] << 8, halves[k].scale);
    }
    float none[32] = {NAN, INFINITY, -INFINITY, 1e-40f, 1};
    el_weights_write_q4_0(none, block);
    assert_int_equal(block[0] | block[1] << 8, 0x7e00); /* no number */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_scales),
        cmocka_unit_test(test_small_and_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

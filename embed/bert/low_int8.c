/* int8 by AVX512-VNNI: unsigned by signed bytes, four at a time, exactly into int32. */
#include <immintrin.h>

#include "low.h"

#define STEP(acc, a, b) _mm512_dpbusd_epi32(acc, a, b)
#include "low_simd.h"

void wn_low_int8_row(const float *x, size_t k, size_t groups, uint32_t *out, float *scale, float *offset) {
    __m512 low = _mm512_setzero_ps(), high = low;
    for (size_t j = 0; j < k; j += 16) {
        __m512 v = load_some(x + j, k - j);
        low = _mm512_min_ps(low, v);
        high = _mm512_max_ps(high, v);
    }
    float least = _mm512_reduce_min_ps(low), most = _mm512_reduce_max_ps(high), step = (most - least) / 255.0f;
    const __m512 inverse = _mm512_set1_ps(step > 0 ? 1.0f / step : 0), base = _mm512_set1_ps(least);
    for (size_t j = 0; j < groups * 4; j += 16) {
        __m512 v = j < k ? load_some(x + j, k - j) : base;
        __m512i q = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_sub_ps(v, base), inverse));
        _mm_storeu_si128((__m128i *)(void *)(out + j / 4), _mm512_cvtusepi32_epi8(q));
    }
    *scale = step;
    *offset = least;
}

/* Symmetric, so that a padding byte of 0 means 0 and the offset of x needs one sum a column. */
void wn_low_int8_weight(const float *w, size_t k, size_t groups, uint32_t *out, float *scale, float *sum) {
    __m512 top = _mm512_setzero_ps();
    for (size_t j = 0; j < k; j += 16) top = _mm512_max_ps(top, _mm512_abs_ps(load_some(w + j, k - j)));
    float step = _mm512_reduce_max_ps(top) / 127.0f;
    const __m512 inverse = _mm512_set1_ps(step > 0 ? 1.0f / step : 0);
    __m512i total = _mm512_setzero_si512();
    for (size_t j = 0; j < groups * 4; j += 16) {
        __m512 v = j < k ? load_some(w + j, k - j) : _mm512_setzero_ps();
        __m512i q = _mm512_cvtps_epi32(_mm512_mul_ps(v, inverse));
        total = _mm512_add_epi32(total, q);
        _mm_storeu_si128((__m128i *)(void *)(out + j / 4), _mm512_cvtsepi32_epi8(q));
    }
    *scale = step;
    *sum = step * (float)_mm512_reduce_add_epi32(total);
}

void wn_low_int8_dequantise(float *c, size_t m, const float *row_scale, const float *row_offset, const float *scale, const float *sum) {
    const __m512 s0 = _mm512_loadu_ps(scale), s1 = _mm512_loadu_ps(scale + 16);
    const __m512 t0 = _mm512_loadu_ps(sum), t1 = _mm512_loadu_ps(sum + 16);
    for (size_t i = 0; i < m; i++) {
        float *row = c + i * WN_LOW_PANEL;
        const __m512 x = _mm512_set1_ps(row_scale[i]), y = _mm512_set1_ps(row_offset[i]);
        __m512 v0 = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_loadu_si512(row)), _mm512_mul_ps(x, s0));
        __m512 v1 = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_loadu_si512(row + 16)), _mm512_mul_ps(x, s1));
        _mm512_storeu_ps(row, _mm512_fmadd_ps(y, t0, v0));
        _mm512_storeu_ps(row + 16, _mm512_fmadd_ps(y, t1, v1));
    }
}

static void product(const uint32_t *a, size_t groups, size_t m, const uint32_t *panel, float *c) {
    block_sums(a, groups, groups, m, panel, c, store_sums);
}

const wn_low_kernel wn_low_int8_avx512 = {
    .precision = WN_PREC_INT8, .per = 4, .rows = 6 * STRIP,
    .row = wn_low_int8_row, .weight = wn_low_int8_weight, .product = product, .dequantise = wn_low_int8_dequantise};

/* int8 by AVX512-VNNI: unsigned by signed bytes, four at a time, exactly into int32; each block of 64 is then scaled.
 * */
#include <immintrin.h>

#include "quant.h"

#define STEP(acc, a, b) _mm512_dpbusd_epi32(acc, a, b)
#include "quant_simd.h"

enum { BLOCK = 64 };

static inline __m512 part_of(const float *x, size_t j, size_t k) {
    return j < k ? load_some(x + j, k - j) : _mm512_setzero_ps();
}

static void row(const float *x, size_t k, size_t groups, uint32_t *out, float *scale, float *offset) {
    for (size_t b = 0; b * WN_QUANT_GROUPS < groups; b++, out += WN_QUANT_GROUPS) {
        const size_t j = b * BLOCK;
        const __m512 v0 = part_of(x, j, k), v1 = part_of(x, j + 16, k), v2 = part_of(x, j + 32, k),
                     v3 = part_of(x, j + 48, k);
        float least = _mm512_reduce_min_ps(_mm512_min_ps(_mm512_min_ps(v0, v1), _mm512_min_ps(v2, v3)));
        float most = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(v0, v1), _mm512_max_ps(v2, v3)));
        float step = (most - least) / 255.0f;
        const __m512 inverse = _mm512_set1_ps(step > 0x1p-100f ? 1.0f / step : 0), base = _mm512_set1_ps(least);
#define QUANTISED(v) _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(_mm512_sub_ps(v, base), inverse)))
        _mm_storeu_si128((__m128i *)(void *)out, QUANTISED(v0));
        _mm_storeu_si128((__m128i *)(void *)(out + 4), QUANTISED(v1));
        _mm_storeu_si128((__m128i *)(void *)(out + 8), QUANTISED(v2));
        _mm_storeu_si128((__m128i *)(void *)(out + 12), QUANTISED(v3));
#undef QUANTISED
        scale[b] = step;
        offset[b] = least;
    }
}

/* Symmetric, so that the padding's 0 means 0 and the offset of x needs one sum a column. */
static void weight(const float *w, size_t k, size_t groups, uint32_t *out, float *scale, float *sum) {
    for (size_t b = 0; b * WN_QUANT_GROUPS < groups; b++, out += WN_QUANT_GROUPS) {
        __m512 top = _mm512_setzero_ps();
        for (size_t j = b * BLOCK; j < (b + 1) * BLOCK; j += 16)
            top = _mm512_max_ps(top, _mm512_abs_ps(part_of(w, j, k)));
        float step = _mm512_reduce_max_ps(top) / 127.0f;
        const __m512 inverse = _mm512_set1_ps(step > 0x1p-100f ? 1.0f / step : 0);
        __m512i total = _mm512_setzero_si512();
        for (size_t i = 0; i < WN_QUANT_GROUPS; i += 4) {
            __m512i q = _mm512_cvtps_epi32(_mm512_mul_ps(part_of(w, b * BLOCK + i * 4, k), inverse));
            total = _mm512_add_epi32(total, q);
            _mm_storeu_si128((__m128i *)(void *)(out + i), _mm512_cvtsepi32_epi8(q));
        }
        scale[b] = step;
        sum[b] = step * (float)_mm512_reduce_add_epi32(total);
    }
}

/* c[m, 32] += the sums of block b, scaled; the first block sets c. */
static void add_scaled(const wn_quant_part *p, size_t i, size_t m, size_t b, const int32_t *sums, float *c) {
    const size_t blocks = p->groups / WN_QUANT_GROUPS;
    const float *row_scale = p->row_scale + i * blocks + b, *row_offset = p->row_offset + i * blocks + b;
    const float *scale = p->scale + b * WN_QUANT_PANEL, *sum = p->sum + b * WN_QUANT_PANEL;
    const __m512 s0 = _mm512_loadu_ps(scale), s1 = _mm512_loadu_ps(scale + 16);
    const __m512 t0 = _mm512_loadu_ps(sum), t1 = _mm512_loadu_ps(sum + 16);
    for (size_t r = 0; r < m; r++, c += WN_QUANT_PANEL, sums += WN_QUANT_PANEL) {
        const __m512 x = _mm512_set1_ps(row_scale[r * blocks]), y = _mm512_set1_ps(row_offset[r * blocks]);
        __m512 c0 = b ? _mm512_loadu_ps(c) : _mm512_setzero_ps(), c1 = b ? _mm512_loadu_ps(c + 16) : c0;
        c0 = _mm512_fmadd_ps(y, t0, c0);
        c1 = _mm512_fmadd_ps(y, t1, c1);
        _mm512_storeu_ps(c, _mm512_fmadd_ps(_mm512_mul_ps(x, s0), _mm512_cvtepi32_ps(_mm512_load_si512(sums)), c0));
        _mm512_storeu_ps(c + 16,
                         _mm512_fmadd_ps(_mm512_mul_ps(x, s1), _mm512_cvtepi32_ps(_mm512_load_si512(sums + 16)), c1));
    }
}

static void product(const wn_quant_part *p, float *c) {
    _Alignas(64) int32_t sums[STRIP * WN_QUANT_PANEL];
    for (size_t i = 0; i < p->m; i += STRIP) {
        const size_t m = p->m - i < STRIP ? p->m - i : STRIP;
        for (size_t b = 0; b * WN_QUANT_GROUPS < p->groups; b++) {
            const size_t g = b * WN_QUANT_GROUPS;
            strip_of(m, p->a + i * p->groups + g, p->groups, WN_QUANT_GROUPS, p->panel + g * WN_QUANT_PANEL, sums);
            add_scaled(p, i, m, b, sums, c + i * WN_QUANT_PANEL);
        }
    }
}

const wn_quant_kernel wn_quant_int8_avx512 = {.precision = WN_PREC_INT8,
                                              .scaled = true,
                                              .per = 4,
                                              .rows = 6 * STRIP,
                                              .row = row,
                                              .weight = weight,
                                              .product = product};

/* bf16 by AVX512-BF16: pairs multiplied into f32. */
#include <immintrin.h>

#include "quant.h"

#define STEP(acc, a, b)                                                                                                \
    _mm512_castps_si512(_mm512_dpbf16_ps(_mm512_castsi512_ps(acc), (__m512bh)(a), (__m512bh)(b)))
#include "quant_simd.h"

void wn_quant_bf16_row(const float *x, size_t k, size_t groups, uint32_t *out, float *scale, float *offset) {
    (void)scale, (void)offset;
    for (size_t j = 0; j < groups * 2; j += 16) {
        __m256bh v = _mm512_cvtneps_pbh(j < k ? load_some(x + j, k - j) : _mm512_setzero_ps());
        _mm256_storeu_si256((__m256i *)(void *)(out + j / 2), (__m256i)v);
    }
}

static void product(const wn_quant_part *p, float *c) {
    for (size_t i = 0; i < p->m; i += STRIP)
        strip_of(p->m - i < STRIP ? p->m - i : STRIP, p->a + i * p->groups, p->groups, p->groups, p->panel,
                 c + i * WN_QUANT_PANEL);
}

const wn_quant_kernel wn_quant_bf16_avx512 = {
    .precision = WN_PREC_BF16, .per = 2, .rows = 6 * STRIP,
    .row = wn_quant_bf16_row, .weight = wn_quant_bf16_row, .product = product};

/* f16 by AVX512-FP16. A 16-bit broadcast costs a shuffle on a port that multiplies, a 32-bit one does not: so pairs are
 * broadcast, and the even and the odd values of k are summed in neighbouring halves. After 128 values both halves are
 * added up in f32, before the rounding of f16 sums shows. Tests compile this file against an emulation of the one
 * instruction that AVX-512 itself lacks. */
#include <immintrin.h>

#include "quant.h"

#ifdef WN_FP16_EMULATED
static __m512i step_f16(__m512i acc, __m512i a, __m512i b);
#define STEP(acc, a, b) step_f16(acc, a, b)
#else
#define STEP(acc, a, b)                                                                                                \
    _mm512_castph_si512(_mm512_fmadd_ph(_mm512_castsi512_ph(a), _mm512_castsi512_ph(b), _mm512_castsi512_ph(acc)))
#endif
#include "quant_simd.h"

static void weight(const float *w, size_t k, size_t groups, uint32_t *out, float *scale, float *sum) {
    (void)scale, (void)sum;
    for (size_t j = 0; j < groups * 2; j += 16) {
        const __m512 v = j < k ? load_some(w + j, k - j) : _mm512_setzero_ps();
        _mm256_storeu_si256((__m256i *)(void *)(out + j / 2),
                            _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    }
}

static void row(const float *x, size_t k, size_t groups, uint32_t *out, float *scale, float *offset) {
    weight(x, k, groups, out, scale, offset);
}

enum { RUN = 64 }; /* groups: 128 values of k */

static void add_halves(const uint32_t *sums, size_t m, bool first, float *c) {
    for (size_t i = 0; i < m * WN_QUANT_PANEL; i += 16) {
        const __m512i both = _mm512_load_si512(sums + i);
        const __m512 even = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(both));
        const __m512 odd = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(both, 16)));
        const __m512 s = _mm512_add_ps(even, odd);
        _mm512_storeu_ps(c + i, first ? s : _mm512_add_ps(_mm512_loadu_ps(c + i), s));
    }
}

static void product(const wn_quant_part *p, float *c) {
    _Alignas(64) uint32_t sums[STRIP * WN_QUANT_PANEL];
    for (size_t i = 0; i < p->m; i += STRIP) {
        const size_t m = p->m - i < STRIP ? p->m - i : STRIP;
        for (size_t g = 0; g < p->groups; g += RUN) {
            const size_t run = p->groups - g < RUN ? p->groups - g : RUN;
            strip_of(m, p->a + i * p->groups + g, p->groups, run, p->panel + g * WN_QUANT_PANEL, sums);
            add_halves(sums, m, g == 0, c + i * WN_QUANT_PANEL);
        }
    }
}

const wn_quant_kernel wn_quant_f16_avx512 = {
    .precision = WN_PREC_F16, .per = 2, .rows = 6 * STRIP, .row = row, .weight = weight, .product = product};

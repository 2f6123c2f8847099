/* linear/quant_f16.c with its one FP16 instruction in plain C, for processors without it. */
#define WN_FP16_EMULATED
#define wn_quant_f16_avx512 wn_quant_f16_emulated
#include "embed/linear/quant_f16.c"
#include "f16.h"

/* A product of two f16 is exact in double, and so is its sum with a third unless they are 2^30 apart: one rounding. */
static __m512i step_f16(__m512i acc, __m512i a, __m512i b) {
    float x[32], y[32], z[32];
    for (int half = 0; half < 2; half++) {
        _mm512_storeu_ps(x + 16 * half,
                         _mm512_cvtph_ps(_mm512_extracti64x4_epi64(half ? _mm512_shuffle_i64x2(a, a, 0xee) : a, 0)));
        _mm512_storeu_ps(y + 16 * half,
                         _mm512_cvtph_ps(_mm512_extracti64x4_epi64(half ? _mm512_shuffle_i64x2(b, b, 0xee) : b, 0)));
        _mm512_storeu_ps(z + 16 * half,
                         _mm512_cvtph_ps(
                             _mm512_extracti64x4_epi64(half ? _mm512_shuffle_i64x2(acc, acc, 0xee) : acc, 0)));
    }
    for (int i = 0; i < 32; i++) z[i] = (float)as_f16((double)x[i] * (double)y[i] + (double)z[i]);
    const __m256i low = _mm512_cvtps_ph(_mm512_loadu_ps(z), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m256i high = _mm512_cvtps_ph(_mm512_loadu_ps(z + 16), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

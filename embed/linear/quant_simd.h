/* A block of 14 rows by 32 columns in registers, for AVX-512: the including file defines STEP(acc, a, b), which adds
 * the products of one group to 16 sums of 32 bits.
 * 14 x 2 accumulators, 2 vectors of the panel, 1 broadcast: 31 of 32 registers. A 32-bit broadcast from memory costs no
 * shuffle, which is why numbers travel in groups. */
#include "quant.h"

#include <wn/simd.h>

enum { STRIP = 14 };

/* c[rows, 32] = the 32-bit sums of a strip over `groups` groups. They go through memory even where more is done with
 * them: that code would cost this loop its registers. */
WN_INLINE void strip_sums(const uint32_t *restrict a, size_t lda, size_t groups, const uint32_t *restrict panel,
                          void *restrict c, const int rows) {
    __m512i left[STRIP], right[STRIP];
    WN_UNROLL for (int r = 0; r < rows; r++) left[r] = right[r] = _mm512_setzero_si512();
    __asm__("" : "+r"(groups)); /* a known count makes gcc unroll the loop and run out of registers */
    for (size_t g = 0; g < groups; g++) {
        const __m512i b0 = _mm512_load_si512(panel + g * WN_QUANT_PANEL),
                      b1 = _mm512_load_si512(panel + g * WN_QUANT_PANEL + 16);
        WN_UNROLL for (int r = 0; r < rows; r++) {
            const __m512i x = _mm512_set1_epi32((int)a[(size_t)r * lda + g]);
            left[r] = STEP(left[r], x, b0);
            right[r] = STEP(right[r], x, b1);
        }
    }
    WN_UNROLL for (int r = 0; r < rows; r++) {
        _mm512_storeu_si512((uint32_t *)c + r * WN_QUANT_PANEL, left[r]);
        _mm512_storeu_si512((uint32_t *)c + r * WN_QUANT_PANEL + 16, right[r]);
    }
}

/* The same for m <= STRIP rows. */
static __attribute__((noinline)) void strip_of(size_t m, const uint32_t *a, size_t lda, size_t groups,
                                               const uint32_t *panel, void *c) {
    switch (m) {
#define ROWS(n)                                                                                                        \
    case n: strip_sums(a, lda, groups, panel, c, n); return;
        ROWS(1)
        ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12) ROWS(13) ROWS(14)
#undef ROWS
            default : return;
    }
}

/* 16 floats from x, those from n on zero. */
static inline __m512 load_some(const float *x, size_t n) {
    return n >= 16 ? _mm512_loadu_ps(x) : _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), x);
}

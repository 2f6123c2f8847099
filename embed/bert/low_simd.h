/* A block of 14 rows by 32 columns in registers, for AVX-512: the including file defines STEP(acc, a, b), which adds
 * the products of one group to 16 sums, and after this block_sums the kernel's product.
 * 14 x 2 accumulators, 2 vectors of the panel, 1 broadcast: 31 of 32 registers. A 32-bit broadcast from memory costs no
 * shuffle, which is why numbers travel in groups. */
#include <immintrin.h>

#include "low.h"

enum { STRIP = 14 };

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* keep(c, sums): how 16 sums get into memory. */
static inline __attribute__((always_inline)) void strip_sums(const uint32_t *restrict a, size_t lda, size_t groups,
                                                             const uint32_t *restrict panel, float *restrict c,
                                                             const int rows, void (*const keep)(float *, __m512i)) {
    __m512i left[STRIP], right[STRIP];
    UNROLL for (int r = 0; r < rows; r++) left[r] = right[r] = _mm512_setzero_si512();
    for (size_t g = 0; g < groups; g++) {
        const __m512i b0 = _mm512_load_si512(panel + g * WN_LOW_PANEL), b1 = _mm512_load_si512(panel + g * WN_LOW_PANEL + 16);
        UNROLL for (int r = 0; r < rows; r++) {
            const __m512i x = _mm512_set1_epi32((int)a[(size_t)r * lda + g]);
            left[r] = STEP(left[r], x, b0);
            right[r] = STEP(right[r], x, b1);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        keep(c + r * WN_LOW_PANEL, left[r]);
        keep(c + r * WN_LOW_PANEL + 16, right[r]);
    }
}

static inline __attribute__((always_inline)) void block_sums(const uint32_t *a, size_t lda, size_t groups, size_t m,
                                                             const uint32_t *panel, float *c,
                                                             void (*const keep)(float *, __m512i)) {
    size_t i = 0;
    for (; i + STRIP <= m; i += STRIP) strip_sums(a + i * lda, lda, groups, panel, c + i * WN_LOW_PANEL, STRIP, keep);
    switch (m - i) {
#define ROWS(n)                                                                                                        \
    case n: strip_sums(a + i * lda, lda, groups, panel, c + i * WN_LOW_PANEL, n, keep); return;
        ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12) ROWS(13)
#undef ROWS
    default: return;
    }
}

static inline void store_sums(float *c, __m512i sums) { _mm512_storeu_si512(c, sums); }

/* 16 floats from x, those from n on zero. */
static inline __m512 load_some(const float *x, size_t n) {
    return n >= 16 ? _mm512_loadu_ps(x) : _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), x);
}

/* The kernels for AVX2 with FMA: the same bits as AVX-512, half the width. */
#include "kern.h"

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#include <string.h>

#define ROWS_MAX 6 /* 6 x 2 accumulators, 2 vectors of b, 1 broadcast: 15 of 16 registers */

static inline __attribute__((always_inline)) void micro_rows(const float *restrict a, size_t k, const float *restrict b,
                                                             float *restrict c, size_t ldc, const int rows,
                                                             int accumulate) {
    __m256 left[ROWS_MAX], right[ROWS_MAX];
    WN_UNROLL for (int r = 0; r < rows; r++) {
        left[r] = accumulate ? _mm256_loadu_ps(c + (size_t)r * ldc) : _mm256_setzero_ps();
        right[r] = accumulate ? _mm256_loadu_ps(c + (size_t)r * ldc + 8) : _mm256_setzero_ps();
    }
    for (size_t p = 0; p < k; p++) {
        const __m256 b0 = _mm256_load_ps(b + p * WN_PANEL), b1 = _mm256_load_ps(b + p * WN_PANEL + 8);
        WN_UNROLL for (int r = 0; r < rows; r++) {
            const __m256 x = _mm256_set1_ps(a[r * WN_STRIP_LD + (ptrdiff_t)p]);
            left[r] = _mm256_fmadd_ps(x, b0, left[r]);
            right[r] = _mm256_fmadd_ps(x, b1, right[r]);
        }
    }
    WN_UNROLL for (int r = 0; r < rows; r++) {
        _mm256_storeu_ps(c + (size_t)r * ldc, left[r]);
        _mm256_storeu_ps(c + (size_t)r * ldc + 8, right[r]);
    }
}

static void micro(const float *a, size_t k, const float *b, float *c, size_t ldc, size_t m, int accumulate) {
    switch (m) {
#define ROWS(n)                                                                                                        \
    case n:                                                                                                            \
        micro_rows(a, k, b, c, ldc, n, accumulate);                                                                    \
        micro_rows(a, k, b + 16, c + 16, ldc, n, accumulate);                                                          \
        return;
        ROWS(1)
        ROWS(2)
        ROWS(3) ROWS(4) ROWS(5) ROWS(6)
#undef ROWS
            default : return;
    }
}

static inline __m256 exp8(__m256 t) {
    const __m256 magic = _mm256_set1_ps(0x1.8p23f);
    const __m256 normal = _mm256_cmp_ps(t, _mm256_set1_ps(WN_EXP_MIN), _CMP_GE_OQ);
    t = _mm256_min_ps(t, _mm256_set1_ps(WN_EXP_MAX));
    const __m256 z = _mm256_fmadd_ps(t, _mm256_set1_ps(WN_LOG2E), magic), n = _mm256_sub_ps(z, magic);
    __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(WN_LN2_HIGH), t);
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(WN_LN2_LOW), r);
    __m256 q = _mm256_fmadd_ps(_mm256_set1_ps(WN_EXP_Q4), r, _mm256_set1_ps(WN_EXP_Q3));
    q = _mm256_fmadd_ps(q, r, _mm256_set1_ps(WN_EXP_Q2));
    q = _mm256_fmadd_ps(q, r, _mm256_set1_ps(WN_EXP_Q1));
    q = _mm256_fmadd_ps(q, r, _mm256_set1_ps(WN_EXP_Q0));
    q = _mm256_fmadd_ps(q, r, _mm256_set1_ps(1.0f));
    q = _mm256_fmadd_ps(q, r, _mm256_set1_ps(1.0f));
    const __m256i e = _mm256_add_epi32(_mm256_castps_si256(q), _mm256_slli_epi32(_mm256_castps_si256(z), 23));
    return _mm256_and_ps(normal, _mm256_castsi256_ps(e));
}

static void rbf(float *v, size_t n, float gamma) {
    const __m256 g = _mm256_set1_ps(gamma);
    for (size_t i = 0; i < n; i += 8) _mm256_storeu_ps(v + i, exp8(_mm256_fmsub_ps(g, _mm256_loadu_ps(v + i), g)));
}

static inline __m256d wide(const float *v) {
    return _mm256_cvtps_pd(_mm_loadu_ps(v));
}

static inline void add_to(double *cols, __m256d v) {
    _mm256_storeu_pd(cols, _mm256_add_pd(_mm256_loadu_pd(cols), v));
}

static double sum(const float *v, size_t n, double *cols) {
    __m256d low = _mm256_setzero_pd(), high = _mm256_setzero_pd();
    for (size_t i = 0; i < n; i += WN_PANEL) {
        const __m256d v0 = wide(v + i), v1 = wide(v + i + 4), v2 = wide(v + i + 8), v3 = wide(v + i + 12);
        const __m256d v4 = wide(v + i + 16), v5 = wide(v + i + 20), v6 = wide(v + i + 24), v7 = wide(v + i + 28);
        low = _mm256_add_pd(low, _mm256_add_pd(_mm256_add_pd(v0, v2), _mm256_add_pd(v4, v6)));
        high = _mm256_add_pd(high, _mm256_add_pd(_mm256_add_pd(v1, v3), _mm256_add_pd(v5, v7)));
        if (!cols) continue;
        add_to(cols + i, v0);
        add_to(cols + i + 4, v1);
        add_to(cols + i + 8, v2);
        add_to(cols + i + 12, v3);
        add_to(cols + i + 16, v4);
        add_to(cols + i + 20, v5);
        add_to(cols + i + 24, v6);
        add_to(cols + i + 28, v7);
    }
    double l[8];
    _mm256_storeu_pd(l, low);
    _mm256_storeu_pd(l + 4, high);
    return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}

static size_t scan(const float *v, size_t n, float t, const float *tv, uint32_t *hits) {
    const __m256 same = _mm256_set1_ps(t);
    size_t count = 0;
    for (size_t i = 0; i < n; i += 8) {
        const __m256 bar = tv ? _mm256_min_ps(same, _mm256_loadu_ps(tv + i)) : same;
        uint32_t mask = (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(v + i), bar, _CMP_GE_OQ));
        for (; mask; mask &= mask - 1) hits[count++] = (uint32_t)i + (uint32_t)__builtin_ctz(mask);
    }
    return count;
}

#define VEC __m256
#define LANES 8
#define PAIRED_ROWS ROWS_MAX
#define PAIRED_UNROLL WN_UNROLL_4
#define LOAD _mm256_loadu_ps
#define STORE _mm256_storeu_ps
#define SPLAT _mm256_set1_ps
#define FMA _mm256_fmadd_ps
#include "kern_paired.h"

#define IVEC __m256i
#define LOADI(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define PAIRED16_ROWS 4 /* two accumulators a row, 4 vectors of b, 4 on the way: all 16 registers */
#define SPLATI _mm256_set1_epi32
#define FLOATS _mm256_cvtepi32_ps
#define ROUND _mm256_cvtps_epi32
#define ADD16 _mm256_add_epi16
#define SUB16 _mm256_sub_epi16
#define ADD32 _mm256_add_epi32
#define MADD _mm256_madd_epi16
#define STOREI(p, v) _mm256_storeu_si256((__m256i *)(void *)(p), v)
#define MAXU32 _mm256_max_epu32
#define MUL _mm256_mul_ps
#define STORE16(p, v, w) STOREI(p, _mm256_permute4x64_epi64(_mm256_packs_epi32(v, w), 0xd8))
#include "kern_paired16.h"

const wn_kern wn_kern_avx2 = {
    .strip = ROWS_MAX, .micro = micro, .rbf = rbf, .sum = sum, .scan = scan, WN_PAIRED_KERNEL, WN_PAIRED16_KERNEL(paired16)};
#endif

/* The kernels for AVX-512 (F, BW, DQ, VL). */
#include "kern.h"

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__) && defined(__AVX512BW__)
#include <immintrin.h>
#include <string.h>

#define ROWS_MAX 14 /* 14 x 2 accumulators, 2 vectors of b, 1 broadcast: 31 of 32 registers */

static inline __attribute__((always_inline)) void micro_rows(const float *restrict a, size_t k, const float *restrict b,
                                                             float *restrict c, size_t ldc, const int rows,
                                                             int accumulate) {
    __m512 left[ROWS_MAX], right[ROWS_MAX];
    WN_UNROLL for (int r = 0; r < rows; r++) {
        left[r] = accumulate ? _mm512_loadu_ps(c + (size_t)r * ldc) : _mm512_setzero_ps();
        right[r] = accumulate ? _mm512_loadu_ps(c + (size_t)r * ldc + 16) : _mm512_setzero_ps();
    }
    for (size_t p = 0; p < k; p++) {
        const __m512 b0 = _mm512_load_ps(b + p * WN_PANEL), b1 = _mm512_load_ps(b + p * WN_PANEL + 16);
        WN_UNROLL for (int r = 0; r < rows; r++) {
            const __m512 x = _mm512_set1_ps(a[r * WN_STRIP_LD + (ptrdiff_t)p]);
            left[r] = _mm512_fmadd_ps(x, b0, left[r]);
            right[r] = _mm512_fmadd_ps(x, b1, right[r]);
        }
    }
    WN_UNROLL for (int r = 0; r < rows; r++) {
        _mm512_storeu_ps(c + (size_t)r * ldc, left[r]);
        _mm512_storeu_ps(c + (size_t)r * ldc + 16, right[r]);
    }
}

static void micro(const float *a, size_t k, const float *b, float *c, size_t ldc, size_t m, int accumulate) {
    switch (m) {
#define ROWS(n)                                                                                                        \
    case n:                                                                                                            \
        micro_rows(a, k, b, c, ldc, n, accumulate);                                                                    \
        return;
        ROWS(1)
        ROWS(2)
        ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12) ROWS(13) ROWS(14)
#undef ROWS
            default : return;
    }
}

static inline __m512 exp16(__m512 t) {
    const __m512 magic = _mm512_set1_ps(0x1.8p23f);
    const __mmask16 normal = _mm512_cmp_ps_mask(t, _mm512_set1_ps(WN_EXP_MIN), _CMP_GE_OQ);
    t = _mm512_min_ps(t, _mm512_set1_ps(WN_EXP_MAX));
    const __m512 z = _mm512_fmadd_ps(t, _mm512_set1_ps(WN_LOG2E), magic), n = _mm512_sub_ps(z, magic);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(WN_LN2_HIGH), t);
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(WN_LN2_LOW), r);
    __m512 q = _mm512_fmadd_ps(_mm512_set1_ps(WN_EXP_Q4), r, _mm512_set1_ps(WN_EXP_Q3));
    q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(WN_EXP_Q2));
    q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(WN_EXP_Q1));
    q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(WN_EXP_Q0));
    q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(1.0f));
    q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(1.0f));
    const __m512i e = _mm512_add_epi32(_mm512_castps_si512(q), _mm512_slli_epi32(_mm512_castps_si512(z), 23));
    return _mm512_castsi512_ps(_mm512_maskz_mov_epi32(normal, e));
}

static void rbf(float *v, size_t n, float gamma) {
    const __m512 g = _mm512_set1_ps(gamma);
    for (size_t i = 0; i < n; i += 16) _mm512_storeu_ps(v + i, exp16(_mm512_fmsub_ps(g, _mm512_loadu_ps(v + i), g)));
}

static inline __m512d wide(const float *v) {
    return _mm512_cvtps_pd(_mm256_loadu_ps(v));
}

static inline void add_to(double *cols, __m512d v) {
    _mm512_storeu_pd(cols, _mm512_add_pd(_mm512_loadu_pd(cols), v));
}

static double sum(const float *v, size_t n, double *cols) {
    __m512d acc = _mm512_setzero_pd();
    for (size_t i = 0; i < n; i += WN_PANEL) {
        const __m512d v0 = wide(v + i), v1 = wide(v + i + 8), v2 = wide(v + i + 16), v3 = wide(v + i + 24);
        acc = _mm512_add_pd(acc, _mm512_add_pd(_mm512_add_pd(v0, v1), _mm512_add_pd(v2, v3)));
        if (!cols) continue;
        add_to(cols + i, v0);
        add_to(cols + i + 8, v1);
        add_to(cols + i + 16, v2);
        add_to(cols + i + 24, v3);
    }
    double l[8];
    _mm512_storeu_pd(l, acc);
    return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}

static inline size_t put(uint32_t *hits, size_t count, uint32_t mask, size_t base) {
    for (; mask; mask &= mask - 1) hits[count++] = (uint32_t)base + (uint32_t)__builtin_ctz(mask);
    return count;
}

static size_t scan(const float *v, size_t n, float t, const float *tv, uint32_t *hits) {
    const __m512 same = _mm512_set1_ps(t);
    size_t count = 0;
    for (size_t i = 0; i < n; i += 32) {
        const __m512 v0 = _mm512_loadu_ps(v + i), v1 = _mm512_loadu_ps(v + i + 16);
        const __m512 t0 = tv ? _mm512_min_ps(same, _mm512_loadu_ps(tv + i)) : same;
        const __m512 t1 = tv ? _mm512_min_ps(same, _mm512_loadu_ps(tv + i + 16)) : same;
        const uint32_t low = _mm512_cmp_ps_mask(v0, t0, _CMP_GE_OQ), high = _mm512_cmp_ps_mask(v1, t1, _CMP_GE_OQ);
        if (low | high) count = put(hits, count, low | high << 16, i);
    }
    return count;
}

#define VEC __m512
#define LANES 16
#define PAIRED_ROWS ROWS_MAX
#define PAIRED_UNROLL /* none: a step's 28 multiply-adds hide the loop */
#define LOAD _mm512_loadu_ps
#define STORE _mm512_storeu_ps
#define SPLAT _mm512_set1_ps
#define FMA _mm512_fmadd_ps
#include "kern_paired.h"

#define IVEC __m512i
#define LOADI(p) _mm512_loadu_si512(p)
#define PAIRED16_ROWS 12 /* two accumulators a row, 4 vectors of b, 4 on the way: all 32 registers */
#define SPLATI _mm512_set1_epi32
#define FLOATS _mm512_cvtepi32_ps
#define ROUND _mm512_cvtps_epi32
#define ADD16 _mm512_add_epi16
#define SUB16 _mm512_sub_epi16
#define ADD32 _mm512_add_epi32
#define MADD _mm512_madd_epi16
#define STOREI(p, v) _mm512_storeu_si512(p, v)
#define MAXU32 _mm512_max_epu32
#define MUL _mm512_mul_ps
#define STORE16(p, v, w)                                                                                               \
    (_mm256_storeu_si256((__m256i *)(void *)(p), _mm512_cvtepi32_epi16(v)),                                            \
     _mm256_storeu_si256((__m256i *)(void *)((p) + LANES), _mm512_cvtepi32_epi16(w)))
#define WN_PAIRED16_FUSED
#include "kern_paired16.h"

#define KERNELS .strip = ROWS_MAX, .micro = micro, .rbf = rbf, .sum = sum, .scan = scan, WN_PAIRED_KERNEL
const wn_kern wn_kern_avx512 = {KERNELS, WN_PAIRED16_KERNEL(paired16)};
const wn_kern wn_kern_avx512_vnni = {KERNELS, WN_PAIRED16_KERNEL(fused16)};
const wn_kern wn_kern_avx512_vnni_adders = {KERNELS, WN_PAIRED16_KERNEL(fused16_adders)};
#endif

#ifndef WINNOW_SIMD_H
#define WINNOW_SIMD_H
/* Vectors of the width that the including file is compiled for: WN_LANES floats, 16 with AVX-512, 8 with AVX2, else 4.
 * A kernel is written once, on these, in a header of its own; a file for each instruction set includes that header and
 * is compiled with the set's flags (cmake/WinnowIsa.cmake).
 *
 *     vf  WN_LANES floats           + - * and comparisons are the compiler's own
 *     vi  WN_LANES 32-bit integers, or twice as many of 16 bits
 *     vd  WN_LANES / 2 doubles
 *
 * WN_FUSED is 1 where vf_fma rounds once. Loads and stores need no alignment. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#include <immintrin.h>
#define WN_LANES 16
#define WN_FUSED 1
#define WN_MM(f) _mm512_##f
#define WN_MMI(f) _mm512_##f##_si512
typedef __m512 vf;
typedef __m512i wn_mmi;
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define WN_LANES 8
#define WN_FUSED 1
#define WN_MM(f) _mm256_##f
#define WN_MMI(f) _mm256_##f##_si256
typedef __m256 vf;
typedef __m256i wn_mmi;
#else
#define WN_LANES 4
#define WN_FUSED 0
typedef float vf __attribute__((vector_size(16)));
#endif
typedef int32_t vi __attribute__((vector_size(4 * WN_LANES)));
typedef uint32_t vu __attribute__((vector_size(4 * WN_LANES))); /* sums may overflow */
typedef double vd __attribute__((vector_size(4 * WN_LANES)));

#define WN_INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define WN_UNROLL _Pragma("clang loop unroll(full)")
#define WN_UNROLL_4 _Pragma("clang loop unroll_count(4)")
#else
#define WN_UNROLL _Pragma("GCC unroll 16")
#define WN_UNROLL_4 _Pragma("GCC unroll 4")
#endif

WN_INLINE vf vf_load(const float *p) {
    vf v;
    memcpy(&v, p, sizeof v);
    return v;
}
WN_INLINE void vf_store(float *p, vf v) { memcpy(p, &v, sizeof v); }
WN_INLINE vd vd_load(const double *p) {
    vd v;
    memcpy(&v, p, sizeof v);
    return v;
}
WN_INLINE void vd_store(double *p, vd v) { memcpy(p, &v, sizeof v); }
WN_INLINE vi vi_load(const void *p) { /* integers of either size */
    vi v;
    memcpy(&v, p, sizeof v);
    return v;
}
WN_INLINE void vi_store(void *p, vi v) { memcpy(p, &v, sizeof v); }

#if WN_FUSED
WN_INLINE vf vf_splat(float x) { return WN_MM(set1_ps)(x); }
WN_INLINE vf vf_mul(vf a, vf b) { return WN_MM(mul_ps)(a, b); }
WN_INLINE vf vf_fma(vf a, vf b, vf c) { return WN_MM(fmadd_ps)(a, b, c); }   /* a b + c */
WN_INLINE vf vf_fms(vf a, vf b, vf c) { return WN_MM(fmsub_ps)(a, b, c); }   /* a b - c */
WN_INLINE vf vf_fnma(vf a, vf b, vf c) { return WN_MM(fnmadd_ps)(a, b, c); } /* c - a b */
WN_INLINE vf vf_min(vf a, vf b) { return WN_MM(min_ps)(a, b); }              /* b where one is not a number */
WN_INLINE vf vf_max(vf a, vf b) { return WN_MM(max_ps)(a, b); }              /* the same */

/* Integers: sums and differences of 16 bits, of 32; sums of the products of neighbours; the larger without sign. */
WN_INLINE vi vi_splat(int32_t x) { return (vi)WN_MM(set1_epi32)(x); }
WN_INLINE vi vi_add16(vi a, vi b) { return (vi)WN_MM(add_epi16)((wn_mmi)a, (wn_mmi)b); }
WN_INLINE vi vi_sub16(vi a, vi b) { return (vi)WN_MM(sub_epi16)((wn_mmi)a, (wn_mmi)b); }
WN_INLINE vi vi_add32(vi a, vi b) { return (vi)WN_MM(add_epi32)((wn_mmi)a, (wn_mmi)b); }
WN_INLINE vi vi_madd(vi a, vi b) { return (vi)WN_MM(madd_epi16)((wn_mmi)a, (wn_mmi)b); }
WN_INLINE vi vi_maxu32(vi a, vi b) { return (vi)WN_MM(max_epu32)((wn_mmi)a, (wn_mmi)b); }
WN_INLINE vf vi_floats(vi v) { return WN_MM(cvtepi32_ps)((wn_mmi)v); }
WN_INLINE vi vf_round(vf v) { return (vi)WN_MM(cvtps_epi32)(v); } /* to the nearest, even at ties */
#else
WN_INLINE vf vf_splat(float x) { return x - (vf){0}; }
WN_INLINE vf vf_mul(vf a, vf b) { return a * b; }
WN_INLINE vf vf_fma(vf a, vf b, vf c) { return a * b + c; }
WN_INLINE vf vf_fnma(vf a, vf b, vf c) { return c - a * b; }
WN_INLINE vf vf_choose(vi mask, vf yes, vf no) { return (vf)(((vi)yes & mask) | ((vi)no & ~mask)); }
WN_INLINE vf vf_min(vf a, vf b) { return vf_choose(a < b, a, b); }
WN_INLINE vf vf_max(vf a, vf b) { return vf_choose(a > b, a, b); }
#endif

#if WN_LANES == 16
/* Bit i: a[i] >= b[i]. */
WN_INLINE uint32_t vf_ge(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
/* v where a >= b, else 0. */
WN_INLINE vf vf_where_ge(vf a, vf b, vf v) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_GE_OQ), v); }
WN_INLINE vd vd_widen(const float *p) { return _mm512_cvtps_pd(_mm256_loadu_ps(p)); } /* WN_LANES / 2 of them */
WN_INLINE vd vd_sqrt(vd v) { return _mm512_sqrt_pd(v); }
/* The low halves of v, then of w, which fit 16 bits. */
WN_INLINE void vi_store16(int16_t *p, vi v, vi w) {
    const __m256i low = _mm512_cvtepi32_epi16((__m512i)v), high = _mm512_cvtepi32_epi16((__m512i)w);
    memcpy(p, &low, sizeof low);
    memcpy(p + 16, &high, sizeof high);
}
#elif WN_LANES == 8
WN_INLINE uint32_t vf_ge(vf a, vf b) { return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GE_OQ)); }
WN_INLINE vf vf_where_ge(vf a, vf b, vf v) { return _mm256_and_ps(_mm256_cmp_ps(a, b, _CMP_GE_OQ), v); }
WN_INLINE vd vd_widen(const float *p) { return _mm256_cvtps_pd(_mm_loadu_ps(p)); }
WN_INLINE vd vd_sqrt(vd v) { return _mm256_sqrt_pd(v); }
WN_INLINE void vi_store16(int16_t *p, vi v, vi w) {
    vi_store(p, (vi)_mm256_permute4x64_epi64(_mm256_packs_epi32((__m256i)v, (__m256i)w), 0xd8));
}
#else
WN_INLINE uint32_t vf_ge(vf a, vf b) {
    const vi mask = a >= b;
    return (uint32_t)((mask[0] & 1) | (mask[1] & 2) | (mask[2] & 4) | (mask[3] & 8));
}
WN_INLINE vf vf_where_ge(vf a, vf b, vf v) { return (vf)((vi)v & (a >= b)); }
WN_INLINE vd vd_widen(const float *p) { return (vd){(double)p[0], (double)p[1]}; }
WN_INLINE vd vd_sqrt(vd v) { return (vd){__builtin_sqrt(v[0]), __builtin_sqrt(v[1])}; }
#endif

/* ---- e^t ----
 * t = n ln 2 + r with |r| <= ln(2) / 2: e^t = 2^n e^r, and n goes straight into the exponent's bits.
 *
 * There are two polynomials for e^r, each with the ln 2 that it was fitted with, since what rests on them (similarities
 * there, an encoder's vectors here) keeps its bits. */
#define WN_LOG2E 0x1.715476p+0f
#define WN_ROUNDER 0x1.8p23f /* adding it rounds to an integer, which stands in the low bits of the sum */

/* Returns r; *n gets 2^23 n. ln 2 = high + low, where high has few bits: its product with n is exact. */
WN_INLINE vf vf_exp_reduce(vf t, float high, float low, vi *n) {
    const vf z = vf_fma(t, vf_splat(WN_LOG2E), vf_splat(WN_ROUNDER)), whole = z - vf_splat(WN_ROUNDER);
    *n = (vi)((vu)z << 23);
    return vf_fnma(whole, vf_splat(low), vf_fnma(whole, vf_splat(high), t));
}

/* e^r = 1 + r + r^2 q(r), q of degree 4 with the least maximal relative error (3e-9). Arguments below WN_EXP_MIN give 0
 * (their exponential is not a normal float), those above WN_EXP_MAX give exp(WN_EXP_MAX). */
#define WN_EXP_MIN (-0x1.5d589ep+6f)
#define WN_EXP_MAX 88.0f
WN_INLINE vf vf_exp(vf t) {
    vi n;
    const vf r = vf_exp_reduce(vf_min(t, vf_splat(WN_EXP_MAX)), 0x1.62e4p-1f, 0x1.7f7d1cp-20f, &n);
    vf q = vf_fma(vf_splat(0x1.6a241ap-10f), r, vf_splat(0x1.1239f2p-7f));
    q = vf_fma(q, r, vf_splat(0x1.5558f2p-5f));
    q = vf_fma(q, r, vf_splat(0x1.555492p-3f));
    q = vf_fma(q, r, vf_splat(0x1.fffffcp-2f));
#if WN_FUSED
    q = vf_fma(vf_fma(q, r, vf_splat(1.0f)), r, vf_splat(1.0f));
#else
    q = (q * r) * r + r + 1.0f; /* with two roundings a step, r itself is added late */
#endif
    return vf_where_ge(t, vf_splat(WN_EXP_MIN), (vf)((vu)q + (vu)n));
}

/* e^x for x <= 0, to 1 ulp (the polynomial of S. L. Moshier's Cephes, expf); below -87 that of -87 (1e-38), where the
 * exponent ends. */
WN_INLINE vf vf_exp_negative(vf x) {
    vi n;
    const vf r = vf_exp_reduce(vf_max(vf_splat(-87.0f), x), 0.693359375f, -2.12194440e-4f, &n);
    vf p = vf_fma(vf_splat(1.9875691500e-4f), r, vf_splat(1.3981999507e-3f));
    p = vf_fma(p, r, vf_splat(8.3334519073e-3f));
    p = vf_fma(p, r, vf_splat(4.1665795894e-2f));
    p = vf_fma(p, r, vf_splat(1.6666665459e-1f));
    p = vf_fma(p, r, vf_splat(5.0000001201e-1f));
    p = vf_fma(vf_mul(p, r), r, r) + vf_splat(1.0f);
    return (vf)((vu)p + (vu)n);
}

#endif

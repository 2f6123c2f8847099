#ifndef BERT_SIMD_MATH_H
#define BERT_SIMD_MATH_H
/* What the vector forms of the encoder's operations share, on the vectors of wn/simd.h: sums over lanes, the error
 * function, tanh, the ends of rows. AVX2 and AVX-512 only. */
#include <string.h>
#include <wn/simd.h>

/* a < b ? yes : no */
WN_INLINE vf select_lt(vf a, vf b, vf yes, vf no) {
    vi m = a < b;
    return (vf)(((vi)yes & m) | ((vi)no & ~m));
}

/* v with its halves, quarters ... exchanged: adding each in turn leaves the same sum in every lane, in a fixed order.
 * */
#if WN_LANES == 16
#define EXCHANGED(v, w)                                                                                                \
    __builtin_shufflevector(v, v, 0 ^ w, 1 ^ w, 2 ^ w, 3 ^ w, 4 ^ w, 5 ^ w, 6 ^ w, 7 ^ w, 8 ^ w, 9 ^ w, 10 ^ w,        \
                            11 ^ w, 12 ^ w, 13 ^ w, 14 ^ w, 15 ^ w)
#else
#define EXCHANGED(v, w) __builtin_shufflevector(v, v, 0 ^ w, 1 ^ w, 2 ^ w, 3 ^ w, 4 ^ w, 5 ^ w, 6 ^ w, 7 ^ w)
#endif

WN_INLINE vf lane_sums(vf v) {
#if WN_LANES == 16
    v += EXCHANGED(v, 8);
#endif
    v += EXCHANGED(v, 4);
    v += EXCHANGED(v, 2);
    return v + EXCHANGED(v, 1);
}

WN_INLINE float lane_sum(vf v) { return lane_sums(v)[0]; }

WN_INLINE vf lane_tops(vf v) {
#if WN_LANES == 16
    v = vf_max(v, EXCHANGED(v, 8));
#endif
    v = vf_max(v, EXCHANGED(v, 4));
    v = vf_max(v, EXCHANGED(v, 2));
    return vf_max(v, EXCHANGED(v, 1));
}

/* 1 / v to 1 ulp, for v in 1 .. 1e6: an estimate of 14 bits and a Newton step cost a third of a division. */
WN_INLINE vf inverse_of(vf v) {
#if WN_LANES == 16
    vf r = (vf)_mm512_rcp14_ps((__m512)v);
    return r + r * (1.0f - v * r);
#else
    return 1.0f / v;
#endif
}

/* gelu(v) = v/2 (1 + erf(v / sqrt 2)) with erf(z) = z P(z^2) / Q(z^2), a minimax fit over |z| <= 3.9, where erf is 1
 * to half an ulp, as it is taken to be from there on (tools/fit_erf.py; error 1.5e-8 before rounding). */
WN_INLINE vf erf_of_scaled(vf v) {
    const vf top = vf_splat(3.9f);
    vf z = vf_max(-top, vf_min(top, v * 0.70710678f));
    vf u = z * z;
    vf p = vf_splat(2.050522943e-06f);
    p = p * u + 2.874434676e-04f;
    p = p * u + 3.836205710e-03f;
    p = p * u + 5.296485199e-02f;
    p = p * u + 1.919251620e-01f;
    p = p * u + 1.128379033e+00f;
    vf q = vf_splat(3.823143600e-05f);
    q = q * u + 1.181574413e-03f;
    q = q * u + 1.510786039e-02f;
    q = q * u + 1.147516758e-01f;
    q = q * u + 5.034210289e-01f;
    q = q * u + 1.0f;
    vf sign = (vf)(((vi)v & (int32_t)0x80000000) | (int32_t)0x3f800000);
    return select_lt(u, top * top, z * p * inverse_of(q), sign);
}

WN_INLINE vf gelu(vf v) {
    vf half = 0.5f * v;
    return half + half * erf_of_scaled(v);
}

WN_INLINE vf tanh_of(vf v) { /* (1 - e) / (1 + e) with e = exp(-2|v|), the sign put back */
    vf e = vf_exp_negative((vf)((vi)v & 0x7fffffff) * -2.0f);
    vf t = (1.0f - e) / (1.0f + e);
    /* near 0 the difference cancels: an odd Taylor polynomial */
    vf s = v * v, series = v * (1.0f + s * (-0.33333333f + s * (0.13333333f - s * 0.05396825f)));
    vf whole = (vf)((vi)t | ((vi)v & (int32_t)0x80000000));
    return select_lt(s, vf_splat(0.01f), series, whole);
}

/* The last, short vector of a row goes through a buffer, so that every element is computed alike. */
WN_INLINE vf load_part(const float *p, size_t n) {
    float b[WN_LANES] = {0};
    memcpy(b, p, n * sizeof *b);
    return vf_load(b);
}
WN_INLINE void store_part(float *p, vf v, size_t n) { memcpy(p, &v, n * sizeof *p); }

#endif

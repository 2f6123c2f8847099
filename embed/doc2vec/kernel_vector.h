/* The vector kernels, written once on the vectors of wn/simd.h; the including file makes the table. */
#include "kernel.h"

#include <wn/simd.h>

/* out[8]: the sums of eight vectors, each lane with its neighbours first. */
#if WN_LANES == 16
WN_INLINE __m256 fold(vf a) {
    return _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
}
#else
WN_INLINE __m256 fold(vf a) { return a; }
#endif

WN_INLINE void reduce8(const vf *a, float *out) {
    for (int i = 0; i < 8; i += 4) {
        const __m256 low = _mm256_hadd_ps(fold(a[i]), fold(a[i + 1])),
                     high = _mm256_hadd_ps(fold(a[i + 2]), fold(a[i + 3]));
        const __m256 s = _mm256_hadd_ps(low, high);
        _mm_storeu_ps(out + i, _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1)));
    }
}

WN_INLINE void step_n(const float *in, float *work, float *const *rows, const unsigned count, unsigned labels, size_t n,
                      float alpha, const bool learn) {
    vf acc[WN_D2V_BATCH];
    for (unsigned i = 0; i < WN_D2V_BATCH; i++) acc[i] = vf_splat(0);
    for (size_t k = 0; k < n; k += WN_LANES) {
        vf x = vf_load(in + k);
        for (unsigned i = 0; i < count; i++) acc[i] = vf_fma(vf_load(rows[i] + k), x, acc[i]);
    }
    float f[WN_D2V_BATCH];
    reduce8(acc, f);
    vf g[WN_D2V_BATCH];
    for (unsigned i = 0; i < count; i++) g[i] = vf_splat(wn_d2v_gradient(f[i], labels >> i & 1u, alpha));
    for (size_t k = 0; k < n; k += WN_LANES) {
        vf x = vf_load(in + k), w = vf_load(work + k);
        for (unsigned i = 0; i < count; i++) {
            vf r = vf_load(rows[i] + k);
            w = vf_fma(g[i], r, w);
            if (learn) vf_store(rows[i] + k, vf_fma(g[i], x, r));
        }
        vf_store(work + k, w);
    }
}

static void step(const float *in, float *work, float *const *rows, unsigned count, unsigned labels, size_t n,
                 float alpha, bool learn) {
#define CASE(c)                                                                                                        \
    case c:                                                                                                            \
        if (learn)                                                                                                     \
            step_n(in, work, rows, c, labels, n, alpha, true);                                                         \
        else                                                                                                           \
            step_n(in, work, rows, c, labels, n, alpha, false);                                                        \
        break;
    switch (count) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) default : break; }
#undef CASE
}

static void sum(float *y, float *const *rows, size_t count, float scale, size_t n) {
    vf s1 = vf_splat(scale);
    for (size_t k = 0; k < n; k += WN_LANES) {
        vf s = vf_load(rows[0] + k);
        for (size_t i = 1; i < count; i++) s += vf_load(rows[i] + k);
        vf_store(y + k, s * s1);
    }
}

static void add(float *const *rows, size_t count, const float *x, size_t n) {
    for (size_t k = 0; k < n; k += WN_LANES) {
        vf v = vf_load(x + k);
        for (size_t i = 0; i < count; i++) vf_store(rows[i] + k, vf_load(rows[i] + k) + v);
    }
}

static void merge(float *y, float *const *copies, size_t count, size_t n) {
    for (size_t k = 0; k < n; k += WN_LANES) {
        vf base = vf_load(y + k), s = vf_load(copies[0] + k);
        for (size_t i = 1; i < count; i++) s += vf_load(copies[i] + k) - base;
        vf_store(y + k, s);
    }
}

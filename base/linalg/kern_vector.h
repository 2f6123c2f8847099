/* The kernels of kern.h, written once on the vectors of wn/simd.h. The including file defines KERN_ROWS, the rows of a
 * strip (two accumulators each), and KERN_MICRO_CASES, CASE(1) .. CASE(KERN_ROWS); WN_KERN is its table. Sums are
 * taken in the same order at every width. */
#include "kern.h"

#include <wn/simd.h>

/* c[rows, 2 vectors] of the panel's columns from b on. */
WN_INLINE void micro_rows(const float *restrict a, size_t k, const float *restrict b, float *restrict c, size_t ldc,
                          const int rows, int accumulate) {
    vf left[KERN_ROWS], right[KERN_ROWS];
    WN_UNROLL for (int r = 0; r < rows; r++) {
        left[r] = accumulate ? vf_load(c + (size_t)r * ldc) : vf_splat(0);
        right[r] = accumulate ? vf_load(c + (size_t)r * ldc + WN_LANES) : vf_splat(0);
    }
    for (size_t p = 0; p < k; p++) {
        const vf b0 = vf_load(b + p * WN_PANEL), b1 = vf_load(b + p * WN_PANEL + WN_LANES);
        WN_UNROLL for (int r = 0; r < rows; r++) {
            const vf x = vf_splat(a[r * WN_STRIP_LD + (ptrdiff_t)p]);
            left[r] = vf_fma(x, b0, left[r]);
            right[r] = vf_fma(x, b1, right[r]);
        }
    }
    WN_UNROLL for (int r = 0; r < rows; r++) {
        vf_store(c + (size_t)r * ldc, left[r]);
        vf_store(c + (size_t)r * ldc + WN_LANES, right[r]);
    }
}

static void micro(const float *a, size_t k, const float *b, float *c, size_t ldc, size_t m, int accumulate) {
    switch (m) {
#define CASE(n)                                                                                                        \
    case n:                                                                                                            \
        for (size_t j = 0; j < WN_PANEL; j += (size_t)2 * WN_LANES)                                                    \
            micro_rows(a, k, b + j, c + j, ldc, n, accumulate);                                                        \
        return;
        KERN_MICRO_CASES
#undef CASE
    default: return;
    }
}

/* exp(gamma (v - 1)): in one rounding where there is such an instruction. */
static void rbf(float *v, size_t n, float gamma) {
    const vf g = vf_splat(gamma);
    for (size_t i = 0; i < n; i += WN_LANES) {
#if WN_FUSED
        const vf t = vf_fms(g, vf_load(v + i), g);
#else
        const vf t = g * (vf_load(v + i) - 1.0f);
#endif
        vf_store(v + i, vf_exp(t));
    }
}

/* Eight lanes whatever the width: lane l has the elements l, l + 8, l + 16 and l + 24 of every 32. */
static double sum(const float *v, size_t n, double *cols) {
    enum { SUMS = 8, D = WN_LANES / 2 };
    vd total[SUMS / D] = {{0}};
    for (size_t i = 0; i < n; i += WN_PANEL) {
        for (size_t s = 0; s < SUMS / D; s++) {
            const size_t at = i + s * D;
            const vd v0 = vd_widen(v + at), v1 = vd_widen(v + at + 8), v2 = vd_widen(v + at + 16),
                     v3 = vd_widen(v + at + 24);
            total[s] += (v0 + v1) + (v2 + v3);
            if (!cols) continue;
            vd_store(cols + at, vd_load(cols + at) + v0);
            vd_store(cols + at + 8, vd_load(cols + at + 8) + v1);
            vd_store(cols + at + 16, vd_load(cols + at + 16) + v2);
            vd_store(cols + at + 24, vd_load(cols + at + 24) + v3);
        }
    }
    double l[SUMS];
    memcpy(l, total, sizeof l);
    return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}

typedef long long vd_mask __attribute__((vector_size(sizeof(vd))));

/* v where the mask is set, else 0. */
WN_INLINE vd vd_where(vd_mask mask, vd v) {
    return (vd)(mask & (vd_mask)v);
}

static void above(const float *v, const double *low, size_t n, double lanes[8]) {
    enum { D = WN_LANES / 2, SUMS = 8 / D };
    vd total[SUMS];
    memcpy(total, lanes, sizeof total);
    for (size_t i = 0; i < n; i += 8)
        for (size_t s = 0; s < SUMS; s++) {
            const vd more = vd_widen(v + i + s * D) - vd_load(low + i + s * D);
            total[s] += vd_where((vd_mask)(more > 0), more);
        }
    memcpy(lanes, total, sizeof total);
}

static void below(const float *v, const double *high, size_t n, double lanes[8]) {
    enum { D = WN_LANES / 2, SUMS = 8 / D };
    vd total[SUMS];
    memcpy(total, lanes, sizeof total);
    for (size_t i = 0; i < n; i += 8)
        for (size_t s = 0; s < SUMS; s++) {
            const vd w = vd_widen(v + i + s * D), top = vd_load(high + i + s * D),
                     part = vd_where((vd_mask)(w > 0), w);
            const vd_mask under = (vd_mask)(part < top);
            total[s] += vd_where(under, part) + vd_where(~under, top);
        }
    memcpy(lanes, total, sizeof total);
}

static void roots(const float *v, const double *has, const double *root, size_t n, size_t below, double lanes[8]) {
    enum { D = WN_LANES / 2, SUMS = 8 / D };
    vd total[SUMS];
    memcpy(total, lanes, sizeof total);
    for (size_t i = 0; i < n; i += 8)
        for (size_t s = 0; s < SUMS; s++) {
            const size_t at = i + s * D;
            const vd x = vd_widen(v + at);
            const vd_mask up = (vd_mask)(x > 0), down = (vd_mask)(x < 0);
            const vd size = vd_where(up, x) + vd_where(down, -x),
                     h = vd_where(up, vd_load(has + at)) + vd_where(down, vd_load(has + below + at)),
                     r = vd_where(up, vd_load(root + at)) + vd_where(down, vd_load(root + below + at));
            total[s] += vd_where(up | down, size / (vd_sqrt(h + size) + r));
        }
    memcpy(lanes, total, sizeof total);
}

static size_t scan(const float *v, size_t n, float t, const float *tv, uint32_t *hits) {
    const vf same = vf_splat(t);
    size_t count = 0;
    for (size_t i = 0; i < n; i += (size_t)2 * WN_LANES) {
        const vf t0 = tv ? vf_min(same, vf_load(tv + i)) : same;
        const vf t1 = tv ? vf_min(same, vf_load(tv + i + WN_LANES)) : same;
        const uint32_t low = vf_ge(vf_load(v + i), t0), high = vf_ge(vf_load(v + i + WN_LANES), t1);
        if (!(low | high)) continue; /* nearly always */
        for (uint32_t mask = low | high << WN_LANES; mask; mask &= mask - 1)
            hits[count++] = (uint32_t)i + (uint32_t)__builtin_ctz(mask);
    }
    return count;
}

#define WN_KERN                                                                                                        \
    { .strip = KERN_ROWS, .micro = micro, .rbf = rbf, .sum = sum, .above = above, .below = below, .roots = roots,      \
      .scan = scan }

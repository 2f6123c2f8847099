#ifndef WINNOW_STRASSEN_STRIPS_H
#define WINNOW_STRASSEN_STRIPS_H
/* What the kernels of floats and of integers share, on the vectors of wn/simd.h: a panel has two of them. */
#include "strassen.h"

#include <wn/simd.h>

/* Where a row will be added to: far apart, and wanted last. */
WN_INLINE void fetch_targets(const wn_strassen_strips *s, size_t row) {
    for (size_t t = 0; t < s->targets; t++) {
        const float *c = s->to[t].c[row] + s->to[t].at;
        __builtin_prefetch(c, 1, 3);
        if (WN_LANES == 16) __builtin_prefetch(c + 16, 1, 3);
    }
}

/* f for the number of rows that the strip has, known to the compiler: STRIP_CASES(f, most). */
#define STRIP_CASE(f, n)                                                                                               \
    case n:                                                                                                            \
        for (size_t strip = 0; strip < s->strips; strip++) f(s, strip, n);                                             \
        return;
#define STRIP_TO_4(f) STRIP_CASE(f, 1) STRIP_CASE(f, 2) STRIP_CASE(f, 3) STRIP_CASE(f, 4)
#define STRIP_TO_6(f) STRIP_TO_4(f) STRIP_CASE(f, 5) STRIP_CASE(f, 6)
#define STRIP_TO_12(f)                                                                                                 \
    STRIP_TO_6(f)                                                                                                      \
    STRIP_CASE(f, 7) STRIP_CASE(f, 8) STRIP_CASE(f, 9) STRIP_CASE(f, 10) STRIP_CASE(f, 11) STRIP_CASE(f, 12)
#define STRIP_TO_14(f) STRIP_TO_12(f) STRIP_CASE(f, 13) STRIP_CASE(f, 14)
#define STRIP_CASES_(f, rows) STRIP_TO_##rows(f)
#define STRIP_CASES(f, rows) STRIP_CASES_(f, rows)

WN_INLINE void combine_few(const float *const *x, const float *signs, size_t n, float *out, const int count) {
    vf sign[WN_STRASSEN_BLOCKS];
    size_t i = 0;
    for (int c = 1; c < count; c++) sign[c] = vf_splat(signs[c]);
    for (; i + WN_LANES <= n; i += WN_LANES) {
        vf sum = vf_load(x[0] + i);
        WN_UNROLL for (int c = 1; c < count; c++) sum = vf_fma(sign[c], vf_load(x[c] + i), sum);
        vf_store(out + i, sum);
    }
    for (; i < n; i++) {
        float sum = x[0][i];
        for (int c = 1; c < count; c++) sum += signs[c] * x[c][i];
        out[i] = sum;
    }
}

static void strassen_combine(const float *const *x, const float *signs, size_t count, size_t n, float *out) {
    switch (count) {
    case 1: combine_few(x, signs, n, out, 1); return;
    case 2: combine_few(x, signs, n, out, 2); return;
    case 3: combine_few(x, signs, n, out, 3); return;
    case 4: combine_few(x, signs, n, out, 4); return;
    default: return;
    }
}

#endif

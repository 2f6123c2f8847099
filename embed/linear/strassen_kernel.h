/* The kernel of Strassen's product in floats, written once on the vectors of wn/simd.h. The including file defines
 * STRIP_ROWS (entries of a strip, two accumulators each) and STRIP_UNROLL (of the loop over k). */
#include "strassen_strips.h"

/* A line or two of the next panel and a row's targets are fetched every few steps, so that they do not keep the loads
 * of the product waiting; lines beyond that come first. */
WN_INLINE void strip_product(const wn_strassen_strips *s, size_t strip, const int rows) {
    enum { STEP = WN_LANES == 16 ? 8 : 16, LINES = WN_LANES == 16 ? 2 : 1 };
    const size_t row = strip * (size_t)rows;
    const float *restrict a = s->a.f32 + row * WN_STRASSEN_LD, *restrict b = s->b.f32;
    const char *ahead = s->ahead + strip * s->lines * 64, *end = ahead + s->lines * 64;
    vf left[STRIP_ROWS], right[STRIP_ROWS];
    for (; ahead + s->k / STEP * LINES * 64 < end; ahead += 64) __builtin_prefetch(ahead, 0, 3);
    WN_UNROLL for (int r = 0; r < rows; r++) left[r] = right[r] = vf_splat(0.0f);
    for (size_t from = 0; from < s->k; from += STEP) {
        const size_t to = from + STEP < s->k ? from + STEP : s->k;
        for (size_t line = 0; line < LINES && ahead < end; line++, ahead += 64) __builtin_prefetch(ahead, 0, 3);
        if (from < STEP * (size_t)rows) fetch_targets(s, row + from / STEP);
        STRIP_UNROLL for (size_t p = from; p < to; p++) {
            const vf b0 = vf_load(b + p * 2 * WN_LANES), b1 = vf_load(b + p * 2 * WN_LANES + WN_LANES);
            WN_UNROLL for (int r = 0; r < rows; r++) {
                const vf x = vf_splat(a[r * WN_STRASSEN_LD + (ptrdiff_t)p]);
                left[r] = vf_fma(x, b0, left[r]);
                right[r] = vf_fma(x, b1, right[r]);
            }
        }
    }
    for (size_t t = 0; t < s->targets; t++) {
        const vf s0 = vf_load(s->to[t].scale), s1 = vf_load(s->to[t].scale + WN_LANES);
        const float *start = s->to[t].start;
        float *const *to = s->to[t].c + row;
        const size_t at = s->to[t].at;
        WN_UNROLL for (int r = 0; r < rows; r++) {
            float *c = to[r] + at;
            const vf c0 = vf_load(start ? start : c), c1 = vf_load((start ? start : c) + WN_LANES);
            vf_store(c, vf_fma(s0, left[r], c0));
            vf_store(c + WN_LANES, vf_fma(s1, right[r], c1));
        }
    }
}

static void strassen_product(const wn_strassen_strips *s) {
    switch (s->m) { STRIP_CASES(strip_product, STRIP_ROWS) default : return; }
}

#define WN_STRASSEN_KERNEL                                                                                             \
    { .rows = STRIP_ROWS, .width = 2 * WN_LANES, .product = strassen_product, .combine = strassen_combine }

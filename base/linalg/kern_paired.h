/* The kernel of the paired product, written once for vectors of WN_LANES floats. The including file defines vf, WN_LANES,
 * PAIRED_ROWS (two accumulators a row), PAIRED_UNROLL (of the loop over k) and LOAD, STORE, SPLAT,
 * vf_fma(a, b, c) = a b + c on unaligned floats. */

/* Where a row will be added to: far apart, and wanted last. */
WN_INLINE void fetch_targets(const wn_paired_strips *s, size_t row) {
    for (size_t t = 0; t < s->targets; t++) {
        const float *c = s->to[t].c[row] + s->to[t].at;
        __builtin_prefetch(c, 1, 3);
        if (WN_LANES == 16) __builtin_prefetch(c + 16, 1, 3);
    }
}

/* A line or two of the next panel and a row's targets are fetched every few steps, so that they do not keep the loads of the
 * product waiting; lines beyond that come first. */
WN_INLINE void paired_rows(const wn_paired_strips *s, size_t strip, const int rows) {
    enum { STEP = WN_LANES == 16 ? 8 : 16, LINES = WN_LANES == 16 ? 2 : 1 };
    const size_t row = strip * (size_t)rows;
    const float *restrict a = (const float *)s->a + row * WN_PAIRED_LD, *restrict b = s->b;
    const char *ahead = s->ahead + strip * s->lines * 64, *end = ahead + s->lines * 64;
    vf left[PAIRED_ROWS], right[PAIRED_ROWS];
    for (; ahead + s->k / STEP * LINES * 64 < end; ahead += 64) __builtin_prefetch(ahead, 0, 3);
    WN_UNROLL for (int r = 0; r < rows; r++) left[r] = right[r] = vf_splat(0.0f);
    for (size_t from = 0; from < s->k; from += STEP) {
        const size_t to = from + STEP < s->k ? from + STEP : s->k;
        for (size_t line = 0; line < LINES && ahead < end; line++, ahead += 64) __builtin_prefetch(ahead, 0, 3);
        if (from < STEP * (size_t)rows) fetch_targets(s, row + from / STEP);
        PAIRED_UNROLL for (size_t p = from; p < to; p++) {
            const vf b0 = vf_load(b + p * 2 * WN_LANES), b1 = vf_load(b + p * 2 * WN_LANES + WN_LANES);
            WN_UNROLL for (int r = 0; r < rows; r++) {
                const vf x = vf_splat(a[r * WN_PAIRED_LD + (ptrdiff_t)p]);
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

/* f for the number of rows that the strip has, known to the compiler. */
#define PAIRED_CASE(f, n)                                                                                              \
    case n:                                                                                                            \
        for (size_t strip = 0; strip < s->strips; strip++) f(s, strip, n);                                             \
        return;
#define PAIRED_TO_4(f) PAIRED_CASE(f, 1) PAIRED_CASE(f, 2) PAIRED_CASE(f, 3) PAIRED_CASE(f, 4)
#define PAIRED_TO_6(f) PAIRED_TO_4(f) PAIRED_CASE(f, 5) PAIRED_CASE(f, 6)
#define PAIRED_TO_12(f)                                                                                                \
    PAIRED_TO_6(f)                                                                                                     \
    PAIRED_CASE(f, 7) PAIRED_CASE(f, 8) PAIRED_CASE(f, 9) PAIRED_CASE(f, 10) PAIRED_CASE(f, 11) PAIRED_CASE(f, 12)
#define PAIRED_TO_14(f) PAIRED_TO_12(f) PAIRED_CASE(f, 13) PAIRED_CASE(f, 14)
#define PAIRED_TO_(f, rows) PAIRED_TO_##rows(f)
#define PAIRED_TO(f, rows) PAIRED_TO_(f, rows)

static void paired(const wn_paired_strips *s) {
    switch (s->m) { PAIRED_TO(paired_rows, PAIRED_ROWS) default : return; }
}

WN_INLINE void combine_few(const float *const *x, const float *signs, size_t n,
                                                              float *out, const int count) {
    vf sign[WN_PAIRED_BLOCKS];
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

static void combine(const float *const *x, const float *signs, size_t count, size_t n, float *out) {
    switch (count) {
    case 1:
        combine_few(x, signs, n, out, 1);
        return;
    case 2:
        combine_few(x, signs, n, out, 2);
        return;
    case 3:
        combine_few(x, signs, n, out, 3);
        return;
    case 4:
        combine_few(x, signs, n, out, 4);
        return;
    default:
        return;
    }
}

#define WN_PAIRED_KERNEL .paired_rows = PAIRED_ROWS, .paired_width = 2 * WN_LANES, .paired = paired, .combine = combine

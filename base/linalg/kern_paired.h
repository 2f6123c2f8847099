/* The kernel of the paired product, written once for vectors of LANES floats. The including file defines VEC, LANES,
 * PAIRED_ROWS (two accumulators a row) and LOAD, STORE, SPLAT, ADD, SUB, FMA(a, b, c) = a b + c on unaligned floats. */

/* The targets lie far apart and come last; the next panel comes after them. */
static inline __attribute__((always_inline)) void fetch_ahead(const wn_paired_strip *s, const int rows) {
    for (size_t t = 0; t < s->targets; t++) {
        WN_UNROLL for (int r = 0; r < rows; r++) {
            __builtin_prefetch(s->to[t].c[r] + s->to[t].at, 1, 3);
            if (LANES == 16) __builtin_prefetch(s->to[t].c[r] + s->to[t].at + 16, 1, 3);
        }
    }
    for (size_t i = 0; i < s->lines; i++) __builtin_prefetch(s->ahead + i * 64, 0, 2);
}

static inline __attribute__((always_inline)) void paired_rows(const wn_paired_strip *s, const int rows) {
    const float *restrict a = s->a, *restrict b = s->b;
    VEC left[PAIRED_ROWS], right[PAIRED_ROWS];
    fetch_ahead(s, rows);
    WN_UNROLL for (int r = 0; r < rows; r++) left[r] = right[r] = SPLAT(0.0f);
    WN_UNROLL_4 for (size_t p = 0; p < s->k; p++) {
        const VEC b0 = LOAD(b + p * 2 * LANES), b1 = LOAD(b + p * 2 * LANES + LANES);
        WN_UNROLL for (int r = 0; r < rows; r++) {
            const VEC x = SPLAT(a[r * WN_PAIRED_LD + (ptrdiff_t)p]);
            left[r] = FMA(x, b0, left[r]);
            right[r] = FMA(x, b1, right[r]);
        }
    }
    for (size_t t = 0; t < s->targets; t++) {
        const VEC s0 = LOAD(s->to[t].scale), s1 = LOAD(s->to[t].scale + LANES);
        const float *start = s->to[t].start;
        WN_UNROLL for (int r = 0; r < rows; r++) {
            float *c = s->to[t].c[r] + s->to[t].at;
            const VEC c0 = LOAD(start ? start : c), c1 = LOAD((start ? start : c) + LANES);
            STORE(c, FMA(s0, left[r], c0));
            STORE(c + LANES, FMA(s1, right[r], c1));
        }
    }
}

/* f for the number of rows that the strip has, known to the compiler. */
#define PAIRED_CASE(f, n)                                                                                              \
    case n:                                                                                                            \
        f(s, n);                                                                                                       \
        return;
#define PAIRED_FEW(f)                                                                                                  \
    PAIRED_CASE(f, 1) PAIRED_CASE(f, 2) PAIRED_CASE(f, 3) PAIRED_CASE(f, 4) PAIRED_CASE(f, 5) PAIRED_CASE(f, 6)
#if PAIRED_ROWS > 6
#define PAIRED_MORE(f)                                                                                                 \
    PAIRED_CASE(f, 7)                                                                                                  \
    PAIRED_CASE(f, 8) PAIRED_CASE(f, 9) PAIRED_CASE(f, 10) PAIRED_CASE(f, 11) PAIRED_CASE(f, 12) PAIRED_CASE(f, 13)    \
        PAIRED_CASE(f, 14)
#else
#define PAIRED_MORE(f)
#endif
#define PAIRED_SWITCH(f)                                                                                               \
    switch (s->m) { PAIRED_FEW(f) PAIRED_MORE(f) default : return; }

static void paired(const wn_paired_strip *s) {
    PAIRED_SWITCH(paired_rows)
}

static void combine(const float *x, const float *y, bool minus, size_t n, float *out) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        STORE(out + i, minus ? SUB(LOAD(x + i), LOAD(y + i)) : ADD(LOAD(x + i), LOAD(y + i)));
    for (; i < n; i++) out[i] = minus ? x[i] - y[i] : x[i] + y[i];
}

#define WN_PAIRED_KERNEL .paired_rows = PAIRED_ROWS, .paired_width = 2 * LANES, .paired = paired, .combine = combine

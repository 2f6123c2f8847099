/* The kernel of the paired product of 16-bit integers, written once as kern_paired.h is. Two neighbours along k are
 * multiplied at a time: exact sums of 32 bits, scaled at the end. The including file adds IVEC (LANES sums of 32 bits)
 * and LOADI, STOREI, SPLATI, ADD16, SUB16, FLOATS (of an IVEC), ROUND (to an IVEC), STORE16 (its low halves), MAX and MUL. */

/* Adds products of pairs to two vectors of sums, and spoils a. Written out: with intrinsics gcc moves the sums from
 * register to register, or runs out of them. The tests' emulation has its own. */
#ifndef ADD_PRODUCTS
#define ADD_PRODUCTS(left, right, a, b0, b1)                                                                           \
    do {                                                                                                               \
        IVEC products;                                                                                                 \
        __asm__("vpmaddwd %4, %2, %3\n\tvpmaddwd %5, %2, %2\n\tvpaddd %3, %0, %0\n\tvpaddd %2, %1, %1"                    \
                : "+v"(left), "+v"(right), "+v"(a), "=&v"(products)                                                    \
                : "v"(b0), "v"(b1));                                                                                   \
    } while (0)
#endif

static inline __attribute__((always_inline)) void paired16_rows(const wn_paired_strip *s, const int rows) {
    const int16_t *restrict a = s->a, *restrict b = s->b;
    IVEC left[PAIRED_ROWS], right[PAIRED_ROWS];
    fetch_ahead(s, rows);
    WN_UNROLL for (int r = 0; r < rows; r++) left[r] = right[r] = SPLATI(0);
    for (size_t p = 0; p < s->k; p += 2) {
        const IVEC b0 = LOADI(b + p * 2 * LANES), b1 = LOADI(b + p * 2 * LANES + 2 * LANES);
        WN_UNROLL for (int r = 0; r < rows; r++) {
            int32_t pair;
            memcpy(&pair, a + r * WN_PAIRED_LD + (ptrdiff_t)p, sizeof pair);
            IVEC x = SPLATI(pair);
            ADD_PRODUCTS(left[r], right[r], x, b0, b1);
        }
    }
    for (size_t t = 0; t < s->targets; t++) {
        const VEC s0 = LOAD(s->to[t].scale), s1 = LOAD(s->to[t].scale + LANES);
        const float *start = s->to[t].start;
        WN_UNROLL for (int r = 0; r < rows; r++) {
            float *c = s->to[t].c[r] + s->to[t].at;
            const VEC size = SPLAT(s->to[t].size[r]);
            const VEC c0 = LOAD(start ? start : c), c1 = LOAD((start ? start : c) + LANES);
            STORE(c, FMA(MUL(FLOATS(left[r]), size), s0, c0));
            STORE(c + LANES, FMA(MUL(FLOATS(right[r]), size), s1, c1));
        }
    }
}

static void paired16(const wn_paired_strip *s) {
    PAIRED_SWITCH(paired16_rows)
}

/* Of |x|; not a number where an element is not finite. */
static float largest(const float *x, size_t n) {
    VEC most = SPLAT(0.0f), bad = SPLAT(0.0f);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const VEC v = LOAD(x + i);
        most = MAX(most, MAX(v, SUB(SPLAT(0.0f), v)));
        bad = ADD(bad, SUB(v, v));
    }
    float lane[LANES], not_finite[LANES], top = 0, sum = 0;
    STORE(lane, most);
    STORE(not_finite, bad);
    for (size_t l = 0; l < LANES; l++) {
        top = lane[l] > top ? lane[l] : top;
        sum += not_finite[l];
    }
    for (; i < n; i++) {
        const float size = x[i] < 0 ? -x[i] : x[i];
        top = size > top ? size : top;
        sum += x[i] - x[i];
    }
    return top + sum;
}

/* The last, short vector goes through buffers. */
static void round16(const float *x, float by, size_t n, int16_t *out) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) STORE16(out + i, ROUND(MUL(LOAD(x + i), SPLAT(by))));
    if (i == n) return;
    float rest[LANES] = {0};
    int16_t low[LANES];
    memcpy(rest, x + i, (n - i) * sizeof *x);
    STORE16(low, ROUND(MUL(LOAD(rest), SPLAT(by))));
    memcpy(out + i, low, (n - i) * sizeof *out);
}

static void combine16(const int16_t *x, const int16_t *y, bool minus, size_t n, int16_t *out) {
    size_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES)
        STOREI(out + i, minus ? SUB16(LOADI(x + i), LOADI(y + i)) : ADD16(LOADI(x + i), LOADI(y + i)));
    for (; i < n; i++) out[i] = (int16_t)(minus ? x[i] - y[i] : x[i] + y[i]);
}

#define WN_PAIRED16_KERNEL .paired16 = paired16, .largest = largest, .round16 = round16, .combine16 = combine16

/* The kernel of the paired product of 16-bit integers, written once as kern_paired.h is: exact sums of 32 bits, scaled
 * at the end. One multiplication does for two products of x and w (S. Winograd, A new algorithm for inner product,
 * 1968): with x', w' from the other half of k, (x + w') (x' + w) = x w + x' w' + x x' + w w'. What rows of x and of W
 * have on their own comes off where the sums begin, and what overflows on the way comes back: it is arithmetic modulo
 * 2^32. As many instructions as the plain form, but three additions a multiplication: half of a Zen core's vector units
 * multiply, and all of them add.
 *
 * The including file adds IVEC (LANES sums of 32 bits), PAIRED16_ROWS and LOADI, STOREI, SPLATI, ADD16, SUB16, ADD32,
 * MADD (sums of 32 bits of the products of neighbours), FLOATS (of an IVEC), ROUND (to an IVEC), STORE16 (its
 * low halves), MAX and MUL. */

/* left, right += (x + w') (x' + w) for pairs along k, and spoils x and x2, which is x'. Written out: with intrinsics
 * gcc runs out of registers. The tests' emulation has its own. */
#ifndef ADD_PRODUCTS
#define ADD_PRODUCTS(left, right, x, x2, left2, right2, left1, right1)                                                 \
    do {                                                                                                               \
        IVEC one, two;                                                                                                 \
        __asm__("vpaddw %6, %2, %4\n\tvpaddw %8, %3, %5\n\tvpmaddwd %4, %5, %4\n\t"                                    \
                "vpaddw %7, %2, %2\n\tvpaddw %9, %3, %3\n\tvpaddd %4, %0, %0\n\t"                                      \
                "vpmaddwd %2, %3, %2\n\tvpaddd %2, %1, %1"                                                             \
                : "+v"(left), "+v"(right), "+v"(x), "+v"(x2), "=&v"(one), "=&v"(two)                                   \
                : "v"(left2), "v"(right2), "v"(left1), "v"(right1));                                                   \
    } while (0)
#endif

static inline __attribute__((always_inline)) IVEC pair_at(const int16_t *a) {
    int32_t pair;
    memcpy(&pair, a, sizeof pair);
    return SPLATI(pair);
}

static inline __attribute__((always_inline)) void paired16_rows(const wn_paired_strips *s, size_t strip,
                                                                const int rows) {
    const size_t row = strip * (size_t)rows;
    const int16_t *restrict a = (const int16_t *)s->a + row * WN_PAIRED_LD, *restrict b = s->b;
    const size_t half = s->k / 2;
    IVEC left[PAIRED16_ROWS], right[PAIRED16_ROWS];
    WN_UNROLL for (int r = 0; r < rows; r++) fetch_targets(s, row + (size_t)r);
    for (size_t i = 0; i < s->lines; i++) __builtin_prefetch(s->ahead + (strip * s->lines + i) * 64, 0, 2);
    WN_UNROLL for (int r = 0; r < rows; r++) {
        const IVEC start = SPLATI((int32_t)s->start_a[row + (size_t)r]);
        left[r] = ADD32(start, LOADI(s->start_b));
        right[r] = ADD32(start, LOADI(s->start_b + LANES));
    }
    for (size_t p = 0; p < half; p += 2, b += 8 * LANES) {
        const IVEC left2 = LOADI(b), right2 = LOADI(b + 2 * LANES), left1 = LOADI(b + 4 * LANES),
                   right1 = LOADI(b + 6 * LANES);
        WN_UNROLL for (int r = 0; r < rows; r++) {
            const int16_t *at = a + r * WN_PAIRED_LD + (ptrdiff_t)p;
            IVEC x = pair_at(at), x2 = pair_at(at + half);
            ADD_PRODUCTS(left[r], right[r], x, x2, left2, right2, left1, right1);
        }
    }
    for (size_t t = 0; t < s->targets; t++) {
        const VEC s0 = LOAD(s->to[t].scale), s1 = LOAD(s->to[t].scale + LANES);
        const float *start = s->to[t].start, *sizes = s->to[t].size + row;
        float *const *to = s->to[t].c + row;
        const size_t at = s->to[t].at;
        WN_UNROLL for (int r = 0; r < rows; r++) {
            float *c = to[r] + at;
            const VEC size = SPLAT(sizes[r]);
            const VEC c0 = LOAD(start ? start : c), c1 = LOAD((start ? start : c) + LANES);
            STORE(c, FMA(MUL(FLOATS(left[r]), size), s0, c0));
            STORE(c + LANES, FMA(MUL(FLOATS(right[r]), size), s1, c1));
        }
    }
}

static void paired16(const wn_paired_strips *s) {
    switch (s->m) { PAIRED_TO(paired16_rows, PAIRED16_ROWS) default : return; }
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

static uint32_t dot16(const int16_t *x, const int16_t *y, size_t n) {
    IVEC sums = SPLATI(0);
    uint32_t lane[LANES], total = 0;
    size_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) sums = ADD32(sums, MADD(LOADI(x + i), LOADI(y + i)));
    memcpy(lane, &sums, sizeof lane);
    for (size_t l = 0; l < LANES; l++) total += lane[l];
    for (; i < n; i++) total += (uint32_t)(x[i] * y[i]);
    return total;
}

#define WN_PAIRED16_KERNEL                                                                                             \
    .paired16_rows = PAIRED16_ROWS, .paired16 = paired16, .largest = largest, .round16 = round16,                      \
    .combine16 = combine16, .dot16 = dot16

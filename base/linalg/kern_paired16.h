/* The kernel of the paired product of 16-bit integers, written once as kern_paired.h is: exact sums of 32 bits, scaled
 * at the end. One multiplication does for two products of x and w (S. Winograd, A new algorithm for inner product,
 * 1968): with x', w' from the other half of k, (x + w') (x' + w) = x w + x' w' + x x' + w w'. What rows of x and of W
 * have on their own comes off where the sums begin, and what overflows on the way comes back: it is arithmetic modulo
 * 2^32. As many instructions as the plain form, but three additions a multiplication: half of a Zen core's vector units
 * multiply, and all of them add. Where multiplication and addition are one instruction (VNNI), a Zen core takes this form
 * for two rows of three and the plain one for the third, which keeps all of its units busy; on others every row is plain.
 *
 * The including file adds IVEC (LANES sums of 32 bits), PAIRED16_ROWS and LOADI, STOREI, SPLATI, ADD16, SUB16, ADD32,
 * MADD (sums of 32 bits of the products of neighbours), FLOATS (of an IVEC), ROUND (to an IVEC), STORE16 (its
 * low halves, of two), MAXU32 and MUL; WN_PAIRED16_FUSED where the processor may have VNNI. */

/* left, right += (x + w') (x' + w) for pairs along k, and spoils x and x2, which is x'. Written out: with intrinsics
 * gcc runs out of registers. The tests' emulation has its own, and of FUSED_PRODUCTS, the same with VNNI, and
 * FUSED_PLAIN, left, right += x w + x' w'. */
#ifndef ADD_PRODUCTS
#define ADD_PRODUCTS(left, right, x, x2, left2, right2, left1, right1)                                                 \
    do {                                                                                                               \
        IVEC one, two;                                                                                                 \
        __asm__("vpaddw %6, %2, %4\n\tvpaddw %8, %3, %5\n\tvpmaddwd %4, %5, %4\n\t"                                    \
                "vpaddw %7, %2, %2\n\tvpaddw %9, %3, %3\n\tvpaddd %4, %0, %0\n\t"                                      \
                "vpmaddwd %2, %3, %2\n\tvpaddd %2, %1, %1"                                                             \
                : "+&v"(left), "+&v"(right), "+&v"(x), "+&v"(x2), "=&v"(one), "=&v"(two)                               \
                : "v"(left2), "v"(right2), "v"(left1), "v"(right1));                                                   \
    } while (0)
#define FUSED_PRODUCTS(left, right, x, x2, left2, right2, left1, right1)                                               \
    do {                                                                                                               \
        IVEC one, two;                                                                                                 \
        __asm__("vpaddw %6, %2, %4\n\tvpaddw %8, %3, %5\n\tvpaddw %7, %2, %2\n\tvpaddw %9, %3, %3\n\t"                  \
                "vpdpwssd %4, %5, %0\n\tvpdpwssd %2, %3, %1"                                                           \
                : "+&v"(left), "+&v"(right), "+&v"(x), "+&v"(x2), "=&v"(one), "=&v"(two)                               \
                : "v"(left2), "v"(right2), "v"(left1), "v"(right1));                                                   \
    } while (0)
#define FUSED_PLAIN(left, right, x, x2, left2, right2, left1, right1)                                                  \
    __asm__("vpdpwssd %4, %2, %0\n\tvpdpwssd %5, %2, %1\n\tvpdpwssd %6, %3, %0\n\tvpdpwssd %7, %3, %1"                 \
            : "+&v"(left), "+&v"(right)                                                                                \
            : "v"(x), "v"(x2), "v"(left1), "v"(right1), "v"(left2), "v"(right2))
#endif

static inline __attribute__((always_inline)) IVEC pair_at(const int16_t *a) {
    int32_t pair;
    memcpy(&pair, a, sizeof pair);
    return SPLATI(pair);
}

/* With VNNI every `plain`-th row is a plain product; 0 is without. */
static inline __attribute__((always_inline)) void paired16_strip(const wn_paired_strips *s, size_t strip,
                                                                 const int rows, const int plain) {
    enum { STEP = 8, LINES = LANES == 16 ? 2 : 0 };
    const size_t row = strip * (size_t)rows;
    const int16_t *restrict a = (const int16_t *)s->a + row * WN_PAIRED_LD, *restrict b = s->b;
    const size_t half = s->k / 2;
    IVEC left[PAIRED16_ROWS], right[PAIRED16_ROWS];
    const char *ahead = s->ahead + strip * s->lines * 64, *const end = ahead + s->lines * 64;
    for (; ahead + half / STEP * LINES * 64 < end; ahead += 64) __builtin_prefetch(ahead, 0, 3);
    WN_UNROLL for (int r = 0; r < rows; r++) {
        const bool sums = !plain || r % plain;
        const IVEC start = SPLATI((int32_t)s->start_a[row + (size_t)r]);
        left[r] = sums ? ADD32(start, LOADI(s->start_b)) : SPLATI(0);
        right[r] = sums ? ADD32(start, LOADI(s->start_b + LANES)) : SPLATI(0);
    }
    for (size_t from = 0; from < half; from += STEP) {
        const size_t to = from + STEP < half ? from + STEP : half;
        if (from < STEP * (size_t)rows) fetch_targets(s, row + from / STEP);
        for (size_t line = 0; line != LINES && ahead < end; line++, ahead += 64) __builtin_prefetch(ahead, 0, 3);
        PAIRED_UNROLL for (size_t p = from; p < to; p += 2, b += 8 * LANES) {
            const IVEC left2 = LOADI(b), right2 = LOADI(b + 2 * LANES), left1 = LOADI(b + 4 * LANES),
                       right1 = LOADI(b + 6 * LANES);
            WN_UNROLL for (int r = 0; r < rows; r++) {
                const int16_t *at = a + r * WN_PAIRED_LD + (ptrdiff_t)p;
                IVEC x = pair_at(at), x2 = pair_at(at + half);
                if (!plain) ADD_PRODUCTS(left[r], right[r], x, x2, left2, right2, left1, right1);
                else if (r % plain) FUSED_PRODUCTS(left[r], right[r], x, x2, left2, right2, left1, right1);
                else FUSED_PLAIN(left[r], right[r], x, x2, left2, right2, left1, right1);
            }
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

#define PAIRED16_FUNCTION(name, plain)                                                                                 \
    static inline __attribute__((always_inline)) void name##_rows(const wn_paired_strips *s, size_t strip,             \
                                                                  const int rows) {                                    \
        paired16_strip(s, strip, rows, plain);                                                                         \
    }                                                                                                                  \
    static void name(const wn_paired_strips *s) {                                                                      \
        switch (s->m) { PAIRED_TO(name##_rows, PAIRED16_ROWS) default : return; }                                      \
    }
PAIRED16_FUNCTION(paired16, 0)
#ifdef WN_PAIRED16_FUSED
PAIRED16_FUNCTION(fused16, 1)
PAIRED16_FUNCTION(fused16_adders, 3)
#endif

/* Of |x|, by the bits without their sign: what is not finite has the largest of all. */
static float largest(const float *x, size_t n) {
    IVEC most = SPLATI(0);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const IVEC v = LOADI(x + i);
        most = MAXU32(most, ADD32(v, v));
    }
    uint32_t lane[LANES], top = 0, rest;
    memcpy(lane, &most, sizeof lane);
    for (size_t l = 0; l < LANES; l++) top = lane[l] > top ? lane[l] : top;
    for (; i < n; i++) {
        memcpy(&rest, x + i, sizeof rest);
        top = 2 * rest > top ? 2 * rest : top;
    }
    float size;
    top /= 2;
    memcpy(&size, &top, sizeof size);
    return size;
}

/* The last, short vectors go through buffers. */
static void round16(const float *x, float by, size_t n, int16_t *out) {
    const VEC factor = SPLAT(by);
    size_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES)
        STORE16(out + i, ROUND(MUL(LOAD(x + i), factor)), ROUND(MUL(LOAD(x + i + LANES), factor)));
    if (i == n) return;
    float rest[2 * LANES] = {0};
    int16_t low[2 * LANES];
    memcpy(rest, x + i, (n - i) * sizeof *x);
    STORE16(low, ROUND(MUL(LOAD(rest), factor)), ROUND(MUL(LOAD(rest + LANES), factor)));
    memcpy(out + i, low, (n - i) * sizeof *out);
}

static inline __attribute__((always_inline)) IVEC combined(const int16_t *x, const int16_t *y, bool minus) {
    return !y ? LOADI(x) : minus ? SUB16(LOADI(x), LOADI(y)) : ADD16(LOADI(x), LOADI(y));
}

static inline __attribute__((always_inline)) uint32_t combine_as(const int16_t *x, const int16_t *y, bool minus,
                                                                 size_t half, int16_t *out) {
    IVEC sums = SPLATI(0);
    uint32_t lane[LANES], total = 0;
    size_t i = 0;
    for (; i + 2 * LANES <= half; i += 2 * LANES) {
        const IVEC first = combined(x + i, y ? y + i : NULL, minus),
                   second = combined(x + half + i, y ? y + half + i : NULL, minus);
        STOREI(out + i, first);
        STOREI(out + half + i, second);
        sums = ADD32(sums, MADD(first, second));
    }
    memcpy(lane, &sums, sizeof lane);
    for (size_t l = 0; l < LANES; l++) total += lane[l];
    for (; i < half; i++) {
        for (size_t at = i; at <= i + half; at += half)
            out[at] = (int16_t)(!y ? x[at] : minus ? x[at] - y[at] : x[at] + y[at]);
        total += (uint32_t)(out[i] * out[half + i]);
    }
    return total;
}

static uint32_t combine16(const int16_t *x, const int16_t *y, bool minus, size_t half, int16_t *out) {
    return !y      ? combine_as(x, NULL, false, half, out)
           : minus ? combine_as(x, y, true, half, out)
                   : combine_as(x, y, false, half, out);
}

#define WN_PAIRED16_KERNEL(product)                                                                                             \
    .paired16_rows = PAIRED16_ROWS, .paired16 = product, .largest = largest, .round16 = round16, .combine16 = combine16

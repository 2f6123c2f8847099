/* The kernel of Strassen's product in 16-bit integers, written once on the vectors of wn/simd.h: exact sums of 32
 * bits, scaled at the end. One multiplication does for two products of x and w (S. Winograd, A new algorithm for inner
 * product, 1968): with x', w' from the other half of k, (x + w') (x' + w) = x w + x' w' + x x' + w w'. What rows of x
 * and of W have on their own comes off where the sums begin, and what overflows on the way comes back: it is
 * arithmetic modulo 2^32. As many instructions as the plain form, but three additions a multiplication: half of a Zen
 * core's vector units multiply, and all of them add. Where multiplication and addition are one instruction (VNNI), a
 * Zen core takes this form for two rows of three and the plain one for the third, which keeps all of its units busy;
 * on others every row is plain.
 *
 * The including file defines STRIP16_ROWS (entries of a strip, two accumulators each) and STRIP_UNROLL, and
 * STRIP16_FUSED where the processor may have VNNI. */
#include "strassen_strips.h"

/* left, right += (x + w') (x' + w) for pairs along k, and spoils x and x2, which is x'. Written out: with intrinsics
 * gcc runs out of registers. The tests' emulation has its own, and of FUSED_PRODUCTS, the same with VNNI, and
 * FUSED_PLAIN, left, right += x w + x' w'. */
#ifndef ADD_PRODUCTS
#define ADD_PRODUCTS(left, right, x, x2, left2, right2, left1, right1)                                                 \
    do {                                                                                                               \
        vi one, two;                                                                                                 \
        __asm__("vpaddw %6, %2, %4\n\tvpaddw %8, %3, %5\n\tvpmaddwd %4, %5, %4\n\t"                                    \
                "vpaddw %7, %2, %2\n\tvpaddw %9, %3, %3\n\tvpaddd %4, %0, %0\n\t"                                      \
                "vpmaddwd %2, %3, %2\n\tvpaddd %2, %1, %1"                                                             \
                : "+&v"(left), "+&v"(right), "+&v"(x), "+&v"(x2), "=&v"(one), "=&v"(two)                               \
                : "v"(left2), "v"(right2), "v"(left1), "v"(right1));                                                   \
    } while (0)
#define FUSED_PRODUCTS(left, right, x, x2, left2, right2, left1, right1)                                               \
    do {                                                                                                               \
        vi one, two;                                                                                                   \
        __asm__("vpaddw %6, %2, %4\n\tvpaddw %8, %3, %5\n\tvpaddw %7, %2, %2\n\tvpaddw %9, %3, %3\n\t"                 \
                "vpdpwssd %4, %5, %0\n\tvpdpwssd %2, %3, %1"                                                           \
                : "+&v"(left), "+&v"(right), "+&v"(x), "+&v"(x2), "=&v"(one), "=&v"(two)                               \
                : "v"(left2), "v"(right2), "v"(left1), "v"(right1));                                                   \
    } while (0)
#define FUSED_PLAIN(left, right, x, x2, left2, right2, left1, right1)                                                  \
    __asm__("vpdpwssd %4, %2, %0\n\tvpdpwssd %5, %2, %1\n\tvpdpwssd %6, %3, %0\n\tvpdpwssd %7, %3, %1"                 \
            : "+&v"(left), "+&v"(right)                                                                                \
            : "v"(x), "v"(x2), "v"(left1), "v"(right1), "v"(left2), "v"(right2))
#endif

WN_INLINE vi pair_at(const int16_t *a) {
    int32_t pair;
    memcpy(&pair, a, sizeof pair);
    return vi_splat(pair);
}

/* With VNNI every `plain`-th row is a plain product; 0 is without. */
WN_INLINE void strip16_product(const wn_strassen_strips *s, size_t strip,
                                                                 const int rows, const int plain) {
    enum { STEP = 8, LINES = WN_LANES == 16 ? 2 : 0 };
    const size_t row = strip * (size_t)rows;
    const int16_t *restrict a = s->a.i16 + row * WN_STRASSEN_LD, *restrict b = s->b.i16;
    const size_t half = s->k / 2;
    vi left[STRIP16_ROWS], right[STRIP16_ROWS];
    const char *ahead = s->ahead + strip * s->lines * 64, *const end = ahead + s->lines * 64;
    for (; ahead + half / STEP * LINES * 64 < end; ahead += 64) __builtin_prefetch(ahead, 0, 3);
    WN_UNROLL for (int r = 0; r < rows; r++) {
        const bool sums = !plain || r % plain;
        const vi start = vi_splat((int32_t)s->start_a[row + (size_t)r]);
        left[r] = sums ? vi_add32(start, vi_load(s->start_b)) : vi_splat(0);
        right[r] = sums ? vi_add32(start, vi_load(s->start_b + WN_LANES)) : vi_splat(0);
    }
    for (size_t from = 0; from < half; from += STEP) {
        const size_t to = from + STEP < half ? from + STEP : half;
        if (from < STEP * (size_t)rows) fetch_targets(s, row + from / STEP);
        for (size_t line = 0; line != LINES && ahead < end; line++, ahead += 64) __builtin_prefetch(ahead, 0, 3);
        STRIP_UNROLL for (size_t p = from; p < to; p += 2, b += 8 * WN_LANES) {
            const vi left2 = vi_load(b), right2 = vi_load(b + 2 * WN_LANES), left1 = vi_load(b + 4 * WN_LANES),
                       right1 = vi_load(b + 6 * WN_LANES);
            WN_UNROLL for (int r = 0; r < rows; r++) {
                const int16_t *at = a + r * WN_STRASSEN_LD + (ptrdiff_t)p;
                vi x = pair_at(at), x2 = pair_at(at + half);
                if (!plain) ADD_PRODUCTS(left[r], right[r], x, x2, left2, right2, left1, right1);
                else if (r % plain) FUSED_PRODUCTS(left[r], right[r], x, x2, left2, right2, left1, right1);
                else FUSED_PLAIN(left[r], right[r], x, x2, left2, right2, left1, right1);
            }
        }
    }
    for (size_t t = 0; t < s->targets; t++) {
        const vf s0 = vf_load(s->to[t].scale), s1 = vf_load(s->to[t].scale + WN_LANES);
        const float *start = s->to[t].start, *sizes = s->to[t].size + row;
        float *const *to = s->to[t].c + row;
        const size_t at = s->to[t].at;
        WN_UNROLL for (int r = 0; r < rows; r++) {
            float *c = to[r] + at;
            const vf size = vf_splat(sizes[r]);
            const vf c0 = vf_load(start ? start : c), c1 = vf_load((start ? start : c) + WN_LANES);
            vf_store(c, vf_fma(vf_mul(vi_floats(left[r]), size), s0, c0));
            vf_store(c + WN_LANES, vf_fma(vf_mul(vi_floats(right[r]), size), s1, c1));
        }
    }
}

#define STRIP16_FUNCTION(name, plain)                                                                                  \
    WN_INLINE void name##_rows(const wn_strassen_strips *s, size_t strip, const int rows) {                            \
        strip16_product(s, strip, rows, plain);                                                                        \
    }                                                                                                                  \
    static void name(const wn_strassen_strips *s) {                                                                    \
        switch (s->m) { STRIP_CASES(name##_rows, STRIP16_ROWS) default : return; }                                     \
    }
STRIP16_FUNCTION(plain16, 0)
#ifdef STRIP16_FUSED
STRIP16_FUNCTION(fused16, 1)
STRIP16_FUNCTION(fused16_adders, 3)
#endif

/* Of |x|, by the bits without their sign: what is not finite has the largest of all. */
static float largest(const float *x, size_t n) {
    vi most = vi_splat(0);
    size_t i = 0;
    for (; i + WN_LANES <= n; i += WN_LANES) {
        const vi v = vi_load(x + i);
        most = vi_maxu32(most, vi_add32(v, v));
    }
    uint32_t lane[WN_LANES], top = 0, rest;
    memcpy(lane, &most, sizeof lane);
    for (size_t l = 0; l < WN_LANES; l++) top = lane[l] > top ? lane[l] : top;
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
    const vf factor = vf_splat(by);
    size_t i = 0;
    for (; i + 2 * WN_LANES <= n; i += 2 * WN_LANES)
        vi_store16(out + i, vf_round(vf_mul(vf_load(x + i), factor)),
                   vf_round(vf_mul(vf_load(x + i + WN_LANES), factor)));
    if (i == n) return;
    float rest[2 * WN_LANES] = {0};
    int16_t low[2 * WN_LANES];
    memcpy(rest, x + i, (n - i) * sizeof *x);
    vi_store16(low, vf_round(vf_mul(vf_load(rest), factor)), vf_round(vf_mul(vf_load(rest + WN_LANES), factor)));
    memcpy(out + i, low, (n - i) * sizeof *out);
}

WN_INLINE vi combined(const int16_t *x, const int16_t *y, bool minus) {
    return !y ? vi_load(x) : minus ? vi_sub16(vi_load(x), vi_load(y)) : vi_add16(vi_load(x), vi_load(y));
}

WN_INLINE uint32_t combine_as(const int16_t *x, const int16_t *y, bool minus,
                                                                 size_t half, int16_t *out) {
    vi sums = vi_splat(0);
    uint32_t lane[WN_LANES], total = 0;
    size_t i = 0;
    for (; i + 2 * WN_LANES <= half; i += 2 * WN_LANES) {
        const vi first = combined(x + i, y ? y + i : NULL, minus),
                   second = combined(x + half + i, y ? y + half + i : NULL, minus);
        vi_store(out + i, first);
        vi_store(out + half + i, second);
        sums = vi_add32(sums, vi_madd(first, second));
    }
    memcpy(lane, &sums, sizeof lane);
    for (size_t l = 0; l < WN_LANES; l++) total += lane[l];
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

#define WN_STRASSEN16_KERNEL(form)                                                                                     \
    {                                                                                                                  \
        .rows = STRIP16_ROWS, .width = 2 * WN_LANES, .product = form, .combine = strassen_combine,                     \
        .largest = largest, .round16 = round16, .combine16 = combine16                                                 \
    }

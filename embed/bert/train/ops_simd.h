/* The vector forms of ops.c, written once on the vectors of wn/simd.h and compiled for AVX2 and for AVX-512: the
 * including file defines NAME(x). */
#include <math.h>

#include "bert/simd_math.h"

#define SQRT sqrtf
#include "bert/train/ops_loops.h"

/* A vector of a row of which n values are left: the last one may be short. */
WN_INLINE vf some(const float *p, size_t n) { return n >= WN_LANES ? vf_load(p) : load_part(p, n); }
WN_INLINE void put_some(float *p, vf v, size_t n) {
    if (n >= WN_LANES) vf_store(p, v);
    else store_part(p, v, n);
}

/* ---- activations ---- */

/* What a(v) and its slope have in common: the cumulative distribution function, or tanh of the cubic. */
WN_INLINE vf cubic(vf v) { return tanh_of(0.79788456f * (v + 0.044715f * v * v * v)); }

WN_INLINE vf value_of(wn_activation a, vf v) {
    switch (a) {
    case WN_ACT_GELU: return gelu(v);
    case WN_ACT_GELU_TANH: return 0.5f * v * (1.0f + cubic(v));
    case WN_ACT_RELU: return vf_max((vf){0}, v);
    case WN_ACT_TANH: return tanh_of(v);
    case WN_ACT_IDENTITY: break;
    }
    return v;
}

/* a(v), and its slope in *slope */
WN_INLINE vf value_and_slope(wn_activation a, vf v, vf *slope) {
    vf t;
    switch (a) {
    case WN_ACT_GELU:
        t = 0.5f + 0.5f * erf_of_scaled(v);
        *slope = t + 0.39894228f * v * vf_exp_negative(-0.5f * v * v);
        return v * t;
    case WN_ACT_GELU_TANH:
        t = cubic(v);
        *slope = 0.5f * (1.0f + t) + 0.5f * v * (1.0f - t * t) * (0.79788456f + 0.10703222f * v * v);
        return 0.5f * v * (1.0f + t);
    case WN_ACT_RELU:
        *slope = select_lt((vf){0}, v, vf_splat(1.0f), (vf){0});
        return vf_max((vf){0}, v);
    case WN_ACT_TANH:
        t = tanh_of(v);
        *slope = 1.0f - t * t;
        return t;
    case WN_ACT_IDENTITY: break;
    }
    *slope = vf_splat(1.0f);
    return v;
}

WN_INLINE void activate_values(wn_activation a, float *y, const float *x, size_t n) {
    for (size_t j = 0; j < n; j += WN_LANES) put_some(y + j, value_of(a, some(x + j, n - j)), n - j);
}

static void NAME(activate)(wn_activation a, float *y, const float *x, size_t n) {
    if (a == WN_ACT_GELU) activate_values(WN_ACT_GELU, y, x, n);
    else activate_values(a, y, x, n);
}

WN_INLINE void activate_values_backward(wn_activation a, float *x, float *d, size_t n) {
    for (size_t j = 0; j < n; j += WN_LANES) {
        vf slope;
        put_some(x + j, value_and_slope(a, some(x + j, n - j), &slope), n - j);
        put_some(d + j, some(d + j, n - j) * slope, n - j);
    }
}

static void NAME(activate_backward)(wn_activation a, float *x, float *d, size_t n) {
    if (a == WN_ACT_GELU) activate_values_backward(WN_ACT_GELU, x, d, n);
    else activate_values_backward(a, x, d, n);
}

/* ---- normalisation ---- */

static void NAME(norm)(float *hat, float *scale, const float *x, size_t m, size_t h, double eps) {
    for (size_t i = 0; i < m; i++, x += h, hat += h) {
        vf sum = {0}, squares = {0};
        for (size_t j = 0; j < h; j += WN_LANES) sum += some(x + j, h - j);
        const float mean = lane_sum(sum) / (float)h;
        size_t j = 0;
        for (; j + WN_LANES <= h; j += WN_LANES) {
            const vf v = vf_load(x + j) - mean;
            squares += v * v;
        }
        double tail = 0;
        for (; j < h; j++) tail += ((double)x[j] - (double)mean) * ((double)x[j] - (double)mean);
        scale[i] = (float)(1 / sqrt(((double)lane_sum(squares) + tail) / (double)h + eps));
        for (j = 0; j < h; j += WN_LANES) put_some(hat + j, (some(x + j, h - j) - mean) * scale[i], h - j);
    }
}

static void NAME(norm_backward)(float *d, const float *hat, const float *scale, const float *w, float *dwdb, size_t m,
                                size_t h) {
    for (size_t i = 0; i < m; i++, d += h, hat += h) {
        vf sum = {0}, with_hat = {0};
        for (size_t j = 0; j < h; j += WN_LANES) {
            const size_t n = h - j;
            const vf v = some(d + j, n), g = v * some(w + j, n), x = some(hat + j, n);
            put_some(dwdb + j, some(dwdb + j, n) + v * x, n);
            put_some(dwdb + h + j, some(dwdb + h + j, n) + v, n);
            put_some(d + j, g, n);
            sum += g;
            with_hat += g * x;
        }
        const float mean = lane_sum(sum) / (float)h, along = lane_sum(with_hat) / (float)h;
        for (size_t j = 0; j < h; j += WN_LANES)
            put_some(d + j, (some(d + j, h - j) - mean - some(hat + j, h - j) * along) * scale[i], h - j);
    }
}

/* ---- softmax ---- */

static void NAME(softmax)(float *x, float by, size_t m, size_t n) {
    const size_t whole = n / WN_LANES * WN_LANES;
    for (size_t i = 0; i < m; i++, x += n) {
        vf tops = vf_splat(-INFINITY), sums = {0};
        float top, rest = 0;
        for (size_t j = 0; j < whole; j += WN_LANES) tops = vf_max(tops, vf_load(x + j));
        top = lane_tops(tops)[0];
        for (size_t j = whole; j < n; j++) top = x[j] > top ? x[j] : top;
        for (size_t j = 0; j < whole; j += WN_LANES) {
            const vf e = vf_exp_negative((vf_load(x + j) - top) * by);
            sums += e;
            vf_store(x + j, e);
        }
        if (whole < n) {
            const vf e = vf_exp_negative((load_part(x + whole, n - whole) - top) * by);
            store_part(x + whole, e, n - whole);
            for (size_t j = whole; j < n; j++) rest += x[j];
        }
        const float scale = 1 / (lane_sum(sums) + rest);
        for (size_t j = 0; j < n; j += WN_LANES) put_some(x + j, some(x + j, n - j) * scale, n - j);
    }
}

static void NAME(softmax_backward)(float *d, const float *p, float by, size_t m, size_t n) {
    for (size_t i = 0; i < m; i++, d += n, p += n) {
        vf sums = {0};
        for (size_t j = 0; j < n; j += WN_LANES) sums += some(d + j, n - j) * some(p + j, n - j);
        const float sum = lane_sum(sums);
        for (size_t j = 0; j < n; j += WN_LANES)
            put_some(d + j, (some(d + j, n - j) - sum) * some(p + j, n - j) * by, n - j);
    }
}

/* ---- dropout ---- */

/* Both halves of the 64-bit products of a's lanes and m. */
WN_INLINE void wide_products(vu a, uint32_t m, vu *high, vu *low) {
    const wn_mmi by = WN_MM(set1_epi32)((int32_t)m), even = WN_MM(mul_epu32)((wn_mmi)a, by),
                 odd = WN_MM(mul_epu32)(WN_MM(srli_epi64)((wn_mmi)a, 32), by);
#if WN_LANES == 16
    *high = (vu)_mm512_mask_mov_epi32(_mm512_srli_epi64(even, 32), 0xaaaa, odd);
    *low = (vu)_mm512_mask_mov_epi32(even, 0xaaaa, _mm512_slli_epi64(odd, 32));
#else
    *high = (vu)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
    *low = (vu)_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
#endif
}

/* The four words of WN_LANES blocks of Philox4x32-10 (wn_rng_block), side by side; the lower halves of their counters
 * do not overflow. */
WN_INLINE void random_words(const wn_dropout *p, uint64_t counter, vu out[4]) {
    vu c0, c1 = (vu)vi_splat((int32_t)(counter >> 32)), c2 = (vu)vi_splat((int32_t)p->stream),
           c3 = (vu)vi_splat((int32_t)(p->stream >> 32));
    uint32_t k0 = (uint32_t)p->seed, k1 = (uint32_t)(p->seed >> 32);
    for (uint32_t i = 0; i < WN_LANES; i++) c0[i] = (uint32_t)counter + i;
    for (int round = 0; round < 10; round++) {
        vu high0, low0, high1, low1;
        wide_products(c0, 0xD2511F53u, &high0, &low0);
        wide_products(c2, 0xCD9E8D57u, &high1, &low1);
        c0 = high1 ^ c1 ^ k0;
        c2 = high0 ^ c3 ^ k1;
        c1 = low1;
        c3 = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

static void NAME(dropout)(float *x, const wn_dropout *p, uint64_t row, size_t n) {
    enum { BLOCKS = 16 };
    const vi below = vi_splat((int32_t)p->below);
    for (size_t j = 0; p->below && j < n; j += 4 * BLOCKS) {
        for (size_t half = 0; half < BLOCKS; half += WN_LANES) {
            vu words[4];
            random_words(p, row << 32 | (j / 4 + half), words);
            for (size_t w = 0; w < 4; w++) {
                const size_t at = j + w * BLOCKS + half;
                if (at >= n) break;
                const vi kept = vi_maxu32((vi)words[w], below) == (vi)words[w];
                put_some(x + at, (vf)((vi)(some(x + at, n - at) * p->scale) & kept), n - at);
            }
        }
    }
}

const wn_train_ops NAME(ops) = {.activate = NAME(activate),
                                .activate_backward = NAME(activate_backward),
                                .norm = NAME(norm),
                                .norm_affine = NAME(norm_affine),
                                .norm_backward = NAME(norm_backward),
                                .softmax = NAME(softmax),
                                .softmax_backward = NAME(softmax_backward),
                                .dropout = NAME(dropout),
                                .add_bias = NAME(add_bias),
                                .add = NAME(add),
                                .add_rows = NAME(add_rows),
                                .adamw = NAME(adamw),
                                .multiply = NAME(multiply)};

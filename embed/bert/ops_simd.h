/* The vector forms of ops.c, written once on the vectors of wn/simd.h and compiled for AVX2 and for AVX-512:
 * the including file sets ROWS and COLS (rows and vectors of an attention block) and NAME(x). */
#include "bert_private.h"

#include <math.h>

#include "bert/simd_math.h"

/* n floats, without the cost of a call. */
static inline void copy(float *to, const float *from, size_t n) {
    size_t j = 0;
    for (; j + WN_LANES <= n; j += WN_LANES) vf_store(to + j, vf_load(from + j));
    for (; j < n; j++) to[j] = from[j];
}

static inline vf activated(wn_activation a, vf v) {
    switch (a) {
    case WN_ACT_GELU: return gelu(v);
    case WN_ACT_GELU_TANH: return 0.5f * v * (1.0f + tanh_of(0.79788456f * (v + 0.044715f * v * v * v)));
    case WN_ACT_RELU: return vf_max((vf){0}, v);
    case WN_ACT_TANH: return tanh_of(v);
    case WN_ACT_IDENTITY: break;
    }
    return v;
}

WN_INLINE void activate_rows(const float *bias, wn_activation a, const float *x, size_t ldx,
                                                                size_t m, size_t n, float *y, size_t ldy) {
    size_t whole = n / WN_LANES * WN_LANES, rest = n - whole, j = 0;
    for (; j + 2 * WN_LANES <= n; j += 2 * WN_LANES) { /* a cache line of 16 at once */
        const vf b0 = bias ? vf_load(bias + j) : (vf){0}, b1 = bias ? vf_load(bias + j + WN_LANES) : (vf){0};
        for (size_t i = 0; i < m; i++) {
            const float *from = x + i * ldx + j;
            float *to = y + i * ldy + j;
            const vf v0 = vf_load(from) + b0, v1 = vf_load(from + WN_LANES) + b1;
            vf_store(to, activated(a, v0));
            vf_store(to + WN_LANES, activated(a, v1));
        }
    }
    for (; j < n; j += WN_LANES) {
        vf b = !bias ? (vf){0} : j < whole ? vf_load(bias + j) : load_part(bias + j, rest);
        for (size_t i = 0; i < m; i++) {
            const float *from = x + i * ldx + j;
            vf v = activated(a, (j < whole ? vf_load(from) : load_part(from, rest)) + b);
            if (j < whole) vf_store(y + i * ldy + j, v);
            else store_part(y + i * ldy + j, v, rest);
        }
    }
}

static void NAME(bias_activate)(const float *bias, wn_activation a, const float *x, size_t ldx, size_t m, size_t n,
                                float *y, size_t ldy) {
    if (a == WN_ACT_GELU) activate_rows(bias, WN_ACT_GELU, x, ldx, m, n, y, ldy);
    else if (a == WN_ACT_IDENTITY) activate_rows(bias, WN_ACT_IDENTITY, x, ldx, m, n, y, ldy);
    else activate_rows(bias, a, x, ldx, m, n, y, ldy);
}

/* row[h] becomes normalised row + bias + other, where they are; returns the inverse of its standard deviation. Sums of
 * the even and of the odd vectors: one sum would wait for itself. */
WN_INLINE float norm_row(const wn_norm *norm, double eps, const float *bias, float *row,
                                                            const float *other, size_t h) {
    const size_t both = h / (2 * WN_LANES) * (2 * WN_LANES);
    vf sums[2] = {{0}}, squares[2] = {{0}};
    for (size_t j = 0; j < both; j += 2 * WN_LANES) {
        for (size_t i = 0; i < 2; i++) {
            const size_t at = j + i * WN_LANES;
            vf v = vf_load(row + at);
            if (bias) v += vf_load(bias + at);
            if (other) v += vf_load(other + at);
            sums[i] += v;
            vf_store(row + at, v);
        }
    }
    for (size_t j = both; j < h; j += WN_LANES) {
        const size_t n = h - j < WN_LANES ? h - j : WN_LANES;
        vf v = load_part(row + j, n);
        if (bias) v += load_part(bias + j, n);
        if (other) v += load_part(other + j, n);
        sums[0] += v;
        store_part(row + j, v, n);
    }
    const float mean = lane_sum(sums[0] + sums[1]) / (float)h;
    for (size_t j = 0; j < both; j += 2 * WN_LANES) {
        for (size_t i = 0; i < 2; i++) {
            const vf v = vf_load(row + j + i * WN_LANES) - mean;
            squares[i] += v * v;
        }
    }
    float tail = 0;
    for (size_t j = both; j < h; j++) tail += (row[j] - mean) * (row[j] - mean);
    const float scale =
        (float)(1.0 / sqrt(((double)lane_sum(squares[0] + squares[1]) + (double)tail) / (double)h + eps));
    for (size_t j = 0; j < both; j += WN_LANES)
        vf_store(row + j, (vf_load(row + j) - mean) * scale * vf_load(norm->weight + j) + vf_load(norm->bias + j));
    for (size_t j = both; j < h; j++) row[j] = (row[j] - mean) * scale * norm->weight[j] + norm->bias[j];
    return scale;
}

static void NAME(norm_rows)(const wn_norm *norm, double eps, const float *bias, float *x, const float *residual,
                            size_t m, size_t h, float *scales) {
    for (size_t i = 0; i < m; i++) {
        float *row = x + i * h, scale;
        /* the layers' case, without tests in its loop */
        if (bias && residual) scale = norm_row(norm, eps, bias, row, residual + i * h, h);
        else scale = norm_row(norm, eps, bias, row, residual ? residual + i * h : NULL, h);
        if (scales) scales[i] = scale;
    }
}

/* x[0..n) -> e^(x - top) of the first t of them, next to nothing behind; returns one over their sum. n is a multiple of
 * WN_LANES. */
static inline float softmax_row(float *x, size_t t, size_t n) {
    for (size_t j = t; j < n; j++) x[j] = -INFINITY;
    vf top = vf_load(x);
    for (size_t j = WN_LANES; j < n; j += WN_LANES) top = vf_max(top, vf_load(x + j));
    const vf most = lane_tops(top);
    vf sum = {0};
    for (size_t j = 0; j < n; j += WN_LANES) {
        vf e = vf_exp_negative(vf_load(x + j) - most);
        sum += e;
        vf_store(x + j, e);
    }
    return 1.0f / lane_sum(sum);
}

/* Rows of floats, `ld` apart. */
typedef struct {
    const float *at;
    size_t ld;
} row_view;

/* out[r, cols vectors] = by[r] a[r, k] b[k, ...]: one chain over k an element. */
WN_INLINE void product_block(size_t rows, size_t cols, row_view a, row_view b, size_t k, const float *by, float *out,
                             size_t ldo) {
    vf acc[ROWS][COLS];
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++) acc[r][c] = (vf){0};
    for (size_t i = 0; i < k; i++) {
        vf v[COLS];
        for (size_t c = 0; c < cols; c++) v[c] = vf_load(b.at + i * b.ld + c * WN_LANES);
        for (size_t r = 0; r < rows; r++) {
            vf x = vf_splat(a.at[r * a.ld + i]);
            for (size_t c = 0; c < cols; c++) acc[r][c] += x * v[c];
        }
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++) vf_store(out + r * ldo + c * WN_LANES, acc[r][c] * by[r]);
}

/* The same with the number of rows known to the compiler. */
WN_INLINE void product_blocks(size_t rows, size_t cols, row_view a, row_view b, size_t k, const float *by, float *out,
                              size_t ldo) {
    switch (rows) {
    case 1: product_block(1, cols, a, b, k, by, out, ldo); return;
    case 2: product_block(2, cols, a, b, k, by, out, ldo); return;
    case 3: product_block(3, cols, a, b, k, by, out, ldo); return;
    case 4: product_block(4, cols, a, b, k, by, out, ldo); return;
    case 5: product_block(5, cols, a, b, k, by, out, ldo); return;
    case 6: product_block(6, cols, a, b, k, by, out, ldo); return;
#if ROWS > 6
    case 7: product_block(7, cols, a, b, k, by, out, ldo); return;
    case 8: product_block(8, cols, a, b, k, by, out, ldo); return;
#endif
    default: return;
    }
}

/* out[m, n] = by[m] a[m, k] b[k, n], m at most ROWS; n is a multiple of WN_LANES, every row of out has room for it. */
static void small_product(size_t m, size_t n, row_view a, row_view b, size_t k, const float *by, float *out,
                          size_t ldo) {
    size_t j = 0;
    for (; j + COLS * WN_LANES <= n; j += COLS * WN_LANES, b.at += COLS * WN_LANES)
        product_blocks(m, COLS, a, b, k, by, out + j, ldo);
    for (; j < n; j += WN_LANES, b.at += WN_LANES) product_blocks(m, 1, a, b, k, by, out + j, ldo);
}

static size_t padded(size_t n) { return (n + WN_LANES - 1) / WN_LANES * WN_LANES; }

static size_t NAME(attention_scratch)(size_t t, size_t hidden, size_t heads) {
    size_t d = hidden / heads, tp = padded(t), dp = padded(d);
    return d * tp + t * dp + ROWS * tp + ROWS * dp;
}

/* Eight rows of eight floats, columns to rows; missing rows are zero. */
typedef float v8 __attribute__((vector_size(32), aligned(4), may_alias));
static inline void transpose_8(const float *from, size_t ld, size_t rows, float *to, size_t ldt) {
    v8 a[8], b[8];
    for (size_t i = 0; i < 8; i++) a[i] = i < rows ? *(const v8 *)(from + i * ld) : (v8){0};
    for (size_t i = 0; i < 8; i += 2) { /* pairs of rows, of pairs, and of fours change places */
        b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (size_t i = 0; i < 8; i++) {
        if (i & 2) continue;
        a[i] = __builtin_shufflevector(b[i], b[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        a[i + 2] = __builtin_shufflevector(b[i], b[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    for (size_t i = 0; i < 4; i++) {
        *(v8 *)(to + i * ldt) = __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        *(v8 *)(to + (i + 4) * ldt) = __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

/* to[d][tp] = the transposed from[t][d]; zeros behind t. */
static void transpose(const float *from, size_t ld, size_t t, size_t d, float *to, size_t tp) {
    for (size_t j = 0; j < tp; j += 8) {
        const size_t rows = j + 8 <= t ? 8 : j < t ? t - j : 0;
        size_t c = 0;
        for (; c + 8 <= d; c += 8) transpose_8(from + j * ld + c, ld, rows, to + c * tp + j, tp);
        for (; c < d; c++)
            for (size_t i = 0; i < 8; i++) to[c * tp + j + i] = i < rows ? from[(j + i) * ld + c] : 0;
    }
}

/* A row of one head's q, k and v: those of a text lie too far apart for the processor to see which comes next. */
static inline void fetch_head(const float *q, size_t d, size_t hidden) {
    for (size_t part = 0; part < 3; part++)
        for (size_t c = 0; c < d; c += 16) __builtin_prefetch(q + part * hidden + c);
}

enum { SHORT = 64 };

static void NAME(attention)(const float *qkv, size_t t, size_t hidden, size_t heads, float *scratch, float *out) {
    size_t d = hidden / heads, ld = 3 * hidden, tp = padded(t), dp = padded(d);
    float *kt = scratch, *packed = kt + d * tp, *scores = packed + t * dp, *rows = scores + ROWS * tp;
    const bool whole = dp == d,
               near = whole && t <= SHORT; /* rows of V, one a stride apart, still share the first cache */
    float scales[ROWS], inverse[ROWS];
    for (size_t r = 0; r < ROWS; r++) scales[r] = 1.0f / sqrtf((float)d);
    for (size_t a = 0; a < heads; a++) {
        const float *q = qkv + a * d, *v = near ? q + 2 * hidden : packed;
        transpose(q + hidden, ld, t, d, kt, tp);
        for (size_t j = 0; !near && j < t; j++) {
            copy(packed + j * dp, q + 2 * hidden + j * ld, d);
            for (size_t c = d; c < dp; c++) packed[j * dp + c] = 0;
        }
        for (size_t i = 0, m, parts = (t + ROWS - 1) / ROWS; i < t; i += m, parts--) {
            m = (t - i + parts - 1) / parts; /* as equal as they can be: a row alone takes as long as four */
            for (size_t r = i; a + 1 < heads && r < i + m; r++) fetch_head(q + d + r * ld, d, hidden);
            small_product(m, tp, (row_view){q + i * ld, ld}, (row_view){kt, tp}, d, scales, scores, tp);
            for (size_t r = 0; r < m; r++) inverse[r] = softmax_row(scores + r * tp, t, tp);
            float *to = out + i * hidden + a * d;
            small_product(m, dp, (row_view){scores, tp}, (row_view){v, near ? ld : dp}, t, inverse, whole ? to : rows,
                          whole ? hidden : dp);
            for (size_t r = 0; !whole && r < m; r++) copy(to + r * hidden, rows + r * dp, d);
        }
    }
}

const wn_bert_ops NAME(ops) = {.bias_activate = NAME(bias_activate),
                               .norm_rows = NAME(norm_rows),
                               .attention_scratch = NAME(attention_scratch),
                               .attention = NAME(attention)};

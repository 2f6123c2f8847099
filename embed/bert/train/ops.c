/* Operations on rows: the plain forms, each in double before it is rounded. */
#include "bert/train/ops.h"

#include <math.h>
#include <wn/cpu.h>
#include <wn/rng.h>

#ifdef WN_TRAIN_IN_DOUBLE
#define SQRT sqrt
#else
#define SQRT sqrtf
#endif
#define NAME(x) ref_##x
#include "bert/train/ops_loops.h"

/* Value j of a row has word j % 64 / 16 of block j / 64 * 16 + j % 16; the row is the counter's upper half. */
static void ref_dropout(wn_real *x, const wn_dropout *p, uint64_t row, size_t n) {
    enum { BLOCKS = 16 };
    if (!p->below) return;
    for (size_t j = 0; j < n; j++) {
        uint32_t words[4];
        wn_rng_block(p->seed, p->stream, row << 32 | (j / (4 * BLOCKS) * BLOCKS + j % BLOCKS), words);
        x[j] *= words[j % (4 * BLOCKS) / BLOCKS] < p->below ? 0 : p->scale;
    }
}

static const double gelu_root = 0.79788456080286535588, gelu_cube = 0.044715; /* sqrt(2 / pi) */

static double activated(wn_activation a, double v) {
    switch (a) {
    case WN_ACT_GELU: return 0.5 * v * (1 + erf(v * M_SQRT1_2));
    case WN_ACT_GELU_TANH: return 0.5 * v * (1 + tanh(gelu_root * (v + gelu_cube * v * v * v)));
    case WN_ACT_RELU: return v > 0 ? v : 0;
    case WN_ACT_TANH: return tanh(v);
    case WN_ACT_IDENTITY: break;
    }
    return v;
}

static double slope(wn_activation a, double v) {
    switch (a) {
    case WN_ACT_GELU: return 0.5 * (1 + erf(v * M_SQRT1_2)) + v * exp(-0.5 * v * v) * 0.5 * M_2_SQRTPI * M_SQRT1_2;
    case WN_ACT_GELU_TANH: {
        const double t = tanh(gelu_root * (v + gelu_cube * v * v * v));
        return 0.5 * (1 + t) + 0.5 * v * (1 - t * t) * gelu_root * (1 + 3 * gelu_cube * v * v);
    }
    case WN_ACT_RELU: return v > 0 ? 1 : 0;
    case WN_ACT_TANH: return 1 - tanh(v) * tanh(v);
    case WN_ACT_IDENTITY: break;
    }
    return 1;
}

static void ref_activate(wn_activation a, wn_real *y, const wn_real *x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (wn_real)activated(a, (double)x[i]);
}

static void ref_activate_backward(wn_activation a, wn_real *x, wn_real *d, size_t n) {
    for (size_t i = 0; i < n; i++) {
        d[i] = (wn_real)((double)d[i] * slope(a, (double)x[i]));
        x[i] = (wn_real)activated(a, (double)x[i]);
    }
}

static void ref_norm(wn_real *hat, wn_real *scale, const wn_real *x, size_t m, size_t h, double eps) {
    for (size_t i = 0; i < m; i++) {
        double sum = 0, squares = 0;
        for (size_t j = 0; j < h; j++) sum += (double)x[i * h + j];
        const double mean = sum / (double)h;
        for (size_t j = 0; j < h; j++) squares += ((double)x[i * h + j] - mean) * ((double)x[i * h + j] - mean);
        const double by = 1 / sqrt(squares / (double)h + eps);
        scale[i] = (wn_real)by;
        for (size_t j = 0; j < h; j++) hat[i * h + j] = (wn_real)(((double)x[i * h + j] - mean) * by);
    }
}

/* With g = d w: dx = scale (g - mean(g) - hat mean(g hat)). */
static void ref_norm_backward(wn_real *d, const wn_real *hat, const wn_real *scale, const wn_real *w, wn_real *dwdb,
                          size_t m, size_t h) {
    for (size_t i = 0; i < m; i++, d += h, hat += h) {
        double sum = 0, with_hat = 0;
        for (size_t j = 0; j < h; j++) {
            dwdb[j] += d[j] * hat[j];
            dwdb[h + j] += d[j];
            d[j] *= w[j];
            sum += (double)d[j];
            with_hat += (double)d[j] * (double)hat[j];
        }
        sum /= (double)h;
        with_hat /= (double)h;
        for (size_t j = 0; j < h; j++)
            d[j] = (wn_real)((double)scale[i] * ((double)d[j] - sum - (double)hat[j] * with_hat));
    }
}

static void ref_softmax(wn_real *x, wn_real by, size_t m, size_t n) {
    for (size_t i = 0; i < m; i++, x += n) {
        double top = (double)x[0], sum = 0;
        for (size_t j = 1; j < n; j++) top = (double)x[j] > top ? (double)x[j] : top;
        for (size_t j = 0; j < n; j++) sum += exp((double)by * ((double)x[j] - top));
        for (size_t j = 0; j < n; j++) x[j] = (wn_real)(exp((double)by * ((double)x[j] - top)) / sum);
    }
}

/* dx = by p (d - sum(d p)) */
static void ref_softmax_backward(wn_real *d, const wn_real *p, wn_real by, size_t m, size_t n) {
    for (size_t i = 0; i < m; i++, d += n, p += n) {
        double sum = 0;
        for (size_t j = 0; j < n; j++) sum += (double)d[j] * (double)p[j];
        for (size_t j = 0; j < n; j++) d[j] = (wn_real)((double)by * (double)p[j] * ((double)d[j] - sum));
    }
}

const wn_train_ops wn_train_ref_ops = {.activate = ref_activate,
                                       .activate_backward = ref_activate_backward,
                                       .norm = ref_norm,
                                       .norm_affine = ref_norm_affine,
                                       .norm_backward = ref_norm_backward,
                                       .softmax = ref_softmax,
                                       .softmax_backward = ref_softmax_backward,
                                       .dropout = ref_dropout,
                                       .add_bias = ref_add_bias,
                                       .add = ref_add,
                                       .add_rows = ref_add_rows,
                                       .adamw = ref_adamw,
                                       .multiply = ref_multiply};

const wn_train_ops *wn_train_ops_get(void) {
    static const wn_isa_row rows[] = {
#if defined(WN_HAVE_AVX512) && !defined(WN_TRAIN_IN_DOUBLE)
        {WN_CPU_AVX512, &wn_train_avx512_ops},
#endif
#if defined(WN_HAVE_AVX2) && !defined(WN_TRAIN_IN_DOUBLE)
        {WN_CPU_AVX2, &wn_train_avx2_ops},
#endif
        {0, &wn_train_ref_ops}};
    return wn_isa_pick(rows, sizeof rows / sizeof *rows);
}

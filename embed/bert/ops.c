/* Layer operations on rows of f32: the plain forms. */
#include "bert_private.h"

#include <math.h>
#include <string.h>
#include <wn/cpu.h>

enum { PLAIN_BLOCK = 32 };

/* W in blocks of `block` values of k, each packed by itself. */
static wn_code pack_plain(wn_layer_linear *l, const float *w, size_t block, wn_err *err) {
    const size_t blocks = (l->k + block - 1) / block;
    wn_code rc = WN_OK;
    l->plain = wn_alloc(blocks, sizeof *l->plain, err);
    if (!l->plain) return WN_EMEMORY;
    l->block = block;
    for (size_t i = 0; !rc && i < blocks; i++) {
        const size_t from = i * block, part = l->k - from < block ? l->k - from : block;
        rc = wn_packed_init(&l->plain[i], w + from, l->k, l->n, part, err);
    }
    return rc;
}

wn_code wn_layer_linear_init(wn_layer_linear *l, wn_precision p, bool paired, const float *w, const float *bias, size_t n, size_t k, wn_err *err) {
    *l = (wn_layer_linear){.n = n, .k = k};
    l->bias = wn_alloc(n, sizeof *l->bias, err);
    const wn_low_kernel *low = wn_low_kernel_get(p);
    wn_code rc = !l->bias                                         ? WN_EMEMORY
                 : low                                            ? wn_low_init(&l->low, low, w, n, k, err)
                 : p == WN_PREC_INT16 && wn_paired_fits16(n, k) ? wn_paired_init16(&l->paired, w, n, k, err)
                 : p == WN_PREC_F32 && paired && wn_paired_fits(n, k) ? wn_paired_init(&l->paired, w, n, k, err)
                                                                  : pack_plain(l, w, paired ? k : PLAIN_BLOCK, err);
    if (rc) {
        wn_layer_linear_free(l);
        return rc;
    }
    memcpy(l->bias, bias, n * sizeof *bias);
    return WN_OK;
}

void wn_layer_linear_free(wn_layer_linear *l) {
    wn_paired_free(&l->paired);
    for (size_t from = 0; l->plain && from < l->k; from += l->block) wn_packed_free(&l->plain[from / l->block]);
    wn_free(l->plain);
    wn_low_free(&l->low);
    wn_free(l->bias);
    *l = (wn_layer_linear){0};
}

typedef struct {
    const wn_layer_linear *l;
    int activation;
    float *y;
    size_t ldy;
} finish;

static void finish_tile(void *ctx, const float *tile, size_t row, size_t column, size_t m, size_t n) {
    const finish *f = ctx;
    float *y = f->y + row * f->ldy + column;
    const float *bias = f->activation == WN_BIAS_LATER ? NULL : f->l->bias + column;
    wn_bert_ops_get()->bias_activate(bias, bias ? (wn_activation)f->activation : WN_ACT_IDENTITY, tile, WN_LOW_PANEL, m, n, y, f->ldy);
}

static void finish_columns(void *ctx, float *y, size_t rows, size_t stride, size_t column, size_t columns) {
    const finish *f = ctx;
    (void)column;
    wn_bert_ops_get()->bias_activate(NULL, (wn_activation)f->activation, y, stride, rows, columns, y, stride);
}

enum { COLUMNS = 64 }; /* with WN_GEMM_ROWS rows a tile that stays in the first-level cache */

/* y[rows, n] of the columns from j on: a block's sums, then those of the next added to them. */
static void plain_tile(const wn_layer_linear *l, const float *x, size_t ldx, size_t rows, size_t j, size_t n, float *y, size_t ldy) {
    float sums[WN_GEMM_ROWS * COLUMNS];
    for (size_t from = 0; from < l->k; from += l->block) {
        const wn_packed *w = &l->plain[from / l->block], part = {.n = n, .k = w->k, .data = w->data + j * w->k};
        wn_gemm_packed(x + from, ldx, rows, &part, from ? sums : y, from ? COLUMNS : ldy, 0);
        for (size_t r = 0; from && r < rows; r++)
            for (size_t c = 0; c < n; c++) y[r * ldy + c] += sums[r * COLUMNS + c];
    }
}

static void apply_plain(const wn_layer_linear *l, int activation, const float *x, size_t ldx, size_t m, float *y, size_t ldy) {
    const wn_bert_ops *ops = wn_bert_ops_get();
    for (size_t j = 0; j < l->n; j += COLUMNS) {
        const size_t n = l->n - j < COLUMNS ? l->n - j : COLUMNS;
        for (size_t i = 0; i < m; i += WN_GEMM_ROWS) {
            const size_t rows = m - i < WN_GEMM_ROWS ? m - i : WN_GEMM_ROWS;
            float *to = y + i * ldy + j;
            plain_tile(l, x + i * ldx, ldx, rows, j, n, to, ldy);
            if (activation != WN_BIAS_LATER)
                ops->bias_activate(l->bias + j, (wn_activation)activation, to, ldy, rows, n, to, ldy);
        }
    }
}

size_t wn_layer_linear_scratch(size_t k) {
    const size_t low = wn_low_scratch(k), paired = wn_paired_scratch(3 * k) * sizeof(float); /* q, k and v are the widest */
    return low > paired ? low : paired;
}

void wn_layer_linear_apply(const wn_layer_linear *l, int activation, const float *x, size_t ldx, const wn_row_pairs *rows, float *y,
                           size_t ldy, void *scratch) {
    finish f = {.l = l, .activation = activation, .y = y, .ldy = ldy};
    const size_t m = wn_row_pairs_rows(rows);
    if (l->low.kernel) wn_low_apply(&l->low, x, ldx, m, scratch, finish_tile, &f);
    else if (l->paired.data)
        wn_paired_apply(&l->paired, x, ldx, rows, activation == WN_BIAS_LATER ? NULL : l->bias, y, ldy, scratch,
                        activation == WN_BIAS_LATER || activation == WN_ACT_IDENTITY ? NULL : finish_columns, &f);
    else apply_plain(l, activation, x, ldx, m, y, ldy);
}

static float activated(wn_activation a, float v) {
    switch (a) {
    case WN_ACT_GELU: return 0.5f * v * (1.0f + erff(v * 0.70710678f));
    case WN_ACT_GELU_TANH: return 0.5f * v * (1.0f + tanhf(0.79788456f * (v + 0.044715f * v * v * v)));
    case WN_ACT_RELU: return v > 0 ? v : 0;
    case WN_ACT_TANH: return tanhf(v);
    case WN_ACT_IDENTITY: break;
    }
    return v;
}

static void bias_activate(const float *bias, wn_activation a, const float *x, size_t ldx, size_t m, size_t n, float *y, size_t ldy) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) y[i * ldy + j] = activated(a, x[i * ldx + j] + (bias ? bias[j] : 0));
}

static void norm_rows(const wn_norm *norm, double eps, const float *bias, float *x, const float *residual, size_t m, size_t h,
                      float *scales) {
    for (size_t i = 0; i < m; i++) {
        float *row = x + i * h;
        for (size_t j = 0; j < h; j++) row[j] += (bias ? bias[j] : 0) + (residual ? residual[i * h + j] : 0);
        double sum = 0, squares = 0;
        for (size_t j = 0; j < h; j++) sum += (double)row[j];
        double mean = sum / (double)h;
        for (size_t j = 0; j < h; j++) squares += ((double)row[j] - mean) * ((double)row[j] - mean);
        double scale = 1.0 / sqrt(squares / (double)h + eps);
        if (scales) scales[i] = (float)scale;
        for (size_t j = 0; j < h; j++)
            row[j] = (float)(((double)row[j] - mean) * scale) * norm->weight[j] + norm->bias[j];
    }
}

static void softmax(float *x, size_t n) {
    float top = x[0], sum = 0;
    for (size_t i = 1; i < n; i++) top = x[i] > top ? x[i] : top;
    for (size_t i = 0; i < n; i++) sum += x[i] = expf(x[i] - top);
    for (size_t i = 0; i < n; i++) x[i] /= sum;
}

static size_t attention_scratch(size_t t, size_t hidden, size_t heads) {
    (void)hidden, (void)heads;
    return t;
}

static void attention(const float *qkv, size_t t, size_t hidden, size_t heads, float *scores, float *out) {
    size_t d = hidden / heads, ld = 3 * hidden;
    float scale = 1.0f / sqrtf((float)d);
    for (size_t a = 0; a < heads; a++) {
        const float *q = qkv + a * d, *k = q + hidden, *v = k + hidden;
        for (size_t i = 0; i < t; i++) {
            for (size_t j = 0; j < t; j++) {
                float s = 0;
                for (size_t c = 0; c < d; c++) s += q[i * ld + c] * k[j * ld + c];
                scores[j] = s * scale;
            }
            softmax(scores, t);
            float *o = out + i * hidden + a * d;
            memset(o, 0, d * sizeof *o);
            for (size_t j = 0; j < t; j++)
                for (size_t c = 0; c < d; c++) o[c] += scores[j] * v[j * ld + c];
        }
    }
}

const wn_bert_ops wn_bert_ref_ops = {.bias_activate = bias_activate,
                                     .norm_rows = norm_rows,
                                     .attention_scratch = attention_scratch,
                                     .attention = attention};

const wn_bert_ops *wn_bert_ops_get(void) {
    static const wn_isa_row rows[] = {
#ifdef WN_HAVE_AVX512
        {WN_CPU_AVX512, &wn_bert_avx512_ops},
#endif
#ifdef WN_HAVE_AVX2
        {WN_CPU_AVX2, &wn_bert_avx2_ops},
#endif
        {0, &wn_bert_ref_ops}};
    return wn_isa_pick(rows, sizeof rows / sizeof *rows);
}

void wn_pool(wn_pooling pooling, const float *x, size_t t, size_t hidden, float *out) {
    if (pooling == WN_POOL_CLS) {
        memcpy(out, x, hidden * sizeof *out);
        return;
    }
    for (size_t j = 0; j < hidden; j++) {
        double sum = 0;
        float top = x[j];
        for (size_t i = 0; i < t; i++) {
            sum += (double)x[i * hidden + j];
            top = x[i * hidden + j] > top ? x[i * hidden + j] : top;
        }
        out[j] = pooling == WN_POOL_MAX    ? top
                 : pooling == WN_POOL_MEAN ? (float)(sum / (double)t)
                                           : (float)(sum / sqrt((double)t));
    }
}

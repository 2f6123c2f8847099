/* Layer operations on rows of f32: the plain forms. */
#include "bert_private.h"

#include <math.h>
#include <string.h>
#include <wn/cpu.h>

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

static void bias_activate(const float *bias, wn_activation a, const float *x, size_t ldx, size_t m, size_t n, float *y,
                          size_t ldy) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) y[i * ldy + j] = activated(a, x[i * ldx + j] + (bias ? bias[j] : 0));
}

static void norm_rows(const wn_norm *norm, double eps, const float *bias, float *x, const float *residual, size_t m,
                      size_t h, float *scales) {
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

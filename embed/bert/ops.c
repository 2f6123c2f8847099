/* Layer operations on rows of f32: the plain forms. */
#include "bert_private.h"

#include <math.h>
#include <string.h>

wn_code wn_layer_linear_init(wn_layer_linear *l, const float *w, const float *bias, size_t n, size_t k, wn_err *err) {
    *l = (wn_layer_linear){.n = n, .k = k};
    l->bias = wn_alloc(n, sizeof *l->bias, err);
    wn_code rc = l->bias ? wn_packed_init(&l->f32, w, k, n, k, err) : WN_EMEMORY;
    if (rc) {
        wn_layer_linear_free(l);
        return rc;
    }
    memcpy(l->bias, bias, n * sizeof *bias);
    return WN_OK;
}

void wn_layer_linear_free(wn_layer_linear *l) {
    wn_packed_free(&l->f32);
    wn_free(l->bias);
    *l = (wn_layer_linear){0};
}

void wn_layer_linear_apply(const wn_layer_linear *l, const float *x, size_t ldx, size_t m, float *y, size_t ldy) {
    wn_gemm_packed(x, ldx, m, &l->f32, y, ldy, 0);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < l->n; j++) y[i * ldy + j] += l->bias[j];
}

void wn_activate(wn_activation a, float *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float v = x[i];
        switch (a) {
        case WN_ACT_GELU: x[i] = 0.5f * v * (1.0f + erff(v * 0.70710678f)); break;
        case WN_ACT_GELU_TANH: x[i] = 0.5f * v * (1.0f + tanhf(0.79788456f * (v + 0.044715f * v * v * v))); break;
        case WN_ACT_RELU: x[i] = v > 0 ? v : 0; break;
        case WN_ACT_TANH: x[i] = tanhf(v); break;
        case WN_ACT_IDENTITY: break;
        }
    }
}

void wn_norm_rows(const wn_norm *norm, double eps, float *x, const float *residual, size_t m, size_t h) {
    for (size_t i = 0; i < m; i++) {
        float *row = x + i * h;
        if (residual)
            for (size_t j = 0; j < h; j++) row[j] += residual[i * h + j];
        double sum = 0, squares = 0;
        for (size_t j = 0; j < h; j++) sum += (double)row[j];
        double mean = sum / (double)h;
        for (size_t j = 0; j < h; j++) squares += ((double)row[j] - mean) * ((double)row[j] - mean);
        double scale = 1.0 / sqrt(squares / (double)h + eps);
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

void wn_attention(const float *qkv, size_t t, size_t hidden, size_t heads, float *scores, float *out) {
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

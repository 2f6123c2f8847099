/* From hidden states to a text's vector. */
#include "bert_private.h"

#include <assert.h>
#include <math.h>

static double column_sum(const float *x, size_t t, size_t hidden) {
    double sum = 0;
    for (size_t i = 0; i < t; i++) sum += (double)x[i * hidden];
    return sum;
}

static float column_max(const float *x, size_t t, size_t hidden) {
    float top = x[0];
    for (size_t i = 0; i < t; i++) top = x[i * hidden] > top ? x[i * hidden] : top;
    return top;
}

/* Token i counts i + 1 times. */
static double column_weighted_mean(const float *x, size_t t, size_t hidden) {
    double sum = 0;
    for (size_t i = 0; i < t; i++) sum += (double)(i + 1) * (double)x[i * hidden];
    return sum / ((double)t * ((double)t + 1) / 2);
}

/* One column of a text's rows x [t, hidden], at its first value. */
static float pool_column(wn_pooling pooling, const float *x, size_t t, size_t hidden) {
    switch (pooling) {
    case WN_POOL_CLS: return x[0];
    case WN_POOL_MAX: return column_max(x, t, hidden);
    case WN_POOL_MEAN: return (float)(column_sum(x, t, hidden) / (double)t);
    case WN_POOL_MEAN_SQRT: return (float)(column_sum(x, t, hidden) / sqrt((double)t));
    case WN_POOL_WEIGHTED: return (float)column_weighted_mean(x, t, hidden);
    case WN_POOL_LAST: return x[(t - 1) * hidden];
    case WN_POOL_MODEL: break; /* wn_bert_pooling names one of the others */
    }
    assert(false);
    return NAN;
}

static void pool_rows(wn_pooling pooling, const float *x, size_t t, size_t hidden, float *out) {
    for (size_t j = 0; j < hidden; j++) out[j] = pool_column(pooling, x + j, t, hidden);
}

static void normalize(float *x, size_t n) {
    double squares = 0;
    for (size_t j = 0; j < n; j++) squares += (double)x[j] * (double)x[j];
    double norm = sqrt(squares);
    if (norm < 1e-12) norm = 1e-12;
    for (size_t j = 0; j < n; j++) x[j] = (float)((double)x[j] / norm);
}

size_t wn_bert_dims(const wn_bert *m) { return m->dense.w.n ? m->dense.w.n : m->config.hidden; }

void wn_bert_pool_layer(const wn_bert *m, const float *x, size_t t, float *out) {
    pool_rows(wn_bert_pooling(m), x, t, m->config.hidden, out);
    normalize(out, m->config.hidden);
}

void wn_bert_pool(const wn_bert *m, const float *x, size_t t, float *row, void *product, float *out) {
    const size_t h = m->config.hidden;
    const bool dense = m->dense.w.n > 0;
    pool_rows(wn_bert_pooling(m), x, t, h, dense ? row : out);
    if (dense) {
        const wn_linear_rows one = {.x = row, .stride = h, .texts = 1};
        wn_affine_apply(&m->dense, m->config.dense_activation, &one, out, m->dense.w.n, product);
    }
    if (m->config.normalize || m->opts.normalize) normalize(out, wn_bert_dims(m));
}
